//! Takes a reship back while its shipment has not been posted: the shipment is
//! voided, and the operator hold that came with it is removed.

use super::{
    Status, Subject,
    reship::HELD_FOR,
    reshippable::Reshippable,
    void::{self, VoidShipment},
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview, Target, WhyNot, ticked},
    clock::Instant,
    db::{DbResult, Scope},
    ids::ShipmentId,
    orders::{self, HoldKind, holds::RemoveHold, holds::remove},
};
use serde::{Deserialize, Serialize};

/// The action.
#[derive(Debug)]
pub struct UndoReship;

/// Which reship.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// The shipment it made: its id.
    #[serde(default)]
    pub shipment: String,
    /// Whether it placed an operator hold.
    #[serde(default, deserialize_with = "ticked")]
    pub held: bool,
}

impl Action for UndoReship {
    type Subject = Reshippable;
    type Input = Input;
    const NAME: &'static str = "undo_reship";
    const LABEL: &'static str = "Cancel re-ship";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Reshippable) -> Availability {
        let waits = |status| matches!(status, Status::PendingPost | Status::Error);
        Availability::when(
            subject
                .shipments
                .iter()
                .any(|s| s.reship_of.is_some() && s.date_post.is_none() && waits(s.status)),
            "Available while a reship of the order waits to be posted.",
        )
    }

    async fn preview(_: &mut Scope, subject: &Reshippable) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Cancel the re-ship of order {}?", subject.number),
            effects: vec![
                "Its shipment is voided: what it took from stock goes back.".into(),
                "The order’s holds stay.".into(),
            ],
            button: "Cancel re-ship".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Reshippable,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let unposted = |s: &&super::Shipment| s.reship_of.is_some() && s.date_post.is_none();
        let named = input.shipment.parse().ok().map(ShipmentId);
        let mut reships = subject.shipments.iter().rev().filter(unposted);
        // a page names none: the newest
        let found = match named {
            Some(id) => reships.find(|s| s.id == id),
            None => reships.next(),
        };
        let Some(reship) = found else {
            let sentence = "The reship was posted or voided meanwhile. Void its shipment instead.".to_owned();
            return Err(ActionError::Unavailable(WhyNot { sentence, offer: None }));
        };
        let Some(shipment) = Subject::load(scope, reship.id, true).await? else {
            return Err(ActionError::NotFound);
        };
        if let Availability::Unavailable(why) = VoidShipment::available(&shipment) {
            return Err(ActionError::Unavailable(why));
        }
        let reason = void::Input { reason: "The reship was canceled".into() };
        VoidShipment::apply(scope, shipment, by, reason, now).await?;
        let order = orders::Subject::load(scope, subject.id.0, true).await?;
        // one that somebody placed or changed since is theirs
        let own = |order: &orders::Subject| {
            input.held && order.hold(HoldKind::Operator).is_some_and(|hold| hold.reason == HELD_FOR)
        };
        if let Some(order) = order.filter(own) {
            let hold = remove::Input {
                kind: HoldKind::Operator.to_string(),
                reason: "The reship was canceled".into(),
            };
            RemoveHold::apply(scope, order, by, hold, now).await?;
        }
        Ok(Outcome::done(format!("{} is canceled; its stock went back.", reship.number)))
    }
}
