//! What was bought: orders, their lines, customers and addresses, and the
//! statuses that are derived from the facts.

pub mod customers;
pub mod edit_address;
pub mod edit_service;
pub mod filter_columns;
pub mod find;
pub mod holds;
pub mod list;
pub mod receive;
pub mod status;
pub mod subject;
pub mod tags;

pub use subject::Subject;

use crate::{jobs::Handlers, text_enum::text_enum};

text_enum! {
    /// Where an order stands. Derived by [`status::refresh`], never typed in.
    OrderStatus {
        /// Not paid.
        Unpaid = "unpaid",
        /// Paid, nothing sent.
        Unshipped = "unshipped",
        /// Some of it sent.
        PartiallyShipped = "partially_shipped",
        /// All of it sent.
        Shipped = "shipped",
        /// Canceled at the channel.
        Canceled = "canceled",
        /// Paid back whole.
        Refunded = "refunded",
    }
}

text_enum! {
    /// What the channel says about the money.
    PaymentStatus {
        /// Nothing paid.
        Unpaid = "unpaid",
        /// Part paid.
        PartiallyPaid = "partially_paid",
        /// Paid.
        Paid = "paid",
        /// Part paid back.
        PartiallyRefunded = "partially_refunded",
        /// Paid back.
        Refunded = "refunded",
        /// The payment was voided.
        Voided = "voided",
    }
}

text_enum! {
    /// Why an order is held.
    HoldKind {
        /// Somebody of the operator's side wants a look first.
        Operator = "operator",
        /// The merchant's; only their side removes it.
        Client = "client",
        /// The address needs mending.
        Address = "address",
        /// The money is not safe.
        Payment = "payment",
        /// It may be fraud.
        Fraud = "fraud",
    }
}

impl HoldKind {
    /// As a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            HoldKind::Operator => "Operator hold",
            HoldKind::Client => "Client hold",
            HoldKind::Address => "Address hold",
            HoldKind::Payment => "Payment hold",
            HoldKind::Fraud => "Fraud hold",
        }
    }
}

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers.with(holds::RELEASE_HOLD, holds::ReleaseHold)
}
