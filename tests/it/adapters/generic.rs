//! The generic provider: what is sent in each class, who it says we are, every answer.

use super::{answer, at, header, kind, plain, shown, with};
use secrecy::SecretString;
use serde_json::{Value, json};
use waybill::{
    outbound::{ErrorClass as E, HttpResponse, Reached as R, signature},
    providers::{
        Access, IdempotencyClass, Parcel, PostLine, PostOrder, Provider, RemoteOrder, ShipTo,
        kinds::generic::Generic,
    },
};

const BASE: &str = "https://warehouse.example/api/";
const SECRET: &str = "whsec_aHVzaC1odXNoLWh1c2gtaHVzaA==";

fn access(settings: Value) -> Access {
    Access {
        base_url: BASE.into(),
        credentials: SecretString::from(json!({ "token": "hush-token" }).to_string()),
        settings,
        now: at("2026-11-20T08:00:00Z"),
    }
}

fn signed(settings: Value) -> Access {
    let credentials = json!({ "token": "hush-token", "signing_secret": SECRET }).to_string();
    Access { credentials: SecretString::from(credentials), ..access(settings) }
}

fn order() -> PostOrder {
    PostOrder {
        reference: "SHP-90217".into(),
        idempotency_key: "waybill-7".into(),
        number: "SHP-90217".into(),
        order_number: "#1001".into(),
        placed_at: at("2026-11-20T07:00:00.123456Z"),
        ship_to: ShipTo {
            name: "Jane Doe".into(),
            line1: "1 Main St".into(),
            city: "Łódź".into(),
            postal_code: "90-001".into(),
            country: "pl".into(),
            email: Some("jane@example.com".into()),
            ..ShipTo::default()
        },
        lines: vec![PostLine {
            key: "L1".into(),
            sku: "SKU-1".into(),
            name: "Widget".into(),
            quantity: 2,
            unit_price_minor: 999,
        }],
        currency: "EUR".into(),
        shipping_method: "Standard".into(),
    }
}

fn remote(status: &str) -> Value {
    json!({ "id": "W-1", "reference": "SHP-90217", "status": status, "packages": [] })
}

fn is(status: &str, live: bool) -> RemoteOrder {
    RemoteOrder { remote_id: "W-1".into(), reference: "SHP-90217".into(), status: status.into(), live }
}

fn error(status: u16, code: &str, fields: Value) -> HttpResponse {
    answer(status, &json!({ "error": { "code": code, "message": "No.", "fields": fields } }))
}

#[test]
fn the_order_as_it_is_posted() {
    let request = Generic.create(&signed(json!({ "idempotency": "key" })), &order());
    insta::assert_snapshot!(shown(&request), @r##"
    POST https://warehouse.example/api/shipments
    Content-Type: application/json
    Accept: application/json
    Authorization: …
    webhook-id: waybill-7
    webhook-timestamp: 1795161600
    webhook-signature: …
    Idempotency-Key: waybill-7
    {"currency":"EUR","items":[{"key":"L1","name":"Widget","quantity":2,"sku":"SKU-1","unit_price":"9.99"}],"number":"SHP-90217","order_number":"#1001","placed_at":"2026-11-20T07:00:00Z","reference":"SHP-90217","ship_to":{"city":"Łódź","company":null,"country":"PL","email":"jane@example.com","line1":"1 Main St","line2":null,"name":"Jane Doe","phone":null,"postal_code":"90-001","region":null},"shipping_method":"Standard"}
    "##);
    let text = request.body.as_deref().unwrap();
    let expected = signature::standard_webhook(SECRET, "waybill-7", 1_795_161_600, text).unwrap();
    assert_eq!(header(&request, "webhook-signature"), expected);
    assert_eq!(header(&request, "authorization"), "Bearer hush-token");
    let later = Access { now: at("2026-11-20T09:00:00Z"), ..signed(json!({ "idempotency": "key" })) };
    let again = Generic.create(&later, &order());
    assert_eq!((&again.body, header(&again, "idempotency-key")), (&request.body, "waybill-7"));
    assert_ne!(header(&again, "webhook-signature"), expected);
    for class in ["own_id", "searchable", "nothing", "?"] {
        let request = Generic.create(&access(json!({ "idempotency": class })), &order());
        assert_eq!(header(&request, "idempotency-key"), "", "{class}");
        assert_eq!(header(&request, "webhook-id"), "", "no secret, no signature");
    }
}

#[test]
fn every_other_request() {
    let all = json!({ "idempotency": "key", "reads": true, "cancels": true, "updates": true });
    let access = access(all);
    let requests = [
        Generic.test(&access),
        Generic.find(&access, "SHP 1/2&x").unwrap(),
        Generic.read(&access, "../W 1?x").unwrap(),
        Generic.track(&access, "W-1").unwrap(),
        Generic.cancel(&access, &is("received", true)).unwrap(),
    ];
    let shown: Vec<String> = requests.iter().map(shown).collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r##"
    GET https://warehouse.example/api/shipments?reference=waybill-test
    Accept: application/json
    Authorization: …

    GET https://warehouse.example/api/shipments?reference=SHP%201%2F2%26x
    Accept: application/json
    Authorization: …

    GET https://warehouse.example/api/shipments/..%2FW%201%3Fx
    Accept: application/json
    Authorization: …

    GET https://warehouse.example/api/shipments/W-1
    Accept: application/json
    Authorization: …

    POST https://warehouse.example/api/shipments/W-1/cancel
    Content-Type: application/json
    Accept: application/json
    Authorization: …
    {}
    "##);
    let update = Generic.update(&access, &is("received", true), &order()).unwrap();
    assert_eq!((update.method, update.url.as_str()), ("PUT", "https://warehouse.example/api/shipments/W-1"));
    assert_eq!(update.body, Generic.create(&access, &order()).body);
    let updated = |response| Generic.updated(&response, &order());
    assert_eq!(updated(answer(200, &remote("picking"))).unwrap().value, is("picking", true));
    let no =
        |status: u16, code: &str| answer(status, &json!({ "error": { "code": code, "message": "No." } }));
    for (response, expected) in [
        (no(409, "too_late"), (E::AlreadyFulfilled, R::Refused)),
        (no(409, "busy"), (E::Unknown, R::Perhaps)),
        (no(425, "early"), (E::Unknown, R::Perhaps)),
        (no(422, "invalid"), (E::InvalidRequest, R::Refused)),
        (no(404, "not_found"), (E::OrderNotFound, R::Refused)),
        (no(503, "unavailable"), (E::Unavailable, R::Perhaps)),
        (answer(200, &remote("canceled")), (E::OrderClosed, R::Refused)),
        (answer(200, &json!({})), (E::Unknown, R::Perhaps)),
    ] {
        assert_eq!(kind(updated(response.clone())), expected, "{response:?}");
    }
    let takes = |status: &str, live: bool| Generic.takes_changes(&is(status, live));
    assert!(takes("received", true) && takes("picking", true) && takes("packing", true));
    assert!(!takes("shipped", true) && !takes("Shipped", true) && !takes("canceled", false));
    assert!(Generic.update(&signed(json!({ "reads": true })), &is("received", true), &order()).is_none());
}

#[test]
fn a_signature_covers_method_and_path() {
    let access = signed(json!({ "reads": true, "cancels": true }));
    let id = |request| header(&request, "webhook-id").to_owned();
    let (one, other) = (Generic.read(&access, "W-1").unwrap(), Generic.read(&access, "W-2").unwrap());
    let expected =
        signature::standard_webhook(SECRET, header(&one, "webhook-id"), 1_795_161_600, "").unwrap();
    assert_eq!(header(&one, "webhook-signature"), expected);
    assert!(header(&one, "webhook-id").starts_with("req_"));
    let ids = [id(one), id(other), id(Generic.cancel(&access, &is("received", true)).unwrap())];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    // a secret of another form still signs
    let credentials = SecretString::from(json!({ "signing_secret": "plain words" }).to_string());
    let odd = Generic.read(&Access { credentials, ..access }, "W-1").unwrap();
    let expected =
        signature::standard_webhook("whsec_cGxhaW4gd29yZHM=", header(&odd, "webhook-id"), 1_795_161_600, "");
    assert_eq!(header(&odd, "webhook-signature"), expected.unwrap());
}

#[test]
fn three_ways_to_say_who_we_are() {
    let with = |settings: Value| {
        let credentials = json!({ "token": "t", "username": "us", "password": "pass",
            "header_1": "one", "header_2": "two" });
        let access = Access { credentials: SecretString::from(credentials.to_string()), ..access(settings) };
        Generic.test(&access).headers.into_iter().filter(|(name, _)| name != "Accept").collect::<Vec<_>>()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(with(json!({})), [pair("Authorization", "Bearer t")]);
    assert_eq!(with(json!({ "auth": "basic" })), [pair("Authorization", "Basic dXM6cGFzcw==")]);
    assert_eq!(with(json!({ "auth": "headers" })), [pair("X-Api-Key", "one"), pair("X-Client-Id", "two")]);
    let named = json!({ "auth": "headers", "headers": ["X-House-Token", "X-House-Secret"] });
    assert_eq!(with(named), [pair("X-House-Token", "one"), pair("X-House-Secret", "two")]);
    let shown_in_records = json!({ "auth": "headers", "headers": ["X-House", "a b"] });
    assert_eq!(with(shown_in_records), [pair("X-Api-Key", "one"), pair("X-Client-Id", "two")]);
}

#[test]
fn what_is_declared_and_nothing_else() {
    let none = Generic.capabilities(&json!({}));
    assert_eq!(none.idempotency, IdempotencyClass::Nothing);
    assert!(!none.updates && !none.reads && !none.finds && !none.cancels && !none.webhooks);
    let bare = access(json!({ "idempotency": 7, "reads": "yes", "cancels": 1 }));
    assert_eq!(Generic.capabilities(&bare.settings), none);
    assert_eq!(Generic.find(&bare, "x"), None);
    assert_eq!((Generic.read(&bare, "x"), Generic.track(&bare, "x")), (None, None));
    assert_eq!(Generic.cancel(&bare, &is("received", true)), None);
    assert_eq!(Generic.update(&bare, &is("received", true), &order()), None);
    for (word, class, finds, finds_reading, reuses) in [
        ("key", IdempotencyClass::Key, false, true, true),
        ("own_id", IdempotencyClass::OwnId, false, true, false),
        ("searchable", IdempotencyClass::Searchable, true, true, true),
        ("nothing", IdempotencyClass::Nothing, false, false, true),
    ] {
        let can = Generic.capabilities(&json!({ "idempotency": word }));
        assert_eq!((can.idempotency, can.finds, can.reuses_references), (class, finds, reuses), "{word}");
        let settings = json!({ "idempotency": word, "reads": true });
        assert_eq!(Generic.capabilities(&settings).finds, finds_reading, "{word}");
        assert_eq!(Generic.find(&access(settings), "x").is_some(), finds_reading, "{word}");
    }
}

#[test]
fn every_answer_to_a_post() {
    let created = |response: &HttpResponse| Generic.created(response, &order());
    assert_eq!(created(&answer(201, &remote("received"))).unwrap().value, is("received", true));
    let numbered = json!({ "id": 7, "reference": "SHP-90217", "status": "picking" });
    assert_eq!(created(&answer(200, &numbered)).unwrap().value.remote_id, "7");
    let conflict = |existing: Value| {
        answer(409, &json!({ "error": { "code": "conflict", "message": "Taken.", "existing": existing } }))
    };
    let there = created(&conflict(remote("picking"))).unwrap();
    assert_eq!((there.value, there.warning.is_some()), (is("picking", true), true));
    let other = json!({ "id": "W-2", "reference": "SHP-1", "status": "received" });
    let table = [
        (conflict(other.clone()), E::Unknown, R::Perhaps),
        (conflict(Value::Null), E::Unknown, R::Perhaps),
        (
            conflict(json!({ "id": "..", "reference": "SHP-90217", "status": "received" })),
            E::Unknown,
            R::Perhaps,
        ),
        (conflict(remote("canceled")), E::OrderClosed, R::Refused),
        (conflict(remote("rejected")), E::InvalidRequest, R::Refused),
        (error(409, "busy", json!({})), E::Unknown, R::Perhaps),
        (plain(409, ""), E::Unknown, R::Perhaps),
        (error(422, "invalid", json!({ "ship_to.city": "Needed." })), E::AddressInvalid, R::Refused),
        (error(400, "invalid", json!({ "items[0].sku": ["Not known."] })), E::SkuUnknown, R::Refused),
        (error(422, "invalid", json!({ "reference": "Too long." })), E::InvalidRequest, R::Refused),
        (plain(422, ""), E::InvalidRequest, R::Refused),
        (plain(401, ""), E::Auth, R::Refused),
        (plain(403, "no"), E::Forbidden, R::Refused),
        (error(404, "not_found", json!({})), E::InvalidRequest, R::Refused),
        (plain(408, ""), E::Unknown, R::Perhaps),
        (plain(425, ""), E::Unknown, R::Perhaps),
        (error(429, "rate_limited", json!({})), E::RateLimited, R::Refused),
        (plain(500, ""), E::Unavailable, R::Perhaps),
        (error(503, "unavailable", json!({})), E::Unavailable, R::Perhaps),
        (plain(302, ""), E::Unknown, R::Perhaps),
        (plain(204, ""), E::Unknown, R::Perhaps),
        (plain(201, "<html>"), E::Unknown, R::Perhaps),
        (answer(200, &json!([])), E::Unknown, R::Perhaps),
        (answer(200, &json!({ "id": "W-1", "status": "received" })), E::Unknown, R::Perhaps),
        (answer(200, &json!({ "error": { "code": "invalid" } })), E::Unknown, R::Perhaps),
        (answer(201, &other), E::Unknown, R::Perhaps),
        (answer(201, &remote("rejected")), E::InvalidRequest, R::Refused),
        (answer(201, &remote("Cancelled")), E::OrderClosed, R::Refused),
    ];
    for (response, class, reached) in table {
        assert_eq!(kind(created(&response)), (class, reached), "{} {}", response.status, response.body);
    }
    let failure = created(&error(422, "invalid", json!({ "ship_to.city": "Needed." }))).unwrap_err();
    assert_eq!(
        (failure.code.as_deref(), failure.message.as_str()),
        (Some("invalid"), "No. ship_to.city: Needed.")
    );
    for status in [429, 503] {
        let wait = created(&with(plain(status, ""), "retry-after", "17")).unwrap_err().retry_after;
        assert_eq!(wait.map(|wait| wait.num_seconds()), Some(17));
    }
}

#[test]
fn finding_and_reading() {
    let found = |response: HttpResponse| Generic.found(&response, "SHP-90217").map(|answer| answer.value);
    let list = |orders: Vec<Value>| answer(200, &json!({ "shipments": orders }));
    let other = json!({ "id": "W-2", "reference": "shp-90217", "status": "received" });
    assert_eq!(found(list(vec![])).unwrap(), []);
    let two = found(list(vec![remote("canceled"), other.clone(), remote("received")])).unwrap();
    assert_eq!(two, [is("canceled", false), is("received", true)]);
    assert_eq!(kind(found(list(vec![other]))), (E::Unknown, R::Perhaps), "it did not search");
    assert_eq!(kind(found(list(vec![json!({ "id": 1 })]))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(found(answer(200, &json!({})))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(found(error(404, "not_found", json!({})))), (E::OrderNotFound, R::Refused));

    let read = |response: HttpResponse| Generic.was_read(&response).map(|answer| answer.value);
    assert_eq!(read(answer(200, &remote("picking"))).unwrap(), Some(is("picking", true)));
    assert_eq!(read(error(404, "not_found", json!({}))).unwrap(), None);
    assert_eq!(kind(read(plain(404, "<html>"))), (E::OrderNotFound, R::Refused), "another house's 404");
    assert_eq!(kind(read(plain(500, ""))), (E::Unavailable, R::Perhaps));
}

#[test]
fn parcels() {
    let mut order = remote("shipped");
    order["packages"] = json!([
        { "tracking_number": " JD01 ", "carrier": "DHL", "service": "express", "shipped_at": "2026-11-20T10:00:00+01:00",
          "tracking_url": "https://dhl.example/JD01", "cost": { "amount": "6.40", "currency": "EUR" },
          "items": [{ "sku": "SKU-1", "quantity": 2 }] },
        { "tracking_number": "JD02", "carrier": "DHL", "shipped_at": "soon", "cost": { "amount": 900, "currency": "JPY" }, "voided": true },
        "nonsense",
    ]);
    let tracked = |settings: Value| {
        let state = Generic.tracked(&access(settings), &answer(200, &order)).unwrap().value;
        assert_eq!((state.status.as_deref(), state.next), (Some("shipped"), None));
        state.parcels
    };
    let first = Parcel {
        tracking_number: "JD01".into(),
        courier: "DHL".into(),
        service: Some("express".into()),
        shipped_at: Some(at("2026-11-20T09:00:00Z")),
        cost_minor: Some(640),
        voided: false,
    };
    let second = Parcel {
        tracking_number: "JD02".into(),
        courier: "DHL".into(),
        service: None,
        shipped_at: None,
        cost_minor: Some(900),
        voided: true,
    };
    assert_eq!(tracked(json!({})), [first.clone(), second.clone()]);
    let euro = tracked(json!({ "currency": "EUR" }));
    assert_eq!(euro, [first, Parcel { cost_minor: None, ..second }], "yen are no euro");
    let gone = error(404, "not_found", json!({}));
    assert_eq!(kind(Generic.tracked(&access(json!({})), &gone)), (E::OrderNotFound, R::Refused));
}

#[test]
fn canceling() {
    Generic.canceled(&answer(200, &remote("canceled"))).unwrap();
    let table = [
        (answer(202, &remote("picking")), E::Unknown, R::Perhaps),
        (plain(204, ""), E::Unknown, R::Perhaps),
        (error(409, "too_late", json!({})), E::AlreadyFulfilled, R::Refused),
        (error(404, "not_found", json!({})), E::OrderNotFound, R::Refused),
        (plain(500, ""), E::Unavailable, R::Perhaps),
    ];
    for (response, class, reached) in table {
        assert_eq!(kind(Generic.canceled(&response)), (class, reached), "{}", response.body);
    }
}

#[test]
fn the_test_knows_a_warehouse_from_another_house() {
    let name = "Generic (signed JSON)";
    assert_eq!(Generic.tested(&answer(200, &json!({ "shipments": [] }))).unwrap().value, name);
    assert_eq!(Generic.tested(&error(404, "not_found", json!({}))).unwrap().value, name);
    assert_eq!(kind(Generic.tested(&plain(404, "<html>"))), (E::InvalidRequest, R::Refused));
    assert_eq!(kind(Generic.tested(&plain(200, "<html>"))), (E::Unknown, R::Perhaps));
    assert_eq!(kind(Generic.tested(&plain(401, ""))), (E::Auth, R::Refused));
}
