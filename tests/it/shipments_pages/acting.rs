//! Acting on a shipment through its pages.

use super::{Desk, rows};
use waybill::accounts::Role;

async fn posted(portal: &Desk) -> i64 {
    let client = rows(portal).await;
    let set = "status = 'pending_tracking', date_post = now(), fulfillment_id = '94115202'";
    portal.own.ship(&client, "SHP-OLD", set).await
}

#[tokio::test]
async fn the_repost_page_says_exactly_what_will_happen() {
    let portal = Desk::open().await;
    let id = posted(&portal).await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{id}/repost")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text("h1"), "Re-post SHP-OLD to ShipStation Antwerp?");
    let effects = page.texts(".effects li").join(" ");
    for words in [
        "asked about the earlier order 94115202 first",
        "The post date and fulfillment ID are cleared",
        "standard post flow",
        "Pending tracking with a new post date",
        "fulfillment e-mail",
        "shipment_fulfilled",
        "error queue",
    ] {
        assert!(effects.contains(words), "{words}: {effects}");
    }
    assert_eq!(page.attribute("#anyway", "type").as_deref(), Some("checkbox"));
    assert!(page.text(".choice").contains("Send it even if ShipStation Antwerp still has the earlier order"));
}

#[tokio::test]
async fn sending_anyway_needs_a_reason_and_keeps_what_was_typed() {
    let portal = Desk::open().await;
    let id = posted(&portal).await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{id}/repost")).await;
    let refused = browser.submit(&page, &[("anyway", "on"), ("reason", "?!")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("title").starts_with("Error: "));
    assert!(refused.text(".error-summary").contains("Say why it may be sent"));
    assert_eq!(refused.text("textarea#reason"), "?!");
    assert!(refused.attribute("#anyway", "checked").is_some());
    assert_eq!(portal.count("select count(*) from posts").await, 0);

    let done = browser.submit(&refused, &[("anyway", "on"), ("reason", "Deleted there by hand")]).await;
    assert_eq!((done.status, done.location()), (303, format!("/shipments/{id}").as_str()));
    assert_eq!(
        portal.count(&format!("select count(*) from shipments where id = {id} and status = 'posting'")).await,
        1
    );
    assert_eq!(portal.count("select count(*) from posts where reason = 'Deleted there by hand'").await, 1);
    let page = browser.get(&format!("/shipments/{id}")).await;
    assert!(
        page.text("[data-flash].info").contains("Re-posting SHP-OLD to ShipStation Antwerp."),
        "not done yet"
    );
    assert_eq!(page.text(".page-head .only-no-js"), "Reload", "it is under way");
}

#[tokio::test]
async fn without_the_tick_no_reason_is_needed() {
    let portal = Desk::open().await;
    let id = posted(&portal).await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{id}/repost")).await;
    assert_eq!(browser.submit(&page, &[]).await.status, 303);
    // the same form again does nothing more
    assert_eq!(browser.submit(&page, &[]).await.status, 303);
    assert_eq!(portal.count("select count(*) from posts").await, 1);
}

#[tokio::test]
async fn submitting_answers_with_the_result() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let (id, _) = portal.own.unmapped(&client, "SHP-DPD", "dpd_be").await;
    let mut browser = portal.visitor(Role::Support).await;
    let page = browser.get(&format!("/shipments/{id}/submit")).await;
    assert!(page.texts(".effects li").join(" ").contains("Nothing is sent to the provider."));
    let sent = browser.submit(&page, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let page = browser.get(sent.location()).await;
    let flash = page.text("[data-flash]");
    assert!(
        flash.contains("eBay UK refused the tracking. eBay UK does not know the courier “dpd_be”"),
        "{flash}"
    );
    assert!(page.attribute("[data-flash]", "class").unwrap_or_default().contains("danger"));
    // connected systems are told in their own time
    let later = "select count(*) from jobs where kind <> 'deliver_webhook'";
    assert_eq!(portal.count(later).await, 0, "nothing was left for later");
}

#[tokio::test]
async fn a_held_order_is_not_posted() {
    let portal = Desk::open().await;
    let own = &portal.own;
    portal
        .by_hand(&format!(
            "insert into order_holds (account_id, order_id, kind) values ({}, {}, 'operator')",
            own.account, own.order
        ))
        .await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{}/post", own.shipment)).await;
    assert!(page.body.contains("The order is on hold. Remove its holds first."));
    let mut support = portal.visitor(Role::Support).await;
    assert_eq!(support.get(&format!("/shipments/{}/post", own.shipment)).await.status, 403);
}
