//! The condition of a shipment that wants somebody: one banner, with the words
//! of the other side and the one step that repairs it.

use super::{provider::Side, story};
use crate::{
    actions::Action,
    outbound::ErrorClass,
    problems::{ProblemKind, diagnose::Fix, list::Row},
    shipments::{
        Status, Subject,
        cancel_order::CancelOrder,
        posts::{PostState, Step},
        provider_orders::CancelState,
        surroundings::{Hold, Surroundings},
    },
    web::{Visitor, action, badge, markup::Offer},
};

/// A banner.
pub struct Condition {
    /// Its tone's class.
    pub tone: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// What is so, in a few words.
    pub title: String,
    /// What it means and what helps.
    pub text: String,
    /// The words of the other side, as they came.
    pub verbatim: String,
    /// The step that repairs it; opened as a dialog when it is an action.
    pub fix: Option<Offer>,
    /// Whether the fix is an action that asks first.
    pub dialog: bool,
    /// It is about the channel, whose card then need not repeat it.
    pub about_channel: bool,
    /// Another way, such as reading the exchange.
    pub other: Option<Offer>,
}

/// What the page says on top; the worst first, never more than one.
pub fn condition(
    visitor: &Visitor,
    subject: &Subject,
    around: &Surroundings,
    side: &Side,
    problems: &[Row],
    holds: &[Hold],
) -> Option<Condition> {
    let shipment = &subject.shipment;
    let id = shipment.id.0;
    let of = |kind| problems.iter().find(|p| p.kind == kind);
    let newest = side.posts.first();
    if let Some(problem) = of(ProblemKind::Duplicate).or(of(ProblemKind::Cancel)) {
        return Some(standing(visitor, subject, problem));
    }
    match shipment.status {
        Status::Unconfirmed => Some(unknown(visitor, subject, side, of(ProblemKind::Post))),
        Status::Error if newest.is_some_and(|p| p.row.state == PostState::Absent) => Some(Condition {
            tone: "warning",
            icon: "triangle-alert",
            title: format!("{} does not have this shipment", subject.provider_name()),
            text: "The last post did not arrive. It can be posted again.".into(),
            verbatim: String::new(),
            fix: again(visitor, subject),
            dialog: true,
            about_channel: false,
            other: None,
        }),
        Status::Error => Some(match of(ProblemKind::Post) {
            Some(problem) => refused(visitor, subject, problem),
            None => Condition {
                tone: "danger",
                icon: "circle-x",
                title: "This shipment is in error".into(),
                text: "Read its history below, then post it again.".into(),
                verbatim: String::new(),
                fix: again(visitor, subject),
                dialog: true,
                about_channel: false,
                other: None,
            },
        }),
        Status::PendingPost if side.current.is_none() && canceled_there(side) => Some(Condition {
            tone: "info",
            icon: "ban",
            title: format!("Its order at {} is canceled", subject.provider_name()),
            text: "Nothing is there any more. Post it again, or void it.".into(),
            verbatim: String::new(),
            fix: again(visitor, subject),
            dialog: true,
            about_channel: false,
            other: None,
        }),
        _ if newest.is_some_and(|p| p.row.state == PostState::Canceled) => {
            let why = side.attempts.iter().find(|a| a.step == Step::Canceled);
            Some(Condition {
                tone: "warning",
                icon: "circle-pause",
                title: match subject.around.posted_before {
                    true => "The re-post was stopped before anything was sent".into(),
                    false => "The post was stopped before anything was sent".into(),
                },
                text: why.map(|a| a.detail.clone()).unwrap_or_default(),
                verbatim: String::new(),
                fix: again(visitor, subject),
                dialog: true,
                about_channel: false,
                other: CancelOrder::available(subject)
                    .is_available()
                    .then(|| offer(visitor, "cancel_order", id))
                    .flatten(),
            })
        }
        Status::Canceled => Some(Condition {
            tone: "info",
            icon: "ban",
            title: "This shipment is voided".into(),
            text: voided(visitor, subject, around),
            verbatim: String::new(),
            fix: None,
            dialog: false,
            about_channel: false,
            other: None,
        }),
        Status::PendingPost if subject.around.order_on_hold => Some(held(subject, holds)),
        _ => match (of(ProblemKind::Submit), of(ProblemKind::Update)) {
            (Some(problem), _) => Some(not_told(visitor, id, problem)),
            (None, other) => other.map(|problem| standing(visitor, subject, problem)),
        },
    }
}

/// The newest order was canceled at the provider.
fn canceled_there(side: &Side) -> bool {
    side.previous.first().is_some_and(|order| order.row.cancel_state == CancelState::Confirmed)
}

/// An order at the provider that should not stand.
fn standing(visitor: &Visitor, subject: &Subject, problem: &Row) -> Condition {
    let diagnosis = problem.diagnosis();
    Condition {
        tone: "danger",
        icon: "triangle-alert",
        title: problem.kind.label().into(),
        text: diagnosis.sentence,
        verbatim: problem.detail.clone(),
        fix: diagnosis.fix.action().and_then(|name| offer(visitor, name, subject.shipment.id.0)),
        dialog: true,
        about_channel: false,
        other: record(visitor, problem),
    }
}

fn unknown(visitor: &Visitor, subject: &Subject, side: &Side, problem: Option<&Row>) -> Condition {
    let who = subject.provider_name();
    let sent = side.attempts.iter().find(|a| a.step == Step::Sent);
    let checked = side
        .attempts
        .iter()
        .find(|a| matches!(a.step, Step::CheckedAbsent | Step::CheckedUnclear | Step::CheckedFound));
    let mut text = match sent {
        Some(sent) => format!("The post at {} did not come to an answer. ", visitor.stamp(sent.at()).full),
        None => String::new(),
    };
    text.push_str("It is not sent again until that is known.");
    if let Some(checked) = checked {
        let (_, words) = story::said(checked.step, who);
        text.push_str(&format!(
            " Last check {}: {}.",
            visitor.stamp(checked.at()).short,
            words.trim_start_matches("Checked: ")
        ));
    }
    let by_hand = subject.around.post_state == Some(PostState::NeedsPerson);
    if by_hand {
        text.push_str(&format!(
            " Nothing can tell by machine: look at {who} for {}, then say what you saw.",
            subject.shipment.number
        ));
    }
    Condition {
        tone: "warning",
        icon: "circle-help",
        title: format!("We don’t know whether {who} accepted this shipment"),
        text,
        verbatim: problem.map(|p| p.detail.clone()).unwrap_or_default(),
        fix: offer(visitor, if by_hand { "decide_post" } else { "check_post" }, subject.shipment.id.0),
        dialog: true,
        about_channel: false,
        other: problem.and_then(|p| record(visitor, p)),
    }
}

fn refused(visitor: &Visitor, subject: &Subject, problem: &Row) -> Condition {
    let diagnosis = problem.diagnosis();
    Condition {
        tone: "danger",
        icon: "circle-x",
        title: match problem.marked_by() {
            Some(_) => "This shipment is marked as an error".into(),
            None => format!("{} refused this shipment", subject.provider_name()),
        },
        text: diagnosis.sentence,
        verbatim: problem.detail.clone(),
        fix: again(visitor, subject),
        dialog: true,
        about_channel: false,
        other: record(visitor, problem),
    }
}

/// The channel does not have the tracking.
fn not_told(visitor: &Visitor, id: i64, problem: &Row) -> Condition {
    let diagnosis = problem.diagnosis();
    let maps = matches!(diagnosis.fix, Fix::MapCourier | Fix::CorrectMapping);
    let mut text = diagnosis.sentence;
    if let Some(at) = problem.next_attempt_at {
        text.push_str(&format!(" Next try {}.", visitor.stamp(at).short));
    }
    if maps && !visitor.can(crate::accounts::Permission::CouriersEdit) {
        text.push_str(" You need the Couriers permission to map it; ask an admin of your account.");
    }
    Condition {
        tone: "danger",
        icon: "circle-x",
        title: match problem.error_class {
            ErrorClass::CourierUnmapped => {
                format!("{} does not have the tracking: courier not mapped", problem.other_side())
            }
            _ => format!("{} does not have the tracking", problem.other_side()),
        },
        text,
        verbatim: problem.detail.clone(),
        fix: match maps {
            true => fix(visitor, problem, &format!("/shipments/{id}")),
            false => offer(visitor, "submit", id),
        },
        dialog: !maps,
        about_channel: true,
        other: record(visitor, problem),
    }
}

fn held(subject: &Subject, holds: &[Hold]) -> Condition {
    let said: Vec<String> = holds
        .iter()
        .map(|hold| {
            let name =
                crate::orders::HoldKind::parse(&hold.kind).map_or("Hold", |kind| badge::hold(kind).label);
            match (hold.reason.is_empty(), hold.placed_by_name.is_empty()) {
                (true, true) => format!("{name}."),
                (true, false) => format!("{name} by {}.", hold.placed_by_name),
                (false, true) => format!("{name}: {}.", hold.reason.trim_end_matches('.')),
                (false, false) => {
                    format!("{name} by {}: {}.", hold.placed_by_name, hold.reason.trim_end_matches('.'))
                }
            }
        })
        .collect();
    Condition {
        tone: "hold",
        icon: "hand",
        title: format!("Order {} is on hold, so this is not posted", subject.around.order_number),
        text: said.join(" "),
        verbatim: String::new(),
        fix: Some(Offer {
            label: "Open the order".into(),
            href: format!("/orders/{}", subject.shipment.order_id),
        }),
        dialog: false,
        about_channel: false,
        other: None,
    }
}

fn voided(visitor: &Visitor, subject: &Subject, around: &Surroundings) -> String {
    let mut text = match (subject.shipment.voided_at, &around.voided_by) {
        (Some(at), Some(who)) => format!("{who} voided it, {}.", visitor.stamp(at).full),
        (Some(at), None) => format!("Voided {}.", visitor.stamp(at).full),
        (None, _) => String::new(),
    };
    if let Some(reason) = around.void_reason.as_deref().filter(|r| !r.is_empty()) {
        text.push_str(&format!(" Reason: {reason}"));
    }
    text
}

/// The way to send it again, whichever applies.
fn again(visitor: &Visitor, subject: &Subject) -> Option<Offer> {
    let name = if subject.around.posted_before { "repost" } else { "post" };
    offer(visitor, name, subject.shipment.id.0)
}

/// An action's link for those who may.
fn offer(visitor: &Visitor, name: &str, id: i64) -> Option<Offer> {
    let permission = match name {
        "submit" => crate::accounts::Permission::ShipmentsSubmit,
        _ => crate::accounts::Permission::ShipmentsPost,
    };
    action::offer(name, id).filter(|_| visitor.can(permission))
}

/// The page that repairs a mapping, for those who may.
pub fn fix(visitor: &Visitor, problem: &Row, back: &str) -> Option<Offer> {
    let diagnosis = problem.diagnosis();
    visitor.can(crate::accounts::Permission::CouriersEdit).then(|| Offer {
        label: diagnosis.fix.label().to_owned(),
        href: crate::web::list::Link::to(format!("/problems/{}/fix", problem.id))
            .with("back", back)
            .to_string(),
    })
}

/// The exchange the problem came from.
fn record(visitor: &Visitor, problem: &Row) -> Option<Offer> {
    let record = problem.transaction_record_id?;
    visitor
        .can(crate::accounts::Permission::RecordsView)
        .then(|| Offer { label: "Open the request".into(), href: format!("/transaction-records/{record}") })
}
