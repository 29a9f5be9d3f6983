//! Picking: what an operation is about becomes a snapshot of ids. What was
//! ticked is picked at once; what matches a filter page by page in the
//! background, so that no request reads more than a page.

use super::{Operation, Resource, RowOutcome, State, actions, count, undo, wake};
use crate::{
    accounts::Permission,
    actions::{ActionError, By},
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    filters,
    ids::{AccountId, BulkOperationId, JobId},
    money::grouped,
    orders, shipments,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Timestamptz},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most rows of one operation.
pub const MOST: i32 = 100_000;
/// Most that can be ticked.
pub const MOST_TICKED: usize = 1_000;
/// Rows picked in one transaction.
const PAGE: i64 = 2_000;

/// What is to be picked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These.
    Ids(Vec<i64>),
    /// Every shipment that matches.
    Shipments(Box<shipments::list::Filter>),
    /// Every order that matches.
    Orders(Box<orders::list::Filter>),
    /// The rows of an earlier operation that had this outcome.
    Again(BulkOperationId, RowOutcome),
    /// The rows of an earlier operation that can be taken back.
    Undo(BulkOperationId),
}

/// How far picking has come; kept beside the selection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    /// Everything is picked.
    complete: bool,
    /// The sort key of the last row that was picked.
    after: Option<(Instant, i64)>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    what: Selection,
    #[serde(default)]
    from: String,
    #[serde(default)]
    progress: Progress,
}

/// An operation to be begun.
#[derive(Debug)]
pub struct NewOperation {
    /// What its rows are.
    pub resource: Resource,
    /// The action, by its name.
    pub action: String,
    /// What the action is told, the same for every row.
    pub input: Value,
    /// What to pick.
    pub selection: Selection,
    /// The selection in words: `12 chosen shipments`.
    pub phrase: String,
    /// The query of the list it was chosen in.
    pub from: String,
}

/// The query of the list that an operation was chosen in.
pub fn from(operation: &Operation) -> String {
    operation.selection.get("from").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: BulkOperationId,
}

/// Begins an operation: nothing is done yet, it is only looked at. Answers its
/// id and the job that looks.
pub async fn begin(
    scope: &mut Scope,
    new: NewOperation,
    by: &By,
    now: Instant,
) -> Result<(BulkOperationId, JobId), ActionError> {
    let Some(line) = actions::find(new.resource, &new.action) else {
        return Err(ActionError::field("action", "Choose what to do."));
    };
    allowed(by, line.action.permission())?;
    line.action.check(&new.input)?;
    if let Selection::Ids(ids) = &new.selection {
        if ids.is_empty() {
            return Err(ActionError::field("id", format!("Tick at least one {}.", new.resource.noun(1))));
        }
        if ids.len() > MOST_TICKED {
            return Err(ActionError::field(
                "id",
                format!("Tick at most {MOST_TICKED}, or take everything that matches."),
            ));
        }
    }
    insert(scope, new, None, by, now).await
}

/// Writes what may be begun, and leaves its job.
pub(super) async fn insert(
    scope: &mut Scope,
    new: NewOperation,
    undo_of: Option<BulkOperationId>,
    by: &By,
    now: Instant,
) -> Result<(BulkOperationId, JobId), ActionError> {
    let account = scope.account();
    let kept = json!(Kept { what: new.selection, from: new.from, progress: Progress::default() });
    let row: Option<NewId> = scope
        .row(
            sql("insert into bulk_operations (account_id, action, resource, scope_phrase, selection, options, state, \
                 started_by, started_by_name, trace_id, created_at, undo_of) \
                 values ({}, {}, {}, {}, {}, {}, 'previewing', {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(&new.action)
            .bind(new.resource)
            .bind(&new.phrase)
            .bind(kept)
            .bind(new.input)
            .bind(by.user())
            .bind(&by.actor.name)
            .bind(by.trace.to_string())
            .bind(now)
            .bind(undo_of.map(|id| id.0)),
        )
        .await?;
    let Some(NewId { id }) = row else { return Err(ActionError::NotFound) };
    let job = wake(scope, id, &by.trace, now).await?;
    Ok((id, job))
}

/// Refuses who may not.
pub(super) fn allowed(by: &By, permission: Permission) -> Result<(), ActionError> {
    if by.can(permission) { Ok(()) } else { Err(ActionError::Forbidden(permission)) }
}

#[derive(QueryableByName)]
struct Picked {
    #[diesel(sql_type = Integer)]
    n: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<Instant>,
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
}

/// Picks one page more, in the caller's transaction. `true`: everything is
/// picked. What cannot be read is over: nothing is picked.
pub(super) async fn step(scope: &mut Scope, operation: &Operation) -> DbResult<bool> {
    let Ok(Kept { what, from, mut progress }) = serde_json::from_value::<Kept>(operation.selection.clone())
    else {
        return Ok(true);
    };
    if progress.complete {
        return Ok(true);
    }
    let tree = match &what {
        Selection::Shipments(filter) => filter.tree.as_ref(),
        Selection::Orders(filter) => filter.tree.as_ref(),
        Selection::Ids(_) | Selection::Again(..) | Selection::Undo(_) => None,
    };
    filters::planned(scope, tree).await?;
    let account = scope.account();
    let room = i64::from(MOST - operation.total).min(PAGE);
    let source = source(account, operation, &what);
    let mut statement = sql("with source as (").append(source).push(
        "), page as (select id, label, at, row_number() over (order by at desc, id desc)::int as n from source",
    );
    if let Some((at, id)) = progress.after {
        statement = statement.push(" where (at, id) < ({}, {})").bind(at).bind(id);
    }
    let picked: Option<Picked> = scope
        .row(
            statement
                .push(
                    " order by at desc, id desc limit {}), kept as ( \
                     insert into bulk_rows (account_id, operation_id, position, subject_id, subject_label) \
                     select {}, {}, {} + n, id, label from page returning position) \
                     select count(*)::int as n, min(at) as at, \
                     (select p.id from page p order by p.n desc limit 1) as id from page",
                )
                .bind(room)
                .bind(account)
                .bind(operation.id)
                .bind(operation.total),
        )
        .await?;
    let picked = picked.unwrap_or(Picked { n: 0, at: None, id: None });
    progress.after = picked.at.zip(picked.id).or(progress.after);
    let full = i64::from(operation.total) + i64::from(picked.n) >= i64::from(MOST);
    progress.complete = i64::from(picked.n) < PAGE || full;
    let note = match full {
        true => {
            format!("An operation takes at most {} rows: the newest were picked.", grouped(i64::from(MOST)))
        }
        false => String::new(),
    };
    let complete = progress.complete;
    scope
        .execute(
            sql("update bulk_operations set selection = {}, total = total + {}, picked = picked + {}, note = {} \
                 where account_id = {} and id = {} and state = 'previewing'")
            .bind(json!(Kept { what, from, progress }))
            .bind(picked.n)
            .bind(picked.n)
            .bind(note)
            .bind(account)
            .bind(operation.id),
        )
        .await?;
    Ok(complete)
}

/// Everything the selection names, as `id`, `label` and `at`.
fn source(account: AccountId, operation: &Operation, what: &Selection) -> Sql {
    match (what, operation.resource) {
        (Selection::Ids(ids), Resource::Shipments) => {
            sql("select s.id, s.number as label, s.created_at as at from shipments s \
                 where s.account_id = {} and s.id = any({})")
            .bind(account)
            .bind(ids.clone())
        }
        (Selection::Ids(ids), Resource::Orders) => {
            sql("select o.id, o.number as label, o.placed_at as at from orders o \
                 where o.account_id = {} and o.id = any({})")
            .bind(account)
            .bind(ids.clone())
        }
        (Selection::Shipments(filter), _) => shipments::list::selection(account, filter),
        (Selection::Orders(filter), _) => orders::list::selection(account, filter),
        // in the order they had: a position is small, so it can stand for the time
        (Selection::Again(id, outcome), _) => sql("select r.subject_id as id, r.subject_label as label, \
                 to_timestamp(-r.position::double precision) as at from bulk_rows r \
                 where r.account_id = {} and r.operation_id = {} and r.outcome = {}")
        .bind(account)
        .bind(*id)
        .bind(*outcome),
        (Selection::Undo(id), _) => sql("select r.subject_id as id, r.subject_label as label, \
                 to_timestamp(-r.position::double precision) as at from bulk_rows r \
                 where r.account_id = {} and r.operation_id = {} and r.undo is not null and r.undone_at is null")
        .bind(account)
        .bind(*id),
    }
}

/// Begins the same again, for the rows of an operation that had an outcome.
pub async fn again(
    scope: &mut Scope,
    id: BulkOperationId,
    outcome: RowOutcome,
    by: &By,
    now: Instant,
) -> Result<(BulkOperationId, JobId), ActionError> {
    let Some(earlier) = Operation::find(scope, id).await? else { return Err(ActionError::NotFound) };
    let n = i64::from(earlier.count(outcome));
    if n == 0 || !outcome.is_over() || !matches!(earlier.state, State::Canceled | State::Finished) {
        return Err(ActionError::field("which", "There is nothing of that kind to do again."));
    }
    let from = from(&earlier);
    let phrase = format!(
        "{} {} of {}: {}",
        grouped(n),
        earlier.resource.noun(n),
        earlier.scope_phrase,
        in_words(outcome)
    );
    let new = NewOperation {
        resource: earlier.resource,
        action: earlier.action,
        input: earlier.options,
        selection: Selection::Again(id, outcome),
        phrase: phrase.chars().take(300).collect(),
        from,
    };
    let Some(undone) = earlier.undo_of else { return begin(scope, new, by, now).await };
    undo::none_under_way(scope, undone).await?;
    let line = actions::find(new.resource, &new.action).ok_or(ActionError::NotFound)?;
    allowed(by, line.action.permission())?;
    insert(scope, new, Some(undone), by, now).await
}

fn in_words(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Failed => "those that failed",
        RowOutcome::Changed => "those that changed meanwhile",
        RowOutcome::Dropped => "those that were not begun",
        RowOutcome::Skipped => "those that were skipped",
        RowOutcome::Unknown => "those with an unknown outcome",
        _ => "those that were done",
    }
}

/// Drops what was not begun, a page at a time; `true` when nothing is left.
pub(super) async fn drop_rest(scope: &mut Scope, operation: &Operation, now: Instant) -> DbResult<bool> {
    #[derive(QueryableByName)]
    struct Dropped {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let account = scope.account();
    for from in [RowOutcome::Waiting, RowOutcome::Picked] {
        let dropped: Option<Dropped> = scope
            .row(
                sql("with rest as (select position from bulk_rows where account_id = {} and operation_id = {} and outcome = {} \
                     order by position limit {} for update skip locked), \
                     dropped as (update bulk_rows r set outcome = 'dropped', finished_at = {} from rest \
                       where r.account_id = {} and r.operation_id = {} and r.position = rest.position returning 1) \
                     select count(*) as n from dropped")
                .bind(account)
                .bind(operation.id)
                .bind(from)
                .bind(PAGE)
                .bind(now)
                .bind(account)
                .bind(operation.id),
            )
            .await?;
        let n = dropped.map_or(0, |d| i32::try_from(d.n).unwrap_or(i32::MAX));
        if n > 0 {
            count(scope, operation.id, from, RowOutcome::Dropped, n, None).await?;
            return Ok(false);
        }
    }
    Ok(true)
}
