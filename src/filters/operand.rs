//! What a condition compares with, read by the type of its column.

use super::{
    columns::{Column, Kind, Operator},
    fault::shown,
    tree::{LONGEST_TEXT, MOST_VALUES},
};
use crate::clock::Instant;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

/// A value, or several, ready to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Nothing,
    Texts(Vec<String>),
    /// Ids and lower-cased names.
    Named(Vec<i64>, Vec<String>),
    /// Money is in thousandths of its unit, whatever the currency.
    Numbers(Vec<i64>),
    Times(Vec<Instant>),
    Ago(Duration),
    Bool(bool),
}

/// Why a value does not fit: a code and a sentence.
type Misfit = (&'static str, String);

impl Operand {
    /// Reads the value; the operator fits the column already.
    pub(super) fn read(column: &Column, operator: Operator, value: &Value) -> Result<Operand, Misfit> {
        let named = format!("“{}” of “{}”", operator.as_str(), column.name);
        if operator.takes_no_value() {
            return match value {
                Value::Null => Ok(Operand::Nothing),
                _ => Err(("value_does_not_fit", format!("{named} takes no value."))),
            };
        }
        let several = operator.takes_a_list() || operator == Operator::Between;
        let values: &[Value] = match (value, several) {
            (Value::Null, _) => return Err(("value_missing", format!("{named} needs a value."))),
            (Value::Array(values), true) => values,
            (Value::Array(_) | Value::Object(_), false) => {
                return Err(("value_does_not_fit", format!("{named} takes one value, not several.")));
            }
            (_, true) => return Err(("value_does_not_fit", format!("{named} takes a list of values."))),
            (one, false) => std::slice::from_ref(one),
        };
        if operator == Operator::Between && values.len() != 2 {
            return Err(("value_does_not_fit", format!("{named} takes two values, the lower one first.")));
        }
        if values.is_empty() {
            return Err(("value_missing", format!("{named} needs at least one value.")));
        }
        if values.len() > MOST_VALUES {
            return Err(("too_many_values", format!("{named} takes at most {MOST_VALUES} values.")));
        }
        let operand = match operator {
            Operator::WithinLast => Operand::Ago(ago(&values[0])?),
            _ => all(column, values)?,
        };
        let reversed = operator == Operator::Between
            && match &operand {
                Operand::Numbers(pair) => pair[0] > pair[1],
                Operand::Times(pair) => pair[0] > pair[1],
                _ => false,
            };
        match reversed {
            true => Err(("value_does_not_fit", format!("{named} takes the lower value first."))),
            false => Ok(operand),
        }
    }
}

fn all(column: &Column, values: &[Value]) -> Result<Operand, Misfit> {
    let misfit = |value: &Value| misfit(column, value);
    let each = values.iter();
    Ok(match &column.kind {
        Kind::Text | Kind::List => {
            let texts: Result<_, Misfit> = each.map(|v| text(v)?.ok_or_else(|| misfit(v))).collect();
            Operand::Texts(texts?)
        }
        Kind::Choice(words) => {
            let word = |v: &Value| {
                v.as_str()
                    .filter(|text| words.iter().any(|(word, _)| word == text))
                    .map(str::to_owned)
                    .ok_or_else(|| misfit(v))
            };
            Operand::Texts(each.map(word).collect::<Result<_, _>>()?)
        }
        Kind::Named => {
            let (mut ids, mut names) = (Vec::new(), Vec::new());
            for value in each {
                match (whole(value), value) {
                    (Some(id), _) => ids.push(id),
                    (None, _) => names.push(text(value)?.ok_or_else(|| misfit(value))?.to_lowercase()),
                }
            }
            Operand::Named(ids, names)
        }
        Kind::Number => {
            Operand::Numbers(each.map(|v| whole(v).ok_or_else(|| misfit(v))).collect::<Result<_, _>>()?)
        }
        Kind::Money => {
            Operand::Numbers(each.map(|v| thousandths(v).ok_or_else(|| misfit(v))).collect::<Result<_, _>>()?)
        }
        Kind::Time => {
            Operand::Times(each.map(|v| time(v).ok_or_else(|| misfit(v))).collect::<Result<_, _>>()?)
        }
        Kind::Boolean => match &values[0] {
            Value::Bool(yes) => Operand::Bool(*yes),
            // what a form of a page sends
            Value::String(text) if text == "true" => Operand::Bool(true),
            Value::String(text) if text == "false" => Operand::Bool(false),
            other => return Err(misfit(other)),
        },
    })
}

fn misfit(column: &Column, value: &Value) -> Misfit {
    let text = match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    };
    let wanted = match &column.kind {
        Kind::Text | Kind::List => "a text that is not empty".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", words.join(", "))
        }
        Kind::Named => "a name or an id".to_owned(),
        Kind::Number => "a whole number".to_owned(),
        Kind::Money => "an amount like \"12.34\"".to_owned(),
        Kind::Time => "a time like \"2026-11-20T09:30:00Z\"".to_owned(),
        Kind::Boolean => "true or false".to_owned(),
    };
    ("value_does_not_fit", format!("“{text}” does not fit “{}”, which takes {wanted}.", column.name))
}

/// A text that can be kept; none is no text.
fn text(value: &Value) -> Result<Option<String>, Misfit> {
    let Some(text) = value.as_str() else { return Ok(None) };
    if text.chars().count() > LONGEST_TEXT {
        return Err(("too_long", format!("A value has at most {LONGEST_TEXT} characters.")));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\0')))
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn thousandths(value: &Value) -> Option<i64> {
    let written = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    // of all currencies this one has three decimals, the most there are
    crate::money::parse(&written, "KWD")
}

fn time(value: &Value) -> Option<Instant> {
    let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?.with_timezone(&Utc);
    // as exact as PostgreSQL keeps it, and in the time it knows
    let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    (chrono::Datelike::year(&at) >= 1).then_some(at)
}

/// `7d`, `24h`, `30m`; at most ten years.
fn ago(value: &Value) -> Result<Duration, Misfit> {
    let misfit = || {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        ("value_does_not_fit", format!("“{}” is no span of time like \"7d\" or \"24h\".", shown(&text)))
    };
    let text = value.as_str().ok_or_else(misfit)?.trim();
    let Some(unit) = text.chars().last().filter(char::is_ascii) else { return Err(misfit()) };
    let number: u32 = Some(&text[..text.len() - 1])
        .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|n| n.parse().ok())
        .ok_or_else(misfit)?;
    let number = i64::from(number);
    let span = match unit {
        'd' => Duration::try_days(number),
        'h' => Duration::try_hours(number),
        'm' => Duration::try_minutes(number),
        _ => None,
    };
    span.filter(|span| *span > Duration::zero() && span.num_days() <= 3660).ok_or_else(misfit)
}
