//! Stock as its pages show it: products with their sums, and the ledger.

use super::MovementKind;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, contains, sql},
    ids::{MovementId, ProductId, ShipmentId, WarehouseId},
    paging::{Cursor, Page},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};

/// A product with the sums of its stock.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Product {
    #[diesel(sql_type = BigInt)]
    pub id: ProductId,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether something of it was ever counted.
    #[diesel(sql_type = Bool)]
    pub stock_kept: bool,
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    #[diesel(sql_type = BigInt)]
    pub allocated: i64,
    #[diesel(sql_type = BigInt)]
    pub backordered: i64,
}

impl Product {
    /// What may be promised to somebody new.
    pub fn available(&self) -> i64 {
        self.on_hand - self.allocated
    }

    /// Those below zero stand first.
    fn rank(&self) -> i64 {
        i64::from(self.on_hand < 0)
    }
}

macro_rules! products {
    ($rest:literal) => {
        concat!(
            "select p.id, p.sku, p.name, p.stock_kept, t.on_hand, t.allocated, t.backordered from products p \
             cross join lateral (select coalesce(sum(s.on_hand), 0)::bigint as on_hand, \
               coalesce(sum(s.allocated), 0)::bigint as allocated, coalesce(sum(s.backordered), 0)::bigint as backordered \
               from stock s where s.account_id = p.account_id and s.product_id = p.id) t where ",
            $rest
        )
    };
}

/// A page of products, those below zero first, then the newest. With `negative`,
/// only those.
pub async fn products(
    scope: &mut Scope,
    q: &str,
    negative: bool,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Product>> {
    let account = scope.account();
    let mut statement = sql(products!("p.account_id = {}")).bind(account);
    if !q.is_empty() {
        let pattern = contains(q);
        statement = statement
            .push(" and (lower(p.sku) like {} or lower(p.name) like {})")
            .bind(&pattern)
            .bind(&pattern);
    }
    if negative {
        statement = statement.push(" and t.on_hand < 0");
    }
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = from {
        statement = match backwards {
            true => statement.push(" and ((t.on_hand < 0)::integer::bigint, p.id) > ({}, {})"),
            false => statement.push(" and ((t.on_hand < 0)::integer::bigint, p.id) < ({}, {})"),
        }
        .bind(cursor.at_micros)
        .bind(cursor.id);
    }
    statement = match backwards {
        true => statement.push(" order by (t.on_hand < 0)::integer::bigint, p.id limit {}"),
        false => statement.push(" order by (t.on_hand < 0)::integer::bigint desc, p.id desc limit {}"),
    }
    .bind(one_more(size));
    let rows: Vec<Product> = scope.rows(statement).await?;
    let at = |rank| chrono::DateTime::from_timestamp_micros(rank).unwrap_or_default();
    Ok(Page::cut(rows, size, from, |row| (at(row.rank()), row.id.0)))
}

fn one_more(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX - 1) + 1
}

/// One product.
pub async fn product(scope: &mut Scope, id: ProductId) -> DbResult<Option<Product>> {
    let account = scope.account();
    scope.row(sql(products!("p.account_id = {} and p.id = {}")).bind(account).bind(id)).await
}

/// A product's stock in one warehouse.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Balance {
    #[diesel(sql_type = Text)]
    pub warehouse: String,
    #[diesel(sql_type = Integer)]
    pub on_hand: i32,
    #[diesel(sql_type = Integer)]
    pub allocated: i32,
    #[diesel(sql_type = Integer)]
    pub backordered: i32,
}

/// What lies where.
pub async fn balances(scope: &mut Scope, id: ProductId) -> DbResult<Vec<Balance>> {
    let account = scope.account();
    scope
        .rows(
            sql("select w.name as warehouse, s.on_hand, s.allocated, s.backordered from stock s \
                 join warehouses w on w.account_id = s.account_id and w.id = s.warehouse_id \
                 where s.account_id = {} and s.product_id = {} order by w.name, w.id limit 200")
            .bind(account)
            .bind(id),
        )
        .await
}

/// A movement with the names of what it moved.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct MovementRow {
    #[diesel(sql_type = BigInt)]
    pub id: MovementId,
    #[diesel(sql_type = BigInt)]
    pub product_id: ProductId,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = BigInt)]
    pub warehouse_id: WarehouseId,
    #[diesel(sql_type = Text)]
    pub warehouse: String,
    #[diesel(sql_type = Text)]
    pub kind: MovementKind,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    #[diesel(sql_type = Integer)]
    pub balance_after: i32,
    /// The shipment that caused it, and its number.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Text)]
    pub actor_name: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    /// Whether another movement took it back.
    #[diesel(sql_type = Bool)]
    pub reversed: bool,
}

impl MovementRow {
    /// Whether a person can take it back.
    pub fn is_reversible(&self) -> bool {
        self.kind == MovementKind::Adjustment && !self.reversed
    }
}

/// Which movements.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// One alone.
    pub id: Option<MovementId>,
    /// Caused by one shipment or a line of it.
    pub shipment: Option<ShipmentId>,
    /// Of one product.
    pub product: Option<ProductId>,
    /// Of one kind.
    pub kind: Option<MovementKind>,
    /// From this moment on.
    pub since: Option<Instant>,
    /// Before this moment.
    pub until: Option<Instant>,
    /// Only what nobody took back.
    pub standing: bool,
}

/// A page of the ledger, the newest first.
pub async fn movements(
    scope: &mut Scope,
    which: &Which,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<MovementRow>> {
    let account = scope.account();
    let mut statement: Sql = sql("select m.id, m.product_id, p.sku, m.warehouse_id, w.name as warehouse, m.kind, m.quantity, m.balance_after, \
         m.shipment_id, s.number as shipment_number, m.reason, m.actor_name, m.created_at, \
         exists (select 1 from inventory_movements r where r.account_id = m.account_id and r.reverses = m.id) as reversed \
         from inventory_movements m \
         join products p on p.account_id = m.account_id and p.id = m.product_id \
         join warehouses w on w.account_id = m.account_id and w.id = m.warehouse_id \
         left join shipments s on s.account_id = m.account_id and s.id = m.shipment_id where m.account_id = {}")
    .bind(account);
    if let Some(id) = which.id {
        statement = statement.push(" and m.id = {}").bind(id);
    }
    if which.standing {
        statement = statement.push(
            " and not exists (select 1 from inventory_movements r where r.account_id = m.account_id and r.reverses = m.id)",
        );
    }
    if let Some(shipment) = which.shipment {
        statement = statement.push(" and m.shipment_id = {}").bind(shipment);
    }
    if let Some(product) = which.product {
        statement = statement.push(" and m.product_id = {}").bind(product);
    }
    if let Some(kind) = which.kind {
        statement = statement.push(" and m.kind = {}").bind(kind);
    }
    if let Some(since) = which.since {
        statement = statement.push(" and m.created_at >= {}").bind(since);
    }
    if let Some(until) = which.until {
        statement = statement.push(" and m.created_at < {}").bind(until);
    }
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = from {
        statement = match backwards {
            true => statement.push(" and m.id > {}"),
            false => statement.push(" and m.id < {}"),
        }
        .bind(cursor.id);
    }
    statement = match backwards {
        true => statement.push(" order by m.id limit {}"),
        false => statement.push(" order by m.id desc limit {}"),
    }
    .bind(one_more(size));
    let rows: Vec<MovementRow> = scope.rows(statement).await?;
    Ok(Page::cut(rows, size, from, |row| (row.created_at, row.id.0)))
}

/// Units kept for a fulfillment order whose shipment was voided.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Kept {
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = Text)]
    pub shipment_number: String,
    #[diesel(sql_type = Text)]
    pub warehouse: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
}

/// What is kept of a product, for whom.
pub async fn kept(scope: &mut Scope, id: ProductId) -> DbResult<Vec<Kept>> {
    let account = scope.account();
    scope
        .rows(
            sql("select s.id as shipment_id, s.number as shipment_number, w.name as warehouse, a.quantity from allocations a \
                 join shipment_lines l on l.account_id = a.account_id and l.id = a.shipment_line_id \
                 join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                 join warehouses w on w.account_id = a.account_id and w.id = a.warehouse_id \
                 where a.account_id = {} and a.product_id = {} and a.state = 'allocated' order by a.id limit 200")
            .bind(account)
            .bind(id),
        )
        .await
}

/// Units that lie there and what each cost.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Layer {
    #[diesel(sql_type = Text)]
    pub warehouse: String,
    #[diesel(sql_type = Integer)]
    pub remaining: i32,
    #[diesel(sql_type = Integer)]
    pub received: i32,
    #[diesel(sql_type = BigInt)]
    pub unit_cost_minor: i64,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Timestamptz)]
    pub received_at: Instant,
}

/// The layers that hold units, in the order they are taken.
pub async fn layers(scope: &mut Scope, id: ProductId) -> DbResult<Vec<Layer>> {
    let account = scope.account();
    scope
        .rows(
            sql("select w.name as warehouse, c.remaining, c.received, c.unit_cost_minor, c.currency, c.received_at \
                 from cost_layers c join warehouses w on w.account_id = c.account_id and w.id = c.warehouse_id \
                 where c.account_id = {} and c.product_id = {} and c.remaining > 0 \
                 order by c.received_at, c.id limit 200")
            .bind(account)
            .bind(id),
        )
        .await
}
