//! Operations and their rows, as pages and files show them.

use super::{Operation, RowOutcome, operation_columns, preview};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::BulkOperationId,
    money::grouped,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};

pub use preview::Group;

/// Operations, the newest first, below `before`.
pub async fn operations(
    scope: &mut Scope,
    before: Option<BulkOperationId>,
    limit: i64,
) -> DbResult<Vec<Operation>> {
    let account = scope.account();
    scope
        .rows(
            sql(operation_columns!("where account_id = {} and id < {} order by id desc limit {}"))
                .bind(account)
                .bind(before.map_or(i64::MAX, |id| id.0))
                .bind(limit),
        )
        .await
}

/// A row of an operation.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::bulk_rows)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Row {
    #[diesel(sql_type = Integer)]
    pub position: i32,
    #[diesel(sql_type = BigInt)]
    pub subject_id: i64,
    pub subject_label: String,
    #[diesel(sql_type = Text)]
    pub outcome: RowOutcome,
    pub reason: String,
    #[diesel(sql_type = Nullable<diesel::sql_types::Timestamptz>)]
    pub finished_at: Option<Instant>,
}

/// A page of rows behind a position, with one outcome or any.
pub async fn rows(
    scope: &mut Scope,
    id: BulkOperationId,
    outcome: Option<RowOutcome>,
    after: i32,
    limit: i64,
) -> DbResult<Vec<Row>> {
    let account = scope.account();
    let mut statement =
        sql("select position, subject_id, subject_label, outcome, reason, finished_at from bulk_rows \
                             where account_id = {} and operation_id = {} and position > {}")
        .bind(account)
        .bind(id)
        .bind(after);
    if let Some(outcome) = outcome {
        statement = statement.push(" and outcome = {}").bind(outcome);
    }
    scope.rows(statement.push(" order by position limit {}").bind(limit)).await
}

/// Why rows are skipped, the most frequent reason first.
pub async fn skipped(scope: &mut Scope, id: BulkOperationId) -> DbResult<Vec<Group>> {
    preview::groups(scope, id).await
}

/// Why an operation's own job stopped for good, if it did.
pub async fn stuck(scope: &mut Scope, id: BulkOperationId) -> DbResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Dead {
        #[diesel(sql_type = Text)]
        why: String,
    }
    let account = scope.account();
    let dead: Option<Dead> = scope
        .row(
            sql("select coalesce(last_error, '') as why from jobs \
                 where account_id = {} and object_key = {} and state = 'dead' limit 1")
            .bind(account)
            .bind(format!("bulk:{id}")),
        )
        .await?;
    Ok(dead.map(|dead| dead.why))
}

/// What came of it: `298 shipments posted, 11 skipped, 3 failed`. Never only the
/// good part.
pub fn result(operation: &Operation) -> String {
    let done = operation.done_word();
    let noun = operation.resource.noun(i64::from(operation.done));
    let mut parts = vec![format!("{} {noun} {done}", grouped(i64::from(operation.done)))];
    for (n, word) in [
        (operation.sent, "sent, without an answer yet"),
        (operation.skipped, "skipped"),
        (operation.changed, "changed meanwhile and left alone"),
        (operation.failed, "failed"),
        (operation.unknown, "with an unknown outcome"),
        (operation.dropped, "not begun"),
    ] {
        if n > 0 {
            parts.push(format!("{} {word}", grouped(i64::from(n))));
        }
    }
    parts.join(", ")
}

/// Rows as CSV, for a spreadsheet: a cell that it would take for a formula
/// begins with an apostrophe.
pub fn csv(resource: &str, rows: &[Row]) -> String {
    let mut text = format!("{resource},result,what,finished_at\r\n");
    for row in rows {
        let at = row.finished_at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let cells = [row.subject_label.as_str(), row.outcome.as_str(), row.reason.as_str(), at.as_str()];
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(text: &str) -> String {
    let harmless = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    };
    match harmless.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", harmless.replace('"', "\"\"")),
        false => harmless,
    }
}
