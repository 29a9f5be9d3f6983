//! The demo: a believable world of two merchants over ninety days, with every
//! state and every kind of failure, and the same recent orders in the sandbox,
//! so that each flow can be walked for real.
//!
//! The same seed and the same `now` give the same rows. [`stories`] names the
//! orders that tests, the README and a presentation point at.

mod book;
mod dice;
mod evidence;
mod exchange;
mod goods;
mod merchants;
mod numbering;
mod outcomes;
mod outside;
mod parcels;
mod people;
mod plan;
mod rows;
mod setup;
mod shelf;
mod special;
mod stock;
pub mod stories;
mod told;
mod trouble;
mod turns;
pub mod world;
mod write;

pub use setup::HOOK_SECRET;
pub use world::{SHOP_SECRET, Seeded, is_seeded, listen_to_shops, point_at, seed};
