//! What events tell of a shipment and of an order: one shape for each, made here
//! and nowhere else, with no personal data. The samples of the catalogue are made
//! by the same code.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{OrderId, ShipmentId},
    money,
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use serde_json::{Value, json};

#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Integer)]
    quantity: i32,
}

#[derive(QueryableByName)]
struct Shipment {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = BigInt)]
    order_id: OrderId,
    #[diesel(sql_type = Text)]
    order_number: String,
    #[diesel(sql_type = Text)]
    channel_reference: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    channel_sync: String,
    #[diesel(sql_type = Nullable<Text>)]
    channel_message: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    date_post: Option<Instant>,
    #[diesel(sql_type = Nullable<Text>)]
    fulfillment_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_url: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    shipped_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    delivered_at: Option<Instant>,
}

fn moment(at: Option<Instant>) -> Option<String> {
    at.map(|at| at.to_rfc3339())
}

impl Shipment {
    fn told(&self, items: &[Item]) -> Value {
        let items: Vec<Value> = items
            .iter()
            .map(|i| json!({ "id": i.id, "sku": i.sku, "name": i.name, "quantity": i.quantity }))
            .collect();
        json!({
            "shipment": {
                "id": self.id,
                "number": self.number,
                "order_id": self.order_id,
                "order_number": self.order_number,
                "channel_reference": self.channel_reference,
                "status": self.status,
                "channel_sync": self.channel_sync,
                "channel_message": self.channel_message,
                "date_post": moment(self.date_post),
                "fulfillment_id": self.fulfillment_id,
                "courier": self.courier,
                "tracking_number": self.tracking_number,
                "tracking_url": self.tracking_url,
                "shipped_at": moment(self.shipped_at),
                "delivered_at": moment(self.delivered_at),
                "items": items,
            }
        })
    }
}

/// A shipment as events tell of it.
pub async fn shipment(scope: &mut Scope, id: ShipmentId) -> DbResult<Value> {
    let account = scope.account();
    let row: Option<Shipment> = scope
        .row(
            sql("select s.id, s.number, s.order_id, o.number as order_number, o.channel_reference, s.status, s.channel_sync, \
                 d.channel_message, s.date_post, s.fulfillment_id, s.courier, s.tracking_number, s.tracking_url, \
                 s.shipped_at, s.delivered_at from shipments s \
                 join orders o on o.account_id = s.account_id and o.id = s.order_id \
                 left join shipment_details d on d.account_id = s.account_id and d.shipment_id = s.id \
                 where s.account_id = {} and s.id = {}")
            .bind(account)
            .bind(id),
        )
        .await?;
    let Some(row) = row else { return Ok(Value::Null) };
    let items: Vec<Item> = scope
        .rows(
            sql("select l.id, ol.sku, ol.name, l.quantity from shipment_lines l \
                 join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                 where l.account_id = {} and l.shipment_id = {} order by l.id")
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(row.told(&items))
}

#[derive(QueryableByName)]
struct Order {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    channel_reference: String,
    #[diesel(sql_type = Text)]
    channel: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    payment_status: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    total_minor: i64,
    #[diesel(sql_type = BigInt)]
    refunded_minor: i64,
    #[diesel(sql_type = Text)]
    shipping_method: String,
    #[diesel(sql_type = Bool)]
    on_hold: bool,
    #[diesel(sql_type = Array<Text>)]
    tags: Vec<String>,
    #[diesel(sql_type = Integer)]
    items_ordered: i32,
    #[diesel(sql_type = Integer)]
    items_shipped: i32,
    #[diesel(sql_type = Timestamptz)]
    placed_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    canceled_at: Option<Instant>,
}

impl Order {
    fn told(&self, items: &[Item]) -> Value {
        let items: Vec<Value> = items
            .iter()
            .map(|i| json!({ "id": i.id, "sku": i.sku, "name": i.name, "quantity": i.quantity }))
            .collect();
        json!({
            "order": {
                "id": self.id,
                "version": self.version,
                "number": self.number,
                "channel": self.channel,
                "channel_reference": self.channel_reference,
                "status": self.status,
                "payment_status": self.payment_status,
                "currency": self.currency,
                "total": money::decimal(self.total_minor, &self.currency),
                "refunded": money::decimal(self.refunded_minor, &self.currency),
                "shipping_method": self.shipping_method,
                "on_hold": self.on_hold,
                "tags": self.tags,
                "items_ordered": self.items_ordered,
                "items_shipped": self.items_shipped,
                "placed_at": self.placed_at.to_rfc3339(),
                "canceled_at": moment(self.canceled_at),
                "items": items,
            }
        })
    }
}

/// An order as events tell of it, with its version, which goes up with every change.
pub async fn order(scope: &mut Scope, id: OrderId) -> DbResult<Option<(i32, Value)>> {
    let account = scope.account();
    let row: Option<Order> = scope
        .row(
            sql("select o.id, o.version, o.number, o.channel_reference, c.name as channel, o.status, o.payment_status, \
                 o.currency, o.total_minor, o.refunded_minor, o.shipping_method, o.on_hold, o.tags, o.items_ordered, \
                 o.items_shipped, o.placed_at, o.canceled_at from orders o \
                 join channels c on c.account_id = o.account_id and c.id = o.channel_id \
                 where o.account_id = {} and o.id = {}")
            .bind(account)
            .bind(id),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let items: Vec<Item> = scope
        .rows(
            sql("select id, sku, name, quantity from order_lines where account_id = {} and order_id = {} order by position, id")
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(Some((row.version, row.told(&items))))
}

/// When the samples happened.
pub(super) fn sample_moment() -> Instant {
    chrono::DateTime::from_timestamp(1_795_170_434, 0).unwrap_or_default()
}

fn sample_items() -> [Item; 1] {
    [Item { id: 90_417, sku: "KTL-1".into(), name: "Enamel kettle, 1.5 l".into(), quantity: 2 }]
}

/// A shipment of nobody's, in a state.
pub(super) fn sample_shipment(status: &str, sync: &str, message: Option<&str>) -> Value {
    let left = matches!(status, "shipped" | "delivered");
    let posted = left || status == "pending_tracking";
    let at = sample_moment();
    let tracking = "05308900123456";
    Shipment {
        id: ShipmentId(31_044),
        number: "SHP-31044".into(),
        order_id: OrderId(20_981),
        order_number: "#1042".into(),
        channel_reference: "5391820718421".into(),
        status: status.into(),
        channel_sync: sync.into(),
        channel_message: message.map(str::to_owned),
        date_post: posted.then_some(at - chrono::Duration::hours(20)),
        fulfillment_id: posted.then(|| "94113592".into()),
        courier: left.then(|| "dpd_be".into()),
        tracking_number: left.then(|| tracking.into()),
        tracking_url: left.then(|| format!("https://tracking.dpd.de/status/en_US/parcel/{tracking}")),
        shipped_at: left.then_some(at - chrono::Duration::hours(2)),
        delivered_at: (status == "delivered").then_some(at),
    }
    .told(&sample_items())
}

/// An order of nobody's.
pub(super) fn sample_order() -> Value {
    Order {
        id: OrderId(20_981),
        version: 3,
        number: "#1042".into(),
        channel_reference: "5391820718421".into(),
        channel: "Web shop".into(),
        status: "unshipped".into(),
        payment_status: "paid".into(),
        currency: "EUR".into(),
        total_minor: 7_990,
        refunded_minor: 0,
        shipping_method: "Standard".into(),
        on_hold: false,
        tags: vec!["wholesale".into()],
        items_ordered: 2,
        items_shipped: 0,
        placed_at: sample_moment() - chrono::Duration::hours(21),
        canceled_at: None,
    }
    .told(&sample_items())
}
