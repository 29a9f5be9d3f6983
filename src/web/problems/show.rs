//! A problem: what it means, where its fix is, whose it is, what was done.

use super::{
    fix::back,
    remedy::{self, Remedy, heading},
    work::{self, Work},
};
use crate::{
    accounts::Permission,
    evidence::activity,
    ids::ProblemId,
    problems::list::{self as problems, Row},
    web::{Fields, Path, Visitor, WebError, WebResult, markup::Stamp, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;

/// Lines of history on the page.
const SHOWN: i64 = 20;

struct Line {
    who: String,
    what: String,
    at: Stamp,
}

/// The page's main part.
#[derive(Template)]
#[template(path = "problems/_problem.html")]
struct Part {
    now: Stamp,
    records: bool,
    row: Row,
    class: &'static str,
    sentence: String,
    remedy: Option<Remedy>,
    again: Option<Remedy>,
    /// The permission that is missing to fix it.
    needs: Option<&'static str>,
    first: Stamp,
    last: Stamp,
    next: Option<Stamp>,
    resolved: Option<Stamp>,
    back: String,
    work: Work,
    history: Vec<Line>,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "problems/show.html")]
struct Show {
    shell: Shell,
    part: Part,
}

/// `GET /problems/{id}`: what it means, and where its fix is.
pub async fn show(visitor: Visitor, id: Path<i64>) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let mut scope = visitor.scope().await?;
    let row = problems::find(&mut scope, ProblemId(id.0)).await?.ok_or(WebError::NotFound)?;
    let of = activity::Of::Subject(activity::Subject::Problem, row.id.0);
    let history = activity::list(&mut scope, of, None, None, SHOWN).await?;
    let back = back(&fields, &row);
    let part = Part {
        now: visitor.stamp(visitor.now),
        records: visitor.can(Permission::RecordsView),
        class: heading(&row),
        sentence: row.diagnosis().sentence,
        remedy: remedy::remedy(&visitor, &row, &back),
        again: remedy::again(&visitor, &row),
        needs: remedy::needs(&visitor, &row),
        first: visitor.stamp(row.first_seen_at),
        last: visitor.stamp(row.last_seen_at),
        next: row.next_attempt_at.map(|at| visitor.stamp(at)),
        resolved: row.resolved_at.map(|at| visitor.stamp(at)),
        work: work::of(&visitor, &row, &format!("/problems/{}", row.id)),
        history: history
            .into_iter()
            .map(|line| Line { at: visitor.stamp(line.at()), who: line.actor_name, what: line.summary })
            .collect(),
        back,
        row,
    };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let shell = visitor.shell(&mut scope, "errors").await?;
    visitor.html(&Show { shell, part })
}
