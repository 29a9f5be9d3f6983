//! A list's span of time: `period=24h`, or `from` and `to` as days in the
//! account's zone.

use super::{Chip, Choice};
use crate::{
    clock::Instant,
    web::{Visitor, list::List},
};
use chrono::{Days, Duration, NaiveDate, TimeZone};
use chrono_tz::Tz;

/// The keys in the URL.
pub const KEYS: [&str; 3] = ["period", "from", "to"];
const PERIODS: [(&str, &str, i64); 5] = [
    ("1h", "last hour", 1),
    ("24h", "last 24 hours", 24),
    ("7d", "last 7 days", 7 * 24),
    ("30d", "last 30 days", 30 * 24),
    ("90d", "last 90 days", 90 * 24),
];

/// From when to when, and how that reads.
#[derive(Debug, Clone, Default)]
pub struct Period {
    /// At or after.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// The applied parts.
    pub chips: Vec<Chip>,
    /// The relative spans to choose from.
    pub choices: Vec<Choice>,
    /// As typed, for the form.
    pub from_text: String,
    /// As typed, for the form.
    pub to_text: String,
}

/// Reads the span a list is asked for. Days are the zone's own: from midnight
/// to midnight, whatever the clocks do between.
pub fn read(visitor: &Visitor, list: &List) -> Period {
    let chosen = list.word("period", |text| PERIODS.into_iter().find(|(value, ..)| *value == text));
    let from = list.word("from", day);
    let to = list.word("to", day);
    let place = visitor.zone.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ");
    let mut period = Period {
        from: chosen.map(|(.., hours)| visitor.now - Duration::hours(hours)),
        to: to.and_then(|day| day.checked_add_days(Days::new(1))).and_then(|day| midnight(day, visitor.zone)),
        from_text: from.map(|day| day.to_string()).unwrap_or_default(),
        to_text: to.map(|day| day.to_string()).unwrap_or_default(),
        choices: PERIODS
            .into_iter()
            .map(|(value, label, _)| {
                Choice::new(value, capital(label), chosen.is_some_and(|(v, ..)| v == value))
            })
            .collect(),
        ..Period::default()
    };
    period.from = period.from.max(from.and_then(|day| midnight(day, visitor.zone)));
    let mut chip = |text: String, key: &str| {
        period.chips.push(Chip { text, href: list.link().without(key).to_string() });
    };
    if let Some((_, label, _)) = chosen {
        chip(format!("Time: {label}"), "period");
    }
    if let Some(day) = from {
        chip(format!("From {} ({place})", day.format("%-d %b %Y")), "from");
    }
    if let Some(day) = to {
        chip(format!("Until {} ({place})", day.format("%-d %b %Y")), "to");
    }
    period
}

fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

/// The first moment of a day; where midnight is skipped, the first after it.
fn midnight(day: NaiveDate, zone: Tz) -> Option<Instant> {
    (0..4)
        .filter_map(|hour| day.and_hms_opt(hour, 0, 0))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|at| at.with_timezone(&chrono::Utc))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
