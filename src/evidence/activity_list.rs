//! The activity of a whole account as a filtered list, newest first.

use super::activity::{ActorKind, Ended, Subject};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{ActivityId, OrderId, RecordId, ShipmentId, StoreId, log_id_floor, log_id_time},
    paging::{Cursor, Page},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Jsonb, Nullable, Text},
};
use serde_json::Value;

/// More lines than this are not counted.
pub const COUNTED: i64 = 10_000;

/// What a list of activity is asked for. Everything given must hold.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Done so.
    pub verb: Option<String>,
    /// Ended so.
    pub result: Option<Ended>,
    /// Of one chain.
    pub trace: Option<String>,
    /// At or after.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
}

impl Wanted {
    fn predicate(&self, scope: &Scope) -> Sql {
        let mut p = sql("account_id = {}").bind(scope.account());
        if let Some(verb) = &self.verb {
            p = p.push(" and verb = {}").bind(verb);
        }
        p = match self.result {
            Some(Ended::Ok) => p.push(" and result = 'ok'"),
            // said so that the index of those that did not end well can be used
            Some(result) => p.push(" and result <> 'ok' and result = {}").bind(result),
            None => p,
        };
        if let Some(trace) = &self.trace {
            p = p.push(" and trace_id = {}").bind(trace);
        }
        if let Some(from) = self.from {
            p = p.push(" and id >= {}").bind(log_id_floor(from));
        }
        if let Some(to) = self.to {
            p = p.push(" and id < {}").bind(log_id_floor(to));
        }
        p
    }
}

/// A line of activity with the names of what it is about.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table, and the names of what it is about")]
pub struct Line {
    #[diesel(sql_type = BigInt)]
    pub id: ActivityId,
    #[diesel(sql_type = Text)]
    pub actor_kind: ActorKind,
    #[diesel(sql_type = Text)]
    pub actor_name: String,
    #[diesel(sql_type = Text)]
    pub verb: String,
    #[diesel(sql_type = Text)]
    pub result: Ended,
    #[diesel(sql_type = Text)]
    pub summary: String,
    #[diesel(sql_type = Text)]
    pub subject_kind: Subject,
    #[diesel(sql_type = BigInt)]
    pub subject_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub before: Option<Value>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub after: Option<Value>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub ip: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub subject_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub store_id: Option<StoreId>,
}

impl Line {
    /// When it was written; the id carries it.
    pub fn at(&self) -> Instant {
        log_id_time(self.id.0)
    }
}

/// A page of activity, newest first.
pub async fn page(
    scope: &mut Scope,
    wanted: &Wanted,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Line>> {
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let backwards = from.is_some_and(|c| c.backwards);
    let mut inner = sql("select * from activities where ").append(wanted.predicate(scope));
    if let Some(from) = from {
        inner = inner.push(if backwards { " and id > {}" } else { " and id < {}" }).bind(from.id);
    }
    inner = inner
        .push(if backwards { " order by id asc limit {}" } else { " order by id desc limit {}" })
        .bind(limit);
    let statement = sql(
        "select a.id, a.actor_kind, a.actor_name, a.verb, a.result, a.summary, a.subject_kind, a.subject_id, a.order_id, \
         a.shipment_id, a.before, a.after, a.transaction_record_id, a.trace_id, a.ip, o.number as order_number, \
         s.number as shipment_number, coalesce(c.name, t.name, k.name, p.sku) as subject_name, c.store_id from (",
    )
    .append(inner)
    .push(
        ") a left join orders o on o.account_id = a.account_id and o.id = a.order_id \
         left join shipments s on s.account_id = a.account_id and s.id = a.shipment_id \
         left join channels c on c.account_id = a.account_id and a.subject_kind = 'channel' and c.id = a.subject_id \
         left join stores t on t.account_id = a.account_id and a.subject_kind = 'store' and t.id = a.subject_id \
         left join connections k on k.account_id = a.account_id and a.subject_kind = 'connection' and k.id = a.subject_id \
         left join products p on p.account_id = a.account_id and a.subject_kind = 'product' and p.id = a.subject_id",
    )
    .push(if backwards { " order by a.id asc" } else { " order by a.id desc" });
    let rows: Vec<Line> = scope.rows(statement).await?;
    Ok(Page::cut(rows, size, from, |line| (line.at(), line.id.0)))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many lines there are, up to one more than [`COUNTED`].
pub async fn count(scope: &mut Scope, wanted: &Wanted) -> DbResult<i64> {
    let inner = sql("select from activities where ").append(wanted.predicate(scope));
    let statement =
        sql("select count(*) as n from (").append(inner).push(" limit {}) counted").bind(COUNTED + 1);
    let count: Option<Count> = scope.row(statement).await?;
    Ok(count.map_or(0, |c| c.n))
}

#[derive(QueryableByName)]
struct Verb {
    #[diesel(sql_type = Text)]
    verb: String,
}

/// The verbs that occur, found one by one along their index.
pub async fn verbs(scope: &mut Scope) -> DbResult<Vec<String>> {
    let account = scope.account();
    let rows: Vec<Verb> = scope
        .rows(
            sql("with recursive known as ( \
                 (select verb from activities where account_id = {} order by verb limit 1) union all \
                 select (select a.verb from activities a where a.account_id = {} and a.verb > known.verb \
                 order by a.verb limit 1) from known where known.verb is not null) \
                 select verb from known where verb is not null limit 200")
            .bind(account)
            .bind(account),
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.verb).collect())
}
