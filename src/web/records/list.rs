//! `/transaction-records` and a channel's own: what was sent and answered.

use super::{Chip, Choice, filter, pushed, words};
use crate::{
    evidence::records_list::{self, COUNTED, Outcome, Row},
    ids::{ChannelId, StoreId},
    web::{
        Path, Visitor, WebResult,
        badge::{self, Badge},
        filters::grouped,
        list::{Link, List},
        markup::{Pager, Stamp},
        shell::Shell,
        stores::head::{self, Head},
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// A line of the list.
pub struct Line {
    /// Where it opens.
    pub href: String,
    /// When it began.
    pub at: Stamp,
    /// What kind of exchange.
    pub log_type: &'static str,
    /// The same in words.
    pub kind: &'static str,
    /// Its order: where it opens, its number.
    pub order: Option<(String, String)>,
    /// Its shipment.
    pub shipment: Option<(String, String)>,
    /// With whom.
    pub with: String,
    /// How it ended.
    pub badge: Badge,
    /// The HTTP status in words.
    pub answer: String,
    /// How long it took.
    pub took: String,
    /// Which try.
    pub attempt: i32,
    /// What went wrong, in two or three words.
    pub error: String,
    /// Their code.
    pub code: String,
}

impl Line {
    /// A record as a line.
    pub fn of(visitor: &Visitor, row: Row) -> Line {
        let number = |id: i64, number: &Option<String>| number.clone().unwrap_or_else(|| id.to_string());
        Line {
            href: format!("/transaction-records/{}", row.id),
            at: words::log_stamp(visitor, row.at()),
            log_type: row.log_type.as_str(),
            kind: words::log_type(row.log_type),
            order: row.order_id.map(|id| (format!("/orders/{id}"), number(id.0, &row.order_number))),
            shipment: row
                .shipment_id
                .map(|id| (format!("/shipments/{id}"), number(id.0, &row.shipment_number))),
            with: row
                .channel_name
                .clone()
                .or_else(|| row.connection_name.clone())
                .unwrap_or_else(|| host(&row.url)),
            badge: badge::record_status(row.status),
            answer: words::http_status(row.response_status, row.status),
            took: words::duration(row.duration_ms),
            attempt: row.attempt,
            error: row.error_class.as_deref().map(words::class).unwrap_or_default(),
            code: row.error_code.unwrap_or_default(),
        }
    }
}

/// The part that a changed filter swaps.
#[derive(Template)]
#[template(path = "records/_list.html")]
struct Region {
    nonce: String,
    /// The list without any filter.
    action: String,
    /// What the form keeps.
    kept: Vec<(String, String)>,
    tabs: Vec<Choice>,
    types: Vec<&'static str>,
    answers: Vec<Choice>,
    periods: Vec<Choice>,
    from: String,
    to: String,
    q: String,
    code: String,
    chips: Vec<Chip>,
    notes: Vec<String>,
    /// On a channel's own page it is not said again with whom.
    with: bool,
    lines: Vec<Line>,
    /// Nothing to show: why.
    empty: (String, String),
    filtered: bool,
    pager: Pager,
}

impl askama::filters::HtmlSafe for Region {}

#[derive(Template)]
#[template(path = "records/list.html")]
struct Page {
    shell: Shell,
    title: String,
    head: Option<Head>,
    region: Region,
}

/// `GET /transaction-records`
pub async fn account(visitor: Visitor) -> WebResult<HttpResponse> {
    show(visitor, None).await
}

/// `GET /stores/{id}/channels/{channel_id}/transaction-records`
pub async fn channel(visitor: Visitor, path: Path<(StoreId, ChannelId)>) -> WebResult<HttpResponse> {
    show(visitor, Some(path.0)).await
}

async fn show(visitor: Visitor, of: Option<(StoreId, ChannelId)>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let head = match of {
        Some((store, channel)) => Some(head::read(&visitor, &mut scope, store, channel, "records").await?.0),
        None => None,
    };
    let list = List::read(&visitor, &filter::keys());
    let fixed = of.map(|(_, channel)| channel);
    let filter = filter::read(&visitor, &mut scope, &list, fixed).await?;
    let page = records_list::page(&mut scope, &filter.wanted, list.after(), list.size()).await?;
    let total = records_list::count(&mut scope, &filter.wanted).await?;
    let pager = pager(&list, &page, total, "records");
    let filtered = list.is_filtered();
    let empty = match (&filter.unknown_number, filtered) {
        (Some(number), _) => (
            format!("No order or shipment has the number {number}"),
            "Check the number, or search the orders and shipments for a part of it.".to_owned(),
        ),
        (None, true) => (
            "No calls match".to_owned(),
            "The filters are still there. Take one away, or clear them all.".to_owned(),
        ),
        (None, false) => (
            "No calls yet".to_owned(),
            "Every request we send and every answer that comes back is kept here.".to_owned(),
        ),
    };
    let region = Region {
        nonce: visitor.asked.nonce.clone(),
        action: visitor.asked.path.clone(),
        kept: kept(&list),
        tabs: tabs(&list, filter.wanted.outcome),
        types: filter.types.iter().map(|kind| kind.as_str()).collect(),
        answers: filter.answers,
        periods: filter.period.choices,
        from: filter.period.from_text,
        to: filter.period.to_text,
        q: list.q().to_owned(),
        code: filter.wanted.code.unwrap_or_default(),
        chips: filter.chips,
        notes: list.notes(),
        with: fixed.is_none(),
        lines: page.rows.into_iter().map(|row| Line::of(&visitor, row)).collect(),
        empty,
        filtered,
        pager,
    };
    let section = if head.is_some() { "stores" } else { "records" };
    let shell = visitor.shell(&mut scope, section).await?;
    let place = head.as_ref().map(|head| format!(" of {}", head.name)).unwrap_or_default();
    let turned = if list.after().is_some() { ", further page" } else { "" };
    let title = format!("Transaction Records{place}{turned}");
    let answer = visitor.page_or_part(region, |region| Page { shell, title, head, region })?;
    Ok(pushed(&visitor, &list, answer))
}

fn host(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// The foot of a list whose rows are counted up to [`COUNTED`].
pub fn pager<T>(list: &List, page: &crate::paging::Page<T>, total: i64, noun: &str) -> Pager {
    let mut pager = list.pager(page, Some(total), noun);
    if total > COUNTED {
        let shown = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
        pager.summary = format!("{} of more than {} {noun}", grouped(shown), grouped(COUNTED));
    }
    pager
}

/// What the filter form does not ask itself and must not lose.
fn kept(list: &List) -> Vec<(String, String)> {
    let asked = ["q", "http", "period", "from", "to", "code", "after"];
    list.link().pairs().iter().filter(|(key, _)| !asked.contains(&key.as_str())).cloned().collect()
}

fn tabs(list: &List, chosen: Option<Outcome>) -> Vec<Choice> {
    let link = |outcome: Option<Outcome>| -> Link {
        match outcome {
            Some(outcome) => list.link().with("outcome", outcome),
            None => list.link().without("outcome"),
        }
    };
    [(None, "All"), (Some(Outcome::Failed), "Failed"), (Some(Outcome::Warning), "Warnings")]
        .into_iter()
        .map(|(outcome, label)| Choice::new(link(outcome).to_string(), label, outcome == chosen))
        .collect()
}
