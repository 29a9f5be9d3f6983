//! eBay Sell Fulfillment: the routes, the lock on the door, the words for no.

mod market;
mod search;

use std::sync::Arc;

use serde_json::{Value, json};

use super::reply::{Call, Refusal, Reply};
use super::state::State;
use super::world::Command;

pub(super) use market::Market;

/// The vendor's name of what a call wants; the names by which faults are set.
pub(super) fn operation(call: &Call) -> &'static str {
    let parts = call.parts();
    let ["sell", "fulfillment", "v1", rest @ ..] = parts.as_slice() else {
        return "unknown";
    };
    match (call.method.as_str(), rest) {
        ("POST", ["order", _, "shipping_fulfillment"]) => "createShippingFulfillment",
        ("GET", ["order", _, "shipping_fulfillment"]) => "getShippingFulfillments",
        ("GET", ["order", _, "shipping_fulfillment", _]) => "getShippingFulfillment",
        ("GET", ["order", _]) => "getOrder",
        ("GET", ["order"]) => "getOrders",
        _ => "unknown",
    }
}

/// An error body with every field the vendor sends.
pub(super) fn error(
    id: u32,
    category: &str,
    message: &str,
    long: &str,
    parameters: &[(&str, &str)],
) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let domain = if matches!(id, 1001 | 2001) { "OAuth" } else { "API_FULFILLMENT" };
    json!({ "errors": [{ "errorId": id, "domain": domain, "category": category, "message": message,
        "longMessage": long, "inputRefIds": [], "outputRefIds": [], "parameters": parameters }] })
}

/// A 400 about the request.
pub(super) fn bad(id: u32, message: &str, long: &str, parameters: &[(&str, &str)]) -> Refusal {
    Refusal::new(400, error(id, "REQUEST", message, long, parameters))
}

/// The vendor's words for a fault.
pub(super) fn failure(status: u16) -> Reply {
    let body = match status {
        401 => error(
            1001,
            "REQUEST",
            "Invalid access token",
            "Invalid access token. Check the value of the Authorization HTTP request header.",
            &[],
        ),
        403 => {
            error(1100, "REQUEST", "Access denied", "Insufficient permissions to fulfill the request.", &[])
        }
        429 => error(
            2001,
            "REQUEST",
            "Too many requests.",
            "The request limit has been reached for the resource.",
            &[],
        ),
        _ => error(30500, "APPLICATION", "System error.", "System error.", &[]),
    };
    Reply::json(status, &body)
}

/// Answers a call as eBay would.
pub(super) fn answer(state: &Arc<State>, call: &Call) -> Reply {
    let bearer = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer != Some(state.options.ebay_token.as_str()) {
        return failure(401).with("www-authenticate", "Bearer");
    }
    route(state, call).unwrap_or_else(Reply::from)
}

fn route(state: &Arc<State>, call: &Call) -> Result<Reply, Refusal> {
    let base = format!("http://{}/ebay/sell/fulfillment/v1", state.address);
    let parts = call.parts();
    let order_id = parts.get(4).copied().unwrap_or_default();
    match operation(call) {
        "createShippingFulfillment" => {
            let wrong = || bad(32600, "Invalid input.", "The request body is not valid JSON.", &[]);
            let input = call.json().ok().filter(Value::is_object).ok_or_else(wrong)?;
            let done = state.act(&Command::EbayFulfill { order_id: order_id.into(), input })?;
            let id = done["fulfillmentId"].as_str().unwrap_or("999");
            let place = format!("{base}/order/{order_id}/shipping_fulfillment/{id}");
            Ok(Reply::json(201, &json!({})).with("location", place))
        }
        "getShippingFulfillments" => {
            let world = state.world();
            let list = world.ebay.fulfillments(order_id)?;
            Ok(Reply::json(200, &json!({ "total": list.len(), "fulfillments": list })))
        }
        "getShippingFulfillment" => {
            let world = state.world();
            let wanted = parts.get(6).copied().unwrap_or_default();
            let missing = || {
                Refusal::new(
                    404,
                    error(
                        32800,
                        "REQUEST",
                        "Invalid fulfillment ID.",
                        "The fulfillment ID is not known.",
                        &[("fulfillmentId", wanted)],
                    ),
                )
            };
            let list = world.ebay.fulfillments(order_id)?;
            list.iter()
                .find(|one| one["fulfillmentId"] == wanted)
                .map(|one| Reply::json(200, one))
                .ok_or_else(missing)
        }
        "getOrder" => {
            let world = state.world();
            let order = world.ebay.order(order_id)?;
            Ok(Reply::json(200, &order.view(&base)))
        }
        "getOrders" => {
            search::orders(&state.world().ebay, call, &base, state.now()).map(|page| Reply::json(200, &page))
        }
        _ => Err(Refusal::new(
            404,
            error(2002, "REQUEST", "Resource not found", "The URL does not lead to a resource.", &[]),
        )),
    }
}
