//! Voiding a shipment, and taking that back: with JavaScript and without.

use super::{Demo, TURN, named};
use fantoccini::Locator;

async fn voids(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let of = format!("(select id from orders where number = '{}')", named::NEVER_POSTED);
    let id = demo.text(&format!("select min(id) from shipments where order_id = {of}")).await;
    let mut client = demo.window(named::CLIENT, live).await;
    client.goto(&format!("/shipments/{id}")).await;
    client.sees("Stock proof").await;
    client.press("Void shipment").await;
    client.sees("What will happen").await;
    client.click(Locator::XPath("//form//button[normalize-space(.)='Void shipment']")).await;
    client.sees("Say why it is voided.").await;
    client.fill("textarea[name=reason]", "The wrong item").await;
    client.screenshot(&format!("void-{live}")).await;
    client.click(Locator::XPath("//form//button[normalize-space(.)='Void shipment']")).await;
    client.sees("is voided").await;
    client.sees("The wrong item").await;
    client.sees("balanced").await;
    client.screenshot(&format!("void-done-{live}")).await;
    assert_eq!(
        demo.text(&format!("select status from fulfillment_orders where order_id = {of}")).await,
        "open"
    );
    // out of the active list, kept among the voided
    let number = demo.text(&format!("select number from shipments where id = {id}")).await;
    client.goto(&format!("/shipments?q={number}")).await;
    client.sees_no("Not posted").await;
    client.goto(&format!("/shipments?tab=voided&q={number}")).await;
    client.sees(&number).await;
    client.goto(&format!("/shipments/{id}")).await;
    client.press("Restore shipment").await;
    client.sees("What will happen").await;
    client.click(Locator::XPath("//form//button[normalize-space(.)='Restore shipment']")).await;
    client.sees("is restored").await;
    client.sees("Not posted").await;
    assert_eq!(demo.text(&format!("select voided_at from shipments where id = {id}")).await, "");
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_is_voided_and_restored() {
    voids(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_is_voided_and_restored_without_javascript() {
    voids(false).await;
}
