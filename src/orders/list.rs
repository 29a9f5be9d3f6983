//! Orders as a list: newest first, filtered, searched, paged by key.

use super::{HoldKind, OrderStatus, filter_columns};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, contains, sql},
    filters::{self, LONGEST_SEARCH, ListError, Tree},
    ids::{AccountId, ChannelId, CustomerId, OrderId},
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Counting stops here: more rows than this are `10,000+`.
pub const COUNTED: i64 = 10_000;
/// Words of a search that are looked for; the others are not.
const MOST_WORDS: usize = 6;

text_enum! {
    /// The views of the list that everybody has.
    Tab {
        /// Every order.
        All = "all",
        /// Those with a shipment or a sync that needs a person.
        Attention = "attention",
        /// Those that stand still on purpose.
        OnHold = "on_hold",
        /// Paid, nothing sent.
        Unshipped = "unshipped",
        /// Those whose channel refused tracking, or warned.
        NotSynced = "not_synced",
    }
}

/// Which orders are wanted. Everything given must hold; of several values of one
/// field, any.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Filter {
    /// The view.
    pub tab: Tab,
    /// Order statuses.
    pub statuses: Vec<OrderStatus>,
    /// Channels; a store is the list of its channels. `Some` of none matches nothing.
    pub channels: Option<Vec<ChannelId>>,
    /// Standing holds.
    pub holds: Vec<HoldKind>,
    /// Words of the channel sync.
    pub syncs: Vec<String>,
    /// Words of the state of its shipments.
    pub shipments: Vec<String>,
    /// Placed at or after.
    pub from: Option<Instant>,
    /// Placed before.
    pub until: Option<Instant>,
    /// Not sent, although it should have been by then.
    pub late_at: Option<Instant>,
    /// Whose.
    pub customer: Option<CustomerId>,
    /// What to look for; empty: everything.
    pub q: String,
    /// Whether names and e-mails may be searched too.
    pub personal: bool,
    /// Conditions in groups.
    #[serde(default, deserialize_with = "filter_columns::kept")]
    pub tree: Option<Tree>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            tab: Tab::All,
            statuses: Vec::new(),
            channels: None,
            holds: Vec::new(),
            syncs: Vec::new(),
            shipments: Vec::new(),
            from: None,
            until: None,
            late_at: None,
            customer: None,
            q: String::new(),
            personal: false,
            tree: None,
        }
    }
}

/// One order in the list.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    pub id: OrderId,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = Text)]
    pub channel_reference: String,
    #[diesel(sql_type = Text)]
    pub store_name: String,
    #[diesel(sql_type = Text)]
    pub channel_name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub customer_id: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub customer_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub status: OrderStatus,
    #[diesel(sql_type = Bool)]
    pub on_hold: bool,
    /// Words of its standing holds.
    #[diesel(sql_type = Array<Text>)]
    pub holds: Vec<HoldKind>,
    /// When the first of them releases itself.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub hold_until: Option<Instant>,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = BigInt)]
    pub total_minor: i64,
    #[diesel(sql_type = Integer)]
    pub items_ordered: i32,
    #[diesel(sql_type = Integer)]
    pub items_shipped: i32,
    /// A word of `shipments::Status`.
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_status: Option<String>,
    /// A word of `shipments::ChannelSync`.
    #[diesel(sql_type = Text)]
    pub channel_sync: String,
    #[diesel(sql_type = Timestamptz)]
    pub placed_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ship_by: Option<Instant>,
}

impl Row {
    /// Whether it is over without having been sent.
    pub fn canceled(&self) -> bool {
        matches!(self.status, OrderStatus::Canceled | OrderStatus::Refunded)
    }
}

/// A page of orders, newest first.
pub async fn page(
    scope: &mut Scope,
    filter: &Filter,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Row>> {
    let mut statement = sql("select o.id, o.number, o.channel_reference, s.name as store_name, c.name as channel_name, \
         o.customer_id, cu.name as customer_name, o.status, o.on_hold, \
         case when o.on_hold then array(select h.kind from order_holds h where h.account_id = o.account_id \
           and h.order_id = o.id and h.released_at is null order by h.created_at) else array[]::text[] end as holds, \
         case when o.on_hold then (select min(h.hold_until) from order_holds h where h.account_id = o.account_id \
           and h.order_id = o.id and h.released_at is null) end as hold_until, \
         o.currency, o.total_minor, o.items_ordered, o.items_shipped, o.shipment_status, o.channel_sync, o.placed_at, \
         o.ship_by from orders o \
         join channels c on c.account_id = o.account_id and c.id = o.channel_id \
         join stores s on s.account_id = c.account_id and s.id = c.store_id \
         left join customers cu on cu.account_id = o.account_id and cu.id = o.customer_id where ")
    .append(conditions(scope.account(), filter));
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = from {
        statement = match backwards {
            true => statement.push(" and (o.placed_at, o.id) > ({}, {})"),
            false => statement.push(" and (o.placed_at, o.id) < ({}, {})"),
        }
        .bind(cursor.at())
        .bind(cursor.id);
    }
    statement = match backwards {
        true => statement.push(" order by o.placed_at, o.id limit {}"),
        false => statement.push(" order by o.placed_at desc, o.id desc limit {}"),
    }
    .bind(i64::try_from(size).unwrap_or(i64::MAX - 1) + 1);
    let rows: Vec<Row> = filters::rows(scope, filter.tree.as_ref(), LONGEST_SEARCH, statement).await?;
    Ok(Page::cut(rows, size, from, |row| (row.placed_at, row.id.0)))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many there are; one more than [`COUNTED`] stands for "more".
pub async fn count(scope: &mut Scope, filter: &Filter) -> DbResult<i64> {
    count_within(scope, filter, LONGEST_SEARCH).await
}

async fn count_within(scope: &mut Scope, filter: &Filter, time: Duration) -> DbResult<i64> {
    let statement = sql("select count(*) as n from (select from orders o where ")
        .append(conditions(scope.account(), filter))
        .push(" limit {}) counted")
        .bind(COUNTED + 1);
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

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
    #[diesel(sql_type = Text)]
    number: String,
}

/// The one order whose number is what was typed, with its number.
pub async fn exact(scope: &mut Scope, q: &str) -> DbResult<Option<(OrderId, String)>> {
    let Some(q) = sought(q) else { return Ok(None) };
    let account = scope.account();
    let spellings = vec![q.clone(), q.to_uppercase(), format!("#{q}"), format!("#{}", q.to_uppercase())];
    let mut found: Vec<Named> = scope
        .rows(
            sql("select id, number from orders where account_id = {} and number = any({}) limit 2")
                .bind(account)
                .bind(spellings),
        )
        .await?;
    let one = if found.len() == 1 { found.pop() } else { None };
    Ok(one.map(|order| (order.id, order.number)))
}

/// Everything that matches as `id`, `label` and `at`, to be picked from.
pub fn selection(account: AccountId, filter: &Filter) -> Sql {
    sql("select o.id, o.number as label, o.placed_at as at from orders o where ")
        .append(conditions(account, filter))
}

/// The conditions of a filter. Those of the tabs are spelt as their indexes are.
fn conditions(account: AccountId, filter: &Filter) -> Sql {
    let mut text = sql("o.account_id = {}").bind(account);
    text = match filter.tab {
        Tab::All => text,
        Tab::Attention => {
            text.push(" and (o.shipment_status in ('error', 'unconfirmed') or o.channel_sync = 'failed')")
        }
        Tab::OnHold => text.push(" and o.on_hold"),
        Tab::Unshipped => text.push(" and o.status = 'unshipped'"),
        Tab::NotSynced => text.push(" and o.channel_sync in ('failed', 'warning')"),
    };
    if !filter.statuses.is_empty() {
        text = text.push(" and o.status = any({})").bind(words(&filter.statuses));
    }
    if let Some(channels) = &filter.channels {
        let ids: Vec<i64> = channels.iter().map(|id| id.0).collect();
        text = text.push(" and o.channel_id = any({})").bind(ids);
    }
    if !filter.holds.is_empty() {
        text = text
            .push(
                " and o.on_hold and exists (select 1 from order_holds h where h.account_id = o.account_id \
                 and h.order_id = o.id and h.released_at is null and h.kind = any({}))",
            )
            .bind(words(&filter.holds));
    }
    if !filter.syncs.is_empty() {
        text = text.push(" and o.channel_sync = any({})").bind(filter.syncs.clone());
    }
    if !filter.shipments.is_empty() {
        text = text.push(" and o.shipment_status = any({})").bind(filter.shipments.clone());
    }
    if let Some(from) = filter.from {
        text = text.push(" and o.placed_at >= {}").bind(from);
    }
    if let Some(until) = filter.until {
        text = text.push(" and o.placed_at < {}").bind(until);
    }
    if let Some(now) = filter.late_at {
        text = text.push(" and o.status in ('unshipped', 'partially_shipped') and o.ship_by < {}").bind(now);
    }
    if let Some(customer) = filter.customer {
        text = text.push(" and o.customer_id = {}").bind(customer);
    }
    if let Some(tree) = &filter.tree {
        text = tree.push_where(text);
    }
    match sought(&filter.q) {
        Some(q) => text.append(search(account, &q, filter.personal)),
        None => text,
    }
}

/// Orders that hold the text. What looks like the number of a parcel is looked
/// for in the shipments as well; everything else in one table, so that the
/// planner may walk the list's own index. Without the right to personal data a
/// match must lie in identifiers, so that a search tells nothing about people.
fn search(account: AccountId, q: &str, personal: bool) -> Sql {
    let pattern = contains(q);
    let mut orders = words_in(sql("o.search_text like {}"), " and o.search_text like {}", q);
    let mut parcels = sql("p.account_id = {} and p.search_text like {}").bind(account).bind(&pattern);
    if !personal {
        orders = orders
            .push(
                " and (lower(o.number) like {} or lower(o.channel_reference) like {} or exists (select 1 from order_lines l \
                 where l.account_id = o.account_id and l.order_id = o.id and lower(l.sku) like {}))",
            )
            .bind(&pattern)
            .bind(&pattern)
            .bind(&pattern);
        parcels = parcels
            .push(" and (lower(p.number) like {} or lower(p.tracking_number) like {})")
            .bind(&pattern)
            .bind(&pattern);
    }
    if !looks_like_identifier(q) {
        return sql(" and (").append(orders).push(")");
    }
    sql(" and o.id in (select o.id from orders o where o.account_id = {} and ")
        .bind(account)
        .append(orders)
        .push(" union all select p.order_id from shipments p where ")
        .append(parcels)
        .push(")")
}

/// Each word anywhere, in any order; the first fills the hole of `first`.
pub(super) fn words_in(first: Sql, another: &'static str, q: &str) -> Sql {
    let mut words = q.split_whitespace().take(MOST_WORDS);
    let first = first.bind(contains(words.next().unwrap_or_default()));
    words.fold(first, |text, word| text.push(another).bind(contains(word)))
}

/// What was typed, as it is looked for: lower-case, without `#` before a number;
/// of a pasted address only its last part.
pub fn sought(q: &str) -> Option<String> {
    let q = q.trim();
    let q = match q.strip_prefix("https://").or_else(|| q.strip_prefix("http://")) {
        Some(address) => address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/'),
        None => q,
    };
    let q = if q.len() < 400 && q.contains('/') { q.rsplit('/').next().unwrap_or(q) } else { q };
    let q = q.trim_start_matches('#').trim().to_lowercase();
    (!q.is_empty()).then_some(q)
}

/// One word with some digits: it may be the number of a shipment or of a parcel.
fn looks_like_identifier(q: &str) -> bool {
    q.len() >= 5
        && !q.contains(char::is_whitespace)
        && !q.contains('@')
        && q.bytes().filter(u8::is_ascii_digit).count() >= 3
}

fn words<T: std::fmt::Display>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
