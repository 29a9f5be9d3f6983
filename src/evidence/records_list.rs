//! Transaction records as pages show them: a page of a filtered list, one
//! record whole, and what stands beside it.

use super::record::{Direction, LogType, RecordStatus};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{ChannelId, ConnectionId, OrderId, RecordId, ShipmentId, StoreId, log_id_floor, log_id_time},
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use serde_json::Value;

/// More records than this are not counted.
pub const COUNTED: i64 = 10_000;

text_enum! {
    /// Which records a list shows, by how they ended.
    Outcome {
        /// Those that failed.
        Failed = "failed",
        /// Those that came with a warning.
        Warning = "warning",
    }
}

text_enum! {
    /// What was answered, by the first digit of the HTTP status.
    HttpClass {
        /// Taken.
        Success = "2xx",
        /// Sent elsewhere; we do not follow.
        Redirect = "3xx",
        /// Our mistake, in their eyes.
        Client = "4xx",
        /// Theirs.
        Server = "5xx",
        /// No answer at all.
        None = "none",
    }
}

/// What a list of records is asked for. Everything given must hold.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of one sales channel.
    pub channel: Option<ChannelId>,
    /// Of one fulfillment connection.
    pub connection: Option<ConnectionId>,
    /// Of any of these kinds; all when empty.
    pub types: Vec<LogType>,
    /// Ended so.
    pub outcome: Option<Outcome>,
    /// Answered so.
    pub http: Option<HttpClass>,
    /// Begun at or after.
    pub from: Option<Instant>,
    /// Begun before.
    pub to: Option<Instant>,
    /// About the order or the shipment with this number.
    pub about: Option<Numbered>,
    /// With this code of theirs, or this class of ours.
    pub code: Option<String>,
    /// Of one chain.
    pub trace: Option<String>,
}

/// The orders and shipments that have a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbered {
    /// Orders; channels may use the same number.
    pub orders: Vec<i64>,
    /// At most one shipment.
    pub shipments: Vec<i64>,
}

impl Wanted {
    fn predicate(&self, scope: &Scope) -> Sql {
        let mut p = sql("account_id = {}").bind(scope.account());
        if let Some(channel) = self.channel {
            p = p.push(" and channel_id = {}").bind(channel);
        }
        if let Some(connection) = self.connection {
            p = p.push(" and connection_id = {}").bind(connection);
        }
        p = match self.outcome {
            Some(outcome) => p.push(" and status in ('failed', 'warning') and status = {}").bind(outcome),
            None => p,
        };
        p = match self.http {
            Some(HttpClass::Success) => p.push(" and response_status between 200 and 299"),
            Some(HttpClass::Redirect) => p.push(" and response_status between 300 and 399"),
            Some(HttpClass::Client) => p.push(" and response_status between 400 and 499"),
            Some(HttpClass::Server) => p.push(" and response_status between 500 and 599"),
            Some(HttpClass::None) => p.push(" and response_status is null"),
            None => p,
        };
        if let Some(from) = self.from {
            p = p.push(" and id >= {}").bind(log_id_floor(from));
        }
        if let Some(to) = self.to {
            p = p.push(" and id < {}").bind(log_id_floor(to));
        }
        if let Some(about) = &self.about {
            p = p
                .push(" and (order_id = any({}) or shipment_id = any({}))")
                .bind(about.orders.clone())
                .bind(about.shipments.clone());
        }
        if let Some(code) = &self.code {
            // only what failed or warned has either, and there is an index of those
            p = p
                .push(" and status in ('failed', 'warning') and (error_code = {} or error_class = {})")
                .bind(code)
                .bind(code);
        }
        if let Some(trace) = &self.trace {
            p = p.push(" and trace_id = {}").bind(trace);
        }
        p
    }

    /// One walk down an index in the order of ids: for a channel or for kinds, one
    /// walk for each kind, since that is what the indexes lead with.
    fn source(&self, scope: &Scope, from: Option<Cursor>, limit: i64) -> Sql {
        let narrow = self.about.is_none() && self.trace.is_none() && self.connection.is_none();
        let by_type = narrow && (self.channel.is_some() || !self.types.is_empty());
        let backwards = from.is_some_and(|c| c.backwards);
        let mut inner = sql("select * from transaction_records where ").append(self.predicate(scope));
        if let Some(from) = from {
            inner = inner.push(if backwards { " and id > {}" } else { " and id < {}" }).bind(from.id);
        }
        let order = if backwards { " order by id asc limit {}" } else { " order by id desc limit {}" };
        let kinds = if self.types.is_empty() { LogType::ALL } else { &self.types };
        let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        if by_type {
            let inner = inner.push(" and log_type = kinds.kind").push(order).bind(limit);
            return sql("select r.* from unnest({}) as kinds (kind) cross join lateral (")
                .bind(kinds)
                .append(inner)
                .push(") r")
                .push(order)
                .bind(limit);
        }
        if !self.types.is_empty() {
            inner = inner.push(" and log_type = any({})").bind(kinds);
        }
        inner.push(order).bind(limit)
    }
}

/// A record in a list.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table, and the names of what it is about")]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    pub id: RecordId,
    #[diesel(sql_type = Text)]
    pub log_type: LogType,
    #[diesel(sql_type = Text)]
    pub status: RecordStatus,
    #[diesel(sql_type = Integer)]
    pub attempt: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub channel_id: Option<ChannelId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Nullable<Integer>)]
    pub response_status: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub duration_ms: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_class: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_message: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
}

impl Row {
    /// When it began; the id carries it.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

const ROW: &str = "select r.id, r.log_type, r.status, r.attempt, r.channel_id, r.connection_id, r.order_id, r.shipment_id, \
     r.url, r.response_status, r.duration_ms, r.error_class, r.error_code, r.error_message, \
     o.number as order_number, s.number as shipment_number, c.name as channel_name, k.name as connection_name from (";
const NAMES: &str = ") r left join orders o on o.account_id = r.account_id and o.id = r.order_id \
     left join shipments s on s.account_id = r.account_id and s.id = r.shipment_id \
     left join channels c on c.account_id = r.account_id and c.id = r.channel_id \
     left join connections k on k.account_id = r.account_id and k.id = r.connection_id";

/// A page of records, newest first.
pub async fn page(
    scope: &mut Scope,
    wanted: &Wanted,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Row>> {
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let order = if from.is_some_and(|c| c.backwards) { " order by r.id asc" } else { " order by r.id desc" };
    let statement = sql(ROW).append(wanted.source(scope, from, limit)).push(NAMES).push(order);
    let rows: Vec<Row> = scope.rows(statement).await?;
    Ok(Page::cut(rows, size, from, |row| (row.at(), row.id.0)))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many records there are, up to one more than [`COUNTED`].
pub async fn count(scope: &mut Scope, wanted: &Wanted) -> DbResult<i64> {
    let mut inner = sql("select from transaction_records where ").append(wanted.predicate(scope));
    if !wanted.types.is_empty() {
        let kinds: Vec<String> = wanted.types.iter().map(ToString::to_string).collect();
        inner = inner.push(" and log_type = any({})").bind(kinds);
    }
    let statement =
        sql("select count(*) as n from (").append(inner).push(" limit {}) counted").bind(COUNTED + 1);
    let count: Option<Count> = scope.row(statement).await?;
    Ok(count.map_or(0, |c| c.n))
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The orders and shipments that have a number.
pub async fn numbered(scope: &mut Scope, number: &str) -> DbResult<Numbered> {
    let account = scope.account();
    let rows: Vec<Named> = scope
        .rows(
            sql("(select 'order' as kind, id from orders where account_id = {} and number = any({}) limit 50) union all \
                 (select 'shipment' as kind, id from shipments where account_id = {} and number = any({}))")
            .bind(account)
            // people leave the # out, and the channel's name has it
            .bind(vec![number.to_owned(), format!("#{number}")])
            .bind(account)
            // and write shp-000123 in small letters
            .bind(vec![number.to_owned(), number.to_uppercase()]),
        )
        .await?;
    let of = |kind: &str| rows.iter().filter(|row| row.kind == kind).map(|row| row.id).collect();
    Ok(Numbered { orders: of("order"), shipments: of("shipment") })
}

/// One record whole; bodies over 8 KB only as far as they stand in the row.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table, and the names of what it is about")]
pub struct Record {
    #[diesel(sql_type = BigInt)]
    pub id: RecordId,
    #[diesel(sql_type = Text)]
    pub log_type: LogType,
    #[diesel(sql_type = Text)]
    pub status: RecordStatus,
    #[diesel(sql_type = Text)]
    pub direction: Direction,
    #[diesel(sql_type = Integer)]
    pub attempt: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub channel_id: Option<ChannelId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub courier: Option<String>,
    #[diesel(sql_type = Text)]
    pub method: String,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    pub request_headers: Value,
    #[diesel(sql_type = Text)]
    pub request_body: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub request_cut: bool,
    #[diesel(sql_type = Nullable<Integer>)]
    pub response_status: Option<i32>,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    pub response_headers: Value,
    #[diesel(sql_type = Text)]
    pub response_body: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub response_cut: bool,
    #[diesel(sql_type = Nullable<Integer>)]
    pub duration_ms: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_class: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_message: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_status: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub store_id: Option<StoreId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub actor: Option<String>,
}

impl Record {
    /// When it began; the id carries it.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

/// One record. Its actor is whoever began its chain.
pub async fn find(scope: &mut Scope, id: RecordId) -> DbResult<Option<Record>> {
    let account = scope.account();
    scope
        .row(
            sql("select r.id, r.log_type, r.status, r.direction, r.attempt, r.channel_id, r.connection_id, r.order_id, \
                 r.shipment_id, r.courier, r.method, r.url, r.request_headers, r.request_body, r.request_cut, \
                 r.response_status, r.response_headers, r.response_body, r.response_cut, r.duration_ms, r.error_class, \
                 r.error_code, r.error_message, r.trace_id, o.number as order_number, s.number as shipment_number, \
                 s.status as shipment_status, c.name as channel_name, c.store_id, k.name as connection_name, \
                 (select a.actor_name from activities a where a.account_id = r.account_id and a.trace_id = r.trace_id \
                  order by a.id limit 1) as actor \
                 from (select * from transaction_records where account_id = {} and id = {}")
            .push(NAMES)
            .bind(account)
            .bind(id),
        )
        .await
}

/// Every attempt at the same work for the same shipment, oldest first.
pub async fn attempts(scope: &mut Scope, shipment: ShipmentId, log_type: LogType) -> DbResult<Vec<Row>> {
    let account = scope.account();
    let mut rows: Vec<Row> = scope
        .rows(
            sql(ROW)
                .push(
                    "select * from transaction_records where account_id = {} and shipment_id = {} and log_type = {} \
                     order by id desc limit 50",
                )
                .push(NAMES)
                .push(" order by r.id desc")
                .bind(account)
                .bind(shipment)
                .bind(log_type),
        )
        .await?;
    rows.reverse();
    Ok(rows)
}

/// The other calls about an order, newest first.
pub async fn of_order(scope: &mut Scope, order: OrderId, but: RecordId, limit: i64) -> DbResult<Vec<Row>> {
    let account = scope.account();
    scope
        .rows(
            sql(ROW)
                .push(
                    "select * from transaction_records where account_id = {} and order_id = {} and id <> {} \
                     order by id desc limit {}",
                )
                .push(NAMES)
                .push(" order by r.id desc")
                .bind(account)
                .bind(order)
                .bind(but)
                .bind(limit),
        )
        .await
}
