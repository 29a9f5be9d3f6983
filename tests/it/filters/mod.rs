//! Grouped filters: read, compiled, compared with a model, and on the real lists.

mod lists;
mod model;
mod pages;
mod reading;
mod things;
mod views;
