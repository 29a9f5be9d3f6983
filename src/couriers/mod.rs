//! Couriers: the catalogue of what exists, and per channel the name it accepts
//! for each courier as it is sent to us.

pub mod catalogue;
pub mod mapping;
pub mod seen;
pub mod suggest;
