//! `/customers`: the list, and one customer with their sales.

use super::add;
use crate::support::portal::Portal;
use waybill::{
    accounts::Role,
    orders::customers::{self, Filter},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_opens_into_its_shipments() {
    let portal = Portal::open().await;
    add(&portal, "NEXT", ", placed_at", ", now()").await;
    let path = format!("/customers/{}", portal.own.record("customer"));
    for role in [Role::Client, Role::Support] {
        let page = portal.visitor(role).await.get(&path).await;
        assert_eq!(page.texts("[data-primary]"), ["NEXT", "ORD-own"]);
        assert_eq!(page.texts("details.hover-card").len(), 1, "only what was sent opens");
        let card = page.text("details.hover-card .float");
        for words in ["Shipment ID SHP-own", "Shipped", "05308900123456", "Posted"] {
            assert!(card.contains(words), "{words} in {card}");
        }
        let link = format!("/shipments/{}", portal.own.record("shipment"));
        assert_eq!(page.attribute("details.hover-card .float a", "href"), Some(link));
        assert_eq!(page.body.contains("Lovelace"), role == Role::Client);
        assert_eq!(page.body.contains("Main Street"), role == Role::Client);
        assert_eq!(page.body.contains("ada@own.example"), role == Role::Client);
        assert_eq!(page.text("h1").starts_with("Customer "), role == Role::Support);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_found_by_what_one_may_know() {
    let portal = Portal::open().await;
    let mut scope = portal.scope().await;
    let mut found = async |q: &str, personal| {
        let filter = Filter { q: q.into(), personal };
        let page = customers::page(&mut scope, &filter, None, 50).await.unwrap();
        assert_eq!(customers::count(&mut scope, &filter).await.unwrap() as usize, page.rows.len());
        page.rows.len()
    };
    assert_eq!(found("", true).await, 1);
    assert_eq!(found("LOVE ada", true).await, 1);
    assert_eq!(found("love", false).await, 0);
    assert_eq!(found("ord-own", false).await, 1);
    assert_eq!(found("SHP-own", false).await, 1);
    assert_eq!(found("%", true).await, 0);
    assert_eq!(found("ord-other", true).await, 0);

    let mut support = portal.visitor(Role::Support).await;
    let page = support.get("/customers").await;
    assert_eq!(page.text("td[data-label=E-mail]"), "Hidden for your role");
    assert_eq!(page.text("td[data-label='Open problems']"), "1");
    assert!(!page.body.contains("Lovelace"));
    let part = support.partial("/customers?q=nobody").await;
    assert!(part.body.trim_start().starts_with("<div id=\"customers\""));
    assert_eq!(part.text(".empty h2"), "No customers match this search");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_page_by_their_last_order() {
    let portal = Portal::open().await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "insert into customers (account_id, name, last_order_at) \
             select {account}, 'C' || g, '2026-11-01T10:00:00Z' from generate_series(1, 5) g"
        ))
        .await;
    let mut scope = portal.scope().await;
    let filter = Filter { personal: true, ..Filter::default() };
    let first = customers::page(&mut scope, &filter, None, 3).await.unwrap();
    let second = customers::page(&mut scope, &filter, first.next, 3).await.unwrap();
    let names = |page: &[customers::Customer]| page.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first.rows), ["Ada Lovelace", "C5", "C4"]);
    assert_eq!(names(&second.rows), ["C3", "C2", "C1"]);
    assert!(second.next.is_none());
    let back = customers::page(&mut scope, &filter, second.previous, 3).await.unwrap();
    assert_eq!(names(&back.rows), names(&first.rows));
}
