//! eBay: the list before, the fulfillment, its numbered refusals, orders.

use super::{answer, at, body, channel, header, kind, line, plain, shown, submission, with};
use serde_json::{Value, json};
use waybill::{
    channels::{Channel, Look, OrdersPage, Submission, Told, kinds::ebay::Ebay},
    orders::PaymentStatus,
    outbound::{ErrorClass as E, HttpResponse, Reached as R},
};

const BASE: &str = "https://api.ebay.com";

fn parcel() -> Submission {
    Submission {
        order_reference: "12-34567-89012".into(),
        courier_name: "Hermes".into(),
        tracking_number: "H00 ABC-0123456789".into(),
        ..submission(vec![line("10012345678901", "SKU-1", 1)])
    }
}

fn list(parcels: Value) -> HttpResponse {
    answer(200, &json!({ "total": 1, "fulfillments": parcels }))
}

#[test]
fn the_list_and_the_fulfillment_as_they_are_sent() {
    insta::assert_snapshot!(shown(&Ebay.look(&channel(BASE), &parcel())), @r"
    GET https://api.ebay.com/sell/fulfillment/v1/order/12-34567-89012/shipping_fulfillment
    Accept: application/json
    Authorization: …
    ");
    let several =
        Submission { lines: vec![line("1", "A", 1), line("2", "B", 2), line("1", "A", 3)], ..parcel() };
    let request = Ebay.submit(&channel(BASE), &several, &json!({}));
    assert_eq!(header(&request, "authorization"), "Bearer hush-token");
    insta::assert_snapshot!(shown(&request), @r#"
    POST https://api.ebay.com/sell/fulfillment/v1/order/12-34567-89012/shipping_fulfillment
    Content-Type: application/json
    Accept: application/json
    Authorization: …
    {"lineItems":[{"lineItemId":"1","quantity":4},{"lineItemId":"2","quantity":2}],"shippedDate":"2026-11-20T07:00:00.000Z","shippingCarrierCode":"Hermes","trackingNumber":"H00ABC0123456789"}
    "#);
    let code = |mapped| {
        let one = Submission { courier_code: Some("HERMES_UK".into()), mapped, ..parcel() };
        body(&Ebay.submit(&channel(BASE), &one, &json!({})))["shippingCarrierCode"].clone()
    };
    assert_eq!((code(true), code(false)), (json!("HERMES_UK"), json!("Hermes")));
    let odd = Submission { order_reference: "1/2 ?x".into(), ..parcel() };
    assert!(Ebay.look(&channel(BASE), &odd).url.ends_with("/order/1%2F2%20%3Fx/shipping_fulfillment"));
}

#[test]
fn what_was_told_before_stays_and_that_is_said() {
    let told = |number: &str, courier: &str| Submission {
        told: Some(Told {
            remote_id: Some(number.into()),
            tracking_number: number.into(),
            courier_name: Some(courier.into()),
        }),
        ..parcel()
    };
    let has = |carrier: &str| {
        list(
            json!([{ "fulfillmentId": "H00ABC0123456789", "shipmentTrackingNumber": "H00ABC0123456789", "shippingCarrierCode": carrier }]),
        )
    };
    let warning = |carrier: &str, one: &Submission| Ebay.looked(&has(carrier), one).unwrap().warning;
    let other = warning("UPS", &told("H00ABC0123456789", "UPS")).unwrap();
    assert!(other.contains("with the carrier UPS and takes no corrections"), "{other}");
    assert_eq!(warning("UPS", &told("H00ABC0123456789", &parcel().courier_name)), None, "as we told it");
    assert_eq!(warning("UPS", &parcel()), None, "somebody else told it");

    assert!(Ebay.correct(&channel(BASE), &parcel(), &json!({})).is_none());
    let made = answer(201, &json!({}));
    let said = Ebay.submitted(&made, &told("OLD1", "UPS")).unwrap().warning.unwrap();
    assert!(said.contains("keeps OLD1 beside it"), "{said}");
    for one in [told("h00-abc0123456789", "UPS"), parcel()] {
        assert_eq!(Ebay.submitted(&made, &one).unwrap().warning, None);
    }
}

#[test]
fn what_the_look_finds_and_refuses() {
    let looked = |parcels, one: &Submission| Ebay.looked(&list(parcels), one);
    assert_eq!(looked(json!([]), &parcel()).unwrap().value, Look::Send(json!({})));
    let other =
        json!([{ "fulfillmentId": "X1", "shipmentTrackingNumber": "X1", "shippingCarrierCode": "UPS" }]);
    assert_eq!(looked(other, &parcel()).unwrap().value, Look::Send(json!({})));
    let same = json!([{ "fulfillmentId": "h00abc0123456789", "shipmentTrackingNumber": "h00abc0123456789" }]);
    let there = Look::AlreadyThere { remote_id: "h00abc0123456789".into() };
    assert_eq!(looked(same, &parcel()).unwrap().value, there);
    let table = [
        (Submission { tracking_number: " – 快递 ".into(), ..parcel() }, E::TrackingRejected),
        (Submission { lines: vec![], ..parcel() }, E::InvalidRequest),
        (Submission { lines: vec![line("1", "A", 0)], ..parcel() }, E::InvalidRequest),
        (Submission { lines: vec![line("", "A", 1)], ..parcel() }, E::SkuUnknown),
        (Submission { courier_name: " ".into(), ..parcel() }, E::CourierUnmapped),
    ];
    for (one, class) in table {
        assert_eq!(kind(looked(json!([]), &one)), (class, R::NotSent));
    }
    assert_eq!(kind(Ebay.looked(&plain(200, "<html>"), &parcel())), (E::Unknown, R::Perhaps));
    assert_eq!(
        kind(Ebay.looked(&error(404, 32100, "Invalid Order Id", "", &[]), &parcel())),
        (E::OrderNotFound, R::Refused)
    );
    assert_eq!(kind(Ebay.looked(&plain(404, ""), &parcel())), (E::OrderNotFound, R::Refused));
}

fn error(status: u16, id: u32, message: &str, long: &str, parameters: &[&str]) -> HttpResponse {
    let parameters: Vec<Value> =
        parameters.iter().map(|name| json!({ "name": name, "value": "x" })).collect();
    answer(
        status,
        &json!({ "errors": [{ "errorId": id, "domain": "API_FULFILLMENT", "category": "REQUEST", "message": message,
        "longMessage": long, "inputRefIds": [], "parameters": parameters }] }),
    )
}

#[test]
fn every_error_number() {
    let both = "Invalid shipment tracking number or carrier";
    let e = |id, message| error(400, id, message, "", &[]);
    let table = [
        (e(32100, "Invalid Order Id: 1"), E::OrderNotFound, R::Refused),
        (e(32200, "Invalid line item id: 1"), E::SkuUnknown, R::Refused),
        (e(32210, "Invalid line item ID."), E::SkuUnknown, R::Refused),
        (e(32210, "Duplicate line item in the request"), E::InvalidRequest, R::Refused),
        (e(32300, both), E::CourierRejected, R::Refused),
        (
            error(400, 32300, both, both, &["shippingCarrierCode", "trackingNumber"]),
            E::CourierRejected,
            R::Refused,
        ),
        (
            error(400, 32300, both, "The specified shipping carrier is not supported.", &["trackingNumber"]),
            E::CourierRejected,
            R::Refused,
        ),
        (
            error(400, 32300, both, "The tracking number may only contain letters and digits.", &[]),
            E::TrackingRejected,
            R::Refused,
        ),
        (error(400, 32300, both, both, &["trackingNumber"]), E::TrackingRejected, R::Refused),
        (e(32400, "Invalid quantity."), E::AlreadyFulfilled, R::Refused),
        (e(32400, "Requested user is suspended"), E::Forbidden, R::Refused),
        (e(32400, "Something else"), E::InvalidRequest, R::Refused),
        (e(32500, "Invalid shipped date"), E::InvalidRequest, R::Refused),
        (e(32600, "Invalid input data"), E::InvalidRequest, R::Refused),
        (e(34100, "Maximum tracking number for order is exceeded"), E::InvalidRequest, R::Refused),
        (e(34200, "Line Items contain Global Shipping Program orders"), E::InvalidRequest, R::Refused),
        (e(34300, "Mark As Shipped is not supported"), E::InvalidRequest, R::Refused),
        (
            e(34500, "Please use PUT operation for updating shipping fulfillment"),
            E::AlreadyFulfilled,
            R::Refused,
        ),
        (
            error(400, 34500, "Invalid order state.", "The order has been canceled.", &[]),
            E::OrderClosed,
            R::Refused,
        ),
        (e(34500, "Other"), E::InvalidRequest, R::Refused),
        (e(99999, "Unheard of"), E::InvalidRequest, R::Refused),
        (error(401, 1001, "Invalid access token", "", &[]), E::Auth, R::Refused),
        (error(403, 1100, "Access denied", "", &[]), E::Forbidden, R::Refused),
        (error(429, 2001, "Too many requests.", "", &[]), E::RateLimited, R::Refused),
        (error(400, 2001, "Too many requests.", "", &[]), E::RateLimited, R::Refused),
        (error(409, 0, "Conflict", "", &[]), E::InvalidRequest, R::Refused),
        (error(500, 30500, "System error", "", &[]), E::Unavailable, R::Perhaps),
        (error(500, 32300, both, "", &[]), E::Unavailable, R::Perhaps),
        (plain(503, "Service Unavailable"), E::Unavailable, R::Perhaps),
        (plain(401, ""), E::Auth, R::Refused),
        (plain(429, ""), E::RateLimited, R::Refused),
        (plain(400, "{\"errors\":[]}"), E::InvalidRequest, R::Refused),
    ];
    for (response, class, reached) in table {
        assert_eq!(kind(Ebay.submitted(&response, &parcel())), (class, reached), "{}", response.body);
    }
    let unmapped = Submission { mapped: false, courier_name: "Zed Wheels".into(), ..parcel() };
    let failure = Ebay.submitted(&e(32300, both), &unmapped).unwrap_err();
    assert_eq!((failure.class, failure.code.as_deref()), (E::CourierUnmapped, Some("32300")));
    let slow = with(error(429, 2001, "Too many requests.", "", &[]), "retry-after", "30");
    assert_eq!(Ebay.submitted(&slow, &parcel()).unwrap_err().retry_after.unwrap().num_seconds(), 30);
}

#[test]
fn success_names_the_fulfillment() {
    let made = |response: HttpResponse| Ebay.submitted(&response, &parcel()).unwrap().value.remote_id;
    let place = "https://api.ebay.com/sell/fulfillment/v1/order/12-34567-89012/shipping_fulfillment/9405509699937003457459";
    assert_eq!(made(with(plain(201, "{}"), "location", place)), "9405509699937003457459");
    assert_eq!(made(plain(201, "{}")), "H00ABC0123456789");
    assert_eq!(made(with(plain(201, ""), "location", "/elsewhere")), "H00ABC0123456789");
}

fn order() -> Value {
    let money = |value: &str| json!({ "value": value, "currency": "GBP" });
    json!({ "orderId": "12-34567-89012", "creationDate": "2026-11-20T07:00:00.000Z", "lastModifiedDate": "2026-11-20T08:00:00.000Z",
        "orderFulfillmentStatus": "IN_PROGRESS", "orderPaymentStatus": "PARTIALLY_REFUNDED", "sellerId": "acme",
        "buyer": { "username": "zoe_l" }, "buyerCheckoutNotes": "Thanks",
        "pricingSummary": { "priceSubtotal": money("30.00"), "priceDiscount": money("-3.00"), "deliveryCost": money("4.90"),
            "deliveryDiscount": money("-0.90"), "tax": money("0.0"), "total": money("31.00") },
        "paymentSummary": { "refunds": [{ "amount": money("5.00"), "refundStatus": "REFUNDED" }, { "amount": money("9.00"), "refundStatus": "FAILED" }] },
        "cancelStatus": { "cancelState": "NONE_REQUESTED", "cancelRequests": [] },
        "fulfillmentStartInstructions": [{ "fulfillmentInstructionsType": "SHIP_TO", "shippingStep": { "shippingServiceCode": "UK_RoyalMail",
            "shipTo": { "fullName": "Zoë Łuczak", "companyName": null, "email": "x@members.ebay.com", "primaryPhone": { "phoneNumber": "0123" },
                "contactAddress": { "addressLine1": "1 High St", "city": "Leeds", "stateOrProvince": "", "postalCode": "LS1 1AA", "countryCode": "GB" } } } }],
        "lineItems": [
            { "lineItemId": "1", "sku": "SKU-1", "title": "Widget", "quantity": 3, "lineItemCost": money("25.00"), "discountedLineItemCost": money("22.00"),
              "lineItemFulfillmentStatus": "IN_PROGRESS", "refunds": [] },
            { "lineItemId": "2", "title": "Gadget", "quantity": 1, "lineItemCost": money("5.00"), "lineItemFulfillmentStatus": "FULFILLED",
              "refunds": [{ "amount": money("5.00") }] }] })
}

fn page(orders: Vec<Value>) -> OrdersPage {
    Ebay.orders_read(&answer(200, &json!({ "orders": orders, "total": 1, "limit": 50, "offset": 0 })))
        .unwrap()
        .value
}

#[test]
fn an_order_as_it_comes_in() {
    let order_read = page(vec![order()]).orders.remove(0);
    assert_eq!(
        (order_read.channel_reference.as_str(), order_read.number.as_str()),
        ("12-34567-89012", "12-34567-89012")
    );
    assert_eq!(
        (order_read.subtotal_minor, order_read.discount_minor, order_read.shipping_minor),
        (3000, 390, 490)
    );
    assert_eq!((order_read.tax_minor, order_read.total_minor, order_read.refunded_minor), (0, 3100, 500));
    assert_eq!(order_read.payment_status, PaymentStatus::PartiallyRefunded);
    assert_eq!((order_read.placed_at, order_read.canceled_at), (at("2026-11-20T07:00:00Z"), None));
    assert_eq!(order_read.shipping_method, "UK_RoyalMail");
    assert_eq!(order_read.extras, json!({ "note": "Thanks", "buyer": "zoe_l" }));
    let first = &order_read.lines[0];
    assert_eq!((first.price_minor, first.discount_minor), (834, 302), "the line's sum stays 22.00");
    assert_eq!((first.refunded, first.fulfilled), (0, 1));
    let second = &order_read.lines[1];
    assert_eq!((second.sku.as_str(), second.refunded, second.fulfilled), ("", 1, 1));

    for (word, status) in [
        ("PAID", PaymentStatus::Paid),
        ("PENDING", PaymentStatus::Unpaid),
        ("FAILED", PaymentStatus::Unpaid),
        ("FULLY_REFUNDED", PaymentStatus::Refunded),
    ] {
        let mut one = order();
        one["orderPaymentStatus"] = json!(word);
        assert_eq!(page(vec![one]).orders[0].payment_status, status, "{word}");
    }
    let mut canceled = order();
    canceled["cancelStatus"] =
        json!({ "cancelState": "CANCELED", "cancelledDate": "2026-11-21T07:00:00.000Z" });
    assert_eq!(page(vec![canceled.clone()]).orders[0].canceled_at, Some(at("2026-11-21T07:00:00Z")));
    canceled["cancelStatus"] = json!({ "cancelState": "CANCELED", "cancelRequests": [{ "cancelCompletedDate": "2026-11-22T07:00:00.000Z" }] });
    assert_eq!(page(vec![canceled.clone()]).orders[0].canceled_at, Some(at("2026-11-22T07:00:00Z")));
    canceled["cancelStatus"] = json!({ "cancelState": "CANCELED" });
    assert_eq!(page(vec![canceled]).orders[0].canceled_at, Some(at("2026-11-20T07:00:00Z")));
    let mut bad = order();
    bad["pricingSummary"] = Value::Null;
    let mixed = page(vec![bad, order()]);
    assert_eq!((mixed.orders.len(), mixed.failures.len()), (1, 1));
}

#[test]
fn orders_are_paged_by_offset() {
    insta::assert_snapshot!(shown(&Ebay.orders(&channel(BASE), at("2026-11-20T06:55:00Z"), None)), @r"
    GET https://api.ebay.com/sell/fulfillment/v1/order?filter=lastmodifieddate%3A%5B2026-11-20T06%3A55%3A00.000Z..%5D&limit=50&offset=0
    Accept: application/json
    Authorization: …
    ");
    assert!(Ebay.orders(&channel(BASE), at("2026-11-20T06:55:00Z"), Some("50")).url.ends_with("&offset=50"));
    let next = |body: Value| Ebay.orders_read(&answer(200, &body)).unwrap().value.next;
    assert_eq!(
        next(json!({ "orders": [order()], "offset": 50, "next": "https://…" })).as_deref(),
        Some("51")
    );
    assert_eq!(next(json!({ "orders": [order()], "offset": 50 })), None);
    assert_eq!(next(json!({ "orders": [], "offset": 50, "next": "https://…" })), None);
}

#[test]
fn the_test_names_the_seller() {
    assert!(Ebay.test(&channel(BASE)).url.ends_with("/order?limit=1"));
    assert_eq!(Ebay.tested(&answer(200, &json!({ "orders": [order()] }))).unwrap().value, "acme");
    assert_eq!(Ebay.tested(&answer(200, &json!({ "orders": [] }))).unwrap().value, "eBay");
    assert_eq!(kind(Ebay.tested(&error(401, 1001, "Invalid access token", "", &[]))), (E::Auth, R::Refused));
    assert_eq!(Ebay.verify(&["x".to_owned().into()], &[], b"{}"), None);
}
