//! The roles and the database of a new server.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

/// Owns the database; runs the migrations. A member of [`APP_ROLE`], so that the
/// app may connect as the owner and then work as the application.
pub const OWNER_ROLE: &str = "waybill_owner";
/// What the app works as: owns nothing, bypasses nothing.
pub const APP_ROLE: &str = "waybill_app";
/// The app's database on a private server.
pub const DATABASE: &str = "waybill";

/// Two copies of the app that start at once take turns.
const LOCK: i64 = 7_213_000;

/// Makes the roles and the database [`DATABASE`] if they are missing. Wants a
/// superuser; changes nothing on a server that has been through it.
pub async fn bootstrap(superuser_url: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(superuser_url, NoTls)
        .await
        .context("connecting to the private PostgreSQL server")?;
    let driver = tokio::spawn(connection);
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    create_roles(&client, None).await?;
    let known = client.query_opt("select from pg_database where datname = $1", &[&DATABASE]).await?;
    if known.is_none() {
        // Names of our own, no quoting needed; DDL takes no parameters.
        client.batch_execute(&format!("create database {DATABASE} owner {OWNER_ROLE}")).await?;
    }
    let in_database = superuser_url.rsplit_once('/').map_or(superuser_url, |(server, _)| server);
    allow_searching(&format!("{in_database}/{DATABASE}")).await?;
    // The end of the session is the end of the lock.
    drop(client);
    let _ = driver.await;
    Ok(())
}

/// Under row-level security PostgreSQL uses an index only for functions that are
/// known not to leak what they compare; it does not know that of `like`, whose
/// only error names the pattern, nor of `lower`, which has none. Said once for a database, by its superuser, so
/// that searches use their trigram indexes instead of reading every row.
pub async fn allow_searching(superuser_url_of_the_database: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(superuser_url_of_the_database, NoTls)
        .await
        .context("connecting to the private database")?;
    let driver = tokio::spawn(connection);
    client.batch_execute(ALLOW_SEARCHING).await.context("declaring that like leaks nothing")?;
    drop(client);
    let _ = driver.await;
    Ok(())
}

/// What a superuser runs once in a database of Waybill's.
pub const ALLOW_SEARCHING: &str = "alter function pg_catalog.textlike(text, text) leakproof; \
     alter function pg_catalog.lower(text) leakproof";

/// Makes both roles if they are missing. `password` is for a server that asks for
/// one; the private server does not.
pub async fn create_roles(client: &Client, password: Option<&str>) -> Result<()> {
    for role in [APP_ROLE, OWNER_ROLE] {
        let known = client.query_opt("select from pg_roles where rolname = $1", &[&role]).await?;
        if known.is_none() {
            client.batch_execute(&format!("create role {role}")).await?;
        }
        // Said again each time: the first migration makes waybill_app without log-in
        // where it comes first, and nobody should keep what a role must not have.
        client
            .batch_execute(&format!(
                "alter role {role} login nosuperuser nobypassrls nocreatedb nocreaterole"
            ))
            .await?;
        if let Some(password) = password {
            let quoted = password.replace('\'', "''");
            client.batch_execute(&format!("alter role {role} password '{quoted}'")).await?;
        }
    }
    client.batch_execute(&format!("grant {APP_ROLE} to {OWNER_ROLE}")).await?;
    Ok(())
}
