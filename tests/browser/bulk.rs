//! Bulk edit, walked: by mouse, by keys alone, and without JavaScript.

use super::{Demo, TURN, driver::Browser, named};
use fantoccini::Locator;

const READY: &str = "/shipments?status=pending_post";

/// Shipments that the client could post now, as the list shows them.
const POSTABLE: &str = "select count(*) from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
    join accounts a on a.id = s.account_id where a.slug = 'harbour' and s.status = 'pending_post' and s.voided_at is null";

async fn tick(browser: &mut Browser, n: usize) {
    browser.click(Locator::XPath(&format!("(//tbody//td[contains(@class,'pick')]//input)[{n}]"))).await;
}

/// Nothing was posted twice, by what the providers have. (A shop may have two fulfillments of one order.)
fn once(demo: &Demo) {
    let twice: Vec<_> =
        demo.sandbox.live().into_iter().filter(|l| l.vendor != "shopify" && l.count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Ticks two, looks at what would happen, confirms, and follows it to its end.
async fn posts_many(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, live).await;
    client.goto(READY).await;
    tick(&mut client, 1).await;
    tick(&mut client, 2).await;
    if live {
        client.sees("2 selected").await;
    }
    client.screenshot(&format!("bulk-ticked-{live}")).await;
    client.press("Bulk Edit").await;
    client.sees("2 chosen shipments").await;
    client.screenshot(&format!("bulk-choose-{live}")).await;
    client.click(Locator::Css("input[type=radio][value=post]")).await;
    client.press("Preview").await;
    client.comes("What will happen").await;
    client.sees("will change").await;
    client.screenshot(&format!("bulk-preview-{live}")).await;
    client.click(Locator::Css(".confirm form button")).await;
    client.comes("Finished").await;
    client.screenshot(&format!("bulk-finished-{live}")).await;
    once(&demo);
    assert_eq!(demo.text("select done + failed + skipped + unknown from bulk_operations").await, "2");
    client.press("Bulk operations").await;
    client.sees("2 chosen shipments").await;
    client.screenshot(&format!("bulk-list-{live}")).await;
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_are_posted_from_the_list() {
    posts_many(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_are_posted_without_javascript() {
    posts_many(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_are_posted_by_keys_alone() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, true).await;
    client.goto(READY).await;
    // the first row, then the range up to the third
    client.keys("jxjjX").await;
    client.sees("3 selected").await;
    client.keys("b").await;
    client.arrives("/bulk/new").await;
    client.sees("3 chosen shipments").await;
    // the first choice, then Enter: the form's button
    client.find(Locator::Css("input[type=radio]")).await.send_keys(" ").await.expect("choosing");
    client.submit("input[type=radio]").await;
    client.sees("What will happen").await;
    client.find(Locator::Css(".confirm form button")).await.send_keys("\u{E007}").await.expect("confirming");
    client.sees("Finished").await;
    once(&demo);
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_that_matches_is_looked_at_and_left_alone() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = Browser::open_at(&demo.base, true, (360, 800)).await;
    client.signs_in(named::CLIENT, named::PASSWORD).await;
    let before = demo.text(POSTABLE).await;
    client.goto("/shipments?size=25").await;
    tick(&mut client, 1).await;
    client.screenshot("bulk-narrow-ticked").await;
    client.goto("/bulk/new?on=shipments&list=status%3Dpending_post&all=yes").await;
    client.sees("All shipments in Active").await;
    client.screenshot("bulk-narrow-choose").await;
    client.click(Locator::Css("input[type=radio][value=post]")).await;
    client.press("Preview").await;
    client.sees("What will happen").await;
    client.screenshot("bulk-narrow-preview").await;
    client.press("Keep as is").await;
    assert_eq!(demo.text(POSTABLE).await, before, "looking does nothing");
    assert_eq!(demo.text("select state from bulk_operations").await, "previewed");
    client.close().await;
    demo.close().await;
}
