//! Files people upload.

mod shopify_csv;
mod shopify_csv_files;
mod shopify_csv_round_trip;
mod tracking;
mod tracking_pages;
