//! What can go wrong outside, in classes a person and a retry understand.

use crate::text_enum::text_enum;
use chrono::Duration;

text_enum! {
    /// The class of a failure. `problems::diagnose` has a sentence and a fix for each.
    ErrorClass {
        /// The channel does not know the courier, and we have no mapping for it.
        CourierUnmapped = "courier_unmapped",
        /// The channel refuses the courier name our mapping gives.
        CourierRejected = "courier_rejected",
        /// The channel refuses the tracking number.
        TrackingRejected = "tracking_rejected",
        /// They have no such order.
        OrderNotFound = "order_not_found",
        /// It was fulfilled there already.
        AlreadyFulfilled = "already_fulfilled",
        /// The order is closed or canceled there.
        OrderClosed = "order_closed",
        /// They do not know a SKU.
        SkuUnknown = "sku_unknown",
        /// They refuse the address.
        AddressInvalid = "address_invalid",
        /// They refuse our credentials.
        Auth = "auth",
        /// Our credentials do not allow this.
        Forbidden = "forbidden",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// They are down.
        Unavailable = "unavailable",
        /// No answer in time.
        Timeout = "timeout",
        /// They refuse the request for another reason.
        InvalidRequest = "invalid_request",
        /// Nothing we know.
        Unknown = "unknown",
    }
}

impl ErrorClass {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn retry_helps(self) -> bool {
        matches!(self, ErrorClass::RateLimited | ErrorClass::Unavailable | ErrorClass::Timeout)
    }
}

text_enum! {
    /// What a failure tells about the effect of the request.
    Reached {
        /// Nothing was sent: repeating is safe.
        NotSent = "not_sent",
        /// They answered that they did not do it: repeating is safe.
        Refused = "refused",
        /// They may have done it: only reading can tell.
        Perhaps = "perhaps",
    }
}

/// A call that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub class: ErrorClass,
    /// Whether it may have had its effect.
    pub reached: Reached,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's words, or ours for a transport failure.
    pub message: String,
    /// How long they asked us to wait, or how long it was held back.
    pub retry_after: Option<Duration>,
    /// We held it back ourselves: nothing was sent, and this was no try.
    pub held: Option<Held>,
}

/// Why we held a call back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its turn comes later.
    ItsTurn,
    /// The circuit breaker waits for a read that shows the other side works.
    NeedsARead,
}

impl Failure {
    /// They answered that they did not do it.
    pub fn refused(class: ErrorClass, code: Option<String>, message: impl Into<String>) -> Failure {
        Failure {
            class,
            reached: Reached::Refused,
            code,
            message: message.into(),
            retry_after: None,
            held: None,
        }
    }

    /// They may have done it.
    pub fn perhaps(class: ErrorClass, message: impl Into<String>) -> Failure {
        Failure {
            class,
            reached: Reached::Perhaps,
            code: None,
            message: message.into(),
            retry_after: None,
            held: None,
        }
    }

    /// Nothing was sent.
    pub fn not_sent(class: ErrorClass, message: impl Into<String>) -> Failure {
        Failure {
            class,
            reached: Reached::NotSent,
            code: None,
            message: message.into(),
            retry_after: None,
            held: None,
        }
    }

    /// We held it back: nothing was sent.
    pub fn held(class: ErrorClass, held: Held, message: impl Into<String>, wait: Duration) -> Failure {
        Failure { held: Some(held), retry_after: Some(wait), ..Failure::not_sent(class, message) }
    }

    /// With what `Retry-After` asked.
    pub fn after(mut self, retry_after: Option<Duration>) -> Failure {
        self.retry_after = retry_after;
        self
    }

    /// The failure an HTTP status alone tells, for adapters to fall back on.
    /// 5xx may have had its effect unless the adapter knows better.
    pub fn by_status(response: &super::HttpResponse, message: impl Into<String>) -> Failure {
        let message = message.into();
        let code = Some(response.status.to_string());
        let refused = |class| Failure::refused(class, code.clone(), message.clone());
        match response.status {
            401 => refused(ErrorClass::Auth),
            402 | 403 => refused(ErrorClass::Forbidden),
            404 => refused(ErrorClass::OrderNotFound),
            429 => refused(ErrorClass::RateLimited).after(response.retry_after()),
            503 => Failure { code, ..Failure::perhaps(ErrorClass::Unavailable, message) }
                .after(response.retry_after()),
            500..=599 => Failure { code, ..Failure::perhaps(ErrorClass::Unavailable, message) },
            400..=499 => refused(ErrorClass::InvalidRequest),
            _ => Failure { code, ..Failure::perhaps(ErrorClass::Unknown, message) },
        }
    }
}

/// A call that did what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// What was answered.
    pub value: T,
    /// A warning that came with success; kept and shown.
    pub warning: Option<String>,
}

impl<T> Answer<T> {
    /// Without a warning.
    pub fn plain(value: T) -> Answer<T> {
        Answer { value, warning: None }
    }
}
