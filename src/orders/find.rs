//! One order with what belongs to it: lines, holds, addresses.

use super::{HoldKind, OrderStatus, PaymentStatus};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{AddressId, ChannelId, CustomerId, OrderId, OrderLineId, StoreId},
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use serde_json::Value;

/// An order as its page shows it.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Order {
    #[diesel(sql_type = BigInt)]
    pub id: OrderId,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = Text)]
    pub channel_reference: String,
    #[diesel(sql_type = BigInt)]
    pub channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    pub channel_name: String,
    #[diesel(sql_type = BigInt)]
    pub store_id: StoreId,
    #[diesel(sql_type = Text)]
    pub store_name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub customer_id: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub customer_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub customer_email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub customer_phone: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub customer_orders: Option<i32>,
    #[diesel(sql_type = Text)]
    pub status: OrderStatus,
    #[diesel(sql_type = Text)]
    pub payment_status: PaymentStatus,
    #[diesel(sql_type = Bool)]
    pub on_hold: bool,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = BigInt)]
    pub subtotal_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub shipping_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub tax_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub discount_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub total_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub refunded_minor: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub ship_address_id: Option<AddressId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub bill_address_id: Option<AddressId>,
    #[diesel(sql_type = Text)]
    pub shipping_method: String,
    #[diesel(sql_type = Integer)]
    pub items_ordered: i32,
    #[diesel(sql_type = Integer)]
    pub items_shipped: i32,
    #[diesel(sql_type = Text)]
    pub channel_sync: String,
    #[diesel(sql_type = Timestamptz)]
    pub placed_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ship_by: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub canceled_at: Option<Instant>,
    #[diesel(sql_type = Array<Text>)]
    pub tags: Vec<String>,
    #[diesel(sql_type = Jsonb)]
    pub extras: Value,
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// An order of the account.
pub async fn order(scope: &mut Scope, id: OrderId) -> DbResult<Option<Order>> {
    let account = scope.account();
    scope
        .row(
            sql("select o.id, o.number, o.channel_reference, o.channel_id, c.name as channel_name, s.id as store_id, \
                 s.name as store_name, o.customer_id, cu.name as customer_name, cu.email as customer_email, \
                 cu.phone as customer_phone, cu.orders_count as customer_orders, o.status, o.payment_status, o.on_hold, \
                 o.currency, o.subtotal_minor, o.shipping_minor, o.tax_minor, o.discount_minor, o.total_minor, \
                 o.refunded_minor, o.ship_address_id, o.bill_address_id, o.shipping_method, o.items_ordered, \
                 o.items_shipped, o.channel_sync, o.placed_at, o.ship_by, o.canceled_at, o.tags, o.extras, o.version \
                 from orders o \
                 join channels c on c.account_id = o.account_id and c.id = o.channel_id \
                 join stores s on s.account_id = c.account_id and s.id = c.store_id \
                 left join customers cu on cu.account_id = o.account_id and cu.id = o.customer_id \
                 where o.account_id = {} and o.id = {}")
            .bind(account)
            .bind(id),
        )
        .await
}

/// A line of an order.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Line {
    #[diesel(sql_type = BigInt)]
    pub id: OrderLineId,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    #[diesel(sql_type = Integer)]
    pub quantity_shipped: i32,
    #[diesel(sql_type = Integer)]
    pub quantity_refunded: i32,
    #[diesel(sql_type = BigInt)]
    pub price_minor: i64,
    #[diesel(sql_type = Bool)]
    pub requires_shipping: bool,
    /// What the channel sold of it, where a person edited it.
    #[diesel(sql_type = Nullable<Integer>)]
    pub bought: Option<i32>,
}

/// The lines of an order, as the channel has them in order.
pub async fn lines(scope: &mut Scope, id: OrderId) -> DbResult<Vec<Line>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, sku, name, quantity, quantity_shipped, quantity_refunded, price_minor, requires_shipping, bought \
                 from order_lines where account_id = {} and order_id = {} order by position, id limit 500")
            .bind(account)
            .bind(id),
        )
        .await
}

/// A standing hold.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Hold {
    #[diesel(sql_type = Text)]
    pub kind: HoldKind,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Text)]
    pub placed_by_name: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub hold_until: Option<Instant>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
}

/// The standing holds of an order, the oldest first.
pub async fn holds(scope: &mut Scope, id: OrderId) -> DbResult<Vec<Hold>> {
    let account = scope.account();
    scope
        .rows(
            sql("select kind, reason, placed_by_name, hold_until, created_at from order_holds \
                 where account_id = {} and order_id = {} and released_at is null order by created_at, id")
            .bind(account)
            .bind(id),
        )
        .await
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = crate::db::schema::addresses)]
#[expect(missing_docs, reason = "the parts of an address")]
pub struct Address {
    #[diesel(sql_type = BigInt)]
    pub id: AddressId,
    pub name: String,
    pub company: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: String,
    pub phone: String,
}

impl Address {
    /// The address as it stands on a parcel, without its empty parts. The country
    /// stands alone on the last line.
    pub fn lines(&self) -> Vec<String> {
        let town = match self.country.as_str() {
            "US" | "CA" | "AU" => {
                [self.city.as_str(), self.region.as_str(), self.postal_code.as_str()].join(" ")
            }
            "GB" | "IE" => format!("{} {}", self.city, self.postal_code),
            _ => format!("{} {}", self.postal_code, self.city),
        };
        let region = match self.country.as_str() {
            "US" | "CA" | "AU" | "" => "",
            _ => self.region.as_str(),
        };
        [self.name.as_str(), &self.company, &self.line1, &self.line2, town.trim(), region, &self.country]
            .into_iter()
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|part| !part.is_empty())
            .collect()
    }
}

/// Addresses by id, in no order.
pub async fn addresses(scope: &mut Scope, ids: &[AddressId]) -> DbResult<Vec<Address>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let account = scope.account();
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    scope
        .rows(
            sql("select id, name, company, line1, line2, city, region, postal_code, country, phone from addresses \
                 where account_id = {} and id = any({})")
            .bind(account)
            .bind(ids),
        )
        .await
}
