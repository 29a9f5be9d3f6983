//! The application: what handlers share, the middleware in order, and the
//! server's life.

use super::{WebError, WebResult, front, guard, live::Live, routes, same_site, table::Table};
use crate::{
    accounts::rates::Rates,
    channels::Channels,
    clock,
    config::Config,
    db::{Db, migrate},
    jobs::{Handlers, Work},
    outbound::Client,
    secrets::Keyring,
};
use actix_web::{HttpServer, dev::ServerHandle, middleware::from_fn, web};
use anyhow::{Context, Result};
use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};
use tracing::Instrument;

/// The most a body may hold where a page does not say otherwise.
pub const BODY_LIMIT: usize = 64 * 1024;

/// What handlers share.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// Seals and opens secrets.
    pub keyring: Keyring,
    /// The only way out.
    pub outbound: Client,
    /// Every kind of job, for what runs in the request.
    pub handlers: Handlers,
    /// Every kind of sales channel.
    pub channels: Channels,
    /// The settings.
    pub config: Config,
    /// How often each token may call the API.
    pub rates: Rates,
    /// Reports of browsers, counted.
    pub reports: super::up::Reports,
    /// What changes, for the pages that show it.
    pub(super) live: Arc<Live>,
    runtime: Handle,
    writes: Arc<AtomicUsize>,
    stopping: watch::Sender<bool>,
    behind: AtomicBool,
}

/// What the top floor registers: the kinds of jobs and channels.
#[derive(Debug, Clone, Default)]
pub struct Adapters {
    /// Every kind of job.
    pub handlers: Handlers,
    /// Every kind of sales channel.
    pub channels: Channels,
}

/// What other front desks add to the server.
#[derive(Debug, Clone, Copy)]
pub struct Rooms {
    /// Pages beside the table's own, guarded like them. For tests.
    pub pages: fn(&mut Table),
    /// Services that guard themselves: the JSON API, inbound hooks.
    pub services: fn(&mut web::ServiceConfig),
}

impl Default for Rooms {
    fn default() -> Rooms {
        Rooms { pages: |_| {}, services: |_| {} }
    }
}

/// Counts a write while it is under way.
struct Writing(Arc<AtomicUsize>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl App {
    /// Made on the runtime that writes are to run on: a multi-thread one that
    /// outlives the server.
    pub fn new(db: Db, keyring: Keyring, outbound: Client, rooms: Adapters, config: Config) -> Arc<App> {
        Arc::new(App {
            live: Live::new(db.clone(), Handle::current()),
            db,
            keyring,
            outbound,
            rates: Rates::new(config.api_rate),
            handlers: rooms.handlers,
            channels: rooms.channels,
            config,
            reports: super::up::Reports::default(),
            runtime: Handle::current(),
            writes: Arc::default(),
            stopping: watch::Sender::new(false),
            behind: AtomicBool::new(false),
        })
    }

    /// Runs work to its end, even when the client goes away meanwhile: a handler
    /// is dropped with its connection, this task is not. Every write goes here.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> WebResult<T> {
        self.writes.fetch_add(1, Ordering::AcqRel);
        let writing = Writing(self.writes.clone());
        let work = async move {
            let _writing = writing;
            work.await
        };
        let done = self.runtime.spawn(work.in_current_span()).await;
        done.map_err(|error| WebError::Broken(anyhow::Error::new(error).context("a write did not end")))
    }

    /// What jobs work with, here and in the worker.
    pub fn work(&self) -> Work {
        Work {
            db: self.db.clone(),
            outbound: self.outbound.clone(),
            keyring: self.keyring.clone(),
            files: self.config.var.clone(),
            now: clock::now,
        }
    }

    /// From here on `/readyz` says no.
    pub fn begin_stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns when the stop begins: streams say goodbye then, since an open one
    /// would hold up the end.
    pub async fn stopping(&self) {
        // an error means that the application is gone, which is a stop as well
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Waits for writes whose clients have gone.
    pub async fn wait_for_writes(&self, longest: Duration) {
        let done = async {
            while self.writes.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(longest, done).await.is_err() {
            tracing::warn!("stopping with writes under way; they are rolled back");
        }
    }

    /// Why requests should not come here, if so.
    pub fn not_ready(&self) -> Option<&'static str> {
        match (*self.stopping.borrow(), self.behind.load(Ordering::Acquire)) {
            (true, _) => Some("stopping"),
            (false, true) => Some("waiting for migrations"),
            (false, false) => None,
        }
    }

    /// Not ready until the database at `owner_url` has every migration.
    pub fn watch_migrations(self: &Arc<App>, owner_url: String) {
        self.behind.store(true, Ordering::Release);
        let app = self.clone();
        self.runtime.spawn(async move {
            loop {
                match migrate::pending(&owner_url).await {
                    Ok(names) if names.is_empty() => break,
                    Ok(names) => tracing::warn!(?names, "waiting for migrations"),
                    Err(error) => tracing::error!("reading migrations failed: {error:#}"),
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            app.behind.store(false, Ordering::Release);
        });
    }
}

/// Registers the portal on an actix application that has an [`App`] as data.
fn configure(config: &mut web::ServiceConfig, app: &App, rooms: Rooms) {
    let mut table = Table::default();
    routes::register(&mut table);
    (rooms.pages)(&mut table);
    table.configure(config, &guard::session(app));
    (rooms.services)(config);
    config.app_data(web::PayloadConfig::new(BODY_LIMIT));
    config.default_service(web::to(|| async { Err::<&str, _>(WebError::NotFound) }));
}

/// A server that answers.
#[derive(Debug)]
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Takes no more connections, and ends when those under way have.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.task.await {
            tracing::error!(?error, "the server ended badly");
        }
    }
}

/// Answers requests on a listener until it is stopped.
pub fn serve(app: Arc<App>, listener: TcpListener, rooms: Rooms) -> Result<Running> {
    let address = listener.local_addr()?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let threads = if app.config.threads == 0 { cores } else { app.config.threads };
    let patience = app.config.stop_seconds;
    let server = HttpServer::new(move || {
        // the last wrap is the outermost
        actix_web::App::new()
            .app_data(web::Data::from(app.clone()))
            .configure(|config| configure(config, &app, rooms))
            .wrap(from_fn(same_site::same_site))
            .wrap(from_fn(front::front))
    })
    .tcp_nodelay(true)
    .workers(threads)
    .shutdown_timeout(patience)
    .disable_signals()
    .listen(listener)
    .context("listening")?
    .run();
    let handle = server.handle();
    let task = tokio::spawn(server);
    Ok(Running { address, handle, task })
}
