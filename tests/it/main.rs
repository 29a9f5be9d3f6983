//! The one integration-test binary.

mod access;
mod adapters;
mod couriers;
mod db;
mod demo;
mod imports;
mod orders;
mod sandbox;
mod shipments;
mod shipments_pages;
mod supply;
mod support;
mod web;
