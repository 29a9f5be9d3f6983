//! Stores and channels as rows: reading them, opening their credentials, and
//! noting their health.

use super::{Access, ChannelKind, Notification, OnUnmappedCourier};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{ChannelId, StoreId},
    outbound::ErrorClass,
    secrets::{Keyring, Place},
};
use anyhow::Result;
use diesel::{QueryableByName, sql_types::{BigInt, Text}};
use secrecy::SecretString;

/// A store.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::stores)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Store {
    #[diesel(sql_type = BigInt)]
    pub id: StoreId,
    pub name: String,
    pub time_zone: String,
    pub currency: String,
    pub version: i32,
}

/// A channel, without its credentials.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::channels)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct ChannelRow {
    #[diesel(sql_type = BigInt)]
    pub id: ChannelId,
    #[diesel(sql_type = BigInt)]
    pub store_id: StoreId,
    #[diesel(sql_type = Text)]
    pub kind: ChannelKind,
    pub name: String,
    pub base_url: String,
    pub external_account: String,
    pub credentials_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Text)]
    pub on_unmapped_courier: OnUnmappedCourier,
    pub fallback_courier: Option<String>,
    #[diesel(sql_type = Text)]
    pub channel_notification: Notification,
    pub import_orders: bool,
    pub submit_fulfillments: bool,
    pub poll_cursor: Option<Instant>,
    pub last_polled_at: Option<Instant>,
    pub last_success_at: Option<Instant>,
    pub failing_since: Option<Instant>,
    pub failure_class: Option<String>,
    pub version: i32,
}

/// Where a channel's credentials lie.
pub const CREDENTIALS: &str = "channels.credentials";

impl ChannelRow {
    /// How to reach it, with its credentials opened.
    pub fn access(&self, scope: &Scope, keyring: &Keyring) -> Result<Access> {
        let credentials = match &self.credentials_sealed {
            Some(sealed) => {
                keyring.open(Place { account: scope.account(), column: CREDENTIALS, row: self.id.0 }, sealed)?
            }
            None => SecretString::from("{}"),
        };
        Ok(Access {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            external_account: self.external_account.clone(),
            credentials,
        })
    }
}

macro_rules! channel_columns {
    ($rest:literal) => {
        concat!(
            "select id, store_id, kind, name, base_url, external_account, credentials_sealed, on_unmapped_courier, \
             fallback_courier, channel_notification, import_orders, submit_fulfillments, poll_cursor, last_polled_at, \
             last_success_at, failing_since, failure_class, version from channels ",
            $rest
        )
    };
}

/// Every store of the account.
pub async fn stores(scope: &mut Scope) -> DbResult<Vec<Store>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, name, time_zone, currency, version from stores where account_id = {} order by name, id limit 500")
                .bind(account),
        )
        .await
}

/// One store.
pub async fn store(scope: &mut Scope, id: StoreId) -> DbResult<Option<Store>> {
    let account = scope.account();
    scope
        .row(
            sql("select id, name, time_zone, currency, version from stores where account_id = {} and id = {}")
                .bind(account)
                .bind(id),
        )
        .await
}

/// Every channel of the account, or of one store.
pub async fn channels(scope: &mut Scope, of: Option<StoreId>) -> DbResult<Vec<ChannelRow>> {
    let account = scope.account();
    let mut statement = sql(channel_columns!("where account_id = {}")).bind(account);
    if let Some(store) = of {
        statement = statement.push(" and store_id = {}").bind(store);
    }
    scope.rows(statement.push(" order by name, id limit 1000")).await
}

/// One channel.
pub async fn channel(scope: &mut Scope, id: ChannelId) -> DbResult<Option<ChannelRow>> {
    let account = scope.account();
    scope.row(sql(channel_columns!("where account_id = {} and id = {}")).bind(account).bind(id)).await
}

/// Notes that a call to the channel worked, or what class of failure it had
/// that says something about the channel itself.
pub async fn note_health(scope: &mut Scope, id: ChannelId, failure: Option<ErrorClass>, now: Instant) -> DbResult<()> {
    let account = scope.account();
    let statement = match failure {
        None => sql("update channels set last_success_at = {}, failing_since = null, failure_class = null \
                     where account_id = {} and id = {}")
            .bind(now)
            .bind(account)
            .bind(id),
        Some(class) => sql("update channels set failing_since = coalesce(failing_since, {}), failure_class = {} \
                            where account_id = {} and id = {}")
            .bind(now)
            .bind(class)
            .bind(account)
            .bind(id),
    };
    scope.execute(statement).await?;
    Ok(())
}

/// Notes that the channel's orders were read, and from when the next read goes on.
pub async fn note_polled(scope: &mut Scope, id: ChannelId, cursor: Option<Instant>, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update channels set last_polled_at = {}, poll_cursor = coalesce({}, poll_cursor) where account_id = {} and id = {}")
                .bind(now)
                .bind(cursor)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}
