//! Files: orders as Shopify's admin exports them, row by row, each bad row with
//! its reason. Importing the same file twice changes nothing.

pub mod shopify_csv;
