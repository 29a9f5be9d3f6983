//! The tree of conditions on a list's page: read from `?f=`, shown as chips, and
//! built one condition at a time.

mod builder;
mod compose;
mod controls;

pub use builder::{address, show};

use super::{Visitor, WebError, WebResult, list::Link, list::List};
use crate::{
    bulk::Resource,
    filters::{Columns, Conjunction, Fault, ListError, Tree},
    orders, shipments,
};
use actix_web::http::StatusCode;

/// The key of the tree in an address.
pub const KEY: &str = "f";

/// What somebody may filter a list by.
pub fn columns(visitor: &Visitor, resource: Resource) -> &'static Columns {
    match resource {
        Resource::Orders => orders::filter_columns::columns(|p| visitor.can(p)),
        Resource::Shipments => shipments::filter_columns::columns(|p| visitor.can(p)),
    }
}

/// The tree that a list is asked for: what of it fits, and what does not.
#[derive(Debug)]
pub struct Narrowed {
    tree: Tree,
    faults: Vec<Fault>,
}

/// A part of the tree in words, and the list without it.
pub struct Part {
    /// The phrase.
    pub phrase: String,
    /// The address.
    pub without: String,
}

impl Narrowed {
    /// Reads the list's tree.
    pub fn read(visitor: &Visitor, list: &List, resource: Resource) -> Narrowed {
        let columns = columns(visitor, resource);
        let (tree, faults) = match list.get(KEY) {
            Some(text) => Tree::salvage(text, columns),
            None => (Tree::all(columns), Vec::new()),
        };
        Narrowed { tree: tree.at(visitor.now), faults }
    }

    /// For the query; none where nothing is asked.
    pub fn tree(&self) -> Option<Tree> {
        (!self.tree.is_empty()).then(|| self.tree.clone())
    }

    /// For what is done to all that matches: as it is now, and only if all of it fits.
    pub fn settled(&self, visitor: &Visitor) -> WebResult<Option<Tree>> {
        match self.faults.first() {
            Some(fault) => Err(WebError::field(KEY, &fault.detail)),
            None => Ok(self.tree().map(|tree| tree.settled(visitor.now))),
        }
    }

    /// Its parts, each with a way to take it away. Alternatives are one part.
    pub fn parts(&self, visitor: &Visitor, link: &Link) -> Vec<Part> {
        let link = link.without("open");
        let parts = self.tree.parts(visitor.zone);
        if parts.len() > 1 && self.tree.root.conjunction == Conjunction::Or {
            let phrase = self.tree.phrases_in(visitor.zone).join("");
            return vec![Part { phrase, without: link.without(KEY).to_string() }];
        }
        let without = |tree: &Tree| match tree.is_empty() {
            true => link.without(KEY),
            false => link.with(KEY, tree.to_text()),
        };
        parts
            .into_iter()
            .map(|p| Part { without: without(&p.without).to_string(), phrase: p.phrase })
            .collect()
    }

    /// What was not applied, for the banner.
    pub fn faults(&self) -> Vec<String> {
        self.faults.iter().map(|fault| fault.detail.clone()).collect()
    }

    /// Whether all of it is applied.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// The status of the page.
    pub fn status(&self) -> StatusCode {
        if self.is_whole() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Takes notice that the tree is too broad; any other error goes on.
    pub fn give_way(&mut self, error: ListError) -> WebResult<()> {
        match error {
            ListError::TooBroad(fault) => {
                self.faults.push(fault);
                Ok(())
            }
            ListError::Db(error) => Err(error.into()),
        }
    }
}
