//! The one integration-test binary.

#![allow(clippy::unwrap_used, reason = "in tests a panic is the message")]

mod access;
mod accounts;
mod adapters;
mod api;
#[path = "../browser/mod.rs"]
mod browser;
mod bulk;
mod closets;
mod couriers;
mod db;
mod demo;
mod drills;
mod exports;
mod filters;
mod house;
mod imports;
mod inventory;
mod inventory_pages;
mod lanes;
mod notify;
mod orders;
mod outbound;
mod problems;
mod queue;
mod sandbox;
mod shipments;
mod shipments_pages;
mod stores;
mod supply;
mod support;
mod web;
mod webhooks;
