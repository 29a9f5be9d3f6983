//! Our record of a shipment's orders at its providers. All of them stay; one of
//! them is the current one, whose id is the shipment's `fulfillment_id`.

use super::posts::Post;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{ConnectionId, PostId, ShipmentId},
    providers::RemoteOrder,
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

text_enum! {
    /// Where the cancellation of a provider order stands.
    CancelState {
        /// Nobody asked for it.
        None = "none",
        /// Asked for, not answered yet.
        Requested = "requested",
        /// The provider canceled it, or it is not there.
        Confirmed = "confirmed",
        /// The provider would not.
        Refused = "refused",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

impl CancelState {
    /// As the page of the shipment says it; empty while nobody asked.
    pub fn words(self) -> &'static str {
        match self {
            CancelState::None => "",
            CancelState::Requested => "Asked for, no answer yet",
            CancelState::Confirmed => "Canceled there",
            CancelState::Refused => "The provider refused",
            CancelState::Unknown => "Not known whether it was canceled",
        }
    }
}

/// Our record of an order at a provider.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::provider_orders)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct ProviderOrder {
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = BigInt)]
    pub connection_id: ConnectionId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub post_id: Option<PostId>,
    pub remote_id: String,
    pub reference: String,
    pub remote_status: Option<String>,
    #[diesel(sql_type = Text)]
    pub cancel_state: CancelState,
    pub last_read_at: Option<Instant>,
    pub superseded_at: Option<Instant>,
    /// When it was learned that it is canceled or gone.
    pub ended_at: Option<Instant>,
    pub created_at: Instant,
}

impl ProviderOrder {
    /// As an adapter knows it.
    pub fn remote(&self) -> RemoteOrder {
        RemoteOrder {
            remote_id: self.remote_id.clone(),
            reference: self.reference.clone(),
            status: self.remote_status.clone().unwrap_or_default(),
            live: self.ended_at.is_none(),
        }
    }
}

macro_rules! provider_order_columns {
    ($rest:literal) => {
        concat!(
            "select id, shipment_id, connection_id, post_id, remote_id, reference, remote_status, cancel_state, last_read_at, \
             superseded_at, ended_at, created_at from provider_orders ",
            $rest
        )
    };
}

/// Every provider order of a shipment, the current one first.
pub async fn of_shipment(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<ProviderOrder>> {
    let account = scope.account();
    let statement = sql(provider_order_columns!(
        "where account_id = {} and shipment_id = {} order by superseded_at is not null, id desc limit 100"
    ));
    scope.rows(statement.bind(account).bind(shipment)).await
}

/// Those of a shipment that nobody knows to have ended, the oldest first.
pub(super) async fn may_be_live(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<ProviderOrder>> {
    let account = scope.account();
    let statement = sql(provider_order_columns!(
        "where account_id = {} and shipment_id = {} and ended_at is null order by id limit 100"
    ));
    scope.rows(statement.bind(account).bind(shipment)).await
}

/// One, locked.
pub(super) async fn lock(scope: &mut Scope, id: i64) -> DbResult<Option<ProviderOrder>> {
    let account = scope.account();
    let statement = sql(provider_order_columns!("where account_id = {} and id = {} for update"));
    scope.row(statement.bind(account).bind(id)).await
}

/// Keeps the order a post made as the current one; the one before stays as
/// history. `false`: another shipment has this order, and nothing was written.
pub(super) async fn keep(
    scope: &mut Scope,
    post: &Post,
    remote: &RemoteOrder,
    now: Instant,
) -> DbResult<bool> {
    if held_by_another(scope, post, remote).await? {
        return Ok(false);
    }
    supersede_current(scope, post.shipment_id, now).await?;
    let account = scope.account();
    scope
        .execute(
            sql("insert into provider_orders (account_id, shipment_id, connection_id, post_id, remote_id, reference, \
                 remote_status, last_read_at, ended_at, created_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, connection_id, remote_id) do update set post_id = excluded.post_id, \
                 remote_status = excluded.remote_status, last_read_at = excluded.last_read_at, \
                 ended_at = excluded.ended_at, superseded_at = null, cancel_state = 'none'")
            .bind(account)
            .bind(post.shipment_id)
            .bind(post.connection_id)
            .bind(post.id)
            .bind(&remote.remote_id)
            .bind(&remote.reference)
            .bind(&remote.status)
            .bind(now)
            .bind((!remote.live).then_some(now))
            .bind(now),
        )
        .await?;
    Ok(true)
}

/// Whether another shipment has this order.
pub(super) async fn held_by_another(scope: &mut Scope, post: &Post, remote: &RemoteOrder) -> DbResult<bool> {
    let account = scope.account();
    let held: Option<ProviderOrder> = scope
        .row(
            sql(provider_order_columns!("where account_id = {} and connection_id = {} and remote_id = {}"))
                .bind(account)
                .bind(post.connection_id)
                .bind(&remote.remote_id),
        )
        .await?;
    Ok(held.is_some_and(|held| held.shipment_id != post.shipment_id))
}

/// The current order becomes one of the past.
pub(super) async fn supersede_current(scope: &mut Scope, shipment: ShipmentId, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update provider_orders set superseded_at = {} \
                 where account_id = {} and shipment_id = {} and superseded_at is null")
            .bind(now)
            .bind(account)
            .bind(shipment),
        )
        .await?;
    Ok(())
}

/// Notes an order that reading found: known or not, it is listed from now on,
/// and whether it lives. An unknown one is not the current one.
pub(super) async fn note_seen(
    scope: &mut Scope,
    shipment: ShipmentId,
    connection: ConnectionId,
    remote: &RemoteOrder,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into provider_orders as p (account_id, shipment_id, connection_id, remote_id, reference, \
                 remote_status, last_read_at, superseded_at, ended_at, created_at) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, connection_id, remote_id) do update set remote_status = excluded.remote_status, \
                 last_read_at = excluded.last_read_at, \
                 ended_at = case when excluded.ended_at is null then null else coalesce(p.ended_at, excluded.ended_at) end \
                 where p.shipment_id = excluded.shipment_id")
            .bind(account)
            .bind(shipment)
            .bind(connection)
            .bind(&remote.remote_id)
            .bind(&remote.reference)
            .bind(&remote.status)
            .bind(now)
            .bind(now)
            .bind((!remote.live).then_some(now))
            .bind(now),
        )
        .await?;
    Ok(())
}

/// Notes the word a provider has for an order's status.
pub(super) async fn note_status(
    scope: &mut Scope,
    connection: ConnectionId,
    remote_id: &str,
    status: &str,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update provider_orders set remote_status = {}, last_read_at = {} \
                 where account_id = {} and connection_id = {} and remote_id = {}")
            .bind(status)
            .bind(now)
            .bind(account)
            .bind(connection)
            .bind(remote_id),
        )
        .await?;
    Ok(())
}

/// Notes that an order is canceled or gone.
pub(super) async fn note_ended(scope: &mut Scope, id: i64, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update provider_orders set ended_at = coalesce(ended_at, {}), last_read_at = {} \
                 where account_id = {} and id = {}")
            .bind(now)
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}

/// Where its cancellation stands.
pub(super) async fn set_cancel(scope: &mut Scope, id: i64, state: CancelState) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update provider_orders set cancel_state = {} where account_id = {} and id = {}")
                .bind(state)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}
