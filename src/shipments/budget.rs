//! Fulfillment orders: the part of an order one warehouse is to fulfil, with a
//! budget for each line. What stands in a shipment is used; what a void gave back
//! is open again, in the same fulfillment order.

use crate::{
    db::{DbResult, Scope, sql},
    ids::{FulfillmentOrderId, OrderId, OrderLineId, ProductId, ShipmentId, WarehouseId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable},
};

/// So many units of an order's line.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Units {
    #[diesel(sql_type = BigInt)]
    pub(super) order_line_id: OrderLineId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) product_id: Option<ProductId>,
    #[diesel(sql_type = Integer)]
    pub(super) quantity: i32,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: FulfillmentOrderId,
}

/// Opens a fulfillment order for these units; all of them are still to be sent.
pub(super) async fn open(
    scope: &mut Scope,
    order: OrderId,
    warehouse: WarehouseId,
    reship: bool,
    units: &[Units],
) -> DbResult<FulfillmentOrderId> {
    let account = scope.account();
    let row: Option<Id> = scope
        .row(
            sql("insert into fulfillment_orders (account_id, order_id, warehouse_id, reship) values ({}, {}, {}, {}) returning id")
                .bind(account)
                .bind(order)
                .bind(warehouse)
                .bind(reship),
        )
        .await?;
    let id = row.map_or(FulfillmentOrderId(0), |row| row.id);
    scope
        .execute(
            sql("insert into fulfillment_order_lines (account_id, fulfillment_order_id, order_line_id, quantity, allocated) \
                 select {}, {}, line, n, n from unnest({}::bigint[], {}::int[]) as u (line, n)")
            .bind(account)
            .bind(id)
            .bind(units.iter().map(|u| u.order_line_id.0).collect::<Vec<i64>>())
            .bind(units.iter().map(|u| u.quantity).collect::<Vec<i32>>()),
        )
        .await?;
    Ok(id)
}

/// The lines of a shipment use their fulfillment order's budget. The database
/// refuses more than there is.
pub(super) async fn use_up(scope: &mut Scope, shipment: ShipmentId) -> DbResult<()> {
    shift(scope, shipment, 1).await
}

/// The lines of a shipment give their budget back.
pub(super) async fn give_back(scope: &mut Scope, shipment: ShipmentId) -> DbResult<()> {
    shift(scope, shipment, -1).await
}

async fn shift(scope: &mut Scope, shipment: ShipmentId, sign: i32) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update fulfillment_order_lines f set fulfilled = f.fulfilled + {} * l.n, \
                 allocated = greatest(f.allocated - {} * l.n, 0) \
                 from (select s.fulfillment_order_id, sl.order_line_id, sum(sl.quantity)::integer as n from shipments s \
                       join shipment_lines sl on sl.account_id = s.account_id and sl.shipment_id = s.id \
                       where s.account_id = {} and s.id = {} group by 1, 2) l \
                 where f.account_id = {} and f.fulfillment_order_id = l.fulfillment_order_id \
                 and f.order_line_id = l.order_line_id")
            .bind(sign)
            .bind(sign)
            .bind(account)
            .bind(shipment)
            .bind(account),
        )
        .await?;
    Ok(())
}

/// More or fewer units of lines are to be sent by a fulfillment order. What stands
/// in a shipment must have been given back before.
pub(super) async fn edit(
    scope: &mut Scope,
    id: FulfillmentOrderId,
    changes: &[(OrderLineId, i32)],
) -> DbResult<()> {
    let account = scope.account();
    let lines: Vec<i64> = changes.iter().map(|(line, _)| line.0).collect();
    let more: Vec<i32> = changes.iter().map(|(_, n)| *n).collect();
    scope
        .execute(
            sql("insert into fulfillment_order_lines (account_id, fulfillment_order_id, order_line_id, quantity) \
                 select {}, {}, line, 0 from unnest({}::bigint[]) as u (line) where not exists ( \
                   select 1 from fulfillment_order_lines f where f.account_id = {} and f.fulfillment_order_id = {} \
                   and f.order_line_id = u.line)")
            .bind(account)
            .bind(id)
            .bind(lines.clone())
            .bind(account)
            .bind(id),
        )
        .await?;
    scope
        .execute(
            sql("update fulfillment_order_lines f set quantity = f.quantity + u.n, allocated = greatest(f.allocated + u.n, 0) \
                 from unnest({}::bigint[], {}::int[]) as u (line, n) \
                 where f.account_id = {} and f.fulfillment_order_id = {} and f.order_line_id = u.line")
            .bind(lines)
            .bind(more)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}

/// What of a fulfillment order's budget stands in no shipment.
pub(super) async fn left(scope: &mut Scope, id: FulfillmentOrderId) -> DbResult<Vec<Units>> {
    let account = scope.account();
    scope
        .rows(
            sql("select f.order_line_id, ol.product_id, f.quantity - f.fulfilled as quantity from fulfillment_order_lines f \
                 join order_lines ol on ol.account_id = f.account_id and ol.id = f.order_line_id \
                 where f.account_id = {} and f.fulfillment_order_id = {} and f.quantity > f.fulfilled order by f.id")
            .bind(account)
            .bind(id),
        )
        .await
}
