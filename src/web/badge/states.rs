//! Which badge stands for which state: one function per enum, every value of it.
//! No two values of one enum share a label.

use super::{Badge, Certainty, Tone};
use crate::{
    evidence::{activity::Ended, record::RecordStatus},
    notify::{
        emails::EmailState,
        webhooks::{EndpointState, Trigger},
    },
    orders::{HoldKind, OrderStatus, PaymentStatus},
    shipments::{ChannelSync, Status, posts::Step},
    traces::{DeliveryState, JobState},
};

/// Where a shipment stands.
pub const fn shipment_status(status: Status) -> Badge {
    match status {
        Status::PendingPost => Badge::waiting("Not posted").with_explanation("Not sent to its provider yet."),
        Status::Posting => Badge::moving("Posting").with_explanation("On its way to the provider."),
        Status::PendingTracking => Badge::moving("Pending tracking")
            .with_icon("truck")
            .with_explanation("The provider has it. There is no tracking number yet."),
        Status::Shipped => Badge::done("Shipped"),
        Status::Delivered => Badge::done("Delivered"),
        Status::Error => {
            Badge::failed("Error").with_explanation("The provider refused it, or somebody marked it so.")
        }
        Status::Unconfirmed => Badge::unknown("Outcome unknown").with_explanation(
            "Nobody knows whether the provider took it. It is not sent again until that is known.",
        ),
        Status::Canceled => Badge::closed("Voided"),
    }
}

/// Whether the sales channel has the tracking.
pub const fn channel_sync(sync: ChannelSync) -> Badge {
    match sync {
        ChannelSync::NotApplicable => {
            Badge::closed("Not required").with_explanation("No connected channel waits for tracking.")
        }
        ChannelSync::AwaitingSend => {
            Badge::waiting("Not sent").with_explanation("There is nothing to send yet.")
        }
        ChannelSync::PendingSync => Badge::moving("Sending"),
        ChannelSync::Synced => Badge::done("Synced").with_explanation("The channel has the tracking."),
        ChannelSync::Warning => Badge::attention("Synced with warning")
            .with_explanation("The channel has the tracking, and warned."),
        ChannelSync::Failed => {
            Badge::failed("Sync failed").with_explanation("The channel does not have the tracking.")
        }
        ChannelSync::Muted => {
            Badge::closed("Muted").with_explanation("The channel is not told about this shipment.")
        }
    }
}

/// Where an order stands.
pub const fn order_status(status: OrderStatus) -> Badge {
    match status {
        OrderStatus::Unpaid => Badge::waiting("Unpaid").with_icon("clock"),
        OrderStatus::Unshipped => Badge::waiting("Unshipped"),
        OrderStatus::PartiallyShipped => Badge::moving("Partially shipped").with_icon("truck"),
        OrderStatus::Shipped => Badge::done("Shipped"),
        OrderStatus::Canceled => Badge::closed("Canceled"),
        OrderStatus::Refunded => Badge::closed("Refunded").with_icon("undo-2"),
    }
}

/// What the channel says about the money.
pub const fn payment_status(status: PaymentStatus) -> Badge {
    match status {
        PaymentStatus::Unpaid => Badge::waiting("Unpaid"),
        PaymentStatus::PartiallyPaid => Badge::moving("Partially paid"),
        PaymentStatus::Paid => Badge::done("Paid"),
        PaymentStatus::PartiallyRefunded => Badge::closed("Partially refunded").with_icon("undo-2"),
        PaymentStatus::Refunded => Badge::closed("Refunded").with_icon("undo-2"),
        PaymentStatus::Voided => Badge::closed("Payment voided"),
    }
}

/// Why an order is held.
pub const fn hold(kind: HoldKind) -> Badge {
    match kind {
        HoldKind::Operator => Badge::held("Operator hold"),
        HoldKind::Client => Badge::held("Client hold"),
        HoldKind::Address => Badge::held("Address hold"),
        HoldKind::Payment => Badge::held("Payment hold"),
        HoldKind::Fraud => Badge::held("Fraud hold").with_icon("shield"),
    }
}

/// That something stands still because of holds that are not named here.
pub const fn on_hold() -> Badge {
    Badge::held("On hold")
}

/// How an exchange with an outside system came out.
pub const fn record_status(status: RecordStatus) -> Badge {
    match status {
        RecordStatus::Waiting => Badge::waiting("Waiting"),
        RecordStatus::InProgress => Badge::moving("In progress").with_explanation("Sent, no answer yet."),
        RecordStatus::Success => Badge::done("Success"),
        RecordStatus::Warning => Badge::attention("Warning"),
        RecordStatus::Failed => Badge::failed("Failed"),
        RecordStatus::Info => note("Info"),
    }
}

/// Where an e-mail stands.
pub const fn email_state(state: EmailState) -> Badge {
    match state {
        EmailState::Queued => Badge::waiting("Queued"),
        EmailState::Sending => Badge::moving("Sending").with_icon("send"),
        EmailState::Kept => Badge::closed("Kept")
            .with_icon("inbox")
            .with_explanation("No mail server is set up, so it was not sent. It is kept here to be read."),
        EmailState::Sent => Badge::done("Sent").with_explanation("The mail server took it."),
        EmailState::Failed => Badge::failed("Failed").with_explanation("The mail server refused it."),
        EmailState::Unknown => Badge::unknown("Sent, no reply").with_explanation(
            "Its text was sent and the mail server did not answer. It is not sent again by itself.",
        ),
    }
}

/// How something in the history ended.
pub const fn activity_result(ended: Ended) -> Badge {
    match ended {
        Ended::Ok => Badge::done("Done"),
        Ended::Failed => Badge::failed("Failed"),
        Ended::Warning => Badge::attention("Warning"),
        Ended::Info => note("Note"),
    }
}

const fn note(label: &'static str) -> Badge {
    Badge::new(Tone::Neutral, Certainty::Settled, "info", label)
}

/// Where a job of a chain stands.
pub const fn job_state(state: JobState) -> Badge {
    match state {
        JobState::Ready => Badge::waiting("Waiting"),
        JobState::Claimed => Badge::moving("Running"),
        JobState::Dead => Badge::failed("Given up"),
        JobState::Done => Badge::done("Finished"),
        JobState::Failed => Badge::failed("Failed")
            .with_explanation("It is not tried again by itself; the error queue has it."),
        JobState::Superseded => Badge::closed("Replaced"),
    }
}

/// Where a webhook delivery stands.
pub const fn delivery_state(state: DeliveryState) -> Badge {
    match state {
        DeliveryState::Waiting => Badge::waiting("Waiting"),
        DeliveryState::Delivered => Badge::done("Delivered"),
        DeliveryState::Failed => Badge::failed("Failed").with_explanation("Every try was used up."),
        DeliveryState::Canceled => {
            Badge::closed("Canceled").with_explanation("The endpoint was switched off meanwhile.")
        }
    }
}

/// What a step of a post came to.
pub const fn post_step(step: Step) -> Badge {
    match step {
        Step::Queued => Badge::waiting("Queued"),
        Step::Sent => Badge::moving("Sent").with_icon("send"),
        Step::Accepted => Badge::done("Accepted"),
        Step::Rejected => Badge::failed("Refused"),
        Step::NotSent => Badge::attention("Not sent"),
        Step::Unknown => Badge::unknown("Outcome unknown"),
        Step::CheckedFound => Badge::done("Found there"),
        Step::CheckedAbsent => note("Not there"),
        Step::CheckedUnclear => Badge::unknown("Could not tell"),
        Step::Fenced => note("Late answer"),
        Step::Decided => Badge::held("Decided"),
        Step::Superseded => Badge::closed("Replaced"),
        Step::Canceled => Badge::attention("Stopped"),
    }
}

/// Whether a webhook endpoint is told.
pub const fn endpoint_state(state: EndpointState) -> Badge {
    match state {
        EndpointState::Active => Badge::done("Active"),
        EndpointState::Paused => Badge::held("Paused")
            .with_icon("circle-pause")
            .with_explanation("Nothing is sent to it; what happens waits."),
        EndpointState::Disabled => {
            Badge::closed("Disabled").with_explanation("Nothing is sent to it, and nothing waits.")
        }
    }
}

/// That an endpoint takes nothing at the moment, though it is active.
pub const fn endpoint_failing() -> Badge {
    Badge::attention("Failing").with_explanation("The last tries failed; they are repeated.")
}

/// Why there is a delivery.
pub const fn delivery_trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "Event",
        Trigger::Resend => "Re-sent",
        Trigger::Test => "Test",
    }
}
