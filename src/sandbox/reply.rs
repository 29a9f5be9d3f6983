//! What a stand-in reads and what it answers.

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

/// A request, read whole, with the vendor's prefix taken off its path.
pub(super) struct Call {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// The path's parts, without empty ones.
    pub fn parts(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// A number from the query, held between two bounds.
    pub fn number(&self, name: &str, default: usize, bounds: std::ops::RangeInclusive<usize>) -> usize {
        let given = self.param(name).and_then(|value| value.parse().ok()).unwrap_or(default);
        given.clamp(*bounds.start(), *bounds.end())
    }
}

/// An answer, not yet on the wire.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn json(status: u16, value: &Value) -> Reply {
        Reply {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".into())],
            body: Bytes::from(value.to_string()),
        }
    }

    pub fn text(status: u16, text: &str) -> Reply {
        Reply {
            status,
            headers: vec![("content-type", "text/plain; charset=utf-8".into())],
            body: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    pub fn html(text: String) -> Reply {
        Reply {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: Bytes::from(text),
        }
    }

    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: vec![], body: Bytes::new() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// The helpers' own error shape.
    pub fn problem(status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({ "error": message }))
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        Reply::json(refusal.status, &refusal.body)
    }
}

/// A vendor's no: its status and body.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status the vendor answers with.
    pub status: u16,
    /// The body the vendor answers with.
    pub body: Value,
}

impl Refusal {
    /// A refusal with a body.
    pub fn new(status: u16, body: Value) -> Refusal {
        Refusal { status, body }
    }

    pub(super) fn plain(status: u16, message: &str) -> Refusal {
        Refusal { status, body: json!({ "error": message }) }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status, self.body)
    }
}

impl std::error::Error for Refusal {}
