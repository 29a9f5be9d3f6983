//! One operation: what it would do, how far it is, and what became of each row.

use super::{back_to, list_of, row_badge, state_badge};
use crate::{
    bulk::{
        Operation, RowOutcome, State,
        actions::Line,
        list::{self, Row},
        options, pick,
        stock::Stock,
        undo::{self, Way},
    },
    ids::BulkOperationId,
    web::{
        Fields, Path, Visitor, WebError, WebResult,
        badge::Badge,
        filters::{self, grouped},
        list::Link,
        markup::{FormErrors, Stamp},
        routes,
        shell::Shell,
    },
};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;

/// Rows on a page.
const PAGE: i64 = 50;
/// An estimate needs this much behind it.
const SURE_AFTER_SECONDS: i64 = 5;
const SURE_AFTER_ROWS: i32 = 20;

/// What a page asks beside the operation.
#[derive(Default)]
pub(super) struct Trouble {
    /// What is wrong with the confirmation.
    pub errors: FormErrors,
    /// What was confirmed is not what would be done.
    pub stale: bool,
    /// What cannot be done now, in a sentence.
    pub refused: String,
}

struct Skipped {
    n: i64,
    reason: String,
    /// What would take the reason away.
    offer: Option<&'static str>,
    examples: Vec<(i64, String)>,
}

struct Tab {
    label: &'static str,
    n: i32,
    href: String,
    current: bool,
}

struct Item {
    row: Row,
    badge: Badge,
    at: Option<Stamp>,
}

/// Everything of an operation: asked for again when something of it moved.
#[derive(Template)]
#[template(path = "bulk/_operation.html")]
struct Part {
    id: BulkOperationId,
    operation: Operation,
    /// This page with what it is asked for.
    here: String,
    badge: Badge,
    heading: String,
    line: Option<&'static Line>,
    may: bool,
    moving: bool,
    says: String,
    left: String,
    started: Stamp,
    finished: Option<Stamp>,
    blocked: Vec<Skipped>,
    skipped: Vec<Skipped>,
    blocked_n: i32,
    typed: bool,
    typed_text: String,
    trouble: Trouble,
    /// Why it stopped for good on our side.
    stuck: Option<String>,
    records: &'static str,
    result: String,
    /// What it was told, in words.
    told: Vec<(&'static str, String)>,
    stock: Stock,
    /// What it takes back: id and words.
    undoes: Option<(BulkOperationId, String)>,
    /// Whether it can be taken back, once it ended.
    way: Option<Way>,
    tabs: Vec<Tab>,
    rows: Vec<Item>,
    next: Option<String>,
    back: String,
}

impl askama::filters::HtmlSafe for Part {}

impl Part {
    fn serious(&self) -> bool {
        self.operation.undo_of.is_none() && self.line.is_some_and(|line| line.serious)
    }

    fn opens(&self) -> bool {
        matches!(self.way, Some(Way::Open))
    }

    fn number(&self, n: impl std::borrow::Borrow<i32>) -> String {
        grouped(i64::from(*n.borrow()))
    }
}

#[derive(Template)]
#[template(path = "bulk/show.html")]
struct Show {
    shell: Shell,
    title: String,
    part: Part,
}

/// *Post 312 shipments to fulfillment*, by the rows it is or was about.
pub(super) fn title(operation: &Operation) -> String {
    let n = match operation.state {
        State::Previewing => operation.total,
        State::Previewed => operation.waiting,
        _ => operation.total - operation.skipped,
    };
    operation.title(i64::from(n))
}

/// `GET /bulk/{id}`
pub async fn show(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    render(&visitor, id.0, &fields, Trouble::default(), StatusCode::OK).await
}

pub(super) async fn render(
    visitor: &Visitor,
    id: BulkOperationId,
    fields: &Fields,
    trouble: Trouble,
    status: StatusCode,
) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let operation = Operation::find(&mut scope, id).await?.ok_or(WebError::NotFound)?;
    let line = operation.line();
    let looking = operation.state == State::Previewing;
    let groups =
        if operation.skipped > 0 && !looking { list::skipped(&mut scope, id).await? } else { Vec::new() };
    let (blocked, skipped): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.offer.is_some());
    let group = |group: list::Group| Skipped {
        n: group.n,
        reason: group.reason,
        offer: group.offer.and_then(|name| label(&name)),
        examples: group.ids.into_iter().zip(group.labels).collect(),
    };
    let blocked: Vec<Skipped> = blocked.into_iter().map(group).collect();
    let skipped: Vec<Skipped> = skipped.into_iter().map(group).collect();
    let wanted = RowOutcome::parse(fields.get("outcome"));
    let after: i32 = fields.get("after").parse().unwrap_or(0);
    let mut rows = match looking {
        true => Vec::new(),
        false => list::rows(&mut scope, id, wanted, after, PAGE + 1).await?,
    };
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let here = Link::to(format!("/bulk/{id}"));
    let filtered = match wanted {
        Some(outcome) => here.with("outcome", outcome),
        None => here.clone(),
    };
    let next = rows.last().filter(|_| more).map(|row| filtered.with("after", row.position).to_string());
    let paged = if after > 0 { filtered.with("after", after) } else { filtered };
    let typed = line.is_some_and(|line| line.is_typed(&operation));
    let undoes = match operation.undo_of {
        Some(earlier) => Operation::find(&mut scope, earlier).await?.map(|o| (o.id, title(&o))),
        None => None,
    };
    let way = match operation.has_ended() {
        true => Some(undo::way(&mut scope, &operation, visitor.now).await?),
        false => None,
    };
    let part = Part {
        id,
        told: line.map_or_else(Vec::new, |line| told(line, &operation, visitor)),
        stock: operation.stock(),
        undoes,
        way,
        here: paged.to_string(),
        badge: state_badge(&operation),
        heading: title(&operation),
        may: line.is_some_and(|line| visitor.can(line.action.permission())),
        moving: operation.is_moving(),
        says: says(&operation),
        left: left(&operation, visitor.now),
        started: visitor.stamp(operation.started_at.unwrap_or(operation.created_at)),
        finished: operation.finished_at.map(|at| visitor.stamp(at)),
        blocked_n: blocked.iter().map(|group| i32::try_from(group.n).unwrap_or(i32::MAX)).sum(),
        blocked,
        skipped,
        typed,
        typed_text: fields.get("count").to_owned(),
        trouble,
        stuck: if operation.is_moving() { list::stuck(&mut scope, id).await? } else { None },
        records: list_of(operation.resource),
        result: list::result(&operation),
        tabs: if looking { Vec::new() } else { tabs(&operation, &here, wanted) },
        rows: rows
            .into_iter()
            .map(|row| Item {
                badge: row_badge(row.outcome),
                at: row.finished_at.map(|at| visitor.stamp(at)),
                row,
            })
            .collect(),
        next,
        back: back_to(operation.resource, &pick::from(&operation)),
        line,
        operation,
    };
    if visitor.partial() {
        return visitor.asked.html_with(status, &part);
    }
    let asks = if part.operation.state == State::Previewed { "?" } else { "" };
    let error = if part.trouble.errors.is_empty() { "" } else { "Error: " };
    let title = format!("{error}{}{asks}", part.heading);
    let shell = visitor.shell(&mut scope, "bulk").await?;
    visitor.asked.html_with(status, &Show { shell, title, part })
}

/// What the action was told; what takes it back is told by each row.
fn told(line: &Line, operation: &Operation, visitor: &Visitor) -> Vec<(&'static str, String)> {
    match operation.undo_of {
        Some(_) => Vec::new(),
        None => options::words(line.fields, &operation.options, visitor.zone),
    }
}

/// The label of an action by its name.
fn label(name: &str) -> Option<&'static str> {
    routes::ACTIONS.iter().find(|page| page.name == name).map(|page| page.label)
}

/// What is said to those who do not look: at each quarter, not at each row.
fn says(operation: &Operation) -> String {
    match operation.state {
        State::Previewing => "Looking at the rows".into(),
        State::Previewed => "Ready to be confirmed".into(),
        State::Running => {
            let quarters = 4 * i64::from(operation.over()) / i64::from(operation.total.max(1));
            format!("{} % done", quarters * 25)
        }
        State::Paused => "Paused".into(),
        State::Canceled => "Stopped".into(),
        State::Finished => list::result(operation),
    }
}

/// How long it takes until the last row is begun; empty when that would be a
/// guess: too early to tell, or paused meanwhile.
fn left(operation: &Operation, now: crate::clock::Instant) -> String {
    let Some(since) = operation.run_since.filter(|_| operation.state == State::Running) else {
        return String::new();
    };
    let seconds = (now - since).num_seconds();
    let begun = operation.sent + operation.done + operation.failed + operation.unknown + operation.changed;
    if seconds < SURE_AFTER_SECONDS || begun < SURE_AFTER_ROWS || operation.waiting == 0 {
        return String::new();
    }
    let left = i64::from(operation.waiting) * seconds / i64::from(begun);
    match left {
        0..60 => "Less than a minute until the last one is begun.".into(),
        _ => format!("About {} min until the last one is begun.", (left + 59) / 60),
    }
}

fn tabs(operation: &Operation, here: &Link, wanted: Option<RowOutcome>) -> Vec<Tab> {
    let all = Tab { label: "All", n: operation.total, href: here.to_string(), current: wanted.is_none() };
    let one = |outcome: RowOutcome| Tab {
        label: row_badge(outcome).label,
        n: operation.count(outcome),
        href: here.with("outcome", outcome).to_string(),
        current: wanted == Some(outcome),
    };
    let some = RowOutcome::ALL.iter().map(|outcome| one(*outcome)).filter(|tab| tab.n > 0 || tab.current);
    std::iter::once(all).chain(some).collect()
}

/// `GET /bulk/{id}/results.csv`: every row, or those with one outcome.
pub async fn results(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    let outcome = RowOutcome::parse(Fields::read(visitor.asked.query.as_bytes()).get("outcome"));
    let mut scope = visitor.scope().await?;
    let operation = Operation::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let rows = list::rows(&mut scope, id.0, outcome, 0, i64::from(pick::MOST)).await?;
    let which = outcome.map_or("results", RowOutcome::as_str);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"bulk-{}-{which}.csv\"", operation.id),
        ))
        .body(list::csv(operation.resource.noun(1), &rows)))
}
