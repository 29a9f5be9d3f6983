//! The sandbox, driven over real HTTP.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly too")]

mod ebay;
mod faults;
mod generic;
mod journal;
mod shipstation;
mod shopify;
mod support;
mod webhooks;
