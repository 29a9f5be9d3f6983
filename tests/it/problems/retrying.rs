//! Retry: one, a group, and only what failed for good.

use crate::support::{
    counter::Counter,
    portal::Portal,
    shop::{Shop, now},
};
use waybill::{
    accounts::Role,
    actions::NoInput,
    actions::{Action, ActionError, Call, run},
    ids::ShipmentId,
    remedies::retry::{Retry, RetryGroup, Which},
    shipments::{Status, post::Post},
};

/// A shop where these many posts were refused for one SKU, which is known now.
async fn refused(n: usize) -> (Shop, Vec<ShipmentId>) {
    let shop = Shop::open().await;
    shop.sandbox.refuse_sku("BAD-1", None).unwrap();
    let mut shipments = Vec::new();
    for _ in 0..n {
        let (_, shipment) = shop.order(shop.ebay, &[("BAD-1", 1)]).await;
        shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
        shipments.push(shipment);
    }
    shop.run().await;
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, n as i64);
    (shop, shipments)
}

async fn first(shop: &Shop) -> i64 {
    shop.value("select min(id) from problems where resolved_at is null").await
}

fn all() -> Which {
    Which { which: "all".into() }
}

#[tokio::test]
async fn one_is_sent_again_by_the_action_that_fits() {
    let (shop, shipments) = refused(1).await;
    let problem = first(&shop).await;
    let by = shop.by(Role::Client);
    for _ in 0..2 {
        let call = Call { id: problem, input: NoInput {}, version: None, key: Some("the same".into()) };
        run::<Retry>(&shop.db, shop.account, &by, call, now()).await.unwrap();
    }
    assert_eq!(shop.value("select count(*) from jobs where kind = 'post_shipment'").await, 1);
    assert_eq!(shop.shipment(shipments[0]).await.shipment.status, Status::Posting);
    // once more, by somebody else's press: it says why not
    let again = shop.act::<Retry>(problem, NoInput {}).await;
    assert!(
        matches!(&again, Err(ActionError::Unavailable(why)) if why.sentence.contains("being posted now"))
    );
    // support may submit, not post
    let support = shop.act_as::<Retry>(Role::Support, problem, NoInput {}).await;
    assert!(support.is_err());
}

#[tokio::test]
async fn a_group_leaves_one_job_and_that_one_job_for_each_shipment() {
    let (shop, shipments) = refused(3).await;
    let problem = first(&shop).await;
    let done = shop.act::<RetryGroup>(problem, all()).await.unwrap();
    assert_eq!(done.message, "Retrying 3 problems at ShipStation. The result will stand in the activity.");
    assert_eq!(shop.value("select count(*) from jobs").await, 1, "nothing big in the request");
    // pressed again before the worker came
    assert!(!shop.act::<RetryGroup>(problem, all()).await.unwrap().changed);
    // one of them is sent by hand meanwhile, one is put on hold
    shop.act::<Post>(shipments[0].0, NoInput {}).await.unwrap();
    shop.by_hand(&format!(
        "insert into order_holds (account_id, order_id, kind) select account_id, order_id, 'operator' \
         from shipments where id = {}",
        shipments[1]
    ))
    .await;
    shop.run().await;
    let jobs = "select count(*) from (select object_key, trace_id from finished_jobs where kind = 'post_shipment' \
                group by 1, 2 having count(*) > 1) twice";
    assert_eq!(shop.value(jobs).await, 0, "exactly one job for each shipment");
    assert_eq!(
        shop.value(&format!("select count(*) from posts where shipment_id = {}", shipments[1])).await,
        1,
        "the held one was not sent"
    );
    for shipment in &shipments {
        let posts = shop.value(&format!("select count(*) from posts where shipment_id = {shipment}")).await;
        assert!(posts <= 2, "{posts} posts of {shipment}");
    }
    let told =
        shop.text("select summary || ' ' || result from activities where verb = 'problems_retried'").await;
    assert!(told.starts_with("Retried ") && told.contains("of 3 problems; skipped"), "{told}");
    assert!(told.contains("on hold") && told.ends_with(" warning"), "{told}");
}

#[tokio::test]
async fn failed_only_leaves_alone_what_waits_for_its_next_try() {
    let (shop, _) = refused(3).await;
    let problem = first(&shop).await;
    shop.sql(&format!(
        "update problems set next_attempt_at = '2099-01-01', will_retry = true where id = {problem}"
    ))
    .await;
    let only = Which { which: "failed".into() };
    let done = shop.act::<RetryGroup>(problem, only.clone()).await.unwrap();
    assert_eq!(done.data["problems"], 2);
    shop.sql("delete from jobs").await;
    shop.sql("update problems set next_attempt_at = '2099-01-01', will_retry = true").await;
    let done = shop.act::<RetryGroup>(problem, only).await.unwrap();
    assert!(!done.changed, "{}", done.message);
    // what is snoozed and what nobody knows stays out of it
    shop.sql(&format!("update problems set snoozed_until = '2099-01-01' where id = {problem}")).await;
    shop.by_hand(
        "update shipments set status = 'unconfirmed' where id = (select max(shipment_id) from problems)",
    )
    .await;
    assert_eq!(shop.act::<RetryGroup>(problem, all()).await.unwrap().data["problems"], 1);
}

#[tokio::test]
async fn the_permission_is_that_of_what_is_retried() {
    let (shop, shipments) = refused(1).await;
    let problem = first(&shop).await;
    for refused in [
        shop.act_as::<Retry>(Role::Support, problem, NoInput {}).await,
        shop.act_as::<RetryGroup>(Role::Support, problem, all()).await,
    ] {
        assert!(matches!(refused, Err(ActionError::Forbidden(_))), "{refused:?}");
    }
    // a parcel that left is not sent again from here
    shop.by_hand(&format!(
        "update shipments set status = 'shipped', shipped_at = now() where id = {}",
        shipments[0]
    ))
    .await;
    let left = shop.act::<Retry>(problem, NoInput {}).await;
    assert!(
        matches!(&left, Err(ActionError::Unavailable(why)) if why.sentence.contains("left the warehouse"))
    );
    shop.sql("update problems set resolved_at = now(), resolved_by = 'x', kind = 'post'").await;
    let fixed = shop.act::<Retry>(problem, NoInput {}).await;
    assert!(matches!(&fixed, Err(ActionError::Unavailable(why)) if why.sentence.contains("fixed already")));
}

#[tokio::test]
async fn the_buttons_stand_in_the_queue_and_return_to_it() {
    let (shop, _) = refused(2).await;
    let counter = Counter::over(&shop);
    let mut browser = counter.visitor(Role::Client).await;
    let queue = browser.get("/error-queue").await;
    let buttons = queue.texts("section.cause .btn");
    assert!(buttons.contains(&"Retry all 2".to_owned()), "{buttons:?}");
    let problem = shop.value("select max(id) from problems").await;
    let page = browser.get(&format!("/problems/{problem}/retry-group?back=%2Ferror-queue")).await;
    assert!(page.text("h1").contains("Retry 2 problems at ShipStation?"), "{}", page.body);
    let done = browser.submit(&page, &[]).await;
    assert_eq!((done.status, done.location()), (303, "/error-queue"));
    assert_eq!(browser.submit(&page, &[]).await.status, 303, "twice is once");
    assert_eq!(shop.value("select count(*) from jobs where kind = 'retry_problems'").await, 1);
    let one = browser.get(&format!("/problems/{problem}/retry?back=%2Ferror-queue")).await;
    assert!(one.attribute("#anyway", "type").is_none(), "nobody decides that here");
    assert_eq!(browser.submit(&one, &[]).await.status, 303);
    // an old page
    shop.sql("update problems set version = version + 1").await;
    let stale = browser.submit(&one, &[("op", "another")]).await;
    assert!(matches!(stale.status, 409), "{}", stale.status);
    assert_eq!(Retry::NAME, "retry_problem");
}

#[tokio::test]
async fn support_has_no_button_for_posts_and_other_accounts_nothing() {
    let portal = Portal::open().await;
    let mut support = portal.visitor(Role::Support).await;
    let theirs = portal.other.record("problem");
    for act in ["retry", "retry-group", "snooze", "wake", "unassign"] {
        assert_eq!(support.get(&format!("/problems/{theirs}/{act}")).await.status, 404, "{act}");
    }
    // a failed channel sync is theirs to send
    let own = portal.own.record("problem");
    assert!(support.get(&format!("/problems/{own}")).await.body.contains("/retry?"));
    portal.sql("update problems set kind = 'post'").await;
    assert!(!support.get(&format!("/problems/{own}")).await.body.contains("/retry?"));
}
