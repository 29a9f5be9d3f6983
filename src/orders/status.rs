//! What is derived of an order, in one place: its status, its sums of items,
//! the state of its shipments and of their sync, and the status of its
//! fulfillment orders. Called in the transaction of
//! every change that touches them.

use crate::{
    db::{DbResult, Scope, sql},
    ids::OrderId,
};

/// Brings the derived columns of an order up to the facts and bumps its version.
pub async fn refresh(scope: &mut Scope, id: OrderId) -> DbResult<()> {
    let account = scope.account();
    // open: there is something to submit; submitted: a provider has some of it;
    // closed: all of it has left
    scope
        .execute(
            sql("update fulfillment_orders fo set status = d.status, version = fo.version + 1 \
                 from (select f.id, case \
                         when exists (select 1 from fulfillment_order_lines l where l.account_id = f.account_id \
                                      and l.fulfillment_order_id = f.id and l.fulfilled < l.quantity) then 'open' \
                         when not exists (select 1 from shipments s where s.account_id = f.account_id \
                                      and s.fulfillment_order_id = f.id and s.voided_at is null and s.shipped_at is null) then 'closed' \
                         when exists (select 1 from shipments s where s.account_id = f.account_id \
                                      and s.fulfillment_order_id = f.id and s.voided_at is null and s.date_post is not null) then 'submitted' \
                         else 'open' end as status \
                       from fulfillment_orders f where f.account_id = {} and f.order_id = {}) d \
                 where fo.account_id = {} and fo.id = d.id and fo.status <> d.status")
            .bind(account)
            .bind(id)
            .bind(account),
        )
        .await?;
    scope
        .execute(
            sql("update orders o set \
                 items_ordered = l.ordered, items_shipped = least(l.shipped, l.ordered), \
                 shipment_status = s.worst, channel_sync = coalesce(s.sync, 'not_applicable'), \
                 on_hold = exists (select 1 from order_holds h where h.account_id = o.account_id and h.order_id = o.id \
                                   and h.released_at is null), \
                 status = case \
                   when o.canceled_at is not null then 'canceled' \
                   when o.payment_status = 'refunded' then 'refunded' \
                   when l.shipped >= l.ordered and l.ordered > 0 then 'shipped' \
                   when l.shipped > 0 then 'partially_shipped' \
                   when o.payment_status in ('unpaid', 'partially_paid', 'voided') then 'unpaid' \
                   else 'unshipped' end, \
                 version = o.version + 1, updated_at = now() \
                 from (select coalesce(sum(to_send) filter (where requires_shipping), 0)::integer as ordered, \
                              coalesce(sum(least(quantity_shipped, quantity)) filter (where requires_shipping), 0)::integer as shipped \
                       from order_lines where account_id = {} and order_id = {}) l, \
                      (select (array_agg(status order by array_position(array['unconfirmed', 'error', 'posting', \
                               'pending_post', 'pending_tracking', 'shipped', 'delivered'], status)))[1] as worst, \
                              (array_agg(channel_sync order by array_position(array['failed', 'warning', 'pending_sync', \
                               'awaiting_send', 'synced', 'muted', 'not_applicable'], channel_sync)))[1] as sync \
                       from shipments where account_id = {} and order_id = {} and voided_at is null) s \
                 where o.account_id = {} and o.id = {}")
            .bind(account)
            .bind(id)
            .bind(account)
            .bind(id)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}
