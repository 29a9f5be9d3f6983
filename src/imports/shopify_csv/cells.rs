//! What is written in one cell. A cell that cannot be read answers with what
//! to write instead; the caller adds the line and the column.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

/// What to do about a cell, the second half of a sentence.
pub(in crate::imports) type Advice = String;

/// An amount in minor units. Only digits, one dot and a leading minus are an
/// amount: `1,234.50` and `1.234,50` mean different things to different
/// people, so separators are refused, not guessed.
pub(super) fn amount(cell: &str, currency: &str, decimals: u32) -> Result<i64, Advice> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let dotted = digits.contains('.');
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.is_empty() || (dotted && fraction.is_empty()) {
        let separated = digits.chars().any(|c| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || ".,'’ \u{a0}\u{202f}".contains(c));
        return Err(if separated {
            format!(
                "write it without thousands separators and with a dot before the decimals, such as {}",
                example(decimals)
            )
        } else {
            format!("write an amount such as {}", example(decimals))
        });
    }
    // Some tools write ".00" even where the currency has no decimals; that is
    // the same amount. ".000" could be a thousand and is not.
    let fraction = if decimals == 0 && matches!(fraction, "0" | "00") { "" } else { fraction };
    let written = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if written > decimals {
        return Err(match decimals {
            0 => format!("{currency} has no decimals, write a whole amount such as {}", example(0)),
            _ => format!("{currency} has {decimals} decimals, write no more than that"),
        });
    }
    let mut minor: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        minor = push_digit(minor, digit).ok_or_else(too_large)?;
    }
    for _ in written..decimals {
        minor = push_digit(minor, b'0').ok_or_else(too_large)?;
    }
    Ok(if cell.starts_with('-') { -minor } else { minor })
}

fn push_digit(minor: i64, digit: u8) -> Option<i64> {
    minor.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
}

fn too_large() -> Advice {
    "write an amount that is not astronomically large".to_owned()
}

fn example(decimals: u32) -> &'static str {
    match decimals {
        0 => "1250",
        2 => "1250.00",
        3 => "1250.000",
        _ => "1250.0000",
    }
}

/// How many were bought.
pub(super) fn quantity(cell: &str) -> Result<u32, Advice> {
    const MOST: i64 = 1_000_000;
    match cell.parse::<i64>() {
        Ok(count @ 1..=MOST) => u32::try_from(count).map_err(|_| String::new()),
        Ok(..=0) => Err("write 1 or more, or remove the line item".to_owned()),
        Ok(_) => Err("write at most 1000000".to_owned()),
        Err(_) => Err("write a whole number".to_owned()),
    }
}

/// `true` or `false`, as Shopify and as spreadsheets write them.
pub(super) fn yes_or_no(cell: &str) -> Result<bool, Advice> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

/// A moment, and whether its offset had to be assumed to be UTC.
pub(in crate::imports) struct Moment {
    pub at: DateTime<Utc>,
    pub assumed: bool,
}

/// A date as Shopify writes it (`2026-11-20 09:41:00 +0100`), or in ISO 8601,
/// with or without an offset.
pub(in crate::imports) fn moment(cell: &str) -> Result<Moment, Advice> {
    let advice = || "write a date such as 2026-11-20 09:41:00 +0100".to_owned();
    let (text, offset) = split_offset(cell);
    let text = text.replacen(['T', 't'], " ", 1);
    let local = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .ok_or_else(advice)?;
    if !(1970..=2100).contains(&local.year()) {
        return Err("write a date between the years 1970 and 2100".to_owned());
    }
    let minutes = match offset {
        Some(offset) => offset_minutes(offset).ok_or_else(advice)?,
        None => 0,
    };
    let at = local.checked_sub_signed(chrono::Duration::minutes(minutes)).ok_or_else(advice)?;
    Ok(Moment { at: at.and_utc(), assumed: offset.is_none() })
}

fn split_offset(cell: &str) -> (&str, Option<&str>) {
    for zone in ["UTC", "GMT", "Z", "utc", "gmt", "z"] {
        if let Some(text) = cell.strip_suffix(zone) {
            return (text.trim_end(), Some("+0000"));
        }
    }
    // Only a sign after the time is an offset; those before it join the date.
    let Some(time) = cell.find(':') else {
        return (cell, None);
    };
    match cell.get(time..).and_then(|tail| tail.find(['+', '-'])) {
        Some(sign) => {
            let (text, offset) = cell.split_at(time + sign);
            (text.trim_end(), Some(offset))
        }
        None => (cell, None),
    }
}

fn offset_minutes(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = rest.replacen(':', "", 1);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Tags, split at commas.
pub(super) fn tags(cell: &str) -> Vec<String> {
    cell.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// `Name: value` on lines of their own. A line without `: ` continues the
/// value before it; before any name it is a value without one.
pub(super) fn note_attributes(cell: &str) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for line in cell.lines() {
        let named = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, "")));
        match (named, attributes.last_mut()) {
            (Some((name, value)), _) => attributes.push((name.trim().to_owned(), value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line.trim_end());
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => attributes.push((String::new(), line.trim().to_owned())),
        }
    }
    for (_, value) in &mut attributes {
        value.truncate(value.trim_end().len());
    }
    attributes
}

/// Postal codes and phone numbers carry a `'` so that spreadsheets leave them
/// alone.
pub(super) fn without_quote_mark(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell).trim()
}

/// What a spreadsheet would take for a formula, behind a `'`, which it does not show.
pub(super) fn guarded(cell: &str) -> String {
    let cell = cell.trim();
    let mark = if cell.trim_start_matches('\'').starts_with(FORMULA) { "'" } else { "" };
    format!("{mark}{cell}")
}

/// The same without that mark.
pub(in crate::imports) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// How a formula begins.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Whether a spreadsheet has shortened a long number (`6.74109E+12`).
pub(in crate::imports) fn is_shortened_number(cell: &str) -> bool {
    let Some((digits, power)) = cell.split_once(['E', 'e']) else {
        return false;
    };
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numeric(&digits.replacen(['.', ','], "", 1)) && power.strip_prefix('+').is_some_and(numeric)
}
