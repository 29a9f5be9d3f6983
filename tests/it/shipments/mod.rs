//! Shipments: posting, re-posting, submitting, against a real database and the
//! sandbox over real HTTP.

mod arriving;
mod clearing;
mod generic;
mod posting;
mod reposting;
mod reshipping;
mod standing;
mod submitting;
