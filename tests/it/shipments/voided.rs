//! What is voided stays voided until somebody restores it, whatever comes to
//! light of it; and an order that is canceled keeps nothing reserved.

use crate::support::{
    generic::tenant,
    shop::{Shop, now},
};
use waybill::{
    actions::{Action, ActionError, Availability, By, NoInput},
    evidence::TraceId,
    ids::{OrderId, ShipmentId},
    orders::{
        PaymentStatus,
        receive::{self, IncomingOrder, Received},
    },
    sandbox::{Fault, FaultKind, GenericClass},
    shipments::{
        Status,
        cancel_order::CancelOrder,
        decide_post::{self, DecidePost},
        late::CancelSecond,
        post::Post,
        reconcile::{CHECK_POST, CheckWithProvider},
        restore::RestoreShipment,
        resync_from::ResyncFrom,
        void::{self, VoidShipment},
    },
};

async fn shop(class: GenericClass) -> (Shop, ShipmentId) {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 300).await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let connection = shop.generic(class).await;
    shop.ships_by(shipment, connection).await;
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

async fn void(shop: &Shop, shipment: ShipmentId) {
    shop.act::<VoidShipment>(shipment.0, void::Input { reason: "Not wanted".into() }).await.unwrap();
}

/// As [`void`], while nobody knows what its post came to: no person can, so its
/// state says otherwise for that long.
async fn void_in_doubt(shop: &Shop, shipment: ShipmentId) {
    assert_eq!(status(shop, shipment).await, Status::Unconfirmed);
    shop.sql(&format!("update shipments set status = 'error' where id = {shipment}")).await;
    void(shop, shipment).await;
}

fn fault(shop: &Shop, operation: &str, kind: FaultKind) {
    shop.sandbox.set_fault(Fault::once("generic", operation, kind));
}

async fn open_problems(shop: &Shop) -> String {
    shop.text("select string_agg(kind, ' ' order by kind) from problems where resolved_at is null").await
}

async fn allocated(shop: &Shop) -> i64 {
    shop.value("select allocated from stock").await
}

/// It is voided, nothing of it counts, and what lives at the provider is listed.
async fn stays_voided(shop: &Shop, shipment: ShipmentId, second: i64) {
    let after = shop.shipment(shipment).await;
    assert_eq!((after.shipment.status, after.shipment.date_post), (Status::Canceled, None));
    assert_eq!(after.shipment.fulfillment_id, None);
    assert_eq!(after.around.second_orders, second);
    assert_eq!(shop.value("select on_hand from stock").await, 5, "its units are not sent");
}

fn seen(there: &str, remote_id: &str) -> decide_post::Input {
    decide_post::Input { there: there.into(), remote_id: remote_id.into(), reason: "Looked there".into() }
}

const CREATE: &str = "createshipment";
const CANCEL: &str = "cancelshipment";

#[tokio::test]
async fn an_order_found_by_a_person_is_one_too_many() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, CREATE, FaultKind::AcceptThenCut);
    post(&shop, shipment).await;
    shop.run_in(6).await;
    void_in_doubt(&shop, shipment).await;
    let remote = shop.text("select remote_id from provider_orders").await;
    assert_eq!(remote, "", "nobody has told of it");
    let done = shop.act::<DecidePost>(shipment.0, seen("yes", "W-1")).await.unwrap();
    assert!(done.message.ends_with("although it is voided. Cancel it there."), "{}", done.message);
    stays_voided(&shop, shipment, 1).await;
    assert_eq!(open_problems(&shop).await, "duplicate");
    assert!(CancelSecond::available(&shop.shipment(shipment).await).is_available());
}

#[tokio::test]
async fn an_order_that_a_person_does_not_find_changes_nothing() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    post(&shop, shipment).await;
    shop.run_in(6).await;
    void_in_doubt(&shop, shipment).await;
    let done = shop.act::<DecidePost>(shipment.0, seen("no", "")).await.unwrap();
    assert!(!done.message.contains("posted again"), "{}", done.message);
    stays_voided(&shop, shipment, 0).await;
    assert_eq!(open_problems(&shop).await, "", "there is nothing to be done");
}

#[tokio::test]
async fn what_reading_finds_or_does_not_find_changes_nothing() {
    for (kind, second, problem) in
        [(FaultKind::AcceptThenCut, 1, "duplicate"), (FaultKind::CutAfterRead, 0, "")]
    {
        let (shop, shipment) = shop(GenericClass::Searchable).await;
        fault(&shop, CREATE, kind);
        post(&shop, shipment).await;
        void_in_doubt(&shop, shipment).await;
        for seconds in [6, 61, 601] {
            shop.run_in(seconds).await;
        }
        stays_voided(&shop, shipment, second).await;
        assert_eq!(open_problems(&shop).await, problem, "{kind:?}");
        let failed = format!("select count(*) from jobs where kind = '{CHECK_POST}'");
        assert_eq!(shop.value(&failed).await, 0, "the look has ended");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_persons_and_changes_nothing() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    post(&shop, shipment).await;
    void_in_doubt(&shop, shipment).await;
    shop.run_in(6).await;
    stays_voided(&shop, shipment, 0).await;
    assert_eq!(shop.text("select state from posts").await, "needs_person");
    assert!(DecidePost::available(&shop.shipment(shipment).await).is_available());
}

#[tokio::test]
async fn an_order_that_arrives_late_is_one_too_many() {
    let (shop, shipment) = shop(GenericClass::Searchable).await;
    fault(&shop, CREATE, FaultKind::CutAfterRead);
    post(&shop, shipment).await;
    for seconds in [6, 61, 601] {
        shop.run_in(seconds).await;
    }
    assert_eq!(status(&shop, shipment).await, Status::Error);
    void(&shop, shipment).await;
    let number = shop.shipment(shipment).await.shipment.number;
    let tag = shop.text("select reference_tag from accounts").await;
    let order = serde_json::json!({
        "reference": format!("{number}.{tag}"), "number": number, "placed_at": "2026-11-20T07:00:00Z", "currency": "EUR",
        "ship_to": { "name": "Ada", "line1": "Rue 4", "city": "Bruxelles", "country": "BE" },
        "items": [{ "key": "1", "sku": "A", "name": "A", "quantity": 1, "unit_price": "12.50" }],
    });
    shop.sandbox.seed_generic(&tenant(GenericClass::Searchable), order).unwrap();
    shop.run_in(3601).await;
    assert_eq!(status(&shop, shipment).await, Status::Canceled);
    assert_eq!(open_problems(&shop).await, "duplicate");
    // it can be asked about, and nothing of that moves it either
    shop.run_in(86_400).await;
    assert_eq!(status(&shop, shipment).await, Status::Canceled);
    let asked = shop.act::<CheckWithProvider>(shipment.0, NoInput {}).await;
    shop.run().await;
    assert!(asked.is_ok() && status(&shop, shipment).await == Status::Canceled, "{asked:?}");
}

#[tokio::test]
async fn a_parcel_that_left_all_the_same_is_told_and_nothing_else() {
    let (shop, shipment) = shop(GenericClass::Key).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    shop.leaves_generic(shipment, GenericClass::Key, "JD01").await;
    shop.act::<ResyncFrom>(shipment.0, NoInput {}).await.unwrap();
    void(&shop, shipment).await;
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.tracking_number, after.shipped_at), (Status::Canceled, None, None));
    assert!(shop.history(shipment).await.contains(&"shipment_left_although_voided".to_owned()));
    assert_eq!(shop.value("select items_shipped from orders").await, 0);
}

fn why_not(shop: &waybill::shipments::Subject) -> (String, Option<String>) {
    let Availability::Unavailable(why) = RestoreShipment::available(shop) else { panic!("it is available") };
    (why.sentence, why.offer)
}

#[tokio::test]
async fn while_nobody_knows_of_the_cancellation_nothing_is_restored() {
    let (shop, shipment) = shop(GenericClass::Nothing).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    shop.sandbox.set_fault(Fault::once("generic", CANCEL, FaultKind::CutAfterRead).times(8));
    void(&shop, shipment).await;
    let (sentence, _) = why_not(&shop.shipment(shipment).await);
    assert!(
        sentence.ends_with("is being asked to cancel its order now. Restore it once the answer is there.")
    );
    shop.run().await;
    assert_eq!(shop.text("select cancel_state from provider_orders").await, "unknown");
    let (sentence, offer) = why_not(&shop.shipment(shipment).await);
    assert!(sentence.starts_with("It is not known whether Warehouse "), "{sentence}");
    assert_eq!(offer.as_deref(), Some(CancelOrder::NAME));
    for _ in 0..8 {
        shop.run_in(3700).await;
    }
    // it was given up: the same step is the way on
    why_not(&shop.shipment(shipment).await);
    shop.act::<CancelOrder>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.act::<RestoreShipment>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(status(&shop, shipment).await, Status::PendingPost);
    assert_eq!(shop.live_orders("SHP"), 0);
}

#[tokio::test]
async fn an_order_that_the_provider_would_not_cancel_counts_again_with_the_restore() {
    let (shop, shipment) = shop(GenericClass::Key).await;
    assert_eq!(post(&shop, shipment).await, Status::PendingTracking);
    let own = shop.shipment(shipment).await.shipment.fulfillment_id;
    shop.leaves_generic(shipment, GenericClass::Key, "JD01").await;
    void(&shop, shipment).await;
    shop.run().await;
    assert_eq!(shop.text("select cancel_state from provider_orders").await, "refused");
    assert_eq!(status(&shop, shipment).await, Status::Canceled);
    shop.act::<RestoreShipment>(shipment.0, NoInput {}).await.unwrap();
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, after.fulfillment_id), (Status::PendingTracking, own));
    shop.act::<ResyncFrom>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(status(&shop, shipment).await, Status::Shipped);
    assert_eq!(shop.text("select status from orders").await, "shipped");
}

/// The channel says that its order is canceled, or that it is not.
async fn told(shop: &Shop, order: OrderId, canceled: bool) {
    let reference = shop.text(&format!("select channel_reference from orders where id = {order}")).await;
    let incoming = IncomingOrder {
        channel_reference: reference,
        number: shop.text(&format!("select number from orders where id = {order}")).await,
        email: None,
        phone: None,
        customer_name: String::new(),
        payment_status: PaymentStatus::Paid,
        currency: "EUR".into(),
        subtotal_minor: 0,
        shipping_minor: 0,
        tax_minor: 0,
        discount_minor: 0,
        total_minor: 0,
        refunded_minor: 0,
        ship_to: None,
        bill_to: None,
        shipping_method: String::new(),
        placed_at: now(),
        canceled_at: canceled.then(now),
        tags: Vec::new(),
        extras: serde_json::json!({}),
        lines: Vec::new(),
    };
    let mut scope = shop.scope().await;
    let by = By::system(TraceId::new());
    let did = receive::receive(&mut scope, shop.ebay, &incoming, &by, now()).await.unwrap();
    assert_eq!(did, Received::Updated(order));
    scope.commit().await.unwrap();
    shop.run().await;
}

#[tokio::test]
async fn a_canceled_order_keeps_nothing_reserved() {
    let shop = Shop::open().await;
    shop.stocked("A", 3, 300).await;
    let (order, early) = shop.order(shop.ebay, &[("A", 2)]).await;
    let (_, owed) = shop.order(shop.ebay, &[("A", 3)]).await;
    void(&shop, early).await;
    assert_eq!(allocated(&shop).await, 2);
    let backordered = format!("select backordered from shipment_lines where shipment_id = {owed}");
    assert_eq!(shop.value(&backordered).await, 2, "reserved is not free");
    told(&shop, order, true).await;
    assert_eq!((allocated(&shop).await, shop.value(&backordered).await), (0, 0), "whoever waited has them");
    let refused = shop.act::<RestoreShipment>(early.0, NoInput {}).await;
    assert!(
        matches!(&refused, Err(ActionError::Unavailable(why)) if why.sentence.contains("canceled at the channel"))
    );
    // the channel takes that back: it is restored with what there is
    told(&shop, order, false).await;
    shop.act::<RestoreShipment>(early.0, NoInput {}).await.unwrap();
    assert_eq!(
        shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await,
        "[-2, 0, 2]"
    );
}

#[tokio::test]
async fn what_is_voided_of_a_canceled_order_is_free_at_once() {
    let shop = Shop::open().await;
    shop.stocked("A", 2, 300).await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 2)]).await;
    let (_, owed) = shop.order(shop.ebay, &[("A", 2)]).await;
    told(&shop, order, true).await;
    void(&shop, shipment).await;
    let backordered = format!("select backordered from shipment_lines where shipment_id = {owed}");
    assert_eq!((allocated(&shop).await, shop.value(&backordered).await), (0, 0));
    assert_eq!(shop.text(&format!("select state from allocations where quantity = 2 and shipment_line_id = (select id from shipment_lines where shipment_id = {shipment})")).await, "released");
}
