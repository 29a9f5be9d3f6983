//! `/orders`: paging, filters, search, who sees what.

use super::add;
use crate::support::{parcels::Parcels, portal::Portal, rows::Rows};
use waybill::{
    accounts::Role,
    ids::CustomerId,
    orders::list::{self, COUNTED, Filter, Tab},
    paging::Cursor,
};

async fn numbers(portal: &Portal, filter: &Filter) -> Vec<String> {
    let mut scope = portal.scope().await;
    let page = list::page(&mut scope, filter, None, 50).await.unwrap();
    page.rows.into_iter().map(|row| row.number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_forward_and_back_through_orders_of_the_same_instant() {
    let portal = Portal::open().await;
    for n in 0..7 {
        add(&portal, &format!("T-{n}"), ", placed_at", ", '2026-11-01T10:00:00Z'").await;
    }
    let mut scope = portal.scope().await;
    let filter = Filter::default();
    let (mut seen, mut from, mut starts) = (Vec::new(), None::<Cursor>, Vec::new());
    loop {
        let page = list::page(&mut scope, &filter, from, 3).await.unwrap();
        assert!(page.rows.len() <= 3);
        assert_eq!(page.previous.is_some(), from.is_some());
        seen.extend(page.rows.iter().map(|row| row.number.clone()));
        starts.push(page.rows[0].number.clone());
        from = page.next;
        if from.is_none() {
            // and all the way back
            let mut back = page.previous;
            for start in starts.iter().rev().skip(1) {
                let page = list::page(&mut scope, &filter, back, 3).await.unwrap();
                assert_eq!((&page.rows[0].number, page.rows.len()), (start, 3));
                back = page.previous;
            }
            assert!(back.is_none(), "the first page has no previous one");
            break;
        }
    }
    assert_eq!(seen, ["ORD-own", "T-6", "T-5", "T-4", "T-3", "T-2", "T-1", "T-0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_filter_narrows_the_list() {
    let portal = Portal::open().await;
    let a =
        add(&portal, "A", ", placed_at, ship_by", ", '2026-11-01T10:00:00Z', '2026-11-03T00:00:00Z'").await;
    let b = add(&portal, "B", ", placed_at", ", '2026-11-02T10:00:00Z'").await;
    let rows = Rows::of(&portal.database).await;
    for (order, number, set) in [
        (a, "SHP-A", "status = 'error'"),
        (
            b,
            "SHP-B",
            "status = 'delivered', date_post = now(), fulfillment_id = 'B', shipped_at = now(), delivered_at = now(), \
             channel_sync = 'warning'",
        ),
    ] {
        let record = |kind| portal.own.record(kind);
        let parcels = Parcels {
            account: portal.own.account.0,
            channel: record("channel"),
            connection: record("connection"),
            warehouse: record("warehouse"),
            order,
            shipment: 0,
            problem: 0,
        };
        parcels.ship(&rows, number, set).await;
    }
    let held = add(&portal, "C", ", placed_at, on_hold", ", '2026-11-03T10:00:00Z', true").await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "insert into order_holds (account_id, order_id, kind) values ({account}, {held}, 'fraud')"
        ))
        .await;

    let tab = |tab| Filter { tab, ..Filter::default() };
    assert_eq!(numbers(&portal, &tab(Tab::Attention)).await, ["ORD-own", "A"]);
    assert_eq!(numbers(&portal, &tab(Tab::OnHold)).await, ["C"]);
    assert_eq!(numbers(&portal, &tab(Tab::Unshipped)).await, ["C", "A"]);
    assert_eq!(numbers(&portal, &tab(Tab::NotSynced)).await, ["ORD-own", "B"]);

    let day = |day: &str| Some(day.parse().unwrap());
    let filter =
        Filter { from: day("2026-11-02T00:00:00Z"), until: day("2026-11-03T00:00:00Z"), ..Filter::default() };
    assert_eq!(numbers(&portal, &filter).await, ["B"]);
    let filter = Filter { late_at: day("2026-11-04T00:00:00Z"), ..Filter::default() };
    assert_eq!(numbers(&portal, &filter).await, ["A"]);
    let filter = Filter { channels: Some(Vec::new()), ..Filter::default() };
    assert!(numbers(&portal, &filter).await.is_empty(), "a store without channels has no orders");
    let filter = Filter { customer: Some(CustomerId(0)), ..Filter::default() };
    assert!(numbers(&portal, &filter).await.is_empty());

    let mut client = portal.visitor(Role::Client).await;
    let wanted = [
        ("status=unshipped", vec!["C", "A"]),
        ("status=unshipped&status=shipped&shipment=error", vec!["A"]),
        ("hold=fraud", vec!["C"]),
        ("hold=payment", vec![]),
        ("sync=warning&sync=failed", vec!["ORD-own", "B"]),
        ("late=yes", vec!["A"]),
        ("from=2026-11-01&until=2026-11-02", vec!["B", "A"]),
    ];
    for (query, numbers) in wanted {
        let page = client.get(&format!("/orders?{query}")).await;
        assert_eq!(page.texts("#orders [data-primary]"), numbers, "{query}");
        assert!(!page.texts(".chip.applied").is_empty(), "{query}");
    }
    let page = client.get("/orders?hold=fraud").await;
    assert_eq!(page.text("tr.spine.hold td[data-label='Channel sync']"), "Fraud hold");
    assert_eq!(
        page.attribute(".chip.applied a", "aria-label").as_deref(),
        Some("Remove filter Hold: Fraud hold")
    );
    assert_eq!(page.attribute(".chip.applied a", "href").as_deref(), Some("/orders"));
    let page = client.get("/orders?status=lost&x=1").await;
    assert_eq!(page.texts(".banner li").len(), 2, "what was left out is said: {}", page.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_takes_its_text_literally() {
    let portal = Portal::open().await;
    for number in ["100%", "100_A", "100XA", r"back\slash"] {
        add(&portal, number, ", placed_at", ", now() - interval '1 day'").await;
    }
    let find = async |q: &str, personal| {
        numbers(&portal, &Filter { q: q.into(), personal, ..Filter::default() }).await
    };
    assert_eq!(find("100%", true).await, ["100%"]);
    assert_eq!(find("100_a", true).await, ["100_A"]);
    assert_eq!(find(r"back\s", true).await, [r"back\slash"]);
    assert_eq!(find("  #ORD-OWN ", true).await, ["ORD-own"]);
    assert_eq!(find("https://shop.example/orders/r-100xa?x=y", true).await, Vec::<String>::new());
    add(&portal, "L’ÉTÉ", ", placed_at", ", now() - interval '1 day'").await;
    for apostrophe in ["l'été", "l’été", "L‘ÉTÉ", "l´été"] {
        assert_eq!(find(apostrophe, true).await, ["L’ÉTÉ"], "{apostrophe}");
    }
    assert!(find("lété", true).await.is_empty());
    assert_eq!(find("lovelace 100xa", true).await, ["100XA"], "words in any order");
    // a tracking number leads to the order of its shipment
    let account = portal.own.account;
    portal
        .sql(&format!(
            "update shipments set search_text = 'shp-own 05308900123456' where account_id = {account}"
        ))
        .await;
    assert_eq!(find("05308900123456", true).await, ["ORD-own"]);
    assert_eq!(find("05308900123456", false).await, ["ORD-own"]);
    // who may not see names cannot find by them either
    assert_eq!(find("lovelace", true).await.len(), 5);
    assert!(find("lovelace", false).await.is_empty());
    assert_eq!(find("100_a", false).await, ["100_A"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_stops_where_it_would_cost() {
    let portal = Portal::open().await;
    let (account, channel) = (portal.own.account, portal.own.record("channel"));
    portal
        .sql(&format!(
            "insert into orders (account_id, channel_id, number, channel_reference, currency, placed_at) \
             select {account}, {channel}, g::text, g::text, 'EUR', now() from generate_series(1, {}) g",
            COUNTED + 5
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get("/orders").await;
    assert_eq!(page.text(".pager > span"), "50 of 10,000+ orders");
    assert_eq!(page.texts("#orders tbody tr").len(), 50);
    assert_eq!(page.text(".tabs a[aria-current]"), "All 10,000+");
    assert!(page.body.len() < 60 * 1024, "a page of fifty rows is {} bytes", page.body.len());
    let next = page.attribute(".pager a[rel=next]", "href").unwrap();
    let second = client.get(&next).await;
    assert_eq!(second.text("title"), "Manage Orders, further page – Waybill");
    assert!(second.attribute(".pager a[rel=prev]", "href").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_a_page_or_a_part_and_shows_names_to_those_who_may() {
    let portal = Portal::open().await;
    for role in [Role::Admin, Role::Client, Role::Support] {
        let mut visitor = portal.visitor(role).await;
        let page = visitor.get("/orders").await;
        assert_eq!((page.status, page.text("h1").as_str()), (200, "Manage Orders"));
        assert_eq!(page.text("title"), "Manage Orders – Waybill");
        let named = page.body.contains("Lovelace");
        assert_eq!(named, role != Role::Support, "{role}");
        if role == Role::Support {
            assert!(page.text("td[data-label=Customer]").contains("Hidden for your role"));
            assert!(!visitor.get("/orders?q=lovelace").await.body.contains("ORD-own"));
        }
        assert!(!page.body.contains("ORD-other"), "another account's");
        let part = visitor.partial("/orders?q=ord").await;
        assert!(part.body.trim_start().starts_with("<div id=\"orders\""), "{}", part.body);
        assert!(!part.body.contains("<html"));
        assert_eq!(part.header("hx-replace-url"), "/orders?q=ord");
        assert_eq!(part.text("[role=status]"), "1 order");
    }
    let mut client = portal.visitor(Role::Client).await;
    let tidied = client.get("/orders?status=&q=ord").await;
    assert_eq!((tidied.status, tidied.location()), (303, "/orders?q=ord"));
    let exact = client.get("/orders?q=ord-OTHER").await;
    assert!(exact.texts("#orders .filters a.btn").is_empty(), "the other account's order is not offered");
    add(&portal, "SO-77", ", placed_at", ", now()").await;
    let exact = client.get("/orders?q=so-77").await;
    assert_eq!(exact.text("#orders .filters a.btn"), "Go to order SO-77");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_to_show_says_why() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get("/orders?q=nothing-like-it&status=refunded").await;
    assert_eq!(page.text(".empty h2"), "No orders match these 2 filters");
    assert_eq!(page.attribute(".empty a", "href").as_deref(), Some("/orders"));
    assert_eq!(client.get("/orders?tab=on_hold").await.text(".empty h2"), "Nothing is on hold");
    let account = portal.own.account;
    portal
        .sql(&format!(
            "set session_replication_role = replica; delete from orders where account_id = {account}"
        ))
        .await;
    assert_eq!(client.get("/orders").await.text(".empty h2"), "No orders yet");
    assert!(client.get("/orders").await.texts(".empty a").is_empty(), "a client connects nothing");
    let mut admin = portal.visitor(Role::Admin).await;
    assert_eq!(admin.get("/orders").await.text(".empty a"), "Connect a store");
}
