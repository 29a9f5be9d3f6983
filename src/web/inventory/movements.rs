//! `/inventory-movements`: the ledger of stock.

use crate::{
    clock::Instant,
    ids::ProductId,
    inventory::{
        MovementKind,
        list::{self, MovementRow, Which},
    },
    web::{
        Visitor, WebResult,
        list::List,
        markup::{Pager, Stamp},
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
}

pub(super) fn lines(visitor: &Visitor, rows: Vec<MovementRow>) -> Vec<Line> {
    let line = |row: MovementRow| Line {
        at: visitor.stamp(row.created_at),
        quantity: match row.quantity {
            n if n < 0 => format!("−{}", n.unsigned_abs()),
            n => format!("+{n}"),
        },
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
    filtered: bool,
    notes: Vec<String>,
    lines: Vec<Line>,
    pager: Pager,
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
    };
    let mut scope = visitor.scope().await?;
    let page = list::movements(&mut scope, &which, list.after(), list.size()).await?;
    let date = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    visitor.html(&Page {
        shell: visitor.shell(&mut scope, "movements").await?,
        kinds: MovementKind::ALL.iter().map(|kind| (*kind, which.kind == Some(*kind))).collect(),
        since: date(since),
        until: date(until),
        product: which.product.map(|id| id.to_string()).unwrap_or_default(),
        filtered: list.is_filtered(),
        notes: list.notes(),
        pager: list.pager(&page, None, "movements"),
        lines: lines(&visitor, page.rows),
    })
}
