//! What programs do to fulfillments: the same actions as people.

use crate::support::{api::Program, counter::Counter, shop::Shop};
use serde_json::json;
use waybill::{
    accounts::{Role, tokens::Scope},
    shipments::{ChannelSync, Status},
};

// proves S0: Post to Fulfillment
// proves S2: Resync from Provider
// proves S2: Submit to Sales Channel
// proves S2: Clear Channel Submission
#[tokio::test]
async fn a_fulfillment_goes_its_way_by_calls_alone() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = |action: &str| format!("/v1/fulfillments/{id}/{action}");
    let posted = program.post(&path("post"), json!({})).await.ok();
    assert_eq!((posted["changed"].as_bool(), posted["pending"].as_bool()), (Some(true), Some(true)));
    shop.run().await;
    assert_eq!(shop.shipment(id).await.shipment.status, Status::PendingTracking);
    let by = format!(
        "select actor_kind || ' ' || actor_name from activities where shipment_id = {id} and verb = 'shipment_post_queued'"
    );
    assert_eq!(shop.text(&by).await, "token Stock sync");
    let twice = program.post(&path("post"), json!({})).await.refused(409, "action_unavailable");
    assert!(twice.json["detail"].as_str().unwrap().len() > 10);

    shop.leaves(id, "UPS", "1Z1").await;
    let read = program.post(&path("resync-from-provider"), json!({})).await.ok();
    assert_eq!(read["pending"], false, "it is answered when the provider has answered");
    assert_eq!(shop.shipment(id).await.shipment.tracking_number.as_deref(), Some("1Z1"));
    program.post(&path("submit-to-sales-channel"), json!({})).await.ok();
    let sync = shop.shipment(id).await.shipment.channel_sync;
    assert!(matches!(sync, ChannelSync::Synced | ChannelSync::Warning), "synchronously, not {sync}");
    let cleared = program.post(&path("clear-channel-submission"), json!({ "reason": "Wrong number" })).await;
    cleared.ok();
    assert!(shop.shipment(id).await.shipment.submitted_to_sales_channel_at.is_none());
}

// proves S2: Resync to Provider
#[tokio::test]
async fn a_provider_is_sent_what_a_fulfillment_holds_now() {
    let shop = Shop::open().await;
    let (order, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = |action: &str| format!("/v1/fulfillments/{id}/{action}");
    let early = program.post(&path("resync-to-provider"), json!({})).await.refused(409, "action_unavailable");
    assert_eq!(early.json["offer"], "post");
    program.post(&path("post"), json!({})).await.ok();
    shop.run().await;
    let remote: u64 = shop.shipment(id).await.shipment.fulfillment_id.unwrap().parse().unwrap();
    let there = || shop.sandbox.shipstation_order(remote).unwrap();
    assert_eq!(there()["items"][0]["quantity"], 1);
    // what people, files and channels change of an order
    shop.sql(&format!(
        "update orders set shipping_method = 'Express Saver' where id = {order}; \
         update order_lines set name = 'Blue A'; update addresses set city = 'Gent'"
    ))
    .await;
    let done = program.post(&path("resync-to-provider"), json!({})).await.ok();
    assert_eq!(done["pending"], false, "it is answered when the provider has answered");
    assert_eq!(
        (&there()["shipTo"]["city"], &there()["requestedShippingService"]),
        (&json!("Gent"), &json!("Express Saver"))
    );
    assert_eq!(there()["items"][0]["name"], "Blue A", "the lines as they are");
    let number = shop.shipment(id).await.shipment.number;
    assert_eq!(shop.live_orders(&number), 1, "the same order, changed");
    shop.leaves(id, "UPS", "1Z1").await;
    shop.run().await;
    let late = program.post(&path("resync-to-provider"), json!({})).await.refused(409, "action_unavailable");
    assert!(late.json["detail"].as_str().unwrap().contains("has left the warehouse"));
}

// proves S0: Re-Post to Fulfillment
// proves S0: Mark as error
#[tokio::test]
async fn what_went_wrong_is_marked_and_posted_again() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = |action: &str| format!("/v1/fulfillments/{id}/{action}");
    program.post(&path("repost"), json!({})).await.refused(409, "action_unavailable");
    program.post(&path("post"), json!({})).await.ok();
    shop.run().await;
    let asked = program.post(&path("mark-as-error"), json!({})).await.refused(422, "invalid");
    assert_eq!(asked.fields(), ["reason"]);
    program.post(&path("mark-as-error"), json!({ "reason": "The box was wet" })).await.ok();
    assert_eq!(shop.shipment(id).await.shipment.status, Status::Error);
    program.post(&path("repost"), json!({ "cancel_first": true })).await.ok();
    shop.run().await;
    let number = shop.shipment(id).await.shipment.number;
    assert_eq!(shop.shipment(id).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.live_orders(&number), 1, "never two at the provider");
}

// proves S2: Void Shipment
// proves S2: Cancel Provider Order
#[tokio::test]
async fn a_void_is_taken_back_and_what_a_provider_lacks_is_said() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = |action: &str| format!("/v1/fulfillments/{id}/{action}");
    program.post(&path("void"), json!({ "reason": "Wrong item" })).await.ok();
    let one = program.get(&format!("/v1/fulfillments/{id}")).await.ok();
    assert_eq!((one["status"].as_str(), one["void_reason"].as_str()), (Some("canceled"), Some("Wrong item")));
    let voided = program.post(&path("void"), json!({ "reason": "Wrong item" })).await;
    assert_eq!(voided.refused(409, "action_unavailable").json["offer"], "restore_shipment");
    program.post(&path("restore"), json!({})).await.ok();
    program.post(&path("post"), json!({})).await.ok();
    shop.run().await;
    let refused = program.post(&path("cancel-provider-order"), json!({})).await;
    let refused = refused.refused(409, "action_unavailable");
    assert!(refused.json["detail"].as_str().unwrap().contains("ShipStation"), "{}", refused.answer.body);
}

// proves S2: Bulk Void Shipments
#[tokio::test]
async fn delete_voids_each_and_says_what_became_of_it() {
    let shop = Shop::open().await;
    let made = shop.orders(shop.shopify, 3).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = format!("/v1/fulfillments?ids={}&ids={}&ids=999999&reason=Lost", made[0], made[1]);
    let rows = program.send("DELETE", &path, &[], None).await.ok();
    let rows = rows["data"].as_array().unwrap().clone();
    assert_eq!(rows.iter().map(|r| r["voided"] == true).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(rows[2]["code"], "not_found");
    assert_eq!(shop.value("select count(*) from shipments where status = 'canceled'").await, 2);
    assert_eq!(shop.value("select count(*) from shipments").await, 3, "nothing is deleted");
    let again = program.send("DELETE", &path, &[], None).await.ok();
    assert_eq!(again["data"][0]["voided"], true, "already as wanted is a success");
    for bad in ["/v1/fulfillments", "/v1/fulfillments?ids=x"] {
        let reply = program.send("DELETE", bad, &[], None).await.refused(422, "invalid");
        assert!(reply.answer.body.contains("ids"), "{}", reply.answer.body);
    }
}

// proves S2: Edit Shipping Details
#[tokio::test]
async fn shipping_details_are_corrected_and_the_channel_is_told() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = format!("/v1/fulfillments/{id}/shipping-details");
    let first = json!({ "tracking_number": "1Z1", "courier": "UPS", "cost": "4.95" });
    program.send("PATCH", &path, &[], Some(first.to_string())).await.ok();
    assert_eq!(shop.shipment(id).await.shipment.status, Status::Shipped);
    shop.run().await;
    let first = shop.sandbox.shopify_fulfillments("shop");
    assert_eq!((first.len(), &first[0]["trackingInfo"][0]["number"]), (1, &json!("1Z1")));
    let second = json!({ "tracking_number": "1Z2", "notify": "channel" });
    program.send("PATCH", &path, &[], Some(second.to_string())).await.ok();
    shop.run().await;
    let now = shop.shipment(id).await.shipment;
    assert_eq!(
        (now.tracking_number.as_deref(), now.cost_minor, now.courier.as_deref()),
        (Some("1Z2"), 495, Some("UPS"))
    );
    assert_eq!(now.channel_sync, ChannelSync::Synced);
    let then = shop.sandbox.shopify_fulfillments("shop");
    assert_eq!(then.len(), 1, "corrected where it is, never told as a second parcel");
    assert_eq!((&then[0]["id"], &then[0]["trackingInfo"][0]["number"]), (&first[0]["id"], &json!("1Z2")));
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 0);
    let mut client = Program::with(&counter, &shop, Role::Client, Scope::ALL).await;
    let cost = json!({ "cost": "1.00" }).to_string();
    let refused = client.send("PATCH", &path, &[], Some(cost)).await.refused(422, "invalid");
    assert_eq!(refused.fields(), ["cost"]);
}
