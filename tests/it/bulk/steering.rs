//! Pausing, resuming and canceling.

use super::Yard;
use crate::support::{database::connect, shop::now};
use waybill::{
    actions::ActionError,
    bulk::{RowOutcome, State, job::WorkOnOperation, pick, steer},
    ids::BulkOperationId,
    jobs::Handler,
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
    let ids = yard.parcels(60).await;
    let id = yard.begin("post", &ids).await;
    WorkOnOperation.run(&yard.slow(), &yard.claimed(id)).await.unwrap();
    assert_eq!((yard.rows(id, "waiting").await, yard.rows(id, "picked").await), (50, 10));
    let mut scope = yard.scope().await;
    steer::cancel(&mut scope, id, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.dropped), (State::Canceled, 60));
    yard.holds_together(id).await;
}

/// The row whose turn it is when somebody pauses is not half done either.
#[tokio::test]
async fn a_pause_in_the_middle_of_a_row_leaves_the_row_as_it_was() {
    let yard = Yard::open().await;
    let ids = yard.parcels(2).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    yard.dies_after(0, "perform pg_advisory_xact_lock(4711)").await;
    let holder = connect(&yard.database.superuser_url()).await;
    holder.batch_execute("select pg_advisory_lock(4711)").await.unwrap();
    let paused = async {
        // the effect is written, the outcome is about to be
        let waits =
            "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted";
        while yard.value(waits).await == 0 {
            tokio::task::yield_now().await;
        }
        let mut scope = yard.scope().await;
        steer::pause(&mut scope, id, &yard.by(yard.user)).await.unwrap();
        scope.commit().await.unwrap();
        holder.batch_execute("select pg_advisory_unlock(4711)").await.unwrap();
    };
    tokio::join!(yard.turn(id), paused);
    assert_eq!((yard.rows(id, "waiting").await, yard.value("select count(*) from posts").await), (2, 0));
    yard.holds_together(id).await;
}
