//! The generic warehouse: its doors, its classes, its strictness, its journal.

use reqwest::Method;
use serde_json::{Value, json};
use waybill::sandbox::{GenericClass, GenericOptions, SandboxOptions};

use super::support::{World, json_of, world, world_with};

fn body(reference: &str) -> Value {
    json!({
        "reference": reference, "number": reference, "order_number": null, "currency": "EUR",
        "placed_at": "2026-11-20T07:00:00Z", "shipping_method": null,
        "ship_to": { "name": "Jane Doe", "line1": "1 Main St", "city": "Austin", "country": "US" },
        "items": [{ "key": "1", "sku": "SKU-1", "name": "Widget", "quantity": 2, "unit_price": "9.99" }],
    })
}

async fn ask(world: &World, method: Method, path: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
    let url = format!("{}{path}", world.sandbox.generic_base("acme"));
    let mut request = world.http.request(method, url).bearer_auth("sandbox-generic-token");
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    json_of(request.send().await.unwrap()).await
}

async fn post(world: &World, key: &str, body: &Value) -> (u16, Value) {
    ask(world, Method::POST, "/shipments", key, Some(body)).await
}

async fn open(class: &str) -> World {
    let world = world().await;
    let (status, _) =
        world.helper(Method::PUT, "/_sandbox/generic/acme", Some(json!({ "class": class }))).await;
    assert_eq!(status, 200);
    world
}

fn count(world: &World) -> usize {
    world.sandbox.live().iter().map(|one| one.count).sum()
}

#[tokio::test]
async fn a_key_gets_the_first_answer_again() {
    let world = open("key").await;
    let (status, first) = post(&world, "k", &body("R-1")).await;
    assert_eq!((status, &first["status"], &first["id"]), (201, &json!("received"), &json!("acme-1001")));
    world.sandbox.set_generic_status("acme", "acme-1001", "picking").unwrap();
    assert_eq!(post(&world, "k", &body("R-1")).await, (201, first), "as it was answered then");
    let (status, answer) = post(&world, "k", &body("R-2")).await;
    assert_eq!((status, &answer["error"]["code"]), (422, &json!("invalid")));
    assert_eq!(count(&world), 1);
    for _ in 0..2 {
        assert_eq!(post(&world, "", &body("R-1")).await.0, 201);
    }
    assert_eq!(count(&world), 3);
}

#[tokio::test]
async fn a_reference_is_taken_once_in_the_second_class() {
    let world = open("own_id").await;
    let first = post(&world, "", &body("R-1")).await.1;
    let (status, answer) = post(&world, "other", &body("R-1")).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("conflict")));
    assert_eq!(answer["error"]["existing"], first);
    assert_eq!(post(&world, "other", &body("R-2")).await.0, 201, "keys are nothing here");
    assert_eq!(count(&world), 2);
}

#[tokio::test]
async fn the_others_take_a_reference_as_often_as_it_comes() {
    for (class, listed) in [("searchable", true), ("nothing", false)] {
        let world = open(class).await;
        for _ in 0..2 {
            assert_eq!(post(&world, "k", &body("R-1")).await.0, 201);
        }
        assert_eq!(world.sandbox.live()[0].count, 2);
        let (status, list) = ask(&world, Method::GET, "/shipments?reference=R-1", "", None).await;
        let one = ask(&world, Method::GET, "/shipments/acme-1001", "", None).await.0;
        if listed {
            assert_eq!((status, one, list["shipments"].as_array().unwrap().len()), (200, 200, 2));
            assert_eq!(ask(&world, Method::GET, "/shipments", "", None).await.0, 422);
            let (_, none) = ask(&world, Method::GET, "/shipments?reference=R", "", None).await;
            assert_eq!(none, json!({ "shipments": [] }));
        } else {
            assert_eq!((status, one, &list["error"]["code"]), (404, 404, &json!("not_found")));
        }
    }
}

#[tokio::test]
async fn it_takes_nothing_but_the_contract() {
    let world = open("searchable").await;
    let bent = |change: fn(&mut Value)| {
        let mut one = body("R-1");
        change(&mut one);
        one
    };
    let table: [(Value, &str); 9] = [
        (bent(|one| one["reference"] = json!(" ")), "reference"),
        (bent(|one| one["placed_at"] = json!("yesterday")), "placed_at"),
        (bent(|one| one["currency"] = json!("euro")), "currency"),
        (bent(|one| one["ship_to"]["country"] = json!("us")), "ship_to.country"),
        (bent(|one| one["ship_to"]["name"] = Value::Null), "ship_to.name"),
        (bent(|one| one["items"] = json!([])), "items"),
        (bent(|one| one["items"][0]["quantity"] = json!(0)), "items[0].quantity"),
        (bent(|one| one["items"][0]["unit_price"] = json!(9.99)), "items[0].unit_price"),
        (bent(|one| one["note"] = json!("hello")), "note"),
    ];
    for (one, field) in table {
        let (status, answer) = post(&world, "", &one).await;
        assert_eq!(status, 422, "{field}");
        assert!(answer["error"]["fields"][field].is_string(), "{field}: {answer}");
    }
    let stranger = world.http.get(format!("{}/shipments/x", world.sandbox.generic_base("acme")));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let elsewhere = world.http.get(format!("{}/shipments/x", world.sandbox.generic_base("other")));
    assert_eq!(elsewhere.send().await.unwrap().status(), 404);
    let wrong = world.helper(Method::PUT, "/_sandbox/generic/A%20b", Some(json!({}))).await;
    assert_eq!(wrong.0, 422);
    assert_eq!(count(&world), 0);
}

#[tokio::test]
async fn what_has_left_cannot_be_canceled() {
    let world = open("searchable").await;
    for _ in 0..2 {
        post(&world, "", &body("R-1")).await;
    }
    let ship =
        json!({ "carrier": "DHL", "tracking_number": "JD01", "cost": ["6.40", "EUR"], "partial": true });
    let path = "/_sandbox/generic/acme/shipments/acme-1001/ship";
    let (status, order) = world.helper(Method::POST, path, Some(ship)).await;
    assert_eq!((status, &order["status"]), (200, &json!("picking")));
    let rest =
        json!({ "carrier": "DHL", "tracking_number": "JD02", "items": [{ "sku": "SKU-1", "quantity": 1 }] });
    let (_, order) = world.helper(Method::POST, path, Some(rest.clone())).await;
    assert_eq!(
        (&order["status"], &order["packages"][1]["items"][0]["quantity"]),
        (&json!("shipped"), &json!(1))
    );
    assert_eq!(world.helper(Method::POST, path, Some(rest)).await.0, 409);
    let cancel = "/shipments/acme-1001/cancel";
    let (status, answer) = ask(&world, Method::POST, cancel, "", Some(&json!({}))).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("too_late")));
    for _ in 0..2 {
        let (status, order) =
            ask(&world, Method::POST, "/shipments/acme-1002/cancel", "", Some(&json!({}))).await;
        assert_eq!((status, &order["status"]), (200, &json!("canceled")));
    }
    assert_eq!(ask(&world, Method::PUT, "/shipments/acme-1002", "", Some(&body("R-1"))).await.0, 409);
    assert_eq!(ask(&world, Method::POST, "/shipments/x/cancel", "", Some(&json!({}))).await.0, 404);
    let told: Vec<_> = world.sandbox.ledger().into_iter().map(|one| (one.operation, one.what)).collect();
    let told: Vec<_> = told.iter().map(|(operation, what)| (operation.as_str(), what.as_str())).collect();
    assert_eq!(
        told,
        [
            ("createshipment", "created"),
            ("createshipment", "created"),
            ("warehouse", "shipped"),
            ("warehouse", "shipped"),
            ("cancelshipment", "canceled"),
        ]
    );
    let live = world.sandbox.live();
    assert_eq!((live.len(), live[0].key.as_deref(), live[0].count), (1, Some("acme"), 1));
    let fault = json!({ "vendor": "generic", "operation": "getshipment", "fault": "server_error" });
    assert_eq!(world.helper(Method::POST, "/_sandbox/faults", Some(fault)).await.0, 201);
    assert_eq!(ask(&world, Method::GET, "/shipments/acme-1001", "", None).await.0, 500);
    assert_eq!(ask(&world, Method::GET, "/shipments/acme-1001", "", None).await.0, 200);
}

#[tokio::test]
async fn a_restart_keeps_orders_and_keys() {
    let path = std::env::temp_dir().join(format!("waybill-sandbox-{}-generic.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let options = SandboxOptions { journal: Some(path.clone()), ..SandboxOptions::default() };
    let before = world_with(options.clone()).await;
    let class = GenericOptions { class: GenericClass::Key, ..GenericOptions::default() };
    before.sandbox.add_generic("acme", class).unwrap();
    let first = post(&before, "k", &body("R-1")).await;
    assert_eq!(post(&before, "k", &body("R-1")).await, first);
    post(&before, "l", &body("R-2")).await;
    before.sandbox.cancel_at_generic("acme", "acme-1002").unwrap();
    let ledger = before.sandbox.ledger();
    before.sandbox.stop().await;

    let after = world_with(options).await;
    assert_eq!(after.sandbox.ledger(), ledger);
    assert_eq!(post(&after, "k", &body("R-1")).await, first);
    assert_eq!(after.sandbox.generic_order("acme", "acme-1002").unwrap()["status"], "canceled");
    assert_eq!(post(&after, "m", &body("R-3")).await.1["id"], "acme-1003");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_with_one_key_are_one_order() {
    let world = open("key").await;
    let one = body("R-1");
    let answers = futures_util::future::join_all((0..20).map(|_| post(&world, "k", &one))).await;
    assert!(answers.iter().all(|(status, _)| *status == 201));
    assert_eq!(count(&world), 1);
}
