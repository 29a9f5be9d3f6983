//! `/responders`: every responder.

use super::when;
use crate::{
    accounts::Permission,
    notify::responders::{self, STARTERS},
    web::{Visitor, WebResult, badge::Badge, markup::Stamp, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;

struct Line {
    href: String,
    name: String,
    when: &'static str,
    subject: String,
    badge: Badge,
    wrote: Option<Stamp>,
    emails: String,
}

struct Start {
    href: String,
    name: &'static str,
    when: &'static str,
}

#[derive(Template)]
#[template(path = "responders/list.html")]
struct Page {
    shell: Shell,
    may_edit: bool,
    /// The mail server, without its password; empty without one.
    server: String,
    from: String,
    lines: Vec<Line>,
    starts: Vec<Start>,
}

/// Whether a responder writes.
pub(super) const fn badge(enabled: bool) -> Badge {
    if enabled { Badge::done("On") } else { Badge::closed("Off").with_icon("circle-pause") }
}

/// `GET /responders`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let rows = responders::list(&mut scope).await?;
    let mailer = visitor.app.outbound.mailer();
    let page = Page {
        may_edit: visitor.can(Permission::RespondersEdit),
        server: mailer.map(|mailer| mailer.place()).unwrap_or_default(),
        from: mailer.map(|mailer| mailer.from()).unwrap_or_default(),
        lines: rows
            .into_iter()
            .map(|row| Line {
                href: format!("/responders/{}", row.id),
                when: when(row.trigger),
                badge: badge(row.enabled),
                wrote: row.wrote_at().map(|at| visitor.stamp(at)),
                emails: format!("/emails?responder={}", row.id),
                name: row.name,
                subject: row.subject,
            })
            .collect(),
        starts: STARTERS
            .iter()
            .map(|start| Start {
                href: format!("/responders/new?trigger={}", start.trigger),
                name: start.name,
                when: when(start.trigger),
            })
            .collect(),
        shell: visitor.shell(&mut scope, "responders").await?,
    };
    visitor.html(&page)
}
