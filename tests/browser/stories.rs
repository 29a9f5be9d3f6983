//! The two stories of the product.

use super::{Demo, TURN, named};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn look_around() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut browser = demo.window(named::ADMIN, true).await;
    for (name, path) in [("home", "/"), ("orders", "/orders"), ("shipments", "/shipments"), ("customers", "/customers"), ("errors", "/error-queue"), ("imports", "/imports")] {
        browser.goto(path).await;
        browser.screenshot(name).await;
    }
    let order = demo.text(&format!("select id from orders where number = '{}'", named::UNMAPPED)).await;
    browser.goto(&format!("/orders/{order}")).await;
    browser.screenshot("order").await;
    let shipment = demo.text(&format!("select id from shipments where order_id = {order}")).await;
    browser.goto(&format!("/shipments/{shipment}")).await;
    browser.screenshot("shipment").await;
    browser.close().await;
    demo.close().await;
}
