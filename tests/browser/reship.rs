//! Re-shipping as its guide has it, step by step: one order and many; by mouse,
//! by keys alone, and without JavaScript.

use super::{Demo, TURN, driver::Browser, named};
use fantoccini::Locator;

const TAB: &str = "\u{E004}";

/// Steps 1 and 2: Orders → Manage Orders → the order's number.
async fn opens_order(browser: &mut Browser, number: &str) {
    browser.press("Manage Orders").await;
    browser.fill("input[type=search]", number).await;
    browser.submit("input[type=search]").await;
    browser.press(number).await;
    browser.sees(&format!("Order {number}")).await;
}

/// Step 6: the button of the form.
async fn confirms(browser: &mut Browser) {
    browser.click(Locator::XPath("//form//button[normalize-space(.)='Re-Ship']")).await;
}

async fn order(demo: &Demo, number: &str) -> String {
    demo.text(&format!("select id from orders where number = '{number}'")).await
}

/// How many shipments an order has, and what its first one is to the letter.
async fn picture(demo: &Demo, order: &str) -> (String, String) {
    (
        demo.text(&format!("select count(*) from shipments where order_id = {order}")).await,
        demo.text(&format!(
            "select json_build_array((select row_to_json(s) from shipments s where s.id = f.id), \
             (select json_agg(row_to_json(l) order by l.id) from shipment_lines l where l.shipment_id = f.id)) \
             from (select min(id) as id from shipments where order_id = {order}) f"
        ))
        .await,
    )
}

/// On hand of everything an order has.
async fn on_hand(demo: &Demo, order: &str) -> i64 {
    demo.text(&format!(
        "select coalesce(sum(s.on_hand), 0) from stock s where s.product_id in (select product_id from order_lines where order_id = {order})"
    ))
    .await
    .parse()
    .expect("a number")
}

/// Steps 3 to 6 for something that was sent: its stock is taken again, it is held.
async fn reships_one(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let id = order(&demo, named::MISMAPPED).await;
    let (before, original) = picture(&demo, &id).await;
    let stock = on_hand(&demo, &id).await;
    let mut client = demo.window(named::CLIENT, live).await;
    opens_order(&mut client, named::MISMAPPED).await;
    client.press("Re-Ship").await;
    client.sees("Items to reship").await;
    client.sees("has left the warehouse, so its stock is not added back").await;
    client.screenshot(&format!("reship-window-{live}")).await;
    let line = demo.text(&format!("select min(id) from order_lines where order_id = {id}")).await;
    let item = format!("input[name=item_{line}]");
    if !client.find(Locator::Css(&item)).await.is_selected().await.expect("a box") {
        client.click(Locator::Css(&item)).await;
    }
    // nonsense is told beside its field and loses nothing
    client.fill(&format!("input[name=quantity_{line}]"), "none").await;
    client.click(Locator::Css("input[name=hold]")).await;
    confirms(&mut client).await;
    client.sees("Enter how many of").await;
    assert!(client.find(Locator::Css("input[name=hold]")).await.is_selected().await.expect("a box"));
    client.fill(&format!("input[name=quantity_{line}]"), "2").await;
    if !live {
        client.press("Show stock for these items").await;
    } else {
        client
            .find(Locator::Css(&format!("input[name=quantity_{line}]")))
            .await
            .send_keys(TAB)
            .await
            .expect("Tab");
    }
    client.sees("2 × ").await;
    client.screenshot(&format!("reship-filled-{live}")).await;
    confirms(&mut client).await;
    client.sees("reships 2 × ").await;
    client.sees("order_reshipped").await;
    client.sees("Operator hold").await;
    client.screenshot(&format!("reship-done-{live}")).await;
    let (after, same) = picture(&demo, &id).await;
    assert_eq!(after.parse::<i32>().unwrap(), before.parse::<i32>().unwrap() + 1);
    assert_eq!(same, original, "the original is not changed");
    assert_eq!(on_hand(&demo, &id).await, stock - 2);
    let told = format!(
        "select actor_name || ': ' || summary from activities where order_id = {id} and verb = 'order_reshipped'"
    );
    let told = demo.text(&told).await;
    assert!(told.contains("Reshipped 2 × ") && told.contains("stock taken again"), "{told}");
    // and back
    client.press("Undo").await;
    client.sees("is canceled; its stock went back").await;
    assert_eq!(demo.text(&format!("select on_hold from orders where id = {id}")).await, "false");
    assert_eq!(on_hand(&demo, &id).await, stock);
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_is_reshipped() {
    reships_one(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_is_reshipped_without_javascript() {
    reships_one(false).await;
}

/// An original that never left: its inventory is added back. By keys alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_is_reshipped_by_keys_alone() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let id = order(&demo, named::NEVER_POSTED).await;
    let stock = on_hand(&demo, &id).await;
    let lines: usize =
        demo.text(&format!("select count(*) from order_lines where order_id = {id}")).await.parse().unwrap();
    let mut client = demo.window(named::CLIENT, true).await;
    client.goto("/orders").await;
    client.keys("/").await;
    client.keys(named::NEVER_POSTED).await;
    client.sees("1 order").await;
    // out of the field, onto the row, open it
    client.keys("\u{E007}").await;
    client.sees(named::NEVER_POSTED).await;
    client.find(Locator::LinkText(named::NEVER_POSTED)).await.send_keys("\u{E007}").await.expect("opening");
    client.arrives(&format!("/orders/{id}")).await;
    client.keys("s").await;
    client.sees("Items to reship").await;
    // an order of one item has it ticked already
    client.keys(TAB).await;
    if lines > 1 {
        client.keys(" ").await;
    }
    client.sees("Inventory added back").await;
    // Enter in a quantity takes the number, and does not send the form
    client.keys(&format!("{TAB}\u{E007}")).await;
    client.sees("Items to reship").await;
    // over the other lines to the choice, and down to the second of it
    client.keys(&TAB.repeat(1 + 2 * (lines - 1))).await;
    client.keys("\u{E015}").await;
    let chosen =
        client.evaluates("return document.querySelector('input[name=add_back]:checked').value").await;
    assert_eq!(chosen, "yes");
    // Ctrl and Enter
    client.chord('\u{E009}', '\u{E007}').await;
    client.sees("reships ").await;
    assert_eq!(on_hand(&demo, &id).await, stock, "added back and taken again");
    let told = format!("select summary from activities where order_id = {id} and verb = 'order_reshipped'");
    assert!(demo.text(&told).await.ends_with("its stock added back first"));
    client.close().await;
    demo.close().await;
}

const SHIPPED: &str = "/orders?status=shipped";

async fn chooses(browser: &mut Browser, add_back: bool) {
    browser.sees("chosen orders").await;
    browser.click(Locator::Css("input[type=radio][value=reship_orders]")).await;
    if add_back {
        browser.click(Locator::Css("input[name=reship_orders-add_back]")).await;
    }
    browser.press("Preview").await;
}

/// Bulk Edit → Reship Orders → whether inventory is added back → done.
async fn reships_many(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let newest = demo.text("select max(id) from shipments").await;
    let mut client = demo.window(named::CLIENT, live).await;
    client.press("Manage Orders").await;
    client.goto(SHIPPED).await;
    for n in 1..=3 {
        client.click(Locator::XPath(&format!("(//tbody//td[contains(@class,'pick')]//input)[{n}]"))).await;
    }
    client.press("Bulk Edit").await;
    // what has left is not added back: each row says so, and nothing is left to do
    chooses(&mut client, true).await;
    client.comes("has left the warehouse").await;
    client.screenshot(&format!("reship-many-skipped-{live}")).await;
    client.goto(SHIPPED).await;
    for n in 1..=3 {
        client.click(Locator::XPath(&format!("(//tbody//td[contains(@class,'pick')]//input)[{n}]"))).await;
    }
    client.press("Bulk Edit").await;
    chooses(&mut client, false).await;
    client.comes("What will happen").await;
    client.sees("Stock is taken again").await;
    client.screenshot(&format!("reship-many-preview-{live}")).await;
    client.click(Locator::Css(".confirm form button")).await;
    client.comes("Finished").await;
    client.screenshot(&format!("reship-many-done-{live}")).await;
    assert_eq!(demo.text("select done from bulk_operations order by id desc limit 1").await, "3");
    // and back, as an operation of its own
    client.press("Undo this bulk change").await;
    client.comes("What will happen").await;
    client.click(Locator::Css(".confirm form button")).await;
    client.comes("Finished").await;
    assert_eq!(demo.text("select done from bulk_operations order by id desc limit 1").await, "3");
    let left = format!("select count(*) from shipments where id > {newest} and voided_at is null");
    assert_eq!(demo.text(&left).await, "0");
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_orders_are_reshipped_and_taken_back() {
    reships_many(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_orders_are_reshipped_and_taken_back_without_javascript() {
    reships_many(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_orders_are_reshipped_by_keys_alone() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, true).await;
    client.goto(SHIPPED).await;
    client.keys("jxjx").await;
    client.sees("2 selected").await;
    client.keys("b").await;
    client.arrives("/bulk/new").await;
    client.find(Locator::Css("input[type=radio]")).await.send_keys(" ").await.expect("choosing");
    assert_eq!(client.evaluates("return document.activeElement.value").await, "reship_orders");
    client.submit("input[type=radio]").await;
    client.sees("What will happen").await;
    client.find(Locator::Css(".confirm form button")).await.send_keys("\u{E007}").await.expect("confirming");
    client.sees("Finished").await;
    assert_eq!(demo.text("select done from bulk_operations").await, "2");
    client.close().await;
    demo.close().await;
}
