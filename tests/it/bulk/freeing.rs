//! Holds removed and submissions cleared for many at once.

use super::Yard;
use waybill::{
    actions::NoInput,
    bulk::State,
    ids::OrderId,
    orders::holds::{AddHold, Input},
    shipments::post::Post,
};

async fn hold(yard: &Yard, order: OrderId, kind: &str) {
    let input = Input { kind: kind.into(), ..Input::default() };
    yard.act::<AddHold>(order.0, input).await.unwrap();
}

#[tokio::test]
async fn the_holds_of_many_orders_are_removed() {
    let yard = Yard::open().await;
    let mut orders = Vec::new();
    for kinds in [&["operator", "fraud"][..], &["client"], &[]] {
        let (order, _) = yard.order(yard.ebay, &[("A", 1)]).await;
        for kind in kinds {
            hold(&yard, order, kind).await;
        }
        orders.push(order.0);
    }
    let id = yard.previewed("remove_all_holds", &orders).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.waiting, operation.skipped), (2, 1), "{operation:?}");
    let effects = operation.effects.join(" ");
    assert!(effects.contains("client (1), fraud (1), operator (1)"), "{effects}");
    yard.start(id).await;
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.done), (State::Finished, 2), "{operation:?}");
    assert_eq!(yard.value("select count(*) from orders where on_hold").await, 0);
    assert_eq!(yard.value("select count(*) from activities where verb = 'hold_removed'").await, 3);
}

#[tokio::test]
async fn the_submissions_of_many_shipments_are_cleared() {
    let yard = Yard::open().await;
    let (_, told) = yard.order(yard.ebay, &[("A", 1)]).await;
    yard.act::<Post>(told.0, NoInput {}).await.unwrap();
    yard.shop.run().await;
    yard.leaves(told, "DPD", "05308900123456").await;
    yard.shop.run().await;
    let (_, untold) = yard.order(yard.ebay, &[("B", 1)]).await;
    let id = yard.previewed("clear_submission", &[told.0, untold.0]).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.waiting, operation.skipped), (1, 1), "{operation:?}");
    yard.start(id).await;
    yard.turn(id).await;
    assert_eq!(yard.operation(id).await.state, State::Finished);
    let sync = format!("select channel_sync from shipments where id = {told}");
    assert_eq!(yard.text(&sync).await, "awaiting_send");
    yard.poll(yard.ebay).await;
    assert_eq!(yard.text(&sync).await, "synced");
    assert_eq!(yard.value("select count(*) from posts").await, 1);
}
