//! ShipStation: the order as it is posted, every answer, looking it up, its parcels.

use super::{answer, at, body, header, kind, plain, provider, shown, with};
use serde_json::{Value, json};
use waybill::{
    outbound::{ErrorClass as E, HttpResponse, Reached as R},
    providers::{
        Parcel, PostLine, PostOrder, Provider, RemoteOrder, ShipTo, kinds::shipstation::Shipstation,
    },
};

const BASE: &str = "https://ssapi.shipstation.com/";

fn item(key: &str, sku: &str, quantity: i32, price: i64) -> PostLine {
    PostLine {
        key: key.into(),
        sku: sku.into(),
        name: format!("The {sku}"),
        quantity,
        unit_price_minor: price,
    }
}

fn order() -> PostOrder {
    PostOrder {
        reference: "SHP-90217-2".into(),
        idempotency_key: "waybill-1".into(),
        number: "SHP-90217-2".into(),
        order_number: "#1001".into(),
        placed_at: at("2026-11-20T07:00:00.123456Z"),
        ship_to: ShipTo {
            name: "Jane Doe".into(),
            line1: "1 Main St".into(),
            city: "Austin".into(),
            region: "TX".into(),
            postal_code: "78703".into(),
            country: "us".into(),
            email: Some("jane@example.com".into()),
            ..ShipTo::default()
        },
        lines: vec![item("L1", "SKU-1", 2, 999)],
        currency: "USD".into(),
        shipping_method: "Standard".into(),
    }
}

#[test]
fn the_order_as_it_is_posted() {
    let request = Shipstation.create(&provider(BASE), &order());
    assert_eq!(header(&request, "authorization"), "Basic aHVzaDpodXNoLXRvbw==");
    insta::assert_snapshot!(shown(&request), @r##"
    POST https://ssapi.shipstation.com/orders/createorder
    Content-Type: application/json
    Accept: application/json
    Authorization: …
    {"advancedOptions":{"customField1":"#1001"},"billTo":{"name":"Jane Doe"},"customerEmail":"jane@example.com","orderDate":"2026-11-19T23:00:00.1234560","orderKey":"SHP-90217-2","orderNumber":"SHP-90217-2","orderStatus":"awaiting_shipment","requestedShippingService":"Standard","shipTo":{"city":"Austin","company":null,"country":"US","name":"Jane Doe","phone":null,"postalCode":"78703","state":"TX","street1":"1 Main St","street2":null},"items":[{"lineItemKey":"L1","name":"The SKU-1","quantity":2,"sku":"SKU-1","unitPrice":9.99}]}
    "##);
}

#[test]
fn several_lines_and_prices_without_floats() {
    let prices = |currency: &str, minor: i64| {
        let one = PostOrder {
            currency: currency.into(),
            lines: vec![item("1", "", 1, minor), item("2", "B\"}", 3, 5)],
            ..order()
        };
        let request = Shipstation.create(&provider(BASE), &one);
        let read = body(&request);
        assert_eq!(read["items"][1]["sku"], "B\"}");
        assert_eq!((&read["items"][0]["sku"], read["items"].as_array().unwrap().len()), (&Value::Null, 2));
        let text = request.body.unwrap();
        let start = text.find("\"unitPrice\":").unwrap() + 12;
        text[start..].split('}').next().unwrap().to_owned()
    };
    assert_eq!(prices("USD", 1234567890123456789), "12345678901234567.89");
    assert_eq!(prices("USD", 1200), "12.00");
    assert_eq!(prices("JPY", 1200), "1200");
    assert_eq!(prices("KWD", -1), "-0.001");
}

#[test]
fn other_alphabets_and_long_fields() {
    let mut one = order();
    one.number = "Ż".repeat(60);
    one.ship_to.name = String::new();
    one.ship_to.company = "株式会社ウェイビル".into();
    one.ship_to.city = "Łódź".into();
    one.lines[0].name = "é".repeat(500);
    one.shipping_method = String::new();
    one.placed_at = at("2026-07-01T06:59:59Z");
    let sent = body(&Shipstation.create(&provider(BASE), &one));
    assert_eq!(sent["orderNumber"], "Ż".repeat(50));
    assert_eq!(sent["orderKey"], "SHP-90217-2", "our key is never cut");
    assert_eq!(
        (&sent["shipTo"]["name"], &sent["billTo"]["name"]),
        (&json!("株式会社ウェイビル"), &json!("株式会社ウェイビル"))
    );
    assert_eq!(sent["shipTo"]["city"], "Łódź");
    assert_eq!(sent["items"][0]["name"], "é".repeat(200));
    assert_eq!(sent["requestedShippingService"], Value::Null);
    assert_eq!(sent["orderDate"], "2026-06-30T23:59:59.0000000", "summer time in the Pacific");
}

#[test]
fn settings_choose_store_and_warehouse() {
    let mut access = provider(BASE);
    access.settings = json!({ "store_id": 22766, "warehouse_id": "14265" });
    let sent = body(&Shipstation.create(&access, &order()));
    assert_eq!(
        sent["advancedOptions"],
        json!({ "customField1": "#1001", "storeId": 22766, "warehouseId": 14265 })
    );
}

fn remote(key: &str, status: &str) -> Value {
    json!({ "orderId": 94113592, "orderNumber": "SHP-90217-2", "orderKey": key, "orderStatus": status, "createDate": "2026-11-20T07:00:00.0000000" })
}

fn is(status: &str, live: bool) -> RemoteOrder {
    RemoteOrder { remote_id: "94113592".into(), reference: "SHP-90217-2".into(), status: status.into(), live }
}

fn invalid(fields: Value) -> HttpResponse {
    answer(400, &json!({ "Message": "The request is invalid.", "ModelState": fields }))
}

#[test]
fn every_answer_to_a_post() {
    let made =
        |status: &str| Shipstation.created(&answer(200, &remote("SHP-90217-2", status)), &order()).unwrap();
    assert_eq!(
        (made("awaiting_shipment").value, made("awaiting_shipment").warning),
        (is("awaiting_shipment", true), None)
    );
    assert_eq!(made("cancelled").value, is("cancelled", false));
    assert!(made("cancelled").warning.is_some() && made("shipped").warning.is_some());
    assert!(made("shipped").value.live);
    let table = [
        (
            invalid(json!({ "apiOrder.shipTo.city": ["The City field is required."] })),
            E::AddressInvalid,
            R::Refused,
        ),
        (
            invalid(json!({ "apiOrder.billTo": ["The billTo field is required."] })),
            E::AddressInvalid,
            R::Refused,
        ),
        (invalid(json!({ "apiOrder.items[0].sku": ["Unknown."] })), E::SkuUnknown, R::Refused),
        (
            invalid(json!({ "apiOrder.items[0].name": ["The name field is required."] })),
            E::InvalidRequest,
            R::Refused,
        ),
        (
            invalid(json!({ "apiOrder.orderDate": ["The orderDate field is required."] })),
            E::InvalidRequest,
            R::Refused,
        ),
        (
            answer(
                400,
                &json!({ "Message": "No.", "ExceptionMessage": "Product with SKU 'X' is inactive and cannot be ordered." }),
            ),
            E::SkuUnknown,
            R::Refused,
        ),
        (
            answer(400, &json!({ "Message": "Please use a 2 character country code" })),
            E::AddressInvalid,
            R::Refused,
        ),
        (answer(400, &json!({ "Message": "Something." })), E::InvalidRequest, R::Refused),
        (plain(400, ""), E::InvalidRequest, R::Refused),
        (plain(401, ""), E::Auth, R::Refused),
        (plain(401, "401 Unauthorized"), E::Auth, R::Refused),
        (plain(403, ""), E::Forbidden, R::Refused),
        (plain(404, ""), E::InvalidRequest, R::Refused),
        (plain(429, "Too Many Requests"), E::RateLimited, R::Refused),
        (answer(500, &json!({ "Message": "An error has occurred." })), E::Unavailable, R::Perhaps),
        (
            answer(500, &json!({ "ModelState": { "apiOrder.shipTo.country": ["No."] } })),
            E::AddressInvalid,
            R::Perhaps,
        ),
        (plain(502, "<html>"), E::Unavailable, R::Perhaps),
        (plain(503, "The service is unavailable."), E::Unavailable, R::Perhaps),
        (plain(200, ""), E::Unknown, R::Perhaps),
        (plain(200, "<html>"), E::Unknown, R::Perhaps),
        (plain(200, "{\"orderId\": 94113592, \"orderKey"), E::Unknown, R::Perhaps),
        (
            answer(200, &json!({ "orderId": null, "orderStatus": "awaiting_shipment" })),
            E::Unknown,
            R::Perhaps,
        ),
        (answer(200, &remote("another", "awaiting_shipment")), E::Unknown, R::Perhaps),
    ];
    for (response, class, reached) in table {
        assert_eq!(kind(Shipstation.created(&response, &order())), (class, reached), "{}", response.body);
    }
    let words = Shipstation
        .created(&invalid(json!({ "apiOrder.shipTo.city": ["The City field is required."] })), &order())
        .unwrap_err()
        .message;
    assert_eq!(words, "The request is invalid. shipTo.city: The City field is required.");
    let wait = |name: &str| {
        let slow = with(plain(429, ""), name, "17");
        Shipstation.created(&slow, &order()).unwrap_err().retry_after.map(|wait| wait.num_seconds())
    };
    assert_eq!((wait("x-rate-limit-reset"), wait("retry-after"), wait("x")), (Some(17), Some(17), None));
    let huge = with(plain(429, ""), "x-rate-limit-reset", "9223372036854775807");
    assert_eq!(Shipstation.created(&huge, &order()).unwrap_err().retry_after, None);
}

#[test]
fn finding_by_our_reference() {
    let asked = |reference: &str| Shipstation.find(&provider(BASE), reference).unwrap().url;
    insta::assert_snapshot!(asked("SHP-90217-2"), @"https://ssapi.shipstation.com/orders?orderNumber=SHP-90217&sortBy=CreateDate&sortDir=DESC&page=1&pageSize=100");
    assert!(asked("SHP-90217-2.2").contains("orderNumber=SHP-90217-2&"));
    assert!(asked("SHP-90217-2.ab12cd").contains("orderNumber=SHP-90217-2&"));
    assert!(asked("SHP-90217.ab12cd-R2").contains("orderNumber=SHP-90217&"));
    assert!(asked("SHP-90217-R2").contains("orderNumber=SHP-90217&"));
    assert!(asked("SHP-7").contains("orderNumber=SHP-7&"));
    assert!(asked("plain").contains("orderNumber=plain&"));
    let list = |orders: Vec<Value>, pages: u64| {
        answer(200, &json!({ "orders": orders, "total": 9, "page": 1, "pages": pages }))
    };
    let found = |response| Shipstation.found(&response, "SHP-90217-2").map(|answer| answer.value);
    let several = vec![
        remote("SHP-90217-2", "cancelled"),
        remote("SHP-90217-20", "shipped"),
        remote("shp-90217-2", "shipped"),
    ];
    assert_eq!(found(list(several, 2)).unwrap(), [is("cancelled", false)]);
    assert_eq!(found(list(vec![], 1)).unwrap(), []);
    assert_eq!(kind(found(list(vec![remote("SHP-90217-1", "shipped")], 2))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(found(answer(200, &json!([])))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(found(plain(401, ""))), (E::Auth, R::Refused));
}

#[test]
fn reading_one_order() {
    let request = Shipstation.read(&provider(BASE), "94113592").unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        ("GET", "https://ssapi.shipstation.com/orders/94113592")
    );
    assert!(
        Shipstation.read(&provider(BASE), "../stores?x").unwrap().url.ends_with("/orders/..%2Fstores%3Fx")
    );
    let read = |response| Shipstation.was_read(&response).map(|answer| answer.value);
    assert_eq!(read(answer(200, &remote("SHP-90217-2", "on_hold"))).unwrap(), Some(is("on_hold", true)));
    assert_eq!(read(plain(404, "")).unwrap(), None);
    assert_eq!(kind(read(plain(200, ""))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(read(plain(500, ""))), (E::Unavailable, R::Perhaps));
}

#[test]
fn parcels_with_and_without_a_label() {
    let access = provider(BASE);
    let tracked = |body: Value| Shipstation.tracked(&access, &answer(200, &body)).unwrap().value;
    assert_eq!(
        Shipstation.track(&access, "94113592").unwrap().url,
        "https://ssapi.shipstation.com/orders/94113592"
    );
    let next = |body: Value| tracked(body).next.map(|request| request.url);
    let shipments = "https://ssapi.shipstation.com/shipments?orderId=94113592&includeShipmentItems=false";
    let order = remote("SHP-90217-2", "shipped");
    assert_eq!(tracked(order.clone()).status.as_deref(), Some("shipped"));
    assert_eq!(next(order.clone()).as_deref(), Some(shipments));
    let mut outside = order.clone();
    outside["externallyFulfilled"] = json!(true);
    assert_eq!(next(outside).as_deref(), Some("https://ssapi.shipstation.com/fulfillments?orderId=94113592"));
    assert_eq!(next(remote("SHP-90217-2", "cancelled")), None);

    let label = json!({ "shipmentId": 1, "orderId": 94113592, "trackingNumber": "9400", "carrierCode": "stamps_com", "serviceCode": "usps_first",
        "shipDate": "2026-11-20", "shipmentCost": 6.4, "voided": false });
    let state = tracked(
        json!({ "shipments": [label, { "isReturnLabel": true, "trackingNumber": "back" }, { "trackingNumber": "9401", "voided": true, "shipmentCost": "x", "shipDate": "2026-11-20T01:02:03.0000000" }] }),
    );
    assert_eq!(
        state.parcels,
        [
            Parcel {
                tracking_number: "9400".into(),
                courier: "stamps_com".into(),
                service: Some("usps_first".into()),
                shipped_at: Some(at("2026-11-20T08:00:00Z")),
                cost_minor: Some(640),
                voided: false,
            },
            Parcel {
                tracking_number: "9401".into(),
                courier: String::new(),
                service: None,
                shipped_at: Some(at("2026-11-20T09:02:03Z")),
                cost_minor: None,
                voided: true,
            },
        ]
    );
    assert_eq!((state.status, state.next), (None, None));
    let state = tracked(
        json!({ "fulfillments": [{ "orderId": 94113592, "trackingNumber": "1Z", "carrierCode": "ups", "shipDate": "2026-11-20T10:00:00+01:00", "fulfillmentFee": 0 }] }),
    );
    assert_eq!(
        (state.parcels[0].cost_minor, state.parcels[0].shipped_at),
        (None, Some(at("2026-11-20T09:00:00Z")))
    );
    assert_eq!(state.next.unwrap().url, shipments);
    assert_eq!(next(json!({ "fulfillments": [] })), None);
    assert_eq!(kind(Shipstation.tracked(&access, &plain(404, ""))), (E::OrderNotFound, R::Refused));
    assert_eq!(kind(Shipstation.tracked(&access, &answer(200, &json!({})))), (E::Unknown, R::Perhaps));
}

#[test]
fn nothing_is_canceled_from_here() {
    assert!(!Shipstation.capabilities(&json!({})).cancels);
    assert_eq!(Shipstation.cancel(&provider(BASE), &is("on_hold", true)), None);
    assert_eq!(kind(Shipstation.canceled(&plain(200, "{}"))), (E::InvalidRequest, R::NotSent));
}

#[test]
fn the_test_names_a_store() {
    assert_eq!(Shipstation.test(&provider(BASE)).url, "https://ssapi.shipstation.com/stores");
    assert_eq!(Shipstation.tested(&answer(200, &json!([{ "storeName": "Acme" }]))).unwrap().value, "Acme");
    assert_eq!(Shipstation.tested(&answer(200, &json!([]))).unwrap().value, "ShipStation");
    assert_eq!(kind(Shipstation.tested(&plain(401, ""))), (E::Auth, R::Refused));
}

#[test]
fn a_change_names_the_order_that_is_there() {
    let access = provider(BASE);
    let remote = |id: &str, status: &str| RemoteOrder {
        remote_id: id.into(),
        reference: "SHP-90217-1".into(),
        status: status.into(),
        live: status != "cancelled",
    };
    let made = Shipstation.create(&access, &order());
    let change = Shipstation.update(&access, &remote("94113592", "awaiting_shipment"), &order()).unwrap();
    assert_eq!((change.method, &change.url), (made.method, &made.url));
    let (made, change) = (made.body.unwrap(), change.body.unwrap());
    assert_eq!(change, format!("{{\"orderId\":94113592,{}", &made[1..]), "digit by digit the same");
    assert!(Shipstation.update(&access, &remote("W-1", "awaiting_shipment"), &order()).is_none());
    for (status, takes) in [
        ("awaiting_shipment", true),
        ("awaiting_payment", false),
        ("pending_fulfillment", false),
        ("on_hold", false),
        ("shipped", false),
        ("cancelled", false),
    ] {
        assert_eq!(Shipstation.takes_changes(&remote("1", status)), takes, "{status}");
    }
    let answered = |status: &str, key: &str| {
        let body = json!({ "orderId": 94_113_592, "orderKey": key, "orderStatus": status });
        Shipstation.updated(&answer(200, &body), &order())
    };
    let key = order().reference;
    assert_eq!(answered("awaiting_shipment", &key).unwrap().value.remote_id, "94113592");
    assert_eq!(kind(answered("shipped", &key)), (E::AlreadyFulfilled, R::Refused));
    assert_eq!(kind(answered("cancelled", &key)), (E::OrderClosed, R::Refused));
    assert_eq!(kind(answered("awaiting_shipment", "another")), (E::Unknown, R::Perhaps));
    let gone = answer(404, &json!({ "Message": "The requested resource was not found." }));
    assert_eq!(kind(Shipstation.updated(&gone, &order())), (E::OrderNotFound, R::Refused));
}
