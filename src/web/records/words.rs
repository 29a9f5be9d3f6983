//! Exchanges in words: what an HTTP status means, how long a call took, which
//! class of failure it was.

use crate::{
    clock::Instant,
    evidence::{LogType, RecordStatus},
    outbound::ErrorClass,
    web::{Visitor, markup::Stamp},
};
use actix_web::http::StatusCode;
use chrono::Datelike;

/// `400 Bad Request`; without an answer, what that means.
pub fn http_status(status: Option<i32>, record: RecordStatus) -> String {
    let Some(code) = status else {
        let words = if record == RecordStatus::InProgress { "No answer yet" } else { "No answer" };
        return words.to_owned();
    };
    let known = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
    match known.and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

/// `184 ms`, `2.4 s`, `1 min 20 s`.
pub fn duration(ms: Option<i32>) -> String {
    match ms {
        None => String::new(),
        Some(ms) if ms < 1000 => format!("{ms} ms"),
        Some(ms) if ms < 60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        Some(ms) => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// A class of failure in two or three words.
pub fn class(class: &str) -> String {
    let words = match ErrorClass::parse(class) {
        Some(ErrorClass::CourierUnmapped) => "Courier not mapped",
        Some(ErrorClass::CourierRejected) => "Courier name refused",
        Some(ErrorClass::TrackingRejected) => "Tracking number refused",
        Some(ErrorClass::OrderNotFound) => "Order not found",
        Some(ErrorClass::AlreadyFulfilled) => "Fulfilled already",
        Some(ErrorClass::OrderClosed) => "Order closed",
        Some(ErrorClass::SkuUnknown) => "SKU unknown",
        Some(ErrorClass::AddressInvalid) => "Address refused",
        Some(ErrorClass::Auth) => "Credentials refused",
        Some(ErrorClass::Forbidden) => "Not allowed",
        Some(ErrorClass::RateLimited) => "Too many requests",
        Some(ErrorClass::Unavailable) => "Not available",
        Some(ErrorClass::Timeout) => "No answer in time",
        Some(ErrorClass::InvalidRequest) => "Request refused",
        Some(ErrorClass::Unknown) => "Not understood",
        None => class,
    };
    words.to_owned()
}

/// What an exchange of this kind is, for people who do not know its name.
pub fn log_type(kind: LogType) -> &'static str {
    match kind {
        LogType::GetOrders => "Read orders from the channel",
        LogType::GetOrder => "Read one order from the channel",
        LogType::UpdateOrderStatus => "Told the channel an order’s status",
        LogType::SubmitFulfillment => "Sent tracking to the sales channel",
        LogType::PostShipment => "Posted a shipment to its provider",
        LogType::UpdateProviderOrder => "Sent changed lines to the provider",
        LogType::GetProviderOrder => "Read an order back from the provider",
        LogType::CancelProviderOrder => "Canceled an order at the provider",
        LogType::InboundWebhook => "Received a message",
        LogType::DeliverWebhook => "Delivered a webhook",
        LogType::AuthConnect => "Tested the credentials",
        LogType::SubmitInventory => "Sent stock to the channel",
        LogType::GetInventoryLevels => "Read stock levels",
    }
}

/// A moment for a log: with the time of day on every day, and seconds today.
pub fn log_stamp(visitor: &Visitor, at: Instant) -> Stamp {
    let stamp = visitor.stamp(at);
    let (local, today) = (at.with_timezone(&visitor.zone), visitor.now.with_timezone(&visitor.zone));
    let short = if local.date_naive() == today.date_naive() {
        local.format("%H:%M:%S")
    } else if local.year() == today.year() {
        local.format("%-d %b %H:%M")
    } else {
        local.format("%-d %b %Y %H:%M")
    };
    Stamp { short: short.to_string(), ..stamp }
}
