//! `POST /imports`: a file arrives, bounded while it is read, and is kept with
//! the job that takes it in.

use super::render_index;
use crate::{
    channels::store,
    ids::ChannelId,
    imports::{orders, shopify_csv::MAX_FILE_BYTES},
    web::{Visitor, WebError, WebResult, markup::FormErrors},
};
use actix_multipart::Multipart;
use actix_web::HttpResponse;
use futures_util::TryStreamExt;
use std::time::Duration;

/// What the form holds.
#[derive(Default)]
struct Given {
    channel: String,
    file_name: String,
    bytes: Vec<u8>,
    too_large: bool,
}

/// How long a file may take to arrive: 20 MB over a slow line.
const PATIENCE: Duration = Duration::from_secs(300);

async fn read(mut form: Multipart) -> Result<Given, actix_multipart::MultipartError> {
    let mut given = Given::default();
    while let Some(mut field) = form.try_next().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name =
            field.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default().to_owned();
        let limit = if name == "file" { usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX) } else { 1024 };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.try_next().await? {
            if bytes.len() + chunk.len() > limit {
                given.too_large = true;
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        if given.too_large {
            break;
        }
        match name.as_str() {
            "channel" => given.channel = String::from_utf8_lossy(&bytes).trim().to_owned(),
            "file" => (given.file_name, given.bytes) = (file_name, bytes),
            _ => {}
        }
    }
    Ok(given)
}

/// `POST /imports`
pub async fn create(visitor: Visitor, form: Multipart) -> WebResult<HttpResponse> {
    // whoever may import may begin a file: one that does not end is not waited for
    let given = tokio::time::timeout(PATIENCE, read(form))
        .await
        .map_err(|_| WebError::Malformed("The file did not arrive within 5 minutes. Split it.".into()))?
        .map_err(|_| WebError::Malformed("The file broke off on its way.".into()))?;
    let mut errors = FormErrors::default();
    if given.too_large {
        errors.add(
            "file",
            format!("Choose a file of at most {} MB; split a larger one.", MAX_FILE_BYTES >> 20),
        );
    } else if given.bytes.is_empty() {
        errors.add("file", "Choose the CSV file that Shopify exported.");
    }
    let channel = given.channel.parse::<i64>().ok().map(ChannelId);
    let mut scope = visitor.scope().await?;
    let known = match channel {
        Some(id) => store::channel(&mut scope, id).await?.is_some(),
        None => false,
    };
    drop(scope);
    if !known {
        errors.add("channel", "Choose the channel these orders were bought through.");
    }
    let (Some(channel), true) = (channel, errors.is_empty()) else {
        return render_index(&visitor, errors, given.channel).await;
    };
    let app = visitor.app.clone();
    let (account, by, now) = (visitor.person.account, visitor.by(), visitor.now);
    let id = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let new = orders::NewImport { channel, file_name: &given.file_name, bytes: &given.bytes };
            let id = orders::begin(&mut scope, new, &by, now).await?;
            scope.commit().await?;
            Ok::<_, anyhow::Error>(id)
        })
        .await?
        .map_err(WebError::Broken)?;
    visitor.see_other(format!("/imports/{id}"))
}
