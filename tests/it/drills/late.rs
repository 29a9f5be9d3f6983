//! Whoever comes late: a worker that was outrun, a request that is executed when
//! everybody has given it up.

use super::{matrix::SIDES, yard::Yard};
use crate::support::{generic::tenant, shop::now};
use std::time::{Duration, Instant};
use waybill::{
    actions::NoInput,
    db::sql,
    evidence::TraceId,
    ids::{PostId, ShipmentId},
    jobs::{self, End, NewJob, Slots},
    sandbox::{Fault, FaultKind, GenericClass, GenericOptions},
    shipments::{
        late::CancelSecond,
        post::Post,
        posts::{self, PostState},
        repost::{self, Repost},
    },
};

async fn posted(yard: &Yard) -> ShipmentId {
    let (_, shipment) = yard.shop.order(yard.shop.ebay, &[("A", 1)]).await;
    yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    yard.run(None).await;
    shipment
}

/// Re-posts, and lets another worker commit its intent and die while ours still
/// asks about the earlier order. Nobody but the job remembers it then.
async fn outrun(yard: &Yard, shipment: ShipmentId) {
    yard.shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    yard.shop.sandbox.set_fault(Fault::once("shipstation", "getorder", FaultKind::HangThenCreate));
    let outrun = async {
        let since = Instant::now();
        while yard.shop.sandbox.faults().len() == 1 {
            assert!(since.elapsed() < Duration::from_secs(10), "the gate asks nobody");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        yard.sql(
            "update posts set state = 'sent', lease_epoch = 9, attempt_no = 1, sent_at = now() where state = 'queued'",
        )
        .await;
        yard.shop.sandbox.let_go();
    };
    tokio::join!(yard.run(None), outrun);
    assert_eq!(yard.judge(&[shipment]).await[0].status, "posting");
    assert!(yard.quiesce().await);
}

#[tokio::test]
async fn what_an_outrunner_leaves_behind_is_found_when_the_gate_was_passed() {
    let yard = Yard::open().await;
    let shipment = posted(&yard).await;
    let remote = yard.judge(&[shipment]).await.remove(0).remote.unwrap();
    yard.shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).unwrap();
    outrun(&yard, shipment).await;
    let after = yard.judge(&[shipment]).await.remove(0);
    // what it sent is not known, so it is only read; the canceled order is not it
    assert_eq!((after.status.as_str(), after.post.as_str()), ("error", "absent"), "{after:?}");
}

#[tokio::test]
async fn what_an_outrunner_leaves_behind_is_found_when_the_gate_was_closed() {
    let yard = Yard::open().await;
    let shipment = posted(&yard).await;
    outrun(&yard, shipment).await;
    let after = yard.judge(&[shipment]).await.remove(0);
    // the earlier order answers to the reference
    assert_eq!((after.status.as_str(), after.post.as_str()), ("pending_tracking", "accepted"), "{after:?}");
    assert_eq!(yard.live()[&after.number].len(), 1);
}

/// A request of a post that nobody has an answer to, and that is executed only
/// when it is let go.
async fn held(yard: &Yard, class: usize) -> ShipmentId {
    let connection = SIDES[class].connection(yard).await;
    // who may come in is asked at the door, however late it is served
    let class = SIDES[class].class.expect("a generic warehouse");
    let options = GenericOptions { class, ..GenericOptions::default() };
    yard.shop.sandbox.add_generic(&tenant(class), options).unwrap();
    let (_, shipment) = yard.shop.order(yard.shop.ebay, &[("A", 1)]).await;
    yard.ship_by(&[shipment], connection).await;
    yard.shop.sandbox.set_fault(Fault::once("generic", "createshipment", FaultKind::HangThenCreate));
    yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    yard.run(None).await;
    assert_eq!(yard.judge(&[shipment]).await[0].status, "unconfirmed");
    shipment
}

/// Lets it go and waits until it is executed.
async fn arrives(yard: &Yard, number: &str, orders: usize) {
    yard.shop.sandbox.let_go();
    let since = Instant::now();
    while yard.live().get(number).map_or(0, Vec::len) < orders {
        assert!(since.elapsed() < Duration::from_secs(10), "it never arrives");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

const SEARCHABLE: usize = 2;

#[tokio::test]
async fn an_order_that_arrives_after_it_was_called_absent_is_taken_over() {
    let yard = Yard::open().await;
    let shipment = held(&yard, SEARCHABLE).await;
    assert!(yard.quiesce_for(300).await);
    assert_eq!(yard.judge(&[shipment]).await[0].status, "unconfirmed", "it may still be at it");
    assert!(yard.quiesce_for(1_800).await);
    let absent = yard.judge(&[shipment]).await.remove(0);
    assert_eq!((absent.status.as_str(), absent.post.as_str()), ("error", "absent"));
    arrives(&yard, &absent.number, 1).await;
    assert!(yard.quiesce().await);
    let after = yard.judge(&[shipment]).await.remove(0);
    assert_eq!(
        (after.status.as_str(), after.remote),
        ("pending_tracking", Some(yard.live()[&after.number][0].clone()))
    );
}

#[tokio::test]
async fn an_order_that_arrives_after_the_next_post_is_shown_and_canceled() {
    let yard = Yard::open().await;
    let shipment = held(&yard, SEARCHABLE).await;
    assert!(yard.quiesce_for(1_800).await);
    yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    yard.run(None).await;
    let posted = yard.judge(&[shipment]).await.remove(0);
    assert_eq!(posted.status, "pending_tracking");
    arrives(&yard, &posted.number, 2).await;

    assert!(yard.quiesce().await);
    let open = "select kind from problems where resolved_at is null";
    assert_eq!(yard.shop.text(open).await, "duplicate");
    let (_counter, mut browser) = yard.counter().await;
    let page = browser.get(&format!("/shipments/{shipment}")).await;
    assert_eq!(page.text("#condition strong"), "Two orders at the provider");
    assert_eq!(
        page.attribute("#condition a.btn", "href"),
        Some(format!("/shipments/{shipment}/cancel-second-order"))
    );
    yard.shop.act::<CancelSecond>(shipment.0, NoInput {}).await.unwrap();
    assert!(yard.quiesce().await);
    assert_eq!(yard.live()[&posted.number], [posted.remote.unwrap()]);
    assert_eq!(yard.shop.value("select count(*) from problems where resolved_at is null").await, 0);
}

/// Repeating is safe there: the late request finds what the repeated one made.
#[tokio::test]
async fn a_request_that_cannot_be_done_twice_may_arrive_whenever_it_likes() {
    for class in [GenericClass::Key, GenericClass::OwnId] {
        let yard = Yard::open().await;
        let shipment = held(&yard, class as usize).await;
        assert!(yard.quiesce().await);
        let after = yard.judge(&[shipment]).await.remove(0);
        assert_eq!(after.status, "pending_tracking", "{class:?}");
        yard.shop.sandbox.let_go();
        assert!(yard.quiesce().await);
        assert_eq!(yard.live()[&after.number], [after.remote.unwrap()], "{class:?}");
    }
}

/// A worker whose lease ran out ends nothing: neither the job, nor the post.
#[tokio::test]
async fn whoever_lost_the_lease_writes_nothing() {
    const ONE: Slots = Slots { free: 1, all: 1 };
    let yard = Yard::open().await;
    let mut scope = yard.shop.scope().await;
    let job = NewJob::new("drill", "drill", serde_json::json!({}), now());
    jobs::enqueue(&mut scope, job).await.unwrap();
    scope.commit().await.unwrap();
    let first = jobs::claim(&yard.shop.db, "first", ONE, now()).await.unwrap().remove(0);
    yard.pass(100).await;
    let second = jobs::claim(&yard.shop.db, "second", ONE, now()).await.unwrap().remove(0);
    assert_eq!((first.id, first.lease_epoch + 1), (second.id, second.lease_epoch));
    let again = End::Again { at: now(), reason: "late".into() };
    for late in [End::Done, again] {
        assert!(!jobs::settle(&yard.shop.db, &first, &late).await.unwrap(), "{late:?}");
        assert_eq!(yard.shop.text("select state from jobs").await, "claimed");
    }
    assert!(jobs::settle(&yard.shop.db, &second, &End::Done).await.unwrap());

    posted(&yard).await;
    let id = PostId(yard.shop.value("select id from posts").await);
    let mut scope = yard.shop.scope().await;
    let before = posts::lock(&mut scope, id).await.unwrap().unwrap();
    scope
        .execute(
            sql("update posts set lease_epoch = lease_epoch + 1 where account_id = {} and id = {}")
                .bind(yard.shop.account)
                .bind(id),
        )
        .await
        .unwrap();
    assert!(!posts::set_state(&mut scope, &before, PostState::Unknown, now()).await.unwrap());
    let current = posts::lock(&mut scope, id).await.unwrap().unwrap();
    assert_eq!(current.state, PostState::Accepted);
    assert!(posts::set_state(&mut scope, &current, PostState::Unknown, now()).await.unwrap());
}

/// The last wall: whoever comes past every condition of ours is refused by the database.
#[tokio::test]
async fn the_database_takes_one_live_post_of_a_shipment() {
    let yard = Yard::open().await;
    let (_, id) = yard.shop.order(yard.shop.ebay, &[("A", 1)]).await;
    let shipment = yard.shop.shipment(id).await.shipment;
    let start = async |reference: &str| {
        let mut scope = yard.shop.scope().await;
        let trace = TraceId::new();
        let started =
            posts::start(&mut scope, &shipment, yard.shop.connection, reference, "", "drill", &trace, now())
                .await?;
        scope.commit().await.map(|()| started)
    };
    start("SHP-1").await.unwrap();
    let refused = format!("{:?}", start("SHP-2").await.unwrap_err());
    assert!(refused.contains("at_most_one_live_post_per_shipment"), "{refused}");
    yard.sql("update posts set state = 'absent'").await;
    start("SHP-2").await.unwrap();
}
