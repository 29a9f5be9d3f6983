//! ShipStation: the lock on the door, upsert by key, refusals, lists, the rate limit.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::json;
use waybill::sandbox::{Refusal, SandboxOptions, Ship, ShipLine};

use super::support::{json_of, post_body, world, world_with};

#[tokio::test]
async fn a_wrong_secret_is_401() {
    let world = world().await;
    let url = format!("{}/stores", world.sandbox.shipstation_base());
    let answer = world.http.get(&url).basic_auth("sandbox-key", Some("wrong")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(world.ship_get("/stores").await.0, 200);
    assert_eq!(world.ship_get("/carriers").await.0, 200);
}

#[tokio::test]
async fn the_same_key_is_the_same_order_and_no_key_is_always_a_new_one() {
    let world = world().await;
    let (status, first) = world.post(&post_body("SHP-1", Some("key-1"), "SKU-1")).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["orderStatus"], "awaiting_shipment");
    assert_eq!(first["orderTotal"], 19.98);
    assert_eq!(first["orderDate"], "2026-11-20T07:00:00.0000000");
    assert!(first["items"][0]["orderItemId"].is_u64());
    let (_, again) = world.post(&post_body("SHP-1", Some("key-1"), "SKU-2")).await;
    assert_eq!(again["orderId"], first["orderId"]);
    assert_eq!(again["items"][0]["sku"], "SKU-2");
    let what: Vec<String> = world.sandbox.ledger().into_iter().map(|entry| entry.what).collect();
    assert_eq!(what, ["created", "updated"]);

    let (_, one) = world.post(&post_body("SHP-2", None, "SKU-1")).await;
    let (_, two) = world.post(&post_body("SHP-2", None, "SKU-1")).await;
    assert_ne!(one["orderId"], two["orderId"]);
    let live = world.sandbox.live();
    assert_eq!(live.iter().find(|one| one.reference == "SHP-2").unwrap().count, 2);
}

#[tokio::test]
async fn a_bad_order_is_refused_field_by_field() {
    let world = world().await;
    let (status, body) = world.post(&json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(body["Message"], "The request is invalid.");
    let fields = body["ModelState"].as_object().unwrap();
    for field in ["orderNumber", "orderDate", "orderStatus", "billTo", "shipTo"] {
        assert!(fields.contains_key(&format!("apiOrder.{field}")), "{field}: {body}");
    }
    let mut order = post_body("SHP-1", Some("k"), "SKU-1");
    order["shipTo"]["postalCode"] = json!("");
    let (status, body) = world.post(&order).await;
    assert_eq!(status, 400);
    assert_eq!(body["ModelState"]["apiOrder.shipTo.postalCode"][0], "The Postal Code field is required.");
    for (field, bad) in [("orderDate", "yesterday"), ("orderStatus", "open")] {
        let mut order = post_body("SHP-1", Some("k"), "SKU-1");
        order[field] = json!(bad);
        assert_eq!(world.post(&order).await.0, 400, "{field}");
    }
    assert!(world.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn a_refused_sku_is_named() {
    let world = world().await;
    world.sandbox.refuse_sku("SKU-X", None).unwrap();
    let (status, body) = world.post(&post_body("SHP-1", Some("k"), "SKU-X")).await;
    assert_eq!(status, 400);
    assert!(body["Message"].as_str().unwrap().contains("SKU-X"), "{body}");
    world.sandbox.accept_sku("SKU-X").unwrap();
    assert_eq!(world.post(&post_body("SHP-1", Some("k"), "SKU-X")).await.0, 200);
}

#[tokio::test]
async fn cancelled_and_shipped_orders_keep_their_status() {
    let world = world().await;
    let (_, order) = world.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    let mut cancel = post_body("SHP-1", Some("k"), "SKU-1");
    cancel["orderStatus"] = json!("cancelled");
    assert_eq!(world.post(&cancel).await.1["orderStatus"], "cancelled");
    let (status, after) = world.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    assert_eq!((status, &after["orderStatus"]), (200, &json!("cancelled")));
    assert_eq!(after["orderId"], order["orderId"]);
    assert!(world.sandbox.live().is_empty());

    let (_, order) = world.post(&post_body("SHP-2", Some("k2"), "SKU-1")).await;
    let id = order["orderId"].as_u64().unwrap();
    let ship = Ship { carrier_code: "fedex".into(), tracking_number: "7712".into(), ..Ship::default() };
    world.sandbox.ship(id, ship.clone()).unwrap();
    let mut cancel = post_body("SHP-2", Some("k2"), "SKU-1");
    cancel["orderStatus"] = json!("cancelled");
    assert_eq!(world.post(&cancel).await.1["orderStatus"], "shipped");
    let Err(Refusal { status: 409, .. }) = world.sandbox.ship(id, ship) else { panic!("shipped twice") };
}

#[tokio::test]
async fn shipments_and_fulfillments_are_listed_apart() {
    let world = world().await;
    let (_, order) = world.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    let id = order["orderId"].as_u64().unwrap();
    let parcel = Ship {
        carrier_code: "ups".into(),
        tracking_number: "1Z1".into(),
        items: vec![ShipLine { sku: "SKU-1".into(), quantity: 1 }],
        partial: true,
        ..Ship::default()
    };
    world.sandbox.ship(id, parcel).unwrap();
    assert_eq!(world.ship_get(&format!("/orders/{id}")).await.1["orderStatus"], "awaiting_shipment");
    let body = json!({ "carrierCode": "other", "trackingNumber": "H00", "withoutLabel": true });
    let path = format!("/_sandbox/shipstation/orders/{id}/ship");
    assert_eq!(world.helper(Method::POST, &path, Some(body)).await.0, 200);
    assert_eq!(world.ship_get(&format!("/orders/{id}")).await.1["orderStatus"], "shipped");

    let (_, list) = world.ship_get(&format!("/shipments?orderId={id}&includeShipmentItems=true")).await;
    assert_eq!(list["total"], 1);
    assert_eq!(list["shipments"][0]["trackingNumber"], "1Z1");
    assert_eq!(list["shipments"][0]["shipmentItems"][0]["quantity"], 1);
    let (_, list) = world.ship_get("/fulfillments?orderNumber=SHP-1").await;
    assert_eq!(list["fulfillments"][0]["trackingNumber"], "H00");
    assert_eq!(world.ship_get("/shipments?orderNumber=SHP-9").await.1["total"], 0);

    let void = json!({ "shipmentId": world.ship_get("/shipments").await.1["shipments"][0]["shipmentId"] });
    let request = world.shipstation(Method::POST, "/shipments/voidlabel").body(void.to_string());
    let (_, answer) = json_of(request.send().await.unwrap()).await;
    assert_eq!(answer["approved"], true);
}

#[tokio::test]
async fn orders_are_found_by_the_start_of_their_number_and_paged() {
    let world = world().await;
    for n in 0..5 {
        world.post(&post_body(&format!("SHP-{n}"), Some(&format!("k{n}")), "SKU-1")).await;
    }
    world.post(&post_body("OTHER-1", Some("o"), "SKU-1")).await;
    let (_, list) = world.ship_get("/orders?orderNumber=SHP-&pageSize=2&page=3").await;
    assert_eq!((&list["total"], &list["page"], &list["pages"]), (&json!(5), &json!(3), &json!(3)));
    assert_eq!(list["orders"].as_array().unwrap().len(), 1);
    assert_eq!(world.ship_get("/orders?orderStatus=shipped").await.1["total"], 0);
    assert_eq!(world.ship_get("/orders?modifyDateStart=soon").await.0, 400);
    assert_eq!(world.ship_get("/orders?modifyDateStart=2030-01-01").await.1["total"], 0);
    assert_eq!(world.ship_get("/orders/1").await.0, 404);
}

#[tokio::test]
async fn a_deleted_order_is_gone_and_held_ones_wait() {
    let world = world().await;
    let (_, order) = world.post(&post_body("SHP-1", Some("k"), "SKU-1")).await;
    let id = order["orderId"].as_u64().unwrap();
    let hold = json!({ "orderId": id, "holdUntilDate": "2026-12-01" }).to_string();
    let held = world.shipstation(Method::POST, "/orders/holduntil").body(hold).send().await.unwrap();
    assert_eq!(held.status(), 200);
    assert_eq!(world.ship_get(&format!("/orders/{id}")).await.1["orderStatus"], "on_hold");
    let gone = world.shipstation(Method::DELETE, &format!("/orders/{id}")).send().await.unwrap();
    assert_eq!(json_of(gone).await.1["success"], true);
    assert_eq!(world.ship_get(&format!("/orders/{id}")).await.0, 404);
    assert_eq!(world.ship_get("/orders?orderNumber=SHP-1").await.1["total"], 0);
    assert!(world.sandbox.live().is_empty());
    assert!(world.sandbox.shipstation_order(id).is_some());
}

#[tokio::test]
async fn the_minute_has_its_limit() {
    let time = Arc::new(Mutex::new("2026-11-20T07:00:00Z".parse::<DateTime<Utc>>().unwrap()));
    let hands = Arc::clone(&time);
    let options = SandboxOptions {
        shipstation_per_minute: 2,
        clock: Arc::new(move || *hands.lock().unwrap()),
        ..SandboxOptions::default()
    };
    let world = world_with(options).await;
    for left in ["1", "0"] {
        let answer = world.shipstation(Method::GET, "/stores").send().await.unwrap();
        assert_eq!(answer.headers()["x-rate-limit-limit"], "2");
        assert_eq!(answer.headers()["x-rate-limit-remaining"], left);
    }
    let answer = world.shipstation(Method::GET, "/stores").send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-rate-limit-reset"], "60");
    *time.lock().unwrap() += Duration::seconds(60);
    assert_eq!(world.ship_get("/stores").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_with_one_key_are_one_order() {
    let world = world().await;
    let body = post_body("SHP-1", Some("k"), "SKU-1");
    let answers = futures_util::future::join_all((0..50).map(|_| world.post(&body))).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let live = world.sandbox.live();
    assert_eq!((live.len(), live[0].count), (1, 1));
    let created = world.sandbox.ledger().into_iter().filter(|entry| entry.what == "created");
    assert_eq!(created.count(), 1);
}
