//! The one integration-test binary.

mod couriers;
mod db;
mod imports;
mod supply;
mod support;
