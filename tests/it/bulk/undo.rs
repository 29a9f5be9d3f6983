//! Taking an operation back: once, only what nobody changed since, and nothing
//! twice whatever is killed.

use super::{WAYS_BACK, Yard};
use crate::support::shop::now;
use waybill::{
    actions::ActionError,
    bulk::{
        Resource, RowOutcome, State, list,
        pick::{self, NewOperation, Selection},
        steer::{self, Started},
        undo::{self, Begun, Way},
    },
    ids::BulkOperationId,
};

impl Yard {
    /// An operation that ended, whose rows can be taken back: its id and shipments.
    async fn ended(&self, n: usize) -> (BulkOperationId, Vec<i64>) {
        let ids = self.parcels(n).await;
        self.by_hand(
            "update shipments set status = 'pending_tracking', date_post = now(), fulfillment_id = 'F' || id \
             where number like 'SHP-B-%'",
        )
        .await;
        self.sql(WAYS_BACK).await;
        let id = self.previewed("resync_from_provider", &ids).await;
        assert_eq!(self.start(id).await, Started::Running);
        self.finish(id).await;
        assert_eq!(
            (self.operation(id).await.state, self.rows(id, "done").await),
            (State::Finished, n as i64)
        );
        (id, ids)
    }

    /// Runs it to its end without an outside.
    async fn finish(&self, id: BulkOperationId) {
        self.turn(id).await;
        self.sql("delete from jobs where kind <> 'bulk_operation'").await;
        self.turn(id).await;
    }

    async fn undo(&self, id: BulkOperationId) -> Result<Begun, ActionError> {
        let mut scope = self.scope().await;
        let begun = undo::begin(&mut scope, id, &self.by(self.user), now()).await?;
        scope.commit().await.unwrap();
        Ok(begun)
    }

    /// Begins an undo and looks at its rows.
    async fn undoing(&self, id: BulkOperationId) -> BulkOperationId {
        let Ok(Begun::New(undo, _)) = self.undo(id).await else { panic!("it is not begun") };
        while self.operation(undo).await.state == State::Previewing {
            self.turn(undo).await;
        }
        undo
    }

    /// A row was taken back exactly where the way back was gone: here a re-post.
    async fn undone(&self, id: BulkOperationId) -> i64 {
        let astray = format!(
            "select count(*) from bulk_rows r where r.operation_id = {id} and (r.undone_at is not null) <> \
             ((select count(*) from posts p where p.account_id = r.account_id and p.shipment_id = r.subject_id) = 1)"
        );
        assert_eq!(self.value(&astray).await, 0, "a row and its undo disagree");
        self.value(&format!(
            "select count(*) from bulk_rows where operation_id = {id} and undone_at is not null"
        ))
        .await
    }

    /// Somebody works on a shipment.
    async fn touch(&self, shipment: i64, what: &str) {
        self.sql(&format!(
            "update shipments set version = version + 1 where id = {shipment};
             insert into activities (account_id, actor_kind, actor_name, verb, summary, subject_kind, subject_id, shipment_id)
             values ({}, 'user', 'Marta', 'shipment_edited', '{what}', 'shipment', {shipment}, {shipment})",
            self.account
        ))
        .await;
    }

    async fn reason(&self, id: BulkOperationId, subject: i64) -> String {
        self.text(&format!(
            "select reason from bulk_rows where operation_id = {id} and subject_id = {subject}"
        ))
        .await
    }
}

#[tokio::test]
async fn an_operation_is_taken_back_once() {
    let yard = Yard::open().await;
    let (id, _) = yard.ended(4).await;
    let way = undo::way(&mut yard.scope().await, &yard.operation(id).await, now()).await.unwrap();
    assert!(matches!(way, Way::Open), "{way:?}");
    let undo = yard.undoing(id).await;
    assert_eq!(yard.undo(id).await.unwrap(), Begun::Already(undo), "a second click");
    let operation = yard.operation(undo).await;
    assert_eq!((operation.total, operation.waiting, operation.undo_of), (4, 4, Some(id)));
    assert_eq!(
        operation.effects,
        [
            "Re-Post to Fulfillment: 4 shipments.",
            "Only what nobody changed since is taken back; the others are left and listed."
        ]
    );
    assert_eq!(yard.undone(id).await, 0, "looking does nothing");
    assert_eq!(yard.start(undo).await, Started::Running);
    assert_eq!(yard.start(undo).await, Started::Already);
    yard.finish(undo).await;
    let operation = yard.operation(undo).await;
    assert_eq!((operation.state, operation.done), (State::Finished, 4));
    assert_eq!(list::result(&operation), "4 shipments undone");
    assert_eq!(yard.undone(id).await, 4);
    assert_eq!(yard.operation(id).await.done, 4, "what was done stays told");
    assert_eq!(yard.undo(id).await.unwrap(), Begun::Already(undo), "and long after");
    let of_undo = yard.undo(undo).await;
    assert!(
        matches!(&of_undo, Err(ActionError::Unavailable(why)) if why.sentence.starts_with("An undo is not undone")),
        "{of_undo:?}"
    );
}

#[tokio::test]
async fn two_clicks_at_once_begin_one_undo() {
    let yard = Yard::open().await;
    let (id, _) = yard.ended(2).await;
    let (one, two) = tokio::join!(yard.undo(id), yard.undo(id));
    let ids = [one.unwrap(), two.unwrap()].map(|begun| match begun {
        Begun::New(id, _) | Begun::Already(id) => id,
    });
    assert_eq!(ids[0], ids[1]);
    assert_eq!(yard.value("select count(*) from bulk_operations where undo_of is not null").await, 1);
}

#[tokio::test]
async fn what_changed_since_is_left_and_told() {
    let yard = Yard::open().await;
    let (id, ids) = yard.ended(5).await;
    yard.touch(ids[0], "Changed the address").await;
    let undo = yard.undoing(id).await;
    let operation = yard.operation(undo).await;
    assert_eq!((operation.waiting, operation.skipped), (4, 1));
    assert!(
        yard.reason(undo, ids[0])
            .await
            .ends_with(" changed since, so it is left as it is. Marta: Changed the address")
    );
    // between the preview and the confirmation
    yard.touch(ids[1], "Wrote a note").await;
    assert_eq!(yard.start(undo).await, Started::Changed(1));
    yard.turn(undo).await;
    assert_eq!((yard.operation(undo).await.waiting, yard.operation(undo).await.skipped), (3, 2));
    // after it
    assert_eq!(yard.start(undo).await, Started::Running);
    yard.touch(ids[2], "Wrote another").await;
    yard.finish(undo).await;
    let operation = yard.operation(undo).await;
    assert_eq!((operation.done, operation.skipped, operation.changed), (2, 2, 1), "{operation:?}");
    assert!(
        yard.reason(undo, ids[2])
            .await
            .ends_with("changed since, so it is left as it is. Marta: Wrote another")
    );
    assert_eq!(yard.undone(id).await, 2);
}

#[tokio::test]
async fn an_undo_that_is_killed_or_canceled_is_gone_on_with_and_doubles_nothing() {
    let yard = Yard::open().await;
    let (id, _) = yard.ended(9).await;
    let undo = yard.undoing(id).await;
    yard.start(undo).await;
    for (how, rows) in [("raise exception 'dead'", 2), ("perform pg_terminate_backend(pg_backend_pid())", 1)]
    {
        let before = yard.undone(id).await;
        yard.dies_after(rows, how).await;
        yard.turn(undo).await;
        assert_eq!(yard.undone(id).await, before + rows, "the row it died at is as it was");
    }
    yard.sql("drop trigger fall_over on bulk_rows").await;
    let mut scope = yard.scope().await;
    steer::cancel(&mut scope, undo, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.finish(undo).await;
    assert_eq!((yard.operation(undo).await.done, yard.operation(undo).await.dropped), (3, 6));
    // the rest, and only the rest
    let rest = yard.undoing(id).await;
    assert_ne!(rest, undo);
    assert_eq!((yard.operation(rest).await.total, yard.operation(rest).await.waiting), (6, 6));
    // two ways to the same rows: whoever comes second finds them taken back
    let mut scope = yard.scope().await;
    let both = pick::again(&mut scope, undo, RowOutcome::Dropped, &yard.by(yard.user), now()).await;
    assert!(matches!(&both, Err(ActionError::Refused(_))), "{both:?}");
    drop(scope);
    yard.start(rest).await;
    yard.finish(rest).await;
    assert_eq!(yard.undone(id).await, 9);
    let mut scope = yard.scope().await;
    let (again, _) =
        pick::again(&mut scope, undo, RowOutcome::Dropped, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(again).await;
    let operation = yard.operation(again).await;
    assert_eq!((operation.state, operation.waiting, operation.skipped), (State::Previewed, 0, 6));
    let reason = format!("select min(reason) from bulk_rows where operation_id = {again}");
    assert_eq!(yard.text(&reason).await, "It was undone already.");
}

#[tokio::test]
async fn after_a_day_and_without_the_right_nothing_is_taken_back() {
    let yard = Yard::open().await;
    let (id, _) = yard.ended(2).await;
    let support = waybill::actions::By { role: Some(waybill::accounts::Role::Support), ..yard.by(yard.user) };
    let refused = undo::begin(&mut yard.scope().await, id, &support, now()).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))), "{refused:?}");
    let looked_at = yard.undoing(id).await;
    yard.sql(&format!(
        "update bulk_operations set finished_at = finished_at - interval '24 hours' where id = {id}"
    ))
    .await;
    let fingerprint = yard.operation(looked_at).await.fingerprint.unwrap();
    let mut scope = yard.scope().await;
    let late = steer::start(&mut scope, looked_at, &fingerprint, &yard.by(yard.user), now()).await;
    assert!(
        matches!(&late, Err(ActionError::Unavailable(why)) if why.sentence == "A bulk change can be undone for 24 hours after it ended."),
        "{late:?}"
    );
    steer::cancel(&mut scope, looked_at, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    assert!(matches!(yard.undo(id).await, Err(ActionError::Unavailable(_))));
    // an action without a way back says why
    yard.sql(
        "drop trigger keep_a_way on bulk_rows;
         truncate orders, channels, connections, warehouses, customers, problems, jobs, posts cascade",
    )
    .await;
    let ids = yard.parcels(1).await;
    let post = yard.previewed("post", &ids).await;
    yard.start(post).await;
    yard.finish(post).await;
    let refused = yard.undo(post).await;
    assert!(
        matches!(&refused, Err(ActionError::Unavailable(why)) if why.sentence.starts_with("A post is taken back")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_an_action_says_of_its_way_back_is_kept_and_gone() {
    let yard = Yard::open().await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(yard.order(yard.ebay, &[("A-1", 1)]).await.0.0);
    }
    yard.by_hand(&format!(
        "insert into order_holds (account_id, order_id, kind, reason) values ({}, {}, 'operator', '')",
        yard.account, orders[2]
    ))
    .await;
    let new = NewOperation {
        resource: Resource::Orders,
        action: "add_hold".into(),
        input: serde_json::json!({ "kind": "operator" }),
        selection: Selection::Ids(orders.clone()),
        phrase: "3 chosen orders".into(),
        from: String::new(),
    };
    let mut scope = yard.scope().await;
    let (id, _) = pick::begin(&mut scope, new, &yard.by(yard.user), now()).await.unwrap();
    scope.commit().await.unwrap();
    yard.turn(id).await;
    yard.start(id).await;
    yard.turn(id).await;
    let standing = "select count(*) from order_holds where released_at is null";
    assert_eq!((yard.operation(id).await.state, yard.value(standing).await), (State::Finished, 3));
    // one stood before: nothing was done to it, and nothing is taken back
    let kept = format!("select count(*) from bulk_rows where operation_id = {id} and undo is not null");
    assert_eq!(yard.value(&kept).await, 2);
    let undo = yard.undoing(id).await;
    assert_eq!(yard.operation(undo).await.effects[0], "Remove hold: 2 orders.");
    yard.start(undo).await;
    yard.turn(undo).await;
    assert_eq!((yard.operation(undo).await.done, yard.value(standing).await), (2, 1));
}
