//! Stores and channels as rows: reading them, opening their credentials, and
//! noting their health.

use super::{Access, ChannelKind, Notification, OnUnmappedCourier};
use crate::{
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, activity::Subject},
    ids::{ChannelId, StoreId},
    outbound::ErrorClass,
    secrets::{Keyring, Place},
};
use anyhow::Result;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

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
            Some(sealed) => keyring
                .open(Place { account: scope.account(), column: CREDENTIALS, row: self.id.0 }, sealed)?,
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
            sql(
                "select id, name, time_zone, currency, version from stores where account_id = {} and id = {}",
            )
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
pub async fn note_health(
    scope: &mut Scope,
    id: ChannelId,
    failure: Option<ErrorClass>,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let statement = match failure {
        None => sql("update channels set last_success_at = {}, failing_since = null, failure_class = null \
                     where account_id = {} and id = {}")
        .bind(now)
        .bind(account)
        .bind(id),
        Some(class) => {
            sql("update channels set failing_since = coalesce(failing_since, {}), failure_class = {} \
                            where account_id = {} and id = {}")
            .bind(now)
            .bind(class)
            .bind(account)
            .bind(id)
        }
    };
    scope.execute(statement).await?;
    Ok(())
}

/// What a person may change of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Settings {
    pub name: String,
    pub base_url: String,
    pub on_unmapped_courier: OnUnmappedCourier,
    pub fallback_courier: Option<String>,
    pub channel_notification: Notification,
    pub import_orders: bool,
    pub submit_fulfillments: bool,
}

impl Settings {
    /// A channel's settings as they are.
    pub fn of(row: &ChannelRow) -> Settings {
        Settings {
            name: row.name.clone(),
            base_url: row.base_url.clone(),
            on_unmapped_courier: row.on_unmapped_courier,
            fallback_courier: row.fallback_courier.clone(),
            channel_notification: row.channel_notification,
            import_orders: row.import_orders,
            submit_fulfillments: row.submit_fulfillments,
        }
    }

    fn values(&self) -> [(&'static str, Value); 7] {
        [
            ("name", json!(self.name)),
            ("base_url", json!(self.base_url)),
            ("on_unmapped_courier", json!(self.on_unmapped_courier)),
            ("fallback_courier", json!(self.fallback_courier)),
            ("channel_notification", json!(self.channel_notification)),
            ("import_orders", json!(self.import_orders)),
            ("submit_fulfillments", json!(self.submit_fulfillments)),
        ]
    }
}

/// Credentials that were typed anew: sealed as a whole, with the names of those replaced.
#[derive(Debug)]
pub struct Renewed {
    /// All of the channel's credentials, sealed for its row.
    pub sealed: Vec<u8>,
    /// Which were typed.
    pub names: Vec<String>,
}

/// What changing a channel came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// It was changed.
    Changed,
    /// It was so already.
    Unchanged,
    /// Somebody changed it after the page was loaded.
    Stale,
    /// Another channel of the store has this name.
    NameTaken,
    /// There is no such channel.
    Gone,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Changes a channel's settings, with a line of activity that tells what was
/// changed from what. Of credentials it tells only which were replaced.
pub async fn update(
    scope: &mut Scope,
    id: ChannelId,
    seen: i32,
    new: &Settings,
    renewed: Option<Renewed>,
    by: &By,
) -> DbResult<Updated> {
    let account = scope.account();
    let locked = sql(channel_columns!("where account_id = {} and id = {} for update")).bind(account).bind(id);
    let Some(row): Option<ChannelRow> = scope.row(locked).await? else {
        return Ok(Updated::Gone);
    };
    if row.version != seen {
        return Ok(Updated::Stale);
    }
    let old = Settings::of(&row);
    let (mut before, mut after) = (Map::new(), Map::new());
    for ((name, was), (_, is)) in old.values().into_iter().zip(new.values()) {
        if was != is {
            before.insert(name.into(), was);
            after.insert(name.into(), is);
        }
    }
    if let Some(renewed) = &renewed {
        after.insert("credentials_replaced".into(), json!(renewed.names));
    }
    if after.is_empty() {
        return Ok(Updated::Unchanged);
    }
    let taken: Option<Taken> = scope
        .row(
            sql("select exists (select from channels where account_id = {} and store_id = {} and id <> {} \
                 and lower(name) = lower({})) as taken")
            .bind(account)
            .bind(row.store_id)
            .bind(id)
            .bind(&new.name),
        )
        .await?;
    if taken.is_some_and(|row| row.taken) {
        return Ok(Updated::NameTaken);
    }
    let changed: Vec<String> = after.keys().map(|name| name.replace('_', " ")).collect();
    scope
        .execute(
            sql("update channels set name = {}, base_url = {}, on_unmapped_courier = {}, fallback_courier = {}, \
                 channel_notification = {}, import_orders = {}, submit_fulfillments = {}, \
                 credentials_sealed = coalesce({}, credentials_sealed), version = version + 1 \
                 where account_id = {} and id = {}")
            .bind(&new.name)
            .bind(&new.base_url)
            .bind(new.on_unmapped_courier)
            .bind(new.fallback_courier.clone())
            .bind(new.channel_notification)
            .bind(new.import_orders)
            .bind(new.submit_fulfillments)
            .bind(renewed.map(|renewed| renewed.sealed))
            .bind(account)
            .bind(id),
        )
        .await?;
    let summary = format!("Changed the settings of {}: {}", new.name, changed.join(", "));
    let entry = Entry::new(&by.actor, "channel_changed", Subject::Channel, id.0, summary)
        .changed(Value::Object(before), Value::Object(after))
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(Updated::Changed)
}

/// Notes that the channel's orders were read, and from when the next read goes on.
pub async fn note_polled(
    scope: &mut Scope,
    id: ChannelId,
    cursor: Option<Instant>,
    now: Instant,
) -> DbResult<()> {
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
