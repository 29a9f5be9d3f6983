//! Webhooks out, and the catcher that takes them in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use waybill::sandbox::Ship;

use super::support::{line, order, post_body, until, world};

#[tokio::test]
async fn a_new_order_is_told_with_a_true_signature() {
    let world = world().await;
    world.sandbox.set_hook_status("in", 202);
    let hook = json!({ "url": world.sandbox.hook_url("in"), "secret": "s3cret" });
    assert_eq!(world.helper(Method::PUT, "/_sandbox/shopify/demo/webhook", Some(hook)).await.0, 200);
    let body = serde_json::to_value(order(vec![line("SKU-1", 2, "9.99")])).unwrap();
    let (status, made) = world.helper(Method::POST, "/_sandbox/shopify/demo/orders", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    until(|| world.sandbox.hook("in").len() == 1).await;
    let message = world.sandbox.hook("in").remove(0);
    let raw = STANDARD.decode(&message.body_base64).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(&raw);
    let sign = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(message.header("x-shopify-hmac-sha256"), Some(sign.as_str()));
    assert_eq!(message.header("x-shopify-topic"), Some("orders/create"));
    assert_eq!(message.header("x-shopify-shop-domain"), Some("demo.myshopify.com"));
    assert_eq!(message.header("x-shopify-api-version"), Some("2026-07"));
    assert_eq!(message.header("x-shopify-webhook-id").map(str::len), Some(36));
    assert!(message.header("x-shopify-triggered-at").is_some());
    let order: Value = serde_json::from_slice(&raw).unwrap();
    assert_eq!(order["admin_graphql_api_id"], made["id"]);
    assert_eq!(order["line_items"][0]["price"], "9.99");
    assert_eq!(order["total_price"], "24.88");
    assert_eq!(order["shipping_address"]["country_code"], "US");
    until(|| world.sandbox.deliveries()[0].status == Some(202)).await;

    let change = json!({ "id": made["id"], "note": "ring twice" });
    world.helper(Method::POST, "/_sandbox/shopify/demo/orders", Some(change)).await;
    until(|| world.sandbox.hook("in").len() == 2).await;
    let second = world.sandbox.hook("in").remove(1);
    assert_eq!(second.header("x-shopify-topic"), Some("orders/updated"));
    assert_ne!(second.header("x-shopify-webhook-id"), message.header("x-shopify-webhook-id"));

    let again = format!("/_sandbox/deliveries/{}/resend", message.header("x-shopify-webhook-id").unwrap());
    assert_eq!(world.helper(Method::POST, &again, None).await.0, 202);
    until(|| world.sandbox.hook("in").len() == 3).await;
    let third = world.sandbox.hook("in").remove(2);
    assert_eq!((&third.body, &third.headers), (&message.body, &message.headers));
}

#[tokio::test]
async fn topics_are_chosen_and_seeding_is_quiet() {
    let world = world().await;
    let hook = json!({ "url": world.sandbox.hook_url("in"), "secret": "s", "topics": ["orders/updated"] });
    world.helper(Method::PUT, "/_sandbox/shopify/demo/webhook", Some(hook)).await;
    let seeded = world.seed(order(vec![line("SKU-1", 1, "1")]));
    world.sandbox.receive_shopify_order("demo", order(vec![line("SKU-1", 1, "1")])).unwrap();
    let query =
        "mutation($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){ userErrors{ message } } }";
    let wish = json!({ "f": { "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": seeded.fulfillment_orders[0] }] } });
    world.graphql("demo", query, wish).await;
    until(|| !world.sandbox.hook("in").is_empty()).await;
    let messages = world.sandbox.hook("in");
    assert_eq!(messages.len(), 1);
    let body: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!(body["fulfillment_status"], "fulfilled");
}

#[tokio::test]
async fn a_failed_delivery_says_why() {
    let world = world().await;
    world.sandbox.set_shopify_webhook("demo", "http://127.0.0.1:1/in", "s").unwrap();
    assert!(world.sandbox.set_shopify_webhook("demo", "https://example.com", "s").is_err());
    world.sandbox.receive_shopify_order("demo", order(vec![line("SKU-1", 1, "1")])).unwrap();
    until(|| world.sandbox.deliveries()[0].error.is_some()).await;
}

#[tokio::test]
async fn shipstation_says_where_to_read() {
    let world = world().await;
    let hook = json!({ "url": world.sandbox.hook_url("ship") });
    world.helper(Method::PUT, "/_sandbox/shipstation/webhook", Some(hook)).await;
    let (_, posted) = world.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    world.sandbox.ship(posted["orderId"].as_u64().unwrap(), Ship::default()).unwrap();
    until(|| world.sandbox.hook("ship").len() == 1).await;
    let body: Value = serde_json::from_str(&world.sandbox.hook("ship")[0].body).unwrap();
    assert_eq!(body["resource_type"], "SHIP_NOTIFY");
    let path = body["resource_url"].as_str().unwrap().replace(&world.sandbox.shipstation_base(), "");
    assert_eq!(world.ship_get(&path).await.1["total"], 1);
}

#[tokio::test]
async fn a_catcher_keeps_what_it_got_and_answers_as_told() {
    let world = world().await;
    assert_eq!(world.helper(Method::POST, "/_sandbox/hooks/a", Some(json!({ "n": 1 }))).await.0, 200);
    assert_eq!(world.helper(Method::PUT, "/_sandbox/hooks/a", Some(json!({ "status": 503 }))).await.0, 204);
    assert_eq!(world.helper(Method::PUT, "/_sandbox/hooks/a", Some(json!({ "status": 9 }))).await.0, 422);
    assert_eq!(world.helper(Method::POST, "/_sandbox/hooks/a", Some(json!({ "n": 2 }))).await.0, 503);
    let (_, list) = world.helper(Method::GET, "/_sandbox/hooks/a", None).await;
    assert_eq!(list["total"], 2);
    assert_eq!(
        (&list["messages"][1]["body"], &list["messages"][1]["answered"]),
        (&json!("{\"n\":2}"), &json!(503))
    );
    assert_eq!(world.helper(Method::GET, "/_sandbox/hooks/b", None).await.1["total"], 0);
    world.helper(Method::DELETE, "/_sandbox/hooks/a", None).await;
    assert!(world.sandbox.hook("a").is_empty());
}
