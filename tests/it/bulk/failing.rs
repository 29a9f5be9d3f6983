//! What happens when a worker, a connection or a row falls over.

use super::Yard;
use waybill::{bulk::State, jobs::End};

/// Runs the job until it is dead so often, and then to the end of its rows.
async fn survives(how: &str) {
    let yard = Yard::open().await;
    let ids = yard.parcels(12).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    for rows in [0, 1, 4] {
        yard.dies_after(rows, how).await;
        let before = yard.rows(id, "sent").await;
        let end = yard.turn(id).await;
        assert!(matches!(end, End::Wait { .. }), "{end:?}");
        assert_eq!(yard.rows(id, "sent").await, before + rows, "the row it died at is as it was");
        yard.holds_together(id).await;
    }
    yard.sql("drop trigger fall_over on bulk_rows").await;
    yard.turn(id).await;
    assert_eq!(yard.rows(id, "sent").await, 12);
    assert_eq!(yard.value("select count(*) from posts").await, 12);
    yard.holds_together(id).await;
}

#[tokio::test]
async fn an_error_between_effect_and_outcome_leaves_neither() {
    survives("raise exception 'dead'").await;
}

#[tokio::test]
async fn a_connection_killed_between_effect_and_outcome_leaves_neither() {
    survives("perform pg_terminate_backend(pg_backend_pid())").await;
}

#[tokio::test]
async fn a_row_that_falls_over_again_and_again_has_failed_and_stops_no_other() {
    let yard = Yard::open().await;
    let ids = yard.parcels(4).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    yard.sql(&format!(
        "create function never() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$;
         create trigger never before insert on posts for each row when (new.shipment_id = {}) execute function never()",
        ids[1]
    ))
    .await;
    for _ in 0..3 {
        // not a try of the job: the other rows have theirs
        assert!(matches!(yard.turn(id).await, End::Wait { .. }));
    }
    assert_eq!((yard.rows(id, "sent").await, yard.rows(id, "failed").await), (3, 1));
    let reason = format!("select reason from bulk_rows where subject_id = {}", ids[1]);
    assert!(yard.text(&reason).await.starts_with("It stopped on our side and nothing of it was done."));
    assert_eq!(
        yard.text(&format!("select status from shipments where id = {}", ids[1])).await,
        "pending_post"
    );
}

#[tokio::test]
async fn what_nobody_knows_is_told_so_and_asked_about_later() {
    use waybill::sandbox::{Fault, FaultKind};
    let yard = Yard::open().await;
    let (_, shipment) = yard.order(yard.ebay, &[("A-1", 1)]).await;
    let id = yard.previewed("post", &[shipment.0]).await;
    yard.start(id).await;
    yard.shop.sandbox.set_fault(Fault::once("shipstation", "createorder", FaultKind::AcceptThenCut));
    yard.shop.run().await;
    yard.shop.run_in(3).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.unknown), (State::Finished, 1), "{operation:?}");
    // the provider is read by itself; the operation takes the answer over
    yard.shop.run_in(60).await;
    yard.shop.run_in(60).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.unknown, operation.done), (0, 1), "{operation:?}");
}

#[tokio::test]
async fn a_long_one_is_no_job_that_fails_again_and_again() {
    let yard = Yard::open().await;
    let ids = yard.parcels(3).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    let attempts = format!("select coalesce(max(attempts), 0) from jobs where object_key = 'bulk:{id}'");
    // as often as it takes: a turn that comes back is not counted against the job
    for _ in 0..40 {
        yard.dies_after(0, "raise exception 'dead'").await;
        yard.sql("update bulk_rows set tries = 0").await;
        yard.shop.run_in(2).await;
        assert!(yard.value(&attempts).await <= 1);
    }
    yard.sql("drop trigger fall_over on bulk_rows").await;
    yard.shop.run_in(2).await;
    assert_eq!(yard.value("select count(*) from posts").await, 3);
}

#[tokio::test]
async fn a_row_whose_job_is_dead_has_failed() {
    let yard = Yard::open().await;
    let ids = yard.parcels(1).await;
    let id = yard.previewed("post", &ids).await;
    yard.start(id).await;
    yard.turn(id).await;
    assert_eq!(yard.operation(id).await.state, State::Running);
    yard.sql("update jobs set state = 'dead', last_error = 'No keys.' where kind = 'post_shipment'").await;
    yard.turn(id).await;
    let operation = yard.operation(id).await;
    assert_eq!((operation.state, operation.failed), (State::Finished, 1));
    assert_eq!(
        yard.text("select reason from bulk_rows").await,
        "It stopped on our side: No keys. It can be run again under Jobs."
    );
}
