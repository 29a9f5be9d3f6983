//! A tree as a condition of a statement: fixed text, and values only ever bound.

use super::{
    columns::{Column, Kind, Operator, Reach},
    operand::Operand,
    tree::{Condition, Conjunction, Group, Tree},
};
use crate::{
    clock,
    clock::Instant,
    db::{Sql, ends_with, starts_with},
};

impl Tree {
    /// Adds ` and (…)`; nothing where the tree says nothing. The statement's text
    /// differs from tree to tree, so it is not kept prepared.
    pub fn push_where(&self, statement: Sql) -> Sql {
        if self.is_empty() {
            return statement;
        }
        let now = self.at.unwrap_or_else(clock::now);
        group(statement.push(" and "), &self.root, now).unprepared()
    }
}

fn group(mut statement: Sql, of: &Group, now: Instant) -> Sql {
    let joint = match of.conjunction {
        Conjunction::And => " and ",
        Conjunction::Or => " or ",
    };
    let mut first = true;
    let mut next = |statement: Sql| statement.push(if std::mem::take(&mut first) { "(" } else { joint });
    for filter in &of.filters {
        statement = condition(next(statement), filter, now);
    }
    for inner in of.groups.iter().filter(|group| !group.is_empty()) {
        statement = group(next(statement), inner, now);
    }
    statement.push(")")
}

/// A negation is the complement of what it negates, whatever is unknown.
fn condition(statement: Sql, condition: &Condition, now: Instant) -> Sql {
    let Condition { column, operator, operand, .. } = condition;
    let (operator, negated) = match operator.negates() {
        Some(positive) => (positive, true),
        None => (*operator, false),
    };
    match column.reach {
        Reach::Own(value) => {
            let statement = compare(statement.push("("), column, value, operator, operand, now);
            statement.push(if negated { ") is not true" } else { ")" })
        }
        Reach::Related(rows, value) => {
            let statement =
                statement.push(if negated { "not exists (select 1 from " } else { "exists (select 1 from " });
            compare(statement.push(rows).push(" and "), column, value, operator, operand, now).push(")")
        }
        Reach::Named(id, rows, name) => {
            let statement = statement.push("(");
            let statement = match operand {
                Operand::Named(ids, names) => {
                    let mut statement = statement;
                    if !ids.is_empty() {
                        statement = statement.push(id).push(" = any({})").bind(ids.clone());
                    }
                    if !names.is_empty() {
                        // alone it can be a join, which it cannot be beside an *or*
                        statement = statement
                            .push(if ids.is_empty() {
                                "exists (select 1 from "
                            } else {
                                " or exists (select 1 from "
                            })
                            .push(rows)
                            .push(" and lower(")
                            .push(name)
                            .push(") = any({}))")
                            .bind(names.clone());
                    }
                    statement
                }
                _ => statement.push(id).push(" is not null"),
            };
            statement.push(if negated { ") is not true" } else { ")" })
        }
    }
}

/// The comparison itself; null where there is nothing to compare.
fn compare(
    statement: Sql,
    column: &Column,
    value: &'static str,
    operator: Operator,
    operand: &Operand,
    now: Instant,
) -> Sql {
    let statement = statement.push("");
    match (&column.kind, operand) {
        (Kind::List, Operand::Texts(texts)) => statement
            .push("exists (select 1 from unnest(")
            .push(value)
            .push(") as member (name) where lower(member.name) = any({}))")
            .bind(folded(texts)),
        (Kind::List, _) => statement.push("cardinality(").push(value).push(") > 0"),
        (Kind::Text, Operand::Texts(texts)) => {
            let text = texts.first().map_or("", String::as_str);
            let statement = statement.push("lower(").push(value);
            match operator {
                Operator::In => statement.push(") = any({})").bind(folded(texts)),
                Operator::Contains => statement.push(") like {}").bind(crate::db::contains(text)),
                Operator::StartsWith => statement.push(") like {}").bind(starts_with(text)),
                Operator::EndsWith => statement.push(") like {}").bind(ends_with(text)),
                _ => statement.push(") = {}").bind(text.to_lowercase()),
            }
        }
        (Kind::Text, _) => statement.push(value).push(" <> ''"),
        (_, Operand::Texts(words)) => match words.as_slice() {
            [one] => statement.push(value).push(" = {}").bind(one),
            many => statement.push(value).push(" = any({})").bind(many.to_vec()),
        },
        (Kind::Money, Operand::Numbers(numbers)) => {
            let statement =
                statement.push("(").push(value).push(")::numeric * ").push(column.scale).push(" ");
            bound(statement, operator, numbers.clone(), numbers)
        }
        (_, Operand::Numbers(numbers)) => {
            bound(statement.push(value).push(" "), operator, numbers.clone(), numbers)
        }
        (_, Operand::Times(times)) => {
            let at = |n: usize| times.get(n).copied().unwrap_or(now);
            let statement = statement.push(value);
            match operator {
                Operator::Gt => statement.push(" > {}").bind(at(0)),
                Operator::Gte => statement.push(" >= {}").bind(at(0)),
                Operator::Lt => statement.push(" < {}").bind(at(0)),
                Operator::Lte => statement.push(" <= {}").bind(at(0)),
                _ => statement.push(" between {} and {}").bind(at(0)).bind(at(1)),
            }
        }
        (_, Operand::Ago(span)) => {
            let from = now.checked_sub_signed(*span).unwrap_or(now);
            statement.push(value).push(" between {} and {}").bind(from).bind(now)
        }
        (_, Operand::Bool(yes)) => statement.push(value).push(" = {}").bind(*yes),
        (_, Operand::Nothing | Operand::Named(..)) => statement.push(value).push(" is not null"),
    }
}

fn bound(statement: Sql, operator: Operator, all: Vec<i64>, numbers: &[i64]) -> Sql {
    let number = |n: usize| numbers.get(n).copied().unwrap_or_default();
    match operator {
        Operator::In => statement.push("= any({})").bind(all),
        Operator::Gt => statement.push("> {}").bind(number(0)),
        Operator::Gte => statement.push(">= {}").bind(number(0)),
        Operator::Lt => statement.push("< {}").bind(number(0)),
        Operator::Lte => statement.push("<= {}").bind(number(0)),
        Operator::Between => statement.push("between {} and {}").bind(number(0)).bind(number(1)),
        _ => statement.push("= {}").bind(number(0)),
    }
}

fn folded(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}
