//! `POST /hooks/{kind}/{endpoint}`: what channels post to us. Proven on the raw
//! bytes, kept, answered at once.

use super::{Path, WebError, WebResult, app::App};
use crate::{
    channels::inbound::{self, Accepted},
    clock,
};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use std::time::Duration;

/// The most a message may hold.
const LARGEST: usize = 1 << 20;
/// How long one may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes a message.
pub async fn receive(
    app: web::Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    mut payload: web::Payload,
) -> WebResult<HttpResponse> {
    let (kind, endpoint) = path.0;
    let mut raw = Vec::new();
    let patience = tokio::time::Instant::now() + PATIENCE;
    // anybody may begin a message: one that does not end is not waited for
    while let Some(chunk) = tokio::time::timeout_at(patience, payload.next())
        .await
        .map_err(|_| WebError::Malformed("Its end did not arrive. Send it again.".into()))?
    {
        let chunk = chunk.map_err(|_| WebError::Malformed("The body broke off.".into()))?;
        if raw.len() + chunk.len() > LARGEST {
            return Ok(HttpResponse::PayloadTooLarge().finish());
        }
        raw.extend_from_slice(&chunk);
    }
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let app = app.into_inner();
    let worker = app.clone();
    let accepted = app
        .finish(async move {
            inbound::accept(
                &worker.db,
                &worker.keyring,
                &worker.channels,
                &kind,
                &endpoint,
                &headers,
                &raw,
                clock::now(),
            )
            .await
        })
        .await?
        .map_err(WebError::Broken)?;
    Ok(match accepted {
        // a repeat is answered as the first was, so that it is not repeated again
        Accepted::Kept | Accepted::Repeated => HttpResponse::Ok().finish(),
        Accepted::NoSuchEndpoint => HttpResponse::NotFound().finish(),
        Accepted::NotProven => HttpResponse::Unauthorized().finish(),
    })
}
