//! `waybill demo`: the portal with a believable world and the make-believe
//! outside world beside it, all on this machine.

use super::{chores, open, registry, serve::wait_for_signal, start_logging};
use crate::{
    clock,
    config::Config,
    db::{
        Db,
        embedded::{DATABASE, LocalPg, bootstrap},
        migrate,
    },
    demo::{self, stories},
    jobs::Worker,
    outbound::{AddressPolicy, Client},
    sandbox::{Sandbox, SandboxOptions},
    web::app::App,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};
use tokio::sync::watch;

/// Open the portal on a world made up for trying it, with stand-ins for the channels and providers.
#[derive(Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    config: Config,

    /// Begin anew: drop the demo's database and forget what happened in the sandbox.
    #[arg(long)]
    fresh: bool,

    /// The same number makes the same world.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Address and port of the stand-ins.
    #[arg(long, default_value = "127.0.0.1:8090")]
    sandbox_listen: SocketAddr,
}

impl Demo {
    /// Runs until it is told to stop.
    pub fn run(mut self) -> Result<()> {
        if self.config.database_url.is_some() {
            bail!("the demo has a database of its own; unset DATABASE_URL");
        }
        // apart from what `serve` keeps in the same folder
        self.config.installation.var = self.config.var.join("demo");
        start_logging(&self.config);
        // before any runtime: the kernel ties the private server to this thread
        let local = open::local_server(&self.config)?.context("the demo's private server")?;
        if local.is_guest() {
            bail!("another copy of the demo is running on {}", self.config.var.display());
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.run_on(&local));
        runtime.shutdown_timeout(Duration::from_secs(5));
        drop(local);
        result
    }

    fn journal(&self) -> PathBuf {
        self.config.var.join("sandbox.jsonl")
    }

    async fn run_on(self, local: &LocalPg) -> Result<()> {
        if self.fresh {
            self.forget(local).await?;
        }
        let owner = self.migrated(local).await?;
        let keyring = open::keyring(&self.config)?;
        let db = Db::open(&local.app_url(DATABASE), self.config.connections, "waybill-demo")?;
        let there = demo::is_seeded(&db).await?;
        if !there && self.journal().exists() {
            // of a world that was not finished; its numbers would be in the way
            std::fs::remove_file(self.journal()).context("removing an earlier journal")?;
        }
        let options = SandboxOptions {
            listen: self.sandbox_listen,
            journal: Some(self.journal()),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options)
            .await
            .with_context(|| format!("starting the sandbox on {}", self.sandbox_listen))?;
        let listener = TcpListener::bind(self.config.listen)
            .with_context(|| format!("listening on {}", self.config.listen))?;
        let portal = format!("http://{}", listener.local_addr()?);
        if there {
            demo::point_at(&db, &sandbox).await?;
        } else {
            tracing::info!("making the demo's world");
            demo::seed(&db, &keyring, &sandbox, self.seed, clock::now()).await?;
        }
        demo::listen_to_shops(&db, &keyring, &sandbox, &portal, clock::now()).await?;

        let outbound = Client::new(AddressPolicy::public().with_sandbox(sandbox.address()))?
            .with_mailer(open::mailer(&self.config.mail)?);
        let app = App::new(db, keyring, outbound, registry::adapters(), self.config.clone());
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            work: app.work(),
            handlers: app.handlers.clone(),
            at_once: self.config.jobs,
            idle: Duration::from_millis(500),
        };
        tokio::spawn(chores::run(
            app.db.clone(),
            crate::exports::Files::of(&app.config.var),
            clock::now,
            stopped.clone(),
        ));
        let worker = tokio::spawn(worker.run(stopped));
        app.watch_migrations(owner);
        let web = crate::web::app::serve(app.clone(), listener, crate::api::rooms())?;
        println!("{}", welcome(&portal, &sandbox));

        wait_for_signal().await?;
        tracing::info!("stopping");
        app.begin_stop();
        stop.send_replace(true);
        web.stop().await;
        app.wait_for_writes(Duration::from_secs(self.config.stop_seconds)).await;
        worker.await.context("the worker")?;
        sandbox.stop().await;
        Ok(())
    }

    /// A database with every migration; answers its URL as its owner.
    async fn migrated(&self, local: &LocalPg) -> Result<String> {
        bootstrap(&local.superuser_url()).await?;
        let owner = local.owner_url(DATABASE);
        migrate::migrate(&owner).await.context("migrating the database")?;
        Ok(owner)
    }

    /// Drops the database and the journal; the key stays.
    async fn forget(&self, local: &LocalPg) -> Result<()> {
        let (client, connection) = tokio_postgres::connect(&local.superuser_url(), tokio_postgres::NoTls)
            .await
            .context("connecting to the private PostgreSQL server")?;
        let driver = tokio::spawn(connection);
        // a name of our own, no quoting needed
        client.batch_execute(&format!("drop database if exists {DATABASE} with (force)")).await?;
        drop(client);
        let _ = driver.await;
        match std::fs::remove_file(self.journal()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("removing the sandbox's journal")
            }
            _ => Ok(()),
        }
    }
}

/// Where to go and how to come in.
fn welcome(portal: &str, sandbox: &Sandbox) -> String {
    format!(
        "\n  Waybill’s demo is open.\n\n    \
         portal     {portal}\n    \
         sandbox    http://{}\n    \
         password   {}\n\n    \
         {}   Harbour & Pine, as the merchant\n    \
         {}    both merchants, as administrator\n    \
         {}  both merchants, as support\n    \
         {}  Fjord Outdoor, as the merchant\n\n    \
         Start at order {} on Harbour eBay UK: its tracking was refused.\n    \
         Ctrl-C stops; the world stays. --fresh begins anew.\n",
        sandbox.address(),
        stories::PASSWORD,
        stories::CLIENT,
        stories::ADMIN,
        stories::SUPPORT,
        stories::FJORD_CLIENT,
        stories::UNMAPPED,
    )
}
