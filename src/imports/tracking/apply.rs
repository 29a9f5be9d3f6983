//! Writing the confirmed rows: each in a transaction of its own, with its row, by
//! *Edit shipping details* as whoever confirmed it.

use super::{Waiting, tell};
use crate::{
    actions::{self, Action, ActionError, By, Call},
    db::{Db, DbResult, Scope, sql},
    evidence::activity::Ended,
    ids::{AccountId, ImportId, ShipmentId},
    jobs::{End, Work},
    shipments::edit_shipping::{EditShipping, Input},
};
use anyhow::Result;
use chrono::Duration;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Jsonb},
};
use serde_json::Value;

/// How long one turn of the job lasts, beside the row it is at.
const SLICE: Duration = Duration::milliseconds(250);

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = BigInt)]
    shipment_id: ShipmentId,
    #[diesel(sql_type = Integer)]
    shipment_version: i32,
    #[diesel(sql_type = Jsonb)]
    input: Value,
}

/// Works for a moment, then stands at the end of the queue again.
pub(super) async fn run(work: &Work, account: AccountId, id: ImportId, waiting: &Waiting) -> Result<End> {
    let until = (work.now)() + SLICE;
    let again = |at| Ok(End::Wait { at, reason: String::new() });
    loop {
        // who does it is read anew for each turn: a right that is taken away is gone
        if !row(work, account, id, waiting).await? {
            break;
        }
        if (work.now)() >= until {
            return again((work.now)());
        }
    }
    let mut scope = work.db.scope(account).await?;
    let finished = scope
        .execute(
            sql("update imports set state = 'finished', content_gzip = null, finished_at = {} \
                 where account_id = {} and id = {} and state = 'running' and rows_ready = 0")
            .bind((work.now)())
            .bind(account)
            .bind(id),
        )
        .await?;
    if finished == 0 {
        // a row is in another worker's hands
        let running = Waiting::find(&mut scope, id).await?.is_some_and(|now| now.state == "running");
        return if running { again((work.now)() + Duration::seconds(1)) } else { Ok(End::Done) };
    }
    let by = waiting.by().unwrap_or_else(|| By::system(Default::default()));
    let words = format!("Imported the tracking numbers of {}", waiting.file_name);
    tell(&mut scope, &by, "import_finished", id, words, Ended::Ok).await?;
    scope.commit().await?;
    Ok(End::Done)
}

/// Writes one row; `false` when there is none.
async fn row(work: &Work, account: AccountId, id: ImportId, waiting: &Waiting) -> DbResult<bool> {
    let mut scope = work.db.scope(account).await?;
    let next: Option<Next> = scope
        .row(
            sql("select r.line, r.shipment_id, r.shipment_version, r.input from import_rows r \
                 join imports i on i.account_id = r.account_id and i.id = r.import_id and i.state = 'running' \
                 where r.account_id = {} and r.import_id = {} and r.outcome = 'ready' \
                 order by r.line limit 1 for update of r skip locked")
            .bind(account)
            .bind(id),
        )
        .await?;
    let Some(next) = next else { return Ok(false) };
    let refused = match change(&mut scope, &next, waiting, work).await {
        Ok((changed, words)) => {
            let outcome = if changed { "updated" } else { "unchanged" };
            keep(&mut scope, id, next.line, outcome, &words).await?;
            scope.commit().await?;
            return Ok(true);
        }
        Err(ActionError::Db(error)) if error.is_of_the_data() => {
            tracing::error!(?error, import.id = %id, next.line, "a row could not be written");
            "It could not be stored as it is. Edit the shipment on its own page to see why.".to_owned()
        }
        Err(ActionError::Db(error)) => return Err(error),
        Err(ActionError::Refused(fields)) => {
            fields.into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")
        }
        Err(ActionError::NotFound) => "The shipment is not there any more.".into(),
        Err(ActionError::Stale(stale)) => format!("{} Nothing of it was overwritten.", stale.sentence()),
        Err(other) => other.to_string(),
    };
    // whatever it wrote before it said no is rolled back
    drop(scope);
    say_no(&work.db, account, id, next.line, &refused).await?;
    Ok(true)
}

async fn change(
    scope: &mut Scope,
    next: &Next,
    waiting: &Waiting,
    work: &Work,
) -> Result<(bool, String), ActionError> {
    let by = waiting.by().ok_or(ActionError::Forbidden(EditShipping::PERMISSION))?;
    let input: Input = serde_json::from_value(next.input.clone())
        .map_err(|error| ActionError::field("", format!("It was kept as nobody reads it: {error}")))?;
    let call = Call { id: next.shipment_id.0, input, version: Some(next.shipment_version), key: None };
    let outcome = actions::run_in::<EditShipping>(scope, &by, call, (work.now)()).await?;
    Ok((outcome.changed, outcome.message))
}

async fn say_no(db: &Db, account: AccountId, id: ImportId, line: i32, words: &str) -> DbResult<()> {
    let mut scope = db.scope(account).await?;
    keep(&mut scope, id, line, "failed", words).await?;
    scope.commit().await
}

/// Writes what came of a row, unless another worker was quicker.
async fn keep(
    scope: &mut Scope,
    id: ImportId,
    line: i32,
    outcome: &'static str,
    words: &str,
) -> DbResult<()> {
    let account = scope.account();
    let kept = scope
        .execute(
            sql("update import_rows set outcome = {}, reason = {} \
                 where account_id = {} and import_id = {} and line = {} and outcome = 'ready'")
            .bind(outcome)
            .bind(words)
            .bind(account)
            .bind(id)
            .bind(line),
        )
        .await?;
    if kept == 1 {
        scope
            .execute(
                sql("update imports set rows_ready = rows_ready - 1, rows_updated = rows_updated + {}, \
                     rows_unchanged = rows_unchanged + {}, rows_failed = rows_failed + {} where account_id = {} and id = {}")
                .bind(i32::from(outcome == "updated"))
                .bind(i32::from(outcome == "unchanged"))
                .bind(i32::from(outcome == "failed"))
                .bind(account)
                .bind(id),
            )
            .await?;
    }
    Ok(())
}
