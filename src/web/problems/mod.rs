//! The error queue, and the pages that fix its causes.

mod fix;
mod index;
mod remedy;

pub use fix::{fix, save, show};
pub use index::index;
