//! Money is an integer of minor units and an ISO 4217 code; never a float.

use std::fmt::Write as _;

/// How many decimals a currency has.
pub fn exponent(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The amount as a plain decimal, for outside systems: `1234`, `EUR` → `12.34`.
pub fn decimal(minor: i64, currency: &str) -> String {
    let places = exponent(currency);
    let unit = 10_u64.pow(places as u32);
    let size = minor.unsigned_abs();
    let sign = if minor < 0 { "-" } else { "" };
    if places == 0 {
        format!("{sign}{size}")
    } else {
        format!("{sign}{}.{:0places$}", size / unit, size % unit)
    }
}

/// The amount as a person reads it: `€1,234.50`, `−€4.20`, `¥12,800`, `$64.00 CAD`.
pub fn display(minor: i64, currency: &str) -> String {
    let places = exponent(currency);
    let unit = 10_u64.pow(places as u32);
    let size = minor.unsigned_abs();
    let (symbol, suffix) = match currency {
        "EUR" => ("€", ""),
        "GBP" => ("£", ""),
        "USD" => ("$", ""),
        "JPY" => ("¥", ""),
        "CAD" => ("$", " CAD"),
        "AUD" => ("$", " AUD"),
        other => ("", other),
    };
    let mut text = String::new();
    if minor < 0 {
        text.push('−');
    }
    text.push_str(symbol);
    text.push_str(&thousands(size / unit));
    if places > 0 {
        let _ = write!(text, ".{:0places$}", size % unit);
    }
    if symbol.is_empty() {
        text.push(' ');
    }
    text.push_str(suffix);
    text
}

/// A number with commas between its thousands.
pub fn grouped(count: i64) -> String {
    let sign = if count < 0 { "−" } else { "" };
    format!("{sign}{}", thousands(count.unsigned_abs()))
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A plain decimal as minor units; `None` when it is no number or has more
/// decimals than the currency (trailing zeros are fine).
pub fn parse(text: &str, currency: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty()
        || !whole.bytes().all(|b| b.is_ascii_digit())
        || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let places = exponent(currency);
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places {
        return None;
    }
    let minor: i64 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    Some(if negative { -minor } else { minor })
}
