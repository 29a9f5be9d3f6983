//! Doing rows, one transaction each: the row's lock, the action with the version
//! that was looked at, its outcome and the operation's counters. Two workers
//! never take one row; whoever is killed leaves the row as it was.

use super::{Operation, RowOutcome, State, actions::Line, count, preview::GONE, steer, undo};
use crate::{
    accounts::{Permission, Role},
    actions::{ActionError, By, Outcome, Stale, WhyNot},
    clock::Instant,
    db::{Db, DbError, DbResult, Scope, sql},
    evidence::{Actor, ActorKind, TraceId, activity::Ended},
    ids::{AccountId, BulkOperationId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};

/// So often a row may stop on our side before it has failed.
const TRIES: i32 = 3;

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = Integer)]
    position: i32,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Nullable<Integer>)]
    subject_version: Option<i32>,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    run_by: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<Role>,
}

/// What became of the turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A row is over or sent.
    Done,
    /// No row waits, or the operation does not run any more.
    Nothing,
    /// The database fell over; the row is as it was.
    FellOver,
}

/// Does the next row that waits. One that falls over on our side is tried again
/// later, and has failed after some tries.
pub(super) async fn turn(
    db: &Db,
    account: AccountId,
    operation: &Operation,
    line: &Line,
    now: fn() -> Instant,
) -> DbResult<Turn> {
    let id = operation.id;
    let mut scope = db.scope(account).await?;
    // who runs it is read anew for each row: a right that is taken away is gone
    let next: Option<Next> = scope
        .row(
            sql("select r.position, r.subject_id, r.subject_version, r.tries, o.run_by, who.name, who.role \
                 from bulk_rows r \
                 join bulk_operations o on o.account_id = r.account_id and o.id = r.operation_id and o.state = 'running' \
                 left join lateral (select u.name, m.role from users u \
                   join memberships m on m.user_id = u.id and m.account_id = o.account_id \
                   where u.id = o.run_by and u.disabled_at is null) who on true \
                 where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' \
                 order by r.position limit 1 for update of r skip locked")
            .bind(account)
            .bind(id),
        )
        .await?;
    let Some(next) = next else { return Ok(Turn::Nothing) };
    let needed = line.action.permission();
    let Some(by) = acting(&next, operation, needed) else {
        drop(scope);
        lost_the_right(db, account, operation, next.name.as_deref(), needed).await?;
        return Ok(Turn::Nothing);
    };
    let ran = match operation.undo_of {
        None => {
            let (input, version) = (operation.options.clone(), next.subject_version);
            line.action.run(&mut scope, &by, next.subject_id, version, input, now()).await
        }
        Some(earlier) => back(&mut scope, operation, earlier, &by, &next, now()).await,
    };
    let (outcome, words) = match ran {
        Ok(ran) => {
            let kept = match keep(&mut scope, operation, &next, &ran, now()).await {
                Ok(true) => scope.commit().await.map(|()| true),
                Ok(false) => Ok(false),
                Err(error) => {
                    drop(scope);
                    Err(error)
                }
            };
            return match kept {
                Ok(true) => Ok(Turn::Done),
                Ok(false) => Ok(Turn::Nothing),
                Err(error) => stopped(db, account, id, &next, error, now()).await,
            };
        }
        Err(ActionError::Db(error)) => {
            drop(scope);
            return stopped(db, account, id, &next, error, now()).await;
        }
        Err(ActionError::Stale(stale)) => (RowOutcome::Changed, changed(operation, &stale)),
        Err(ActionError::Unavailable(why)) => (RowOutcome::Skipped, why.sentence),
        Err(ActionError::NotFound) => (RowOutcome::Skipped, GONE.to_owned()),
        Err(ActionError::Refused(fields)) => {
            (RowOutcome::Failed, fields.into_iter().map(|(_, m)| m).collect::<Vec<_>>().join(" "))
        }
        Err(error @ (ActionError::Forbidden(_) | ActionError::KeyReused)) => {
            (RowOutcome::Failed, error.to_string())
        }
    };
    // whatever it wrote before it said no is rolled back
    drop(scope);
    say_no(db, account, id, &next, outcome, &words, now()).await
}

/// Takes back what `earlier` did to a row, if it did and nobody changed it since.
async fn back(
    scope: &mut Scope,
    operation: &Operation,
    earlier: BulkOperationId,
    by: &By,
    next: &Next,
    now: Instant,
) -> Result<Outcome, ActionError> {
    let Some(back) = undo::take(scope, operation.resource, earlier, next.subject_id, now).await? else {
        return Err(ActionError::Unavailable(WhyNot { sentence: undo::undone(), offer: None }));
    };
    back.action().run(scope, by, next.subject_id, Some(back.version), back.input, now).await
}

fn changed(operation: &Operation, stale: &Stale) -> String {
    match operation.undo_of {
        Some(_) => {
            let last = stale.changes.first().map(|(who, what, _)| (who.as_str(), what.as_str()));
            undo::changed_since(&stale.what, last)
        }
        None => stale.sentence(),
    }
}

/// In whose name the row is done, if they may.
fn acting(next: &Next, operation: &Operation, needed: Permission) -> Option<By> {
    let role = next.role?;
    role.can(needed).then(|| By {
        actor: Actor { kind: ActorKind::User, id: next.run_by, name: next.name.clone().unwrap_or_default() },
        role: Some(role),
        trace: operation.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default(),
        ip: None,
        behind: None,
    })
}

async fn lost_the_right(
    db: &Db,
    account: AccountId,
    operation: &Operation,
    name: Option<&str>,
    needed: Permission,
) -> DbResult<()> {
    let mut scope = db.scope(account).await?;
    let Some(now) = Operation::lock(&mut scope, operation.id).await?.filter(|o| o.state == State::Running)
    else {
        return Ok(());
    };
    let note = format!(
        "{} may not do this any more: it needs the {} permission. Somebody who has it can resume.",
        name.unwrap_or(&now.started_by_name),
        needed.label()
    );
    steer::set_state(&mut scope, now.id, State::Paused, &note).await?;
    let by = By::system(now.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default());
    steer::tell(
        &mut scope,
        &now,
        &by,
        "bulk_paused",
        "Paused, because the right to it is gone",
        Ended::Warning,
    )
    .await?;
    scope.commit().await
}

/// Writes a row that was done; `false` when the operation was stopped meanwhile:
/// then nothing of it is kept.
async fn keep(
    scope: &mut Scope,
    operation: &Operation,
    row: &Next,
    ran: &Outcome,
    now: Instant,
) -> DbResult<bool> {
    let to = if ran.jobs.is_empty() { RowOutcome::Done } else { RowOutcome::Sent };
    let account = scope.account();
    let jobs: Vec<i64> = ran.jobs.iter().map(|job| job.0).collect();
    let (undo, left) = match operation.undo_of {
        None => undo::kept(scope, operation.resource, row.subject_id, ran).await?,
        Some(_) => (None, None),
    };
    scope
        .execute(
            sql("update bulk_rows set outcome = {}, reason = {}, offer = null, jobs = {}, result = {}, undo = {}, left_version = {}, \
                 finished_at = {} where account_id = {} and operation_id = {} and position = {}")
            .bind(to)
            .bind(&ran.message)
            .bind(jobs)
            .bind(ran.data.clone())
            .bind(undo)
            .bind(left)
            .bind((to == RowOutcome::Done).then_some(now))
            .bind(account)
            .bind(operation.id)
            .bind(row.position),
        )
        .await?;
    count(scope, operation.id, RowOutcome::Waiting, to, 1, Some(State::Running)).await
}

/// Writes a row that was not done, in a transaction of its own.
async fn say_no(
    db: &Db,
    account: AccountId,
    id: BulkOperationId,
    row: &Next,
    to: RowOutcome,
    words: &str,
    now: Instant,
) -> DbResult<Turn> {
    let mut scope = db.scope(account).await?;
    let written = scope
        .execute(
            sql("update bulk_rows set outcome = {}, reason = {}, finished_at = {} \
                 where account_id = {} and operation_id = {} and position = {} and outcome = 'waiting'")
            .bind(to)
            .bind(words)
            .bind(now)
            .bind(account)
            .bind(id)
            .bind(row.position),
        )
        .await?;
    // another worker was quicker: its answer stands
    if written == 1 {
        if !count(&mut scope, id, RowOutcome::Waiting, to, 1, Some(State::Running)).await? {
            return Ok(Turn::Nothing);
        }
        scope.commit().await?;
    }
    Ok(Turn::Done)
}

/// The database said no. What is surely the row's own fault has failed; what may
/// pass is tried again, so often.
async fn stopped(
    db: &Db,
    account: AccountId,
    id: BulkOperationId,
    row: &Next,
    error: DbError,
    now: Instant,
) -> DbResult<Turn> {
    if matches!(error, DbError::Pool(_)) {
        return Err(error);
    }
    if error.is_of_the_data() || row.tries + 1 >= TRIES {
        tracing::error!(?error, bulk.operation = %id, row.position, "a row of a bulk operation failed on our side");
        let words = "It stopped on our side and nothing of it was done. Do it on its own page to see why.";
        return say_no(db, account, id, row, RowOutcome::Failed, words, now).await;
    }
    let mut scope = db.scope(account).await?;
    scope
        .execute(
            sql("update bulk_rows set tries = tries + 1 \
                 where account_id = {} and operation_id = {} and position = {} and outcome = 'waiting'")
            .bind(account)
            .bind(id)
            .bind(row.position),
        )
        .await?;
    scope.commit().await?;
    tracing::warn!(?error, bulk.operation = %id, row.position, "a row of a bulk operation is tried again");
    Ok(Turn::FellOver)
}
