//! What every endpoint does alike.

use crate::support::{api::Program, counter::Counter, portal::Portal, shop::Shop};
use serde_json::json;
use waybill::{
    accounts::{
        Role,
        tokens::{self, Scope},
    },
    clock,
};

#[tokio::test]
async fn only_a_token_that_lives_comes_in() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    program.get("/v1/fulfillments").await.ok();
    let good = program.token.clone();
    let mut cut = good.clone();
    cut.pop();
    for bad in ["", "wb_live_x", &cut, &good.replace("wb_live", "wb_test"), &format!("{good}0")] {
        program.token = bad.into();
        let reply = program.get("/v1/fulfillments").await.refused(401, "unauthenticated");
        assert!(reply.answer.header("www-authenticate").starts_with("Bearer"));
    }
    program.token = good;
    let token = tokens::list(&shop.db, shop.account).await.unwrap().remove(0);
    assert!(token.last_used_at.is_some());
    assert!(tokens::revoke(&shop.db, shop.account, token.id, clock::now()).await.unwrap());
    program.get("/v1/fulfillments").await.refused(401, "unauthenticated");
    assert!(!tokens::revoke(&shop.db, shop.account, token.id, clock::now()).await.unwrap());
}

#[tokio::test]
async fn a_token_ends_with_its_day_and_with_its_person() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    shop.sql("update api_tokens set expires_at = now() - interval '1 second'").await;
    program.get("/v1/fulfillments").await.refused(401, "unauthenticated");
    shop.sql("update api_tokens set expires_at = null").await;
    program.get("/v1/fulfillments").await.ok();
    shop.sql("update users set disabled_at = now()").await;
    program.get("/v1/fulfillments").await.refused(401, "unauthenticated");
    shop.sql("update users set disabled_at = null; delete from memberships").await;
    program.get("/v1/fulfillments").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn each_endpoint_wants_its_scope_and_names_it() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    for line in waybill::api::routes::LINES {
        let others: Vec<Scope> =
            Scope::ALL.iter().copied().filter(|s| *s != line.scope && Some(*s) != line.or).collect();
        let mut program = Program::with(&counter, &shop, Role::Admin, &others).await;
        let path = line.path.replace("{id}", "1");
        let reply = program.send(line.method, &path, &[], None).await.refused(403, "missing_scope");
        assert!(reply.json["detail"].as_str().unwrap().contains(line.scope.as_str()), "{path}");
    }
}

#[tokio::test]
async fn another_account_is_not_there() {
    let portal = Portal::open().await;
    let (own, other) = (&portal.own, &portal.other);
    let mut program =
        Program::of(portal.address, &portal.app.db, own.account, own.admin.id, Scope::ALL).await;
    let before = portal.snapshot().await;
    for line in waybill::api::routes::LINES.iter().filter(|l| l.path.contains("{id}")) {
        let kind = match line.path.split('/').nth(2).unwrap_or_default() {
            "orders" => "order",
            "channels" => "channel",
            "transaction-records" => "transaction_record",
            "fulfillments" => "shipment",
            // nothing of it is in that world: any number will do
            _ => "order",
        };
        let path = line.path.replace("{id}", &other.record(kind).to_string());
        let body = match line.id {
            "reship_order" => {
                json!({ "lines": [{ "order_line_id": other.record("order_line"), "quantity": 1 }] })
            }
            "add_hold" => json!({ "kind": "operator" }),
            "put_courier_mappings" => json!({ "data": [] }),
            "put_record" => json!({ "saleId": other.record("order"), "reference": "MINE" }),
            "start_bulk_operation" => json!({ "fingerprint": "x" }),
            _ => json!({}),
        };
        let body = (line.method != "GET").then(|| body.to_string());
        program.send(line.method, &path, &[], body).await.refused(404, "not_found");
    }
    let mut after = portal.snapshot().await;
    after.insert("api_tokens".into(), before["api_tokens"].clone());
    assert_eq!(before, after, "and nothing is written");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_name() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let wrong = [
        ("/v1/fulfillments?limt=5", "limt"),
        ("/v1/fulfillments?limit=0", "limit"),
        ("/v1/fulfillments?limit=201", "limit"),
        ("/v1/fulfillments?limit=x", "limit"),
        ("/v1/fulfillments?limit=5&limit=6", "limit"),
        ("/v1/fulfillments?cursor=nonsense", "cursor"),
    ];
    for (path, field) in wrong {
        let reply = program.get(path).await.refused(422, "invalid");
        assert!(reply.fields().contains(&field), "{path}: {}", reply.answer.body);
    }
    let path = format!("/v1/fulfillments/{id}/void");
    let unknown = program.post(&path, json!({ "reason": "Lost", "resaon": 1 })).await.refused(422, "invalid");
    assert!(unknown.answer.body.contains("resaon"), "{}", unknown.answer.body);
    let typed = program.post(&path, json!({ "reason": 5 })).await.refused(422, "invalid");
    assert_eq!(typed.fields(), ["reason"]);
    program.send("POST", &path, &[], Some("{".into())).await.refused(400, "malformed");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    program.send("POST", &path, &form, Some("a=b".into())).await.refused(415, "unsupported_media_type");
    program.send("POST", &path, &[], Some("x".repeat((1 << 20) + 1))).await.refused(413, "too_large");
    program.get("/v1/nothing").await.refused(404, "not_found");
    program.get("/v1/fulfillments/99999999999999999999").await.refused(404, "not_found");
    let method = program.send("PUT", &path, &[], Some("{}".into())).await.refused(405, "method_not_allowed");
    assert_eq!(method.answer.header("allow"), "POST");
    assert_eq!(shop.text(&format!("select status from shipments where id = {id}")).await, "pending_post");
}

#[tokio::test]
async fn the_same_key_is_the_same_act_and_the_first_answer() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = format!("/v1/fulfillments/{id}/void");
    let key = [("idempotency-key", "k-1")];
    let body = json!({ "reason": "Wrong item" }).to_string();
    let first = program.send("POST", &path, &key, Some(body.clone())).await;
    let again = program.send("POST", &path, &key, Some(body.clone())).await;
    assert_eq!((first.status, &first.json), (200, &again.json), "{}", again.answer.body);
    assert_eq!(shop.value("select count(*) from activities where verb = 'shipment_voided'").await, 1);
    let other = json!({ "reason": "Another reason" }).to_string();
    program.send("POST", &path, &key, Some(other)).await.refused(422, "idempotency_key_reused");
    // another token’s key is another key, and another key is another act
    let mut second = Program::over(&counter, &shop).await;
    second.send("POST", &path, &key, Some(body.clone())).await.refused(409, "action_unavailable");
    let fresh = program.send("POST", &path, &[("idempotency-key", "k-2")], Some(body)).await;
    fresh.refused(409, "action_unavailable");
}

#[tokio::test]
async fn many_at_once_with_one_key_act_once() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let program = Program::over(&counter, &shop).await;
    let path = format!("/v1/fulfillments/{id}/post");
    let calls = (0..8).map(|_| {
        let (mut program, path) = (program.clone(), path.clone());
        async move { program.send("POST", &path, &[("idempotency-key", "once")], None).await.status }
    });
    let statuses = futures_util::future::join_all(calls).await;
    assert!(statuses.contains(&200) && statuses.iter().all(|s| [200, 409].contains(s)), "{statuses:?}");
    assert_eq!(shop.value("select count(*) from posts").await, 1);
}

#[tokio::test]
async fn a_request_cut_off_by_a_crash_is_finished_by_its_repeat() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = format!("/v1/fulfillments/{id}/void");
    let (key, body) = ([("idempotency-key", "cut")], json!({ "reason": "Wrong item" }).to_string());
    let first = program.send("POST", &path, &key, Some(body.clone())).await.ok();
    // as a crash leaves it between the act and its answer
    shop.sql("update idempotency_keys set state = 'running', response = null where scope = 'api'").await;
    let early = program.send("POST", &path, &key, Some(body.clone())).await.refused(409, "still_running");
    assert!(!early.answer.header("retry-after").is_empty());
    shop.sql("update idempotency_keys set created_at = now() - interval '2 minutes' where scope = 'api'")
        .await;
    assert_eq!(program.send("POST", &path, &key, Some(body)).await.ok(), first);
    assert_eq!(shop.value("select count(*) from activities where verb = 'shipment_voided'").await, 1);
}

#[tokio::test]
async fn a_version_that_is_gone_changes_nothing() {
    let shop = Shop::open().await;
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let tag = program.get(&format!("/v1/fulfillments/{id}")).await.answer.header("etag").to_owned();
    let path = format!("/v1/fulfillments/{id}/shipping-details");
    let body = json!({ "courier": "dpd" }).to_string();
    for stale in ["\"999\"", "W/\"1\"", "nonsense"] {
        program.send("PATCH", &path, &[("if-match", stale)], Some(body.clone())).await.refused(412, "stale");
    }
    program.send("PATCH", &path, &[("if-match", &tag)], Some(body.clone())).await.ok();
    let late = program.send("PATCH", &path, &[("if-match", &tag)], Some(body.clone())).await;
    let late = late.refused(412, "stale");
    assert!(late.json["detail"].as_str().unwrap().contains("Stock sync"), "{}", late.answer.body);
    program.send("PATCH", &path, &[("if-match", "*")], Some(body)).await.ok();
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let shop = Shop::open().await;
    let counter = Counter::over_with(&shop, &["--api-rate=1"]);
    let mut program = Program::over(&counter, &shop).await;
    let first = program.get("/v1/fulfillments").await;
    assert_eq!(first.answer.header("ratelimit-policy"), "\"token\";q=5;w=5");
    assert!(
        first.answer.header("ratelimit").starts_with("\"token\";r=4"),
        "{}",
        first.answer.header("ratelimit")
    );
    let mut waits = 0;
    for _ in 0..8 {
        let reply = program.get("/v1/fulfillments").await;
        if reply.status == 429 {
            let reply = reply.refused(429, "too_many_requests");
            assert!(reply.answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            waits += 1;
        }
    }
    assert!(waits >= 2, "{waits} of 8");
    Program::over(&counter, &shop).await.get("/v1/fulfillments").await.ok();
}
