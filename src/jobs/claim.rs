//! Claiming: one short transaction that hands due jobs to a worker.

use super::Claimed;
use crate::{
    clock::Instant,
    db::{Db, DbResult, sql},
    ids::JobId,
};
use chrono::Duration;

/// How long a claim lasts. It outlives every time-out of a call by a factor of two.
pub const LEASE: Duration = Duration::seconds(90);

/// Claims up to `limit` due jobs for `worker`, account by account in turn, so
/// that one account's flood does not starve the others.
///
/// Claims are taken one at a time (an advisory lock for the length of this
/// statement), which keeps "one running job per object" free of races; the
/// partial unique index says the same to anything that forgets.
pub async fn claim(db: &Db, worker: &str, limit: i64, now: Instant) -> DbResult<Vec<Claimed>> {
    let mut global = db.global().await?;
    global.execute(sql("select pg_advisory_xact_lock(7213010)")).await?;
    // Leases that ran out: the next claim's epoch fences the one who had them.
    // Where the same job was left behind again meanwhile, that one does the work;
    // two waiting ones are refused by their index, and nothing could be claimed.
    global
        .execute(
            sql("delete from jobs where state = 'claimed' and lease_until < {} and exists ( \
                 select 1 from jobs w where w.account_id = jobs.account_id and w.kind = jobs.kind \
                 and w.dedupe_key = jobs.dedupe_key and w.state = 'ready')")
            .bind(now),
        )
        .await?;
    global
        .execute(
            sql("update jobs set state = 'ready', lease_until = null, worker = null where state = 'claimed' and lease_until < {}")
                .bind(now),
        )
        .await?;
    let jobs = global
        .rows(
            sql("with turns as ( \
                   select due.id, due.due_at, row_number() over (partition by a.id order by due.due_at, due.id) as turn \
                   from accounts a cross join lateral ( \
                     select distinct on (j.object_key) j.id, j.due_at from ( \
                       select * from jobs where account_id = a.id and state = 'ready' and due_at <= {} \
                       order by due_at, id limit 100) j \
                     where not exists (select 1 from jobs r where r.account_id = j.account_id \
                                       and r.object_key = j.object_key and r.state = 'claimed') \
                     order by j.object_key, j.due_at, j.id) due), \
                 chosen as (select id from turns order by turn, due_at, id limit {}) \
                 update jobs set state = 'claimed', lease_until = {}, lease_epoch = lease_epoch + 1, \
                   attempts = attempts + 1, worker = {} \
                 from chosen where jobs.id = chosen.id \
                 returning jobs.id, account_id, kind, object_key, payload, attempts, lease_epoch, trace_id, created_at")
            .bind(now)
            .bind(limit)
            .bind(now + LEASE)
            .bind(worker),
        )
        .await?;
    global.commit().await?;
    Ok(jobs)
}

/// Claims one known job, for work that must answer in the request. `None` when
/// it is running, done, or another job of its object runs.
pub async fn claim_one(db: &Db, id: JobId, worker: &str, now: Instant) -> DbResult<Option<Claimed>> {
    let mut global = db.global().await?;
    global.execute(sql("select pg_advisory_xact_lock(7213010)")).await?;
    let job = global
        .row(
            sql("update jobs set state = 'claimed', lease_until = {}, lease_epoch = lease_epoch + 1, \
                   attempts = attempts + 1, worker = {} \
                 where id = {} and state = 'ready' and not exists (select 1 from jobs r \
                   where r.account_id = jobs.account_id and r.object_key = jobs.object_key and r.state = 'claimed') \
                 returning id, account_id, kind, object_key, payload, attempts, lease_epoch, trace_id, created_at")
            .bind(now + LEASE)
            .bind(worker)
            .bind(id),
        )
        .await?;
    global.commit().await?;
    Ok(job)
}
