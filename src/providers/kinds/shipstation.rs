//! ShipStation, by its V1 API. `orderKey` is ours and unique there: posting the
//! same key again changes the open order instead of making a second one.

mod wire;

use crate::{
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse},
    providers::{
        Access, Capabilities, IdempotencyClass, Parcel, PostOrder, Provider, ProviderKind, RemoteOrder,
        RemoteState,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shipstation;

fn url(access: &Access, path: &str) -> String {
    format!("{}{path}", access.base_url.trim_end_matches('/'))
}

fn signed(access: &Access, request: HttpRequest) -> HttpRequest {
    let (key, secret) = (access.credential("api_key"), access.credential("api_secret"));
    let pair = STANDARD.encode(format!("{}:{}", key.trim(), secret.trim()));
    request.header("Accept", "application/json").header("Authorization", format!("Basic {pair}"))
}

fn get(access: &Access, path: &str, query: &[(&str, &str)]) -> HttpRequest {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    signed(access, HttpRequest::get(url(access, &format!("{path}{mark}{query}"))))
}

fn by_id(access: &Access, remote_id: &str) -> HttpRequest {
    let id: String = url::form_urlencoded::byte_serialize(remote_id.trim().as_bytes()).collect();
    get(access, &format!("/orders/{}", id.replace('+', "%20")), &[])
}

fn createorder(access: &Access, body: String) -> HttpRequest {
    let request = HttpRequest {
        method: "POST",
        url: url(access, "/orders/createorder"),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: Some(body),
    };
    signed(access, request)
}

/// The order of an answer, if it is the one with our reference.
fn same(body: &Value, order: &PostOrder) -> Result<RemoteOrder, Failure> {
    let Some(remote) = wire::remote(body) else {
        return Err(Failure::perhaps(ErrorClass::Unknown, "ShipStation's answer names no order."));
    };
    if remote.reference != order.reference {
        let words = format!("ShipStation answered with another order, {}.", remote.reference);
        return Err(Failure::perhaps(ErrorClass::Unknown, words));
    }
    Ok(remote)
}

impl Provider for Shipstation {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Shipstation
    }

    /// Canceling is left out on purpose: ShipStation has no call for it, only a
    /// status and a soft delete that a shipped order ignores.
    fn capabilities(&self, _settings: &Value) -> Capabilities {
        Capabilities {
            idempotency: IdempotencyClass::OwnId,
            updates: true,
            reads: true,
            finds: true,
            cancels: false,
            webhooks: false,
            reuses_references: false,
            settle_seconds: 5,
        }
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("api_key", "API key"), ("api_secret", "API secret")]
    }

    fn test(&self, access: &Access) -> HttpRequest {
        get(access, "/stores", &[])
    }

    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure> {
        let stores = wire::read(response)?;
        let Some(stores) = stores.as_array() else {
            return Err(Failure::perhaps(ErrorClass::Unknown, "ShipStation's answer has no list of stores."));
        };
        let name =
            stores.iter().find_map(|store| store["storeName"].as_str()).filter(|name| !name.is_empty());
        Ok(Answer::plain(name.unwrap_or("ShipStation").to_owned()))
    }

    fn create(&self, access: &Access, order: &PostOrder) -> HttpRequest {
        createorder(access, wire::order(order, &access.settings))
    }

    /// ShipStation answers a post to a canceled or shipped order with that order,
    /// unchanged; then it is not live, or a warning says so.
    fn created(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure> {
        let body = wire::read(response).map_err(|failure| match failure.class {
            // There is no order in the address that could be unknown.
            ErrorClass::OrderNotFound => Failure { class: ErrorClass::InvalidRequest, ..failure },
            _ => failure,
        })?;
        let remote = same(&body, order)?;
        let warning = match remote.status.as_str() {
            "cancelled" => Some(
                "ShipStation has an order with this reference that was canceled there; it stays canceled.",
            ),
            "shipped" => Some(
                "ShipStation has shipped the order with this reference already; nothing was changed there.",
            ),
            _ => None,
        };
        Ok(Answer { value: remote, warning: warning.map(str::to_owned) })
    }

    /// Orders cannot be listed by their key, only by the beginning of their
    /// number; see [`wire::stem`] for what our references need to look like.
    fn find(&self, access: &Access, reference: &str) -> Option<HttpRequest> {
        let query = [
            ("orderNumber", wire::stem(reference)),
            ("sortBy", "CreateDate"),
            ("sortDir", "DESC"),
            ("page", "1"),
            ("pageSize", "100"),
        ];
        Some(get(access, "/orders", &query))
    }

    /// An order on a further page cannot be told from one that is not there.
    fn found(&self, response: &HttpResponse, reference: &str) -> Result<Answer<Vec<RemoteOrder>>, Failure> {
        let body = wire::read(response)?;
        let Some(orders) = body["orders"].as_array() else {
            return Err(Failure::perhaps(ErrorClass::Unknown, "ShipStation's answer has no list of orders."));
        };
        let found: Vec<RemoteOrder> =
            orders.iter().filter_map(wire::remote).filter(|order| order.reference == reference).collect();
        if found.is_empty() && body["pages"].as_u64().unwrap_or(1) > 1 {
            let words = "ShipStation lists more orders with a number like this than can be read at once.";
            return Err(Failure::perhaps(ErrorClass::Unknown, words));
        }
        Ok(Answer::plain(found))
    }

    fn read(&self, access: &Access, remote_id: &str) -> Option<HttpRequest> {
        Some(by_id(access, remote_id))
    }

    fn was_read(&self, response: &HttpResponse) -> Result<Answer<Option<RemoteOrder>>, Failure> {
        if response.status == 404 {
            return Ok(Answer::plain(None));
        }
        let body = wire::read(response)?;
        match wire::remote(&body) {
            Some(order) => Ok(Answer::plain(Some(order))),
            None => Err(Failure::perhaps(ErrorClass::Unknown, "ShipStation's answer names no order.")),
        }
    }

    /// The order first: it tells its status and where its parcels are listed,
    /// and unlike an empty list it names itself to the next request.
    fn track(&self, access: &Access, remote_id: &str) -> Option<HttpRequest> {
        Some(by_id(access, remote_id))
    }

    fn tracked(&self, access: &Access, response: &HttpResponse) -> Result<Answer<RemoteState>, Failure> {
        let body = wire::read(response)?;
        let shipments =
            |id: &str| get(access, "/shipments", &[("orderId", id), ("includeShipmentItems", "false")]);
        let parcels = |list: &[Value], fee: &str| -> Vec<Parcel> {
            list.iter().filter_map(|one| wire::parcel(one, fee, &access.settings)).collect()
        };
        let state = if let Some(list) = body["shipments"].as_array() {
            RemoteState { status: None, parcels: parcels(list, "shipmentCost"), next: None }
        } else if let Some(list) = body["fulfillments"].as_array() {
            // What left without a label; there may be labels as well.
            let order = list.iter().find_map(|one| wire::id(&one["orderId"]));
            RemoteState {
                status: None,
                parcels: parcels(list, "fulfillmentFee"),
                next: order.map(|id| shipments(&id)),
            }
        } else if let Some(order) = wire::remote(&body) {
            let next = match (order.live, body["externallyFulfilled"] == true) {
                (false, _) => None,
                (true, true) => Some(get(access, "/fulfillments", &[("orderId", &order.remote_id)])),
                (true, false) => Some(shipments(&order.remote_id)),
            };
            RemoteState { status: Some(order.status), parcels: Vec::new(), next }
        } else {
            return Err(Failure::perhaps(
                ErrorClass::Unknown,
                "ShipStation's answer has neither an order nor parcels.",
            ));
        };
        Ok(Answer::plain(state))
    }

    /// One on hold or unpaid there would be let go by it.
    fn takes_changes(&self, remote: &RemoteOrder) -> bool {
        remote.status.eq_ignore_ascii_case("awaiting_shipment")
    }

    fn update(&self, access: &Access, remote: &RemoteOrder, order: &PostOrder) -> Option<HttpRequest> {
        wire::change(&remote.remote_id, order, &access.settings).map(|body| createorder(access, body))
    }

    /// A canceled or shipped order is answered as it is, unchanged.
    fn updated(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure> {
        let remote = same(&wire::read(response)?, order)?;
        let locked = match remote.status.to_lowercase().as_str() {
            "cancelled" => (ErrorClass::OrderClosed, "The order was canceled at ShipStation."),
            "shipped" => (ErrorClass::AlreadyFulfilled, "ShipStation has shipped the order."),
            _ => return Ok(Answer::plain(remote)),
        };
        Err(Failure::refused(locked.0, Some(remote.status), format!("{} Nothing was changed.", locked.1)))
    }

    fn cancel(&self, _access: &Access, _remote: &RemoteOrder) -> Option<HttpRequest> {
        None
    }

    fn canceled(&self, _response: &HttpResponse) -> Result<Answer<()>, Failure> {
        Err(Failure::not_sent(ErrorClass::InvalidRequest, "ShipStation orders are not canceled from here."))
    }
}
