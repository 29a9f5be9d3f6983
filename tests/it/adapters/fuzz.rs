//! Whatever comes back, nothing panics.

use super::{at, channel, line, provider, submission};
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};
use waybill::{
    channels::{self, Look, Submission, Told},
    outbound::HttpResponse,
    providers::{self, PostLine, PostOrder, ShipTo},
};

/// Names the vendors use, so that made-up answers get further than the first look.
const NAMES: &[&str] = &[
    "data",
    "errors",
    "order",
    "orders",
    "nodes",
    "pageInfo",
    "hasNextPage",
    "endCursor",
    "fulfillments",
    "fulfillmentOrders",
    "lineItems",
    "lineItem",
    "id",
    "remainingQuantity",
    "trackingInfo",
    "number",
    "supportedActions",
    "action",
    "message",
    "extensions",
    "code",
    "cost",
    "requestedQueryCost",
    "throttleStatus",
    "currentlyAvailable",
    "restoreRate",
    "fulfillmentCreate",
    "fulfillment",
    "userErrors",
    "currencyCode",
    "totalPriceSet",
    "shopMoney",
    "amount",
    "quantity",
    "currentQuantity",
    "unfulfilledQuantity",
    "processedAt",
    "line_items",
    "refunds",
    "transactions",
    "kind",
    "status",
    "currency",
    "total_price",
    "processed_at",
    "shipping_lines",
    "discount_allocations",
    "errorId",
    "longMessage",
    "parameters",
    "name",
    "orderId",
    "pricingSummary",
    "total",
    "value",
    "lineItemCost",
    "creationDate",
    "next",
    "offset",
    "orderKey",
    "orderStatus",
    "shipments",
    "shipDate",
    "shipmentCost",
    "trackingNumber",
    "Message",
    "ModelState",
    "pages",
    "shop",
    "storeName",
    "cancelStatus",
];
const TEXTS: &[&str] = &[
    "",
    "THROTTLED",
    "gid://shopify/LineItem/11",
    "11",
    "SKU-1",
    "CREATE_FULFILLMENT",
    "EUR",
    "JPY",
    "12.34",
    "-9223372036854775808",
    "9223372036854775807.99",
    "2026-11-20T07:00:00Z",
    "2026-03-08T02:30:00.0000000",
    "9999-12-31T23:59:59",
    "0001-01-01",
    "+262142-12-31T23:59:59",
    "CANCELED",
    "FULFILLED",
    "IN_PROGRESS",
    "refund",
    "success",
    "H00ABC0123456789",
    "SHP-1",
    "\u{0}",
    "Łódź ",
    "shipped",
    "cancelled",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 96, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(NAMES), inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// A whole answer with parts of it replaced by anything.
fn bent() -> impl Strategy<Value = Value> {
    let whole = proptest::sample::select(vec![
        json!({ "data": { "order": { "id": "1", "fulfillments": [{ "id": "5", "status": "SUCCESS", "trackingInfo": [{ "number": "x" }] }],
            "fulfillmentOrders": { "nodes": [{ "id": "1", "status": "OPEN", "supportedActions": [{ "action": "CREATE_FULFILLMENT" }],
                "lineItems": { "nodes": [{ "id": "9", "remainingQuantity": 3, "sku": "SKU-1", "lineItem": { "id": "11" } }] } }] } } } }),
        json!({ "data": { "orders": { "nodes": [{ "id": "1", "currencyCode": "EUR", "processedAt": "2026-11-20T07:00:00Z",
            "totalPriceSet": { "shopMoney": { "amount": "1.0" } }, "lineItems": { "nodes": [{ "id": "11", "quantity": 2, "currentQuantity": 1,
                "unfulfilledQuantity": 1, "originalUnitPriceSet": { "shopMoney": { "amount": "1.0" } } }] } }], "pageInfo": {} } } }),
        json!({ "id": 1, "currency": "EUR", "processed_at": "2026-11-20T07:00:00Z", "total_price": "1.00",
            "refunds": [{ "transactions": [{ "kind": "refund", "status": "success", "amount": "1.00" }] }],
            "line_items": [{ "id": 11, "quantity": 2, "current_quantity": 1, "fulfillable_quantity": 1, "price": "1.00" }] }),
        json!({ "orders": [{ "orderId": "1", "orderKey": "SHP-1", "orderStatus": "shipped", "creationDate": "2026-11-20T07:00:00Z",
            "pricingSummary": { "total": { "value": "1.0", "currency": "EUR" } },
            "lineItems": [{ "lineItemId": "1", "quantity": 2, "lineItemCost": { "value": "1.0" }, "refunds": [{ "amount": { "value": "1.0" } }] }] }], "next": "x", "offset": 0 }),
        json!({ "errors": [{ "errorId": 32300, "message": "x", "longMessage": "y", "parameters": [{ "name": "trackingNumber" }],
            "extensions": { "code": "THROTTLED" } }], "extensions": { "cost": { "requestedQueryCost": 1, "throttleStatus": { "currentlyAvailable": 0, "restoreRate": 1 } } } }),
        json!({ "shipments": [{ "orderId": 1, "trackingNumber": "x", "shipDate": "2026-11-20", "shipmentCost": 1.5 }] }),
        json!({ "orderId": 1, "orderKey": "SHP-1", "orderStatus": "shipped", "ModelState": { "x": ["y"] }, "Message": "z" }),
    ]);
    (whole, proptest::collection::vec((any::<prop::sample::Index>(), json()), 0..4)).prop_map(
        |(mut whole, bends)| {
            for (place, value) in bends {
                let mut spots = Vec::new();
                paths(&whole, String::new(), &mut spots);
                let spot = place.get(&spots).clone();
                if let Some(found) = whole.pointer_mut(&spot) {
                    *found = value;
                }
            }
            whole
        },
    )
}

fn paths(value: &Value, here: String, spots: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, inner)| paths(inner, format!("{here}/{name}"), spots))
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| paths(inner, format!("{here}/{at}"), spots))
        }
        _ => {}
    }
    spots.push(here);
}

fn everything(status: u16, headers: Vec<(String, String)>, body: String) {
    let response = HttpResponse { status, headers, body };
    let lines = vec![line("11", "SKU-1", 1), line("", "SKU-1", i32::MAX)];
    let one = submission(lines);
    let access = channel("https://example.test");
    for kind in channels::ChannelKind::ALL {
        let all = channels::kinds::all();
        let Some(adapter) = all.get(*kind) else { continue };
        let _ = adapter.tested(&response);
        if let Ok(found) = adapter.looked(&response, &one)
            && let Look::Send(look) = found.value
        {
            let _ = adapter.submit(&access, &one, &look);
        }
        let _ = adapter.submit(&access, &one, &response.json().unwrap_or_default());
        let _ = adapter.submitted(&response, &one);
        let told = Told { remote_id: None, tracking_number: "old".into(), courier_name: None };
        let told = Submission { told: Some(told), ..one.clone() };
        if let Ok(found) = adapter.looked(&response, &told)
            && let Look::Correct(look) = found.value
        {
            let _ = adapter.correct(&access, &told, &look);
        }
        let _ = adapter.corrected(&response, &told);
        if let Ok(page) = adapter.orders_read(&response) {
            let _ = adapter.orders(&access, at("2026-11-20T07:00:00Z"), page.value.next.as_deref());
        }
        for topic in ["orders/create", "orders/edited", "x"] {
            let _ = adapter.order_in(topic, response.body.as_bytes());
        }
        let _ = adapter.verify(&[SecretString::from("s")], &response.headers, response.body.as_bytes());
    }
    let access = provider("https://example.test");
    let order = post("SHP-1", 1);
    for kind in providers::ProviderKind::ALL {
        let adapter = providers::kinds::of(*kind);
        let _ = adapter.tested(&response);
        let _ = adapter.created(&response, &order);
        let _ = adapter.found(&response, "SHP-1");
        let _ = adapter.was_read(&response);
        let _ = adapter.tracked(&access, &response);
        let _ = adapter.canceled(&response);
        let _ = adapter.updated(&response, &order);
    }
}

fn post(text: &str, number: i64) -> PostOrder {
    PostOrder {
        reference: text.into(),
        idempotency_key: text.into(),
        number: text.into(),
        order_number: text.into(),
        placed_at: at("2026-11-20T07:00:00Z"),
        ship_to: ShipTo { name: text.into(), city: text.into(), country: text.into(), ..ShipTo::default() },
        lines: vec![PostLine {
            key: text.into(),
            sku: text.into(),
            name: text.into(),
            quantity: 1,
            unit_price_minor: number,
        }],
        currency: text.into(),
        shipping_method: text.into(),
    }
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), Just(201), Just(400), Just(429), Just(500), 100_u16..600]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(status in status(), bytes in proptest::collection::vec(any::<u8>(), 0..200), wait in -5_i64..100_000) {
        let headers = ["retry-after", "x-rate-limit-reset", "x-shopify-hmac-sha256", "location"];
        let headers = headers.iter().map(|name| ((*name).to_owned(), wait.to_string())).collect();
        everything(status, headers, String::from_utf8_lossy(&bytes).into_owned());
    }

    #[test]
    fn arbitrary_json(status in status(), body in json()) {
        everything(status, vec![], body.to_string());
    }

    #[test]
    fn answers_with_a_part_replaced(status in status(), body in bent()) {
        everything(status, vec![], body.to_string());
    }

    #[test]
    fn arbitrary_orders_make_json(text in ".{0,80}", number in any::<i64>()) {
        let access = provider("https://example.test");
        let adapter = providers::kinds::of(providers::ProviderKind::Shipstation);
        let request = adapter.create(&access, &post(&text, number));
        let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        prop_assert_eq!(body["orderKey"].as_str().unwrap(), text.as_str());
        prop_assert!(body["items"][0]["unitPrice"].is_number());
        prop_assert!(body["orderNumber"].as_str().unwrap().chars().count() <= 50);
        let url = adapter.find(&access, &text).unwrap().url;
        prop_assert!(url::Url::parse(&url).is_ok());
        let adapter = providers::kinds::of(providers::ProviderKind::Generic);
        let settings = json!({ "idempotency": "searchable", "reads": true, "auth": "headers", "headers": [text, text] });
        let access = providers::Access { settings, ..provider("https://example.test/api") };
        let request = adapter.create(&access, &post(&text, number));
        let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        prop_assert_eq!(body["reference"].as_str().unwrap(), text.as_str());
        prop_assert!(body["items"][0]["unit_price"].is_string());
        for (name, _) in &request.headers {
            prop_assert!(reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok());
        }
        for request in [adapter.find(&access, &text).unwrap(), adapter.read(&access, &text).unwrap()] {
            let url = url::Url::parse(&request.url).unwrap();
            prop_assert!(url.path().starts_with("/api/") && url.host_str() == Some("example.test"));
        }
        let one = Submission { order_reference: text.clone(), courier_name: text.clone(), tracking_number: text.clone(), ..submission(vec![line(&text, &text, 1)]) };
        for kind in [channels::ChannelKind::Shopify, channels::ChannelKind::Ebay] {
            let adapters = channels::kinds::all();
            let adapter = adapters.get(kind).unwrap();
            let access = channel("https://example.test");
            prop_assert!(url::Url::parse(&adapter.look(&access, &one).url).is_ok());
            let request = adapter.submit(&access, &one, &Value::Null);
            prop_assert!(serde_json::from_str::<Value>(request.body.as_deref().unwrap()).is_ok());
        }
    }
}
