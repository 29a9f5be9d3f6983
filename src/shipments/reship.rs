//! Re-Ship: sends items of an order again, in a new shipment of the same order.
//! The original stays as it is. Stock is taken again; while the original has not
//! left the warehouse, its units may be added back instead, once.

use super::{
    ChannelSync, InventoryStatus, Shipment, Status,
    budget::{self, Units},
    lock,
    make::{Making, make},
    shipment_columns, view,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview, Target, ticked},
    channels::{ChannelKind, Notification},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, mask},
    ids::{OrderId, OrderLineId, ProductId, ShipmentId, ShipmentLineId},
    notify::events::{self, EventType, NewEvent},
    orders::status,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The action.
#[derive(Debug)]
pub struct Reship;

/// What is sent again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// Every item, in the quantity it was sent in: what many orders at once are told.
    #[serde(default, deserialize_with = "ticked")]
    pub all: bool,
    /// Puts the original's units back to stock.
    #[serde(default, deserialize_with = "ticked")]
    pub add_back: bool,
    /// Adds an operator hold, so that it can be changed before it is posted.
    #[serde(default, deserialize_with = "ticked")]
    pub hold: bool,
    /// Why it is sent again.
    #[serde(default)]
    pub reason: String,
    /// `item_<line>` ticked and `quantity_<line>`: how many of a line of the order.
    #[serde(flatten)]
    pub items: BTreeMap<String, Value>,
}

impl Input {
    /// So many of these lines.
    pub fn of(items: &[(OrderLineId, i32)]) -> Input {
        let mut input = Input::default();
        for (line, n) in items {
            input.items.insert(format!("item_{line}"), json!("yes"));
            input.items.insert(format!("quantity_{line}"), json!(n.to_string()));
        }
        input
    }
}

/// The most of one item in one reship.
const MOST: i32 = 9_999;

/// An order with what was sent of it.
#[derive(Debug, Clone)]
pub struct Reshippable {
    /// The order.
    pub id: OrderId,
    /// Its number.
    pub number: String,
    version: i32,
    canceled: bool,
    search_text: String,
    channel_kind: ChannelKind,
    notification: Notification,
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
    fn original(&self, units: &[Units]) -> Option<&Shipment> {
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

    /// What the form asks for, line by line; an error for each mistake.
    fn chosen(&self, input: &Input) -> Result<Vec<Units>, ActionError> {
        let mut units = Vec::new();
        let mut errors = Vec::new();
        for line in &self.lines {
            let quantity = if input.all {
                self.sent(line.id)
            } else {
                let item = input.items.get(&format!("item_{}", line.id));
                if !item.is_some_and(|v| {
                    matches!(v, Value::Bool(true)) || matches!(v.as_str(), Some("on" | "yes" | "true" | "1"))
                }) {
                    continue;
                }
                let field = format!("quantity_{}", line.id);
                let given = input.items.get(&field);
                let text = given
                    .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                    .unwrap_or_default();
                match text.trim().parse::<i32>() {
                    Ok(n @ 1..=MOST) => n,
                    _ => {
                        errors.push((
                            field,
                            format!("Enter how many of {} to reship, from 1 to {MOST}.", line.label()),
                        ));
                        continue;
                    }
                }
            };
            if quantity > 0 {
                units.push(Units { order_line_id: line.id, product_id: line.product_id, quantity });
            }
        }
        if errors.is_empty() && units.is_empty() {
            let field = self.lines.first().map_or(String::new(), |line| format!("item_{}", line.id));
            errors.push((field, "Select at least one item to reship.".to_owned()));
        }
        if errors.is_empty() { Ok(units) } else { Err(ActionError::Refused(errors)) }
    }

    /// Which units of the originals go back to stock for these, or why not.
    fn back(&self, units: &[Units]) -> Result<Vec<(ShipmentLineId, i32)>, ActionError> {
        let mut back = Vec::new();
        // in the order of the products, as everything that locks stock
        let mut units: Vec<&Units> = units.iter().collect();
        units.sort_by_key(|unit| unit.product_id);
        for unit in units {
            let possible = self.can_add_back(unit.order_line_id);
            if possible < unit.quantity {
                return Err(ActionError::field("add_back", self.why_not_back(unit, possible)));
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

    fn words(&self, units: &[Units]) -> String {
        let word = |unit: &Units| {
            let label = self.lines.iter().find(|l| l.id == unit.order_line_id).map_or("", Line::label);
            format!("{} × {label}", unit.quantity)
        };
        units.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

impl Action for Reship {
    type Subject = Reshippable;
    type Input = Input;
    const NAME: &'static str = "reship";
    const LABEL: &'static str = "Re-Ship";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Reshippable) -> Availability {
        if subject.canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if subject.shipments.is_empty() {
            return Availability::no("Available once the order has a shipment.");
        }
        Availability::when(!subject.lines.is_empty(), "Nothing of this order needs to be sent.")
    }

    async fn preview(_: &mut Scope, subject: &Reshippable) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Re-Ship items of order {}", subject.number),
            effects: vec![
                "A new shipment is made in this order. The original shipment is not changed.".into(),
                "Stock is taken again, unless inventory is added back.".into(),
                "Nothing is sent before the new shipment is posted.".into(),
                "The order_reshipped event is told to connected systems.".into(),
            ],
            button: "Re-Ship".into(),
            asks_reason: true,
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
        let reason = actions::reason(&input.reason, None)?;
        let units = subject.chosen(&input)?;
        if input.add_back && !by.can(Permission::InventoryAddBack) {
            return Err(ActionError::Forbidden(Permission::InventoryAddBack));
        }
        let back = if input.add_back { subject.back(&units)? } else { Vec::new() };
        let Some(original) = subject.original(&units) else {
            return Err(ActionError::field("", "The order has no shipment to repeat."));
        };
        let fulfillment_order = budget::open(scope, subject.id, original.warehouse_id, true, &units).await?;
        let making = Making {
            order: subject.id,
            order_number: &subject.number,
            search_text: &subject.search_text,
            fulfillment_order,
            warehouse: original.warehouse_id,
            connection: original.connection_id,
            channel: original.channel_id,
            // the channel was told of these items once; a second time it refuses
            sync: if subject.channel_kind == ChannelKind::Manual {
                ChannelSync::NotApplicable
            } else {
                ChannelSync::Muted
            },
            notification: subject.notification,
            reship_of: Some(original.id),
            back: &back,
            units: &units,
        };
        let (shipment, number) = make(scope, making, by, now).await?;
        let what = subject.words(&units);
        let stock = if input.add_back { "its stock added back first" } else { "stock taken again" };
        let entry = Entry::order(
            &by.actor,
            "order_reshipped",
            subject.id,
            format!("Reshipped {what} as {number}, {stock}"),
        )
        .changed(
            json!({ "original": original.number }),
            json!({ "reship": number, "items": what, "inventory_added_back": input.add_back, "operator_hold": input.hold,
                    "reason": mask::body(reason) }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let held = if input.hold { hold(scope, &subject, by).await? } else { false };
        let event = NewEvent {
            kind: EventType::OrderReshipped,
            cause: format!("reship:{shipment}"),
            order: subject.id,
            shipment: Some(shipment),
            data: view::event_data(scope, shipment).await?,
            trace: &by.trace,
        };
        events::tell(scope, event, now).await?;
        status::refresh(scope, subject.id).await?;
        let then = match held {
            true => " It is on hold: change what is needed, then remove the hold and post it.",
            false => " Post it when it is to go out.",
        };
        Ok(Outcome {
            data: json!({ "shipment_id": shipment }),
            ..Outcome::done(format!("{number} reships {what}.{then}"))
        })
    }
}

/// An operator hold, unless one stands.
async fn hold(scope: &mut Scope, subject: &Reshippable, by: &By) -> DbResult<bool> {
    let account = scope.account();
    let placed = scope
        .execute(
            sql("insert into order_holds (account_id, order_id, kind, reason, placed_by, placed_by_name) \
                 values ({}, {}, 'operator', 'To be changed before it is reshipped', {}, {}) \
                 on conflict (account_id, order_id, kind) where released_at is null do nothing")
            .bind(account)
            .bind(subject.id)
            .bind(by.actor.id)
            .bind(&by.actor.name),
        )
        .await?;
    let entry = Entry::order(
        &by.actor,
        "order_hold_added",
        subject.id,
        "Operator hold: to be changed before it is reshipped",
    )
    .traced(Some(&by.trace));
    if placed > 0 {
        activity::record(scope, entry).await?;
    }
    Ok(true)
}
