//! Orders: polled as GraphQL, pushed as REST. Both become [`Parts`], and
//! [`Parts::order`] is the only mapping, so that one order looks the same
//! whichever way it came.

use super::graphql::{self, number};
use crate::{
    channels::{Access, OrdersPage, kinds::short},
    clock::Instant,
    money,
    orders::{
        PaymentStatus,
        receive::{IncomingAddress, IncomingLine, IncomingOrder},
    },
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Three orders of fifty lines stay under the 1,000 points one query may cost
/// even if every object counts as one.
const ORDERS: &str = "query Orders($query: String!, $after: String) { \
    orders(first: 3, after: $after, sortKey: UPDATED_AT, query: $query) { \
    pageInfo { hasNextPage endCursor } \
    nodes { id name email phone note tags currencyCode createdAt processedAt cancelledAt cancelReason \
    displayFinancialStatus customer { firstName lastName } \
    totalPriceSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } } \
    totalShippingPriceSet { shopMoney { amount } } totalDiscountsSet { shopMoney { amount } } \
    totalRefundedSet { shopMoney { amount } } shippingLine { title } \
    shippingAddress { name company address1 address2 city province provinceCode zip country countryCodeV2 phone } \
    billingAddress { name company address1 address2 city province provinceCode zip country countryCodeV2 phone } \
    lineItems(first: 50) { pageInfo { hasNextPage } nodes { id sku name quantity currentQuantity \
    unfulfilledQuantity requiresShipping originalUnitPriceSet { shopMoney { amount } } \
    discountAllocations { allocatedAmountSet { shopMoney { amount } } } } } } } }";

pub(super) fn request(access: &Access, since: Instant, page: Option<&str>) -> HttpRequest {
    let query = format!("updated_at:>='{}'", since.format("%Y-%m-%dT%H:%M:%SZ"));
    graphql::request(access, ORDERS, json!({ "query": query, "after": page }))
}

pub(super) fn read(response: &HttpResponse) -> Result<Answer<OrdersPage>, Failure> {
    let data = graphql::data(response)?;
    let list = &data["orders"];
    let Some(nodes) = list["nodes"].as_array() else {
        return Err(Failure::perhaps(ErrorClass::Unknown, "Shopify's answer has no list of orders."));
    };
    let mut page = OrdersPage { orders: Vec::new(), failures: Vec::new(), next: None };
    for node in nodes {
        match from_graph(node) {
            Ok(order) => page.orders.push(order),
            Err(reason) => page.failures.push((number(&text(&node["id"])).to_owned(), short(&reason))),
        }
    }
    if list["pageInfo"]["hasNextPage"] == true {
        page.next = list["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    }
    Ok(Answer::plain(page))
}

/// An order as both forms say it.
struct Parts {
    reference: String,
    number: String,
    email: String,
    phone: String,
    customer: String,
    financial: String,
    currency: String,
    shipping: i64,
    tax: i64,
    discount: i64,
    total: i64,
    refunded: i64,
    ship_to: Option<IncomingAddress>,
    bill_to: Option<IncomingAddress>,
    method: String,
    placed: String,
    cancelled: String,
    tags: Vec<String>,
    note: String,
    cancel_reason: String,
    lines: Vec<Line>,
}

/// A line as both forms say it.
struct Line {
    id: String,
    sku: String,
    name: String,
    quantity: i64,
    /// Without what was paid back or taken away.
    current: i64,
    /// Still to be sent.
    unfulfilled: i64,
    price: i64,
    discount: i64,
    requires_shipping: bool,
}

impl Parts {
    fn order(self) -> Result<IncomingOrder, String> {
        if self.reference.is_empty() {
            return Err("The order has no id.".into());
        }
        let placed_at = instant(&self.placed).ok_or("The order has no date that can be read.")?;
        let canceled_at = match self.cancelled.as_str() {
            "" => None,
            text => Some(instant(text).ok_or("The order's cancellation has no date that can be read.")?),
        };
        let lines: Vec<IncomingLine> = self.lines.into_iter().filter_map(Line::incoming).collect();
        if lines.is_empty() {
            return Err("The order has no lines.".into());
        }
        let subtotal_minor = lines.iter().try_fold(0_i64, |sum, line| {
            line.price_minor.checked_mul(i64::from(line.quantity)).and_then(|line| sum.checked_add(line))
        });
        let mut tags: Vec<String> =
            self.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        tags.sort();
        tags.dedup();
        let name_of = |address: &Option<IncomingAddress>| address.as_ref().map(|a| a.name.clone());
        let names = [Some(self.customer), name_of(&self.ship_to), name_of(&self.bill_to)];
        let mut extras = serde_json::Map::new();
        for (key, value) in [("note", self.note), ("cancel_reason", self.cancel_reason.to_lowercase())] {
            if !value.is_empty() {
                extras.insert(key.into(), Value::String(value));
            }
        }
        Ok(IncomingOrder {
            number: if self.number.is_empty() { self.reference.clone() } else { self.number },
            channel_reference: self.reference,
            email: some(self.email),
            phone: some(self.phone),
            customer_name: names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default(),
            payment_status: payment(&self.financial),
            currency: self.currency,
            subtotal_minor: subtotal_minor.ok_or("The order's sums are too large.")?,
            shipping_minor: self.shipping,
            tax_minor: self.tax,
            discount_minor: self.discount,
            total_minor: self.total,
            refunded_minor: self.refunded,
            ship_to: self.ship_to,
            bill_to: self.bill_to,
            shipping_method: self.method,
            placed_at,
            canceled_at,
            tags,
            extras: Value::Object(extras),
            lines,
        })
    }
}

impl Line {
    /// Nothing for a line of no pieces. What was sent is what is still sold and
    /// no longer waiting, so that sold − paid back − sent is what Shopify waits for.
    fn incoming(self) -> Option<IncomingLine> {
        let quantity = i32::try_from(self.quantity).ok().filter(|quantity| *quantity > 0)?;
        let within = |number: i64| i32::try_from(number.clamp(0, self.quantity)).unwrap_or(quantity);
        Some(IncomingLine {
            channel_line_id: self.id,
            name: if self.name.is_empty() { self.sku.clone() } else { self.name },
            sku: self.sku,
            quantity,
            refunded: within(self.quantity.saturating_sub(self.current)),
            fulfilled: within(self.current.saturating_sub(self.unfulfilled)),
            price_minor: self.price,
            discount_minor: self.discount,
            requires_shipping: self.requires_shipping,
        })
    }
}

/// The one mapping of money statuses. An authorization is not a payment.
fn payment(status: &str) -> PaymentStatus {
    match status.to_uppercase().as_str() {
        "PAID" => PaymentStatus::Paid,
        "PARTIALLY_PAID" => PaymentStatus::PartiallyPaid,
        "PARTIALLY_REFUNDED" => PaymentStatus::PartiallyRefunded,
        "REFUNDED" => PaymentStatus::Refunded,
        "VOIDED" => PaymentStatus::Voided,
        _ => PaymentStatus::Unpaid,
    }
}

fn from_graph(order: &Value) -> Result<IncomingOrder, String> {
    let currency = text(&order["currencyCode"]);
    let money = |value: &Value| amount(&value["shopMoney"]["amount"], &currency);
    if order["lineItems"]["pageInfo"]["hasNextPage"] == true {
        return Err("The order has more lines than are read at once.".into());
    }
    let mut lines = Vec::new();
    for line in order["lineItems"]["nodes"].as_array().into_iter().flatten() {
        let mut discount = 0_i64;
        for share in line["discountAllocations"].as_array().into_iter().flatten() {
            discount = discount.saturating_add(money(&share["allocatedAmountSet"])?);
        }
        let quantity = line["quantity"].as_i64().unwrap_or(0);
        let current = line["currentQuantity"].as_i64().unwrap_or(quantity);
        lines.push(Line {
            id: number(&text(&line["id"])).to_owned(),
            sku: text(&line["sku"]),
            name: text(&line["name"]),
            quantity,
            current,
            unfulfilled: line["unfulfilledQuantity"].as_i64().unwrap_or(current),
            price: money(&line["originalUnitPriceSet"])?,
            discount,
            requires_shipping: line["requiresShipping"].as_bool().unwrap_or(true),
        });
    }
    let address = |value: &Value| {
        value.is_object().then(|| IncomingAddress {
            name: text(&value["name"]),
            company: text(&value["company"]),
            line1: text(&value["address1"]),
            line2: text(&value["address2"]),
            city: text(&value["city"]),
            region: either(&value["provinceCode"], &value["province"]),
            postal_code: text(&value["zip"]),
            country: either(&value["countryCodeV2"], &value["country"]),
            phone: text(&value["phone"]),
        })
    };
    let parts = Parts {
        reference: number(&text(&order["id"])).to_owned(),
        number: text(&order["name"]),
        email: text(&order["email"]),
        phone: text(&order["phone"]),
        customer: names(&order["customer"]["firstName"], &order["customer"]["lastName"]),
        financial: text(&order["displayFinancialStatus"]),
        shipping: money(&order["totalShippingPriceSet"])?,
        tax: money(&order["totalTaxSet"])?,
        discount: money(&order["totalDiscountsSet"])?,
        total: money(&order["totalPriceSet"])?,
        refunded: money(&order["totalRefundedSet"])?,
        ship_to: address(&order["shippingAddress"]),
        bill_to: address(&order["billingAddress"]),
        method: text(&order["shippingLine"]["title"]),
        placed: either(&order["processedAt"], &order["createdAt"]),
        cancelled: text(&order["cancelledAt"]),
        tags: order["tags"].as_array().into_iter().flatten().map(text).collect(),
        note: text(&order["note"]),
        cancel_reason: text(&order["cancelReason"]),
        lines,
        currency,
    };
    parts.order()
}

/// The order of a webhook.
pub(super) fn from_rest(order: &Value) -> Result<IncomingOrder, String> {
    let currency = text(&order["currency"]);
    // Plain amounts are in the shop's currency, as `shop_money` is.
    let set = |value: &Value, plain: &Value| match &value["shop_money"]["amount"] {
        Value::Null => amount(plain, &currency),
        given => amount(given, &currency),
    };
    let mut lines = Vec::new();
    for line in order["line_items"].as_array().into_iter().flatten() {
        let mut discount = 0_i64;
        for share in line["discount_allocations"].as_array().into_iter().flatten() {
            discount = discount.saturating_add(set(&share["amount_set"], &share["amount"])?);
        }
        let quantity = line["quantity"].as_i64().unwrap_or(0);
        let current = line["current_quantity"]
            .as_i64()
            .unwrap_or_else(|| quantity.saturating_sub(returned(order, &text(&line["id"]))));
        let sent = line["fulfillment_status"] == "fulfilled";
        lines.push(Line {
            id: text(&line["id"]),
            sku: text(&line["sku"]),
            name: either(&line["name"], &line["title"]),
            quantity,
            current,
            unfulfilled: line["fulfillable_quantity"].as_i64().unwrap_or(if sent { 0 } else { current }),
            price: set(&line["price_set"], &line["price"])?,
            discount,
            requires_shipping: line["requires_shipping"].as_bool().unwrap_or(true),
        });
    }
    let address = |value: &Value| {
        value.is_object().then(|| IncomingAddress {
            name: text(&value["name"]),
            company: text(&value["company"]),
            line1: text(&value["address1"]),
            line2: text(&value["address2"]),
            city: text(&value["city"]),
            region: either(&value["province_code"], &value["province"]),
            postal_code: text(&value["zip"]),
            country: either(&value["country_code"], &value["country"]),
            phone: text(&value["phone"]),
        })
    };
    let mut methods = order["shipping_lines"].as_array().into_iter().flatten();
    let mut shipping = 0_i64;
    for method in methods.clone() {
        shipping = shipping.saturating_add(set(&method["price_set"], &method["price"])?);
    }
    if order["total_shipping_price_set"].is_object() {
        shipping = set(&order["total_shipping_price_set"], &Value::Null)?;
    }
    let parts = Parts {
        reference: text(&order["id"]),
        number: text(&order["name"]),
        email: text(&order["email"]),
        phone: text(&order["phone"]),
        customer: names(&order["customer"]["first_name"], &order["customer"]["last_name"]),
        financial: text(&order["financial_status"]),
        shipping,
        tax: set(&order["total_tax_set"], &order["total_tax"])?,
        discount: set(&order["total_discounts_set"], &order["total_discounts"])?,
        total: set(&order["total_price_set"], &order["total_price"])?,
        refunded: paid_back(order, &currency)?,
        ship_to: address(&order["shipping_address"]),
        bill_to: address(&order["billing_address"]),
        method: methods
            .find(|line| line["is_removed"] != true)
            .map(|line| text(&line["title"]))
            .unwrap_or_default(),
        placed: either(&order["processed_at"], &order["created_at"]),
        cancelled: text(&order["cancelled_at"]),
        tags: text(&order["tags"]).split(',').map(str::to_owned).collect(),
        note: text(&order["note"]),
        cancel_reason: text(&order["cancel_reason"]),
        lines,
        currency,
    };
    parts.order()
}

/// How many pieces of a line the refunds name; for payloads without `current_quantity`.
fn returned(order: &Value, line: &str) -> i64 {
    let refunds = order["refunds"].as_array().into_iter().flatten();
    let lines = refunds.flat_map(|refund| refund["refund_line_items"].as_array().into_iter().flatten());
    lines
        .filter(|entry| text(&entry["line_item_id"]) == line)
        .filter_map(|entry| entry["quantity"].as_i64())
        .fold(0, i64::saturating_add)
}

/// What was paid back: the refund transactions that succeeded. One in another
/// currency than the shop's does not count as it is; then the refund's own sums
/// in shop money do.
fn paid_back(order: &Value, currency: &str) -> Result<i64, String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut sum = 0_i64;
    for refund in list(order, "refunds") {
        let paid: Vec<Value> = list(&refund, "transactions")
            .into_iter()
            .filter(|one| one["kind"] == "refund" && one["status"] == "success")
            .collect();
        let foreign =
            |one: &Value| one["currency"].as_str().is_some_and(|given| !given.eq_ignore_ascii_case(currency));
        if !paid.iter().any(foreign) {
            for one in &paid {
                sum = sum.saturating_add(amount(&one["amount"], currency)?);
            }
            continue;
        }
        let shop = |value: &Value| amount(&value["shop_money"]["amount"], currency);
        for line in list(&refund, "refund_line_items") {
            sum = sum
                .saturating_add(shop(&line["subtotal_set"])?)
                .saturating_add(shop(&line["total_tax_set"])?);
        }
        for adjustment in list(&refund, "order_adjustments") {
            let both = shop(&adjustment["amount_set"])?.saturating_add(shop(&adjustment["tax_amount_set"])?);
            sum = sum.saturating_sub(both);
        }
    }
    Ok(sum)
}

/// A text, or a number as text; empty for anything else.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn either(first: &Value, second: &Value) -> String {
    let first = text(first);
    if first.is_empty() { text(second) } else { first }
}

fn names(first: &Value, last: &Value) -> String {
    format!("{} {}", text(first), text(last)).trim().to_owned()
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn instant(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// An amount in minor units; a missing one is nothing.
fn amount(value: &Value, currency: &str) -> Result<i64, String> {
    match text(value) {
        missing if missing.is_empty() => Ok(0),
        given => money::parse(&given, currency)
            .ok_or_else(|| format!("The amount {} cannot be read in {currency}.", short(&given))),
    }
}
