//! Bulk operations: the engine, and its pages.

mod engine;
mod failing;
mod freeing;
mod options;
mod pages;
mod random;
mod steering;
mod undo;

use crate::support::{
    parcels::Parcels,
    rows::Rows,
    shop::{Shop, now},
};
use serde_json::json;
use std::cell::Cell;
use waybill::{
    accounts::Role,
    actions::By,
    bulk::{
        BULK_OPERATION, Operation, Resource, State,
        actions::find,
        job::WorkOnOperation,
        pick::{self, NewOperation, Selection},
        steer::{self, Started},
    },
    clock::Instant,
    evidence::{Actor, ActorKind, TraceId},
    ids::{BulkOperationId, JobId},
    jobs::{Claimed, End, Handler, Work},
};

thread_local! {
    static TICKS: Cell<i64> = const { Cell::new(0) };
}

/// A clock on which every look takes a second: a turn is over after one row.
fn ticking() -> Instant {
    TICKS.set(TICKS.get() + 1);
    now() + chrono::Duration::seconds(TICKS.get())
}

thread_local! {
    static STILL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A clock that stands still: a turn lasts as long as there is something to do,
/// however busy the machine is.
fn still() -> Instant {
    STILL.get().unwrap_or_else(now)
}

/// Lets what an operation does keep a way back, as an action with an inverse
/// does: a re-post, whose effect can be counted.
const WAYS_BACK: &str = r#"
create function keep_a_way() returns trigger language plpgsql as $$
begin
    if exists (select from bulk_operations o where o.id = new.operation_id and o.undo_of is null) then
        new.undo := '{"action": "repost", "input": {"reason": "It was not meant"}}';
        new.left_version := (select version from shipments s where s.account_id = new.account_id and s.id = new.subject_id);
    end if;
    return new;
end $$;
create trigger keep_a_way before update on bulk_rows for each row
    when (old.outcome = 'waiting' and new.outcome = 'sent') execute function keep_a_way()"#;

/// A shop with somebody who starts operations.
struct Yard {
    shop: Shop,
    user: i64,
}

impl std::ops::Deref for Yard {
    type Target = Shop;
    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl Yard {
    async fn open() -> Yard {
        let shop = Shop::open().await;
        let user = person(&shop, "Noor").await;
        Yard { shop, user }
    }

    /// Somebody, as the client.
    fn by(&self, user: i64) -> By {
        let actor = Actor { kind: ActorKind::User, id: Some(user), name: "Noor".into() };
        By { actor, role: Some(Role::Client), trace: TraceId::new(), ip: None, behind: None }
    }

    /// Shipments that could be posted, without an outside: their connection has no keys.
    async fn parcels(&self, n: usize) -> Vec<i64> {
        let rows = Rows::of(&self.database).await;
        // the channel that Parcels makes has the name of the shop's
        let new = format!(
            "insert into stores (account_id, name) select {}, 'Store ' || count(*) from stores returning id",
            self.account
        );
        let store: i64 = rows.query_one(&new, &[]).await.expect("a store").get(0);
        let parcels = Parcels::furnish(&rows, self.account.0, store).await;
        let mut ids = Vec::new();
        for k in 0..n {
            ids.push(parcels.ship(&rows, &format!("SHP-B-{k:04}"), "").await);
        }
        ids
    }

    async fn begin(&self, action: &str, ids: &[i64]) -> BulkOperationId {
        let new = NewOperation {
            resource: if find(Resource::Shipments, action).is_some() {
                Resource::Shipments
            } else {
                Resource::Orders
            },
            action: action.into(),
            input: json!({}),
            selection: Selection::Ids(ids.to_vec()),
            phrase: format!("{} chosen shipments", ids.len()),
            from: String::new(),
        };
        let mut scope = self.scope().await;
        let (id, _) = pick::begin(&mut scope, new, &self.by(self.user), now()).await.unwrap();
        scope.commit().await.unwrap();
        id
    }

    /// Begins an operation and looks at its rows.
    async fn previewed(&self, action: &str, ids: &[i64]) -> BulkOperationId {
        let id = self.begin(action, ids).await;
        while self.operation(id).await.state == State::Previewing {
            self.turn(id).await;
        }
        id
    }

    /// Confirms what was looked at.
    async fn start(&self, id: BulkOperationId) -> Started {
        let fingerprint = self.operation(id).await.fingerprint.unwrap_or_default();
        self.start_with(id, &fingerprint).await
    }

    async fn start_with(&self, id: BulkOperationId, fingerprint: &str) -> Started {
        let mut scope = self.scope().await;
        let (started, _) =
            steer::start(&mut scope, id, fingerprint, &self.by(self.user), now()).await.unwrap();
        scope.commit().await.unwrap();
        started
    }

    async fn operation(&self, id: BulkOperationId) -> Operation {
        Operation::find(&mut self.scope().await, id).await.unwrap().unwrap()
    }

    /// The job of an operation as a worker has it.
    fn claimed(&self, id: BulkOperationId) -> Claimed {
        Claimed {
            id: JobId(0),
            account_id: self.account,
            kind: BULK_OPERATION.into(),
            object_key: format!("bulk:{id}"),
            payload: json!({ "operation_id": id }),
            attempts: 8,
            lease_epoch: 1,
            trace_id: None,
            created_at: now(),
        }
    }

    /// For a worker whose turns are over after one row.
    fn slow(&self) -> Work {
        TICKS.set(0);
        Work { now: ticking, ..self.work.clone() }
    }

    /// One turn of an operation's job, by hand.
    async fn turn(&self, id: BulkOperationId) -> End {
        STILL.set(Some(now()));
        let work = Work { now: still, ..self.work.clone() };
        WorkOnOperation.run(&work, &self.claimed(id)).await.unwrap()
    }

    /// How many rows have an outcome, by the rows themselves.
    async fn rows(&self, id: BulkOperationId, outcome: &str) -> i64 {
        self.value(&format!(
            "select count(*) from bulk_rows where operation_id = {id} and outcome = '{outcome}'"
        ))
        .await
    }

    /// Lets the database fall over when a row is written as sent: after so many
    /// more rows, the effect of the next one is written and its outcome is not.
    async fn dies_after(&self, rows: i64, how: &str) {
        self.sql(&format!(
            "create sequence if not exists rows_written;
             alter sequence rows_written restart with 1;
             grant usage on sequence rows_written to waybill_app;
             create or replace function fall_over() returns trigger language plpgsql security definer as $$
             begin
                 if nextval('rows_written') = {rows} + 1 then {how}; end if;
                 return new;
             end $$;
             create or replace trigger fall_over before update on bulk_rows for each row
                 when (new.outcome = 'sent' and old.outcome = 'waiting') execute function fall_over()"
        ))
        .await;
    }

    /// Every counter is the number of its rows, and nothing was posted twice.
    async fn holds_together(&self, id: BulkOperationId) {
        let operation = self.operation(id).await;
        for outcome in waybill::bulk::RowOutcome::ALL {
            assert_eq!(
                i64::from(operation.count(*outcome)),
                self.rows(id, outcome.as_str()).await,
                "{outcome}: {operation:?}"
            );
        }
        let most = "select coalesce(max(n), 0) from (select count(*) n from posts group by shipment_id) t";
        assert!(self.value(most).await <= 1, "a shipment was posted twice");
        // the effect is there exactly where the row says so
        let astray = format!(
            "select count(*) from bulk_rows r where r.operation_id = {id} \
             and (r.outcome in ('sent', 'done', 'failed', 'unknown')) \
                 <> exists (select 1 from posts p where p.account_id = r.account_id and p.shipment_id = r.subject_id)"
        );
        assert_eq!(self.value(&astray).await, 0, "a row and its effect disagree");
    }
}

/// Somebody with a role in the shop.
async fn person(shop: &Shop, name: &str) -> i64 {
    shop.sql(&format!(
        "with u as (insert into users (email, name, password_hash) values ('{name}@example.com', '{name}', 'x') returning id)
         insert into memberships (user_id, account_id, role) select id, {}, 'client' from u",
        shop.account
    ))
    .await;
    shop.value(&format!("select id from users where name = '{name}'")).await
}
