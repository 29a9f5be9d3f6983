//! What shipments do to stock. Each function works in its caller's transaction,
//! on the lines of one shipment whose product's stock is kept, and locks the rows
//! of stock in the order of the products, so that two of them never wait for each
//! other in a circle.

use super::{
    MovementKind, Mover, Stock,
    layers::{self, Of},
    stock::{self, Cause, New},
};
use crate::{
    db::{DbResult, Scope, sql},
    ids::{FulfillmentOrderId, MovementId, OrderLineId, ProductId, ShipmentId, ShipmentLineId, WarehouseId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable},
};

/// A line whose stock is kept.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = BigInt)]
    id: ShipmentLineId,
    #[diesel(sql_type = BigInt)]
    shipment_id: ShipmentId,
    #[diesel(sql_type = BigInt)]
    fulfillment_order_id: FulfillmentOrderId,
    #[diesel(sql_type = BigInt)]
    order_line_id: OrderLineId,
    #[diesel(sql_type = BigInt)]
    product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Integer)]
    added_back: i32,
    /// Read before the row of stock was locked: only whether there is any holds.
    #[diesel(sql_type = Integer)]
    backordered: i32,
    /// What its movements sum up to: taken, less what was given back.
    #[diesel(sql_type = Integer)]
    taken: i32,
    /// The movement that took it last, and was not taken back.
    #[diesel(sql_type = Nullable<BigInt>)]
    took: Option<MovementId>,
    /// The movement that gave it back last, and was not taken back.
    #[diesel(sql_type = Nullable<BigInt>)]
    gave: Option<MovementId>,
}

/// The columns of [`Line`].
// `line_id <> 0` says nothing new: the planner proves by it that the index of
// movements by line has them, and else reads the whole ledger
macro_rules! line_columns {
    ($rest:literal) => {
        concat!(
            "select l.id, l.shipment_id, s.fulfillment_order_id, l.order_line_id, l.product_id, s.warehouse_id, l.quantity, \
             l.added_back, l.backordered, coalesce(m.taken, 0)::integer as taken, m.took, m.gave \
             from shipment_lines l \
             join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
             join products p on p.account_id = l.account_id and p.id = l.product_id and p.stock_kept \
             left join lateral (select -sum(m.quantity) as taken, \
               max(m.id) filter (where m.kind in ('shipment', 'restore') and b.id is null) as took, \
               max(m.id) filter (where m.kind = 'reversal' and b.id is null) as gave \
               from inventory_movements m \
               left join inventory_movements b on b.account_id = m.account_id and b.reverses = m.id \
               where m.account_id = l.account_id and m.line_id = l.id and m.line_id <> 0) m on true ",
            $rest
        )
    };
}

/// Locks the stock of a line, then reads the line: what was read before the lock
/// may have changed.
async fn lock(
    scope: &mut Scope,
    product: ProductId,
    warehouse: WarehouseId,
    line: ShipmentLineId,
) -> DbResult<(Stock, Line)> {
    let stock = stock::lock(scope, product, warehouse).await?;
    let account = scope.account();
    let line: Option<Line> = scope
        .row(sql(line_columns!("where l.account_id = {} and l.id = {}")).bind(account).bind(line))
        .await?;
    Ok((stock, line.ok_or(diesel::result::Error::NotFound)?))
}

async fn lines(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<Line>> {
    let account = scope.account();
    let statement =
        sql(line_columns!("where l.account_id = {} and l.shipment_id = {} order by l.product_id, l.id"));
    scope.rows(statement.bind(account).bind(shipment)).await
}

/// Locks the stock of these products, for who is to move some of it twice in one
/// transaction: each move keeps the order of the products, both together may not.
pub async fn hold(scope: &mut Scope, warehouse: WarehouseId, products: &[ProductId]) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("select product_id from stock where account_id = {} and warehouse_id = {} \
                 and product_id = any({}::bigint[]) order by product_id for update")
            .bind(account)
            .bind(warehouse)
            .bind(products.iter().map(|product| product.0).collect::<Vec<i64>>()),
        )
        .await?;
    Ok(())
}

/// A new shipment takes its units: first those reserved for its fulfillment
/// order, then free ones; what is not there is backordered. Taking twice takes
/// nothing more.
pub async fn take(scope: &mut Scope, shipment: ShipmentId, by: Mover<'_>) -> DbResult<()> {
    for line in lines(scope, shipment).await? {
        let (mut stock, line) = lock(scope, line.product_id, line.warehouse_id, line.id).await?;
        if line.taken != 0 || line.gave.is_some() {
            continue;
        }
        let cause = Cause::Line(line.id);
        take_units(scope, &mut stock, &line, line.quantity, MovementKind::Shipment, cause, None, by).await?;
    }
    Ok(())
}

/// A void gives back exactly what the shipment has taken and `reserves` it for its
/// fulfillment order; otherwise it goes to whoever was promised some. Whatever
/// became of the stock since, it is never refused.
pub async fn give_back(
    scope: &mut Scope,
    shipment: ShipmentId,
    reserves: bool,
    by: Mover<'_>,
) -> DbResult<()> {
    for line in lines(scope, shipment).await? {
        let (mut stock, line) = lock(scope, line.product_id, line.warehouse_id, line.id).await?;
        let (Some(took), 1..) = (line.took, line.taken) else { continue };
        stock.backordered -= line.backordered;
        let reserved = if reserves { line.taken } else { 0 };
        stock.allocated += reserved;
        let new = New {
            kind: MovementKind::Reversal,
            quantity: line.taken,
            cause: Cause::Movement(took),
            line: Some(line.id),
            shipment: Some(line.shipment_id),
            backordered: line.backordered,
            reason: "",
        };
        let reversal = stock::post(scope, &mut stock, new, by).await?;
        layers::put_back(scope, Of::Line(line.id), line.taken - line.backordered, reversal, by).await?;
        layers::set_backordered(scope, line.id, 0).await?;
        layers::cost(scope, line.id).await?;
        allocate(scope, &line, reserved, "allocated").await?;
        if !reserves {
            layers::cover(scope, &mut stock).await?;
        }
    }
    Ok(())
}

/// A restore takes again what the void gave back, from the same layers while
/// they hold it.
pub async fn take_again(scope: &mut Scope, shipment: ShipmentId, by: Mover<'_>) -> DbResult<()> {
    for line in lines(scope, shipment).await? {
        let (mut stock, line) = lock(scope, line.product_id, line.warehouse_id, line.id).await?;
        let Some(gave) = line.gave else { continue };
        let Some(reversal) = stock::movement(scope, gave).await? else { continue };
        let (kind, cause) = (MovementKind::Restore, Cause::Movement(gave));
        take_units(scope, &mut stock, &line, reversal.quantity, kind, cause, Some(gave), by).await?;
    }
    Ok(())
}

/// A reship puts units of an original line that never left back to stock: not
/// more than the line still has. Answers how many were put back. Whoever
/// was promised units is not served before the reship has taken its own.
pub async fn add_back(
    scope: &mut Scope,
    line: ShipmentLineId,
    quantity: i32,
    reship: ShipmentId,
    by: Mover<'_>,
) -> DbResult<i32> {
    let account = scope.account();
    let read: Option<Line> = scope
        .row(sql(line_columns!("where l.account_id = {} and l.id = {}")).bind(account).bind(line))
        .await?;
    let Some(read) = read else { return Ok(0) };
    let (mut stock, line) = lock(scope, read.product_id, read.warehouse_id, read.id).await?;
    let n = quantity.min(line.taken);
    if n <= 0 {
        return Ok(0);
    }
    // what is owed is owed no more; only the rest comes out of the parcel
    let owed = n.min(line.backordered);
    stock.backordered -= owed;
    let new = New {
        kind: MovementKind::AddBack,
        quantity: n,
        cause: Cause::Reship(reship),
        line: Some(line.id),
        shipment: Some(line.shipment_id),
        backordered: owed,
        reason: "",
    };
    let movement = stock::post(scope, &mut stock, new, by).await?;
    layers::put_back(scope, Of::Line(line.id), n - owed, movement, by).await?;
    set_added_back(scope, line.id, line.added_back + n).await?;
    layers::set_backordered(scope, line.id, line.backordered - owed).await?;
    layers::cost(scope, line.id).await?;
    allocate(scope, &line, line.taken - n, "fulfilled").await?;
    Ok(n)
}

/// A shipment left the warehouse: what a reship had added back has left after all
/// and is taken again.
pub async fn leave(scope: &mut Scope, shipment: ShipmentId, by: Mover<'_>) -> DbResult<()> {
    for line in lines(scope, shipment).await? {
        if line.added_back == 0 {
            continue;
        }
        let (mut stock, line) = lock(scope, line.product_id, line.warehouse_id, line.id).await?;
        let cause = Cause::Line(line.id);
        take_units(scope, &mut stock, &line, line.added_back, MovementKind::LeftAfterAll, cause, None, by)
            .await?;
        set_added_back(scope, line.id, 0).await?;
    }
    Ok(())
}

/// Nothing is kept for these fulfillment orders any more: their reserved units are
/// free, and go to whoever was promised some.
pub async fn release(scope: &mut Scope, fulfillment_orders: &[FulfillmentOrderId]) -> DbResult<()> {
    #[derive(QueryableByName)]
    struct Reserved {
        #[diesel(sql_type = BigInt)]
        product_id: ProductId,
        #[diesel(sql_type = BigInt)]
        warehouse_id: WarehouseId,
        #[diesel(sql_type = BigInt)]
        fulfillment_order_id: FulfillmentOrderId,
        #[diesel(sql_type = BigInt)]
        order_line_id: OrderLineId,
    }
    let account = scope.account();
    let reserved: Vec<Reserved> = scope
        .rows(
            sql("select distinct a.product_id, a.warehouse_id, s.fulfillment_order_id, l.order_line_id from allocations a \
                 join shipment_lines l on l.account_id = a.account_id and l.id = a.shipment_line_id \
                 join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                 where a.account_id = {} and s.fulfillment_order_id = any({}::bigint[]) and a.state = 'allocated' \
                 order by a.product_id, a.warehouse_id, s.fulfillment_order_id, l.order_line_id")
            .bind(account)
            .bind(fulfillment_orders.iter().map(|id| id.0).collect::<Vec<i64>>()),
        )
        .await?;
    for row in reserved {
        let mut stock = stock::lock(scope, row.product_id, row.warehouse_id).await?;
        stock.allocated -=
            unreserve(scope, row.fulfillment_order_id, row.order_line_id, i32::MAX, None).await?;
        stock::save(scope, &stock).await?;
        layers::cover(scope, &mut stock).await?;
    }
    Ok(())
}

async fn take_units(
    scope: &mut Scope,
    stock: &mut Stock,
    line: &Line,
    quantity: i32,
    kind: MovementKind,
    cause: Cause,
    again: Option<MovementId>,
    by: Mover<'_>,
) -> DbResult<()> {
    let own =
        unreserve(scope, line.fulfillment_order_id, line.order_line_id, quantity, Some(line.id)).await?;
    stock.allocated -= own;
    // what a void put back is its own again, also while more is reserved than lies there
    let back = match again {
        Some(reversal) => layers::returned(scope, reversal).await?,
        None => 0,
    };
    let there = quantity.min(stock.free().max(back));
    let owed = quantity - there;
    stock.backordered += owed;
    let new = New {
        kind,
        quantity: -quantity,
        cause,
        line: Some(line.id),
        shipment: Some(line.shipment_id),
        backordered: owed,
        reason: "",
    };
    let movement = stock::post(scope, stock, new, by).await?;
    let same = match again {
        Some(reversal) => layers::consume_again(scope, reversal, line.id, movement, there).await?,
        None => 0,
    };
    layers::consume(scope, stock, Some(line.id), movement, there - same).await?;
    if owed > 0 {
        layers::set_backordered(scope, line.id, line.backordered + owed).await?;
    }
    layers::cost(scope, line.id).await?;
    allocate(scope, line, line.taken + quantity, "fulfilled").await?;
    // what was reserved or added back and not needed goes to whoever was promised some
    layers::cover(scope, stock).await
}

/// The allocation of a line, in its new state; nothing left is released.
async fn allocate(scope: &mut Scope, line: &Line, quantity: i32, state: &str) -> DbResult<()> {
    let account = scope.account();
    let (quantity, state) = if quantity > 0 { (quantity, state) } else { (line.quantity, "released") };
    scope
        .execute(
            sql("insert into allocations (account_id, shipment_line_id, product_id, warehouse_id, quantity, state) \
                 values ({}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, shipment_line_id) do update \
                 set quantity = excluded.quantity, state = excluded.state, updated_at = now()")
            .bind(account)
            .bind(line.id)
            .bind(line.product_id)
            .bind(line.warehouse_id)
            .bind(quantity)
            .bind(state),
        )
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Allocated {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Integer)]
    quantity: i32,
}

/// Ends reservations of a fulfillment order's line, up to so many units, the own
/// line's first. Answers how many units were reserved.
async fn unreserve(
    scope: &mut Scope,
    fulfillment_order: FulfillmentOrderId,
    order_line: OrderLineId,
    most: i32,
    own: Option<ShipmentLineId>,
) -> DbResult<i32> {
    let account = scope.account();
    let rows: Vec<Allocated> = scope
        .rows(
            sql("select a.id, a.quantity from allocations a \
                 join shipment_lines l on l.account_id = a.account_id and l.id = a.shipment_line_id \
                 join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                 where a.account_id = {} and s.fulfillment_order_id = {} and l.order_line_id = {} and a.state = 'allocated' \
                 order by l.id = {} desc, a.id")
            .bind(account)
            .bind(fulfillment_order)
            .bind(order_line)
            .bind(own.map_or(0, |line| line.0)),
        )
        .await?;
    let mut left = most;
    for row in rows {
        let n = row.quantity.min(left);
        if n == 0 {
            break;
        }
        left -= n;
        let statement = if n == row.quantity {
            sql("update allocations set state = 'released', updated_at = now() where account_id = {} and id = {}")
                .bind(account)
                .bind(row.id)
        } else {
            sql("update allocations set quantity = quantity - {}, updated_at = now() where account_id = {} and id = {}")
                .bind(n)
                .bind(account)
                .bind(row.id)
        };
        scope.execute(statement).await?;
    }
    Ok(most - left)
}

async fn set_added_back(scope: &mut Scope, line: ShipmentLineId, n: i32) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update shipment_lines set added_back = {} where account_id = {} and id = {}")
                .bind(n)
                .bind(account)
                .bind(line),
        )
        .await?;
    Ok(())
}
