//! Running an action: one transaction that takes the idempotency key, locks the
//! subject, checks who and whether, writes, and keeps the answer.

use super::{Action, ActionError, Availability, By, Outcome, Stale, Target};
use crate::{
    clock::Instant,
    db::{Db, Scope, sql},
    evidence::activity,
    ids::AccountId,
};
use diesel::QueryableByName;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One request to run an action.
#[derive(Debug)]
pub struct Call<I> {
    /// The record.
    pub id: i64,
    /// What to do exactly.
    pub input: I,
    /// The version the person saw; `None` does not mind (the worker).
    pub version: Option<i32>,
    /// The key the confirm page minted: the same key is the same act.
    pub key: Option<String>,
}

impl<I> Call<I> {
    /// Without version and key: for the worker and for bulk rows, which have
    /// their own.
    pub fn plain(id: i64, input: I) -> Call<I> {
        Call { id, input, version: None, key: None }
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::idempotency_keys)]
struct Kept {
    request_hash: String,
    response: Option<Value>,
}

/// Runs an action and commits. Doing it twice with one key answers twice and
/// acts once, however many requests race: the second waits for the first to
/// commit on the key's row.
pub async fn run<A: Action>(
    db: &Db,
    account: AccountId,
    by: &By,
    call: Call<A::Input>,
    now: Instant,
) -> Result<Outcome, ActionError> {
    let mut scope = db.scope(account).await?;
    let outcome = run_in::<A>(&mut scope, by, call, now).await?;
    scope.commit().await?;
    Ok(outcome)
}

/// As [`run`], in the caller's transaction, which keeps what it writes besides with it.
pub async fn run_in<A: Action>(
    scope: &mut Scope,
    by: &By,
    call: Call<A::Input>,
    now: Instant,
) -> Result<Outcome, ActionError> {
    if !by.can(A::PERMISSION) {
        return Err(ActionError::Forbidden(A::PERMISSION));
    }
    let key_scope = format!("action:{}", A::NAME);
    if let Some(key) = &call.key {
        let hash = request_hash(call.id, &call.input);
        if let Some(outcome) = claim_key(scope, &key_scope, key, &hash, now).await? {
            return Ok(outcome);
        }
    }
    let Some(subject) = A::Subject::load(scope, call.id, true).await? else {
        return Err(ActionError::NotFound);
    };
    if call.version.is_some_and(|seen| seen != subject.version()) {
        let history = activity::list(scope, subject.history(), None, None, 3).await?;
        let changes =
            history.into_iter().map(|a| (a.actor_name.clone(), a.summary.clone(), a.at())).collect();
        return Err(ActionError::Stale(Stale { what: subject.name(), changes }));
    }
    if let Availability::Unavailable(why) = A::available(&subject) {
        return Err(ActionError::Unavailable(why));
    }
    let outcome = A::apply(scope, subject, by, call.input, now).await?;
    #[cfg(debug_assertions)]
    if outcome.changed {
        assert_told::<A>(scope, by).await?;
    }
    if let Some(key) = &call.key {
        let account = scope.account();
        scope
            .execute(
                sql("update idempotency_keys set state = 'done', response = {} \
                     where account_id = {} and scope = {} and key = {}")
                .bind(serde_json::json!(outcome))
                .bind(account)
                .bind(key_scope)
                .bind(key),
            )
            .await?;
    }
    Ok(outcome)
}

fn request_hash<I: serde::Serialize>(id: i64, input: &I) -> String {
    let body = serde_json::json!([id, input]).to_string();
    Sha256::digest(body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Takes the key, or answers what was done with it before.
async fn claim_key(
    scope: &mut Scope,
    key_scope: &str,
    key: &str,
    hash: &str,
    now: Instant,
) -> Result<Option<Outcome>, ActionError> {
    let account = scope.account();
    let taken = scope
        .execute(
            sql("insert into idempotency_keys (account_id, scope, key, request_hash, created_at) \
                 values ({}, {}, {}, {}, {}) on conflict do nothing")
            .bind(account)
            .bind(key_scope)
            .bind(key)
            .bind(hash)
            .bind(now),
        )
        .await?;
    if taken == 1 {
        return Ok(None);
    }
    let kept: Option<Kept> = scope
        .row(
            sql("select request_hash, response from idempotency_keys where account_id = {} and scope = {} and key = {}")
                .bind(account)
                .bind(key_scope)
                .bind(key),
        )
        .await?;
    match kept {
        Some(kept) if kept.request_hash != hash => Err(ActionError::KeyReused),
        Some(Kept { response: Some(response), .. }) => Ok(Some(
            serde_json::from_value(response).unwrap_or_else(|_| Outcome::unchanged("This was done already.")),
        )),
        _ => Ok(Some(Outcome::unchanged("This was done already."))),
    }
}

/// Every change says who and what: an action that forgets fails every test of it.
#[cfg(debug_assertions)]
async fn assert_told<A: Action>(scope: &mut Scope, by: &By) -> Result<(), ActionError> {
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        told: bool,
    }
    let account = scope.account();
    let told: Option<Told> = scope
        .row(
            sql("select exists (select 1 from activities where account_id = {} and trace_id = {}) as told")
                .bind(account)
                .bind(by.trace.to_string()),
        )
        .await?;
    assert!(told.is_some_and(|t| t.told), "{} changed something without a line of activity", A::NAME);
    Ok(())
}
