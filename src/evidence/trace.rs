//! One id from the click through job, transaction records, activity, webhook
//! and e-mail.

use crate::secrets::random_hex;

/// The id of one chain of cause and effect: 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TraceId(String);

impl TraceId {
    /// A new chain.
    pub fn new() -> TraceId {
        TraceId(random_hex::<16>())
    }

    /// Reads a stored or sent id; `None` when it has not the shape of one.
    pub fn parse(text: &str) -> Option<TraceId> {
        (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| TraceId(text.to_ascii_lowercase()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TraceId {
    fn default() -> Self {
        TraceId::new()
    }
}

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&TraceId> for crate::db::Bind {
    fn from(id: &TraceId) -> Self {
        crate::db::Bind::Text(id.0.clone())
    }
}
