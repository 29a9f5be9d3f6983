//! Fulfillment not sent to the sales channel: what happens, and what mends it.

use crate::support::shop::{Shop, now};
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    couriers::mapping::NewMapping,
    ids::{OrderId, ShipmentId},
    remedies::map_courier,
    sandbox::{Fault, FaultKind},
    shipments::{ChannelSync, post::Post, resend::ResendFulfillments, submit::SubmitToChannel},
};

async fn shipped(shop: &Shop, courier: &str, tracking: &str) -> (OrderId, ShipmentId) {
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.leaves(shipment, courier, tracking).await;
    shop.run().await;
    (order, shipment)
}

fn mapping(courier: &str, name: &str) -> NewMapping {
    NewMapping {
        courier: courier.into(),
        service: String::new(),
        custom_name: name.into(),
        custom_code: None,
        version: None,
    }
}

async fn map(
    shop: &Shop,
    role: Role,
    new: &NewMapping,
    resend: bool,
) -> Result<waybill::actions::Outcome, ActionError> {
    map_courier::save(&shop.db, shop.account, shop.ebay, new, resend, &shop.by(role), now()).await
}

fn fulfillments(shop: &Shop) -> usize {
    shop.sandbox.ledger().iter().filter(|e| e.vendor == "ebay" && e.what == "fulfilled").count()
}

#[tokio::test]
async fn an_unmapped_courier_fails_is_explained_mapped_and_resent() {
    let shop = Shop::open().await;
    let (order, shipment) = shipped(&shop, "dpd_be", "05308900123456").await;
    let failed = shop.shipment(shipment).await.shipment;
    assert_eq!(failed.channel_sync, ChannelSync::Failed);
    assert_eq!(
        shop.text("select error_class || ' ' || courier || ' ' || will_retry from problems").await,
        "courier_unmapped dpd_be false"
    );
    // the activity opens the request sent and the response received
    let record = shop
        .value(&format!("select transaction_record_id from activities where verb = 'fulfillment_replied' and result = 'failed' and order_id = {order}"))
        .await;
    assert_eq!(shop.text(&format!("select log_type || ' ' || status || ' ' || response_status from transaction_records where id = {record}")).await, "submit_fulfillment failed 400");
    let (sent, received) = (
        shop.text(&format!("select request_body from transaction_records where id = {record}")).await,
        shop.text(&format!("select response_body from transaction_records where id = {record}")).await,
    );
    assert!(sent.contains("dpd_be") && received.contains("32300"), "{sent} {received}");

    // the client may not map, the admin may
    assert!(matches!(
        map(&shop, Role::Client, &mapping("dpd_be", "DPD"), false).await,
        Err(ActionError::Forbidden(_))
    ));
    map(&shop, Role::Admin, &mapping("DPD_BE ", "DPD"), false).await.unwrap();
    assert_eq!(
        shop.shipment(shipment).await.shipment.channel_sync,
        ChannelSync::Failed,
        "saving alone resends nothing"
    );
    shop.act::<ResendFulfillments>(order.0, NoInput {}).await.unwrap();
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::PendingSync);
    shop.run().await;
    let synced = shop.shipment(shipment).await.shipment;
    assert_eq!(synced.channel_sync, ChannelSync::Synced);
    assert!(synced.submitted_to_sales_channel_at.is_some());
    assert_eq!(fulfillments(&shop), 1);
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 0);
    assert_eq!(
        shop.text(&format!("select status || ' ' || channel_sync from orders where id = {order}")).await,
        "shipped synced"
    );
}

#[tokio::test]
async fn map_courier_and_resend_fixes_every_one_with_the_cause() {
    let shop = Shop::open().await;
    let mut failed = Vec::new();
    for n in 0..3 {
        failed.push(shipped(&shop, "dpd_be", &format!("0530890012345{n}")).await.1);
    }
    let (_, other) = shipped(&shop, "carrier_pigeon", "COO1").await;
    let outcome = map(&shop, Role::Admin, &mapping("dpd_be", "DPD"), true).await.unwrap();
    assert_eq!(outcome.message, "dpd_be is sent to eBay UK as DPD. Resending 3 fulfillments.");
    shop.run().await;
    for shipment in failed {
        assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    }
    assert_eq!(shop.shipment(other).await.shipment.channel_sync, ChannelSync::Failed);
    // a wrong name is told apart from none
    map(&shop, Role::Admin, &mapping("carrier_pigeon", "Pigeon Post"), true).await.unwrap();
    shop.run().await;
    assert_eq!(
        shop.text("select error_class from problems where resolved_at is null").await,
        "courier_rejected"
    );
    // the previous name is kept
    map(&shop, Role::Admin, &mapping("carrier_pigeon", "Other"), true).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(other).await.shipment.channel_sync, ChannelSync::Synced);
    assert_eq!(shop.text("select custom_name from courier_mapping_versions").await, "Pigeon Post");
}

#[tokio::test]
async fn what_the_channel_has_is_not_told_twice() {
    let shop = Shop::open().await;
    map(&shop, Role::Admin, &mapping("dpd_be", "DPD"), false).await.unwrap();
    let (_, shipment) = shipped(&shop, "dpd_be", "05308900123456").await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    assert_eq!(fulfillments(&shop), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_reading() {
    let shop = Shop::open().await;
    map(&shop, Role::Admin, &mapping("dpd_be", "DPD"), false).await.unwrap();
    shop.sandbox.set_fault(Fault::once("ebay", "createShippingFulfillment", FaultKind::AcceptThenCut));
    let (_, shipment) = shipped(&shop, "dpd_be", "05308900123456").await;
    let waiting = shop.shipment(shipment).await.shipment;
    assert_eq!(waiting.channel_sync, ChannelSync::PendingSync);
    assert_eq!(shop.value("select count(*) from problems where will_retry").await, 1);
    shop.run_in(60).await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    assert_eq!(fulfillments(&shop), 1);
}

#[tokio::test]
async fn held_back_couriers_are_not_sent_at_all() {
    let shop = Shop::open().await;
    shop.sql("update channels set on_unmapped_courier = 'hold_back'").await;
    let (_, shipment) = shipped(&shop, "dpd_be", "05308900123456").await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Failed);
    assert_eq!(
        shop.value("select count(*) from transaction_records where log_type = 'submit_fulfillment'").await,
        0
    );
    assert_eq!(shop.text("select error_class from problems").await, "courier_unmapped");
}

#[tokio::test]
async fn the_fallback_is_sent_for_what_is_not_mapped() {
    let shop = Shop::open().await;
    shop.sql("update channels set on_unmapped_courier = 'use_fallback', fallback_courier = 'Other'").await;
    let (_, shipment) = shipped(&shop, "dpd_be", "05308900123456").await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
}

#[tokio::test]
async fn shopify_takes_any_courier_and_its_warning_is_kept() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.shopify, &[("A", 2)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.leaves(shipment, "carrier_pigeon", "COO1").await;
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Warning);
    assert!(!shop.text("select channel_message from shipment_details").await.is_empty());
}

#[tokio::test]
async fn unavailable_says_why() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let refused = shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "Available once the shipment has a tracking number.");
    let refused = shop.act::<ResendFulfillments>(order.0, NoInput {}).await.unwrap_err();
    assert!(refused.to_string().contains("no tracking yet"), "{refused}");
}

/// An answer that says yes and an order that says nothing: the page must not say Synced.
#[tokio::test]
async fn what_a_channel_took_is_read_back_where_its_answer_does_not_show_it() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    map(&shop, Role::Admin, &mapping("dpd_be", "DPD"), false).await.unwrap();
    let taken = Fault::once("ebay", "createShippingFulfillment", FaultKind::Respond).status(201);
    shop.sandbox.set_fault(taken);
    shop.leaves(shipment, "dpd_be", "09981122334455").await;
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.channel_sync, ChannelSync::Warning);
    let words = shop
        .text(&format!("select channel_message from shipment_details where shipment_id = {shipment}"))
        .await;
    assert!(words.contains("did not show it"), "{words}");
    // sent again, it is there
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    let reads = shop
        .sandbox
        .requests()
        .into_iter()
        .filter(|r| r.operation.eq_ignore_ascii_case("getShippingFulfillments"));
    assert_eq!(reads.count(), 4);
}
