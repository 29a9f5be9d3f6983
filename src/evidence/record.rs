//! Transaction records: every exchange with an outside system, written before
//! the call and completed after it, masked at writing.

use super::{TraceId, mask};
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    ids::{AccountId, ChannelId, ConnectionId, EndpointId, JobId, OrderId, RecordId, ShipmentId},
    text_enum::text_enum,
};
use diesel::{QueryableByName, sql_types::BigInt};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use std::io::{Read, Write};

/// Bodies up to this many bytes stand in the row; longer ones lie in `bodies`.
const IN_ROW: usize = 8 * 1024;

text_enum! {
    /// What kind of exchange it was.
    LogType {
        /// Reading orders from a channel.
        GetOrders = "get_orders",
        /// Reading one order from a channel.
        GetOrder = "get_order",
        /// Telling a channel an order's status.
        UpdateOrderStatus = "update_order_status",
        /// Sending a shipment's tracking to its channel.
        SubmitFulfillment = "submit_fulfillment",
        /// Sending a shipment to its provider.
        PostShipment = "post_shipment",
        /// Sending changed lines to the provider.
        UpdateProviderOrder = "update_provider_order",
        /// Reading an order back from the provider.
        GetProviderOrder = "get_provider_order",
        /// Canceling an order at the provider.
        CancelProviderOrder = "cancel_provider_order",
        /// A message an outsider posted to us.
        InboundWebhook = "inbound_webhook",
        /// A webhook of ours.
        DeliverWebhook = "deliver_webhook",
        /// Getting a token or testing credentials.
        AuthConnect = "auth_connect",
        /// Publishing stock.
        SubmitInventory = "submit_inventory",
        /// Reading stock.
        GetInventoryLevels = "get_inventory_levels",
    }
}

impl LogType {
    /// Whether it only reads at the other side.
    pub fn reads(self) -> bool {
        matches!(
            self,
            LogType::GetOrders
                | LogType::GetOrder
                | LogType::GetProviderOrder
                | LogType::AuthConnect
                | LogType::GetInventoryLevels
        )
    }

    /// Reads a log type as people write it: the spelling `submit_fulfilment` is
    /// accepted too.
    pub fn from_input(text: &str) -> Option<LogType> {
        match text.trim() {
            "submit_fulfilment" => Some(LogType::SubmitFulfillment),
            other => LogType::parse(other),
        }
    }
}

text_enum! {
    /// How the exchange stands.
    RecordStatus {
        /// Not begun.
        Waiting = "waiting",
        /// Sent; no answer yet. After a crash it stays so: the outcome is unknown.
        InProgress = "in_progress",
        /// Done.
        Success = "success",
        /// Done, with a warning worth reading.
        Warning = "warning",
        /// Refused, or not known to have arrived.
        Failed = "failed",
        /// Nothing to succeed or fail.
        Info = "info",
    }
}

text_enum! {
    /// Who called whom.
    Direction {
        /// We called.
        Out = "out",
        /// We were called.
        In = "in",
    }
}

/// What an exchange is about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The sales channel.
    pub channel: Option<ChannelId>,
    /// The fulfillment connection.
    pub connection: Option<ConnectionId>,
    /// The webhook endpoint.
    pub endpoint: Option<EndpointId>,
    /// The order.
    pub order: Option<OrderId>,
    /// The shipment.
    pub shipment: Option<ShipmentId>,
    /// The job that makes the call.
    pub job: Option<JobId>,
    /// The courier as it is sent.
    pub courier: Option<String>,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// The chain it belongs to.
    pub trace: Option<TraceId>,
}

/// The request of an exchange, before masking.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

/// The response of an exchange, before masking, and how it was understood.
#[derive(Debug, Clone)]
pub struct Received {
    /// How the exchange ended.
    pub status: RecordStatus,
    /// The HTTP status, if there was an answer.
    pub response_status: Option<i32>,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// The class of the failure.
    pub error_class: Option<String>,
    /// The vendor's code.
    pub error_code: Option<String>,
    /// The vendor's words, or ours for a transport failure.
    pub error_message: Option<String>,
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: RecordId,
}

/// Writes the request, committed, before the first byte goes out.
pub async fn begin(
    db: &Db,
    account: AccountId,
    log_type: LogType,
    about: &About,
    sent: &Sent,
) -> DbResult<RecordId> {
    let mut scope = db.scope(account).await?;
    let id = insert(&mut scope, log_type, Direction::Out, RecordStatus::InProgress, about, sent).await?;
    scope.commit().await?;
    Ok(id)
}

/// Writes a record in the caller's transaction (messages that came in).
pub async fn insert(
    scope: &mut Scope,
    log_type: LogType,
    direction: Direction,
    status: RecordStatus,
    about: &About,
    sent: &Sent,
) -> DbResult<RecordId> {
    let masked = mask::body(&sent.body);
    let (head, cut) = head_of(&masked);
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into transaction_records (account_id, log_type, status, direction, attempt, channel_id, \
                 connection_id, endpoint_id, order_id, shipment_id, job_id, courier, method, url, request_headers, \
                 request_body, request_cut, trace_id) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(log_type)
            .bind(status)
            .bind(direction)
            .bind(about.attempt.max(1))
            .bind(about.channel)
            .bind(about.connection)
            .bind(about.endpoint)
            .bind(about.order)
            .bind(about.shipment)
            .bind(about.job)
            .bind(about.courier.clone())
            .bind(&sent.method)
            .bind(mask::url(&sent.url))
            .bind(mask::headers(&sent.headers))
            .bind(head)
            .bind(cut)
            .bind(about.trace.as_ref().map(ToString::to_string)),
        )
        .await?;
    let id = row.map_or(RecordId(0), |r| r.id);
    if cut {
        store_body(scope, id, "request", &masked).await?;
    }
    Ok(id)
}

/// Completes a record, committed.
pub async fn complete(
    db: &Db,
    account: AccountId,
    id: RecordId,
    received: &Received,
    now: Instant,
) -> DbResult<()> {
    let mut scope = db.scope(account).await?;
    let masked = mask::body(&received.body);
    let (head, cut) = head_of(&masked);
    scope
        .execute(
            sql("update transaction_records set status = {}, response_status = {}, response_headers = {}, \
                 response_body = {}, response_cut = {}, duration_ms = {}, error_class = {}, error_code = {}, \
                 error_message = {}, finished_at = {} where account_id = {} and id = {}")
            .bind(received.status)
            .bind(received.response_status)
            .bind(mask::headers(&received.headers))
            .bind(head)
            .bind(cut)
            .bind(received.duration_ms)
            .bind(received.error_class.clone())
            .bind(received.error_code.clone())
            .bind(received.error_message.as_deref().map(mask::body))
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await?;
    if cut {
        store_body(&mut scope, id, "response", &masked).await?;
    }
    scope.commit().await
}

fn head_of(body: &str) -> (String, bool) {
    if body.len() <= IN_ROW {
        return (body.replace('\0', "␀"), false);
    }
    let mut end = IN_ROW;
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    (body[..end].replace('\0', "␀"), true)
}

async fn store_body(scope: &mut Scope, id: RecordId, part: &'static str, body: &str) -> DbResult<()> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // writing to memory does not fail
    let packed = encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
    let account = scope.account();
    scope
        .execute(
            sql("insert into bodies (account_id, record_id, part, gzip) values ({}, {}, {}, {})")
                .bind(account)
                .bind(id)
                .bind(part)
                .bind(packed),
        )
        .await?;
    Ok(())
}

/// A whole body, masked as it was stored: the row's head, or what lies in `bodies`.
pub async fn whole_body(scope: &mut Scope, id: RecordId, part: &'static str) -> DbResult<Option<String>> {
    #[derive(QueryableByName)]
    #[diesel(table_name = crate::db::schema::bodies)]
    struct Packed {
        gzip: Vec<u8>,
    }
    let account = scope.account();
    let packed: Option<Packed> = scope
        .row(
            sql("select gzip from bodies where account_id = {} and record_id = {} and part = {}")
                .bind(account)
                .bind(id)
                .bind(part),
        )
        .await?;
    Ok(packed.map(|p| {
        let mut text = String::new();
        let _ = GzDecoder::new(&p.gzip[..]).take(16 << 20).read_to_string(&mut text);
        text
    }))
}
