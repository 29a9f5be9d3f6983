//! What a page, or a part of it, is about.

use crate::evidence::activity::Subject;
use std::fmt;

/// Something that can change: `shipment:5`, `problems`, `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Anything of the account.
    Any,
    /// The error queue: whatever opens, closes or moves a problem.
    Problems,
    /// One record.
    Record(Subject, i64),
}

impl Topic {
    /// As the page wrote it.
    pub fn parse(text: &str) -> Option<Topic> {
        match text {
            "any" => Some(Topic::Any),
            "problems" => Some(Topic::Problems),
            _ => {
                let (kind, id) = text.split_once(':')?;
                Some(Topic::Record(Subject::parse(kind)?, id.parse().ok()?))
            }
        }
    }
}

impl Topic {
    /// Whether it moves without a line of history for each step.
    pub fn is_progress(&self) -> bool {
        matches!(self, Topic::Record(Subject::Import | Subject::Export | Subject::BulkOperation, _))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Any => f.write_str("any"),
            Topic::Problems => f.write_str("problems"),
            Topic::Record(kind, id) => write!(f, "{kind}:{id}"),
        }
    }
}
