//! A shipment has left the warehouse with a courier and a tracking number: the
//! one place where that is written, whoever says so – the provider, a person or
//! a file.

use super::{
    ChannelSync, InventoryStatus, Status, Subject, TrackingStatus, counted, lock, state, submit, told, view,
};
use crate::{
    actions::By,
    clock::Instant,
    couriers::{catalogue, seen},
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Ended},
    ids::RecordId,
    inventory::{Mover, ledger},
    money,
    notify::{
        events::{self, EventType, NewEvent},
        responders::{self, Trigger},
    },
    orders::status,
    problems::{ProblemKind, queue},
};
use serde_json::json;

/// What is known of the parcel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Departure<'a> {
    /// Who has it.
    pub courier: &'a str,
    /// Its number there.
    pub tracking_number: &'a str,
    /// The courier's service; `None` leaves what is known.
    pub service: Option<&'a str>,
    /// What sending it cost, in the order's currency; `None` leaves what is known.
    pub cost_minor: Option<i64>,
    /// When; `None` is now, unless it is known.
    pub shipped_at: Option<Instant>,
    /// The exchange that says so.
    pub record: Option<RecordId>,
}

/// Whether a tracking number means that a shipment in this state has left. While
/// it is being posted that is left to the post.
pub fn would_leave(status: Status) -> bool {
    matches!(status, Status::PendingPost | Status::PendingTracking | Status::Error | Status::Unconfirmed)
}

/// Writes that it left: state (only forward), items, problems, history, event and
/// e-mails; the channel is told by itself.
pub async fn leave(
    scope: &mut Scope,
    subject: &Subject,
    left: Departure<'_>,
    by: &By,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    if shipment.voided_at.is_some() {
        return left_although_voided(scope, subject, left, by).await;
    }
    lock::order(scope, shipment.order_id).await?;
    let before = counted::gone(scope, shipment.order_id).await?;
    let account = scope.account();
    told::note_before(scope, shipment, now).await?;
    let url = catalogue::by_any_name(left.courier).and_then(|c| c.tracking_url(left.tracking_number));
    scope
        .execute(
            sql("update shipments set tracking_number = {}, courier = {}, service_level = coalesce({}, service_level), \
                 tracking_url = {}, tracking_status = coalesce(tracking_status, {}), cost_minor = coalesce({}, cost_minor), \
                 inventory_status = {}, shipped_at = coalesce(shipped_at, {}), \
                 search_text = search_text || ' ' || lower({}), version = version + 1, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(left.tracking_number)
            .bind(left.courier)
            .bind(left.service)
            .bind(url)
            .bind(TrackingStatus::Transit)
            .bind(left.cost_minor)
            .bind(InventoryStatus::Shipped)
            .bind(left.shipped_at.unwrap_or(now))
            .bind(left.tracking_number)
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    if would_leave(shipment.status) {
        state::move_to(scope, shipment.id, shipment.status, Status::Shipped).await?;
        // whatever was asked or marked before: it has left
        for kind in [ProblemKind::Post, ProblemKind::Cancel, ProblemKind::Update] {
            queue::resolve(scope, shipment.id, kind, "It has left the warehouse.", now).await?;
        }
    }
    counted::count(scope, shipment.order_id, &before).await?;
    // what a reship had added back has left after all
    ledger::leave(scope, shipment.id, Mover { name: &by.actor.name, now }).await?;
    seen::note(scope, shipment.channel_id, left.courier, shipment.id, now).await?;
    tell(scope, subject, left, by, now).await?;
    // the channel follows by itself
    if let Some(fresh) = Subject::load(scope, shipment.id, true).await?
        && fresh.shipment.channel_sync != ChannelSync::Muted
        && submit::available(&fresh).is_available()
    {
        submit::queue(scope, &fresh, &By::system(by.trace.clone()), now).await?;
    }
    status::refresh(scope, shipment.order_id).await
}

/// A voided shipment is not there any more, its units are the order's again: that
/// they left is told, for a person to put right.
async fn left_although_voided(
    scope: &mut Scope,
    subject: &Subject,
    left: Departure<'_>,
    by: &By,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let words = format!(
        "{} was voided and has left all the same with {}, tracking {}. Adjust the stock, or restore it.",
        shipment.number, left.courier, left.tracking_number
    );
    let entry =
        Entry::shipment(&by.actor, "shipment_left_although_voided", shipment.id, shipment.order_id, words)
            .ended(Ended::Warning)
            .from_record(left.record)
            .traced(Some(&by.trace));
    activity::record(scope, entry).await?;
    Ok(())
}

/// The line of history, the event and the customer's e-mails.
async fn tell(
    scope: &mut Scope,
    subject: &Subject,
    left: Departure<'_>,
    by: &By,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let unposted = match shipment.status {
        Status::PendingPost => ", without having been posted",
        _ => "",
    };
    let mut before = json!({ "courier": shipment.courier, "tracking_number": shipment.tracking_number });
    let mut after = json!({ "courier": left.courier, "tracking_number": left.tracking_number });
    if let Some(service) = left.service {
        before["service"] = json!(shipment.service_level);
        after["service"] = json!(service);
    }
    if let Some(cost) = left.cost_minor {
        before["shipping_cost"] = json!(money::decimal(shipment.cost_minor, &subject.around.currency));
        after["shipping_cost"] = json!(money::decimal(cost, &subject.around.currency));
    }
    let entry = Entry::shipment(
        &by.actor,
        "shipment_shipped",
        shipment.id,
        shipment.order_id,
        format!(
            "{} left with {}, tracking {}{unposted}",
            shipment.number, left.courier, left.tracking_number
        ),
    )
    .changed(before, after)
    .from_record(left.record)
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentShipped,
        cause: format!("tracking:{}:{}", shipment.id, left.tracking_number),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: view::event_data(scope, shipment.id).await?,
        trace: &by.trace,
    };
    if let Some(event) = events::tell(scope, event, now).await? {
        responders::trigger(scope, Trigger::Shipped, event, shipment.order_id, shipment.id, &by.trace, now)
            .await?;
    }
    Ok(())
}
