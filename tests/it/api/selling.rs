//! Orders, bulk operations, courier mappings and transaction records by the API.

use crate::support::{api::Program, counter::Counter, shop::Shop};
use serde_json::{Value, json};
use waybill::{
    accounts::{Role, tokens::Scope},
    actions::NoInput,
    shipments::{Status, post::Post},
};

fn new_order(shop: &Shop) -> Value {
    json!({
        "channel_id": shop.shopify, "channel_reference": "W-1", "customer_name": "Ada Lovelace",
        "email": "ada@example.com", "payment_status": "paid", "currency": "EUR", "shipping": "4.95",
        "ship_to": { "name": "Ada Lovelace", "line1": "Main Street 1", "city": "Ghent", "postal_code": "9000", "country": "BE" },
        "lines": [{ "channel_line_id": "1", "sku": "KTL", "name": "Kettle", "quantity": 2, "price": "19.95" }]
    })
}

// proves S3: Create and list orders
#[tokio::test]
async fn an_order_is_taken_in_once_and_planned() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let made = program.post("/v1/orders", new_order(&shop)).await;
    assert_eq!(made.status, 201, "{}", made.answer.body);
    let order = made.json;
    assert_eq!((order["number"].as_str(), order["total"]["amount"].as_str()), (Some("W-1"), Some("44.85")));
    let again = program.post("/v1/orders", new_order(&shop)).await;
    assert_eq!((again.status, &again.json["id"]), (200, &order["id"]));
    shop.run().await;
    let id = order["id"].as_i64().unwrap();
    let read = program.get(&format!("/v1/orders/{id}")).await.ok();
    assert_eq!(read["fulfillments"].as_array().unwrap().len(), 1);
    assert_eq!(read["lines"][0]["price"]["amount"], "19.95");
    assert_eq!(read["ship_address"]["city"], "Ghent");
    let listed = program.get("/v1/orders").await.ok();
    assert_eq!(listed["data"][0]["id"], id);

    let mut wrong = new_order(&shop);
    wrong["currency"] = json!("eur");
    wrong["channel_id"] = json!(999);
    wrong["lines"][0]["quantity"] = json!(0);
    wrong["lines"][0]["price"] = json!("1,5x");
    wrong["ship_to"]["country"] = json!("Belgium");
    let refused = program.post("/v1/orders", wrong).await.refused(422, "invalid");
    for field in ["currency", "channel_id", "lines[0].quantity", "lines[0].price", "ship_to.country"] {
        assert!(refused.fields().contains(&field), "{field}: {}", refused.answer.body);
    }
    assert_eq!(shop.value("select count(*) from orders").await, 1);
}

// proves S1: Reship an order
// proves S3: Resend Fulfillments
#[tokio::test]
async fn an_order_is_held_and_reshipped() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 100).await;
    let (order, id) = shop.order(shop.shopify, &[("A", 2)]).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let read = program.get(&format!("/v1/orders/{order}")).await.ok();
    let line = read["lines"][0]["id"].as_i64().unwrap();
    let path = format!("/v1/orders/{order}/reship");
    let body = json!({ "lines": [{ "order_line_id": line, "quantity": 1 }], "add_back": true, "operator_hold": true, "reason": "Lost" });
    let done = program.post(&path, body.clone()).await.ok();
    assert_eq!(done["changed"], true);
    let read = program.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!(read["fulfillments"].as_array().unwrap().len(), 2);
    assert_eq!(
        (read["on_hold"].as_bool(), read["holds"][0]["kind"].as_str()),
        (Some(true), Some("operator"))
    );
    assert_eq!(shop.shipment(id).await.shipment.status, Status::PendingPost, "the original is untouched");
    let wrong = json!({ "lines": [{ "order_line_id": line, "quantity": 0 }] });
    let refused = program.post(&path, wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.answer.body);
    let holds = format!("/v1/orders/{order}/holds");
    program.send("DELETE", &format!("{holds}?kind=operator"), &[], None).await.ok();
    program
        .post(&holds, json!({ "kind": "fraud", "reason": "Odd", "until": "2030-01-01T00:00:00Z" }))
        .await
        .refused(422, "invalid");
    program.post(&holds, json!({ "kind": "fraud", "reason": "Odd" })).await.ok();
    program.send("DELETE", &holds, &[], None).await.ok();
    assert_eq!(program.get(&format!("/v1/orders/{order}")).await.ok()["on_hold"], false);
    program
        .post(&format!("/v1/orders/{order}/resend-fulfillments"), json!({}))
        .await
        .refused(409, "action_unavailable");
}

// proves S1: Reship multiple orders (bulk)
#[tokio::test]
async fn many_are_looked_at_then_done_and_taken_back() {
    let shop = Shop::open().await;
    let made = shop.orders(shop.shopify, 3).await;
    shop.act::<Post>(made[0].0, NoInput {}).await.unwrap();
    shop.run().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let orders: Vec<i64> = {
        let page = program.get("/v1/orders").await.ok();
        page["data"].as_array().unwrap().iter().map(|o| o["id"].as_i64().unwrap()).collect()
    };
    let mut body = json!({
        "resource": "orders", "action": "reship_orders", "selection": { "ids": orders },
        "options": { "add_back": false, "hold": false, "reason": "Lost" }, "dry_run": true
    });
    let looked = program.post("/v1/bulk-operations", body.clone()).await;
    assert_eq!(looked.status, 202, "{}", looked.answer.body);
    let looked = looked.json;
    assert_eq!(
        (looked["state"].as_str(), looked["counts"]["waiting"].as_i64()),
        (Some("previewed"), Some(3))
    );
    assert!(!looked["effects"].as_array().unwrap().is_empty());
    assert_eq!(shop.value("select count(*) from shipments").await, 3, "only looked at");
    let id = looked["id"].as_i64().unwrap();
    let start = format!("/v1/bulk-operations/{id}/start");
    program.post(&start, json!({ "fingerprint": "wrong" })).await.refused(409, "stale_preview");
    program.post(&start, json!({ "fingerprint": looked["fingerprint"] })).await.ok();
    shop.run().await;
    let done = program.get(&format!("/v1/bulk-operations/{id}")).await.ok();
    assert_eq!((done["state"].as_str(), done["counts"]["done"].as_i64()), (Some("finished"), Some(3)));
    assert_eq!(shop.value("select count(*) from shipments").await, 6);
    let by = "select distinct actor_name from activities where verb = 'order_reshipped'";
    assert!(!shop.text(by).await.is_empty());
    let rows = program.get(&format!("/v1/bulk-operations/{id}/rows?outcome=done&limit=2")).await.ok();
    assert_eq!(rows["data"].as_array().unwrap().len(), 2);
    let after = rows["next_after"].as_i64().unwrap();
    let rows = program.get(&format!("/v1/bulk-operations/{id}/rows?after={after}")).await.ok();
    assert_eq!((rows["data"].as_array().unwrap().len(), rows["next_after"].is_null()), (1, true));
    let undo = program.post(&format!("/v1/bulk-operations/{id}/undo"), json!({})).await.ok();
    assert_eq!((undo["undo_of"].as_i64(), undo["state"].as_str()), (Some(id), Some("previewed")));

    // without a dry run it is begun at once, unless another number matches
    body["dry_run"] = json!(false);
    body["selection"] = json!({ "filter_groups": { "conjunction": "and" }, "expected_count": 2 });
    program.post("/v1/bulk-operations", body.clone()).await.refused(409, "stale_preview");
    body["selection"]["expected_count"] = json!(3);
    let begun = program.post("/v1/bulk-operations", body.clone()).await.ok();
    assert_eq!(begun["state"], "running");
    let id = begun["id"].as_i64().unwrap();
    for (steer, state) in [("pause", "paused"), ("resume", "running"), ("cancel", "canceled")] {
        let reply = program.post(&format!("/v1/bulk-operations/{id}/{steer}"), json!({})).await.ok();
        assert_eq!(reply["state"], state);
    }
    program.post(&format!("/v1/bulk-operations/{id}/retry-failed"), json!({})).await.refused(422, "invalid");
    for (field, value) in [("action", json!("nonsense")), ("selection", json!({}))] {
        let mut wrong = body.clone();
        wrong[field] = value;
        let refused = program.post("/v1/bulk-operations", wrong).await.refused(422, "invalid");
        assert_eq!(refused.fields(), [field]);
    }
    let reads: Vec<Scope> = Scope::ALL.iter().copied().filter(|s| *s != Scope::OrdersWrite).collect();
    let mut reader = Program::with(&counter, &shop, Role::Admin, &reads).await;
    reader.post("/v1/bulk-operations", body).await.refused(403, "missing_scope");
}

// proves S3: Courier Mappings
// proves S3: Transaction Records
#[tokio::test]
async fn couriers_are_mapped_and_what_was_sent_is_read() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let path = format!("/v1/channels/{}/courier-mappings", shop.ebay);
    let two = json!({ "data": [{ "courier": "dpd_be", "custom_name": "DPD" }, { "courier": "UPS", "custom_name": "UPS", "custom_code": "ups" }] });
    let put = program.send("PUT", &path, &[], Some(two.to_string())).await.ok();
    assert_eq!(put["data"].as_array().unwrap().len(), 2);
    let one = json!({ "data": [{ "courier": "dpd_be", "custom_name": "DPD Belgium" }] });
    program.send("PUT", &path, &[], Some(one.to_string())).await.ok();
    let read = program.get(&path).await.ok();
    assert_eq!(read["data"].as_array().unwrap().len(), 1);
    assert_eq!(read["data"][0]["custom_name"], "DPD Belgium");
    let twice = json!({ "data": [{ "courier": "a", "custom_name": "A" }, { "courier": "A ", "custom_name": "B" }, { "courier": " ", "custom_name": "" }] });
    let refused = program.send("PUT", &path, &[], Some(twice.to_string())).await.refused(422, "invalid");
    assert_eq!(refused.fields(), ["data[1].courier", "data[2].courier", "data[2].custom_name"]);
    // one that cannot be kept keeps the others back
    shop.sql(
        "create function never() returns trigger language plpgsql as 'begin raise exception ''no''; end'; \
         create trigger never before insert on courier_mappings for each row when (new.courier = 'never') \
         execute function never()",
    )
    .await;
    let half = json!({ "data": [{ "courier": "dhl", "custom_name": "DHL" }, { "courier": "never", "custom_name": "Never" }] });
    program.send("PUT", &path, &[], Some(half.to_string())).await.refused(500, "broken");
    assert_eq!(program.get(&path).await.ok(), read, "all of them or none");
    let mut client = Program::with(&counter, &shop, Role::Client, Scope::ALL).await;
    client.send("PUT", &path, &[], Some(one.to_string())).await.refused(403, "forbidden");

    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    shop.act::<Post>(id.0, NoInput {}).await.unwrap();
    shop.run().await;
    let records = program.get("/v1/transaction-records?log_type=post_shipment").await.ok();
    let record = &records["data"][0];
    assert_eq!((record["fulfillment_id"].as_i64(), record["status"].as_str()), (Some(id.0), Some("success")));
    let whole = program.get(&format!("/v1/transaction-records/{}", record["id"])).await.ok();
    assert!(whole["request_body"].as_str().unwrap().contains("orderNumber"));
    assert!(!whole.to_string().contains("Ada Lovelace"), "personal data is masked where it is stored");
    program.get("/v1/transaction-records?log_type=nonsense").await.refused(422, "invalid");
}

// proves S2: List Fulfillments
#[tokio::test]
async fn filter_groups_narrow_lists_and_name_what_does_not_fit() {
    let shop = Shop::open().await;
    let made = shop.orders(shop.shopify, 3).await;
    shop.act::<Post>(made[1].0, NoInput {}).await.unwrap();
    shop.run().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let tree = json!({ "conjunction": "and", "filters": [{ "column": "status", "operator": "in", "value": ["pending_tracking"] }] });
    let query: String = url::form_urlencoded::byte_serialize(tree.to_string().as_bytes()).collect();
    let found = program.get(&format!("/v1/fulfillments?filter_groups={query}")).await.ok();
    assert_eq!(
        found["data"].as_array().unwrap().iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>(),
        [made[1].0]
    );
    let asked = program.post("/v1/fulfillments/search", json!({ "filter_groups": tree, "limit": 1 })).await;
    assert!(asked.answer.header("link").is_empty());
    assert_eq!(asked.ok()["data"], found["data"]);
    for (filter, place) in [
        (json!({ "column": "nosuch", "operator": "eq", "value": 1 }), "column"),
        (json!({ "column": "status", "operator": "gt", "value": "error" }), "operator"),
        (json!({ "column": "status", "operator": "eq", "value": "nonsense" }), "value"),
    ] {
        let body = json!({ "filter_groups": { "conjunction": "and", "filters": [filter] } });
        let refused = program.post("/v1/fulfillments/search", body).await.refused(422, "invalid");
        assert_eq!(refused.fields(), [format!("filter_groups.filters[0].{place}")]);
    }
    let deep = json!({ "conjunction": "and", "groups": [{ "conjunction": "or", "groups": [{ "conjunction": "and", "groups": [{ "conjunction": "or" }] }] }] });
    program.post("/v1/fulfillments/search", json!({ "filter_groups": deep })).await.refused(422, "invalid");
    let mut support = Program::with(&counter, &shop, Role::Support, Scope::ALL).await;
    let person = json!({ "filter_groups": { "conjunction": "and", "filters": [{ "column": "customer_email", "operator": "eq", "value": "ada@example.com" }] } });
    support.post("/v1/fulfillments/search", person).await.refused(422, "invalid");
}
