//! What ShipStation demands of an order, and the ASP.NET words in which it says no.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value, json};

use super::super::reply::Refusal;

/// The statuses an order can have.
const STATUSES: &[&str] =
    &["awaiting_payment", "awaiting_shipment", "pending_fulfillment", "shipped", "on_hold", "cancelled"];

/// A 400 naming each field and what is wrong with it.
pub(super) fn invalid(problems: &[(String, String)]) -> Refusal {
    let mut fields = Map::new();
    for (field, text) in problems {
        let texts = fields.entry(field.clone()).or_insert_with(|| json!([]));
        if let Value::Array(texts) = texts {
            texts.push(json!(text));
        }
    }
    Refusal::new(400, json!({ "Message": "The request is invalid.", "ModelState": fields }))
}

/// Checks an order as `createorder` does.
pub(super) fn order(order: &Value) -> Result<(), Refusal> {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut wrong = |field: &str, text: String| problems.push((format!("apiOrder.{field}"), text));
    for field in ["orderNumber", "orderDate", "orderStatus"] {
        if text(order, field).is_none() {
            wrong(field, format!("The {field} field is required."));
        }
    }
    for field in ["billTo", "shipTo"] {
        if !order[field].is_object() {
            wrong(field, format!("The {field} field is required."));
        }
    }
    if text(order, "orderNumber").is_some_and(|number| number.chars().count() > 50) {
        wrong("orderNumber", "The field orderNumber must be a string with a maximum length of 50.".into());
    }
    if text(order, "orderKey").is_some_and(|key| key.chars().count() > 50) {
        wrong("orderKey", "The field orderKey must be a string with a maximum length of 50.".into());
    }
    if let Some(status) = text(order, "orderStatus")
        && !STATUSES.contains(&status)
    {
        wrong("orderStatus", format!("Error converting value \"{status}\" to type 'OrderStatus'."));
    }
    for field in ["orderDate", "paymentDate", "shipByDate"] {
        if let Some(date) = text(order, field)
            && moment(date).is_none()
        {
            wrong(field, format!("Could not convert string to DateTime: {date}."));
        }
    }
    if order["shipTo"].is_object() {
        let to = &order["shipTo"];
        for (field, name) in [
            ("name", "Name"),
            ("street1", "Street1"),
            ("city", "City"),
            ("postalCode", "Postal Code"),
            ("country", "Country"),
        ] {
            if text(to, field).is_none() {
                wrong(&format!("shipTo.{field}"), format!("The {name} field is required."));
            }
        }
        if text(to, "country")
            .is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()))
        {
            wrong("shipTo.country", "Country must be a two-letter ISO country code.".into());
        }
    }
    match &order["items"] {
        Value::Null => {}
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if text(item, "name").is_none() {
                    wrong(&format!("items[{at}].name"), "The name field is required.".into());
                }
                if item["quantity"].as_i64().is_none_or(|quantity| quantity < 0) {
                    wrong(
                        &format!("items[{at}].quantity"),
                        "The quantity field must be a whole number.".into(),
                    );
                }
            }
        }
        _ => wrong("items", "Cannot deserialize the current JSON value into a list.".into()),
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(&problems)) }
}

/// A text that is there and not blank.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value[field].as_str().filter(|text| !text.trim().is_empty())
}

/// The vendor's way of writing a time: no offset, seven decimals.
/// The real one means Pacific time; the sandbox stays with UTC.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    let fraction = at.timestamp_subsec_nanos().min(999_999_999) / 100;
    format!("{}.{fraction:07}", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// Reads a time with or without an offset, or a day.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.naive_utc());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time);
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0))
}
