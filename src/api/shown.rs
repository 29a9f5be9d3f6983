//! Values as every endpoint shows them.

use crate::money;
use schemars::JsonSchema;
use serde::Serialize;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(example = Money { amount: "12.34".into(), currency: "EUR".into() })]
pub struct Money {
    /// A decimal, with as many digits as the currency has.
    #[schemars(regex(pattern = r"^-?\d+(\.\d+)?$"))]
    pub amount: String,
    /// ISO 4217.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
}

impl Money {
    /// So many minor units.
    pub fn of(minor: i64, currency: &str) -> Money {
        Money { amount: money::decimal(minor, currency), currency: currency.to_owned() }
    }
}

/// What an action did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Done {
    /// The record it was done to.
    #[schemars(range(min = 1))]
    pub id: i64,
    /// A sentence for people.
    pub message: String,
    /// False: everything was already as wanted.
    pub changed: bool,
    /// Whether something is still to be done in the background, such as asking a provider.
    pub pending: bool,
}
