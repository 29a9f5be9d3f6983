//! Stores, their channels, and what a channel calls each courier.

pub mod channel;
pub mod couriers;
pub mod head;
pub mod health;
pub mod list;
pub mod mappings;
pub mod settings;
pub mod show;
