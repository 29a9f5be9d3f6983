//! The journal: a restart keeps the same world.

use std::io::Write;

use reqwest::Method;
use serde_json::json;
use waybill::sandbox::{SandboxOptions, SeedOrder, Ship};

use super::support::{line, order, post_body, world_with};

fn fresh(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("waybill-sandbox-{}-{name}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[tokio::test]
async fn a_restart_keeps_the_world() {
    let path = fresh("keeps");
    let options = SandboxOptions { journal: Some(path.clone()), ..SandboxOptions::default() };
    let before = world_with(options.clone()).await;
    let shopify = before.seed(order(vec![line("SKU-1", 1, "9.99")]));
    let ebay = before.sandbox.seed_ebay(vec![order(vec![line("SKU-1", 1, "9.99")])]).unwrap().remove(0);
    before.sandbox.refuse_sku("SKU-X", Some("SKU-X is gone")).unwrap();
    assert_eq!(before.post(&post_body("SHP-1", Some("k"), "SKU-X")).await.0, 400);
    let (_, posted) = before.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    let id = posted["orderId"].as_u64().unwrap();
    before.sandbox.ship(id, Ship { tracking_number: "1Z".into(), ..Ship::default() }).unwrap();
    let create = "mutation($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){ fulfillment{ id } userErrors{ message } } }";
    let wish = json!({ "f": { "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": shopify.fulfillment_orders[0] }] } });
    before.graphql("demo", create, wish.clone()).await;
    let parcel = json!({ "lineItems": [{ "lineItemId": ebay.lines[0].id, "quantity": 1 }] });
    before.ebay(Method::POST, &format!("/order/{}/shipping_fulfillment", ebay.id), Some(&parcel)).await;
    let ledger = before.sandbox.ledger();
    assert_eq!(ledger.len(), 4);
    let order_before = before.ship_get(&format!("/orders/{id}")).await;
    before.sandbox.stop().await;

    // A kill in the middle of a write leaves half a line.
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at\":\"20").unwrap();

    let after = world_with(options.clone()).await;
    assert_eq!(after.sandbox.ledger(), ledger);
    assert_eq!(after.ship_get(&format!("/orders/{id}")).await, order_before);
    assert_eq!(after.post(&post_body("SHP-2", Some("k2"), "SKU-X")).await.0, 400);
    let (_, again) = after.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    assert_eq!((&again["orderId"], &again["orderStatus"]), (&json!(id), &json!("shipped")));
    let closed = after.graphql("demo", create, wish).await;
    let said = closed["data"]["fulfillmentCreate"]["userErrors"][0]["message"].as_str().unwrap();
    assert!(said.contains("status= closed"), "{said}");
    let more = after.seed(order(vec![line("SKU-1", 1, "9.99")]));
    assert_ne!(more.id, shopify.id);
    after.sandbox.stop().await;

    let third = world_with(options).await;
    assert_eq!(third.sandbox.ledger().len(), 4);
    assert_eq!(third.seed(SeedOrder { id: Some(more.id.clone()), ..SeedOrder::default() }), more);
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_foreign_file_is_refused() {
    let path = fresh("foreign");
    std::fs::write(&path, "hello\n").unwrap();
    let options = SandboxOptions { journal: Some(path.clone()), ..SandboxOptions::default() };
    assert!(waybill::sandbox::Sandbox::start(options).await.is_err());
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn the_same_calls_give_the_same_ids() {
    let mut worlds = Vec::new();
    for _ in 0..2 {
        let world = world_with(SandboxOptions::default()).await;
        let seeded = world.seed(order(vec![line("SKU-1", 1, "9.99"), line("SKU-2", 1, "1")]));
        let (_, posted) = world.post(&post_body("SHP-1", None, "SKU-1")).await;
        worlds.push((seeded, posted["orderId"].clone(), posted["orderKey"].clone()));
    }
    assert_eq!(worlds[0], worlds[1]);
}
