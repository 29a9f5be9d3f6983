//! Endpoints and deliveries as pages and actions read them.

use super::super::events::EventType;
use crate::{
    actions::Target,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{RecordStatus, activity},
    ids::{DeliveryId, EndpointId, EventId, OrderId, RecordId, ShipmentId, log_id_floor, log_id_time},
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use chrono::Duration;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use serde_json::Value;

text_enum! {
    /// Whether an endpoint is told.
    EndpointState {
        /// It is.
        Active = "active",
        /// A person stopped it; what it would be told waits.
        Paused = "paused",
        /// It did not take what was sent, or a person stopped it for good.
        Disabled = "disabled",
    }
}

text_enum! {
    /// Where the delivery of an event to an endpoint stands.
    DeliveryState {
        /// Not there yet.
        Waiting = "waiting",
        /// The endpoint took it.
        Delivered = "delivered",
        /// Every try was used up.
        Failed = "failed",
        /// The endpoint was switched off.
        Canceled = "canceled",
    }
}

text_enum! {
    /// Why there is a delivery.
    Trigger {
        /// Something happened.
        Event = "event",
        /// A person had it sent again.
        Resend = "resend",
        /// A person tried the endpoint out.
        Test = "test",
    }
}

/// Where our webhooks go.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Endpoint {
    #[diesel(sql_type = BigInt)]
    pub id: EndpointId,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Text)]
    pub description: String,
    /// Empty: every event.
    #[diesel(sql_type = Array<Text>)]
    pub events: Vec<String>,
    #[diesel(sql_type = Text)]
    pub state: EndpointState,
    #[diesel(sql_type = Nullable<Text>)]
    pub disabled_reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failing_since: Option<Instant>,
    #[diesel(sql_type = Integer)]
    pub consecutive_failures: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub previous_secret_until: Option<Instant>,
    /// Since when it is paused or disabled.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub stopped_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub deleted_at: Option<Instant>,
    #[diesel(sql_type = Integer)]
    pub version: i32,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    /// Of the account.
    #[diesel(sql_type = Text)]
    pub time_zone: String,
}

impl Endpoint {
    /// What people call it.
    pub fn label(&self) -> &str {
        if self.description.is_empty() { &self.url } else { &self.description }
    }
}

macro_rules! endpoint_columns {
    ($rest:literal) => {
        concat!(
            "select p.id, p.url, p.description, p.events, p.state, p.disabled_reason, p.failing_since, \
             p.consecutive_failures, p.previous_secret_until, p.stopped_at, p.deleted_at, p.version, p.created_at, \
             a.time_zone from webhook_endpoints p join accounts a on a.id = p.account_id ",
            $rest
        )
    };
}

impl Target for Endpoint {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Endpoint>> {
        let account = scope.account();
        let statement =
            sql(endpoint_columns!("where p.account_id = {} and p.id = {}")).bind(account).bind(id);
        scope.row(if lock { statement.push(" for no key update of p") } else { statement }).await
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        format!("The endpoint {}", self.label())
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(activity::Subject::Webhook, self.id.0)
    }
}

/// Every endpoint that was not deleted.
pub async fn list(scope: &mut Scope) -> DbResult<Vec<Endpoint>> {
    let account = scope.account();
    scope
        .rows(
            sql(endpoint_columns!(
                "where p.account_id = {} and p.deleted_at is null order by p.id limit 200"
            ))
            .bind(account),
        )
        .await
}

/// How an endpoint did in the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
#[expect(missing_docs, reason = "counts of deliveries by state")]
pub struct Lately {
    #[diesel(sql_type = BigInt)]
    pub endpoint_id: i64,
    #[diesel(sql_type = BigInt)]
    pub delivered: i64,
    /// Failed for good, or once and waiting for the next try.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Waiting, also from before.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last: Option<DeliveryId>,
}

impl Lately {
    /// Of a hundred; `None` when nothing was sent.
    pub fn success(&self) -> Option<i64> {
        let all = self.delivered + self.failed;
        (all > 0).then(|| self.delivered * 100 / all)
    }
}

/// How every endpoint did in the last 24 hours.
pub async fn lately(scope: &mut Scope, now: Instant) -> DbResult<Vec<Lately>> {
    let account = scope.account();
    let since = log_id_floor(now - Duration::hours(24));
    scope
        .rows(
            sql("select p.id as endpoint_id, \
                 (select count(*) from webhook_deliveries d where d.account_id = p.account_id and d.endpoint_id = p.id \
                  and d.id >= {} and d.state = 'delivered') as delivered, \
                 (select count(*) from webhook_deliveries d where d.account_id = p.account_id and d.endpoint_id = p.id \
                  and d.id >= {} and (d.state = 'failed' or d.state = 'waiting' and d.attempts > 0)) as failed, \
                 (select count(*) from webhook_deliveries d where d.account_id = p.account_id and d.endpoint_id = p.id \
                  and d.state = 'waiting') as waiting, \
                 (select max(d.id) from webhook_deliveries d where d.account_id = p.account_id and d.endpoint_id = p.id) as last \
                 from webhook_endpoints p where p.account_id = {} and p.deleted_at is null limit 200")
            .bind(since)
            .bind(since)
            .bind(account),
        )
        .await
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the tables")]
pub struct Delivery {
    #[diesel(sql_type = BigInt)]
    pub id: DeliveryId,
    #[diesel(sql_type = BigInt)]
    pub event_id: EventId,
    #[diesel(sql_type = BigInt)]
    pub endpoint_id: EndpointId,
    #[diesel(sql_type = Text)]
    pub event_type: EventType,
    #[diesel(sql_type = Text)]
    pub trigger: Trigger,
    #[diesel(sql_type = Text)]
    pub state: DeliveryState,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_attempt_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub last_status: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last_record_id: Option<RecordId>,
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Text)]
    pub description: String,
    #[diesel(sql_type = Text)]
    pub endpoint_state: EndpointState,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub endpoint_deleted_at: Option<Instant>,
}

impl Delivery {
    /// When it was left to be delivered.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }

    /// The `webhook-id` of its messages.
    pub fn message_id(&self) -> String {
        format!("evt_{}", self.event_id)
    }

    /// What people call its endpoint.
    pub fn endpoint_label(&self) -> &str {
        if self.description.is_empty() { &self.url } else { &self.description }
    }
}

macro_rules! delivery_columns {
    ($rest:literal) => {
        concat!(
            "select d.id, d.event_id, d.endpoint_id, e.event_type, d.trigger, d.state, d.attempts, d.next_attempt_at, \
             d.last_attempt_at, d.last_status, d.last_error, d.last_record_id, e.payload, e.order_id, e.shipment_id, \
             s.number as shipment_number, o.number as order_number, e.trace_id, p.url, p.description, \
             p.state as endpoint_state, p.deleted_at as endpoint_deleted_at from webhook_deliveries d \
             join webhook_events e on e.account_id = d.account_id and e.id = d.event_id \
             join webhook_endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id \
             left join shipments s on s.account_id = e.account_id and s.id = e.shipment_id \
             left join orders o on o.account_id = e.account_id and o.id = e.order_id ",
            $rest
        )
    };
}

impl Target for Delivery {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Delivery>> {
        let account = scope.account();
        let statement =
            sql(delivery_columns!("where d.account_id = {} and d.id = {}")).bind(account).bind(id);
        scope.row(if lock { statement.push(" for no key update of d") } else { statement }).await
    }

    /// A further try does not make a page stale: sending again asks nothing of it.
    fn version(&self) -> i32 {
        1
    }

    fn name(&self) -> String {
        format!("The delivery of {} to {}", self.event_type, self.endpoint_label())
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(activity::Subject::Webhook, self.endpoint_id.0)
    }
}

/// One delivery.
pub async fn delivery(scope: &mut Scope, id: DeliveryId) -> DbResult<Option<Delivery>> {
    Delivery::load(scope, id.0, false).await
}

/// A page of an endpoint's deliveries, newest first.
pub async fn deliveries(
    scope: &mut Scope,
    endpoint: EndpointId,
    state: Option<DeliveryState>,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Delivery>> {
    let account = scope.account();
    let backwards = from.is_some_and(|c| c.backwards);
    let mut statement =
        sql(delivery_columns!("where d.account_id = {} and d.endpoint_id = {}")).bind(account).bind(endpoint);
    if let Some(state) = state {
        statement = statement.push(" and d.state = {}").bind(state);
    }
    if let Some(from) = from {
        statement = statement.push(if backwards { " and d.id > {}" } else { " and d.id < {}" }).bind(from.id);
    }
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let order = if backwards { " order by d.id asc limit {}" } else { " order by d.id desc limit {}" };
    let rows: Vec<Delivery> = scope.rows(statement.push(order).bind(limit)).await?;
    Ok(Page::cut(rows, size, from, |row| (row.at(), row.id.0)))
}

/// One try to deliver, as its transaction record tells of it.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Call {
    #[diesel(sql_type = BigInt)]
    pub id: RecordId,
    #[diesel(sql_type = Text)]
    pub status: RecordStatus,
    #[diesel(sql_type = Nullable<Integer>)]
    pub response_status: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub duration_ms: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_message: Option<String>,
    #[diesel(sql_type = Jsonb)]
    pub request_headers: Value,
}

impl Call {
    /// When.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }

    /// The `webhook-timestamp` it bore.
    pub fn timestamp(&self) -> Option<&str> {
        let pairs = self.request_headers.as_array()?;
        pairs.iter().find(|pair| pair[0] == "webhook-timestamp")?[1].as_str()
    }
}

/// Every call that carried a delivery's event to its endpoint, oldest first.
pub async fn calls(scope: &mut Scope, delivery: &Delivery) -> DbResult<Vec<Call>> {
    let account = scope.account();
    let header = serde_json::json!([["webhook-id", delivery.message_id()]]);
    scope
        .rows(
            sql("select id, status, response_status, duration_ms, error_message, request_headers \
                 from transaction_records where account_id = {} and trace_id = {} and endpoint_id = {} \
                 and request_headers @> {} order by id limit 100")
            .bind(account)
            .bind(delivery.trace_id.clone().unwrap_or_default())
            .bind(delivery.endpoint_id)
            .bind(header),
        )
        .await
}
