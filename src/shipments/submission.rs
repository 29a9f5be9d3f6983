//! The shipment as its channel is told.

use super::{Subject, told};
use crate::{
    channels::{Notification, OnUnmappedCourier, Submission, SubmissionLine, store},
    couriers::{catalogue, mapping},
    db::{Scope, sql},
    outbound::{ErrorClass, Failure},
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{Integer, Text},
};

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = Text)]
    channel_line_id: String,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Integer)]
    quantity: i32,
}

#[derive(QueryableByName)]
struct OrderRef {
    #[diesel(sql_type = Text)]
    channel_reference: String,
}

/// The shipment as its channel is told, or why it is not sent at all.
pub(super) async fn build(
    scope: &mut Scope,
    subject: &Subject,
    channel: &store::ChannelRow,
) -> Result<Result<Submission, Failure>> {
    let shipment = &subject.shipment;
    let account = scope.account();
    let courier = shipment.courier.clone().unwrap_or_default();
    let tracking_number = shipment.tracking_number.clone().unwrap_or_default();
    let found = mapping::find(scope, channel.id, &courier, shipment.service_level.as_deref()).await?;
    let mapped = found.is_some();
    let (courier_name, courier_code) = match (found, channel.on_unmapped_courier) {
        (Some(m), _) => (m.custom_name, m.custom_code),
        (None, OnUnmappedCourier::SendAsIs) => (courier.clone(), None),
        (None, OnUnmappedCourier::UseFallback) => {
            (channel.fallback_courier.clone().unwrap_or_else(|| "Other".to_owned()), None)
        }
        (None, OnUnmappedCourier::HoldBack) => {
            let words = format!(
                "“{courier}” is not mapped for {}, and unmapped couriers are held back.",
                channel.name
            );
            return Ok(Err(Failure::not_sent(ErrorClass::CourierUnmapped, words)));
        }
    };
    let order: OrderRef = scope
        .row(
            sql("select channel_reference from orders where account_id = {} and id = {}")
                .bind(account)
                .bind(shipment.order_id),
        )
        .await?
        .context("the shipment's order is gone")?;
    let lines: Vec<LineRow> = scope
        .rows(
            // of items that a person edited, only what the channel sold and was not told of yet
            sql("select channel_line_id, sku, quantity from ( \
                   select l.id, ol.channel_line_id, ol.sku, case when ol.bought is null then l.quantity \
                     else least(l.quantity, ol.bought - coalesce(t.told, 0))::integer end as quantity \
                   from shipment_lines l \
                   join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                   left join lateral (select sum(tl.quantity) as told from shipment_lines tl \
                     join shipments ts on ts.account_id = tl.account_id and ts.id = tl.shipment_id \
                     where tl.account_id = l.account_id and tl.order_line_id = l.order_line_id and ts.id <> l.shipment_id \
                     and ts.submitted_to_sales_channel_at is not null) t on true \
                   where l.account_id = {} and l.shipment_id = {}) lines \
                 where quantity > 0 order by id")
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    if lines.is_empty() {
        let words = format!("{} was told of all that it sold of these items already.", channel.name);
        return Ok(Err(Failure::not_sent(ErrorClass::AlreadyFulfilled, words)));
    }
    let told = told::of(scope, shipment.id).await?;
    let tracking_url = shipment
        .tracking_url
        .clone()
        .or_else(|| catalogue::by_any_name(&courier).and_then(|c| c.tracking_url(&tracking_number)));
    Ok(Ok(Submission {
        number: shipment.number.clone(),
        order_reference: order.channel_reference,
        lines: lines
            .into_iter()
            .map(|l| SubmissionLine { channel_line_id: l.channel_line_id, sku: l.sku, quantity: l.quantity })
            .collect(),
        courier,
        courier_name,
        courier_code,
        mapped,
        tracking_number,
        tracking_url,
        shipped_at: shipment.shipped_at.or(shipment.date_post).unwrap_or(shipment.created_at),
        notify_buyer: shipment.channel_notification == Notification::Trigger,
        told,
    }))
}
