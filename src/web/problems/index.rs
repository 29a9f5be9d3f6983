//! The error queue: by cause, or one row per problem.

use super::{
    remedy::{self, Remedy, class_label, heading},
    work::{self, Work},
};
use crate::{
    accounts::Permission,
    channels::store,
    clock::Instant,
    ids::{ChannelId, ConnectionId, ShipmentId},
    outbound::ErrorClass,
    paging::Page,
    problems::{
        ProblemKind,
        list::{self as problems, COUNTED, Cause, Filter, Owner, Row, View},
    },
    secrets::random_hex,
    web::{
        Visitor, WebResult,
        badge::{Badge, Certainty, Tone},
        filters,
        home::age,
        list::{Link, List},
        markup::{Pager, Stamp},
        shell::Shell,
        shipments::{counted, plain},
    },
};
use actix_web::HttpResponse;
use askama::Template;
use std::collections::HashSet;

const FILTERS: &[&str] = &["view", "owner", "flat", "kind", "class", "channel", "connection", "cause"];

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Chip {
    phrase: String,
    without: String,
}

struct Item {
    row: Row,
    /// It is being tried again.
    retried: bool,
    badge: Badge,
    sentence: String,
    first: Stamp,
    last: Stamp,
    next: Option<Stamp>,
    /// How long it has been there.
    age: String,
    resolved: Option<Stamp>,
    work: Work,
    remedy: Option<Remedy>,
    again: Option<Remedy>,
}

struct Group {
    badge: Badge,
    spine: &'static str,
    class: &'static str,
    sentence: String,
    problems: i64,
    noun: &'static str,
    attempts: i64,
    first: Stamp,
    last: Stamp,
    next: Option<Stamp>,
    place: String,
    remedy: Option<Remedy>,
    needs: Option<&'static str>,
    items: Vec<Item>,
    /// All of them, when not all are shown.
    all: Option<String>,
    id: i64,
    /// The page that retries them.
    retry: Option<String>,
    /// The page that retries those of them that failed for good, where that is not all.
    retry_failed: Option<String>,
    failed: i64,
}

/// The region that searching and paging replace.
#[derive(Template)]
#[template(path = "problems/_results.html")]
struct Results {
    groups: Vec<Group>,
    items: Vec<Item>,
    flat: bool,
    view: View,
    /// The key of the form for what is selected, and where it returns.
    op: String,
    back: String,
    pager: Pager,
    filtered: bool,
    clear: String,
    fixed: i64,
    records: bool,
    now: Stamp,
}

impl askama::filters::HtmlSafe for Results {}

#[derive(Template)]
#[template(path = "problems/index.html")]
struct Index {
    shell: Shell,
    title: String,
    flat: bool,
    view: View,
    by_cause: String,
    one_by_one: String,
    snoozed: String,
    snoozed_count: i64,
    resolved: String,
    owners: Vec<Choice>,
    q: String,
    kept: Vec<(String, String)>,
    chips: Vec<Chip>,
    clear: String,
    notes: Vec<String>,
    kinds: Vec<Choice>,
    classes: Vec<Choice>,
    channels: Vec<Choice>,
    part: Results,
}

/// `GET /error-queue`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, FILTERS);
    let mut scope = visitor.scope().await?;
    let view = list.word("view", View::parse).unwrap_or(View::Open);
    let filter = Filter {
        view,
        now: visitor.now,
        owner: list.word("owner", |word| match word {
            "me" => Some(Owner::Of(visitor.person.user)),
            "nobody" => Some(Owner::Nobody),
            _ => None,
        }),
        kind: list.word("kind", ProblemKind::parse),
        class: list.word("class", ErrorClass::parse),
        channel: list.value::<ChannelId>("channel"),
        connection: list.value::<ConnectionId>("connection"),
        cause: list.get("cause").map(plain),
        q: plain(list.q()),
        personal: visitor.can(Permission::PersonalView),
    };
    // only what waits for somebody is grouped
    let flat = list.get("flat").is_some() || view != View::Open;
    let total = problems::count(&mut scope, &filter).await?;
    let back = list.link().to_string();
    let (groups, page) = if flat {
        let mut page = problems::page(&mut scope, &filter, list.after(), list.size()).await?;
        if page.rows.is_empty() && list.after().is_some() {
            page = problems::page(&mut scope, &filter, None, list.size()).await?;
        }
        (Vec::new(), page)
    } else {
        let causes = problems::causes(&mut scope, &filter).await?;
        (causes, Page { rows: Vec::new(), previous: None, next: None })
    };
    let shown = groups.iter().flat_map(|cause| &cause.rows).chain(&page.rows);
    let busy = problems::under_way(&mut scope, shown.filter_map(|row| row.shipment_id), visitor.now).await?;
    let noun = if total == 1 { "problem" } else { "problems" };
    let mut pager = list.pager(&page, None, noun);
    pager.summary = match (flat, groups.len()) {
        (true, _) => format!("{} {noun}", counted(total, COUNTED)),
        (false, 1) => format!("{} {noun} with 1 cause", counted(total, COUNTED)),
        (false, causes) => format!("{} {noun} with {causes} causes", counted(total, COUNTED)),
    };
    let kept = |link: Link| match (view, flat) {
        (View::Open, true) => link.with("flat", 1),
        (View::Open, false) => link,
        _ => link.with("view", view),
    };
    let clear = kept(Link::to("/error-queue")).to_string();
    let narrowed = list.link().without("flat").without("view").without("size");
    let part = Results {
        groups: groups.into_iter().map(|cause| group(&visitor, cause, &busy, &list, &back)).collect(),
        items: page.rows.into_iter().map(|row| item(&visitor, row, &busy, &back)).collect(),
        flat,
        view,
        op: random_hex::<16>(),
        back: back.clone(),
        pager,
        filtered: !narrowed.pairs().is_empty(),
        clear: clear.clone(),
        fixed: problems::fixed_since(&mut scope, visitor.now - chrono::Duration::days(7)).await?,
        records: visitor.can(Permission::RecordsView),
        now: visitor.stamp(visitor.now),
    };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let channels = store::channels(&mut scope, None).await?;
    let channel = channels.iter().find(|c| Some(c.id) == filter.channel).map(|c| c.name.clone());
    let shell = visitor.shell(&mut scope, "errors").await?;
    visitor.html(&Index {
        shell,
        title: match list.after() {
            Some(_) => "Error Queue, further page".into(),
            None => "Error Queue".into(),
        },
        flat,
        view,
        by_cause: list.link().without("view").without("flat").without("cause").to_string(),
        one_by_one: list.link().without("view").with("flat", 1).to_string(),
        snoozed: list.link().without("flat").without("cause").with("view", View::Snoozed).to_string(),
        snoozed_count: problems::count(&mut scope, &Filter::of(View::Snoozed, visitor.now)).await?,
        resolved: list.link().without("flat").without("cause").with("view", View::Resolved).to_string(),
        owners: vec![
            choice("me", "Mine", matches!(filter.owner, Some(Owner::Of(_)))),
            choice("nobody", "Nobody’s", filter.owner == Some(Owner::Nobody)),
        ],
        q: list.q().to_owned(),
        kept: list.link().without("q").pairs().to_vec(),
        chips: chips(&list, &filter, channel),
        clear,
        notes: list.notes(),
        kinds: ProblemKind::ALL
            .iter()
            .map(|k| choice(k.as_str(), k.label(), filter.kind == Some(*k)))
            .collect(),
        classes: ErrorClass::ALL
            .iter()
            .map(|c| choice(c.as_str(), class_label(*c), filter.class == Some(*c)))
            .collect(),
        channels: channels
            .iter()
            .map(|c| choice(&c.id.to_string(), &c.name, filter.channel == Some(c.id)))
            .collect(),
        part,
    })
}

fn choice(value: &str, label: &str, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned(), chosen }
}

fn chips(list: &List, filter: &Filter, channel: Option<String>) -> Vec<Chip> {
    let link = list.link();
    let mut chips = Vec::new();
    let mut add = |key: &str, phrase: String| {
        chips.push(Chip { phrase, without: link.without(key).to_string() });
    };
    match filter.owner {
        Some(Owner::Of(_)) => add("owner", "Mine".into()),
        Some(Owner::Nobody) => add("owner", "Nobody’s".into()),
        None => {}
    }
    if let Some(kind) = filter.kind {
        add("kind", kind.label().into());
    }
    if let Some(class) = filter.class {
        add("class", class_label(class).into());
    }
    if let Some(id) = filter.channel {
        add("channel", format!("Channel: {}", channel.unwrap_or_else(|| format!("unknown ({id})"))));
    }
    if let Some(id) = filter.connection {
        add("connection", format!("Connection {id}"));
    }
    if filter.cause.is_some() {
        add("cause", "One cause only".into());
    }
    chips
}

fn item(visitor: &Visitor, row: Row, busy: &HashSet<ShipmentId>, back: &str) -> Item {
    let retried = row.resolved_at.is_none() && row.shipment_id.is_some_and(|id| busy.contains(&id));
    Item {
        retried,
        badge: if retried { Badge::moving("Retrying now") } else { badge(&row) },
        sentence: row.diagnosis().sentence,
        first: visitor.stamp(row.first_seen_at),
        last: visitor.stamp(row.last_seen_at),
        next: row.next_attempt_at.map(|at| visitor.stamp(at)),
        age: age(visitor.now - row.first_seen_at),
        resolved: row.resolved_at.map(|at| visitor.stamp(at)),
        work: work::of(visitor, &row, back),
        remedy: remedy::remedy(visitor, &row, back),
        again: remedy::again(visitor, &row),
        row,
    }
}

fn badge(row: &Row) -> Badge {
    if row.resolved_at.is_some() {
        return Badge::done("Fixed");
    }
    match (row.outcome_unknown, row.next_attempt_at) {
        (true, _) => Badge::unknown("Outcome unknown"),
        (_, Some(_)) => Badge::new(Tone::Warning, Certainty::Settled, "clock", row.kind.label()),
        (_, None) => Badge::failed(row.kind.label()),
    }
}

fn group(visitor: &Visitor, cause: Cause, busy: &HashSet<ShipmentId>, list: &List, back: &str) -> Group {
    let Cause { tally, rows } = cause;
    let stamp = |at: Instant| visitor.stamp(at);
    let mut items: Vec<Item> = rows.into_iter().map(|row| item(visitor, row, busy, back)).collect();
    let first = items.first().map(|item| item.row.clone());
    let first = first.as_ref();
    let badge = first.map_or(Badge::failed("Failed"), badge);
    let shown = i64::try_from(items.len()).unwrap_or(i64::MAX);
    // one step repairs all of them only where the cause is shared: a mapping, credentials
    let shared = first.and_then(|row| {
        use crate::problems::diagnose::Fix::{CorrectMapping, MapCourier, RenewCredentials};
        let fix = row.diagnosis().fix;
        let shared = tally.problems == 1 || matches!(fix, MapCourier | CorrectMapping | RenewCredentials);
        shared.then(|| remedy::remedy(visitor, row, back)).flatten()
    });
    if shared.is_some() && tally.problems > 1 {
        // the one fix above repairs them all; sending one by one would only fail again
        for item in &mut items {
            item.again = None;
            item.remedy = None;
        }
    }
    // sending again what waits for a mapping would only fail again
    let retry = |which: &str| {
        use crate::problems::diagnose::Fix::{CorrectMapping, MapCourier};
        let row = first.filter(|row| !matches!(row.diagnosis().fix, MapCourier | CorrectMapping))?;
        work::group(visitor, row, which, back).filter(|_| tally.problems > 1)
    };
    Group {
        spine: badge.spine(),
        class: first.map_or("", heading),
        retry: retry(""),
        retry_failed: retry("failed").filter(|_| tally.failed > 0 && tally.failed < tally.problems),
        failed: tally.failed,
        sentence: items.first().map(|item| item.sentence.clone()).unwrap_or_default(),
        noun: match first.map(|row| row.kind) {
            Some(ProblemKind::Submit) if tally.problems == 1 => "fulfillment",
            Some(ProblemKind::Submit) => "fulfillments",
            Some(ProblemKind::Post) if tally.problems == 1 => "shipment",
            Some(ProblemKind::Post) => "shipments",
            _ if tally.problems == 1 => "problem",
            _ => "problems",
        },
        place: first.map(|row| row.other_side().to_owned()).unwrap_or_default(),
        needs: first.and_then(|row| remedy::needs(visitor, row)),
        id: first.map_or(0, |row| row.id.0),
        remedy: shared,
        badge,
        problems: tally.problems,
        attempts: tally.attempts,
        first: stamp(tally.first_seen_at),
        last: stamp(tally.last_seen_at),
        next: tally.next_attempt_at.map(stamp),
        all: (tally.problems > shown).then(|| all(list, &tally.cause_key).to_string()),
        items,
    }
}

fn all(list: &List, cause: &str) -> Link {
    list.link().with("flat", 1).with("cause", cause)
}
