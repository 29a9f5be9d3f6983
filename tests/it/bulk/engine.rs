//! From the preview to the last answer.

use super::{Yard, person};
use crate::support::shop::now;
use serde_json::json;
use waybill::{
    accounts::Permission,
    actions::ActionError,
    bulk::{
        Resource, RowOutcome, State,
        job::WorkOnOperation,
        list,
        pick::{self, NewOperation, Selection},
        steer::{self, Started},
    },
    channels::orders_in,
    evidence::TraceId,
    jobs::{self, End, Handler, Worker},
    shipments::list::Filter,
};

#[tokio::test]
async fn many_are_looked_at_confirmed_posted_and_answered() {
    let yard = Yard::open().await;
    yard.listens("erp").await;
    yard.responds("fulfilled").await;
    let mut ids = Vec::new();
    for sku in ["A-1", "A-2", "A-3", "BAD-1", "A-5"] {
        ids.push(yard.order(yard.ebay, &[(sku, 1)]).await.1.0);
    }
    yard.shop.sandbox.refuse_sku("BAD-1", None).unwrap();
    yard.sql(&format!(
        "insert into order_holds (account_id, order_id, kind) select account_id, order_id, 'operator' from shipments where id = {0};
         update orders set on_hold = true where id = (select order_id from shipments where id = {0})",
        ids[4]
    ))
    .await;
    let gone = ids.iter().max().unwrap() + 1000;
    ids.push(gone);

    let id = yard.previewed("post", &ids).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.total, operation.waiting, operation.skipped), (5, 4, 1), "{operation:?}");
    let groups = list::skipped(&mut yard.scope().await, id).await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].reason, "The order is on hold. Remove its holds first.");
    assert_eq!((groups[0].n, groups[0].offer.as_deref()), (1, Some("remove_all_holds")));
    assert_eq!(groups[0].ids, [ids[4]]);
    let effects = operation.effects.join(" ");
    assert!(effects.contains("They are sent to ShipStation."), "{effects}");
    assert!(effects.contains("4 fulfillment e-mails are sent"), "{effects}");
    assert!(effects.contains("webhook for each goes to 1 endpoint"), "{effects}");
    assert_eq!(yard.value("select count(*) from posts").await, 0, "looking does nothing");

    assert_eq!(yard.start(id).await, Started::Running);
    assert_eq!(yard.start(id).await, Started::Already, "a second click");
    yard.turn(id).await;
    assert_eq!(yard.operation(id).await.state, State::Running, "sent, not answered");
    assert_eq!(yard.rows(id, "sent").await, 4);
    yard.shop.run().await;
    yard.shop.run_in(3).await;
    let operation = yard.operation(id).await;
    assert_eq!(operation.state, State::Finished, "{operation:?}");
    assert_eq!((operation.done, operation.failed, operation.skipped), (3, 1, 1), "{operation:?}");
    yard.holds_together(id).await;
    for shipment in &ids[..3] {
        let number = yard.text(&format!("select number from shipments where id = {shipment}")).await;
        assert_eq!(yard.live_orders(&number), 1);
    }
    let failed = list::rows(&mut yard.scope().await, id, Some(RowOutcome::Failed), 0, 10).await.unwrap();
    assert_eq!(failed[0].subject_id, ids[3]);
    assert!(failed[0].reason.starts_with("ShipStation refused it: "), "{}", failed[0].reason);
    let told = "select string_agg(verb || ': ' || summary, '; ' order by id) from activities \
                where subject_kind = 'bulk_operation'";
    assert_eq!(
        yard.text(told).await,
        "bulk_started: Started: post 4 shipments to fulfillment; \
         bulk_finished: 3 shipments posted, 1 skipped, 1 failed"
    );

    // the cause is mended, and only what failed is done again
    yard.shop.sandbox.accept_sku("BAD-1").unwrap();
    let mut scope = yard.scope().await;
    let (again, _) =
        pick::again(&mut scope, id, RowOutcome::Failed, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.shop.run().await;
    let operation = yard.operation(again).await;
    assert_eq!((operation.state, operation.total, operation.waiting), (State::Previewed, 1, 1));
    yard.start(again).await;
    yard.shop.run().await;
    yard.shop.run_in(3).await;
    assert_eq!(yard.operation(again).await.done, 1);
    assert_eq!(yard.value("select count(*) from shipments where status = 'pending_tracking'").await, 4);
}

#[tokio::test]
async fn everything_that_matches_is_a_snapshot_of_ids() {
    let yard = Yard::open().await;
    let ids = yard.parcels(4).await;
    yard.sql(&format!("update shipments set courier = 'dpd' where id <> {}", ids[0])).await;
    let new = NewOperation {
        resource: Resource::Shipments,
        action: "post".into(),
        input: json!({}),
        selection: Selection::Shipments(Box::new(Filter {
            courier: Some("dpd".into()),
            ..Filter::default()
        })),
        phrase: "All with dpd".into(),
        from: "courier=dpd".into(),
    };
    let mut scope = yard.scope().await;
    let (id, _) = pick::begin(&mut scope, new, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    // the three and the one that Parcels begins with
    assert_eq!((yard.operation(id).await.total, yard.operation(id).await.state), (4, State::Previewed));
    yard.sql(&format!("update shipments set courier = 'dpd' where id = {}", ids[0])).await;
    yard.turn(id).await;
    assert_eq!(yard.operation(id).await.total, 4, "what matches later is not picked");
    assert_eq!(yard.value(&format!("select count(*) from bulk_rows where subject_id = {}", ids[0])).await, 0);
}

#[tokio::test]
async fn what_changed_after_the_preview_is_asked_again() {
    let yard = Yard::open().await;
    let ids = yard.parcels(5).await;
    let id = yard.previewed("post", &ids).await;
    let old = yard.operation(id).await.fingerprint.unwrap();
    yard.sql(&format!("update shipments set version = version + 1 where id = {}", ids[1])).await;
    yard.sql(&format!(
        "update fulfillment_order_lines set fulfilled = 0
         where fulfillment_order_id = (select fulfillment_order_id from shipments where id = {0});
         update shipments set version = version + 1, status = 'canceled', voided_at = now() where id = {0}",
        ids[2]
    ))
    .await;
    assert_eq!(yard.start(id).await, Started::Changed(2));
    assert_eq!(yard.value("select count(*) from posts").await, 0);
    yard.holds_together(id).await;
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.waiting, operation.skipped), (State::Previewed, 4, 1));
    assert_eq!(operation.changed_since, 2);
    assert_eq!(yard.start_with(id, &old).await, Started::Asked, "the page of before confirms nothing");
    assert_eq!(yard.operation(id).await.state, State::Previewed);

    // after the start it is left alone, and shown
    assert_eq!(yard.start(id).await, Started::Running);
    yard.sql(&format!("update shipments set version = version + 1 where id = {}", ids[4])).await;
    yard.turn(id).await;
    assert_eq!((yard.rows(id, "sent").await, yard.rows(id, "changed").await), (3, 1));
    assert_eq!(yard.value(&format!("select count(*) from posts where shipment_id = {}", ids[4])).await, 0);
    yard.holds_together(id).await;
}

#[tokio::test]
async fn two_workers_do_each_row_once() {
    let yard = Yard::open().await;
    let ids = yard.parcels(60).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    // the second outlived its lease
    let job = yard.claimed(id);
    while yard.operation(id).await.waiting > 0 {
        let ended = tokio::join!(
            WorkOnOperation.run(&yard.work, &job),
            WorkOnOperation.run(&yard.work, &job),
            WorkOnOperation.run(&yard.work, &job)
        );
        assert!(ended.0.is_ok() && ended.1.is_ok() && ended.2.is_ok(), "{ended:?}");
    }
    assert_eq!(yard.rows(id, "sent").await, 60);
    assert_eq!(yard.value("select count(*) from posts").await, 60);
    yard.holds_together(id).await;
}

#[tokio::test]
async fn somebody_who_may_not_neither_begins_nor_starts() {
    let yard = Yard::open().await;
    let ids = yard.parcels(1).await;
    let id = yard.previewed("post", &ids).await;
    let support = waybill::actions::By { role: Some(waybill::accounts::Role::Support), ..yard.by(yard.user) };
    let mut scope = yard.scope().await;
    let fingerprint = yard.operation(id).await.fingerprint.unwrap();
    for refused in [
        steer::start(&mut scope, id, &fingerprint, &support, now()).await.map(|_| ()),
        steer::cancel(&mut scope, id, &support, now()).await,
        pick::again(&mut scope, id, RowOutcome::Failed, &support, now()).await.map(|_| ()),
    ] {
        assert!(
            matches!(
                refused,
                Err(ActionError::Forbidden(Permission::ShipmentsPost) | ActionError::Refused(_))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(yard.operation(id).await.state, State::Previewed);
}

#[tokio::test]
async fn whoever_loses_the_right_stops_it_and_another_goes_on() {
    let yard = Yard::open().await;
    let ids = yard.parcels(6).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    yard.dies_after(2, "raise exception 'dead'").await;
    assert!(matches!(yard.turn(id).await, End::Wait { .. }));
    yard.sql(&format!("update memberships set role = 'support' where user_id = {}", yard.user)).await;
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.sent), (State::Paused, 2));
    assert_eq!(
        operation.note,
        "Noor may not do this any more: it needs the Post shipments permission. Somebody who has it can resume."
    );
    let other = person(&yard.shop, "Marta").await;
    let mut scope = yard.scope().await;
    steer::resume(&mut scope, id, &yard.by(other), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    assert_eq!(yard.rows(id, "sent").await, 6);
    assert_eq!(
        yard.value(
            "select count(*) from activities where verb = 'shipment_post_queued' and actor_name = 'Marta'"
        )
        .await,
        4
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_served_meanwhile() {
    let yard = Yard::open().await;
    let ids = yard.parcels(300).await;
    let id = yard.previewed("post", &ids).await;
    yard.sql("delete from jobs").await;
    yard.start(id).await;
    // another merchant, and another job of the same one
    yard.sql("insert into accounts (name, slug) values ('Other', 'other')").await;
    let other = waybill::ids::AccountId(yard.value("select max(id) from accounts").await);
    for account in [other, yard.account] {
        let mut scope = yard.db.scope(account).await.unwrap();
        let channel = if account == other { waybill::ids::ChannelId(1_000_000) } else { yard.ebay };
        jobs::enqueue(&mut scope, orders_in::poll(channel, now(), &TraceId::new())).await.unwrap();
        scope.commit().await.unwrap();
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = Worker {
        work: jobs::Work { now: waybill::clock::now, ..yard.work.clone() },
        handlers: yard.handlers.clone(),
        at_once: 1,
        idle: std::time::Duration::from_millis(20),
    };
    let worker = tokio::spawn(worker.run(stopped));
    while yard.operation(id).await.waiting > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.send_replace(true);
    worker.await.unwrap();
    // the time an id carries: theirs were over before the last row was begun
    for account in [other, yard.account] {
        let before = format!(
            "select count(*) from finished_jobs where account_id = {account} and kind = 'poll_orders' \
             and log_id_time(id) < (select max(created_at) from posts)"
        );
        assert_eq!(yard.value(&before).await, 1, "account {account} had to wait");
    }
}
