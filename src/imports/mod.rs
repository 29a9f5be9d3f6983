//! (to be written)

pub mod shopify_csv;
