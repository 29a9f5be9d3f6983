//! What a channel was told, corrected: where it can be, and said where it cannot.

use super::leaving::tracked;
use crate::support::shop::Shop;
use serde_json::Value;
use waybill::{
    actions::NoInput,
    ids::{ChannelId, ShipmentId},
    sandbox::{Fault, FaultKind},
    shipments::{
        ChannelSync,
        edit_shipping::{EditShipping, Input, Notify},
        submit::SubmitToChannel,
    },
};

/// A shipment that left as 1Z1 and of which its channel was told.
async fn told(shop: &Shop, channel: ChannelId) -> ShipmentId {
    let (_, shipment) = shop.order(channel, &[("A", 1)]).await;
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    shipment
}

fn to_channel(courier: &str, number: &str) -> Input {
    Input { notify: Notify::Channel, ..tracked(courier, number) }
}

async fn sync(shop: &Shop, shipment: ShipmentId) -> ChannelSync {
    shop.shipment(shipment).await.shipment.channel_sync
}

fn infos(parcels: &[Value]) -> Vec<String> {
    let infos = parcels.iter().flat_map(|one| one["trackingInfo"].as_array().unwrap());
    infos.map(|i| format!("{} {}", i["company"].as_str().unwrap(), i["number"].as_str().unwrap())).collect()
}

fn at_shopify(shop: &Shop) -> Vec<String> {
    infos(&shop.sandbox.shopify_fulfillments("shop"))
}

fn done(shop: &Shop, what: &str) -> usize {
    shop.sandbox
        .ledger()
        .iter()
        .filter(|e| e.what == what && matches!(e.vendor.as_str(), "shopify" | "ebay"))
        .count()
}

#[tokio::test]
async fn a_number_that_nobody_was_told_is_corrected_from_the_one_that_was() {
    let shop = Shop::open().await;
    let shipment = told(&shop, shop.shopify).await;
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z2")).await.unwrap();
    assert_eq!(shop.run().await, 0);
    shop.act::<EditShipping>(shipment.0, to_channel("DPD", "1Z3")).await.unwrap();
    shop.run().await;
    assert_eq!(at_shopify(&shop), ["DPD 1Z3"]);
    assert_eq!(sync(&shop, shipment).await, ChannelSync::Synced);
    // the courier alone, by the button
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z3")).await.unwrap();
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(at_shopify(&shop), ["UPS 1Z3"]);
    // and nothing where nothing differs
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!((done(&shop, "fulfilled"), done(&shop, "updated")), (1, 2));
    assert!(shop.history(shipment).await.contains(&"fulfillment_replied".to_owned()));
}

/// What was told before this was kept is found by the number it had.
#[tokio::test]
async fn what_was_told_before_it_was_kept_is_found_by_its_number() {
    let shop = Shop::open().await;
    let shipment = told(&shop, shop.shopify).await;
    shop.sql("delete from channel_parcels").await;
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z2")).await.unwrap();
    shop.act::<EditShipping>(shipment.0, to_channel("UPS", "1Z3")).await.unwrap();
    shop.run().await;
    assert_eq!((at_shopify(&shop), done(&shop, "fulfilled")), (vec!["UPS 1Z3".to_owned()], 1));
}

#[tokio::test]
async fn a_correction_whose_answer_is_lost_is_read_and_not_made_twice() {
    for (kind, updates) in
        [(FaultKind::AcceptThenCut, 1), (FaultKind::CutAfterRead, 1), (FaultKind::ErrorAfterCreate, 1)]
    {
        let shop = Shop::open().await;
        let shipment = told(&shop, shop.shopify).await;
        shop.sandbox.set_fault(Fault::once("shopify", "fulfillmentTrackingInfoUpdate", kind));
        shop.act::<EditShipping>(shipment.0, to_channel("UPS", "1Z2")).await.unwrap();
        shop.run().await;
        assert_eq!(sync(&shop, shipment).await, ChannelSync::PendingSync, "{kind:?}: nobody knows");
        shop.run_in(120).await;
        assert_eq!(sync(&shop, shipment).await, ChannelSync::Synced, "{kind:?}");
        assert_eq!((done(&shop, "fulfilled"), done(&shop, "updated")), (1, updates), "{kind:?}");
        assert_eq!(at_shopify(&shop), ["UPS 1Z2"]);
    }
}

#[tokio::test]
async fn where_nothing_is_corrected_it_is_said() {
    let shop = Shop::open().await;
    let shipment = told(&shop, shop.ebay).await;
    let edited = shop.act::<EditShipping>(shipment.0, to_channel("UPS", "1Z2")).await.unwrap();
    assert!(
        edited
            .message
            .ends_with("eBay UK takes no corrections: it is sent the new number, and keeps the old one."),
        "{}",
        edited.message
    );
    shop.run().await;
    assert_eq!(sync(&shop, shipment).await, ChannelSync::Warning);
    let said = format!("select channel_message from shipment_details where shipment_id = {shipment}");
    let said = shop.text(&said).await;
    assert!(said.contains("keeps 1Z1 beside it"), "{said}");
    assert_eq!(done(&shop, "fulfilled"), 2, "eBay's own way: the number is told as well");
    let other = shop.act::<EditShipping>(shipment.0, to_channel("DPD", "1Z2")).await.unwrap();
    assert!(
        other.message.contains("The channel is not told: eBay UK takes no corrections."),
        "{}",
        other.message
    );
    assert!(other.undo.is_some(), "nobody heard of it");
    assert_eq!(shop.run().await, 0);
}

/// Two shipments in one box: the parcel is the one's that told of it.
#[tokio::test]
async fn a_parcel_that_two_shipments_share_is_corrected_for_the_one_that_told_it() {
    let shop = Shop::open().await;
    let shipment = told(&shop, shop.shopify).await;
    shop.sql(&format!(
        "insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, channel_id, connection_id, \
         status, channel_sync, tracking_number, courier, submitted_to_sales_channel_at) \
         select account_id, number || '-x', order_id, fulfillment_order_id, warehouse_id, channel_id, connection_id, \
         status, channel_sync, tracking_number, courier, submitted_to_sales_channel_at from shipments where id = {shipment}"
    ))
    .await;
    shop.database.unchecked("a second shipment without lines");
    let other = ShipmentId(shop.value("select max(id) from shipments").await);
    shop.act::<EditShipping>(other.0, tracked("UPS", "1Z7")).await.unwrap();
    assert_eq!(shop.value("select count(*) from channel_parcels").await, 1, "it is not the other's");
}
