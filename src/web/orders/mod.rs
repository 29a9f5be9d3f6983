//! Orders → Manage Orders: the list and one order.

mod activities;
mod asked;
mod edit;
mod fulfillment;
mod holds;
mod index;
mod row;
mod show;

pub use edit::{AddressFields, MethodField, TagField};
pub use fulfillment::{Block, blocks};
pub use holds::{HoldFields, WhichHold};
pub(super) use index::selection;
pub use index::{capped, index, shown};
pub use row::RowView;
pub use show::show;
