//! Imports as their pages show them.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::{ChannelId, ImportId, OrderId, ShipmentId},
    shipments::edit_shipping::Notify,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};

/// An import.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::imports)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Import {
    #[diesel(sql_type = BigInt)]
    pub id: ImportId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub channel_id: Option<ChannelId>,
    pub kind: String,
    pub file_name: String,
    pub state: String,
    pub rows_total: i32,
    pub rows_ready: i32,
    pub rows_created: i32,
    pub rows_unchanged: i32,
    pub rows_updated: i32,
    pub rows_failed: i32,
    pub notes: Vec<String>,
    pub header: String,
    pub fingerprint: Option<String>,
    #[diesel(sql_type = Text)]
    pub notify: Notify,
    pub started_by_name: String,
    pub created_at: Instant,
    pub finished_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_name: Option<String>,
}

impl Import {
    /// Orders dealt with so far.
    pub fn done(&self) -> i32 {
        self.rows_created + self.rows_unchanged + self.rows_updated + self.rows_failed
    }
}

macro_rules! import_columns {
    ($rest:literal) => {
        concat!(
            "select i.id, i.channel_id, i.kind, i.file_name, i.state, i.rows_total, i.rows_ready, i.rows_created, i.rows_unchanged, i.rows_updated, \
             i.rows_failed, i.notes, i.header, i.fingerprint, i.notify, i.started_by_name, i.created_at, i.finished_at, c.name as channel_name \
             from imports i left join channels c on c.account_id = i.account_id and c.id = i.channel_id ",
            $rest
        )
    };
}

/// The latest imports.
pub async fn list(scope: &mut Scope, before: Option<ImportId>, limit: i64) -> DbResult<Vec<Import>> {
    let account = scope.account();
    let mut statement = sql(import_columns!("where i.account_id = {}")).bind(account);
    if let Some(before) = before {
        statement = statement.push(" and i.id < {}").bind(before);
    }
    scope.rows(statement.push(" order by i.id desc limit {}").bind(limit)).await
}

/// One import.
pub async fn find(scope: &mut Scope, id: ImportId) -> DbResult<Option<Import>> {
    let account = scope.account();
    scope.row(sql(import_columns!("where i.account_id = {} and i.id = {}")).bind(account).bind(id)).await
}

/// A row of an import.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Row {
    #[diesel(sql_type = Integer)]
    pub line: i32,
    #[diesel(sql_type = Text)]
    pub reference: String,
    /// The title of the cell that will not do, where it is one.
    #[diesel(sql_type = Text)]
    pub cell: String,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Text)]
    pub raw: String,
}

/// The rows of an outcome, in the file's order.
pub async fn rows(scope: &mut Scope, id: ImportId, outcome: &str, limit: i64) -> DbResult<Vec<Row>> {
    let account = scope.account();
    scope
        .rows(
            sql("select line, reference, cell, reason, order_id, shipment_id, raw from import_rows \
                 where account_id = {} and import_id = {} and outcome = {} order by line limit {}")
            .bind(account)
            .bind(id)
            .bind(outcome)
            .bind(limit),
        )
        .await
}

/// How many rows to be written let their shipment leave.
pub async fn leaving(scope: &mut Scope, id: ImportId) -> DbResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let account = scope.account();
    let count: Option<Count> = scope
        .row(
            sql("select count(*) as n from import_rows \
                 where account_id = {} and import_id = {} and outcome = 'ready' and leaves")
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(count.map_or(0, |count| count.n))
}
