//! Webhook endpoints and what was delivered to them.

mod acting;
mod delivery;
mod form;
mod list;
mod rotate;
mod show;

pub use acting::{AtOnce, RangeFields};
pub use delivery::{deliveries, delivery};
pub use form::{create, edit, new, save};
pub use list::list;
pub use rotate::{ask_rotate, rotate};
pub use show::show;

use super::{
    Visitor, WebResult,
    badge::{self, Badge},
    markup::Stamp,
};
use crate::notify::webhooks::{Delivery, Endpoint, EndpointState, Lately};

/// What a receiver's page of the docs tells, beside the pages.
const SCHEDULE: &str = crate::notify::webhooks::SCHEDULE_WORDS;

/// The badge of an endpoint: one that is active and takes nothing says so.
fn badge_of(endpoint: &Endpoint) -> Badge {
    match (endpoint.state, endpoint.failing_since) {
        (EndpointState::Active, Some(_)) => badge::endpoint_failing(),
        (state, _) => badge::endpoint_state(state),
    }
}

/// Why it is told nothing, or takes nothing; empty when all is well.
fn why(visitor: &Visitor, endpoint: &Endpoint) -> String {
    let since = |at: Option<crate::clock::Instant>| {
        at.map_or(String::new(), |at| format!(" since {}", visitor.stamp(at).short))
    };
    match (endpoint.state, endpoint.failing_since) {
        (EndpointState::Disabled, _) => {
            let reason = endpoint.disabled_reason.as_deref().unwrap_or_default();
            format!("Disabled{}. {reason}", since(endpoint.stopped_at))
        }
        (EndpointState::Paused, _) => format!("Paused{}. What happens waits.", since(endpoint.stopped_at)),
        (EndpointState::Active, Some(at)) => format!("Failing{}.", since(Some(at))),
        (EndpointState::Active, None) => String::new(),
    }
}

/// `98% of 214`; what there is to say of nothing.
fn rate(lately: &Lately) -> String {
    match lately.success() {
        Some(percent) => {
            format!("{percent}% of {}", crate::money::grouped(lately.delivered + lately.failed))
        }
        None => "Nothing sent".to_owned(),
    }
}

/// The events of an endpoint in words.
fn events(endpoint: &Endpoint) -> String {
    match endpoint.events.as_slice() {
        [] => "All events".to_owned(),
        [one] => one.clone(),
        some => format!("{} events", some.len()),
    }
}

/// A delivery in a list.
struct Row {
    href: String,
    at: Stamp,
    event: &'static str,
    trigger: &'static str,
    about: Option<(String, String)>,
    badge: Badge,
    answer: String,
    attempts: i32,
    next: Option<Stamp>,
}

fn row(visitor: &Visitor, delivery: &Delivery) -> Row {
    Row {
        href: format!("/deliveries/{}", delivery.id),
        at: super::records::words::log_stamp(visitor, delivery.at()),
        event: delivery.event_type.as_str(),
        trigger: badge::delivery_trigger(delivery.trigger),
        about: about(delivery),
        badge: badge::delivery_state(delivery.state),
        answer: answer(delivery),
        attempts: delivery.attempts,
        next: delivery.next_attempt_at.map(|at| visitor.stamp(at)),
    }
}

/// The record an event is about.
fn about(delivery: &Delivery) -> Option<(String, String)> {
    let shipment = delivery.shipment_id.zip(delivery.shipment_number.clone());
    let order = delivery.order_id.zip(delivery.order_number.clone());
    shipment
        .map(|(id, number)| (format!("/shipments/{id}"), number))
        .or(order.map(|(id, number)| (format!("/orders/{id}"), number)))
}

/// What came back last.
fn answer(delivery: &Delivery) -> String {
    match (delivery.last_status, &delivery.last_error) {
        (Some(status), _) => {
            super::records::words::http_status(Some(status), crate::evidence::RecordStatus::Success)
        }
        (None, Some(error)) => error.clone(),
        (None, None) => String::new(),
    }
}

/// The endpoint of a page, or that there is none.
async fn endpoint(scope: &mut crate::db::Scope, id: crate::ids::EndpointId) -> WebResult<Endpoint> {
    use crate::actions::Target as _;
    Endpoint::load(scope, id.0, false).await?.ok_or(super::WebError::NotFound)
}
