//! A tree in words, as its chips read: `Status: Error, Unconfirmed`.

use super::{
    columns::{Kind, Operator},
    operand::Operand,
    tree::{Condition, Conjunction, Group, Tree},
};
use crate::clock::Instant;
use chrono::{Duration, Timelike};
use chrono_tz::Tz;

/// So many values are named; the others are counted.
const NAMED: usize = 3;

/// A part of a tree that can be taken away on its own.
#[derive(Debug, Clone)]
pub struct Part {
    /// In words.
    pub phrase: String,
    /// The tree without it.
    pub without: Tree,
}

impl Tree {
    /// Each part that must hold, in words; times are in UTC.
    pub fn phrases(&self) -> Vec<String> {
        self.phrases_in(Tz::UTC)
    }

    /// As [`Tree::phrases`], with times as they are in a zone.
    pub fn phrases_in(&self, zone: Tz) -> Vec<String> {
        match self.root.conjunction {
            Conjunction::And => self.parts(zone).into_iter().map(|part| part.phrase).collect(),
            Conjunction::Or if self.is_empty() => Vec::new(),
            Conjunction::Or => vec![group(&self.root, zone)],
        }
    }

    /// What stands side by side outermost, each in words and with what is left
    /// without it.
    pub fn parts(&self, zone: Tz) -> Vec<Part> {
        let filters = self.root.filters.iter().enumerate().map(|(n, filter)| {
            let mut without = self.clone();
            without.root.filters.remove(n);
            Part { phrase: condition(filter, zone), without }
        });
        let groups = self.root.groups.iter().enumerate().filter(|(_, inner)| !inner.is_empty());
        let groups = groups.map(|(n, inner)| {
            let mut without = self.clone();
            without.root.groups.remove(n);
            Part { phrase: group(inner, zone), without }
        });
        filters.chain(groups).collect()
    }

    pub(super) fn phrase_of(&self, one: &Condition) -> String {
        condition(one, Tz::UTC)
    }
}

fn group(of: &Group, zone: Tz) -> String {
    let filters = of.filters.iter().map(|filter| condition(filter, zone));
    let groups = of.groups.iter().filter(|inner| !inner.is_empty()).map(|inner| {
        let alone = inner.filters.len() + inner.groups.len() == 1;
        if alone { group(inner, zone) } else { format!("({})", group(inner, zone)) }
    });
    let parts: Vec<String> = filters.chain(groups).collect();
    parts.join(match of.conjunction {
        Conjunction::And => " and ",
        Conjunction::Or => " or ",
    })
}

fn condition(condition: &Condition, zone: Tz) -> String {
    let Condition { column, operator, operand, value } = condition;
    let label = column.label;
    let values: Vec<String> = match operand {
        Operand::Nothing => Vec::new(),
        Operand::Texts(texts) => texts.iter().map(|text| read(&column.kind, text)).collect(),
        Operand::Times(times) => times.iter().map(|at| time(*at, zone)).collect(),
        Operand::Ago(span) => vec![ago(*span)],
        Operand::Bool(yes) => vec![if *yes { "yes" } else { "no" }.to_owned()],
        Operand::Named(..) | Operand::Numbers(_) => match value.as_array() {
            Some(many) => many.iter().map(plain).collect(),
            None => vec![plain(value)],
        },
    };
    let is_time = matches!(column.kind, Kind::Time);
    let one = values.first().cloned().unwrap_or_default();
    match operator {
        Operator::Eq => format!("{label}: {one}"),
        Operator::Neq => format!("{label}: not {one}"),
        Operator::In => format!("{label}: {}", listed(&values)),
        Operator::NotIn if values.len() == 1 => format!("{label}: not {one}"),
        Operator::NotIn => format!("{label}: none of {}", listed(&values)),
        Operator::Contains if matches!(column.kind, Kind::List) => format!("{label}: {one}"),
        Operator::NotContains if matches!(column.kind, Kind::List) => format!("{label}: not {one}"),
        Operator::Contains => format!("{label}: contains “{one}”"),
        Operator::NotContains => format!("{label}: without “{one}”"),
        Operator::StartsWith => format!("{label}: starts with “{one}”"),
        Operator::EndsWith => format!("{label}: ends with “{one}”"),
        Operator::Gt if is_time => format!("{label}: after {one}"),
        Operator::Gte if is_time => format!("{label}: since {one}"),
        Operator::Lt if is_time => format!("{label}: before {one}"),
        Operator::Lte if is_time => format!("{label}: until {one}"),
        Operator::Gt => format!("{label}: more than {one}"),
        Operator::Gte => format!("{label}: at least {one}"),
        Operator::Lt => format!("{label}: less than {one}"),
        Operator::Lte => format!("{label}: at most {one}"),
        Operator::Between => format!("{label}: {}", values.join(" to ")),
        Operator::IsEmpty => format!("{label}: empty"),
        Operator::IsNotEmpty => format!("{label}: not empty"),
        Operator::WithinLast => format!("{label}: last {one}"),
    }
}

fn read(kind: &Kind, word: &str) -> String {
    match kind {
        Kind::Choice(words) => {
            words.iter().find(|(w, _)| *w == word).map_or(word, |(_, label)| label.as_str()).to_owned()
        }
        _ => word.to_owned(),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn listed(values: &[String]) -> String {
    match values.len() > NAMED + 1 {
        true => format!("{} and {} more", values[..NAMED].join(", "), values.len() - NAMED),
        false => values.join(", "),
    }
}

/// A day where it begins or ends, otherwise to the minute.
fn time(at: Instant, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    match (local.num_seconds_from_midnight(), local.nanosecond()) {
        // as a page gives the last instant of a day
        (0, 0) | (86_399, 999_999_000) => local.format("%-d %b %Y").to_string(),
        _ => local.format("%-d %b %Y %H:%M").to_string(),
    }
}

fn ago(span: Duration) -> String {
    let (n, unit) = match (span.num_minutes() % (24 * 60), span.num_minutes() % 60) {
        (0, _) => (span.num_days(), "day"),
        (_, 0) => (span.num_hours(), "hour"),
        _ => (span.num_minutes(), "minute"),
    };
    if n == 1 { unit.to_owned() } else { format!("{n} {unit}s") }
}
