//! The front desk for programs: the JSON API. A handler takes the request apart,
//! calls the same action as the page and puts the answer together.
//!
//! `routes` lists every endpoint with its scope; `endpoint` makes routes and
//! documentation of it; `caller` lets tokens in; `problem` is what a call can end
//! in instead.

mod act;
mod bulk;
mod caller;
mod channels;
mod docs;
mod endpoint;
mod exports;
mod filter;
mod fulfillments;
mod history;
mod idempotency;
mod openapi;
mod orders;
mod page;
pub mod problem;
mod record;
pub mod routes;
mod shown;

pub use caller::Caller;
pub use endpoint::{Answer, Api, Asks, Line, Nothing};
pub use openapi::Documents;

use crate::web::app::Rooms;
use actix_web::{HttpRequest, web};
use problem::{Kind, Problem};
use std::future::ready;

/// The API as the portal's server takes it.
pub fn rooms() -> Rooms {
    Rooms { services, ..Rooms::default() }
}

/// Registers the API on the portal's server.
fn services(config: &mut web::ServiceConfig) {
    let mut api = Api::default();
    routes::register(&mut api);
    docs::register(config);
    api.configure(config);
    config.service(
        web::resource("/v1{rest:(/.*)?}")
            .to(|request: HttpRequest| ready(endpoint::refuse(&request, &Problem::of(Kind::NOT_FOUND)))),
    );
}

/// The OpenAPI document, as it is served.
pub fn document() -> serde_json::Value {
    let mut api = Api::default();
    routes::register(&mut api);
    api.documents.document(None)
}
