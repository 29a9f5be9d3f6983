//! E-mails that were written to customers.

pub mod list;
pub mod show;
