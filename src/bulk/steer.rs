//! Starting, pausing, resuming and canceling an operation. Each only moves its
//! state; the job does the rest.

use super::{Operation, RowOutcome, State, count, lower_first, pick, undo, wake};
use crate::{
    actions::{ActionError, By, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Ended, activity::Subject},
    ids::{BulkOperationId, JobId},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// What became of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs.
    Running,
    /// It was started before: the same answer again.
    Already,
    /// What was confirmed is not what would be done now; nothing was done.
    Asked,
    /// So many rows changed since they were looked at; nothing was done, and
    /// they are looked at again.
    Changed(i32),
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn unavailable(sentence: &str) -> ActionError {
    ActionError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None })
}

async fn locked(scope: &mut Scope, id: BulkOperationId, by: &By) -> Result<Operation, ActionError> {
    let operation = Operation::lock(scope, id).await?.ok_or(ActionError::NotFound)?;
    let line = operation.line().ok_or_else(|| unavailable("This action is not there any more."))?;
    pick::allowed(by, line.action.permission())?;
    Ok(operation)
}

/// Starts what was previewed, if `fingerprint` is that preview's and no row
/// changed since. Answers the job that goes on with it.
pub async fn start(
    scope: &mut Scope,
    id: BulkOperationId,
    fingerprint: &str,
    by: &By,
    now: Instant,
) -> Result<(Started, Option<JobId>), ActionError> {
    let operation = locked(scope, id, by).await?;
    match operation.state {
        State::Previewed => {}
        State::Previewing => return Ok((Started::Asked, None)),
        State::Running | State::Paused | State::Finished => return Ok((Started::Already, None)),
        State::Canceled => return Err(unavailable("It was canceled. Choose the rows again.")),
    }
    if operation.fingerprint.as_deref() != Some(fingerprint) {
        return Ok((Started::Asked, None));
    }
    if operation.waiting == 0 {
        return Err(unavailable("There is nothing to do: every row is skipped."));
    }
    undo::in_time(scope, &operation, now).await?;
    let account = scope.account();
    let changed = look_again(scope, &operation).await?;
    if changed > 0 {
        count(scope, id, RowOutcome::Waiting, RowOutcome::Picked, changed, None).await?;
        scope
            .execute(
                sql(
                    "update bulk_operations set state = 'previewing', fingerprint = null, changed_since = {} \
                     where account_id = {} and id = {}",
                )
                .bind(changed)
                .bind(account)
                .bind(id),
            )
            .await?;
        let job = wake(scope, id, &by.trace, now).await?;
        return Ok((Started::Changed(changed), Some(job)));
    }
    scope
        .execute(
            sql("update bulk_operations set state = 'running', started_at = {}, run_since = {}, run_by = {}, \
                 started_by = {}, started_by_name = {}, trace_id = {}, note = '' where account_id = {} and id = {}")
            .bind(now)
            .bind(now)
            // rows are done in a person's name, with the rights that person has then
            .bind(by.user())
            .bind(by.user())
            .bind(&by.actor.name)
            .bind(by.trace.to_string())
            .bind(account)
            .bind(id),
        )
        .await?;
    let job = wake(scope, id, &by.trace, now).await?;
    tell(scope, &operation, by, "bulk_started", "Started", Ended::Ok).await?;
    Ok((Started::Running, Some(job)))
}

/// Marks the rows that changed since they were looked at; answers how many.
async fn look_again(scope: &mut Scope, operation: &Operation) -> DbResult<i32> {
    let account = scope.account();
    let statement = match operation.resource {
        super::Resource::Shipments => sql(
            "with moved as (update bulk_rows r set outcome = 'picked' where r.account_id = {} and r.operation_id = {} \
             and r.outcome = 'waiting' and not exists (select 1 from shipments s where s.account_id = r.account_id \
             and s.id = r.subject_id and s.version = r.subject_version) returning 1) select count(*) as n from moved",
        ),
        super::Resource::Orders => sql(
            "with moved as (update bulk_rows r set outcome = 'picked' where r.account_id = {} and r.operation_id = {} \
             and r.outcome = 'waiting' and not exists (select 1 from orders o where o.account_id = r.account_id \
             and o.id = r.subject_id and o.version = r.subject_version) returning 1) select count(*) as n from moved",
        ),
    };
    let moved: Option<Moved> = scope.row(statement.bind(account).bind(operation.id)).await?;
    Ok(moved.map_or(0, |m| i32::try_from(m.n).unwrap_or(i32::MAX)))
}

/// Lets it stand still after the row it is at.
pub async fn pause(scope: &mut Scope, id: BulkOperationId, by: &By) -> Result<(), ActionError> {
    let operation = locked(scope, id, by).await?;
    if operation.state == State::Paused {
        return Ok(());
    }
    if operation.state != State::Running || operation.waiting == 0 {
        return Err(unavailable("There is nothing left to pause."));
    }
    set_state(scope, id, State::Paused, "").await?;
    Ok(tell(scope, &operation, by, "bulk_paused", "Paused", Ended::Ok).await?)
}

/// Goes on, in the name of whoever resumes it.
pub async fn resume(
    scope: &mut Scope,
    id: BulkOperationId,
    by: &By,
    now: Instant,
) -> Result<(), ActionError> {
    let operation = locked(scope, id, by).await?;
    match operation.state {
        State::Running => return Ok(()),
        State::Paused => {}
        _ => return Err(unavailable("It is not paused.")),
    }
    let account = scope.account();
    set_state(scope, id, State::Running, "").await?;
    scope
        .execute(
            sql("update bulk_operations set run_by = {} where account_id = {} and id = {}")
                .bind(by.user())
                .bind(account)
                .bind(id),
        )
        .await?;
    wake(scope, id, &by.trace, now).await?;
    Ok(tell(scope, &operation, by, "bulk_resumed", "Resumed", Ended::Ok).await?)
}

/// Leaves alone what was not begun. What was sent goes on being followed.
pub async fn cancel(
    scope: &mut Scope,
    id: BulkOperationId,
    by: &By,
    now: Instant,
) -> Result<(), ActionError> {
    let operation = locked(scope, id, by).await?;
    match operation.state {
        State::Canceled => return Ok(()),
        State::Finished => return Err(unavailable("It is finished: there is nothing left to cancel.")),
        State::Running if operation.waiting == 0 => {
            return Err(unavailable("Every row is begun: there is nothing left to cancel."));
        }
        _ => {}
    }
    let account = scope.account();
    set_state(scope, id, State::Canceled, "").await?;
    scope
        .execute(
            sql("update bulk_operations set finished_at = {} where account_id = {} and id = {}")
                .bind(now)
                .bind(account)
                .bind(id),
        )
        .await?;
    wake(scope, id, &by.trace, now).await?;
    Ok(tell(scope, &operation, by, "bulk_canceled", "Canceled", Ended::Warning).await?)
}

/// Moves an operation; the caller holds its lock, or names no state to come from.
pub(super) async fn set_state(scope: &mut Scope, id: BulkOperationId, to: State, note: &str) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update bulk_operations set state = {}, note = {}, run_since = null where account_id = {} and id = {}")
                .bind(to)
                .bind(note)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}

/// A line of activity about an operation.
pub(super) async fn tell(
    scope: &mut Scope,
    operation: &Operation,
    by: &By,
    verb: &'static str,
    word: &str,
    ended: Ended,
) -> DbResult<()> {
    let n = i64::from(operation.total - operation.skipped);
    let summary = format!("{word}: {}", lower_first(&operation.title(n)));
    let entry = Entry::new(&by.actor, verb, Subject::BulkOperation, operation.id.0, summary)
        .ended(ended)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(())
}
