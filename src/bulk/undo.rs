//! Taking an operation back. An undo is an operation like any other: its rows
//! are those that were done, each looked at first and confirmed; each runs what
//! the row kept as its way back, and only if nothing changed its subject since.

use super::{
    Operation, Resource, RowOutcome, State,
    actions::{self, ByName, Looked},
    operation_columns,
    pick::{self, NewOperation, Selection},
    preview::GONE,
};
use crate::{
    actions::{ActionError, Availability, By, Outcome, Undo, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{BulkOperationId, JobId},
    money::grouped,
};
use chrono::Duration;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Jsonb, Text},
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// For so long after its end an operation can be taken back.
pub const FOR: Duration = Duration::hours(24);

const TOO_LATE: &str = "A bulk change can be undone for 24 hours after it ended.";
const UNDONE: &str = "It was undone already.";
const NOTHING: &str = "There is nothing left to undo.";

/// Whether an operation can be taken back, and if not, why not.
#[derive(Debug)]
pub enum Way {
    /// It can.
    Open,
    /// It is, or was: by this operation.
    By(Box<Operation>),
    /// It cannot, for a reason in a sentence.
    No(&'static str),
}

/// Whether an operation that ended can be taken back.
pub async fn way(scope: &mut Scope, operation: &Operation, now: Instant) -> DbResult<Way> {
    let no_undo = operation.line().map_or(NOTHING, |line| line.no_undo);
    if operation.undo_of.is_some() {
        return Ok(Way::No("An undo is not undone itself: choose the rows again instead."));
    }
    let Some(ended) = operation.finished_at.filter(|_| operation.has_ended()) else {
        return Ok(Way::No("It can be undone once it has ended."));
    };
    if let Some(undo) = undone_by(scope, operation.id).await? {
        return Ok(Way::By(Box::new(undo)));
    }
    if !anything(scope, operation.id).await? {
        return Ok(Way::No(no_undo));
    }
    Ok(if now >= ended + FOR { Way::No(TOO_LATE) } else { Way::Open })
}

/// The operation that takes another one back; one that was canceled does not.
async fn undone_by(scope: &mut Scope, id: BulkOperationId) -> DbResult<Option<Operation>> {
    let account = scope.account();
    let statement = sql(operation_columns!(
        "where account_id = {} and undo_of = {} and state <> 'canceled' order by id desc limit 1"
    ));
    scope.row(statement.bind(account).bind(id)).await
}

async fn anything(scope: &mut Scope, id: BulkOperationId) -> DbResult<bool> {
    #[derive(QueryableByName)]
    struct Any {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let account = scope.account();
    let row: Option<Any> = scope
        .row(
            sql("select exists (select 1 from bulk_rows where account_id = {} and operation_id = {} \
                 and undo is not null and undone_at is null) as any")
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(row.is_some_and(|row| row.any))
}

/// What is begun when an operation is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// This, and the job that looks at its rows.
    New(BulkOperationId, JobId),
    /// This was begun before: the same answer again.
    Already(BulkOperationId),
}

fn unavailable(sentence: &str) -> ActionError {
    ActionError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None })
}

/// Begins to take an operation back: its rows are looked at, nothing is done yet.
pub async fn begin(
    scope: &mut Scope,
    id: BulkOperationId,
    by: &By,
    now: Instant,
) -> Result<Begun, ActionError> {
    // whoever comes second waits here and finds the first one's
    let earlier = Operation::lock(scope, id).await?.ok_or(ActionError::NotFound)?;
    let line = earlier.line().ok_or_else(|| unavailable("This action is not there any more."))?;
    pick::allowed(by, line.action.permission())?;
    match way(scope, &earlier, now).await? {
        Way::Open => {}
        Way::By(undo) => return Ok(Begun::Already(undo.id)),
        Way::No(why) => return Err(unavailable(why)),
    }
    let n = i64::from(earlier.done);
    let phrase = format!(
        "{} {} of {}: those that were done",
        grouped(n),
        earlier.resource.noun(n),
        earlier.scope_phrase
    );
    let new = NewOperation {
        resource: earlier.resource,
        from: pick::from(&earlier),
        action: earlier.action,
        input: json!({}),
        selection: Selection::Undo(id),
        phrase: phrase.chars().take(300).collect(),
    };
    let (id, job) = pick::insert(scope, new, Some(id), by, now).await?;
    Ok(Begun::New(id, job))
}

/// Refuses an undo that was looked at in time and confirmed too late.
pub(super) async fn in_time(scope: &mut Scope, undo: &Operation, now: Instant) -> Result<(), ActionError> {
    let Some(earlier) = undo.undo_of else { return Ok(()) };
    let earlier = Operation::find(scope, earlier).await?.ok_or(ActionError::NotFound)?;
    match earlier.finished_at {
        Some(ended) if now < ended + FOR => Ok(()),
        _ => Err(unavailable(TOO_LATE)),
    }
}

/// How one row is taken back.
pub(super) struct Back {
    action: &'static dyn ByName,
    /// What the action is told.
    pub input: Value,
    /// The version in which its subject was left.
    pub version: i32,
}

impl Back {
    /// The action that takes it back.
    pub fn action(&self) -> &'static dyn ByName {
        self.action
    }
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Jsonb)]
    undo: Value,
    #[diesel(sql_type = Integer)]
    left_version: i32,
}

impl Kept {
    fn back(self, resource: Resource) -> Option<(i64, Back)> {
        let undo: Undo = serde_json::from_value(self.undo).ok()?;
        let action = actions::inverse(resource, &undo.action)?;
        Some((self.subject_id, Back { action, input: undo.input, version: self.left_version }))
    }
}

/// The ways back of some rows of `earlier`; those that were taken back have none.
pub(super) async fn ways(
    scope: &mut Scope,
    resource: Resource,
    earlier: BulkOperationId,
    subjects: Vec<i64>,
) -> DbResult<HashMap<i64, Back>> {
    let account = scope.account();
    let rows: Vec<Kept> = scope
        .rows(
            sql("select subject_id, undo, left_version from bulk_rows where account_id = {} and operation_id = {} \
                 and subject_id = any({}) and undo is not null and undone_at is null")
            .bind(account)
            .bind(earlier)
            .bind(subjects),
        )
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.back(resource)).collect())
}

/// Marks one row of `earlier` as taken back, in the transaction that does it.
/// `None`: it was before.
pub(super) async fn take(
    scope: &mut Scope,
    resource: Resource,
    earlier: BulkOperationId,
    subject: i64,
    now: Instant,
) -> DbResult<Option<Back>> {
    let account = scope.account();
    let row: Option<Kept> = scope
        .row(
            sql("update bulk_rows set undone_at = {} where account_id = {} and operation_id = {} and subject_id = {} \
                 and undo is not null and undone_at is null returning subject_id, undo, left_version")
            .bind(now)
            .bind(account)
            .bind(earlier)
            .bind(subject),
        )
        .await?;
    Ok(row.and_then(|row| row.back(resource)).map(|(_, back)| back))
}

/// What a row of an undo would come to.
pub(super) struct Seen {
    pub version: Option<i32>,
    pub outcome: RowOutcome,
    pub reason: String,
    pub offer: Option<String>,
}

impl Seen {
    fn skipped(reason: impl Into<String>) -> Seen {
        Seen { version: None, outcome: RowOutcome::Skipped, reason: reason.into(), offer: None }
    }

    /// By what a button would say.
    pub fn of(looked: Option<Looked>) -> Seen {
        let Some(looked) = looked else { return Seen::skipped(GONE) };
        let version = Some(looked.version);
        match looked.availability {
            Availability::Available => {
                Seen { version, outcome: RowOutcome::Waiting, reason: String::new(), offer: None }
            }
            Availability::Unavailable(why) => {
                Seen { version, outcome: RowOutcome::Skipped, reason: why.sentence, offer: why.offer }
            }
        }
    }
}

/// Looks at a row of an undo: it must be as it was left.
pub(super) async fn look(
    scope: &mut Scope,
    undo: &Operation,
    back: Option<&Back>,
    subject: i64,
) -> DbResult<Seen> {
    let Some(back) = back else { return Ok(Seen::skipped(UNDONE)) };
    let looked = back.action.look(scope, subject, &back.input).await?;
    match &looked {
        Some(looked) if looked.version != back.version => {
            let history = activity::list(scope, looked.history, None, None, 10).await?;
            // not what the operation did itself
            let earlier = trace_of(scope, undo).await?;
            let last = history.iter().find(|a| a.trace_id.is_none() || a.trace_id != earlier);
            let last = last.map(|a| (a.actor_name.as_str(), a.summary.as_str()));
            Ok(Seen { version: Some(looked.version), ..Seen::skipped(changed_since(&looked.name, last)) })
        }
        _ => Ok(Seen::of(looked)),
    }
}

/// Said of a subject that somebody changed after the operation.
pub(super) fn changed_since(name: &str, last: Option<(&str, &str)>) -> String {
    match last {
        Some((who, what)) => format!("{name} changed since, so it is left as it is. {who}: {what}"),
        None => format!("{name} changed since, so it is left as it is."),
    }
}

/// Said of a row that another undo took back.
pub(super) fn undone() -> String {
    UNDONE.to_owned()
}

async fn trace_of(scope: &mut Scope, undo: &Operation) -> DbResult<Option<String>> {
    let Some(earlier) = undo.undo_of else { return Ok(None) };
    Ok(Operation::find(scope, earlier).await?.and_then(|earlier| earlier.trace_id))
}

/// What a row keeps: its way back, if it can be gone, and the version it left.
pub(super) async fn kept(
    scope: &mut Scope,
    resource: Resource,
    subject: i64,
    ran: &Outcome,
) -> DbResult<(Option<Value>, Option<i32>)> {
    let Some(undo) = ran.undo.as_ref().filter(|_| ran.changed) else { return Ok((None, None)) };
    let known = actions::inverse(resource, &undo.action);
    if known.is_none_or(|action| action.check(&undo.input).is_err()) {
        tracing::warn!(undo.action, "what takes this back is not known to bulk operations");
        return Ok((None, None));
    }
    let version = resource.version(scope, subject).await?;
    Ok((version.map(|_| json!(undo)), version))
}

/// What will happen, for the review of an undo.
pub(super) async fn effects(scope: &mut Scope, undo: &Operation) -> DbResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Part {
        #[diesel(sql_type = Text)]
        action: String,
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let account = scope.account();
    let parts: Vec<Part> = scope
        .rows(
            sql("select coalesce(e.undo ->> 'action', '') as action, count(*) as n from bulk_rows r \
                 join bulk_rows e on e.account_id = r.account_id and e.operation_id = {} and e.subject_id = r.subject_id \
                 where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' group by 1 order by 2 desc, 1")
            .bind(undo.undo_of.unwrap_or(undo.id))
            .bind(account)
            .bind(undo.id),
        )
        .await?;
    let mut effects: Vec<String> = parts
        .iter()
        .map(|part| {
            let label = actions::inverse(undo.resource, &part.action).map_or("Undo", |action| action.label());
            format!("{label}: {} {}.", grouped(part.n), undo.resource.noun(part.n))
        })
        .collect();
    effects.push("Only what nobody changed since is taken back; the others are left and listed.".into());
    Ok(effects)
}

/// Whether an undo goes on for rows of an earlier undo: none may be under way.
pub(super) async fn none_under_way(scope: &mut Scope, earlier: BulkOperationId) -> Result<(), ActionError> {
    Operation::lock(scope, earlier).await?;
    match undone_by(scope, earlier).await? {
        Some(undo) if !matches!(undo.state, State::Finished) => {
            Err(ActionError::field("which", "It is being undone already."))
        }
        _ => Ok(()),
    }
}
