//! Couriers met on shipments, per channel: so that nobody must guess how a
//! courier is spelled, and what is unmapped is an inbox.

use super::mapping::key;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{ChannelId, ShipmentId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

/// Notes that a shipment came with this courier.
pub async fn note(
    scope: &mut Scope,
    channel: ChannelId,
    courier: &str,
    shipment: ShipmentId,
    now: Instant,
) -> DbResult<()> {
    let courier = courier.trim();
    if courier.is_empty() {
        return Ok(());
    }
    let account = scope.account();
    scope
        .execute(
            sql("insert into seen_couriers as s (account_id, channel_id, courier, as_sent, last_shipment_id, first_seen_at, \
                 last_seen_at) values ({}, {}, {}, {}, {}, {}, {}) on conflict (account_id, channel_id, courier) do update \
                 set times = s.times + 1, as_sent = excluded.as_sent, last_shipment_id = excluded.last_shipment_id, \
                 last_seen_at = excluded.last_seen_at")
            .bind(account)
            .bind(channel)
            .bind(key(courier))
            .bind(courier)
            .bind(shipment)
            .bind(now)
            .bind(now),
        )
        .await?;
    Ok(())
}

/// A courier met on a channel's shipments, with its mapping if it has one.
#[derive(Debug, Clone, QueryableByName)]
pub struct Seen {
    /// The key it is looked up by.
    #[diesel(sql_type = Text)]
    pub courier: String,
    /// As it was last spelled.
    #[diesel(sql_type = Text)]
    pub as_sent: String,
    /// On how many shipments.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub times: i32,
    /// When last.
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    pub last_seen_at: Instant,
    /// What the channel accepts, if it is mapped.
    #[diesel(sql_type = Nullable<Text>)]
    pub custom_name: Option<String>,
    /// Shipments of this channel and courier whose sync failed.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
}

/// The couriers met on a channel, the unmapped ones first, then the most used.
pub async fn list(scope: &mut Scope, channel: ChannelId) -> DbResult<Vec<Seen>> {
    let account = scope.account();
    scope
        .rows(
            sql("select s.courier, s.as_sent, s.times, s.last_seen_at, m.custom_name, \
                 (select count(*) from shipments f where f.account_id = s.account_id and f.channel_id = s.channel_id \
                  and lower(f.courier) = s.courier and f.channel_sync = 'failed' and f.voided_at is null) as failed \
                 from seen_couriers s left join courier_mappings m on m.account_id = s.account_id \
                 and m.channel_id = s.channel_id and m.courier = s.courier and m.service = '' \
                 where s.account_id = {} and s.channel_id = {} \
                 order by m.custom_name is not null, s.times desc, s.courier limit 500")
            .bind(account)
            .bind(channel),
        )
        .await
}
