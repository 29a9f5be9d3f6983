//! Endpoints that fail, are paused, disabled and deleted, and what is sent again.

use super::events::listens;
use crate::support::shop::{Shop, now};
use chrono::Duration;
use serde_json::Value;
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    notify::{
        events::EventType,
        webhooks::{
            DeleteEndpoint, PauseEndpoint, ResendDelivery, ResendRange, ResumeEndpoint, SCHEDULE,
            SendTestEvent, Since,
        },
    },
    shipments::post::Post,
};

const TOLD: &[EventType] = &[EventType::ShipmentFulfilled];

async fn posted(shop: &Shop) {
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
}

async fn states(shop: &Shop) -> String {
    shop.text("select string_agg(state || ' ' || attempts, ', ' order by id) from webhook_deliveries").await
}

async fn endpoint(shop: &Shop) -> i64 {
    shop.value("select min(id) from webhook_endpoints").await
}

fn types(shop: &Shop, name: &str) -> Vec<String> {
    let read = |body: &str| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
    shop.sandbox.hook(name).iter().map(|message| read(&message.body)).collect()
}

#[test]
fn the_schedule_is_the_one_that_is_printed() {
    let start = now();
    let mut at = start;
    for attempt in 1..10 {
        let next = SCHEDULE.next(attempt, None, at).expect("a further try");
        assert!(next > at);
        at = next;
    }
    assert_eq!(SCHEDULE.next(10, None, at), None);
    assert_eq!(SCHEDULE.tries(), 10);
    let hours = (at - start).num_minutes() as f64 / 60.0;
    assert!((75.5..=83.2).contains(&hours), "{hours}");
    let asked = SCHEDULE.next(1, Some(Duration::hours(2)), start).unwrap();
    assert!(asked >= start + Duration::hours(2), "Retry-After is kept to");
    let far = SCHEDULE.next(1, Some(Duration::days(9)), start).unwrap();
    assert!(far <= start + Duration::hours(25), "up to a day");
}

#[tokio::test]
async fn every_try_has_the_same_id_and_the_end_of_the_schedule_disables() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    listens(&shop, "other", &[]).await;
    shop.sandbox.set_hook_status("erp", 500);
    posted(&shop).await;
    assert_eq!(
        shop.text("select failing_since is not null from webhook_endpoints order by id limit 1").await,
        "true"
    );
    for seconds in [6, 331, 1_981, 7_921, 19_801, 39_601, 55_441, 79_201, 95_041] {
        shop.run_in(seconds).await;
    }
    let messages = shop.sandbox.hook("erp");
    assert_eq!(messages.len(), 10);
    assert!(messages.iter().all(|m| m.header("webhook-id") == messages[0].header("webhook-id")));
    assert!(messages.iter().all(|m| m.body == messages[0].body));
    let why = "select state || ': ' || disabled_reason from webhook_endpoints order by id limit 1";
    let why = shop.text(why).await;
    assert!(why.starts_with("disabled: Every try of a delivery failed"), "{why}");
    // history says so, and the account's other endpoint is told
    assert_eq!(shop.value("select count(*) from activities where verb = 'webhook_disabled'").await, 1);
    shop.run().await;
    assert!(types(&shop, "other").contains(&"endpoint_disabled".to_owned()));
    // what happens now is not left for it
    posted(&shop).await;
    assert_eq!(shop.sandbox.hook("erp").len(), 10);

    // resumed, it is sent what it has missed, counted first
    shop.sandbox.set_hook_status("erp", 200);
    let id = endpoint(&shop).await;
    shop.act_as::<ResumeEndpoint>(Role::Admin, id, NoInput {}).await.unwrap();
    let range = |which: &str, counted: &str| Since {
        since: (now() - Duration::days(10)).to_rfc3339(),
        which: which.into(),
        counted: counted.into(),
    };
    let failed = shop.act_as::<ResendRange>(Role::Support, id, range("failed", "7")).await;
    match failed {
        Err(ActionError::Refused(list)) => assert!(list[0].1.starts_with("It is 1 message now"), "{list:?}"),
        other => panic!("{other:?}"),
    }
    let done = shop.act_as::<ResendRange>(Role::Support, id, range("missed", "2")).await.unwrap();
    assert_eq!(done.message, "2 messages sent again.");
    shop.run().await;
    let all = shop.sandbox.hook("erp");
    assert_eq!(all.len(), 12);
    assert_eq!(all[10].header("webhook-id"), messages[0].header("webhook-id"), "the same event");
    let again = shop.act_as::<ResendRange>(Role::Support, id, range("missed", "")).await.unwrap();
    assert!(!again.changed, "{}", again.message);
    assert_eq!(shop.text("select state from webhook_endpoints order by id limit 1").await, "active");
    let resent = "select count(*) from webhook_deliveries where trigger = 'resend' and state = 'delivered'";
    assert_eq!(shop.value(resent).await, 2);
}

#[tokio::test]
async fn one_message_that_is_not_taken_disables_nothing_while_others_are() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    shop.sandbox.set_hook_status("erp", 400);
    posted(&shop).await;
    for seconds in [6, 331, 1_981, 7_921, 19_801, 39_601, 55_441, 79_201] {
        shop.run_in(seconds).await;
    }
    shop.sandbox.set_hook_status("erp", 200);
    posted(&shop).await;
    shop.sandbox.set_hook_status("erp", 400);
    shop.run_in(95_041).await;
    assert_eq!(states(&shop).await, "failed 10, delivered 1");
    assert_eq!(shop.text("select state from webhook_endpoints").await, "active");
}

#[tokio::test]
async fn who_answers_410_is_sent_nothing_more() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    shop.sandbox.set_hook_status("erp", 410);
    posted(&shop).await;
    assert_eq!(states(&shop).await, "failed 1");
    let why = shop.text("select state || ': ' || disabled_reason from webhook_endpoints").await;
    assert_eq!(why, "disabled: It answered 410: it wants nothing any more.");
    posted(&shop).await;
    assert_eq!(shop.sandbox.hook("erp").len(), 1);
}

#[tokio::test]
async fn what_happens_in_a_pause_waits_and_goes_on() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    shop.sandbox.set_hook_status("erp", 503);
    posted(&shop).await;
    let id = endpoint(&shop).await;
    shop.act_as::<PauseEndpoint>(Role::Admin, id, NoInput {}).await.unwrap();
    shop.sandbox.set_hook_status("erp", 200);
    posted(&shop).await;
    posted(&shop).await;
    shop.run_in(3 * 86_400).await;
    assert_eq!(states(&shop).await, "waiting 1, waiting 0, waiting 0");
    assert_eq!(shop.value("select count(*) from jobs where kind = 'deliver_webhook'").await, 0, "none polls");
    let done = shop.act_as::<ResumeEndpoint>(Role::Admin, id, NoInput {}).await.unwrap();
    assert_eq!(done.message, "The endpoint is active. 3 deliveries that waited are sent.");
    shop.run().await;
    assert_eq!(states(&shop).await, "delivered 2, delivered 1, delivered 1");
    let ids: Vec<String> =
        shop.sandbox.hook("erp")[1..].iter().map(|m| m.header("webhook-id").unwrap().to_owned()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(ids, sorted, "in the order in which it happened");
}

#[tokio::test]
async fn a_test_event_is_sent_once_and_counts_for_nothing() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    let id = endpoint(&shop).await;
    shop.sandbox.set_hook_status("erp", 500);
    shop.act_as::<SendTestEvent>(Role::Support, id, NoInput {}).await.unwrap();
    shop.run_in(86_400).await;
    assert_eq!(states(&shop).await, "failed 1");
    assert_eq!(shop.text("select failing_since from webhook_endpoints").await, "");
    shop.sandbox.set_hook_status("erp", 200);
    for _ in 0..10 {
        shop.act_as::<SendTestEvent>(Role::Admin, id, NoInput {}).await.unwrap();
    }
    let refused = shop.act_as::<SendTestEvent>(Role::Admin, id, NoInput {}).await;
    assert!(matches!(refused, Err(ActionError::Refused(_))), "{refused:?}");
    assert!(matches!(
        shop.act_as::<SendTestEvent>(Role::Client, id, NoInput {}).await,
        Err(ActionError::Forbidden(_))
    ));
}

#[tokio::test]
async fn one_is_sent_again_as_a_delivery_of_its_own() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    posted(&shop).await;
    let delivery = shop.value("select id from webhook_deliveries").await;
    shop.act_as::<ResendDelivery>(Role::Support, delivery, NoInput {}).await.unwrap();
    shop.run().await;
    let messages = shop.sandbox.hook("erp");
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].header("webhook-id"), messages[1].header("webhook-id"));
    assert_eq!(messages[0].body, messages[1].body);
    let triggers = "select string_agg(trigger, ' ' order by id) from webhook_deliveries";
    assert_eq!(shop.text(triggers).await, "event resend");
}

#[tokio::test]
async fn a_deleted_endpoint_keeps_its_deliveries_and_no_secret() {
    let shop = Shop::open().await;
    listens(&shop, "erp", TOLD).await;
    shop.sandbox.set_hook_status("erp", 500);
    posted(&shop).await;
    let id = endpoint(&shop).await;
    shop.act_as::<DeleteEndpoint>(Role::Admin, id, NoInput {}).await.unwrap();
    shop.run_in(600).await;
    assert_eq!(states(&shop).await, "canceled 1");
    assert_eq!(shop.sandbox.hook("erp").len(), 1);
    assert_eq!(shop.value("select length(secret_sealed) from webhook_endpoints").await, 0);
    let resumed = shop.act_as::<ResumeEndpoint>(Role::Admin, id, NoInput {}).await;
    assert!(matches!(resumed, Err(ActionError::Unavailable(_))), "{resumed:?}");
}
