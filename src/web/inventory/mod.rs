//! The pages of stock: products and their movements.

mod counting;
mod movements;
mod products;

pub use counting::{AdjustmentFields, ReceiptFields, WhichAdjustment};
pub use movements::movements;
pub use products::{index, show};
