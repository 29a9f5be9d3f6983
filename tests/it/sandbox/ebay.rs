//! eBay: the lock on the door, every refusal of a fulfillment, filters and pages.

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use waybill::sandbox::SeededOrder;

use super::support::{World, line, order, world};

fn seed(world: &World) -> SeededOrder {
    let lines = vec![line("SKU-1", 2, "9.99"), line("SKU-2", 1, "5.00")];
    world.sandbox.seed_ebay(vec![order(lines)]).unwrap().remove(0)
}

fn body(order: &SeededOrder) -> Value {
    json!({ "lineItems": [{ "lineItemId": order.lines[0].id, "quantity": 1 }],
        "shippedDate": "2026-11-20T07:00:00.000Z", "shippingCarrierCode": "Hermes", "trackingNumber": "H00ABC" })
}

#[tokio::test]
async fn a_wrong_token_is_1001() {
    let world = world().await;
    let url = format!("{}/sell/fulfillment/v1/order", world.sandbox.ebay_base());
    let answer = world.http.get(url).bearer_auth("wrong").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["errors"][0]["errorId"], 1001);
}

#[tokio::test]
async fn a_fulfillment_is_made_and_read_back() {
    let world = world().await;
    let order = seed(&world);
    let path = format!("/order/{}/shipping_fulfillment", order.id);
    let url = format!("{}/sell/fulfillment/v1{path}", world.sandbox.ebay_base());
    let mut wanted = body(&order);
    wanted["shippedDate"] = Value::Null;
    let request = world.http.post(&url).bearer_auth("sandbox-ebay-token").body(wanted.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["location"].to_str().unwrap(), format!("{url}/H00ABC"));
    assert_eq!(answer.text().await.unwrap(), "{}");
    let (_, list) = world.ebay(Method::GET, &path, None).await;
    assert_eq!(list["fulfillments"][0]["shippingCarrierCode"], "Hermes");
    assert_eq!(list["fulfillments"][0]["shipmentTrackingNumber"], "H00ABC");
    let (_, shown) = world.ebay(Method::GET, &format!("/order/{}", order.id), None).await;
    assert_eq!(shown["orderFulfillmentStatus"], "IN_PROGRESS");
    assert_eq!(shown["lineItems"][0]["lineItemFulfillmentStatus"], "IN_PROGRESS");
    assert_eq!(shown["pricingSummary"]["total"]["value"], "29.88");
    assert_eq!(world.sandbox.ledger()[0].remote_id, "H00ABC");

    let rest = json!({ "lineItems": [{ "lineItemId": order.lines[0].id, "quantity": 2 }, { "lineItemId": order.lines[1].id }] });
    assert_eq!(world.ebay(Method::POST, &path, Some(&rest)).await.0, 201);
    assert_eq!(world.ebay(Method::GET, &format!("{path}/999"), None).await.0, 200);
    let (_, shown) = world.ebay(Method::GET, &format!("/order/{}", order.id), None).await;
    assert_eq!(shown["orderFulfillmentStatus"], "FULFILLED");
}

#[tokio::test]
async fn every_refusal_has_its_number() {
    let world = world().await;
    let order = seed(&world);
    let path = format!("/order/{}/shipping_fulfillment", order.id);
    let cases = [
        ("/shippingCarrierCode", json!("Evri"), 32300),
        ("/shippingCarrierCode", json!(""), 32300),
        ("/trackingNumber", Value::Null, 32300),
        ("/trackingNumber", json!("H00-ABC 1"), 32300),
        ("/lineItems", json!([]), 32200),
        ("/lineItems/0/lineItemId", json!("1"), 32210),
        ("/lineItems/0/quantity", json!(3), 32400),
        ("/lineItems/0/quantity", json!(0), 32400),
        ("/shippedDate", json!("yesterday"), 32500),
        ("/shippedDate", json!("2020-01-01T00:00:00.000Z"), 32500),
    ];
    for (pointer, value, number) in cases {
        let mut wanted = body(&order);
        wanted["shippedDate"] = Value::Null;
        match wanted.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => panic!("{pointer}"),
        }
        let (status, answer) = world.ebay(Method::POST, &path, Some(&wanted)).await;
        assert_eq!(status, 400, "{pointer} {value}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["errorId"], number, "{pointer} {value}: {answer}");
        for field in ["domain", "category", "message", "longMessage", "inputRefIds", "parameters"] {
            assert!(!error[field].is_null(), "{field}: {answer}");
        }
    }
    let (status, answer) =
        world.ebay(Method::POST, "/order/1-2-3/shipping_fulfillment", Some(&body(&order))).await;
    assert_eq!((status, &answer["errors"][0]["errorId"]), (400, &json!(32100)));
    assert_eq!(world.ebay(Method::GET, "/order/1-2-3", None).await.0, 404);
    assert!(world.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn orders_are_filtered_and_paged() {
    let world = world().await;
    let now: DateTime<Utc> = DateTime::from(std::time::SystemTime::now());
    let seeds = (0..5).map(|n| {
        let mut one = order(vec![line("SKU-1", 1, "1.00")]);
        one.created_at = Some(now - Duration::days(n * 30));
        one
    });
    let made = world.sandbox.seed_ebay(seeds.collect()).unwrap();
    assert_eq!(world.ebay(Method::GET, "/order", None).await.1["total"], 3);
    let from = (now - Duration::days(200)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let all = format!(
        "/order?filter=lastmodifieddate:[{from}..],orderfulfillmentstatus:{{NOT_STARTED%7CIN_PROGRESS}}&limit=2"
    );
    let (_, page) = world.ebay(Method::GET, &format!("{all}&offset=2"), None).await;
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(5), &json!(2), &json!(2)));
    assert_eq!(page["orders"].as_array().unwrap().len(), 2);
    assert!(page["next"].as_str().unwrap().contains("offset=4"));
    assert!(page["prev"].as_str().unwrap().contains("offset=0"));
    assert!(world.ebay(Method::GET, &format!("{all}&offset=4"), None).await.1.get("next").is_none());

    let done = json!({ "lineItems": [{ "lineItemId": made[0].lines[0].id, "quantity": 1 }] });
    world.ebay(Method::POST, &format!("/order/{}/shipping_fulfillment", made[0].id), Some(&done)).await;
    assert_eq!(world.ebay(Method::GET, &all, None).await.1["total"], 4);
    for bad in ["filter=lastmodifieddate:soon", "filter=colour:{RED}", "limit=0", "limit=201", "offset=-1"] {
        assert_eq!(world.ebay(Method::GET, &format!("/order?{bad}"), None).await.0, 400, "{bad}");
    }
}
