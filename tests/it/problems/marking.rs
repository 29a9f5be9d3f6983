//! Mark as error: a person says that something is wrong.

use crate::support::{
    portal::Portal,
    shop::{Shop, now},
};
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, Availability, Call, NoInput, run},
    problems::list,
    shipments::{
        Status,
        mark_error::{Input, MarkAsError},
        post::Post,
        repost::{self, Repost},
    },
};

fn note(text: &str) -> Input {
    Input { reason: text.into() }
}

#[tokio::test]
async fn a_note_is_needed_and_the_queue_has_it_with_who_said_it() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    let refused = shop.act::<MarkAsError>(shipment.0, note("  ")).await;
    assert!(
        matches!(&refused, Err(ActionError::Refused(list)) if list[0].1.starts_with("Say what is wrong")),
        "{refused:?}"
    );
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingPost);

    shop.act::<MarkAsError>(shipment.0, note("The label was torn")).await.unwrap();
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Error);
    let open = list::of_shipment(&mut shop.scope().await, shipment).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].code.as_deref(), open[0].detail.as_str()),
        (Some("marked_by_hand"), "The label was torn")
    );
    let sentence = open[0].diagnosis().sentence;
    assert!(sentence.starts_with("The client marked this shipment as an error."), "{sentence}");
    assert_eq!(
        shop.text("select after ->> 'note' from activities where verb = 'shipment_marked_as_error'").await,
        "The label was torn"
    );
    assert_eq!(
        shop.value("select count(*) from webhook_events where event_type = 'shipment_error'").await,
        1
    );

    // it was never posted: Post, not Re-Post, and that closes it
    let subject = shop.shipment(shipment).await;
    assert!(Post::available(&subject).is_available() && !Repost::available(&subject).is_available());
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.text("select resolved_by from problems").await, "It was posted.");
}

#[tokio::test]
async fn a_posted_shipment_is_re_posted_after_it() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.act::<MarkAsError>(shipment.0, note("Packed the wrong kettle")).await.unwrap();
    let subject = shop.shipment(shipment).await;
    assert!(subject.shipment.date_post.is_some(), "what was posted stays known");
    assert!(!Post::available(&subject).is_available() && Repost::available(&subject).is_available());
    // the earlier order is alive: the gate stops it, and the shipment is what its facts say
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(shop.live_orders(&subject.shipment.number), 1);
}

#[tokio::test]
async fn what_cannot_be_marked_says_why_and_twice_is_once() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    for (set, words) in [
        ("status = 'posting'", "being posted now"),
        ("status = 'unconfirmed'", "We don’t know whether"),
        ("status = 'delivered'", "It was delivered"),
        ("status = 'error'", "in error already"),
        ("status = 'canceled', voided_at = now()", "voided"),
    ] {
        shop.sql(&format!("update shipments set {set} where id = {shipment}")).await;
        let subject = shop.shipment(shipment).await;
        match MarkAsError::available(&subject) {
            Availability::Unavailable(why) => {
                assert!(why.sentence.contains(words), "{set}: {}", why.sentence)
            }
            Availability::Available => panic!("{set} can be marked"),
        }
        assert!(matches!(
            shop.act::<MarkAsError>(shipment.0, note("Something")).await,
            Err(ActionError::Unavailable(_))
        ));
    }
    shop.sql(&format!(
        "update shipments set status = 'pending_post', voided_at = null where id = {shipment}"
    ))
    .await;
    let by = shop.by(Role::Client);
    for _ in 0..2 {
        let call =
            Call { id: shipment.0, input: note("Torn label"), version: None, key: Some("the same".into()) };
        let outcome = run::<MarkAsError>(&shop.db, shop.account, &by, call, now()).await.unwrap();
        assert!(outcome.changed);
    }
    assert_eq!(shop.value("select attempts from problems").await, 1);
    let seen = Call { id: shipment.0, input: note("Torn label"), version: Some(1), key: None };
    let stale = run::<MarkAsError>(&shop.db, shop.account, &by, seen, now()).await;
    assert!(matches!(stale, Err(ActionError::Stale(_))), "{stale:?}");
}

#[tokio::test]
async fn the_form_keeps_what_was_typed() {
    let portal = Portal::open().await;
    let id = portal.own.record("shipment");
    let mut browser = portal.visitor(Role::Client).await;
    let path = format!("/shipments/{id}/mark-as-error");
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.texts(".effects li").join(" ").contains("error queue"));
    let refused = browser.submit(&page, &[("reason", "?!")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text(".error-summary").contains("Say what is wrong"));
    assert_eq!(refused.text("textarea#reason"), "?!");
    let done = browser.submit(&refused, &[("reason", "The box was empty")]).await;
    assert_eq!((done.status, done.location()), (303, format!("/shipments/{id}").as_str()));
    let page = browser.get(&format!("/shipments/{id}")).await;
    assert!(
        page.text("#condition").contains("This shipment is marked as an error"),
        "{}",
        page.text("#condition")
    );
    assert!(page.text("#condition").contains("The box was empty"));
    // support may not, another account's is not there
    let mut support = portal.visitor(Role::Support).await;
    assert_eq!(support.get(&path).await.status, 403);
    let theirs = format!("/shipments/{}/mark-as-error", portal.other.record("shipment"));
    assert_eq!(browser.get(&theirs).await.status, 404);
}
