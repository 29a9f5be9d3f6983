//! Imports: giving a file in, and what came of it, row by row.

mod tracking;
mod upload;

use super::{
    Path, Visitor, WebError, WebResult,
    badge::Badge,
    filters::grouped,
    markup::{FormErrors, Stamp},
    shell::Shell,
};
use crate::{
    channels::store,
    ids::{ChannelId, ImportId},
    imports::{
        list::{self, Import, Row},
        shopify_csv::failures::{self, Refused},
    },
    shipments::edit_shipping::Notify,
};
use actix_web::{HttpResponse, http::header};
use askama::Template;

pub use tracking::{confirm, sample};
pub use upload::{create, create_tracking};

const PAGE: i64 = 50;
/// Failed rows shown on the page; the file has all of them.
const SHOWN: i64 = 200;

struct ImportLine {
    id: ImportId,
    file_name: String,
    channel: String,
    badge: Badge,
    counts: String,
    by: String,
    at: Stamp,
}

#[derive(Template)]
#[template(path = "imports/index.html")]
struct Index {
    shell: Shell,
    channels: Vec<(ChannelId, String)>,
    chosen: String,
    imports: Vec<ImportLine>,
    choices: Vec<(Notify, &'static str, bool)>,
    errors: FormErrors,
    older: Option<String>,
}

/// The part that moves while a file is taken in.
#[derive(Template)]
#[template(path = "imports/_progress.html")]
struct Progress {
    now: Stamp,
    id: ImportId,
    badge: Badge,
    running: bool,
    done: i32,
    total: i32,
    created: String,
    updated: String,
    unchanged: String,
    failed: String,
    notes: Vec<String>,
    failures: Vec<Row>,
    more_failures: bool,
    has_failures: bool,
}

impl askama::filters::HtmlSafe for Progress {}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct Show {
    shell: Shell,
    file_name: String,
    channel: String,
    by: String,
    started: Stamp,
    finished: Option<Stamp>,
    part: Progress,
}

fn badge_of(import: &Import) -> Badge {
    match (import.state.as_str(), import.rows_failed) {
        ("previewing", _) => Badge::moving("Looking at it"),
        ("previewed", _) => Badge::attention("To be confirmed"),
        ("running", _) => Badge::moving("Running"),
        ("failed", _) => Badge::failed("Not imported"),
        (_, 0) => Badge::done("Finished"),
        _ => Badge::attention("Finished with failures"),
    }
}

fn number(count: i32) -> String {
    grouped(i64::from(count))
}

/// `GET /imports`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    render_index(&visitor, FormErrors::default(), String::new(), Notify::default()).await
}

/// Who may be told of what a file corrects.
fn notified(notify: Notify) -> &'static str {
    match notify {
        Notify::Nobody => "Nobody",
        Notify::Channel => {
            "The sales channel: what it was told is corrected, or told again where it takes no corrections"
        }
        Notify::Customer => "The customer, by the shipped e-mail",
        Notify::Both => "Both",
    }
}

/// What came of an import's rows, as the list says it.
fn counts(import: &Import) -> String {
    let first = match import.kind.as_str() {
        "tracking_numbers" => format!("{} written", number(import.rows_updated)),
        _ => format!("{} created", number(import.rows_created)),
    };
    let ready = match import.rows_ready {
        0 => String::new(),
        n => format!("{} to apply, ", number(n)),
    };
    format!(
        "{ready}{first}, {} unchanged, {} failed",
        number(import.rows_unchanged),
        number(import.rows_failed)
    )
}

/// The page, with what was wrong with a file that was given in.
async fn render_index(
    visitor: &Visitor,
    errors: FormErrors,
    chosen: String,
    notify: Notify,
) -> WebResult<HttpResponse> {
    let before = url::form_urlencoded::parse(visitor.asked.query.as_bytes())
        .find(|(key, _)| key == "before")
        .and_then(|(_, value)| value.parse().ok())
        .map(ImportId);
    let mut scope = visitor.scope().await?;
    let channels = store::channels(&mut scope, None).await?;
    let mut imports = list::list(&mut scope, before, PAGE + 1).await?;
    let more = imports.len() as i64 > PAGE;
    imports.truncate(PAGE as usize);
    let older = imports.last().filter(|_| more).map(|i| format!("/imports?before={}", i.id));
    let shell = visitor.shell(&mut scope, "imports").await?;
    let failed = !errors.is_empty();
    let page = Index {
        shell,
        channels: channels.into_iter().map(|c| (c.id, c.name)).collect(),
        chosen,
        imports: imports
            .iter()
            .map(|i| ImportLine {
                id: i.id,
                file_name: i.file_name.clone(),
                channel: match i.kind.as_str() {
                    "tracking_numbers" => "Tracking numbers".into(),
                    _ => format!("Orders, {}", i.channel_name.clone().unwrap_or_default()),
                },
                badge: badge_of(i),
                counts: counts(i),
                by: i.started_by_name.clone(),
                at: visitor.stamp(i.created_at),
            })
            .collect(),
        choices: Notify::ALL.iter().map(|one| (*one, notified(*one), *one == notify)).collect(),
        errors,
        older,
    };
    let mut answer = visitor.html(&page)?;
    if failed {
        *answer.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

/// `GET /imports/{id}`
pub async fn show(visitor: Visitor, id: Path<ImportId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let import = list::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    if import.kind == "tracking_numbers" {
        return tracking::show(&visitor, scope, import, tracking::Trouble::default()).await;
    }
    let mut failures = list::rows(&mut scope, id.0, "failed", SHOWN + 1).await?;
    let more_failures = failures.len() as i64 > SHOWN;
    failures.truncate(SHOWN as usize);
    let shell = visitor.shell(&mut scope, "imports").await?;
    let part = Progress {
        now: visitor.stamp(visitor.now),
        id: import.id,
        badge: badge_of(&import),
        running: import.state == "running",
        done: import.done(),
        total: import.rows_total,
        created: number(import.rows_created),
        updated: number(import.rows_updated),
        unchanged: number(import.rows_unchanged),
        failed: number(import.rows_failed),
        notes: import.notes.clone(),
        has_failures: !failures.is_empty(),
        failures,
        more_failures,
    };
    visitor.page_or_part(part, |part| Show {
        shell,
        file_name: import.file_name.clone(),
        channel: import.channel_name.clone().unwrap_or_default(),
        by: import.started_by_name.clone(),
        started: visitor.stamp(import.created_at),
        finished: import.finished_at.map(|at| visitor.stamp(at)),
        part,
    })
}

/// `GET /imports/{id}/failures.csv`: the failed orders' lines under the file's
/// own header and a column with the reason, to be mended and given in again.
pub async fn failures(visitor: Visitor, id: Path<ImportId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let import = list::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let rows = list::rows(&mut scope, id.0, "failed", 100_000).await?;
    let refused = rows.iter().map(|row| Refused {
        reference: &row.reference,
        reason: &row.reason,
        raw: row.raw.trim_end(),
    });
    let text = failures::write(&import.header, refused);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"import-{}-failures.csv\"", import.id),
        ))
        .body(text))
}
