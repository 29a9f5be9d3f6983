//! Restore: takes a void back while the budget of its fulfillment order is free.

use super::{
    Status, Subject, budget,
    cancel_order::CancelOrder,
    counted, lock,
    provider_orders::{self, CancelState},
    state, view,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    inventory::{Mover, ledger},
    notify::events::{self, EventType, NewEvent},
    orders::status,
};
use serde_json::json;

/// The action.
#[derive(Debug)]
pub struct RestoreShipment;

impl Action for RestoreShipment {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "restore_shipment";
    const LABEL: &'static str = "Restore shipment";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        let around = &subject.around;
        if subject.shipment.voided_at.is_none() {
            return Availability::no("Available once the shipment has been voided.");
        }
        if around.cancel_state == Some(CancelState::Requested) {
            return Availability::no(format!(
                "{} is being asked to cancel its order now. Restore it once the answer is there.",
                subject.provider_name()
            ));
        }
        // its order there may be gone, or go when it is asked again
        if around.cancel_state == Some(CancelState::Unknown) {
            return Availability::no_but(
                format!(
                    "It is not known whether {} canceled its order. Restore it once it is.",
                    subject.provider_name()
                ),
                CancelOrder::NAME,
            );
        }
        if around.order_canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if let Some(number) = &around.replaced_by {
            return Availability::no(format!("Its items were edited; {number} stands in its place."));
        }
        match &around.budget_used_by {
            Some(number) => {
                Availability::no(format!("Its items stand in {number} now. Void that one first."))
            }
            None => Availability::Available,
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let shipment = &subject.shipment;
        let back = back_to(scope, subject).await?;
        let mut effects = vec![
            "Its stock is taken again: the units that were reserved since it was voided.".to_owned(),
            "Its items count in the fulfillment order’s budget again.".to_owned(),
        ];
        effects.push(match back {
            Status::PendingPost if shipment.date_post.is_some() || subject.around.posted_before => {
                format!(
                    "Its order at {} was canceled, so it waits to be posted again.",
                    subject.provider_name()
                )
            }
            Status::PendingPost => "It waits to be posted.".into(),
            Status::PendingTracking => {
                format!("{} still has its order, so it waits for tracking.", subject.provider_name())
            }
            _ => "It is shown as sent, as it was.".into(),
        });
        Ok(Preview {
            question: format!("Restore {}?", shipment.number),
            effects,
            button: "Restore shipment".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        // the budget is its order's: who held the order may have used it up
        lock::order(scope, subject.shipment.order_id).await?;
        let Some(subject) = Subject::load(scope, subject.shipment.id, true).await? else {
            return Err(ActionError::NotFound);
        };
        if let Availability::Unavailable(why) = Self::available(&subject) {
            return Err(ActionError::Unavailable(why));
        }
        let shipment = &subject.shipment;
        let back = back_to(scope, &subject).await?;
        let before = counted::gone(scope, shipment.order_id).await?;
        if !state::restore(scope, shipment.id, back, now).await? {
            let sentence = "Its status changed meanwhile. Look at it again.".into();
            return Err(ActionError::Unavailable(WhyNot { sentence, offer: None }));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update shipment_details set voided_by_user_id = null, void_reason = null \
                     where account_id = {} and shipment_id = {}")
                .bind(account)
                .bind(shipment.id),
            )
            .await?;
        budget::use_up(scope, shipment.id).await?;
        ledger::take_again(scope, shipment.id, Mover { name: &by.actor.name, now }).await?;
        counted::count(scope, shipment.order_id, &before).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_restored",
            shipment.id,
            shipment.order_id,
            format!("Restored {}: stock taken again", shipment.number),
        )
        .changed(json!({ "status": Status::Canceled }), json!({ "status": back }))
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let event = NewEvent {
            kind: EventType::ShipmentUpdated,
            cause: format!("restore:{}:{}", shipment.id, shipment.version),
            order: shipment.order_id,
            shipment: Some(shipment.id),
            data: view::event_data(scope, shipment.id).await?,
            trace: &by.trace,
        };
        events::tell(scope, event, now).await?;
        status::refresh(scope, shipment.order_id).await?;
        Ok(Outcome::done(format!("{} is restored.", shipment.number)))
    }
}

/// Where it stands once it is restored.
async fn back_to(scope: &mut Scope, subject: &Subject) -> DbResult<Status> {
    let shipment = &subject.shipment;
    if shipment.delivered_at.is_some() {
        return Ok(Status::Delivered);
    }
    if shipment.shipped_at.is_some() {
        return Ok(Status::Shipped);
    }
    let orders = provider_orders::may_be_live(scope, shipment.id).await?;
    let posted = shipment.date_post.is_some() && orders.iter().any(|order| order.superseded_at.is_none());
    Ok(if posted { Status::PendingTracking } else { Status::PendingPost })
}
