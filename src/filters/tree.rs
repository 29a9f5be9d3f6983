//! The tree: groups of conditions, as they were read and as they are kept.

use super::{
    columns::{Column, Columns, Operator},
    fault::Fault,
    operand::Operand,
    read,
};
use crate::{clock::Instant, text_enum::text_enum};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeStruct},
};
use serde_json::{Value, json};

/// Groups within groups, the outermost included.
pub const MOST_DEEP: usize = 3;
/// Conditions of a tree.
pub const MOST_CONDITIONS: usize = 20;
/// Values of one condition.
pub const MOST_VALUES: usize = 500;
/// Characters of one value.
pub const LONGEST_TEXT: usize = 200;
/// Bytes of a tree that comes as text, in an address.
pub(super) const LONGEST_TREE: usize = 4 * 1024;

text_enum! {
    /// How a group's parts are joined.
    Conjunction {
        /// All of them must hold.
        And = "and",
        /// Any of them must.
        Or = "or",
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is compared.
    pub column: &'static Column,
    /// How.
    pub operator: Operator,
    /// With what, as it was given; null where nothing is.
    pub value: Value,
    pub(super) operand: Operand,
}

/// Conditions and groups, joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// How they are joined.
    pub conjunction: Conjunction,
    /// The conditions.
    pub filters: Vec<Condition>,
    /// The groups in it.
    pub groups: Vec<Group>,
}

/// A filter over a resource's columns.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The outermost group.
    pub root: Group,
    pub(super) columns: &'static Columns,
    /// What *the last 7 days* count back from; `None`: from when it is asked.
    pub(super) at: Option<Instant>,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        self.root == other.root && self.columns.resource == other.columns.resource
    }
}

impl Group {
    /// Everything that holds.
    pub fn all(conjunction: Conjunction) -> Group {
        Group { conjunction, filters: Vec::new(), groups: Vec::new() }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.groups.iter().all(Group::is_empty)
    }

    /// Every condition with its place, from the outside in.
    pub(super) fn walk<'a>(&'a self, path: &str, each: &mut impl FnMut(String, &'a Condition)) {
        for (n, condition) in self.filters.iter().enumerate() {
            each(format!("{path}.filters[{n}]"), condition);
        }
        for (n, group) in self.groups.iter().enumerate() {
            group.walk(&format!("{path}.groups[{n}]"), each);
        }
    }
}

impl Tree {
    /// Reads a tree from text, as it stands in an address.
    pub fn parse(text: &str, columns: &'static Columns) -> Result<Tree, Vec<Fault>> {
        Tree::strict(Tree::salvage(text, columns))
    }

    /// Reads a tree from a body.
    pub fn from_value(value: Value, columns: &'static Columns) -> Result<Tree, Vec<Fault>> {
        Tree::strict(read::tree(&value, columns))
    }

    /// Reads what can be read: the tree without what does not fit, and what that is.
    pub fn salvage(text: &str, columns: &'static Columns) -> (Tree, Vec<Fault>) {
        read::text(text, columns)
    }

    /// A tree that holds for everything.
    pub fn all(columns: &'static Columns) -> Tree {
        Tree { root: Group::all(Conjunction::And), columns, at: None }
    }

    fn strict((tree, faults): (Tree, Vec<Fault>)) -> Result<Tree, Vec<Fault>> {
        if faults.is_empty() { Ok(tree) } else { Err(faults) }
    }

    /// With the moment that *the last 7 days* count back from.
    pub fn at(self, now: Instant) -> Tree {
        Tree { at: Some(now), ..self }
    }

    /// With *the last 7 days* as the days they are now: what is chosen by it stays so.
    pub fn settled(mut self, now: Instant) -> Tree {
        fn settle(group: &mut Group, now: Instant) {
            for condition in &mut group.filters {
                if let Operand::Ago(span) = condition.operand {
                    let from = now.checked_sub_signed(span).unwrap_or(now);
                    condition.operator = Operator::Between;
                    condition.value = json!([from, now]);
                    condition.operand = Operand::Times(vec![from, now]);
                }
            }
            group.groups.iter_mut().for_each(|inner| settle(inner, now));
        }
        settle(&mut self.root, now);
        self
    }

    /// What it may name.
    pub fn columns(&self) -> &'static Columns {
        self.columns
    }

    /// Whether it narrows nothing.
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// Every condition, from the outside in.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut all = Vec::new();
        self.root.walk("", &mut |_, condition| all.push(condition));
        all
    }

    /// Whether a condition is about the column.
    pub fn names(&self, column: &str) -> bool {
        self.conditions().iter().any(|condition| condition.column.name == column)
    }

    /// Whether a condition asks for this word of the column by name.
    pub fn asks_for(&self, column: &str, word: &str) -> bool {
        self.conditions().iter().any(|condition| {
            condition.column.name == column
                && condition.operator.negates().is_none()
                && matches!(&condition.operand, Operand::Texts(words) if words.iter().any(|w| w == word))
        })
    }

    /// As text, for an address.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root.serialize(serializer)
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("conjunction", &self.conjunction)?;
        map.serialize_entry("filters", &self.filters)?;
        if !self.groups.is_empty() {
            map.serialize_entry("groups", &self.groups)?;
        }
        map.end()
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let with = !self.operator.takes_no_value();
        let mut condition = serializer.serialize_struct("Condition", 2 + usize::from(with))?;
        condition.serialize_field("column", self.column.name)?;
        condition.serialize_field("operator", &self.operator)?;
        if with {
            condition.serialize_field("value", &self.value)?;
        }
        condition.end()
    }
}
