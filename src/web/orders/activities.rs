//! *Activities* of an order: who did what, when, and the exchange behind it.

use crate::{
    accounts::Permission,
    db::Scope,
    evidence::activity::{self, Activity, Of},
    ids::{ActivityId, OrderId},
    web::{
        Visitor, WebResult,
        badge::{self, Badge},
        markup::Stamp,
    },
};
use serde_json::Value;

/// How many there are on a page.
const SHOWN: i64 = 20;

/// The table.
pub struct Activities {
    /// Newest first.
    pub rows: Vec<RowView>,
    /// Where older ones are.
    pub older: Option<ActivityId>,
    /// Whether newer ones were left out.
    pub from_the_middle: bool,
}

/// One line.
pub struct RowView {
    /// When.
    pub at: Stamp,
    /// What, as a program says it.
    pub verb: String,
    /// Who.
    pub actor: String,
    /// What, as a person says it.
    pub summary: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// How it ended.
    pub result: Badge,
    /// The request and its response.
    pub record: Option<String>,
}

/// A field that changed.
pub struct Change {
    /// Its name.
    pub what: String,
    /// What it was; empty for nothing.
    pub was: String,
    /// What it is; empty for nothing.
    pub is: String,
}

/// A page of an order's history.
pub async fn read(
    visitor: &Visitor,
    scope: &mut Scope,
    order: OrderId,
    before: Option<ActivityId>,
) -> WebResult<Activities> {
    let mut found = activity::list(scope, Of::Order(order), None, before, SHOWN + 1).await?;
    let more = found.len() as i64 > SHOWN;
    found.truncate(SHOWN as usize);
    Ok(Activities {
        older: found.last().map(|row| row.id).filter(|_| more),
        rows: found.into_iter().map(|row| view(visitor, row)).collect(),
        from_the_middle: before.is_some(),
    })
}

fn view(visitor: &Visitor, row: Activity) -> RowView {
    RowView {
        at: Stamp {
            short: row.at().with_timezone(&visitor.zone).format("%-d %b %H:%M:%S").to_string(),
            ..visitor.stamp(row.at())
        },
        result: badge::activity_result(row.result),
        changes: changes(visitor, row.before.as_ref(), row.after.as_ref()),
        record: row
            .transaction_record_id
            .filter(|_| visitor.can(Permission::RecordsView))
            .map(|id| format!("/transaction-records/{id}")),
        verb: row.verb,
        actor: row.actor_name,
        summary: row.summary,
    }
}

/// The fields that are not what they were, as far as they are words and numbers.
fn changes(visitor: &Visitor, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else {
        return Vec::new();
    };
    let change = |(key, value): (&String, &Value)| {
        let was = before.get(key).unwrap_or(&Value::Null);
        let (was, is) = (word(visitor, was)?, word(visitor, value)?);
        (was != is).then(|| Change { what: key.replace('_', " "), was, is })
    };
    after.iter().filter(|(key, _)| !key.ends_with("_minor")).filter_map(change).take(4).collect()
}

/// A value as a person reads it, nothing as nothing; none for what has parts.
fn word(visitor: &Visitor, value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(visitor.moment(text).unwrap_or_else(|| text.chars().take(80).collect())),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
