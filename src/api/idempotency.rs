//! `Idempotency-Key`: the same key and request get the first answer again for a
//! day. A request that was cut off by a crash is finished by its repeat: what it
//! did is kept under the same key in the transaction that did it.

use super::{
    caller::Caller,
    endpoint::{Kept, Line},
    problem::{ApiResult, Kind, Problem},
};
use crate::{
    clock::Instant,
    db::{DbResult, sql},
};
use actix_web::HttpRequest;
use diesel::{
    QueryableByName,
    sql_types::{Jsonb, Nullable, Text, Timestamptz},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::future::Future;

/// The scope of the keys of requests, beside those of actions.
const SCOPE: &str = "api";
/// The most characters of a key.
const LONGEST: usize = 255;
/// A request that did not end within so many seconds was cut off.
const PATIENCE: i64 = 60;
/// Keys are kept so long.
const HOURS: i64 = 24;

/// A request that is to act once.
#[derive(Debug)]
pub(super) struct Write {
    key: String,
    hash: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    request_hash: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    response: Option<Value>,
    #[diesel(sql_type = Timestamptz)]
    created_at: Instant,
}

enum Claim {
    Ours,
    Answered(Box<Kept>),
    Running(i64),
    Other,
}

impl Write {
    /// Reads the key, where there is one and the line writes.
    pub(super) fn of(
        line: &Line,
        request: &HttpRequest,
        caller: &Caller,
        body: &[u8],
    ) -> ApiResult<Option<Write>> {
        let Some(header) = request.headers().get("idempotency-key").filter(|_| line.writes) else {
            return Ok(None);
        };
        let key = header.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > LONGEST {
            let detail = format!("Idempotency-Key is 1 to {LONGEST} visible characters.");
            return Err(Problem::new(Kind::MALFORMED, detail));
        }
        let mut hash = Sha256::new();
        for part in [line.method, request.path(), request.query_string()] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(body);
        let hash = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Some(Write { key: format!("{}:{key}", caller.bearer.id), hash }))
    }

    /// Runs it if nobody did, and keeps its answer.
    pub(super) async fn once<F, Fut>(self, mut caller: Caller, run: F) -> ApiResult<Kept>
    where
        F: FnOnce(Caller) -> Fut,
        Fut: Future<Output = ApiResult<Kept>>,
    {
        match self.claim(&caller).await? {
            Claim::Ours => {}
            Claim::Answered(kept) => return Ok(*kept),
            Claim::Running(seconds) => return Err(Problem::of(Kind::STILL_RUNNING).after(seconds)),
            Claim::Other => return Err(Problem::of(Kind::KEY_REUSED)),
        }
        caller.key = Some(format!("api:{}", self.key));
        let answer = run(caller.clone()).await;
        self.settle(&caller, answer.as_ref().ok()).await?;
        answer
    }

    async fn claim(&self, caller: &Caller) -> DbResult<Claim> {
        let (account, now) = (caller.account(), caller.now);
        let mut scope = caller.scope().await?;
        scope
            .execute(
                sql("delete from idempotency_keys where ctid = any(array(select ctid from idempotency_keys \
                     where account_id = {} and created_at < {} order by created_at limit 50 for update skip locked)) \
                     and account_id = {}")
                .bind(account)
                .bind(now - chrono::Duration::hours(HOURS))
                .bind(account),
            )
            .await?;
        let taken = scope
            .execute(
                sql("insert into idempotency_keys (account_id, scope, key, request_hash, created_at) \
                     values ({}, {}, {}, {}, {}) on conflict do nothing")
                .bind(account)
                .bind(SCOPE)
                .bind(&self.key)
                .bind(&self.hash)
                .bind(now),
            )
            .await?;
        if taken == 1 {
            scope.commit().await?;
            return Ok(Claim::Ours);
        }
        let row: Option<Row> = scope
            .row(
                sql("select request_hash, response, created_at from idempotency_keys \
                     where account_id = {} and scope = {} and key = {} for update")
                .bind(account)
                .bind(SCOPE)
                .bind(&self.key),
            )
            .await?;
        let Some(row) = row else { return Ok(Claim::Running(1)) };
        if row.request_hash != self.hash {
            return Ok(Claim::Other);
        }
        if let Some(kept) = row.response.and_then(|value| serde_json::from_value(value).ok()) {
            return Ok(Claim::Answered(Box::new(kept)));
        }
        let running = (now - row.created_at).num_seconds();
        if running < PATIENCE {
            return Ok(Claim::Running((PATIENCE - running).clamp(1, 5)));
        }
        scope
            .execute(
                sql("update idempotency_keys set created_at = {} where account_id = {} and scope = {} and key = {}")
                    .bind(now)
                    .bind(account)
                    .bind(SCOPE)
                    .bind(&self.key),
            )
            .await?;
        scope.commit().await?;
        Ok(Claim::Ours)
    }

    /// Keeps the answer; without one the key is free again.
    async fn settle(&self, caller: &Caller, kept: Option<&Kept>) -> DbResult<()> {
        let mut scope = caller.scope().await?;
        let statement = match kept {
            Some(kept) => sql("update idempotency_keys set state = 'done', status = {}, response = {} \
                               where account_id = {} and scope = {} and key = {}")
            .bind(i32::from(kept.status))
            .bind(serde_json::json!(kept)),
            None => sql("delete from idempotency_keys where account_id = {} and scope = {} and key = {}"),
        };
        scope.execute(statement.bind(caller.account()).bind(SCOPE).bind(&self.key)).await?;
        scope.commit().await
    }
}
