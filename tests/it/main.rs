//! The one integration-test binary.

mod couriers;
mod db;
mod demo;
mod imports;
mod sandbox;
mod supply;
mod support;
