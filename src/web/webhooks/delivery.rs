//! `/webhooks/{id}/deliveries` and `/deliveries/{id}`: what was sent to an
//! endpoint, what it answered, when it is tried again, and how to check it.

use super::{Row, SCHEDULE, about, answer, endpoint, row};
use crate::{
    accounts::Permission,
    evidence::records_list,
    ids::{DeliveryId, EndpointId},
    notify::webhooks::{self, DeliveryState, EndpointState, ResendDelivery},
    web::{
        Path, Visitor, WebError, WebResult, action,
        badge::{self, Badge},
        list::List,
        markup::{ActionItem, Pager, Stamp},
        records::{Choice, show::Side, show::sides, words},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "webhooks/deliveries.html")]
struct ListPage {
    shell: Shell,
    id: EndpointId,
    label: String,
    tabs: Vec<Choice>,
    notes: Vec<String>,
    rows: Vec<Row>,
    filtered: bool,
    further: bool,
    pager: Pager,
}

/// `GET /webhooks/{id}/deliveries`
pub async fn deliveries(visitor: Visitor, id: Path<EndpointId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut scope = visitor.scope().await?;
    let endpoint = endpoint(&mut scope, id).await?;
    let list = List::read(&visitor, &["state"]);
    let state = list.word("state", DeliveryState::parse);
    let page = webhooks::deliveries(&mut scope, id, state, list.after(), list.size()).await?;
    let all = Choice::new(list.link().without("state").to_string(), "All", state.is_none());
    let states = DeliveryState::ALL.iter().map(|one| {
        let label = badge::delivery_state(*one).label;
        Choice::new(list.link().with("state", one).to_string(), label, state == Some(*one))
    });
    let page = ListPage {
        id,
        label: endpoint.label().to_owned(),
        tabs: std::iter::once(all).chain(states).collect(),
        notes: list.notes(),
        filtered: list.is_filtered(),
        further: list.after().is_some(),
        pager: list.pager(&page, None, "deliveries"),
        rows: page.rows.iter().map(|delivery| row(&visitor, delivery)).collect(),
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.html(&page)
}

/// One call that carried the event.
struct Try {
    href: String,
    number: usize,
    at: Stamp,
    badge: Badge,
    answer: String,
    took: String,
}

/// A call, both ways.
struct Viewed {
    href: String,
    request: Side,
    response: Side,
}

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct Page {
    shell: Shell,
    endpoint: EndpointId,
    label: String,
    url: String,
    event: &'static str,
    trigger: &'static str,
    badge: Badge,
    at: Stamp,
    answer: String,
    attempts: i32,
    next: Option<Stamp>,
    paused: bool,
    schedule: &'static str,
    message_id: String,
    about: Option<(String, String)>,
    trace: String,
    chain: String,
    resend: Option<ActionItem>,
    tries: Vec<Try>,
    viewed: Option<Viewed>,
    body: String,
    snippet: String,
}

/// `GET /deliveries/{id}`
pub async fn delivery(visitor: Visitor, id: Path<DeliveryId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let delivery = webhooks::delivery(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let calls = webhooks::calls(&mut scope, &delivery).await?;
    let viewed = match delivery.last_record_id.filter(|_| visitor.can(Permission::RecordsView)) {
        Some(record) => match records_list::find(&mut scope, record).await? {
            Some(record) => {
                let (request, response) = sides(&mut scope, &record).await?;
                Some(Viewed { href: format!("/transaction-records/{}", record.id), request, response })
            }
            None => None,
        },
        None => None,
    };
    let timestamp = calls.last().and_then(|call| call.timestamp()).unwrap_or("0").to_owned();
    let payload = delivery.payload.to_string();
    let page = Page {
        endpoint: delivery.endpoint_id,
        label: delivery.endpoint_label().to_owned(),
        event: delivery.event_type.as_str(),
        trigger: badge::delivery_trigger(delivery.trigger),
        badge: badge::delivery_state(delivery.state),
        at: visitor.stamp(delivery.at()),
        answer: answer(&delivery),
        attempts: delivery.attempts,
        next: delivery.next_attempt_at.map(|at| visitor.stamp(at)),
        paused: delivery.state == DeliveryState::Waiting && delivery.endpoint_state == EndpointState::Paused,
        schedule: SCHEDULE,
        message_id: delivery.message_id(),
        about: about(&delivery),
        chain: delivery.trace_id.as_deref().map(crate::web::activity::words::chain).unwrap_or_default(),
        trace: delivery.trace_id.clone().unwrap_or_default(),
        resend: action::item::<ResendDelivery>(&visitor, delivery.id.0, &delivery, "rotate-ccw"),
        tries: calls
            .iter()
            .enumerate()
            .map(|(at, call)| Try {
                href: format!("/transaction-records/{}", call.id),
                number: at + 1,
                at: words::log_stamp(&visitor, call.at()),
                badge: badge::record_status(call.status),
                answer: match (&call.error_message, call.response_status) {
                    (Some(message), None) => message.clone(),
                    _ => words::http_status(call.response_status, call.status),
                },
                took: words::duration(call.duration_ms),
            })
            .collect(),
        viewed,
        body: serde_json::to_string_pretty(&delivery.payload).unwrap_or_default(),
        snippet: snippet(&delivery.message_id(), &timestamp, &payload),
        url: delivery.url.clone(),
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.html(&page)
}

/// A program that computes the signature of a message as its receiver would.
fn snippet(id: &str, timestamp: &str, body: &str) -> String {
    // a JSON string is a Python string too
    let body = serde_json::Value::String(body.to_owned());
    format!(
        "import base64, hashlib, hmac\n\
         secret = \"whsec_…\"  # the secret of this endpoint\n\
         message_id = \"{id}\"\n\
         timestamp = \"{timestamp}\"\n\
         body = {body}\n\
         key = base64.b64decode(secret.removeprefix(\"whsec_\"))\n\
         signed = f\"{{message_id}}.{{timestamp}}.{{body}}\".encode()\n\
         print(\"v1,\" + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode())\n"
    )
}
