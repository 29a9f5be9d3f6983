//! The envelope of every call: one address, one header, and answers that say
//! with a 200 that something went wrong.

use crate::{
    channels::{Access, kinds::short},
    outbound::{ErrorClass, Failure, HttpRequest, HttpResponse},
};
use chrono::Duration;
use serde_json::{Value, json};

/// The version of the API the queries are written for.
const VERSION: &str = "2026-07";
/// The longest wait that is believed.
const LONGEST_WAIT: f64 = 3600.0;

pub(super) fn request(access: &Access, query: &str, variables: Value) -> HttpRequest {
    let url = format!("{}/admin/api/{VERSION}/graphql.json", access.base_url.trim_end_matches('/'));
    HttpRequest::json("POST", url, &json!({ "query": query, "variables": variables }))
        .header("Accept", "application/json")
        .header("X-Shopify-Access-Token", access.credential("access_token").trim())
}

/// The number at the end of a gid, or the number itself.
pub(super) fn number(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id).split('?').next().unwrap_or_default()
}

/// The gid of a numeric id; a gid stays as it is.
pub(super) fn gid(kind: &str, id: &str) -> String {
    let id = id.trim();
    if id.starts_with("gid://") { id.to_owned() } else { format!("gid://shopify/{kind}/{id}") }
}

/// An answer: its data, and the failure its top-level errors amount to.
pub(super) struct Body {
    pub data: Value,
    pub failure: Option<Failure>,
}

/// The data of an answer without errors.
pub(super) fn data(response: &HttpResponse) -> Result<Value, Failure> {
    let body = body(response)?;
    match body.failure {
        Some(failure) => Err(failure),
        None => Ok(body.data),
    }
}

/// An answer that may have both data and errors.
pub(super) fn body(response: &HttpResponse) -> Result<Body, Failure> {
    let json = response.json();
    if !response.is_success() {
        return Err(by_status(response, &json.unwrap_or_default()));
    }
    let Some(json) = json.filter(Value::is_object) else {
        return Err(Failure::perhaps(ErrorClass::Unknown, "Shopify's answer cannot be read."));
    };
    let failure = top_level(response, &json);
    let data = json["data"].clone();
    if data.is_null() {
        return Err(failure.unwrap_or_else(|| {
            Failure::perhaps(ErrorClass::Unknown, "Shopify answered with neither data nor errors.")
        }));
    }
    Ok(Body { data, failure })
}

/// The sentences of `errors`, which is a list in GraphQL and a text or an object
/// when the request did not get that far.
fn sentences(json: &Value) -> String {
    let one = |error: &Value| match error {
        Value::String(text) => text.clone(),
        other => other["message"].as_str().map_or_else(|| other.to_string(), str::to_owned),
    };
    short(&match &json["errors"] {
        Value::Null => String::new(),
        Value::Array(errors) => errors.iter().map(one).collect::<Vec<_>>().join(" "),
        other => one(other),
    })
}

fn by_status(response: &HttpResponse, json: &Value) -> Failure {
    let mut message = sentences(json);
    if message.is_empty() {
        message = format!("Shopify answered with status {}.", response.status);
    }
    let failure = Failure::by_status(response, message);
    match response.status {
        // Not an order but the shop itself is unknown: the connection is to be mended.
        404 => Failure { class: ErrorClass::Auth, ..failure },
        423 => Failure { class: ErrorClass::Forbidden, ..failure },
        429 => Failure { retry_after: response.retry_after().or_else(|| wait(json)), ..failure },
        _ => failure,
    }
}

fn top_level(response: &HttpResponse, json: &Value) -> Option<Failure> {
    let empty = match &json["errors"] {
        Value::Null => true,
        Value::Array(errors) => errors.is_empty(),
        _ => false,
    };
    if empty {
        return None;
    }
    let message = sentences(json);
    let codes = json["errors"].as_array().into_iter().flatten();
    let code = codes.filter_map(|error| error["extensions"]["code"].as_str()).next().map(str::to_owned);
    let refused = |class| Failure::refused(class, code.clone(), message.clone());
    Some(match code.as_deref() {
        Some("THROTTLED") => {
            refused(ErrorClass::RateLimited).after(wait(json).or_else(|| response.retry_after()))
        }
        Some("ACCESS_DENIED") => refused(ErrorClass::Forbidden),
        Some("RESOURCE_NOT_FOUND") => refused(ErrorClass::OrderNotFound),
        Some("INTERNAL_SERVER_ERROR" | "TIMEOUT") => {
            Failure { code: code.clone(), ..Failure::perhaps(ErrorClass::Unavailable, message.clone()) }
        }
        None if message.eq_ignore_ascii_case("throttled") => {
            refused(ErrorClass::RateLimited).after(wait(json))
        }
        None if message.contains("invalid id") => refused(ErrorClass::OrderNotFound),
        _ => refused(ErrorClass::InvalidRequest),
    })
}

/// How long until the bucket holds what the query costs.
fn wait(json: &Value) -> Option<Duration> {
    let cost = &json["extensions"]["cost"];
    let status = &cost["throttleStatus"];
    let requested = cost["requestedQueryCost"].as_f64()?;
    let available = status["currentlyAvailable"].as_f64()?;
    let rate = status["restoreRate"].as_f64().filter(|rate| *rate > 0.0)?;
    let seconds = ((requested - available) / rate).ceil().clamp(1.0, LONGEST_WAIT);
    Duration::try_seconds(seconds as i64)
}
