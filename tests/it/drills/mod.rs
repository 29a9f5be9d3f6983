//! The drills: what the product promises about the outside world, tried at every
//! point at which it could break. docs/promise.md tells what they prove;
//! `bin/drills` runs them and prints their table.

mod clicks;
mod faults;
mod guards;
mod kill;
mod late;
mod many;
mod matrix;
mod model;
mod submit;
mod tally;
mod yard;
