//! Making a shipment: its row, its lines, its share of the budget, its stock, in
//! one transaction. Planning, reshipping and fulfilling again all make them here.

use super::{
    ChannelSync,
    budget::{self, Units},
};
use crate::{
    actions::By,
    channels::Notification,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{ChannelId, ConnectionId, FulfillmentOrderId, OrderId, ShipmentId, ShipmentLineId, WarehouseId},
    inventory::{Mover, ledger},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// A shipment to be made.
pub(super) struct Making<'a> {
    pub(super) order: OrderId,
    pub(super) order_number: &'a str,
    pub(super) search_text: &'a str,
    pub(super) fulfillment_order: FulfillmentOrderId,
    pub(super) warehouse: WarehouseId,
    pub(super) connection: Option<ConnectionId>,
    pub(super) channel: ChannelId,
    pub(super) sync: ChannelSync,
    pub(super) notification: Notification,
    pub(super) reship_of: Option<ShipmentId>,
    /// Units of originals that go back to stock before it takes its own.
    pub(super) back: &'a [(ShipmentLineId, i32)],
    pub(super) units: &'a [Units],
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
}

/// Makes it; answers it and its number.
pub(super) async fn make(
    scope: &mut Scope,
    making: Making<'_>,
    by: &By,
    now: Instant,
) -> DbResult<(ShipmentId, String)> {
    let number = super::plan::next_number(scope).await?;
    Ok((make_as(scope, &number, making, by, now).await?, number))
}

/// Makes it under a number that was drawn before.
pub(super) async fn make_as(
    scope: &mut Scope,
    number: &str,
    making: Making<'_>,
    by: &By,
    now: Instant,
) -> DbResult<ShipmentId> {
    let account = scope.account();
    let search = format!("{} {}", number.to_lowercase(), making.search_text);
    let row: Option<Id> = scope
        .row(
            sql("insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, connection_id, \
                 channel_id, channel_sync, channel_notification, reship_of, search_text) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(number)
            .bind(making.order)
            .bind(making.fulfillment_order)
            .bind(making.warehouse)
            .bind(making.connection)
            .bind(making.channel)
            .bind(making.sync)
            .bind(making.notification)
            .bind(making.reship_of)
            .bind(search),
        )
        .await?;
    let id = row.map_or(ShipmentId(0), |row| row.id);
    scope
        .execute(
            sql("with detail as (insert into shipment_details (account_id, shipment_id) values ({}, {})) \
                 insert into shipment_lines (account_id, shipment_id, order_line_id, product_id, quantity) \
                 select {}, {}, line, product, n from unnest({}::bigint[], {}::bigint[], {}::int[]) as u (line, product, n)")
            .bind(account)
            .bind(id)
            .bind(account)
            .bind(id)
            .bind(making.units.iter().map(|u| u.order_line_id.0).collect::<Vec<i64>>())
            .bind(making.units.iter().map(|u| u.product_id.map(|p| p.0)).collect::<Vec<Option<i64>>>())
            .bind(making.units.iter().map(|u| u.quantity).collect::<Vec<i32>>()),
        )
        .await?;
    budget::use_up(scope, id).await?;
    let mover = Mover { name: &by.actor.name, now };
    for (line, n) in making.back {
        ledger::add_back(scope, *line, *n, id, mover).await?;
    }
    ledger::take(scope, id, mover).await?;
    let entry = Entry::shipment(
        &by.actor,
        "shipment_planned",
        id,
        making.order,
        format!("Shipment {number} planned for order {}", making.order_number),
    )
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(id)
}
