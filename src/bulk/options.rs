//! What an action is told beside its rows: fields as data. One list of them is
//! the form, its errors, the action's input and the words of the review.

use crate::clock::Instant;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

/// One thing an action is told, the same for every row.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The member of the action's input.
    pub name: &'static str,
    /// What stands beside its control and in the review.
    pub label: &'static str,
    /// What helps to fill it in; may be empty.
    pub hint: &'static str,
    /// What it asks for.
    pub asks: Asks,
}

/// What a field asks for. `needed` is the sentence that asks for what is
/// missing; without one the field may stay empty.
#[derive(Debug, Clone, Copy)]
pub enum Asks {
    /// One of these: the word in the input and what a person reads.
    Choice {
        /// Word and label of each.
        of: &'static [(&'static str, &'static str)],
        /// See [`Asks`].
        needed: Option<&'static str>,
    },
    /// Text of so many characters at most.
    Text {
        /// The longest.
        most: usize,
        /// See [`Asks`].
        needed: Option<&'static str>,
    },
    /// A day and an hour to come, typed in the account's zone. The input holds the
    /// moment itself, in UTC.
    Moment {
        /// See [`Asks`].
        needed: Option<&'static str>,
    },
    /// Yes or no.
    Tick,
}

/// Why, for actions that keep a reason but need none.
pub const REASON: Field = Field {
    name: "reason",
    label: "Reason",
    hint: "Kept in the activity log of each; may stay empty.",
    asks: Asks::Text { most: 500, needed: None },
};

/// How a browser writes a day and an hour.
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];

impl Field {
    /// What was typed as a member of the input; `None` for nothing.
    fn read(&self, typed: &str, zone: Tz, now: Instant) -> Result<Option<Value>, String> {
        let typed = typed.trim();
        let missing = |needed: Option<&str>| needed.map_or(Ok(None), |asks| Err(asks.to_owned()));
        match self.asks {
            Asks::Tick => Ok(Some(Value::Bool(!typed.is_empty()))),
            Asks::Choice { needed, .. } | Asks::Text { needed, .. } | Asks::Moment { needed }
                if typed.is_empty() =>
            {
                missing(needed)
            }
            Asks::Choice { of, .. } => match of.iter().any(|(word, _)| *word == typed) {
                true => Ok(Some(typed.into())),
                false => Err(format!("Choose one of the list for {}.", self.label.to_lowercase())),
            },
            Asks::Text { most, .. } => match typed.chars().count() <= most {
                true => Ok(Some(typed.into())),
                false => Err(format!("Keep the {} under {most} characters.", self.label.to_lowercase())),
            },
            Asks::Moment { .. } => {
                let local = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(typed, form).ok());
                let Some(local) = local else {
                    return Err("Enter the day and the hour, as in 2026-11-27 09:00.".into());
                };
                let Some(at) = zone.from_local_datetime(&local).earliest() else {
                    return Err("The clocks skip that hour. Choose one before or after it.".into());
                };
                let at = at.with_timezone(&Utc);
                match at > now {
                    true => Ok(Some(at.to_rfc3339_opts(SecondsFormat::Secs, true).into())),
                    false => Err("Choose a moment that is still to come.".into()),
                }
            }
        }
    }

    /// A member of the input in words; `None` where there is nothing to say.
    fn say(&self, value: Option<&Value>, zone: Tz) -> Option<String> {
        let text = value.and_then(Value::as_str);
        match self.asks {
            Asks::Tick => {
                Some(if value.and_then(Value::as_bool) == Some(true) { "Yes" } else { "No" }.to_owned())
            }
            Asks::Choice { of, .. } => {
                let label = of.iter().find(|(word, _)| Some(*word) == text).map(|(_, label)| *label);
                label.or(text).map(str::to_owned)
            }
            Asks::Text { .. } => text.filter(|text| !text.is_empty()).map(str::to_owned),
            Asks::Moment { .. } => {
                let text = text?;
                let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&zone);
                Some(format!("{} ({zone})", at.format("%-d %b %Y, %H:%M")))
            }
        }
    }
}

/// Reads what was typed into the fields: the action's input, or what is wrong
/// with each, by the field's name.
pub fn read(
    fields: &[Field],
    typed: impl Fn(&Field) -> String,
    zone: Tz,
    now: Instant,
) -> Result<Value, Vec<(String, String)>> {
    let (mut input, mut wrong) = (Map::new(), Vec::new());
    for field in fields {
        match field.read(&typed(field), zone, now) {
            Ok(Some(value)) => {
                input.insert(field.name.to_owned(), value);
            }
            Ok(None) => {}
            Err(sentence) => wrong.push((field.name.to_owned(), sentence)),
        }
    }
    if wrong.is_empty() { Ok(Value::Object(input)) } else { Err(wrong) }
}

/// An input in words: label and value of each field that says something.
pub fn words(fields: &[Field], input: &Value, zone: Tz) -> Vec<(&'static str, String)> {
    fields.iter().filter_map(|field| Some((field.label, field.say(input.get(field.name), zone)?))).collect()
}
