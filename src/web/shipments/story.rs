//! What happened, as timelines: lines of history, and the steps of posts.

use crate::{
    evidence::activity::{Activity, Ended},
    ids::RecordId,
    shipments::posts::{Attempt, PostState, Step},
    web::{Visitor, markup::Stamp},
};
use serde_json::Value;

/// One dot of a timeline.
pub struct Moment {
    /// The class of its dot.
    pub class: &'static str,
    /// What happened.
    pub title: String,
    /// What was said about it.
    pub detail: String,
    /// When.
    pub at: Stamp,
    /// Who; empty where it is clear.
    pub who: String,
    /// What changed: name, before, after.
    pub changes: Vec<(String, String, String)>,
    /// The exchange it came from.
    pub record: Option<RecordId>,
}

/// A line of history.
pub fn line(visitor: &Visitor, activity: &Activity) -> Moment {
    Moment {
        class: match activity.result {
            Ended::Ok => "",
            Ended::Info => "info",
            Ended::Warning => "warning",
            Ended::Failed => "danger",
        },
        title: activity.summary.clone(),
        detail: String::new(),
        at: visitor.stamp(activity.at()),
        who: activity.actor_name.clone(),
        changes: changes(visitor, activity.before.as_ref(), activity.after.as_ref()),
        record: activity.transaction_record_id,
    }
}

/// What the change set, by name; what was there before where that is known.
fn changes(
    visitor: &Visitor,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<(String, String, String)> {
    let Some(after) = after.and_then(Value::as_object) else {
        return Vec::new();
    };
    let before = before.and_then(Value::as_object);
    after
        .iter()
        .map(|(name, is)| {
            let was = before.and_then(|before| before.get(name));
            (name.replace("_id", " ID").replace('_', " "), word(visitor, was), word(visitor, Some(is)))
        })
        .filter(|(_, was, is)| was != is && !(was.is_empty() && is == "no"))
        .collect()
}

fn word(visitor: &Visitor, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Bool(true)) => "yes".into(),
        Some(Value::Bool(false)) => "no".into(),
        Some(Value::String(text)) => visitor.moment(text).unwrap_or_else(|| text.clone()),
        Some(other) => other.to_string(),
    }
}

/// A step of a post.
pub fn step(visitor: &Visitor, attempt: &Attempt, provider: &str) -> Moment {
    let (class, title) = said(attempt.step, provider);
    Moment {
        class,
        title,
        detail: attempt.detail.clone(),
        at: visitor.stamp(attempt.at()),
        who: String::new(),
        changes: Vec::new(),
        record: attempt.transaction_record_id,
    }
}

/// A step in words, with the class of its dot.
pub fn said(step: Step, provider: &str) -> (&'static str, String) {
    match step {
        Step::Queued => ("moving", "Waiting to be sent".into()),
        Step::Sent => ("info moving", format!("Sent to {provider}")),
        Step::Accepted => ("success", format!("{provider} accepted it")),
        Step::Rejected => ("danger", format!("{provider} refused it")),
        Step::NotSent => ("warning", format!("Nothing reached {provider}")),
        Step::Unknown => ("warning unsure", "Outcome unknown".into()),
        Step::CheckedFound => ("success", format!("Checked: {provider} has an order")),
        Step::CheckedAbsent => ("info", format!("Checked: {provider} has no live order")),
        Step::CheckedUnclear => ("warning unsure", format!("Checked: {provider} could not tell")),
        Step::Fenced => ("", "A late answer was kept, not used".into()),
        Step::Decided => ("hold", "A person decided".into()),
        Step::Superseded => ("", "A later post took its place".into()),
        Step::Canceled => ("warning", "Stopped".into()),
    }
}

/// Where a post stands, in words.
pub fn state(state: PostState) -> &'static str {
    match state {
        PostState::Queued => "waiting",
        PostState::Claimed => "about to be sent",
        PostState::Sent => "sent, no answer yet",
        PostState::Unknown => "outcome unknown",
        PostState::Checking => "being checked",
        PostState::Accepted => "accepted",
        PostState::Rejected => "refused",
        PostState::Absent => "did not arrive",
        PostState::NeedsPerson => "a person must look",
        PostState::Canceled => "stopped",
        PostState::Superseded => "replaced by a later post",
    }
}
