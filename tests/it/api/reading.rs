//! What is read of fulfillments.

use crate::support::{api::Program, counter::Counter, shop::Shop};
use waybill::{
    accounts::{Role, tokens::Scope},
    actions::NoInput,
    shipments::post::Post,
};

// proves S2: List Fulfillments
#[tokio::test]
async fn a_list_is_read_page_by_page_both_ways() {
    let shop = Shop::open().await;
    let made = shop.orders(shop.shopify, 5).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let mut seen = Vec::new();
    let mut path = "/v1/fulfillments?limit=2".to_owned();
    loop {
        let reply = program.get(&path).await;
        let link = reply.answer.header("link").to_owned();
        let page = reply.ok();
        assert_eq!(
            (page["total"]["count"].as_i64(), page["total"]["exact"].as_bool()),
            (Some(5), Some(true))
        );
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert!(link.contains(&format!("cursor={next}>; rel=\"next\"")), "{link}");
        path = format!("/v1/fulfillments?limit=2&cursor={next}");
    }
    let mut newest: Vec<i64> = made.iter().map(|id| id.0).collect();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(seen, newest);
    let last = program.get(&path).await.ok();
    let back = last["prev_cursor"].as_str().unwrap();
    let page = program.get(&format!("/v1/fulfillments?limit=2&cursor={back}")).await.ok();
    let ids: Vec<i64> = page["data"].as_array().unwrap().iter().map(|r| r["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, newest[2..4]);
}

// proves S2: Get Fulfillment Detail
// proves S2: Get Fulfillment Line Items
// proves S2: Get Activity Log
// proves S2: Get Inventory Movements
#[tokio::test]
async fn one_is_read_with_everything_around_it() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 250).await;
    let (order, id) = shop.order(shop.shopify, &[("A", 2), ("B", 1)]).await;
    shop.act::<Post>(id.0, NoInput {}).await.unwrap();
    shop.run().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let reply = program.get(&format!("/v1/fulfillments/{id}")).await;
    let version = shop.shipment(id).await.shipment.version;
    assert_eq!(reply.answer.header("etag"), format!("\"{version}\""));
    let one = reply.ok();
    assert_eq!(one["status"], "pending_tracking");
    assert_eq!(one["sales_order"]["id"], order.0);
    assert!(one["sales_order"]["ship_address"]["city"].is_string());
    assert_eq!(one["provider_orders"][0]["remote_id"], one["fulfillment_id"]);
    assert_eq!(one["connection"]["provider"], "shipstation");
    assert_eq!(one["warehouse"]["name"], "Antwerp");

    let lines = program.get(&format!("/v1/fulfillments/{id}/line-items")).await.ok();
    let line =
        |sku: &str| lines["data"].as_array().unwrap().iter().find(|l| l["sku"] == sku).cloned().unwrap();
    assert_eq!(line("A")["unit_cost"]["amount"], "2.50", "by FIFO, not the sale price");
    assert_eq!(line("A")["quantity"], 2);
    assert!(line("A")["product_id"].is_i64());
    assert_eq!(line("B")["unit_cost"]["amount"], "0.00", "without a record of costs");

    let log = program.get(&format!("/v1/fulfillments/{id}/activity-log?limit=1")).await.ok();
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
    let older = log["next_cursor"].as_str().unwrap();
    let older = program.get(&format!("/v1/fulfillments/{id}/activity-log?cursor={older}")).await.ok();
    let verbs: Vec<&str> =
        older["data"].as_array().unwrap().iter().map(|a| a["verb"].as_str().unwrap()).collect();
    assert!(verbs.contains(&"shipment_post_queued"), "{verbs:?}");

    let moved = program.get(&format!("/v1/fulfillments/{id}/inventory-movements")).await.ok();
    let moved = moved["data"].as_array().unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!((moved[0]["sku"].as_str(), moved[0]["quantity"].as_i64()), (Some("A"), Some(-2)));
}

#[tokio::test]
async fn costs_and_people_are_for_who_may_see_them() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 250).await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut client = Program::with(&counter, &shop, Role::Client, Scope::ALL).await;
    let one = client.get(&format!("/v1/fulfillments/{id}")).await.ok();
    assert!(one["cost"].is_null() && one["lines"][0]["unit_cost"].is_null());
    assert!(one["sales_order"]["customer_name"].is_string());
    let mut support = Program::with(&counter, &shop, Role::Support, Scope::ALL).await;
    let one = support.get(&format!("/v1/fulfillments/{id}")).await.ok();
    assert!(one["sales_order"]["customer_name"].is_null() && one["sales_order"]["ship_address"].is_null());
}
