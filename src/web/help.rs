//! `GET /help`: what the words mean and where to look.

use super::{Visitor, WebResult, shell::Shell};
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "help/show.html")]
struct Help {
    shell: Shell,
}

/// `GET /help`
pub async fn show(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let shell = visitor.shell(&mut scope, "help").await?;
    visitor.html(&Help { shell })
}
