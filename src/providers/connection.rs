//! Connections as rows: reading them, opening their credentials, noting health.

use super::{Access, Provider, ProviderKind};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::record::{About, LogType},
    ids::{ConnectionId, WarehouseId},
    jobs::{Claimed, End, Work},
    outbound::{ErrorClass, Held, Lane, lane::Asks},
    secrets::{Keyring, Place},
};
use anyhow::Result;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use secrecy::SecretString;
use serde_json::Value;

/// A connection, its credentials sealed.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::connections)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Connection {
    #[diesel(sql_type = BigInt)]
    pub id: ConnectionId,
    #[diesel(sql_type = Text)]
    pub kind: ProviderKind,
    pub name: String,
    pub base_url: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub warehouse_id: Option<WarehouseId>,
    pub credentials_sealed: Option<Vec<u8>>,
    pub settings: Value,
    pub state: String,
    pub requests_per_minute: i32,
    pub last_success_at: Option<Instant>,
    pub failing_since: Option<Instant>,
    pub failure_class: Option<String>,
    pub poll_cursor: Option<Instant>,
    pub version: i32,
}

/// Where a connection's credentials lie.
pub const CREDENTIALS: &str = "connections.credentials";

impl Connection {
    /// How to reach it, with its credentials opened, for a request made now.
    pub fn access(&self, scope: &Scope, keyring: &Keyring, now: Instant) -> Result<Access> {
        let credentials = match &self.credentials_sealed {
            Some(sealed) => keyring
                .open(Place { account: scope.account(), column: CREDENTIALS, row: self.id.0 }, sealed)?,
            None => SecretString::from("{}"),
        };
        Ok(Access {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            credentials,
            settings: self.settings.clone(),
            now,
        })
    }
}

macro_rules! connection_columns {
    ($rest:literal) => {
        concat!(
            "select id, kind, name, base_url, warehouse_id, credentials_sealed, settings, state, requests_per_minute, \
             last_success_at, failing_since, failure_class, poll_cursor, version from connections ",
            $rest
        )
    };
}

/// Every connection of the account.
pub async fn list(scope: &mut Scope) -> DbResult<Vec<Connection>> {
    let account = scope.account();
    scope
        .rows(sql(connection_columns!("where account_id = {} order by name, id limit 500")).bind(account))
        .await
}

/// One connection.
pub async fn find(scope: &mut Scope, id: ConnectionId) -> DbResult<Option<Connection>> {
    let account = scope.account();
    scope.row(sql(connection_columns!("where account_id = {} and id = {}")).bind(account).bind(id)).await
}

/// The connection that ships from a warehouse.
pub async fn of_warehouse(scope: &mut Scope, warehouse: WarehouseId) -> DbResult<Option<Connection>> {
    let account = scope.account();
    scope
        .row(
            sql(connection_columns!("where account_id = {} and warehouse_id = {} order by id limit 1"))
                .bind(account)
                .bind(warehouse),
        )
        .await
}

/// Notes that a call worked, or what class of failure it had that says
/// something about the connection itself.
pub async fn note_health(
    scope: &mut Scope,
    id: ConnectionId,
    failure: Option<ErrorClass>,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let statement = match failure {
        None => {
            sql("update connections set last_success_at = {}, failing_since = null, failure_class = null \
                     where account_id = {} and id = {}")
            .bind(now)
            .bind(account)
            .bind(id)
        }
        Some(class) => {
            sql("update connections set failing_since = coalesce(failing_since, {}), failure_class = {} \
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

/// The turn of a job that changes something at a provider: what it works with
/// then, or its end while it has to wait. When the circuit breaker waits for a
/// read, this makes one, the provider's own test: with nothing else to read, what
/// is queued would wait for ever.
pub async fn turn(
    work: &Work,
    job: &Claimed,
    id: ConnectionId,
    provider: &dyn Provider,
    access: &Access,
) -> Result<Work, End> {
    let lane = Lane::Connection(id);
    let waits = match work.outbound.in_turn(&work.db, job.account_id, lane, Asks::Write).await {
        Err(failure) if failure.held == Some(Held::NeedsARead) => failure,
        Err(failure) => return Err(End::held_or_broken(&failure, (work.now)())),
        Ok(outbound) => return Ok(Work { outbound, ..work.clone() }),
    };
    let about = About {
        connection: Some(id),
        job: Some(job.id),
        attempt: 1,
        trace: Some(job.trace()),
        ..About::default()
    };
    let read = work
        .outbound
        .call(&work.db, job.account_id, LogType::AuthConnect, &about, provider.test(access), |answer| {
            provider.tested(answer)
        })
        .await;
    match read.record {
        Some(_) => work.in_turn(job, lane, Asks::Write).await,
        // somebody else is reading
        None => Err(End::held_or_broken(&waits, (work.now)())),
    }
}
