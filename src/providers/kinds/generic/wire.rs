//! The contract's forms: the order as it is sent, what comes back, and the words
//! in which a warehouse refuses.

use crate::{
    clock::Instant,
    money,
    outbound::{ErrorClass, Failure, HttpResponse},
    providers::{Parcel, PostLine, PostOrder, RemoteOrder},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// The longest id of an order we keep.
const LONGEST_ID: usize = 200;

/// Nothing instead of an empty text.
fn filled(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// The body of a post: the same order gives the same bytes.
pub(super) fn order(order: &PostOrder) -> String {
    let to = &order.ship_to;
    let item = |line: &PostLine| {
        let name = if line.name.trim().is_empty() { &line.sku } else { &line.name };
        json!({
            "key": line.key, "sku": filled(&line.sku), "name": filled(name), "quantity": line.quantity,
            "unit_price": money::decimal(line.unit_price_minor, &order.currency),
        })
    };
    json!({
        "reference": order.reference,
        "number": order.number,
        "order_number": filled(&order.order_number),
        "placed_at": order.placed_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "currency": order.currency,
        "shipping_method": filled(&order.shipping_method),
        "ship_to": {
            "name": filled(&to.name), "company": filled(&to.company), "line1": to.line1.trim(),
            "line2": filled(&to.line2), "city": to.city.trim(), "region": filled(&to.region),
            "postal_code": filled(&to.postal_code), "country": to.country.trim().to_uppercase(),
            "phone": filled(&to.phone), "email": filled(to.email.as_deref().unwrap_or_default()),
        },
        "items": order.lines.iter().map(item).collect::<Vec<_>>(),
    })
    .to_string()
}

/// An order as the warehouse shows it. One whose id could not be asked for
/// again is none.
pub(super) fn order_in(body: &Value) -> Result<RemoteOrder, Failure> {
    let remote = || {
        let id = match &body["id"] {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.as_u64()?.to_string(),
            _ => return None,
        };
        let usable = !matches!(id.as_str(), "" | "." | "..")
            && id.chars().count() <= LONGEST_ID
            && !id.contains(char::is_control);
        let status = body["status"].as_str()?.trim();
        let reference = body["reference"].as_str()?;
        (usable && !status.is_empty()).then(|| RemoteOrder {
            remote_id: id,
            reference: reference.to_owned(),
            status: status.to_owned(),
            live: !is_canceled(status) && !is_rejected(status),
        })
    };
    remote().ok_or_else(|| Failure::perhaps(ErrorClass::Unknown, "The warehouse’s answer names no order."))
}

pub(super) fn is_canceled(status: &str) -> bool {
    status.eq_ignore_ascii_case("canceled") || status.eq_ignore_ascii_case("cancelled")
}

fn is_rejected(status: &str) -> bool {
    status.eq_ignore_ascii_case("rejected")
}

/// The order, if it is the one with our reference.
pub(super) fn same(order: RemoteOrder, reference: &str) -> Result<RemoteOrder, Failure> {
    if order.reference == reference {
        return Ok(order);
    }
    let words = format!("The warehouse answered with another order, {}.", cut(&order.reference));
    Err(Failure::perhaps(ErrorClass::Unknown, words))
}

/// The order, if it can become a parcel: a dead one is a complete answer too,
/// and nothing will leave.
pub(super) fn alive(order: RemoteOrder) -> Result<RemoteOrder, Failure> {
    let refused = |class, words: &str| Err(Failure::refused(class, Some(order.status.clone()), words));
    if order.live {
        return Ok(order);
    }
    if is_rejected(&order.status) {
        return refused(ErrorClass::InvalidRequest, "The warehouse rejected the order.");
    }
    refused(
        ErrorClass::OrderClosed,
        "The warehouse has an order with this reference that was canceled there.",
    )
}

/// Every order of a list, or nothing of it.
pub(super) fn list(body: &Value) -> Result<Vec<RemoteOrder>, Failure> {
    match body["shipments"].as_array() {
        Some(list) => list.iter().map(order_in).collect(),
        None => {
            Err(Failure::perhaps(ErrorClass::Unknown, "The warehouse’s answer has no list of shipments."))
        }
    }
}

/// A parcel; its cost is left out when it is in another currency than the
/// connection's.
pub(super) fn parcel(one: &Value, currency: Option<&str>) -> Option<Parcel> {
    if !one.is_object() {
        return None;
    }
    let text = |name: &str| one[name].as_str().map(str::trim).unwrap_or_default().to_owned();
    let cost = &one["cost"];
    let theirs = cost["currency"].as_str().map(str::trim).filter(|code| !code.is_empty()).or(currency);
    let amount = match &cost["amount"] {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let cost_minor = amount
        .zip(theirs)
        .filter(|(_, theirs)| currency.is_none_or(|ours| ours == *theirs))
        .and_then(|(amount, theirs)| money::parse(&amount, theirs));
    Some(Parcel {
        tracking_number: text("tracking_number"),
        courier: text("carrier"),
        service: Some(text("service")).filter(|service| !service.is_empty()),
        shipped_at: one["shipped_at"].as_str().and_then(moment),
        cost_minor,
        voided: one["voided"] == true,
    })
}

fn moment(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.with_timezone(&Utc))
}

/// A 2xx as JSON, anything else as a failure.
pub(super) fn read(response: &HttpResponse) -> Result<Value, Failure> {
    if !response.is_success() {
        return Err(refusal(response));
    }
    let json = response.json().filter(Value::is_object);
    json.ok_or_else(|| Failure::perhaps(ErrorClass::Unknown, "The warehouse’s answer cannot be read."))
}

/// The contract's code of an error.
pub(super) fn code(response: &HttpResponse) -> Option<String> {
    response.json()?["error"]["code"].as_str().map(str::to_owned)
}

/// The same refusal, but it does not say whether the order was taken.
pub(super) fn unclear(response: &HttpResponse) -> Failure {
    let told = refusal(response);
    Failure { code: told.code, ..Failure::perhaps(ErrorClass::Unknown, told.message) }.after(told.retry_after)
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(500).map_or(text, |(end, _)| &text[..end])
}

fn refusal(response: &HttpResponse) -> Failure {
    let body = response.json().unwrap_or_default();
    let error = &body["error"];
    let mut words: Vec<String> = Vec::new();
    words.extend(error["message"].as_str().map(|text| text.trim().to_owned()));
    let mut fields: Vec<String> = Vec::new();
    for (field, said) in error["fields"].as_object().into_iter().flatten() {
        fields.push(field.to_lowercase());
        let said: Vec<&str> = match said {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        words.push(format!("{field}: {}", said.join(" ")));
    }
    let mut message = cut(words.join(" ").trim()).to_owned();
    if message.is_empty() {
        message = format!("The warehouse answered with status {}.", response.status);
    }
    let failure = Failure::by_status(response, message);
    let code = error["code"].as_str();
    let class = match (response.status, code) {
        (400..=499, Some("too_late")) => ErrorClass::AlreadyFulfilled,
        (400 | 422, _) => by_fields(&fields),
        _ => failure.class,
    };
    Failure { class, code: code.map(str::to_owned).or(failure.code.clone()), ..failure }
}

/// By the fields that are named: `ship_to.city`, `items[0].sku`.
fn by_fields(fields: &[String]) -> ErrorClass {
    if fields.iter().any(|field| field.starts_with("ship_to")) {
        ErrorClass::AddressInvalid
    } else if fields.iter().any(|field| field.ends_with("sku")) {
        ErrorClass::SkuUnknown
    } else {
        ErrorClass::InvalidRequest
    }
}
