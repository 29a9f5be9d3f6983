//! The pages of endpoints, deliveries, responders and e-mails.

use super::events::listens;
use crate::support::{counter::Counter, peers, portal::Portal, shop::Shop};
use waybill::{accounts::Role, actions::NoInput, shipments::post::Post};

#[tokio::test]
async fn an_address_that_is_not_public_is_refused_without_saying_which_it_is() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get("/webhooks/new").await;
    assert_eq!(page.status, 200);
    for url in [
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "http://example.com/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://no-such-host.invalid/",
    ] {
        let answer = admin.submit(&page, &[("url", url), ("every", "yes")]).await;
        assert_eq!(answer.status, 422, "{url}");
        let said = answer.text("#url-error");
        assert!(said.contains("This address is not public"), "{url}: {said}");
        assert_eq!(answer.attribute("#url", "value").as_deref(), Some(url), "what was typed is kept");
    }
    let none = admin.submit(&page, &[("url", "https://127.0.0.1/")]).await;
    assert!(none.text("#events-error").contains("Choose at least one event"));
    assert_eq!(portal.count("select count(*) from webhook_endpoints").await, 2, "only those of the worlds");
}

#[tokio::test]
async fn an_endpoint_is_added_its_secret_shown_once_and_rotated() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut admin = counter.visitor(Role::Admin).await;
    assert!(admin.get("/webhooks").await.text(".empty").contains("No endpoints yet"));
    let page = admin.get("/webhooks/new").await;
    assert_eq!(page.texts("[name=events]").len(), 12);
    assert!(page.body.contains("channel_submission_failed"), "with samples");
    let url = shop.sandbox.hook_url("erp");
    let fields = [("url", url.as_str()), ("description", "Our ERP"), ("events", "shipment_fulfilled")];
    let made = admin.submit(&page, &fields).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let secret = made.text("[data-secret]");
    assert!(secret.starts_with("whsec_"));
    assert!(made.header("cache-control").contains("no-store"));
    // sent twice: one endpoint, and the secret is not shown again
    let twice = admin.submit(&page, &fields).await;
    assert_eq!((twice.status, twice.location()), (303, "/webhooks"));
    assert_eq!(shop.value("select count(*) from webhook_endpoints").await, 1);
    let id = shop.value("select id from webhook_endpoints").await;
    let show = admin.get(&format!("/webhooks/{id}")).await;
    assert!(!show.body.contains("whsec_"));
    assert!(show.body.contains("2, 5, 10, 14, 20 and 24 hours"), "the schedule is printed");

    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let message = shop.sandbox.hook("erp").remove(0);
    assert_eq!(peers::verified(&secret, &message.headers, &message.body), "verified");

    // the program on the delivery's page computes the signature that was sent
    let delivery = shop.value("select id from webhook_deliveries").await;
    let page = admin.get(&format!("/deliveries/{delivery}")).await;
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("#snippet").unwrap();
    let program: String = html.select(&selector).next().unwrap().text().collect();
    let mut python = peers::python();
    python.arg("-");
    let computed = peers::told(python, &program.replace("whsec_…", &secret));
    assert_eq!(message.header("webhook-signature"), Some(computed.as_str()));
    assert!(page.text("#request").contains("POST"), "the exchange itself");
    assert!(!page.body.contains(&computed), "the signature is masked");

    let ask = admin.get(&format!("/webhooks/{id}/rotate")).await;
    let rotated = admin.submit(&ask, &[]).await;
    let new = rotated.text("[data-secret]");
    assert_ne!(new, secret);
    let again = admin.submit(&ask, &[]).await;
    assert_eq!(again.status, 409, "the same form rotates once");
    assert!(!again.body.contains("whsec_"));
    let resent = admin.get(&format!("/deliveries/{delivery}/resend")).await;
    let sent = admin.submit(&resent, &[]).await;
    assert_eq!(sent.status, 303);
    let page = admin.get(sent.location()).await;
    assert!(page.text(".flash").contains("The endpoint took it: 200 OK"), "{}", page.text(".flash"));
    let message = shop.sandbox.hook("erp").remove(1);
    for secret in [&secret, &new] {
        assert_eq!(peers::verified(secret, &message.headers, &message.body), "verified", "both sign");
    }
    assert_eq!(shop.value("select count(*) from activities where verb = 'webhook_secret_rotated'").await, 1);
}

#[tokio::test]
async fn an_endpoint_is_edited_paused_counted_and_deleted() {
    let shop = Shop::open().await;
    listens(&shop, "erp", &[]).await;
    let counter = Counter::over(&shop);
    let mut admin = counter.visitor(Role::Admin).await;
    let id = shop.value("select id from webhook_endpoints").await;
    let edit = admin.get(&format!("/webhooks/{id}/edit")).await;
    assert!(edit.attribute("[name=every]", "checked").is_some());
    let (action, mut form) = edit.form();
    form.retain(|(name, _)| name != "every");
    form.push(("events".into(), "shipment_shipped".into()));
    form.push(("events".into(), "order_created".into()));
    let sent: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(admin.post(&action, &sent).await.status, 303);
    let events = shop.text("select array_to_string(events, ',') from webhook_endpoints").await;
    assert_eq!(events, "order_created,shipment_shipped");
    let stale = admin.submit(&edit, &[("description", "Other")]).await;
    assert_eq!(stale.status, 409, "somebody else edited it meanwhile");

    shop.sandbox.set_hook_status("erp", 500);
    shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.sql("update webhook_deliveries set state = 'failed'").await;
    let mut support = counter.visitor(Role::Support).await;
    let range = support.get(&format!("/webhooks/{id}/resend")).await;
    assert!(range.text("#range-count").contains("1 message is sent again."), "{}", range.body);
    shop.sandbox.set_hook_status("erp", 200);
    assert_eq!(support.submit(&range, &[]).await.status, 303);
    shop.run().await;
    assert_eq!(shop.sandbox.hook("erp").len(), 2);
    let list = support.get(&format!("/webhooks/{id}/deliveries?state=delivered")).await;
    assert_eq!(list.texts("tbody tr").len(), 1);
    assert!(list.text("tbody tr").contains("Re-sent"));

    let pause = admin.get(&format!("/webhooks/{id}/pause")).await;
    assert_eq!(admin.submit(&pause, &[]).await.status, 303);
    assert!(admin.get(&format!("/webhooks/{id}")).await.text(".banner").contains("Paused"));
    let delete = admin.get(&format!("/webhooks/{id}/delete")).await;
    assert_eq!(admin.submit(&delete, &[]).await.status, 303);
    assert!(admin.get("/webhooks").await.text(".empty").contains("No endpoints yet"));
    assert_eq!(admin.get(&format!("/webhooks/{id}")).await.status, 200, "its history stays");
    let mut client = counter.visitor(Role::Client).await;
    assert_eq!(client.get("/webhooks").await.status, 403);
    assert!(!client.get("/orders").await.body.contains("href=\"/webhooks\""));
}

#[tokio::test]
async fn a_responder_is_written_looked_at_and_switched_on() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 2)]).await;
    let number = shop.text(&format!("select number from shipments where id = {shipment}")).await;
    let counter = Counter::over(&shop);
    let mut admin = counter.visitor(Role::Admin).await;
    assert!(admin.get("/responders").await.text(".empty").contains("No responders yet"));
    let page = admin.get("/responders/new?trigger=fulfilled").await;
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("It is being packed"));
    let fields = |then: &'static str| {
        [
            ("trigger", "fulfilled"),
            ("do", then),
            ("subject", "Your {{item_name}}"),
            ("body", "Dear {{customer_name}},\r\n{{quantity}} × {{item_sku}}"),
        ]
    };
    let looked = admin.submit(&page, &fields("preview")).await;
    assert_eq!(looked.status, 200);
    assert!(looked.body.contains("Dear Ada Ólafsdóttir,\n2 × KTL-1"), "{}", looked.body);
    assert!(looked.body.contains(&number));
    assert_eq!(shop.value("select count(*) from responders").await, 0, "a look saves nothing");
    let mut wrong = fields("save");
    wrong[3].1 = "Dear {{customer_name}},\n{{item}}";
    let refused = admin.submit(&page, &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("#body-error").contains("Line 2: there is no variable {{item}}."));
    let made = admin.submit(&page, &fields("save")).await;
    assert_eq!(made.status, 303, "{}", made.body);
    let path = made.location().to_owned();
    let enable = admin.get(&format!("{path}/enable")).await;
    assert!(enable.body.contains("From now on each posted shipment item sends this; 0 in the past."));
    assert_eq!(admin.submit(&enable, &[]).await.status, 303);
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let emails = admin.get(&path.replace("/responders/", "/emails?responder=")).await;
    assert_eq!(emails.texts("tbody tr").len(), 1);
    // support sees that there are some, and not of whom
    let mut support = counter.visitor(Role::Support).await;
    let page = support.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("Ada Ólafsdóttir") && !page.body.contains("<textarea"));
    let email = shop.value("select id from emails").await;
    assert_eq!(support.get(&format!("/emails/{email}/resend")).await.status, 403);
    let mut client = counter.visitor(Role::Client).await;
    let again = client.get(&format!("/emails/{email}/resend")).await;
    assert!(again.body.contains("One more e-mail goes to ada@buyer.example."));
    assert_eq!(client.submit(&again, &[]).await.status, 303);
    assert_eq!(shop.value("select count(*) from emails where resend_of is not null").await, 1);
    assert_eq!(client.get(&format!("{path}/enable")).await.status, 403);
}
