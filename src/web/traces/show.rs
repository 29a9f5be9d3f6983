//! One chain of cause and effect in the order it happened.

use crate::{
    accounts::Permission,
    clock::Instant,
    evidence::{TraceId, activity::Ended},
    traces::{self, Delivery, Email, Event, Job, JobState, Link, Step, What},
    web::{
        Path, Visitor, WebError, WebResult,
        activity::words,
        badge::{self, Badge},
        list,
        markup::{Offer, Stamp},
        records,
        shell::Shell,
        shipments::said,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// One link of the chain.
struct Row {
    at: Stamp,
    /// Since the chain began.
    since: String,
    /// What kind of thing it is.
    kind: &'static str,
    badge: Badge,
    /// What it is, in a sentence.
    summary: String,
    /// What was said about it: an error, who, how long.
    detail: String,
    /// Where it leads.
    to: Option<Offer>,
}

#[derive(Template)]
#[template(path = "traces/show.html")]
struct Page {
    shell: Shell,
    trace: String,
    started: Stamp,
    lasted: String,
    /// Who began it.
    by: String,
    rows: Vec<Row>,
    /// Something of it has not ended.
    moving: bool,
    cut: bool,
    most: usize,
    activity: Option<String>,
    calls: String,
}

/// `GET /traces/{id}`
pub async fn show(visitor: Visitor, id: Path<String>) -> WebResult<HttpResponse> {
    let trace = TraceId::parse(&id.0).ok_or(WebError::NotFound)?;
    let mut scope = visitor.scope().await?;
    let chain = traces::of(&mut scope, &trace).await?.ok_or(WebError::NotFound)?;
    let shell = visitor.shell(&mut scope, "records").await?;
    let started = chain.started();
    let last = chain.links.iter().map(ended).max().unwrap_or(started);
    let by = chain.links.iter().find_map(|link| match &link.what {
        What::Activity(line) if link.what.is_click() => Some(line.actor_name.clone()),
        _ => None,
    });
    let open = |link: &Link| matches!(&link.what, What::Job(job) if matches!(job.state, JobState::Ready | JobState::Claimed));
    let to = |page: &str| list::Link::to(page).with("trace", &trace).to_string();
    let page = Page {
        trace: trace.to_string(),
        started: visitor.stamp(started),
        lasted: span(last - started),
        by: by.unwrap_or_else(|| "Waybill".into()),
        moving: chain.links.iter().any(open),
        cut: chain.cut,
        most: traces::MOST,
        activity: visitor.can(Permission::ActivityView).then(|| to("/activity")),
        calls: to("/transaction-records"),
        rows: chain.links.iter().map(|link| row(&visitor, link, started)).collect(),
        shell,
    };
    visitor.html(&page)
}

/// When a link was over, as far as that is known.
fn ended(link: &Link) -> Instant {
    match &link.what {
        What::Job(job) => job.ended().unwrap_or(link.at),
        What::Record(record) => {
            link.at + chrono::Duration::milliseconds(record.duration_ms.unwrap_or_default().into())
        }
        _ => link.at,
    }
}

fn row(visitor: &Visitor, link: &Link, started: Instant) -> Row {
    let (kind, badge, summary, detail, to) = match &link.what {
        What::Activity(line) => {
            let click = link.what.is_click();
            let badge = match (click, line.result) {
                (true, Ended::Ok) => badge::activity_result(Ended::Ok).with_icon("arrow-right"),
                (_, result) => badge::activity_result(result),
            };
            let detail = if line.actor_name == "Waybill" { String::new() } else { line.actor_name.clone() };
            let kind = if click { "Action" } else { "Activity" };
            (kind, badge, line.summary.clone(), detail, words::subject(line))
        }
        What::Job(job) => of_job(visitor, job),
        What::Step(step) => of_step(step),
        What::Record(record) => {
            let mut detail = records::words::http_status(record.response_status, record.status);
            let took = records::words::duration(record.duration_ms);
            if !took.is_empty() {
                detail = format!("{detail} in {took}");
            }
            if let Some(message) = &record.error_message {
                detail = format!("{detail}. {message}");
            }
            let label = record.log_type.as_str();
            let to = Offer { label: label.into(), href: format!("/transaction-records/{}", record.id) };
            let badge = badge::record_status(record.status);
            ("Call", badge, records::words::log_type(record.log_type).into(), detail, Some(to))
        }
        What::Event(event) => of_event(event),
        What::Delivery(delivery) => of_delivery(delivery),
        What::Email(email) => of_email(visitor, email),
    };
    Row { at: visitor.stamp(link.at), since: since(link.at - started), kind, badge, summary, detail, to }
}

type Told = (&'static str, Badge, String, String, Option<Offer>);

fn of_job(visitor: &Visitor, job: &Job) -> Told {
    let mut detail = match job.attempts {
        0 => String::new(),
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    };
    let mut add = |words: String| {
        detail = if detail.is_empty() { words } else { format!("{detail}, {words}") };
    };
    match (job.ended(), job.due_at.filter(|_| job.state == JobState::Ready)) {
        (Some(at), _) => add(format!("ended after {}", span(at - job.created_at))),
        (None, Some(at)) if at > visitor.now => add(format!("next attempt {}", visitor.stamp(at).short)),
        _ => {}
    }
    if let Some(error) = &job.last_error {
        add(format!("last said: {error}"));
    }
    // what it is about says where to read on
    let to = job.object_key.split_once(':').and_then(|(noun, id)| {
        let id: i64 = id.parse().ok()?;
        let (label, page, permission) = match noun {
            "shipment" => ("Shipment", "shipments", Permission::OrdersView),
            "order" => ("Order", "orders", Permission::OrdersView),
            "email" => ("E-mail", "emails", Permission::EmailsView),
            "import" => ("Import", "imports", Permission::ImportsRun),
            _ => return None,
        };
        visitor.can(permission).then(|| Offer { label: label.into(), href: format!("/{page}/{id}") })
    });
    ("Job", badge::job_state(job.state), job_words(&job.kind), detail, to)
}

/// What a job does, for people who do not know its name.
pub(in crate::web) fn job_words(kind: &str) -> String {
    let words = match kind {
        "post_shipment" => "Post the shipment to its provider",
        "check_post" => "Ask the provider what became of a post",
        "submit_fulfillment" => "Send tracking to the sales channel",
        "deliver_webhook" => "Deliver the webhook",
        "send_email" => "Send the e-mail",
        "plan_shipments" => "Plan the order’s shipments",
        "poll_orders" => "Read the sales channel’s orders",
        "process_inbound" => "Take in what a sales channel posted",
        "resync_from_provider" => "Read the provider about a shipment",
        "resync_to_provider" => "Send the provider what a shipment holds now",
        "import_orders" => "Import a file",
        "retry_problems" => "Retry problems of one cause",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

fn of_step(step: &Step) -> Told {
    let (_, words) = said(step.step, &step.connection_name);
    let to = Offer {
        label: step.shipment_number.clone(),
        href: format!("/shipments/{}#post-{}", step.shipment_id, step.post_id),
    };
    let detail = match (step.attempt_no, step.detail.is_empty()) {
        (0, _) | (1, false) => step.detail.clone(),
        (n, true) => format!("Attempt {n}"),
        (n, false) => format!("Attempt {n}. {}", step.detail),
    };
    ("Post", badge::post_step(step.step), words, detail, Some(to))
}

fn of_event(event: &Event) -> Told {
    let detail = match event.deliveries {
        0 => "No endpoint listens".to_owned(),
        1 => "To 1 endpoint".to_owned(),
        n => format!("To {n} endpoints"),
    };
    let to = event
        .shipment_id
        .map(|id| Offer { label: format!("evt_{}", event.id), href: format!("/shipments/{id}") });
    ("Event", Badge::done("Told"), event.event_type.to_string(), detail, to)
}

fn of_delivery(delivery: &Delivery) -> Told {
    let mut detail = match delivery.attempts {
        0 => String::new(),
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    };
    if let Some(status) = delivery.last_status {
        detail = format!("{detail}, answered {status}");
    }
    let to = delivery
        .last_record_id
        .map(|id| Offer { label: "Request".into(), href: format!("/transaction-records/{id}") });
    let summary = format!("{} to {}", delivery.event_type, delivery.url);
    ("Delivery", badge::delivery_state(delivery.state), summary, detail, to)
}

fn of_email(visitor: &Visitor, email: &Email) -> Told {
    let summary = match visitor.can(Permission::PersonalView) {
        true => email.subject.clone(),
        false => "E-mail to the customer".to_owned(),
    };
    let to = visitor
        .can(Permission::EmailsView)
        .then(|| Offer { label: "E-mail".into(), href: format!("/emails/{}", email.id) });
    let detail = email.last_error.clone().unwrap_or_else(|| format!("On {}", email.trigger));
    ("E-mail", badge::email_state(email.state), summary, detail, to)
}

/// `+0 ms`, `+1.2 s`, `+3 min 20 s`.
fn since(span_of: chrono::Duration) -> String {
    format!("+{}", span(span_of))
}

/// A span in the two largest units that say it.
fn span(span: chrono::Duration) -> String {
    let ms = span.num_milliseconds().max(0);
    let (s, min, h, d) = (ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{s}.{} s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{min} min {} s", s % 60),
        3_600_000..86_400_000 => format!("{h} h {} min", min % 60),
        _ => format!("{d} d {} h", h % 24),
    }
}
