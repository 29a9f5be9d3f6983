//! The one place that reads the machine's clock. Everything below the edges
//! takes `now` as an argument, so that tests never sleep.

use chrono::{DateTime, Utc};

/// An instant, always UTC.
pub type Instant = DateTime<Utc>;

/// The present, cut to microseconds, which is what PostgreSQL keeps.
#[expect(clippy::disallowed_methods, reason = "this is the edge")]
pub fn now() -> Instant {
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}
