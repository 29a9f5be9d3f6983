//! The pages of shipments: the list, the record, and what is done with it.

mod at_once;
mod condition;
mod edit_items;
mod edit_shipping;
mod fields;
mod index;
mod panel;
mod provider;
mod show;
mod stock;
mod story;

pub use at_once::AtOnce;
pub use edit_items::ItemFields;
pub use edit_shipping::ShippingDetails;
pub use fields::{CancelFirst, WhatWasSeen};
pub use index::index;
pub(super) use index::{counted, plain, selection};
pub use show::show;
pub(super) use story::said;
