//! Settling: one short transaction that writes how a job ended, if the claim
//! is still the worker's own.

use super::{Claimed, End};
use crate::db::{Db, DbResult, sql};

/// Writes the end of a job. `false`: the lease ran out and somebody else has
/// it; nothing was written.
pub async fn settle(db: &Db, job: &Claimed, end: &End) -> DbResult<bool> {
    let mut scope = db.scope(job.account_id).await?;
    let mine = match end {
        End::Again { at, reason } | End::Wait { at, reason } => {
            // A job with the same dedupe key may wait already: then this one is
            // that one, and goes.
            let twin = scope
                .execute(
                    sql("delete from jobs where id = {} and lease_epoch = {} and state = 'claimed' and exists ( \
                         select 1 from jobs w where w.account_id = jobs.account_id and w.kind = jobs.kind \
                         and w.dedupe_key = jobs.dedupe_key and w.state = 'ready')")
                    .bind(job.id)
                    .bind(job.lease_epoch),
                )
                .await?;
            let again = scope
                .execute(
                    sql("update jobs set state = 'ready', lease_until = null, worker = null, due_at = {}, last_error = {}, \
                         attempts = attempts - {} where id = {} and lease_epoch = {} and state = 'claimed'")
                    .bind(*at)
                    .bind(reason)
                    .bind(i32::from(matches!(end, End::Wait { .. })))
                    .bind(job.id)
                    .bind(job.lease_epoch),
                )
                .await?;
            twin + again
        }
        End::Broken { reason } => {
            scope
                .execute(
                    sql(
                        "update jobs set state = 'dead', lease_until = null, worker = null, last_error = {} \
                         where id = {} and lease_epoch = {} and state = 'claimed'",
                    )
                    .bind(reason)
                    .bind(job.id)
                    .bind(job.lease_epoch),
                )
                .await?
        }
        End::Done | End::Failed { .. } => {
            let gone = scope
                .execute(
                    sql("delete from jobs where id = {} and lease_epoch = {} and state = 'claimed'")
                        .bind(job.id)
                        .bind(job.lease_epoch),
                )
                .await?;
            if gone == 1 {
                let (outcome, error) = match end {
                    End::Failed { reason } => ("failed", Some(reason.clone())),
                    _ => ("done", None),
                };
                scope
                    .execute(
                        sql("insert into finished_jobs (account_id, job_id, kind, object_key, payload, outcome, \
                             attempts, last_error, trace_id, created_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})")
                        .bind(job.account_id)
                        .bind(job.id)
                        .bind(&job.kind)
                        .bind(&job.object_key)
                        .bind(job.payload.clone())
                        .bind(outcome)
                        .bind(job.attempts)
                        .bind(error)
                        .bind(job.trace_id.clone())
                        .bind(job.created_at),
                    )
                    .await?;
            }
            gone
        }
    };
    scope.commit().await?;
    if mine == 0 {
        tracing::warn!(job.id = %job.id, job.kind = %job.kind, "a job's lease ran out before it was settled");
    }
    Ok(mine == 1)
}
