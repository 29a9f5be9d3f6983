//! Files of many rows: how long each kind takes to write, and what memory.

use super::{Folder, orders};
use crate::{
    accounts::{Role, users},
    actions::By,
    clock,
    config::Config,
    db::{
        Db,
        embedded::{DATABASE, LocalPg, bootstrap},
        migrate,
    },
    evidence::{Actor, ActorKind, TraceId},
    exports::{ExportState, Format, Resource, Wanted, Which, begin, columns, find},
    jobs::{self, Work},
    outbound::{AddressPolicy, Client},
    secrets::{Keyring, random_hex},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use diesel_async::SimpleAsyncConnection as _;
use std::{fs, path::PathBuf, time::Instant};

/// What is measured.
#[derive(Debug, Args)]
pub struct Exports {
    /// How many rows.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(i32).range(1..=2_000_000))]
    rows: i32,

    /// Where the database and the files are made for as long as it lasts; the usual place for such files unless told.
    #[arg(long)]
    pub scratch: Option<PathBuf>,
}

impl Exports {
    pub(super) async fn run_on(&self, local: &LocalPg, config: Config, folder: &Folder) -> Result<String> {
        bootstrap(&local.superuser_url()).await?;
        migrate::migrate(&local.owner_url(DATABASE)).await.context("migrating the database")?;
        let db = Db::open(&local.app_url(DATABASE), config.connections, "waybill-bench")?;
        let account = users::account_by_slug(&db, "bench", "Bench").await?;
        let mut scope = db.scope(account).await?;
        // so many are made in more than the time that a page has
        scope.connection().batch_execute("set local statement_timeout = 0").await?;
        orders::make(&mut scope, self.rows, true).await?;
        scope.commit().await?;
        let (client, connection) =
            tokio_postgres::connect(&local.owner_url(DATABASE), tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(connection);
        client.batch_execute("analyze").await?;
        drop(client);
        driver.await.context("the owner's connection")??;
        let work = Work {
            db: db.clone(),
            outbound: Client::new(AddressPolicy::public())?,
            keyring: Keyring::random(),
            files: folder.0.join(random_hex::<4>()),
            now: clock::now,
        };
        let handlers = crate::exports::handlers(jobs::Handlers::default());
        let actor = Actor { kind: ActorKind::System, id: None, name: "Bench".into() };
        let by = By { actor, role: Some(Role::Admin), trace: TraceId::new(), ip: None, behind: None };
        let mut report = format!("{} shipments, every column\n", self.rows);
        for format in [Format::Csv, Format::Xlsx] {
            let every = columns::of(Resource::Shipments, |_| true);
            let wanted = Wanted {
                which: Which::Shipments(Box::default()),
                columns: every,
                format,
                phrase: "Everything".into(),
            };
            let mut scope = db.scope(account).await?;
            let id = begin::begin(&mut scope, &wanted, &by, clock::now()).await?;
            scope.commit().await?;
            // from here on the peak is this file's
            let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
            let (before, since) = (memory("VmRSS:"), Instant::now());
            jobs::run_due(&work, &handlers).await?;
            let seconds = since.elapsed().as_secs_f64();
            let peak = memory("VmHWM:").zip(before).filter(|_| reset);
            let done = find(&mut db.scope(account).await?, id).await?.context("the export")?;
            if done.state != ExportState::Finished || done.rows_written != i64::from(self.rows) {
                bail!("it was not written: {done:?}");
            }
            let megabytes = done.file_bytes.unwrap_or_default() as f64 / 1e6;
            let memory = peak.map_or("not known on this system".into(), |(peak, before)| {
                format!(
                    "{:.1} MB above {:.1} MB",
                    peak.saturating_sub(before) as f64 / 1e3,
                    before as f64 / 1e3
                )
            });
            report += &format!(
                "  {:<5}{seconds:>8.1} s {:>9.0} rows/s {megabytes:>8.1} MB, peak memory {memory}\n",
                format.label(),
                f64::from(self.rows) / seconds,
            );
        }
        Ok(report)
    }
}

/// A line of what the kernel knows of this process, in KB.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().split(' ').next()?.parse().ok()
}
