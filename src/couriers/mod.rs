//! (to be written)

pub mod catalogue;
pub mod suggest;
