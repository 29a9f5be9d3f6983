//! The views of a list beside its own tabs.

use super::{KEY, kept, path};
use crate::{
    accounts::saved_views::{self, SavedView},
    bulk::Resource,
    db::Scope,
    ids::SavedViewId,
    web::{
        Visitor, WebResult,
        list::{Link, List},
    },
};

/// A view as a tab.
pub struct Tab {
    /// Its name.
    pub name: String,
    /// The list as it has it.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
    /// Whether everybody has it.
    pub shared: bool,
}

/// The view that is shown.
pub struct Current {
    /// Its id.
    pub id: SavedViewId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i32,
    /// Whether the list is asked for something else by now.
    pub edited: bool,
    /// Whether they may write to it.
    pub may_save: bool,
    /// The view as it was saved.
    pub discard: String,
    /// What the list is asked for, to be saved.
    pub list: String,
}

/// Everything about views on a list's page.
pub struct Tabs {
    /// The views.
    pub tabs: Vec<Tab>,
    /// The one that is shown.
    pub current: Option<Current>,
    /// Where what is asked becomes a view; none where nothing is.
    pub save_as: Option<String>,
}

/// Reads the views of a list.
pub async fn tabs(visitor: &Visitor, scope: &mut Scope, resource: Resource, list: &List) -> WebResult<Tabs> {
    let views = saved_views::list(scope, resource.as_str(), visitor.person.user).await?;
    let asked = kept(&list.link());
    let shown: Option<SavedViewId> = list.get(KEY).and_then(|id| id.parse().ok());
    let current = views.iter().find(|view| Some(view.id) == shown).map(|view| Current {
        id: view.id,
        name: view.name.clone(),
        version: view.version,
        edited: !same(&asked, &kept(&Link::of(path(resource), &view.query))),
        may_save: super::edit::may_change(visitor, view),
        discard: address(resource, view),
        list: asked.query(),
    });
    let save_as = Link::to("/views/new").with("on", resource).with("list", asked.query());
    let anything = asked.pairs().iter().any(|(key, _)| key != "tab");
    Ok(Tabs {
        tabs: views
            .iter()
            .map(|view| Tab {
                name: view.name.clone(),
                href: address(resource, view),
                current: Some(view.id) == shown,
                shared: view.shared,
            })
            .collect(),
        save_as: (anything && current.as_ref().is_none_or(|view| view.edited)).then(|| save_as.to_string()),
        current,
    })
}

/// The list as a view has it.
pub fn address(resource: Resource, view: &SavedView) -> String {
    Link::of(path(resource), &view.query).with(KEY, view.id).to_string()
}

/// Whether two lists are asked for the same, in whatever order.
fn same(one: &Link, other: &Link) -> bool {
    let sorted = |link: &Link| {
        let mut pairs = link.pairs().to_vec();
        pairs.sort();
        pairs
    };
    sorted(one) == sorted(other)
}
