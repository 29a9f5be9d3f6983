//! Reading a tree that somebody sent. What fits is kept, what does not is a
//! fault with its place; nothing is guessed.

use super::{
    columns::{Columns, Operator},
    fault::{Fault, shown},
    operand::Operand,
    tree::{Condition, Conjunction, Group, LONGEST_TREE, MOST_CONDITIONS, MOST_DEEP, Tree},
};
use serde_json::{Map, Value};

/// What all places begin with.
pub(super) const ROOT: &str = "filter_groups";

pub(super) fn text(text: &str, columns: &'static Columns) -> (Tree, Vec<Fault>) {
    let refused = |code, detail: String| (Tree::all(columns), vec![Fault::new(ROOT, code, detail)]);
    if text.len() > LONGEST_TREE {
        return refused(
            "too_long",
            format!("A filter has at most {LONGEST_TREE} bytes, this one has {}.", text.len()),
        );
    }
    match serde_json::from_str(text) {
        Ok(value) => tree(&value, columns),
        Err(error) => refused("not_json", format!("The filter is not JSON: {error}.")),
    }
}

pub(super) fn tree(value: &Value, columns: &'static Columns) -> (Tree, Vec<Fault>) {
    let mut reader = Reader { columns, faults: Vec::new(), conditions: 0 };
    let root = reader.group(value, ROOT, 1).unwrap_or_else(|| Group::all(Conjunction::And));
    (Tree { root, columns, at: None }, reader.faults)
}

struct Reader {
    columns: &'static Columns,
    faults: Vec<Fault>,
    conditions: usize,
}

impl Reader {
    fn fault(&mut self, path: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        // one who sends a thousand wrong conditions need not be told of each
        if self.faults.len() < MOST_CONDITIONS {
            self.faults.push(Fault::new(path, code, detail));
        }
    }

    fn fields<'a>(&mut self, value: &'a Value, path: &str, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Value::Object(fields) = value else {
            self.fault(path, "not_an_object", format!("Here belongs an object with {}.", known.join(", ")));
            return None;
        };
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())).take(3) {
            let field = shown(field);
            let detail = format!("There is no field “{field}” here; there are {}.", known.join(", "));
            self.fault(format!("{path}.{field}"), "unknown_field", detail);
        }
        Some(fields)
    }

    fn list<'a>(&mut self, fields: &'a Map<String, Value>, name: &str, path: &str) -> &'a [Value] {
        match fields.get(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.fault(format!("{path}.{name}"), "not_a_list", format!("“{name}” is a list."));
                &[]
            }
        }
    }

    fn group(&mut self, value: &Value, path: &str, depth: usize) -> Option<Group> {
        if depth > MOST_DEEP {
            self.fault(path, "too_deep", format!("Groups lie within groups at most {MOST_DEEP} deep."));
            return None;
        }
        let fields = self.fields(value, path, &["conjunction", "filters", "groups"])?;
        let conjunction = match fields.get("conjunction") {
            None => Some(Conjunction::And),
            Some(word) => word.as_str().and_then(Conjunction::parse),
        };
        let Some(conjunction) = conjunction else {
            self.fault(
                format!("{path}.conjunction"),
                "unknown_conjunction",
                "The conjunction is and, or or.",
            );
            return None;
        };
        let mut group = Group::all(conjunction);
        for (n, filter) in self.list(fields, "filters", path).iter().enumerate() {
            self.conditions += 1;
            if self.conditions > MOST_CONDITIONS {
                if self.conditions == MOST_CONDITIONS + 1 {
                    let detail = format!("A filter has at most {MOST_CONDITIONS} conditions.");
                    self.fault(format!("{path}.filters[{n}]"), "too_many_conditions", detail);
                }
                break;
            }
            group.filters.extend(self.condition(filter, &format!("{path}.filters[{n}]")));
        }
        for (n, inner) in self.list(fields, "groups", path).iter().enumerate() {
            if n >= MOST_CONDITIONS {
                let detail = format!("A group has at most {MOST_CONDITIONS} groups in it.");
                self.fault(format!("{path}.groups[{n}]"), "too_many_groups", detail);
                break;
            }
            group.groups.extend(self.group(inner, &format!("{path}.groups[{n}]"), depth + 1));
        }
        // what says nothing is neither true nor false: it is not there
        group.groups.retain(|inner| !inner.is_empty());
        Some(group)
    }

    fn condition(&mut self, value: &Value, path: &str) -> Option<Condition> {
        let fields = self.fields(value, path, &["column", "operator", "value"])?;
        let name = fields.get("column").and_then(Value::as_str).unwrap_or_default();
        let Some(column) = self.columns.find(name) else {
            let withheld = self.columns.withheld.iter().find(|(column, _)| *column == name);
            let (code, detail) = match (withheld, name) {
                (Some((_, permission)), _) => (
                    "column_not_allowed",
                    format!("You need the {permission} permission to filter by “{name}”."),
                ),
                (None, "") => ("column_missing", "A condition needs a column.".to_owned()),
                (None, _) => {
                    let resource = self.columns.resource;
                    (
                        "unknown_column",
                        format!("There is no column “{}” to filter {resource} by.", shown(name)),
                    )
                }
            };
            self.fault(format!("{path}.column"), code, detail);
            return None;
        };
        let word = fields.get("operator").and_then(Value::as_str).unwrap_or_default();
        let Some(operator) = Operator::parse(word) else {
            let words: Vec<&str> = column.kind.operators().iter().map(|o| o.as_str()).collect();
            let detail =
                format!("There is no operator “{}”; “{name}” has {}.", shown(word), words.join(", "));
            self.fault(format!("{path}.operator"), "unknown_operator", detail);
            return None;
        };
        if !column.allows(operator) {
            let detail = format!(
                "“{name}” is of the type {}, which has no operator “{operator}”.",
                column.kind.as_str()
            );
            self.fault(format!("{path}.operator"), "operator_does_not_fit", detail);
            return None;
        }
        let value = fields.get("value").unwrap_or(&Value::Null);
        match Operand::read(column, operator, value) {
            Ok(operand) => Some(Condition { column, operator, value: value.clone(), operand }),
            Err((code, detail)) => {
                self.fault(format!("{path}.value"), code, detail);
                None
            }
        }
    }
}
