//! Many clicks, and old pages: over HTTP, with the forms the pages send.

use super::tally::Tally;
use crate::support::{
    counter::Counter,
    portal::{Answer, Browser},
    shop::Shop,
};
use futures_util::future::join_all;
use waybill::{accounts::Role, ids::ShipmentId, shipments::Status};

const CLICKS: usize = 50;

async fn opened(shop: &Shop) -> (ShipmentId, String) {
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    (shipment, format!("/shipments/{shipment}/post"))
}

/// Sends forms all at once from windows of one browser.
async fn at_once(browser: &Browser, path: &str, forms: Vec<Vec<(String, String)>>) -> Vec<Answer> {
    join_all(forms.into_iter().map(|form| {
        let mut window = browser.clone();
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            window.post(path, &form).await
        }
    }))
    .await
}

/// One post, one order, one line of history.
async fn happened_once(shop: &Shop, shipment: ShipmentId, drill: &str, clicks: usize) {
    assert_eq!(shop.value("select count(*) from posts").await, 1);
    assert_eq!(shop.value("select count(*) from jobs where kind = 'post_shipment'").await, 1);
    shop.run().await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!((after.status, shop.live_orders(&after.number)), (Status::PendingTracking, 1));
    let queued = shop.history(shipment).await.iter().filter(|verb| *verb == "shipment_post_queued").count();
    assert_eq!(queued, 1);
    let mut tally = Tally::new(drill);
    tally.cells = clicks;
    tally.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_equal_submits_are_one_post_with_fifty_equal_answers() {
    let shop = Shop::open().await;
    let (shipment, path) = opened(&shop).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let (_, form) = client.get(&path).await.form();
    let answers = at_once(&client, &path, vec![form; CLICKS]).await;
    let told = |answer: &Answer| (answer.status, answer.location().to_owned(), answer.body.clone());
    assert_eq!(told(&answers[0]), (303, format!("/shipments/{shipment}"), String::new()));
    assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])));
    happened_once(&shop, shipment, "equal clicks", CLICKS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_windows_are_one_post_and_the_others_are_told_who_did_it() {
    let shop = Shop::open().await;
    let (shipment, path) = opened(&shop).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let mut forms = Vec::new();
    for _ in 0..CLICKS {
        forms.push(client.get(&path).await.form().1);
    }
    let answers = at_once(&client, &path, forms).await;
    let (done, told): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 303);
    assert_eq!((done.len(), told.len()), (1, CLICKS - 1));
    for answer in told {
        assert_eq!(answer.status, 409, "{}", answer.body);
        let change = answer.text(".banner li");
        assert!(change.starts_with("client.counter: Posting SHP-"), "{change}");
    }
    happened_once(&shop, shipment, "clicks in windows", CLICKS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_without_its_key_does_nothing() {
    let shop = Shop::open().await;
    let (_, path) = opened(&shop).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let (_, mut form) = client.get(&path).await.form();
    form.retain(|(name, _)| name != "op");
    let answers = at_once(&client, &path, vec![form; CLICKS]).await;
    assert!(answers.iter().all(|answer| answer.status == 400));
    assert_eq!(shop.value("select count(*) from posts").await, 0);
}

/// On the page and in the dialog.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_page_is_told_what_changed_and_by_whom() {
    let shop = Shop::open().await;
    let (shipment, path) = opened(&shop).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let mut admin = counter.visitor(Role::Admin).await;
    let old = client.get(&path).await;
    let theirs = admin.get(&path).await;
    assert_eq!(admin.submit(&theirs, &[]).await.status, 303);

    let (_, form) = old.form();
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for answer in [client.post(&path, &form).await, client.post_partial(&path, &form).await] {
        assert_eq!(answer.status, 409, "{}", answer.body);
        let banner = answer.text(".banner strong");
        assert!(
            banner.starts_with("Shipment SHP-") && banner.ends_with("changed after you opened this page"),
            "{banner}"
        );
        assert!(answer.text(".banner li").starts_with("admin.counter: Posting SHP-"));
    }
    happened_once(&shop, shipment, "old pages", 2).await;
}
