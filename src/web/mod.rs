//! The front desk for people: pages and forms. A handler takes the request
//! apart, calls one action and puts the answer together.
//!
//! `routes` lists every page with who may open it; `app` puts the middleware in
//! order; `guard` lets people in; `asked` and `error` make the answers.

pub mod action;
pub mod activity;
pub mod app;
pub mod asked;
pub mod assets;
pub mod badge;
mod bulk;
pub mod connections;
pub mod customers;
pub mod emails;
pub mod error;
pub mod exports;
pub mod extract;
pub mod filters;
pub mod flash;
mod front;
pub mod guard;
mod headers;
mod help;
mod home;
mod hooks;
mod imports;
mod inventory;
mod jobs;
pub mod list;
mod live;
pub mod local_path;
pub mod markup;
mod narrow;
pub mod orders;
mod preferences;
mod problems;
pub mod records;
mod responders;
pub mod routes;
pub mod same_site;
pub mod sessions;
pub mod shell;
mod shipments;
pub mod stamp;
pub mod stores;
pub mod table;
mod tokens;
mod traces;
pub mod up;
mod views;
mod webhooks;

pub use asked::Asked;
pub use error::{WebError, WebResult};
pub use extract::{Fields, Form, Path, Query};
pub use guard::Visitor;
