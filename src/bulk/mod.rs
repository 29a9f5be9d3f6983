//! Many at once: an action done to every picked order or shipment, in the
//! background, each row by itself.
//!
//! An operation is *picked* (a snapshot of ids), *looked at* (what would change,
//! what is skipped and by which rule), confirmed by the fingerprint of what was
//! looked at, and then run. A row's effect and its outcome are one transaction,
//! so whoever dies in between leaves a row that either is done or was never
//! touched. All of it is one kind of job that takes a small batch and comes
//! back, so that everybody else's work goes on meanwhile.

pub mod actions;
mod effects;
mod ended;
mod follow;
pub mod job;
mod lines;
pub mod list;
pub mod options;
pub mod pick;
mod preview;
mod rows;
pub mod steer;
pub mod stock;
pub mod undo;

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{BulkOperationId, JobId, UserId},
    jobs::{self, Handlers, NewJob},
    money::grouped,
    text_enum::text_enum,
};
use actions::Line;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use serde_json::{Value, json};

/// The job that works on one operation.
pub const BULK_OPERATION: &str = "bulk_operation";

text_enum! {
    /// What the rows of an operation are.
    Resource {
        /// Orders.
        Orders = "orders",
        /// Shipments.
        Shipments = "shipments",
    }
}

impl Resource {
    /// `1 shipment`, `312 shipments`, without the number.
    pub fn noun(self, n: i64) -> &'static str {
        match (self, n) {
            (Resource::Orders, 1) => "order",
            (Resource::Orders, _) => "orders",
            (Resource::Shipments, 1) => "shipment",
            (Resource::Shipments, _) => "shipments",
        }
    }

    /// The version of one as it is now.
    async fn version(self, scope: &mut Scope, id: i64) -> DbResult<Option<i32>> {
        #[derive(QueryableByName)]
        struct Now {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            version: i32,
        }
        let account = scope.account();
        let statement = match self {
            Resource::Orders => sql("select version from orders where account_id = {} and id = {}"),
            Resource::Shipments => sql("select version from shipments where account_id = {} and id = {}"),
        };
        let row: Option<Now> = scope.row(statement.bind(account).bind(id)).await?;
        Ok(row.map(|row| row.version))
    }
}

text_enum! {
    /// Where an operation stands.
    State {
        /// Its rows are picked and looked at.
        Previewing = "previewing",
        /// It waits to be confirmed.
        Previewed = "previewed",
        /// Its rows are being done.
        Running = "running",
        /// It stands still until somebody resumes it.
        Paused = "paused",
        /// Somebody stopped it: rows not begun are left alone.
        Canceled = "canceled",
        /// Every row is over.
        Finished = "finished",
    }
}

text_enum! {
    /// What became of a row.
    RowOutcome {
        /// Picked, not looked at yet.
        Picked = "picked",
        /// Will be done.
        Waiting = "waiting",
        /// Changed after it was looked at, so it was left alone.
        Changed = "changed",
        /// A rule of the action says no.
        Skipped = "skipped",
        /// Done here; the other side has not answered.
        Sent = "sent",
        /// Done.
        Done = "done",
        /// The other side refused it, or it stopped on ours.
        Failed = "failed",
        /// Nobody knows whether the other side has it.
        Unknown = "unknown",
        /// The operation was canceled before its turn.
        Dropped = "dropped",
    }
}

impl RowOutcome {
    /// Whether nothing more happens to it by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, RowOutcome::Picked | RowOutcome::Waiting | RowOutcome::Sent)
    }
}

/// An operation, as the database has it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::bulk_operations)]
#[expect(missing_docs, reason = "the columns of the table; see its migrations")]
pub struct Operation {
    #[diesel(sql_type = BigInt)]
    pub id: BulkOperationId,
    pub action: String,
    #[diesel(sql_type = Text)]
    pub resource: Resource,
    pub scope_phrase: String,
    pub selection: Value,
    pub options: Value,
    pub fingerprint: Option<String>,
    #[diesel(sql_type = Text)]
    pub state: State,
    pub effects: Vec<String>,
    pub changed_since: i32,
    pub note: String,
    pub total: i32,
    pub picked: i32,
    pub waiting: i32,
    pub changed: i32,
    pub skipped: i32,
    pub sent: i32,
    pub done: i32,
    pub failed: i32,
    pub unknown: i32,
    pub dropped: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub run_by: Option<UserId>,
    pub run_since: Option<Instant>,
    pub started_by_name: String,
    pub trace_id: Option<String>,
    pub created_at: Instant,
    pub started_at: Option<Instant>,
    pub finished_at: Option<Instant>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub undo_of: Option<BulkOperationId>,
    pub stock: Value,
}

/// The columns of [`Operation`], for statements that read it.
macro_rules! operation_columns {
    ($rest:literal) => {
        concat!(
            "select id, action, resource, scope_phrase, selection, options, fingerprint, state, effects, changed_since, \
             note, total, picked, waiting, changed, skipped, sent, done, failed, unknown, dropped, run_by, run_since, \
             started_by_name, trace_id, created_at, started_at, finished_at, undo_of, stock from bulk_operations ",
            $rest
        )
    };
}
pub(crate) use operation_columns;

impl Operation {
    /// An operation by its id.
    pub async fn find(scope: &mut Scope, id: BulkOperationId) -> DbResult<Option<Operation>> {
        let account = scope.account();
        scope.row(sql(operation_columns!("where account_id = {} and id = {}")).bind(account).bind(id)).await
    }

    /// As [`Operation::find`]; nobody else moves it until the transaction ends.
    pub async fn lock(scope: &mut Scope, id: BulkOperationId) -> DbResult<Option<Operation>> {
        let account = scope.account();
        let statement = sql(operation_columns!("where account_id = {} and id = {} for update"));
        scope.row(statement.bind(account).bind(id)).await
    }

    /// Its action; `None` for one that is no more.
    pub fn line(&self) -> Option<&'static Line> {
        actions::find(self.resource, &self.action)
    }

    /// *Post 312 shipments to fulfillment*, or *Undo: post …*.
    pub fn title(&self, n: i64) -> String {
        let title = self.line().map_or_else(|| self.action.clone(), |line| line.title(n, &grouped(n)));
        match self.undo_of {
            Some(_) => format!("Undo: {}", lower_first(&title)),
            None => title,
        }
    }

    /// What a row is that is done: `posted`, `undone`.
    pub fn done_word(&self) -> &'static str {
        match (self.undo_of, self.line()) {
            (Some(_), _) => "undone",
            (None, line) => line.map_or("done", |line| line.done),
        }
    }

    /// What it does to stock, by its preview.
    pub fn stock(&self) -> stock::Stock {
        serde_json::from_value(self.stock.clone()).unwrap_or_default()
    }

    /// Whether nothing more is begun.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Canceled | State::Finished)
    }

    /// Rows that are over.
    pub fn over(&self) -> i32 {
        self.total - self.picked - self.waiting - self.sent
    }

    /// How many rows have an outcome.
    pub fn count(&self, outcome: RowOutcome) -> i32 {
        match outcome {
            RowOutcome::Picked => self.picked,
            RowOutcome::Waiting => self.waiting,
            RowOutcome::Changed => self.changed,
            RowOutcome::Skipped => self.skipped,
            RowOutcome::Sent => self.sent,
            RowOutcome::Done => self.done,
            RowOutcome::Failed => self.failed,
            RowOutcome::Unknown => self.unknown,
            RowOutcome::Dropped => self.dropped,
        }
    }

    /// Whether it will change without anybody.
    pub fn is_moving(&self) -> bool {
        let dropping = self.state == State::Canceled && self.waiting + self.picked > 0;
        matches!(self.state, State::Previewing | State::Running) || self.sent > 0 || dropping
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Leaves the job that works on an operation. One that waits already is brought
/// forward.
async fn wake(scope: &mut Scope, id: BulkOperationId, trace: &TraceId, now: Instant) -> DbResult<JobId> {
    let key = format!("bulk:{id}");
    let job = NewJob::new(BULK_OPERATION, key.clone(), json!(job::Payload { operation_id: id }), now)
        .once(key)
        .traced(trace);
    jobs::enqueue(scope, job).await
}

/// Moves `n` rows from one counter to another, in the transaction that moves the
/// rows. With `only_in`, `false` when the operation is in another state: then
/// the caller rolls back.
async fn count(
    scope: &mut Scope,
    id: BulkOperationId,
    from: RowOutcome,
    to: RowOutcome,
    n: i32,
    only_in: Option<State>,
) -> DbResult<bool> {
    let account = scope.account();
    let statement = sql("update bulk_operations set \
         picked = picked + d.n * ((d.t = 'picked')::int - (d.f = 'picked')::int), \
         waiting = waiting + d.n * ((d.t = 'waiting')::int - (d.f = 'waiting')::int), \
         changed = changed + d.n * ((d.t = 'changed')::int - (d.f = 'changed')::int), \
         skipped = skipped + d.n * ((d.t = 'skipped')::int - (d.f = 'skipped')::int), \
         sent = sent + d.n * ((d.t = 'sent')::int - (d.f = 'sent')::int), \
         done = done + d.n * ((d.t = 'done')::int - (d.f = 'done')::int), \
         failed = failed + d.n * ((d.t = 'failed')::int - (d.f = 'failed')::int), \
         unknown = unknown + d.n * ((d.t = 'unknown')::int - (d.f = 'unknown')::int), \
         dropped = dropped + d.n * ((d.t = 'dropped')::int - (d.f = 'dropped')::int) \
         from (select {}::text as f, {}::text as t, {}::int as n) d \
         where account_id = {} and id = {} and state = coalesce({}::text, state)")
    .bind(from)
    .bind(to)
    .bind(n)
    .bind(account)
    .bind(id)
    .bind(only_in.map(State::as_str));
    Ok(scope.execute(statement).await? == 1)
}

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers.with(BULK_OPERATION, job::WorkOnOperation)
}
