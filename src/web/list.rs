//! Lists: the URL is the state. Reads `?q=&after=&size=` and the list's own
//! filters, and writes links that keep what they do not change.

use super::{Visitor, filters::grouped, markup::Pager};
use crate::paging::{Cursor, Page};
use std::{cell::RefCell, str::FromStr};

/// Sizes a page may have; the second is the usual one.
pub const SIZES: [usize; 4] = [25, 50, 100, 200];
const USUAL: usize = SIZES[1];
const COMMON: [&str; 3] = ["q", "after", "size"];
const LONGEST_SEARCH: usize = 200;

/// A query string in order, to be changed and written again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Link {
    /// A link without a query.
    pub fn to(path: impl Into<String>) -> Link {
        Link { path: path.into(), pairs: Vec::new() }
    }

    /// A path with the query of a request; keys without a value are dropped.
    pub fn of(path: impl Into<String>, query: &str) -> Link {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().filter(|(_, v)| !v.is_empty());
        Link { path: path.into(), pairs: pairs.collect() }
    }

    /// With one more value of a key, once.
    pub fn and(&self, key: &str, value: impl ToString) -> Link {
        let (mut link, pair) = (self.clone(), (key.to_owned(), value.to_string()));
        if !link.pairs.contains(&pair) {
            link.pairs.push(pair);
        }
        link
    }

    /// With this value of a key and no other.
    pub fn with(&self, key: &str, value: impl ToString) -> Link {
        self.without(key).and(key, value)
    }

    /// Without a key.
    pub fn without(&self, key: &str) -> Link {
        let mut link = self.clone();
        link.pairs.retain(|(k, _)| k != key);
        link
    }

    /// Without one value of a key.
    pub fn without_value(&self, key: &str, value: &str) -> Link {
        let mut link = self.clone();
        link.pairs.retain(|(k, v)| k != key || v != value);
        link
    }

    /// Only the query, to be carried along.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// The keys and values, for hidden fields of a search form.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if self.pairs.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", self.query())
    }
}

/// What a list is asked for.
#[derive(Debug, Clone)]
pub struct List {
    link: Link,
    notes: RefCell<Vec<String>>,
}

impl List {
    /// Reads the request. `filters` are the list's own keys; a key nobody knows
    /// becomes a note instead of a silent difference.
    pub fn read(visitor: &Visitor, filters: &[&str]) -> List {
        List::parse(&visitor.asked.path, &visitor.asked.query, filters)
    }

    /// As [`List::read`], from text.
    pub fn parse(path: &str, query: &str, filters: &[&str]) -> List {
        let mut link = Link::of(path, query);
        let mut notes: Vec<String> = Vec::new();
        link.pairs.retain(|(key, _)| {
            let known = COMMON.contains(&key.as_str()) || filters.contains(&key.as_str());
            if !known {
                let key: String = key.chars().take(40).collect();
                notes.push(format!("This list has no filter “{key}”, so it was left out."));
            }
            known
        });
        notes.dedup();
        List { link, notes: RefCell::new(notes) }
    }

    /// As [`List::parse`], of a list whose own keys are read elsewhere.
    pub fn every(path: &str, query: &str) -> List {
        List { link: Link::of(path, query), notes: RefCell::default() }
    }

    /// The value of a filter; the last one if there are several.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.link.pairs.iter().rfind(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Every value of a filter.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.link.pairs.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The value as a state or the like, by its own parser: `list.word("status",
    /// Status::parse)`. A word it does not know becomes a note.
    pub fn word<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.get(key)?;
        let value = parse(text);
        if value.is_none() {
            self.note(key, text);
        }
        value
    }

    /// All values that the parser knows; the others become notes.
    pub fn words<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let read = |text| {
            let value = parse(text);
            if value.is_none() {
                self.note(key, text);
            }
            value
        };
        self.all(key).filter_map(read).collect()
    }

    /// The value as an id or a number: `list.value::<StoreId>("store")`.
    pub fn value<T: FromStr>(&self, key: &str) -> Option<T> {
        self.word(key, |text| text.parse().ok())
    }

    /// What is searched for; empty when nothing is.
    pub fn q(&self) -> &str {
        let q = self.get("q").unwrap_or_default().trim();
        match q.char_indices().nth(LONGEST_SEARCH) {
            Some((end, _)) => &q[..end],
            None => q,
        }
    }

    /// Where the page starts; none on the first.
    pub fn after(&self) -> Option<Cursor> {
        self.get("after").and_then(Cursor::decode)
    }

    /// How many rows a page has.
    pub fn size(&self) -> usize {
        let asked = self.get("size").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
        if SIZES.contains(&asked) { asked } else { USUAL }
    }

    /// Whether anything but page and size is asked: an empty list is then a
    /// filtered one.
    pub fn is_filtered(&self) -> bool {
        self.link.pairs.iter().any(|(key, _)| key != "after" && key != "size")
    }

    /// The list's address with everything asked, from its first page. Change it
    /// with [`Link`]'s methods.
    pub fn link(&self) -> Link {
        self.link.without("after")
    }

    /// What was left out and why, for a banner.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// The foot of the list. `total` is the number of rows in all, `None` when
    /// counting would cost too much; `noun` is what a row is, in the plural.
    pub fn pager<T>(&self, page: &Page<T>, total: Option<i64>, noun: &str) -> Pager {
        let to = |cursor: &Cursor| self.link.with("after", cursor.encode()).to_string();
        let shown = grouped(i64::try_from(page.rows.len()).unwrap_or(i64::MAX));
        Pager {
            summary: match total {
                Some(total) => format!("{shown} of {} {noun}", grouped(total)),
                None => format!("{shown} {noun}"),
            },
            prev: page.previous.as_ref().map(to),
            next: page.next.as_ref().map(to),
        }
    }

    fn note(&self, key: &str, text: &str) {
        let text: String = text.chars().take(40).collect();
        let note = format!("“{text}” is no value of the filter “{key}”, so it was left out.");
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}
