//! The controls that ask for a column's values, and what a form of them says.

use crate::{
    filters::{Column, Kind, Operator},
    web::{Fields, Visitor},
};
use chrono::{Days, Duration, NaiveDate, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// What a column is asked for with.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    /// Boxes to tick: word and label.
    Boxes(Vec<(String, String)>),
    /// One text, or several.
    Text,
    /// One number or amount, or two.
    Number,
    /// Days, or a span of time.
    Days,
    /// Yes or no.
    YesNo,
}

impl Ask {
    /// Of a column; `names` are those of what has a name in the account.
    pub fn of(column: &Column, names: Vec<String>) -> Ask {
        match &column.kind {
            Kind::Choice(words) => {
                Ask::Boxes(words.iter().map(|(word, label)| ((*word).to_owned(), label.clone())).collect())
            }
            Kind::Named => Ask::Boxes(names.into_iter().map(|name| (name.clone(), name)).collect()),
            Kind::Text | Kind::List => Ask::Text,
            Kind::Number | Kind::Money => Ask::Number,
            Kind::Time => Ask::Days,
            Kind::Boolean => Ask::YesNo,
        }
    }
}

/// The operators that the page offers for a column, as it reads them.
pub fn operators(column: &Column) -> Vec<(Operator, &'static str)> {
    use Operator::*;
    let time = matches!(column.kind, Kind::Time);
    let label = |operator: Operator| match operator {
        Gte if time => "from this day",
        Gt if time => "after this day",
        Lt if time => "before this day",
        Lte if time => "until this day",
        Between if time => "from one day to another",
        WithinLast => "in the last",
        Gt => "is more than",
        Gte => "is at least",
        Lt => "is less than",
        Lte => "is at most",
        Contains if matches!(column.kind, Kind::List) => "has",
        NotContains if matches!(column.kind, Kind::List) => "has not",
        In if matches!(column.kind, Kind::List) => "has any of",
        NotIn if matches!(column.kind, Kind::List) => "has none of",
        other => other.label(),
    };
    let ticked = matches!(column.kind, Kind::Choice(_) | Kind::Named);
    let offered = column.kind.operators().iter().copied();
    offered.filter(|o| !(ticked && matches!(o, Eq | Neq))).map(|o| (o, label(o))).collect()
}

/// Spans that the page offers.
pub const SPANS: [(&str, &str); 5] =
    [("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"), ("365d", "365 days")];

/// The condition that a form asks for. What is missing is null, and is refused
/// by the tree's own rules.
pub fn condition(visitor: &Visitor, column: &Column, operator: Operator, fields: &Fields) -> Value {
    let (one, two) = (fields.get("value").trim(), fields.get("value2").trim());
    let given = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let value = match (&column.kind, operator) {
        (_, operator) if operator.takes_no_value() => Value::Null,
        (Kind::Choice(_) | Kind::Named, _) => json!(fields.all("value").collect::<Vec<_>>()),
        (_, operator) if operator.takes_a_list() => {
            let each = one.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty());
            json!(each.collect::<Vec<_>>())
        }
        (_, Operator::WithinLast) => given(fields.get("span")),
        (Kind::Time, Operator::Between) => {
            json!([day(visitor.zone, one, false), day(visitor.zone, two, true)])
        }
        // a day is whole: after it and until it begin at its end
        (Kind::Time, operator) => day(visitor.zone, one, matches!(operator, Operator::Gt | Operator::Lte)),
        (_, Operator::Between) => json!([given(one), given(two)]),
        _ => given(one),
    };
    match value {
        Value::Null => json!({ "column": column.name, "operator": operator }),
        value => json!({ "column": column.name, "operator": operator, "value": value }),
    }
}

/// The first instant of a day in the zone, or its last; what is no day as it is.
fn day(zone: Tz, text: &str, end: bool) -> Value {
    let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") else {
        return if text.is_empty() { Value::Null } else { json!(text) };
    };
    let midnight = |day: NaiveDate| {
        let at = |hour| zone.from_local_datetime(&day.and_hms_opt(hour, 0, 0)?).earliest();
        // where clocks jump over midnight, the first instant there is
        at(0).or_else(|| at(1)).map(|at| at.to_utc())
    };
    let at = match end {
        false => midnight(day),
        true => {
            day.checked_add_days(Days::new(1)).and_then(midnight).map(|next| next - Duration::microseconds(1))
        }
    };
    json!(at)
}
