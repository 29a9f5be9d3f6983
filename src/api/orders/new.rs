//! Taking an order in.

use super::{
    super::{
        caller::Caller,
        endpoint::{Answer, Asks, Nothing},
        problem::{ApiResult, FieldError, Problem},
    },
    Order, one,
};
use crate::{
    accounts::Permission,
    channels::store,
    clock::Instant,
    ids::ChannelId,
    money,
    orders::{
        PaymentStatus,
        receive::{self, IncomingAddress, IncomingLine, IncomingOrder, Received},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// An order to be taken in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "channel_id": 1, "channel_reference": "W-1001", "number": "W-1001", "customer_name": "Ada Lovelace",
    "email": "ada@example.com", "payment_status": "paid", "currency": "EUR", "total": "24.90",
    "ship_to": { "name": "Ada Lovelace", "line1": "Main Street 1", "city": "Ghent", "postal_code": "9000", "country": "BE" },
    "lines": [{ "sku": "KTL", "name": "Kettle", "quantity": 1, "price": "19.95" }]
}))]
pub struct NewOrder {
    /// The channel it was sold through.
    pub channel_id: ChannelId,
    /// The channel’s id of it: the same again is the same order.
    #[schemars(length(min = 1, max = 200))]
    pub channel_reference: String,
    /// What people call it; without one, the reference.
    #[schemars(length(max = 200))]
    pub number: Option<String>,
    #[schemars(length(max = 200))]
    pub email: Option<String>,
    #[schemars(length(max = 200))]
    pub phone: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub customer_name: String,
    /// Nothing is posted before it is paid.
    pub payment_status: PaymentStatus,
    /// ISO 4217.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// Shipping charged, as a decimal.
    pub shipping: Option<String>,
    /// Taxes, as a decimal.
    pub tax: Option<String>,
    /// Discounts, as a decimal.
    pub discount: Option<String>,
    /// The total, as a decimal; without one, the sum of the lines.
    pub total: Option<String>,
    /// Where it goes.
    pub ship_to: Option<NewAddress>,
    /// Who pays.
    pub bill_to: Option<NewAddress>,
    /// The method the customer chose.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub shipping_method: String,
    /// When it was placed; without one, now.
    pub placed_at: Option<Instant>,
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub tags: Vec<String>,
    /// What was bought.
    #[schemars(length(min = 1, max = 500))]
    pub lines: Vec<NewLine>,
}

/// A postal address to be kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAddress {
    #[schemars(length(max = 200))]
    pub name: String,
    #[schemars(length(max = 200))]
    pub company: String,
    #[schemars(length(max = 200))]
    pub line1: String,
    #[schemars(length(max = 200))]
    pub line2: String,
    #[schemars(length(max = 200))]
    pub city: String,
    #[schemars(length(max = 200))]
    pub region: String,
    #[schemars(length(max = 200))]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub country: String,
    #[schemars(length(max = 200))]
    pub phone: String,
}

/// A line to be kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The channel’s id of the line.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub channel_line_id: String,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub sku: String,
    #[schemars(length(min = 1, max = 500))]
    pub name: String,
    #[schemars(range(min = 1, max = 1_000_000))]
    pub quantity: i32,
    /// Of one, as a decimal.
    pub price: String,
    /// False for what is not sent, such as a gift card.
    #[serde(default = "yes")]
    pub requires_shipping: bool,
}

fn yes() -> bool {
    true
}

/// Collects what is wrong, so that all of it is told at once.
struct Checks(Vec<FieldError>);

impl Checks {
    fn wrong(&mut self, field: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(field, code, detail));
    }

    fn length(&mut self, field: impl Into<String>, text: &str, least: usize, most: usize) {
        let n = text.trim().chars().count();
        if n < least || text.chars().count() > most {
            self.wrong(field, "length", format!("Write {least} to {most} characters."));
        }
    }

    fn money(&mut self, field: impl Into<String>, text: Option<&str>, currency: &str) -> Option<i64> {
        let text = text?;
        let minor = money::parse(text, currency).filter(|minor| (0..=1_000_000_000_000).contains(minor));
        if minor.is_none() {
            self.wrong(field, "malformed", format!("Write an amount in {currency} such as 12.34."));
        }
        minor
    }

    fn address(&mut self, field: &str, given: Option<NewAddress>) -> Option<IncomingAddress> {
        let a = given?;
        let parts = [
            ("name", &a.name),
            ("company", &a.company),
            ("line1", &a.line1),
            ("line2", &a.line2),
            ("city", &a.city),
            ("region", &a.region),
            ("postal_code", &a.postal_code),
            ("phone", &a.phone),
        ];
        for (name, text) in parts {
            self.length(format!("{field}.{name}"), text, 0, 200);
        }
        if a.country.len() != 2 || !a.country.bytes().all(|b| b.is_ascii_uppercase()) {
            self.wrong(format!("{field}.country"), "malformed", "Write two capital letters such as BE.");
        }
        Some(IncomingAddress {
            name: a.name,
            company: a.company,
            line1: a.line1,
            line2: a.line2,
            city: a.city,
            region: a.region,
            postal_code: a.postal_code,
            country: a.country,
            phone: a.phone,
        })
    }
}

/// `POST /v1/orders`: takes an order in; the same reference again is the same order.
pub async fn create(caller: Caller, asks: Asks<Nothing, NewOrder>) -> ApiResult<Answer<Order>> {
    caller.may(Permission::OrdersEdit)?;
    let new = asks.body;
    let mut checks = Checks(Vec::new());
    checks.length("channel_reference", &new.channel_reference, 1, 200);
    for (field, text) in [("number", &new.number), ("email", &new.email), ("phone", &new.phone)] {
        checks.length(field, text.as_deref().unwrap_or_default(), 0, 200);
    }
    checks.length("customer_name", &new.customer_name, 0, 200);
    checks.length("shipping_method", &new.shipping_method, 0, 200);
    let currency = new.currency.clone();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        checks.wrong("currency", "malformed", "Write three capital letters such as EUR.");
    }
    if new.tags.len() > 100 || new.tags.iter().any(|tag| tag.chars().count() > 100) {
        checks.wrong("tags", "length", "Give at most 100 tags of at most 100 characters.");
    }
    if new.lines.is_empty() || new.lines.len() > 500 {
        checks.wrong("lines", "length", "Give 1 to 500 lines.");
    }
    let mut lines = Vec::new();
    let mut subtotal = 0_i64;
    for (n, line) in new.lines.into_iter().enumerate() {
        checks.length(format!("lines[{n}].name"), &line.name, 1, 500);
        checks.length(format!("lines[{n}].sku"), &line.sku, 0, 200);
        checks.length(format!("lines[{n}].channel_line_id"), &line.channel_line_id, 0, 200);
        if !(1..=1_000_000).contains(&line.quantity) {
            checks.wrong(format!("lines[{n}].quantity"), "out_of_range", "Give 1 to 1,000,000.");
        }
        let price = checks.money(format!("lines[{n}].price"), Some(&line.price), &currency).unwrap_or(0);
        subtotal = subtotal.saturating_add(price.saturating_mul(i64::from(line.quantity)));
        lines.push(IncomingLine {
            channel_line_id: line.channel_line_id,
            sku: line.sku,
            name: line.name,
            quantity: line.quantity,
            refunded: 0,
            fulfilled: 0,
            price_minor: price,
            discount_minor: 0,
            requires_shipping: line.requires_shipping,
        });
    }
    let shipping = checks.money("shipping", new.shipping.as_deref(), &currency).unwrap_or(0);
    let tax = checks.money("tax", new.tax.as_deref(), &currency).unwrap_or(0);
    let discount = checks.money("discount", new.discount.as_deref(), &currency).unwrap_or(0);
    let total = checks.money("total", new.total.as_deref(), &currency);
    let ship_to = checks.address("ship_to", new.ship_to);
    let bill_to = checks.address("bill_to", new.bill_to);
    let mut scope = caller.scope().await?;
    if store::channel(&mut scope, new.channel_id).await?.is_none() {
        checks.wrong("channel_id", "unknown", "There is no such channel in this account.");
    }
    if !checks.0.is_empty() {
        return Err(Problem::invalid(checks.0));
    }
    let order = IncomingOrder {
        number: new.number.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| new.channel_reference.clone()),
        channel_reference: new.channel_reference,
        email: new.email,
        phone: new.phone,
        customer_name: new.customer_name,
        payment_status: new.payment_status,
        currency,
        subtotal_minor: subtotal,
        shipping_minor: shipping,
        tax_minor: tax,
        discount_minor: discount,
        total_minor: total.unwrap_or(subtotal.saturating_add(shipping).saturating_sub(discount)),
        refunded_minor: 0,
        ship_to,
        bill_to,
        shipping_method: new.shipping_method,
        placed_at: new.placed_at.unwrap_or(caller.now),
        canceled_at: None,
        tags: new.tags,
        extras: serde_json::json!({}),
        lines,
    };
    let received = receive::receive(&mut scope, new.channel_id, &order, &caller.by, caller.now).await?;
    scope.commit().await?;
    let mut answer = one(&caller, received.id()).await?;
    if !matches!(received, Received::Created(_)) {
        answer.status = Some(200);
    }
    Ok(answer)
}
