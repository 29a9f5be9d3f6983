//! Bulk operations: the engine of *Bulk Edit*. What would be done is looked at
//! first; it is started by the fingerprint of exactly that.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    filter, page,
    problem::{ApiResult, Kind, Problem},
};
use crate::{
    accounts::tokens::Scope,
    actions::ActionError,
    bulk::{
        Operation, Resource, RowOutcome, State, list,
        pick::{self, NewOperation, Selection},
        steer::{self, Started},
        undo::{self, Begun},
    },
    clock::Instant,
    ids::{BulkOperationId, JobId},
    jobs,
    money::grouped,
    orders, shipments,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Nobody waits longer for the look at every row.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done to what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "resource": "orders", "action": "reship_orders", "selection": { "ids": [1, 2] },
    "options": { "add_back": false, "hold": true, "reason": "Lost by the carrier" }, "dry_run": true
}))]
pub struct NewBulk {
    /// What its rows are.
    pub resource: Resource,
    /// The action: `post`, `repost`, `submit_to_channel`, `void_shipment`, `reship_orders`, `add_hold`, …
    pub action: String,
    /// Which rows.
    pub selection: Chosen,
    /// What the action is told, the same for every row.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    pub options: serde_json::Map<String, Value>,
    /// Only look: answers what would be done, with the fingerprint of that.
    #[serde(default)]
    pub dry_run: bool,
    /// Of the dry run: without that, what is found now is what is done.
    pub fingerprint: Option<String>,
}

/// Rows by number, or by a filter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// These.
    #[schemars(length(min = 1, max = 1000))]
    pub ids: Option<Vec<i64>>,
    /// Everything that matches; `{"conjunction": "and"}` is every row.
    #[schemars(with = "Option<filter::FilterGroup>")]
    pub filter_groups: Option<Value>,
    /// How many the filter matched when it was looked at; another number stops it.
    #[schemars(range(min = 0))]
    pub expected_count: Option<i64>,
}

/// A bulk operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BulkOperation {
    pub id: BulkOperationId,
    pub resource: Resource,
    pub action: String,
    pub state: State,
    /// What was chosen, in words.
    pub selection: String,
    /// Send it to start exactly this; null while rows are looked at.
    pub fingerprint: Option<String>,
    /// What will happen, one sentence each.
    pub effects: Vec<String>,
    /// Rows by what became of them.
    pub counts: Counts,
    /// Why rows are skipped, the most frequent reason first.
    pub skipped: Vec<SkippedReason>,
    pub undo_of: Option<BulkOperationId>,
    pub started_by: String,
    pub created_at: Instant,
    pub started_at: Option<Instant>,
    pub finished_at: Option<Instant>,
}

/// Rows by what became of them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Counts {
    /// All of them.
    pub total: i32,
    /// Not looked at yet.
    pub picked: i32,
    /// Will be done.
    pub waiting: i32,
    /// Changed after they were looked at, so they were left alone.
    pub changed: i32,
    /// A rule of the action says no.
    pub skipped: i32,
    /// Done here; the other side has not answered.
    pub sent: i32,
    pub done: i32,
    pub failed: i32,
    /// Nobody knows whether the other side has it.
    pub unknown: i32,
    /// The operation was canceled before their turn.
    pub dropped: i32,
}

/// Why some rows are skipped.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SkippedReason {
    /// How many.
    pub count: i64,
    /// A sentence for people.
    pub reason: String,
}

/// A row.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BulkRow {
    pub position: i32,
    /// Of the order or fulfillment.
    pub id: i64,
    pub label: String,
    pub outcome: RowOutcome,
    /// Why, where there is something to say.
    pub reason: String,
    pub finished_at: Option<Instant>,
}

/// A page of rows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BulkRows {
    /// In the order they are done.
    pub data: Vec<BulkRow>,
    /// Send it as `after` to read on; null at the end.
    pub next_after: Option<i32>,
}

/// Which rows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsQuery {
    /// With this outcome.
    pub outcome: Option<RowOutcome>,
    /// Behind this position.
    #[schemars(range(min = 0))]
    pub after: Option<i32>,
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
}

/// What is confirmed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "fingerprint": "5f3c" }))]
pub struct StartBody {
    /// Of the operation as it was looked at.
    pub fingerprint: String,
}

fn rows_scope(resource: Resource) -> Scope {
    match resource {
        Resource::Orders => Scope::OrdersWrite,
        Resource::Shipments => Scope::ShipmentsWrite,
    }
}

/// `POST /v1/bulk-operations`
pub async fn create(caller: Caller, asks: Asks<Nothing, NewBulk>) -> ApiResult<Answer<BulkOperation>> {
    let new = asks.body;
    caller.needs(rows_scope(new.resource))?;
    let (expected, dry_run, fingerprint) = (new.selection.expected_count, new.dry_run, new.fingerprint);
    let noun = |n| new.resource.noun(n);
    let (selection, phrase) = match (new.selection.ids, new.selection.filter_groups) {
        (Some(mut ids), None) => {
            ids.sort_unstable();
            ids.dedup();
            let n = i64::try_from(ids.len()).unwrap_or(i64::MAX);
            (Selection::Ids(ids), format!("{} chosen {}", grouped(n), noun(n)))
        }
        (None, Some(tree)) => {
            let (personal, words) = (caller.sees_people(), |phrases: Vec<String>| match phrases.as_slice() {
                [] => format!("All {}", noun(2)),
                some => format!("All {} with {}", noun(2), some.join("; ")).chars().take(300).collect(),
            });
            match new.resource {
                Resource::Shipments => {
                    let tree = filter::value(Some(tree), filter::of_fulfillments(&caller))?;
                    let phrase = words(tree.as_ref().map(|t| t.phrases()).unwrap_or_default());
                    let tree = tree.map(|tree| tree.settled(caller.now));
                    let filter = shipments::list::Filter { tree, personal, ..Default::default() };
                    (Selection::Shipments(Box::new(filter)), phrase)
                }
                Resource::Orders => {
                    let tree = filter::value(Some(tree), filter::of_orders(&caller))?;
                    let phrase = words(tree.as_ref().map(|t| t.phrases()).unwrap_or_default());
                    let tree = tree.map(|tree| tree.settled(caller.now));
                    let filter = orders::list::Filter { tree, personal, ..Default::default() };
                    (Selection::Orders(Box::new(filter)), phrase)
                }
            }
        }
        _ => {
            let detail = "Choose rows either by ids or by filter_groups.";
            return Err(Problem::field("selection", "malformed", detail));
        }
    };
    let operation = NewOperation {
        resource: new.resource,
        action: new.action,
        input: Value::Object(new.options),
        selection,
        phrase,
        from: String::new(),
    };
    let mut scope = caller.scope().await?;
    let (id, job) = pick::begin(&mut scope, operation, &caller.by, caller.now).await?;
    scope.commit().await?;
    look(&caller, id, job).await?;
    if dry_run {
        return shown(&caller, id).await;
    }
    let mut scope = caller.scope().await?;
    let found = Operation::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
    drop(scope);
    let refused = match (&found.fingerprint, expected, fingerprint) {
        (_, Some(expected), _) if found.state != State::Previewing && i64::from(found.total) != expected => {
            Some(format!("It would be {} rows, not {expected}. Look at it again.", found.total))
        }
        (Some(now), _, Some(given)) if *now != given => {
            Some("What would be done is not what the fingerprint was given for. Look at it again.".into())
        }
        _ => None,
    };
    if let Some(sentence) = refused {
        drop_it(&caller, id).await?;
        return Err(Problem::new(Kind::STALE_PREVIEW, sentence));
    }
    // too many to be looked at while somebody waits: it is started by a call of its own
    let Some(fingerprint) = found.fingerprint.filter(|_| found.state == State::Previewed) else {
        return shown(&caller, id).await;
    };
    begin(&caller, id, &fingerprint).await
}

async fn drop_it(caller: &Caller, id: BulkOperationId) -> ApiResult<()> {
    let mut scope = caller.scope().await?;
    steer::cancel(&mut scope, id, &caller.by, caller.now).await?;
    Ok(scope.commit().await?)
}

/// Looks at its rows here, as far as there is patience; the worker goes on.
async fn look(caller: &Caller, id: BulkOperationId, job: JobId) -> ApiResult<()> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let app = caller.app.clone();
    let first = caller.app.finish(async move { jobs::run_now(&app.work(), &app.handlers, job).await });
    if let Ok(Ok(Err(error))) = tokio::time::timeout(PATIENCE, first).await {
        tracing::warn!(?error, "the first turn of a bulk operation is left to the worker");
    }
    loop {
        let mut scope = caller.scope().await?;
        let operation = Operation::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
        drop(scope);
        if operation.state != State::Previewing || tokio::time::Instant::now() >= until {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn begin(caller: &Caller, id: BulkOperationId, fingerprint: &str) -> ApiResult<Answer<BulkOperation>> {
    let mut scope = caller.scope().await?;
    let (started, job) = steer::start(&mut scope, id, fingerprint, &caller.by, caller.now).await?;
    scope.commit().await?;
    match started {
        Started::Running | Started::Already => shown(caller, id).await,
        Started::Asked => Err(Problem::of(Kind::STALE_PREVIEW)),
        Started::Changed(n) => {
            if let Some(job) = job {
                look(caller, id, job).await?;
            }
            let rows = if n == 1 { "row" } else { "rows" };
            let detail = format!("{n} {rows} changed since it was looked at. Read it again, then start it.");
            Err(Problem::new(Kind::STALE_PREVIEW, detail))
        }
    }
}

async fn shown(caller: &Caller, id: BulkOperationId) -> ApiResult<Answer<BulkOperation>> {
    let mut scope = caller.snapshot().await?;
    let o = Operation::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
    let skipped = if o.skipped > 0 { list::skipped(&mut scope, id).await? } else { Vec::new() };
    Ok(Answer::of(BulkOperation {
        id: o.id,
        resource: o.resource,
        action: o.action,
        state: o.state,
        selection: o.scope_phrase,
        fingerprint: o.fingerprint,
        effects: o.effects,
        counts: Counts {
            total: o.total,
            picked: o.picked,
            waiting: o.waiting,
            changed: o.changed,
            skipped: o.skipped,
            sent: o.sent,
            done: o.done,
            failed: o.failed,
            unknown: o.unknown,
            dropped: o.dropped,
        },
        skipped: skipped
            .into_iter()
            .map(|group| SkippedReason { count: group.n, reason: group.reason })
            .collect(),
        undo_of: o.undo_of,
        started_by: o.started_by_name,
        created_at: o.created_at,
        started_at: o.started_at,
        finished_at: o.finished_at,
    }))
}

/// `GET /v1/bulk-operations/{id}`
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    shown(&caller, BulkOperationId(asks.id())).await
}

/// `GET /v1/bulk-operations/{id}/rows`
pub async fn rows(caller: Caller, asks: Asks<RowsQuery>) -> ApiResult<Answer<BulkRows>> {
    let size = page::size(asks.query.limit)?;
    let (id, after) = (BulkOperationId(asks.id()), asks.query.after.unwrap_or(0).max(0));
    let mut scope = caller.snapshot().await?;
    Operation::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let rows = list::rows(&mut scope, id, asks.query.outcome, after, limit + 1).await?;
    let more = rows.len() > size;
    let data: Vec<BulkRow> = rows
        .into_iter()
        .take(size)
        .map(|r| BulkRow {
            position: r.position,
            id: r.subject_id,
            label: r.subject_label,
            outcome: r.outcome,
            reason: r.reason,
            finished_at: r.finished_at,
        })
        .collect();
    let next_after = data.last().map(|row| row.position).filter(|_| more);
    Ok(Answer::of(BulkRows { data, next_after }))
}

/// Refuses whoever may not write its rows.
async fn writable(caller: &Caller, id: BulkOperationId) -> ApiResult<Operation> {
    let mut scope = caller.scope().await?;
    let operation = Operation::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
    caller.needs(rows_scope(operation.resource))?;
    Ok(operation)
}

/// `POST …/start`
pub async fn start(caller: Caller, asks: Asks<Nothing, StartBody>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    begin(&caller, id, &asks.body.fingerprint).await
}

/// `POST …/pause`
pub async fn pause(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    let mut scope = caller.scope().await?;
    steer::pause(&mut scope, id, &caller.by).await?;
    scope.commit().await?;
    shown(&caller, id).await
}

/// `POST …/resume`
pub async fn resume(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    let mut scope = caller.scope().await?;
    steer::resume(&mut scope, id, &caller.by, caller.now).await?;
    scope.commit().await?;
    shown(&caller, id).await
}

/// `POST …/cancel`
pub async fn cancel(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    drop_it(&caller, id).await?;
    shown(&caller, id).await
}

/// `POST …/retry-failed`: a new operation on the rows that failed, looked at and not started.
pub async fn retry_failed(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    let mut scope = caller.scope().await?;
    let (id, job) = pick::again(&mut scope, id, RowOutcome::Failed, &caller.by, caller.now).await?;
    scope.commit().await?;
    look(&caller, id, job).await?;
    shown(&caller, id).await
}

/// `POST …/undo`: a new operation that takes back what was done, looked at and not started.
pub async fn undo(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<BulkOperation>> {
    let id = writable(&caller, BulkOperationId(asks.id())).await?.id;
    let mut scope = caller.scope().await?;
    let begun = undo::begin(&mut scope, id, &caller.by, caller.now).await?;
    scope.commit().await?;
    let id = match begun {
        Begun::New(id, job) => {
            look(&caller, id, job).await?;
            id
        }
        Begun::Already(id) => id,
    };
    shown(&caller, id).await
}
