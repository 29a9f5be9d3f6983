//! Exports as their pages and the API show them.

use super::{ExportState, Format, Resource, may_see};
use crate::{
    accounts::Permission,
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::ExportId,
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz},
};

/// An export.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Export {
    #[diesel(sql_type = BigInt)]
    pub id: ExportId,
    #[diesel(sql_type = Text)]
    pub resource: Resource,
    #[diesel(sql_type = Text)]
    pub format: Format,
    #[diesel(sql_type = Array<Text>)]
    pub shown_columns: Vec<String>,
    #[diesel(sql_type = Text)]
    pub state: ExportState,
    #[diesel(sql_type = Text)]
    pub phrase: String,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = BigInt)]
    pub rows_written: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub file_path: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub file_bytes: Option<i64>,
    #[diesel(sql_type = Text)]
    pub requested_by_name: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<Instant>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, resource, format, shown_columns, state, phrase, reason, rows_written, file_path, file_bytes, \
             requested_by_name, created_at, finished_at, expires_at from exports where account_id = {} ",
            $rest
        )
    };
}

/// One of them, whatever became of it.
pub async fn find(scope: &mut Scope, id: ExportId) -> DbResult<Option<Export>> {
    let account = scope.account();
    scope.row(sql(select!("and id = {}")).bind(account).bind(id)).await
}

/// As [`find`], nobody else moves it meanwhile.
pub(super) async fn lock(scope: &mut Scope, id: ExportId) -> DbResult<Option<Export>> {
    let account = scope.account();
    scope.row(sql(select!("and id = {} for update")).bind(account).bind(id)).await
}

/// Those that were not deleted, the newest first.
pub async fn list(scope: &mut Scope, before: Option<ExportId>, limit: i64) -> DbResult<Vec<Export>> {
    let account = scope.account();
    let mut statement = sql(select!("and state <> 'deleted'")).bind(account);
    if let Some(before) = before {
        statement = statement.push(" and id < {}").bind(before);
    }
    scope.rows(statement.push(" order by id desc limit {}").bind(limit)).await
}

impl Export {
    /// Its name, for people.
    pub fn title(&self) -> String {
        let noun = self.resource.noun(0);
        format!("{}{} as {}", noun[..1].to_uppercase(), &noun[1..], self.format.label())
    }

    /// What its file is saved as.
    pub fn file_name(&self) -> String {
        file_name(self.resource, self.format, self.created_at)
    }

    /// Whether it is still to be written.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, ExportState::Queued | ExportState::Running)
    }

    /// Whether somebody may open it: nobody sees in a file what they may not see on a
    /// page.
    pub fn may_be_opened(&self, can: impl Fn(Permission) -> bool) -> bool {
        may_see(self.resource, &self.shown_columns, can)
    }

    /// Its file, kept under this name; or why there is none.
    pub fn file(&self, now: Instant) -> Result<&str, &'static str> {
        match (self.state, self.file_path.as_deref()) {
            (ExportState::Finished, Some(_)) if self.expires_at.is_some_and(|at| at <= now) => Err(EXPIRED),
            (ExportState::Finished, Some(name)) => Ok(name),
            (ExportState::Queued, _) => Err("It waits for its turn. Its file is there when it is finished."),
            (ExportState::Running, _) => {
                Err("It is still being written. Its file is there when it is finished.")
            }
            (ExportState::Canceled, _) => Err("It was canceled before it was whole. Export again."),
            (ExportState::Deleted, _) => Err("Its file was deleted. Export again."),
            (ExportState::Failed, _) => Err("It could not be written, so there is no file."),
            (ExportState::Expired | ExportState::Finished, _) => Err(EXPIRED),
        }
    }
}

const EXPIRED: &str = "Its file was kept for 7 days and is gone. Export again.";

/// What a file of this moment is saved as.
pub(super) fn file_name(resource: Resource, format: Format, at: Instant) -> String {
    format!("{resource}-{}.{format}", at.format("%Y-%m-%d-%H%M"))
}
