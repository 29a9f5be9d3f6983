//! Receiving an order from outside (a channel's poll, its webhook, a file):
//! one shape, one door. The same order twice changes nothing.

use super::{PaymentStatus, status, tags};
use crate::{
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{AddressId, ChannelId, CustomerId, OrderId, ProductId},
    jobs::{self, NewJob},
    notify::events,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The job that plans the shipments of a received order; `shipments::plan` does it.
pub const PLAN_SHIPMENTS: &str = "plan_shipments";

/// A postal address as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parts of an address")]
pub struct IncomingAddress {
    pub name: String,
    pub company: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    /// ISO 3166 alpha-2 where the source has it.
    pub country: String,
    pub phone: String,
}

/// A line of an order as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingLine {
    /// The channel's own id of the line; empty when the source has none.
    pub channel_line_id: String,
    /// May be empty.
    pub sku: String,
    /// What the customer saw.
    pub name: String,
    /// At least 1.
    pub quantity: i32,
    /// Of these, how many were paid back.
    pub refunded: i32,
    /// Of these, how many the source says were sent already.
    pub fulfilled: i32,
    /// Per unit.
    pub price_minor: i64,
    /// Of the whole line.
    pub discount_minor: i64,
    /// Whether there is anything to send.
    pub requires_shipping: bool,
}

/// An order as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingOrder {
    /// The channel's id of the order: what makes it the same order.
    pub channel_reference: String,
    /// What people call it.
    pub number: String,
    /// May be missing.
    pub email: Option<String>,
    /// May be missing.
    pub phone: Option<String>,
    /// The customer's name.
    pub customer_name: String,
    /// What the channel says about the money.
    pub payment_status: PaymentStatus,
    /// ISO 4217.
    pub currency: String,
    /// Sums, in minor units.
    pub subtotal_minor: i64,
    /// Shipping charged.
    pub shipping_minor: i64,
    /// Taxes.
    pub tax_minor: i64,
    /// Discounts.
    pub discount_minor: i64,
    /// The total.
    pub total_minor: i64,
    /// Paid back.
    pub refunded_minor: i64,
    /// Where it goes.
    pub ship_to: Option<IncomingAddress>,
    /// Who pays.
    pub bill_to: Option<IncomingAddress>,
    /// The method the customer chose.
    pub shipping_method: String,
    /// When it was placed.
    pub placed_at: Instant,
    /// When it was canceled at the channel.
    pub canceled_at: Option<Instant>,
    /// Tags.
    pub tags: Vec<String>,
    /// Whatever else the source has: note, attributes, risk …
    pub extras: Value,
    /// At least one.
    pub lines: Vec<IncomingLine>,
}

/// What receiving an order came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// New.
    Created(OrderId),
    /// Known; something the source may change has changed.
    Updated(OrderId),
    /// Known and the same.
    Unchanged(OrderId),
}

impl Received {
    /// The order.
    pub fn id(self) -> OrderId {
        match self {
            Received::Created(id) | Received::Updated(id) | Received::Unchanged(id) => id,
        }
    }
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
    #[diesel(sql_type = Text)]
    channel_reference: String,
    #[diesel(sql_type = Text)]
    payment_status: PaymentStatus,
    #[diesel(sql_type = BigInt)]
    refunded_minor: i64,
    #[diesel(sql_type = Nullable<diesel::sql_types::Timestamptz>)]
    canceled_at: Option<Instant>,
    #[diesel(sql_type = diesel::sql_types::Array<Text>)]
    tags: Vec<String>,
    #[diesel(sql_type = diesel::sql_types::Array<Text>)]
    tags_added: Vec<String>,
    #[diesel(sql_type = diesel::sql_types::Array<Text>)]
    tags_removed: Vec<String>,
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Takes an order in, in the caller's transaction. A new paid order leaves the
/// job that plans its shipments.
pub async fn receive(
    scope: &mut Scope,
    channel: ChannelId,
    order: &IncomingOrder,
    by: &By,
    now: Instant,
) -> DbResult<Received> {
    let account = scope.account();
    // A file may lack the channel's id; then the number stands in for it, on
    // whichever side came first.
    let known: Option<Known> = scope
        .row(
            sql(
                "select id, channel_reference, payment_status, refunded_minor, canceled_at, tags, \
                 coalesce((select added from order_tag_edits e where e.account_id = o.account_id and e.order_id = o.id), array[]::text[]) as tags_added, \
                 coalesce((select removed from order_tag_edits e where e.account_id = o.account_id and e.order_id = o.id), array[]::text[]) as tags_removed \
                 from orders o \
                 where account_id = {} and channel_id = {} and (channel_reference = {} \
                   or (number = {} and (channel_reference = number or {}))) \
                 order by channel_reference = {} desc limit 1 for update",
            )
            .bind(account)
            .bind(channel)
            .bind(&order.channel_reference)
            .bind(&order.number)
            .bind(order.channel_reference == order.number)
            .bind(&order.channel_reference),
        )
        .await?;
    if let Some(known) = &known
        && known.channel_reference == order.number
        && order.channel_reference != order.number
    {
        scope
            .execute(
                sql("update orders set channel_reference = {} where account_id = {} and id = {}")
                    .bind(&order.channel_reference)
                    .bind(account)
                    .bind(known.id),
            )
            .await?;
    }
    match known {
        Some(known) => update(scope, channel, known, order, by, now).await,
        None => create(scope, channel, order, by, now).await,
    }
}

/// The order this would be, if it is known already.
pub async fn find(scope: &mut Scope, channel: ChannelId, order: &IncomingOrder) -> DbResult<Option<OrderId>> {
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("select id from orders where account_id = {} and channel_id = {} and channel_reference = {}")
                .bind(account)
                .bind(channel)
                .bind(&order.channel_reference),
        )
        .await?;
    Ok(row.map(|r| OrderId(r.id)))
}

async fn create(
    scope: &mut Scope,
    channel: ChannelId,
    order: &IncomingOrder,
    by: &By,
    now: Instant,
) -> DbResult<Received> {
    let account = scope.account();
    let ship_to = keep_address(scope, order.ship_to.as_ref()).await?;
    let bill_to = if order.bill_to == order.ship_to {
        ship_to
    } else {
        keep_address(scope, order.bill_to.as_ref()).await?
    };
    let customer = keep_customer(scope, order, ship_to).await?;
    let row: Option<NewId> = scope
        .row(
            sql("insert into orders (account_id, channel_id, customer_id, number, channel_reference, payment_status, currency, \
                 subtotal_minor, shipping_minor, tax_minor, discount_minor, total_minor, refunded_minor, ship_address_id, \
                 bill_address_id, shipping_method, placed_at, canceled_at, tags, extras, search_text, updated_at) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, channel_id, channel_reference) do nothing returning id")
            .bind(account)
            .bind(channel)
            .bind(customer)
            .bind(&order.number)
            .bind(&order.channel_reference)
            .bind(order.payment_status)
            .bind(&order.currency)
            .bind(order.subtotal_minor)
            .bind(order.shipping_minor)
            .bind(order.tax_minor)
            .bind(order.discount_minor)
            .bind(order.total_minor)
            .bind(order.refunded_minor)
            .bind(ship_to)
            .bind(bill_to)
            .bind(&order.shipping_method)
            .bind(order.placed_at)
            .bind(order.canceled_at)
            .bind(order.tags.clone())
            .bind(order.extras.clone())
            .bind(search_text(order))
            .bind(now),
        )
        .await?;
    let Some(row) = row else {
        // another poll or webhook took the same order in at this very moment
        let id: Option<NewId> = scope
            .row(
                sql("select id from orders where account_id = {} and channel_id = {} and channel_reference = {}")
                    .bind(account)
                    .bind(channel)
                    .bind(&order.channel_reference),
            )
            .await?;
        return Ok(Received::Unchanged(OrderId(id.map_or(0, |r| r.id))));
    };
    let id = OrderId(row.id);
    // in one order everywhere: two orders of the same products must not wait for
    // each other
    let mut sorted: Vec<&IncomingLine> = order.lines.iter().collect();
    sorted.sort_by_key(|line| line.sku.trim());
    let mut products = HashMap::new();
    for line in sorted {
        if !products.contains_key(line.sku.trim()) {
            products.insert(line.sku.trim(), keep_product(scope, line).await?);
        }
    }
    for (position, line) in order.lines.iter().enumerate() {
        let product = products.get(line.sku.trim()).copied().flatten();
        scope
            .execute(
                sql("insert into order_lines (account_id, order_id, product_id, position, channel_line_id, sku, name, quantity, \
                     quantity_shipped, quantity_refunded, price_minor, discount_minor, requires_shipping) \
                     values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})")
                .bind(account)
                .bind(id)
                .bind(product)
                .bind(position as i32 + 1)
                .bind(&line.channel_line_id)
                .bind(&line.sku)
                .bind(&line.name)
                .bind(line.quantity)
                .bind(line.fulfilled)
                .bind(line.refunded)
                .bind(line.price_minor)
                .bind(line.discount_minor)
                .bind(line.requires_shipping),
            )
            .await?;
    }
    status::refresh(scope, id).await?;
    if let Some(customer) = customer {
        scope
            .execute(
                sql("update customers set orders_count = orders_count + 1, last_order_at = greatest(last_order_at, {}) \
                     where account_id = {} and id = {}")
                .bind(order.placed_at)
                .bind(account)
                .bind(customer),
            )
            .await?;
    }
    let entry = Entry::order(&by.actor, "order_imported", id, format!("Order {} came in", order.number))
        .of_channel(channel)
        .traced(Some(&by.trace));
    activity::record(scope, entry).await?;
    let job = NewJob::new(PLAN_SHIPMENTS, format!("order:{id}"), json!({ "order_id": id }), now)
        .once(format!("plan:{id}"))
        .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    events::order_created(scope, id, &by.trace, now).await?;
    Ok(Received::Created(id))
}

/// A known order takes only what the channel may still change: money,
/// cancellation and its own tags. Lines and addresses are changed by people, with
/// their reason.
async fn update(
    scope: &mut Scope,
    channel: ChannelId,
    known: Known,
    order: &IncomingOrder,
    by: &By,
    now: Instant,
) -> DbResult<Received> {
    let tags = tags::merged(&order.tags, &known.tags_added, &known.tags_removed);
    let same = known.payment_status == order.payment_status
        && known.refunded_minor == order.refunded_minor
        && known.canceled_at == order.canceled_at
        && known.tags == tags;
    if same {
        return Ok(Received::Unchanged(known.id));
    }
    let account = scope.account();
    scope
        .execute(
            sql("update orders set payment_status = {}, refunded_minor = {}, canceled_at = {}, tags = {}, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(order.payment_status)
            .bind(order.refunded_minor)
            .bind(order.canceled_at)
            .bind(tags.clone())
            .bind(now)
            .bind(account)
            .bind(known.id),
        )
        .await?;
    for line in &order.lines {
        if !line.channel_line_id.is_empty() {
            scope
                .execute(
                    sql("update order_lines set quantity_refunded = {} where account_id = {} and order_id = {} and channel_line_id = {}")
                        .bind(line.refunded)
                        .bind(account)
                        .bind(known.id)
                        .bind(&line.channel_line_id),
                )
                .await?;
        }
    }
    status::refresh(scope, known.id).await?;
    let entry = Entry::order(
        &by.actor,
        "order_updated",
        known.id,
        format!("Order {} changed at the channel", order.number),
    )
    .of_channel(channel)
    .changed(
        json!({ "payment_status": known.payment_status, "refunded_minor": known.refunded_minor,
                    "canceled_at": known.canceled_at, "tags": known.tags }),
        json!({ "payment_status": order.payment_status, "refunded_minor": order.refunded_minor,
                    "canceled_at": order.canceled_at, "tags": tags }),
    )
    .traced(Some(&by.trace));
    activity::record(scope, entry).await?;
    let job =
        NewJob::new(PLAN_SHIPMENTS, format!("order:{}", known.id), json!({ "order_id": known.id }), now)
            .once(format!("plan:{}", known.id))
            .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    events::order_updated(scope, known.id, &by.trace, now).await?;
    Ok(Received::Updated(known.id))
}

/// What the order list's search looks through, lower-cased.
pub fn search_text(order: &IncomingOrder) -> String {
    let mut words =
        vec![order.number.as_str(), order.channel_reference.as_str(), order.customer_name.as_str()];
    words.extend(order.email.as_deref());
    words.extend(order.lines.iter().map(|l| l.sku.as_str()).filter(|s| !s.is_empty()));
    words.join(" ").to_lowercase()
}

async fn keep_address(scope: &mut Scope, address: Option<&IncomingAddress>) -> DbResult<Option<AddressId>> {
    let Some(a) = address.filter(|a| **a != IncomingAddress::default()) else {
        return Ok(None);
    };
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into addresses (account_id, name, company, line1, line2, city, region, postal_code, country, phone) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(&a.name)
            .bind(&a.company)
            .bind(&a.line1)
            .bind(&a.line2)
            .bind(&a.city)
            .bind(&a.region)
            .bind(&a.postal_code)
            .bind(&a.country)
            .bind(&a.phone),
        )
        .await?;
    Ok(row.map(|r| AddressId(r.id)))
}

/// A customer is found by e-mail; without one each order has its own.
async fn keep_customer(
    scope: &mut Scope,
    order: &IncomingOrder,
    address: Option<AddressId>,
) -> DbResult<Option<CustomerId>> {
    let email = order.email.as_deref().map(str::trim).filter(|e| !e.is_empty());
    if email.is_none() && order.customer_name.is_empty() {
        return Ok(None);
    }
    let account = scope.account();
    let search = format!(
        "{} {} {}",
        order.customer_name,
        email.unwrap_or_default(),
        order.phone.as_deref().unwrap_or_default()
    )
    .to_lowercase();
    let row: Option<NewId> = scope
        .row(
            sql("insert into customers as c (account_id, name, email, phone, address_id, search_text) \
                 values ({}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, lower(email)) where email is not null do update \
                 set name = case when c.name = '' then excluded.name else c.name end, \
                 address_id = coalesce(excluded.address_id, c.address_id) returning id")
            .bind(account)
            .bind(&order.customer_name)
            .bind(email)
            .bind(order.phone.clone())
            .bind(address)
            .bind(search.trim()),
        )
        .await?;
    Ok(row.map(|r| CustomerId(r.id)))
}

/// A product is found by SKU; a line without one has none.
async fn keep_product(scope: &mut Scope, line: &IncomingLine) -> DbResult<Option<ProductId>> {
    if line.sku.trim().is_empty() {
        return Ok(None);
    }
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into products (account_id, sku, name) values ({}, {}, {}) \
                 on conflict (account_id, sku) do update set sku = excluded.sku returning id")
            .bind(account)
            .bind(line.sku.trim())
            .bind(&line.name),
        )
        .await?;
    Ok(row.map(|r| ProductId(r.id)))
}
