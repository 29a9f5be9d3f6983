//! The page of a trace: one chain, every kind of link.

use crate::support::{counter::Counter, portal::Portal, shop::Shop};
use waybill::{
    accounts::Role,
    actions::NoInput,
    evidence::TraceId,
    shipments::post::Post,
    traces::{self, What},
};

#[tokio::test]
async fn a_post_is_one_chain_from_the_click_to_the_last_mail() {
    let shop = Shop::open().await;
    shop.listens("erp").await;
    shop.responds("fulfilled").await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    let trace = shop.text("select trace_id from posts").await;
    let trace = TraceId::parse(&trace).unwrap();
    // before the worker came, the job waits
    let before = traces::of(&mut shop.scope().await, &trace).await.unwrap().unwrap();
    assert!(before.links[0].what.is_click(), "{:?}", before.links[0]);
    assert!(
        before
            .links
            .iter()
            .any(|l| matches!(&l.what, What::Job(job) if job.state == traces::JobState::Ready))
    );
    shop.run().await;

    let chain = traces::of(&mut shop.scope().await, &trace).await.unwrap().unwrap();
    assert!(!chain.cut);
    assert!(chain.links[0].what.is_click());
    assert!(chain.links.windows(2).all(|pair| pair[0].at <= pair[1].at), "in the order of time");
    let count = |kind: fn(&What) -> bool| chain.links.iter().filter(|l| kind(&l.what)).count();
    assert_eq!(count(|w| matches!(w, What::Job(job) if job.ended().is_some())), 3, "post, webhook, mail");
    assert_eq!(count(|w| matches!(w, What::Step(_))), 3, "queued, sent, accepted");
    assert_eq!(count(|w| matches!(w, What::Record(_))), 2, "the post and the webhook");
    assert_eq!(count(|w| matches!(w, What::Activity(_))), 2, "the click and the answer");
    assert_eq!(count(|w| matches!(w, What::Event(_))), 1);
    assert_eq!(count(|w| matches!(w, What::Delivery(_))), 1);
    assert_eq!(count(|w| matches!(w, What::Email(_))), 1);

    // and the page draws it all
    let counter = Counter::over(&shop);
    let mut browser = counter.visitor(Role::Client).await;
    let page = browser.get(&format!("/traces/{trace}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let kinds = page.texts("th[data-kind]");
    for kind in ["Action", "Job", "Post", "Call", "Activity", "Event", "Delivery", "E-mail"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is missing: {kinds:?}");
    }
    assert_eq!(kinds[0], "Action");
    for piece in [format!("/shipments/{shipment}"), "/transaction-records/".into(), "/emails/".into()] {
        assert!(page.body.contains(&format!("href=\"{piece}")), "no link to {piece}");
    }
    assert!(
        page.body.contains("Post the shipment to its provider") && page.body.contains("shipment_fulfilled")
    );
    // the ways there
    let shown = browser.get(&format!("/shipments/{shipment}")).await;
    assert!(shown.body.contains(&format!("href=\"/traces/{trace}\"")), "from the shipment’s posts");
    let shown = browser.get("/activity").await;
    assert!(shown.body.contains(&format!("href=\"/traces/{trace}\"")), "from the activity");
    let record = shop.value("select max(id) from transaction_records where log_type = 'post_shipment'").await;
    let shown = browser.get(&format!("/transaction-records/{record}")).await;
    assert!(shown.body.contains(&format!("href=\"/traces/{trace}\"")), "from the record");
}

#[tokio::test]
async fn a_trace_nobody_has_or_another_account_has_is_not_found() {
    let portal = Portal::open().await;
    let mut browser = portal.visitor(Role::Client).await;
    assert_eq!(browser.get("/traces/0123456789abcdef0123456789abcdef").await.status, 200);
    let only = "fedcba9876543210fedcba9876543210";
    portal
        .sql(&format!(
            "update activities set trace_id = '{only}' where account_id = {}",
            portal.other.account
        ))
        .await;
    for path in [format!("/traces/{only}"), format!("/traces/{:032x}", 1), "/traces/nonsense".to_owned()] {
        assert_eq!(browser.get(&path).await.status, 404, "{path}");
    }
}
