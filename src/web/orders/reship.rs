//! The re-ship window: which items and how many, what that does to stock either
//! way, and whether it is held.

use crate::{
    accounts::Permission,
    db::Scope,
    ids::WarehouseId,
    inventory::{self, Stock},
    orders::find,
    shipments::{
        reship::Reship,
        reshippable::{Line, Reshippable},
    },
    web::{Fields, Visitor, WebResult, action::ActionFields, markup::FormErrors},
};
use askama::Template;

/// What the re-ship window asks.
#[derive(Debug)]
pub struct WhatAgain;

/// A line of the order, as the form shows it.
struct Item {
    line: Line,
    sent: i32,
    ticked: bool,
    /// As typed.
    quantity: String,
}

/// What reshipping an item does to its stock.
struct Effect {
    label: String,
    quantity: i32,
    /// More than was ever sent.
    more: bool,
    /// `None`: its stock is not kept.
    available: Option<i32>,
    again: i32,
    back: i32,
}

#[derive(Template)]
#[template(path = "orders/_reship.html")]
struct Window<'a> {
    here: String,
    nonce: &'a str,
    items: Vec<Item>,
    effects: Vec<Effect>,
    warehouse: String,
    hold: bool,
    add_back: bool,
    /// Why inventory cannot be added back, if so.
    no_add_back: Option<String>,
    ship_to: Vec<String>,
    method: String,
    errors: &'a FormErrors,
}

impl ActionFields<Reship> for WhatAgain {
    async fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &Reshippable,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        // nothing was typed yet: an order of one item has only that one to reship
        let fresh = fields.get("chosen").is_empty();
        let only = subject.lines.len() == 1;
        let items: Vec<Item> = subject
            .lines
            .iter()
            .map(|line| {
                let sent = subject.sent(line.id);
                let typed = fields.get(&format!("quantity_{}", line.id));
                Item {
                    sent,
                    ticked: fields.ticked(&format!("item_{}", line.id)) || fresh && only,
                    quantity: if fresh && typed.is_empty() {
                        sent.max(1).to_string()
                    } else {
                        typed.to_owned()
                    },
                    line: line.clone(),
                }
            })
            .collect();
        let warehouse =
            subject.shipments.iter().rev().find(|s| s.reship_of.is_none()).or(subject.shipments.last());
        let warehouse = warehouse.map_or(WarehouseId(0), |s| s.warehouse_id);
        let products: Vec<_> = subject.lines.iter().filter_map(|line| line.product_id).collect();
        let stock = inventory::balances(scope, warehouse, &products).await?;
        let effects = items
            .iter()
            .filter(|item| item.ticked)
            .filter_map(|item| effect(subject, item, &stock))
            .collect();
        let order = find::order(scope, subject.id).await?;
        let ids: Vec<_> = order.iter().filter_map(|order| order.ship_address_id).collect();
        let addresses = find::addresses(scope, &ids).await?;
        let no_add_back = match visitor.can(Permission::InventoryAddBack) {
            true => subject.no_add_back(),
            false => Some("Your role may not add inventory back to stock.".into()),
        };
        let window = Window {
            here: visitor.asked.path.clone(),
            nonce: &visitor.asked.nonce,
            items,
            effects,
            warehouse: inventory::warehouse_name(scope, warehouse).await?,
            hold: fields.ticked("hold"),
            add_back: fields.ticked("add_back"),
            no_add_back,
            ship_to: match visitor.can(Permission::PersonalView) {
                true => addresses.first().map(find::Address::lines).unwrap_or_default(),
                false => Vec::new(),
            },
            method: order.map(|order| order.shipping_method).unwrap_or_default(),
            errors,
        };
        Ok(window.render()?)
    }
}

fn effect(subject: &Reshippable, item: &Item, stock: &[Stock]) -> Option<Effect> {
    let quantity: i32 = item.quantity.trim().parse().ok().filter(|n| (1..=9_999).contains(n))?;
    let kept = stock.iter().find(|stock| Some(stock.product_id) == item.line.product_id);
    let available = kept.map(Stock::available);
    let now = available.unwrap_or(0);
    Some(Effect {
        label: item.line.label().to_owned(),
        quantity,
        more: quantity > item.sent,
        available,
        again: now - quantity,
        back: now - quantity + quantity.min(subject.can_add_back(item.line.id)),
    })
}
