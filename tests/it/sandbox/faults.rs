//! Every fault: what the caller sees, and what really happened.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use waybill::sandbox::{Fault, FaultKind};

use super::support::{World, line, order, post_body, until, world};

fn set(world: &World, kind: FaultKind) {
    world.sandbox.set_fault(Fault::once("shipstation", "createorder", kind));
}

fn created(world: &World) -> usize {
    world.sandbox.ledger().iter().filter(|entry| entry.what == "created").count()
}

/// Sends one order; true if an answer came back whole.
async fn whole_answer(world: &World) -> bool {
    match world.create(&post_body("SHP-1", Some("k"), "SKU-1")).send().await {
        Ok(answer) => answer.bytes().await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn cuts_before_the_effect_leave_nothing_behind() {
    for kind in [FaultKind::Refuse, FaultKind::CutAfterRead] {
        let world = world().await;
        set(&world, kind);
        assert!(!whole_answer(&world).await, "{kind:?}");
        assert_eq!(created(&world), 0, "{kind:?}");
        assert!(whole_answer(&world).await, "{kind:?} struck twice");
        assert_eq!(created(&world), 1);
        let seen = world.sandbox.requests();
        assert_eq!(seen.iter().map(|one| one.fault).collect::<Vec<_>>(), [Some(kind), None]);
    }
}

#[tokio::test]
async fn cuts_after_the_effect_leave_an_order_behind() {
    for kind in [FaultKind::AcceptThenCut, FaultKind::CutHeaders, FaultKind::CutBody] {
        let world = world().await;
        set(&world, kind);
        assert!(!whole_answer(&world).await, "{kind:?}");
        assert_eq!(created(&world), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_cut_body_still_shows_its_status() {
    let world = world().await;
    world.sandbox.set_fault(Fault::once("*", "*", FaultKind::CutBody).after_bytes(10));
    let answer = world.create(&post_body("SHP-1", Some("k"), "SKU-1")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn bytes_are_counted_on_the_wire() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (kind, after, ends) in [
        (FaultKind::CutHeaders, Some(5), "HTTP/"),
        (FaultKind::CutHeaders, None, "HTTP/1.1 200"),
        (FaultKind::CutBody, Some(3), "\r\n\r\n[{\""),
        (FaultKind::AcceptThenCut, None, ""),
    ] {
        let world = world().await;
        world
            .sandbox
            .set_fault(Fault { after_bytes: after, ..Fault::once("shipstation", "liststores", kind) });
        let mut socket = tokio::net::TcpStream::connect(world.sandbox.address()).await.unwrap();
        let ask = "GET /shipstation/stores HTTP/1.1\r\nhost: x\r\nauthorization: Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=\r\n\r\n";
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        socket.read_to_end(&mut got).await.unwrap();
        let got = String::from_utf8(got).unwrap();
        assert!(got.ends_with(ends) && (kind == FaultKind::CutBody || got == ends), "{kind:?}: {got:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_reset_before_its_body_is_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = world().await;
    set(&world, FaultKind::Refuse);
    let mut socket = tokio::net::TcpStream::connect(world.sandbox.address()).await.unwrap();
    let head = "POST /shipstation/orders/createorder HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let error = socket.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn statuses_come_with_or_without_the_effect() {
    let cases = [
        (FaultKind::Unauthorized, 401, 0),
        (FaultKind::RateLimited, 429, 0),
        (FaultKind::ServerError, 500, 0),
        (FaultKind::Unavailable, 503, 0),
        (FaultKind::ErrorAfterCreate, 500, 1),
        (FaultKind::Garbage, 200, 1),
    ];
    for (kind, status, effect) in cases {
        let world = world().await;
        set(&world, kind);
        let answer = world.create(&post_body("SHP-1", Some("k"), "SKU-1")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{kind:?}");
        assert_eq!(answer.headers().contains_key("retry-after"), kind == FaultKind::RateLimited);
        let body = answer.bytes().await.unwrap();
        assert!(kind != FaultKind::Garbage || serde_json::from_slice::<Value>(&body).is_err());
        assert_eq!(created(&world), effect, "{kind:?}");
    }
}

#[tokio::test]
async fn a_hang_ends_in_nothing() {
    let world = world().await;
    world.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::Hang).delay_ms(80));
    let start = Instant::now();
    assert!(!whole_answer(&world).await);
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert_eq!(created(&world), 0);
}

#[tokio::test]
async fn a_late_effect_happens_even_if_nobody_waits() {
    let world = world().await;
    world
        .sandbox
        .set_fault(Fault::once("shipstation", "createorder", FaultKind::HangThenCreate).delay_ms(150));
    let request = world.create(&post_body("SHP-1", Some("k"), "SKU-1")).timeout(Duration::from_millis(40));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(created(&world), 0);
    until(|| created(&world) == 1).await;
}

#[tokio::test]
async fn faults_choose_their_requests() {
    let world = world().await;
    world.sandbox.set_fault(Fault::once("ebay", "*", FaultKind::ServerError).times(0));
    world.sandbox.set_fault(Fault::once("shipstation", "getorder", FaultKind::ServerError));
    world.sandbox.set_fault(
        Fault::once("shipstation", "createorder", FaultKind::Respond)
            .matching("SHP-2")
            .status(422)
            .body(json!({ "Message": "no" })),
    );
    assert_eq!(world.post(&post_body("SHP-1", None, "SKU-1")).await.0, 200);
    let (status, body) = world.post(&post_body("SHP-2", None, "SKU-1")).await;
    assert_eq!((status, &body["Message"]), (422, &json!("no")));
    assert_eq!(world.post(&post_body("SHP-2", None, "SKU-1")).await.0, 200);
    for _ in 0..3 {
        let (status, body) = world.ebay(Method::GET, "/order", None).await;
        assert_eq!((status, &body["errors"][0]["errorId"]), (500, &json!(30500)));
    }
    assert_eq!(world.sandbox.faults().len(), 2);
    world.sandbox.clear_faults();
    assert_eq!(world.ebay(Method::GET, "/order", None).await.0, 200);
}

#[tokio::test]
async fn shopify_throttles_in_its_own_words() {
    let world = world().await;
    world.seed(order(vec![line("SKU-1", 1, "1")]));
    let fault = json!({ "vendor": "shopify", "operation": "shop", "fault": "rate_limited", "times": 2, "retry_after": 3 });
    assert_eq!(world.helper(Method::POST, "/_sandbox/faults", Some(fault)).await.0, 201);
    let body = world.graphql("demo", "{ shop { name } }", json!({})).await;
    assert_eq!(body["errors"][0]["extensions"]["code"], "THROTTLED");
    world.sandbox.clear_faults();
    world.sandbox.set_fault(Fault::once("shopify", "shop", FaultKind::RateLimited).status(429));
    assert_eq!(world.graphql_with("demo", "{ shop { name } }", json!({})).await.0, 429);
    world.sandbox.set_fault(Fault::once("shopify", "*", FaultKind::Unauthorized));
    assert_eq!(world.graphql_with("demo", "{ shop { name } }", json!({})).await.0, 401);
}

#[tokio::test]
async fn an_accepted_fulfillment_with_no_answer_stands_in_the_ledger() {
    let world = world().await;
    let order = world.seed(order(vec![line("SKU-1", 1, "1")]));
    world.sandbox.set_fault(Fault::once("shopify", "fulfillmentCreate", FaultKind::AcceptThenCut));
    let body = json!({ "query": "mutation($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){ userErrors{ message } } }",
        "variables": { "f": { "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": order.fulfillment_orders[0] }] } } });
    let url = format!("{}/admin/api/2026-07/graphql.json", world.sandbox.shopify_base("demo"));
    let request =
        world.http.post(url).header("x-shopify-access-token", "shpat_sandbox_demo").body(body.to_string());
    assert!(request.send().await.is_err());
    let (_, ledger) = world.helper(Method::GET, "/_sandbox/ledger?vendor=shopify", None).await;
    assert_eq!(ledger["entries"][0]["what"], "fulfilled");
    assert_eq!(ledger["most_live_for_one_reference"], 1);
}

#[tokio::test]
async fn faults_are_listed_and_taken_away_over_http() {
    let world = world().await;
    for bad in [
        json!({ "fault": "explode" }),
        json!({ "fault": "hang", "vendor": "shipstaton" }),
        json!({ "fault": "hang", "time": 1 }),
    ] {
        assert_eq!(world.helper(Method::POST, "/_sandbox/faults", Some(bad)).await.0, 422);
    }
    let (_, made) =
        world.helper(Method::POST, "/_sandbox/faults", Some(json!({ "fault": "hang", "match": "x" }))).await;
    let (_, list) = world.helper(Method::GET, "/_sandbox/faults", None).await;
    assert_eq!(list["faults"][0]["id"], made["id"]);
    assert_eq!(list["faults"][0]["match"], "x");
    assert_eq!(world.helper(Method::DELETE, &format!("/_sandbox/faults/{}", made["id"]), None).await.0, 204);
    assert!(world.sandbox.faults().is_empty());
}

#[tokio::test]
async fn in_the_dark_connecting_is_refused() {
    let world = world().await;
    assert_eq!(world.ship_get("/stores").await.0, 200);
    world.sandbox.go_dark().await;
    let error = world.shipstation(Method::GET, "/stores").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    world.sandbox.come_back().await;
    assert_eq!(world.ship_get("/stores").await.0, 200);
}

#[tokio::test]
async fn a_person_finds_a_page() {
    let world = world().await;
    let page = world.http.get(world.sandbox.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("/_sandbox/ledger"));
    assert_eq!(world.helper(Method::GET, "/nowhere", None).await.0, 404);
}
