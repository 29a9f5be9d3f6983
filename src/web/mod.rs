//! (to be written)

pub mod assets;
pub mod badge;
pub mod markup;
