//! Filters for templates; bring them in with `use crate::web::filters;` beside
//! the struct that derives `Template`.

#![expect(missing_docs, reason = "filter_fn writes structs of its own")]

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

/// A number with commas between its thousands.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = if count < 0 { "−".to_owned() } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
