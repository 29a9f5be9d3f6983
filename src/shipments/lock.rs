//! The order in which locks are taken, so that nobody waits for another in a
//! circle: shipments, their order, the counter of their numbers, stock by product.
//! A shipment is locked *no key*, everywhere: whoever has the stock of a product
//! writes lines of other shipments that wait for it, which name their shipment.

use crate::{
    db::{DbResult, Scope, sql},
    ids::OrderId,
};
use diesel::{QueryableByName, sql_types::BigInt};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "a locked row is all that is wanted")]
    id: i64,
}

/// Locks an order with all its shipments: for whoever makes one more. What is
/// read afterwards holds. *No key* also because a reship names its original, which
/// another person may have locked and who then waits for this order.
pub(super) async fn whole_order(scope: &mut Scope, id: OrderId) -> DbResult<()> {
    let account = scope.account();
    let _: Vec<Id> = scope
        .rows(
            sql("select id from shipments where account_id = {} and order_id = {} order by id for no key update")
                .bind(account)
                .bind(id),
        )
        .await?;
    order(scope, id).await
}

/// Locks the order of a shipment that is locked already, before its stock is.
pub(super) async fn order(scope: &mut Scope, id: OrderId) -> DbResult<()> {
    let account = scope.account();
    let _: Option<Id> = scope
        .row(sql("select id from orders where account_id = {} and id = {} for update").bind(account).bind(id))
        .await?;
    Ok(())
}

/// Locks the stock of everything that an order has left, for whoever makes more
/// than one shipment: each by itself begins with its first product again.
pub(super) async fn stock_left(scope: &mut Scope, id: OrderId) -> DbResult<()> {
    let account = scope.account();
    let _: Option<Id> = scope
        .row(
            sql("select value as id from counters where account_id = {} and name = 'shipment_number' for update")
                .bind(account),
        )
        .await?;
    let _: Vec<Id> = scope
        .rows(
            sql("select s.product_id as id from stock s where s.account_id = {} and exists ( \
                   select 1 from fulfillment_orders f \
                   join fulfillment_order_lines l on l.account_id = f.account_id and l.fulfillment_order_id = f.id \
                   join order_lines o on o.account_id = l.account_id and o.id = l.order_line_id \
                   where f.account_id = {} and f.order_id = {} and l.fulfilled < l.quantity \
                   and o.product_id = s.product_id and f.warehouse_id = s.warehouse_id) \
                 order by s.product_id, s.warehouse_id for update of s")
            .bind(account)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}
