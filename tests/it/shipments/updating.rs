//! *Resync to provider*: what a shipment holds now, sent to the order that is there.

use crate::support::{counter::Counter, generic::tenant, shop::Shop};
use serde_json::{Value, json};
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, Availability, NoInput},
    ids::{OrderId, ShipmentId},
    orders::{
        edit_address::{EditAddress, Input},
        holds::{self, AddHold},
    },
    sandbox::{Fault, FaultKind, GenericClass, GenericShip},
    shipments::{Status, cancel_order::CancelOrder, post::Post, resync_to::ResyncTo},
};

/// A posted shipment of a warehouse of a class, its order on hold.
async fn posted(class: GenericClass) -> (Shop, OrderId, ShipmentId) {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1), ("B", 2)]).await;
    let connection = shop.generic(class).await;
    shop.ships_by(shipment, connection).await;
    post(&shop, order, shipment).await;
    (shop, order, shipment)
}

async fn post(shop: &Shop, order: OrderId, shipment: ShipmentId) {
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    let hold = holds::Input { kind: "operator".into(), ..holds::Input::default() };
    shop.act::<AddHold>(order.0, hold).await.unwrap();
}

/// The order goes elsewhere; answers what was said of it.
async fn moved(shop: &Shop, order: OrderId, city: &str) -> String {
    let address = Input {
        name: "Ada".into(),
        line1: "Veldstraat 9".into(),
        city: city.into(),
        postal_code: "9000".into(),
        country: "BE".into(),
        ..Input::default()
    };
    shop.act::<EditAddress>(order.0, address).await.unwrap().message
}

async fn resync(shop: &Shop, shipment: ShipmentId) {
    shop.act::<ResyncTo>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
}

async fn remote(shop: &Shop, shipment: ShipmentId) -> String {
    shop.shipment(shipment).await.shipment.fulfillment_id.unwrap()
}

async fn at_warehouse(shop: &Shop, class: GenericClass, shipment: ShipmentId) -> Value {
    shop.sandbox.generic_order(&tenant(class), &remote(shop, shipment).await).unwrap()
}

async fn problems(shop: &Shop) -> String {
    let open = "select string_agg(kind || ' ' || error_class, ', ' order by id) from problems where resolved_at is null";
    shop.text(open).await
}

async fn last(shop: &Shop, shipment: ShipmentId) -> String {
    shop.history(shipment).await.pop().unwrap()
}

fn why(shop: &waybill::shipments::Subject) -> String {
    match ResyncTo::available(shop) {
        Availability::Unavailable(why) => why.sentence,
        Availability::Available => "available".into(),
    }
}

#[tokio::test]
async fn a_warehouse_of_each_class_has_it_as_it_is_here() {
    for class in [GenericClass::Key, GenericClass::OwnId, GenericClass::Searchable, GenericClass::Nothing] {
        let (shop, order, shipment) = posted(class).await;
        let said = moved(&shop, order, "Gent").await;
        assert!(said.contains("as it was: Resync to provider sends it the change."), "{said}");
        assert_ne!(at_warehouse(&shop, class, shipment).await["ship_to"]["city"], "Gent");
        resync(&shop, shipment).await;
        let there = at_warehouse(&shop, class, shipment).await;
        assert_eq!(there["ship_to"]["city"], "Gent", "{class:?}");
        assert_eq!(there["items"].as_array().unwrap().len(), 2);
        assert_eq!(shop.live_orders("SHP"), 1, "{class:?}: no other order is made");
        assert_eq!(last(&shop, shipment).await, "shipment_updated_at_provider");
        let record = "select string_agg(distinct log_type || ' ' || status, ',') from transaction_records where log_type = 'update_provider_order'";
        assert_eq!(shop.text(record).await, "update_provider_order success");
        let after = shop.shipment(shipment).await.shipment;
        assert_eq!((after.status, problems(&shop).await), (Status::PendingTracking, String::new()));
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    for fault in
        [FaultKind::AcceptThenCut, FaultKind::CutAfterRead, FaultKind::Garbage, FaultKind::ErrorAfterCreate]
    {
        let class = GenericClass::Nothing;
        let (shop, order, shipment) = posted(class).await;
        moved(&shop, order, "Gent").await;
        shop.sandbox.set_fault(Fault::once("generic", "updateshipment", fault));
        resync(&shop, shipment).await;
        assert!(problems(&shop).await.starts_with("update "), "{fault:?}");
        let said = shop.text("select summary from activities where verb = 'shipment_update_failed'").await;
        assert!(said.starts_with("It is not known whether"), "{said}");
        assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
        shop.run_in(120).await;
        assert_eq!(at_warehouse(&shop, class, shipment).await["ship_to"]["city"], "Gent", "{fault:?}");
        assert_eq!(problems(&shop).await, "", "{fault:?}");
        assert_eq!(shop.live_orders("SHP"), 1);
    }
}

#[tokio::test]
async fn what_has_shipped_there_is_not_changed_and_that_is_said() {
    // with a read before, and with the warehouse's own refusal
    for class in [GenericClass::Key, GenericClass::Nothing] {
        let (shop, order, shipment) = posted(class).await;
        let before = at_warehouse(&shop, class, shipment).await["ship_to"].clone();
        moved(&shop, order, "Gent").await;
        let ship =
            GenericShip { carrier: "DHL".into(), tracking_number: "JD01".into(), ..GenericShip::default() };
        shop.sandbox.ship_generic(&tenant(class), &remote(&shop, shipment).await, ship).unwrap();
        resync(&shop, shipment).await;
        assert_eq!(problems(&shop).await, "update already_fulfilled", "{class:?}");
        assert_eq!(at_warehouse(&shop, class, shipment).await["ship_to"], before);
        let puts = shop.sandbox.requests().into_iter().filter(|r| r.operation == "updateshipment").count();
        assert_eq!(puts, usize::from(class == GenericClass::Nothing), "{class:?}: read before it is written");
        let page =
            Counter::over(&shop).visitor(Role::Admin).await.get(&format!("/shipments/{shipment}")).await;
        assert!(page.text("main").contains("does not change this order any more"), "{}", page.text("main"));
    }
}

#[tokio::test]
async fn shipstation_changes_what_awaits_shipment_and_nothing_else() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    assert_eq!(why(&shop.shipment(shipment).await), "Available once the shipment has been posted.");
    post(&shop, order, shipment).await;
    let id: u64 = remote(&shop, shipment).await.parse().unwrap();
    let city = || shop.sandbox.shipstation_order(id).unwrap()["shipTo"]["city"].clone();
    moved(&shop, order, "Gent").await;
    resync(&shop, shipment).await;
    assert_eq!((city(), shop.live_orders("SHP")), (json!("Gent"), 1));
    shop.sandbox.cancel_at_shipstation(id).unwrap();
    moved(&shop, order, "Brugge").await;
    resync(&shop, shipment).await;
    assert_eq!((city(), shop.live_orders("SHP")), (json!("Gent"), 0), "it stays canceled");
    assert_eq!(problems(&shop).await, "update order_closed");
}

/// Deleted there, its key is free: by the key alone a second order would be made.
#[tokio::test]
async fn an_order_that_is_gone_is_not_made_anew() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    post(&shop, order, shipment).await;
    let id: u64 = remote(&shop, shipment).await.parse().unwrap();
    shop.sandbox.delete_at_shipstation(id).unwrap();
    resync(&shop, shipment).await;
    assert_eq!(problems(&shop).await, "update order_not_found");
    assert_eq!(shop.live_orders("SHP"), 0);
}

#[tokio::test]
async fn it_is_offered_only_where_it_can_be_done() {
    let (shop, _, shipment) = posted(GenericClass::Key).await;
    assert_eq!(why(&shop.shipment(shipment).await), "available");
    for (change, says) in [
        ("update connections set state = 'paused'", "is paused"),
        (
            "update connections set state = 'active', settings = settings - 'updates'",
            "takes no changes from here",
        ),
    ] {
        shop.sql(change).await;
        let said = why(&shop.shipment(shipment).await);
        assert!(said.contains(says), "{said}");
    }
    shop.sql("update connections set settings = settings || '{\"updates\": true}'").await;
    for (status, says) in [
        (Status::Posting, "being posted now"),
        (Status::Unconfirmed, "Check with the provider first"),
        (Status::Shipped, "has left the warehouse"),
        (Status::Canceled, "voided"),
    ] {
        let mut subject = shop.shipment(shipment).await;
        subject.shipment.status = status;
        assert!(why(&subject).contains(says), "{}", why(&subject));
    }
    assert!(matches!(
        shop.act_as::<ResyncTo>(Role::Support, shipment.0, NoInput {}).await,
        Err(ActionError::Forbidden(_)) | Ok(_)
    ));
    // canceled between the click and the job: nothing is sent
    shop.act::<ResyncTo>(shipment.0, NoInput {}).await.unwrap();
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let puts = shop.sandbox.requests().into_iter().filter(|r| r.operation == "updateshipment").count();
    assert_eq!(puts, 0, "its cancellation was asked for");
}
