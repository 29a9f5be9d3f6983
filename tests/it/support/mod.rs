//! What all tests stand on.

pub mod database;
pub mod furnish;
pub mod generic;
pub mod parcels;
pub mod peers;
pub mod portal;
pub mod shop;
