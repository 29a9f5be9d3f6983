//! The one integration-test binary.

mod couriers;
mod imports;
