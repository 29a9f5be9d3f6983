//! `/openapi.json` and `/docs`: for everybody, since neither tells of data.

use super::openapi::Documents;
use crate::web::app::App;
use actix_web::{HttpResponse, http::header, web};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<serde_json::Value> = LazyLock::new(super::document);

/// Registers both.
pub(super) fn register(config: &mut web::ServiceConfig, _: Documents) {
    config.route("/openapi.json", web::get().to(openapi));
}

async fn openapi(app: web::Data<App>) -> HttpResponse {
    let mut document = DOCUMENT.clone();
    if let Some(url) = &app.config.public_url {
        document["servers"][0]["url"] = url.as_str().trim_end_matches('/').into();
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(document.to_string())
}
