//! The kill loop: the real program, killed at random and at named points while
//! people click, its PostgreSQL killed too; and stopped for so long that its
//! leases run out. After each cycle everything is judged as in the matrix.

use super::{
    matrix::{SIDES, Said, Side, follow, judge},
    tally::Tally,
    yard::Yard,
};
use crate::support::{
    database::{TestDatabase, scratch_folder},
    portal::{Browser, PASSWORD, add_user},
    shop::Shop,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use rand::RngExt;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use waybill::{
    accounts::Role,
    db::embedded::{LocalPg, Options},
    ids::{ConnectionId, ShipmentId},
    sandbox::{Fault, FaultKind},
    secrets::{Keyring, random_bytes},
};

/// Cycles unless `DRILL_CYCLES` says otherwise.
const CYCLES: usize = 30;
/// Clicks on *Post* in each; there is one on *Re-Post* beside them.
const POSTS: usize = 2;
/// No click waits longer for its answer, and no process for its death.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where the worker is killed by name.
const POINTS: [&str; 7] = ["claimed", "calling", "recorded", "answered", "kept", "decided", "settled"];

/// A private server, the portal's process, and what the workers need.
struct Ground {
    yard: Yard,
    _web: Process,
    browser: Browser,
    key: String,
    // in this order: the database goes, the server, then its folder
    server: Option<LocalPg>,
    home: Home,
}

/// A folder that goes with the value.
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process of the program, which ends with the value.
pub(super) struct Process(pub Child);

impl Process {
    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), signal);
    }

    fn is_dead(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }

    pub(super) async fn died(&mut self) {
        let since = Instant::now();
        while !self.is_dead() {
            assert!(since.elapsed() < PATIENCE, "the process lives on");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Process {
    /// Waits until it has stopped itself.
    async fn stopped(&self) {
        let pid = Pid::from_raw(self.0.id().cast_signed());
        let since = Instant::now();
        let flags = WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG;
        while !matches!(waitpid(pid, Some(flags)), Ok(WaitStatus::Stopped(..))) {
            assert!(since.elapsed() < PATIENCE, "the process did not stop");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ground {
    async fn open() -> Ground {
        let home = Home(scratch_folder().join(format!("waybill-drills-{}", std::process::id())));
        let server = LocalPg::start(&Options::kept(&home.0)).expect("a private server");
        let key = STANDARD.encode(random_bytes::<32>());
        let database = TestDatabase::create_on(&server).await;
        let keyring = Keyring::from_base64(&key).expect("a key");
        let shop = Shop::open_on(database, keyring, Duration::from_secs(2)).await;
        let user = add_user(&shop.database, "clicker", &[(shop.account, Role::Client)]).await;
        let (web, address) = portal(&shop, &key);
        let mut browser = Browser::new(address);
        assert_eq!(browser.sign_in(&user.email, PASSWORD).await.status, 303);
        // a call takes its time, so that there is something to be killed in
        for operation in ["createorder", "createshipment"] {
            let slow = Fault::once("*", operation, FaultKind::HangThenCreate).delay_ms(15).times(0);
            shop.sandbox.set_fault(slow);
        }
        Ground { yard: Yard::over(shop, true), _web: web, browser, key, server: Some(server), home }
    }

    /// A worker that is to die so.
    fn worker(&self, death: Death) -> Process {
        let mut command = program(&self.yard.shop, &self.key, "error");
        command.args(["--worker-only", "--jobs=4"]);
        match death {
            Death::At(point) => {
                command.arg(format!("--crash-at={point}:post_shipment"));
            }
            Death::Zombie(point) => {
                command.arg(format!("--stop-at={point}:post_shipment"));
            }
            Death::After(_) | Death::Postgres(_) => {}
        }
        Process(command.spawn().expect("a worker"))
    }

    /// PostgreSQL dies as a machine does, and is started again.
    fn kill_postgres(&mut self) {
        let data = self.server.as_ref().map(|server| server.report.data_dir.clone()).expect("a server");
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).expect("a pid file");
        let pid: i32 = pid.lines().next().and_then(|line| line.parse().ok()).expect("a number");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killing it");
        self.server = None;
        self.server = Some(LocalPg::start(&Options::kept(&self.home.0)).expect("the server again"));
    }

    /// Waits until a worker has something in its hands, or all is done.
    async fn claimed(&self) {
        let since = Instant::now();
        let busy = "select count(*) from jobs where state = 'claimed'";
        while self.yard.shop.value(busy).await == 0 && since.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

pub(super) fn program(shop: &Shop, key: &str, log: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command
        .args(["serve", "--no-migrate", "--connections=6", "--stop-seconds=5", "--log", log])
        .arg(format!("--sandbox={}", shop.sandbox.address()))
        .env("DATABASE_URL", shop.database.owner_url())
        .env("WAYBILL_SECRET_KEY", key)
        .stderr(Stdio::null());
    command
}

/// The portal as a process of its own, and where it answers.
pub(super) fn portal(shop: &Shop, key: &str) -> (Process, SocketAddr) {
    let mut command = program(shop, key, "waybill=info");
    command.args(["--web-only", "--threads=2", "--listen=127.0.0.1:0"]);
    let mut process = Process(command.stderr(Stdio::piped()).spawn().expect("the portal"));
    let mut log = BufReader::new(process.0.stderr.take().expect("piped"));
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(log.read_line(&mut line).expect("its log") > 0, "the portal ended");
        if let Some((_, address)) = line.split_once("address=") {
            break address.trim().parse().expect("an address");
        }
    };
    // read on, or it would wait for a reader
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, address)
}

/// Clicks until somebody says that it is done: with the same form, as a browser
/// that is reloaded.
async fn click(browser: Browser, shipment: ShipmentId, action: &str, form: Vec<(String, String)>) {
    let mut browser = browser;
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let since = Instant::now();
    let path = format!("/shipments/{shipment}/{action}");
    loop {
        match browser.try_post(&path, &form).await {
            Some(answer) if answer.status == 303 => return,
            Some(answer) if answer.status < 500 => panic!("{path}: {} {}", answer.status, answer.body),
            _ => assert!(since.elapsed() < PATIENCE, "{path} is never answered"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How a cycle ends the worker.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// At a named point.
    At(&'static str),
    /// So many milliseconds after it claimed something.
    After(u64),
    /// PostgreSQL dies then; the worker later.
    Postgres(u64),
    /// It is only stopped at a named point, outlives its lease, and comes back.
    Zombie(&'static str),
}

impl Death {
    fn of(cycle: usize) -> Death {
        let milliseconds = rand::rng().random_range(0..=50);
        match cycle % 10 {
            9 => Death::Postgres(milliseconds),
            4 => Death::Zombie(POINTS[cycle / 10 % POINTS.len()]),
            n if n % 2 == 0 => Death::At(POINTS[cycle / 2 % POINTS.len()]),
            _ => Death::After(milliseconds),
        }
    }
}

async fn dies(ground: &mut Ground, mut worker: Process, death: Death) -> Option<Process> {
    match death {
        Death::At(_) => worker.died().await,
        Death::After(milliseconds) => {
            ground.claimed().await;
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            worker.signal(Signal::SIGKILL);
            worker.died().await;
        }
        Death::Postgres(milliseconds) => {
            ground.claimed().await;
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            ground.kill_postgres();
            worker.signal(Signal::SIGKILL);
            worker.died().await;
        }
        Death::Zombie(_) => {
            worker.stopped().await;
            return Some(worker);
        }
    }
    None
}

#[tokio::test]
async fn whatever_is_killed_nothing_is_doubled_and_nothing_lost() {
    let cycles = std::env::var("DRILL_CYCLES").ok().and_then(|n| n.parse().ok()).unwrap_or(CYCLES);
    let mut tally = Tally::new("kill loop");
    let mut ground = Ground::open().await;
    let shop = &ground.yard.shop;
    let shipments = shop.orders(shop.ebay, cycles * POSTS).await;
    let mut connections: Vec<ConnectionId> = Vec::new();
    for side in SIDES {
        connections.push(side.connection(&ground.yard).await);
    }
    // of each side, one that was posted and is to be posted again
    let mut again: Vec<Option<ShipmentId>> = vec![None; SIDES.len()];
    for (cycle, posts) in shipments.chunks(POSTS).enumerate() {
        // every side dies every death in time
        let n = (cycle + 3 * (cycle / 10)) % SIDES.len();
        let side = SIDES[n];
        ground.yard.ship_by(posts, connections[n]).await;
        let death = Death::of(cycle);
        let reposted = again[n].take();
        let mut ours = posts.to_vec();
        ours.extend(reposted);
        one_cycle(&mut ground, side, posts, reposted, death).await;
        tally.cycles += 1;
        for round in ["by itself", "as the page says"] {
            if !ground.yard.quiesce().await {
                tally.unexplained.push(format!("{death:?}, {round}: it never comes to rest"));
            }
            let live = ground.yard.live();
            let mut browser = ground.browser.clone();
            for shipment in ground.yard.judge(&ours).await {
                let where_ = format!("cycle {cycle}, {death:?}, {round}: {} {shipment:?}", side.name);
                if shipment.post.is_empty() {
                    tally.losses.push(format!("{where_}: the click was acknowledged"));
                }
                let steps = judge(
                    &mut tally,
                    &ground.yard,
                    &mut browser,
                    &mut Said::new(),
                    &shipment,
                    &live,
                    &where_,
                )
                .await;
                follow(&ground.yard, side, &steps, &shipment, &live).await;
            }
        }
        let last = ground.yard.judge(&posts[..1]).await.remove(0);
        if let (Some(remote), "pending_tracking") = (&last.remote, last.status.as_str()) {
            side.cancel_there(&ground.yard, remote);
            again[n] = Some(last.id);
        }
    }
    let judged = ground.yard.judge(&shipments).await;
    ground.yard.check_listed(&mut tally, &judged).await;
    tally.close();
    assert_eq!(ground.yard.shop.database.breaks(), "", "what was killed left what does not balance");
}

/// People click while a worker works, and the worker dies.
async fn one_cycle(
    ground: &mut Ground,
    side: Side,
    posts: &[ShipmentId],
    reposted: Option<ShipmentId>,
    death: Death,
) {
    let mut forms = Vec::new();
    let clicked = posts.iter().map(|id| (*id, "post")).chain(reposted.map(|id| (id, "repost")));
    for (shipment, action) in clicked {
        let page = ground.browser.get(&format!("/shipments/{shipment}/{action}")).await;
        let mut form = page.form().1;
        if action == "repost" && side.blind() {
            form.retain(|(name, _)| name != "reason");
            form.push(("anyway".into(), "yes".into()));
            form.push(("reason".into(), "Canceled there, I looked".into()));
        }
        forms.push((shipment, action, form));
    }
    let worker = ground.worker(death);
    let browser = ground.browser.clone();
    let clicks = forms.into_iter().map(|(id, action, form)| click(browser.clone(), id, action, form));
    let clicks = tokio::spawn(join_all(clicks.collect::<Vec<_>>()));
    let zombie = dies(ground, worker, death).await;
    clicks.await.expect("every click was acknowledged");
    if let Some(mut zombie) = zombie {
        // its leases run out, somebody else does its work and reads what is there,
        // then it comes back; the last reads of all are still to come
        ground.yard.pass(120).await;
        ground.yard.quiesce_for(1800).await;
        zombie.signal(Signal::SIGCONT);
        zombie.signal(Signal::SIGTERM);
        zombie.died().await;
    }
}
