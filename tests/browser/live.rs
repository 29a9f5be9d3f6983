//! Pages that change by themselves, in a real Chromium.

use super::{Demo, TURN, named};
use fantoccini::Locator;
use waybill::{
    db::sql,
    evidence::{Actor, Entry, activity},
    ids::{AccountId, OrderId, ShipmentId},
};

/// The shipment of an order of the demo world.
async fn shipment(demo: &Demo, order: &str, what: &str) -> String {
    demo.text(&format!(
        "select s.{what} from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
         where o.number = '{order}' order by s.id limit 1"
    ))
    .await
}

/// What a worker would do to a shipment: its state, and a line of history.
async fn changes(demo: &Demo, order: &str, set: &'static str) {
    let number = async |what| shipment(demo, order, what).await.parse::<i64>().expect("a number");
    let (account, id, of) =
        (AccountId(number("account_id").await), number("id").await, number("order_id").await);
    let mut scope = demo.app.db.scope(account).await.expect("a scope");
    let statement = sql("update shipments set ")
        .push(set)
        .push(", version = version + 1 where account_id = {} and id = {}");
    scope.execute(statement.bind(account).bind(id)).await.expect("a change");
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_changed",
        ShipmentId(id),
        OrderId(of),
        "Changed by a test",
    );
    activity::record(&mut scope, entry).await.expect("a line");
    scope.commit().await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_and_the_counts_change_without_a_reload() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let path = format!("/shipments/{}", shipment(&demo, named::POST_REFUSED, "id").await);
    let mut looker = demo.window(named::CLIENT, true).await;
    looker.goto(&path).await;
    looker.sees("Updated").await;
    looker.marks().await;
    let mut home = demo.window(named::CLIENT, true).await;
    home.goto("/").await;
    home.marks().await;
    let before = home.text_of(".nav .count").await;

    // somebody else posts it; the provider refuses
    let mut other = demo.window(named::ADMIN, true).await;
    other.goto(&path).await;
    other.press("Post to Fulfillment").await;
    other.sees("What will happen").await;
    other.click(Locator::XPath("//form//button[normalize-space(.)='Post shipment']")).await;
    looker.sees("does not know one of the SKUs").await;
    looker.until("the navigation counts as before", async |b| b.text_of(".nav .count").await != before).await;
    home.until("the navigation counts as before", async |b| b.text_of(".nav .count").await != before).await;
    // home's own count is the same number
    home.until("home counts otherwise than the navigation", async |b| {
        let count = b.text_of(".nav .count [data-problems]").await;
        !count.is_empty() && b.text_of("tr:has(a[href='/error-queue']) .big").await == count
    })
    .await;
    assert!(looker.is_marked().await && home.is_marked().await, "a page was loaded anew");
    looker.screenshot("live-shipment").await;
    other.close().await;
    home.close().await;
    looker.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_goes_on_after_a_cut() {
    let _turn = TURN.lock().await;
    let mut demo = Demo::open().await;
    let path = format!("/shipments/{}", shipment(&demo, named::REPOST_DELETED, "id").await);
    let mut looker = demo.window(named::CLIENT, true).await;
    looker.goto(&path).await;
    looker.sees("Pending tracking").await;
    looker.marks().await;
    // what somebody unfolded stays so
    let folds = "document.querySelectorAll('#shipment details').forEach((d) => { d.open = true; }); return document.querySelectorAll('#shipment details').length";
    let folds = looker.evaluates(folds).await.as_i64().expect("a number");
    demo.restarts_after(async |demo| changes(demo, named::REPOST_DELETED, "tracking_number = 'CUT-1'").await)
        .await;
    looker.sees("CUT-1").await;
    let open = "return document.querySelectorAll('#shipment details[open]').length";
    assert!(folds > 0 && looker.evaluates(open).await.as_i64() >= Some(folds));
    changes(&demo, named::REPOST_DELETED, "tracking_number = 'CUT-2'").await;
    looker.sees("CUT-2").await;
    assert!(looker.is_marked().await, "the page was loaded anew");
    looker.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_error_queue_is_worked_by_keys() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, true).await;
    client.goto("/error-queue?flat=1").await;
    client.keys("?").await;
    client.sees("Keys on this page").await;
    let keys = client.text_of(".keys-list").await;
    for named in ["Next row", "Select the row", "Assign to me", "Snooze until tomorrow, 9:00", "Retry"] {
        assert!(keys.contains(named), "{named} is missing: {keys}");
    }
    assert!(!keys.contains("Expand the row"), "no row has that: {keys}");
    client.screenshot("queue-keys").await;
    client.keys("\u{E00C}").await;
    client.sees_no("Keys on this page").await;
    // two are ticked and taken, and given back
    client.keys("jxjx").await;
    client.sees("2 selected").await;
    client.screenshot("queue-selected").await;
    client.keys("e").await;
    client.sees("2 problems are yours.").await;
    client.screenshot("queue-undo").await;
    client.press("Undo").await;
    client.sees("2 problems are nobody’s now.").await;
    // one is put off
    client.keys("jz").await;
    client.sees("is snoozed until").await;
    client.press("Undo").await;
    client.sees("is in the list again.").await;
    client.keys("jr").await;
    client.sees("What will happen").await;
    client.close().await;
    demo.close().await;
}
