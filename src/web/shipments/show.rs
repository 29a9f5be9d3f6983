//! One shipment: its condition, lines, provider, channel, history, and what can
//! be done with it.

use super::{
    condition::{self, Condition},
    panel,
    provider::{self, Side},
    stock::{self, StockProof},
    story::{self, Moment},
};
use crate::{
    accounts::Permission,
    actions::Target as _,
    channels::{Notification, OnUnmappedCourier, store},
    couriers::mapping,
    db::Scope,
    ids::{ActivityId, ShipmentId},
    problems::{ProblemKind, list as problems},
    shipments::{
        FulfillmentType, InventoryStatus, Shipment, Status, Subject, TrackingStatus,
        editable::Editable,
        subject::Around,
        surroundings::{self, Surroundings},
        view,
    },
    web::{
        Path, Visitor, WebError, WebResult, badge,
        badge::Badge,
        filters,
        list::Link,
        markup::{ActionItem, Offer, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// Lines of history on a page.
const SHOWN: i64 = 20;

struct Line {
    row: view::Line,
    /// What all its units cost.
    cost: i64,
}

/// The channel's side.
struct Told {
    badge: Badge,
    href: String,
    submitted: Option<Stamp>,
    /// What the channel is sent for the courier.
    courier: String,
    mapped: bool,
    problem: Option<problems::Row>,
    /// The banner says it already.
    said: bool,
    sentence: String,
    fix: Option<Offer>,
    next: Option<Stamp>,
}

struct Mail {
    row: surroundings::Mail,
    badge: Badge,
    at: Stamp,
}

/// Everything between the head of the page and its end: asked for again when
/// something of it changed.
#[derive(Template)]
#[template(path = "shipments/_shipment.html")]
struct Part {
    now: Stamp,
    shipment: Shipment,
    around: Around,
    more: Surroundings,
    status: Badge,
    sync: Badge,
    held: bool,
    /// What is said to those who do not look: both states.
    says: String,
    moving: bool,
    condition: Option<Condition>,
    lines: Vec<Line>,
    items: i32,
    cost: i64,
    side: Side,
    stock: StockProof,
    told: Told,
    tracking: &'static str,
    costs: bool,
    records: bool,
    personal: bool,
    actions: Vec<ActionItem>,
    created: Stamp,
    posted: Option<Stamp>,
    shipped: Option<Stamp>,
    delivered: Option<Stamp>,
    ship_by: Option<Stamp>,
    mails: Option<Vec<Mail>>,
    history: Vec<Moment>,
    older: Option<String>,
    newest: bool,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "shipments/show.html")]
struct Show {
    shell: Shell,
    part: Part,
}

/// `GET /shipments/{id}`
pub async fn show(visitor: Visitor, id: Path<i64>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let part = part(&mut scope, &visitor, ShipmentId(id.0)).await?;
    if visitor.partial() {
        return visitor.html(&part);
    }
    let shell = visitor.shell(&mut scope, "shipments").await?;
    visitor.html(&Show { shell, part })
}

async fn part(scope: &mut Scope, visitor: &Visitor, id: ShipmentId) -> WebResult<Part> {
    let subject = Subject::load(scope, id, false).await?.ok_or(WebError::NotFound)?;
    let more = surroundings::of(scope, id).await?.ok_or(WebError::NotFound)?;
    let lines = view::lines(scope, id).await?;
    let side = provider::side(scope, visitor, &subject).await?;
    let stock = stock::read(visitor, scope, &subject.shipment, &lines).await?;
    let open = problems::of_shipment(scope, id).await?;
    let holds = surroundings::holds(scope, id).await?;
    let moving = surroundings::is_moving(scope, id, visitor.now).await?;
    let condition = condition::condition(visitor, &subject, &more, &side, &open, &holds);
    let mut told = told(scope, visitor, &subject, &more, open).await?;
    told.said = condition.as_ref().is_some_and(|c| c.about_channel);
    let mails = match visitor.can(Permission::EmailsView) {
        true => Some(mails(scope, visitor, id).await?),
        false => None,
    };
    let before = Link::of("", &visitor.asked.query)
        .pairs()
        .iter()
        .find(|(key, _)| key == "before")
        .and_then(|(_, value)| value.parse::<i64>().ok());
    let mut history = surroundings::history(scope, id, before.map(ActivityId), SHOWN + 1).await?;
    let shown = usize::try_from(SHOWN).unwrap_or_default();
    let older = (history.len() > shown).then(|| {
        history.truncate(shown);
        let last = history.last().map_or(0, |line| line.id.0);
        format!("/shipments/{id}?before={last}#history")
    });
    let waits_for_fix = condition.as_ref().is_some_and(|c| c.about_channel && !c.dialog);
    let editable = Editable::load(scope, id.0, false).await?.ok_or(WebError::NotFound)?;
    let actions = panel::actions(visitor, &subject, &editable, waits_for_fix);
    let Subject { shipment, around } = subject;
    let (status, sync) =
        (badge::shipment_status(shipment.status), badge::channel_sync(shipment.channel_sync));
    let stamp = |at: Option<crate::clock::Instant>| at.map(|at| visitor.stamp(at));
    Ok(Part {
        now: visitor.stamp(visitor.now),
        says: format!("{}. Channel sync: {}.", status.label, sync.label),
        held: around.order_on_hold && matches!(shipment.status, Status::PendingPost | Status::Error),
        items: lines.iter().map(|line| line.quantity).sum(),
        cost: lines.iter().map(|line| line.unit_cost_minor * i64::from(line.quantity)).sum(),
        lines: lines
            .into_iter()
            .map(|row| Line { cost: row.unit_cost_minor * i64::from(row.quantity), row })
            .collect(),
        tracking: shipment.tracking_status.map_or("", tracking),
        costs: visitor.can(Permission::CostsView),
        records: visitor.can(Permission::RecordsView),
        personal: visitor.can(Permission::PersonalView),
        created: visitor.stamp(shipment.created_at),
        posted: stamp(shipment.date_post),
        shipped: stamp(shipment.shipped_at),
        delivered: stamp(shipment.delivered_at),
        ship_by: stamp(more.ship_by),
        history: history.iter().map(|line| story::line(visitor, line)).collect(),
        newest: before.is_none(),
        older,
        shipment,
        around,
        more,
        status,
        sync,
        moving,
        condition,
        side,
        stock,
        told,
        actions,
        mails,
    })
}

async fn mails(scope: &mut Scope, visitor: &Visitor, id: ShipmentId) -> WebResult<Vec<Mail>> {
    let rows = surroundings::mails(scope, id).await?;
    Ok(rows
        .into_iter()
        .map(|row| Mail { badge: badge::email_state(row.state), at: visitor.stamp(row.at()), row })
        .collect())
}

/// The channel's side: what it is sent for the courier, and what it said.
async fn told(
    scope: &mut Scope,
    visitor: &Visitor,
    subject: &Subject,
    more: &Surroundings,
    open: Vec<problems::Row>,
) -> WebResult<Told> {
    let shipment = &subject.shipment;
    let channel = store::channel(scope, shipment.channel_id).await?.ok_or(WebError::NotFound)?;
    let (mut courier, mut mapped) = (String::new(), true);
    if let Some(sent) = shipment.courier.as_deref().filter(|c| !c.is_empty()) {
        let found = mapping::find(scope, channel.id, sent, shipment.service_level.as_deref()).await?;
        mapped = found.is_some();
        courier = match (found, channel.on_unmapped_courier) {
            (Some(mapping), _) => mapping.custom_name,
            (None, OnUnmappedCourier::SendAsIs) => "not mapped, sent as it is".into(),
            (None, OnUnmappedCourier::UseFallback) => {
                format!("not mapped, sent as {}", channel.fallback_courier.as_deref().unwrap_or("Other"))
            }
            (None, OnUnmappedCourier::HoldBack) => "not mapped, held back".into(),
        };
    }
    let problem = open.into_iter().find(|p| p.kind == ProblemKind::Submit);
    let maps = problem.as_ref().is_some_and(|p| {
        use crate::problems::diagnose::Fix;
        matches!(p.diagnosis().fix, Fix::MapCourier | Fix::CorrectMapping)
    });
    Ok(Told {
        badge: badge::channel_sync(shipment.channel_sync),
        href: format!("/stores/{}/channels/{}", more.store_id, channel.id),
        submitted: shipment.submitted_to_sales_channel_at.map(|at| visitor.stamp(at)),
        courier,
        mapped,
        sentence: problem.as_ref().map(|p| p.diagnosis().sentence).unwrap_or_default(),
        fix: problem
            .as_ref()
            .filter(|_| maps)
            .and_then(|p| condition::fix(visitor, p, &format!("/shipments/{}", shipment.id))),
        next: problem.as_ref().and_then(|p| p.next_attempt_at).map(|at| visitor.stamp(at)),
        said: false,
        problem,
    })
}

fn tracking(status: TrackingStatus) -> &'static str {
    match status {
        TrackingStatus::PreTransit => "Label made",
        TrackingStatus::Transit => "In transit",
        TrackingStatus::Delivered => "Delivered",
        TrackingStatus::Failure => "Delivery failed",
        TrackingStatus::Returned => "Returned",
        TrackingStatus::Unknown => "No word from the courier",
    }
}
