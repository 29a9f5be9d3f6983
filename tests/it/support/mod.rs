//! What all tests stand on.

pub mod api;
pub mod counter;
pub mod database;
pub mod furnish;
pub mod generic;
pub mod parcels;
pub mod peers;
pub mod portal;
pub mod rows;
pub mod shop;
