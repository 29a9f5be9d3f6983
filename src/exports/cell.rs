//! What stands in one cell, and how each kind of file says it.

use super::columns::{Column, Kind};
use crate::{clock::Instant, money};
use chrono::{DateTime, SecondsFormat};
use std::borrow::Cow;

/// A row of a file.
pub type Row = Vec<Cell>;

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// An amount: minor units, and of which currency.
    Money(i64, String),
    /// An instant.
    Time(Instant),
    /// Yes or no.
    Boolean(bool),
}

impl Cell {
    /// Of what the database said. What is no such value is left as the text it is.
    pub(super) fn read(column: &Column, currency: &str, text: Option<String>) -> Cell {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Cell::Empty };
        let read = match column.kind {
            Kind::Text => None,
            Kind::Whole => text.parse().ok().map(Cell::Whole),
            Kind::Money => text.parse().ok().map(|minor| Cell::Money(minor, currency.to_owned())),
            Kind::Time => text.parse().ok().and_then(DateTime::from_timestamp_micros).map(Cell::Time),
            Kind::Boolean => Some(Cell::Boolean(text == "true")),
        };
        read.unwrap_or(Cell::Text(text))
    }

    /// As a CSV file says it: numbers stay numbers, and no text is a formula.
    pub(super) fn plain(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => "".into(),
            Cell::Text(text) => harmless(text),
            Cell::Whole(number) => number.to_string().into(),
            Cell::Money(minor, currency) => money::decimal(*minor, currency).into(),
            Cell::Time(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
            Cell::Boolean(yes) => (if *yes { "yes" } else { "no" }).into(),
        }
    }
}

/// A text that a spreadsheet would take for a formula, behind a `'`, which it does
/// not show.
fn harmless(text: &str) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') || c.is_control();
    match text.trim_start_matches(' ').starts_with(begins) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}
