//! The queue: whose turn it is, and what becomes of jobs that stop on our side.

use crate::support::{
    counter::Counter,
    shop::{Shop, now},
};
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use waybill::{
    accounts::Role,
    jobs::{self, Claimed, End, Handler, Handlers, Slots, Work},
};

/// Jobs of an account, one object each unless `object` says otherwise.
async fn flood(shop: &Shop, account: i64, jobs: i64, object: &str) {
    shop.sql(&format!(
        "insert into jobs (account_id, kind, object_key, due_at)
         select {account}, 'nothing', {object}, now() - interval '1 hour' from generate_series(1, {jobs}) n"
    ))
    .await;
}

async fn another_account(shop: &Shop) -> i64 {
    shop.sql("insert into accounts (name, slug) values ('Other', 'other')").await;
    shop.value("select id from accounts where slug = 'other'").await
}

async fn claim(shop: &Shop, worker: &str, free: usize, all: usize) -> Vec<Claimed> {
    jobs::claim(&shop.db, worker, Slots { free, all }, now()).await.unwrap()
}

fn of(claimed: &[Claimed], account: i64) -> usize {
    claimed.iter().filter(|job| job.account_id.0 == account).count()
}

#[tokio::test]
async fn a_flood_of_one_account_is_one_claim_ahead_of_nobody() {
    let shop = Shop::open().await;
    let other = another_account(&shop).await;
    flood(&shop, shop.account.0, 5_000, "'o:' || n").await;
    flood(&shop, other, 1, "'o:1'").await;
    let claimed = claim(&shop, "one", 8, 8).await;
    assert_eq!(of(&claimed, other), 1);
    assert_eq!(of(&claimed, shop.account.0), 6, "three quarters of eight");
    // and of what is free later it gets no more, while there are others
    assert_eq!(claim(&shop, "one", 1, 8).await.len(), 0);
    flood(&shop, other, 3, "'p:' || n").await;
    assert_eq!(of(&claim(&shop, "one", 1, 8).await, other), 1);
    assert_eq!(claim(&shop, "two", 4, 4).await.len(), 4, "another worker has slots of its own");
}

#[tokio::test]
async fn alone_an_account_has_every_slot() {
    let shop = Shop::open().await;
    flood(&shop, shop.account.0, 20, "'o:' || n").await;
    assert_eq!(claim(&shop, "one", 8, 8).await.len(), 8);
}

#[tokio::test]
async fn the_jobs_of_one_object_keep_nothing_else_from_running() {
    let shop = Shop::open().await;
    let account = shop.account.0;
    // older than all others, busy or not
    flood(&shop, account, 300, "'busy:1'").await;
    flood(&shop, account, 2, "'o:' || n").await;
    let claimed = claim(&shop, "one", 8, 8).await;
    let mut objects: Vec<&str> = claimed.iter().map(|job| job.object_key.as_str()).collect();
    objects.sort_unstable();
    assert_eq!(objects, ["busy:1", "o:1", "o:2"], "one of each object");
    flood(&shop, account, 1, "'o:3'").await;
    let claimed = claim(&shop, "one", 5, 8).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].object_key, "o:3", "the busy one waits for itself only");
}

/// Panics, or fails, so many times.
struct Stops {
    times: usize,
    panics: bool,
    ran: &'static AtomicUsize,
}

impl Handler for Stops {
    fn run<'a>(&'a self, _: &'a Work, _: &'a Claimed) -> BoxFuture<'a, anyhow::Result<End>> {
        Box::pin(async move {
            if self.ran.fetch_add(1, Ordering::SeqCst) >= self.times {
                return Ok(End::Done);
            }
            assert!(!self.panics, "the <sky> fell");
            anyhow::bail!("no credentials open")
        })
    }
}

async fn run_for(shop: &Shop, handlers: &Handlers, hours: i64) {
    for _ in 0..hours * 4 {
        shop.run_in(900).await;
        jobs::run_due(&shop.work, handlers).await.unwrap();
    }
}

#[tokio::test]
async fn a_job_that_panics_ends_and_is_shown_until_somebody_has_it_run() {
    static RAN: AtomicUsize = AtomicUsize::new(0);
    let mut shop = Shop::open().await;
    shop.handlers = Handlers::default().with("nothing", Stops { times: 12, panics: true, ran: &RAN });
    flood(&shop, shop.account.0, 1, "'shipment:1'").await;
    shop.run().await;
    assert_eq!(RAN.load(Ordering::SeqCst), 1, "not again at once");
    run_for(&shop, &shop.handlers, 4).await;
    assert_eq!(RAN.load(Ordering::SeqCst), 12);
    assert_eq!(
        shop.text("select state || attempts || last_error from jobs").await,
        "dead12It panicked: the <sky> fell"
    );

    let front = Counter::over(&shop);
    let mut client = front.visitor(Role::Client).await;
    assert!(client.get("/").await.text("main").contains("Job given up on our side"));
    let page = client.get("/jobs").await;
    assert_eq!(page.text("td[data-label='What it last said']"), "It panicked: the <sky> fell");
    let href = page.attribute("td.act a", "href").unwrap();
    let asked = client.get(&href).await;
    let answer = client.submit(&asked, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/jobs"), "{}", answer.body);
    assert_eq!(client.get("/jobs").await.text(".empty h2"), "No job was given up");
    let support = front.visitor(Role::Support).await.get("/jobs").await;
    assert!(support.texts("td.act a").is_empty());
    shop.run_in(1).await;
    assert_eq!(shop.value("select count(*) from jobs").await, 0);
    assert_eq!(shop.text("select outcome from finished_jobs where kind = 'nothing'").await, "done");
    assert_eq!(shop.value("select count(*) from activities where verb = 'job_run_again'").await, 1);
}

#[tokio::test]
async fn what_stops_for_a_while_goes_on() {
    static RAN: AtomicUsize = AtomicUsize::new(0);
    let mut shop = Shop::open().await;
    shop.handlers = Handlers::default().with("nothing", Stops { times: 11, panics: false, ran: &RAN });
    flood(&shop, shop.account.0, 1, "'o:1'").await;
    run_for(&shop, &shop.handlers, 4).await;
    assert_eq!(RAN.load(Ordering::SeqCst), 12);
    assert_eq!(
        shop.text("select outcome || attempts from finished_jobs where kind = 'nothing'").await,
        "done12"
    );
}

#[tokio::test]
async fn a_job_whose_worker_always_dies_ends_too() {
    let shop = Shop::open().await;
    flood(&shop, shop.account.0, 1, "'o:1'").await;
    shop.sql("update jobs set attempts = 30").await;
    shop.run().await;
    assert!(
        shop.text("select state || ': ' || last_error from jobs")
            .await
            .starts_with("dead: Its worker stopped")
    );
}
