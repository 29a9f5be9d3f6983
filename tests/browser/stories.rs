//! The stories of the product, walked: with JavaScript and without.

use super::{Demo, TURN, driver::Browser, named};
use fantoccini::Locator;

/// *Orders → Manage Orders → the order*, by searching for its number.
async fn opens_order(browser: &mut Browser, number: &str) {
    browser.press("Manage Orders").await;
    browser.fill("input[type=search]", number).await;
    browser.submit("input[type=search]").await;
    browser.press(number).await;
    browser.sees(&format!("Order {number}")).await;
}

/// Confirms what an action's link asked: in the dialog, or on the page it is
/// without JavaScript.
async fn confirms(browser: &mut Browser, button: &str) {
    browser.sees("What will happen").await;
    browser.click(Locator::XPath(&format!("//form//button[normalize-space(.)='{button}']"))).await;
}

/// Waits until a text is there: live, or by reloading.
async fn becomes(browser: &mut Browser, text: &str, live: bool) {
    if live {
        browser.sees(text).await;
    } else {
        browser.reloads_until(text).await;
    }
}

/// Fulfillment not sent to the sales channel: found, explained, mapped, resent.
async fn fulfillment_not_sent(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;

    // the client finds out what is wrong
    let mut client = demo.window(named::CLIENT, live).await;
    opens_order(&mut client, named::UNMAPPED).await;
    client.sees("Fulfillment info").await;
    client.sees("Sync failed").await;
    client.sees("does not know the courier “dpd_be”").await;
    client.sees("You need the Couriers permission").await;
    client.sees("fulfillment_replied").await;
    client.click(Locator::Css("a[aria-label='Open request and response of fulfillment_replied']")).await;
    client.sees("What this means").await;
    client.sees("submit_fulfillment").await;
    client.sees("\"shippingCarrierCode\": \"dpd_be\"").await;
    client.sees("32300").await;
    client.screenshot(&format!("s3-record-{live}")).await;
    if live {
        client.picture("record").await;
    }

    // the admin maps the courier
    let mut admin = demo.window(named::ADMIN, live).await;
    admin.press("Stores").await;
    admin.press("Open Harbour UK").await;
    admin.press("Open Harbour eBay UK").await;
    admin.click(Locator::XPath("//a[contains(normalize-space(.), 'Couriers')]")).await;
    admin.sees("Seen on shipments, not mapped").await;
    admin.choose_value("select#courier", named::UNMAPPED_COURIER).await;
    admin.fill("input#custom_name", named::UNMAPPED_FIX).await;
    admin
        .click(Locator::XPath("//div[contains(@class,'form-foot')]//button[normalize-space(.)='Save']"))
        .await;
    admin
        .sees(&format!("{} is sent to Harbour eBay UK as {}", named::UNMAPPED_COURIER, named::UNMAPPED_FIX))
        .await;
    admin.screenshot(&format!("s3-mapped-{live}")).await;

    // back on the order: Resend Fulfillments
    opens_order(&mut client, named::UNMAPPED).await;
    client.press("Resend Fulfillments").await;
    confirms(&mut client, "Resend Fulfillments").await;
    becomes(&mut client, "Synced", live).await;
    client.sees_no("Sync failed").await;
    client.screenshot(&format!("s3-synced-{live}")).await;
    let told =
        demo.sandbox.ledger().iter().filter(|e| e.vendor == "ebay" && e.reference == named::UNMAPPED).count();
    assert_eq!(told, 1, "the channel really has it, once");

    // Transaction Records, filtered by log type
    admin.press("Stores").await;
    admin.press("Open Harbour UK").await;
    admin.press("Open Harbour eBay UK").await;
    admin
        .click(Locator::XPath("//a[contains(@href,'/channels/') and contains(@href,'/transaction-records')]"))
        .await;
    admin.choose_value("select[name=log_type]", "submit_fulfillment").await;
    admin.press("Add").await;
    admin.sees("Log Type").await;
    admin.until("no chip", async |b| b.path().await.contains("log_type=submit_fulfillment")).await;
    admin
        .click(Locator::XPath(
            "//a[normalize-space(.)='Failed' or starts-with(normalize-space(.),'Failed ')]",
        ))
        .await;
    admin.sees("400 Bad Request").await;
    admin.screenshot(&format!("s3-records-{live}")).await;
    admin.click(Locator::Css("tbody tr a[data-primary], tbody tr td.act a")).await;
    admin.sees("What this means").await;
    admin.sees("Request").await;
    admin.sees("Response").await;

    client.close().await;
    admin.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fulfillment_that_was_not_sent_is_found_explained_mapped_and_synced() {
    fulfillment_not_sent(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fulfillment_that_was_not_sent_is_mended_without_javascript() {
    fulfillment_not_sent(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn map_courier_and_resend_is_one_step_from_the_failed_shipment() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut admin = demo.window(named::ADMIN, true).await;
    admin.goto("/error-queue").await;
    admin.sees("Map courier").await;
    admin.picture("error-queue").await;
    opens_order(&mut admin, named::UNMAPPED).await;
    admin.picture("order").await;
    let waiting = demo.text("select count(*) from shipments where channel_sync = 'failed' and lower(courier) = 'dpd_be' and voided_at is null").await;
    admin.click(Locator::XPath("//a[starts-with(normalize-space(.), 'SHP-')]")).await;
    admin.sees("courier not mapped").await;
    admin.press("Map courier and resend").await;
    admin.fill("input#custom_name", named::UNMAPPED_FIX).await;
    admin.press(&format!("Save and resend {waiting}")).await;
    admin.sees(&format!("Resending {waiting} fulfillments")).await;
    admin.sees("Synced").await;
    admin.sees_no("courier not mapped").await;
    admin.screenshot("s3-short-way").await;
    // every other one with the same cause, too
    admin.until("not every one was synced", async |_| {
        demo.text("select count(*) from shipments where channel_sync <> 'synced' and lower(courier) = 'dpd_be' and voided_at is null").await == "0"
    })
    .await;
    admin.press("Manage Orders").await;
    admin.press("Dark theme").await;
    admin.press("Manage Orders").await;
    admin.sees(named::UNMAPPED).await;
    admin.picture("orders-dark").await;
    admin.close().await;
    demo.close().await;
}

/// Re-Post to Fulfillment, from the customer's page.
async fn re_post(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, live).await;
    let id = |what: &str| {
        format!(
            "select {what} from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
        left join customers c on c.account_id = o.account_id and c.id = o.customer_id where o.number = '{}' limit 1",
            named::REPOST_DELETED
        )
    };
    let (shipment, number) = (demo.text(&id("s.id")).await, demo.text(&id("s.number")).await);
    let (customer, email) = (demo.text(&id("c.name")).await, demo.text(&id("c.email")).await);
    let (old_date, old_remote) =
        (demo.text(&id("s.date_post")).await, demo.text(&id("s.fulfillment_id")).await);
    let mails = format!("select count(*) from emails where shipment_id = {shipment}");
    let mails_before: i64 = demo.text(&mails).await.parse().expect("a count");
    let items: i64 = demo
        .text(&format!("select count(*) from shipment_lines where shipment_id = {shipment}"))
        .await
        .parse()
        .expect("a count");
    let heard = demo.sandbox.hook(named::HOOK).len();

    // Search → Customers → customer → Sales → shipment status → shipment id
    client.press("Customers").await;
    client.fill("input[type=search]", &email).await;
    client.submit("input[type=search]").await;
    client.press(&customer).await;
    client.sees("Sales").await;
    let row = format!("//tr[.//a[normalize-space(.)='{}']]", named::REPOST_DELETED);
    let (status, link) = (format!("{row}//summary"), format!("{row}//a[normalize-space(.)='{number}']"));
    if live {
        client.hovers_and_clicks(&status, &link, "s0-hover").await;
    } else {
        client.click(Locator::XPath(&status)).await;
        client.click(Locator::XPath(&link)).await;
    }
    client.sees(&format!("Shipment {number}")).await;
    client.sees("Pending tracking").await;
    client.screenshot(&format!("s0-shipment-{live}")).await;

    client.press("Re-Post to Fulfillment").await;
    client.sees(&format!("Re-post {number}")).await;
    client.sees("The post date and fulfillment ID are cleared").await;
    client.sees("shipment_fulfilled").await;
    client.screenshot(&format!("s0-confirm-{live}")).await;
    if !live {
        client.picture("repost").await;
    }
    confirms(&mut client, "Re-Post to Fulfillment").await;
    client.sees(&format!("Re-posting {number}")).await;
    if live {
        client
            .until("it was not re-posted", async |_| {
                let now = demo.text(&id("s.fulfillment_id")).await;
                !now.is_empty() && now != old_remote
            })
            .await;
        client.sees(&demo.text(&id("s.fulfillment_id")).await).await;
    } else {
        client
            .until("it was not re-posted", async |_| {
                let now = demo.text(&id("s.fulfillment_id")).await;
                !now.is_empty() && now != old_remote
            })
            .await;
        let remote = demo.text(&id("s.fulfillment_id")).await;
        client.reloads_until(&remote).await;
    }
    client.sees("Pending tracking").await;
    assert_ne!(demo.text(&id("s.date_post")).await, old_date, "a new post date");
    // kept in history
    client.sees("Cleared the previous post date and fulfillment id").await;
    client.sees(&old_remote).await;
    client.screenshot(&format!("s0-reposted-{live}")).await;
    // a mail for each item, and the webhook
    assert_eq!(demo.text(&mails).await.parse::<i64>().expect("a count") - mails_before, items);
    client.press("E-mails").await;
    client.sees(&number).await;
    client.until("the endpoint heard nothing", async |_| demo.sandbox.hook(named::HOOK).len() > heard).await;
    let hook = demo.sandbox.hook(named::HOOK);
    assert!(
        hook[heard].body.contains("shipment_fulfilled") && hook[heard].body.contains(&number),
        "{}",
        hook[heard].body
    );
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_is_re_posted_from_its_customer() {
    re_post(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shipment_is_re_posted_without_javascript() {
    re_post(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn re_posting_is_refused_stopped_and_fails_in_words() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, true).await;
    let shipment = |order: &str| {
        format!(
            "select s.number from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id where o.number = '{order}' order by s.id limit 1"
        )
    };
    let open = async |client: &mut Browser, order: &str| {
        let number = demo.text(&shipment(order)).await;
        // Search → Shipments
        client.press("Shipments").await;
        client.fill("input[type=search]", &number).await;
        client.submit("input[type=search]").await;
        client.press(&number).await;
        client.sees(&format!("Shipment {number}")).await;
        number
    };
    // never posted: not available, with the reason
    open(&mut client, named::NEVER_POSTED).await;
    client.sees("Available once the shipment has been posted.").await;
    // still alive at the provider: stopped, nothing lost
    open(&mut client, named::REPOST_ALIVE).await;
    client.press("Re-Post to Fulfillment").await;
    confirms(&mut client, "Re-Post to Fulfillment").await;
    client.sees("still has the earlier order").await;
    client.sees("Pending tracking").await;
    client.screenshot("s0-stopped").await;
    // refused by the provider: the error queue, and what it means
    let number = open(&mut client, named::POST_REFUSED).await;
    client.press("Post to Fulfillment").await;
    confirms(&mut client, "Post shipment").await;
    client.sees("Error").await;
    client.sees("does not know one of the SKUs").await;
    client.screenshot("s0-refused").await;
    client.click(Locator::Css("a[href='/error-queue']")).await;
    client.fill("input[type=search]", &number).await;
    client.submit("input[type=search]").await;
    client.sees(&number).await;
    client.screenshot("s0-error-queue").await;
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_is_imported_and_again_changes_nothing() {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let mut client = demo.window(named::CLIENT, true).await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("orders to import.csv");
    std::fs::write(
        &file,
        "\u{feff}Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Zip\r\n\
         #T1,ada@buyer.example,paid,EUR,25.00,2026-11-01 09:41:00 +0100,2,\"Kettle, navy\",10.00,KTL,'1000\r\n\
         #T1,ada@buyer.example,,,,,1,\"Lid\r\nfor it\",5.00,,\r\n\
         #T2,,paid,EUR,10.00,2026-11-01 09:41:00 -0500,some,Kettle,10.00,KTL,1000\r\n",
    )
    .expect("writing a file");
    for (created, unchanged) in [("1", "0"), ("0", "1")] {
        client.press("Imports").await;
        client.press("Import orders").await;
        client.sees("There is a problem").await;
        client.choose("select#channel", "Wholesale files").await;
        client.attach("input#file", &file).await;
        client.press("Import orders").await;
        client.sees("Finished with failures").await;
        client.sees("Line 5").await;
        let text = client.text().await;
        assert!(
            text.contains(&format!("Created\n{created}"))
                && text.contains(&format!("Unchanged\n{unchanged}")),
            "{text}"
        );
    }
    client.screenshot("import").await;
    client.close().await;
    demo.close().await;
}
