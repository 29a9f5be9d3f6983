//! `/transaction-records/{id}`: one exchange, both ways, and what it means.

use super::{
    body,
    list::Line,
    meaning::{self, Meaning},
    words,
};
use crate::{
    db::Scope,
    evidence::{
        RecordStatus,
        record::{Direction, whole_body},
        records_list::{self, Record},
    },
    ids::RecordId,
    web::{
        Path, Visitor, WebError, WebResult,
        badge::{self, Badge},
        list::Link,
        markup::{Offer, Stamp},
        shell::Shell,
    },
};
use actix_web::{HttpResponse, http::header};
use askama::Template;
use serde_json::Value;

/// How long records are kept.
const KEPT_DAYS: i64 = 90;

/// One half of the viewer.
pub struct Side {
    /// The request or status line.
    pub line: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// As it is shown.
    pub body: String,
    /// What was masked or cut, or why there is none.
    pub note: String,
    /// The whole body as a file.
    pub download: Option<String>,
}

/// Both halves of a record.
pub async fn sides(scope: &mut Scope, record: &Record) -> WebResult<(Side, Side)> {
    Ok((request(scope, record).await?, response(scope, record).await?))
}

/// A try at the same work.
struct Attempt {
    href: String,
    at: Stamp,
    number: usize,
    badge: Badge,
    answer: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "records/show.html")]
struct Page {
    shell: Shell,
    title: String,
    log_type: &'static str,
    kind: &'static str,
    badge: Badge,
    method: String,
    place: String,
    answer: String,
    took: String,
    attempt: i32,
    attempts: Vec<Attempt>,
    previous: Option<String>,
    next: Option<String>,
    at: Stamp,
    gone: Stamp,
    actor: String,
    trace: String,
    trace_links: Vec<Offer>,
    with: Option<Offer>,
    store: Option<Offer>,
    order: Option<Offer>,
    shipment: Option<Offer>,
    courier: String,
    meaning: Option<Meaning>,
    /// A later try that went well.
    mended: Option<String>,
    warning: String,
    request: Side,
    response: Side,
    others: Vec<Line>,
    others_href: Option<String>,
}

/// `GET /transaction-records/{id}`
pub async fn show(visitor: Visitor, id: Path<RecordId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let record = records_list::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let meaning = meaning::of(&visitor, &mut scope, &record).await?;
    let tries = match record.shipment_id {
        Some(shipment) => records_list::attempts(&mut scope, shipment, record.log_type).await?,
        None => Vec::new(),
    };
    let here = tries.iter().position(|row| row.id == record.id);
    let link = |place: Option<usize>| place.and_then(|i| tries.get(i)).map(|row| path(row.id));
    let previous = link(here.and_then(|i| i.checked_sub(1)));
    let next = link(here.map(|i| i + 1));
    let mended = tries
        .iter()
        .rfind(|row| row.id > record.id && row.status == RecordStatus::Success)
        .filter(|_| record.status == RecordStatus::Failed)
        .map(|row| path(row.id));
    let others = match record.order_id {
        Some(order) => records_list::of_order(&mut scope, order, record.id, 8).await?,
        None => Vec::new(),
    };
    let request = request(&mut scope, &record).await?;
    let response = response(&mut scope, &record).await?;
    let shell = visitor.shell(&mut scope, "records").await?;
    let gone = record.at() + chrono::Duration::days(KEPT_DAYS);
    let trace = record.trace_id.clone().unwrap_or_default();
    let page = Page {
        title: format!("{} {}", record.log_type, visitor.stamp(record.at()).short),
        log_type: record.log_type.as_str(),
        kind: words::log_type(record.log_type),
        badge: badge::record_status(record.status),
        method: record.method.clone(),
        place: place(&record.url),
        answer: words::http_status(record.response_status, record.status),
        took: words::duration(record.duration_ms),
        attempt: record.attempt,
        attempts: tries
            .iter()
            .enumerate()
            .map(|(i, row)| Attempt {
                href: path(row.id),
                at: words::log_stamp(&visitor, row.at()),
                number: i + 1,
                badge: badge::record_status(row.status),
                answer: words::http_status(row.response_status, row.status),
                current: row.id == record.id,
            })
            .collect(),
        previous,
        next,
        at: visitor.stamp(record.at()),
        gone: visitor.stamp(gone),
        actor: record.actor.clone().unwrap_or_else(|| "Waybill".to_owned()),
        trace_links: trace_links(&trace),
        trace,
        with: with(&record),
        store: record.store_id.zip(record.channel_id).map(|(store, channel)| Offer {
            label: "Transaction Records of this channel".into(),
            href: format!("/stores/{store}/channels/{channel}/transaction-records"),
        }),
        order: record.order_id.map(|id| Offer {
            label: record.order_number.clone().unwrap_or_else(|| id.to_string()),
            href: format!("/orders/{id}"),
        }),
        shipment: record.shipment_id.map(|id| Offer {
            label: record.shipment_number.clone().unwrap_or_else(|| id.to_string()),
            href: format!("/shipments/{id}"),
        }),
        courier: record.courier.clone().unwrap_or_default(),
        meaning,
        mended,
        warning: match record.status {
            RecordStatus::Warning => record.error_message.clone().unwrap_or_default(),
            _ => String::new(),
        },
        request,
        response,
        others_href: record
            .order_number
            .as_ref()
            .map(|number| Link::to("/transaction-records").with("q", number).to_string()),
        others: others.into_iter().map(|row| Line::of(&visitor, row)).collect(),
        shell,
    };
    visitor.html(&page)
}

/// `GET /transaction-records/{id}/{part}`: a body as a file, masked as it was stored.
pub async fn download(visitor: Visitor, path: Path<(RecordId, String)>) -> WebResult<HttpResponse> {
    let (id, part) = &path.0;
    let mut scope = visitor.scope().await?;
    let record = records_list::find(&mut scope, *id).await?.ok_or(WebError::NotFound)?;
    let (text, name) = match part.as_str() {
        "request" => {
            (full(&mut scope, &record, "request", &record.request_body, record.request_cut).await?, "request")
        }
        "response" => (
            full(&mut scope, &record, "response", &record.response_body, record.response_cut).await?,
            "response",
        ),
        _ => return Err(WebError::NotFound),
    };
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}-{name}.txt\"")))
        .body(text))
}

fn path(id: RecordId) -> String {
    format!("/transaction-records/{id}")
}

async fn full(
    scope: &mut Scope,
    record: &Record,
    part: &'static str,
    head: &str,
    cut: bool,
) -> WebResult<String> {
    if !cut {
        return Ok(head.to_owned());
    }
    Ok(whole_body(scope, record.id, part).await?.unwrap_or_else(|| head.to_owned()))
}

async fn request(scope: &mut Scope, record: &Record) -> WebResult<Side> {
    let whole = full(scope, record, "request", &record.request_body, record.request_cut).await?;
    let line = format!("{} {}", record.method, path_of(&record.url)).trim().to_owned();
    let said =
        if record.direction == Direction::In { "The message had no body." } else { "We sent no body." };
    Ok(side(record, "request", line, headers(&record.request_headers), &whole, said))
}

async fn response(scope: &mut Scope, record: &Record) -> WebResult<Side> {
    let whole = full(scope, record, "response", &record.response_body, record.response_cut).await?;
    let said = match (record.response_status, record.status) {
        (Some(_), _) => "The answer had no body.",
        (None, RecordStatus::InProgress | RecordStatus::Waiting) => "No answer has come yet.",
        (None, _) => "No answer came back.",
    };
    let line = words::http_status(record.response_status, record.status);
    Ok(side(record, "response", line, headers(&record.response_headers), &whole, said))
}

fn side(
    record: &Record,
    part: &str,
    line: String,
    headers: Vec<(String, String)>,
    whole: &str,
    without: &str,
) -> Side {
    if whole.is_empty() {
        return Side { line, headers, body: String::new(), note: without.to_owned(), download: None };
    }
    let shown = body::shown(whole);
    let note = if shown.cut {
        format!("The first {} KB of {}. ", body::SHOWN / 1024, size(whole.len()))
    } else {
        String::new()
    };
    Side {
        line,
        headers,
        body: shown.text,
        note: format!("{note}Secrets and personal data were masked when this was stored."),
        download: Some(format!("{}/{part}", path(record.id))),
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 20 {
        format!("{} KB", bytes.div_ceil(1024))
    } else {
        format!("{} MB", bytes.div_ceil(1 << 20))
    }
}

/// Names and values, from `[["name", "value"], …]`.
fn headers(stored: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs.iter().filter_map(|pair| Some((text(pair.get(0)?), text(pair.get(1)?)))).collect()
}

/// `api.ebay.com/sell/fulfillment/v1/order`: host and path.
fn place(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, rest)| rest).to_owned()
}

fn path_of(url: &str) -> String {
    let place = place(url);
    match place.find('/') {
        Some(slash) if url.contains("://") => place[slash..].to_owned(),
        _ => place,
    }
}

fn with(record: &Record) -> Option<Offer> {
    if let (Some(name), Some(store), Some(channel)) =
        (&record.channel_name, record.store_id, record.channel_id)
    {
        return Some(Offer { label: name.clone(), href: format!("/stores/{store}/channels/{channel}") });
    }
    let (name, id) = record.connection_name.as_ref().zip(record.connection_id)?;
    Some(Offer { label: name.clone(), href: format!("/connections/{id}") })
}

fn trace_links(trace: &str) -> Vec<Offer> {
    if trace.is_empty() {
        return Vec::new();
    }
    let to = |label: &str, page: &str| Offer {
        label: label.to_owned(),
        href: Link::to(page).with("trace", trace).to_string(),
    };
    let whole = Offer { label: "The whole chain".into(), href: format!("/traces/{trace}") };
    vec![whole, to("Activity", "/activity"), to("Calls", "/transaction-records")]
}
