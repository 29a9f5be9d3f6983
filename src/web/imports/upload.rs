//! A file arrives, bounded while it is read, and is kept with the job that takes
//! it in, or looks at it first.

use super::render_index;
use crate::{
    channels::store,
    ids::ChannelId,
    imports::{orders, shopify_csv::MAX_FILE_BYTES, tracking},
    shipments::edit_shipping::Notify,
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
    notify: String,
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
        let limit = if matches!(name.as_str(), "file" | "tracking_file") {
            usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX)
        } else {
            1024
        };
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
            "notify" => given.notify = String::from_utf8_lossy(&bytes).trim().to_owned(),
            "file" | "tracking_file" => (given.file_name, given.bytes) = (file_name, bytes),
            _ => {}
        }
    }
    Ok(given)
}

/// Reads the form; one that does not end is not waited for, since whoever may
/// import may begin a file.
async fn arrived(form: Multipart) -> WebResult<Given> {
    tokio::time::timeout(PATIENCE, read(form))
        .await
        .map_err(|_| WebError::Malformed("The file did not arrive within 5 minutes. Split it.".into()))?
        .map_err(|_| WebError::Malformed("The file broke off on its way.".into()))
}

/// What is wrong with the file itself, beside its field.
fn check(given: &Given, field: &str, which: &str) -> FormErrors {
    let mut errors = FormErrors::default();
    if given.too_large {
        errors
            .add(field, format!("Choose a file of at most {} MB; split a larger one.", MAX_FILE_BYTES >> 20));
    } else if given.bytes.is_empty() {
        errors.add(field, which);
    }
    errors
}

/// `POST /imports/tracking-numbers`: kept, and looked at before anything is done.
pub async fn create_tracking(visitor: Visitor, form: Multipart) -> WebResult<HttpResponse> {
    let given = arrived(form).await?;
    let errors = check(&given, "tracking_file", "Choose the CSV file with the tracking numbers.");
    let notify = Notify::parse(&given.notify).unwrap_or_default();
    if !errors.is_empty() {
        return render_index(&visitor, errors, String::new(), notify).await;
    }
    let app = visitor.app.clone();
    let (account, by, now) = (visitor.person.account, visitor.by(), visitor.now);
    let id = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let new = tracking::NewTracking { file_name: &given.file_name, bytes: &given.bytes, notify };
            let id = tracking::begin(&mut scope, new, &by, now).await?;
            scope.commit().await?;
            Ok::<_, anyhow::Error>(id)
        })
        .await?
        .map_err(WebError::Broken)?;
    visitor.see_other(format!("/imports/{id}"))
}

/// `POST /imports`
pub async fn create(visitor: Visitor, form: Multipart) -> WebResult<HttpResponse> {
    let given = arrived(form).await?;
    let mut errors = check(&given, "file", "Choose the CSV file that Shopify exported.");
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
        return render_index(&visitor, errors, given.channel, Notify::default()).await;
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
