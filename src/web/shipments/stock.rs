//! A shipment's stock proof: its movements and their reversals, and whether they
//! balance.

use crate::{
    db::Scope,
    inventory::{self, Movement},
    shipments::{Shipment, view},
    web::{Visitor, WebResult, markup::Stamp},
};
use askama::Template;

struct Row {
    movement: Movement,
    sku: String,
    at: Stamp,
}

/// Embedded in the shipment's page.
#[derive(Template)]
#[template(path = "shipments/_stock.html")]
pub struct StockProof {
    rows: Vec<Row>,
    balance: String,
}

impl askama::filters::HtmlSafe for StockProof {}

/// Reads it.
pub async fn read(
    visitor: &Visitor,
    scope: &mut Scope,
    shipment: &Shipment,
    lines: &[view::Line],
) -> WebResult<StockProof> {
    let movements = inventory::movements(scope, shipment.id).await?;
    let sku =
        |id: i64| lines.iter().find(|line| line.id.0 == id).map_or(String::new(), |line| line.sku.clone());
    let taken: i32 = -movements.iter().map(|movement| movement.quantity).sum::<i32>();
    let back: i32 = movements.iter().map(|movement| movement.quantity).filter(|n| *n > 0).sum();
    let out = taken + back;
    Ok(StockProof {
        balance: match taken {
            0 => format!("{out} taken, {back} given back: balanced"),
            _ if back == 0 => format!("{taken} taken"),
            _ => format!("{out} taken, {back} given back: {taken} out"),
        },
        rows: movements
            .into_iter()
            .map(|movement| Row {
                sku: sku(movement.line_id),
                at: visitor.stamp(movement.created_at),
                movement,
            })
            .collect(),
    })
}
