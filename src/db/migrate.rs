//! Migrations, embedded in the program.

use anyhow::{Context, Result, anyhow};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// Every migration of this version of the program.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Brings the database at `owner_url` up to this version; answers how many
/// migrations ran. Needs tokio's multi-thread runtime: the harness blocks.
pub async fn migrate(owner_url: &str) -> Result<usize> {
    let mut connection =
        AsyncPgConnection::establish(owner_url).await.context("connecting for migrations")?;
    // diesel takes no lock of its own: two copies starting together would race
    diesel::sql_query("select pg_advisory_lock(7213001)").execute(&mut connection).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let done = harness.run_pending_migrations(MIGRATIONS).map_err(|e| anyhow!("migration: {e}"))?;
    Ok(done.len())
}

/// The names of migrations this program has and the database has not.
/// An error when the database cannot be asked.
pub async fn pending(url: &str) -> Result<Vec<String>> {
    let connection = AsyncPgConnection::establish(url).await.context("connecting")?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let waiting: Vec<Box<dyn Migration<Pg>>> =
        harness.pending_migrations(MIGRATIONS).map_err(|e| anyhow!("reading migrations: {e}"))?;
    Ok(waiting.iter().map(|m| m.name().to_string()).collect())
}

/// The names of all migrations, oldest first.
pub fn names() -> Vec<String> {
    let all: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().unwrap_or_default();
    let mut names: Vec<String> = all.iter().map(|m| m.name().to_string()).collect();
    names.sort();
    names
}
