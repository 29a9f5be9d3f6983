//! `/stores/{id}`: one store and its channels.

use super::list::{ChannelLine, Counts};
use crate::{
    channels::store,
    ids::StoreId,
    web::{Path, Visitor, WebError, WebResult, filters, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "stores/show.html")]
struct Page {
    shell: Shell,
    name: String,
    time_zone: String,
    currency: String,
    channels: Vec<ChannelLine>,
}

/// `GET /stores/{id}`
pub async fn show(visitor: Visitor, id: Path<StoreId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let found = store::store(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let counts = Counts::read(&visitor, &mut scope).await?;
    let rows = store::channels(&mut scope, Some(id.0)).await?;
    let channels = rows.iter().map(|row| counts.line(&visitor, row)).collect();
    let shell = visitor.shell(&mut scope, "stores").await?;
    visitor.html(&Page {
        shell,
        name: found.name,
        time_zone: found.time_zone,
        currency: found.currency,
        channels,
    })
}
