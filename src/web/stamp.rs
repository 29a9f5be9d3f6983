//! Moments in the words of a zone.

use super::markup::Stamp;
use crate::clock::Instant;
use chrono::{Datelike, Offset};
use chrono_tz::Tz;

/// Short for lists (`09:41` today, `18 Nov` this year, `18 Nov 2025`), full for
/// detail pages, UTC for machines.
pub fn stamp(at: Instant, zone: Tz, now: Instant) -> Stamp {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let short = if local.date_naive() == today.date_naive() {
        local.format("%H:%M")
    } else if local.year() == today.year() {
        local.format("%-d %b")
    } else {
        local.format("%-d %b %Y")
    };
    let seconds = local.offset().fix().local_minus_utc();
    Stamp {
        iso: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        short: short.to_string(),
        clock: local.format("%H:%M:%S").to_string(),
        full: format!("{} {} ({zone})", local.format("%Y-%m-%d %H:%M:%S"), offset(seconds)),
    }
}

/// `UTC+1`, `UTC-3:30`, `UTC`.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".into(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}
