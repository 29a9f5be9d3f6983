//! `/bulk`: what was done to many.

use super::state_badge;
use crate::{
    bulk::{State, list},
    ids::BulkOperationId,
    web::{Fields, Visitor, WebResult, badge::Badge, filters::grouped, markup::Stamp, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;

const PAGE: i64 = 50;

struct Item {
    id: BulkOperationId,
    title: String,
    scope: String,
    badge: Badge,
    result: String,
    by: String,
    at: Stamp,
}

#[derive(Template)]
#[template(path = "bulk/index.html")]
struct Index {
    shell: Shell,
    items: Vec<Item>,
    older: Option<String>,
}

/// `GET /bulk`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let before = Fields::read(visitor.asked.query.as_bytes()).get("before").parse().ok().map(BulkOperationId);
    let mut scope = visitor.scope().await?;
    let mut operations = list::operations(&mut scope, before, PAGE + 1).await?;
    let more = operations.len() as i64 > PAGE;
    operations.truncate(PAGE as usize);
    let older = operations.last().filter(|_| more).map(|o| format!("/bulk?before={}", o.id));
    let items = operations
        .iter()
        .map(|o| Item {
            id: o.id,
            title: super::show::title(o),
            scope: o.scope_phrase.clone(),
            badge: state_badge(o),
            result: match o.state {
                State::Previewing => {
                    format!(
                        "{} of {} looked at",
                        grouped(i64::from(o.total - o.picked)),
                        grouped(i64::from(o.total))
                    )
                }
                State::Previewed => "Nothing was done".into(),
                _ => list::result(o),
            },
            by: o.started_by_name.clone(),
            at: visitor.stamp(o.started_at.unwrap_or(o.created_at)),
        })
        .collect();
    let shell = visitor.shell(&mut scope, "bulk").await?;
    visitor.html(&Index { shell, items, older })
}
