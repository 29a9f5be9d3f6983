//! The queue: work for the outside, written in the transaction of the change
//! that causes it, so that it exists exactly if the change does.
//!
//! A worker claims a job for the length of a lease (a short transaction), does
//! the work without any transaction, and settles (a short transaction) only if
//! the claim's epoch is still its own. A worker that died leaves a lease that
//! runs out; its kind's handler decides what that means, since a request may or
//! may not have gone out. What stops on our side, be it by an error or a panic, is
//! tried again for about an hour; then it is *dead*: it stays in the queue, is
//! shown, and runs again only when a person says so.

mod claim;
pub mod dead;
pub mod retry;
mod settle;
mod worker;

pub use claim::{Slots, claim, claim_one, renew};
pub use settle::settle;
pub use worker::{Handler, Handlers, Work, Worker, run_due, run_now};

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{AccountId, JobId},
    outbound::Failure,
};
use anyhow::Context;
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::Value;

/// A job to be left behind.
#[derive(Debug, Clone)]
#[must_use = "a job is left behind by `enqueue`"]
pub struct NewJob {
    kind: &'static str,
    object_key: String,
    dedupe_key: Option<String>,
    payload: Value,
    due_at: Instant,
    trace: Option<TraceId>,
}

impl NewJob {
    /// A job of a kind about an object. Jobs of one object run one at a time.
    pub fn new(kind: &'static str, object_key: impl Into<String>, payload: Value, due_at: Instant) -> NewJob {
        NewJob { kind, object_key: object_key.into(), dedupe_key: None, payload, due_at, trace: None }
    }

    /// While such a job waits, another with the same key is not added.
    pub fn once(mut self, key: impl Into<String>) -> NewJob {
        self.dedupe_key = Some(key.into());
        self
    }

    /// Continues a chain.
    pub fn traced(mut self, trace: &TraceId) -> NewJob {
        self.trace = Some(trace.clone());
        self
    }
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: JobId,
}

/// Leaves a job behind, in the caller's transaction. When one with the same
/// dedupe key waits already, that one is brought forward and answered.
pub async fn enqueue(scope: &mut Scope, job: NewJob) -> DbResult<JobId> {
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into jobs as j (account_id, kind, object_key, dedupe_key, payload, due_at, trace_id) \
                 values ({}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, kind, dedupe_key) where state = 'ready' and dedupe_key is not null \
                 do update set due_at = least(j.due_at, excluded.due_at), trace_id = excluded.trace_id returning id")
            .bind(account)
            .bind(job.kind)
            .bind(job.object_key)
            .bind(job.dedupe_key)
            .bind(job.payload)
            .bind(job.due_at)
            .bind(job.trace.map(|t| t.to_string())),
        )
        .await?;
    Ok(row.map_or(JobId(0), |r| r.id))
}

/// A job in a worker's hands.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::jobs)]
pub struct Claimed {
    /// The job.
    pub id: JobId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub object_key: String,
    /// What it was told.
    pub payload: Value,
    /// Which try this is, from 1.
    pub attempts: i32,
    /// The fence: results are written only while this is the row's epoch.
    pub lease_epoch: i64,
    /// Its chain.
    pub trace_id: Option<String>,
    /// When it was left behind.
    pub created_at: Instant,
}

impl Claimed {
    /// The chain it continues, or a new one.
    pub fn trace(&self) -> TraceId {
        self.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default()
    }

    /// Reads the payload.
    pub fn payload<T: serde::de::DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_value(self.payload.clone()).context("the job's payload")
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Done; nothing is left.
    Done,
    /// Try again at this time.
    Again {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
    /// Held back before anything was sent: it comes again, and this was no try.
    Wait {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
    /// It stopped on our side. It is tried again for a while; then it is dead.
    Broken {
        /// Why.
        reason: String,
    },
    /// It will not be tried again by itself; the handler has made that visible.
    Failed {
        /// Why.
        reason: String,
    },
}

impl End {
    /// The end of a job whose call was held back; `None` for any other failure.
    pub fn held(failure: &Failure, now: Instant) -> Option<End> {
        failure.held?;
        let at = now + failure.retry_after.unwrap_or_default();
        Some(End::Wait { at, reason: failure.message.clone() })
    }

    /// The end of a job that got no turn: held back, or the database did not tell.
    pub fn held_or_broken(failure: &Failure, now: Instant) -> End {
        End::held(failure, now).unwrap_or_else(|| End::Broken { reason: failure.message.clone() })
    }
}
