//! How often a token may ask: a bucket for each, which fills again at a steady
//! rate and holds five seconds' worth. One process counts for itself.

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock,
    middleware::StateInformationMiddleware,
};
use std::num::NonZeroU32;

/// So many seconds' worth may be asked at once.
pub const SECONDS: u32 = 5;

/// The buckets.
pub struct Rates {
    buckets: RateLimiter<
        String,
        governor::state::keyed::DefaultKeyedStateStore<String>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    per_second: NonZeroU32,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rates({} a second)", self.per_second)
    }
}

/// What a bucket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Go on; so many more may follow at once.
    Granted(u32),
    /// Too soon; again after so many seconds.
    Wait(u64),
}

impl Rates {
    /// So many requests a second for each token.
    pub fn new(per_second: NonZeroU32) -> Rates {
        let quota = Quota::per_second(per_second)
            .allow_burst(per_second.saturating_mul(NonZeroU32::MIN.saturating_add(SECONDS - 1)));
        let buckets: DefaultKeyedRateLimiter<String> = RateLimiter::keyed(quota);
        Rates { buckets: buckets.with_middleware(), per_second }
    }

    /// The most that may be asked at once.
    pub fn burst(&self) -> u32 {
        self.per_second.get().saturating_mul(SECONDS)
    }

    /// Asks for a turn.
    pub fn turn(&self, token: &str) -> Turn {
        match self.buckets.check_key(&token.to_owned()) {
            Ok(state) => Turn::Granted(state.remaining_burst_capacity()),
            Err(not_yet) => {
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                Turn::Wait(wait.as_secs() + 1)
            }
        }
    }
}
