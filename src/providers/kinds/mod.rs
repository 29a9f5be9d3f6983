//! One file a kind of provider.

pub mod generic;
pub mod shipstation;

use super::Providers;

/// Every kind of provider.
pub fn all() -> Providers {
    Providers::default().with(shipstation::Shipstation).with(generic::Generic)
}
