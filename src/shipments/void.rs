//! Void: a soft, reversible cancel. The shipment and its lines stay for history;
//! its stock goes back and stays reserved unless its order is canceled, its
//! fulfillment order is open again, and the order at the provider is canceled.

use super::{
    InventoryStatus, Status, Subject, budget, cancel_order, counted, late, lock,
    provider_orders::{self, CancelState, ProviderOrder},
    state, view,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Ended, mask},
    inventory::{Mover, ledger},
    notify::events::{self, EventType, NewEvent},
    orders::status,
    problems::{ProblemKind, queue},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The action.
#[derive(Debug)]
pub struct VoidShipment;

/// What the person says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// Why it is voided.
    #[serde(default)]
    pub reason: String,
}

impl Action for VoidShipment {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "void_shipment";
    const LABEL: &'static str = "Void shipment";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        match subject.shipment.status {
            Status::Canceled => Availability::no_but("The shipment is voided already.", "restore_shipment"),
            // whatever is on its way now would come back to a shipment that is not there any more
            Status::Posting => Availability::no(format!(
                "It is being posted to {} now. Void it once the answer is there.",
                subject.provider_name()
            )),
            Status::Unconfirmed => Availability::no_but(
                format!(
                    "We don’t know whether {} has it, so its order there could not be canceled. Check with the provider first.",
                    subject.provider_name()
                ),
                "check_post",
            ),
            _ => Availability::Available,
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let shipment = &subject.shipment;
        let mut effects = match subject.around.order_canceled {
            true => vec![
                "Its stock movements are reversed. The order is canceled, so the units are free for others."
                    .to_owned(),
            ],
            false => vec![
                "Its stock movements are reversed. The units stay reserved for the order.".to_owned(),
                "Its fulfillment order is open again, so that the items can be sent anew.".to_owned(),
            ],
        };
        let alive = at_provider(scope, subject).await?;
        let confirm = match &alive {
            Some(order) if cancel_order::cancels(subject).is_available() => {
                effects.push(format!(
                    "{} is asked to cancel its order {}. It may refuse.",
                    subject.provider_name(),
                    order.remote_id
                ));
                None
            }
            Some(order) => {
                effects.push(format!(
                    "{} takes no cancellations from here: its order {} stays until somebody cancels it there.",
                    subject.provider_name(),
                    order.remote_id
                ));
                Some(format!("I cancel order {} at {} myself", order.remote_id, subject.provider_name()))
            }
            None => None,
        };
        if shipment.inventory_status == InventoryStatus::Shipped {
            effects.push("It has left the warehouse: voiding it does not bring the parcel back.".into());
        }
        if shipment.submitted_to_sales_channel_at.is_some() {
            effects.push(format!("{} keeps the tracking it was told.", subject.around.channel_name));
        }
        effects.push("The shipment_canceled event is told to connected systems.".into());
        effects.push(
            "The shipment is kept for history. Restore takes the void back while the budget is free.".into(),
        );
        Ok(Preview {
            question: format!("Void {}?", shipment.number),
            effects,
            confirm,
            button: "Void shipment".into(),
            asks_reason: true,
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let reason = actions::reason(&input.reason, Some("Say why it is voided."))?;
        let shipment = &subject.shipment;
        lock::order(scope, shipment.order_id).await?;
        let before = counted::gone(scope, shipment.order_id).await?;
        let alive = at_provider(scope, &subject).await?;
        if !state::void(scope, shipment.id, shipment.status, now).await? {
            let sentence = "Its status changed meanwhile. Look at it again.".into();
            return Err(ActionError::Unavailable(WhyNot { sentence, offer: None }));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update shipment_details set voided_by_user_id = {}, void_reason = {} \
                     where account_id = {} and shipment_id = {}")
                .bind(by.user())
                .bind(reason)
                .bind(account)
                .bind(shipment.id),
            )
            .await?;
        // a canceled order keeps nothing: what comes back is free
        let reserves = !subject.around.order_canceled;
        ledger::give_back(scope, shipment.id, reserves, Mover { name: &by.actor.name, now }).await?;
        budget::give_back(scope, shipment.id).await?;
        counted::count(scope, shipment.order_id, &before).await?;
        for kind in [ProblemKind::Post, ProblemKind::Submit, ProblemKind::Cancel, ProblemKind::Update] {
            queue::resolve(scope, shipment.id, kind, "The shipment was voided.", now).await?;
        }
        let entry = Entry::shipment(
            &by.actor,
            "shipment_voided",
            shipment.id,
            shipment.order_id,
            format!("Voided {}: stock given back, fulfillment order open again", shipment.number),
        )
        .changed(
            json!({ "status": shipment.status }),
            json!({ "status": Status::Canceled, "void_reason": mask::body(reason) }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let (job, told) = match &alive {
            Some(order) if cancel_order::cancels(&subject).is_available() => {
                let job = cancel_order::queue(scope, &subject, order, by, now).await?;
                (Some(job), format!(" {} is asked to cancel its order.", subject.provider_name()))
            }
            Some(order) => {
                let words = format!(
                    "Order {} at {} is to be canceled there",
                    order.remote_id,
                    subject.provider_name()
                );
                let entry = Entry::shipment(
                    &by.actor,
                    "shipment_order_left",
                    shipment.id,
                    shipment.order_id,
                    words.clone(),
                )
                .ended(Ended::Warning)
                .traced(Some(&by.trace));
                activity::record(scope, entry).await?;
                // whether it was is looked at later, where it can be read
                late::plan(scope, shipment.id, &by.trace, now).await?;
                (None, format!(" {words}."))
            }
            None => (None, String::new()),
        };
        let event = NewEvent {
            kind: EventType::ShipmentCanceled,
            cause: format!("void:{}:{}", shipment.id, shipment.version),
            order: shipment.order_id,
            shipment: Some(shipment.id),
            data: view::event_data(scope, shipment.id).await?,
            trace: &by.trace,
        };
        events::tell(scope, event, now).await?;
        status::refresh(scope, shipment.order_id).await?;
        let mut outcome = Outcome::done(format!("{} is voided.{told}", shipment.number))
            .undone_by(super::restore::RestoreShipment::NAME, json!({}));
        outcome.jobs.extend(job);
        Ok(outcome)
    }
}

/// The shipment's current order at its provider, if it may be alive.
async fn at_provider(scope: &mut Scope, subject: &Subject) -> DbResult<Option<ProviderOrder>> {
    // what has left is not canceled
    if subject.shipment.inventory_status == InventoryStatus::Shipped {
        return Ok(None);
    }
    let orders = provider_orders::may_be_live(scope, subject.shipment.id).await?;
    Ok(orders
        .into_iter()
        .find(|order| order.superseded_at.is_none() && order.cancel_state != CancelState::Confirmed))
}
