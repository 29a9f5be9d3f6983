//! Webhook catchers: they keep what they got and answer as they were told.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::reply::Call;

const MOST_CATCHERS: usize = 200;
const MOST_MESSAGES: usize = 1_000;

/// One message a catcher got.
#[derive(Clone, Debug, Serialize)]
pub struct HookMessage {
    /// Its place in this catcher, from 1.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body as text; what is not UTF-8 is replaced.
    pub body: String,
    /// Its body exactly, in base64.
    pub body_base64: String,
    /// The status it was answered with.
    pub answered: u16,
}

impl HookMessage {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

struct Catcher {
    status: u16,
    last: u64,
    messages: VecDeque<HookMessage>,
}

/// Every catcher, by name.
#[derive(Default)]
pub(super) struct Hooks {
    catchers: BTreeMap<String, Catcher>,
}

impl Hooks {
    /// The catcher of a name, made if there is room.
    fn catcher(&mut self, name: &str) -> Option<&mut Catcher> {
        if !self.catchers.contains_key(name) && self.catchers.len() >= MOST_CATCHERS {
            return None;
        }
        let fresh = || Catcher { status: 200, last: 0, messages: VecDeque::new() };
        Some(self.catchers.entry(name.to_owned()).or_insert_with(fresh))
    }

    /// Keeps a message; returns the status to answer with.
    pub fn receive(&mut self, name: &str, at: DateTime<Utc>, call: &Call) -> u16 {
        let Some(catcher) = self.catcher(name) else {
            return 507;
        };
        catcher.last += 1;
        if catcher.messages.len() >= MOST_MESSAGES {
            catcher.messages.pop_front();
        }
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        catcher.messages.push_back(HookMessage {
            seq: catcher.last,
            at,
            headers: call.headers.iter().map(header).collect(),
            body: String::from_utf8_lossy(&call.body).into_owned(),
            body_base64: STANDARD.encode(&call.body),
            answered: catcher.status,
        });
        catcher.status
    }

    pub fn set_status(&mut self, name: &str, status: u16) {
        if let Some(catcher) = self.catcher(name) {
            catcher.status = status;
        }
    }

    pub fn messages(&self, name: &str) -> Vec<HookMessage> {
        self.catchers.get(name).map(|catcher| catcher.messages.iter().cloned().collect()).unwrap_or_default()
    }

    /// Forgets a catcher's messages and its status.
    pub fn forget(&mut self, name: &str) {
        self.catchers.remove(name);
    }
}
