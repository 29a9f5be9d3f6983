//! Following what was sent: a row whose jobs are over shows how they ended.

use super::{Operation, RowOutcome, actions::Line, count};
use crate::{
    clock::Instant,
    db::{Db, DbResult, sql},
    ids::AccountId,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use std::collections::{BTreeMap, HashMap};

/// Rows followed in one transaction.
const AT_ONCE: i64 = 500;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    position: i32,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Text)]
    outcome: RowOutcome,
    #[diesel(sql_type = Text)]
    reason: String,
    /// Why a job of it stopped for good on our side.
    #[diesel(sql_type = Nullable<Text>)]
    dead: Option<String>,
}

/// Settles rows that were sent and whose jobs are over; with `unknown`, asks
/// about those with an unknown outcome as well, from a position on. Answers the
/// last position it looked at, `None` when there was nothing.
pub(super) async fn step(
    db: &Db,
    account: AccountId,
    operation: &Operation,
    line: &Line,
    of: RowOutcome,
    after: i32,
    now: Instant,
) -> DbResult<Option<i32>> {
    let mut scope = db.scope(account).await?;
    let rows: Vec<Row> = scope
        .rows(
            sql("select r.position, r.subject_id, r.outcome, r.reason, (select coalesce(d.last_error, '') from jobs d \
                 where d.account_id = r.account_id and d.id = any(r.jobs) and d.state = 'dead' limit 1) as dead from bulk_rows r \
                 where r.account_id = {} and r.operation_id = {} and r.outcome = {} and r.position > {} \
                 and not exists (select 1 from jobs j where j.account_id = r.account_id and j.id = any(r.jobs) \
                   and j.state <> 'dead') \
                 order by r.position limit {} for update of r skip locked")
            .bind(account)
            .bind(operation.id)
            .bind(of)
            .bind(after)
            .bind(AT_ONCE),
        )
        .await?;
    let Some(last) = rows.last().map(|row| row.position) else { return Ok(None) };
    let subjects: Vec<i64> = rows.iter().map(|row| row.subject_id).collect();
    // a way back has no word of its own from outside
    let ended = match operation.undo_of {
        Some(_) => Vec::new(),
        None => (line.ended)(&mut scope, operation, &subjects).await?,
    };
    let mut ended: HashMap<i64, _> = ended.into_iter().map(|e| (e.subject, e)).collect();
    let (mut positions, mut outcomes, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    let mut moved: BTreeMap<(RowOutcome, RowOutcome), i32> = BTreeMap::new();
    for row in rows {
        let (to, words) = match (row.dead, ended.remove(&row.subject_id)) {
            (Some(why), _) => {
                (RowOutcome::Failed, format!("It stopped on our side: {why} It can be run again under Jobs."))
            }
            (None, Some(ended)) => (ended.outcome, ended.words),
            (None, None) => (RowOutcome::Done, row.reason),
        };
        if to != row.outcome {
            *moved.entry((row.outcome, to)).or_default() += 1;
            positions.push(row.position);
            outcomes.push(to.as_str().to_owned());
            reasons.push(words);
        }
    }
    if !positions.is_empty() {
        scope
            .execute(
                sql("update bulk_rows r set outcome = d.outcome, reason = d.reason, finished_at = {} \
                     from unnest({}::int[], {}::text[], {}::text[]) as d (position, outcome, reason) \
                     where r.account_id = {} and r.operation_id = {} and r.position = d.position")
                .bind(now)
                .bind(positions)
                .bind(outcomes)
                .bind(reasons)
                .bind(account)
                .bind(operation.id),
            )
            .await?;
        for ((from, to), n) in moved {
            count(&mut scope, operation.id, from, to, n, None).await?;
        }
        scope.commit().await?;
    }
    Ok(Some(last))
}
