//! Budgets and circuit breakers: what a lane decides, and what waits for it.

use crate::support::{counter::Counter, shop::Shop};
use proptest::prelude::*;
use waybill::{
    accounts::Role,
    actions::NoInput,
    channels::orders_in,
    clock::{self, Instant},
    evidence::{
        TraceId,
        record::{About, LogType},
    },
    ids::JobId,
    jobs,
    outbound::{
        Answer, ErrorClass, Failure, Held, HttpRequest, Reached,
        lane::{Asks, Circuit, State, Told, Turn, Why},
    },
    sandbox::{Fault, FaultKind},
    shipments::{Status, post::Post},
};

const WELL: Told = Told { answered: true, too_many: false, wait: None };
const LOST: Told = Told { answered: false, too_many: false, wait: None };

fn seconds(n: i64) -> chrono::Duration {
    chrono::Duration::seconds(n)
}

/// Calls that are let through, each with what it told.
fn call(state: &mut State, told: Told, times: usize, now: Instant) -> Vec<Option<Circuit>> {
    (0..times)
        .map(|_| {
            let turn = state.ask(Asks::Further, now).expect("never held back");
            state.learn(turn, told, now)
        })
        .collect()
}

#[test]
fn a_budget_is_used_up_and_fills_again_and_nobody_comes_back_at_once() {
    let now = clock::now();
    let mut state = State::fresh(40, now);
    for _ in 0..40 {
        assert_eq!(state.ask(Asks::Write, now), Ok(Turn { decides: false }));
    }
    assert_eq!(state.left(now), 0);
    let turns: Vec<Instant> = (0..4)
        .map(|_| {
            let (why, at) = state.ask(Asks::Write, now).unwrap_err();
            assert_eq!(why, Why::Budget);
            at
        })
        .collect();
    // a token takes a second and a half, and each is told another moment
    assert!(turns[0] > now && turns[0] <= now + seconds(2), "{turns:?}");
    assert!(turns.windows(2).all(|w| w[1] - w[0] == chrono::Duration::milliseconds(1500)), "{turns:?}");
    assert!(state.ask(Asks::Read, turns[0]).is_ok(), "who comes when told is let through");
    assert_eq!(state.left(now + seconds(30)), 19);
    assert_eq!(state.left(now + seconds(3600)), 40, "never more than the budget");
}

#[test]
fn a_thousand_that_wait_are_not_told_to_come_in_an_hour() {
    let now = clock::now();
    let mut state = State::fresh(1, now);
    state.ask(Asks::Write, now).unwrap();
    let last = (0..1000).map(|_| state.ask(Asks::Write, now).unwrap_err().1).max().unwrap();
    assert!(last <= now + chrono::Duration::minutes(5), "things may be well before");
}

#[test]
fn what_the_other_side_asked_for_is_waited_for_up_to_a_day() {
    let now = clock::now();
    let mut state = State::fresh(40, now);
    let told = |wait| Told { answered: true, too_many: true, wait };
    call(&mut state, told(None), 1, now);
    assert_eq!(state.ask(Asks::Read, now).unwrap_err().0, Why::Budget, "too many: slowly from here");
    call(&mut state, told(Some(seconds(90))), 1, now);
    call(&mut state, told(Some(seconds(30))), 1, now);
    let before = now + seconds(89);
    assert_eq!(state.ask(Asks::Read, before).unwrap_err().0, Why::Asked, "the longer of both");
    assert!(state.ask(Asks::Write, now + seconds(90)).is_ok());
    call(&mut state, told(Some(chrono::Duration::days(9))), 1, now);
    assert!(state.ask(Asks::Write, now + chrono::Duration::hours(25)).is_ok(), "nine days are not believed");
}

#[test]
fn the_breaker_opens_at_half_of_twenty_and_only_a_read_tries_it() {
    let now = clock::now();
    let mut state = State::fresh(600, now);
    assert_eq!(call(&mut state, WELL, 10, now), [None; 10]);
    let told = call(&mut state, LOST, 10, now);
    assert_eq!(told[8], None, "nine of nineteen are too few");
    assert_eq!(told[9], Some(Circuit::Opened));
    assert_eq!((state.failed, state.calls), (10, 20));
    for asks in [Asks::Read, Asks::Write] {
        let (why, at) = state.ask(asks, now + seconds(59)).unwrap_err();
        assert_eq!(why, Why::Circuit { a_read_may_try: false });
        assert!(at >= now + seconds(60));
    }
    let later = now + seconds(61);
    let (why, at) = state.ask(Asks::Write, later).unwrap_err();
    assert_eq!(why, Why::Circuit { a_read_may_try: true }, "what changes something never tries");
    assert!(at > later);
    let probe = state.ask(Asks::Read, later).unwrap();
    assert!(probe.decides);
    assert!(state.ask(Asks::Read, later).is_err(), "one is enough");
    assert_eq!(state.learn(probe, LOST, later), None);
    assert!(state.ask(Asks::Read, later + seconds(59)).is_err(), "it failed: open for another minute");
    let later = later + seconds(60);
    let probe = state.ask(Asks::Read, later).unwrap();
    assert_eq!(state.learn(probe, WELL, later), Some(Circuit::Closed));
    assert!(state.ask(Asks::Write, later).is_ok());
    assert_eq!((state.failed, state.calls), (0, 1), "it counts anew");
}

#[test]
fn old_failures_and_refusals_open_nothing() {
    let now = clock::now();
    let mut state = State::fresh(600, now);
    call(&mut state, LOST, 19, now);
    assert_eq!(call(&mut state, LOST, 19, now + seconds(120)), [None; 19], "two minutes are over");
    let mut state = State::fresh(600, now);
    assert_eq!(call(&mut state, WELL, 100, now), [None; 100], "a refusal is an answer");
    assert!(state.circuit_open_until.is_none());
}

proptest! {
    /// In any stretch of time no more calls go out than the budget was full of
    /// plus what came back in that time.
    #[test]
    fn a_budget_holds_however_it_is_asked(
        per_minute in 1_i32..200,
        steps in prop::collection::vec((0_i64..5_000, any::<bool>()), 1..300),
    ) {
        let start = clock::now();
        let mut state = State::fresh(per_minute, start);
        let mut now = start;
        let mut sent = 0;
        for (wait, read) in steps {
            now += chrono::Duration::milliseconds(wait);
            if state.ask(if read { Asks::Read } else { Asks::Write }, now).is_ok() {
                sent += 1;
            }
            let passed = (now - start).num_milliseconds() as f64 / 60_000.0;
            prop_assert!(f64::from(sent) <= f64::from(per_minute) * (1.0 + passed) + 0.001);
        }
    }
}

async fn budget(shop: &Shop, per_minute: i32) {
    shop.sql(&format!("update connections set requests_per_minute = {per_minute}")).await;
}

fn posts(shop: &Shop) -> usize {
    shop.sandbox.requests().iter().filter(|r| r.path.ends_with("/orders/createorder")).count()
}

/// A read over the connection, of which only the sending is looked at.
async fn read(shop: &Shop) -> Result<Answer<()>, Failure> {
    let about = About { connection: Some(shop.connection), job: Some(JobId(1)), ..About::default() };
    let request = HttpRequest::get(format!("{}/stores", shop.sandbox.shipstation_base()));
    let answer = |r: &waybill::outbound::HttpResponse| match r.status {
        200..500 => Ok(Answer::plain(())),
        _ => Err(Failure::by_status(r, "no")),
    };
    let outbound = &shop.work.outbound;
    outbound.call(&shop.db, shop.account, LogType::GetProviderOrder, &about, request, answer).await.result
}

#[tokio::test]
async fn a_post_held_back_stays_queued_and_uses_up_no_try() {
    let shop = Shop::open().await;
    budget(&shop, 1).await;
    let (_, first) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    let (_, second) = shop.order(shop.ebay, &[("KTL-2", 1)]).await;
    for shipment in [first, second] {
        shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    }
    shop.run().await;
    assert_eq!(posts(&shop), 1);
    assert_eq!(
        shop.text("select string_agg(state || attempt_no, ',' order by state) from posts").await,
        "accepted1,queued0"
    );
    assert_eq!(shop.text("select state || attempts from jobs").await, "ready0");
    assert!(shop.text("select last_error from jobs").await.contains("1 requests a minute"));
    assert_eq!(shop.value("select count(*) from post_attempts where step = 'sent'").await, 1);
    let records = "select count(*) from transaction_records where log_type = 'post_shipment'";
    assert_eq!(shop.value(records).await, 1, "what was not sent has no record");
    assert_eq!(shop.value("select count(*) from problems").await, 0, "waiting is no problem");
    shop.run_in(61).await;
    assert_eq!(posts(&shop), 2);
    assert_eq!(
        shop.text("select string_agg(state || attempt_no, ',') from posts").await,
        "accepted1,accepted1"
    );
}

#[tokio::test]
async fn many_at_once_share_one_budget() {
    let shop = Shop::open().await;
    budget(&shop, 10).await;
    let calls = (0..30).map(|_| read(&shop));
    let told = futures_util::future::join_all(calls).await;
    let held: Vec<&Failure> = told.iter().filter_map(|t| t.as_ref().err()).collect();
    assert_eq!(held.len(), 20);
    assert!(held.iter().all(|f| f.held == Some(Held::ItsTurn) && f.reached == Reached::NotSent));
    assert_eq!(shop.sandbox.requests().iter().filter(|r| r.path.ends_with("/stores")).count(), 10);
}

#[tokio::test]
async fn a_conversation_that_began_comes_to_its_end() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    // a resync needs two reads, and there is one request a minute
    budget(&shop, 1).await;
    shop.run_in(60).await;
    shop.leaves(shipment, "dpd_be", "0530").await;
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Shipped);
    assert_eq!(read(&shop).await.unwrap_err().class, ErrorClass::RateLimited, "and what it took is owed");
}

#[tokio::test]
async fn a_lane_that_asked_for_time_is_left_alone_until_then() {
    let shop = Shop::open().await;
    let (_, first) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    let (_, second) = shop.order(shop.ebay, &[("KTL-2", 1)]).await;
    shop.sandbox
        .set_fault(Fault::once("shipstation", "createorder", FaultKind::RateLimited).retry_after(600));
    shop.act::<Post>(first.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.act::<Post>(second.0, NoInput {}).await.unwrap();
    shop.run_in(30).await;
    assert_eq!(posts(&shop), 1, "the second is not even tried");
    assert_eq!(
        shop.text("select string_agg(state || attempt_no, ',' order by id) from posts").await,
        "queued1,queued0"
    );
    // a person who wants to know is told, and what waits may go on
    let front = Counter::over(&shop);
    let mut admin = front.visitor(Role::Admin).await;
    let path = format!("/connections/{}", shop.connection);
    let page = admin.get(&path).await;
    assert!(page.text(".banner.warning").contains("It asked for fewer requests"), "{}", page.text("main"));
    let list = admin.get("/connections").await;
    assert!(list.text("td[data-label=State]").contains("Asked to wait"), "{}", list.text("tbody"));
    let answer = admin.post(&format!("{path}/test"), &[]).await;
    let page = admin.get(answer.location()).await;
    assert!(page.text("section[aria-labelledby=health]").contains("requests left this minute"));
    assert!(page.texts(".banner.warning").is_empty(), "{}", page.text(".banner"));
    shop.run_in(300).await;
    shop.run_in(300).await;
    assert_eq!(shop.text("select string_agg(state, ',') from posts").await, "accepted,accepted");
}

#[tokio::test]
async fn an_open_breaker_is_tried_by_a_read_and_never_by_a_post() {
    let shop = Shop::open().await;
    budget(&shop, 600).await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "*", FaultKind::ServerError).times(0));
    for _ in 0..20 {
        assert_eq!(read(&shop).await.unwrap_err().held, None);
    }
    assert_eq!(read(&shop).await.unwrap_err().held, Some(Held::ItsTurn));
    let page = Counter::over(&shop).visitor(Role::Client).await.get("/connections").await;
    let words = page.text("td[data-label=State]");
    assert!(words.contains("20 of 20 calls failed. The next read tries it."), "{words}");
    let reads = |shop: &Shop| shop.sandbox.requests().len();
    let before = reads(&shop);
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(reads(&shop), before, "a minute of silence");
    // with nothing else to read, the post itself has its provider tested
    shop.run_in(90).await;
    assert_eq!((reads(&shop), posts(&shop)), (before + 1, 0));
    assert_eq!(shop.text("select state || attempt_no from posts").await, "queued0");
    shop.sandbox.clear_faults();
    shop.run_in(90).await;
    assert_eq!((reads(&shop), posts(&shop)), (before + 3, 1));
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    let told = "select string_agg(verb, ',' order by id) from activities where verb like 'circuit%'";
    assert_eq!(shop.text(told).await, "circuit_opened,circuit_closed");
    assert_eq!(shop.value("select count(*) from post_attempts where step = 'sent'").await, 1);
}

#[tokio::test]
async fn a_channel_has_its_lane_too() {
    let shop = Shop::open().await;
    shop.sql("update channels set requests_per_minute = 1").await;
    shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    let mut scope = shop.scope().await;
    jobs::enqueue(&mut scope, orders_in::poll(shop.ebay, crate::support::shop::now(), &TraceId::new()))
        .await
        .unwrap();
    scope.commit().await.unwrap();
    let before = shop.sandbox.requests().len();
    shop.run().await;
    assert_eq!(shop.sandbox.requests().len(), before);
    assert_eq!(shop.text("select kind || attempts from jobs").await, "poll_orders0");
    let failing =
        format!("select count(*) from channels where failing_since is not null and id = {}", shop.ebay);
    assert_eq!(shop.value(&failing).await, 0, "waiting is not failing");
    shop.run_in(61).await;
    assert_eq!(shop.value("select count(*) from jobs").await, 0);
}
