//! One file a kind of provider.

pub mod generic;
pub mod shipstation;

use super::{Provider, ProviderKind};

/// The adapter of a kind.
pub fn of(kind: ProviderKind) -> &'static dyn Provider {
    match kind {
        ProviderKind::Shipstation => &shipstation::Shipstation,
        ProviderKind::Generic => &generic::Generic,
    }
}
