//! `/webhooks`: every endpoint and how it does.

use super::{SCHEDULE, badge_of, events, rate, why};
use crate::{
    accounts::Permission,
    ids::log_id_time,
    notify::webhooks::{self, Lately},
    web::{Visitor, WebResult, badge::Badge, filters, markup::Stamp, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;
use std::collections::HashMap;

struct Line {
    href: String,
    label: String,
    url: String,
    events: String,
    badge: Badge,
    why: String,
    rate: String,
    waiting: i64,
    last: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct Page {
    shell: Shell,
    may_edit: bool,
    schedule: &'static str,
    lines: Vec<Line>,
}

/// `GET /webhooks`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let lately: HashMap<i64, Lately> = webhooks::lately(&mut scope, visitor.now)
        .await?
        .into_iter()
        .map(|lately| (lately.endpoint_id, lately))
        .collect();
    let endpoints = webhooks::list(&mut scope).await?;
    let lines = endpoints.iter().map(|endpoint| {
        let lately = lately.get(&endpoint.id.0).copied().unwrap_or_default();
        Line {
            href: format!("/webhooks/{}", endpoint.id),
            label: endpoint.label().to_owned(),
            url: endpoint.url.clone(),
            events: events(endpoint),
            badge: badge_of(endpoint),
            why: why(&visitor, endpoint),
            rate: rate(&lately),
            waiting: lately.waiting,
            last: lately.last.map(|id| visitor.stamp(log_id_time(id.0))),
        }
    });
    let page = Page {
        lines: lines.collect(),
        may_edit: visitor.can(Permission::WebhooksEdit),
        schedule: SCHEDULE,
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.html(&page)
}
