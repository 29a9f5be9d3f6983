//! Bulk edit: choosing what to do with many, looking at what it would do, and
//! following it while it is done.

mod bar;
mod choose;
mod index;
mod show;
mod steer;

pub(super) use bar::Bar;
pub use choose::{choose, create};
pub use index::index;
pub use show::{results, show};
pub use steer::{again, cancel, pause, resume, start, undo};

use super::badge::Badge;
use crate::bulk::{Operation, Resource, RowOutcome, State};

/// A list as it was asked for.
fn back_to(resource: Resource, query: &str) -> String {
    match query {
        "" => list_of(resource).to_owned(),
        query => format!("{}?{query}", list_of(resource)),
    }
}

/// The list that rows of a resource come from.
fn list_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Orders => "/orders",
        Resource::Shipments => "/shipments",
    }
}

/// Where an operation stands.
fn state_badge(operation: &Operation) -> Badge {
    let clean = operation.failed + operation.unknown + operation.changed == 0;
    match operation.state {
        State::Previewing => Badge::moving("Looking"),
        State::Previewed => Badge::waiting("Not started"),
        State::Running => Badge::moving("Running"),
        State::Paused => Badge::held("Paused").with_icon("circle-pause"),
        State::Canceled => Badge::closed("Stopped"),
        State::Finished if !clean => Badge::attention("Finished with failures"),
        State::Finished => Badge::done("Finished"),
    }
}

/// What became of a row.
fn row_badge(outcome: RowOutcome) -> Badge {
    match outcome {
        RowOutcome::Picked => Badge::waiting("Not looked at"),
        RowOutcome::Waiting => Badge::waiting("To do"),
        RowOutcome::Changed => Badge::attention("Changed meanwhile"),
        RowOutcome::Skipped => Badge::closed("Skipped"),
        RowOutcome::Sent => Badge::moving("Sent, no reply yet"),
        RowOutcome::Done => Badge::done("Done"),
        RowOutcome::Failed => Badge::failed("Failed"),
        RowOutcome::Unknown => Badge::unknown("Outcome unknown"),
        RowOutcome::Dropped => Badge::closed("Not begun"),
    }
}
