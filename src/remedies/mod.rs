//! Remedies: fixing one cause, everywhere it bites.

pub mod map_courier;
