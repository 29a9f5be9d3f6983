//! Shopify's Admin GraphQL API: the door, the leaky bucket, the webhooks going out.

mod fulfill;
mod parse;
mod run;
mod shops;
mod types;
mod view;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::faults::{Fault, FaultKind};
use super::reply::{Call, Refusal, Reply};
use super::seed::SeedOrder;
use super::state::State;
use super::webhooks::{self, Outgoing};
use super::world::Command;

pub(super) use shops::Shops;

/// The one version of the API the sandbox serves.
const VERSION: &str = "2026-07";

/// No query may cost more points, however full the bucket is.
const MOST_A_QUERY: u64 = 1_000;

/// The root field a call asks for (`fulfillmentCreate`), or `graphql` while it is not known.
pub(super) fn operation(call: &Call) -> String {
    let first = || {
        let body = call.json().ok()?;
        let operations = parse::document(body["query"].as_str()?).ok()?;
        let wanted = body["operationName"].as_str();
        let chosen = operations.iter().find(|one| wanted.is_some() && one.name.as_deref() == wanted);
        Some(chosen.or(operations.first())?.selections.first()?.name.clone())
    };
    first().unwrap_or_else(|| "graphql".into())
}

/// The vendor's words for a fault.
pub(super) fn failure(fault: &Fault, call: &Call) -> Reply {
    if fault.fault == FaultKind::RateLimited {
        // Throttling is an answer with errors, not a status; 429 is what proxies in front may say.
        return match fault.status {
            Some(429) => Reply::json(
                429,
                &json!({ "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service." }),
            ),
            other => Reply::json(other.unwrap_or(200), &throttled(1_000, 0, 2_000, 100)),
        };
    }
    match fault.status.unwrap_or(fault.fault.status()) {
        401 => unauthorized(),
        402 => Reply::json(402, &json!({ "errors": "Unavailable Shop" })),
        403 => Reply::json(
            403,
            &json!({ "errors": "[API] This action requires merchant approval for the required scope." }),
        ),
        404 => not_found(),
        423 => Reply::json(423, &json!({ "errors": "[API] Shop is locked" })),
        status => {
            let id = call.header("x-request-id").unwrap_or("sandbox");
            Reply::json(
                status,
                &json!({ "errors": "Internal Server Error. Please try again later.", "request_id": id }),
            )
        }
    }
}

fn unauthorized() -> Reply {
    let text = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    Reply::json(401, &json!({ "errors": text }))
}

fn not_found() -> Reply {
    Reply::json(404, &json!({ "errors": "Not Found" }))
}

fn throttled(requested: u32, available: u32, most: u32, restore: u32) -> Value {
    json!({
        "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED",
            "documentation": "https://shopify.dev/api/usage/rate-limits" } }],
        "extensions": { "cost": { "requestedQueryCost": requested, "actualQueryCost": null,
            "throttleStatus": { "maximumAvailable": f64::from(most), "currentlyAvailable": available, "restoreRate": f64::from(restore) } } },
    })
}

/// The vendor's words for a query that could never run.
fn too_much(cost: u64) -> Value {
    let text = format!(
        "Query cost is {cost}, which exceeds the single query max cost limit ({MOST_A_QUERY}).\n\nSee \
         https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\ncost of a query is calculated."
    );
    json!({ "errors": [{ "message": text, "extensions": { "code": "MAX_COST_EXCEEDED", "cost": cost,
        "maxCost": MOST_A_QUERY, "documentation": "https://shopify.dev/api/usage/rate-limits" } }] })
}

/// Answers a call as Shopify would.
pub(super) fn answer(state: &Arc<State>, call: &Call) -> Reply {
    let parts = call.parts();
    let [shop, "admin", "api", VERSION, "graphql.json"] = parts.as_slice() else {
        return not_found();
    };
    let token = state.world().shopify.token(shop);
    match (token, call.header("x-shopify-access-token")) {
        (None, _) => return not_found(),
        (Some(token), Some(given)) if token == given => {}
        _ => return unauthorized(),
    }
    if call.method != hyper::Method::POST {
        return not_found();
    }
    let Ok(body) = call.json() else {
        return Reply::json(400, &json!({ "errors": { "query": "Required parameter missing or invalid" } }));
    };
    let Some(text) = body["query"].as_str() else {
        return Reply::json(400, &json!({ "errors": { "query": "Required parameter missing or invalid" } }));
    };
    let operations = match parse::document(text) {
        Ok(operations) => operations,
        Err(parse::SyntaxError(message, (line, column))) => {
            return Reply::json(
                200,
                &json!({ "errors": [{ "message": message, "locations": [{ "line": line, "column": column }],
                    "extensions": { "code": "PARSE_ERROR" } }] }),
            );
        }
    };
    let wanted = body["operationName"].as_str();
    let chosen = match wanted {
        Some(name) => operations.iter().find(|one| one.name.as_deref() == Some(name)),
        None if operations.len() == 1 => operations.first(),
        None => None,
    };
    let Some(operation) = chosen else {
        let message = wanted.map_or_else(
            || "An operation name is required".to_owned(),
            |name| format!("No operation named \"{name}\""),
        );
        return Reply::json(200, &json!({ "errors": [{ "message": message }] }));
    };
    let checked = match types::check(operation, &body["variables"]) {
        Ok(checked) => checked,
        Err(errors) => return Reply::json(200, &json!({ "errors": errors })),
    };
    let most = run::most(&checked);
    if !operation.mutation && most > MOST_A_QUERY {
        return Reply::json(200, &too_much(most));
    }
    let cost = run::cost(operation.mutation, &checked);
    let (most, restore) = (state.options.shopify_bucket, state.options.shopify_restore);
    let left = state.allowance(&format!("shopify/{shop}"), f64::from(most), |bucket, now| {
        let gained = (now - bucket.at).num_milliseconds().max(0) as f64 / 1000.0 * f64::from(restore);
        bucket.level = (bucket.level + gained).min(f64::from(most));
        bucket.at = now;
        if bucket.level < f64::from(cost) {
            return Err(bucket.level as u32);
        }
        bucket.level -= f64::from(cost);
        Ok(bucket.level as u32)
    });
    let left = match left {
        Ok(left) => left,
        Err(left) => return Reply::json(200, &throttled(cost, left, most, restore)),
    };
    let mut answer = run::run(state, shop, operation.mutation, &checked);
    answer["extensions"]["cost"] = json!({ "requestedQueryCost": cost, "actualQueryCost": cost,
        "throttleStatus": { "maximumAvailable": f64::from(most), "currentlyAvailable": left, "restoreRate": f64::from(restore) } });
    Reply::json(200, &answer).with("x-shopify-api-version", VERSION)
}

/// A shop gets or changes an order, and sends `orders/create`, `orders/updated` or `orders/cancelled`.
pub(super) fn receive(state: &Arc<State>, shop: &str, order: SeedOrder) -> Result<Value, Refusal> {
    let known = state.world().shopify.knows(shop, &order);
    let topic = match (known, order.cancelled) {
        (false, _) => "orders/create",
        (true, Some(true)) => "orders/cancelled",
        (true, _) => "orders/updated",
    };
    let seeded = state.act(&Command::ShopifyOrder { shop: shop.into(), order: Box::new(order) })?;
    if let Some(id) = seeded["id"].as_str().and_then(|gid| shops::tail(gid, "Order")) {
        notify(state, shop, topic, id);
    }
    Ok(seeded)
}

/// Sends a shop's webhook about an order, if the shop has one for the topic.
pub(super) fn notify(state: &Arc<State>, shop: &str, topic: &str, order: u64) {
    let now = state.now();
    let outgoing = {
        let world = state.world();
        let Some((url, secret)) = world.shopify.hook(shop, topic) else {
            return;
        };
        let Some(body) = world.shopify.payload(shop, order) else {
            return;
        };
        let body = body.to_string();
        let nonce = state.next_delivery();
        let id =
            webhooks::delivery_id(&[shop, topic, &order.to_string(), &now.to_rfc3339(), &nonce.to_string()]);
        Outgoing::new("shopify", topic, url.to_owned(), body.clone(), id.clone())
            .header("x-shopify-topic", topic)
            .header("x-shopify-hmac-sha256", &sign(secret, body.as_bytes()))
            .header("x-shopify-shop-domain", &format!("{shop}.myshopify.com"))
            .header("x-shopify-webhook-id", &id)
            .header("x-shopify-triggered-at", &now.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true))
            .header("x-shopify-api-version", VERSION)
    };
    webhooks::send(state, outgoing);
}

fn sign(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    }
}
