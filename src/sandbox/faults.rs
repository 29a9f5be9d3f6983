//! Faults set on purpose, and the moment of an exchange at which each one strikes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong. "Effect" means the request was carried out and stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is reset once the request's head is seen; its body is not read. No effect.
    Refuse,
    /// The whole request is read, then the connection is closed. No effect.
    CutAfterRead,
    /// 401 in the vendor's words. No effect.
    Unauthorized,
    /// 429 with `Retry-After` (Shopify: 200 with a THROTTLED body unless `status` is 429). No effect.
    RateLimited,
    /// 500 before anything was done. No effect.
    ServerError,
    /// 500 after the effect.
    ErrorAfterCreate,
    /// 503 with `Retry-After` if one is given. No effect.
    Unavailable,
    /// Silence for `delay_ms` (a minute by default), then the connection is closed. No effect.
    Hang,
    /// Silence for `delay_ms`, then the effect, even if the caller has gone, then the answer.
    HangThenCreate,
    /// The effect, then the connection is closed without a byte.
    AcceptThenCut,
    /// The effect, then `after_bytes` (12) bytes of the answer, then the connection is closed.
    CutHeaders,
    /// The effect, then the head and `after_bytes` (half) of the body, then the connection is closed.
    CutBody,
    /// The effect, then 200 with a body nobody can read.
    Garbage,
    /// `status` and `body` as given. No effect.
    Respond,
}

impl FaultKind {
    /// The default status of kinds that answer by themselves.
    pub(super) fn status(self) -> u16 {
        match self {
            FaultKind::Unauthorized => 401,
            FaultKind::RateLimited => 429,
            FaultKind::Unavailable => 503,
            FaultKind::Respond => 400,
            _ => 500,
        }
    }
}

/// A fault to set. Of several that fit a request the oldest strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `shopify`, `ebay`, `shipstation`, `generic`, or `*`.
    #[serde(default = "any")]
    pub vendor: String,
    /// An operation's name as the vendor has it, or `*`.
    #[serde(default = "any")]
    pub operation: String,
    /// What goes wrong.
    pub fault: FaultKind,
    /// How many requests it strikes; 0 means all of them until it is taken away.
    #[serde(default = "once")]
    pub times: u32,
    /// Another status than the kind's own.
    #[serde(default)]
    pub status: Option<u16>,
    /// Seconds for the `Retry-After` header.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// How long the hanging kinds hang.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// Where the cutting kinds cut.
    #[serde(default)]
    pub after_bytes: Option<usize>,
    /// Only requests whose path, query or body contain this text.
    #[serde(default, rename = "match")]
    pub matching: Option<String>,
    /// The body of `respond`.
    #[serde(default)]
    pub body: Option<Value>,
}

fn any() -> String {
    "*".into()
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that strikes the next request of one operation.
    pub fn once(vendor: &str, operation: &str, fault: FaultKind) -> Fault {
        Fault {
            vendor: vendor.into(),
            operation: operation.into(),
            fault,
            times: 1,
            status: None,
            retry_after: None,
            delay_ms: None,
            after_bytes: None,
            matching: None,
            body: None,
        }
    }

    /// The same fault for so many requests; 0 means all.
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    /// The same fault with another status.
    pub fn status(self, status: u16) -> Fault {
        Fault { status: Some(status), ..self }
    }

    /// The same fault, hanging this long.
    pub fn delay_ms(self, delay: u64) -> Fault {
        Fault { delay_ms: Some(delay), ..self }
    }

    /// The same fault, cutting there.
    pub fn after_bytes(self, bytes: usize) -> Fault {
        Fault { after_bytes: Some(bytes), ..self }
    }

    /// The same fault with a `Retry-After`.
    pub fn retry_after(self, seconds: u32) -> Fault {
        Fault { retry_after: Some(seconds), ..self }
    }

    /// The same fault, only for requests containing this text.
    pub fn matching(self, text: &str) -> Fault {
        Fault { matching: Some(text.into()), ..self }
    }

    /// The same fault with this body (for `respond`).
    pub fn body(self, body: Value) -> Fault {
        Fault { body: Some(body), ..self }
    }

    fn fits(&self, vendor: &str, operation: &str, text: &str) -> bool {
        (self.vendor == "*" || self.vendor == vendor)
            && (self.operation == "*" || self.operation.eq_ignore_ascii_case(operation))
            && self.matching.as_ref().is_none_or(|needle| text.contains(needle.as_str()))
    }
}

/// The faults that are set, oldest first.
#[derive(Default)]
pub(super) struct Faults {
    set: Vec<(u64, Fault)>,
    last: u64,
}

/// As many faults as may be set at one time; the oldest gives way.
const MOST: usize = 1_000;

impl Faults {
    pub fn add(&mut self, fault: Fault) -> u64 {
        self.last += 1;
        if self.set.len() >= MOST {
            self.set.remove(0);
        }
        self.set.push((self.last, fault));
        self.last
    }

    pub fn list(&self) -> Vec<(u64, Fault)> {
        self.set.clone()
    }

    pub fn clear(&mut self) {
        self.set.clear();
    }

    pub fn remove(&mut self, number: u64) -> bool {
        let before = self.set.len();
        self.set.retain(|(id, _)| *id != number);
        self.set.len() < before
    }

    /// The fault that strikes this request, if any. Before the body is read only resets can strike.
    pub fn take(&mut self, vendor: &str, operation: &str, text: &str, head_only: bool) -> Option<Fault> {
        let place = self.set.iter().position(|(_, fault)| {
            (!head_only || fault.fault == FaultKind::Refuse) && fault.fits(vendor, operation, text)
        })?;
        let fault = self.set[place].1.clone();
        match fault.times {
            0 => {}
            1 => {
                self.set.remove(place);
            }
            _ => self.set[place].1.times -= 1,
        }
        Some(fault)
    }
}
