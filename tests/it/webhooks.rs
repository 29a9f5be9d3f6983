//! Webhooks out: what a receiver can rely on.

use crate::support::shop::Shop;
use waybill::{
    actions::NoInput, ids::EndpointId, notify::webhooks, outbound::signature, shipments::post::Post,
};

/// The signatures of the newest message to the catcher, and which of the secrets made them.
fn signed_by(shop: &Shop, secrets: &[&str]) -> (usize, Vec<bool>) {
    let got = shop.sandbox.hook("erp");
    let message = got.last().unwrap();
    let signatures: Vec<&str> = message.header("webhook-signature").unwrap().split(' ').collect();
    let at = message.header("webhook-timestamp").unwrap().parse().unwrap();
    let made = |secret: &&str| {
        let id = message.header("webhook-id").unwrap();
        let expected = signature::standard_webhook(secret, id, at, &message.body).unwrap();
        signatures.contains(&expected.as_str())
    };
    (signatures.len(), secrets.iter().map(made).collect())
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let shop = Shop::open().await;
    let old = shop.listens("erp").await;
    let endpoint = EndpointId(shop.value("select id from webhook_endpoints").await);
    let mut scope = shop.scope().await;
    let now = crate::support::shop::now();
    let new = webhooks::rotate(&mut scope, &shop.work.keyring, endpoint, now).await.unwrap().unwrap();
    assert_eq!(webhooks::rotate(&mut scope, &shop.work.keyring, EndpointId(999), now).await.unwrap(), None);
    scope.commit().await.unwrap();
    assert_ne!(old, new);
    let post = async |hours: i64| {
        let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 1)]).await;
        shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
        shop.run_in(hours * 3600).await;
        signed_by(&shop, &[&old, &new])
    };
    assert_eq!(post(23).await, (2, vec![true, true]));
    assert_eq!(post(2).await, (1, vec![false, true]));
}
