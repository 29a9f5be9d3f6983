//! `/orders/{id}`: what it says to whom, and how it keeps up.

use super::add;
use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_says_what_it_means_and_who_can_mend_it() {
    let portal = Portal::open().await;
    let own = &portal.own;
    let path = format!("/orders/{}", own.record("order"));
    for role in [Role::Admin, Role::Client, Role::Support] {
        let mut visitor = portal.visitor(role).await;
        let page = visitor.get(&path).await;
        assert_eq!(page.text("title"), "Order ORD-own – Waybill");
        assert_eq!(page.texts(".page-head .badge"), ["Shipped", "Sync failed"]);
        let block = page.text("article.card");
        for words in [
            "SHP-own",
            "ShipStation of own",
            "94113592",
            "dpd_be",
            "not mapped for eBay of own",
            "05308900123456",
            "Sync failed",
            "eBay of own does not know the courier “dpd_be”",
            "Invalid shipping carrier",
        ] {
            assert!(block.contains(words), "{role}: {words} in {block}");
        }
        let fix = page.attribute(".trouble a.primary", "href");
        if role == Role::Admin {
            let wanted =
                format!("/problems/{}/fix?back=%2Forders%2F{}", own.record("problem"), own.record("order"));
            assert_eq!(fix.as_deref(), Some(wanted.as_str()));
            assert_eq!(page.text(".trouble a.primary"), "Map courier and resend");
        } else {
            assert_eq!(fix, None);
            assert!(page.text(".trouble").contains("You need the Couriers permission; ask an admin."));
        }
        assert_eq!(page.text(".actions-panel a[href$=resend-fulfillments]"), "Resend Fulfillments f");
        assert!(page.text(".activities").contains("fulfillment_replied"));
        let record = format!("/transaction-records/{}", own.record("transaction_record"));
        assert_eq!(page.attribute(".activities a", "href"), Some(record));
        let personal = ["Lovelace", "ada@own.example", "Main Street"];
        for words in personal {
            assert_eq!(page.body.contains(words), role != Role::Support, "{role}: {words}");
        }
        assert!(page.text("#money + .push, [aria-labelledby=money]").contains("€19.99"));
        assert_eq!(page.text(".page-head .only-no-js"), "", "nothing is under way");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_part_is_asked_for_alone_and_says_both_states() {
    let portal = Portal::open().await;
    let (account, order) = (portal.own.account, portal.own.record("order"));
    let change = async |set: &str| {
        portal
            .by_hand(&format!(
                "update shipments set {set}, version = version + 1 where account_id = {account}"
            ))
            .await;
    };
    change("channel_sync = 'pending_sync'").await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&format!("/orders/{order}")).await;
    assert_eq!(page.attribute("#order", "data-live"), Some(format!("order:{order}")));
    assert_eq!(page.text(".page-head .only-no-js"), "Reload", "without JavaScript");
    portal
        .sql(&format!(
            "update problems set will_retry = true, next_attempt_at = now() + interval '5 minutes' where account_id = {account}"
        ))
        .await;
    let part = client.partial(&format!("/orders/{order}")).await;
    assert!(part.text(".trouble").contains("It is tried again"));
    change("channel_sync = 'synced'").await;
    let part = client.partial(&format!("/orders/{order}")).await;
    assert!(part.status == 200 && !part.body.contains("<html"));
    assert_eq!(part.text(".page-head .only-no-js"), "", "nothing is under way");
    assert!(part.text("[role=status]").contains("SHP-own: Shipped, channel sync: Synced."), "{}", part.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_activities_are_a_page_away() {
    let portal = Portal::open().await;
    let (account, order) = (portal.own.account, portal.own.record("order"));
    portal
        .sql(&format!(
            "insert into activities (account_id, actor_kind, verb, summary, subject_kind, subject_id, order_id) \
             select {account}, 'system', 'order_noted', 'Note ' || g, 'order', {order}, {order} from generate_series(1, 30) g"
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&format!("/orders/{order}")).await;
    assert_eq!(page.texts(".activities tbody tr").len(), 20);
    let older = page.attribute("nav.pager a", "href").unwrap();
    let rest = client.get(older.trim_end_matches("#activities")).await;
    assert_eq!(rest.texts(".activities tbody tr").len(), 11);
    assert!(rest.text("#activities + .push").contains("Back to the newest"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_shipments_says_what_it_waits_for() {
    let portal = Portal::open().await;
    let id = add(&portal, "W-1", ", placed_at, on_hold", ", now(), true").await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "insert into order_holds (account_id, order_id, kind, reason, placed_by_name) \
             values ({account}, {id}, 'address', 'No house number', 'Noor')"
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&format!("/orders/{id}")).await;
    assert!(page.text(".empty p").contains("waiting for the address hold"));
    assert!(page.text("[aria-labelledby=holds]").contains("No house number"));
    assert!(page.text(".actions-panel").contains("The order has no shipments."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_of_another_account_is_not_there() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    for path in [
        format!("/orders/{}", portal.other.record("order")),
        format!("/customers/{}", portal.other.record("customer")),
        format!("/orders/{}/resend-fulfillments", portal.other.record("order")),
        "/orders/999999".into(),
        "/orders/x".into(),
    ] {
        let answer = admin.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("ORD-other"), "{path}");
    }
}
