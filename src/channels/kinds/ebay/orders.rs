//! eBay's orders.

use super::{stamp, url};
use crate::{
    channels::{Access, OrdersPage, kinds::short},
    clock::Instant,
    money,
    orders::{
        PaymentStatus,
        receive::{IncomingAddress, IncomingLine, IncomingOrder},
    },
    outbound::{Answer, ErrorClass, Failure, HttpRequest},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Fifty orders stay well under the size at which answers are cut.
const LIMIT: u64 = 50;

pub(super) fn request(access: &Access, since: Instant, page: Option<&str>) -> HttpRequest {
    let offset: u64 = page.and_then(|page| page.parse().ok()).unwrap_or(0);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("filter", &format!("lastmodifieddate:[{}..]", stamp(since)))
        .append_pair("limit", &LIMIT.to_string())
        .append_pair("offset", &offset.to_string())
        .finish();
    HttpRequest::get(url(access, &format!("/order?{query}")))
}

pub(super) fn page(list: &Value) -> Result<Answer<OrdersPage>, Failure> {
    let Some(orders) = list["orders"].as_array() else {
        return Err(Failure::perhaps(ErrorClass::Unknown, "eBay's answer has no list of orders."));
    };
    let mut page = OrdersPage { orders: Vec::new(), failures: Vec::new(), next: None };
    for order in orders {
        match incoming(order) {
            Ok(order) => page.orders.push(order),
            Err(reason) => page.failures.push((text(&order["orderId"]), short(&reason))),
        }
    }
    // The next page begins where this one ends; an empty page ends the list.
    if list["next"].is_string() && !orders.is_empty() {
        let offset = list["offset"].as_u64().unwrap_or(0);
        page.next = Some(offset.saturating_add(orders.len() as u64).to_string());
    }
    Ok(Answer::plain(page))
}

fn incoming(order: &Value) -> Result<IncomingOrder, String> {
    let reference = text(&order["orderId"]);
    if reference.is_empty() {
        return Err("The order has no id.".into());
    }
    let sums = &order["pricingSummary"];
    let currency = text(&sums["total"]["currency"]);
    if currency.is_empty() {
        return Err("The order's total has no currency.".into());
    }
    let money = |value: &Value| amount(value, &currency);
    let payment_status = match text(&order["orderPaymentStatus"]).as_str() {
        "PAID" => PaymentStatus::Paid,
        "PARTIALLY_REFUNDED" => PaymentStatus::PartiallyRefunded,
        "FULLY_REFUNDED" => PaymentStatus::Refunded,
        _ => PaymentStatus::Unpaid,
    };
    let mut refunded_minor = 0_i64;
    for refund in order["paymentSummary"]["refunds"].as_array().into_iter().flatten() {
        if refund["refundStatus"] != "FAILED" {
            refunded_minor = refunded_minor.saturating_add(money(&refund["amount"])?);
        }
    }
    let start = &order["fulfillmentStartInstructions"][0];
    let digital = start["fulfillmentInstructionsType"] == "DIGITAL";
    let whole = payment_status == PaymentStatus::Refunded;
    let mut lines = Vec::new();
    for line in order["lineItems"].as_array().into_iter().flatten() {
        lines.extend(self::line(line, &currency, digital, whole)?);
    }
    if lines.is_empty() {
        return Err("The order has no lines.".into());
    }
    let step = &start["shippingStep"];
    let ship_to = address(&step["shipTo"]);
    let buyer = text(&order["buyer"]["username"]);
    let placed_at = instant(&order["creationDate"]).ok_or("The order has no date that can be read.")?;
    let mut extras = serde_json::Map::new();
    for (key, value) in [("note", text(&order["buyerCheckoutNotes"])), ("buyer", buyer.clone())] {
        if !value.is_empty() {
            extras.insert(key.into(), json!(value));
        }
    }
    let discount = money(&sums["priceDiscount"])?.saturating_abs();
    let off_delivery = money(&sums["deliveryDiscount"])?.saturating_abs();
    Ok(IncomingOrder {
        number: reference.clone(),
        channel_reference: reference,
        email: some(text(&step["shipTo"]["email"])),
        phone: some(text(&step["shipTo"]["primaryPhone"]["phoneNumber"])),
        customer_name: ship_to
            .as_ref()
            .map(|a| a.name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or(buyer),
        payment_status,
        subtotal_minor: money(&sums["priceSubtotal"])?,
        shipping_minor: money(&sums["deliveryCost"])?,
        tax_minor: money(&sums["tax"])?,
        discount_minor: discount.saturating_add(off_delivery),
        total_minor: money(&sums["total"])?,
        refunded_minor,
        ship_to,
        bill_to: None,
        shipping_method: text(&step["shippingServiceCode"]),
        placed_at,
        canceled_at: canceled(&order["cancelStatus"], placed_at),
        tags: Vec::new(),
        extras: Value::Object(extras),
        lines,
        currency,
    })
}

/// Nothing for a line of no pieces.
fn line(line: &Value, currency: &str, digital: bool, whole: bool) -> Result<Option<IncomingLine>, String> {
    let quantity = line["quantity"].as_i64().and_then(|quantity| i32::try_from(quantity).ok()).unwrap_or(0);
    if quantity < 1 {
        return Ok(None);
    }
    // The cost is of all pieces before discounts. Where it cannot be divided, the
    // price is rounded up and the rest is a discount, so that the line's sum is right.
    let cost = amount(&line["lineItemCost"], currency)?;
    let pieces = i64::from(quantity);
    let price_minor = cost / pieces + i64::from(cost % pieces > 0);
    let paid = match &line["discountedLineItemCost"] {
        Value::Null => cost,
        given => amount(given, currency)?,
    };
    let mut back = 0_i64;
    for refund in line["refunds"].as_array().into_iter().flatten() {
        back = back.saturating_add(amount(&refund["amount"], currency)?);
    }
    // eBay tells what was paid back in money only: all of it or none.
    let refunded = if whole || back > 0 && back >= paid { quantity } else { 0 };
    // Of a line in progress at least one piece was sent; how many is not told.
    let sent = match text(&line["lineItemFulfillmentStatus"]).as_str() {
        "FULFILLED" => quantity,
        "IN_PROGRESS" => 1,
        _ => 0,
    };
    let sku = text(&line["sku"]);
    let title = text(&line["title"]);
    Ok(Some(IncomingLine {
        channel_line_id: text(&line["lineItemId"]),
        name: if title.is_empty() { sku.clone() } else { title },
        sku,
        quantity,
        refunded,
        fulfilled: sent,
        price_minor,
        discount_minor: price_minor.saturating_mul(pieces).saturating_sub(paid).max(0),
        requires_shipping: !digital,
    }))
}

/// When the order was canceled. Without a date it is the day of the order: a
/// moving one would make the order look changed at every poll.
fn canceled(status: &Value, placed_at: Instant) -> Option<Instant> {
    if status["cancelState"] != "CANCELED" {
        return None;
    }
    let requests = status["cancelRequests"].as_array().into_iter().flatten();
    let done = requests.filter_map(|request| instant(&request["cancelCompletedDate"])).max();
    instant(&status["cancelledDate"]).or(done).or(Some(placed_at))
}

fn address(to: &Value) -> Option<IncomingAddress> {
    let at = &to["contactAddress"];
    to.is_object().then(|| IncomingAddress {
        name: text(&to["fullName"]),
        company: text(&to["companyName"]),
        line1: text(&at["addressLine1"]),
        line2: text(&at["addressLine2"]),
        city: text(&at["city"]),
        region: text(&at["stateOrProvince"]),
        postal_code: text(&at["postalCode"]),
        country: text(&at["countryCode"]),
        phone: text(&to["primaryPhone"]["phoneNumber"]),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn instant(value: &Value) -> Option<Instant> {
    DateTime::parse_from_rfc3339(value.as_str()?.trim()).ok().map(|time| time.with_timezone(&Utc))
}

/// An amount in minor units; a missing one is nothing.
fn amount(value: &Value, currency: &str) -> Result<i64, String> {
    match text(&value["value"]) {
        missing if missing.is_empty() => Ok(0),
        given => money::parse(&given, currency)
            .ok_or_else(|| format!("The amount {} cannot be read in {currency}.", short(&given))),
    }
}
