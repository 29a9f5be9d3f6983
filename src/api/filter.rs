//! `filter_groups` as a call takes it.

use super::{
    caller::Caller,
    problem::{ApiResult, FieldError, Kind, Problem},
};
use crate::{
    filters::{Columns, Conjunction, Fault, ListError, Operator, Tree},
    orders, shipments,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Conditions and groups of them, joined. At most three levels, 20 conditions and
/// 500 values in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FilterGroup {
    /// Whether all of its parts must hold (`and`, also when it is left out), or any.
    pub conjunction: Option<Conjunction>,
    /// Its conditions.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub filters: Vec<FilterCondition>,
    /// Groups within it.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub groups: Vec<FilterGroup>,
}

/// One condition.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FilterCondition {
    /// The name of a column: see *Filters* in the documentation.
    pub column: String,
    /// How it compares.
    pub operator: Operator,
    /// With what: a text, a number, a list, or nothing for `is_empty` and `is_not_empty`.
    #[serde(default)]
    pub value: Value,
}

/// What fulfillments can be filtered by, for this caller.
pub fn of_fulfillments(caller: &Caller) -> &'static Columns {
    shipments::filter_columns::columns(|permission| caller.by.can(permission))
}

/// What orders can be filtered by, for this caller.
pub fn of_orders(caller: &Caller) -> &'static Columns {
    orders::filter_columns::columns(|permission| caller.by.can(permission))
}

/// Reads a tree from a query.
pub fn text(text: Option<&str>, columns: &'static Columns) -> ApiResult<Option<Tree>> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    Tree::parse(text, columns).map(Some).map_err(faulty)
}

/// Reads a tree from a body.
pub fn value(value: Option<Value>, columns: &'static Columns) -> ApiResult<Option<Tree>> {
    let Some(value) = value else { return Ok(None) };
    Tree::from_value(value, columns).map(Some).map_err(faulty)
}

fn faulty(faults: Vec<Fault>) -> Problem {
    Problem::invalid(faults.into_iter().map(|f| FieldError::new(f.path, f.code, f.detail)).collect())
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Problem {
        match error {
            ListError::TooBroad(fault) => Problem {
                errors: vec![FieldError::new(fault.path, fault.code, fault.detail.clone())],
                ..Problem::new(Kind::TOO_BROAD, fault.detail)
            },
            ListError::Db(error) => error.into(),
        }
    }
}
