//! The one integration-test binary.

mod access;
mod db;
mod supply;
mod support;
mod web;
