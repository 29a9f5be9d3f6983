//! Looking at rows before anything is done: each is asked what a button on its
//! own page would be asked, and answers with the same sentence.

use super::{
    Operation, RowOutcome, State,
    actions::Line,
    count,
    stock::Stock,
    undo::{self, Seen},
};
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    ids::{AccountId, BulkOperationId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use serde_json::{Value, json};

/// Rows looked at in one transaction.
const AT_ONCE: i64 = 50;

#[derive(QueryableByName)]
struct Picked {
    #[diesel(sql_type = Integer)]
    position: i32,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
}

/// Looks at the next rows. `false`: none is left to look at.
pub(super) async fn step(
    db: &Db,
    account: AccountId,
    operation: &Operation,
    line: &Line,
    now: Instant,
) -> DbResult<bool> {
    let id = operation.id;
    let mut scope = db.scope(account).await?;
    let rows: Vec<Picked> = scope
        .rows(
            sql("select position, subject_id from bulk_rows where account_id = {} and operation_id = {} \
                 and outcome = 'picked' order by position limit {} for update skip locked")
            .bind(account)
            .bind(id)
            .bind(AT_ONCE),
        )
        .await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let (mut positions, mut versions, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut reasons, mut offers) = (Vec::new(), Vec::new());
    let subjects: Vec<i64> = rows.iter().map(|row| row.subject_id).collect();
    let ways = match operation.undo_of {
        Some(earlier) => Some(undo::ways(&mut scope, operation.resource, earlier, subjects).await?),
        None => None,
    };
    for row in &rows {
        let seen = match &ways {
            Some(ways) => {
                undo::look(&mut scope, operation, ways.get(&row.subject_id), row.subject_id).await?
            }
            None => Seen::of(line.action.look(&mut scope, row.subject_id, &operation.options).await?),
        };
        positions.push(row.position);
        versions.push(seen.version);
        outcomes.push(seen.outcome);
        reasons.push(seen.reason);
        offers.push(seen.offer);
    }
    scope
        .execute(
            sql("update bulk_rows r set subject_version = d.version, outcome = d.outcome, reason = d.reason, offer = d.offer, \
                 finished_at = case when d.outcome = 'skipped' then {}::timestamptz end \
                 from unnest({}::int[], {}::int[], {}::text[], {}::text[], {}::text[]) \
                   as d (position, version, outcome, reason, offer) \
                 where r.account_id = {} and r.operation_id = {} and r.position = d.position")
            .bind(now)
            .bind(positions)
            .bind(versions)
            .bind(outcomes.iter().map(|o| o.as_str().to_owned()).collect::<Vec<_>>())
            .bind(reasons)
            .bind(offers)
            .bind(account)
            .bind(id),
        )
        .await?;
    for to in [RowOutcome::Waiting, RowOutcome::Skipped] {
        let n = outcomes.iter().filter(|o| **o == to).count();
        let n = i32::try_from(n).unwrap_or(i32::MAX);
        if n > 0 && !count(&mut scope, id, RowOutcome::Picked, to, n, Some(State::Previewing)).await? {
            // canceled meanwhile: what was looked at does not matter any more
            return Ok(false);
        }
    }
    scope.commit().await?;
    Ok(true)
}

/// Said of a row whose record is not there.
pub(super) const GONE: &str = "It is not there any more.";

#[derive(QueryableByName)]
struct Hash {
    #[diesel(sql_type = Text)]
    hash: String,
}

/// Ends the preview: what will happen, and the fingerprint of exactly that.
/// `false`: a row is left to look at, or the operation moved on.
pub(super) async fn conclude(scope: &mut Scope, id: BulkOperationId, line: &Line) -> DbResult<bool> {
    let Some(operation) = Operation::lock(scope, id).await? else { return Ok(false) };
    if operation.state != State::Previewing || operation.picked > 0 {
        return Ok(false);
    }
    let account = scope.account();
    let effects = match (operation.waiting, operation.undo_of) {
        (0, _) => Vec::new(),
        (_, Some(_)) => undo::effects(scope, &operation).await?,
        (_, None) => (line.effects)(scope, &operation).await?,
    };
    let stock = match line.stock.filter(|_| operation.waiting > 0 && operation.undo_of.is_none()) {
        Some(hook) => json!(Stock::of(hook(scope, &operation).await?)),
        None => json!({}),
    };
    let hash: Option<Hash> = scope
        .row(
            sql("select encode(sha256(convert_to({} || {}::text || {}::text || {}::text || coalesce(string_agg( \
                   concat_ws(':', position, subject_id, subject_version, outcome), ',' order by position), ''), 'UTF8')), 'hex') as hash \
                 from bulk_rows where account_id = {} and operation_id = {} and outcome in ('waiting', 'skipped')")
            .bind(&operation.action)
            .bind(operation.options.clone())
            .bind(Value::from(effects.clone()))
            .bind(stock.clone())
            .bind(account)
            .bind(id),
        )
        .await?;
    scope
        .execute(
            sql(
                "update bulk_operations set state = 'previewed', effects = {}, stock = {}, fingerprint = {} \
                 where account_id = {} and id = {}",
            )
            .bind(effects)
            .bind(stock)
            .bind(hash.map(|h| h.hash))
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(true)
}

/// Rows that are skipped for one reason.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Group {
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The action that would take the reason away.
    #[diesel(sql_type = Nullable<Text>)]
    pub offer: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub n: i64,
    /// The first few: ids.
    #[diesel(sql_type = diesel::sql_types::Array<BigInt>)]
    pub ids: Vec<i64>,
    /// The first few: numbers.
    #[diesel(sql_type = diesel::sql_types::Array<Text>)]
    pub labels: Vec<String>,
}

/// The reasons for skipping, the most frequent first.
pub(super) async fn groups(scope: &mut Scope, id: BulkOperationId) -> DbResult<Vec<Group>> {
    let account = scope.account();
    scope
        .rows(
            sql("select reason, offer, count(*) as n, \
                 (array_agg(subject_id order by position))[1:3] as ids, \
                 (array_agg(subject_label order by position))[1:3] as labels \
                 from bulk_rows where account_id = {} and operation_id = {} and outcome = 'skipped' \
                 group by reason, offer order by n desc, reason limit 20")
            .bind(account)
            .bind(id),
        )
        .await
}
