//! The error queue: by cause and one by one.

use super::{Desk, rows};
use waybill::accounts::Role;

#[tokio::test]
async fn one_cause_stands_once_with_its_count_and_its_fix() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let own = &portal.own;
    for n in 0..5 {
        own.unmapped(&client, &format!("SHP-DPD-{n}"), "dpd_be").await;
    }
    own.unmapped(&client, "SHP-EVRI", "evri").await;
    let unknown = own.ship(&client, "SHP-UNK", "status = 'unconfirmed'").await;
    own.fail(&client, unknown, "post", "timeout", None).await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get("/error-queue").await;
    assert_eq!(page.status, 200);
    let causes = page.texts("section.cause > header");
    assert_eq!(causes.len(), 4, "{causes:?}");
    assert!(causes[0].contains("Outcome unknown"), "what nobody knows is first: {causes:?}");
    assert!(causes[1].contains("Courier not mapped 5 fulfillments · 5 attempts · eBay UK"), "{causes:?}");
    assert!(page.texts("section.cause .btn").contains(&"Map courier and resend".to_owned()));
    let all = page.attribute("section.cause footer a", "href").expect("the rest");
    let flat = admin.get(&all).await;
    assert_eq!(flat.texts("a[data-primary]").len(), 5);
    assert!(flat.body.contains("Will not retry"));
    // the same for those who may not map: the permission is named
    let mut reader = portal.visitor(Role::Client).await;
    let page = reader.get("/error-queue").await;
    assert!(
        page.body.contains("You need the Couriers permission")
            && !page.body.contains("Map courier and resend")
    );
    let filtered = reader.get("/error-queue?kind=post&class=timeout&flat=1").await;
    assert_eq!(filtered.texts("a[data-primary]"), ["SHP-UNK"]);
    assert_eq!(reader.get("/error-queue?q=evri&flat=1").await.texts("a[data-primary]"), ["SHP-EVRI"]);
    assert!(reader.get("/error-queue?q=zebra").await.body.contains("No problems match"));
}

#[tokio::test]
async fn an_empty_queue_says_what_was_fixed() {
    let portal = Desk::open().await;
    portal.sql("update problems set resolved_at = now(), resolved_by = 'The channel took it.'").await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get("/error-queue").await;
    assert!(
        page.text(".empty").contains("The error queue is empty. 1 problem fixed in the last 7 days."),
        "{}",
        page.text(".empty")
    );
}
