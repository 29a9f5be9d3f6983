//! The JSON API over real HTTP, on a shop in its sandbox.

mod acting;
mod coverage;
mod exporting;
mod reading;
mod record;
mod rules;
mod selling;
mod tokens;
