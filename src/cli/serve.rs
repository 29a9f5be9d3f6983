//! `waybill serve`: the portal and the worker in one process, or one of them.

use super::{open, start_logging};
use crate::{
    config::Config,
    db::{Db, embedded::LocalPg, migrate},
    jobs::Worker,
    outbound::{AddressPolicy, Client},
    web::app::{App, Running},
};
use anyhow::{Context, Result};
use clap::Args;
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Open the portal and work the queue.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    config: Config,

    /// Answer requests, but leave jobs to other processes.
    #[arg(long, conflicts_with = "worker_only")]
    web_only: bool,

    /// Work jobs, but answer no requests.
    #[arg(long)]
    worker_only: bool,

    /// Do not migrate the database at DATABASE_URL; wait until somebody has.
    #[arg(long, env = "WAYBILL_NO_MIGRATE")]
    no_migrate: bool,

    #[cfg(debug_assertions)]
    #[command(flatten)]
    drill: super::drill::Drill,
}

impl Serve {
    /// Runs until it is told to stop.
    pub fn run(self) -> Result<()> {
        start_logging(&self.config);
        #[cfg(debug_assertions)]
        self.drill.arm();
        // before any runtime: the kernel ties the private server to this thread
        let local = open::local_server(&self.config)?;
        // actix workers are single-threaded; migrations and writes need this one
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.run_on(local.as_ref()));
        runtime.shutdown_timeout(Duration::from_secs(5));
        drop(local);
        result
    }

    async fn run_on(self, local: Option<&LocalPg>) -> Result<()> {
        let (owner, app) = open::urls(&self.config, local).await?;
        if local.is_some() || !self.no_migrate {
            let ran = migrate::migrate(&owner).await.context("migrating the database")?;
            tracing::info!(migrations = ran, "database is up to date");
        }
        let app = self.app(&app)?;
        let (stop, stopped) = watch::channel(false);
        let worker = (!self.web_only).then(|| {
            let worker = Worker {
                work: app.work(),
                handlers: app.handlers.clone(),
                at_once: self.config.jobs,
                idle: Duration::from_millis(500),
            };
            tokio::spawn(super::chores::run(
                app.db.clone(),
                crate::exports::Files::of(&app.config.var),
                crate::clock::now,
                stopped.clone(),
            ));
            tokio::spawn(worker.run(stopped))
        });
        let web = if self.worker_only { None } else { Some(self.open(&app, owner)?) };

        wait_for_signal().await?;
        tracing::info!("stopping");
        app.begin_stop();
        stop.send_replace(true);
        if let Some(web) = web {
            web.stop().await;
        }
        app.wait_for_writes(Duration::from_secs(self.config.stop_seconds)).await;
        if let Some(worker) = worker {
            worker.await.context("the worker")?;
        }
        Ok(())
    }

    fn app(&self, url: &str) -> Result<Arc<App>> {
        let keyring = open::keyring(&self.config)?;
        let db = Db::open(url, self.config.connections, "waybill")?;
        let policy = AddressPolicy::public();
        #[cfg(debug_assertions)]
        let policy = self.drill.allow(policy);
        let outbound = Client::new(policy)?.with_mailer(open::mailer(&self.config.mail)?);
        Ok(App::new(db, keyring, outbound, super::registry::adapters(), self.config.clone()))
    }

    fn open(&self, app: &Arc<App>, owner_url: String) -> Result<Running> {
        app.watch_migrations(owner_url);
        let listener = TcpListener::bind(self.config.listen)
            .with_context(|| format!("listening on {}", self.config.listen))?;
        let running = crate::web::app::serve(app.clone(), listener, crate::api::rooms())?;
        tracing::info!(address = %running.address, "the portal is open");
        Ok(running)
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn wait_for_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
