//! The adapters: what they send, what they make of every answer.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly too")]

mod ebay;
mod fuzz;
mod generic;
mod live;
mod shipstation;
mod shopify;
mod shopify_orders;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};
use waybill::{
    channels::{self, Submission, SubmissionLine},
    outbound::{ErrorClass, Failure, HttpRequest, HttpResponse, Reached},
    providers,
};

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn channel(base: &str) -> channels::Access {
    channels::Access {
        base_url: base.into(),
        external_account: "acme".into(),
        credentials: SecretString::from(json!({ "access_token": "hush-token" }).to_string()),
    }
}

pub fn provider(base: &str) -> providers::Access {
    providers::Access {
        base_url: base.into(),
        credentials: SecretString::from(json!({ "api_key": "hush", "api_secret": "hush-too" }).to_string()),
        settings: json!({}),
        now: at("2026-11-20T08:00:00Z"),
    }
}

pub fn line(id: &str, sku: &str, quantity: i32) -> SubmissionLine {
    SubmissionLine { channel_line_id: id.into(), sku: sku.into(), quantity }
}

pub fn submission(lines: Vec<SubmissionLine>) -> Submission {
    Submission {
        number: "SHP-90217-1".into(),
        order_reference: "5770000032768".into(),
        lines,
        courier: "Evri".into(),
        courier_name: "Evri".into(),
        courier_code: None,
        mapped: true,
        tracking_number: "H00ABC0123456789".into(),
        tracking_url: Some("https://www.evri.com/track/H00ABC0123456789".into()),
        shipped_at: at("2026-11-20T07:00:00Z"),
        notify_buyer: true,
        told: None,
    }
}

pub fn answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.to_string() }
}

pub fn plain(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.into() }
}

pub fn with(mut response: HttpResponse, name: &str, value: &str) -> HttpResponse {
    response.headers.push((name.into(), value.into()));
    response
}

/// What a request is without its secrets: method, address, names of headers, body.
pub fn shown(request: &HttpRequest) -> String {
    let secret = ["authorization", "x-shopify-access-token", "webhook-signature"];
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        let value = if secret.contains(&name.to_lowercase().as_str()) { "…" } else { value };
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(request.body.as_deref().unwrap_or_default());
    assert!(!text.contains("hush"), "a secret outside its header: {text}");
    text.trim_end().to_owned()
}

pub fn body(request: &HttpRequest) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}

pub fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value)
}

/// Class and effect of a failure.
pub fn kind<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorClass, Reached) {
    let failure = result.unwrap_err();
    assert!(!failure.message.trim().is_empty(), "a failure without words: {failure:?}");
    (failure.class, failure.reached)
}

#[test]
fn every_kind_is_registered() {
    let channels = channels::kinds::all();
    for kind in channels::ChannelKind::ALL {
        assert_eq!(channels.get(*kind).is_some(), *kind != channels::ChannelKind::Manual, "{kind}");
    }
    for kind in providers::ProviderKind::ALL {
        assert_eq!(providers::kinds::of(*kind).kind(), *kind);
    }
    let ebay = channels.capabilities(channels::ChannelKind::Ebay).unwrap();
    assert_eq!((ebay.webhooks, ebay.fallback_courier), (false, Some("Other")));
}
