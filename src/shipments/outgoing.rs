//! The shipment as its provider is told.

use super::{Subject, posts::Post};
use crate::{
    clock::Instant,
    db::{Scope, sql},
    providers::{PostLine, PostOrder, ShipTo},
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};

#[derive(QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Timestamptz)]
    placed_at: Instant,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Text)]
    shipping_method: String,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    company: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    line1: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    line2: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    city: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    region: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    postal_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    country: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    phone: Option<String>,
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = BigInt)]
    price_minor: i64,
}

/// The shipment as its provider is told by a post.
pub(super) async fn post_order(scope: &mut Scope, subject: &Subject, post: &Post) -> Result<PostOrder> {
    as_it_is(scope, subject, &post.external_reference, format!("waybill-{}", post.id)).await
}

/// The shipment as its provider is told, under a reference and a key.
pub(super) async fn as_it_is(
    scope: &mut Scope,
    subject: &Subject,
    reference: &str,
    key: String,
) -> Result<PostOrder> {
    let account = scope.account();
    let order: OrderRow = scope
        .row(
            sql("select o.number, o.placed_at, o.currency, o.shipping_method, c.email, a.name, a.company, a.line1, a.line2, \
                 a.city, a.region, a.postal_code, a.country, a.phone \
                 from orders o left join customers c on c.account_id = o.account_id and c.id = o.customer_id \
                 left join addresses a on a.account_id = o.account_id and a.id = o.ship_address_id \
                 where o.account_id = {} and o.id = {}")
            .bind(account)
            .bind(subject.shipment.order_id),
        )
        .await?
        .context("the shipment's order is gone")?;
    let lines: Vec<LineRow> = scope
        .rows(
            sql("select l.id, ol.sku, ol.name, l.quantity, ol.price_minor from shipment_lines l \
                 join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                 where l.account_id = {} and l.shipment_id = {} order by l.id")
            .bind(account)
            .bind(subject.shipment.id),
        )
        .await?;
    Ok(PostOrder {
        reference: reference.to_owned(),
        idempotency_key: key,
        number: subject.shipment.number.clone(),
        order_number: order.number,
        placed_at: order.placed_at,
        ship_to: ShipTo {
            name: order.name.unwrap_or_default(),
            company: order.company.unwrap_or_default(),
            line1: order.line1.unwrap_or_default(),
            line2: order.line2.unwrap_or_default(),
            city: order.city.unwrap_or_default(),
            region: order.region.unwrap_or_default(),
            postal_code: order.postal_code.unwrap_or_default(),
            country: order.country.unwrap_or_default(),
            phone: order.phone.unwrap_or_default(),
            email: order.email,
        },
        lines: lines
            .into_iter()
            .map(|l| PostLine {
                key: l.id.to_string(),
                sku: l.sku,
                name: l.name,
                quantity: l.quantity,
                unit_price_minor: l.price_minor,
            })
            .collect(),
        currency: order.currency,
        shipping_method: order.shipping_method,
    })
}
