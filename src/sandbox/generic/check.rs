//! What the contract demands of an order.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::super::reply::Refusal;

const ORDER: &[&str] =
    &["reference", "number", "order_number", "placed_at", "currency", "shipping_method", "ship_to", "items"];
const SHIP_TO: &[&str] =
    &["name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone", "email"];
const ITEM: &[&str] = &["key", "sku", "name", "quantity", "unit_price"];

/// A 422 naming each field and what is wrong with it.
pub(super) fn invalid(problems: &[(&str, String)]) -> Refusal {
    let fields: Map<String, Value> =
        problems.iter().map(|(field, text)| ((*field).to_owned(), json!(text))).collect();
    let error = json!({ "code": "invalid", "message": "The order cannot be taken.", "fields": fields });
    Refusal::new(422, json!({ "error": error }))
}

/// A text that is there and not blank.
fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value[field].as_str().filter(|text| !text.trim().is_empty())
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|run| !run.is_empty() && run.bytes().all(|b| b.is_ascii_digit()))
}

fn is_code(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Checks an order. Stricter than a warehouse should be: a field the contract
/// does not have is refused, so that the contract stays what is sent.
pub(super) fn order(order: &Value, refused_skus: &[String]) -> Result<(), Refusal> {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut wrong = |field: &str, text: &str| problems.push((field.to_owned(), text.to_owned()));
    let unknown = |value: &Value, known: &[&str]| -> Vec<String> {
        let names = value.as_object().into_iter().flat_map(|map| map.keys());
        names.filter(|name| !known.contains(&name.as_str())).cloned().collect()
    };
    for name in unknown(order, ORDER) {
        wrong(&name, "The contract has no such field.");
    }
    for field in ["reference", "number"] {
        match text(order, field) {
            None => wrong(field, "It is needed."),
            Some(text) if text.chars().count() > 100 => wrong(field, "It has at most 100 characters."),
            Some(_) => {}
        }
    }
    if text(order, "placed_at").is_none_or(|time| DateTime::parse_from_rfc3339(time).is_err()) {
        wrong("placed_at", "It is a time by RFC 3339.");
    }
    if text(order, "currency").is_none_or(|code| !is_code(code, 3)) {
        wrong("currency", "It is a code by ISO 4217.");
    }
    let to = &order["ship_to"];
    for name in unknown(to, SHIP_TO) {
        wrong(&format!("ship_to.{name}"), "The contract has no such field.");
    }
    if text(to, "name").or(text(to, "company")).is_none() {
        wrong("ship_to.name", "A name or a company is needed.");
    }
    for field in ["line1", "city"] {
        if text(to, field).is_none() {
            wrong(&format!("ship_to.{field}"), "It is needed.");
        }
    }
    if text(to, "country").is_none_or(|code| !is_code(code, 2)) {
        wrong("ship_to.country", "It is a code by ISO 3166 of two letters.");
    }
    match order["items"].as_array().filter(|items| !items.is_empty()) {
        None => wrong("items", "At least one is needed."),
        Some(items) => {
            for (at, item) in items.iter().enumerate() {
                for name in unknown(item, ITEM) {
                    wrong(&format!("items[{at}].{name}"), "The contract has no such field.");
                }
                match text(item, "sku") {
                    None => wrong(&format!("items[{at}].sku"), "It is needed."),
                    Some(sku) if refused_skus.iter().any(|refused| refused == sku) => {
                        wrong(&format!("items[{at}].sku"), "It is not known here.");
                    }
                    Some(_) => {}
                }
                if item["quantity"].as_i64().is_none_or(|quantity| quantity < 1) {
                    wrong(&format!("items[{at}].quantity"), "It is a whole number from 1.");
                }
                if text(item, "unit_price").is_none_or(|price| !is_decimal(price)) {
                    wrong(&format!("items[{at}].unit_price"), "It is a decimal in a text.");
                }
            }
        }
    }
    let problems: Vec<(&str, String)> =
        problems.iter().map(|(field, text)| (field.as_str(), text.clone())).collect();
    if problems.is_empty() { Ok(()) } else { Err(invalid(&problems)) }
}
