//! What can be done to many, as data: one line each. The first of a resource
//! stand in the bar of its list.

pub(super) mod orders;
pub(super) mod shipments;
