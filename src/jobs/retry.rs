//! When to try again: a pure function of the attempt, what the other side
//! asked for, and chance.

use crate::{clock::Instant, outbound::lane::LONGEST_ASKED};
use chrono::Duration;
use rand::RngExt;

/// The schedule of a kind of work.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Delay before the second try, in seconds.
    pub first: i64,
    /// No delay is longer, in seconds.
    pub longest: i64,
    /// Tries in all.
    pub tries: i32,
}

/// What stops on our side: 5 s, 10 s … 15 minutes, an hour in all.
pub const OURS: Schedule = Schedule { first: 5, longest: 900, tries: 12 };

/// Calls to channels and providers: 10 s, 20 s, 40 s … an hour; eight tries.
pub const OUTSIDE: Schedule = Schedule { first: 10, longest: 3600, tries: 8 };

impl Schedule {
    /// When to try again after `attempt` tries failed, or `None` when that was
    /// the last. Exponential with full jitter; a `Retry-After` is the least
    /// delay, up to a day.
    pub fn next(&self, attempt: i32, retry_after: Option<Duration>, now: Instant) -> Option<Instant> {
        self.next_with(attempt, retry_after, now, rand::rng().random::<f64>())
    }

    /// As [`Schedule::next`], with chance as an argument (0 to 1).
    pub fn next_with(
        &self,
        attempt: i32,
        retry_after: Option<Duration>,
        now: Instant,
        chance: f64,
    ) -> Option<Instant> {
        if attempt >= self.tries {
            return None;
        }
        let doublings = u32::try_from(attempt.max(1) - 1).unwrap_or(0).min(20);
        let cap = self.first.saturating_mul(1 << doublings).min(self.longest);
        // never at once: at least half the first delay
        let floor = (self.first as f64 / 2.0).min(cap as f64);
        let seconds = floor + chance.clamp(0.0, 1.0) * (cap as f64 - floor);
        let delay = Duration::milliseconds((seconds * 1000.0) as i64);
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        Some(now + delay.max(asked))
    }
}

/// A schedule of fixed delays, in seconds: the first try, and one more after each.
#[derive(Debug, Clone, Copy)]
pub struct Steps(pub &'static [i64]);

impl Steps {
    /// Tries in all.
    pub fn tries(&self) -> i32 {
        i32::try_from(self.0.len()).unwrap_or(i32::MAX - 1) + 1
    }

    /// When to try again after `attempt` tries failed, or `None` when that was the
    /// last. Up to a tenth later than the delay, so that what failed at once does
    /// not come back at once; a `Retry-After` is the least delay, up to a day.
    pub fn next(&self, attempt: i32, retry_after: Option<Duration>, now: Instant) -> Option<Instant> {
        let delay = *self.0.get(usize::try_from(attempt.max(1) - 1).ok()?)?;
        let later = rand::rng().random::<f64>() * delay as f64 / 10.0;
        let delay = Duration::seconds(delay) + Duration::milliseconds((later * 1000.0) as i64);
        Some(now + delay.max(retry_after.unwrap_or_default().min(LONGEST_ASKED)))
    }
}
