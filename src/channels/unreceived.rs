//! Orders that a channel sent and we could not take in: shown on the channel's
//! page until the same order is taken in after all.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::mask,
    ids::{ChannelId, RecordId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};

/// Said of what the database refuses: a value that no column takes.
pub const CANNOT_BE_KEPT: &str =
    "A value in it is too large or too long to be kept. Correct the order at the channel.";

/// An order that was not taken in.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Unreceived {
    #[diesel(sql_type = Text)]
    pub reference: String,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
    #[diesel(sql_type = Integer)]
    pub times: i32,
    #[diesel(sql_type = Timestamptz)]
    pub first_seen_at: Instant,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: Instant,
}

/// Notes that an order was not taken in, and why.
pub async fn note(
    scope: &mut Scope,
    channel: ChannelId,
    reference: &str,
    reason: &str,
    record: Option<RecordId>,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let reference: String = reference.chars().take(200).collect();
    scope
        .execute(
            sql("insert into unreceived_orders as u (account_id, channel_id, reference, reason, transaction_record_id, \
                 first_seen_at, last_seen_at) values ({}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, channel_id, reference) do update set reason = excluded.reason, \
                 transaction_record_id = coalesce(excluded.transaction_record_id, u.transaction_record_id), \
                 last_seen_at = excluded.last_seen_at, times = u.times + 1")
            .bind(account)
            .bind(channel)
            .bind(reference)
            .bind(mask::body(reason))
            .bind(record)
            .bind(now)
            .bind(now),
        )
        .await?;
    Ok(())
}

/// Forgets one that was taken in.
pub async fn forget(scope: &mut Scope, channel: ChannelId, reference: &str) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("delete from unreceived_orders where account_id = {} and channel_id = {} and reference = {}")
                .bind(account)
                .bind(channel)
                .bind(reference),
        )
        .await?;
    Ok(())
}

/// What of a channel was not taken in, the latest first.
pub async fn list(scope: &mut Scope, channel: ChannelId, limit: i64) -> DbResult<Vec<Unreceived>> {
    let account = scope.account();
    scope
        .rows(
            sql("select reference, reason, transaction_record_id, times, first_seen_at, last_seen_at \
                 from unreceived_orders where account_id = {} and channel_id = {} \
                 order by last_seen_at desc, reference limit {}")
            .bind(account)
            .bind(channel)
            .bind(limit),
        )
        .await
}
