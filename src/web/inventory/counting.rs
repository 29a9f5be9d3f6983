//! What the forms of counting ask, and what they show of the stock before and
//! after.

use crate::{
    accounts::Permission,
    db::Scope,
    ids::MovementId,
    inventory::{
        EntryError, MovementKind, Stock,
        counting::{AdjustStock, Counted, ReceiveStock, ReverseAdjustment, change, quantity, signed},
        list::{self, MovementRow, Which},
    },
    money::grouped,
    web::{
        Fields, Visitor, WebResult,
        action::ActionFields,
        markup::{FormErrors, Stamp},
    },
};
use askama::Template;

/// Adjustments to choose from; older ones are reached from the ledger.
const SHOWN: usize = 50;

/// What units come in.
#[derive(Debug)]
pub struct ReceiptFields;

/// What is there now, and what it will be.
struct Figure {
    label: &'static str,
    now: String,
    /// Nothing before a number is typed, or when it will not do.
    after: Option<String>,
}

/// The part that follows what is typed.
struct Effect {
    /// None before one is chosen.
    warehouse: Option<String>,
    figures: Vec<Figure>,
    /// Why it will not do.
    refused: Option<String>,
}

impl Effect {
    fn of(warehouse: Option<String>, stock: Option<Stock>, change: Option<i32>) -> Effect {
        let Some(now) = stock else { return Effect { warehouse: None, figures: Vec::new(), refused: None } };
        let (after, refused) = match change.map(|change| now.with(change)) {
            Some(Ok(after)) => (Some(after), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let figure = |label, read: fn(&Stock) -> i32| Figure {
            label,
            now: grouped(read(&now).into()),
            after: after.as_ref().map(|after| grouped(read(after).into())),
        };
        let figures = vec![
            figure("On hand", |stock| stock.on_hand),
            figure("Available", Stock::available),
            figure("Backordered", |stock| stock.backordered),
        ];
        Effect { warehouse, figures, refused }
    }
}

/// A warehouse to choose.
struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "inventory/_count_fields.html")]
struct CountFields<'a> {
    here: String,
    nonce: &'a str,
    /// Units are found or gone, not received.
    adjusts: bool,
    choices: Vec<Choice>,
    /// The only warehouse.
    only: Option<String>,
    /// As typed.
    number: String,
    /// As typed, for those who may see what goods cost.
    unit_cost: Option<String>,
    currency: String,
    note: String,
    effect: Effect,
    errors: &'a FormErrors,
}

fn count_fields(
    visitor: &Visitor,
    subject: &Counted,
    fields: &Fields,
    errors: &FormErrors,
    adjusts: bool,
) -> WebResult<String> {
    let place = subject.place(fields.get("warehouse"));
    let number = fields.get(if adjusts { "change" } else { "quantity" });
    let typed = if adjusts { change(number) } else { quantity(number) };
    let warehouse = place.map(|place| place.stock.warehouse_id);
    let choices = subject.places.iter().map(|place| Choice {
        id: place.stock.warehouse_id.to_string(),
        name: place.warehouse.clone(),
        chosen: warehouse == Some(place.stock.warehouse_id),
    });
    let form = CountFields {
        here: visitor.asked.path.clone(),
        nonce: &visitor.asked.nonce,
        adjusts,
        only: match subject.places.as_slice() {
            [only] => Some(only.warehouse.clone()),
            _ => None,
        },
        choices: choices.collect(),
        number: number.to_owned(),
        unit_cost: visitor.can(Permission::CostsView).then(|| fields.get("unit_cost").to_owned()),
        currency: subject.currency.clone(),
        note: fields.get("note").to_owned(),
        effect: Effect::of(place.map(|p| p.warehouse.clone()), place.map(|p| p.stock), typed),
        errors,
    };
    Ok(form.render()?)
}

impl ActionFields<ReceiveStock> for ReceiptFields {
    async fn render(
        visitor: &Visitor,
        _: &mut Scope,
        subject: &Counted,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        count_fields(visitor, subject, fields, errors, false)
    }
}

/// What units are found or gone.
#[derive(Debug)]
pub struct AdjustmentFields;

impl ActionFields<AdjustStock> for AdjustmentFields {
    async fn render(
        visitor: &Visitor,
        _: &mut Scope,
        subject: &Counted,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        count_fields(visitor, subject, fields, errors, true)
    }
}

/// Which adjustment is taken back.
#[derive(Debug)]
pub struct WhichAdjustment;

/// An adjustment as it is shown.
struct Made {
    row: MovementRow,
    at: Stamp,
    units: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "inventory/_which_adjustment.html")]
struct WhichFields<'a> {
    /// The one that the link said.
    made: Option<Made>,
    effect: Effect,
    /// Those that stand, where the link said none.
    standing: Vec<Made>,
    errors: &'a FormErrors,
}

impl ActionFields<ReverseAdjustment> for WhichAdjustment {
    async fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &Counted,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let asked = fields.get("movement").trim().parse::<MovementId>().ok();
        let of = |row: MovementRow| Made {
            at: visitor.stamp(row.created_at),
            units: signed(row.quantity),
            chosen: asked == Some(row.id),
            row,
        };
        let mut which = Which { product: Some(subject.id), id: asked, ..Which::default() };
        let made = match asked {
            Some(_) => list::movements(scope, &which, None, 1).await?.rows.pop(),
            None => None,
        };
        let standing = match made {
            Some(_) => Vec::new(),
            None => {
                which = Which { id: None, kind: Some(MovementKind::Adjustment), standing: true, ..which };
                list::movements(scope, &which, None, SHOWN).await?.rows
            }
        };
        let effect = match &made {
            Some(row) => effect(subject, row),
            None => Effect::of(None, None, None),
        };
        let standing = standing.into_iter().map(of).collect();
        Ok(WhichFields { made: made.map(of), effect, standing, errors }.render()?)
    }
}

/// What taking a movement back does.
fn effect(subject: &Counted, row: &MovementRow) -> Effect {
    let place = subject.places.iter().find(|place| place.stock.warehouse_id == row.warehouse_id);
    let refused = match row.kind {
        MovementKind::Adjustment if row.reversed => Some(EntryError::Reversed),
        MovementKind::Adjustment => None,
        _ => Some(EntryError::NotAnAdjustment),
    };
    let back = refused.is_none().then_some(-row.quantity);
    let effect = Effect::of(Some(row.warehouse.clone()), place.map(|place| place.stock), back);
    Effect { refused: refused.map(|error| error.to_string()).or(effect.refused), ..effect }
}
