//! What a preview says of stock: each SKU at each warehouse, now and after.

use super::Operation;
use crate::db::{DbResult, Scope, sql};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// So many rows are shown; the others are counted.
const SHOWN: usize = 50;

/// One stock that an operation moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// What.
    pub sku: String,
    /// Its name.
    pub product: String,
    /// Where.
    pub warehouse: String,
    /// On hand now.
    pub before: i64,
    /// On hand once every row is done.
    pub after: i64,
    /// More is asked for than is there.
    pub backorder: bool,
}

/// Answers every stock that the rows to be done would move, those with a
/// backorder first.
pub type StockHook = for<'a> fn(&'a mut Scope, &'a Operation) -> BoxFuture<'a, DbResult<Vec<StockRow>>>;

/// The part of it that is kept with the preview and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The first of them.
    #[serde(default)]
    pub rows: Vec<StockRow>,
    /// How many more there are.
    #[serde(default)]
    pub more: usize,
}

impl Stock {
    /// Keeps what is shown.
    pub fn of(mut rows: Vec<StockRow>) -> Stock {
        let more = rows.len().saturating_sub(SHOWN);
        rows.truncate(SHOWN);
        Stock { rows, more }
    }
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Text)]
    product: String,
    #[diesel(sql_type = Text)]
    warehouse: String,
    #[diesel(sql_type = BigInt)]
    before: i64,
    #[diesel(sql_type = BigInt)]
    after: i64,
}

/// The stocks that `$of` moves: rows of warehouse, product and units.
macro_rules! moved {
    ($scope:ident, $operation:ident, $of:literal) => {{
        let account = $scope.account();
        let rows: Vec<Moved> = $scope
            .rows(
                sql(concat!(
                    "select p.sku, p.name as product, w.name as warehouse, coalesce(st.on_hand, 0)::bigint as before, \
                     coalesce(st.on_hand, 0) + d.n as after from (",
                    $of,
                    ") d (warehouse_id, product_id, n) \
                     join products p on p.account_id = {} and p.id = d.product_id and p.stock_kept \
                     join warehouses w on w.account_id = p.account_id and w.id = d.warehouse_id \
                     left join stock st on st.account_id = p.account_id and st.product_id = p.id and st.warehouse_id = w.id \
                     where d.n <> 0 order by coalesce(st.on_hand, 0) + d.n < 0 desc, p.sku, w.name limit 1000"
                ))
                .bind(account)
                .bind($operation.id)
                .bind(account),
            )
            .await?;
        let row = |row: Moved| StockRow {
            sku: row.sku,
            product: row.product,
            warehouse: row.warehouse,
            before: row.before,
            after: row.after,
            backorder: row.after < 0,
        };
        Ok(rows.into_iter().map(row).collect())
    }};
}

/// Of *Reship Orders*: from where the newest original came.
pub fn reship<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<StockRow>>> {
    Box::pin(async move {
        // what is added back is taken again
        if operation.options.get("add_back").and_then(serde_json::Value::as_bool) == Some(true) {
            return Ok(Vec::new());
        }
        moved!(
            scope,
            operation,
            "select f.warehouse_id, l.product_id, -sum(l.quantity) from bulk_rows r \
             join lateral (select s.warehouse_id from shipments s where s.account_id = r.account_id and s.order_id = r.subject_id \
                           and s.voided_at is null order by s.reship_of is null desc, s.id desc limit 1) f on true \
             join shipments s on s.account_id = r.account_id and s.order_id = r.subject_id and s.voided_at is null and s.reship_of is null \
             join shipment_lines l on l.account_id = s.account_id and l.shipment_id = s.id \
             where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' group by 1, 2"
        )
    })
}

/// Of *Void*: what its shipments have taken comes back.
pub fn void<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<StockRow>>> {
    Box::pin(async move {
        moved!(
            scope,
            operation,
            "select m.warehouse_id, m.product_id, -sum(m.quantity) from bulk_rows r \
             join inventory_movements m on m.account_id = r.account_id and m.shipment_id = r.subject_id \
             where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' group by 1, 2"
        )
    })
}

/// Of *Restore*: what the voids gave back is taken again.
pub fn restore<'a>(scope: &'a mut Scope, operation: &'a Operation) -> BoxFuture<'a, DbResult<Vec<StockRow>>> {
    Box::pin(async move {
        moved!(
            scope,
            operation,
            "select m.warehouse_id, m.product_id, -sum(m.quantity) from bulk_rows r \
             join inventory_movements m on m.account_id = r.account_id and m.shipment_id = r.subject_id and m.kind = 'reversal' \
               and not exists (select 1 from inventory_movements b where b.account_id = m.account_id and b.reverses = m.id) \
             where r.account_id = {} and r.operation_id = {} and r.outcome = 'waiting' group by 1, 2"
        )
    })
}
