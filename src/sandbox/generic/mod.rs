//! A small warehouse that speaks Waybill's own contract (docs/adapters.md): the
//! routes, the lock on the door, and what a test may do to it. Each tenant is a
//! warehouse of its own with its own promise against double posts.

mod check;
mod store;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Sandbox;
use super::reply::{Call, Refusal, Reply};
use super::seed::ShipLine;
use super::state::State;
use super::world::Command;
use crate::outbound::signature;

pub(super) use store::Warehouses;

/// What a warehouse promises against double posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenericClass {
    /// A: the same `Idempotency-Key` gets the first answer again.
    Key,
    /// B: a reference is taken once; again it is a conflict that shows the order.
    OwnId,
    /// C: orders can be listed by reference, and a reference can be taken twice.
    Searchable,
    /// D: nothing, not even reading.
    #[default]
    Nothing,
}

/// How a warehouse is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenericOptions {
    /// Its promise.
    pub class: GenericClass,
    /// The bearer token it takes; nothing if `basic` or `headers` is set.
    pub token: String,
    /// User name and password, for Basic.
    pub basic: Option<(String, String)>,
    /// Names and values of headers that must all be there.
    pub headers: Vec<(String, String)>,
    /// Every request must be signed with it (`whsec_…`).
    pub signing_secret: Option<String>,
    /// Orders can be canceled until they ship.
    pub cancels: bool,
    /// Orders can be changed until they ship.
    pub updates: bool,
    /// Orders can be read and listed; class D never can, class C always lists.
    pub reads: bool,
    /// SKUs it does not know.
    pub refuse_skus: Vec<String>,
}

impl Default for GenericOptions {
    fn default() -> GenericOptions {
        GenericOptions {
            class: GenericClass::Nothing,
            token: "sandbox-generic-token".into(),
            basic: None,
            headers: Vec::new(),
            signing_secret: None,
            cancels: true,
            updates: true,
            reads: true,
            refuse_skus: Vec::new(),
        }
    }
}

/// The warehouse ships an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenericShip {
    /// The courier as the warehouse spells it.
    pub carrier: String,
    /// The tracking number.
    pub tracking_number: String,
    /// The service.
    pub service: Option<String>,
    /// Where the parcel can be followed.
    pub tracking_url: Option<String>,
    /// When it left, RFC 3339; now by default.
    pub shipped_at: Option<String>,
    /// What it cost: a decimal and its currency.
    pub cost: Option<(String, String)>,
    /// What is in it; everything if empty.
    pub items: Vec<ShipLine>,
    /// True: more parcels follow, the order stays `picking`.
    pub partial: bool,
}

/// The contract's name of what a call wants; the names by which faults are set.
pub(super) fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.parts().as_slice()) {
        ("POST", [_, "shipments"]) => "createshipment",
        ("GET", [_, "shipments"]) => "findshipments",
        ("GET", [_, "shipments", _]) => "getshipment",
        ("PUT", [_, "shipments", _]) => "updateshipment",
        ("POST", [_, "shipments", _, "cancel"]) => "cancelshipment",
        _ => "unknown",
    }
}

/// The contract's words for a fault.
pub(super) fn failure(status: u16) -> Reply {
    let code = match status {
        401 => "unauthorized",
        429 => "rate_limited",
        503 => "unavailable",
        _ => "failed",
    };
    Reply::from(refused(status, code, "The sandbox was told to answer so."))
}

/// A no in the contract's words.
fn refused(status: u16, code: &str, message: &str) -> Refusal {
    Refusal::new(status, json!({ "error": { "code": code, "message": message, "fields": {} } }))
}

fn missing() -> Refusal {
    refused(404, "not_found", "There is nothing here.")
}

/// Answers a call as the tenant's warehouse would.
pub(super) fn answer(state: &Arc<State>, call: &Call) -> Reply {
    route(state, call).unwrap_or_else(Reply::from)
}

fn route(state: &Arc<State>, call: &Call) -> Result<Reply, Refusal> {
    let parts = call.parts();
    let tenant = parts.first().copied().ok_or_else(missing)?.to_owned();
    let options = state.world().generic.options(&tenant).cloned().ok_or_else(missing)?;
    known(&options, call)?;
    signed(&options, call, state.now().timestamp())?;
    let reads = options.reads && options.class != GenericClass::Nothing;
    let id = || parts.get(2).map(|id| (*id).to_owned()).ok_or_else(missing);
    match operation(call) {
        "createshipment" => {
            let order = body(call)?;
            let key = match options.class {
                GenericClass::Key => call.header("idempotency-key").map(str::to_owned),
                _ => None,
            };
            let command = Command::GenericCreate { tenant, key, order };
            state.act(&command).map(|order| Reply::json(201, &order))
        }
        "findshipments" if reads || options.class == GenericClass::Searchable => {
            let wrong = || check::invalid(&[("reference", "Say which reference.".into())]);
            let reference =
                call.param("reference").filter(|text| !text.trim().is_empty()).ok_or_else(wrong)?;
            let found = state.world().generic.by_reference(&tenant, reference);
            Ok(Reply::json(200, &json!({ "shipments": found })))
        }
        "getshipment" if reads => {
            let order = state.world().generic.one(&tenant, &id()?);
            order.map(|order| Reply::json(200, &order)).ok_or_else(missing)
        }
        "updateshipment" if options.updates => {
            let command = Command::GenericUpdate { tenant, id: id()?, order: body(call)? };
            state.act(&command).map(|order| Reply::json(200, &order))
        }
        "cancelshipment" if options.cancels => {
            let command = Command::GenericCancel { tenant, id: id()?, by_us: false };
            state.act(&command).map(|order| Reply::json(200, &order))
        }
        _ => Err(missing()),
    }
}

fn known(options: &GenericOptions, call: &Call) -> Result<(), Refusal> {
    let given = call.header("authorization").and_then(|value| value.split_once(' '));
    let is = |scheme: &str, word: &str| {
        given.is_some_and(|(s, w)| s.eq_ignore_ascii_case(scheme) && w.trim() == word)
    };
    let open = if !options.headers.is_empty() {
        options.headers.iter().all(|(name, value)| call.header(name) == Some(value))
    } else if let Some((user, password)) = &options.basic {
        is("basic", &STANDARD.encode(format!("{user}:{password}")))
    } else {
        is("bearer", &options.token)
    };
    if open { Ok(()) } else { Err(refused(401, "unauthorized", "The credentials are not known.")) }
}

/// How far a request's time may be from ours, in seconds.
const TOLERANCE: i64 = 300;

fn signed(options: &GenericOptions, call: &Call, now: i64) -> Result<(), Refusal> {
    let Some(secret) = &options.signing_secret else {
        return Ok(());
    };
    let no = |message: &str| Err(refused(401, "unauthorized", message));
    let header = |name: &str| call.header(name).unwrap_or_default();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp").parse::<i64>());
    let (false, Ok(at)) = (id.is_empty(), at) else {
        return no("The request is not signed.");
    };
    if (now - at).abs() > TOLERANCE {
        return no("The request was signed at another time.");
    }
    let body = String::from_utf8_lossy(&call.body);
    let expected = signature::standard_webhook(secret, id, at, &body);
    let fits = expected.is_some_and(|one| header("webhook-signature").split(' ').any(|given| given == one));
    if fits { Ok(()) } else { no("The signature does not fit.") }
}

fn body(call: &Call) -> Result<Value, Refusal> {
    if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(refused(415, "invalid", "The body must be application/json."));
    }
    match call.json() {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(refused(400, "invalid", "The body is no JSON object.")),
    }
}

/// The routes for people and tests, under `/_sandbox/generic/{tenant}`.
pub(super) fn helpers(
    state: &Arc<State>,
    call: &Call,
    tenant: &str,
    rest: &[&str],
) -> Result<Reply, Refusal> {
    fn read<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
        serde_json::from_slice(&call.body).map_err(|error| Refusal::plain(422, &error.to_string()))
    }
    #[derive(Deserialize)]
    struct Status {
        status: String,
    }
    let tenant = tenant.to_owned();
    let done = match (call.method.as_str(), rest) {
        ("PUT", []) => {
            let options = read::<GenericOptions>(call)?;
            state.act(&Command::GenericTenant { tenant, options: Box::new(options) })
        }
        ("GET", ["shipments", id]) => state.world().generic.one(&tenant, id).ok_or_else(missing),
        ("POST", ["shipments", id, "ship"]) => {
            let ship = read::<GenericShip>(call)?;
            state.act(&Command::GenericShip { tenant, id: (*id).into(), ship })
        }
        ("POST", ["shipments", id, "status"]) => {
            let Status { status } = read(call)?;
            state.act(&Command::GenericStatus { tenant, id: (*id).into(), status })
        }
        ("POST", ["shipments", id, "cancel"]) => {
            state.act(&Command::GenericCancel { tenant, id: (*id).into(), by_us: true })
        }
        _ => Err(missing()),
    };
    done.map(|value| Reply::json(200, &value))
}

impl Sandbox {
    /// The base URL of one generic warehouse; the adapter adds `/shipments…`.
    pub fn generic_base(&self, tenant: &str) -> String {
        self.url(&format!("/generic/{tenant}"))
    }

    /// Opens a generic warehouse, or changes how it is set up.
    pub fn add_generic(&self, tenant: &str, options: GenericOptions) -> Result<(), Refusal> {
        let command = Command::GenericTenant { tenant: tenant.into(), options: Box::new(options) };
        self.state.act(&command).map(|_| ())
    }

    /// Puts an order into a generic warehouse: the body of a post, without a key.
    pub fn seed_generic(&self, tenant: &str, order: Value) -> Result<Value, Refusal> {
        self.state.act(&Command::GenericCreate { tenant: tenant.into(), key: None, order })
    }

    /// A generic warehouse ships an order; answers it as the warehouse shows it.
    pub fn ship_generic(&self, tenant: &str, id: &str, ship: GenericShip) -> Result<Value, Refusal> {
        self.state.act(&Command::GenericShip { tenant: tenant.into(), id: id.into(), ship })
    }

    /// A generic warehouse cancels an order on its own side.
    pub fn cancel_at_generic(&self, tenant: &str, id: &str) -> Result<Value, Refusal> {
        self.state.act(&Command::GenericCancel { tenant: tenant.into(), id: id.into(), by_us: true })
    }

    /// A generic warehouse says `received`, `picking` or `rejected` of an order.
    pub fn set_generic_status(&self, tenant: &str, id: &str, status: &str) -> Result<Value, Refusal> {
        let command = Command::GenericStatus { tenant: tenant.into(), id: id.into(), status: status.into() };
        self.state.act(&command)
    }

    /// One order of a generic warehouse as it shows it.
    pub fn generic_order(&self, tenant: &str, id: &str) -> Option<Value> {
        self.state.world().generic.one(tenant, id)
    }
}
