//! Filters for templates; bring them in with `use crate::web::filters;` beside
//! the struct that derives `Template`.

#![expect(missing_docs, reason = "filter_fn writes structs of its own")]

pub use crate::money::grouped;
use std::fmt::Display;

/// `{{ order.total|money(order.currency) }}`: `€1,234.50`.
#[askama::filter_fn]
pub fn money<C: Display>(minor: &i64, _: &dyn askama::Values, currency: C) -> askama::Result<String> {
    Ok(crate::money::display(*minor, &currency.to_string()))
}

/// `{{ count|thousands }}`: `48,211`.
#[askama::filter_fn]
pub fn thousands(count: &i64, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(grouped(*count))
}
