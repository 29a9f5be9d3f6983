//! `/`: what needs attention, and how today goes.

use super::add;
use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_somebody_is_listed_by_harm() {
    let portal = Portal::open().await;
    let (account, order) = (portal.own.account, portal.own.record("order"));
    portal
        .by_hand(&format!(
            "update shipments set status = 'unconfirmed' where account_id = {account}; \
             insert into order_holds (account_id, order_id, kind, created_at) \
               values ({account}, {order}, 'fraud', now() - interval '4 days'); \
             update channels set failing_since = now() - interval '3 hours', failure_class = 'auth' where account_id = {account}"
        ))
        .await;
    add(&portal, "LATE", ", placed_at, ship_by", ", now() - interval '9 days', now() - interval '5 days'")
        .await;

    let mut client = portal.visitor(Role::Client).await;
    let page = client.get("/").await;
    let lines = page.texts(".attention tbody [data-primary]");
    assert_eq!(
        lines,
        [
            "Shipment whose outcome nobody knows",
            "Problem in the Error Queue",
            "eBay of own does not know the courier “dpd_be”",
            "Hold older than 3 days or past their date",
            "Order past their ship-by date",
            "Channel eBay of own is failing",
            "Line of orders.csv not imported",
        ]
    );
    assert!(page.texts(".attention .fix a").is_empty(), "a client mends neither mappings nor credentials");
    assert_eq!(page.text("td[data-label=Oldest]"), "1 min");

    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get("/").await;
    let lines = page.texts(".attention tbody [data-primary]");
    assert_eq!(
        lines[0], "eBay of own does not know the courier “dpd_be”",
        "what only an admin mends comes first"
    );
    assert_eq!(lines[1], "Channel eBay of own is failing");
    let fix = format!("/problems/{}/fix?back=%2F", portal.own.record("problem"));
    assert_eq!(page.attribute(".attention .fix a", "href"), Some(fix));

    let mut support = portal.visitor(Role::Support).await;
    let page = support.get("/").await;
    assert!(page.attribute("main input[type=search]", "name").is_some(), "support starts with a search");
    assert!(!page.body.contains("orders.csv"), "and runs no imports");

    // each line leads to a page that lists what it counts
    for link in page.attributes(".attention [data-primary]", "href") {
        assert_eq!(support.get(&link).await.status, 200, "{link}");
    }
    assert_eq!(client.get("/orders?late=yes").await.texts("#orders [data-primary]"), ["LATE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calm_account_says_so() {
    let portal = Portal::open().await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "update problems set resolved_at = now() - interval '3 hours' where account_id = {account}; \
             update imports set rows_failed = 0 where account_id = {account}"
        ))
        .await;
    let page = portal.visitor(Role::Client).await.get("/").await;
    assert_eq!(page.text(".empty h3"), "Nothing needs you.");
    assert_eq!(page.text(".empty p"), "The last problem was solved 3 h ago.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn today_stands_beside_yesterday() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get("/").await;
    let today = page.texts(".tally.today > div");
    assert_eq!(today.len(), 3);
    assert_eq!(today[0], "Received 1 1 more than yesterday by this time");
    assert_eq!(today[1], "Posted 0 none yesterday by this time either");
}
