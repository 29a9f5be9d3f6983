//! Tokens on their pages, and what everybody may read of the API.

use crate::support::{counter::Counter, portal::Browser, shop::Shop};
use waybill::accounts::Role;

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_it_is_revoked() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut admin = counter.visitor(Role::Admin).await;
    let empty = admin.get("/settings/tokens/new").await;
    let refused = admin.submit(&empty, &[("name", ""), ("days", "900")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.texts(".error-summary li").len(), 3, "name, days, scopes: {}", refused.body);
    let made = admin
        .post("/settings/tokens", &[("name", "Stock sync"), ("days", "30"), ("scope", "shipments:read")])
        .await;
    let token = made.text("[data-secret]");
    assert!(token.starts_with("wb_live_"), "{}", made.body);
    let list = admin.get("/settings/tokens").await;
    assert!(list.body.contains("Stock sync") && !list.body.contains(&token));
    assert!(list.body.contains("Never"));
    let bearer = format!("Bearer {token}");
    let mut program = Browser::new(counter.address());
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(program.send("GET", "/v1/fulfillments", &headers, None).await.status, 200);
    assert_eq!(program.send("GET", "/v1/orders", &headers, None).await.status, 403);
    let href = list.attributes("a.btn.small", "href").remove(0);
    let ask = admin.get(&href).await;
    assert!(ask.body.contains("cannot be taken back"));
    assert_eq!(admin.submit(&ask, &[]).await.status, 303);
    assert_eq!(program.send("GET", "/v1/fulfillments", &headers, None).await.status, 401);
    assert!(admin.get("/settings/tokens").await.body.contains("Revoked"));
    let told = "select string_agg(verb, ' ' order by id) from activities where verb like 'token_%'";
    assert_eq!(shop.text(told).await, "token_created token_revoked");
}

#[tokio::test]
async fn what_the_api_offers_is_for_everybody_to_read() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut anybody = Browser::new(counter.address());
    let docs = anybody.get("/docs").await;
    assert_eq!(docs.status, 200);
    for line in waybill::api::routes::LINES {
        assert!(
            docs.body.contains(line.path) && docs.body.contains(line.summary.split(',').next().unwrap()),
            "{}",
            line.id
        );
    }
    let document = anybody.get("/openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for (at, _) in text.match_indices("\"$ref\":\"#/components/schemas/") {
        let name = text[at + 29..].split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not there");
    }
    let bodies = waybill::api::routes::LINES.iter().filter(|l| l.writes);
    for line in bodies {
        let body = &document["paths"][line.path][line.method.to_lowercase()]["requestBody"];
        let content = &body["content"]["application/json"];
        assert!(body.is_null() || content["example"].is_object(), "{} has no example", line.id);
    }
}
