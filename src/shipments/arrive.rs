//! A shipment has arrived: the one place where that is written, whoever says so.
//! *Mark as delivered* is how a person says it.

use super::{Status, Subject, TrackingStatus, lock, state, view};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    notify::{
        events::{self, EventType, NewEvent},
        responders::{self, Trigger},
    },
    orders::status,
};
use serde_json::json;

/// Writes that it arrived: state, history, event and e-mails. `false`: it is not
/// on its way, and nothing was written.
pub async fn arrive(
    scope: &mut Scope,
    subject: &Subject,
    at: Instant,
    by: &By,
    now: Instant,
) -> DbResult<bool> {
    let shipment = &subject.shipment;
    lock::order(scope, shipment.order_id).await?;
    if shipment.status != Status::Shipped
        || !state::move_to(scope, shipment.id, Status::Shipped, Status::Delivered).await?
    {
        return Ok(false);
    }
    let account = scope.account();
    scope
        .execute(
            sql("update shipments set delivered_at = {}, tracking_status = {}, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(at)
            .bind(TrackingStatus::Delivered)
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    let summary = format!("{} was delivered", shipment.number);
    let entry = Entry::shipment(&by.actor, "shipment_delivered", shipment.id, shipment.order_id, summary)
        .changed(json!({ "delivered_at": null }), json!({ "delivered_at": at.to_rfc3339() }))
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentDelivered,
        cause: format!("arrived:{}:{}", shipment.id, shipment.version),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: view::event_data(scope, shipment.id).await?,
        trace: &by.trace,
    };
    if let Some(event) = events::tell(scope, event, now).await? {
        responders::trigger(scope, Trigger::Delivered, event, shipment.order_id, shipment.id, &by.trace, now)
            .await?;
    }
    status::refresh(scope, shipment.order_id).await?;
    Ok(true)
}

/// *Mark as delivered*
#[derive(Debug)]
pub struct MarkAsDelivered;

impl Action for MarkAsDelivered {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "mark_as_delivered";
    const LABEL: &'static str = "Mark as delivered";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        match subject.shipment.status {
            Status::Shipped => Availability::Available,
            Status::Delivered => Availability::no("It was delivered."),
            Status::Canceled => Availability::no("The shipment is voided."),
            _ => Availability::no("Available once it has left the warehouse."),
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let shipment = &subject.shipment;
        let mails = responders::would_write(scope, Trigger::Delivered, shipment.id).await?;
        Ok(Preview {
            question: format!("Mark {} as delivered?", shipment.number),
            effects: vec![
                format!("The status of {} becomes Delivered.", shipment.number),
                "The shipment_delivered event is told to connected systems.".to_owned(),
                match mails {
                    0 => "No e-mail goes to the customer.".to_owned(),
                    1 => "1 e-mail goes to the customer.".to_owned(),
                    n => format!("{n} e-mails go to the customer."),
                },
            ],
            button: "Mark as delivered".into(),
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
        let number = subject.shipment.number.clone();
        if !arrive(scope, &subject, now, by, now).await? {
            return Err(ActionError::Unavailable(WhyNot {
                sentence: "Its status changed meanwhile. Look at it again.".into(),
                offer: None,
            }));
        }
        Ok(Outcome::done(format!("{number} is marked as delivered.")))
    }
}
