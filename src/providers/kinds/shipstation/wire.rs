//! ShipStation's forms: the order as it is sent, what comes back, and the words
//! in which it refuses.

use crate::{
    clock::Instant,
    money,
    outbound::{ErrorClass, Failure, HttpResponse},
    providers::{Parcel, PostLine, PostOrder, RemoteOrder, ShipTo},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::America::Los_Angeles;
use serde_json::{Map, Value, json};

/// The longest order number.
const NUMBER: usize = 50;
/// Names longer than this are cut; our own caution, the vendor publishes no limit.
const NAME: usize = 200;

/// The first so many characters.
fn cut(text: &str, most: usize) -> &str {
    let text = text.trim();
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].trim_end(),
        None => text,
    }
}

/// Nothing instead of an empty text.
fn filled(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// What to list orders by when only our reference is known. The vendor matches
/// the beginning of the order number, so the reference must be the shipment's
/// number, perhaps with a suffix after a dash, a dot or the like. The last such
/// part, after that of a re-post (`-R2`), is left away as long as a digit remains;
/// the exact key decides later.
pub(super) fn stem(reference: &str) -> &str {
    let reference = cut(reference, NUMBER);
    let again = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let reference = match reference.rsplit_once("-R") {
        Some((first, n)) if again(n) => first,
        _ => reference,
    };
    let parts = reference.rsplit_once(|c: char| !c.is_alphanumeric());
    match parts {
        Some((stem, _)) if stem.contains(|c: char| c.is_ascii_digit()) => stem,
        _ => reference,
    }
}

/// The vendor's way of writing a time: Pacific, no offset, seven decimals.
fn stamp(at: Instant) -> String {
    let local = at.with_timezone(&Los_Angeles);
    let fraction = local.nanosecond().min(999_999_999) / 100;
    format!("{}.{fraction:07}", local.format("%Y-%m-%dT%H:%M:%S"))
}

/// Reads a time with an offset, one without (Pacific), or a day.
pub(super) fn moment(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%m/%d/%Y %I:%M:%S %p"];
    let time = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    let local = time.or_else(day)?;
    // An hour that the clocks skip is read as the one after it.
    let later = || Los_Angeles.from_local_datetime(&local.checked_add_signed(Duration::hours(1))?).earliest();
    let time = Los_Angeles.from_local_datetime(&local).earliest().or_else(later)?;
    Some(time.with_timezone(&Utc))
}

fn ship_to(to: &ShipTo) -> Value {
    let name = if to.name.trim().is_empty() { &to.company } else { &to.name };
    json!({
        "name": cut(name, NAME), "company": filled(&to.company), "street1": to.line1.trim(),
        "street2": filled(&to.line2), "city": to.city.trim(), "state": filled(&to.region),
        "postalCode": to.postal_code.trim(), "country": to.country.trim().to_uppercase(),
        "phone": filled(&to.phone),
    })
}

/// Prices are written digit by digit into the text: a JSON number that never
/// was a float.
fn item(line: &PostLine, currency: &str) -> String {
    let name = if line.name.trim().is_empty() { &line.sku } else { &line.name };
    let name = cut(name, NAME);
    let item = json!({
        "lineItemKey": line.key, "sku": filled(&line.sku),
        "name": if name.is_empty() { "Item" } else { name }, "quantity": line.quantity,
    });
    let item = item.to_string();
    let open = item.strip_suffix('}').unwrap_or(&item);
    format!("{open},\"unitPrice\":{}}}", money::decimal(line.unit_price_minor, currency))
}

/// The body of `createorder`.
pub(super) fn order(order: &PostOrder, settings: &Value) -> String {
    let ship_to = ship_to(&order.ship_to);
    let mut advanced = Map::new();
    for (ours, theirs) in [("store_id", "storeId"), ("warehouse_id", "warehouseId")] {
        let set = &settings[ours];
        if let Some(number) = set.as_u64().or_else(|| set.as_str()?.trim().parse().ok()) {
            advanced.insert(theirs.into(), json!(number));
        }
    }
    if !order.order_number.trim().is_empty() {
        advanced.insert("customField1".into(), json!(cut(&order.order_number, 100)));
    }
    let body = json!({
        "orderNumber": cut(&order.number, NUMBER), "orderKey": order.reference,
        "orderDate": stamp(order.placed_at), "orderStatus": "awaiting_shipment",
        "customerEmail": filled(order.ship_to.email.as_deref().unwrap_or_default()),
        "billTo": { "name": ship_to["name"] }, "shipTo": ship_to,
        "requestedShippingService": filled(cut(&order.shipping_method, NAME)),
        "advancedOptions": advanced,
    });
    let body = body.to_string();
    let open = body.strip_suffix('}').unwrap_or(&body);
    let items: Vec<String> = order.lines.iter().map(|line| item(line, &order.currency)).collect();
    format!("{open},\"items\":[{}]}}", items.join(","))
}

/// The body of `createorder` for an order that is there: by its id, which is never
/// taken for a new one. `None`: what we know it by is no id of ShipStation's.
pub(super) fn change(remote_id: &str, of: &PostOrder, settings: &Value) -> Option<String> {
    let id: u64 = remote_id.trim().parse().ok()?;
    let body = order(of, settings);
    Some(format!("{{\"orderId\":{id},{}", body.strip_prefix('{')?))
}

/// An id, which is a number there.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// An order as the vendor shows it.
pub(super) fn remote(order: &Value) -> Option<RemoteOrder> {
    let status = order["orderStatus"].as_str()?.trim().to_owned();
    Some(RemoteOrder {
        remote_id: id(&order["orderId"])?,
        reference: order["orderKey"].as_str().unwrap_or_default().to_owned(),
        live: !status.eq_ignore_ascii_case("cancelled"),
        status,
    })
}

/// A shipment or a fulfillment; returns are none. `cost` names the field with
/// what it cost, in the connection's currency (setting `currency`, else USD);
/// a fulfillment made elsewhere has a fee of nothing, which says nothing.
pub(super) fn parcel(one: &Value, cost: &str, settings: &Value) -> Option<Parcel> {
    if !one.is_object() || one["isReturnLabel"] == true {
        return None;
    }
    let text = |name: &str| one[name].as_str().map(str::trim).unwrap_or_default().to_owned();
    let currency = settings["currency"].as_str().unwrap_or("USD");
    let price = match &one[cost] {
        Value::Number(number) => money::parse(&number.to_string(), currency),
        Value::String(text) => money::parse(text, currency),
        _ => None,
    };
    Some(Parcel {
        tracking_number: text("trackingNumber"),
        courier: text("carrierCode"),
        service: Some(text("serviceCode")).filter(|code| !code.is_empty()),
        shipped_at: one["shipDate"].as_str().and_then(moment),
        cost_minor: price.filter(|price| cost != "fulfillmentFee" || *price != 0),
        voided: one["voided"] == true,
    })
}

/// A 2xx as JSON, anything else as a failure.
pub(super) fn read(response: &HttpResponse) -> Result<Value, Failure> {
    if !response.is_success() {
        return Err(refusal(response));
    }
    let json = response.json().filter(|json| json.is_object() || json.is_array());
    json.ok_or_else(|| Failure::perhaps(ErrorClass::Unknown, "ShipStation's answer cannot be read."))
}

fn refusal(response: &HttpResponse) -> Failure {
    let body = response.json().unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    // The general sentence adds nothing where an exception says what happened.
    let text = |name: &str| body[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    words.extend(text("ExceptionMessage").or(text("Message")).or(text("message")).map(str::to_owned));
    let mut fields: Vec<String> = Vec::new();
    for (field, sentences) in body["ModelState"].as_object().into_iter().flatten() {
        fields.push(field.to_lowercase());
        let sentences: Vec<&str> = match sentences {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        let field = field.strip_prefix("apiOrder.").unwrap_or(field);
        words.push(format!("{field}: {}", sentences.join(" ")));
    }
    let mut message = cut(&words.join(" "), 500).to_owned();
    if message.is_empty() {
        message = format!("ShipStation answered with status {}.", response.status);
    }
    let failure = Failure::by_status(response, message);
    match response.status {
        429 => {
            let reset =
                response.header("x-rate-limit-reset").and_then(|text| text.trim().parse::<i64>().ok());
            let reset = reset.filter(|seconds| *seconds >= 0).and_then(Duration::try_seconds);
            Failure { retry_after: reset.or(failure.retry_after), ..failure }
        }
        400 | 409 | 422 => Failure { class: class(&fields, &failure.message), ..failure },
        // Some bad orders come back as a 500; what is wrong is known, whether it was taken is not.
        500..=599 if !fields.is_empty() => Failure { class: class(&fields, &failure.message), ..failure },
        _ => failure,
    }
}

/// By the fields that are named; without any, by the sentence.
fn class(fields: &[String], message: &str) -> ErrorClass {
    let named = |word: &str| fields.iter().any(|field| field.contains(word));
    if named("shipto") || named("billto") {
        return ErrorClass::AddressInvalid;
    }
    if named("sku") {
        return ErrorClass::SkuUnknown;
    }
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if fields.is_empty() && says(&["sku", "product"]) {
        ErrorClass::SkuUnknown
    } else if fields.is_empty() && says(&["address", "country", "postal code", "ship name"]) {
        ErrorClass::AddressInvalid
    } else {
        ErrorClass::InvalidRequest
    }
}
