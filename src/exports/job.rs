//! The job that writes a file. It holds on to its claim for as long as that takes; a
//! file that was left half-written is begun anew.

use super::{
    Export, ExportState, Files, KEPT, Which, begin::tell, cell::Row, columns, list, read::Reader,
    write::Writing,
};
use crate::{
    accounts::{Permission, Role},
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Actor, ActorKind, TraceId, activity::Ended},
    filters,
    ids::ExportId,
    jobs::{self, Claimed, End, Handler, Work},
    money::grouped,
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Jsonb, Nullable, Text},
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs,
    time::{Duration, Instant as Moment},
};

/// What the job is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    /// The export.
    pub export_id: ExportId,
}

/// How long a page may take; a list has less.
const LONGEST: Duration = Duration::from_secs(14);
/// How often progress is written, and cancellation noticed.
const PACE: Duration = Duration::from_millis(500);
/// How often the claim is renewed while the file is packed.
const HOLD: Duration = Duration::from_secs(20);

/// See the module.
#[derive(Debug)]
pub struct WriteExport;

impl Handler for WriteExport {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(async move {
            let id = job.payload::<Payload>()?.export_id;
            let files = Files::of(&work.files);
            Exporting { work, job, id, files }.run().await.with_context(|| format!("export {id}"))
        })
    }
}

/// Who asked, and what for.
#[derive(QueryableByName)]
struct Asked {
    #[diesel(sql_type = Jsonb)]
    filter: Value,
    #[diesel(sql_type = Nullable<BigInt>)]
    requested_by: Option<i64>,
    #[diesel(sql_type = Text)]
    requested_by_name: String,
    /// What they are now.
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<Role>,
    #[diesel(sql_type = Nullable<Text>)]
    trace_id: Option<String>,
}

impl Asked {
    async fn find(scope: &mut Scope, id: ExportId) -> DbResult<Option<Asked>> {
        let account = scope.account();
        scope
            .row(
                sql(
                    "select e.filter, e.requested_by, e.requested_by_name, e.trace_id, m.role from exports e \
                     left join users u on u.id = e.requested_by and u.disabled_at is null \
                     left join memberships m on m.user_id = u.id and m.account_id = e.account_id \
                     where e.account_id = {} and e.id = {}",
                )
                .bind(account)
                .bind(id),
            )
            .await
    }

    /// In whose name it is written, with the rights they have now; `None`: they left.
    fn by(&self) -> Option<By> {
        if self.requested_by.is_some() && self.role.is_none() {
            return None;
        }
        let kind = if self.requested_by.is_some() { ActorKind::User } else { ActorKind::System };
        Some(By {
            actor: Actor { kind, id: self.requested_by, name: self.requested_by_name.clone() },
            role: self.role,
            trace: self.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default(),
            ip: None,
            behind: None,
        })
    }
}

/// What a turn comes to.
enum Came {
    /// The file: its name, its size and how many rows it has.
    Whole(String, u64, i64),
    /// It cannot be written, and trying again changes nothing.
    Refused(String),
    /// Somebody canceled it, or another worker has it.
    Stopped,
}

struct Exporting<'a> {
    work: &'a Work,
    job: &'a Claimed,
    id: ExportId,
    files: Files,
}

impl Exporting<'_> {
    fn now(&self) -> Instant {
        (self.work.now)()
    }

    async fn scope(&self) -> DbResult<Scope> {
        self.work.db.scope(self.job.account_id).await
    }

    async fn run(&self) -> Result<End> {
        let mut scope = self.scope().await?;
        let export = list::find(&mut scope, self.id).await?.filter(Export::is_under_way);
        let asked = Asked::find(&mut scope, self.id).await?;
        drop(scope);
        let (Some(export), Some(asked)) = (export, asked) else { return Ok(End::Done) };
        let by = asked.by();
        match self.write(&export, &asked, by.as_ref()).await? {
            Came::Whole(name, bytes, rows) => {
                if !self.keep(&export, by, &name, bytes, rows).await? {
                    self.files.remove(&name);
                }
            }
            Came::Refused(reason) => self.refuse(&export, by, &reason).await?,
            Came::Stopped => {}
        }
        Ok(End::Done)
    }

    async fn write(&self, export: &Export, asked: &Asked, by: Option<&By>) -> Result<Came> {
        let Some(by) = by.filter(|by| by.can(Permission::ExportsRun)) else {
            return Ok(Came::Refused("The person who asked for it may not export any more.".into()));
        };
        let may = |permission| by.can(permission);
        let columns = match columns::chosen(export.resource, &export.shown_columns, may) {
            Ok(columns) => columns,
            Err(reason) => return Ok(Came::Refused(reason)),
        };
        let which = serde_json::from_value::<Which>(asked.filter.clone()).map_err(|error| error.to_string());
        let which = match which.and_then(|which| which.for_somebody(may)) {
            Ok(which) => which,
            Err(reason) => return Ok(Came::Refused(reason)),
        };
        if !self.progress(0).await? {
            return Ok(Came::Stopped);
        }
        let (part, name) = Files::names(self.job.account_id, self.id, export.format);
        let folder = self.files.ready().context("the folder for exports")?;
        let writing = Writing::begin(folder.join(&part), export.format, columns.clone());
        let tree = which.tree().cloned();
        let mut snapshot = self.work.db.snapshot(self.job.account_id).await?;
        let mut reader = Reader::open(&mut snapshot, which, columns).await?;
        let (mut rows, mut told) = (0, Moment::now());
        loop {
            let page: Vec<Row> = match reader.page(&mut snapshot, LONGEST).await {
                Ok(page) => page,
                Err(error) if error.is_too_slow() && tree.is_some() => {
                    let fault = tree.as_ref().map(filters::too_broad);
                    return Ok(Came::Refused(fault.map_or_else(String::new, |fault| fault.detail)));
                }
                Err(error) => return Err(error.into()),
            };
            if page.is_empty() {
                break;
            }
            rows += i64::try_from(page.len()).unwrap_or(i64::MAX);
            if writing.push(page).await.is_err() {
                // it says itself what stopped it
                break;
            }
            if told.elapsed() >= PACE {
                if !self.progress(rows).await? {
                    return Ok(Came::Stopped);
                }
                told = Moment::now();
            }
        }
        drop(snapshot);
        let Some(bytes) = self.pack(writing).await? else { return Ok(Came::Stopped) };
        fs::rename(self.files.path(&part), self.files.path(&name)).context("naming the file")?;
        Ok(Came::Whole(name, bytes, rows))
    }

    /// Ends the file, which takes a while; `None`: the claim was lost meanwhile.
    async fn pack(&self, writing: Writing) -> Result<Option<u64>> {
        let packed = writing.finish();
        tokio::pin!(packed);
        loop {
            tokio::select! {
                bytes = &mut packed => return bytes.map(Some),
                _ = tokio::time::sleep(HOLD) => {
                    if !jobs::renew(&self.work.db, self.job, self.now()).await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Says how far it is and holds on to the claim; `false`: it is to stop.
    async fn progress(&self, rows: i64) -> Result<bool> {
        if !jobs::renew(&self.work.db, self.job, self.now()).await? {
            return Ok(false);
        }
        let mut scope = self.scope().await?;
        let going = scope
            .execute(
                sql("update exports set state = 'running', rows_written = {} \
                     where account_id = {} and id = {} and state in ('queued', 'running')")
                .bind(rows)
                .bind(self.job.account_id)
                .bind(self.id),
            )
            .await?;
        scope.commit().await?;
        Ok(going == 1)
    }

    /// Hands the file over, if this worker still has the job and nobody canceled it.
    async fn keep(&self, export: &Export, by: Option<By>, name: &str, bytes: u64, rows: i64) -> Result<bool> {
        let mut scope = self.scope().await?;
        let now = self.now();
        let kept = scope
            .execute(
                sql("update exports set state = 'finished', rows_written = {}, file_path = {}, file_bytes = {}, \
                     finished_at = {}, expires_at = {} where account_id = {} and id = {} and state = 'running' \
                     and exists (select 1 from jobs j where j.account_id = {} and j.id = {} and j.state = 'claimed' \
                       and j.lease_epoch = {})")
                .bind(rows)
                .bind(name)
                .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
                .bind(now)
                .bind(now + KEPT)
                .bind(self.job.account_id)
                .bind(self.id)
                .bind(self.job.account_id)
                .bind(self.job.id)
                .bind(self.job.lease_epoch),
            )
            .await?;
        if kept == 0 {
            return Ok(false);
        }
        let what = format!("{} {}", grouped(rows), export.resource.noun(rows));
        self.say(&mut scope, by, "export_finished", format!("Exported {what}"), Ended::Ok).await?;
        scope.commit().await?;
        Ok(true)
    }

    async fn refuse(&self, export: &Export, by: Option<By>, reason: &str) -> Result<()> {
        let mut scope = self.scope().await?;
        scope
            .execute(
                sql("update exports set state = {}, reason = {}, finished_at = {} \
                     where account_id = {} and id = {} and state in ('queued', 'running')")
                .bind(ExportState::Failed)
                .bind(reason)
                .bind(self.now())
                .bind(self.job.account_id)
                .bind(self.id),
            )
            .await?;
        let words = format!("Could not export {}: {reason}", export.resource.noun(0));
        self.say(&mut scope, by, "export_failed", words, Ended::Failed).await?;
        Ok(scope.commit().await?)
    }

    async fn say(
        &self,
        scope: &mut Scope,
        by: Option<By>,
        verb: &'static str,
        words: String,
        ended: Ended,
    ) -> DbResult<()> {
        let by = by.unwrap_or_else(|| By::system(self.job.trace()));
        tell(scope, &by, verb, self.id, words, ended).await
    }
}
