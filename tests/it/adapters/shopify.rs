//! Shopify: the look before, the fulfillment, its refusals.

use super::{answer, at, body, channel, header, kind, line, plain, shown, submission, with};
use serde_json::{Value, json};
use waybill::{
    channels::{Channel, Look, Submission, Told, kinds::shopify::Shopify},
    outbound::{ErrorClass as E, HttpResponse, Reached as R},
};

const BASE: &str = "https://acme.myshopify.com";

fn part(id: u64, item: u64, sku: &str, remaining: i64) -> Value {
    json!({ "id": format!("gid://shopify/FulfillmentOrderLineItem/{id}"), "remainingQuantity": remaining, "sku": sku,
        "lineItem": { "id": format!("gid://shopify/LineItem/{item}") } })
}

fn group(id: u64, location: u64, status: &str, parts: Vec<Value>) -> Value {
    let actions = if matches!(status, "OPEN" | "IN_PROGRESS") {
        json!([{ "action": "CREATE_FULFILLMENT" }])
    } else {
        json!([])
    };
    json!({ "id": format!("gid://shopify/FulfillmentOrder/{id}"), "status": status, "supportedActions": actions,
        "assignedLocation": { "location": { "id": format!("gid://shopify/Location/{location}") } },
        "lineItems": { "pageInfo": { "hasNextPage": false }, "nodes": parts } })
}

fn order(groups: Vec<Value>, parcels: Vec<Value>) -> HttpResponse {
    answer(
        200,
        &json!({ "data": { "order": { "id": "gid://shopify/Order/1", "name": "#1001", "cancelledAt": null,
        "fulfillments": parcels, "fulfillmentOrders": { "pageInfo": { "hasNextPage": false }, "nodes": groups } } } }),
    )
}

fn send(response: &HttpResponse, submission: &Submission) -> Value {
    match Shopify.looked(response, submission).unwrap().value {
        Look::Send(look) => look["lineItemsByFulfillmentOrder"].clone(),
        there => panic!("{there:?}"),
    }
}

#[test]
fn looking_reads_the_order_by_its_number() {
    let one = submission(vec![line("11", "SKU-1", 1)]);
    let request = Shopify.look(&channel(&format!("{BASE}/")), &one);
    assert_eq!(
        (request.method, request.url.as_str()),
        ("POST", "https://acme.myshopify.com/admin/api/2026-07/graphql.json")
    );
    assert_eq!(header(&request, "X-Shopify-Access-Token"), "hush-token");
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(body(&request)["variables"], json!({ "id": "gid://shopify/Order/5770000032768" }));
    shown(&request);
    let by_gid = Submission { order_reference: "gid://shopify/Order/7".into(), ..one };
    assert_eq!(body(&Shopify.look(&channel(BASE), &by_gid))["variables"]["id"], "gid://shopify/Order/7");
}

#[test]
fn the_fulfillment_as_it_is_sent() {
    let one = submission(vec![line("11", "SKU-1", 1)]);
    let look = json!({ "lineItemsByFulfillmentOrder": send(&order(vec![group(1, 1, "OPEN", vec![part(9, 11, "SKU-1", 2)])], vec![]), &one) });
    insta::assert_snapshot!(shown(&Shopify.submit(&channel(BASE), &one, &look)), @r#"
    POST https://acme.myshopify.com/admin/api/2026-07/graphql.json
    Content-Type: application/json
    Accept: application/json
    X-Shopify-Access-Token: …
    {"query":"mutation Submit($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status displayStatus trackingInfo { company number url } } userErrors { field message } } }","variables":{"fulfillment":{"lineItemsByFulfillmentOrder":[{"fulfillmentOrderId":"gid://shopify/FulfillmentOrder/1","fulfillmentOrderLineItems":[{"id":"gid://shopify/FulfillmentOrderLineItem/9","quantity":1}]}],"notifyCustomer":true,"trackingInfo":{"company":"Evri","number":"H00ABC0123456789","url":"https://www.evri.com/track/H00ABC0123456789"}}}}
    "#);
    let quiet =
        Submission { tracking_url: None, notify_buyer: false, courier_name: "Kurier Łódź".into(), ..one };
    let sent = body(&Shopify.submit(&channel(BASE), &quiet, &look));
    let sent = &sent["variables"]["fulfillment"];
    assert_eq!(sent["trackingInfo"], json!({ "company": "Kurier Łódź", "number": "H00ABC0123456789" }));
    assert_eq!(sent["notifyCustomer"], false);
}

#[test]
fn lines_are_picked_by_id_then_by_sku_over_several_fulfillment_orders() {
    let groups = vec![
        group(1, 1, "CLOSED", vec![part(8, 11, "SKU-1", 0)]),
        group(2, 1, "OPEN", vec![part(9, 11, "SKU-1", 1), part(10, 12, "SKU-2", 5)]),
        group(3, 1, "IN_PROGRESS", vec![part(11, 11, "SKU-1", 2)]),
    ];
    let answer = order(groups, vec![]);
    let lines = [
        line("gid://shopify/LineItem/11", "", 1),
        line("11", "", 1),
        line("11", "", 1),
        line("", "SKU-2", 4),
    ];
    let both = submission(vec![lines[0].clone(), lines[3].clone()]);
    assert_eq!(
        send(&answer, &both),
        json!([{ "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/2", "fulfillmentOrderLineItems": [
            { "id": "gid://shopify/FulfillmentOrderLineItem/9", "quantity": 1 },
            { "id": "gid://shopify/FulfillmentOrderLineItem/10", "quantity": 4 }] }])
    );
    let same_line_twice = submission(lines[1..3].to_vec());
    let picked = send(&answer, &same_line_twice);
    assert_eq!(picked[0]["fulfillmentOrderLineItems"][0]["quantity"], 1);
    assert_eq!(picked[1]["fulfillmentOrderId"], "gid://shopify/FulfillmentOrder/3");
    assert_eq!(picked[1]["fulfillmentOrderLineItems"][0]["quantity"], 1);
}

#[test]
fn a_call_stays_at_one_location() {
    let groups = vec![
        group(1, 1, "OPEN", vec![part(9, 11, "SKU-1", 1)]),
        group(2, 2, "OPEN", vec![part(10, 11, "SKU-1", 2), part(11, 12, "SKU-2", 1)]),
    ];
    let answer = order(groups, vec![]);
    let picked = send(&answer, &submission(vec![line("11", "", 1), line("12", "", 1)]));
    assert_eq!(picked.as_array().unwrap().len(), 1);
    assert_eq!(picked[0]["fulfillmentOrderId"], "gid://shopify/FulfillmentOrder/2");
    let over_both = submission(vec![line("11", "", 3)]);
    assert_eq!(kind(Shopify.looked(&answer, &over_both)), (E::InvalidRequest, R::NotSent));
}

#[test]
fn a_parcel_that_is_there_is_not_sent_again() {
    let parcel = |status: &str| {
        json!({ "id": "gid://shopify/Fulfillment/5", "status": status,
            "trackingInfo": [{ "company": "Evri", "number": "other", "url": null }, { "company": null, "number": "h00abc 0123456789", "url": null }] })
    };
    let open = || vec![group(1, 1, "OPEN", vec![part(9, 11, "SKU-1", 1)])];
    let one = submission(vec![line("11", "SKU-1", 1)]);
    let there = Look::AlreadyThere { remote_id: "gid://shopify/Fulfillment/5".into() };
    assert_eq!(Shopify.looked(&order(open(), vec![parcel("SUCCESS")]), &one).unwrap().value, there);
    for dead in ["CANCELLED", "ERROR", "FAILURE"] {
        send(&order(open(), vec![parcel(dead)]), &one);
    }
    let mut cancelled = order(vec![], vec![parcel("SUCCESS")]);
    cancelled.body =
        cancelled.body.replace("\"cancelledAt\":null", "\"cancelledAt\":\"2026-11-20T07:00:00Z\"");
    assert_eq!(Shopify.looked(&cancelled, &one).unwrap().value, there);
}

fn told(id: Option<&str>, number: &str, courier: Option<&str>) -> Submission {
    let told = Told {
        remote_id: id.map(str::to_owned),
        tracking_number: number.into(),
        courier_name: courier.map(str::to_owned),
    };
    Submission { told: Some(told), ..submission(vec![line("11", "SKU-1", 1)]) }
}

/// A fulfillment with its tracking numbers, each of one courier.
fn fulfilled(id: u64, status: &str, company: &str, numbers: &[&str]) -> Value {
    let infos: Vec<Value> =
        numbers.iter().map(|n| json!({ "company": company, "number": n, "url": null })).collect();
    json!({ "id": format!("gid://shopify/Fulfillment/{id}"), "status": status, "trackingInfo": infos })
}

#[test]
fn what_was_told_before_is_corrected_where_it_is() {
    const NOW: &str = "H00ABC0123456789";
    let five = "gid://shopify/Fulfillment/5";
    // one piece is still open: a look that only knew the new number would send a second one
    let open = || vec![group(1, 1, "OPEN", vec![part(9, 11, "SKU-1", 1)])];
    let look = |parcels, one: &Submission| Shopify.looked(&order(open(), parcels), one).map(|a| a.value);
    let correct = Look::Correct(json!({ "fulfillmentId": five }));
    let there = Look::AlreadyThere { remote_id: five.into() };
    let old = || fulfilled(5, "SUCCESS", "Evri", &["OLD 1"]);
    for (parcels, one, becomes, why) in [
        (vec![old()], told(Some(five), "old1", Some("Evri")), &correct, "by its id"),
        (vec![old()], told(Some("5"), "whatever", None), &correct, "by its number"),
        (vec![old()], told(None, "old1", None), &correct, "by the number it was told"),
        (
            vec![fulfilled(5, "SUCCESS", "Evri", &[NOW])],
            told(Some(five), "old1", None),
            &there,
            "as it should be",
        ),
        (
            vec![fulfilled(5, "SUCCESS", "evri uk", &[NOW])],
            told(Some(five), NOW, Some("Hermes")),
            &correct,
            "another courier",
        ),
        (
            vec![fulfilled(5, "SUCCESS", "Their name", &[NOW])],
            told(Some(five), NOW, Some("Evri")),
            &there,
            "the shop's own word for it",
        ),
        (
            vec![fulfilled(6, "SUCCESS", "Evri", &[NOW]), old()],
            told(Some(five), "old1", Some("Evri")),
            &correct,
            "another parcel has the number, ours has not",
        ),
    ] {
        assert_eq!(look(parcels, &one).unwrap(), *becomes, "{why}");
    }
    // taken back at Shopify: its lines are open again
    for dead in ["CANCELLED", "ERROR", "FAILURE"] {
        let parcels = vec![fulfilled(5, dead, "Evri", &["old1"])];
        send(&order(open(), parcels), &told(Some(five), "old1", Some("Evri")));
    }
    let two = look(vec![fulfilled(5, "SUCCESS", "Evri", &["old1", "X"])], &told(Some(five), "old1", None));
    assert_eq!(kind(two), (E::InvalidRequest, R::NotSent), "the other number would be lost");
}

#[test]
fn the_correction_as_it_is_sent() {
    let one = told(Some("gid://shopify/Fulfillment/5"), "old1", None);
    let look = json!({ "fulfillmentId": "gid://shopify/Fulfillment/5" });
    insta::assert_snapshot!(shown(&Shopify.correct(&channel(BASE), &one, &look).unwrap()), @r#"
    POST https://acme.myshopify.com/admin/api/2026-07/graphql.json
    Content-Type: application/json
    Accept: application/json
    X-Shopify-Access-Token: …
    {"query":"mutation Correct($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) { fulfillment { id status displayStatus trackingInfo { company number url } } userErrors { field message } } }","variables":{"id":"gid://shopify/Fulfillment/5","notify":true,"tracking":{"company":"Evri","number":"H00ABC0123456789","url":"https://www.evri.com/track/H00ABC0123456789"}}}
    "#);
    let answered = |payload: Value| {
        let body = json!({ "data": { "fulfillmentTrackingInfoUpdate": payload } });
        Shopify.corrected(&answer(200, &body), &one)
    };
    let done = answered(json!({ "fulfillment": { "id": "gid://shopify/Fulfillment/5" }, "userErrors": [] }))
        .unwrap();
    assert_eq!((done.value.remote_id.as_str(), done.warning), ("gid://shopify/Fulfillment/5", None));
    for (message, class) in [
        ("Fulfillment does not exist.", E::OrderNotFound),
        ("Fulfillment is cancelled.", E::OrderClosed),
        ("Tracking number is too long", E::TrackingRejected),
    ] {
        let refused = json!({ "fulfillment": null, "userErrors": [{ "field": ["fulfillmentId"], "message": message }] });
        assert_eq!(kind(answered(refused)), (class, R::Refused), "{message}");
    }
    assert_eq!(kind(answered(Value::Null)), (E::Unknown, R::Perhaps));
    let other =
        json!({ "data": { "fulfillmentCreate": { "fulfillment": { "id": "x" }, "userErrors": [] } } });
    assert_eq!(kind(Shopify.corrected(&answer(200, &other), &one)), (E::Unknown, R::Perhaps));
}

#[test]
fn what_looking_refuses() {
    let one = submission(vec![line("11", "SKU-1", 2)]);
    let refused = |groups| kind(Shopify.looked(&order(groups, vec![]), &one));
    let single = |status, remaining| vec![group(1, 1, status, vec![part(9, 11, "SKU-1", remaining)])];
    assert_eq!(refused(vec![]), (E::SkuUnknown, R::Refused));
    assert_eq!(
        refused(vec![group(1, 1, "OPEN", vec![part(9, 12, "SKU-9", 2)])]),
        (E::SkuUnknown, R::Refused)
    );
    assert_eq!(refused(single("CLOSED", 0)), (E::AlreadyFulfilled, R::Refused));
    assert_eq!(refused(single("OPEN", 1)), (E::AlreadyFulfilled, R::Refused));
    for status in ["ON_HOLD", "SCHEDULED", "CANCELLED", "INCOMPLETE"] {
        assert_eq!(refused(single(status, 2)), (E::OrderClosed, R::Refused), "{status}");
    }
    let gone = answer(200, &json!({ "data": { "order": null } }));
    assert_eq!(kind(Shopify.looked(&gone, &one)), (E::OrderNotFound, R::Refused));
    let cancelled =
        answer(200, &json!({ "data": { "order": { "name": "#1", "cancelledAt": "2026-11-20T07:00:00Z" } } }));
    assert_eq!(kind(Shopify.looked(&cancelled, &one)), (E::OrderClosed, R::Refused));
    let mut long = order(vec![group(1, 1, "OPEN", vec![part(9, 12, "SKU-9", 2)])], vec![]);
    long.body = long.body.replace("\"hasNextPage\":false", "\"hasNextPage\":true");
    assert_eq!(kind(Shopify.looked(&long, &one)), (E::InvalidRequest, R::Refused));
    assert_eq!(
        kind(Shopify.looked(&order(vec![], vec![]), &submission(vec![]))),
        (E::InvalidRequest, R::NotSent)
    );
}

fn user_error(message: &str) -> HttpResponse {
    answer(
        200,
        &json!({ "data": { "fulfillmentCreate": { "fulfillment": null,
        "userErrors": [{ "field": ["fulfillment"], "message": message }] } } }),
    )
}

fn throttled(requested: f64, available: f64, rate: f64) -> Value {
    json!({ "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
        "extensions": { "cost": { "requestedQueryCost": requested, "actualQueryCost": null,
            "throttleStatus": { "maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate } } } })
}

#[test]
fn every_answer_to_a_fulfillment() {
    let one = submission(vec![line("11", "SKU-1", 1)]);
    let top = |code: &str| {
        answer(200, &json!({ "errors": [{ "message": "invalid id", "extensions": { "code": code } }] }))
    };
    let text = |status| answer(status, &json!({ "errors": "[API] something" }));
    let table: Vec<(HttpResponse, E, R)> = vec![
        (user_error("Fulfillment order does not exist."), E::OrderNotFound, R::Refused),
        (user_error("Fulfillment order line item does not exist."), E::SkuUnknown, R::Refused),
        (
            user_error("Invalid fulfillment order line item quantity requested."),
            E::AlreadyFulfilled,
            R::Refused,
        ),
        (user_error("Quantity must be greater than 0"), E::InvalidRequest, R::Refused),
        (
            user_error("Fulfillment order 7 has an unfulfillable status= closed."),
            E::AlreadyFulfilled,
            R::Refused,
        ),
        (
            user_error("Fulfillment order 7 has an unfulfillable status= cancelled."),
            E::OrderClosed,
            R::Refused,
        ),
        (user_error("Fulfillment order 7 has an unfulfillable status= on_hold."), E::OrderClosed, R::Refused),
        (user_error("All fulfillment orders must belong to the same order."), E::InvalidRequest, R::Refused),
        (
            user_error("All fulfillment orders must be assigned to a single location."),
            E::InvalidRequest,
            R::Refused,
        ),
        (user_error("Tracking number is invalid"), E::TrackingRejected, R::Refused),
        (user_error("Something new"), E::InvalidRequest, R::Refused),
        (top("RESOURCE_NOT_FOUND"), E::OrderNotFound, R::Refused),
        (top("ACCESS_DENIED"), E::Forbidden, R::Refused),
        (top("MAX_COST_EXCEEDED"), E::InvalidRequest, R::Refused),
        (top("undefinedField"), E::InvalidRequest, R::Refused),
        (top("INTERNAL_SERVER_ERROR"), E::Unavailable, R::Perhaps),
        (top("THROTTLED"), E::RateLimited, R::Refused),
        (answer(200, &throttled(12.0, 2.0, 5.0)), E::RateLimited, R::Refused),
        (answer(429, &throttled(12.0, 2.0, 5.0)), E::RateLimited, R::Refused),
        (text(400), E::InvalidRequest, R::Refused),
        (text(401), E::Auth, R::Refused),
        (text(402), E::Forbidden, R::Refused),
        (text(403), E::Forbidden, R::Refused),
        (text(404), E::Auth, R::Refused),
        (text(423), E::Forbidden, R::Refused),
        (text(429), E::RateLimited, R::Refused),
        (text(500), E::Unavailable, R::Perhaps),
        (plain(503, "<html>"), E::Unavailable, R::Perhaps),
        (plain(200, ""), E::Unknown, R::Perhaps),
        (plain(200, "<html>"), E::Unknown, R::Perhaps),
        (plain(200, "{\"data\":{\"fulfillmentCreate\":{\"fulfill"), E::Unknown, R::Perhaps),
        (answer(200, &json!({})), E::Unknown, R::Perhaps),
        (
            answer(
                200,
                &json!({ "data": { "fulfillmentCreate": { "fulfillment": null, "userErrors": [] } } }),
            ),
            E::Unknown,
            R::Perhaps,
        ),
    ];
    for (response, class, reached) in table {
        assert_eq!(kind(Shopify.submitted(&response, &one)), (class, reached), "{}", response.body);
    }
    let wait =
        |response| Shopify.submitted(&response, &one).unwrap_err().retry_after.map(|wait| wait.num_seconds());
    assert_eq!(wait(answer(200, &throttled(12.0, 2.0, 5.0))), Some(2));
    assert_eq!(wait(answer(200, &throttled(12.0, 2.0, 0.0))), None);
    assert_eq!(wait(with(text(429), "retry-after", "7")), Some(7));
}

#[test]
fn success_and_its_warnings() {
    let done = |errors: Value| {
        answer(
            200,
            &json!({ "data": { "fulfillmentCreate": { "fulfillment": { "id": "gid://shopify/Fulfillment/5" }, "userErrors": errors } } }),
        )
    };
    let one = submission(vec![line("11", "SKU-1", 1)]);
    let made = Shopify.submitted(&done(json!([])), &one).unwrap();
    assert_eq!((made.value.remote_id.as_str(), made.warning), ("gid://shopify/Fulfillment/5", None));
    let strange = Submission { courier_name: "Zed Wheels".into(), ..one.clone() };
    let made = Shopify.submitted(&done(json!([])), &strange).unwrap();
    assert_eq!(
        made.warning.unwrap(),
        "Shopify stored the courier “Zed Wheels” but makes no tracking link for it."
    );
    let made =
        Shopify.submitted(&done(json!([{ "field": null, "message": "Mind the gap." }])), &one).unwrap();
    assert_eq!(made.warning.unwrap(), "Mind the gap.");
}

#[test]
fn the_test_names_the_shop() {
    let request = Shopify.test(&channel(BASE));
    assert!(request.body.as_deref().unwrap().contains("shop { name"));
    let ok = answer(
        200,
        &json!({ "data": { "shop": { "name": "Acme", "myshopifyDomain": "acme.myshopify.com" } } }),
    );
    assert_eq!(Shopify.tested(&ok).unwrap().value, "Acme");
    assert_eq!(
        kind(Shopify.tested(&answer(401, &json!({ "errors": "[API] Invalid API key" })))),
        (E::Auth, R::Refused)
    );
}

#[test]
fn orders_are_asked_for_by_change() {
    let request = Shopify.orders(&channel(BASE), at("2026-11-20T06:55:00Z"), None);
    assert_eq!(
        body(&request)["variables"],
        json!({ "query": "updated_at:>='2026-11-20T06:55:00Z'", "after": null })
    );
    let request = Shopify.orders(&channel(BASE), at("2026-11-20T06:55:00Z"), Some("eyJ"));
    assert_eq!(body(&request)["variables"]["after"], "eyJ");
}
