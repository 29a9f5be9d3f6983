//! The error queue as a work list, and the pages that fix its causes.

mod fix;
mod index;
mod remedy;
mod selected;
mod show;
mod work;

pub use fix::{fix, save};
pub use index::index;
pub use selected::selected;
pub use show::show;
pub use work::{UntilWhen, WhichOnes};
