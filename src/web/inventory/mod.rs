//! The pages of stock: products and their movements.

mod movements;
mod products;

pub use movements::movements;
pub use products::{index, show};
