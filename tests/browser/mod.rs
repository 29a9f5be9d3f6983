//! Journeys in a real Chromium, on the demo world, with the sandbox outside:
//! real HTTP everywhere, no step faked.

mod bulk;
mod driver;
mod filters;
mod inventory;
mod live;
mod reship;
mod stories;
mod telling;
mod voids;

use crate::support::database::TestDatabase;
use driver::Browser;
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};
use waybill::{
    cli::registry::adapters,
    clock,
    config::Config,
    db::Db,
    demo::{self, stories as named},
    jobs::Worker,
    outbound::{AddressPolicy, Client},
    sandbox::{Sandbox, SandboxOptions},
    secrets::Keyring,
    web::app::{App, Running, serve},
};

/// The portal with the demo world, its worker and its sandbox.
pub struct Demo {
    /// Where it answers.
    pub base: String,
    /// The make-believe outside.
    pub sandbox: Sandbox,
    /// What the handlers share.
    pub app: Arc<App>,
    /// Below it.
    pub database: TestDatabase,
    stop: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
    running: Option<Running>,
}

#[derive(clap::Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

impl Demo {
    /// Opens the portal with the world seeded and a worker at work.
    pub async fn open() -> Demo {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::create().await;
        let db = Db::open(&database.owner_url(), 12, "browser").expect("a pool");
        let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("a sandbox");
        let keyring = Keyring::random();
        demo::seed(&db, &keyring, &sandbox, 1, clock::now()).await.expect("the world");
        let outbound =
            Client::new(AddressPolicy::public().with_sandbox(sandbox.address())).expect("a client");
        let config =
            <Settings as clap::Parser>::parse_from(["portal", "--threads=2", "--stop-seconds=1"]).config;
        let app = App::new(db, keyring, outbound, adapters(), config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let running = serve(app.clone(), listener, waybill::api::rooms()).expect("a server");
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            work: app.work(),
            handlers: app.handlers.clone(),
            at_once: 4,
            idle: Duration::from_millis(100),
        };
        Demo {
            base: format!("http://{}", running.address),
            sandbox,
            app,
            database,
            stop,
            worker: Some(tokio::spawn(worker.run(stopped))),
            running: Some(running),
        }
    }

    /// A window with somebody signed in.
    pub async fn window(&self, email: &str, scripts: bool) -> Browser {
        let mut browser = Browser::open(&self.base, scripts).await;
        browser.signs_in(email, named::PASSWORD).await;
        browser
    }

    /// One text, past every policy; empty for null.
    pub async fn text(&self, query: &str) -> String {
        let client = crate::support::database::connect(&self.database.superuser_url()).await;
        let text: Option<String> =
            client.query_one(&format!("select ({query})::text"), &[]).await.expect("a row").get(0);
        text.unwrap_or_default()
    }

    /// Stops the portal, lets something happen, and opens it again where it was.
    pub async fn restarts_after(&mut self, meanwhile: impl AsyncFnOnce(&Demo)) {
        self.app.begin_stop();
        let running = self.running.take().expect("a portal");
        let address = running.address;
        running.stop().await;
        meanwhile(self).await;
        let old = self.app.clone();
        let config = old.config.clone();
        self.app = App::new(old.db.clone(), old.keyring.clone(), old.outbound.clone(), adapters(), config);
        let listener = TcpListener::bind(address).expect("the same port");
        self.running = Some(serve(self.app.clone(), listener, waybill::api::rooms()).expect("a server"));
    }

    /// Ends everything.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        self.app.begin_stop();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        if let Some(worker) = self.worker.take() {
            let _ = worker.await;
        }
    }
}

/// Tests of the browser take turns: two Chromiums on two cores are slower than
/// one after the other, and time-outs stay honest.
pub static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
