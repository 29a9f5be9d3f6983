//! A filter may ask for more than can be looked through. It gets a few seconds;
//! then it is told which condition is too broad.

use super::{
    columns::{Operator, Reach},
    fault::Fault,
    read::ROOT,
    tree::{Condition, Tree},
};
use crate::db::{DbError, DbResult, Scope, Sql};
use diesel::{QueryableByName, pg::Pg};
use diesel_async::SimpleAsyncConnection;
use std::time::Duration;

/// How long a list may look for what a tree asks, its counting included.
pub const LONGEST_SEARCH: Duration = Duration::from_secs(3);

/// What a list with a tree can end in.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It took longer than a list may; the condition that is to blame most.
    #[error("the filter is too broad: {}", .0.detail)]
    TooBroad(Fault),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ListError {
    /// Of a database's error: that it took too long is the tree's, if there is one.
    pub fn of(error: DbError, tree: Option<&Tree>) -> ListError {
        match tree {
            Some(tree) if error.is_too_slow() && !tree.is_empty() => ListError::TooBroad(too_broad(tree)),
            _ => ListError::Db(error),
        }
    }
}

/// Every row of a statement that reads only. With a tree in it, it has so much
/// time and is planned for the very values; the transaction goes on afterwards,
/// whichever way it ended.
pub async fn rows<T>(
    scope: &mut Scope,
    tree: Option<&Tree>,
    time: Duration,
    statement: Sql,
) -> DbResult<Vec<T>>
where
    T: QueryableByName<Pg> + Send + 'static,
{
    if tree.is_none_or(Tree::is_empty) {
        return scope.rows(statement).await;
    }
    let time = time.as_millis().max(1);
    // generic plans do not know that a text is rare, and compiling a plan takes
    // longer than most of these
    let begin = format!(
        "savepoint narrowed; set local statement_timeout = {time}; \
         set local plan_cache_mode = force_custom_plan; set local jit = off"
    );
    scope.connection().batch_execute(&begin).await?;
    let rows = scope.rows(statement).await;
    // what was set goes back with it
    scope.connection().batch_execute("rollback to savepoint narrowed; release savepoint narrowed").await?;
    rows
}

/// Plans what follows in the transaction for its very values, if there is a tree:
/// for statements that write as well, which [`rows`] would take back.
pub async fn planned(scope: &mut Scope, tree: Option<&Tree>) -> DbResult<()> {
    if tree.is_some_and(|tree| !tree.is_empty()) {
        scope
            .connection()
            .batch_execute("set local plan_cache_mode = force_custom_plan; set local jit = off")
            .await?;
    }
    Ok(())
}

/// The condition of a tree that costs most to look for, and what would help.
pub fn too_broad(tree: &Tree) -> Fault {
    let mut worst: Option<(u32, String, &Condition)> = None;
    tree.root.walk(ROOT, &mut |path, condition| {
        let cost = cost(condition);
        if worst.as_ref().is_none_or(|(most, ..)| cost > *most) {
            worst = Some((cost, path, condition));
        }
    });
    let Some((_, path, condition)) = worst else {
        return Fault::new(
            ROOT,
            "too_broad",
            "Looking for this takes too long. Narrow it, for example by time.",
        );
    };
    let help = match condition.operator {
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            "Use a longer text or “eq”, or narrow the rest, for example by time."
        }
        _ => "Narrow the rest, for example by time or by status.",
    };
    let detail =
        format!("“{}” is too broad: looking for it takes too long. {help}", tree.phrase_of(condition));
    Fault::new(path, "too_broad", detail)
}

/// A rough order of what takes long: text anywhere in other rows most.
fn cost(condition: &Condition) -> u32 {
    let reach = match condition.column.reach {
        Reach::Related(..) => 4,
        Reach::Own(_) | Reach::Named(..) => 0,
    };
    let operator = match condition.operator {
        Operator::Contains | Operator::EndsWith => 8,
        Operator::NotContains => 7,
        Operator::StartsWith => 6,
        Operator::Neq | Operator::NotIn | Operator::IsEmpty | Operator::IsNotEmpty => 3,
        _ if condition.column.indexed => 0,
        _ => 2,
    };
    reach + operator
}
