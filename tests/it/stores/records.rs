//! Transaction records: filters, and what the viewer shows and hides.

use crate::support::portal::Portal;
use waybill::{
    accounts::Role,
    evidence::{
        LogType, RecordStatus,
        record::{self, About, Direction, Received, Sent},
    },
    ids::{OrderId, RecordId, ShipmentId},
};

async fn exchange(portal: &Portal, request: &str, response: &str, status: RecordStatus) -> RecordId {
    let about = About {
        order: Some(OrderId(portal.own.record("order"))),
        shipment: Some(ShipmentId(portal.own.record("shipment"))),
        attempt: 2,
        ..About::default()
    };
    let sent = Sent {
        method: "POST".into(),
        url: "https://ssapi.example.com/orders/createorder?token=hunter2&page=1".into(),
        headers: vec![("Authorization".into(), "Basic aHVudGVyMg==".into()), ("Accept".into(), "*/*".into())],
        body: request.into(),
    };
    let mut scope = portal.scope().await;
    let id = record::insert(
        &mut scope,
        LogType::PostShipment,
        Direction::Out,
        RecordStatus::InProgress,
        &about,
        &sent,
    )
    .await
    .unwrap();
    scope.commit().await.unwrap();
    let received = Received {
        status,
        response_status: Some(503),
        headers: vec![("set-cookie".into(), "sid=hunter2".into())],
        body: response.into(),
        duration_ms: 2450,
        error_class: (status == RecordStatus::Failed).then(|| "unavailable".into()),
        error_code: Some("E-503".into()),
        error_message: Some("Try later, ada@example.com".into()),
    };
    record::complete(&portal.app.db, portal.own.account, id, &received, waybill::clock::now()).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_viewer_shows_both_ways_and_no_secret() {
    let portal = Portal::open().await;
    let request = r#"{"orderNumber":"SHP-1","shipTo":{"name":"Ada Lovelace","street1":"Main Street 1"},"api_key":"hunter2"}"#;
    let id = exchange(&portal, request, "<html>gateway</html>", RecordStatus::Failed).await;
    let mut support = portal.visitor(Role::Support).await;
    let page = support.get(&format!("/transaction-records/{id}")).await;
    assert_eq!(page.status, 200);
    for secret in ["hunter2", "aHVudGVyMg", "Ada Lovelace", "Main Street", "ada@example.com"] {
        assert!(!page.body.contains(secret), "{secret} is shown");
    }
    assert!(page.text(".http-head").contains("ssapi.example.com/orders/createorder"));
    assert!(page.text(".http-head").contains("503 Service Unavailable"));
    assert!(page.text(".http-head").contains("2.4 s · attempt 2"), "{}", page.text(".http-head"));
    assert!(page.texts("#request pre span").len() > 5, "JSON is written line by line");
    assert!(page.text("#request").contains("masked when this was stored"));
    assert!(page.text("#response pre").contains("<html>gateway</html>"), "text nodes only");
    assert!(page.text("section.banner").contains("was not available"));
    assert!(page.text("section[aria-labelledby=about]").contains("90 days"));
    let file = support.get(&format!("/transaction-records/{id}/request")).await;
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert!(!file.body.contains("hunter2"));
    assert_eq!(support.get(&format!("/transaction-records/{id}/secrets")).await.status, 404);
    // another account's, and none at all
    let theirs = portal.other.record("transaction_record");
    assert_eq!(support.get(&format!("/transaction-records/{theirs}")).await.status, 404);
    assert_eq!(support.get(&format!("/transaction-records/{theirs}/response")).await.status, 404);
    assert_eq!(support.get("/transaction-records/nonsense").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_is_shown_to_64_kb_and_kept_whole() {
    let portal = Portal::open().await;
    let items: Vec<String> =
        (0..9000).map(|n| format!("{{\"sku\":\"SKU-{n:05}\",\"quantity\":{n}}}")).collect();
    let body = format!("{{\"items\":[{}]}}", items.join(","));
    let id = exchange(&portal, &body, "", RecordStatus::Failed).await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&format!("/transaction-records/{id}")).await;
    assert!(page.body.len() < 400_000, "{} bytes", page.body.len());
    assert!(page.body.contains("SKU-00000") && !page.body.contains("SKU-08999"));
    assert!(
        page.text("#request footer").starts_with("The first 64 KB of"),
        "{}",
        page.text("#request footer")
    );
    assert!(page.text("#request > details summary, #request details + * summary").len() < 200);
    assert!(page.text("#response").contains("The answer had no body."));
    let whole = admin.get(&format!("/transaction-records/{id}/request")).await;
    assert!(whole.body.contains("SKU-08999"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_know_each_other() {
    let portal = Portal::open().await;
    let first = exchange(&portal, "{}", "", RecordStatus::Failed).await;
    let second = exchange(&portal, "{}", "", RecordStatus::Success).await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&format!("/transaction-records/{first}")).await;
    assert_eq!(super::link(&page, "Next attempt"), format!("/transaction-records/{second}"));
    assert!(page.text("section.banner").contains("A later attempt went well."));
    let page = admin.get(&format!("/transaction-records/{second}")).await;
    assert_eq!(super::link(&page, "Previous attempt"), format!("/transaction-records/{first}"));
    assert_eq!(page.texts("section[aria-labelledby=attempts] tbody tr").len(), 2);
    assert!(page.text("section[aria-labelledby=others]").contains("submit_fulfillment"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_narrow_and_stay_in_the_links() {
    let portal = Portal::open().await;
    let post = exchange(&portal, "{}", "", RecordStatus::Warning).await;
    let mut admin = portal.visitor(Role::Admin).await;
    for (query, expected) in [
        ("", 2),
        ("outcome=failed", 1),
        ("outcome=warning", 1),
        ("http=4xx", 1),
        ("http=5xx", 1),
        ("http=2xx", 0),
        ("http=none", 0),
        ("code=E-503", 1),
        ("code=courier_unmapped", 1),
        ("q=%23ORD-own", 2),
        ("q=SHP-own", 2),
        ("q=SHP-other", 0),
        ("period=1h", 2),
        ("to=2020-01-01", 0),
        ("from=2020-01-01", 2),
        ("trace=0123456789abcdef0123456789abcdef", 1),
        ("log_type=post_shipment&outcome=warning&period=24h", 1),
        ("outcome=nonsense&colour=red", 2),
    ] {
        let page = admin.get(&format!("/transaction-records?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.texts("tbody tr").len(), expected, "{query}: {:?}", page.texts("tbody tr"));
    }
    let none = admin.get("/transaction-records?http=2xx&q=SHP-own").await;
    assert_eq!(none.text(".empty h2"), "No calls match");
    assert_eq!(none.attribute(".empty a", "href").as_deref(), Some("/transaction-records"));
    let nobody = admin.get("/transaction-records?q=SHP-other").await;
    assert_eq!(nobody.text(".empty h2"), "No order or shipment has the number SHP-other");
    let noted = admin.get("/transaction-records?colour=red").await;
    assert!(noted.text(".banner").contains("no filter “colour”"));
    // the part alone for htmx
    let part = admin.partial("/transaction-records?http=5xx").await;
    assert!(part.body.trim_start().starts_with("<div id=\"records\">"));
    assert!(part.body.contains(&post.to_string()));
    // tabs keep the other filters
    let page = admin.get("/transaction-records?http=5xx").await;
    assert_eq!(super::link(&page, "Failed"), "/transaction-records?http=5xx&outcome=failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_both_ways_over_every_kind() {
    let portal = Portal::open().await;
    let (account, channel) = (portal.own.account, portal.own.record("channel"));
    portal
        .sql(&format!(
            "insert into transaction_records (account_id, id, log_type, status, channel_id) \
             select {account}, log_id_at(now() - n * interval '1 minute'), \
             case n % 3 when 0 then 'get_orders' when 1 then 'get_order' else 'submit_fulfillment' end, 'success', {channel} \
             from generate_series(1, 60) n"
        ))
        .await;
    let mut admin = portal.visitor(Role::Admin).await;
    let base = format!("{}/transaction-records", super::channel(&portal));
    for filter in ["", "&log_type=get_orders&log_type=get_order"] {
        let first = admin.get(&format!("{base}?size=25{filter}")).await;
        assert_eq!(first.texts("tbody tr").len(), 25);
        assert!(first.attribute("a[rel=prev]", "href").is_none());
        let second = admin.get(&first.attribute("a[rel=next]", "href").unwrap()).await;
        assert!(second.text("title").contains("further page"));
        let back = admin.get(&second.attribute("a[rel=prev]", "href").unwrap()).await;
        assert_eq!(back.texts("tbody time"), first.texts("tbody time"));
        let both: Vec<String> = [first.texts("tbody th"), second.texts("tbody th")].concat();
        assert!(filter.is_empty() || !both.iter().any(|kind| kind == "submit_fulfillment"));
    }
    assert!(admin.get(&format!("{base}?after=garbage")).await.text(".pager").contains("50 of 61 records"));
}
