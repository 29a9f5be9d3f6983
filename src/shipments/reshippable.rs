//! An order with what was sent of it, and what of that can be sent again.

use super::{
    InventoryStatus, Shipment, Status,
    budget::Units,
    lock,
    reship::{Input, MOST},
    shipment_columns,
};
use crate::{
    actions::{ActionError, Target},
    channels::{ChannelKind, Notification},
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{OrderId, OrderLineId, ProductId, ShipmentId, ShipmentLineId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use serde_json::Value;

/// An order with what was sent of it.
#[derive(Debug, Clone)]
pub struct Reshippable {
    /// The order.
    pub id: OrderId,
    /// Its number.
    pub number: String,
    pub(super) version: i32,
    pub(super) canceled: bool,
    pub(super) search_text: String,
    pub(super) channel_kind: ChannelKind,
    pub(super) notification: Notification,
    /// Its lines that can be sent.
    pub lines: Vec<Line>,
    /// Its shipments that stand, the oldest first.
    pub shipments: Vec<Shipment>,
    sent: Vec<Sent>,
}

#[derive(QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Bool)]
    canceled: bool,
    #[diesel(sql_type = Text)]
    search_text: String,
    #[diesel(sql_type = Text)]
    channel_kind: ChannelKind,
    #[diesel(sql_type = Text)]
    notification: Notification,
}

/// A line of the order.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Line {
    #[diesel(sql_type = BigInt)]
    pub id: OrderLineId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub product_id: Option<ProductId>,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
}

impl Line {
    /// What people call it.
    pub fn label(&self) -> &str {
        if self.sku.is_empty() { &self.name } else { &self.sku }
    }
}

/// A line of a shipment that stands.
#[derive(Debug, Clone, QueryableByName)]
struct Sent {
    #[diesel(sql_type = BigInt)]
    id: ShipmentLineId,
    #[diesel(sql_type = BigInt)]
    shipment_id: ShipmentId,
    #[diesel(sql_type = BigInt)]
    order_line_id: OrderLineId,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Integer)]
    added_back: i32,
}

impl Target for Reshippable {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Reshippable>> {
        let account = scope.account();
        if lock {
            lock::whole_order(scope, OrderId(id)).await?;
        }
        let statement = sql(shipment_columns!(
            "where account_id = {} and order_id = {} and voided_at is null order by id"
        ));
        let shipments: Vec<Shipment> = scope.rows(statement.bind(account).bind(id)).await?;
        let statement =
            sql("select o.number, o.version, o.canceled_at is not null as canceled, o.search_text, \
             c.kind as channel_kind, c.channel_notification as notification \
             from orders o join channels c on c.account_id = o.account_id and c.id = o.channel_id \
             where o.account_id = {} and o.id = {}");
        let statement = statement.bind(account).bind(id);
        let Some(order): Option<OrderRow> = scope.row(statement).await? else { return Ok(None) };
        let lines = scope
            .rows(
                sql("select id, product_id, sku, name, quantity from order_lines \
                     where account_id = {} and order_id = {} and requires_shipping order by position, id")
                .bind(account)
                .bind(id),
            )
            .await?;
        let sent = scope
            .rows(
                sql("select l.id, l.shipment_id, l.order_line_id, l.quantity, l.added_back from shipment_lines l \
                     join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                     where s.account_id = {} and s.order_id = {} and s.voided_at is null order by l.shipment_id, l.id")
                .bind(account)
                .bind(id),
            )
            .await?;
        Ok(Some(Reshippable {
            id: OrderId(id),
            number: order.number,
            version: order.version,
            canceled: order.canceled,
            search_text: order.search_text,
            channel_kind: order.channel_kind,
            notification: order.notification,
            lines,
            shipments,
            sent,
        }))
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        format!("Order {}", self.number)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Order(self.id)
    }
}

/// Whether a shipment has left the warehouse.
fn has_left(shipment: &Shipment) -> bool {
    shipment.inventory_status == InventoryStatus::Shipped
        || matches!(shipment.status, Status::Shipped | Status::Delivered)
}

impl Reshippable {
    /// How many of a line the order's own shipments send; a reship adds none.
    pub fn sent(&self, line: OrderLineId) -> i32 {
        let originals = self.shipments.iter().filter(|s| s.reship_of.is_none());
        originals
            .flat_map(|s| self.sent.iter().filter(move |l| l.shipment_id == s.id))
            .filter(|l| l.order_line_id == line)
            .map(|l| l.quantity)
            .sum()
    }

    /// How many of a line can be added back: units of shipments that have not left
    /// and were not added back before.
    pub fn can_add_back(&self, line: OrderLineId) -> i32 {
        self.here(line).map(|l| l.quantity - l.added_back).sum()
    }

    fn here(&self, line: OrderLineId) -> impl Iterator<Item = &Sent> {
        let here = self.shipments.iter().filter(|s| !has_left(s));
        here.flat_map(move |s| {
            self.sent.iter().filter(move |l| l.shipment_id == s.id && l.order_line_id == line)
        })
    }

    /// Why nothing at all can be added back; `None` when something can.
    pub fn no_add_back(&self) -> Option<String> {
        if self.lines.iter().any(|line| self.can_add_back(line.id) > 0) {
            return None;
        }
        let left: Vec<&str> =
            self.shipments.iter().filter(|s| has_left(s)).map(|s| s.number.as_str()).collect();
        Some(match left.as_slice() {
            [] => "Its units were added back by an earlier reship already.".into(),
            [one] => format!("{one} has left the warehouse, so its stock is not added back."),
            [some @ .., last] => {
                format!(
                    "{} and {last} have left the warehouse, so their stock is not added back.",
                    some.join(", ")
                )
            }
        })
    }

    /// The shipment a reship of these lines repeats: the newest original that has one of them.
    pub(super) fn original(&self, units: &[Units]) -> Option<&Shipment> {
        let has = |shipment: &&Shipment| {
            self.sent.iter().any(|l| {
                l.shipment_id == shipment.id && units.iter().any(|u| u.order_line_id == l.order_line_id)
            })
        };
        let originals = self.shipments.iter().rev().filter(|s| s.reship_of.is_none());
        originals
            .clone()
            .find(has)
            .or_else(|| self.shipments.iter().rev().find(has))
            .or(self.shipments.last())
    }

    /// Why not everything of it can be added back, in the same words for every order.
    pub(super) fn why_none_back(&self) -> &'static str {
        match self.shipments.iter().any(|s| s.reship_of.is_none() && has_left(s)) {
            true => "The original has left the warehouse, so its inventory is not added back.",
            false => "Its inventory was added back by an earlier reship.",
        }
    }

    /// Every item, in the quantity it was sent in.
    pub(super) fn all(&self) -> Vec<Units> {
        let units = self.lines.iter().map(|line| Units {
            order_line_id: line.id,
            product_id: line.product_id,
            quantity: self.sent(line.id),
        });
        units.filter(|units| units.quantity > 0).collect()
    }

    /// What the form asks for, line by line; an error for each mistake.
    pub(super) fn chosen(&self, input: &Input) -> Result<Vec<Units>, ActionError> {
        let mut units = Vec::new();
        let mut errors = Vec::new();
        for line in &self.lines {
            let item = input.items.get(&format!("item_{}", line.id)).and_then(Value::as_str);
            if !matches!(item, Some("on" | "yes" | "true" | "1")) {
                continue;
            }
            let field = format!("quantity_{}", line.id);
            let typed = input.items.get(&field).and_then(Value::as_str).unwrap_or_default();
            match typed.trim().parse::<i32>() {
                Ok(quantity @ 1..=MOST) => {
                    units.push(Units { order_line_id: line.id, product_id: line.product_id, quantity });
                }
                _ => errors.push((
                    field,
                    format!("Enter how many of {} to reship, from 1 to {MOST}.", line.label()),
                )),
            }
        }
        if errors.is_empty() && units.is_empty() {
            let field = self.lines.first().map_or(String::new(), |line| format!("item_{}", line.id));
            errors.push((field, "Select at least one item to reship.".to_owned()));
        }
        if errors.is_empty() { Ok(units) } else { Err(ActionError::Refused(errors)) }
    }

    /// Which units of the originals go back to stock for these, or why not.
    pub(super) fn back(&self, units: &[Units]) -> Result<Vec<(ShipmentLineId, i32)>, String> {
        let mut back = Vec::new();
        // in the order of the products, as everything that locks stock
        let mut units: Vec<&Units> = units.iter().collect();
        units.sort_by_key(|unit| unit.product_id);
        for unit in units {
            let possible = self.can_add_back(unit.order_line_id);
            if possible < unit.quantity {
                return Err(self.why_not_back(unit, possible));
            }
            let mut left = unit.quantity;
            for line in self.here(unit.order_line_id) {
                let n = left.min(line.quantity - line.added_back);
                if n > 0 {
                    back.push((line.id, n));
                    left -= n;
                }
            }
        }
        Ok(back)
    }

    fn why_not_back(&self, unit: &Units, possible: i32) -> String {
        let item = self.lines.iter().find(|l| l.id == unit.order_line_id).map_or("this item", Line::label);
        let with = |shipment: &Shipment| {
            self.sent.iter().any(|l| l.shipment_id == shipment.id && l.order_line_id == unit.order_line_id)
        };
        let left = self.shipments.iter().find(|s| has_left(s) && with(s));
        let before: i32 = self.here(unit.order_line_id).map(|l| l.added_back).sum();
        let why = match (left, before) {
            (Some(left), 0) => format!("{} has left the warehouse", left.number),
            (_, 1..) => format!("{before} of it were added back by an earlier reship"),
            _ => "no more of it was sent".to_owned(),
        };
        match possible {
            0 => format!("{item} cannot be added back: {why}. Reship without adding inventory back."),
            n => format!(
                "Only {n} of {} × {item} can be added back: {why}. Reship fewer, or without adding inventory back.",
                unit.quantity
            ),
        }
    }

    pub(super) fn words(&self, units: &[Units]) -> String {
        let word = |unit: &Units| {
            let label = self.lines.iter().find(|l| l.id == unit.order_line_id).map_or("", Line::label);
            format!("{} × {label}", unit.quantity)
        };
        units.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}
