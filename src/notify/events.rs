//! Events: one per change, with one id over all endpoints and retries.

use super::{data, webhooks};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{EventId, OrderId, ShipmentId},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool},
};
use serde_json::{Value, json};

text_enum! {
    /// What can be told.
    EventType {
        /// The shipment was posted: the provider has it.
        ShipmentFulfilled = "shipment_fulfilled",
        /// It left.
        ShipmentShipped = "shipment_shipped",
        /// It arrived.
        ShipmentDelivered = "shipment_delivered",
        /// Something of it changed.
        ShipmentUpdated = "shipment_updated",
        /// The provider refused it, or a person marked it.
        ShipmentError = "shipment_error",
        /// It was voided.
        ShipmentCanceled = "shipment_canceled",
        /// An order came in.
        OrderCreated = "order_created",
        /// An order changed.
        OrderUpdated = "order_updated",
        /// A new shipment was made for an order.
        OrderReshipped = "order_reshipped",
        /// The channel has the tracking.
        ChannelSubmissionSucceeded = "channel_submission_succeeded",
        /// The channel refused it.
        ChannelSubmissionFailed = "channel_submission_failed",
        /// Another endpoint was disabled.
        EndpointDisabled = "endpoint_disabled",
        /// Somebody tried an endpoint out.
        EndpointTest = "endpoint_test",
    }
}

/// One kind of event as the catalogue tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Which.
    pub kind: EventType,
    /// The group it is shown in.
    pub group: &'static str,
    /// When it is told.
    pub when: &'static str,
}

const fn listed(kind: EventType, group: &'static str, when: &'static str) -> Listed {
    Listed { kind, group, when }
}

/// Every event an endpoint can ask for, in the order of pages and docs.
pub const CATALOGUE: &[Listed] = &[
    listed(EventType::OrderCreated, "Orders", "An order came in: by a channel, a file or the API."),
    listed(
        EventType::OrderUpdated,
        "Orders",
        "An order changed: money or cancellation at the channel, its address, shipping method, tags or holds.",
    ),
    listed(EventType::OrderReshipped, "Orders", "A shipment was made that sends items of an order again."),
    listed(
        EventType::ShipmentFulfilled,
        "Shipments",
        "A shipment was posted: its provider has it. Told again after each re-post.",
    ),
    listed(
        EventType::ShipmentShipped,
        "Shipments",
        "It left the warehouse with a courier and a tracking number.",
    ),
    listed(EventType::ShipmentDelivered, "Shipments", "It arrived."),
    listed(
        EventType::ShipmentUpdated,
        "Shipments",
        "Its shipping details or items were edited, it was restored, or its order at the provider was canceled.",
    ),
    listed(
        EventType::ShipmentError,
        "Shipments",
        "The provider refused it, or somebody marked it as an error.",
    ),
    listed(EventType::ShipmentCanceled, "Shipments", "It was voided."),
    listed(EventType::ChannelSubmissionSucceeded, "Sales channels", "The sales channel took its tracking."),
    listed(
        EventType::ChannelSubmissionFailed,
        "Sales channels",
        "The sales channel refused its tracking, or did not answer to the end.",
    ),
    listed(
        EventType::EndpointDisabled,
        "Webhooks",
        "Another endpoint of the account was disabled because it did not take what was sent.",
    ),
];

impl EventType {
    /// What `data` looks like, made by the code that makes the real thing.
    pub fn sample(self) -> Value {
        let data = match self {
            EventType::ShipmentFulfilled => data::sample_shipment("pending_tracking", "awaiting_send", None),
            EventType::ShipmentShipped | EventType::ShipmentUpdated => {
                data::sample_shipment("shipped", "pending_sync", None)
            }
            EventType::ShipmentDelivered => data::sample_shipment("delivered", "synced", None),
            EventType::ShipmentError => data::sample_shipment("error", "awaiting_send", None),
            EventType::ShipmentCanceled => data::sample_shipment("canceled", "awaiting_send", None),
            EventType::OrderReshipped => data::sample_shipment("pending_post", "not_applicable", None),
            EventType::ChannelSubmissionSucceeded => data::sample_shipment("shipped", "synced", None),
            EventType::ChannelSubmissionFailed => {
                data::sample_shipment("shipped", "failed", Some("The carrier is not known."))
            }
            EventType::OrderCreated | EventType::OrderUpdated => data::sample_order(),
            EventType::EndpointDisabled => {
                webhooks::endpoint_data(17, "https://erp.example.com/waybill", webhooks::GONE)
            }
            EventType::EndpointTest => webhooks::endpoint_data(17, "https://erp.example.com/waybill", ""),
        };
        payload(self, data::sample_moment(), data)
    }
}

fn payload(kind: EventType, at: Instant, data: Value) -> Value {
    json!({ "type": kind, "timestamp": at.to_rfc3339(), "data": data })
}

/// An event to be told.
#[derive(Debug)]
pub struct NewEvent<'a> {
    /// Of what kind.
    pub kind: EventType,
    /// What makes it this event and no other: `post:17`. Telling it twice is
    /// telling it once.
    pub cause: String,
    /// The order.
    pub order: OrderId,
    /// The shipment.
    pub shipment: Option<ShipmentId>,
    /// What receivers read as `data`.
    pub data: Value,
    /// The chain.
    pub trace: &'a TraceId,
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: EventId,
}

/// Tells an event, in the caller's transaction: the event, and a delivery with
/// its job for each endpoint that listens. `None`: it was told before.
pub async fn tell(scope: &mut Scope, event: NewEvent<'_>, now: Instant) -> DbResult<Option<EventId>> {
    let about = (Some(event.order), event.shipment);
    let Some(id) = keep(scope, event.kind, event.cause, about, event.data, event.trace, now).await? else {
        return Ok(None);
    };
    webhooks::fan_out(scope, id, event.kind, None, event.trace, now).await?;
    Ok(Some(id))
}

/// Writes an event, which nobody is told of yet. `None`: it is there.
pub(super) async fn keep(
    scope: &mut Scope,
    kind: EventType,
    cause: String,
    (order, shipment): (Option<OrderId>, Option<ShipmentId>),
    data: Value,
    trace: &TraceId,
    now: Instant,
) -> DbResult<Option<EventId>> {
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into webhook_events (id, account_id, event_type, cause, order_id, shipment_id, payload, trace_id, occurred_at) \
                 values (log_id_at({}), {}, {}, {}, {}, {}, {}, {}, {}) on conflict (account_id, cause) do nothing returning id")
            .bind(now)
            .bind(account)
            .bind(kind)
            .bind(format!("{kind}:{cause}"))
            .bind(order)
            .bind(shipment)
            .bind(payload(kind, now, data))
            .bind(trace.to_string())
            .bind(now),
        )
        .await?;
    Ok(row.map(|row| row.id))
}

/// Tells that an order came in.
pub async fn order_created(scope: &mut Scope, id: OrderId, trace: &TraceId, now: Instant) -> DbResult<()> {
    of_order(scope, EventType::OrderCreated, id, trace, now).await
}

/// Tells that an order changed, once for each version of it: called at the end of
/// the change, when its version has gone up.
pub async fn order_updated(scope: &mut Scope, id: OrderId, trace: &TraceId, now: Instant) -> DbResult<()> {
    of_order(scope, EventType::OrderUpdated, id, trace, now).await
}

/// Orders come and change by the thousand: what nobody listens to is not written.
async fn of_order(
    scope: &mut Scope,
    kind: EventType,
    id: OrderId,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    #[derive(QueryableByName)]
    struct Listens {
        #[diesel(sql_type = Bool)]
        listens: bool,
    }
    let account = scope.account();
    let heard: Option<Listens> = scope
        .row(
            sql("select exists (select 1 from webhook_endpoints where account_id = {} and state in ('active', 'paused') \
                 and (cardinality(events) = 0 or {} = any(events))) as listens")
            .bind(account)
            .bind(kind),
        )
        .await?;
    if !heard.is_some_and(|h| h.listens) {
        return Ok(());
    }
    let Some((version, data)) = data::order(scope, id).await? else { return Ok(()) };
    let cause = match kind {
        EventType::OrderCreated => format!("{id}"),
        _ => format!("{id}:{version}"),
    };
    tell(scope, NewEvent { kind, cause, order: id, shipment: None, data, trace }, now).await?;
    Ok(())
}
