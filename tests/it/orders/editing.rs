//! Editing an order: where it goes and how, under its rule.

use crate::support::{counter::Counter, shop::Shop};
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, NoInput, WhyNot},
    ids::{OrderId, ShipmentId},
    orders::{
        edit_address::{EditAddress, Input},
        edit_service::{self, EditService},
        holds::{self, AddHold},
    },
    shipments::{post::Post, repost::Repost},
};

fn address() -> Input {
    Input {
        name: "Ada  Ólafsdóttir".into(),
        line1: "Veldstraat 9".into(),
        city: "Gent".into(),
        postal_code: "9000".into(),
        country: "be".into(),
        ..Input::default()
    }
}

async fn why<A: Action>(shop: &Shop, order: OrderId, input: A::Input) -> WhyNot {
    match shop.act::<A>(order.0, input).await {
        Err(ActionError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn held(shop: &Shop, order: OrderId) {
    let operator = holds::Input { kind: "operator".into(), ..holds::Input::default() };
    shop.act::<AddHold>(order.0, operator).await.unwrap();
}

async fn posted(shop: &Shop, shipment: ShipmentId) {
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
}

fn method(name: &str) -> edit_service::Input {
    edit_service::Input { shipping_method: name.into() }
}

#[tokio::test]
async fn the_next_post_goes_to_the_new_address_by_the_new_method() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let before = shop.text("select string_agg(a::text, '|' order by id) from addresses a").await;
    let bill = shop.text("select bill_address_id from orders").await;
    let done = shop.act::<EditAddress>(order.0, address()).await.unwrap();
    assert!(done.changed);
    assert!(!shop.act::<EditAddress>(order.0, address()).await.unwrap().changed, "the same again");
    // addresses never change
    let all = shop.text("select string_agg(a::text, '|' order by id) from addresses a").await;
    assert!(
        all.starts_with(&before) && all.contains("Veldstraat 9") && all.contains("Ada Ólafsdóttir"),
        "{all}"
    );
    assert_eq!(shop.text("select bill_address_id from orders").await, bill, "who pays stays");
    // what the history keeps of people is masked
    let kept = shop
        .text("select before::text || after::text from activities where verb = 'order_address_changed'")
        .await;
    assert!(kept.contains("Gent") && kept.contains("Bruxelles") && kept.contains("redacted"), "{kept}");
    assert!(!kept.contains("Veldstraat") && !kept.contains("lafsd") && !kept.contains("Rue de"), "{kept}");
    assert!(kept.contains("line1, city, postal code"), "{kept}");

    let service = shop.act::<EditService>(order.0, method(" Express  Saver ")).await.unwrap();
    assert!(service.changed);
    assert!(!shop.act::<EditService>(order.0, method("Express Saver")).await.unwrap().changed);
    posted(&shop, shipment).await;
    let sent = shop.text("select request_body from transaction_records where log_type = 'post_fulfillment' or url like '%createorder%' order by id desc limit 1").await;
    assert!(sent.contains("Gent") && sent.contains("9000") && !sent.contains("Bruxelles"), "{sent}");
    assert!(sent.contains("Express Saver"), "{sent}");
}

#[tokio::test]
async fn what_was_posted_needs_a_hold_first_and_is_told_so() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    assert!(why::<EditAddress>(&shop, order, address()).await.sentence.contains("is being posted now"));
    shop.run().await;
    let posted = why::<EditAddress>(&shop, order, address()).await;
    assert!(posted.sentence.starts_with("ShipStation has SHP-"), "{}", posted.sentence);
    assert!(posted.sentence.contains("Add an operator hold first"));
    assert_eq!(posted.offer.as_deref(), Some("add_hold"));
    assert_eq!(why::<EditService>(&shop, order, method("X")).await, posted);
    held(&shop, order).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let page = client.get(&format!("/orders/{order}/edit-address")).await;
    let effects = page.text(".effects");
    assert!(effects.contains("ShipStation has SHP-000001 as it was and is not told."), "{effects}");
    shop.act::<EditAddress>(order.0, address()).await.unwrap();
    // the next post of it uses the new one
    let all = serde_json::from_value(serde_json::json!({})).unwrap();
    shop.act::<holds::RemoveAllHolds>(order.0, all).await.unwrap();
    let anyway =
        waybill::shipments::repost::Input { reason: "Moved".into(), anyway: true, cancel_first: false };
    shop.act::<Repost>(shipment.0, anyway).await.unwrap();
    shop.run().await;
    let sent = shop.text("select request_body from transaction_records where url like '%createorder%' order by id desc limit 1").await;
    assert!(sent.contains("Gent"), "{sent}");
    // and once it has left
    shop.leaves(shipment, "dpd", "05308900123456").await;
    shop.run().await;
    let left = why::<EditAddress>(&shop, order, address()).await;
    assert!(left.sentence.contains("has left the warehouse"), "{}", left.sentence);
    shop.by_hand("update orders set canceled_at = now()").await;
    assert!(why::<EditAddress>(&shop, order, address()).await.sentence.contains("canceled at the channel"));
}

#[tokio::test]
async fn the_form_begins_with_what_is_and_keeps_what_was_typed() {
    let shop = Shop::open().await;
    let (order, _) = shop.order(shop.ebay, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let path = format!("/orders/{order}/edit-address");
    let panel = client.get(&format!("/orders/{order}")).await;
    assert!(panel.attributes(".actions-panel a", "href").contains(&path));
    let page = client.get(&path).await;
    assert_eq!(page.attribute("#line1", "value").as_deref(), Some("Rue de l’Été 4"));
    assert_eq!(page.attribute("#country", "value").as_deref(), Some("BE"));
    let wrong = client.submit(&page, &[("line1", ""), ("country", "Belgium"), ("city", "Gent")]).await;
    assert_eq!(wrong.status, 422);
    let summary = wrong.text(".error-summary");
    assert!(summary.contains("Enter street and number.") && summary.contains("two letters"), "{summary}");
    assert_eq!(wrong.attribute("#city", "value").as_deref(), Some("Gent"));
    assert!(
        wrong.text("main form").contains("Now it goes to: Ada Ólafsdóttir, Rue de l’Été 4"),
        "{}",
        wrong.text("main form")
    );
    // somebody else was quicker: nothing is overwritten, what was typed stays
    let mut admin = counter.visitor(Role::Admin).await;
    let theirs = admin.get(&path).await;
    assert_eq!(admin.submit(&theirs, &[("line1", "Meir 1"), ("city", "Antwerpen")]).await.status, 303);
    let stale = client.submit(&page, &[("line1", "Veldstraat 9"), ("city", "Gent")]).await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.body.contains("Changed the ship-to address") && stale.body.contains("Meir 1"),
        "{}",
        stale.body
    );
    assert_eq!(stale.attribute("#line1", "value").as_deref(), Some("Veldstraat 9"));
    assert_eq!(client.submit(&stale, &[]).await.status, 303);
    assert!(client.get(&format!("/orders/{order}")).await.text("address").contains("Veldstraat 9"));

    let path = format!("/orders/{order}/edit-service");
    let page = client.get(&path).await;
    let wrong = client.submit(&page, &[("shipping_method", " ")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text(".error-summary").contains("Enter the shipping method."));
    assert_eq!(client.submit(&wrong, &[("shipping_method", "Express")]).await.status, 303);
    let page = client.get(&path).await;
    assert_eq!(client.submit(&page, &[("shipping_method", "Economy")]).await.status, 303);
    let shown = client.get(&format!("/orders/{order}")).await;
    assert_eq!(shown.attribute(".flash form", "action"), Some(path.clone()));
    assert!(shown.body.contains("Economy"));
    let mut support = counter.visitor(Role::Support).await;
    assert_eq!(support.get(&path).await.status, 403);
}
