//! What the worker does by the clock: polls that are due, partitions ahead of
//! time, sessions and exported files past theirs.

use crate::{
    accounts::sessions::Sessions,
    channels::orders_in,
    clock::Instant,
    db::{Db, sql},
    exports::{self, Files},
};
use std::time::Duration;
use tokio::sync::watch;

/// Runs the chores until `stop` turns true.
pub async fn run(db: Db, files: Files, now: fn() -> Instant, mut stop: watch::Receiver<bool>) {
    let mut rounds: u64 = 0;
    while !*stop.borrow() {
        if let Err(error) = orders_in::schedule(&db, now()).await {
            tracing::error!(?error, "scheduling polls failed");
        }
        // every hour; the first round is at the start
        if rounds.is_multiple_of(240) {
            hourly(&db, &files, now()).await;
        }
        rounds += 1;
        tokio::select! {
            _ = stop.changed() => {}
            _ = tokio::time::sleep(Duration::from_secs(15)) => {}
        }
    }
}

async fn hourly(db: &Db, files: &Files, now: Instant) {
    match Sessions(db.clone()).sweep(now).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(sessions = swept, "removed expired sessions"),
        Err(error) => tracing::error!(?error, "removing expired sessions failed"),
    }
    match exports::sweep(db, files, now).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(exports = swept, "removed expired exports"),
        Err(error) => tracing::error!(?error, "removing expired exports failed"),
    }
    let made = async {
        let mut global = db.global().await?;
        global
            .execute(
                sql("select ensure_log_partitions(date_trunc('month', {}::timestamptz)::date, 4)").bind(now),
            )
            .await?;
        global.commit().await
    };
    if let Err(error) = made.await {
        tracing::error!(?error, "making partitions ahead failed");
    }
}
