//! Whether the other side works, in words: for channels and connections.

use crate::{
    clock::Instant,
    outbound::ErrorClass,
    problems::{
        ProblemKind,
        diagnose::{Symptom, diagnose},
    },
    web::{Visitor, badge::Badge, markup::Stamp},
};

/// How an outside system has been behaving.
#[derive(Debug, Clone)]
pub struct Health {
    /// In a word.
    pub badge: Badge,
    /// What is wrong, and what to do; or that nothing is.
    pub sentence: String,
    /// Since when it fails.
    pub failing_since: Option<Stamp>,
    /// When it last worked.
    pub last_success: Option<Stamp>,
}

/// What the row of a channel or connection says of its health.
#[derive(Debug)]
pub struct Signs<'a> {
    /// Its name.
    pub name: &'a str,
    /// A provider rather than a channel.
    pub kind: ProblemKind,
    /// Whether there is anything to talk to.
    pub connected: bool,
    /// When it last worked.
    pub last_success_at: Option<Instant>,
    /// Since when it fails.
    pub failing_since: Option<Instant>,
    /// With which class of failure.
    pub failure_class: Option<&'a str>,
}

/// Reads the signs.
pub fn of(visitor: &Visitor, signs: Signs<'_>) -> Health {
    let last_success = signs.last_success_at.map(|at| visitor.stamp(at));
    let failing_since = signs.failing_since.map(|at| visitor.stamp(at));
    let (badge, sentence) = match (signs.connected, signs.failing_since, signs.last_success_at) {
        (false, ..) => (
            Badge::closed("By file").with_icon("file-up"),
            "Orders come from files: there is nothing to connect.".to_owned(),
        ),
        (true, Some(_), _) => {
            let class = signs.failure_class.and_then(ErrorClass::parse).unwrap_or(ErrorClass::Unknown);
            let symptom = Symptom {
                kind: signs.kind,
                class,
                other_side: signs.name,
                courier: None,
                code: None,
                outcome_unknown: false,
                marked_by: None,
            };
            (Badge::failed("Failing"), diagnose(symptom).sentence)
        }
        (true, None, Some(_)) => (Badge::done("Working"), "The last call went well.".to_owned()),
        (true, None, None) => {
            (Badge::waiting("Not used yet"), "Nothing has been sent or read yet.".to_owned())
        }
    };
    Health { badge, sentence, failing_since, last_success }
}
