//! `/`: what needs attention.

use super::{Visitor, WebResult, shell::Shell};
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "home/show.html")]
struct Home {
    shell: Shell,
}

/// `GET /`
pub async fn show(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let shell = visitor.shell(&mut scope, "home").await?;
    visitor.html(&Home { shell })
}
