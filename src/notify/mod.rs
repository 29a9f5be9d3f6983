//! Telling others: webhook events to connected systems, e-mails to customers.
//! Both are written in the transaction of the change they tell of, so they are
//! told exactly if it happened; deliveries are jobs.

pub mod data;
pub mod emails;
pub mod events;
pub mod responders;
pub mod webhooks;

use crate::jobs::Handlers;

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers
        .with(webhooks::DELIVER_WEBHOOK, webhooks::DeliverWebhook)
        .with(emails::SEND_EMAIL, emails::SendEmail)
}
