//! (to be written)

pub mod embedded;
pub mod schema;
