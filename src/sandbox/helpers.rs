//! The routes for people and tests, under `/_sandbox`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::Fault;
use super::reply::{Call, Refusal, Reply};
use super::seed::{SeedOrder, Ship};
use super::state::State;
use super::world::Command;
use super::{generic, page, shipstation, shopify, webhooks};

/// Answers what belongs to no vendor.
pub(super) fn answer(state: &Arc<State>, call: &Call) -> Reply {
    let parts = call.parts();
    let answered = match (call.method.as_str(), parts.as_slice()) {
        ("GET" | "HEAD", []) => Ok(Reply::html(page::page(state))),
        ("GET", ["_sandbox", "health"]) => Ok(Reply::json(200, &json!({ "ok": true }))),
        ("GET", ["_sandbox", "ledger"]) => Ok(ledger(state, call)),
        ("GET", ["_sandbox", "requests"]) => Ok(latest(call, "requests", state.requests())),
        ("GET", ["_sandbox", "deliveries"]) => Ok(latest(call, "deliveries", state.deliveries())),
        ("POST", ["_sandbox", "deliveries", id, "resend"]) => resend(state, id),
        ("POST", ["_sandbox", "close"]) => close(state, call),
        (_, ["_sandbox", "faults", ..]) => faults(state, call, &parts[2..]),
        (_, ["_sandbox", "hooks", name]) => hooks(state, call, name),
        (_, ["_sandbox", "shopify", shop, rest @ ..]) => shops(state, call, shop, rest),
        (_, ["_sandbox", "ebay", "orders"]) => ebay_orders(state, call),
        (_, ["_sandbox", "shipstation", rest @ ..]) => warehouse(state, call, rest),
        (_, ["_sandbox", "generic", tenant, rest @ ..]) => generic::helpers(state, call, tenant, rest),
        _ => Err(nothing_here()),
    };
    answered.unwrap_or_else(Reply::from)
}

fn nothing_here() -> Refusal {
    Refusal::plain(404, "there is nothing here; GET / lists what there is")
}

fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_slice(&call.body).map_err(|error| Refusal::plain(422, &error.to_string()))
}

/// One order, or a list of them; a list of at most 10,000.
fn read_orders(call: &Call) -> Result<(Vec<SeedOrder>, bool), Refusal> {
    let value: Value = read(call)?;
    let many = value.is_array();
    let wrong = |error: serde_json::Error| Refusal::plain(422, &error.to_string());
    let orders: Vec<SeedOrder> = if many {
        serde_json::from_value(value).map_err(wrong)?
    } else {
        vec![serde_json::from_value(value).map_err(wrong)?]
    };
    if orders.len() > 10_000 {
        Err(Refusal::plain(413, "at most 10,000 orders at once"))
    } else {
        Ok((orders, many))
    }
}

fn one_or_all(status: u16, mut made: Vec<Value>, many: bool) -> Reply {
    if many {
        Reply::json(status, &Value::Array(made))
    } else {
        Reply::json(status, &made.pop().unwrap_or_default())
    }
}

/// The last entries of a list, oldest first.
fn latest<T: serde::Serialize>(call: &Call, name: &str, all: Vec<T>) -> Reply {
    let limit = call.number("limit", 200, 1..=1_000);
    let total = all.len();
    Reply::json(200, &json!({ "total": total, name: &all[total.saturating_sub(limit)..] }))
}

fn ledger(state: &State, call: &Call) -> Reply {
    let world = state.world();
    let limit = call.number("limit", 200, 1..=1_000);
    let after: u64 = call.param("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let fits = |vendor: &str, reference: &str, key: Option<&str>| {
        call.param("vendor").is_none_or(|wanted| wanted == vendor)
            && call.param("reference").is_none_or(|wanted| wanted == reference || Some(wanted) == key)
    };
    let entries: Vec<_> = world
        .ledger
        .entries()
        .iter()
        .filter(|entry| entry.seq > after && fits(&entry.vendor, &entry.reference, entry.key.as_deref()))
        .collect();
    let mut live = world.live();
    live.retain(|one| fits(&one.vendor, &one.reference, one.key.as_deref()));
    live.sort_by_key(|one| std::cmp::Reverse(one.count));
    let most = live.first().map_or(0, |one| one.count);
    live.truncate(1_000);
    let shown = &entries[..entries.len().min(limit)];
    let next = if shown.len() < entries.len() { shown.last().map(|entry| entry.seq) } else { None };
    Reply::json(
        200,
        &json!({ "total": entries.len(), "entries": shown, "next_after": next,
        "live": live, "most_live_for_one_reference": most }),
    )
}

fn resend(state: &Arc<State>, id: &str) -> Result<Reply, Refusal> {
    if webhooks::resend(state, id) { Ok(Reply::empty(202)) } else { Err(nothing_here()) }
}

#[derive(Deserialize)]
struct Close {
    ms: u64,
}

/// Closes the port for a while, so that connecting is refused.
fn close(state: &Arc<State>, call: &Call) -> Result<Reply, Refusal> {
    let wanted: Close = read(call)?;
    let state = Arc::clone(state);
    tokio::spawn(async move {
        // Time for this answer to leave.
        tokio::time::sleep(Duration::from_millis(20)).await;
        state.want_listening(false);
        tokio::time::sleep(Duration::from_millis(wanted.ms.min(600_000))).await;
        state.want_listening(true);
    });
    Ok(Reply::empty(202))
}

fn faults(state: &State, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
    match (call.method.as_str(), rest) {
        ("POST", []) => {
            let fault: Fault = read(call)?;
            if !["*", "shopify", "ebay", "shipstation", "generic"].contains(&fault.vendor.as_str()) {
                return Err(Refusal::plain(
                    422,
                    "the vendors are shopify, ebay, shipstation and generic, or * for all",
                ));
            }
            if fault.status.is_some_and(|status| !(200..=599).contains(&status)) {
                return Err(Refusal::plain(422, "a status is a number from 200 to 599"));
            }
            Ok(Reply::json(201, &json!({ "id": state.faults().add(fault) })))
        }
        ("GET", []) => {
            let shown = |(id, fault): (u64, Fault)| {
                let mut value = json!(fault);
                value["id"] = json!(id);
                value
            };
            let list: Vec<Value> = state.faults().list().into_iter().map(shown).collect();
            Ok(Reply::json(200, &json!({ "faults": list })))
        }
        ("DELETE", []) => {
            state.faults().clear();
            Ok(Reply::empty(204))
        }
        ("DELETE", [id]) if id.parse().is_ok_and(|id| state.faults().remove(id)) => Ok(Reply::empty(204)),
        _ => Err(nothing_here()),
    }
}

#[derive(Deserialize)]
struct HookStatus {
    status: u16,
}

fn hooks(state: &State, call: &Call, name: &str) -> Result<Reply, Refusal> {
    match call.method.as_str() {
        "POST" => {
            let at = state.now();
            Ok(Reply::empty(state.hooks().receive(name, at, call)))
        }
        "PUT" => {
            let wanted: HookStatus = read(call)?;
            if !(200..=599).contains(&wanted.status) {
                return Err(Refusal::plain(422, "a status is a number from 200 to 599"));
            }
            state.hooks().set_status(name, wanted.status);
            Ok(Reply::empty(204))
        }
        "GET" => {
            let messages = state.hooks().messages(name);
            Ok(latest(call, "messages", messages))
        }
        "DELETE" => {
            state.hooks().forget(name);
            Ok(Reply::empty(204))
        }
        _ => Err(nothing_here()),
    }
}

#[derive(Deserialize)]
struct NewShop {
    #[serde(default)]
    token: Option<String>,
}

#[derive(Deserialize)]
struct NewWebhook {
    url: String,
    secret: String,
    #[serde(default)]
    topics: Vec<String>,
}

fn shops(state: &Arc<State>, call: &Call, shop: &str, rest: &[&str]) -> Result<Reply, Refusal> {
    let shop_name = shop.to_owned();
    match (call.method.as_str(), rest) {
        ("PUT", []) => {
            let wanted: NewShop = read(call)?;
            let command = Command::Shop { shop: shop_name, token: wanted.token };
            state.act(&command).map(|shop| Reply::json(200, &shop))
        }
        ("PUT", ["webhook"]) => {
            let NewWebhook { url, secret, topics } = read(call)?;
            let command = Command::Webhook { shop: shop_name, url, secret, topics };
            state.act(&command).map(|hook| Reply::json(200, &hook))
        }
        ("POST", ["orders"]) => {
            let (orders, many) = read_orders(call)?;
            let quiet = call.param("quiet").is_some();
            let put = |order: SeedOrder| {
                if quiet {
                    state.act(&Command::ShopifyOrder { shop: shop_name.clone(), order: Box::new(order) })
                } else {
                    shopify::receive(state, shop, order)
                }
            };
            let made = orders.into_iter().map(put).collect::<Result<Vec<Value>, Refusal>>()?;
            Ok(one_or_all(201, made, many))
        }
        _ => Err(nothing_here()),
    }
}

fn ebay_orders(state: &State, call: &Call) -> Result<Reply, Refusal> {
    if call.method != hyper::Method::POST {
        return Err(nothing_here());
    }
    let (orders, many) = read_orders(call)?;
    let put = |order| state.act(&Command::EbayOrder { order: Box::new(order) });
    let made = orders.into_iter().map(put).collect::<Result<Vec<Value>, Refusal>>()?;
    Ok(one_or_all(201, made, many))
}

#[derive(Deserialize)]
struct RefuseSku {
    sku: String,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct NewHook {
    url: Option<String>,
}

fn warehouse(state: &Arc<State>, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| nothing_here());
    let done = match (call.method.as_str(), rest) {
        ("GET", ["refused-skus"]) => Ok(state.world().shipstation.rules()),
        ("POST", ["refused-skus"]) => {
            let RefuseSku { sku, message } = read(call)?;
            state.act(&Command::ShipstationRefuseSku { sku, message })
        }
        ("DELETE", ["refused-skus", sku]) => {
            state.act(&Command::ShipstationAcceptSku { sku: (*sku).to_owned() })
        }
        ("PUT", ["webhook"]) => {
            let NewHook { url } = read(call)?;
            state.act(&Command::ShipstationWebhook { url })
        }
        ("GET", ["orders", id]) => state.world().shipstation.anyway(number(id)?).ok_or_else(nothing_here),
        ("POST", ["orders", id, "ship"]) => {
            let ship: Ship = read(call)?;
            shipstation::warehouse_ships(state, number(id)?, ship)
        }
        ("POST", ["orders", id, "cancel"]) => {
            state.act(&Command::ShipstationCancel { order_id: number(id)? })
        }
        _ => Err(nothing_here()),
    };
    done.map(|value| Reply::json(200, &value))
}
