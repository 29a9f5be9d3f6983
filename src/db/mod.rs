//! The database: the pool, the two doors to it, and the migrations.
//!
//! [`Scope`] is the only door to account data: a transaction that carries its
//! account, which row-level security enforces once more. [`Global`] opens the
//! few tables that belong to no account (people, sessions, jobs).

pub mod embedded;
mod like;
pub mod migrate;
pub mod schema;
mod scope;
pub mod sql;

pub use like::{contains, ends_with, starts_with};
pub use scope::{Global, Scope};
pub use sql::{Bind, Sql, sql};

use crate::ids::AccountId;
use anyhow::{Context, Result};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool},
};
use std::time::Duration;

/// What a database call can end in.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection in time: the database is down or every connection is busy.
    #[error("no database connection")]
    Pool(#[from] deadpool::PoolError),
    /// The statement failed.
    #[error("a database statement failed")]
    Query(#[from] Error),
}

impl DbError {
    /// The violated constraint, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            DbError::Query(Error::DatabaseError(_, info)) => info.constraint_name(),
            _ => None,
        }
    }
}

impl DbError {
    /// Whether it was given up because it took longer than it may.
    pub fn is_too_slow(&self) -> bool {
        let DbError::Query(Error::DatabaseError(_, info)) = self else { return false };
        info.message().contains("statement timeout")
    }

    /// Whether the values are to blame: with these, no further try ends better.
    /// What is not surely theirs (a lock, a time-out, a lost connection) is not.
    pub fn is_of_the_data(&self) -> bool {
        let DbError::Query(Error::DatabaseError(kind, info)) = self else { return false };
        let says = |words: &str| info.message().contains(words);
        match kind {
            DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => true,
            DatabaseErrorKind::Unknown => {
                says("out of range") || says("index row") || says("value too long") || says("invalid byte")
            }
            _ => false,
        }
    }
}

/// The result of a database call.
pub type DbResult<T> = std::result::Result<T, DbError>;

pub(crate) type PooledConnection = deadpool::Object<AsyncPgConnection>;

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: deadpool::Pool<AsyncPgConnection>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

impl Db {
    /// A pool of `size` connections that work as `waybill_app`. Connects lazily.
    pub fn open(url: &str, size: usize, name: &str) -> Result<Db> {
        let mut config = ManagerConfig::default();
        // The default, Verified, sends SELECT 1 before every use.
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(
            application_url(url, name),
            config,
        );
        let pool = deadpool::Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(Duration::from_secs(5)))
            .create_timeout(Some(Duration::from_secs(5)))
            .recycle_timeout(Some(Duration::from_secs(5)))
            .runtime(::deadpool::Runtime::Tokio1)
            .build()
            .context("building the connection pool")?;
        Ok(Db { pool })
    }

    /// Opens a transaction on one account's data.
    pub async fn scope(&self, account: AccountId) -> DbResult<Scope> {
        Scope::open(self.pool.get().await?, account).await
    }

    /// Opens a transaction that sees one account's data as it is at this moment,
    /// however many statements a page needs: a change that is committed between
    /// two of them would show half before and half after.
    pub async fn snapshot(&self, account: AccountId) -> DbResult<Scope> {
        Scope::open_snapshot(self.pool.get().await?, account).await
    }

    /// Opens a transaction on the tables that belong to no account. Account
    /// data is out of reach: its policies fail without an account.
    pub async fn global(&self) -> DbResult<Global> {
        Global::open(self.pool.get().await?).await
    }

    /// Connections in use, and the most there can be.
    pub fn load(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size.saturating_sub(status.available), status.max_size)
    }
}

/// The URL with what every connection of the application is set to: its role,
/// its name, its time-outs, and generic plans (diesel binds LIMIT, and the
/// planner would otherwise plan a list anew at every execution).
fn application_url(url: &str, name: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{joint}application_name={name}&options=-c%20role%3Dwaybill_app\
         %20-c%20plan_cache_mode%3Dforce_generic_plan\
         %20-c%20statement_timeout%3D15s\
         %20-c%20lock_timeout%3D5s\
         %20-c%20idle_in_transaction_session_timeout%3D15s\
         %20-c%20timezone%3DUTC"
    )
}
