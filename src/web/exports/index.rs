//! `/exports`: the files there are and the ones being written.

use super::kept;
use crate::{
    actions::{ActionError, WhyNot},
    exports::{ExportState, Files, begin, list},
    ids::ExportId,
    web::{
        Fields, Path, Visitor, WebError, WebResult, badge::Badge, filters::grouped, markup::Stamp,
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

const PAGE: i64 = 50;

struct Item {
    id: ExportId,
    title: String,
    phrase: String,
    reason: String,
    badge: Badge,
    rows: String,
    size: String,
    by: String,
    at: Stamp,
    expires: Option<Stamp>,
    /// Whether it is still to be written.
    moving: bool,
    /// Whether there is a file.
    file: bool,
    /// Whether this person may open it.
    open: bool,
}

/// The part that moves.
#[derive(Template)]
#[template(path = "exports/_list.html")]
struct Part {
    items: Vec<Item>,
    /// What it is about: each export that is under way.
    live: String,
    now: Stamp,
    older: Option<String>,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "exports/index.html")]
struct Index {
    shell: Shell,
    part: Part,
}

fn badge(state: ExportState) -> Badge {
    match state {
        ExportState::Queued => Badge::waiting("Waiting"),
        ExportState::Running => Badge::moving("Writing"),
        ExportState::Finished => Badge::done("Finished"),
        ExportState::Failed => Badge::failed("Not written"),
        ExportState::Canceled => Badge::closed("Canceled"),
        ExportState::Expired => Badge::closed("Expired").with_icon("clock"),
        ExportState::Deleted => Badge::closed("Deleted").with_icon("trash-2"),
    }
}

/// A size as people read it.
fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", (bytes + 500) / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// `GET /exports`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let before = Fields::read(visitor.asked.query.as_bytes()).get("before").parse().ok().map(ExportId);
    let mut scope = visitor.scope().await?;
    let mut exports = list::list(&mut scope, before, PAGE + 1).await?;
    let more = exports.len() as i64 > PAGE;
    exports.truncate(PAGE as usize);
    let older = exports.last().filter(|_| more).map(|export| format!("/exports?before={}", export.id));
    let under_way = exports.iter().filter(|export| export.is_under_way()).take(20);
    let live: Vec<String> = under_way.map(|export| format!("export:{}", export.id)).collect();
    let items = exports.iter().map(|export| Item {
        id: export.id,
        title: export.title(),
        phrase: export.phrase.clone(),
        reason: export.reason.clone(),
        badge: badge(export.state),
        rows: match export.state {
            ExportState::Queued => "–".into(),
            _ => grouped(export.rows_written),
        },
        size: export.file_bytes.map_or_else(|| "–".into(), size),
        by: export.requested_by_name.clone(),
        at: visitor.stamp(export.created_at),
        expires: export
            .expires_at
            .filter(|_| export.state == ExportState::Finished)
            .map(|at| visitor.stamp(at)),
        moving: export.is_under_way(),
        file: export.file(visitor.now).is_ok(),
        open: export.may_be_opened(|permission| visitor.can(permission)),
    });
    let part = Part { items: items.collect(), live: live.join(" "), now: visitor.stamp(visitor.now), older };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let shell = visitor.shell(&mut scope, "exports").await?;
    visitor.html(&Index { shell, part })
}

fn unavailable(sentence: &str) -> WebError {
    WebError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None })
}

/// `GET /exports/{id}/file`
pub async fn download(visitor: Visitor, id: Path<ExportId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let export = list::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    drop(scope);
    if !export.may_be_opened(|permission| visitor.can(permission)) {
        return Err(unavailable("It has columns that your role may not see. Export again, without them."));
    }
    let name = export.file(visitor.now).map_err(unavailable)?;
    let content = Files::of(&visitor.app.config.var).open(name).map_err(anyhow::Error::from)?;
    let content = content.ok_or_else(|| {
        unavailable(
            "Its file is not on this server: it was written by another one, or taken away. Export again.",
        )
    })?;
    Ok(kept(&export, content))
}

/// `POST /exports/{id}/cancel`
pub async fn cancel(visitor: Visitor, id: Path<ExportId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let canceled = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            begin::cancel(&mut scope, id, &by, now).await?;
            scope.commit().await?;
            Ok::<_, ActionError>(())
        })
        .await?;
    canceled?;
    visitor.flash("success", "The export is canceled.");
    visitor.see_other("/exports")
}

/// `POST /exports/{id}/delete`
pub async fn delete(visitor: Visitor, id: Path<ExportId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let deleted = visitor
        .app
        .finish(async move {
            let scope = app.db.scope(account).await?;
            begin::delete_file(scope, &Files::of(&app.config.var), id, &by, now).await
        })
        .await?;
    deleted?;
    visitor.flash("success", "The export is deleted.");
    visitor.see_other("/exports")
}
