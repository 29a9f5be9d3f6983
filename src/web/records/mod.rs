//! Transaction records: the list of a channel and of the account, and one
//! exchange, both ways.

pub mod body;
pub mod filter;
pub mod list;
pub mod meaning;
pub mod period;
pub mod show;
pub mod words;

use super::{Visitor, list::List};
use actix_web::{
    HttpResponse,
    http::header::{HeaderName, HeaderValue},
};

/// An applied filter, with the link that takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// As a phrase: `Log Type: submit_fulfillment`.
    pub text: String,
    /// The list without it.
    pub href: String,
}

/// Names the list's clean address in an answer to htmx: a form sends its empty
/// fields too, and the address people copy has none of them.
pub fn pushed(visitor: &Visitor, list: &List, mut answer: HttpResponse) -> HttpResponse {
    if visitor.partial()
        && let Ok(address) = HeaderValue::from_str(&list.link().to_string())
    {
        answer.headers_mut().insert(HeaderName::from_static("hx-push-url"), address);
    }
    answer
}

/// A choice in a list's filter or row of tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// In the URL; for tabs, where they lead.
    pub value: String,
    /// As people read it.
    pub label: String,
    /// Whether it is the one chosen.
    pub current: bool,
}

impl Choice {
    /// A choice, chosen or not.
    pub fn new(value: impl Into<String>, label: impl Into<String>, current: bool) -> Choice {
        Choice { value: value.into(), label: label.into(), current }
    }
}
