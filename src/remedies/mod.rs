//! Remedies: fixing one cause, everywhere it bites.

pub mod map_courier;
pub mod retry;
pub mod run_again;

use crate::jobs::Handlers;

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers) -> Handlers {
    handlers.with(retry::RETRY_PROBLEMS, retry::RetryProblems)
}
