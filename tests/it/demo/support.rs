//! A world in a database of its own, with its sandbox.

use crate::support::database::TestDatabase;
use chrono::{DateTime, Utc};
use std::time::Instant;
use waybill::{
    db::Db,
    demo::{self, Seeded},
    sandbox::{Sandbox, SandboxOptions},
    secrets::Keyring,
};

/// The seed of every test's world.
pub const SEED: u64 = 20_261_120;

pub struct World {
    pub database: TestDatabase,
    pub db: Db,
    pub keyring: Keyring,
    pub sandbox: Sandbox,
    pub seeded: Seeded,
}

pub async fn world(now: DateTime<Utc>) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = TestDatabase::create().await;
    let db = Db::open(&database.app_url(), 8, "test").expect("a pool");
    let keyring = Keyring::random();
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("a sandbox");
    let started = Instant::now();
    let seeded = demo::seed(&db, &keyring, &sandbox, SEED, now).await.expect("the demo's world");
    eprintln!("seeded {seeded:?} in {:?}", started.elapsed());
    World { database, db, keyring, sandbox, seeded }
}

/// The first number a statement answers.
pub async fn number(client: &tokio_postgres::Client, statement: &str) -> i64 {
    client.query_one(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}")).get(0)
}
