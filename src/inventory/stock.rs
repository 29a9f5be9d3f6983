//! The row of a product in a warehouse, and the lines of its ledger. Nothing
//! else writes either.

use super::{Movement, MovementKind, Mover, Stock, movement_columns};
use crate::{
    db::{DbResult, Scope, sql},
    ids::{MovementId, ProductId, ShipmentId, ShipmentLineId, WarehouseId},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// Locks the row until the end of the transaction; makes it first when it is not
/// there. Whoever locks more than one does so in the order of the products.
pub(super) async fn lock(scope: &mut Scope, product: ProductId, warehouse: WarehouseId) -> DbResult<Stock> {
    let account = scope.account();
    for _ in 0..2 {
        let row: Option<Stock> = scope
            .row(
                sql("select product_id, warehouse_id, on_hand, allocated, backordered from stock \
                     where account_id = {} and product_id = {} and warehouse_id = {} for update")
                .bind(account)
                .bind(product)
                .bind(warehouse),
            )
            .await?;
        if let Some(stock) = row {
            return Ok(stock);
        }
        scope
            .execute(
                sql("insert into stock (account_id, product_id, warehouse_id) values ({}, {}, {}) \
                     on conflict (account_id, product_id, warehouse_id) do nothing")
                .bind(account)
                .bind(product)
                .bind(warehouse),
            )
            .await?;
    }
    Err(diesel::result::Error::NotFound.into())
}

/// Writes what became of a locked row.
pub(super) async fn save(scope: &mut Scope, stock: &Stock) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update stock set on_hand = {}, allocated = {}, backordered = {}, version = version + 1 \
                 where account_id = {} and product_id = {} and warehouse_id = {}")
            .bind(stock.on_hand)
            .bind(stock.allocated)
            .bind(stock.backordered)
            .bind(account)
            .bind(stock.product_id)
            .bind(stock.warehouse_id),
        )
        .await?;
    Ok(())
}

/// What makes a movement the same movement: a cause moves stock once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    /// A line of a shipment.
    Line(ShipmentLineId),
    /// Another shipment: the reship.
    Reship(ShipmentId),
    /// Another movement, which is taken back.
    Movement(MovementId),
    /// Somebody's word, by the key of their request.
    Word(i64),
}

/// A movement to be written.
pub(super) struct New<'a> {
    pub(super) kind: MovementKind,
    pub(super) quantity: i32,
    pub(super) cause: Cause,
    pub(super) line: Option<ShipmentLineId>,
    pub(super) shipment: Option<ShipmentId>,
    pub(super) backordered: i32,
    pub(super) reason: &'a str,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: MovementId,
}

/// Moves: the locked row and its ledger.
pub(super) async fn post(
    scope: &mut Scope,
    stock: &mut Stock,
    new: New<'_>,
    by: Mover<'_>,
) -> DbResult<MovementId> {
    let account = scope.account();
    stock.on_hand += new.quantity;
    save(scope, stock).await?;
    let (cause, id, reverses) = match new.cause {
        Cause::Line(line) => ("shipment_line", line.0, None),
        Cause::Reship(reship) => ("reship", reship.0, None),
        Cause::Movement(movement) => ("movement", movement.0, Some(movement)),
        Cause::Word(key) => ("word", key, None),
    };
    let row: Option<Id> = scope
        .row(
            sql("insert into inventory_movements (account_id, product_id, warehouse_id, quantity, kind, cause_kind, cause_id, \
                 line_id, shipment_id, balance_after, backordered, reverses, reason, actor_name, created_at) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(stock.product_id)
            .bind(stock.warehouse_id)
            .bind(new.quantity)
            .bind(new.kind)
            .bind(cause)
            .bind(id)
            .bind(new.line.map_or(0, |line| line.0))
            .bind(new.shipment)
            .bind(stock.on_hand)
            .bind(new.backordered)
            .bind(reverses)
            .bind(new.reason)
            .bind(by.name)
            .bind(by.now),
        )
        .await?;
    Ok(row.map_or(MovementId(0), |row| row.id))
}

/// A movement by its id.
pub(super) async fn movement(scope: &mut Scope, id: MovementId) -> DbResult<Option<Movement>> {
    let account = scope.account();
    scope.row(sql(movement_columns!("where account_id = {} and id = {}")).bind(account).bind(id)).await
}
