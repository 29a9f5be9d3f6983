//! Diagnosis: for each class of failure the plain sentence, whether a retry
//! helps, and the fix.

use super::ProblemKind;
use crate::{
    ids::{ChannelId, ConnectionId},
    outbound::ErrorClass,
};

/// The code of a problem that a person opened.
pub const MARKED_BY_HAND: &str = "marked_by_hand";

/// The code of a post that reading proved not to have arrived.
pub const ABSENT: &str = "absent";

/// The code of a post of which only a person can tell whether it arrived.
pub const NEEDS_PERSON: &str = "needs_person";

/// What would fix a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// Map the courier, then resend everything that waits for it.
    MapCourier,
    /// Correct the mapping's name, then resend.
    CorrectMapping,
    /// Correct the tracking number.
    EditTracking,
    /// Renew the credentials.
    RenewCredentials,
    /// Correct the address.
    EditAddress,
    /// Make the SKU known at the other side.
    MatchSku,
    /// Ask the provider whether it has the order.
    CheckWithProvider,
    /// Say what the provider has, having looked there.
    DecideByHand,
    /// Cancel the order that is too many.
    CancelSecond,
    /// Ask the provider to cancel once more.
    CancelOrder,
    /// Send the provider the change once more.
    ResyncTo,
    /// Send again.
    Retry,
    /// Waiting helps; it retries by itself.
    Wait,
    /// Read the exchange and decide.
    ReadRecord,
}

impl Fix {
    /// The shipment's action that does it, where it is one.
    pub fn action(self) -> Option<&'static str> {
        match self {
            Fix::CheckWithProvider => Some("check_post"),
            Fix::DecideByHand => Some("decide_post"),
            Fix::CancelSecond => Some("cancel_second"),
            Fix::CancelOrder => Some("cancel_order"),
            Fix::ResyncTo => Some("resync_to_provider"),
            _ => None,
        }
    }

    /// The button: verb and noun.
    pub fn label(self) -> &'static str {
        match self {
            Fix::MapCourier => "Map courier and resend",
            Fix::CorrectMapping => "Correct mapping and resend",
            Fix::EditTracking => "Edit shipping details",
            Fix::RenewCredentials => "Renew credentials",
            Fix::EditAddress => "Edit address",
            Fix::MatchSku => "Open the request",
            Fix::CheckWithProvider => "Check with provider",
            Fix::DecideByHand => "Decide by hand",
            Fix::CancelSecond => "Cancel the second",
            Fix::CancelOrder => "Cancel at provider",
            Fix::ResyncTo => "Resync to provider",
            Fix::Retry => "Send again",
            Fix::Wait => "Open the request",
            Fix::ReadRecord => "Open the request",
        }
    }
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it means.
    pub sentence: String,
    /// Whether trying again without a change may help.
    pub retry_helps: bool,
    /// What would fix it.
    pub fix: Fix,
}

/// What a diagnosis is made from.
#[derive(Debug, Clone, Copy)]
pub struct Symptom<'a> {
    /// What was stopped.
    pub kind: ProblemKind,
    /// The class.
    pub class: ErrorClass,
    /// Who refused, by name.
    pub other_side: &'a str,
    /// The courier as it was sent.
    pub courier: Option<&'a str>,
    /// The code it came with: the vendor's, or one of ours.
    pub code: Option<&'a str>,
    /// True: the outcome of a post is not known.
    pub outcome_unknown: bool,
    /// Who marked it by hand; nobody else refused anything then.
    pub marked_by: Option<&'a str>,
}

/// Says what a failure means and what fixes it.
pub fn diagnose(symptom: Symptom<'_>) -> Diagnosis {
    let who = symptom.other_side;
    let courier = symptom.courier.unwrap_or("the courier");
    let plain = |sentence: String, fix| Diagnosis { sentence, retry_helps: false, fix };
    match (symptom.kind, symptom.code) {
        (ProblemKind::Duplicate, _) => {
            return plain(
                format!("{who} has more orders for this shipment than one. Cancel the one that is too many."),
                Fix::CancelSecond,
            );
        }
        (ProblemKind::Cancel, _) => {
            return plain(
                format!("{who} was asked to cancel the order, and it is not known that it did. Ask again."),
                Fix::CancelOrder,
            );
        }
        (ProblemKind::Update, _) => return of_a_change(&symptom),
        (ProblemKind::Post, Some(NEEDS_PERSON)) if symptom.outcome_unknown => {
            return plain(
                format!(
                    "Nothing can tell whether {who} has this shipment. Look there, then say what you saw."
                ),
                Fix::DecideByHand,
            );
        }
        (ProblemKind::Post, Some(ABSENT)) => {
            return plain(
                format!("{who} does not have this shipment: the last post did not arrive. Send it again."),
                Fix::Retry,
            );
        }
        _ => {}
    }
    if symptom.outcome_unknown {
        return Diagnosis {
            sentence: format!(
                "We don’t know whether {who} accepted this shipment. It is not sent again until that is known."
            ),
            retry_helps: false,
            fix: Fix::CheckWithProvider,
        };
    }
    if let Some(person) = symptom.marked_by {
        return Diagnosis {
            sentence: format!(
                "{person} marked this shipment as an error. Read the note, put right what it names, then send it again."
            ),
            retry_helps: false,
            fix: Fix::Retry,
        };
    }
    let (sentence, fix) = match symptom.class {
        ErrorClass::CourierUnmapped => (
            format!(
                "{who} does not know the courier “{courier}”. Map it to a name {who} accepts, then resend."
            ),
            Fix::MapCourier,
        ),
        ErrorClass::CourierRejected => (
            format!(
                "{who} refuses the name that “{courier}” is mapped to. Correct the mapping, then resend."
            ),
            Fix::CorrectMapping,
        ),
        ErrorClass::TrackingRejected => {
            (format!("{who} refuses the tracking number. Correct it, then resend."), Fix::EditTracking)
        }
        ErrorClass::OrderNotFound => (
            format!("{who} has no such order. It may have been deleted there, or belong to another shop."),
            Fix::ReadRecord,
        ),
        ErrorClass::AlreadyFulfilled => (
            format!("{who} says these items were fulfilled already. Compare the order there."),
            Fix::ReadRecord,
        ),
        ErrorClass::OrderClosed => (
            format!("{who} says the order is closed or canceled. Reopen it there, then resend."),
            Fix::ReadRecord,
        ),
        ErrorClass::SkuUnknown => (
            format!("{who} does not know one of the SKUs. Make it known there, then send again."),
            Fix::MatchSku,
        ),
        ErrorClass::AddressInvalid => {
            (format!("{who} refuses the address. Correct it, then send again."), Fix::EditAddress)
        }
        ErrorClass::Auth => (
            format!("{who} refuses our credentials. Renew them; what waits is sent after that."),
            Fix::RenewCredentials,
        ),
        ErrorClass::Forbidden => (
            format!("Our credentials at {who} do not allow this. Give them the missing permission there."),
            Fix::RenewCredentials,
        ),
        ErrorClass::RateLimited => {
            (format!("{who} asked us to slow down. It is sent again by itself."), Fix::Wait)
        }
        ErrorClass::Unavailable => {
            (format!("{who} was not available. It is sent again by itself."), Fix::Wait)
        }
        ErrorClass::Timeout => (format!("{who} did not answer in time."), Fix::Wait),
        ErrorClass::InvalidRequest => (
            format!("{who} refuses the request. Read its words below; they say what to change."),
            Fix::ReadRecord,
        ),
        ErrorClass::Unknown => {
            (format!("{who} answered something we do not understand. Read its words below."), Fix::ReadRecord)
        }
    };
    Diagnosis { sentence, retry_helps: symptom.class.retry_helps(), fix }
}

/// Of a change that the provider did not take: its order stands as it was, or, after
/// an answer that was lost, as it should be; sending it again settles both.
fn of_a_change(symptom: &Symptom<'_>) -> Diagnosis {
    let (who, class) = (symptom.other_side, symptom.class);
    let (sentence, fix) = match class {
        ErrorClass::AlreadyFulfilled | ErrorClass::OrderClosed | ErrorClass::OrderNotFound => (
            format!(
                "{who} does not change this order any more. Compare it there, and re-ship what is missing."
            ),
            Fix::ReadRecord,
        ),
        ErrorClass::Auth | ErrorClass::Forbidden => (
            format!("{who} refuses our credentials. Renew them, then resync to provider."),
            Fix::RenewCredentials,
        ),
        _ => (
            format!(
                "{who} did not take the change of this shipment, or did not say so. It may be sent again."
            ),
            Fix::ResyncTo,
        ),
    };
    Diagnosis { sentence, retry_helps: class.retry_helps(), fix }
}

/// What problems with one and the same fix share, so that fixing one fixes all.
pub fn cause_key(
    kind: ProblemKind,
    class: ErrorClass,
    channel: Option<ChannelId>,
    connection: Option<ConnectionId>,
    courier: Option<&str>,
    code: Option<&str>,
) -> String {
    let place = match kind {
        ProblemKind::Submit | ProblemKind::Channel => channel.map(|c| format!("channel:{c}")),
        _ => connection.map(|c| format!("connection:{c}")).or(channel.map(|c| format!("channel:{c}"))),
    }
    .unwrap_or_default();
    let detail = match class {
        ErrorClass::CourierUnmapped | ErrorClass::CourierRejected => {
            courier.map(crate::couriers::mapping::key).unwrap_or_default()
        }
        ErrorClass::Auth
        | ErrorClass::Forbidden
        | ErrorClass::RateLimited
        | ErrorClass::Unavailable
        | ErrorClass::Timeout => String::new(),
        _ => code.unwrap_or_default().to_owned(),
    };
    format!("{kind}:{class}:{place}:{detail}")
}
