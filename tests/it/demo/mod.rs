//! The demo's world: whole, consistent, the same again, and walkable.

mod support;
mod world;
