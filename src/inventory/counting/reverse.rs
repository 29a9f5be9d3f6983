//! *Reverse this adjustment*: it was a mistake; its opposite is written, once.

use super::{
    super::{EntryError, Mover, entries, stock},
    Counted, Told, balance, refused, result, signed, tell,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    ids::MovementId,
};
use serde::{Deserialize, Serialize};

/// *Reverse this adjustment*
#[derive(Debug)]
pub struct ReverseAdjustment;

/// Which, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct WhichOne {
    /// The movement.
    #[serde(default)]
    pub movement: String,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
}

impl Action for ReverseAdjustment {
    type Subject = Counted;
    type Input = WhichOne;
    const NAME: &'static str = "reverse_adjustment";
    const LABEL: &'static str = "Reverse this adjustment";
    const PERMISSION: Permission = Permission::InventoryEdit;

    fn available(subject: &Counted) -> Availability {
        Availability::when(subject.stock_kept, "Its stock is not kept, so nothing of it was adjusted.")
    }

    async fn preview(_: &mut Scope, subject: &Counted) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Reverse an adjustment of {}?", subject.sku),
            effects: vec![
                "Its opposite is written to the ledger. Both stay there.".into(),
                "Units that come back lie in the cost layers they were taken from.".into(),
            ],
            button: "Reverse this adjustment".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Counted,
        by: &By,
        input: WhichOne,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let reason = actions::reason(&input.reason, None)?;
        let Ok(id) = input.movement.trim().parse::<MovementId>() else {
            return Err(ActionError::field("movement", "Choose the adjustment."));
        };
        let movement = stock::movement(scope, id).await?.filter(|m| m.product_id == subject.id);
        let movement = movement.ok_or(EntryError::Unknown).map_err(refused("movement"))?;
        let Some(place) = subject.places.iter().find(|p| p.stock.warehouse_id == movement.warehouse_id)
        else {
            return Err(refused("movement")(EntryError::Unknown));
        };
        let before = balance(scope, &subject, movement.warehouse_id).await?;
        let mover = Mover { name: &by.actor.name, now };
        entries::reverse_adjustment(scope, id, reason, mover).await.map_err(refused("movement"))?;
        let after = balance(scope, &subject, movement.warehouse_id).await?;
        let by_so_many = signed(movement.quantity);
        let summary =
            format!("Reversed the adjustment of {} in {} by {by_so_many}", subject.sku, place.warehouse);
        tell(scope, &subject, by, Told { verb: "adjustment_reversed", summary, before, after, reason })
            .await?;
        let said = format!("The adjustment by {by_so_many} is reversed. {}", result(place, before, after));
        Ok(Outcome::done(said))
    }
}
