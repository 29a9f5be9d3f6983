//! Cost layers: what came in at which cost, consumed first in first out. Every
//! function works on a stock row its caller has locked.

use super::{Mover, Stock, stock};
use crate::{
    db::{DbResult, Scope, sql},
    ids::{MovementId, ShipmentLineId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer},
};

/// Adds a layer: units that came in.
pub(super) async fn add(
    scope: &mut Scope,
    stock: &Stock,
    movement: MovementId,
    quantity: i32,
    unit_cost_minor: i64,
    by: Mover<'_>,
) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into cost_layers (account_id, product_id, warehouse_id, movement_id, received, remaining, \
                 unit_cost_minor, currency, received_at) \
                 select {}, {}, {}, {}, {}, {}, {}, currency, {} from accounts where id = {}")
            .bind(account)
            .bind(stock.product_id)
            .bind(stock.warehouse_id)
            .bind(movement)
            .bind(quantity)
            .bind(quantity)
            .bind(unit_cost_minor)
            .bind(by.now)
            .bind(account),
        )
        .await?;
    Ok(())
}

/// Consumes units, the oldest first, for a movement; the caller made sure that
/// so many lie there.
pub(super) async fn consume(
    scope: &mut Scope,
    stock: &Stock,
    line: Option<ShipmentLineId>,
    movement: MovementId,
    quantity: i32,
) -> DbResult<()> {
    if quantity == 0 {
        return Ok(());
    }
    let account = scope.account();
    scope
        .execute(
            sql("with standing as (select id, remaining, unit_cost_minor, \
                   sum(remaining) over (order by received_at, id) - remaining as before \
                   from cost_layers where account_id = {} and product_id = {} and warehouse_id = {} and remaining > 0), \
                 taken as (select id, unit_cost_minor, least(remaining, {} - before)::integer as n \
                   from standing where before < {}), \
                 left_over as (update cost_layers l set remaining = l.remaining - t.n from taken t \
                   where l.account_id = {} and l.id = t.id) \
                 insert into cost_consumptions (account_id, layer_id, shipment_line_id, movement_id, quantity, unit_cost_minor) \
                 select {}, id, {}, {}, n, unit_cost_minor from taken order by id")
            .bind(account)
            .bind(stock.product_id)
            .bind(stock.warehouse_id)
            .bind(i64::from(quantity))
            .bind(i64::from(quantity))
            .bind(account)
            .bind(account)
            .bind(line)
            .bind(movement),
        )
        .await?;
    Ok(())
}

/// One standing consumption.
#[derive(QueryableByName)]
struct Consumed {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Integer)]
    quantity: i32,
}

/// Puts so many units of what was consumed for a line, or by a movement, back
/// into the layers they came from, the last taken first. Answers how many there
/// were to put back.
pub(super) async fn put_back(
    scope: &mut Scope,
    of: Of,
    quantity: i32,
    reversal: MovementId,
    by: Mover<'_>,
) -> DbResult<i32> {
    let account = scope.account();
    let statement = match of {
        Of::Line(line) => sql("select id, quantity from cost_consumptions \
             where account_id = {} and shipment_line_id = {} and reversed_at is null order by id desc")
        .bind(account)
        .bind(line),
        Of::Movement(movement) => sql("select id, quantity from cost_consumptions \
             where account_id = {} and movement_id = {} and reversed_at is null order by id desc")
        .bind(account)
        .bind(movement),
    };
    let standing: Vec<Consumed> = scope.rows(statement).await?;
    let mut left = quantity;
    for row in standing {
        let n = row.quantity.min(left);
        if n == 0 {
            break;
        }
        left -= n;
        // a part of it: the other part stands on
        if n < row.quantity {
            scope
                .execute(
                    sql("insert into cost_consumptions (account_id, layer_id, shipment_line_id, movement_id, quantity, unit_cost_minor) \
                         select account_id, layer_id, shipment_line_id, movement_id, {}, unit_cost_minor \
                         from cost_consumptions where account_id = {} and id = {}")
                    .bind(row.quantity - n)
                    .bind(account)
                    .bind(row.id),
                )
                .await?;
        }
        scope
            .execute(
                sql("with back as (update cost_consumptions set quantity = {}, reversed_at = {}, reversed_by = {} \
                       where account_id = {} and id = {} returning layer_id, quantity) \
                     update cost_layers l set remaining = l.remaining + back.quantity from back \
                     where l.account_id = {} and l.id = back.layer_id")
                .bind(n)
                .bind(by.now)
                .bind(reversal)
                .bind(account)
                .bind(row.id)
                .bind(account),
            )
            .await?;
    }
    Ok(quantity - left)
}

/// Whose consumption.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Line(ShipmentLineId),
    Movement(MovementId),
}

#[derive(QueryableByName)]
struct Returned {
    #[diesel(sql_type = BigInt)]
    layer_id: i64,
    #[diesel(sql_type = Integer)]
    quantity: i32,
}

/// How many of the units that a reversal put back still lie in their layers.
pub(super) async fn returned(scope: &mut Scope, reversal: MovementId) -> DbResult<i32> {
    #[derive(QueryableByName)]
    struct There {
        #[diesel(sql_type = Integer)]
        n: i32,
    }
    let account = scope.account();
    let row: Option<There> = scope
        .row(
            sql("select coalesce(sum(least(c.n, l.remaining)), 0)::integer as n \
                 from (select layer_id, sum(quantity) as n from cost_consumptions \
                       where account_id = {} and reversed_by = {} group by layer_id) c \
                 join cost_layers l on l.account_id = {} and l.id = c.layer_id")
            .bind(account)
            .bind(reversal)
            .bind(account),
        )
        .await?;
    Ok(row.map_or(0, |row| row.n))
}

/// Consumes again, from the very layers a reversal put them back into, as far as
/// they still lie there. Answers how many.
pub(super) async fn consume_again(
    scope: &mut Scope,
    reversal: MovementId,
    line: ShipmentLineId,
    movement: MovementId,
    most: i32,
) -> DbResult<i32> {
    let account = scope.account();
    let returned: Vec<Returned> = scope
        .rows(
            sql("select layer_id, quantity from cost_consumptions where account_id = {} and reversed_by = {} order by id")
                .bind(account)
                .bind(reversal),
        )
        .await?;
    let mut left = most;
    for part in returned {
        if left == 0 {
            break;
        }
        let row: Option<Returned> = scope
            .row(
                sql("with layer as (select id, unit_cost_minor, least(remaining, {}) as n from cost_layers \
                       where account_id = {} and id = {} and remaining > 0), \
                     taken as (update cost_layers l set remaining = l.remaining - layer.n from layer \
                       where l.account_id = {} and l.id = layer.id) \
                     insert into cost_consumptions (account_id, layer_id, shipment_line_id, movement_id, quantity, unit_cost_minor) \
                     select {}, id, {}, {}, n, unit_cost_minor from layer returning layer_id, quantity")
                .bind(part.quantity.min(left))
                .bind(account)
                .bind(part.layer_id)
                .bind(account)
                .bind(account)
                .bind(line)
                .bind(movement),
            )
            .await?;
        left -= row.map_or(0, |row| row.quantity);
    }
    Ok(most - left)
}

/// What a line's units cost, per unit of what the line sends; 0 without a record.
pub(super) async fn cost(scope: &mut Scope, line: ShipmentLineId) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update shipment_lines l set unit_cost_minor = coalesce(round(( \
                   select sum(c.quantity * c.unit_cost_minor) from cost_consumptions c \
                   where c.account_id = l.account_id and c.shipment_line_id = l.id and c.reversed_at is null)::numeric \
                   / l.quantity), 0)::bigint \
                 where l.account_id = {} and l.id = {}")
            .bind(account)
            .bind(line),
        )
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Owed {
    #[diesel(sql_type = BigInt)]
    id: ShipmentLineId,
    #[diesel(sql_type = Integer)]
    backordered: i32,
    #[diesel(sql_type = BigInt)]
    movement_id: MovementId,
}

/// Gives free units to the lines that were sold below zero, the oldest first.
/// Nothing moves: they were taken already, only not there yet.
pub(super) async fn cover(scope: &mut Scope, locked: &mut Stock) -> DbResult<()> {
    let account = scope.account();
    while locked.backordered > 0 && locked.free() > 0 {
        let owed: Vec<Owed> = scope
            .rows(
                sql("select l.id, l.backordered, m.id as movement_id from shipment_lines l \
                     join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                     join lateral (select id from inventory_movements m where m.account_id = l.account_id and m.line_id = l.id and m.line_id <> 0 \
                                   and m.quantity < 0 order by id desc limit 1) m on true \
                     where l.account_id = {} and l.product_id = {} and l.backordered > 0 and s.warehouse_id = {} \
                     order by l.id limit 50")
                .bind(account)
                .bind(locked.product_id)
                .bind(locked.warehouse_id),
            )
            .await?;
        if owed.is_empty() {
            break;
        }
        for line in owed {
            let n = line.backordered.min(locked.free());
            if n == 0 {
                break;
            }
            consume(scope, locked, Some(line.id), line.movement_id, n).await?;
            set_backordered(scope, line.id, line.backordered - n).await?;
            cost(scope, line.id).await?;
            locked.backordered -= n;
        }
        stock::save(scope, locked).await?;
    }
    Ok(())
}

/// Notes how many units of a line are owed.
pub(super) async fn set_backordered(scope: &mut Scope, line: ShipmentLineId, n: i32) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update shipment_lines set backordered = {} where account_id = {} and id = {}")
                .bind(n)
                .bind(account)
                .bind(line),
        )
        .await?;
    Ok(())
}
