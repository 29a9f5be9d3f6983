//! Clear channel submission: the next sync of the channel sends it again.

use crate::support::shop::Shop;
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    ids::{OrderId, ShipmentId},
    shipments::{
        ChannelSync,
        clear_submission::{ClearSubmission, Input},
        post::Post,
        submit::SubmitToChannel,
    },
};

async fn synced(shop: &Shop) -> (OrderId, ShipmentId) {
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.leaves(shipment, "DPD", "05308900123456").await;
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    (order, shipment)
}

fn fulfillments(shop: &Shop) -> usize {
    shop.sandbox.ledger().iter().filter(|e| e.vendor == "ebay" && e.what == "fulfilled").count()
}

#[tokio::test]
async fn what_was_cleared_is_sent_again_by_the_next_sync() {
    let shop = Shop::open().await;
    let (_, shipment) = synced(&shop).await;
    let replies = "select count(*) from activities where verb = 'fulfillment_replied'";
    let before = shop.value(replies).await;
    shop.poll(shop.ebay).await;
    assert_eq!(shop.value(replies).await, before, "nothing was cleared");
    // whatever the order's status
    shop.sql("update orders set status = 'canceled', canceled_at = now()").await;
    let done = shop
        .act_as::<ClearSubmission>(Role::Support, shipment.0, Input { reason: "Lost there".into() })
        .await
        .unwrap();
    assert!(done.message.contains("The next sync of eBay UK sends it again"), "{}", done.message);
    let cleared = shop.shipment(shipment).await.shipment;
    assert_eq!(
        (cleared.channel_sync, cleared.submitted_to_sales_channel_at),
        (ChannelSync::AwaitingSend, None)
    );
    let line = shop.text("select summary || ' ' || (before->>'submitted_to_sales_channel_at' is not null) from activities where verb = 'submission_cleared'").await;
    assert!(line.ends_with(": Lost there true"), "{line}");
    assert_eq!(shop.run().await, 0, "not before the next sync");
    shop.poll(shop.shopify).await;
    assert_eq!(
        shop.shipment(shipment).await.shipment.channel_sync,
        ChannelSync::AwaitingSend,
        "another channel's"
    );
    shop.poll(shop.ebay).await;
    let again = shop.shipment(shipment).await.shipment;
    assert_eq!(again.channel_sync, ChannelSync::Synced);
    assert!(again.submitted_to_sales_channel_at.is_some());
    assert_eq!(fulfillments(&shop), 1, "what the channel has is read first");
    shop.poll(shop.ebay).await;
    assert_eq!(shop.value(replies).await, before + 1, "once");
}

#[tokio::test]
async fn only_what_was_submitted_is_cleared_and_it_says_what_comes_then() {
    let shop = Shop::open().await;
    let (_, waiting) = shop.order(shop.ebay, &[("A", 1)]).await;
    match shop.act::<ClearSubmission>(waiting.0, Input::default()).await {
        Err(ActionError::Unavailable(why)) => {
            assert_eq!(why.sentence, "Available once it was submitted to its sales channel.");
        }
        other => panic!("{other:?}"),
    }
    let (_, shipment) = synced(&shop).await;
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    let busy = shop.act::<ClearSubmission>(shipment.0, Input::default()).await;
    assert!(matches!(busy, Err(ActionError::Unavailable(why)) if why.sentence.contains("on its way")));
    shop.run().await;
    // by hand it goes out at once
    shop.act::<ClearSubmission>(shipment.0, Input::default()).await.unwrap();
    shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
    // while the channel is not told at all, nothing is promised and nothing sent
    shop.sql("update channels set submit_fulfillments = false").await;
    let off = shop.act::<ClearSubmission>(shipment.0, Input::default()).await.unwrap();
    assert!(off.message.contains("It is not sent again by itself."), "{}", off.message);
    shop.poll(shop.ebay).await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::AwaitingSend);
    shop.sql("update channels set submit_fulfillments = true").await;
    shop.poll(shop.ebay).await;
    assert_eq!(shop.shipment(shipment).await.shipment.channel_sync, ChannelSync::Synced);
}
