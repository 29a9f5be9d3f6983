//! Search → Shipments: the list, by tab, filter and search.

use crate::{
    accounts::Permission,
    bulk::Resource,
    channels::store,
    clock::Instant,
    db::Scope,
    ids::{ChannelId, ConnectionId},
    problems::diagnose::Fix,
    providers::connection,
    shipments::{
        ChannelSync, Status,
        list::{self as shipments, COUNTED, Filter, Row, Tab},
        view,
    },
    web::{
        Visitor, WebResult, badge,
        badge::Badge,
        bulk::Bar,
        exports, filters,
        list::{Link, List},
        markup::{Offer, Pager, Stamp},
        narrow::{self, Narrowed},
        shell::Shell,
        views,
    },
};
use actix_web::HttpResponse;
use askama::Template;
use chrono::{NaiveDate, TimeZone};
use std::collections::BTreeSet;

const FILTERS: &[&str] = &[
    "tab",
    "status",
    "sync",
    "connection",
    "channel",
    "courier",
    "from",
    "until",
    "silent",
    "open",
    "f",
    "view",
];

/// An applied filter, as a phrase with a way to take it away.
struct Chip {
    phrase: String,
    without: String,
}

/// One value of a filter's select.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct TabLink {
    label: &'static str,
    href: String,
    current: bool,
    count: String,
}

struct Line {
    sku: String,
    name: String,
    quantity: i32,
    unit_cost: Option<i64>,
}

struct Item {
    row: Row,
    status: Badge,
    sync: Badge,
    spine: &'static str,
    held: bool,
    created: Stamp,
    posted: Option<Stamp>,
    fix: Option<Offer>,
    toggle: String,
    open: Option<Vec<Line>>,
}

/// The region that searching, paging and expanding replace.
#[derive(Template)]
#[template(path = "shipments/_results.html")]
struct Results {
    nonce: String,
    items: Vec<Item>,
    pager: Pager,
    summary: String,
    filtered: bool,
    clear: String,
    tab: Tab,
    costs: bool,
    q: String,
    bar: Option<Bar>,
    /// Where all of it is exported.
    export: Option<String>,
}

impl askama::filters::HtmlSafe for Results {}

#[derive(Template)]
#[template(path = "shipments/index.html")]
struct Index {
    shell: Shell,
    title: String,
    tabs: Vec<TabLink>,
    q: String,
    kept: Vec<(String, String)>,
    chips: Vec<Chip>,
    clear: String,
    notes: Vec<String>,
    faults: Vec<String>,
    /// The page that adds any filter.
    add: String,
    views: views::Tabs,
    statuses: Vec<Choice>,
    syncs: Vec<Choice>,
    connections: Vec<Choice>,
    channels: Vec<Choice>,
    couriers: Vec<Choice>,
    from: String,
    until: String,
    zone: String,
    part: Results,
}

/// `GET /shipments`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, FILTERS);
    let mut scope = visitor.scope().await?;
    let mut narrowed = Narrowed::read(&visitor, &list, Resource::Shipments);
    let mut filter = filter(&visitor, &list);
    filter.tree = narrowed.tree();
    let tab = filter.tab.unwrap_or(Tab::Active);
    let size = list.size();
    let mut after = list.after();
    let mut found = shipments::find(&mut scope, &filter, after, size).await;
    if let Err(error) = found {
        narrowed.give_way(error)?;
        filter.tree = None;
        found = shipments::find(&mut scope, &filter, after, size).await;
    }
    let mut found = found?;
    if found.page.rows.is_empty() && after.is_some() {
        // what the cursor stood beside is gone: back to the first page
        after = None;
        found = shipments::find(&mut scope, &filter, None, size).await?;
    }
    let shipments::Found { page, total } = found;
    let open: BTreeSet<i64> = list.words("open", |text| text.parse().ok()).into_iter().take(20).collect();
    let pager = pager(&list, &page, total);
    // what is left out of the filter would be done to more than was asked
    let more = narrowed.is_whole() && (pager.prev.is_some() || pager.next.is_some());
    let bar = Bar::of(&visitor, Resource::Shipments, &list.link(), more.then(|| of_total(total)));
    let mut items = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        let lines = match open.contains(&row.id.0) {
            true => Some(view::lines(&mut scope, row.id).await?),
            false => None,
        };
        items.push(item(&visitor, &list, row, lines, after.is_some()));
    }
    let clear = cleared(&list).to_string();
    let asked = list.link().without("tab").without("open");
    let part = Results {
        nonce: visitor.asked.nonce.clone(),
        items,
        summary: pager.summary.clone(),
        pager,
        filtered: !asked.pairs().iter().all(|(key, _)| key == "size" || key == "view"),
        clear: clear.clone(),
        tab,
        costs: visitor.can(Permission::CostsView),
        q: list.q().to_owned(),
        bar,
        export: (narrowed.is_whole() && visitor.can(Permission::ExportsRun))
            .then(|| exports::link(crate::exports::Resource::Shipments, &list.link())),
    };
    if visitor.partial() {
        return visitor.asked.html_with(narrowed.status(), &part);
    }
    let views = views::tabs(&visitor, &mut scope, Resource::Shipments, &list).await?;
    let chosen = (filter.connection, filter.channel, filter.courier.clone());
    let connections = connection::list(&mut scope).await?;
    let channels = store::channels(&mut scope, None).await?;
    let couriers = shipments::couriers(&mut scope).await?;
    let unknown = shipments::waiting(&mut scope, Status::Unconfirmed).await?;
    let errors = shipments::waiting(&mut scope, Status::Error).await?;
    let shell = visitor.shell(&mut scope, "shipments").await?;
    let page_word = if after.is_some() { ", further page" } else { "" };
    let names = Names {
        connection: connections.iter().find(|c| Some(c.id) == filter.connection).map(|c| c.name.clone()),
        channel: channels.iter().find(|c| Some(c.id) == filter.channel).map(|c| c.name.clone()),
    };
    let mut all_chips = chips(&list, &filter, &names, visitor.zone);
    let parts = narrowed.parts(&visitor, &list.link()).into_iter();
    all_chips.extend(parts.map(|part| Chip { phrase: part.phrase, without: part.without }));
    let link = list.link();
    let tree = link.pairs().iter().find(|(key, _)| key == narrow::KEY);
    let page = Index {
        shell,
        title: match tab {
            Tab::Active => format!("Shipments{page_word}"),
            tab => format!("Shipments: {}{page_word}", tab.label()),
        },
        tabs: Tab::ALL
            .iter()
            .map(|&one| TabLink {
                label: one.label(),
                href: {
                    let link = match one {
                        Tab::Active => Link::to("/shipments"),
                        one => Link::to("/shipments").with("tab", one),
                    };
                    tree.map_or_else(|| link.to_string(), |(key, value)| link.with(key, value).to_string())
                },
                current: one == tab && views.current.is_none(),
                count: match one {
                    Tab::Unknown => capped(unknown),
                    Tab::Errors => capped(errors),
                    _ => String::new(),
                },
            })
            .collect(),
        q: list.q().to_owned(),
        kept: list.link().without("q").without("open").pairs().to_vec(),
        chips: all_chips,
        clear,
        faults: narrowed.faults(),
        add: narrow::address(Resource::Shipments, &link),
        views,
        notes: list.notes(),
        statuses: choices(Status::ALL, &filter.statuses, |s| (s.as_str(), badge::shipment_status(s).label)),
        syncs: choices(ChannelSync::ALL, &filter.syncs, |s| (s.as_str(), badge::channel_sync(s).label)),
        connections: connections
            .into_iter()
            .map(|c| Choice { value: c.id.to_string(), chosen: Some(c.id) == chosen.0, label: c.name })
            .collect(),
        channels: channels
            .into_iter()
            .map(|c| Choice { value: c.id.to_string(), chosen: Some(c.id) == chosen.1, label: c.name })
            .collect(),
        couriers: couriers
            .into_iter()
            .map(|c| Choice { chosen: Some(&c) == chosen.2.as_ref(), value: c.clone(), label: c })
            .collect(),
        from: list.get("from").unwrap_or_default().to_owned(),
        until: list.get("until").unwrap_or_default().to_owned(),
        zone: visitor.zone.name().to_owned(),
        part,
    };
    visitor.asked.html_with(narrowed.status(), &page)
}

/// What a list's query asks for, and that in words, for what is done to all of it.
pub async fn selection(visitor: &Visitor, scope: &mut Scope, query: &str) -> WebResult<(Filter, String)> {
    let list = List::parse("/shipments", query, FILTERS);
    let narrowed = Narrowed::read(visitor, &list, Resource::Shipments);
    let filter = Filter { tree: narrowed.settled(visitor)?, ..filter(visitor, &list) };
    let names = Names {
        connection: connection::list(scope)
            .await?
            .into_iter()
            .find(|c| Some(c.id) == filter.connection)
            .map(|c| c.name),
        channel: store::channels(scope, None)
            .await?
            .into_iter()
            .find(|c| Some(c.id) == filter.channel)
            .map(|c| c.name),
    };
    let mut said = vec![format!("All shipments in {}", filter.tab.unwrap_or(Tab::Active).label())];
    said.extend(chips(&list, &filter, &names, visitor.zone).into_iter().map(|chip| chip.phrase));
    said.extend(narrowed.parts(visitor, &list.link()).into_iter().map(|part| part.phrase));
    if !filter.q.is_empty() {
        said.push(format!("Search: {}", filter.q));
    }
    Ok((filter, said.join(" · ")))
}

fn filter(visitor: &Visitor, list: &List) -> Filter {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let start = |day: NaiveDate| -> Option<Instant> {
        let local = visitor.zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?);
        Some(local.earliest()?.to_utc())
    };
    let filter = Filter {
        tab: list.word("tab", Tab::parse),
        statuses: list.words("status", Status::parse),
        syncs: list.words("sync", ChannelSync::parse),
        connection: list.value::<ConnectionId>("connection"),
        channel: list.value::<ChannelId>("channel"),
        courier: list.get("courier").map(plain).filter(|c| !c.is_empty()),
        from: list.word("from", day).and_then(start),
        until: list.word("until", day).and_then(|day| day.succ_opt()).and_then(start),
        q: plain(list.q()),
        personal: visitor.can(Permission::PersonalView),
        ..Filter::default()
    };
    if list.get("silent").is_some() { filter.silent(visitor.now) } else { filter }
}

/// Without what no text in the database can hold.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// `10,000+`, or the number.
pub fn counted(total: i64, most: i64) -> String {
    match total > most {
        true => format!("{}+", filters::grouped(most)),
        false => filters::grouped(total),
    }
}

fn capped(count: i64) -> String {
    match count {
        0 => String::new(),
        100 => "99+".into(),
        n => n.to_string(),
    }
}

/// How many there are, as far as that was counted.
fn of_total(total: Option<i64>) -> String {
    total.map_or_else(String::new, |total| counted(total, COUNTED))
}

fn pager(list: &List, page: &crate::paging::Page<Row>, total: Option<i64>) -> Pager {
    let mut pager = list.pager(page, None, "shipments");
    let alone = page.previous.is_none() && page.next.is_none();
    pager.summary = match total {
        Some(1) if alone => "1 shipment".into(),
        Some(total) if alone => format!("{} shipments", counted(total, COUNTED)),
        Some(total) => format!("{} of {} shipments", page.rows.len(), counted(total, COUNTED)),
        None => format!("{} shipments of more", page.rows.len()),
    };
    pager
}

fn cleared(list: &List) -> Link {
    match list.get("tab") {
        Some(tab) => Link::to("/shipments").with("tab", tab),
        None => Link::to("/shipments"),
    }
}

fn item(visitor: &Visitor, list: &List, row: Row, lines: Option<Vec<view::Line>>, paged: bool) -> Item {
    let status = badge::shipment_status(row.status);
    let sync = badge::channel_sync(row.channel_sync);
    let hold = row.order_on_hold && matches!(row.status, Status::PendingPost | Status::Error);
    let spine = [status.spine(), sync.spine()]
        .into_iter()
        .find(|spine| !spine.is_empty())
        .unwrap_or(if hold { "spine hold" } else { "" });
    let mut link = list.link();
    if paged && let Some(cursor) = list.get("after") {
        link = link.with("after", cursor);
    }
    let id = row.id.to_string();
    let toggle = match lines {
        Some(_) => link.without_value("open", &id),
        None => link.and("open", &id),
    };
    let costs = visitor.can(Permission::CostsView);
    Item {
        status,
        sync,
        spine,
        created: visitor.stamp(row.created_at),
        posted: row.date_post.map(|at| visitor.stamp(at)),
        fix: fix(visitor, &row),
        toggle: toggle.to_string(),
        held: hold,
        open: lines.map(|lines| {
            lines
                .into_iter()
                .map(|line| Line {
                    sku: line.sku,
                    name: line.name,
                    quantity: line.quantity,
                    unit_cost: costs.then_some(line.unit_cost_minor),
                })
                .collect()
        }),
        row,
    }
}

/// The one step that repairs the row, where a list can offer it.
fn fix(visitor: &Visitor, row: &Row) -> Option<Offer> {
    use crate::outbound::ErrorClass::{CourierRejected, CourierUnmapped};
    let problem = row.problem_id?;
    let maps = matches!(row.problem_class, Some(CourierUnmapped | CourierRejected));
    (maps && visitor.can(Permission::CouriersEdit)).then(|| Offer {
        label: match row.problem_class {
            Some(CourierRejected) => Fix::CorrectMapping.label().to_owned(),
            _ => "Map courier".into(),
        },
        href: format!("/problems/{problem}/fix?back=/shipments"),
    })
}

struct Names {
    connection: Option<String>,
    channel: Option<String>,
}

fn chips(list: &List, filter: &Filter, names: &Names, zone: chrono_tz::Tz) -> Vec<Chip> {
    let link = list.link().without("open");
    let mut chips = Vec::new();
    let mut add = |keys: &[&str], phrase: String| {
        let without = keys.iter().fold(link.clone(), |link, key| link.without(key));
        chips.push(Chip { phrase, without: without.to_string() });
    };
    let labels = |labels: Vec<&'static str>| labels.join(", ");
    if filter.posted_before.is_some() {
        add(&["silent"], "Posted over 24 h ago".into());
    }
    if !filter.statuses.is_empty() {
        let said = filter.statuses.iter().map(|s| badge::shipment_status(*s).label);
        add(&["status"], labels(said.collect()));
    }
    if !filter.syncs.is_empty() {
        let said = filter.syncs.iter().map(|s| badge::channel_sync(*s).label);
        add(&["sync"], format!("Channel sync: {}", labels(said.collect())));
    }
    if let Some(connection) = filter.connection {
        let name = names.connection.clone().unwrap_or_else(|| format!("unknown ({connection})"));
        add(&["connection"], format!("Connection: {name}"));
    }
    if let Some(channel) = filter.channel {
        let name = names.channel.clone().unwrap_or_else(|| format!("unknown ({channel})"));
        add(&["channel"], format!("Channel: {name}"));
    }
    if let Some(courier) = &filter.courier {
        add(&["courier"], format!("Courier: {courier}"));
    }
    let day = |text: Option<&str>| text.and_then(|t| NaiveDate::parse_from_str(t, "%Y-%m-%d").ok());
    let date = |day: NaiveDate| day.format("%-d %b %Y").to_string();
    match (day(list.get("from")), day(list.get("until"))) {
        (Some(from), Some(until)) => {
            add(&["from", "until"], format!("Created: {} to {} ({zone})", date(from), date(until)));
        }
        (Some(from), None) => add(&["from"], format!("Created: from {} ({zone})", date(from))),
        (None, Some(until)) => add(&["until"], format!("Created: until {} ({zone})", date(until))),
        (None, None) => {}
    }
    chips
}

fn choices<T: Copy + PartialEq>(
    all: &[T],
    chosen: &[T],
    words: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<Choice> {
    all.iter()
        .map(|one| {
            let (value, label) = words(*one);
            Choice { value: value.into(), label: label.into(), chosen: chosen.contains(one) }
        })
        .collect()
}
