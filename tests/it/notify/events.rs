//! Every event of the catalogue is told where it happens, once, by a real action.

use crate::support::{peers, shop::Shop};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill::{
    actions::NoInput,
    ids::{OrderLineId, ShipmentId},
    notify::{
        events::{CATALOGUE, EventType},
        webhooks,
    },
    orders::{edit_address, edit_service, holds, tags},
    outbound::signature,
    shipments::{
        arrive::MarkAsDelivered,
        edit_shipping,
        mark_error::{self, MarkAsError},
        post::Post,
        repost::{self, Repost},
        reship::{self, Reship},
        submit::SubmitToChannel,
        void::{self, VoidShipment},
    },
};

/// An endpoint that is told everything.
pub async fn listens(shop: &Shop, name: &str, events: &[EventType]) -> String {
    let mut scope = shop.scope().await;
    let url = shop.sandbox.hook_url(name);
    let (_, secret) =
        webhooks::connect(&mut scope, &shop.work.keyring, &url, "", events, None).await.unwrap();
    scope.commit().await.unwrap();
    secret
}

/// The types of what the catcher got from a place on.
fn heard(shop: &Shop, from: usize) -> Vec<String> {
    let messages = shop.sandbox.hook("erp");
    let read = |body: &str| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
    messages.iter().skip(from).map(|message| read(&message.body)).collect()
}

struct Ear<'a> {
    shop: &'a Shop,
    at: usize,
    all: BTreeSet<String>,
}

impl Ear<'_> {
    /// What was told since the last time, sorted.
    async fn now(&mut self) -> Vec<String> {
        self.shop.run().await;
        let mut new = heard(self.shop, self.at);
        self.at += new.len();
        self.all.extend(new.iter().cloned());
        new.sort();
        new
    }
}

#[tokio::test]
async fn each_is_told_by_what_happens_and_once() {
    let shop = Shop::open().await;
    let secret = listens(&shop, "erp", &[]).await;
    let mut ear = Ear { shop: &shop, at: 0, all: BTreeSet::new() };

    let (order, shipment) = shop.order(shop.ebay, &[("KTL-1", 2)]).await;
    assert_eq!(ear.now().await, ["order_created"]);
    // the same order read again is no news
    shop.poll(shop.ebay).await;
    assert!(ear.now().await.is_empty());

    let address = edit_address::Input {
        name: "Ada".into(),
        line1: "Other Street 2".into(),
        city: "Gent".into(),
        postal_code: "9000".into(),
        country: "BE".into(),
        ..Default::default()
    };
    shop.act::<edit_address::EditAddress>(order.0, address.clone()).await.unwrap();
    assert_eq!(ear.now().await, ["order_updated"]);
    shop.act::<edit_address::EditAddress>(order.0, address).await.unwrap();
    assert!(ear.now().await.is_empty(), "nothing changed");
    let method = edit_service::Input { shipping_method: "Express".into() };
    shop.act::<edit_service::EditService>(order.0, method).await.unwrap();
    assert_eq!(ear.now().await, ["order_updated"]);
    shop.act::<tags::AddTags>(order.0, serde_json::from_value(json!({ "tags": "gift" })).unwrap())
        .await
        .unwrap();
    assert_eq!(ear.now().await, ["order_updated"]);
    let hold = holds::Input { kind: "operator".into(), ..Default::default() };
    shop.act::<holds::AddHold>(order.0, hold).await.unwrap();
    assert_eq!(ear.now().await, ["order_updated"]);
    shop.act::<holds::RemoveAllHolds>(order.0, Default::default()).await.unwrap();
    assert_eq!(ear.now().await, ["order_updated"]);

    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(ear.now().await, ["shipment_fulfilled"]);
    // the mapping is missing, so the channel refuses
    shop.leaves(shipment, "dpd_be", "05308900123456").await;
    assert_eq!(ear.now().await, ["channel_submission_failed", "shipment_shipped"]);
    shop.sql(&format!(
        "insert into courier_mappings (account_id, channel_id, courier, custom_name) values ({}, {}, 'dpd_be', 'DPD')",
        shop.account, shop.ebay
    ))
    .await;
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(ear.now().await, ["channel_submission_succeeded"]);
    let change = edit_shipping::Input { service: Some("Classic".into()), ..Default::default() };
    shop.act::<edit_shipping::EditShipping>(shipment.0, change).await.unwrap();
    assert!(ear.now().await.contains(&"shipment_updated".to_owned()));
    shop.act::<MarkAsDelivered>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(ear.now().await, ["shipment_delivered"]);
    let last: Value = serde_json::from_str(&shop.sandbox.hook("erp").last().unwrap().body).unwrap();
    assert_eq!(last["data"]["shipment"]["status"], "delivered");
    assert!(last["data"]["shipment"]["delivered_at"].is_string());

    let line = OrderLineId(shop.value(&format!("select id from order_lines where order_id = {order}")).await);
    shop.act::<Reship>(order.0, reship::Input::of(&[(line, 1)])).await.unwrap();
    assert_eq!(ear.now().await, ["order_reshipped"]);
    let second = shop.value(&format!("select max(id) from shipments where order_id = {order}")).await;
    let note = mark_error::Input { reason: "The label was torn".into() };
    shop.act::<MarkAsError>(second, note).await.unwrap();
    assert_eq!(ear.now().await, ["shipment_error"]);
    let why = void::Input { reason: "Not needed".into() };
    shop.act::<VoidShipment>(second, why).await.unwrap();
    assert_eq!(ear.now().await, ["shipment_canceled"]);

    // one event for each change, each signed
    let all = shop.value("select count(*) from webhook_events").await;
    assert_eq!(usize::try_from(all).unwrap(), ear.at);
    let messages = shop.sandbox.hook("erp");
    let ids: BTreeSet<&str> = messages.iter().map(|m| m.header("webhook-id").unwrap()).collect();
    assert_eq!(ids.len(), messages.len());
    for message in &messages {
        let header = |name| message.header(name).unwrap();
        let at: i64 = header("webhook-timestamp").parse().unwrap();
        let (id, signatures) = (header("webhook-id"), header("webhook-signature"));
        let timestamp = header("webhook-timestamp");
        assert!(signature::verify_standard_webhook(&secret, id, timestamp, &message.body, signatures, at));
    }
    // the rest of the catalogue: another endpoint's end, which endpoints.rs tells
    let told: BTreeSet<&str> = ear.all.iter().map(String::as_str).collect();
    let missing: Vec<&str> =
        CATALOGUE.iter().map(|l| l.kind.as_str()).filter(|kind| !told.contains(kind)).collect();
    assert_eq!(missing, ["endpoint_disabled"]);
}

#[tokio::test]
async fn a_repost_tells_again_and_nobody_is_told_twice_of_one_post() {
    let shop = Shop::open().await;
    listens(&shop, "erp", &[EventType::ShipmentFulfilled]).await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let remote = shop.text(&format!("select fulfillment_id from shipments where id = {shipment}")).await;
    shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).unwrap();
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(heard(&shop, 0), ["shipment_fulfilled", "shipment_fulfilled"]);
    let ids: BTreeSet<String> =
        shop.sandbox.hook("erp").iter().map(|m| m.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn what_nobody_listens_to_is_not_written_for_orders() {
    let shop = Shop::open().await;
    listens(&shop, "erp", &[EventType::ShipmentFulfilled]).await;
    shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    assert_eq!(shop.value("select count(*) from webhook_events").await, 0);
}

/// The names of an object's members, all the way down; of a list those of its first.
fn shape(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(format!("{at}.{key}"));
            shape(value, &format!("{at}.{key}"), into);
        }),
        Value::Array(items) => items.iter().take(1).for_each(|item| shape(item, &format!("{at}[]"), into)),
        _ => {}
    }
}

#[tokio::test]
async fn samples_have_the_shape_of_the_real_thing_and_name_no_person() {
    let shop = Shop::open().await;
    listens(&shop, "erp", &[]).await;
    let (_, shipment): (_, ShipmentId) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let messages = shop.sandbox.hook("erp");
    assert_eq!(messages.len(), 2);
    for message in &messages {
        let real: Value = serde_json::from_str(&message.body).unwrap();
        let kind = EventType::parse(real["type"].as_str().unwrap()).unwrap();
        let (mut ours, mut sample) = (BTreeSet::new(), BTreeSet::new());
        shape(&real, "", &mut ours);
        shape(&kind.sample(), "", &mut sample);
        assert_eq!(ours, sample, "{kind}");
        for personal in ["Ada", "Ólafsdóttir", "buyer.example", "l’Été", "Bruxelles"] {
            assert!(!message.body.contains(personal), "{personal} in {}", message.body);
        }
    }
    for listed in CATALOGUE {
        assert_eq!(listed.kind.sample()["type"], listed.kind.as_str());
        assert!(listed.when.ends_with('.'));
    }
}

#[tokio::test]
async fn the_official_library_for_python_verifies_what_we_send() {
    let shop = Shop::open().await;
    let secret = listens(&shop, "erp", &[]).await;
    shop.order(shop.ebay, &[("KTL-1 – Teekessel für Zoë", 1)]).await;
    let message = shop.sandbox.hook("erp").remove(0);
    assert!(message.body.contains("für Zoë"));
    assert_eq!(peers::verified(&secret, &message.headers, &message.body), "verified");
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_ne!(peers::verified(other, &message.headers, &message.body), "verified");
    let changed = message.body.replace("order_created", "order_updated");
    assert_ne!(peers::verified(&secret, &message.headers, &changed), "verified");
}

/// The vectors of the tests of the Standard Webhooks libraries.
#[test]
fn ours_verifies_the_vectors_of_the_libraries() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
    let signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(signature::standard_webhook(secret, id, at, body).as_deref(), Some(signed));
    let verify = |secret: &str, timestamp: &str, signatures: &str, now: i64| {
        signature::verify_standard_webhook(secret, id, timestamp, body, signatures, now)
    };
    let stamp = at.to_string();
    assert!(verify(secret, &stamp, signed, at));
    assert!(verify("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &stamp, signed, at), "without its prefix");
    let several = format!(
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {signed} \
         v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    );
    assert!(verify(secret, &stamp, &several, at));
    assert!(verify(secret, &stamp, signed, at + 300) && verify(secret, &stamp, signed, at - 300));
    assert!(!verify(secret, &stamp, signed, at + 301), "too old");
    assert!(!verify(secret, &stamp, signed, at - 301), "too new");
    assert!(!verify(secret, &format!("{at}.0"), signed, at), "no whole number");
    assert!(!verify(secret, &stamp, "", at), "no signature");
    assert!(!verify(secret, &stamp, &signed.replace("v1,", "v2,"), at), "another version");
    assert!(!verify(secret, &stamp, &signed.replace("g0", "G0"), at), "another signature");
    assert!(!verify("whsec_AAAA", &stamp, signed, at), "another secret");
}
