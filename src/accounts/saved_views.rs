//! Saved views: what a list was asked for, under a name. One's own, or shared
//! with everybody of the account.

use crate::{
    db::{DbError, DbResult, Scope, sql},
    ids::{SavedViewId, UserId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Text},
};

/// Characters of a name.
pub const LONGEST_NAME: usize = 60;
/// Bytes of a query.
pub const LONGEST_QUERY: usize = 16_000;
/// So many views of one list one person has.
pub const MOST: i64 = 50;

/// A view.
#[derive(Debug, Clone, QueryableByName)]
pub struct SavedView {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: SavedViewId,
    /// The list: `orders` or `shipments`.
    #[diesel(sql_type = Text)]
    pub resource: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Who made it.
    #[diesel(sql_type = BigInt)]
    pub owner_id: UserId,
    /// Whether everybody of the account has it.
    #[diesel(sql_type = Bool)]
    pub shared: bool,
    /// What the list is asked for.
    #[diesel(sql_type = Text)]
    pub query: String,
    /// Raised by every change.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// A view to be kept.
#[derive(Debug, Clone)]
pub struct NewView {
    /// The list.
    pub resource: String,
    /// Its name.
    pub name: String,
    /// Whether everybody has it.
    pub shared: bool,
    /// What the list is asked for.
    pub query: String,
}

/// Why a view is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Its owner has one of that name.
    #[error("the name is taken")]
    NameTaken,
    /// Somebody changed it meanwhile.
    #[error("it changed")]
    Changed,
    /// They have as many as they may.
    #[error("there are too many")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Db(DbError),
}

impl From<DbError> for NotKept {
    fn from(error: DbError) -> NotKept {
        match error.constraint() {
            Some("one_view_per_owner_and_name") => NotKept::NameTaken,
            _ => NotKept::Db(error),
        }
    }
}

/// The views of a list that somebody sees: their own first, then the shared ones.
pub async fn list(scope: &mut Scope, resource: &str, user: UserId) -> DbResult<Vec<SavedView>> {
    let statement = sql("select id, resource, name, owner_id, shared, query, version from saved_views \
         where account_id = {} and resource = {} and (owner_id = {} or shared) \
         order by owner_id <> {}, lower(name), id limit 100");
    let account = scope.account();
    scope.rows(statement.bind(account).bind(resource).bind(user).bind(user)).await
}

/// One that somebody sees.
pub async fn find(scope: &mut Scope, id: SavedViewId, user: UserId) -> DbResult<Option<SavedView>> {
    let statement = sql("select id, resource, name, owner_id, shared, query, version from saved_views \
         where account_id = {} and id = {} and (owner_id = {} or shared)");
    let account = scope.account();
    scope.row(statement.bind(account).bind(id).bind(user)).await
}

/// Keeps a new one.
pub async fn create(scope: &mut Scope, new: &NewView, owner: UserId) -> Result<SavedViewId, NotKept> {
    #[derive(QueryableByName)]
    struct Made {
        #[diesel(sql_type = BigInt)]
        id: SavedViewId,
    }
    let account = scope.account();
    let statement = sql("insert into saved_views (account_id, resource, name, owner_id, shared, query) \
         select {}, {}, {}, {}, {}, {} where (select count(*) from saved_views \
           where account_id = {} and resource = {} and owner_id = {}) < {} returning id")
    .bind(account)
    .bind(&new.resource)
    .bind(&new.name)
    .bind(owner)
    .bind(new.shared)
    .bind(&new.query)
    .bind(account)
    .bind(&new.resource)
    .bind(owner)
    .bind(MOST);
    let made: Option<Made> = scope.row(statement).await?;
    made.map(|made| made.id).ok_or(NotKept::TooMany)
}

/// Writes what somebody changed of a view, as it was when they saw it: its name,
/// who has it, what it asks.
pub async fn change(scope: &mut Scope, view: &SavedView) -> Result<(), NotKept> {
    let account = scope.account();
    let statement = sql("update saved_views set name = {}, shared = {}, query = {}, version = version + 1 \
         where account_id = {} and id = {} and version = {}")
    .bind(&view.name)
    .bind(view.shared)
    .bind(&view.query)
    .bind(account)
    .bind(view.id)
    .bind(view.version);
    if scope.execute(statement).await? == 0 { Err(NotKept::Changed) } else { Ok(()) }
}

/// Takes it away, as it was when they saw it.
pub async fn delete(scope: &mut Scope, view: &SavedView) -> Result<(), NotKept> {
    let statement = sql("delete from saved_views where account_id = {} and id = {} and version = {}")
        .bind(scope.account())
        .bind(view.id)
        .bind(view.version);
    if scope.execute(statement).await? == 0 { Err(NotKept::Changed) } else { Ok(()) }
}
