//! `/jobs`: what stopped in Waybill itself until its tries were used up.

use crate::{
    accounts::Permission,
    actions::Action,
    jobs::dead::{self, Dead},
    remedies::run_again::RunAgain,
    web::{Visitor, WebResult, action, filters, list::Link, markup::Stamp, shell::Shell, traces},
};
use actix_web::HttpResponse;
use askama::Template;

/// No page lists more.
const MOST: usize = 200;

struct Line {
    id: i64,
    what: String,
    said: String,
    attempts: i64,
    since: Stamp,
    trace: Option<String>,
    run_again: Option<String>,
}

#[derive(Template)]
#[template(path = "jobs/list.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    more: bool,
}

fn line(visitor: &Visitor, job: Dead) -> Line {
    let offer = action::offer(RunAgain::NAME, job.id.0).filter(|_| visitor.can(RunAgain::PERMISSION));
    let reads = visitor.can(Permission::RecordsView);
    Line {
        id: job.id.0,
        what: traces::job_words(&job.kind),
        said: job.last_error.unwrap_or_default(),
        attempts: i64::from(job.attempts),
        since: visitor.stamp(job.created_at),
        trace: job.trace_id.filter(|_| reads).map(|trace| format!("/traces/{trace}")),
        run_again: offer.map(|offer| Link::to(offer.href).with("back", "/jobs").to_string()),
    }
}

/// `GET /jobs`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let mut jobs = dead::list(&mut scope, MOST as i64 + 1).await?;
    let more = jobs.len() > MOST;
    jobs.truncate(MOST);
    let lines = jobs.into_iter().map(|job| line(&visitor, job)).collect();
    let shell = visitor.shell(&mut scope, "errors").await?;
    visitor.html(&Page { shell, lines, more })
}
