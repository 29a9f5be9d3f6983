//! Thousands at once: one operation, worked by the real program, killed twice
//! in the middle, while people read and another merchant's jobs are served.

use super::kill::{Process, portal, program};
use crate::support::{
    database::{TestDatabase, connect},
    portal::{Browser, PASSWORD, add_user},
    shop::Shop,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use nix::sys::signal::Signal;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use waybill::{
    accounts::Role,
    channels::orders_in,
    cli::bench::orders::{self, Trial},
    clock,
    db::Db,
    evidence::TraceId,
    ids::{AccountId, ChannelId},
    jobs,
    secrets::{Keyring, random_bytes},
};

/// What is done to each.
const ACTION: &str = "reship_orders";
/// How many unless `DRILL_ORDERS` says otherwise.
const ORDERS: i32 = 10_000;
/// Nothing of it takes longer.
const PATIENCE: Duration = Duration::from_secs(900);
/// No job of another merchant waits longer, deaths of workers included.
const WAITS: f64 = 10.0;
/// No page of people takes longer where nothing else keeps the machine busy; in
/// the build of tests, on a machine shared with other tests, half of them.
const AT_MOST: Duration = Duration::from_millis(200);

fn worker(shop: &Shop, key: &str) -> Process {
    let mut command = program(shop, key, "error");
    Process(command.args(["--worker-only", "--jobs=4"]).spawn().expect("a worker"))
}

/// Reads a page again and again; answers how long each took.
async fn read(mut browser: Browser, path: String, over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut took = Vec::new();
    while !over.load(Ordering::Acquire) {
        let since = Instant::now();
        let page = browser.get(&path).await;
        took.push(since.elapsed());
        assert_eq!(page.status, 200, "{path}");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    took.sort();
    took
}

/// Leaves a small job every moment; answers how many.
async fn knock(db: Db, account: AccountId, over: Arc<AtomicBool>) -> i64 {
    let mut asked = 0;
    while !over.load(Ordering::Acquire) {
        let mut scope = db.scope(account).await.unwrap();
        // a channel that is not there: the job is over as soon as it is begun
        let channel = ChannelId(1_000_000 + asked);
        jobs::enqueue(&mut scope, orders_in::poll(channel, clock::now(), &TraceId::new())).await.unwrap();
        scope.commit().await.unwrap();
        asked += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    asked
}

/// Waits until so many rows wait at most; the moment it was so.
async fn until_left(shop: &Shop, left: i64) -> Instant {
    let since = Instant::now();
    let waiting = "select waiting::bigint from bulk_operations";
    while shop.value(waiting).await > left {
        assert!(since.elapsed() < PATIENCE, "it stands still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_thousands_is_done_once_whoever_dies() {
    let n = std::env::var("DRILL_ORDERS").ok().and_then(|n| n.parse().ok()).unwrap_or(ORDERS);
    let trial = Trial::find(ACTION).expect("an action that can be tried");
    let key = STANDARD.encode(random_bytes::<32>());
    let keyring = Keyring::from_base64(&key).expect("a key");
    let shop = Shop::open_on(TestDatabase::create().await, keyring, Duration::from_secs(2)).await;
    let user = add_user(&shop.database, "bulk", &[(shop.account, Role::Client)]).await;
    shop.sql("insert into accounts (name, slug) values ('Other', 'other')").await;
    let other = AccountId(shop.value("select max(id) from accounts").await);
    shop.sql(orders::NO_OUTSIDE).await;
    let mut scope = shop.scope().await;
    orders::make(&mut scope, n, trial.shipped).await.unwrap();
    scope.commit().await.unwrap();
    shop.sql("analyze").await;

    let (_web, address) = portal(&shop, &key);
    let mut browser = Browser::new(address);
    assert_eq!(browser.sign_in(&user.email, PASSWORD).await.status, 303);
    let mut form: Vec<(String, String)> =
        [("on", "orders"), ("list", "q=bench"), ("all", "yes"), ("action", ACTION)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    for (name, value) in trial.input().as_object().expect("an input") {
        form.push((format!("{ACTION}-{name}"), value.as_str().unwrap_or("yes").to_owned()));
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let begun = browser.post("/bulk", &form).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
    let at = begun.location().to_owned();
    let mut first = worker(&shop, &key);
    let since = Instant::now();
    while shop.text("select state from bulk_operations").await == "previewing" {
        assert!(since.elapsed() < PATIENCE, "it is looked at for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let looked = since.elapsed();
    let review = browser.get(&at).await;
    assert_eq!(shop.value("select waiting::bigint from bulk_operations").await, i64::from(n));

    let over = Arc::new(AtomicBool::new(false));
    let readers = [at.clone(), "/orders?q=bench".to_owned()]
        .map(|path| tokio::spawn(read(browser.clone(), path, over.clone())));
    let neighbour = tokio::spawn(knock(shop.db.clone(), other, over.clone()));
    let since = Instant::now();
    assert_eq!(browser.submit(&review, &[]).await.status, 303);
    for part in [2, 1] {
        until_left(&shop, i64::from(n) * part / 3).await;
        // whoever holds what it works on holds up no page
        let holder = connect(&shop.database.superuser_url()).await;
        holder
            .batch_execute(
                "begin; select from bulk_operations for update; select from bulk_rows limit 100 for update",
            )
            .await
            .unwrap();
        for path in [at.as_str(), "/orders?q=bench"] {
            let page = tokio::time::timeout(Duration::from_secs(20), browser.get(path)).await;
            assert_eq!(page.expect("it waits for a lock of the operation").status, 200);
        }
        holder.batch_execute("rollback").await.unwrap();
        first.signal(Signal::SIGKILL);
        first.died().await;
        assert!(shop.value("select waiting::bigint from bulk_operations").await > 0, "it was over before");
        // its lease runs out
        shop.sql("update jobs set lease_until = now() where state = 'claimed'").await;
        first = worker(&shop, &key);
    }
    let ended = until_left(&shop, 0).await;
    over.store(true, Ordering::Release);
    shop.sql("delete from jobs where kind not in ('bulk_operation', 'poll_orders')").await;
    while shop.text("select state from bulk_operations").await != "finished" {
        assert!(since.elapsed() < PATIENCE, "it never ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // each once, and the counters are the rows
    let lines = format!(
        "select count(*) from (select order_id from activities where account_id = {} and verb = '{}' \
         group by order_id having count(*) = 1) once",
        shop.account, trial.verb
    );
    assert_eq!(shop.value(&lines).await, i64::from(n), "orders that were done exactly once");
    let all = format!(
        "select count(*) from activities where account_id = {} and verb = '{}'",
        shop.account, trial.verb
    );
    assert_eq!(shop.value(&all).await, i64::from(n), "and none more");
    // one shipment more for each, and its unit taken once
    let twice =
        "select count(*) from (select order_id from shipments group by order_id having count(*) = 2) two";
    assert_eq!(shop.value(twice).await, i64::from(n), "orders with one shipment more");
    let taken = "select -coalesce(sum(quantity), 0) from inventory_movements where kind = 'shipment'";
    assert_eq!(shop.value(taken).await, i64::from(n), "units taken");
    let counters = "select count(*) from bulk_operations o where total = done and done = \
                    (select count(*) from bulk_rows r where r.operation_id = o.id and r.outcome = 'done')";
    assert_eq!(shop.value(counters).await, 1);

    // meanwhile
    let asked = neighbour.await.unwrap();
    let served = format!("select count(*) from finished_jobs where account_id = {other}");
    let waiting = Instant::now();
    while shop.value(&served).await < asked {
        assert!(waiting.elapsed() < PATIENCE, "the other merchant’s jobs are not served");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let longest = format!(
        "select (max(extract(epoch from log_id_time(id) - created_at)) * 1000)::bigint from finished_jobs where account_id = {other}"
    );
    let longest = shop.value(&longest).await as f64 / 1000.0;
    println!(
        "{n} orders: looked at in {looked:.1?}, done in {:.1?}; another merchant’s {asked} jobs waited {longest:.1} s at most",
        ended - since
    );
    for (name, reader) in ["operation", "list"].into_iter().zip(readers) {
        let took = reader.await.unwrap();
        let of = |part: usize| took[(took.len() - 1) * part / 100];
        println!(
            "{name}: {} requests, p50 {:.0?}, p99 {:.0?}, most {:.0?}",
            took.len(),
            of(50),
            of(99),
            of(100)
        );
        assert!(of(50) < AT_MOST, "half of the requests for the {name} page took longer than {AT_MOST:?}");
    }
    assert!(longest < WAITS, "a job of another merchant waited {longest:.1} s");
    first.signal(Signal::SIGTERM);
    first.died().await;
}

#[test]
fn the_benchmark_prints_its_table_and_leaves_nothing() {
    let scratch = std::env::temp_dir().join(format!("waybill-smoke-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["bench", "bulk", "--orders=20", "--rest=1", "--jobs=2"])
        .arg(format!("--scratch={}", scratch.display()))
        // none of it is measured
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .output()
        .expect("the benchmark");
    let (table, log) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{table}{log}");
    for part in
        ["reship_orders on 20 orders", "orders/s", "operation page, running", "other account’s jobs, idle"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "its folder stays");
    std::fs::remove_dir(&scratch).unwrap();
}
