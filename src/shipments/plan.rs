//! Planning: what a received order needs sent becomes a fulfillment order with
//! its budget and a shipment that waits to be posted.

use super::{
    ChannelSync,
    budget::{self, Units},
    make::{Making, make},
};
use crate::{
    actions::By,
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{ChannelId, FulfillmentOrderId, OrderId, ShipmentId, WarehouseId},
    inventory::ledger,
    jobs::{Claimed, End, Handler, Work},
    orders::status,
    providers::connection,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use futures_util::future::BoxFuture;
use serde::Deserialize;

/// Plans the shipments of a received order.
#[derive(Debug)]
pub struct PlanShipments;

#[derive(Deserialize)]
struct Payload {
    order_id: OrderId,
}

impl Handler for PlanShipments {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, anyhow::Result<End>> {
        Box::pin(async move {
            let payload: Payload = job.payload()?;
            let mut scope = work.db.scope(job.account_id).await?;
            plan(&mut scope, payload.order_id, &job.trace(), (work.now)()).await?;
            scope.commit().await?;
            Ok(End::Done)
        })
    }
}

#[derive(QueryableByName)]
struct OrderFacts {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    search_text: String,
    #[diesel(sql_type = BigInt)]
    channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    channel_kind: ChannelKind,
    #[diesel(sql_type = Text)]
    notification: crate::channels::Notification,
    #[diesel(sql_type = Bool)]
    canceled: bool,
    #[diesel(sql_type = Bool)]
    ready: bool,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Plans what is not planned yet; doing it twice plans nothing more. Of a canceled
/// order nothing is planned or kept reserved. Answers the shipment that was made.
pub async fn plan(
    scope: &mut Scope,
    order: OrderId,
    trace: &TraceId,
    now: Instant,
) -> DbResult<Option<ShipmentId>> {
    let account = scope.account();
    let facts: Option<OrderFacts> = scope
        .row(
            sql("select o.number, o.search_text, o.channel_id, c.kind as channel_kind, c.channel_notification as notification, \
                 o.canceled_at is not null as canceled, \
                 (o.canceled_at is null and o.payment_status in ('paid', 'partially_refunded')) as ready \
                 from orders o join channels c on c.account_id = o.account_id and c.id = o.channel_id \
                 where o.account_id = {} and o.id = {} for update of o")
            .bind(account)
            .bind(order),
        )
        .await?;
    if facts.as_ref().is_some_and(|facts| facts.canceled) {
        // nobody sends anew what was voided of it
        let ids: Vec<Id> = scope
            .rows(
                sql("select id from fulfillment_orders where account_id = {} and order_id = {}")
                    .bind(account)
                    .bind(order),
            )
            .await?;
        let ids: Vec<FulfillmentOrderId> = ids.iter().map(|row| FulfillmentOrderId(row.id)).collect();
        ledger::release(scope, &ids).await?;
        return Ok(None);
    }
    let Some(facts) = facts.filter(|f| f.ready) else {
        return Ok(None);
    };
    let units: Vec<Units> = scope
        .rows(
            sql("select l.id as order_line_id, l.product_id, (l.to_send - l.quantity_shipped - coalesce(f.planned, 0))::integer as quantity \
                 from order_lines l left join lateral ( \
                   select sum(fl.quantity) as planned from fulfillment_order_lines fl \
                   join fulfillment_orders fo on fo.account_id = fl.account_id and fo.id = fl.fulfillment_order_id \
                   where fl.account_id = l.account_id and fl.order_line_id = l.id and fo.order_id = l.order_id and not fo.reship) f on true \
                 where l.account_id = {} and l.order_id = {} and l.requires_shipping order by l.position")
            .bind(account)
            .bind(order),
        )
        .await?;
    let units: Vec<Units> = units.into_iter().filter(|u| u.quantity > 0).collect();
    if units.is_empty() {
        return Ok(None);
    }
    let warehouse: Option<Id> = scope
        .row(sql("select id from warehouses where account_id = {} order by id limit 1").bind(account))
        .await?;
    let Some(warehouse) = warehouse.map(|w| WarehouseId(w.id)) else {
        return Ok(None);
    };
    let connection = connection::of_warehouse(scope, warehouse).await?.map(|c| c.id);
    let fulfillment_order = budget::open(scope, order, warehouse, false, &units).await?;
    let sync = match facts.channel_kind {
        ChannelKind::Manual => ChannelSync::NotApplicable,
        _ => ChannelSync::AwaitingSend,
    };
    let making = Making {
        order,
        order_number: &facts.number,
        search_text: &facts.search_text,
        fulfillment_order,
        warehouse,
        connection,
        channel: facts.channel_id,
        sync,
        notification: facts.notification,
        reship_of: None,
        back: &[],
        units: &units,
    };
    let (shipment, _) = make(scope, making, &By::system(trace.clone()), now).await?;
    status::refresh(scope, order).await?;
    Ok(Some(shipment))
}

/// The next number of the account: `SHP-000123`. Its counter row makes two
/// shipments planned at once wait for each other, so no number is used twice.
pub async fn next_number(scope: &mut Scope) -> DbResult<String> {
    #[derive(QueryableByName)]
    struct Value {
        #[diesel(sql_type = BigInt)]
        value: i64,
    }
    let account = scope.account();
    let row: Option<Value> = scope
        .row(
            sql("insert into counters (account_id, name, value) values ({}, 'shipment_number', 1) \
                 on conflict (account_id, name) do update set value = counters.value + 1 returning value")
            .bind(account),
        )
        .await?;
    Ok(format!("SHP-{:06}", row.map_or(0, |r| r.value)))
}
