//! What happens when a shipment has left the warehouse, whoever says so.

use crate::support::shop::Shop;
use waybill::{
    actions::NoInput,
    ids::{OrderId, ShipmentId},
    shipments::{
        ChannelSync, InventoryStatus, Status,
        edit_shipping::{EditShipping, Input},
        post::Post,
    },
};

pub(super) fn tracked(courier: &str, number: &str) -> Input {
    Input { tracking_number: Some(number.into()), courier: Some(courier.into()), ..Input::default() }
}

pub(super) async fn posted(shop: &Shop) -> (OrderId, ShipmentId) {
    let (order, shipment) = shop.order(shop.shopify, &[("A", 2)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    (order, shipment)
}

async fn events(shop: &Shop, kind: &str) -> i64 {
    shop.value(&format!("select count(*) from webhook_events where event_type = '{kind}'")).await
}

#[tokio::test]
async fn entering_a_tracking_number_means_that_it_left() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let (order, shipment) = posted(&shop).await;
    let done = shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    assert!(done.message.contains("has left with UPS, tracking 1Z1"), "{}", done.message);
    assert!(done.undo.is_none(), "what left does not come back by an edit");
    let left = shop.shipment(shipment).await.shipment;
    assert_eq!((left.status, left.inventory_status), (Status::Shipped, InventoryStatus::Shipped));
    assert!(left.shipped_at.is_some() && left.tracking_url.is_some());
    assert_eq!(left.channel_sync, ChannelSync::PendingSync, "the channel follows by itself");
    assert_eq!(shop.value(&format!("select items_shipped from orders where id = {order}")).await, 2);
    assert_eq!(shop.text(&format!("select status from orders where id = {order}")).await, "shipped");
    assert_eq!(
        (events(&shop, "shipment_shipped").await, shop.value("select count(*) from emails").await),
        (1, 1)
    );
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    // said again, nothing happens again
    let again = shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    assert!(!again.changed);
    assert_eq!(
        (events(&shop, "shipment_shipped").await, shop.value("select count(*) from emails").await),
        (1, 1)
    );
}

#[tokio::test]
async fn what_the_provider_says_and_what_a_person_says_come_to_the_same() {
    let shop = Shop::open().await;
    let (_, read) = posted(&shop).await;
    shop.leaves(read, "ups", "1Z1").await;
    shop.run().await;
    let (_, typed) = posted(&shop).await;
    shop.act::<EditShipping>(typed.0, tracked("ups", "1Z2")).await.unwrap();
    shop.run().await;
    let (read, typed) = (shop.shipment(read).await.shipment, shop.shipment(typed).await.shipment);
    let facts = |s: &waybill::shipments::Shipment| {
        (s.status, s.inventory_status, s.channel_sync, s.tracking_status, s.courier.clone())
    };
    assert_eq!(facts(&read), facts(&typed));
}

#[tokio::test]
async fn one_that_was_never_posted_may_leave_and_one_in_doubt_may_not() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.shopify, &[("A", 1)]).await;
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Shipped);
    let words = format!(
        "select summary from activities where verb = 'shipment_shipped' and shipment_id = {shipment}"
    );
    assert!(shop.text(&words).await.ends_with("without having been posted"));

    for (status, says) in [("posting", "It is being posted"), ("unconfirmed", "It is not known whether")] {
        let (_, shipment) = shop.order(shop.shopify, &[("A", 1)]).await;
        shop.by_hand(&format!("update shipments set status = '{status}' where id = {shipment}")).await;
        let refused = shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap_err();
        let waybill::actions::ActionError::Refused(fields) = refused else { panic!("{refused:?}") };
        assert_eq!(fields[0].0, "tracking_number");
        assert!(fields[0].1.contains(says), "{fields:?}");
        // its other details can be edited meanwhile
        let service = Input { service: Some("Express".into()), ..Input::default() };
        assert!(shop.act::<EditShipping>(shipment.0, service).await.unwrap().changed);
    }
}

#[tokio::test]
async fn a_problem_of_posting_is_over_once_it_left() {
    let shop = Shop::open().await;
    let (_, shipment) = posted(&shop).await;
    let reason = waybill::shipments::mark_error::Input { reason: "Damaged label".into() };
    shop.act::<waybill::shipments::mark_error::MarkAsError>(shipment.0, reason).await.unwrap();
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 1);
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 0);
}

#[tokio::test]
async fn a_reship_counts_no_further_items() {
    let shop = Shop::open().await;
    let (order, shipment) = posted(&shop).await;
    // one of two is in this parcel, so that the order's quantity caps nothing
    shop.sql(&format!(
        "update shipment_lines set quantity = 1 where shipment_id = {shipment};
         insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, channel_id, reship_of)
           select account_id, number || '-R', order_id, fulfillment_order_id, warehouse_id, channel_id, id
           from shipments where id = {shipment};
         insert into shipment_details (account_id, shipment_id)
           select account_id, id from shipments where reship_of = {shipment};
         insert into shipment_lines (account_id, shipment_id, order_line_id, product_id, quantity)
           select l.account_id, s.id, l.order_line_id, l.product_id, l.quantity from shipment_lines l
           join shipments s on s.reship_of = l.shipment_id where l.shipment_id = {shipment}"
    ))
    .await;
    let reship =
        ShipmentId(shop.value(&format!("select id from shipments where reship_of = {shipment}")).await);
    let items = format!("select items_shipped from orders where id = {order}");
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    assert_eq!(shop.value(&items).await, 1);
    shop.act::<EditShipping>(reship.0, tracked("UPS", "1Z2")).await.unwrap();
    assert_eq!(shop.shipment(reship).await.shipment.status, Status::Shipped);
    assert_eq!(shop.value(&items).await, 1, "it replaces what was sent");
    assert_eq!(
        shop.text(&format!("select status from orders where id = {order}")).await,
        "partially_shipped"
    );
}
