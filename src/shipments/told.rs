//! What a channel was told of a shipment: its id of the parcel and the number it was
//! told. So a correction finds the parcel that it is about, however often our own
//! number changed since.

use super::Shipment;
use crate::{
    channels::Told,
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::ShipmentId,
};
use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text},
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    remote_id: Option<String>,
    #[diesel(sql_type = Text)]
    tracking_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    courier_name: Option<String>,
}

/// What the channel was told of it.
pub(super) async fn of(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Option<Told>> {
    let account = scope.account();
    let row: Option<Row> = scope
        .row(
            sql("select remote_id, tracking_number, courier_name from channel_parcels \
                 where account_id = {} and shipment_id = {}")
            .bind(account)
            .bind(shipment),
        )
        .await?;
    Ok(row.map(|row| Told {
        remote_id: row.remote_id,
        tracking_number: row.tracking_number,
        courier_name: row.courier_name,
    }))
}

/// Keeps what it was told now. A parcel that another shipment of the order told it of
/// stays that one's: a correction of this one would change what is said of the other.
pub(super) async fn keep(scope: &mut Scope, shipment: &Shipment, told: &Told, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into channel_parcels (account_id, shipment_id, remote_id, tracking_number, courier_name, told_at) \
                 select s.account_id, s.id, {}, {}, {}, {} from shipments s where s.account_id = {} and s.id = {} \
                 and not exists (select 1 from channel_parcels c join shipments o on o.account_id = c.account_id \
                   and o.id = c.shipment_id where c.account_id = s.account_id and o.order_id = s.order_id \
                   and o.id <> s.id and o.voided_at is null \
                   and coalesce(c.remote_id = {}::text, c.tracking_number = {})) \
                 on conflict (account_id, shipment_id) do update set remote_id = excluded.remote_id, \
                 tracking_number = excluded.tracking_number, courier_name = excluded.courier_name, \
                 told_at = excluded.told_at")
            .bind(told.remote_id.clone())
            .bind(&told.tracking_number)
            .bind(told.courier_name.clone())
            .bind(now)
            .bind(account)
            .bind(shipment.id)
            .bind(told.remote_id.clone())
            .bind(&told.tracking_number),
        )
        .await?;
    Ok(())
}

/// Before our number changes: what was told before this was kept is the number as it
/// was until now.
pub(super) async fn note_before(scope: &mut Scope, shipment: &Shipment, now: Instant) -> DbResult<()> {
    let Some(number) = shipment.tracking_number.clone().filter(|number| !number.is_empty()) else {
        return Ok(());
    };
    if shipment.submitted_to_sales_channel_at.is_none() || of(scope, shipment.id).await?.is_some() {
        return Ok(());
    }
    keep(scope, shipment, &Told { remote_id: None, tracking_number: number, courier_name: None }, now).await
}
