//! Webhooks and responders, walked: an endpoint is tried out, paused and sent
//! again; a text is written, looked at and switched on.

use super::{Demo, TURN, driver::Browser, named};
use fantoccini::Locator;

async fn picture(browser: &mut Browser, what: &str) {
    browser.screenshot(what).await;
    let dark = "const root = document.documentElement; const was = root.dataset.theme; root.dataset.theme = 'dark'; return was";
    browser.evaluates(dark).await;
    browser.screenshot(&format!("{what}-dark")).await;
    browser.evaluates("document.documentElement.dataset.theme = 'light'; return 0").await;
}

/// With the keyboard and the mouse alike; what is pressed is named by its words.
async fn tells(live: bool, size: (u32, u32)) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let name = |what: &str| format!("telling-{what}-{}", size.0);
    let mut admin = Browser::open_at(&demo.base, live, size).await;
    admin.signs_in(named::ADMIN, named::PASSWORD).await;

    admin.goto("/webhooks").await;
    admin.sees("Harbour’s own shop system").await;
    picture(&mut admin, &name("endpoints")).await;
    admin.press("Harbour’s own shop system").await;
    admin.sees("Last deliveries").await;
    picture(&mut admin, &name("endpoint")).await;
    let heard = demo.sandbox.hook(named::HOOK).len();
    admin.press("Send test event").await;
    admin.sees("One signed message").await;
    admin.click(Locator::Css(".confirm form .btn-row button")).await;
    admin.sees("The endpoint took it: 200 OK.").await;
    assert!(demo.sandbox.hook(named::HOOK).len() > heard);
    admin.press("All deliveries").await;
    admin.sees("What was sent to Harbour’s own shop system").await;
    picture(&mut admin, &name("deliveries")).await;
    admin.press("endpoint_test").await;
    admin.sees("Verify it yourself").await;
    picture(&mut admin, &name("delivery")).await;
    admin.press("Harbour’s own shop system").await;
    admin.press("Re-send a range").await;
    admin.sees("sent again.").await;
    picture(&mut admin, &name("range")).await;
    admin.goto("/webhooks/new").await;
    picture(&mut admin, &name("new")).await;
    admin.fill("input#url", "https://10.0.0.1/").await;
    admin.submit("input#url").await;
    admin.sees("This address is not public.").await;

    admin.goto("/responders").await;
    admin.sees("It has arrived").await;
    picture(&mut admin, &name("responders")).await;
    admin.press("It has arrived").await;
    admin.sees("Preview").await;
    admin.fill("textarea#body", "Dear {{customer_name}}, {{item}}").await;
    admin.press("Preview").await;
    admin.sees("Line 1: there is no variable {{item}}.").await;
    admin.fill("textarea#body", "Dear {{customer_name}}, {{item_name}} is there.").await;
    admin.press("Save").await;
    admin.sees("is saved.").await;
    picture(&mut admin, &name("responder")).await;
    admin.press("Switch on").await;
    admin.sees("From now on each item that arrives sends this; 0 in the past.").await;
    admin.click(Locator::Css(".confirm form .btn-row button")).await;
    admin.sees("is switched on.").await;
    admin.goto("/emails").await;
    picture(&mut admin, &name("emails")).await;
    admin.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_endpoint_and_a_responder_are_looked_after() {
    tells(true, (1440, 1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_are_looked_after_without_javascript_on_a_phone() {
    tells(false, (360, 800)).await;
}
