//! Connections to fulfillment providers: what they can do and how they are.

pub mod abilities;
pub mod budget;
pub mod list;
pub mod show;
pub mod test;
