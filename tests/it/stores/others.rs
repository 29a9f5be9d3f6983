//! Connections, activity and e-mails.

use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_tells_what_it_can_do_and_how_a_test_went() {
    let portal = Portal::open().await;
    let path = format!("/connections/{}", portal.own.record("connection"));
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&path).await;
    let abilities = page.text("section[aria-labelledby=abilities]");
    assert!(abilities.contains("Safe by our reference"), "{abilities}");
    assert!(abilities.contains("Cancels No."), "{abilities}");
    assert!(page.texts("main form").is_empty());
    assert_eq!(client.post(&format!("{path}/test"), &[]).await.status, 403);

    let mut admin = portal.visitor(Role::Admin).await;
    let answer = admin.post(&format!("{path}/test"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = admin.get(answer.location()).await;
    assert!(
        page.text(".flash p").starts_with("ShipStation of own did not pass the test"),
        "{}",
        page.text(".flash")
    );
    let record = page.attribute(".banner a.btn", "href").unwrap();
    let record = admin.get(&record).await;
    assert_eq!(record.text("h1"), "auth_connect");
    assert_eq!(portal.count("select count(*) from activities where verb = 'connection_tested' and result = 'failed' and transaction_record_id is not null").await, 1);
    let theirs = format!("/connections/{}", portal.other.record("connection"));
    assert_eq!(admin.get(&theirs).await.status, 404);
    assert_eq!(admin.post(&format!("{theirs}/test"), &[]).await.status, 404);
    assert_eq!(admin.get("/connections").await.texts("tbody tr").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_is_filtered_and_shows_what_changed() {
    let portal = Portal::open().await;
    portal
        .sql(&format!(
            "insert into activities (account_id, actor_kind, actor_name, verb, summary, subject_kind, subject_id, before, after, ip) \
             values ({}, 'user', 'Noor', 'channel_changed', 'Changed the settings', 'channel', {}, '{{\"name\": \"Old\"}}', '{{\"name\": \"New\"}}', '192.0.2.7')",
            portal.own.account,
            portal.own.record("channel")
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get("/activity?verb=channel_changed").await;
    assert_eq!(page.texts("tbody tr").len(), 1);
    assert_eq!(page.texts(".chip"), ["What: channel_changed"]);
    assert!(page.text("tbody dl").contains("name Old → New"), "{}", page.text("tbody dl"));
    assert_eq!(page.attribute("tbody td[data-label=About] a", "href"), Some(super::channel(&portal)));
    assert!(page.text("tbody dl").contains("192.0.2.7"));
    let mut support = portal.visitor(Role::Support).await;
    let hidden = support.get("/activity?verb=channel_changed").await;
    assert!(hidden.text("tbody dl").contains("Hidden for your role") && !hidden.body.contains("192.0.2.7"));
    let failed = client.get("/activity?result=failed").await;
    assert_eq!(failed.texts("tbody tr").len(), 1);
    assert!(failed.text("tbody tr").contains("refused the tracking"));
    let chain = client.get("/activity?trace=0123456789abcdef0123456789abcdef").await;
    assert_eq!(chain.texts("tbody tr").len(), 1);
    assert_eq!(client.get("/activity?to=2020-01-01").await.text(".empty h2"), "Nothing matches");
    assert!(client.partial("/activity").await.body.trim_start().starts_with("<div id=\"activity\">"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_mails_hide_people_from_those_who_may_not_see_them() {
    let portal = Portal::open().await;
    let path = format!("/emails/{}", portal.own.record("email"));
    let mut client = portal.visitor(Role::Client).await;
    let list = client.get("/emails").await;
    assert!(
        list.text(".banner").contains("No mail server is configured: e-mails are kept here and not sent.")
    );
    assert!(list.text("tbody tr").contains("ada@own.example"));
    let page = client.get(&path).await;
    assert_eq!(page.text("pre"), "It is on its way.");
    let mut support = portal.visitor(Role::Support).await;
    for page in [support.get("/emails").await, support.get(&path).await] {
        assert!(page.body.contains("Hidden for your role"));
        assert!(!page.body.contains("ada@own.example") && !page.body.contains("It is on its way."));
        assert!(!page.body.contains("Your kettle"));
    }
    let of = format!("/emails?shipment={}", portal.own.record("shipment"));
    assert_eq!(client.get(&of).await.texts(".chip"), ["Shipment: SHP-own"]);
    assert_eq!(client.get("/emails?shipment=999999").await.texts("tbody tr").len(), 0);
    assert_eq!(client.get(&format!("/emails/{}", portal.other.record("email"))).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_that_changed_is_shown_in_the_zone_of_the_account() {
    let portal = Portal::open().await;
    let (account, order) = (portal.own.account, portal.own.record("order"));
    let shipment = portal.own.record("shipment");
    portal
        .sql(&format!(
            "insert into activities (account_id, actor_kind, verb, summary, subject_kind, subject_id, order_id, shipment_id, before, after) \
             values ({account}, 'system', 'shipment_noted', 'Noted', 'shipment', {shipment}, {order}, {shipment}, \
                     '{{\"posted\": null}}', '{{\"posted\": \"2026-07-01T22:30:00Z\"}}')"
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    // half past midnight in Brussels, the day after
    for path in ["/activity".into(), format!("/orders/{order}"), format!("/shipments/{shipment}")] {
        let page = client.get(&path).await;
        assert!(page.body.contains("2 Jul 2026, 00:30:00"), "{path}");
        assert!(!page.body.contains("2026-07-01T22:30"), "{path}");
    }
}
