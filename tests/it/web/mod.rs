//! The front desk, over real HTTP.

mod action;
mod answers;
mod headers;
mod life;
mod list;
mod live;
mod local_path;
mod rename;
mod same_site;
mod sign_in;
mod visitor;
