//! What all tests stand on.

pub mod database;
pub mod parcels;
pub mod portal;
pub mod shop;
