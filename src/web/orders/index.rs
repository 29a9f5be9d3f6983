//! `/orders`: Manage Orders.

use super::{
    RowView,
    asked::{self, Chip, Select},
};
use crate::{
    accounts::Permission,
    bulk::Resource,
    db::Scope,
    ids::OrderId,
    orders::list::{self as orders, COUNTED, Filter, Tab},
    web::{
        Visitor, WebResult,
        bulk::Bar,
        exports,
        filters::{self, grouped},
        list::{Link, List},
        markup::Pager,
        narrow,
        shell::Shell,
        views,
    },
};
use actix_web::{
    HttpResponse,
    http::header::{HeaderName, HeaderValue},
};
use askama::Template;

struct TabView {
    href: String,
    label: &'static str,
    count: String,
    current: bool,
}

/// The list itself: what htmx replaces while one types.
#[derive(Template)]
#[template(path = "orders/_list.html")]
struct Part {
    chips: Vec<Chip>,
    clear: String,
    notes: Vec<String>,
    faults: Vec<String>,
    rows: Vec<RowView>,
    personal: bool,
    pager: Pager,
    found: String,
    exact: Option<(OrderId, String)>,
    empty: Empty,
    bar: Option<Bar>,
    /// Where all of it is exported.
    export: Option<String>,
}

impl askama::filters::HtmlSafe for Part {}

/// What to say when there is nothing.
struct Empty {
    title: String,
    text: &'static str,
    icon: &'static str,
    connect: bool,
}

#[derive(Template)]
#[template(path = "orders/index.html")]
struct Page {
    shell: Shell,
    title: String,
    tabs: Vec<TabView>,
    can_import: bool,
    q: String,
    /// What the search form keeps: everything but what is searched for.
    kept: Vec<(String, String)>,
    /// What the filter form keeps: the search and the tab.
    kept_by_filters: Vec<(String, String)>,
    selects: Vec<Select>,
    from: String,
    until: String,
    /// The page that adds any filter.
    add: String,
    views: views::Tabs,
    list: Part,
}

/// `GET /orders`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, &asked::KEYS);
    if !visitor.partial() && holds_nothing(&visitor.asked.query) {
        // a form sends its empty fields too; the address people copy has none
        return visitor.see_other(list.link().to_string());
    }
    let mut scope = visitor.scope().await?;
    let mut asked = asked::read(&visitor, &mut scope, &list).await?;
    asked.filter.tree = asked.narrowed.tree();
    let mut found = orders::find(&mut scope, &asked.filter, list.after(), list.size()).await;
    if let Err(error) = found {
        asked.narrowed.give_way(error)?;
        asked.filter.tree = None;
        found = orders::find(&mut scope, &asked.filter, list.after(), list.size()).await;
    }
    let orders::Found { page, total } = found?;
    let exact = orders::exact(&mut scope, &asked.filter.q).await?;
    let mut pager = list.pager(&page, None, "orders");
    pager.summary = match total {
        Some(total) => shown(page.rows.len(), total, noun(total)),
        None => format!("{} orders of more", page.rows.len()),
    };
    let turned = pager.prev.is_some();
    // what is left out of the filter would be done to more than was asked
    let more = asked.narrowed.is_whole() && (turned || pager.next.is_some());
    let bar = Bar::of(
        &visitor,
        Resource::Orders,
        &list.link(),
        more.then(|| total.map_or_else(String::new, capped)),
    );
    let part = Part {
        clear: clear(&list),
        notes: list.notes(),
        rows: page.rows.into_iter().map(|row| RowView::new(&visitor, row)).collect(),
        personal: visitor.can(Permission::PersonalView),
        found: total
            .map_or_else(|| pager.summary.clone(), |total| format!("{} {}", capped(total), noun(total))),
        faults: asked.narrowed.faults(),
        exact,
        bar,
        export: (asked.narrowed.is_whole() && visitor.can(Permission::ExportsRun))
            .then(|| exports::link(crate::exports::Resource::Orders, &list.link())),
        pager,
        empty: empty(&visitor, asked.filter.tab, asked.chips.len()),
        chips: asked.chips,
    };
    let status = asked.narrowed.status();
    if visitor.partial() {
        let mut answer = visitor.asked.html_with(status, &part)?;
        if let Ok(address) = HeaderValue::from_str(&list.link().to_string()) {
            answer.headers_mut().insert(HeaderName::from_static("hx-replace-url"), address);
        }
        return Ok(answer);
    }
    let views = views::tabs(&visitor, &mut scope, Resource::Orders, &list).await?;
    let mut tabs = tabs(&mut scope, asked.filter.tab, list.get(narrow::KEY)).await?;
    let current = tabs.iter().find(|tab| tab.current && asked.filter.tab != Tab::All);
    let title_tab = current.map(|tab| tab.label);
    if views.current.is_some() {
        tabs.iter_mut().for_each(|tab| tab.current = false);
    }
    let mut title = title_tab.map_or("Manage Orders".to_owned(), |label| format!("{label} – Manage Orders"));
    if turned {
        title.push_str(", further page");
    }
    let keep = |without: &[&str]| {
        let link = without.iter().fold(list.link(), |link, key| link.without(key));
        link.pairs().to_vec()
    };
    let filters = ["status", "store", "channel", "hold", "sync", "shipment", "placed", "from", "until"];
    let page = Page {
        add: narrow::address(Resource::Orders, &list.link()),
        views,
        title,
        tabs,
        can_import: visitor.can(Permission::ImportsRun),
        q: list.q().to_owned(),
        kept: keep(&["q"]),
        kept_by_filters: keep(&filters),
        selects: asked.selects,
        from: list.get("from").unwrap_or_default().to_owned(),
        until: list.get("until").unwrap_or_default().to_owned(),
        list: part,
        shell: visitor.shell(&mut scope, "orders").await?,
    };
    visitor.asked.html_with(status, &page)
}

/// What a list's query asks for, and that in words, for what is done to all of it.
pub async fn selection(visitor: &Visitor, scope: &mut Scope, query: &str) -> WebResult<(Filter, String)> {
    let list = List::parse("/orders", query, &asked::KEYS);
    let asked = asked::read(visitor, scope, &list).await?;
    let tab = match asked.filter.tab {
        Tab::All => "All orders".to_owned(),
        tab => format!("All orders in {}", label(tab)),
    };
    let said: Vec<String> =
        std::iter::once(tab).chain(asked.chips.into_iter().map(|chip| chip.label)).collect();
    let filter = Filter { tree: asked.narrowed.settled(visitor)?, ..asked.filter };
    Ok((filter, said.join(" · ")))
}

/// Whether a query has a key without a value.
fn holds_nothing(query: &str) -> bool {
    query.split('&').any(|pair| pair.ends_with('='))
}

/// The list with its tab and nothing else.
fn clear(list: &List) -> String {
    let link = list.link();
    let tab = link.pairs().iter().find(|(key, _)| key == "tab").cloned();
    let link = Link::to("/orders");
    tab.map_or(link.to_string(), |(key, value)| link.with(&key, value).to_string())
}

/// The tabs, with the tree kept; their numbers are those of the tabs alone.
async fn tabs(scope: &mut Scope, current: Tab, tree: Option<&str>) -> WebResult<Vec<TabView>> {
    let mut tabs = Vec::new();
    for &tab in Tab::ALL {
        let count = orders::count(scope, &Filter { tab, ..Filter::default() }).await?;
        tabs.push(TabView {
            href: {
                let link = match tab {
                    Tab::All => Link::to("/orders"),
                    _ => Link::to("/orders").with("tab", tab),
                };
                tree.map_or_else(|| link.to_string(), |tree| link.with(narrow::KEY, tree).to_string())
            },
            label: label(tab),
            count: capped(count),
            current: tab == current,
        });
    }
    Ok(tabs)
}

fn label(tab: Tab) -> &'static str {
    match tab {
        Tab::All => "All",
        Tab::Attention => "Needs attention",
        Tab::OnHold => "On hold",
        Tab::Unshipped => "Unshipped",
        Tab::NotSynced => "Channel not synced",
    }
}

fn empty(visitor: &Visitor, tab: Tab, filters: usize) -> Empty {
    if filters > 0 {
        return Empty {
            title: match filters {
                1 => "No orders match this filter".to_owned(),
                n => format!("No orders match these {n} filters"),
            },
            text: "The filters are still there. Take one away, or clear them all.",
            icon: "search",
            connect: false,
        };
    }
    let (title, text, icon) = match tab {
        Tab::All => ("No orders yet", "Orders appear here when a store is connected.", "inbox"),
        Tab::Attention => {
            ("No order needs you", "Orders whose shipment or channel sync fails appear here.", "circle-check")
        }
        Tab::OnHold => {
            ("Nothing is on hold", "Orders that are held back on purpose appear here.", "circle-check")
        }
        Tab::Unshipped => {
            ("Everything is shipped", "Paid orders that have not left appear here.", "circle-check")
        }
        Tab::NotSynced => (
            "Every channel has its tracking",
            "Orders whose channel refused tracking appear here.",
            "circle-check",
        ),
    };
    Empty {
        title: title.to_owned(),
        text,
        icon,
        connect: tab == Tab::All && visitor.can(Permission::StoresEdit),
    }
}

/// How much of all is on the page: `50 of 412 orders`, `7 orders`.
pub fn shown(rows: usize, total: i64, noun: &str) -> String {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    match rows == total {
        true => format!("{} {noun}", grouped(rows)),
        false => format!("{} of {} {noun}", grouped(rows), capped(total)),
    }
}

/// A number that was counted up to a limit: `412`, `10,000+`.
pub fn capped(count: i64) -> String {
    if count > COUNTED { format!("{}+", grouped(COUNTED)) } else { grouped(count) }
}

fn noun(count: i64) -> &'static str {
    if count == 1 { "order" } else { "orders" }
}
