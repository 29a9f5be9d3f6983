//! Events: one per change, with one id over all endpoints and retries.

use super::webhooks;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{EventId, OrderId, ShipmentId},
    text_enum::text_enum,
};
use diesel::{QueryableByName, sql_types::BigInt};
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
    }
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
/// its job for each active endpoint that listens. `None`: it was told before.
pub async fn tell(scope: &mut Scope, event: NewEvent<'_>, now: Instant) -> DbResult<Option<EventId>> {
    let account = scope.account();
    let payload = json!({ "type": event.kind, "timestamp": now.to_rfc3339(), "data": event.data });
    let row: Option<NewId> = scope
        .row(
            sql("insert into webhook_events (account_id, event_type, cause, order_id, shipment_id, payload, trace_id, occurred_at) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}) on conflict (account_id, cause) do nothing returning id")
            .bind(account)
            .bind(event.kind)
            .bind(format!("{}:{}", event.kind, event.cause))
            .bind(event.order)
            .bind(event.shipment)
            .bind(payload)
            .bind(event.trace.to_string())
            .bind(now),
        )
        .await?;
    let Some(NewId { id }) = row else { return Ok(None) };
    webhooks::fan_out(scope, id, event.kind, event.trace, now).await?;
    Ok(Some(id))
}
