//! The one way out. Every call writes its transaction record before the first
//! byte and completes it after; redirects are not followed, answers are capped,
//! and addresses that are not public are refused. Calls to a connection or a
//! channel keep to its budget and its circuit breaker: what is kept back was not
//! sent, and waits for its turn.

pub mod address;
mod client;
mod failure;
pub mod lane;
mod mail;
pub mod signature;
pub mod turn;

pub use address::AddressPolicy;
pub use client::{Called, Client};
pub use failure::{Answer, ErrorClass, Failure, Held, Reached};
pub use lane::Lane;
pub use mail::{Fate, Letter, MailFailure, Mailer, Open};

/// A request as plain data, so that adapters need no socket to be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
}

impl HttpRequest {
    /// A request without a body.
    pub fn get(url: impl Into<String>) -> HttpRequest {
        HttpRequest { method: "GET", url: url.into(), headers: Vec::new(), body: None }
    }

    /// A request with a JSON body.
    pub fn json(method: &'static str, url: impl Into<String>, body: &serde_json::Value) -> HttpRequest {
        HttpRequest { method, url: url.into(), headers: Vec::new(), body: Some(body.to_string()) }
            .header("Content-Type", "application/json")
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> HttpRequest {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An answer as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names (lower case) and values in order.
    pub headers: Vec<(String, String)>,
    /// The body as text, cut at 1 MB.
    pub body: String,
}

impl HttpResponse {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What `Retry-After` asks for, when it is a number of seconds.
    pub fn retry_after(&self) -> Option<chrono::Duration> {
        self.header("retry-after")?
            .trim()
            .parse::<i64>()
            .ok()
            .filter(|s| *s >= 0)
            .and_then(chrono::Duration::try_seconds)
    }
}
