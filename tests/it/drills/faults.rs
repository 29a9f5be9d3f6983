//! The points at which an exchange can break: on the wire, at the other side,
//! and in our own process.

use waybill::sandbox::FaultKind;

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Break {
    /// Nobody listens: the connection is refused.
    Refused,
    /// The other side, or the way there, breaks so.
    There(FaultKind),
    /// Our own worker dies at this point of its work.
    Here(&'static str),
}

/// Every point, in the order of an exchange.
pub const BREAKS: &[(&str, Break)] = &[
    ("refused", Break::Refused),
    ("reset before it was read", Break::There(FaultKind::Refuse)),
    ("cut after it was read", Break::There(FaultKind::CutAfterRead)),
    ("no answer, nothing done", Break::There(FaultKind::Hang)),
    ("done after we gave up", Break::There(FaultKind::HangThenCreate)),
    ("done, no answer", Break::There(FaultKind::AcceptThenCut)),
    ("done, cut in the headers", Break::There(FaultKind::CutHeaders)),
    ("done, cut in the body", Break::There(FaultKind::CutBody)),
    ("done, answered 500", Break::There(FaultKind::ErrorAfterCreate)),
    ("done, answered garbage", Break::There(FaultKind::Garbage)),
    ("answered 500, nothing done", Break::There(FaultKind::ServerError)),
    ("answered 503, nothing done", Break::There(FaultKind::Unavailable)),
    ("answered 429", Break::There(FaultKind::RateLimited)),
    ("died after the claim", Break::Here("claimed")),
    ("died after the intent", Break::Here("calling")),
    ("died after the record", Break::Here("recorded")),
    ("died after the answer", Break::Here("answered")),
    ("died after the record’s end", Break::Here("kept")),
    ("died after the decision", Break::Here("decided")),
    ("died after the job’s end", Break::Here("settled")),
];

/// The work a point of ours lies in: the kind of the job around the call, or the
/// log type of the call.
pub fn work_at(point: &str, job: &'static str, call: &'static str) -> &'static str {
    match point {
        "claimed" | "decided" | "settled" => job,
        _ => call,
    }
}
