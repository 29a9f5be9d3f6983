//! How many items of an order have left, line by line, told by its shipments: the
//! originals that left, and of what they did not send what a reship sent in their
//! place. What had left before the order came here is only in the line's own count.

use crate::{
    db::{DbResult, Scope, sql},
    ids::{OrderId, OrderLineId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer},
};

/// Units of a line that have left.
#[derive(Debug, QueryableByName)]
pub(super) struct Gone {
    #[diesel(sql_type = BigInt)]
    line: OrderLineId,
    #[diesel(sql_type = Integer)]
    n: i32,
}

/// `line`, what is `planned` of it in shipments of what was bought, and `n` units
/// that have left; asks for the account and the order. A reship counts for what
/// its original has not sent, and never beyond what was planned.
macro_rules! gone_by_line {
    () => {
        "select ol.id as line, p.planned::integer as planned, \
           (o.n + least(greatest(p.planned - o.n, 0), r.n))::integer as n \
         from order_lines ol \
         cross join lateral (select coalesce(sum(fl.quantity), 0) as planned from fulfillment_order_lines fl \
           join fulfillment_orders f on f.account_id = fl.account_id and f.id = fl.fulfillment_order_id and not f.reship \
           where fl.account_id = ol.account_id and fl.order_line_id = ol.id) p \
         cross join lateral (select coalesce(sum(l.quantity), 0) as n from shipment_lines l \
           join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
           where l.account_id = ol.account_id and l.order_line_id = ol.id \
           and s.voided_at is null and s.shipped_at is not null and s.reship_of is null) o \
         cross join lateral (select coalesce(sum(greatest(again.n - first.n, 0)), 0) as n \
           from (select s.id, s.reship_of, sum(l.quantity) as n from shipment_lines l \
                 join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                 where l.account_id = ol.account_id and l.order_line_id = ol.id \
                 and s.voided_at is null and s.shipped_at is not null and s.reship_of is not null \
                 group by s.id, s.reship_of) again \
           cross join lateral (select coalesce(sum(l.quantity), 0) as n from shipment_lines l \
             join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
             where l.account_id = ol.account_id and l.order_line_id = ol.id and s.id = again.reship_of \
             and s.voided_at is null and s.shipped_at is not null) first) r \
         where ol.account_id = {} and ol.order_id = {}"
    };
}
pub(super) use gone_by_line;

/// What has left of an order now.
pub(super) async fn gone(scope: &mut Scope, order: OrderId) -> DbResult<Vec<Gone>> {
    let account = scope.account();
    scope.rows(sql(gone_by_line!()).bind(account).bind(order)).await
}

/// Counts what has left, or came to nothing, since `before` was read.
pub(super) async fn count(scope: &mut Scope, order: OrderId, before: &[Gone]) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql(concat!(
                "update order_lines ol set quantity_shipped = \
                   greatest(0, ol.quantity_shipped + now.n - coalesce(before.n, 0)) from (",
                gone_by_line!(),
                ") now left join unnest({}::bigint[], {}::int[]) as before (line, n) on before.line = now.line \
                 where ol.account_id = {} and ol.id = now.line and now.n <> coalesce(before.n, 0)"
            ))
            .bind(account)
            .bind(order)
            .bind(before.iter().map(|gone| gone.line.0).collect::<Vec<i64>>())
            .bind(before.iter().map(|gone| gone.n).collect::<Vec<i32>>())
            .bind(account),
        )
        .await?;
    Ok(())
}
