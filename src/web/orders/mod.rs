//! Orders → Manage Orders: the list and one order.

mod activities;
mod asked;
mod fulfillment;
mod index;
mod reship;
mod row;
mod show;

pub use fulfillment::{Block, blocks};
pub(super) use index::selection;
pub use index::{capped, index, shown};
pub use reship::WhatAgain;
pub use row::RowView;
pub use show::show;
