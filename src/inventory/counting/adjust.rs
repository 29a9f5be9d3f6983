//! *Adjust inventory*: units were found or are gone, for a reason.

use super::{
    super::{Mover, entries},
    Counted, MOST, ReverseAdjustment, Told, balance, begins, new_word, refused, result, signed, somewhere,
    tell, unit_cost,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// *Adjust inventory*
#[derive(Debug)]
pub struct AdjustStock;

/// Where, by how many and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Adjustment {
    /// The warehouse; may be empty where there is only one.
    #[serde(default)]
    pub warehouse: String,
    /// The change with its sign.
    #[serde(default)]
    pub change: String,
    /// What each cost, as a decimal in the account's currency, of units that were
    /// found; empty: not known.
    #[serde(default)]
    pub unit_cost: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// A change as people write it: `5`, `+5`, `-2` and, from a page, `−2`.
pub fn change(text: &str) -> Option<i32> {
    let text = text.trim().replace('−', "-");
    text.parse().ok().filter(|n| *n != 0 && (-MOST..=MOST).contains(n))
}

impl Action for AdjustStock {
    type Subject = Counted;
    type Input = Adjustment;
    const NAME: &'static str = "adjust_stock";
    const LABEL: &'static str = "Adjust inventory";
    const PERMISSION: Permission = Permission::InventoryEdit;

    fn available(subject: &Counted) -> Availability {
        somewhere(subject)
    }

    async fn preview(_: &mut Scope, subject: &Counted) -> DbResult<Preview> {
        let mut effects: Vec<String> = begins(subject).into_iter().collect();
        effects.push("Units that are gone are taken out of the oldest cost layers.".into());
        effects.push(
            "The adjustment stays in the ledger, with its reason. Reversing it writes its opposite.".into(),
        );
        Ok(Preview {
            question: format!("Adjust inventory of {}?", subject.sku),
            effects,
            button: "Adjust inventory".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Counted,
        by: &By,
        input: Adjustment,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let place = subject.chosen(&input.warehouse)?;
        let Some(change) = change(&input.change) else {
            let sentence = "Write the change as a whole number with its sign, such as +5 or −2.";
            return Err(ActionError::field("change", sentence));
        };
        let reason = actions::reason(&input.reason, Some("Say what was counted, lost or found."))?;
        if change < 0 && !input.unit_cost.trim().is_empty() {
            let sentence = "Units that are gone cost what their layers say. Leave this empty.";
            return Err(ActionError::field("unit_cost", sentence));
        }
        let cost = unit_cost(&subject, &input.unit_cost, by.can(Permission::CostsView))?;
        let warehouse = place.stock.warehouse_id;
        let before = balance(scope, &subject, warehouse).await?;
        before.with(change).map_err(refused("change"))?;
        let word = new_word(scope).await?;
        let mover = Mover { name: &by.actor.name, now };
        let moved = entries::adjust(scope, (subject.id, warehouse), change, cost, reason, word, mover)
            .await
            .map_err(refused("change"))?;
        let after = balance(scope, &subject, warehouse).await?;
        let by_so_many = signed(change);
        let summary = format!("Adjusted {} in {} by {by_so_many}", subject.sku, place.warehouse);
        tell(scope, &subject, by, Told { verb: "stock_adjusted", summary, before, after, reason }).await?;
        let said = format!("{} adjusted by {by_so_many}. {}", subject.sku, result(place, before, after));
        let outcome = Outcome::done(said);
        Ok(match moved {
            Some(id) => outcome.undone_by(ReverseAdjustment::NAME, json!({ "movement": id.to_string() })),
            None => outcome,
        })
    }
}
