//! Files: orders as Shopify's admin exports them, and tracking numbers; row by
//! row, each bad one with its reason. Importing the same file twice changes
//! nothing.

pub mod list;
pub mod orders;
mod packed;
pub mod shopify_csv;
pub mod tracking;

use crate::jobs::Handlers;

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers
        .with(orders::IMPORT_ORDERS, orders::ImportOrders)
        .with(tracking::IMPORT_TRACKING, tracking::ImportTracking)
}
