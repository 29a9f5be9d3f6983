//! `waybill bench`: measures on this machine, in a database of its own that is
//! gone afterwards. docs/operations.md says how to read it.

mod browser;
mod exports;
pub mod orders;
mod report;

use super::{chores, registry, start_logging};
use crate::{
    accounts::{
        Role,
        users::{self, NewUser},
    },
    actions::By,
    bulk::{
        Operation, Resource, State,
        pick::{self, NewOperation, Selection},
        steer,
    },
    channels::orders_in,
    clock,
    config::Config,
    db::{
        Db,
        embedded::{DATABASE, LocalPg, Options, bootstrap},
        migrate, sql,
    },
    evidence::{Actor, ActorKind, TraceId},
    ids::{AccountId, BulkOperationId, ChannelId, UserId},
    jobs::{self, Worker},
    outbound::{AddressPolicy, Client},
    secrets::{Keyring, random_hex},
    web::app::App,
};
use anyhow::{Context, Result, bail};
use browser::Browser;
use clap::{Args, Parser, Subcommand};
use diesel::{QueryableByName, sql_types::Double};
use orders::Trial;
use report::{Phase, Report};
use std::{
    net::TcpListener,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Measure this program on this machine.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A bulk operation over many orders: its speed, and what others notice of it.
    Bulk(Bulk),
    /// Exports of many shipments, as CSV and as XLSX: their speed and their memory.
    Exports(exports::Exports),
}

#[derive(Debug, Args)]
struct Bulk {
    /// How many orders.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i32).range(1..=100_000))]
    orders: i32,

    /// The action that is done to each.
    #[arg(long, default_value = orders::TRIALS[0].action, value_parser = trial)]
    action: &'static Trial,

    /// Jobs that run at once.
    #[arg(long, default_value_t = 8)]
    jobs: usize,

    /// Seconds of rest that are measured first.
    #[arg(long, default_value_t = 5)]
    rest: u64,

    /// Where the database is made for as long as it lasts; the usual place for such files unless told.
    #[arg(long)]
    scratch: Option<PathBuf>,
}

fn trial(name: &str) -> Result<&'static Trial, String> {
    Trial::find(name).ok_or_else(|| {
        let known: Vec<&str> = orders::TRIALS.iter().map(|trial| trial.action).collect();
        format!("choose one of {}", known.join(", "))
    })
}

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Who asks for pages while it runs.
const EMAIL: &str = "bench@example.com";
/// Between two requests of a browser, and two jobs of the neighbour.
const BREATH: Duration = Duration::from_millis(20);
const NEIGHBOUR_EVERY: Duration = Duration::from_millis(100);
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(3600);

impl Bench {
    /// Measures and prints.
    pub fn run(self) -> Result<()> {
        let scratch = match &self.what {
            What::Bulk(bulk) => bulk.scratch.clone(),
            What::Exports(exports) => exports.scratch.clone(),
        };
        let scratch = scratch.unwrap_or_else(std::env::temp_dir);
        let folder =
            Folder(scratch.join(format!("waybill-bench-{}-{}", std::process::id(), random_hex::<3>())));
        let config = Settings::parse_from(["bench", "--log=error", "--stop-seconds=5"]).config;
        start_logging(&config);
        // before any runtime: the kernel ties the private server to this thread
        let local = LocalPg::start(&Options::kept(&folder.0))?;
        let data = local.report.data_dir.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = match &self.what {
            What::Bulk(bulk) => {
                runtime.block_on(bulk.run_on(&local, config)).map(|report| report.to_string())
            }
            What::Exports(exports) => runtime.block_on(exports.run_on(&local, config, &folder)),
        };
        runtime.shutdown_timeout(Duration::from_secs(5));
        drop(local);
        // where the account could not reach the folder, the server's is another one
        let _ = std::fs::remove_dir_all(data);
        drop(folder);
        result.map(|report| println!("{report}"))
    }
}

/// Two accounts, the portal over them, and somebody signed in.
struct Ground {
    app: Arc<App>,
    account: AccountId,
    neighbour: AccountId,
    by: By,
    browser: Browser,
}

impl Bulk {
    async fn run_on(&self, local: &LocalPg, config: Config) -> Result<Report> {
        bootstrap(&local.superuser_url()).await?;
        let owner = local.owner_url(DATABASE);
        migrate::migrate(&owner).await.context("migrating the database")?;
        let db = Db::open(&local.app_url(DATABASE), config.connections, "waybill-bench")?;
        let outbound = Client::new(AddressPolicy::public())?;
        let app = App::new(db, Keyring::random(), outbound, registry::adapters(), config);
        let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
        let web = crate::web::app::serve(app.clone(), listener, crate::api::rooms())?;
        let ground = self.furnish(app.clone(), &owner, web.address).await?;
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            work: app.work(),
            handlers: app.handlers.clone(),
            at_once: self.jobs,
            idle: Duration::from_millis(500),
        };
        tokio::spawn(chores::run(
            app.db.clone(),
            crate::exports::Files::of(&app.config.var),
            clock::now,
            stopped.clone(),
        ));
        let worker = tokio::spawn(worker.run(stopped));
        let report = self.measure(&ground).await;
        app.begin_stop();
        stop.send_replace(true);
        web.stop().await;
        worker.await.context("the worker")?;
        report
    }

    async fn furnish(&self, app: Arc<App>, owner: &str, address: std::net::SocketAddr) -> Result<Ground> {
        let account = users::account_by_slug(&app.db, "bench", "Bench").await?;
        let neighbour = users::account_by_slug(&app.db, "neighbour", "Neighbour").await?;
        let password = random_hex::<16>();
        let new = NewUser {
            email: EMAIL,
            name: "Bench",
            password: password.clone(),
            roles: &[(account, Role::Client)],
        };
        let user = users::create(&app.db, new).await?;
        let mut scope = app.db.scope(account).await?;
        orders::make(&mut scope, self.orders, self.action.shipped).await?;
        scope.commit().await?;
        let (client, connection) = tokio_postgres::connect(owner, tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(connection);
        client.batch_execute(orders::NO_OUTSIDE).await?;
        client.batch_execute("analyze").await?;
        drop(client);
        driver.await.context("the owner's connection")??;
        let signed_in =
            tokio::task::spawn_blocking(move || Browser::sign_in(address, EMAIL, &password)).await??;
        Ok(Ground { app, account, neighbour, by: by(user), browser: signed_in })
    }

    async fn measure(&self, ground: &Ground) -> Result<Report> {
        let id = self.begin(ground).await?;
        let since = Instant::now();
        let previewed = ground.until(id, |o| o.state != State::Previewing).await?;
        let preview = since.elapsed();
        if previewed.waiting != self.orders {
            bail!("only {} of {} orders would be done", previewed.waiting, self.orders);
        }
        let rest = Duration::from_secs(self.rest);
        let idle = ground
            .watched(id, async {
                tokio::time::sleep(rest).await;
                Ok(())
            })
            .await?;
        let fingerprint = previewed.fingerprint.unwrap_or_default();
        let mut seconds = 0.0;
        let busy = ground
            .watched(id, async {
                let since = Instant::now();
                let mut scope = ground.app.db.scope(ground.account).await?;
                steer::start(&mut scope, id, &fingerprint, &ground.by, clock::now()).await?;
                scope.commit().await?;
                ground.until(id, |o| o.waiting == 0).await?;
                seconds = since.elapsed().as_secs_f64();
                Ok(())
            })
            .await?;
        Ok(Report { action: self.action.action, orders: self.orders, preview, seconds, idle, busy })
    }

    async fn begin(&self, ground: &Ground) -> Result<BulkOperationId> {
        let new = NewOperation {
            resource: Resource::Orders,
            action: self.action.action.into(),
            input: self.action.input(),
            selection: Selection::Orders(Box::default()),
            phrase: "All orders".into(),
            from: String::new(),
        };
        let mut scope = ground.app.db.scope(ground.account).await?;
        let (id, _) = pick::begin(&mut scope, new, &ground.by, clock::now()).await?;
        scope.commit().await?;
        Ok(id)
    }
}

fn by(user: UserId) -> By {
    let actor = Actor { kind: ActorKind::User, id: Some(user.0), name: "Bench".into() };
    By { actor, role: Some(Role::Client), trace: TraceId::new(), ip: None, behind: None }
}

#[derive(QueryableByName)]
struct Waited {
    #[diesel(sql_type = Double)]
    ms: f64,
}

impl Ground {
    /// Waits until an operation is so far.
    async fn until(&self, id: BulkOperationId, far: impl Fn(&Operation) -> bool) -> Result<Operation> {
        let since = Instant::now();
        loop {
            let mut scope = self.app.db.scope(self.account).await?;
            let operation = Operation::find(&mut scope, id).await?.context("the operation")?;
            drop(scope);
            if far(&operation) {
                return Ok(operation);
            }
            if since.elapsed() > PATIENCE {
                bail!("it does not come to its end: {operation:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What people and a neighbour notice while `work` goes on.
    async fn watched(&self, id: BulkOperationId, work: impl Future<Output = Result<()>>) -> Result<Phase> {
        let over = Arc::new(AtomicBool::new(false));
        let pages = [format!("/bulk/{id}"), "/orders".to_owned()];
        let readers = pages.map(|path| {
            let (browser, over) = (self.browser.clone(), over.clone());
            tokio::task::spawn_blocking(move || read(&browser, &path, &over))
        });
        let before = clock::now();
        let neighbour = tokio::spawn(knock(self.app.db.clone(), self.neighbour, over.clone()));
        let worked = work.await;
        over.store(true, Ordering::Release);
        let [operation, list] = readers;
        let (operation, list) = (operation.await??, list.await??);
        let asked = neighbour.await??;
        worked?;
        // what it asked for last is served soon after
        let since = Instant::now();
        let waited = loop {
            let mut scope = self.app.db.scope(self.neighbour).await?;
            let rows: Vec<Waited> = scope
                .rows(
                    sql("select extract(epoch from log_id_time(id) - created_at)::float8 * 1000 as ms from finished_jobs \
                         where account_id = {} and created_at >= {}")
                    .bind(self.neighbour)
                    .bind(before),
                )
                .await?;
            if rows.len() >= asked || since.elapsed() > Duration::from_secs(30) {
                break rows;
            }
            drop(scope);
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let waited = waited.into_iter().map(|row| row.ms).collect();
        Ok(Phase { operation, list, asked, waited })
    }
}

/// Reads a page again and again; answers the milliseconds of each.
fn read(browser: &Browser, path: &str, over: &AtomicBool) -> Result<Vec<f64>> {
    let mut took = Vec::new();
    while !over.load(Ordering::Acquire) {
        took.push(browser.get(path)?.as_secs_f64() * 1000.0);
        std::thread::sleep(BREATH);
    }
    Ok(took)
}

/// Leaves a small job every moment, as another account; answers how many.
async fn knock(db: Db, account: AccountId, over: Arc<AtomicBool>) -> Result<usize> {
    let mut asked = 0;
    while !over.load(Ordering::Acquire) {
        let now = clock::now();
        let mut scope = db.scope(account).await?;
        // a channel that is not there: the job is over as soon as it is begun
        let channel = ChannelId(now.timestamp_micros());
        jobs::enqueue(&mut scope, orders_in::poll(channel, now, &TraceId::new())).await?;
        scope.commit().await?;
        asked += 1;
        tokio::time::sleep(NEIGHBOUR_EVERY).await;
    }
    Ok(asked)
}
