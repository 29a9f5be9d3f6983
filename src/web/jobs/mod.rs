//! Jobs that were given up on our side, and the button that has them run again.

mod list;

pub use list::list;
