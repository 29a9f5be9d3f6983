//! What carries a trace, table by table, oldest first. Every statement is by
//! account and trace, which each table has an index for.

use super::{DeliveryState, JobState, MOST};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{
        TraceId,
        activity_list::{self, Line},
        records_list,
    },
    ids::{DeliveryId, EmailId, EventId, JobId, PostId, RecordId, ShipmentId, log_id_time},
    notify::{emails::EmailState, events::EventType},
    paging::Cursor,
    shipments::posts,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};

/// A job, waiting, running or ended.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the tables")]
pub struct Job {
    #[diesel(sql_type = BigInt)]
    pub id: JobId,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub object_key: String,
    #[diesel(sql_type = Text)]
    pub state: JobState,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// When it is to run, while it waits.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub due_at: Option<Instant>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    /// Carries when it ended.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub finished_id: Option<i64>,
}

impl Job {
    /// When it ended.
    pub fn ended(&self) -> Option<Instant> {
        self.finished_id.map(log_id_time)
    }
}

/// A step of a post.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the tables")]
pub struct Step {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub post_id: PostId,
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = Integer)]
    pub attempt_no: i32,
    #[diesel(sql_type = Text)]
    pub step: posts::Step,
    #[diesel(sql_type = Text)]
    pub detail: String,
    #[diesel(sql_type = Text)]
    pub shipment_number: String,
    #[diesel(sql_type = Text)]
    pub connection_name: String,
}

impl Step {
    /// When.
    pub fn at(&self) -> Instant {
        log_id_time(self.id)
    }
}

/// Something that was told.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Event {
    #[diesel(sql_type = BigInt)]
    pub id: EventId,
    #[diesel(sql_type = Text)]
    pub event_type: EventType,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    /// How many endpoints it goes to.
    #[diesel(sql_type = BigInt)]
    pub deliveries: i64,
}

impl Event {
    /// When.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

/// An endpoint an event goes to.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the tables")]
pub struct Delivery {
    #[diesel(sql_type = BigInt)]
    pub id: DeliveryId,
    #[diesel(sql_type = Text)]
    pub event_type: EventType,
    #[diesel(sql_type = Text)]
    pub state: DeliveryState,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    pub last_status: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last_record_id: Option<RecordId>,
    #[diesel(sql_type = Text)]
    pub url: String,
}

impl Delivery {
    /// When it was left to be delivered.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

/// An e-mail to a customer.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Email {
    #[diesel(sql_type = BigInt)]
    pub id: EmailId,
    #[diesel(sql_type = Text)]
    pub trigger: String,
    #[diesel(sql_type = Text)]
    pub state: EmailState,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

impl Email {
    /// When it was written.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

/// One more than is shown, to know whether there is more.
const LIMIT: usize = MOST + 1;

fn limit() -> i64 {
    i64::try_from(LIMIT).unwrap_or(i64::MAX)
}

/// Beside the very first row: what comes after it, oldest first.
fn from_the_start() -> Option<Cursor> {
    Some(Cursor { at_micros: 0, id: 0, backwards: true })
}

pub(super) async fn activities(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Line>> {
    let wanted = activity_list::Wanted { trace: Some(trace.to_string()), ..Default::default() };
    let mut rows = activity_list::page(scope, &wanted, from_the_start(), LIMIT).await?.rows;
    rows.reverse();
    Ok(rows)
}

pub(super) async fn records(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<records_list::Row>> {
    let wanted = records_list::Wanted { trace: Some(trace.to_string()), ..Default::default() };
    let mut rows = records_list::page(scope, &wanted, from_the_start(), LIMIT).await?.rows;
    rows.reverse();
    Ok(rows)
}

pub(super) async fn jobs(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Job>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, kind, object_key, state, attempts, last_error, due_at, created_at, null::bigint as finished_id \
                 from jobs where account_id = {} and trace_id = {} order by id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}

pub(super) async fn finished(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Job>> {
    let account = scope.account();
    scope
        .rows(
            sql("select job_id as id, kind, object_key, outcome as state, attempts, last_error, null::timestamptz as due_at, \
                 created_at, id as finished_id from finished_jobs where account_id = {} and trace_id = {} \
                 order by finished_jobs.id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}

pub(super) async fn steps(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Step>> {
    let account = scope.account();
    scope
        .rows(
            sql("select a.id, a.post_id, a.shipment_id, a.attempt_no, a.step, a.detail, s.number as shipment_number, \
                 c.name as connection_name from posts p \
                 join post_attempts a on a.account_id = p.account_id and a.post_id = p.id \
                 join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
                 join connections c on c.account_id = p.account_id and c.id = p.connection_id \
                 where p.account_id = {} and p.trace_id = {} order by a.id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}

pub(super) async fn events(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Event>> {
    let account = scope.account();
    scope
        .rows(
            sql("select e.id, e.event_type, e.shipment_id, (select count(*) from webhook_deliveries d \
                 where d.account_id = e.account_id and d.event_id = e.id) as deliveries \
                 from webhook_events e where e.account_id = {} and e.trace_id = {} order by e.id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}

pub(super) async fn deliveries(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Delivery>> {
    let account = scope.account();
    scope
        .rows(
            sql("select d.id, e.event_type, d.state, d.attempts, d.last_status, d.last_record_id, p.url \
                 from webhook_events e join webhook_deliveries d on d.account_id = e.account_id and d.event_id = e.id \
                 join webhook_endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id \
                 where e.account_id = {} and e.trace_id = {} order by d.id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}

pub(super) async fn emails(scope: &mut Scope, trace: &TraceId) -> DbResult<Vec<Email>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, trigger, state, subject, last_error from emails \
                 where account_id = {} and trace_id = {} order by id limit {}")
            .bind(account)
            .bind(trace)
            .bind(limit()),
        )
        .await
}
