//! Our own contract for warehouses without a vendor's system: JSON, signed by
//! the Standard Webhooks scheme. docs/adapters.md publishes it. What a warehouse
//! can do, it declares in the connection's settings; what is not declared, it
//! cannot do.

mod door;
mod wire;

use crate::{
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse},
    providers::{
        Access, Capabilities, IdempotencyClass, PostOrder, Provider, ProviderKind, RemoteOrder, RemoteState,
    },
};
use door::opened;
use serde_json::{Value, json};

/// The adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Generic;

/// A reference nobody has, to knock with.
const NOBODY: &str = "waybill-test";

/// What the settings say of double posts; the careful class when they say nothing.
fn class(settings: &Value) -> IdempotencyClass {
    match settings["idempotency"].as_str() {
        Some("key") => IdempotencyClass::Key,
        Some("own_id") => IdempotencyClass::OwnId,
        Some("searchable") => IdempotencyClass::Searchable,
        _ => IdempotencyClass::Nothing,
    }
}

fn encoded(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

fn one(remote_id: &str) -> String {
    format!("/shipments/{}", encoded(remote_id.trim()))
}

fn by_reference(reference: &str) -> String {
    format!("/shipments?reference={}", encoded(reference))
}

fn says(settings: &Value, what: &str) -> bool {
    settings[what] == true
}

impl Provider for Generic {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Generic
    }

    fn capabilities(&self, settings: &Value) -> Capabilities {
        let idempotency = class(settings);
        Capabilities {
            idempotency,
            updates: says(settings, "updates"),
            reads: says(settings, "reads"),
            // being searched is what the third class is; the fourth is that it cannot be
            finds: match idempotency {
                IdempotencyClass::Searchable => true,
                IdempotencyClass::Nothing => false,
                IdempotencyClass::Key | IdempotencyClass::OwnId => says(settings, "reads"),
            },
            cancels: says(settings, "cancels"),
            webhooks: false,
            reuses_references: idempotency != IdempotencyClass::OwnId,
            settle_seconds: settings["settle_seconds"].as_i64().unwrap_or(5).clamp(0, 3600),
        }
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("token", "Token (bearer)"),
            ("username", "User name (basic)"),
            ("password", "Password (basic)"),
            ("header_1", "Value of the first header (headers)"),
            ("header_2", "Value of the second header (headers)"),
            ("signing_secret", "Signing secret"),
        ]
    }

    fn test(&self, access: &Access) -> HttpRequest {
        opened(access, "GET", &by_reference(NOBODY), None, None)
    }

    /// A warehouse without a list says so in the contract's words; anybody
    /// else's 404 is another house.
    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure> {
        let name = || Answer::plain(ProviderKind::Generic.label().to_owned());
        if response.status == 404 {
            return match wire::code(response).as_deref() {
                Some("not_found") => Ok(name()),
                _ => Err(Failure::refused(
                    ErrorClass::InvalidRequest,
                    Some("404".into()),
                    "There is no warehouse at this address.",
                )),
            };
        }
        wire::list(&wire::read(response)?)?;
        Ok(name())
    }

    fn create(&self, access: &Access, order: &PostOrder) -> HttpRequest {
        let key = &order.idempotency_key;
        let request = opened(access, "POST", "/shipments", Some(wire::order(order)), Some(key));
        match class(&access.settings) {
            IdempotencyClass::Key => request.header("Idempotency-Key", key),
            _ => request,
        }
    }

    /// A conflict that shows our order says that an earlier try arrived. One
    /// that does not show it says nothing: the earlier try may still be at work.
    fn created(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure> {
        if response.status == 409 {
            let body = response.json().unwrap_or_default();
            if wire::code(response).as_deref() != Some("conflict") {
                return Err(wire::unclear(response));
            }
            let existing = wire::order_in(&body["error"]["existing"]).map_err(|_| wire::unclear(response))?;
            let there = wire::same(existing, &order.reference)?;
            let words = "The warehouse had this order already; nothing was made twice.";
            return wire::alive(there).map(|value| Answer { value, warning: Some(words.into()) });
        }
        let body = wire::read(response).map_err(|failure| match (response.status, failure.class) {
            // not among the answers that promise that nothing was done
            (408 | 425 | 499, _) => wire::unclear(response),
            // there is no order in the address that could be unknown
            (_, ErrorClass::OrderNotFound) => Failure { class: ErrorClass::InvalidRequest, ..failure },
            _ => failure,
        })?;
        let made = wire::same(wire::order_in(&body)?, &order.reference)?;
        wire::alive(made).map(Answer::plain)
    }

    fn find(&self, access: &Access, reference: &str) -> Option<HttpRequest> {
        self.capabilities(&access.settings)
            .finds
            .then(|| opened(access, "GET", &by_reference(reference), None, None))
    }

    /// A list of other orders only is the list of a warehouse that did not
    /// search; ours may stand on a page nobody saw.
    fn found(&self, response: &HttpResponse, reference: &str) -> Result<Answer<Vec<RemoteOrder>>, Failure> {
        let all = wire::list(&wire::read(response)?)?;
        let others = all.len();
        let ours: Vec<RemoteOrder> = all.into_iter().filter(|order| order.reference == reference).collect();
        if ours.is_empty() && others > 0 {
            let words = "The warehouse answered with other orders instead of searching for ours.";
            return Err(Failure::perhaps(ErrorClass::Unknown, words));
        }
        Ok(Answer::plain(ours))
    }

    fn read(&self, access: &Access, remote_id: &str) -> Option<HttpRequest> {
        says(&access.settings, "reads").then(|| opened(access, "GET", &one(remote_id), None, None))
    }

    /// Only the contract's own 404 says that there is no such order.
    fn was_read(&self, response: &HttpResponse) -> Result<Answer<Option<RemoteOrder>>, Failure> {
        if response.status == 404 && wire::code(response).as_deref() == Some("not_found") {
            return Ok(Answer::plain(None));
        }
        Ok(Answer::plain(Some(wire::order_in(&wire::read(response)?)?)))
    }

    fn track(&self, access: &Access, remote_id: &str) -> Option<HttpRequest> {
        self.read(access, remote_id)
    }

    fn tracked(&self, access: &Access, response: &HttpResponse) -> Result<Answer<RemoteState>, Failure> {
        let body = wire::read(response)?;
        let order = wire::order_in(&body)?;
        let currency = access.settings["currency"].as_str();
        let packages = body["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Answer::plain(RemoteState {
            status: Some(order.status),
            parcels: packages.iter().filter_map(|one| wire::parcel(one, currency)).collect(),
            next: None,
        }))
    }

    fn takes_changes(&self, remote: &RemoteOrder) -> bool {
        remote.live && !remote.status.eq_ignore_ascii_case("shipped")
    }

    fn update(&self, access: &Access, remote: &RemoteOrder, order: &PostOrder) -> Option<HttpRequest> {
        says(&access.settings, "updates")
            .then(|| opened(access, "PUT", &one(&remote.remote_id), Some(wire::order(order)), None))
    }

    /// Only the contract's words promise that nothing was changed.
    fn updated(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure> {
        let promised = wire::code(response).is_some_and(|code| code == "too_late" || code == "conflict");
        if matches!(response.status, 408 | 425 | 499) || response.status == 409 && !promised {
            return Err(wire::unclear(response));
        }
        let changed = wire::same(wire::order_in(&wire::read(response)?)?, &order.reference)?;
        wire::alive(changed).map(Answer::plain)
    }

    fn cancel(&self, access: &Access, remote: &RemoteOrder) -> Option<HttpRequest> {
        let path = format!("{}/cancel", one(&remote.remote_id));
        says(&access.settings, "cancels")
            .then(|| opened(access, "POST", &path, Some(json!({}).to_string()), None))
    }

    fn canceled(&self, response: &HttpResponse) -> Result<Answer<()>, Failure> {
        let order = wire::order_in(&wire::read(response)?)?;
        if wire::is_canceled(&order.status) {
            return Ok(Answer::plain(()));
        }
        let words = format!("The warehouse answered, but the order is {}.", order.status);
        Err(Failure::perhaps(ErrorClass::Unknown, words))
    }
}
