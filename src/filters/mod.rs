//! Grouped filters: a tree of conditions over named columns, joined by *all of*
//! or *any of*. The same tree narrows the API's answers, the pages' lists, saved
//! views, exports and what a bulk operation is done to.
//!
//! ```json
//! {"conjunction": "and", "filters": [{"column": "status", "operator": "in", "value": ["error", "unconfirmed"]}],
//!  "groups": [{"conjunction": "or", "filters": [{"column": "courier", "operator": "is_empty"}], "groups": []}]}
//! ```
//!
//! What a resource offers is a static list of [`Column`]s beside its list; what
//! does not fit is a [`Fault`] that names its place. A tree becomes SQL out of
//! fixed text and bound values only. A negation is the exact complement: what is
//! empty is not Berlin.

mod breadth;
mod columns;
mod fault;
mod operand;
mod phrases;
mod read;
mod sql;
mod tree;

pub use breadth::{LONGEST_SEARCH, ListError, planned, rows, too_broad};
pub(crate) use columns::thousandths;
pub use columns::{Column, Columns, Guarded, Kind, Operator, Reach, choice, in_words};
pub use fault::Fault;
pub use phrases::Part;
pub use tree::{Condition, Conjunction, Group, LONGEST_TEXT, MOST_CONDITIONS, MOST_DEEP, MOST_VALUES, Tree};
