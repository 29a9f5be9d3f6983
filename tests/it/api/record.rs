//! The fulfillment record: every field, its words, defaults and rules.

use crate::support::{api::Program, counter::Counter, shop::Shop};
use serde_json::{Map, Value, json};
use waybill::{
    accounts::{Role, tokens::Scope},
    actions::NoInput,
    ids::ShipmentId,
    shipments::{Status, post::Post, void::VoidShipment},
};

/// Every field of the record that is written and read back as it was given, with
/// a value and another one.
const WRITTEN: &[(&str, &str, &str)] = &[
    ("adminNotes", r#""Call first""#, r#""Ünïcode ☂""#),
    ("aftershipId", r#""as-1""#, r#""as-2""#),
    ("channelAttempts", "3", "0"),
    ("channelError", "true", "false"),
    ("channelNotification", r#""mute""#, r#""trigger""#),
    ("commercialInvoiceUrl", r#""https://example.com/i.pdf""#, r#""https://example.com/j.pdf""#),
    ("days", "4", "-1"),
    ("durationTerms", r#""3 to 5 days""#, r#""soon""#),
    ("externalId", r#""ext-1""#, r#""ext-2""#),
    ("files", r#"{"a":[1,{"b":null}]}"#, "[]"),
    ("fulfillmentType", r#""automated""#, r#""adjusted""#),
    ("grams", "850.5", "0.25"),
    ("intercomMessageId", r#""im-1""#, r#""im-2""#),
    ("labelError", r#""No rate""#, r#""No printer""#),
    ("labelFileFormat", r#""png""#, r#""pdf""#),
    ("labelFiles", r#"{"pdf":"x"}"#, r#"{"png":"y"}"#),
    ("labelRefund", "true", "false"),
    ("labelUrl", r#""https://example.com/l.png""#, r#""https://example.com/m.png""#),
    ("manifestId", "42", "43"),
    ("muteError", "true", "false"),
    ("packed", "true", "false"),
    ("packedAt", r#""2026-11-19T08:00:00Z""#, r#""2026-11-20T08:00:00Z""#),
    ("picked", "true", "false"),
    ("pickedAt", r#""2026-11-19T07:00:00Z""#, r#""2026-11-20T07:00:00Z""#),
    ("price", "4.95", "12.0"),
    ("printedLabel", "true", "false"),
    ("printedLabelAt", r#""2026-11-19T06:00:00Z""#, r#""2026-11-20T06:00:00Z""#),
    ("quoteId", r#""q-1""#, r#""q-2""#),
    ("requiresShippingApproval", r#""rateRequired""#, r#""approved""#),
    ("serviceLevel", r#""Express""#, r#""Standard""#),
    ("serviceLevelTerms", r#""By noon""#, r#""By night""#),
    ("shippoLabelIds", r#"["a","b"]"#, "[]"),
    ("shipstationId", r#""ss-1""#, r#""ss-2""#),
    ("status", r#""pending""#, r#""finalized""#),
    ("tags", r#"["fragile"]"#, r#"["a","b"]"#),
    ("trackingCompany", r#""dpd""#, r#""ups""#),
    ("trackingStatus", r#""failure""#, r#""pre_transit""#),
    ("trackingStatusDate", r#""2026-11-19T05:00:00Z""#, r#""2026-11-20T05:00:00Z""#),
    ("trackingStatusDetails", r#""At the gate""#, r#""On the roof""#),
    ("trackingUrl", r#""https://example.com/t/1""#, r#""https://example.com/t/2""#),
    ("userId", "7", "8"),
    ("xeroId", r#""x-1""#, r#""x-2""#),
];

/// Fields with behaviour, each in a test of its own below.
const BEHAVED: &[&str] = &[
    "createdAt",
    "id",
    "inventoryStatus",
    "provider",
    "reference",
    "saleId",
    "shippedAt",
    "trackingNumber",
    "updatedAt",
];

/// What a key that is left out comes to.
const DEFAULTS: &[(&str, &str)] = &[
    ("channelAttempts", "0"),
    ("channelNotification", r#""trigger""#),
    ("fulfillmentType", r#""manual""#),
    ("grams", "0.0"),
    ("labelRefund", "false"),
    ("muteError", "false"),
    ("packed", "false"),
    ("picked", "false"),
    ("price", "0.0"),
    ("printedLabel", "false"),
    ("requiresShippingApproval", r#""notRequired""#),
];

/// The words of each enum.
const WORDS: &[(&str, &[&str])] = &[
    ("channelNotification", &["trigger", "mute"]),
    ("fulfillmentType", &["automated", "manual", "adjusted"]),
    ("labelFileFormat", &["png", "pdf"]),
    ("requiresShippingApproval", &["notRequired", "rateRequired", "approvalRequired", "approved"]),
    ("status", &["pending", "finalized"]),
    ("trackingStatus", &["delivered", "failure", "pre_transit", "returned", "transit", "unknown"]),
];

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Times are compared as moments.
fn same(a: &Value, b: &Value) -> bool {
    let moment = |v: &Value| v.as_str().and_then(|t| chrono::DateTime::parse_from_rfc3339(t).ok());
    match (moment(a), moment(b)) {
        (Some(a), Some(b)) => a == b,
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

struct Desk<'a> {
    shop: &'a Shop,
    counter: Counter<'a>,
    program: Program,
    path: String,
    sale: i64,
    id: ShipmentId,
}

impl<'a> Desk<'a> {
    async fn open(shop: &'a Shop) -> Desk<'a> {
        let (order, id) = shop.order(shop.shopify, &[("A", 1)]).await;
        let counter = Counter::over(shop);
        let program = Program::over(&counter, shop).await;
        Desk { shop, counter, program, path: format!("/v1/fulfillments/{id}.json"), sale: order.0, id }
    }

    async fn read(&mut self) -> Value {
        let path = self.path.clone();
        self.program.get(&path).await.ok()
    }

    /// Puts what is required and these.
    async fn put(&mut self, fields: &[(&str, Value)]) -> crate::support::api::Reply {
        let reference = self.shop.shipment(self.id).await.shipment.number;
        let mut body: Map<String, Value> = Map::new();
        body.insert("saleId".into(), json!(self.sale));
        body.insert("reference".into(), json!(reference));
        for (name, value) in fields {
            body.insert((*name).to_owned(), value.clone());
        }
        let path = self.path.clone();
        self.program.send("PUT", &path, &[], Some(Value::Object(body).to_string())).await
    }
}

// proves S4: GET /fulfillments/{id}.json
// proves S4: PUT /fulfillments/{id}.json
#[tokio::test]
async fn every_field_is_returned_as_it_was_given() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    for round in [0, 1] {
        let fields: Vec<(&str, Value)> =
            WRITTEN.iter().map(|(name, a, b)| (*name, value(if round == 0 { a } else { b }))).collect();
        let written = desk.put(&fields).await.ok();
        let read = desk.read().await;
        assert_eq!(written, read);
        for (name, given) in &fields {
            assert!(same(&read[name], given), "{name}: {} is not {given}", read[name]);
        }
    }
    // alone, each leaves what has no default as it was
    let before = desk.read().await;
    let after = desk.put(&[("adminNotes", json!("Alone"))]).await.ok();
    for (name, ..) in WRITTEN.iter().filter(|(name, ..)| *name != "adminNotes") {
        match DEFAULTS.iter().find(|(field, _)| field == name) {
            Some((_, default)) => assert!(same(&after[name], &value(default)), "{name}: {}", after[name]),
            None => assert!(same(&after[name], &before[name]), "{name} changed by itself"),
        }
    }
    // and null empties what may be empty
    for (name, ..) in WRITTEN {
        let reply = desk.put(&[(name, Value::Null)]).await;
        if *name == "fulfillmentType" {
            assert_eq!(reply.refused(422, "invalid").fields(), [*name], "it has no null");
            continue;
        }
        let read = reply.ok();
        let empty = match DEFAULTS.iter().find(|(field, _)| field == name) {
            Some((_, default)) => value(default),
            None if *name == "status" => continue,
            None if *name == "tags" => json!([]),
            None => Value::Null,
        };
        assert!(same(&read[name], &empty), "{name}: {}", read[name]);
    }
}

#[tokio::test]
async fn every_field_of_the_record_is_in_a_test() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let read = desk.read().await;
    let known: Vec<&str> = WRITTEN.iter().map(|(name, ..)| *name).chain(BEHAVED.iter().copied()).collect();
    for name in read.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "{name} is in no test");
    }
    for name in known {
        assert!(read.get(name).is_some(), "{name} is not in the record");
    }
}

#[tokio::test]
async fn wrong_words_and_types_are_refused_by_name_and_change_nothing() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let before = desk.read().await;
    for (name, words) in WORDS {
        for word in *words {
            if *word != "delivered" {
                desk.put(&[(name, json!(word))]).await.ok();
            }
        }
        let reply = desk.put(&[(name, json!("nonsense"))]).await.refused(422, "invalid");
        assert_eq!(reply.fields(), [*name], "{}", reply.answer.body);
    }
    desk.put(&[]).await.ok();
    let wrong = json!([{ "not": "this" }]);
    for (name, ..) in WRITTEN.iter().filter(|(name, ..)| !["files", "labelFiles"].contains(name)) {
        let reply = desk.put(&[(name, wrong.clone())]).await.refused(422, "invalid");
        assert!(reply.fields().iter().any(|f| f.starts_with(name)), "{name}: {}", reply.answer.body);
    }
    for (name, value) in [
        ("price", json!(-1)),
        ("price", json!(4.955)),
        ("grams", json!(-1)),
        ("channelAttempts", json!(-1)),
        ("days", json!(4_000_000_000_i64)),
        ("manifestId", json!(4_000_000_000_i64)),
        ("tags", json!(["x".repeat(101)])),
        ("adminNotes", json!("x".repeat(10_001))),
        ("packedAt", json!("yesterday")),
        ("id", json!(1_000_000)),
        ("createdAt", json!("2020-01-01T00:00:00Z")),
        ("updatedAt", json!("2020-01-01T00:00:00Z")),
        ("inventoryStatus", Value::Null),
        ("createdAt", Value::Null),
        ("id", Value::Null),
        ("updatedAt", Value::Null),
        ("nosuch", json!(1)),
    ] {
        let reply = desk.put(&[(name, value)]).await.refused(422, "invalid");
        assert!(reply.answer.body.contains(name), "{name}: {}", reply.answer.body);
    }
    for missing in ["saleId", "reference"] {
        let mut body = json!({ "saleId": desk.sale, "reference": before["reference"] });
        body.as_object_mut().unwrap().remove(missing);
        let path = desk.path.clone();
        let reply =
            desk.program.send("PUT", &path, &[], Some(body.to_string())).await.refused(422, "invalid");
        assert!(reply.answer.body.contains(missing), "{}", reply.answer.body);
    }
    let after = desk.read().await;
    assert!(same(&after["adminNotes"], &before["adminNotes"]) && same(&after["tags"], &before["tags"]));
}

#[tokio::test]
async fn read_only_fields_may_be_sent_as_they_were_read() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let mut whole = desk.read().await;
    whole["adminNotes"] = json!("Round trip");
    let path = desk.path.clone();
    let written = desk.program.send("PUT", &path, &[], Some(whole.to_string())).await.ok();
    for name in ["id", "createdAt", "saleId", "reference", "inventoryStatus", "provider", "trackingNumber"] {
        assert_eq!(written[name], whole[name], "{name}");
    }
    assert_eq!(written["adminNotes"], "Round trip");
}

#[tokio::test]
async fn leaving_the_status_out_never_finalizes_a_pending_record() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    desk.put(&[("status", json!("pending"))]).await.ok();
    let after = desk.put(&[("adminNotes", json!("Still writing"))]).await.ok();
    assert_eq!(after["status"], "pending");
    assert_eq!(desk.put(&[("status", Value::Null)]).await.ok()["status"], "pending");
    let why = shop.act::<Post>(desk.id.0, NoInput {}).await.unwrap_err().to_string();
    assert!(why.contains("still pending"), "{why}");
    assert_eq!(desk.put(&[("status", json!("finalized"))]).await.ok()["status"], "finalized");
    shop.act::<Post>(desk.id.0, NoInput {}).await.unwrap();
}

#[tokio::test]
async fn a_tracking_number_set_by_put_means_that_it_left() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let refused = desk.put(&[("trackingNumber", json!("1Z1"))]).await.refused(422, "invalid");
    assert_eq!(refused.fields(), ["trackingCompany"]);
    let early = desk.put(&[("shippedAt", json!("2026-11-19T12:00:00Z"))]).await.refused(422, "invalid");
    assert_eq!(early.fields(), ["shippedAt"]);
    let early = desk.put(&[("inventoryStatus", json!("shipped"))]).await.refused(422, "invalid");
    assert_eq!(early.fields(), ["inventoryStatus"]);
    let left = desk
        .put(&[
            ("trackingNumber", json!("1Z1")),
            ("trackingCompany", json!("UPS")),
            ("shippedAt", json!("2026-11-19T12:00:00Z")),
            ("inventoryStatus", json!("shipped")),
        ])
        .await
        .ok();
    assert_eq!(
        (left["inventoryStatus"].as_str(), left["trackingNumber"].as_str()),
        (Some("shipped"), Some("1Z1"))
    );
    assert!(same(&left["shippedAt"], &json!("2026-11-19T12:00:00Z")));
    assert_eq!(shop.shipment(desk.id).await.shipment.status, Status::Shipped);
    assert_eq!(
        shop.value("select count(*) from webhook_events where event_type = 'shipment_shipped'").await,
        1
    );
    // left out, nothing takes it back
    let after = desk.put(&[]).await.ok();
    assert_eq!(
        (after["inventoryStatus"].as_str(), after["trackingNumber"].as_str()),
        (Some("shipped"), Some("1Z1"))
    );
    let back = desk.put(&[("inventoryStatus", json!("notShipped"))]).await.refused(422, "invalid");
    assert_eq!(back.fields(), ["inventoryStatus"]);
    let gone = desk.put(&[("trackingNumber", Value::Null)]).await.refused(422, "invalid");
    assert_eq!(gone.fields(), ["trackingNumber"]);
    let arrived = desk.put(&[("trackingStatus", json!("delivered"))]).await.ok();
    assert_eq!(arrived["trackingStatus"], "delivered");
    assert_eq!(shop.shipment(desk.id).await.shipment.status, Status::Delivered);
}

#[tokio::test]
async fn what_another_rule_decides_is_not_overwritten() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let (other, second) = shop.order(shop.shopify, &[("B", 1)]).await;
    let taken = shop.shipment(second).await.shipment.number;
    assert_eq!(desk.put(&[("reference", json!("PARCEL-7"))]).await.ok()["reference"], "PARCEL-7");
    for (name, value) in [
        ("saleId", json!(other.0)),
        ("reference", json!(taken)),
        ("provider", json!("amazon")),
        ("provider", Value::Null),
    ] {
        let reply = desk.put(&[(name, value)]).await.refused(422, "invalid");
        assert_eq!(reply.fields(), [name]);
    }
    desk.put(&[("provider", json!("shipstation"))]).await.ok();
    shop.act::<Post>(desk.id.0, NoInput {}).await.unwrap();
    shop.run().await;
    let read = desk.read().await;
    assert!(read["externalId"].is_string() && read["externalId"] == read["shipstationId"]);
    for (name, value) in
        [("externalId", json!("mine")), ("shipstationId", json!("mine")), ("reference", json!("PARCEL-8"))]
    {
        let reply = desk.put(&[(name, value)]).await.refused(422, "invalid");
        assert_eq!(reply.fields(), [name]);
    }
    let version = "\"1\"";
    let path = desk.path.clone();
    let body = json!({ "saleId": desk.sale, "reference": "PARCEL-7" }).to_string();
    desk.program.send("PUT", &path, &[("if-match", version)], Some(body)).await.refused(412, "stale");
    // who may not see costs reads none and leaves them alone
    let mut client = Program::with(&desk.counter, &shop, Role::Client, Scope::ALL).await;
    desk.put(&[("price", json!(4.95))]).await.ok();
    let mut whole = client.get(&path).await.ok();
    assert!(whole["price"].is_null());
    whole.as_object_mut().unwrap().remove("price");
    client.send("PUT", &path, &[], Some(whole.to_string())).await.ok();
    assert_eq!(shop.shipment(desk.id).await.shipment.cost_minor, 495);
}

// proves S4: POST /fulfillments.json
// proves S4: GET /fulfillments.json
#[tokio::test]
async fn a_record_is_made_of_what_is_still_open() {
    let shop = Shop::open().await;
    let mut desk = Desk::open(&shop).await;
    let body =
        json!({ "saleId": desk.sale, "reference": "MINE-1", "adminNotes": "By program", "tags": ["a"] });
    let full =
        desk.program.post("/v1/fulfillments.json", body.clone()).await.refused(409, "action_unavailable");
    assert!(full.json["detail"].as_str().unwrap().contains("stand in shipments"));
    let reason = waybill::shipments::void::Input { reason: "Sent by hand instead".into() };
    shop.act::<VoidShipment>(desk.id.0, reason).await.unwrap();
    let unknown = json!({ "saleId": 999_999, "reference": "MINE-2" });
    let unknown = desk.program.post("/v1/fulfillments.json", unknown).await.refused(422, "invalid");
    assert_eq!(unknown.fields(), ["saleId"]);
    let key = [("idempotency-key", "make")];
    let made = desk.program.send("POST", "/v1/fulfillments.json", &key, Some(body.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.answer.body);
    let again = desk.program.send("POST", "/v1/fulfillments.json", &key, Some(body.to_string())).await;
    assert_eq!(made.json, again.json);
    let made = made.json;
    assert_eq!((made["reference"].as_str(), made["status"].as_str()), (Some("MINE-1"), Some("finalized")));
    assert_eq!(
        (made["adminNotes"].as_str(), made["fulfillmentType"].as_str()),
        (Some("By program"), Some("manual"))
    );
    assert_eq!(made["inventoryStatus"], "notShipped");
    assert_eq!(shop.value("select count(*) from shipments").await, 2);

    let sale = desk.sale;
    let page = desk.program.get(&format!("/v1/fulfillments.json?saleId={sale}&limit=1")).await.ok();
    assert_eq!(page["data"][0]["id"], made["id"]);
    let next = page["next_cursor"].as_str().unwrap();
    let older = desk.program.get(&format!("/v1/fulfillments.json?saleId={sale}&cursor={next}")).await.ok();
    assert_eq!(older["data"][0]["id"], desk.id.0, "voided ones too");
    let future = desk.program.get("/v1/fulfillments.json?updatedSince=2100-01-01T00:00:00Z").await.ok();
    assert_eq!(future["data"], json!([]));
}
