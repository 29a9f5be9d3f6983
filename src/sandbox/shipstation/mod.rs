//! ShipStation V1: the routes, the lock on the door, the rate limit.

mod check;
mod lists;
mod warehouse;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::reply::{Call, Refusal, Reply};
use super::seed::Ship;
use super::state::State;
use super::webhooks::{self, Outgoing};
use super::world::Command;

pub(super) use warehouse::Warehouse;

/// The vendor's name of what a call wants; the names by which faults are set.
pub(super) fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.parts().as_slice()) {
        ("POST", ["orders", "createorder"]) => "createorder",
        ("POST", ["orders", "holduntil"]) => "holduntil",
        ("POST", ["orders", "restorefromhold"]) => "restorefromhold",
        ("POST", ["orders", "markasshipped"]) => "markasshipped",
        ("POST", ["shipments", "voidlabel"]) => "voidlabel",
        ("GET", ["orders"]) => "listorders",
        ("GET", ["orders", _]) => "getorder",
        ("DELETE", ["orders", _]) => "deleteorder",
        ("GET", ["shipments"]) => "listshipments",
        ("GET", ["fulfillments"]) => "listfulfillments",
        ("GET", ["stores"]) => "liststores",
        ("GET", ["carriers"]) => "listcarriers",
        ("GET", ["warehouses"]) => "listwarehouses",
        _ => "unknown",
    }
}

/// The vendor's words for a fault.
pub(super) fn failure(status: u16) -> Reply {
    match status {
        401 => unauthorized(),
        429 => Reply::text(429, "Too Many Requests"),
        503 => Reply::text(503, "The service is unavailable."),
        _ => Reply::json(status, &json!({ "Message": "An error has occurred." })),
    }
}

/// Answers a call as ShipStation would.
pub(super) fn answer(state: &Arc<State>, call: &Call) -> Reply {
    if !known(state, call) {
        return unauthorized();
    }
    let (limit, remaining, reset) = spend(state);
    let reply = match remaining {
        None => failure(429).with("retry-after", reset.to_string()),
        Some(_) => route(state, call).unwrap_or_else(Reply::from),
    };
    reply
        .with("x-rate-limit-limit", limit.to_string())
        .with("x-rate-limit-remaining", remaining.unwrap_or(0).to_string())
        .with("x-rate-limit-reset", reset.to_string())
}

fn unauthorized() -> Reply {
    Reply::text(401, "401 Unauthorized").with("www-authenticate", "Basic realm=\"ShipStation\"")
}

fn known(state: &State, call: &Call) -> bool {
    let pair = format!("{}:{}", state.options.shipstation_key, state.options.shipstation_secret);
    let given = call.header("authorization").and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, code)| {
        scheme.eq_ignore_ascii_case("basic")
            && STANDARD.decode(code.trim()).is_ok_and(|text| text == pair.as_bytes())
    })
}

/// Takes one request from the minute's allowance: the limit, what is left, seconds to the next minute.
fn spend(state: &State) -> (u32, Option<u32>, i64) {
    let limit = state.options.shipstation_per_minute;
    state.allowance("shipstation", f64::from(limit), |allowance, now| {
        if (now - allowance.at).num_seconds() >= 60 {
            allowance.level = f64::from(limit);
            allowance.at = now;
        }
        let reset = (60 - (now - allowance.at).num_seconds()).clamp(1, 60);
        if allowance.level < 1.0 {
            return (limit, None, reset);
        }
        allowance.level -= 1.0;
        (limit, Some(allowance.level as u32), reset)
    })
}

fn route(state: &Arc<State>, call: &Call) -> Result<Reply, Refusal> {
    match operation(call) {
        "createorder" => {
            let order = body(call)?;
            state.act(&Command::ShipstationPut { order }).map(|order| Reply::json(200, &order))
        }
        "getorder" => {
            let order = number_in_path(call).and_then(|id| state.world().shipstation.one(id));
            order.map(|order| Reply::json(200, &order)).ok_or_else(missing)
        }
        "deleteorder" => {
            let order_id = number_in_path(call).ok_or_else(missing)?;
            state.act(&Command::ShipstationDelete { order_id }).map(|done| Reply::json(200, &done))
        }
        "listorders" => Ok(Reply::json(200, &state.world().shipstation.orders(call)?)),
        "listshipments" => Ok(Reply::json(200, &state.world().shipstation.shipments(call, true)?)),
        "listfulfillments" => Ok(Reply::json(200, &state.world().shipstation.shipments(call, false)?)),
        "holduntil" => {
            let wanted = body(call)?;
            let until = wanted["holdUntilDate"].as_str().ok_or_else(|| required("request.holdUntilDate"))?;
            let command =
                Command::ShipstationHold { order_id: order_id(&wanted)?, until: Some(until.into()) };
            state.act(&command).map(|done| Reply::json(200, &done))
        }
        "restorefromhold" => {
            let command = Command::ShipstationHold { order_id: order_id(&body(call)?)?, until: None };
            state.act(&command).map(|done| Reply::json(200, &done))
        }
        "markasshipped" => {
            let wanted = body(call)?;
            let carrier = wanted["carrierCode"].as_str().ok_or_else(|| required("request.carrierCode"))?;
            let ship = Ship {
                carrier_code: carrier.into(),
                tracking_number: wanted["trackingNumber"].as_str().unwrap_or_default().into(),
                ship_date: wanted["shipDate"].as_str().map(str::to_owned),
                without_label: true,
                ..Ship::default()
            };
            let order_id = order_id(&wanted)?;
            let shipped = warehouse_ships(state, order_id, ship)?;
            Ok(Reply::json(200, &json!({ "orderId": order_id, "orderNumber": shipped["orderNumber"] })))
        }
        "voidlabel" => {
            let wanted = body(call)?;
            let shipment_id = wanted["shipmentId"].as_u64().ok_or_else(|| required("request.shipmentId"))?;
            state.act(&Command::ShipstationVoid { shipment_id }).map(|done| Reply::json(200, &done))
        }
        "liststores" => Ok(Reply::json(
            200,
            &json!([{ "storeId": 22766, "storeName": "Sandbox Store", "marketplaceId": 0,
                "marketplaceName": "ShipStation", "active": true }]),
        )),
        "listcarriers" => Ok(Reply::json(
            200,
            &json!([
                { "name": "Stamps.com", "code": "stamps_com", "nickname": "USPS", "primary": true },
                { "name": "FedEx", "code": "fedex", "nickname": null, "primary": false },
                { "name": "UPS", "code": "ups", "nickname": null, "primary": false }
            ]),
        )),
        "listwarehouses" => Ok(Reply::json(
            200,
            &json!([{ "warehouseId": 14265, "warehouseName": "Sandbox Warehouse", "isDefault": true }]),
        )),
        _ => Err(missing()),
    }
}

/// The warehouse ships an order, and tells whoever subscribed.
pub(super) fn warehouse_ships(state: &Arc<State>, order_id: u64, ship: Ship) -> Result<Value, Refusal> {
    let label = !ship.without_label;
    let shipped = state.act(&Command::ShipstationShip { order_id, ship })?;
    let hook = state.world().shipstation.hook().map(str::to_owned);
    if let Some(url) = hook {
        // The vendor's message holds no facts, only where to read them.
        let (list, kind) =
            if label { ("shipments", "SHIP_NOTIFY") } else { ("fulfillments", "FULFILLMENT_SHIPPED") };
        let resource = format!("http://{}/shipstation/{list}?orderId={order_id}", state.address);
        let body = json!({ "resource_url": resource, "resource_type": kind }).to_string();
        let nonce = state.next_delivery().to_string();
        let id = webhooks::delivery_id(&[kind, &resource, &state.now().to_rfc3339(), &nonce]);
        webhooks::send(state, Outgoing::new("shipstation", kind, url, body, id));
    }
    Ok(shipped)
}

fn body(call: &Call) -> Result<Value, Refusal> {
    match call.json() {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(check::invalid(&[("apiOrder".into(), "An error has occurred.".into())])),
    }
}

fn order_id(wanted: &Value) -> Result<u64, Refusal> {
    wanted["orderId"].as_u64().ok_or_else(|| required("request.orderId"))
}

fn required(path: &str) -> Refusal {
    let name = path.rsplit('.').next().unwrap_or(path);
    check::invalid(&[(path.into(), format!("The {name} field is required."))])
}

fn number_in_path(call: &Call) -> Option<u64> {
    call.parts().get(1)?.parse().ok()
}

fn missing() -> Refusal {
    Refusal::new(404, json!({ "Message": "The requested resource was not found." }))
}
