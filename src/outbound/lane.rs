//! The way to one outside system of an account: how many requests a minute it
//! takes, until when it asked us to wait, and whether it answers at all.
//!
//! The budget is a token bucket; what finds it empty is told when to come again,
//! each a turn later than the one before. The circuit breaker opens when half of
//! at least twenty calls in two minutes failed, and closes when a read shows
//! that the other side works: never by trying out what changes something there.
//!
//! Here is only what a lane decides; `turn` keeps lanes in the database.

use crate::{
    clock::Instant,
    evidence::record::{About, LogType},
    ids::{ChannelId, ConnectionId},
};
use chrono::Duration;
use std::fmt;

/// The calls that the circuit breaker looks at, and over how long.
const FEWEST_CALLS: i32 = 20;
const COUNTED: Duration = Duration::minutes(2);
/// How long the breaker keeps everything back before a read may try.
const OPEN: Duration = Duration::seconds(60);
/// Nobody is told to come again later than this: things may be well before.
const FARTHEST: Duration = Duration::minutes(5);
/// How long to wait for the read that somebody else makes.
const MOMENT: Duration = Duration::seconds(10);
/// No other side is taken at its word for longer than this.
pub const LONGEST_ASKED: Duration = Duration::hours(24);

/// The way to one outside system of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A fulfillment connection.
    Connection(ConnectionId),
    /// A sales channel.
    Channel(ChannelId),
}

impl Lane {
    /// The lane of a call; `None` for what has no budget, such as webhooks.
    pub fn of(about: &About) -> Option<Lane> {
        about.connection.map(Lane::Connection).or(about.channel.map(Lane::Channel))
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lane::Connection(id) => write!(f, "connection:{id}"),
            Lane::Channel(id) => write!(f, "channel:{id}"),
        }
    }
}

/// What asks for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// A read: it may try out what the circuit breaker keeps back.
    Read,
    /// What changes something at the other side.
    Write,
    /// A further call of a turn: never kept back, but counted.
    Further,
    /// A person's test, who wants to know now: never kept back, but counted.
    Person,
}

impl Asks {
    /// What a call of this type is.
    pub fn with(log_type: LogType) -> Asks {
        if log_type.reads() { Asks::Read } else { Asks::Write }
    }
}

/// A turn that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Whether everybody else waits for what this call tells.
    pub decides: bool,
}

/// Why a call is kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The budget of this minute is used up.
    Budget,
    /// The other side asked us to wait.
    Asked,
    /// Its circuit breaker is open.
    Circuit {
        /// It was open long enough: a read would be let through now.
        a_read_may_try: bool,
    },
}

/// What a call told about the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// It answered, be it with a refusal.
    pub answered: bool,
    /// There were too many requests.
    pub too_many: bool,
    /// It asked us to wait so long.
    pub wait: Option<Duration>,
}

/// What a call made of the circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

/// How a lane stands.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Its budget.
    pub per_minute: i32,
    /// Requests that may still be made, as of `refilled_at`; below zero they are owed.
    pub tokens: f64,
    /// When the tokens were counted.
    pub refilled_at: Instant,
    /// When the next one that is held back is told to come again.
    pub next_turn_at: Option<Instant>,
    /// Until when the other side asked us to wait.
    pub closed_until: Option<Instant>,
    /// The calls the circuit breaker counted; while it is open, those that opened it.
    pub calls: i32,
    /// How many of them failed.
    pub failed: i32,
    /// Since when they are counted.
    pub counted_since: Instant,
    /// Until when the circuit breaker is open; past that, until a read went well.
    pub circuit_open_until: Option<Instant>,
}

impl State {
    /// Nothing was called yet.
    pub fn fresh(per_minute: i32, now: Instant) -> State {
        State {
            per_minute,
            tokens: f64::from(per_minute),
            refilled_at: now,
            next_turn_at: None,
            closed_until: None,
            calls: 0,
            failed: 0,
            counted_since: now,
            circuit_open_until: None,
        }
    }

    /// Asks for a turn, which uses a token; or why not, and when to come again.
    pub fn ask(&mut self, what: Asks, now: Instant) -> Result<Turn, (Why, Instant)> {
        self.refill(now);
        let asked = self.closed_until.filter(|until| *until > now);
        if matches!(what, Asks::Read | Asks::Write) {
            if let Some(until) = self.circuit_open_until {
                let a_read_may_try = until <= now;
                if !a_read_may_try || what == Asks::Write {
                    let at = if a_read_may_try { now + MOMENT } else { until };
                    return Err((Why::Circuit { a_read_may_try }, self.come_again(at, now)));
                }
            }
            if let Some(until) = asked {
                return Err((Why::Asked, self.come_again(until, now)));
            }
            if self.tokens < 1.0 {
                let missing = (1.0 - self.tokens) * self.seconds_each();
                let at = now + Duration::milliseconds((missing * 1000.0).ceil() as i64);
                return Err((Why::Budget, self.come_again(at, now)));
            }
        }
        if self.circuit_open_until.is_some() {
            // one is enough: the others wait for what it tells
            self.circuit_open_until = Some(now + OPEN);
        } else {
            self.count_from(now);
            self.calls += 1;
        }
        self.tokens = (self.tokens - 1.0).max(-f64::from(self.per_minute));
        let tries_now = asked.is_some() && what == Asks::Person;
        Ok(Turn { decides: self.circuit_open_until.is_some() || tries_now })
    }

    /// Takes in what a call told.
    pub fn learn(&mut self, turn: Turn, told: Told, now: Instant) -> Option<Circuit> {
        let mut circuit = None;
        if told.answered {
            if turn.decides {
                circuit = self.circuit_open_until.take().map(|_| Circuit::Closed);
                (self.closed_until, self.next_turn_at) = (None, None);
                (self.calls, self.failed, self.counted_since) = (0, 0, now);
            }
        } else if self.circuit_open_until.is_none() {
            self.count_from(now);
            self.failed += 1;
            self.calls = self.calls.max(self.failed);
            if self.calls >= FEWEST_CALLS && self.failed * 2 >= self.calls {
                self.circuit_open_until = Some(now + OPEN);
                circuit = Some(Circuit::Opened);
            }
        } else if turn.decides {
            self.circuit_open_until = Some(now + OPEN);
        }
        if told.too_many {
            self.refill(now);
            self.tokens = self.tokens.min(0.0);
        }
        if let Some(wait) = told.wait {
            let until = now + wait.min(LONGEST_ASKED);
            self.closed_until = Some(self.closed_until.map_or(until, |was| was.max(until)));
        }
        circuit
    }

    /// Requests that may be made now.
    pub fn left(&self, now: Instant) -> i64 {
        let mut then = self.clone();
        then.refill(now);
        then.tokens.max(0.0) as i64
    }

    fn seconds_each(&self) -> f64 {
        60.0 / f64::from(self.per_minute.max(1))
    }

    fn refill(&mut self, now: Instant) {
        // another process's clock may be a little ahead of ours
        let passed = (now - self.refilled_at).max(Duration::zero());
        let new = passed.num_milliseconds() as f64 / 1000.0 / self.seconds_each();
        self.tokens = (self.tokens + new).min(f64::from(self.per_minute));
        self.refilled_at = self.refilled_at.max(now);
    }

    fn count_from(&mut self, now: Instant) {
        if now - self.counted_since >= COUNTED {
            (self.calls, self.failed, self.counted_since) = (0, 0, now);
        }
    }

    /// One turn after the last that was told so, from `earliest` on: a thousand
    /// that wait must not all come back at one moment.
    fn come_again(&mut self, earliest: Instant, now: Instant) -> Instant {
        let at = self.next_turn_at.map_or(earliest, |next| next.max(earliest)).min(now + FARTHEST);
        self.next_turn_at = Some(at + Duration::milliseconds((self.seconds_each() * 1000.0) as i64));
        at
    }
}
