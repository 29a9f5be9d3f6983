//! The demo's world: whole, consistent, the same again, and walkable.
#![allow(clippy::unwrap_used)]

mod consistency;
mod stories;
mod support;
mod world;
