//! Whatever happens in whatever order: each row has at most one effect, and the
//! counters are the rows.

use super::Yard;
use crate::support::shop::now;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use waybill::{
    bulk::{State, job::WorkOnOperation, steer},
    ids::BulkOperationId,
    jobs::Handler,
};

#[derive(Debug, Clone, Copy)]
enum Happens {
    Start,
    /// One turn of the job, which is one row.
    Turn,
    /// Two workers at once.
    TwoTurns,
    /// Dies after so many rows of a longer turn.
    Crash(u8),
    Pause,
    Resume,
    Cancel,
    /// Somebody else changes a shipment.
    Change(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        5 => Just(Happens::Start),
        4 => Just(Happens::Turn),
        3 => Just(Happens::TwoTurns),
        3 => (0u8..4).prop_map(Happens::Crash),
        2 => Just(Happens::Pause),
        3 => Just(Happens::Resume),
        1 => Just(Happens::Cancel),
        2 => (0u8..6).prop_map(Happens::Change),
    ]
}

impl Yard {
    async fn happens(&self, id: BulkOperationId, ids: &[i64], what: Happens) {
        let job = self.claimed(id);
        let slow = self.slow();
        let by = self.by(self.user);
        match what {
            Happens::Start => {
                let fingerprint = self.operation(id).await.fingerprint.unwrap_or_default();
                let mut scope = self.scope().await;
                if steer::start(&mut scope, id, &fingerprint, &by, now()).await.is_ok() {
                    scope.commit().await.unwrap();
                }
            }
            Happens::Turn => {
                WorkOnOperation.run(&slow, &job).await.unwrap();
            }
            Happens::TwoTurns => {
                let ended = tokio::join!(WorkOnOperation.run(&slow, &job), WorkOnOperation.run(&slow, &job));
                assert!(ended.0.is_ok() && ended.1.is_ok(), "{ended:?}");
            }
            Happens::Crash(rows) => {
                self.dies_after(i64::from(rows), "raise exception 'dead'").await;
                WorkOnOperation.run(&self.work, &job).await.unwrap();
                self.sql("drop trigger fall_over on bulk_rows").await;
            }
            Happens::Pause | Happens::Resume | Happens::Cancel => {
                let mut scope = self.scope().await;
                let done = match what {
                    Happens::Pause => steer::pause(&mut scope, id, &by).await,
                    Happens::Resume => steer::resume(&mut scope, id, &by, now()).await,
                    _ => steer::cancel(&mut scope, id, &by, now()).await,
                };
                if done.is_ok() {
                    scope.commit().await.unwrap();
                }
            }
            Happens::Change(n) => {
                let shipment = ids[usize::from(n) % ids.len()];
                self.sql(&format!("update shipments set version = version + 1 where id = {shipment}")).await;
            }
        }
    }
}

#[tokio::test]
async fn each_row_has_at_most_one_effect_whatever_happens() {
    let mut runner = TestRunner::deterministic();
    let yard = Yard::open().await;
    for case in 0..12 {
        let story = vec(happens(), 4..18).new_tree(&mut runner).unwrap().current();
        yard.sql(
            "truncate orders, channels, connections, warehouses, customers, problems, jobs, posts cascade",
        )
        .await;
        let ids = yard.parcels(6).await;
        let id = yard.previewed("post", &ids).await;
        for (n, what) in story.iter().enumerate() {
            println!("case {case}, step {n}: {what:?} of {story:?}");
            yard.happens(id, &ids, *what).await;
            yard.holds_together(id).await;
        }
        // and whatever it was, it comes to an end
        for _ in 0..4 {
            for what in [Happens::Resume, Happens::Start] {
                yard.happens(id, &ids, what).await;
                yard.turn(id).await;
            }
        }
        yard.sql("delete from jobs where kind = 'post_shipment'").await;
        yard.turn(id).await;
        let operation = yard.operation(id).await;
        assert_eq!(operation.over(), operation.total, "{story:?} left {operation:?}");
        assert!(matches!(operation.state, State::Finished | State::Canceled), "{story:?} left {operation:?}");
        yard.holds_together(id).await;
    }
}
