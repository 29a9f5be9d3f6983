//! The bar of a list: shows as soon as one row is ticked, with script or without.

use crate::{
    bulk::{
        Resource,
        actions::{self, Line},
    },
    web::{Visitor, list::Link},
};
use askama::Template;

/// Actions with a button of their own; the others are behind *Bulk Edit*.
const NAMED: usize = 3;

/// The bar: stands in the list's form, after its table.
#[derive(Template)]
#[template(path = "bulk/_bar.html")]
pub struct Bar {
    resource: Resource,
    /// What the list is asked for.
    list: String,
    actions: Vec<&'static Line>,
    /// Where everything that matches goes, and how many that are; none where the
    /// page holds all of it.
    matching: Option<(String, String)>,
}

impl askama::filters::HtmlSafe for Bar {}

impl Bar {
    /// The bar of a list. `total` is how many match, in words; none where the
    /// page shows them all. None for those who may do nothing to many.
    pub fn of(visitor: &Visitor, resource: Resource, list: &Link, total: Option<String>) -> Option<Bar> {
        let actions: Vec<&Line> = actions::allowed(resource, |p| visitor.can(p)).take(NAMED).collect();
        let query = list.without("open").without("size").query();
        let all = Link::to("/bulk/new").with("on", resource).with("list", &query).with("all", "yes");
        (!actions.is_empty()).then(|| Bar {
            resource,
            matching: total.map(|total| (all.to_string(), total)),
            list: query,
            actions,
        })
    }
}
