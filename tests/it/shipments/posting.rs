//! Posting: accepted, refused, retried, unknown.

use crate::support::shop::Shop;
use waybill::{
    accounts::Role,
    actions::{ActionError, Availability, NoInput},
    outbound::signature,
    sandbox::{Fault, FaultKind},
    shipments::{
        Status,
        post::Post,
        reconcile::CheckWithProvider,
        repost::{self, Repost},
    },
};

#[tokio::test]
async fn an_accepted_post_tells_everybody_once() {
    let shop = Shop::open().await;
    let secret = shop.listens("erp").await;
    shop.responds("fulfilled").await;
    let (_, shipment) = shop.order(shop.ebay, &[("KTL-1", 2), ("KTL-2", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Posting);
    shop.run().await;

    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert!(after.date_post.is_some());
    assert_eq!(shop.live_orders(&after.number), 1);
    let remote = shop.sandbox.live()[0].remote_ids[0].clone();
    assert_eq!(after.fulfillment_id.as_deref(), Some(remote.as_str()));
    // one mail an item, kept because there is no mail server
    assert_eq!(shop.value("select count(*) from emails where state = 'kept'").await, 2);
    assert_eq!(
        shop.text("select string_agg(subject, ', ' order by id) from emails").await,
        "Your Thing KTL-1, Your Thing KTL-2"
    );
    // one signed webhook
    let got = shop.sandbox.hook("erp");
    assert_eq!(got.len(), 1);
    let (id, at) = (got[0].header("webhook-id").unwrap(), got[0].header("webhook-timestamp").unwrap());
    let expected = signature::standard_webhook(&secret, id, at.parse().unwrap(), &got[0].body).unwrap();
    assert_eq!(got[0].header("webhook-signature").unwrap(), expected);
    assert!(
        got[0].body.contains("\"shipment_fulfilled\"") && !got[0].body.contains("Ada"),
        "{}",
        got[0].body
    );
    // and nothing is left over
    assert_eq!(shop.value("select count(*) from jobs").await, 0);
    assert_eq!(
        shop.value(
            "select count(*) from transaction_records where log_type = 'post_shipment' and status = 'success'"
        )
        .await,
        1
    );
    assert!(
        shop.history(shipment).await.ends_with(&["shipment_post_queued".into(), "shipment_posted".into()])
    );
}

#[tokio::test]
async fn a_refused_post_goes_to_the_error_queue_and_closes_itself_when_it_is_cured() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("BAD-1", 1)]).await;
    shop.sandbox.refuse_sku("BAD-1", None).unwrap();
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Error);
    assert_eq!(
        shop.text(
            "select kind || ' ' || error_class || ' ' || will_retry from problems where resolved_at is null"
        )
        .await,
        "post sku_unknown false"
    );
    assert_eq!(shop.text(&format!("select shipment_status from orders where id = {order}")).await, "error");
    assert_eq!(shop.live_orders("SHP"), 0);

    shop.sandbox.accept_sku("BAD-1").unwrap();
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 0);
    assert_eq!(shop.value("select count(*) from posts").await, 2);
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_they_were_asked_to() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::RateLimited).retry_after(50));
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Posting);
    assert_eq!(
        shop.value("select count(*) from problems where will_retry and next_attempt_at is not null").await,
        1
    );
    assert_eq!(shop.run_in(30).await, 0, "not before it was asked to");
    assert_eq!(shop.run_in(30).await, 1);
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.value("select count(*) from problems where resolved_at is null").await, 0);
}

#[tokio::test]
async fn a_cut_after_the_effect_is_unknown_until_it_is_read() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::AcceptThenCut));
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let unknown = shop.shipment(shipment).await;
    assert_eq!(unknown.shipment.status, Status::Unconfirmed);
    // nobody may send it again
    use waybill::actions::Action;
    assert!(matches!(Post::available(&unknown), Availability::Unavailable(_)));
    assert!(matches!(Repost::available(&unknown), Availability::Unavailable(_)));
    assert!(matches!(shop.act::<Post>(shipment.0, NoInput {}).await, Err(ActionError::Unavailable(_))));

    shop.run_in(6).await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert_eq!(shop.live_orders(&after.number), 1);
    assert_eq!(
        shop.text("select string_agg(step, ' ' order by id) from post_attempts").await,
        "queued sent unknown checked_found accepted"
    );
}

#[tokio::test]
async fn a_cut_before_the_effect_is_sent_once_more_under_the_same_id() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::CutAfterRead));
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
    shop.run_in(6).await;
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.status, Status::PendingTracking);
    assert_eq!(shop.live_orders(&after.number), 1);
    let steps = shop.text("select string_agg(step, ' ' order by id) from post_attempts").await;
    assert_eq!(steps, "queued sent unknown sent accepted");
}

/// What the order is held for meanwhile is not sent again, not even so.
#[tokio::test]
async fn a_hold_keeps_an_unknown_post_from_being_repeated() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::CutAfterRead));
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.sql(&format!("update orders set on_hold = true where id = {order}")).await;
    for seconds in [6, 61, 601] {
        shop.run_in(seconds).await;
    }
    assert_eq!(shop.text("select state from posts").await, "absent");
    assert_eq!(shop.live_orders("SHP"), 0);
}

#[tokio::test]
async fn checking_by_hand_reads_at_once() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::Hang).delay_ms(5_000));
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
    shop.act::<CheckWithProvider>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(shop.run().await, 1);
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
}

#[tokio::test]
async fn a_worker_that_died_after_sending_leaves_an_unknown_outcome() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    // as a worker leaves it that is killed between its two transactions
    shop.sql("update posts set state = 'sent', lease_epoch = 1, attempt_no = 1, sent_at = now(); \
              update jobs set state = 'claimed', lease_epoch = 1, attempts = 1, lease_until = now() - interval '1 second'")
        .await;
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
    assert_eq!(shop.live_orders("SHP"), 0, "it was not sent again");
    // what it sent is not known, so it is only read, until that is enough
    for seconds in [6, 61, 601] {
        assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Unconfirmed);
        shop.run_in(seconds).await;
    }
    assert_eq!(shop.text("select state from posts").await, "absent");
    assert_eq!(shop.live_orders("SHP"), 0);
}

#[tokio::test]
async fn a_held_order_is_not_posted_even_if_the_hold_comes_after_the_click() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.sql(&format!("insert into order_holds (account_id, order_id, kind, reason) select account_id, id, 'operator', 'look' from orders where id = {order}; \
                       update orders set on_hold = true where id = {order}"))
        .await;
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingPost);
    assert_eq!(shop.live_orders("SHP"), 0);
    let refused = shop.act::<Post>(shipment.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "The order is on hold. Remove its holds first.");
}

#[tokio::test]
async fn support_may_not_post() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let refused = shop.act_as::<Post>(Role::Support, shipment.0, NoInput {}).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))));
    let refused = shop.act_as::<Repost>(Role::Support, shipment.0, repost::Input::default()).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))));
}

#[tokio::test]
async fn two_workers_at_once_send_one_order() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    let (one, two) = tokio::join!(shop.run(), shop.run());
    assert!(one + two >= 1);
    assert_eq!(shop.live_orders("SHP"), 1);
    assert_eq!(
        shop.sandbox.requests().iter().filter(|r| r.operation.eq_ignore_ascii_case("createorder")).count(),
        1
    );
}

/// The worker of a submission died, and somebody pressed the button again
/// meanwhile: the same job stands there twice, once claimed and once ready.
#[tokio::test]
async fn a_lease_that_ran_out_beside_its_twin_does_not_stop_every_other_job() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.sql(&format!(
        "insert into jobs (account_id, kind, object_key, dedupe_key, payload, due_at, state, attempts, lease_epoch, lease_until) \
         select account_id, 'submit_fulfillment', 'shipment:' || id, 'submit:' || id, jsonb_build_object('shipment_id', id), \
                now(), s.state, 1, 1, case s.state when 'claimed' then now() - interval '1 second' end \
         from shipments, (values ('claimed'), ('ready')) s (state) where id = {shipment}"
    ))
    .await;
    shop.run().await;
    assert_eq!(shop.live_orders("SHP"), 1, "the post went out");
    assert_eq!(shop.value("select count(*) from jobs where kind = 'submit_fulfillment'").await, 0);
}

/// A worker whose lease ran out while it asked about the earlier order sees the
/// one that its successor has just made.
#[tokio::test]
async fn a_gate_that_closes_late_does_not_stop_what_somebody_else_has_sent() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    // the answer to the gate takes a second; meanwhile the successor sends
    shop.sandbox.set_fault(Fault::once("shipstation", "getorder", FaultKind::HangThenCreate).delay_ms(1_000));
    let successor = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        shop.sql("update posts set state = 'sent', lease_epoch = 2, attempt_no = 1, sent_at = now() where state = 'queued'")
            .await;
    };
    tokio::join!(shop.run(), successor);
    assert_eq!(shop.text("select state from posts order by id desc limit 1").await, "sent");
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Posting);
}

/// Two installations, or two accounts, may share one account of a provider's:
/// the same number of a shipment is another order of each.
#[tokio::test]
async fn our_reference_there_is_of_this_account_and_the_number_is_for_people() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let number = shop.shipment(shipment).await.shipment.number;
    let tag = shop.text("select reference_tag from accounts").await;
    assert_eq!(tag.len(), 6);
    let remote: u64 = shop.sandbox.live()[0].remote_ids[0].parse().unwrap();
    let order = shop.sandbox.shipstation_order(remote).unwrap();
    assert_eq!(
        (&order["orderNumber"], &order["orderKey"]),
        (&serde_json::json!(number), &serde_json::json!(format!("{number}.{tag}")))
    );
    shop.sql("insert into accounts (name, slug) values ('Other', 'other')").await;
    assert_eq!(shop.value("select count(distinct reference_tag) from accounts").await, 2);
}

/// A reference whose order was canceled there makes no new one.
#[tokio::test]
async fn an_order_that_ended_there_is_not_taken_for_an_accepted_one() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    // canceled there by hand, and as if we had never learned of it
    let remote = shop.shipment(shipment).await.shipment.fulfillment_id.unwrap();
    shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).unwrap();
    shop.sql(
        "update posts set state = 'rejected'; delete from provider_orders; \
              update shipments set status = 'error', date_post = null, fulfillment_id = null",
    )
    .await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let after = shop.shipment(shipment).await;
    assert_eq!(after.shipment.status, Status::Error);
    assert_eq!(after.shipment.date_post, None);
    shop.act::<Repost>(shipment.0, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::PendingTracking);
    assert_eq!(shop.live_orders("SHP"), 1);
}

#[tokio::test]
async fn what_cannot_leave_the_house_ends_in_the_error_queue() {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.sql("update connections set credentials_sealed = 'sealed with a key that is gone'").await;
    for _ in 0..5 {
        assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Posting);
        shop.run_in(41).await;
    }
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Error);
    let detail = shop.text("select detail from problems where resolved_at is null").await;
    assert!(detail.starts_with("Waybill could not send it: "), "{detail}");
    assert_eq!(shop.value("select count(*) from jobs where kind = 'post_shipment'").await, 0);
}
