//! The demo's world: whole, consistent, the same again, and walkable.

mod consistency;
mod stories;
mod support;
mod world;
