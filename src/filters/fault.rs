//! What is wrong with a tree, and where.

use serde::Serialize;

/// One thing that does not fit. The rest of the tree may be fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The place: `filter_groups.groups[0].filters[1].operator`.
    pub path: String,
    /// A word that stays, for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Fault {
    pub(super) fn new(path: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Fault {
        Fault { path: path.into(), code, detail: detail.into() }
    }
}

/// What somebody sent, cut so that it can stand in a sentence.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if short.len() < text.len() && text.chars().count() > 40 {
        short.push('…');
    }
    short
}
