//! *Receive inventory*: units were bought or made and lie there now.

use super::{
    super::{MovementKind, Mover, entries},
    Counted, MOST, Told, balance, begins, new_word, refused, result, somewhere, tell, unit_cost,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    money,
};
use serde::{Deserialize, Serialize};

/// *Receive inventory*
#[derive(Debug)]
pub struct ReceiveStock;

/// Where, how many and what each cost.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// The warehouse; may be empty where there is only one.
    #[serde(default)]
    pub warehouse: String,
    /// How many units.
    #[serde(default)]
    pub quantity: String,
    /// What each cost, as a decimal in the account's currency; empty: not known.
    #[serde(default)]
    pub unit_cost: String,
    /// For people.
    #[serde(default)]
    pub note: String,
}

/// How many came in.
pub fn quantity(text: &str) -> Option<i32> {
    text.trim().parse().ok().filter(|n| (1..=MOST).contains(n))
}

fn note(text: &str) -> Result<&str, ActionError> {
    let text = text.trim();
    match text.chars().count() {
        ..=500 => Ok(text),
        _ => Err(ActionError::field("note", "Keep the note under 500 characters.")),
    }
}

impl Action for ReceiveStock {
    type Subject = Counted;
    type Input = Receipt;
    const NAME: &'static str = "receive_stock";
    const LABEL: &'static str = "Receive inventory";
    const PERMISSION: Permission = Permission::InventoryEdit;

    fn available(subject: &Counted) -> Availability {
        somewhere(subject)
    }

    async fn preview(_: &mut Scope, subject: &Counted) -> DbResult<Preview> {
        let mut effects: Vec<String> = begins(subject).into_iter().collect();
        effects.push("Units that were sold below zero are covered first, the oldest shipment first.".into());
        effects
            .push("A receipt stays in the ledger. What was too much is taken out by an adjustment.".into());
        Ok(Preview {
            question: format!("Receive inventory of {}?", subject.sku),
            effects,
            button: "Receive inventory".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Counted,
        by: &By,
        input: Receipt,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let place = subject.chosen(&input.warehouse)?;
        let Some(quantity) = quantity(&input.quantity) else {
            let sentence = "Write how many came in, as a whole number from 1 to 1,000,000.";
            return Err(ActionError::field("quantity", sentence));
        };
        let cost = unit_cost(&subject, &input.unit_cost, by.can(Permission::CostsView))?;
        let note = note(&input.note)?;
        let warehouse = place.stock.warehouse_id;
        let before = balance(scope, &subject, warehouse).await?;
        before.with(quantity).map_err(refused("quantity"))?;
        let word = new_word(scope).await?;
        let mover = Mover { name: &by.actor.name, now };
        let (at, kind) = ((subject.id, warehouse), MovementKind::Receipt);
        entries::come_in(scope, at, quantity, cost, kind, word, note, mover)
            .await
            .map_err(refused("quantity"))?;
        let after = balance(scope, &subject, warehouse).await?;
        let units = format!("{} × {}", money::grouped(quantity.into()), subject.sku);
        let summary = format!("Received {units} in {}", place.warehouse);
        tell(scope, &subject, by, Told { verb: "stock_received", summary, before, after, reason: note })
            .await?;
        Ok(Outcome::done(format!("{units} received. {}", result(place, before, after))))
    }
}
