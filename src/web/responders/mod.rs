//! Responders: what customers are written, and when.

mod form;
mod list;

pub use form::{create, new, save, show};
pub use list::list;

use crate::notify::responders::Trigger;

/// When a responder writes.
fn when(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Fulfilled => "When a shipment is fulfilled",
        Trigger::Shipped => "When a shipment is shipped",
        Trigger::Delivered => "When a shipment is delivered",
    }
}
