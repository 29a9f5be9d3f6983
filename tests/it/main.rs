//! The one integration-test binary.

mod db;
mod support;
