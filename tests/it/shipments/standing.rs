//! Orders that stand at a provider: canceled, decided about by hand, arriving
//! late, standing there twice. Against warehouses of each class.

use crate::support::shop::Shop;
use waybill::{
    actions::{Action, ActionError, Availability, NoInput},
    ids::ShipmentId,
    sandbox::{Fault, FaultKind, GenericClass},
    shipments::{
        Status,
        cancel_order::CancelOrder,
        decide_post::{self, DecidePost},
        late::CancelSecond,
        post::Post,
        reconcile::CheckWithProvider,
        repost::{self, Repost},
    },
};

async fn shop(class: GenericClass) -> (Shop, ShipmentId) {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let connection = shop.generic(class).await;
    shop.ships_by(shipment, connection).await;
    (shop, shipment)
}

async fn posted(class: GenericClass) -> (Shop, ShipmentId) {
    let (shop, shipment) = shop(class).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    (shop, shipment)
}

async fn post(shop: &Shop, shipment: ShipmentId) -> Status {
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    status(shop, shipment).await
}

async fn status(shop: &Shop, shipment: ShipmentId) -> Status {
    shop.shipment(shipment).await.shipment.status
}

fn fault(shop: &Shop, operation: &str, kind: FaultKind) {
    shop.sandbox.set_fault(Fault::once("generic", operation, kind));
}

async fn open_problems(shop: &Shop) -> String {
    shop.text("select string_agg(kind || ' ' || coalesce(code, '-'), ', ' order by kind) from problems where resolved_at is null")
        .await
}

async fn steps(shop: &Shop) -> String {
    shop.text("select string_agg(step, ' ' order by id) from post_attempts").await
}

const CREATE: &str = "createshipment";
const CANCEL: &str = "cancelshipment";

#[tokio::test]
async fn what_cannot_be_done_twice_is_sent_once_more() {
    for class in [GenericClass::Key, GenericClass::OwnId] {
        let (shop, shipment) = shop(class).await;
        fault(&shop, CREATE, FaultKind::CutAfterRead);
        assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
        shop.run_in(6).await;
        assert_eq!(status(&shop, shipment).await, Status::PendingTracking, "{class:?}");
        assert_eq!(shop.live_orders("SHP"), 1, "{class:?}");
        assert_eq!(steps(&shop).await, "queued sent unknown sent accepted", "{class:?}");
        assert_eq!(open_problems(&shop).await, "", "{class:?}");
    }
}

/// With another content a key would be refused, and so may an id: that would say
/// nothing about the first request.
#[tokio::test]
async fn another_content_is_not_sent_to_learn_what_became_of_the_first() {
    for class in [GenericClass::Key, GenericClass::OwnId] {
        let (shop, shipment) = shop(class).await;
        fault(&shop, CREATE, FaultKind::CutAfterRead);
        assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
        shop.sql("update addresses set city = 'Gent'").await;
        for seconds in [6, 61, 601] {
            shop.run_in(seconds).await;
        }
        assert_eq!(status(&shop, shipment).await, Status::Error, "{class:?}");
        assert_eq!(open_problems(&shop).await, "post absent", "{class:?}");
        assert_eq!(shop.live_orders("SHP"), 0, "{class:?}");
    }
}

/// Where nothing can be read, our own records say that the reference is used up.
#[tokio::test]
async fn a_reference_whose_order_was_canceled_is_not_sent_again() {
    let (shop, shipment) = shop(GenericClass::OwnId).await;
    shop.sql("update connections set settings = settings || '{\"reads\": false}'").await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(status(&shop, shipment).await, Status::PendingPost);
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(status(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
    let reference = shop.text("select external_reference from posts order by id desc limit 1").await;
    assert!(reference.ends_with("-R2"), "{reference}");
}

#[tokio::test]
async fn a_refusal_of_the_repeated_request_is_the_answer() {
    let (shop, shipment) = shop(GenericClass::OwnId).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    fault(&shop, CREATE, FaultKind::Respond);
    shop.run_in(6).await;
    assert_eq!(status(&shop, shipment).await, Status::Error);
    assert_eq!(shop.text("select state from posts").await, "rejected");
}

/// What speaks of us and not of the order proves nothing about the first request.
#[tokio::test]
async fn a_refusal_of_our_credentials_leaves_it_unknown() {
    let (shop, shipment) = shop(GenericClass::OwnId).await;
    fault(&shop, CREATE, FaultKind::AcceptThenCut);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    shop.sandbox.set_fault(Fault::once("generic", "*", FaultKind::Unauthorized));
    shop.run_in(6).await;
    assert_eq!(status(&shop, shipment).await, Status::Unconfirmed);
    shop.run_in(60).await;
    assert_eq!(status(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
}

fn seen(there: &str, remote_id: &str) -> decide_post::Input {
    decide_post::Input { there: there.into(), remote_id: remote_id.into(), reason: "Looked there".into() }
}

#[tokio::test]
async fn a_person_decides_what_nothing_can_tell() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, CREATE, FaultKind::AcceptThenCut);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    assert!(matches!(
        shop.act::<DecidePost>(shipment.0, seen("no", "")).await,
        Err(ActionError::Unavailable(_))
    ));
    shop.run_in(6).await;
    assert_eq!(open_problems(&shop).await, "post needs_person");
    for (input, field) in [(seen("", ""), "there"), (seen("yes", " "), "remote_id")] {
        let Err(ActionError::Refused(errors)) = shop.act::<DecidePost>(shipment.0, input).await else {
            panic!("{field}")
        };
        assert_eq!(errors[0].0, field);
    }
    let remote = shop.sandbox.live().into_iter().find(|l| l.vendor == "generic").unwrap();
    assert_eq!(remote.count, 1);
    shop.act::<DecidePost>(shipment.0, seen("yes", "W-1")).await.unwrap();
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.fulfillment_id.as_deref()), (Status::PendingTracking, Some("W-1")));
    assert_eq!(open_problems(&shop).await, "");
    assert!(shop.history(shipment).await.contains(&"shipment_post_decided".to_owned()));
}

#[tokio::test]
async fn decided_to_be_absent_it_can_be_posted_again() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    shop.run_in(6).await;
    shop.act::<DecidePost>(shipment.0, seen("no", "")).await.unwrap();
    assert_eq!(status(&shop, shipment).await, Status::Error);
    assert_eq!(open_problems(&shop).await, "post absent");
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
    assert_eq!(open_problems(&shop).await, "");
}

#[tokio::test]
async fn a_canceled_order_is_gone_and_the_shipment_waits_to_be_posted() {
    let (shop, shipment) = posted(GenericClass::Searchable).await;
    let before = shop.shipment(shipment).await.shipment;
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    let asked = shop.shipment(shipment).await;
    assert!(!CancelOrder::available(&asked).is_available());
    assert!(!Repost::available(&asked).is_available(), "not while it is being canceled");
    shop.run().await;
    let after = shop.shipment(shipment).await;
    assert_eq!(after.shipment.status, Status::PendingPost);
    assert_eq!((after.shipment.date_post, after.shipment.fulfillment_id.clone()), (None, None));
    assert_eq!(shop.live_orders("SHP"), 0);
    let kept =
        "select remote_id from provider_orders where cancel_state = 'confirmed' and ended_at is not null";
    assert_eq!(Some(shop.text(kept).await), before.fulfillment_id);
    assert_eq!(shop.text("select state from posts").await, "canceled");
    // and again, with a new order
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(status(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_cancellation_is_read() {
    for (kind, then) in
        [(FaultKind::AcceptThenCut, Status::PendingPost), (FaultKind::CutAfterRead, Status::PendingTracking)]
    {
        let (shop, shipment) = posted(GenericClass::Key).await;
        fault(&shop, CANCEL, kind);
        shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
        shop.run().await;
        assert_eq!(status(&shop, shipment).await, then, "{kind:?}");
        shop.run_in(30).await;
        assert_eq!(status(&shop, shipment).await, Status::PendingPost, "{kind:?}");
        assert_eq!((shop.live_orders("SHP"), open_problems(&shop).await.as_str()), (0, ""), "{kind:?}");
    }
}

#[tokio::test]
async fn what_nobody_knows_to_be_canceled_is_shown_and_asked_again() {
    let (shop, shipment) = posted(GenericClass::Nothing).await;
    shop.sandbox.set_fault(Fault::once("generic", CANCEL, FaultKind::CutAfterRead).times(8));
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.text("select cancel_state from provider_orders").await, "unknown");
    assert_eq!(open_problems(&shop).await, "cancel -");
    for _ in 0..8 {
        shop.run_in(3700).await;
    }
    assert_eq!(shop.value("select count(*) from problems where kind = 'cancel' and not will_retry").await, 1);
    assert_eq!(status(&shop, shipment).await, Status::PendingTracking);
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(status(&shop, shipment).await, Status::PendingPost);
    assert_eq!(open_problems(&shop).await, "");
}

#[tokio::test]
async fn a_refused_cancellation_changes_nothing_and_says_so() {
    let (shop, shipment) = posted(GenericClass::Key).await;
    shop.leaves_generic(shipment, GenericClass::Key, "JD01").await;
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert!(after.fulfillment_id.is_some());
    assert_eq!(shop.text("select cancel_state from provider_orders").await, "refused");
    assert!(shop.history(shipment).await.contains(&"shipment_cancel_refused".to_owned()));
}

#[tokio::test]
async fn where_nothing_is_canceled_the_page_says_it_in_words() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    let Availability::Unavailable(why) = CancelOrder::available(&shop.shipment(shipment).await) else {
        panic!("ShipStation takes no cancellations")
    };
    assert!(why.sentence.ends_with("takes no cancellations from here. Cancel it there."), "{}", why.sentence);
}

#[tokio::test]
async fn a_re_post_cancels_first_what_is_still_there() {
    for class in [GenericClass::Key, GenericClass::OwnId, GenericClass::Searchable] {
        let (shop, shipment) = posted(class).await;
        let first = shop.shipment(shipment).await.shipment.fulfillment_id;
        shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
        shop.run().await;
        assert_eq!(shop.shipment(shipment).await.shipment.fulfillment_id, first, "{class:?}: it stopped");
        let input = repost::Input { cancel_first: true, ..repost::Input::default() };
        shop.act::<Repost>(shipment.0, input).await.unwrap();
        shop.run().await;
        let after = shop.shipment(shipment).await.shipment;
        assert_eq!(after.status, Status::PendingTracking, "{class:?}");
        assert_ne!(after.fulfillment_id, first, "{class:?}");
        assert_eq!(shop.live_orders("SHP"), 1, "{class:?}");
    }
}

/// The re-post is held on the way, after its gate canceled the earlier order.
#[tokio::test]
async fn canceled_first_and_then_stopped_it_is_not_posted() {
    let (shop, shipment) = posted(GenericClass::Searchable).await;
    // the moment the provider has canceled it, somebody holds the order
    shop.sql(
        "create function hold() returns trigger language plpgsql security definer as \
         $$ begin insert into order_holds (account_id, order_id, kind, reason) \
            select account_id, id, 'operator', 'look' from orders; \
            update orders set on_hold = true; return new; end $$; \
         create trigger hold after update on provider_orders for each row \
         when (old.cancel_state <> new.cancel_state and new.cancel_state = 'confirmed') execute function hold()",
    )
    .await;
    let input = repost::Input { cancel_first: true, ..repost::Input::default() };
    shop.act::<Repost>(shipment.0, input).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.fulfillment_id), (Status::PendingPost, None));
    assert_eq!(shop.live_orders("SHP"), 0);
    assert_eq!(shop.value("select count(*) from posts where state = 'accepted'").await, 0);
}

/// Absent by three reads; then the first request is carried out after all.
async fn absent_and_late(shop: &Shop, shipment: ShipmentId) {
    fault(shop, CREATE, FaultKind::CutAfterRead);
    assert_eq!(post(shop, shipment).await, Status::Unconfirmed);
    for seconds in [6, 61, 601] {
        shop.run_in(seconds).await;
    }
    assert_eq!(status(shop, shipment).await, Status::Error);
}

async fn arrives_late(shop: &Shop, shipment: ShipmentId) -> String {
    let number = shop.shipment(shipment).await.shipment.number;
    let tenant = crate::support::generic::tenant(GenericClass::Searchable);
    let tag = shop.text("select reference_tag from accounts").await;
    let order = serde_json::json!({
        "reference": format!("{number}.{tag}"), "number": number, "placed_at": "2026-11-20T07:00:00Z", "currency": "EUR",
        "ship_to": { "name": "Ada", "line1": "Rue 4", "city": "Bruxelles", "country": "BE" },
        "items": [{ "key": "1", "sku": "A", "name": "A", "quantity": 1, "unit_price": "12.50" }],
    });
    shop.sandbox.seed_generic(&tenant, order).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_late_order_of_an_absent_post_is_taken_over_within_the_hour() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    absent_and_late(&shop, shipment).await;
    let late = arrives_late(&shop, shipment).await;
    shop.run_in(3601).await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.fulfillment_id), (Status::PendingTracking, Some(late)));
    assert_eq!((shop.live_orders("SHP"), open_problems(&shop).await.as_str()), (1, ""));
}

#[tokio::test]
async fn posting_again_finds_a_late_order_instead_of_making_a_second() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    absent_and_late(&shop, shipment).await;
    let late = arrives_late(&shop, shipment).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.shipment(shipment).await.shipment.fulfillment_id, Some(late));
    assert_eq!(shop.live_orders("SHP"), 1);
}

#[tokio::test]
async fn a_second_order_is_shown_and_canceled_by_one_step() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    absent_and_late(&shop, shipment).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    let own = shop.shipment(shipment).await.shipment.fulfillment_id;
    let late = arrives_late(&shop, shipment).await;
    assert_eq!(shop.live_orders("SHP"), 2);
    shop.run_in(3601).await;
    assert_eq!(open_problems(&shop).await, "duplicate -");
    let doubled = shop.shipment(shipment).await;
    assert_eq!(doubled.around.second_orders, 1);
    assert_eq!(doubled.shipment.fulfillment_id, own, "the one that counts stays");
    shop.act::<CancelSecond>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.live_orders("SHP"), 1);
    assert_eq!(open_problems(&shop).await, "");
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.fulfillment_id), (Status::PendingTracking, own));
    let canceled = "select remote_id from provider_orders where cancel_state = 'confirmed'";
    assert_eq!(shop.text(canceled).await, late);
}

#[tokio::test]
async fn a_second_order_canceled_there_closes_the_problem_when_asked() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    absent_and_late(&shop, shipment).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    let late = arrives_late(&shop, shipment).await;
    shop.run_in(3601).await;
    assert_eq!(open_problems(&shop).await, "duplicate -");
    let tenant = crate::support::generic::tenant(GenericClass::Searchable);
    shop.sandbox.cancel_at_generic(&tenant, &late).unwrap();
    shop.act::<CheckWithProvider>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(open_problems(&shop).await, "");
    assert_eq!(shop.shipment(shipment).await.around.second_orders, 0);
}

/// The answer comes when its worker's lease has run out and a person has said
/// that nothing is there.
#[tokio::test]
async fn a_late_answer_that_names_an_order_is_never_lost() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.sandbox.set_fault(Fault::once("generic", CREATE, FaultKind::HangThenCreate).delay_ms(1_200));
    let meanwhile = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        shop.sql("update posts set state = 'needs_person'; update shipments set status = 'unconfirmed'")
            .await;
        shop.act::<DecidePost>(shipment.0, seen("no", "")).await.unwrap();
        shop.sql(
            "update jobs set state = 'ready', lease_until = null, worker = null, due_at = now() + interval '1 day' where state = 'claimed'",
        )
        .await;
        shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
        // a worker of another process sends it
        shop.run().await;
        assert_eq!(status(&shop, shipment).await, Status::PendingTracking);
    };
    tokio::join!(shop.run(), meanwhile);
    assert_eq!(shop.live_orders("SHP"), 2);
    assert_eq!(open_problems(&shop).await, "duplicate -");
    shop.act::<CancelSecond>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!((shop.live_orders("SHP"), open_problems(&shop).await.as_str()), (1, ""));
}

#[tokio::test]
async fn an_order_of_another_shipment_is_not_taken_over() {
    let (shop, shipment) = posted(GenericClass::Nothing).await;
    let taken = shop.shipment(shipment).await.shipment.fulfillment_id.unwrap();
    let connection = shop.value("select max(id) from connections").await;
    let (_, other) = shop.order(shop.ebay, &[("B", 1)]).await;
    shop.ships_by(other, waybill::ids::ConnectionId(connection)).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    assert_eq!(post(&shop, other).await, Status::Unconfirmed);
    shop.run_in(6).await;
    let Err(ActionError::Refused(errors)) = shop.act::<DecidePost>(other.0, seen("yes", &taken)).await else {
        panic!("taken over")
    };
    assert_eq!(errors[0].0, "remote_id");
    assert_eq!(status(&shop, other).await, Status::Unconfirmed);
    assert_eq!(shop.shipment(shipment).await.shipment.fulfillment_id, Some(taken));
}
