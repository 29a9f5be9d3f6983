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

/// How many jobs a worker can run.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// Now.
    pub free: usize,
    /// At once.
    pub all: usize,
}

impl Slots {
    /// What one account may have of them while there are other accounts: a slow
    /// flood of one must leave a slot for what the others want at once.
    fn share(self) -> i64 {
        (self.all * 3 / 4).max(1) as i64
    }
}

/// Claims due jobs for `worker`, as many as it has slots free, account by account
/// in turn, so that one account's flood does not starve the others. Of an object
/// only the oldest is claimed, and none while another runs.
///
/// Claims are taken one at a time (an advisory lock for the length of this
/// statement), which keeps "one running job per object" free of races; the
/// partial unique index says the same to anything that forgets.
pub async fn claim(db: &Db, worker: &str, slots: Slots, now: Instant) -> DbResult<Vec<Claimed>> {
    let free = slots.free as i64;
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
            sql("with running as ( \
                   select account_id, count(*) as n from jobs where state = 'claimed' and worker = {} group by account_id), \
                 turns as ( \
                   select due.id, due.due_at, row_number() over (partition by a.id order by due.due_at, due.id) as turn \
                   from accounts a left join running r on r.account_id = a.id cross join lateral ( \
                     select j.id, j.due_at from jobs j \
                     where j.account_id = a.id and j.state = 'ready' and j.due_at <= {} \
                     and not exists (select 1 from jobs b where b.account_id = j.account_id \
                                     and b.object_key = j.object_key and b.state = 'claimed') \
                     and j.id = (select f.id from jobs f where f.account_id = j.account_id \
                                 and f.object_key = j.object_key and f.state = 'ready' order by f.due_at, f.id limit 1) \
                     order by j.due_at, j.id \
                     limit least({}, case when (select count(*) from (select from accounts limit 2) two) < 2 then {} \
                                     else greatest({} - coalesce(r.n, 0), 0) end)) due), \
                 chosen as (select id from turns order by turn, due_at, id limit {}) \
                 update jobs set state = 'claimed', lease_until = {}, lease_epoch = lease_epoch + 1, \
                   attempts = attempts + 1, worker = {} \
                 from chosen where jobs.id = chosen.id \
                 returning jobs.id, account_id, kind, object_key, payload, attempts, lease_epoch, trace_id, created_at")
            .bind(worker)
            .bind(now)
            .bind(free)
            .bind(free)
            .bind(slots.share())
            .bind(free)
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

/// Holds on to a claim for another lease. `false`: it is somebody else's by now,
/// and what was being done is theirs.
pub async fn renew(db: &Db, job: &Claimed, now: Instant) -> DbResult<bool> {
    let mut global = db.global().await?;
    let held = global
        .execute(
            sql("update jobs set lease_until = {} where id = {} and state = 'claimed' and lease_epoch = {}")
                .bind(now + LEASE)
                .bind(job.id)
                .bind(job.lease_epoch),
        )
        .await?;
    global.commit().await?;
    Ok(held == 1)
}
