//! Tracking numbers from a file. It is kept whole and looked at by a job; what
//! each row would do is shown; once that is confirmed, a job does it row by row,
//! by the action that the page of a shipment runs too.

mod apply;
pub mod file;
mod look;

use super::packed::{NewId, Packed, Payload};
use crate::{
    accounts::{Permission, Role},
    actions::{Action, ActionError, By, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Actor, ActorKind, Entry, TraceId, activity, activity::Subject},
    ids::{AccountId, ImportId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    shipments::edit_shipping::{EditShipping, Notify},
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bytea, Nullable, Text},
};
use futures_util::future::BoxFuture;
use serde_json::json;

/// The job that looks at a file's rows, and that writes them once that is confirmed.
pub const IMPORT_TRACKING: &str = "import_tracking";

/// A file somebody gave us.
#[derive(Debug)]
pub struct NewTracking<'a> {
    /// Its name, for people.
    pub file_name: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
    /// Who is told where a row corrects something.
    pub notify: Notify,
}

/// Keeps a file and leaves the job that looks at it.
pub async fn begin(scope: &mut Scope, new: NewTracking<'_>, by: &By, now: Instant) -> Result<ImportId> {
    let account = scope.account();
    let file = Packed::of(new.file_name, new.bytes)?;
    let row: Option<NewId> = scope
        .row(
            sql("insert into imports (account_id, kind, file_name, file_sha256, content_gzip, state, notify, started_by, \
                 started_by_name, trace_id, created_at) \
                 values ({}, 'tracking_numbers', {}, {}, {}, 'previewing', {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(&file.name)
            .bind(file.sha256)
            .bind(file.bytes)
            .bind(new.notify)
            .bind(by.user())
            .bind(&by.actor.name)
            .bind(by.trace.to_string())
            .bind(now),
        )
        .await?;
    let id = row.context("no import came back")?.id;
    let words = format!("Looking at the tracking numbers of {}", file.name);
    tell(scope, by, "import_started", id, words, activity::Ended::Ok).await?;
    queue(scope, id, by, now).await?;
    Ok(id)
}

async fn queue(scope: &mut Scope, id: ImportId, by: &By, now: Instant) -> DbResult<()> {
    let job = NewJob::new(IMPORT_TRACKING, format!("import:{id}"), json!(Payload { import_id: id }), now)
        .once(format!("import:{id}"))
        .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    Ok(())
}

async fn tell(
    scope: &mut Scope,
    by: &By,
    verb: &'static str,
    id: ImportId,
    words: String,
    ended: activity::Ended,
) -> DbResult<()> {
    let entry = Entry::new(&by.actor, verb, Subject::Import, id.0, words)
        .ended(ended)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(())
}

/// What came of confirming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Its rows are being written.
    Running,
    /// It was confirmed before.
    Already,
    /// The preview is newer than the confirmed one.
    Newer,
    /// So many shipments changed since; they are looked at again.
    Changed(i64),
}

/// An import of tracking numbers, locked.
#[derive(Debug, QueryableByName)]
struct Kept {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    fingerprint: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    rows_ready: i32,
    #[diesel(sql_type = Text)]
    file_name: String,
}

/// Confirms the preview with this fingerprint: its rows are written by a job. What
/// changed meanwhile is not overwritten but looked at again.
pub async fn confirm(
    scope: &mut Scope,
    id: ImportId,
    fingerprint: &str,
    by: &By,
    now: Instant,
) -> Result<Confirmed, ActionError> {
    if !by.can(EditShipping::PERMISSION) {
        return Err(ActionError::Forbidden(EditShipping::PERMISSION));
    }
    let account = scope.account();
    let kept: Option<Kept> = scope
        .row(
            sql("select state, fingerprint, rows_ready, file_name, kind from imports \
                 where account_id = {} and id = {} for update")
            .bind(account)
            .bind(id),
        )
        .await?;
    let kept = kept.ok_or(ActionError::NotFound)?;
    let no =
        |sentence: &str| Err(ActionError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None }));
    if kept.kind != "tracking_numbers" {
        return no("An import of orders asks for no confirmation.");
    }
    match kept.state.as_str() {
        "previewed" => {}
        "previewing" => return no("Its rows are still being looked at."),
        "failed" => return no("The file could not be read, so there is nothing to import."),
        _ => return Ok(Confirmed::Already),
    }
    if kept.fingerprint.as_deref() != Some(fingerprint) {
        return Ok(Confirmed::Newer);
    }
    if kept.rows_ready == 0 {
        return no("No row of the file changes anything.");
    }
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let moved: Option<Count> = scope
        .row(
            sql("select count(*) as n from import_rows r \
                 join shipments s on s.account_id = r.account_id and s.id = r.shipment_id \
                 where r.account_id = {} and r.import_id = {} and r.outcome = 'ready' and s.version <> r.shipment_version")
            .bind(account)
            .bind(id),
        )
        .await?;
    let moved = moved.map_or(0, |count| count.n);
    if moved > 0 {
        look_again(scope, id).await?;
        queue(scope, id, by, now).await?;
        return Ok(Confirmed::Changed(moved));
    }
    scope
        .execute(
            sql("update imports set state = 'running', confirmed_by = {} where account_id = {} and id = {}")
                .bind(by.user())
                .bind(account)
                .bind(id),
        )
        .await?;
    let words = format!("Importing the tracking numbers of {}", kept.file_name);
    tell(scope, by, "import_confirmed", id, words, activity::Ended::Ok).await?;
    queue(scope, id, by, now).await?;
    Ok(Confirmed::Running)
}

/// Forgets what was seen of the rows.
async fn look_again(scope: &mut Scope, id: ImportId) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("delete from import_rows where account_id = {} and import_id = {}").bind(account).bind(id),
        )
        .await?;
    scope
        .execute(
            sql("update imports set state = 'previewing', fingerprint = null, rows_ready = 0, rows_unchanged = 0, \
                 rows_failed = 0 where account_id = {} and id = {}")
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}

/// The job: looks at a file's rows, or writes them, for a moment at a time.
#[derive(Debug)]
pub struct ImportTracking;

impl Handler for ImportTracking {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(async move {
            let id = job.payload::<Payload>()?.import_id;
            let state = Waiting::find(&mut work.db.scope(job.account_id).await?, id).await?;
            let Some(waiting) = state else { return Ok(End::Done) };
            match waiting.state.as_str() {
                "previewing" => look::run(work, job.account_id, id, waiting).await,
                "running" => apply::run(work, job.account_id, id, &waiting).await,
                _ => Ok(End::Done),
            }
        })
    }
}

/// An import as its job finds it.
#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Text)]
    notify: Notify,
    #[diesel(sql_type = Nullable<Bytea>)]
    content_gzip: Option<Vec<u8>>,
    /// Who confirmed it, or else who gave it in.
    #[diesel(sql_type = Nullable<BigInt>)]
    who: Option<i64>,
    #[diesel(sql_type = Text)]
    name: String,
    /// What they are now.
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<Role>,
    #[diesel(sql_type = Nullable<Text>)]
    trace_id: Option<String>,
}

impl Waiting {
    async fn find(scope: &mut Scope, id: ImportId) -> DbResult<Option<Waiting>> {
        let account: AccountId = scope.account();
        scope
            .row(
                sql("select i.file_name, i.state, i.notify, case when i.state = 'previewing' then i.content_gzip end as content_gzip, \
                     coalesce(i.confirmed_by, i.started_by) as who, coalesce(u.name, i.started_by_name) as name, m.role, i.trace_id \
                     from imports i left join users u on u.id = coalesce(i.confirmed_by, i.started_by) \
                     left join memberships m on m.user_id = u.id and m.account_id = i.account_id and u.disabled_at is null \
                     where i.account_id = {} and i.id = {}")
                .bind(account)
                .bind(id),
            )
            .await
    }

    /// In whose name it is done; `None`: they have left.
    fn by(&self) -> Option<By> {
        let trace = self.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default();
        match (self.who, self.role) {
            (Some(_), None) => None,
            (who, role) => {
                let kind = if who.is_some() { ActorKind::User } else { ActorKind::System };
                Some(By {
                    actor: Actor { kind, id: who, name: self.name.clone() },
                    role,
                    trace,
                    ip: None,
                    behind: None,
                })
            }
        }
    }

    fn sees_costs(&self) -> bool {
        self.by().is_some_and(|by| by.can(Permission::CostsView))
    }
}
