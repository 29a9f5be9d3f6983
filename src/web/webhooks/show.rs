//! `/webhooks/{id}`: one endpoint, what it is told and how it does.

use super::{Row, SCHEDULE, badge_of, endpoint, events, rate, row, why};
use crate::{
    accounts::Permission,
    actions::Target as _,
    evidence::activity,
    ids::EndpointId,
    notify::webhooks::{
        self, DeleteEndpoint, EndpointState, PauseEndpoint, ResendRange, ResumeEndpoint, SendTestEvent,
    },
    web::{
        Path, Visitor, WebResult, action,
        badge::Badge,
        filters,
        markup::{ActionItem, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

struct Told {
    at: Stamp,
    who: String,
    what: String,
}

#[derive(Template)]
#[template(path = "webhooks/show.html")]
struct Page {
    shell: Shell,
    id: EndpointId,
    label: String,
    url: String,
    badge: Badge,
    why: String,
    /// How much that matters: `danger`, `warning` or `hold`.
    tone: &'static str,
    events: String,
    names: Vec<String>,
    rate: String,
    waiting: i64,
    failures: i32,
    created: Stamp,
    both_until: Option<Stamp>,
    schedule: &'static str,
    may_edit: bool,
    actions: Vec<ActionItem>,
    rows: Vec<Row>,
    history: Vec<Told>,
}

/// `GET /webhooks/{id}`
pub async fn show(visitor: Visitor, id: Path<EndpointId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut scope = visitor.scope().await?;
    let endpoint = endpoint(&mut scope, id).await?;
    let lately = webhooks::lately(&mut scope, visitor.now).await?;
    let lately = lately.into_iter().find(|lately| lately.endpoint_id == id.0).unwrap_or_default();
    let rows = webhooks::deliveries(&mut scope, id, None, None, 8).await?.rows;
    let history = activity::list(&mut scope, endpoint.history(), None, None, 8).await?;
    let actions = [
        action::item::<SendTestEvent>(&visitor, id.0, &endpoint, "send"),
        action::item::<ResumeEndpoint>(&visitor, id.0, &endpoint, "refresh-cw")
            .filter(|_| endpoint.state != EndpointState::Active),
        action::item::<ResendRange>(&visitor, id.0, &endpoint, "rotate-ccw"),
        action::item::<PauseEndpoint>(&visitor, id.0, &endpoint, "circle-pause")
            .filter(|_| endpoint.state == EndpointState::Active),
        action::item::<DeleteEndpoint>(&visitor, id.0, &endpoint, "trash-2"),
    ];
    let page = Page {
        id,
        label: endpoint.label().to_owned(),
        badge: badge_of(&endpoint),
        why: why(&visitor, &endpoint),
        tone: match endpoint.state {
            EndpointState::Disabled => "danger",
            EndpointState::Paused => "hold",
            EndpointState::Active => "warning",
        },
        events: events(&endpoint),
        names: endpoint.events.clone(),
        rate: rate(&lately),
        waiting: lately.waiting,
        failures: endpoint.consecutive_failures,
        created: visitor.stamp(endpoint.created_at),
        both_until: endpoint.previous_secret_until.filter(|at| *at > visitor.now).map(|at| visitor.stamp(at)),
        schedule: SCHEDULE,
        may_edit: visitor.can(Permission::WebhooksEdit) && endpoint.deleted_at.is_none(),
        actions: actions.into_iter().flatten().collect(),
        rows: rows.iter().map(|delivery| row(&visitor, delivery)).collect(),
        history: history
            .into_iter()
            .map(|a| Told { at: visitor.stamp(a.at()), who: a.actor_name, what: a.summary })
            .collect(),
        url: endpoint.url,
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.html(&page)
}
