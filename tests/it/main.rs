//! The one integration-test binary.

mod adapters;
mod couriers;
mod db;
mod imports;
mod sandbox;
mod supply;
mod support;
