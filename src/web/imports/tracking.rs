//! An import of tracking numbers: what its rows would do, the confirmation, and
//! what came of them.

use super::{SHOWN, badge_of, notified, number};
use crate::{
    accounts::Permission,
    actions::{Action as _, ActionError, WhyNot},
    db::Scope,
    ids::ImportId,
    imports::{
        list::{self, Import, Row},
        tracking::{self, Confirmed, file},
    },
    shipments::edit_shipping::{EditShipping, Notify},
    web::{Fields, Path, Visitor, WebError, WebResult, badge::Badge, markup::Stamp, shell::Shell},
};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;

/// Rows of a preview on the page: wrong ones, and ones to be written.
const PREVIEWED: i64 = 50;
const SAMPLED: i64 = 20;

/// Why a confirmation did nothing.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// What was confirmed is not what is shown.
    newer: bool,
    /// So many shipments changed since.
    changed: i64,
    /// Another reason.
    refused: String,
}

impl Trouble {
    fn status(&self) -> StatusCode {
        let any = self.newer || self.changed > 0 || !self.refused.is_empty();
        if any { StatusCode::CONFLICT } else { StatusCode::OK }
    }
}

/// The part that moves.
#[derive(Template)]
#[template(path = "imports/_tracking.html")]
struct Part {
    now: Stamp,
    id: ImportId,
    state: String,
    badge: Badge,
    fingerprint: String,
    total: i32,
    /// Rows that were looked at, or are over.
    done: i32,
    ready: i32,
    ready_n: String,
    leaving: i64,
    written: String,
    unchanged: String,
    failed: i32,
    failed_n: String,
    notify: &'static str,
    may: bool,
    permission: &'static str,
    notes: Vec<String>,
    rows: Vec<Row>,
    wrong: Vec<Row>,
    more_wrong: bool,
    trouble: Trouble,
}

impl askama::filters::HtmlSafe for Part {}

impl Part {
    fn is(&self, state: &str) -> bool {
        self.state == state
    }

    fn moving(&self) -> bool {
        self.is("previewing") || self.is("running")
    }

    fn more_rows(&self) -> bool {
        i64::from(self.ready) > self.rows.len() as i64
    }

    fn corrections(&self) -> i64 {
        i64::from(self.ready) - self.leaving
    }
}

#[derive(Template)]
#[template(path = "imports/tracking.html")]
struct Show {
    shell: Shell,
    file_name: String,
    by: String,
    started: Stamp,
    finished: Option<Stamp>,
    part: Part,
}

/// `GET /imports/{id}` of tracking numbers.
pub(super) async fn show(
    visitor: &Visitor,
    mut scope: Scope,
    import: Import,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = trouble.status();
    let id = import.id;
    let previewed = import.state == "previewed";
    let most = if import.finished_at.is_some() { SHOWN } else { PREVIEWED };
    let mut wrong = list::rows(&mut scope, id, "failed", most + 1).await?;
    let more_wrong = wrong.len() as i64 > most;
    wrong.truncate(most as usize);
    let rows = if previewed { list::rows(&mut scope, id, "ready", SAMPLED).await? } else { Vec::new() };
    let leaving = if previewed { list::leaving(&mut scope, id).await? } else { 0 };
    let part = Part {
        now: visitor.stamp(visitor.now),
        id,
        badge: badge_of(&import),
        fingerprint: import.fingerprint.clone().unwrap_or_default(),
        total: import.rows_total,
        done: match import.state.as_str() {
            "previewing" => import.rows_ready + import.done(),
            _ => import.done(),
        },
        ready: import.rows_ready,
        ready_n: number(import.rows_ready),
        leaving,
        written: number(import.rows_updated),
        unchanged: number(import.rows_unchanged),
        failed: import.rows_failed,
        failed_n: number(import.rows_failed),
        notify: match import.notify {
            Notify::Nobody => "nobody is told",
            other => notified(other),
        },
        may: visitor.can(EditShipping::PERMISSION),
        permission: Permission::label(EditShipping::PERMISSION),
        notes: import.notes.clone(),
        rows,
        wrong,
        more_wrong,
        trouble,
        state: import.state.clone(),
    };
    if visitor.partial() {
        return visitor.asked.html_with(status, &part);
    }
    let shell = visitor.shell(&mut scope, "imports").await?;
    let page = Show {
        shell,
        file_name: import.file_name.clone(),
        by: import.started_by_name.clone(),
        started: visitor.stamp(import.created_at),
        finished: import.finished_at.map(|at| visitor.stamp(at)),
        part,
    };
    visitor.asked.html_with(status, &page)
}

/// `POST /imports/{id}/confirm`: the rows of the preview that was seen.
pub async fn confirm(visitor: Visitor, id: Path<ImportId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let fingerprint = fields.get("fingerprint").to_owned();
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let confirmed = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let confirmed = tracking::confirm(&mut scope, id, &fingerprint, &by, now).await?;
            scope.commit().await?;
            Ok::<_, ActionError>(confirmed)
        })
        .await?;
    let trouble = match confirmed {
        Ok(Confirmed::Running | Confirmed::Already) => return visitor.see_other(format!("/imports/{id}")),
        Ok(Confirmed::Newer) => Trouble { newer: true, ..Trouble::default() },
        Ok(Confirmed::Changed(n)) => Trouble { changed: n, ..Trouble::default() },
        Err(ActionError::Unavailable(why)) => Trouble { refused: why.sentence, ..Trouble::default() },
        Err(error) => return Err(error.into()),
    };
    let mut scope = visitor.scope().await?;
    let import = list::find(&mut scope, id).await?.ok_or(WebError::NotFound)?;
    if import.kind != "tracking_numbers" {
        let sentence = "An import of orders asks for no confirmation.".to_owned();
        return Err(WebError::Unavailable(WhyNot { sentence, offer: None }));
    }
    show(&visitor, scope, import, trouble).await
}

/// `GET /imports/tracking-numbers.csv`: a file to begin with.
pub async fn sample(_: Visitor) -> WebResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"tracking-numbers.csv\""))
        .body(file::SAMPLE))
}
