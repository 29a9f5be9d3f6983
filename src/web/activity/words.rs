//! A line of history in words: what changed from what, and what it is about.

use crate::{
    accounts::Permission,
    evidence::{activity::Subject, activity_list::Line},
    web::{Visitor, markup::Offer},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub name: String,
    /// What it was; empty when it was not.
    pub before: String,
    /// What it is; `removed` when it is no more.
    pub after: String,
}

/// The values that differ between before and after.
pub fn changes(visitor: &Visitor, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let keys = |value: Option<&Value>| {
        value
            .and_then(Value::as_object)
            .map(|map| map.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let mut names: BTreeSet<String> = keys(before).into_iter().chain(keys(after)).collect();
    if !visitor.can(Permission::CostsView) && names.remove("shipping_cost") && names.is_empty() {
        return Vec::new();
    }
    if names.is_empty() {
        let (before, after) = (text(visitor, before), text(visitor, after));
        let same = before == after;
        return if same { Vec::new() } else { vec![Change { name: "Value".into(), before, after }] };
    }
    names
        .into_iter()
        .filter_map(|name| {
            let of = |value: Option<&Value>| text(visitor, value.and_then(|v| v.get(&name)));
            let (was, is) = (of(before), of(after));
            let after = if is.is_empty() && !was.is_empty() { "removed".to_owned() } else { is.clone() };
            (was != is).then(|| Change { name: name.replace('_', " "), before: was, after })
        })
        .collect()
}

fn text(visitor: &Visitor, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => visitor.moment(text).unwrap_or_else(|| text.clone()),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| text(visitor, Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// What a line is about: its name and page.
pub fn subject(line: &Line) -> Option<Offer> {
    let id = line.subject_id;
    let named = |noun: &str, name: &Option<String>, href: String| {
        Some(Offer { label: name.clone().unwrap_or_else(|| format!("{noun} {id}")), href })
    };
    match line.subject_kind {
        Subject::Order => named("Order", &line.order_number, format!("/orders/{id}")),
        Subject::Shipment => named("Shipment", &line.shipment_number, format!("/shipments/{id}")),
        Subject::Customer => named("Customer", &None, format!("/customers/{id}")),
        Subject::Store => named("Store", &line.subject_name, format!("/stores/{id}")),
        Subject::Channel => line
            .store_id
            .and_then(|store| named("Channel", &line.subject_name, format!("/stores/{store}/channels/{id}"))),
        Subject::Connection => named("Connection", &line.subject_name, format!("/connections/{id}")),
        Subject::Problem => named("Problem", &None, format!("/problems/{id}")),
        Subject::Product => named("Product", &line.subject_name, format!("/products/{id}")),
        Subject::Import => named("Import", &None, format!("/imports/{id}")),
        Subject::Export => named("Export", &None, "/exports".into()),
        Subject::BulkOperation => named("Bulk operation", &None, format!("/bulk/{id}")),
        Subject::Email => named("E-mail", &None, format!("/emails/{id}")),
        Subject::Responder => named("Responder", &None, format!("/responders/{id}")),
        Subject::Webhook => named("Webhook endpoint", &None, format!("/webhooks/{id}")),
        Subject::User | Subject::Job => None,
    }
}

/// The page that draws one chain.
pub fn chain(trace: &str) -> String {
    format!("/traces/{trace}")
}
