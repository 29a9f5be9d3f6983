//! A sandbox, a client, and the requests tests send most.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use waybill::sandbox::{Sandbox, SandboxOptions, SeedAddress, SeedLine, SeedOrder, SeededOrder};

pub struct World {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

pub async fn world() -> World {
    world_with(SandboxOptions::default()).await
}

#[expect(clippy::disallowed_methods, reason = "the sandbox is the outside world, not Waybill")]
pub async fn world_with(options: SandboxOptions) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    World { sandbox: Sandbox::start(options).await.unwrap(), http }
}

pub fn line(sku: &str, quantity: u32, price: &str) -> SeedLine {
    SeedLine {
        sku: sku.into(),
        quantity: Some(quantity),
        unit_price: Some(price.into()),
        ..SeedLine::default()
    }
}

pub fn order(lines: Vec<SeedLine>) -> SeedOrder {
    SeedOrder {
        email: Some("jane@example.com".into()),
        lines,
        shipping_address: Some(SeedAddress {
            name: "Jane van Doe".into(),
            address1: "1 Main St".into(),
            city: "Austin".into(),
            province: Some("TX".into()),
            zip: Some("78703".into()),
            country: "US".into(),
            ..SeedAddress::default()
        }),
        shipping_method: Some("Standard Shipping".into()),
        shipping_price: Some("4.90".into()),
        ..SeedOrder::default()
    }
}

/// The body of a ShipStation order.
pub fn post_body(number: &str, key: Option<&str>, sku: &str) -> Value {
    let mut body = json!({
        "orderNumber": number, "orderDate": "2026-11-20T07:00:00.0000000", "orderStatus": "awaiting_shipment",
        "billTo": { "name": "Jane Doe" },
        "shipTo": { "name": "Jane Doe", "street1": "1 Main St", "city": "Austin", "state": "TX",
            "postalCode": "78703", "country": "US" },
        "items": [{ "lineItemKey": "L1", "sku": sku, "name": "Widget", "quantity": 2, "unitPrice": 9.99 }],
    });
    if let Some(key) = key {
        body["orderKey"] = json!(key);
    }
    body
}

pub async fn json_of(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

impl World {
    pub fn shipstation(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.shipstation_base());
        self.http.request(method, url).basic_auth("sandbox-key", Some("sandbox-secret"))
    }

    pub async fn ship_get(&self, path: &str) -> (u16, Value) {
        json_of(self.shipstation(Method::GET, path).send().await.unwrap()).await
    }

    pub fn create(&self, body: &Value) -> RequestBuilder {
        self.shipstation(Method::POST, "/orders/createorder")
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub async fn post(&self, body: &Value) -> (u16, Value) {
        json_of(self.create(body).send().await.unwrap()).await
    }

    pub async fn ebay(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}/sell/fulfillment/v1{path}", self.sandbox.ebay_base());
        let mut request = self.http.request(method, url).bearer_auth("sandbox-ebay-token");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        json_of(request.send().await.unwrap()).await
    }

    pub async fn graphql(&self, shop: &str, query: &str, variables: Value) -> Value {
        let (status, body) = self.graphql_with(shop, query, variables).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn graphql_with(&self, shop: &str, query: &str, variables: Value) -> (u16, Value) {
        let url = format!("{}/admin/api/2026-07/graphql.json", self.sandbox.shopify_base(shop));
        let request = self
            .http
            .post(url)
            .header("x-shopify-access-token", format!("shpat_sandbox_{shop}"))
            .header("content-type", "application/json")
            .body(json!({ "query": query, "variables": variables }).to_string());
        json_of(request.send().await.unwrap()).await
    }

    pub fn seed(&self, order: SeedOrder) -> SeededOrder {
        self.sandbox.seed_shopify("demo", vec![order]).unwrap().remove(0)
    }

    /// A helper's route.
    pub async fn helper(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.sandbox.url(path));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        json_of(request.send().await.unwrap()).await
    }
}

/// Waits until something is so, for two seconds at most.
pub async fn until(so: impl Fn() -> bool) {
    for _ in 0..200 {
        if so() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never came to be");
}
