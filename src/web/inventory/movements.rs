//! `/inventory-movements`: the ledger of stock.

use crate::{
    actions::Action as _,
    clock::Instant,
    ids::ProductId,
    inventory::{
        MovementKind,
        counting::{ReverseAdjustment, signed},
        list::{self, MovementRow, Which},
    },
    web::{
        Visitor, WebResult,
        list::{Link, List},
        markup::{Pager, Stamp},
        records::Chip,
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;
use chrono::{Days, NaiveDate, TimeZone};

/// A movement on a page.
pub(super) struct Line {
    pub row: MovementRow,
    pub at: Stamp,
    /// With its sign: `+5`, `−2`.
    pub quantity: String,
    /// The page that takes it back, where that can be done.
    pub reverse: Option<String>,
}

/// The lines as somebody sees them, and from which page, if they come back to it.
pub(super) fn lines(visitor: &Visitor, rows: Vec<MovementRow>, from: Option<&Link>) -> Vec<Line> {
    let may = visitor.can(ReverseAdjustment::PERMISSION);
    let reverse = |row: &MovementRow| {
        let page = Link::to(format!("/products/{}/reverse-adjustment", row.product_id));
        let page = page.with("movement", row.id);
        from.map_or(page.clone(), |from| page.with("back", from)).to_string()
    };
    let line = |row: MovementRow| Line {
        at: visitor.stamp(row.created_at),
        quantity: signed(row.quantity),
        reverse: (may && row.is_reversible()).then(|| reverse(&row)),
        row,
    };
    rows.into_iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "inventory/movements.html")]
struct Page {
    shell: Shell,
    kinds: Vec<(MovementKind, bool)>,
    since: String,
    until: String,
    product: String,
    chips: Vec<Chip>,
    may_edit: bool,
    filtered: bool,
    notes: Vec<String>,
    lines: Vec<Line>,
    pager: Pager,
}

/// What is asked for, each with a way to ask for it no more.
fn chips(list: &List, which: &Which, sku: Option<String>) -> Vec<Chip> {
    let words = [
        ("product", sku.map(|sku| format!("Product: {sku}"))),
        ("kind", which.kind.map(|kind| kind.label().to_owned())),
        ("since", which.since.and(list.get("since")).map(|day| format!("From {day}"))),
        ("until", which.until.and(list.get("until")).map(|day| format!("Until {day}"))),
    ];
    let chip = |(key, text): (&str, Option<String>)| {
        Some(Chip { text: text?, href: list.link().without(key).to_string() })
    };
    words.into_iter().filter_map(chip).collect()
}

/// `GET /inventory-movements`
pub async fn movements(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, &["product", "kind", "since", "until"]);
    let day = |key: &str| list.word(key, |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    let (since, until) = (day("since"), day("until"));
    // days begin where the account is
    let begin = |day: NaiveDate| -> Option<Instant> {
        let at = visitor.zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).earliest()?;
        Some(at.to_utc())
    };
    let which = Which {
        product: list.value::<ProductId>("product"),
        kind: list.word("kind", MovementKind::parse),
        since: since.and_then(begin),
        until: until.and_then(|day| begin(day.checked_add_days(Days::new(1))?)),
        ..Which::default()
    };
    let mut scope = visitor.scope().await?;
    let page = list::movements(&mut scope, &which, list.after(), list.size()).await?;
    let product = match which.product {
        Some(id) => list::product(&mut scope, id).await?,
        None => None,
    };
    let date = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    visitor.html(&Page {
        shell: visitor.shell(&mut scope, "movements").await?,
        kinds: MovementKind::ALL.iter().map(|kind| (*kind, which.kind == Some(*kind))).collect(),
        since: date(since),
        until: date(until),
        product: which.product.map(|id| id.to_string()).unwrap_or_default(),
        chips: chips(&list, &which, product.map(|product| product.sku)),
        may_edit: visitor.can(ReverseAdjustment::PERMISSION),
        filtered: list.is_filtered(),
        notes: list.notes(),
        pager: list.pager(&page, None, "movements"),
        lines: lines(&visitor, page.rows, Some(&list.link())),
    })
}
