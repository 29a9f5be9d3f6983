//! Runs a checked operation: looks things up, cuts lists to pages, reckons the cost.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::super::state::State;
use super::super::world::Command;
use super::parse::TypeRef;
use super::shops::{Order, Shop, tail};
use super::types::{Checked, object};
use super::view::stamp;

/// A rough reckoning of the vendor's points: ten for a mutation, one for an object, and a page's
/// size for a page.
pub(super) fn cost(mutation: bool, fields: &[Checked]) -> u32 {
    let mut points = 0_u32;
    for field in fields {
        let name = field.of.name();
        let own = match object(name) {
            None => 0,
            Some(_) if mutation => 10,
            Some(_) if name.ends_with("Connection") => 2 + size(field).unwrap_or(0) as u32,
            Some(_) => 1,
        };
        points = points.saturating_add(own).saturating_add(if mutation {
            0
        } else {
            cost(false, &field.selections)
        });
    }
    points
}

/// The most points an operation can cost: as [`cost`], but every page is full and every object on
/// it counts with all that hangs on it. The vendor's own reckoning lies somewhere below.
pub(super) fn most(fields: &[Checked]) -> u64 {
    fields.iter().map(one_at_most).sum()
}

fn one_at_most(field: &Checked) -> u64 {
    let name = field.of.name();
    if object(name).is_none() {
        return 0;
    }
    let rows = size(field).map_or(1, |rows| rows as u64);
    if !name.ends_with("Connection") {
        return rows.saturating_mul(1 + most(&field.selections));
    }
    let (pages, rest): (Vec<&Checked>, Vec<&Checked>) =
        field.selections.iter().partition(|inner| matches!(inner.name.as_str(), "nodes" | "edges"));
    let of = |fields: Vec<&Checked>| fields.into_iter().map(one_at_most).sum::<u64>();
    2 + of(rest) + rows.saturating_mul(of(pages))
}

fn size(field: &Checked) -> Option<usize> {
    field.arguments.get("first").and_then(Value::as_u64).map(|number| number as usize)
}

/// A top-level error.
struct Failure {
    path: Vec<String>,
    message: String,
    code: &'static str,
}

/// Runs an operation in a shop; the answer has `data`, and `errors` if there are any.
pub(super) fn run(state: &Arc<State>, shop: &str, mutation: bool, fields: &[Checked]) -> Value {
    let mut data = Map::new();
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    for field in fields {
        let found = if field.name == "__typename" {
            Ok(json!(if mutation { "Mutation" } else { "QueryRoot" }))
        } else if mutation {
            change(state, shop, field)
        } else {
            read(state, shop, field, &mut warnings)
        };
        let shown = found.and_then(|value| {
            project(field, &value).map_err(|wrong| (vec![field.key.clone()], wrong)).map_err(fail)
        });
        match shown {
            Ok(value) => {
                data.insert(field.key.clone(), value);
            }
            Err(failure) => {
                errors.push(json!({ "message": failure.message, "path": failure.path,
                    "locations": [{ "line": 1, "column": 1 }], "extensions": { "code": failure.code } }));
                data.insert(field.key.clone(), Value::Null);
            }
        }
    }
    let mut answer = json!({ "data": data });
    if !errors.is_empty() {
        answer["errors"] = Value::Array(errors);
    }
    if !warnings.is_empty() {
        answer["extensions"]["search"] = Value::Array(warnings);
    }
    answer
}

fn fail((path, message): (Vec<String>, String)) -> Failure {
    Failure { path, message, code: "BAD_REQUEST" }
}

fn invalid_id(field: &Checked) -> Failure {
    Failure { path: vec![field.key.clone()], message: "invalid id".into(), code: "RESOURCE_NOT_FOUND" }
}

fn text<'a>(field: &'a Checked, name: &str) -> &'a str {
    field.arguments.get(name).and_then(Value::as_str).unwrap_or("")
}

fn change(state: &Arc<State>, shop: &str, field: &Checked) -> Result<Value, Failure> {
    let parcel = |name: &str| tail(text(field, name), "Fulfillment").ok_or_else(|| invalid_id(field));
    let argument = |name: &str| field.arguments.get(name).cloned().unwrap_or_default();
    let shop = shop.to_owned();
    let command = match field.name.as_str() {
        "fulfillmentCreate" => Command::Fulfill { shop, input: argument("fulfillment") },
        "fulfillmentTrackingInfoUpdate" => Command::TrackingUpdate {
            shop,
            fulfillment: parcel("fulfillmentId")?,
            tracking: argument("trackingInfoInput"),
        },
        _ => Command::FulfillmentCancel { shop, fulfillment: parcel("id")? },
    };
    let (Command::Fulfill { shop, .. }
    | Command::TrackingUpdate { shop, .. }
    | Command::FulfillmentCancel { shop, .. }) = &command
    else {
        return Err(invalid_id(field));
    };
    match state.act(&command) {
        Ok(done) => {
            let (order, id) =
                (done["order"].as_u64().unwrap_or(0), done["fulfillment"].as_u64().unwrap_or(0));
            let shown = {
                let world = state.world();
                world.shopify.order(shop, order).and_then(|order| {
                    order
                        .fulfillments
                        .iter()
                        .find(|parcel| parcel.id == id)
                        .map(|parcel| order.parcel(parcel))
                })
            };
            super::notify(state, shop, "orders/updated", order);
            Ok(json!({ "fulfillment": shown, "userErrors": [] }))
        }
        Err(refusal) if refusal.body.is_array() => {
            Ok(json!({ "fulfillment": null, "userErrors": refusal.body }))
        }
        Err(refusal) if refusal.body == "invalid id" => Err(invalid_id(field)),
        Err(refusal) => {
            let message = refusal.body.to_string();
            Err(Failure { path: vec![field.key.clone()], message, code: "INTERNAL_SERVER_ERROR" })
        }
    }
}

fn read(
    state: &Arc<State>,
    shop: &str,
    field: &Checked,
    warnings: &mut Vec<Value>,
) -> Result<Value, Failure> {
    let world = state.world();
    let missing = || invalid_id(field);
    let known = world.shopify.shop(shop).ok_or_else(missing)?;
    match field.name.as_str() {
        "shop" => {
            Ok(json!({ "id": "gid://shopify/Shop/1", "name": shop, "email": format!("owner@{shop}.example"),
            "myshopifyDomain": format!("{shop}.myshopify.com"), "currencyCode": "USD", "ianaTimezone": "Etc/UTC",
            "plan": { "displayName": "Sandbox", "shopifyPlus": false } }))
        }
        "order" => {
            let id = tail(text(field, "id"), "Order").ok_or_else(missing)?;
            Ok(world.shopify.order(shop, id).map(Order::graph).unwrap_or_default())
        }
        "fulfillment" => {
            let id = tail(text(field, "id"), "Fulfillment").ok_or_else(missing)?;
            let parcels = known
                .orders
                .values()
                .flat_map(|order| order.fulfillments.iter().map(move |one| (order, one)));
            let found = parcels.into_iter().find(|(_, parcel)| parcel.id == id);
            Ok(found.map(|(order, parcel)| order.parcel(parcel)).unwrap_or_default())
        }
        _ => orders(known, field, warnings).map_err(|message| fail((vec![field.key.clone()], message))),
    }
}

/// The list of orders, found, sorted and cut to a page; each cursor says where in the order it stands.
fn orders(shop: &Shop, field: &Checked, warnings: &mut Vec<Value>) -> Result<Value, String> {
    let terms = terms(text(field, "query"));
    for Term { field: name, .. } in terms.iter().filter(|term| !FILTERS.contains(&term.field.as_str())) {
        warnings.push(json!({ "path": [field.key], "query": text(field, "query"),
            "warnings": [{ "field": name, "message": "Invalid search field for this query.", "code": "invalid_field" }] }));
    }
    let sort = field.arguments.get("sortKey").and_then(Value::as_str).unwrap_or("PROCESSED_AT");
    let key = |order: &Order| match sort {
        "UPDATED_AT" => (order.updated.timestamp(), order.id),
        "CREATED_AT" | "PROCESSED_AT" => (order.created.timestamp(), order.id),
        "ORDER_NUMBER" => (order.number as i64, order.id),
        _ => (0, order.id),
    };
    let mut found: Vec<((i64, u64), &Order)> = shop
        .orders
        .values()
        .filter(|order| terms.iter().all(|term| term.holds(order)))
        .map(|order| (key(order), order))
        .collect();
    found.sort_by_key(|(key, _)| *key);
    if field.arguments.get("reverse") == Some(&json!(true)) {
        found.reverse();
    }
    let cursor =
        |key: (i64, u64)| STANDARD.encode(json!({ "last_id": key.1, "last_value": key.0 }).to_string());
    let mut start = 0;
    if let Some(after) = field.arguments.get("after").and_then(Value::as_str) {
        let at = read_cursor(after).ok_or("Invalid cursor for current pagination sort.")?;
        let reverse = field.arguments.get("reverse") == Some(&json!(true));
        start = found.partition_point(|(key, _)| if reverse { *key >= at } else { *key <= at });
    }
    let size = page_size(field)?;
    let end = found.len().min(start + size);
    let page = &found[start.min(end)..end];
    let edge = |(at, order): &((i64, u64), &Order)| json!({ "cursor": cursor(*at), "node": order.graph() });
    let edges: Vec<Value> = page.iter().map(edge).collect();
    let nodes: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
    Ok(json!({ "nodes": nodes, "pageInfo": {
        "hasNextPage": end < found.len(), "hasPreviousPage": start > 0,
        "startCursor": edges.first().map(|edge| &edge["cursor"]), "endCursor": edges.last().map(|edge| &edge["cursor"]) },
        "edges": edges }))
}

fn read_cursor(text: &str) -> Option<(i64, u64)> {
    let value: Value = serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()?;
    Some((value["last_value"].as_i64()?, value["last_id"].as_u64()?))
}

fn page_size(field: &Checked) -> Result<usize, String> {
    match size(field) {
        None => Err("you must provide one of first or last".into()),
        Some(size) if size > 250 => Err("Argument 'first' on connection cannot exceed 250".into()),
        Some(size) => Ok(size),
    }
}

/// The filters the list of orders knows; others are ignored with a warning, as the vendor does.
const FILTERS: &[&str] = &[
    "updated_at",
    "created_at",
    "processed_at",
    "fulfillment_status",
    "financial_status",
    "status",
    "name",
    "id",
    "tag",
    "email",
];

#[derive(Debug)]
struct Term {
    field: String,
    sign: &'static str,
    value: String,
    /// The value as a time, read once.
    moment: Option<DateTime<Utc>>,
}

/// Reads a time or a day.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    time.or_else(|| day().map(|time| time.and_utc()))
}

/// `field:>='value'` terms, separated by blanks; all must hold.
fn terms(query: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = query.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("AND ") {
            rest = after.trim_start();
            continue;
        }
        let stop = rest.find([':', ' ']).unwrap_or(rest.len());
        let field = rest[..stop].to_owned();
        if !rest[stop..].starts_with(':') {
            terms.push(Term { field: "name".into(), sign: "", value: field, moment: None });
            rest = rest[stop..].trim_start();
            continue;
        }
        let mut value = &rest[stop + 1..];
        let sign = [">=", "<=", ">", "<"].into_iter().find(|sign| value.starts_with(sign)).unwrap_or("");
        value = &value[sign.len()..];
        let quote = value.chars().next().filter(|one| matches!(one, '\'' | '"'));
        let (text, after) = match quote {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value.split_once(' ').unwrap_or((value, "")),
        };
        terms.push(Term { field, sign, value: text.to_owned(), moment: moment(text) });
        rest = after.trim_start();
    }
    terms
}

impl Term {
    fn holds(&self, order: &Order) -> bool {
        let same = |text: &str| self.value.split(',').any(|value| value.trim().eq_ignore_ascii_case(text));
        match self.field.as_str() {
            "updated_at" => self.time(order.updated),
            "created_at" | "processed_at" => self.time(order.created),
            "fulfillment_status" => match order.status() {
                "UNFULFILLED" | "ON_HOLD" => same("unfulfilled") || same("unshipped") || same("any"),
                "PARTIALLY_FULFILLED" => same("partial") || same("partially_fulfilled") || same("any"),
                _ => same("fulfilled") || same("shipped") || same("any"),
            },
            "financial_status" => {
                same("any") || same(order.seed.financial_status.as_deref().unwrap_or("PAID"))
            }
            "status" => match order.cancelled {
                Some(_) => same("cancelled") || same("any"),
                None => same("open") || same("any") || same("not_closed"),
            },
            "name" => same(&order.name) || same(order.name.trim_start_matches('#')),
            "id" => same(&order.id.to_string()),
            "tag" => order.seed.tags.iter().flatten().any(|tag| same(tag)),
            "email" => order.seed.email.as_deref().is_some_and(same),
            _ => true,
        }
    }

    fn time(&self, at: DateTime<Utc>) -> bool {
        // A time nobody can read finds nothing.
        self.moment.is_some_and(|time| match self.sign {
            ">=" => at >= time,
            "<=" => at <= time,
            ">" => at > time,
            "<" => at < time,
            _ => stamp(at) == stamp(time),
        })
    }
}

/// Keeps of a value what was asked for.
fn project(field: &Checked, value: &Value) -> Result<Value, String> {
    let name = field.of.name();
    match value {
        _ if object(name).is_none() => Ok(value.clone()),
        Value::Null => Ok(Value::Null),
        Value::Array(items) if name.ends_with("Connection") => project(field, &connection(field, items)?),
        Value::Array(items) if is_list(field.of) => {
            let most = size(field).unwrap_or(usize::MAX);
            items.iter().take(most).map(|item| project(field, item)).collect()
        }
        _ => {
            let mut shown = Map::new();
            for inner in &field.selections {
                let found = match inner.name.as_str() {
                    "__typename" => json!(name),
                    other => project(inner, &value[other])?,
                };
                shown.insert(inner.key.clone(), found);
            }
            Ok(Value::Object(shown))
        }
    }
}

fn is_list(of: &TypeRef) -> bool {
    match of {
        TypeRef::Named(_) => false,
        TypeRef::List(_) => true,
        TypeRef::Required(inner) => is_list(inner),
    }
}

/// A page of a list inside an object; its cursors are places.
fn connection(field: &Checked, items: &[Value]) -> Result<Value, String> {
    let place = |name: &str| {
        field.arguments.get(name).and_then(Value::as_str).map(|text| {
            let bytes = STANDARD.decode(text).ok();
            let number = bytes.and_then(|bytes| {
                String::from_utf8(bytes).ok()?.strip_prefix("place:")?.parse::<usize>().ok()
            });
            number.ok_or_else(|| "Invalid cursor for current pagination sort.".to_owned())
        })
    };
    let start = place("after").transpose()?.map_or(0, |at| at + 1).min(items.len());
    let end = items.len().min(start + page_size(field)?);
    let cursor = |at: usize| STANDARD.encode(format!("place:{at}"));
    let edges: Vec<Value> =
        (start..end).map(|at| json!({ "cursor": cursor(at), "node": items[at] })).collect();
    Ok(json!({ "nodes": items[start..end], "edges": edges, "pageInfo": {
        "hasNextPage": end < items.len(), "hasPreviousPage": start > 0,
        "startCursor": (start < end).then(|| cursor(start)), "endCursor": (start < end).then(|| cursor(end - 1)) } }))
}
