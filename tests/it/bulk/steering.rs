//! Pausing, resuming and canceling.

use super::Yard;
use crate::support::shop::now;
use waybill::{
    actions::ActionError,
    bulk::{RowOutcome, State, pick, steer},
    ids::BulkOperationId,
};

/// An operation of ten that did four.
async fn half_done(yard: &Yard) -> (BulkOperationId, Vec<i64>) {
    let ids = yard.parcels(10).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    yard.dies_after(4, "raise exception 'dead'").await;
    yard.turn(id).await;
    yard.sql("drop trigger fall_over on bulk_rows").await;
    assert_eq!(yard.rows(id, "sent").await, 4);
    (id, ids)
}

#[tokio::test]
async fn a_paused_one_stands_still_until_it_is_resumed() {
    let yard = Yard::open().await;
    let (id, _) = half_done(&yard).await;
    let mut scope = yard.scope().await;
    steer::pause(&mut scope, id, &yard.by(yard.user)).await.unwrap();
    steer::pause(&mut scope, id, &yard.by(yard.user)).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    yard.turn(id).await;
    assert_eq!((yard.rows(id, "sent").await, yard.rows(id, "waiting").await), (4, 6));
    let mut scope = yard.scope().await;
    steer::resume(&mut scope, id, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    assert_eq!(yard.rows(id, "sent").await, 10);
    yard.holds_together(id).await;
    let mut scope = yard.scope().await;
    let late = steer::pause(&mut scope, id, &yard.by(yard.user)).await;
    assert!(
        matches!(late, Err(ActionError::Unavailable(why)) if why.sentence == "There is nothing left to pause.")
    );
}

#[tokio::test]
async fn a_canceled_one_leaves_alone_what_was_not_begun() {
    let yard = Yard::open().await;
    let (id, ids) = half_done(&yard).await;
    let mut scope = yard.scope().await;
    steer::cancel(&mut scope, id, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.sent, operation.dropped), (State::Canceled, 4, 6));
    yard.holds_together(id).await;
    // what went out is followed all the same: its post failed for want of keys
    yard.sql("delete from jobs where kind = 'post_shipment'").await;
    yard.turn(id).await;
    assert_eq!(yard.operation(id).await.sent, 0);
    // and the rest can be looked at again
    let mut scope = yard.scope().await;
    let (again, _) =
        pick::again(&mut scope, id, RowOutcome::Dropped, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(again).await;
    let operation = yard.operation(again).await;
    assert_eq!((operation.total, operation.waiting), (6, 6));
    let first =
        format!("select subject_id from bulk_rows where operation_id = {again} order by position limit 1");
    assert!(ids.contains(&yard.value(&first).await));
}

#[tokio::test]
async fn looking_can_be_stopped() {
    let yard = Yard::open().await;
    let ids = yard.parcels(3).await;
    let id = yard.begin("post", &ids).await;
    let mut scope = yard.scope().await;
    steer::cancel(&mut scope, id, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.waiting, operation.picked), (State::Canceled, 0, 0));
    yard.holds_together(id).await;
}
