//! `/activity`: the history of the account, with what changed from what.

use super::words::{self, Change};
use crate::{
    accounts::Permission,
    evidence::{
        ActorKind, TraceId,
        activity::Ended,
        activity_list::{self, COUNTED, Line, Wanted},
    },
    web::{
        Visitor, WebResult,
        badge::{self, Badge},
        filters::grouped,
        list::List,
        markup::{Offer, Pager, Stamp},
        records::{Chip, Choice, period, pushed, words::log_stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

struct Row {
    at: Stamp,
    utc: String,
    who: String,
    as_what: &'static str,
    verb: String,
    summary: String,
    subject: Option<Offer>,
    badge: Option<Badge>,
    ended: &'static str,
    spine: &'static str,
    record: Option<String>,
    trace: String,
    chain: String,
    changes: Vec<Change>,
    ip: String,
}

/// The part that a changed filter swaps.
#[derive(Template)]
#[template(path = "activity/_list.html")]
struct Region {
    nonce: String,
    action: String,
    kept: Vec<(String, String)>,
    verbs: Vec<Choice>,
    results: Vec<Choice>,
    period: period::Period,
    chips: Vec<Chip>,
    notes: Vec<String>,
    may_read: bool,
    rows: Vec<Row>,
    filtered: bool,
    pager: Pager,
}

impl askama::filters::HtmlSafe for Region {}

#[derive(Template)]
#[template(path = "activity/list.html")]
struct Page {
    shell: Shell,
    further: bool,
    region: Region,
}

/// `GET /activity`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let keys: Vec<&str> = ["verb", "result", "trace"].into_iter().chain(period::KEYS).collect();
    let list = List::read(&visitor, &keys);
    let period = period::read(&visitor, &list);
    let verbs = activity_list::verbs(&mut scope).await?;
    let wanted = Wanted {
        verb: list.get("verb").map(str::to_owned),
        result: list.word("result", Ended::parse),
        trace: list.word("trace", TraceId::parse).map(|trace| trace.to_string()),
        from: period.from,
        to: period.to,
    };
    let page = activity_list::page(&mut scope, &wanted, list.after(), list.size()).await?;
    let total = activity_list::count(&mut scope, &wanted).await?;
    let mut pager = list.pager(&page, Some(total), "lines");
    if total > COUNTED {
        let shown = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
        pager.summary = format!("{} of more than {} lines", grouped(shown), grouped(COUNTED));
    }
    let asked = ["verb", "result", "period", "from", "to", "after"];
    let region = Region {
        nonce: visitor.asked.nonce.clone(),
        action: visitor.asked.path.clone(),
        kept: list.link().pairs().iter().filter(|(key, _)| !asked.contains(&key.as_str())).cloned().collect(),
        verbs: verbs
            .into_iter()
            .map(|verb| Choice::new(verb.clone(), verb.clone(), wanted.verb.as_ref() == Some(&verb)))
            .collect(),
        results: Ended::ALL
            .iter()
            .map(|result| {
                let label = badge::activity_result(*result).label;
                Choice::new(result.as_str(), label, wanted.result == Some(*result))
            })
            .collect(),
        chips: chips(&list, &wanted, &period),
        notes: list.notes(),
        may_read: visitor.can(Permission::RecordsView),
        filtered: list.is_filtered(),
        rows: page.rows.into_iter().map(|line| row(&visitor, line)).collect(),
        period,
        pager,
    };
    let shell = visitor.shell(&mut scope, "activity").await?;
    let further = list.after().is_some();
    let answer = visitor.page_or_part(region, |region| Page { shell, further, region })?;
    Ok(pushed(&visitor, &list, answer))
}

fn chips(list: &List, wanted: &Wanted, period: &period::Period) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip =
        |text: String, key: &str| chips.push(Chip { text, href: list.link().without(key).to_string() });
    if let Some(verb) = &wanted.verb {
        chip(format!("What: {verb}"), "verb");
    }
    if let Some(result) = wanted.result {
        chip(format!("Result: {}", badge::activity_result(result).label), "result");
    }
    if let Some(trace) = &wanted.trace {
        chip(format!("Trace: {}…", trace.get(..8).unwrap_or_default()), "trace");
    }
    chips.extend(period.chips.iter().cloned());
    chips
}

fn row(visitor: &Visitor, line: Line) -> Row {
    let badge = badge::activity_result(line.result);
    Row {
        at: log_stamp(visitor, line.at()),
        utc: line.at().format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        as_what: match line.actor_kind {
            ActorKind::User => "",
            ActorKind::Token => "API token",
            ActorKind::System => "system",
            ActorKind::Provider => "provider",
            ActorKind::Channel => "channel",
        },
        subject: words::subject(&line),
        spine: badge.spine(),
        // only what needs a look stands out
        badge: matches!(line.result, Ended::Failed | Ended::Warning).then_some(badge),
        ended: badge.label,
        record: line.transaction_record_id.map(|id| format!("/transaction-records/{id}")),
        chain: line.trace_id.as_deref().map(words::chain).unwrap_or_default(),
        changes: words::changes(visitor, line.before.as_ref(), line.after.as_ref()),
        ip: match line.ip {
            Some(ip) if visitor.can(Permission::PersonalView) => ip,
            Some(_) => "Hidden for your role".to_owned(),
            None => String::new(),
        },
        trace: line.trace_id.unwrap_or_default(),
        who: line.actor_name,
        verb: line.verb,
        summary: line.summary,
    }
}
