//! (to be written)

pub mod schema;
