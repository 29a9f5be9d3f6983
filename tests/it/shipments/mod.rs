//! Shipments: posting, re-posting, submitting, against a real database and the
//! sandbox over real HTTP.

mod arriving;
mod clearing;
mod correcting;
mod editing_items;
mod editing_shipping;
mod generic;
mod leaving;
mod posting;
mod reposting;
mod reshipping;
mod standing;
mod submitting;
mod updating;
mod voided;
