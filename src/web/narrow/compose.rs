//! One condition more in a tree.

use crate::filters::{Conjunction, Fault, Group, Tree};
use serde_json::Value;

/// How a new condition joins what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// It must hold as well.
    And,
    /// It or this part, by its place among the tree's parts.
    Or(usize),
}

impl Join {
    /// As a form says it: `and`, or the number of a part.
    pub fn parse(text: &str) -> Join {
        text.parse().map_or(Join::And, Join::Or)
    }
}

/// The tree with the condition in it; one group deep, which is what pages show.
pub fn with(tree: &Tree, condition: Value, join: Join) -> Result<Tree, Vec<Fault>> {
    let columns = tree.columns();
    let new = Tree::from_value(serde_json::json!({ "filters": [condition] }), columns)?.root;
    let mut root = match tree.root.conjunction {
        Conjunction::And => tree.root.clone(),
        // alternatives outermost become one part beside the new one
        Conjunction::Or => Group { groups: vec![tree.root.clone()], ..Group::all(Conjunction::And) },
    };
    let n = root.filters.len();
    match join {
        Join::Or(part) if part < n => {
            let mut either = Group::all(Conjunction::Or);
            either.filters.push(root.filters.remove(part));
            either.filters.extend(new.filters);
            root.groups.push(either);
        }
        Join::Or(part) if part - n < root.groups.len() => {
            let group = &mut root.groups[part - n];
            match group.conjunction {
                Conjunction::Or => group.filters.extend(new.filters),
                Conjunction::And => {
                    let inner = std::mem::replace(group, Group::all(Conjunction::Or));
                    group.filters = new.filters;
                    group.groups.push(inner);
                }
            }
        }
        _ => root.filters.extend(new.filters),
    }
    // once more through the door, for the limits
    let text = serde_json::to_string(&root).unwrap_or_default();
    Tree::parse(&text, columns)
}
