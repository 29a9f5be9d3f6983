//! The one integration-test binary.

mod adapters;
mod couriers;
mod db;
mod imports;
mod orders;
mod sandbox;
mod supply;
mod support;
