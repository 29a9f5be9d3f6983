//! Sessions are rows: they can be listed, ended and outlive no limit. Only a
//! hash of the cookie's key is stored, so a stolen database opens nothing.

use crate::{
    clock,
    db::{Db, DbError, sql},
    ids::UserId,
};
use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time;
use anyhow::{Context, anyhow};
use diesel::QueryableByName;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Idle limit of a session, in minutes.
pub const IDLE_MINUTES: i64 = 60;
/// Absolute limit of a session, in hours.
pub const ABSOLUTE_HOURS: i64 = 12;

/// The session store on PostgreSQL.
#[derive(Clone, Debug)]
pub struct Sessions(pub Db);

type State = HashMap<String, String>;

fn hash(key: &SessionKey) -> Vec<u8> {
    Sha256::digest(key.as_ref().as_bytes()).to_vec()
}

fn expiry(ttl: &time::Duration) -> clock::Instant {
    clock::now() + chrono::Duration::seconds(ttl.whole_seconds())
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::sessions)]
struct Row {
    state: Value,
}

impl Sessions {
    async fn write(
        &self,
        key: &SessionKey,
        state: &State,
        ttl: &time::Duration,
        new: bool,
    ) -> Result<usize, DbError> {
        let user: Option<i64> = state.get("user").and_then(|text| text.parse().ok());
        let value = serde_json::json!(state);
        let mut global = self.0.global().await?;
        let statement = if new {
            sql("insert into sessions (key_hash, user_id, state, expires_at, created_at, last_seen_at) \
                 values ({}, {}, {}, {}, {}, {})")
            .bind(hash(key))
            .bind(user)
            .bind(value)
            .bind(expiry(ttl))
            .bind(clock::now())
            .bind(clock::now())
        } else {
            sql("update sessions set user_id = {}, state = {}, expires_at = {}, last_seen_at = {} where key_hash = {}")
                .bind(user)
                .bind(value)
                .bind(expiry(ttl))
                .bind(clock::now())
                .bind(hash(key))
        };
        let rows = global.execute(statement).await?;
        global.commit().await?;
        Ok(rows)
    }

    /// Ends every session of somebody.
    pub async fn end_all(&self, user: UserId) -> Result<usize, DbError> {
        let mut global = self.0.global().await?;
        let ended = global.execute(sql("delete from sessions where user_id = {}").bind(user)).await?;
        global.commit().await?;
        Ok(ended)
    }

    /// Removes what has expired; answers how many.
    pub async fn sweep(&self, now: clock::Instant) -> Result<usize, DbError> {
        let mut global = self.0.global().await?;
        let swept = global.execute(sql("delete from sessions where expires_at < {}").bind(now)).await?;
        global.commit().await?;
        Ok(swept)
    }
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let found: Result<Option<Row>, DbError> = async {
            let mut global = self.0.global().await?;
            global
                .row(
                    sql("select state from sessions where key_hash = {} and expires_at > {}")
                        .bind(hash(key))
                        .bind(clock::now()),
                )
                .await
        }
        .await;
        match found {
            Ok(None) => Ok(None),
            Ok(Some(row)) => {
                serde_json::from_value(row.state).map(Some).map_err(|e| LoadError::Deserialization(e.into()))
            }
            Err(e) => Err(LoadError::Other(e.into())),
        }
    }

    async fn save(&self, state: State, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        self.write(&key, &state, ttl, true).await.map_err(|e| SaveError::Other(e.into()))?;
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        match self.write(&key, &state, ttl, false).await {
            Ok(0) => Err(UpdateError::Other(anyhow!("the session was ended"))),
            Ok(_) => Ok(key),
            Err(e) => Err(UpdateError::Other(e.into())),
        }
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &time::Duration) -> Result<(), anyhow::Error> {
        let mut global = self.0.global().await?;
        // at most one write a minute for a session that is only read
        global
            .execute(
                sql("update sessions set expires_at = {}, last_seen_at = {} where key_hash = {} and last_seen_at < {}")
                    .bind(expiry(ttl))
                    .bind(clock::now())
                    .bind(hash(key))
                    .bind(clock::now() - chrono::Duration::minutes(1)),
            )
            .await?;
        global.commit().await.context("prolonging a session")
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let mut global = self.0.global().await?;
        global.execute(sql("delete from sessions where key_hash = {}").bind(hash(key))).await?;
        global.commit().await.context("ending a session")
    }
}
