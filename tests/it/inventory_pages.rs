//! Products and the movements of their stock, as pages show them.

mod counting;

use crate::support::{counter::Counter, shop::Shop};
use waybill::accounts::Role;

#[tokio::test]
async fn products_show_their_stock_and_those_below_zero_first() {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 120).await;
    shop.stocked("B", 1, 300).await;
    let (_, oversold) = shop.order(shop.shopify, &[("B", 3)]).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let page = client.get("/products").await;
    assert_eq!(page.texts("tbody tr").len(), 2);
    let first = page.texts("tbody tr:first-child td");
    assert_eq!(page.text("tbody tr:first-child th"), "B", "it is below zero");
    assert_eq!(
        first[1..],
        ["-2", "0", "-2", "2"].map(str::to_owned).map(|n| n.replace('-', "−")),
        "{first:?}"
    );
    assert_eq!(client.get("/products?stock=negative").await.texts("tbody th"), ["B"]);
    assert_eq!(client.get("/products?q=thing+a").await.texts("tbody th"), ["A"]);
    assert!(page.attributes("nav a", "href").contains(&"/products".to_owned()));

    let id = shop.value("select id from products where sku = 'B'").await;
    let page = client.get(&format!("/products/{id}")).await;
    let ledger = page.texts("#movements ~ * td, section[aria-labelledby=movements] tbody td").join("|");
    assert!(
        ledger.contains("Taken by a shipment|Antwerp|−3|−2|") && ledger.contains("Received|Antwerp|+1|1|"),
        "{ledger}"
    );
    assert!(
        page.attributes("section[aria-labelledby=movements] a", "href")
            .contains(&format!("/shipments/{oversold}"))
    );
    assert!(!page.body.contains("Cost layers"), "clients do not see what goods cost");
    let id = shop.value("select id from products where sku = 'A'").await;
    let page = counter.visitor(Role::Admin).await.get(&format!("/products/{id}")).await;
    assert!(page.text("section[aria-labelledby=layers]").contains("5"), "{}", page.text("main"));
}

#[tokio::test]
async fn the_ledger_is_paged_and_filtered() {
    let shop = Shop::open().await;
    for _ in 0..30 {
        shop.stocked("A", 1, 100).await;
    }
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let page = client.get("/inventory-movements?size=25").await;
    assert_eq!(page.texts("tbody tr").len(), 25);
    let next = page.attribute(".pager a[rel=next]", "href").unwrap();
    assert_eq!(client.get(&next).await.texts("tbody tr").len(), 5);
    let none = client.get("/inventory-movements?kind=shipment").await;
    assert!(none.body.contains("No movements match these filters"));
    assert_eq!(
        client
            .get("/inventory-movements?kind=receipt&since=2020-01-01&size=50")
            .await
            .texts("tbody tr")
            .len(),
        30
    );
    assert!(client.get("/inventory-movements?until=2020-01-01").await.body.contains("No movements match"));
    assert!(client.get("/inventory-movements?kind=magic").await.body.contains("is no value of the filter"));
}
