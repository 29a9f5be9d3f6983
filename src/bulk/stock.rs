//! What a preview says of stock: each SKU at each warehouse, now and after.

use super::Operation;
use crate::db::{DbResult, Scope};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// So many rows are shown; the others are counted.
const SHOWN: usize = 50;

/// One stock that an operation moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// What.
    pub sku: String,
    /// Its name.
    pub product: String,
    /// Where.
    pub warehouse: String,
    /// On hand now.
    pub before: i64,
    /// On hand once every row is done.
    pub after: i64,
    /// More is asked for than is there.
    pub backorder: bool,
}

/// Answers every stock that the rows to be done would move, those with a
/// backorder first.
pub type StockHook = for<'a> fn(&'a mut Scope, &'a Operation) -> BoxFuture<'a, DbResult<Vec<StockRow>>>;

/// The part of it that is kept with the preview and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The first of them.
    #[serde(default)]
    pub rows: Vec<StockRow>,
    /// How many more there are.
    #[serde(default)]
    pub more: usize,
}

impl Stock {
    /// Keeps what is shown.
    pub fn of(mut rows: Vec<StockRow>) -> Stock {
        let more = rows.len().saturating_sub(SHOWN);
        rows.truncate(SHOWN);
        Stock { rows, more }
    }
}
