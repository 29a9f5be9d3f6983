//! Saved views of the lists: as tabs, with what was changed since they were
//! saved. Nothing is saved by itself.

mod edit;
mod tabs;

pub use edit::{create, delete, new, save, show, update};
pub use tabs::{Tabs, tabs};

use super::list::Link;
use crate::bulk::Resource;

/// The key of the view in an address.
pub const KEY: &str = "view";

/// The list's own address.
fn path(resource: Resource) -> &'static str {
    match resource {
        Resource::Orders => "/orders",
        Resource::Shipments => "/shipments",
    }
}

/// What of a list's query a view keeps: not the place in it.
fn kept(link: &Link) -> Link {
    [KEY, "after", "open", "size"].iter().fold(link.clone(), |link, key| link.without(key))
}
