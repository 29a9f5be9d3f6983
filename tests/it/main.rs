//! The one integration-test binary.

mod adapters;
mod sandbox;
