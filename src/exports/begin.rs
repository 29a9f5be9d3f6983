//! Asking for a file that is written in the background, stopping that, and taking the
//! file away.

use super::{Export, ExportState, Files, LANES, Payload, WRITE_EXPORT, Wanted, list};
use crate::{
    accounts::Permission,
    actions::{ActionError, By, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Ended, activity::Subject},
    ids::ExportId,
    jobs::{self, NewJob},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer},
};
use serde_json::json;

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: ExportId,
}

#[derive(QueryableByName)]
struct Lane {
    #[diesel(sql_type = Integer)]
    lane: i32,
}

/// Most exports of an account that may wait.
const MOST_WAITING: i64 = 20;

/// Leaves a file to be written. Asked for again while it is not there yet, it is the
/// same one.
pub async fn begin(
    scope: &mut Scope,
    wanted: &Wanted,
    by: &By,
    now: Instant,
) -> Result<ExportId, ActionError> {
    if !by.can(Permission::ExportsRun) {
        return Err(ActionError::Forbidden(Permission::ExportsRun));
    }
    let account = scope.account();
    // one after another: so the lanes are filled evenly, and asking twice is once
    scope.execute(sql("select pg_advisory_xact_lock(hashtextextended('exports', {}))").bind(account)).await?;
    let resource = wanted.which.resource();
    let filter = serde_json::to_value(&wanted.which).unwrap_or_default();
    let names: Vec<String> = wanted.columns.iter().map(|column| column.name.to_owned()).collect();
    let same: Option<NewId> = scope
        .row(
            sql("select id from exports where account_id = {} and state in ('queued', 'running') and resource = {} \
                 and format = {} and filter = {} and shown_columns = {} and requested_by is not distinct from {} limit 1")
            .bind(account)
            .bind(resource)
            .bind(wanted.format)
            .bind(filter.clone())
            .bind(names.clone())
            .bind(by.user()),
        )
        .await?;
    if let Some(same) = same {
        return Ok(same.id);
    }
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let waiting: Option<Count> = scope
        .row(
            sql("select count(*) as n from exports where account_id = {} and state in ('queued', 'running')")
                .bind(account),
        )
        .await?;
    if waiting.is_some_and(|count| count.n >= MOST_WAITING) {
        return Err(unavailable(format!(
            "{MOST_WAITING} exports wait already. Cancel some of them, or wait until they are written."
        )));
    }
    let lane: Option<Lane> = scope
        .row(
            sql("select n as lane from generate_series(0, {}) n order by (select count(*) from exports e \
                 where e.account_id = {} and e.lane = n and e.state in ('queued', 'running')), n limit 1")
            .bind(LANES - 1)
            .bind(account),
        )
        .await?;
    let lane = lane.map_or(0, |lane| lane.lane);
    let row: Option<NewId> = scope
        .row(
            sql("insert into exports (account_id, resource, format, filter, shown_columns, phrase, lane, requested_by, \
                 requested_by_name, trace_id, created_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(resource)
            .bind(wanted.format)
            .bind(filter)
            .bind(names)
            .bind(&wanted.phrase)
            .bind(lane)
            .bind(by.user())
            .bind(&by.actor.name)
            .bind(by.trace.to_string())
            .bind(now),
        )
        .await?;
    let id = row.ok_or(ActionError::NotFound)?.id;
    let words = format!("Exporting {} as {}: {}", resource.noun(0), wanted.format.label(), wanted.phrase);
    tell(scope, by, "export_started", id, words, Ended::Ok).await?;
    let job = NewJob::new(WRITE_EXPORT, format!("exports:{lane}"), json!(Payload { export_id: id }), now)
        .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    Ok(id)
}

/// Stops it before it is whole. Whoever writes it notices within a second.
pub async fn cancel(scope: &mut Scope, id: ExportId, by: &By, now: Instant) -> Result<(), ActionError> {
    let export = locked(scope, id, by).await?;
    match export.state {
        ExportState::Queued | ExportState::Running => {}
        ExportState::Canceled => return Ok(()),
        _ => return Err(unavailable("It is over: there is nothing left to cancel.")),
    }
    end(scope, id, ExportState::Canceled, now).await?;
    let words = format!("Canceled the export of {}", lower(&export.title()));
    Ok(tell(scope, by, "export_canceled", id, words, Ended::Warning).await?)
}

/// Takes its file away. Answers the file's name, to be removed once this is
/// committed.
pub async fn delete(
    scope: &mut Scope,
    id: ExportId,
    by: &By,
    now: Instant,
) -> Result<Option<String>, ActionError> {
    let export = locked(scope, id, by).await?;
    if export.state == ExportState::Deleted {
        return Ok(None);
    }
    if export.is_under_way() {
        return Err(unavailable("It is still being written. Cancel it first."));
    }
    end(scope, id, ExportState::Deleted, now).await?;
    let words = format!("Deleted the export of {}", lower(&export.title()));
    tell(scope, by, "export_deleted", id, words, Ended::Ok).await?;
    Ok(export.file_path)
}

/// As [`delete`], with the file.
pub async fn delete_file(
    mut scope: Scope,
    files: &Files,
    id: ExportId,
    by: &By,
    now: Instant,
) -> Result<(), ActionError> {
    let file = delete(&mut scope, id, by, now).await?;
    scope.commit().await?;
    if let Some(name) = file {
        files.remove(&name);
    }
    Ok(())
}

async fn locked(scope: &mut Scope, id: ExportId, by: &By) -> Result<Export, ActionError> {
    if !by.can(Permission::ExportsRun) {
        return Err(ActionError::Forbidden(Permission::ExportsRun));
    }
    list::lock(scope, id).await?.ok_or(ActionError::NotFound)
}

async fn end(scope: &mut Scope, id: ExportId, state: ExportState, now: Instant) -> DbResult<()> {
    let account = scope.account();
    let statement = sql(
        "update exports set state = {}, finished_at = coalesce(finished_at, {}) where account_id = {} and id = {}",
    );
    scope.execute(statement.bind(state).bind(now).bind(account).bind(id)).await?;
    Ok(())
}

fn unavailable(sentence: impl Into<String>) -> ActionError {
    ActionError::Unavailable(WhyNot { sentence: sentence.into(), offer: None })
}

fn lower(title: &str) -> String {
    title[..1].to_lowercase() + &title[1..]
}

/// A line of activity about an export.
pub(super) async fn tell(
    scope: &mut Scope,
    by: &By,
    verb: &'static str,
    id: ExportId,
    words: String,
    ended: Ended,
) -> DbResult<()> {
    let entry = Entry::new(&by.actor, verb, Subject::Export, id.0, words)
        .ended(ended)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(())
}
