//! What others are told of a shipment, and the parts of its page that are rows.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{OrderId, OrderLineId, ProductId, ShipmentId, ShipmentLineId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use serde_json::{Value, json};

/// A line of a shipment.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Line {
    #[diesel(sql_type = BigInt)]
    pub id: ShipmentLineId,
    #[diesel(sql_type = BigInt)]
    pub order_line_id: OrderLineId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub product_id: Option<ProductId>,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    #[diesel(sql_type = BigInt)]
    pub unit_cost_minor: i64,
    #[diesel(sql_type = Integer)]
    pub added_back: i32,
    #[diesel(sql_type = Integer)]
    pub backordered: i32,
}

/// The lines of a shipment.
pub async fn lines(scope: &mut Scope, id: ShipmentId) -> DbResult<Vec<Line>> {
    let account = scope.account();
    scope
        .rows(
            sql("select l.id, l.order_line_id, l.product_id, ol.sku, ol.name, l.quantity, l.unit_cost_minor, l.added_back, \
                 l.backordered from shipment_lines l join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                 where l.account_id = {} and l.shipment_id = {} order by l.id")
            .bind(account)
            .bind(id),
        )
        .await
}

#[derive(QueryableByName)]
struct Told {
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
}

/// A shipment as events tell of it: no personal data.
pub async fn event_data(scope: &mut Scope, id: ShipmentId) -> DbResult<Value> {
    let account = scope.account();
    let told: Option<Told> = scope
        .row(
            sql("select s.number, s.order_id, o.number as order_number, o.channel_reference, s.status, s.channel_sync, s.date_post, \
                 s.fulfillment_id, s.courier, s.tracking_number, s.tracking_url, s.shipped_at from shipments s \
                 join orders o on o.account_id = s.account_id and o.id = s.order_id where s.account_id = {} and s.id = {}")
            .bind(account)
            .bind(id),
        )
        .await?;
    let Some(told) = told else { return Ok(Value::Null) };
    let lines = lines(scope, id).await?;
    Ok(json!({
        "shipment": {
            "id": id,
            "number": told.number,
            "order_id": told.order_id,
            "order_number": told.order_number,
            "channel_reference": told.channel_reference,
            "status": told.status,
            "channel_sync": told.channel_sync,
            "date_post": told.date_post.map(|t| t.to_rfc3339()),
            "fulfillment_id": told.fulfillment_id,
            "courier": told.courier,
            "tracking_number": told.tracking_number,
            "tracking_url": told.tracking_url,
            "shipped_at": told.shipped_at.map(|t| t.to_rfc3339()),
            "items": lines.iter().map(|l| json!({ "id": l.id, "sku": l.sku, "name": l.name, "quantity": l.quantity })).collect::<Vec<_>>(),
        }
    }))
}
