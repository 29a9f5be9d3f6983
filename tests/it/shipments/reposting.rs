//! Re-Post to Fulfillment, as its guide tells it.

use crate::support::shop::{Shop, now};
use waybill::{
    accounts::Role,
    actions::{self, Action, ActionError, Availability, Call, NoInput},
    ids::ShipmentId,
    shipments::{
        Status,
        gate::next_reference,
        post::Post,
        repost::{Input, Repost},
    },
};

async fn posted(shop: &Shop) -> (ShipmentId, u64) {
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1), ("B", 2)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    (shipment, after.fulfillment_id.unwrap().parse().unwrap())
}

#[tokio::test]
async fn never_posted_is_not_available_and_says_so() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let Availability::Unavailable(why) = Repost::available(&shop.shipment(shipment).await) else {
        panic!("available")
    };
    assert_eq!(why.sentence, "Available once the shipment has been posted.");
    assert_eq!(why.offer.as_deref(), Some("post"));
    assert!(matches!(
        shop.act::<Repost>(shipment.0, Input::default()).await,
        Err(ActionError::Unavailable(_))
    ));
}

#[tokio::test]
async fn deleted_at_the_provider_it_is_cleared_sent_again_and_told_again() {
    let shop = Shop::open().await;
    shop.listens("erp").await;
    shop.responds("fulfilled").await;
    let (shipment, remote) = posted(&shop).await;
    let before = shop.shipment(shipment).await.shipment;
    shop.sandbox.cancel_at_shipstation(remote).unwrap();
    shop.run_in(3600).await;
    shop.act::<Repost>(shipment.0, Input::default()).await.unwrap();
    shop.run().await;

    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert!(after.date_post > before.date_post);
    assert_ne!(after.fulfillment_id, before.fulfillment_id);
    assert_eq!(shop.live_orders(&after.number), 1);
    // the old values stay in history
    assert_eq!(shop.value("select count(*) from provider_orders where superseded_at is not null").await, 1);
    assert_eq!(
        shop.text(&format!("select before ->> 'fulfillment_id' from activities where verb = 'shipment_post_cleared' and shipment_id = {shipment}")).await,
        remote.to_string()
    );
    let tag = shop.text("select reference_tag from accounts").await;
    // a canceled order at ShipStation keeps its key: the next one has its own
    assert_eq!(
        shop.text("select string_agg(external_reference, ' ' order by group_no) from posts").await,
        format!("{0}.{tag} {0}.{tag}-R2", after.number)
    );
    // responder for each item and shipment_fulfilled, again
    assert_eq!(shop.value("select count(*) from emails").await, 4);
    assert_eq!(shop.sandbox.hook("erp").len(), 2);
}

#[tokio::test]
async fn alive_at_the_provider_nothing_is_sent_and_nothing_is_lost() {
    let shop = Shop::open().await;
    let (shipment, remote) = posted(&shop).await;
    let before = shop.shipment(shipment).await.shipment;
    shop.act::<Repost>(shipment.0, Input::default()).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert_eq!((after.date_post, &after.fulfillment_id), (before.date_post, &before.fulfillment_id));
    assert_eq!(
        shop.text("select string_agg(state, ' ' order by group_no) from posts").await,
        "accepted canceled"
    );
    let why = shop.text("select reason from posts order by group_no desc limit 1").await;
    assert!(why.contains(&remote.to_string()) && why.contains("awaiting_shipment"), "{why}");
    assert_eq!(shop.live_orders(&after.number), 1);
    assert!(shop.history(shipment).await.contains(&"shipment_post_stopped".to_owned()));
}

#[tokio::test]
async fn sent_anyway_needs_a_reason_and_still_leaves_one_live_order() {
    let shop = Shop::open().await;
    let (shipment, _) = posted(&shop).await;
    let refused = shop
        .act::<Repost>(shipment.0, Input { anyway: true, reason: " ".into(), ..Input::default() })
        .await
        .unwrap_err();
    assert!(matches!(&refused, ActionError::Refused(fields) if fields[0].0 == "reason"), "{refused:?}");
    assert_eq!(shop.value("select count(*) from posts").await, 1);
    shop.act::<Repost>(
        shipment.0,
        Input { anyway: true, reason: "They lost the pick list".into(), ..Input::default() },
    )
    .await
    .unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert_eq!(shop.live_orders(&after.number), 1);
    assert_eq!(
        shop.value("select count(*) from post_attempts where step = 'decided' and detail like '%pick list%'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_provider_error_puts_it_in_the_error_queue_and_it_can_be_re_posted() {
    let shop = Shop::open().await;
    let (shipment, remote) = posted(&shop).await;
    shop.sandbox.cancel_at_shipstation(remote).unwrap();
    shop.sandbox.refuse_sku("A", Some("SKU A is not known here")).unwrap();
    shop.act::<Repost>(shipment.0, Input::default()).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await;
    assert_eq!(after.shipment.status, Status::Error);
    assert_eq!((after.shipment.date_post, &after.shipment.fulfillment_id), (None, &None));
    assert_eq!(
        shop.value("select count(*) from problems where kind = 'post' and resolved_at is null").await,
        1
    );
    assert!(
        Repost::available(&after).is_available(),
        "a re-post that failed after clearing can be tried again"
    );
    shop.sandbox.accept_sku("A").unwrap();
    shop.act::<Repost>(shipment.0, Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.live_orders(&after.shipment.number), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_equal_clicks_are_one_re_post_with_fifty_equal_answers() {
    let shop = Shop::open().await;
    let (shipment, remote) = posted(&shop).await;
    shop.sandbox.cancel_at_shipstation(remote).unwrap();
    let version = shop.shipment(shipment).await.shipment.version;
    let clicks = (0..50).map(|_| {
        let (db, account, by) = (shop.db.clone(), shop.account, shop.by(Role::Client));
        let call = Call {
            id: shipment.0,
            input: Input::default(),
            version: Some(version),
            key: Some("one form".into()),
        };
        tokio::spawn(async move { actions::run::<Repost>(&db, account, &by, call, now()).await })
    });
    let mut answers = Vec::new();
    for click in clicks.collect::<Vec<_>>() {
        answers.push(click.await.unwrap().unwrap());
    }
    assert!(answers.iter().all(|a| *a == answers[0]));
    assert_eq!(shop.value("select count(*) from posts").await, 2);
    // a second form on the stale page is told what happened
    let call =
        Call { id: shipment.0, input: Input::default(), version: Some(version), key: Some("another".into()) };
    let stale = actions::run::<Repost>(&shop.db, shop.account, &shop.by(Role::Client), call, now())
        .await
        .unwrap_err();
    assert!(
        matches!(&stale, ActionError::Stale(s) if s.sentence().contains("The client: Re-posting")),
        "{stale}"
    );
    // and one key for two things is refused
    let call = Call {
        id: shipment.0,
        input: Input { anyway: true, reason: "else".into(), ..Input::default() },
        version: None,
        key: Some("one form".into()),
    };
    let reused = actions::run::<Repost>(&shop.db, shop.account, &shop.by(Role::Client), call, now()).await;
    assert!(matches!(reused, Err(ActionError::KeyReused)));
}

#[test]
fn references_count_up() {
    assert_eq!(next_reference("SHP-000123"), "SHP-000123-R2");
    assert_eq!(next_reference("SHP-000123-R2"), "SHP-000123-R3");
    assert_eq!(next_reference("SHP-R-R9"), "SHP-R-R10");
}
