//! The activity of the whole account: who did what, when.

pub mod list;
pub mod words;
