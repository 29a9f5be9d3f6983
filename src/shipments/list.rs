//! Shipments as a list: by tab, filter and search, newest first.

use super::{ChannelSync, Status, TrackingStatus, filter_columns};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    filters::{self, LONGEST_SEARCH, ListError, Tree},
    ids::{AccountId, ChannelId, ConnectionId, OrderId, ProblemId, ShipmentId},
    outbound::ErrorClass,
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Counting stops here: beyond it a list says `10,000+`.
pub const COUNTED: i64 = 10_000;

/// Most numbers a pasted list is searched for at once.
pub const MOST_TERMS: usize = 500;

text_enum! {
    /// The views of the list.
    Tab {
        /// Everything that is not voided.
        Active = "active",
        /// Nobody knows whether the provider has it.
        Unknown = "unknown",
        /// The provider refused it.
        Errors = "errors",
        /// At the provider, not shipped yet.
        PendingTracking = "pending_tracking",
        /// Left.
        Shipped = "shipped",
        /// Arrived.
        Delivered = "delivered",
        /// Voided, kept for history.
        Voided = "voided",
    }
}

impl Tab {
    /// As the tab reads.
    pub fn label(self) -> &'static str {
        match self {
            Tab::Active => "Active",
            Tab::Unknown => "Outcome unknown",
            Tab::Errors => "Errors",
            Tab::PendingTracking => "Pending tracking",
            Tab::Shipped => "Shipped",
            Tab::Delivered => "Delivered",
            Tab::Voided => "Voided",
        }
    }

    /// The one status its shipments have, where it is one.
    pub fn status(self) -> Option<Status> {
        match self {
            Tab::Active | Tab::Voided => None,
            Tab::Unknown => Some(Status::Unconfirmed),
            Tab::Errors => Some(Status::Error),
            Tab::PendingTracking => Some(Status::PendingTracking),
            Tab::Shipped => Some(Status::Shipped),
            Tab::Delivered => Some(Status::Delivered),
        }
    }
}

/// What a list is narrowed to; the default is everything that is not voided.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Filter {
    /// The tab; `None` is the first.
    pub tab: Option<Tab>,
    /// Any of these states.
    pub statuses: Vec<Status>,
    /// Any of these sync states.
    pub syncs: Vec<ChannelSync>,
    /// Sent by this connection.
    pub connection: Option<ConnectionId>,
    /// Sold through this channel.
    pub channel: Option<ChannelId>,
    /// With this courier, as it is sent.
    pub courier: Option<String>,
    /// Created at or after.
    pub from: Option<Instant>,
    /// Created before.
    pub until: Option<Instant>,
    /// Posted before.
    pub posted_before: Option<Instant>,
    /// Words that must all be found, or numbers of which any is.
    pub q: String,
    /// Whether names and e-mails may be searched too.
    pub personal: bool,
    /// Conditions in groups.
    #[serde(default, deserialize_with = "filter_columns::kept")]
    pub tree: Option<Tree>,
}

impl Filter {
    /// Narrows it to what its provider has had for a day without shipping it.
    pub fn silent(self, now: Instant) -> Filter {
        let day = chrono::Duration::hours(24);
        Filter { tab: Some(Tab::PendingTracking), posted_before: Some(now - day), ..self }
    }
}

/// A row of the list.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    pub id: ShipmentId,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = BigInt)]
    pub order_id: OrderId,
    #[diesel(sql_type = Text)]
    pub order_number: String,
    #[diesel(sql_type = Bool)]
    pub order_on_hold: bool,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Text)]
    pub channel_name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub status: Status,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_url: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_status: Option<TrackingStatus>,
    #[diesel(sql_type = Nullable<Text>)]
    pub courier: Option<String>,
    #[diesel(sql_type = Text)]
    pub channel_sync: ChannelSync,
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
    #[diesel(sql_type = BigInt)]
    pub items: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub date_post: Option<Instant>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub problem_id: Option<ProblemId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub problem_class: Option<ErrorClass>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// One page, newest first.
pub async fn page(
    scope: &mut Scope,
    filter: &Filter,
    after: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Row>> {
    let backwards = after.is_some_and(|c| c.backwards);
    let mut found =
        matching(sql("select s.* from shipments s where s.account_id = {}").bind(scope.account()), filter);
    if let Some(cursor) = after {
        found = match backwards {
            false => found.push(" and (s.created_at, s.id) < ({}, {})"),
            true => found.push(" and (s.created_at, s.id) > ({}, {})"),
        }
        .bind(cursor.at())
        .bind(cursor.id);
    }
    found = match backwards {
        false => found.push(" order by s.created_at desc, s.id desc limit {}"),
        true => found.push(" order by s.created_at, s.id limit {}"),
    }
    .bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    // the page is found by its index first; what surrounds its rows is joined to them alone:
    // with its limit bound, the planner expects a tenth of all and would read every order
    let statement = sql("select s.id, s.number, s.order_id, o.number as order_number, o.on_hold as order_on_hold, \
                         o.currency, ch.name as channel_name, s.connection_id, c.name as connection_name, s.status, \
                         s.tracking_number, s.tracking_url, s.tracking_status, s.courier, s.channel_sync, \
                         l.lines, l.items, s.date_post, s.created_at, p.id as problem_id, p.error_class as problem_class \
                         from (")
    .append(found)
    .push(") s join lateral (select o.number, o.on_hold, o.currency from orders o \
             where o.account_id = s.account_id and o.id = s.order_id limit 1) o on true \
           join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
           left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
           left join lateral (select count(*) as lines, coalesce(sum(l.quantity), 0) as items from shipment_lines l \
             where l.account_id = s.account_id and l.shipment_id = s.id) l on true \
           left join lateral (select p.id, p.error_class from problems p where p.account_id = s.account_id \
             and p.shipment_id = s.id and p.resolved_at is null and p.kind in ('post', 'submit') \
             order by p.kind limit 1) p on true ");
    let statement = match backwards {
        false => statement.push("order by s.created_at desc, s.id desc"),
        true => statement.push("order by s.created_at, s.id"),
    };
    let rows: Vec<Row> = filters::rows(scope, filter.tree.as_ref(), LONGEST_SEARCH, statement).await?;
    Ok(Page::cut(rows, size, after, |row| (row.created_at, row.id.0)))
}

/// How many there are; counting stops one past [`COUNTED`].
pub async fn count(scope: &mut Scope, filter: &Filter) -> DbResult<i64> {
    count_within(scope, filter, LONGEST_SEARCH).await
}

async fn count_within(scope: &mut Scope, filter: &Filter, time: Duration) -> DbResult<i64> {
    let inner =
        matching(sql("select 1 from shipments s where s.account_id = {}").bind(scope.account()), filter);
    let statement =
        sql("select count(*) as n from (").append(inner).push(" limit {}) as found").bind(COUNTED + 1);
    let counted: Vec<Count> = filters::rows(scope, filter.tree.as_ref(), time, statement).await?;
    Ok(counted.first().map_or(0, |count| count.n))
}

/// What a list with a tree answers, in the time that a list has for it.
#[derive(Debug)]
pub struct Found {
    /// The page.
    pub page: Page<Row>,
    /// How many there are, up to one past [`COUNTED`]; `None` if counting took too long.
    pub total: Option<i64>,
}

/// A page and how many there are. A tree
/// that takes longer than a list may is an error of its own.
pub async fn find(
    scope: &mut Scope,
    filter: &Filter,
    after: Option<Cursor>,
    size: usize,
) -> Result<Found, ListError> {
    let began = std::time::Instant::now();
    let failed = |error| ListError::of(error, filter.tree.as_ref());
    let page = page(scope, filter, after, size).await.map_err(failed)?;
    if after.is_none() && page.next.is_none() {
        // all of it is here: a second search would find no other
        let total = i64::try_from(page.rows.len()).ok();
        return Ok(Found { page, total });
    }
    let left = LONGEST_SEARCH.saturating_sub(began.elapsed());
    let total = match count_within(scope, filter, left).await {
        Ok(total) => Some(total),
        Err(error) if filter.tree.is_some() && error.is_too_slow() => None,
        Err(error) => return Err(ListError::Db(error)),
    };
    Ok(Found { page, total })
}

/// When the shipments of a filter were posted (`at`), to be counted.
pub fn posted(account: AccountId, filter: &Filter) -> Sql {
    matching(sql("select s.date_post as at from shipments s where s.account_id = {}").bind(account), filter)
}

/// How many wait for a person in a tab, up to 100: one partial index has them.
pub async fn waiting(scope: &mut Scope, status: Status) -> DbResult<i64> {
    let statement = sql("select count(*) as n from (select 1 from shipments where account_id = {} \
                         and status in ('error', 'unconfirmed') and status = {} limit 100) as found");
    let count: Option<Count> = scope.row(statement.bind(scope.account()).bind(status)).await?;
    Ok(count.map_or(0, |c| c.n))
}

/// Everything that matches as `id`, `label` and `at`, to be picked from.
pub fn selection(account: AccountId, filter: &Filter) -> Sql {
    let all =
        sql("select s.id, s.number as label, s.created_at as at from shipments s where s.account_id = {}");
    matching(all.bind(account), filter)
}

fn matching(mut statement: Sql, filter: &Filter) -> Sql {
    let tab = filter.tab.unwrap_or(Tab::Active);
    // who asks for what is voided gets it
    let asked_for =
        |tree: &Tree| tree.names("voided_at") || tree.asks_for("status", Status::Canceled.as_str());
    statement = match tab {
        Tab::Voided => statement.push(" and s.voided_at is not null"),
        Tab::Active if filter.tree.as_ref().is_some_and(asked_for) => statement,
        _ => statement.push(" and s.voided_at is null"),
    };
    if let Some(status) = tab.status() {
        statement = statement.push(" and s.status = {}").bind(status);
    }
    statement = match filter.statuses.as_slice() {
        [] => statement,
        [one] => statement.push(" and s.status = {}").bind(*one),
        many => statement.push(" and s.status = any({})").bind(words(many.iter().map(|s| s.as_str()))),
    };
    statement = match filter.syncs.as_slice() {
        [] => statement,
        [one] => statement.push(" and s.channel_sync = {}").bind(*one),
        many => statement.push(" and s.channel_sync = any({})").bind(words(many.iter().map(|s| s.as_str()))),
    };
    if let Some(connection) = filter.connection {
        statement = statement.push(" and s.connection_id = {}").bind(connection);
    }
    if let Some(channel) = filter.channel {
        statement = statement.push(" and s.channel_id = {}").bind(channel);
    }
    if let Some(courier) = &filter.courier {
        statement = statement.push(" and lower(s.courier) = {}").bind(crate::couriers::mapping::key(courier));
    }
    if let Some(from) = filter.from {
        statement = statement.push(" and s.created_at >= {}").bind(from);
    }
    if let Some(until) = filter.until {
        statement = statement.push(" and s.created_at < {}").bind(until);
    }
    if let Some(before) = filter.posted_before {
        statement = statement.push(" and s.date_post < {}").bind(before);
    }
    if let Some(tree) = &filter.tree {
        statement = tree.push_where(statement);
    }
    search(statement, &filter.q, filter.personal)
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(str::to_owned).collect()
}

/// Words must all be found; of a list with commas, any. Without the right to
/// personal data a match must lie in identifiers, so that a search tells nothing
/// about people.
fn search(mut statement: Sql, q: &str, personal: bool) -> Sql {
    let terms: Vec<String> =
        q.split([',', ';', '\n']).map(clean).filter(|t| !t.is_empty()).take(MOST_TERMS).collect();
    match terms.as_slice() {
        [] => statement,
        [one] => {
            for word in one.split_whitespace().take(10) {
                let pattern = crate::db::contains(word);
                statement = statement.push(" and s.search_text like {}").bind(&pattern);
                if !personal {
                    statement = in_identifiers(statement, &[pattern]);
                }
            }
            statement
        }
        many => {
            let patterns: Vec<String> = many.iter().map(|term| crate::db::contains(term)).collect();
            let statement = statement.push(" and s.search_text like any({})").bind(patterns.clone());
            if personal { statement } else { in_identifiers(statement, &patterns) }
        }
    }
}

fn in_identifiers(statement: Sql, patterns: &[String]) -> Sql {
    let patterns = patterns.to_vec();
    statement
        .push(
            " and (lower(s.number) like any({}) or lower(s.tracking_number) like any({}) \
               or exists (select 1 from orders so where so.account_id = s.account_id and so.id = s.order_id \
                 and (lower(so.number) like any({}) or lower(so.channel_reference) like any({}))) \
               or exists (select 1 from order_lines sl where sl.account_id = s.account_id and sl.order_id = s.order_id \
                 and lower(sl.sku) like any({})))",
        )
        .bind(patterns.clone())
        .bind(patterns.clone())
        .bind(patterns.clone())
        .bind(patterns.clone())
        .bind(patterns)
}

/// What people paste is taken as they mean it: `#1001`, or a whole address.
fn clean(term: &str) -> String {
    let term = term.trim();
    let term = match term.split_once("://") {
        Some((_, rest)) => rest
            .split(['?', '#'])
            .next()
            .and_then(|path| path.rsplit('/').find(|part| !part.is_empty()))
            .unwrap_or(term),
        None => term,
    };
    term.trim_start_matches('#').to_lowercase()
}

/// Couriers met on the account's channels, for the filter.
pub async fn couriers(scope: &mut Scope) -> DbResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Courier {
        #[diesel(sql_type = Text)]
        courier: String,
    }
    let statement = sql(
        "select courier from seen_couriers where account_id = {} group by courier order by courier limit 200",
    );
    let rows: Vec<Courier> = scope.rows(statement.bind(scope.account())).await?;
    Ok(rows.into_iter().map(|r| r.courier).collect())
}
