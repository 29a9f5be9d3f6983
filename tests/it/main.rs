//! The one integration-test binary.

mod db;
mod supply;
mod support;
