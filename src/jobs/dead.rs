//! Dead jobs: what stopped on our side until its tries were used up. They stay in
//! the queue until a person has them run again.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::JobId,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};

/// A dead job.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Dead {
    #[diesel(sql_type = BigInt)]
    pub id: JobId,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub object_key: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
}

macro_rules! dead_columns {
    ($rest:literal) => {
        concat!(
            "select id, kind, object_key, state, attempts, last_error, trace_id, created_at from jobs where account_id = {} ",
            $rest
        )
    };
}

/// The dead jobs of the account, newest first.
pub async fn list(scope: &mut Scope, limit: i64) -> DbResult<Vec<Dead>> {
    let account = scope.account();
    scope
        .rows(sql(dead_columns!("and state = 'dead' order by id desc limit {}")).bind(account).bind(limit))
        .await
}

/// One job that is dead, or was and is waiting or running again.
pub async fn find(scope: &mut Scope, id: JobId, lock: bool) -> DbResult<Option<Dead>> {
    let account = scope.account();
    let statement = sql(dead_columns!("and id = {}")).bind(account).bind(id);
    scope.row(if lock { statement.push(" for update") } else { statement }).await
}

/// Has a dead job run again, with all its tries. One that waits under the same
/// key already is that job; then this one goes.
pub async fn run_again(scope: &mut Scope, id: JobId, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("delete from jobs where account_id = {} and id = {} and state = 'dead' and exists ( \
                 select 1 from jobs w where w.account_id = jobs.account_id and w.kind = jobs.kind \
                 and w.dedupe_key = jobs.dedupe_key and w.state = 'ready')")
            .bind(account)
            .bind(id),
        )
        .await?;
    scope
        .execute(
            sql("update jobs set state = 'ready', due_at = {}, attempts = 0 where account_id = {} and id = {} and state = 'dead'")
                .bind(now)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}
