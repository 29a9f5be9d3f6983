//! Units that come in, are counted, lost or found: what people say about stock.

use super::{
    MovementKind, Mover,
    layers::{self, Of},
    stock::{self, Cause, New},
};
use crate::{
    db::{DbError, Scope, sql},
    ids::{MovementId, ProductId, WarehouseId},
};

/// Why stock was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// So many do not lie there.
    #[error("Only {held} lie there, so {asked} cannot be taken out.")]
    NotThere {
        /// The units that lie there.
        held: i32,
        /// The units that were to be taken out.
        asked: i32,
    },
    /// More than anybody keeps.
    #[error("More than 1,000,000,000 units do not lie in one warehouse. Look at the number again.")]
    Full,
    /// It was reversed already.
    #[error("This adjustment was reversed already.")]
    Reversed,
    /// Only what a person said is taken back by a person.
    #[error("Only adjustments are reversed. What a shipment took is given back by voiding it.")]
    NotAnAdjustment,
    /// There is no such movement.
    #[error("There is no such movement.")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<diesel::result::Error> for EntryError {
    fn from(error: diesel::result::Error) -> Self {
        EntryError::Db(error.into())
    }
}

/// From now on the product's stock is kept.
async fn keep(scope: &mut Scope, product: ProductId) -> Result<(), DbError> {
    let account = scope.account();
    scope
        .execute(
            sql("update products set stock_kept = true where account_id = {} and id = {} and not stock_kept")
                .bind(account)
                .bind(product),
        )
        .await?;
    Ok(())
}

/// Units come in at a cost, in minor units of the account's currency. `cause` is
/// what makes it the same receipt when it is told twice; the second time moves
/// nothing and answers `None`.
pub async fn receive(
    scope: &mut Scope,
    (product, warehouse): (ProductId, WarehouseId),
    quantity: i32,
    unit_cost_minor: i64,
    cause: i64,
    by: Mover<'_>,
) -> Result<Option<MovementId>, EntryError> {
    come_in(scope, (product, warehouse), quantity, unit_cost_minor, MovementKind::Receipt, cause, "", by)
        .await
}

/// Units are found (at a cost) or gone. Below what lies there it is refused.
pub async fn adjust(
    scope: &mut Scope,
    (product, warehouse): (ProductId, WarehouseId),
    change: i32,
    unit_cost_minor: i64,
    reason: &str,
    cause: i64,
    by: Mover<'_>,
) -> Result<Option<MovementId>, EntryError> {
    let kind = MovementKind::Adjustment;
    if change >= 0 {
        return come_in(scope, (product, warehouse), change, unit_cost_minor, kind, cause, reason, by).await;
    }
    keep(scope, product).await?;
    let mut locked = stock::lock(scope, product, warehouse).await?;
    if known(scope, kind, cause).await? {
        return Ok(None);
    }
    if locked.held() < -change {
        return Err(EntryError::NotThere { held: locked.held(), asked: -change });
    }
    let new = New {
        kind,
        quantity: change,
        cause: Cause::Word(cause),
        line: None,
        shipment: None,
        backordered: 0,
        reason,
    };
    let movement = stock::post(scope, &mut locked, new, by).await?;
    layers::consume(scope, &locked, None, movement, -change).await?;
    Ok(Some(movement))
}

/// Units come in, with a note or a reason.
pub(super) async fn come_in(
    scope: &mut Scope,
    (product, warehouse): (ProductId, WarehouseId),
    quantity: i32,
    unit_cost_minor: i64,
    kind: MovementKind,
    cause: i64,
    reason: &str,
    by: Mover<'_>,
) -> Result<Option<MovementId>, EntryError> {
    keep(scope, product).await?;
    let mut locked = stock::lock(scope, product, warehouse).await?;
    if quantity == 0 || known(scope, kind, cause).await? {
        return Ok(None);
    }
    let new =
        New { kind, quantity, cause: Cause::Word(cause), line: None, shipment: None, backordered: 0, reason };
    let movement = stock::post(scope, &mut locked, new, by).await?;
    layers::add(scope, &locked, movement, quantity, unit_cost_minor, by).await?;
    layers::cover(scope, &mut locked).await?;
    Ok(Some(movement))
}

/// Whether a word was heard before.
async fn known(scope: &mut Scope, kind: MovementKind, cause: i64) -> Result<bool, DbError> {
    #[derive(diesel::QueryableByName)]
    struct Known {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        known: bool,
    }
    let account = scope.account();
    let row: Option<Known> = scope
        .row(
            sql("select exists (select 1 from inventory_movements where account_id = {} and cause_kind = 'word' \
                 and cause_id = {} and line_id = 0 and kind = {}) as known")
            .bind(account)
            .bind(cause)
            .bind(kind),
        )
        .await?;
    Ok(row.is_some_and(|row| row.known))
}

/// An adjustment was a mistake: the opposite movement, once. What was found and
/// has gone out meanwhile cannot be un-found.
pub async fn reverse_adjustment(
    scope: &mut Scope,
    id: MovementId,
    reason: &str,
    by: Mover<'_>,
) -> Result<MovementId, EntryError> {
    let Some(movement) = stock::movement(scope, id).await? else { return Err(EntryError::Unknown) };
    if movement.kind != MovementKind::Adjustment {
        return Err(EntryError::NotAnAdjustment);
    }
    let mut locked = stock::lock(scope, movement.product_id, movement.warehouse_id).await?;
    if reversed(scope, id).await? {
        return Err(EntryError::Reversed);
    }
    let back = -movement.quantity;
    if back < 0 && locked.held() < -back {
        return Err(EntryError::NotThere { held: locked.held(), asked: -back });
    }
    let new = New {
        kind: MovementKind::AdjustmentReversal,
        quantity: back,
        cause: Cause::Movement(id),
        line: None,
        shipment: None,
        backordered: 0,
        reason,
    };
    let reversal = stock::post(scope, &mut locked, new, by).await?;
    if back < 0 {
        layers::consume(scope, &locked, None, reversal, -back).await?;
    } else {
        layers::put_back(scope, Of::Movement(id), back, reversal, by).await?;
        layers::cover(scope, &mut locked).await?;
    }
    Ok(reversal)
}

async fn reversed(scope: &mut Scope, id: MovementId) -> Result<bool, DbError> {
    #[derive(diesel::QueryableByName)]
    struct Reversed {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        reversed: bool,
    }
    let account = scope.account();
    let row: Option<Reversed> = scope
        .row(
            sql("select exists (select 1 from inventory_movements where account_id = {} and reverses = {}) as reversed")
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(row.is_some_and(|row| row.reversed))
}
