//! Orders: read, taken in, reshipped, held, resent.

mod new;

pub use new::create;

use super::{
    act,
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    filter,
    fulfillments::{Address, ListQuery},
    page::{self, Page, Total},
    problem::{ApiResult, Kind, Problem},
    shown::{Done, Money},
};
use crate::{
    accounts::Permission,
    clock::Instant,
    ids::{ChannelId, CustomerId, OrderId, OrderLineId, ShipmentId},
    orders::{
        HoldKind, OrderStatus, PaymentStatus, find,
        holds::{self, AddHold, RemoveAllHolds, RemoveHold, remove},
        list::{self, COUNTED, Filter},
    },
    shipments::{
        ChannelSync, Status, of_order,
        resend::ResendFulfillments,
        reship::{self, Reship},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An order in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OrderRow {
    pub id: OrderId,
    pub number: String,
    pub channel_reference: String,
    pub store: String,
    pub channel: String,
    pub customer_id: Option<CustomerId>,
    /// Null for who may not see customers.
    pub customer_name: Option<String>,
    pub status: OrderStatus,
    pub on_hold: bool,
    pub holds: Vec<HoldKind>,
    pub hold_until: Option<Instant>,
    pub total: Money,
    pub items_ordered: i32,
    pub items_shipped: i32,
    /// The state of its fulfillments that needs most attention.
    pub shipment_status: Option<String>,
    pub channel_sync: String,
    pub placed_at: Instant,
    pub ship_by: Option<Instant>,
}

/// Lists them.
pub async fn index(caller: Caller, asks: Asks<ListQuery>) -> ApiResult<Answer<Page<OrderRow>>> {
    caller.may(Permission::OrdersView)?;
    let tree = filter::text(asks.query.filter_groups.as_deref(), filter::of_orders(&caller))?;
    let (size, cursor) = (page::size(asks.query.limit)?, page::cursor(asks.query.cursor.as_deref())?);
    let sees = caller.sees_people();
    let filter = Filter { tree, personal: sees, ..Filter::default() };
    let mut scope = caller.snapshot().await?;
    let found = list::find(&mut scope, &filter, cursor, size).await?;
    let total = found.total.map(|n| Total::of(n, COUNTED));
    Ok(page::answer(&caller, found.page, total, |row| OrderRow {
        id: row.id,
        number: row.number,
        channel_reference: row.channel_reference,
        store: row.store_name,
        channel: row.channel_name,
        customer_id: row.customer_id,
        customer_name: row.customer_name.filter(|_| sees),
        status: row.status,
        on_hold: row.on_hold,
        holds: row.holds,
        hold_until: row.hold_until,
        total: Money::of(row.total_minor, &row.currency),
        items_ordered: row.items_ordered,
        items_shipped: row.items_shipped,
        shipment_status: row.shipment_status,
        channel_sync: row.channel_sync,
        placed_at: row.placed_at,
        ship_by: row.ship_by,
    }))
}

/// An order with its lines, holds and fulfillments.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Order {
    pub id: OrderId,
    pub number: String,
    pub channel_reference: String,
    pub channel_id: ChannelId,
    pub channel: String,
    pub store: String,
    pub status: OrderStatus,
    pub payment_status: PaymentStatus,
    pub on_hold: bool,
    pub customer_id: Option<CustomerId>,
    /// Null for who may not see customers.
    pub customer_name: Option<String>,
    /// Null for who may not see customers.
    pub customer_email: Option<String>,
    /// Null for who may not see customers.
    pub ship_address: Option<Address>,
    /// Null for who may not see customers.
    pub bill_address: Option<Address>,
    pub shipping_method: String,
    pub subtotal: Money,
    pub shipping: Money,
    pub tax: Money,
    pub discount: Money,
    pub total: Money,
    pub refunded: Money,
    pub items_ordered: i32,
    pub items_shipped: i32,
    pub channel_sync: String,
    pub placed_at: Instant,
    pub ship_by: Option<Instant>,
    pub canceled_at: Option<Instant>,
    pub tags: Vec<String>,
    pub lines: Vec<OrderLine>,
    pub holds: Vec<Hold>,
    pub fulfillments: Vec<OrderFulfillment>,
    pub version: i32,
}

/// A line of an order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OrderLine {
    pub id: OrderLineId,
    pub sku: String,
    pub name: String,
    pub quantity: i32,
    pub quantity_shipped: i32,
    pub quantity_refunded: i32,
    pub price: Money,
    pub requires_shipping: bool,
}

/// A standing hold.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hold {
    pub kind: HoldKind,
    pub reason: String,
    pub placed_by: String,
    pub hold_until: Option<Instant>,
    pub created_at: Instant,
}

/// A fulfillment of an order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OrderFulfillment {
    pub id: ShipmentId,
    pub reference: String,
    pub status: Status,
    pub channel_sync: ChannelSync,
    pub courier: Option<String>,
    pub tracking_number: Option<String>,
    pub date_post: Option<Instant>,
    pub items: i64,
}

/// One, with everything around it.
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Order>> {
    one(&caller, OrderId(asks.id())).await
}

async fn one(caller: &Caller, id: OrderId) -> ApiResult<Answer<Order>> {
    caller.may(Permission::OrdersView)?;
    let sees = caller.sees_people();
    let mut scope = caller.snapshot().await?;
    let o = find::order(&mut scope, id).await?.ok_or_else(|| Problem::of(Kind::NOT_FOUND))?;
    let ids: Vec<_> = [o.ship_address_id, o.bill_address_id].into_iter().flatten().filter(|_| sees).collect();
    let addresses = find::addresses(&mut scope, &ids).await?;
    let address = |id| addresses.iter().find(|a| Some(a.id) == id).cloned().map(Address::from);
    let money = |minor| Money::of(minor, &o.currency);
    let body = Order {
        ship_address: address(o.ship_address_id),
        bill_address: address(o.bill_address_id),
        lines: find::lines(&mut scope, id)
            .await?
            .into_iter()
            .map(|l| OrderLine {
                id: l.id,
                sku: l.sku,
                name: l.name,
                quantity: l.quantity,
                quantity_shipped: l.quantity_shipped,
                quantity_refunded: l.quantity_refunded,
                price: money(l.price_minor),
                requires_shipping: l.requires_shipping,
            })
            .collect(),
        holds: find::holds(&mut scope, id)
            .await?
            .into_iter()
            .map(|h| Hold {
                kind: h.kind,
                reason: h.reason,
                placed_by: h.placed_by_name,
                hold_until: h.hold_until,
                created_at: h.created_at,
            })
            .collect(),
        fulfillments: of_order::of_orders(&mut scope, &[id])
            .await?
            .into_iter()
            .map(|p| OrderFulfillment {
                id: p.id,
                reference: p.number,
                status: p.status,
                channel_sync: p.channel_sync,
                courier: p.courier,
                tracking_number: p.tracking_number,
                date_post: p.date_post,
                items: p.items,
            })
            .collect(),
        subtotal: money(o.subtotal_minor),
        shipping: money(o.shipping_minor),
        tax: money(o.tax_minor),
        discount: money(o.discount_minor),
        total: money(o.total_minor),
        refunded: money(o.refunded_minor),
        id: o.id,
        number: o.number,
        channel_reference: o.channel_reference,
        channel_id: o.channel_id,
        channel: o.channel_name,
        store: o.store_name,
        status: o.status,
        payment_status: o.payment_status,
        on_hold: o.on_hold,
        customer_id: o.customer_id,
        customer_name: o.customer_name.filter(|_| sees),
        customer_email: o.customer_email.filter(|_| sees),
        shipping_method: o.shipping_method,
        items_ordered: o.items_ordered,
        items_shipped: o.items_shipped,
        channel_sync: o.channel_sync,
        placed_at: o.placed_at,
        ship_by: o.ship_by,
        canceled_at: o.canceled_at,
        tags: o.tags,
        version: o.version,
    };
    Ok(Answer::of(body).version(o.version))
}

/// What is sent again, and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = ReshipBody { lines: vec![ReshipLine { order_line_id: OrderLineId(1), quantity: 1 }], add_back: false, operator_hold: true, reason: "Lost by the carrier".into() })]
pub struct ReshipBody {
    /// How many of which lines of the order.
    #[schemars(length(min = 1, max = 500))]
    pub lines: Vec<ReshipLine>,
    /// Adds the original’s units back to stock; refused once it left the warehouse, and never done twice.
    #[serde(default)]
    pub add_back: bool,
    /// Adds an operator hold, so that it can be changed before fulfillment.
    #[serde(default)]
    pub operator_hold: bool,
    /// Kept in the order’s history.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

/// So many of a line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReshipLine {
    /// The line of the order.
    pub order_line_id: OrderLineId,
    /// How many.
    #[schemars(range(min = 1, max = 9_999))]
    pub quantity: i32,
}

/// `POST …/reship`
pub async fn reship(caller: Caller, asks: Asks<Nothing, ReshipBody>) -> ApiResult<Answer<Done>> {
    let body = asks.body.clone();
    if body.lines.is_empty() || body.lines.len() > 500 {
        return Err(Problem::field("lines", "length", "Name 1 to 500 lines."));
    }
    let items: Vec<_> = body.lines.iter().map(|l| (l.order_line_id, l.quantity)).collect();
    let input = reship::Input {
        add_back: body.add_back,
        hold: body.operator_hold,
        reason: body.reason,
        ..reship::Input::of(&items)
    };
    act::done::<Reship>(&caller, asks.id(), input).await
}

/// `POST …/resend-fulfillments`
pub async fn resend(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    act::done::<ResendFulfillments>(&caller, asks.id(), crate::actions::NoInput {}).await
}

/// A hold to be set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = HoldBody { kind: HoldKind::Operator, reason: "Check the address first".into(), until: None })]
pub struct HoldBody {
    /// Which.
    pub kind: HoldKind,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
    /// When it releases itself; null: never.
    pub until: Option<Instant>,
}

/// `POST …/holds`: also changes the hold of that kind.
pub async fn hold(caller: Caller, asks: Asks<Nothing, HoldBody>) -> ApiResult<Answer<Done>> {
    let HoldBody { kind, reason, until } = asks.body.clone();
    let until = until.map(|at| at.to_rfc3339()).unwrap_or_default();
    act::done::<AddHold>(&caller, asks.id(), holds::Input { kind: kind.to_string(), reason, until }).await
}

/// Which hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichHold {
    /// Of this kind; without one, all that this token’s person may remove.
    pub kind: Option<HoldKind>,
}

/// `DELETE …/holds`
pub async fn release(caller: Caller, asks: Asks<WhichHold>) -> ApiResult<Answer<Done>> {
    match asks.query.kind {
        Some(kind) => {
            let input = remove::Input { kind: kind.to_string(), reason: String::new() };
            act::done::<RemoveHold>(&caller, asks.id(), input).await
        }
        None => act::done::<RemoveAllHolds>(&caller, asks.id(), remove::Why::default()).await,
    }
}
