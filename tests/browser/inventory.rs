//! Counting stock, walked: with JavaScript, without it, and on a phone.

use super::{Demo, TURN, driver::Browser, named};
use fantoccini::Locator;

/// A product of the client's that lies in a warehouse and is owed to nobody.
const KEPT: &str = "select p.sku from stock s join accounts a on a.id = s.account_id \
    join products p on p.account_id = s.account_id and p.id = s.product_id \
    where a.slug = 'harbour' and s.on_hand > 20 and s.backordered = 0 order by p.id limit 1";

/// Where it lies.
const PLACE: &str = "select s.warehouse_id from stock s join accounts a on a.id = s.account_id \
    join products p on p.account_id = s.account_id and p.id = s.product_id \
    where a.slug = 'harbour' and s.on_hand > 20 and s.backordered = 0 order by p.id limit 1";

/// Products → the product → two are broken → they were not.
async fn adjusts_and_undoes(live: bool, size: (u32, u32)) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let (sku, place) = (demo.text(KEPT).await, demo.text(PLACE).await);
    let on_hand = format!(
        "select s.on_hand from stock s join products p on p.account_id = s.account_id and p.id = s.product_id \
         where p.sku = '{sku}' and s.warehouse_id = {place}"
    );
    let was: i64 = demo.text(&on_hand).await.parse().unwrap();
    let picture = |what: &str| format!("inventory-{what}-{live}-{}", size.0);
    let mut admin = Browser::open_at(&demo.base, live, size).await;
    admin.signs_in(named::ADMIN, named::PASSWORD).await;
    // the navigation of a phone is folded
    match size.0 {
        ..760 => admin.goto("/products").await,
        _ => admin.press("Products").await,
    }
    admin.fill("input[type=search]", &sku).await;
    admin.submit("input[type=search]").await;
    admin.arrives("/products?q=").await;
    admin.screenshot(&picture("products")).await;
    admin.press(&sku).await;
    admin.sees(&format!("Product {sku}")).await;
    admin.screenshot(&picture("product")).await;

    admin.press("Adjust inventory").await;
    admin.sees("What will happen").await;
    if admin.evaluates("return document.querySelector('select#warehouse') !== null").await == true {
        admin.choose_value("select#warehouse", &place).await;
    }
    admin.fill("input#change", "-2").await;
    if !live {
        admin.press("Show stock after this").await;
    }
    let after = (was - 2).to_string();
    admin.until("no stock after", async |b| b.text_of("#count-stock").await.contains(&after)).await;
    admin.screenshot(&picture("form")).await;
    admin.fill("textarea#reason", "Two fell from the shelf").await;
    admin.click(Locator::Css(".confirm form .btn-row button")).await;
    admin.sees(&format!("{sku} adjusted by −2.")).await;
    assert_eq!(demo.text(&on_hand).await, after);
    admin.sees(&format!("Adjusted {sku} in ")).await;
    admin.screenshot(&picture("adjusted")).await;

    admin.press("Undo").await;
    admin.sees("The adjustment by −2 is reversed.").await;
    assert_eq!(demo.text(&on_hand).await, was.to_string());
    admin.press("Movements").await;
    admin.sees("Adjustment reversed").await;
    admin.sees("Two fell from the shelf").await;
    admin.screenshot(&picture("movements")).await;
    admin.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stock_is_adjusted_and_the_adjustment_undone() {
    adjusts_and_undoes(true, (1440, 1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stock_is_adjusted_without_javascript_on_a_phone() {
    adjusts_and_undoes(false, (360, 800)).await;
}
