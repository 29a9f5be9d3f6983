//! Opening what commands work with: the database (a private server when none
//! is named), migrated, and the installation's key.

use super::start_logging;
use crate::{
    config::{Installation, MailSettings},
    db::{
        Db,
        embedded::{DATABASE, LocalPg, Options, bootstrap},
        migrate,
    },
    outbound::Mailer,
    secrets::Keyring,
};
use anyhow::{Context, Result, bail};
use std::{future::Future, time::Duration};

/// An opened installation.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The pool, as the application's role.
    pub db: Db,
    /// Seals and opens secrets.
    pub keyring: Keyring,
    /// The database as its owner, for migrations.
    pub owner_url: String,
}

/// The installation's key: from the environment, or from its file.
pub fn keyring(config: &Installation) -> Result<Keyring> {
    match &config.secret_key {
        Some(key) => Keyring::from_base64(key),
        None => Keyring::from_file(&config.key_file()),
    }
}

/// The mail server, if one is named.
pub fn mailer(settings: &MailSettings) -> Result<Option<Mailer>> {
    let Some(url) = settings.smtp_url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
    let from = settings.mail_from.as_deref().context("WAYBILL_MAIL_FROM is not set")?;
    Mailer::new(url, from).map(Some)
}

/// Starts the private server if no database is named. On the main thread,
/// before any runtime: the kernel ties the server's life to this thread.
pub fn local_server(config: &Installation) -> Result<Option<LocalPg>> {
    match &config.database_url {
        Some(_) => Ok(None),
        None => Ok(Some(LocalPg::start(&Options::kept(config.postgres_home()))?)),
    }
}

/// The URLs of the database: as its owner, and as the application.
pub async fn urls(config: &Installation, local: Option<&LocalPg>) -> Result<(String, String)> {
    match (local, &config.database_url) {
        (Some(local), _) => {
            bootstrap(&local.superuser_url()).await?;
            Ok((local.owner_url(DATABASE), local.app_url(DATABASE)))
        }
        (None, Some(url)) => Ok((url.clone(), url.clone())),
        (None, None) => bail!("DATABASE_URL is not set"),
    }
}

/// Runs `work` on an opened and migrated installation, on its own runtime.
pub fn with_installation<T, F: Future<Output = Result<T>>>(
    config: &Installation,
    work: impl FnOnce(Opened) -> F,
) -> Result<T> {
    start_logging(config);
    let local = local_server(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let (owner_url, app_url) = urls(config, local.as_ref()).await?;
        migrate::migrate(&owner_url).await.context("migrating the database")?;
        let db = Db::open(&app_url, 4, "waybill-command")?;
        work(Opened { db, keyring: keyring(config)?, owner_url }).await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    drop(local);
    result
}
