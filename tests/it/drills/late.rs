//! Whoever comes late: a worker that was outrun, a request that is executed when
//! everybody has given it up.

use super::yard::Yard;
use waybill::{
    ids::ShipmentId,
    sandbox::{Fault, FaultKind},
    shipments::{
        post::{NoInput, Post},
        repost::{self, Repost},
    },
};

async fn posted(yard: &Yard) -> ShipmentId {
    let (_, shipment) = yard.shop.order(yard.shop.ebay, &[("A", 1)]).await;
    yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    yard.run(None).await;
    shipment
}

/// Re-posts, and lets another worker commit its intent and die while ours still
/// asks about the earlier order. Nobody but the job remembers it then.
async fn outrun(yard: &Yard, shipment: ShipmentId) {
    yard.shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    yard.shop.sandbox.set_fault(Fault::once("shipstation", "getorder", FaultKind::HangThenCreate));
    let outrun = async {
        while yard.shop.sandbox.faults().len() == 1 {
            tokio::task::yield_now().await;
        }
        yard.sql(
            "update posts set state = 'sent', lease_epoch = 9, attempt_no = 1, sent_at = now() where state = 'queued'",
        )
        .await;
        yard.shop.sandbox.let_go();
    };
    tokio::join!(yard.run(None), outrun);
    assert_eq!(yard.judge(&[shipment]).await[0].status, "posting");
    assert!(yard.quiesce().await);
}

#[tokio::test]
async fn what_an_outrunner_leaves_behind_is_found_when_the_gate_was_passed() {
    let yard = Yard::open().await;
    let shipment = posted(&yard).await;
    let remote = yard.judge(&[shipment]).await.remove(0).remote.unwrap();
    yard.shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).unwrap();
    outrun(&yard, shipment).await;
    let after = yard.judge(&[shipment]).await.remove(0);
    assert_eq!((after.status.as_str(), after.post.as_str()), ("error", "absent"), "{after:?}");
}

#[tokio::test]
async fn what_an_outrunner_leaves_behind_is_found_when_the_gate_was_closed() {
    let yard = Yard::open().await;
    let shipment = posted(&yard).await;
    outrun(&yard, shipment).await;
    let after = yard.judge(&[shipment]).await.remove(0);
    // the earlier order answers to the reference
    assert_eq!((after.status.as_str(), after.post.as_str()), ("pending_tracking", "accepted"), "{after:?}");
    assert_eq!(yard.live()[&after.number].len(), 1);
}
