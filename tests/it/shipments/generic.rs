//! Posting to a generic warehouse of each class, through the real jobs.

use crate::support::{generic::tenant, shop::Shop};
use serde_json::json;
use waybill::{
    actions::NoInput,
    ids::ShipmentId,
    sandbox::{Fault, FaultKind, GenericClass},
    shipments::{Status, post::Post, reconcile::CheckWithProvider, resync_from::ResyncFrom},
};

/// A shop whose one shipment goes to a warehouse of a class.
async fn shop(class: GenericClass) -> (Shop, ShipmentId) {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1), ("B", 2)]).await;
    let connection = shop.generic(class).await;
    shop.ships_by(shipment, connection).await;
    (shop, shipment)
}

async fn post(shop: &Shop, shipment: ShipmentId) -> Status {
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.shipment(shipment).await.shipment.status
}

async fn steps(shop: &Shop) -> String {
    shop.text("select string_agg(step, ' ' order by id) from post_attempts").await
}

fn fault(shop: &Shop, kind: FaultKind) {
    shop.sandbox.set_fault(Fault::once("generic", "createshipment", kind));
}

/// What may not be in a record: the token, the secret, what was signed with it.
async fn records_hide(shop: &Shop) {
    for word in ["sandbox-generic-token", "d2FyZWhvdXNl", "v1,"] {
        let query = format!("select count(*) from transaction_records r where r::text like '%{word}%'");
        assert_eq!(shop.value(&query).await, 0, "{word}");
    }
}

#[tokio::test]
async fn a_key_is_the_same_over_the_tries_of_a_post() {
    let (shop, shipment) = shop(GenericClass::Key).await;
    shop.sandbox.set_fault(Fault::once("generic", "createshipment", FaultKind::RateLimited).retry_after(5));
    assert_eq!(post(&shop, shipment).await, Status::Posting);
    shop.run_in(30).await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, shop.live_orders(&after.number)), (Status::PendingTracking, 1));
    let post = shop.value("select id from posts").await;
    let query = "select count(*) from transaction_records where log_type = 'post_shipment' \
                 and request_headers::text like '%\"waybill-";
    assert_eq!(shop.value(&format!("{query}{post}\"%'")).await, 2, "both tries had the post's key");
    records_hide(&shop).await;

    shop.leaves_generic(shipment, GenericClass::Key, "JD01").await;
    shop.act::<ResyncFrom>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let tracking = format!("select tracking_number || ' ' || courier from shipments where id = {shipment}");
    assert_eq!(shop.text(&tracking).await, "JD01 DHL");
}

#[tokio::test]
async fn a_conflict_that_shows_our_order_is_an_accepted_post() {
    let (shop, shipment) = shop(GenericClass::OwnId).await;
    let number = shop.shipment(shipment).await.shipment.number;
    let tag = shop.text("select reference_tag from accounts").await;
    let there = json!({
        "reference": format!("{number}.{tag}"), "number": number, "placed_at": "2026-11-20T07:00:00Z", "currency": "EUR",
        "ship_to": { "name": "Ada", "line1": "Rue 4", "city": "Bruxelles", "country": "BE" },
        "items": [{ "key": "1", "sku": "A", "name": "A", "quantity": 1, "unit_price": "12.50" }],
    });
    let there = shop.sandbox.seed_generic(&tenant(GenericClass::OwnId), there).unwrap();
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.fulfillment_id.as_deref(), there["id"].as_str());
    assert_eq!(shop.live_orders(&number), 1);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_reference() {
    for class in [GenericClass::Key, GenericClass::OwnId, GenericClass::Searchable] {
        let (shop, shipment) = shop(class).await;
        fault(&shop, FaultKind::AcceptThenCut);
        assert_eq!(post(&shop, shipment).await, Status::Unconfirmed, "{class:?}");
        shop.run_in(6).await;
        let after = shop.shipment(shipment).await.shipment;
        assert_eq!(after.status, Status::PendingTracking, "{class:?}");
        assert_eq!(shop.live_orders(&after.number), 1, "{class:?}");
        assert_eq!(steps(&shop).await, "queued sent unknown checked_found accepted");
        records_hide(&shop).await;
    }
}

#[tokio::test]
async fn a_searchable_warehouse_is_searched_three_times_before_it_is_absent() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    fault(&shop, FaultKind::CutAfterRead);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    for wait in [6, 61, 601] {
        shop.run_in(wait).await;
    }
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Error);
    assert_eq!(shop.text("select state from posts").await, "absent");
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
}

#[tokio::test]
async fn where_nothing_can_tell_a_person_decides() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, FaultKind::AcceptThenCut);
    assert_eq!(post(&shop, shipment).await, Status::Unconfirmed);
    for wait in [6, 61, 601] {
        shop.run_in(wait).await;
    }
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
    assert_eq!(shop.text("select state from posts").await, "needs_person");
    assert_eq!(shop.live_orders("SHP"), 1, "nothing was sent a second time");
    let seen = shop.sandbox.requests().into_iter().filter(|one| one.vendor == "generic");
    assert_eq!(seen.map(|one| one.operation).collect::<Vec<_>>(), ["createshipment"]);
}

/// What the provider got it may still be working on: pressing the button
/// three times in a row proves nothing.
#[tokio::test]
async fn impatience_does_not_prove_that_the_provider_has_no_order() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    fault(&shop, FaultKind::CutAfterRead);
    post(&shop, shipment).await;
    for _ in 0..4 {
        shop.act::<CheckWithProvider>(shipment.0, NoInput {}).await.unwrap();
        shop.run().await;
        assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
    }
    shop.run_in(700).await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Error);
    assert_eq!(shop.text("select state from posts").await, "absent");
}
