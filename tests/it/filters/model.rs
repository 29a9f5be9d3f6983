//! The database finds exactly what the words of a tree say. The evaluator here is
//! written from those words, on values in memory, and knows no SQL.

use super::things::{COLUMNS, HOMES, Thing, now, thing, tree};
use crate::support::portal::Portal;
use chrono::{DateTime, Duration, Utc};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::SimpleAsyncConnection;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::Value;
use std::fmt::Write;
use waybill::{
    db::{Scope, sql},
    filters::Tree,
    money,
};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

async fn fill(scope: &mut Scope, things: &[Thing]) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let list = |texts: &[&str]| {
        format!("array[{}]::text[]", texts.iter().map(|t| quoted(t)).collect::<Vec<_>>().join(","))
    };
    let text = |text: Option<&str>| text.map_or("null".to_owned(), quoted);
    let number = |n: Option<i64>| n.map_or("null".to_owned(), |n| n.to_string());
    let mut made =
        "create temp table things (id bigint, name text, word text, n bigint, minor bigint, currency text, \
         at timestamptz, yes bigint, tags text[], home_id bigint) on commit drop; \
         create temp table kids (thing_id bigint, name text) on commit drop; \
         create temp table homes (id bigint, name text) on commit drop;"
            .to_owned();
    for (n, home) in HOMES.iter().enumerate() {
        write!(made, "insert into homes values ({}, {});", n + 1, quoted(home)).unwrap();
    }
    for (id, thing) in things.iter().enumerate() {
        let at = thing.at.map_or("null".to_owned(), |at| quoted(&at.to_rfc3339()));
        let yes = if thing.yes { "1" } else { "null" };
        write!(
            made,
            "insert into things values ({id}, {}, {}, {}, {}, {}, {at}, {yes}, {}, {});",
            text(thing.name),
            text(thing.word),
            number(thing.n),
            thing.minor,
            quoted(thing.currency),
            list(&thing.tags),
            number(thing.home),
        )
        .unwrap();
        for kid in &thing.kids {
            write!(made, "insert into kids values ({id}, {});", quoted(kid)).unwrap();
        }
    }
    scope.connection().batch_execute(&made).await.unwrap();
}

/// What a condition may be true of: every text or number that stands there.
fn texts(thing: &Thing, column: &str) -> Vec<String> {
    let all: Vec<&str> = match column {
        "name" => thing.name.into_iter().collect(),
        "word" => thing.word.into_iter().collect(),
        "kid" => thing.kids.clone(),
        "tags" => thing.tags.clone(),
        other => panic!("{other}"),
    };
    all.iter().map(|text| text.to_lowercase()).filter(|text| !text.is_empty()).collect()
}

fn thousandths(text: &Value) -> i64 {
    money::parse(text.as_str().unwrap(), "KWD").unwrap()
}

fn holds(condition: &Value, thing: &Thing) -> bool {
    let column = condition["column"].as_str().unwrap();
    let value = &condition["value"];
    let values: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let lower = |v: &Value| v.as_str().unwrap().to_lowercase();
    let operator = condition["operator"].as_str().unwrap();
    let opposite = match operator {
        "neq" => Some("eq"),
        "not_in" => Some("in"),
        "not_contains" => Some("contains"),
        "is_empty" => Some("is_not_empty"),
        _ => None,
    };
    if let Some(opposite) = opposite {
        let mut positive = condition.clone();
        positive["operator"] = opposite.into();
        return !holds(&positive, thing);
    }
    let compared = |it: i64, with: &dyn Fn(&Value) -> i64| match operator {
        "eq" | "in" => values.iter().any(|v| it == with(v)),
        "gt" => it > with(values[0]),
        "gte" => it >= with(values[0]),
        "lt" => it < with(values[0]),
        "lte" => it <= with(values[0]),
        "between" => it >= with(values[0]) && it <= with(values[1]),
        "is_not_empty" => true,
        other => panic!("{other}"),
    };
    match column {
        "name" | "word" | "kid" | "tags" => texts(thing, column).iter().any(|it| match operator {
            "contains" if column == "tags" => *it == lower(value),
            "eq" | "in" => values.iter().any(|v| *it == lower(v)),
            "contains" => it.contains(&lower(value)),
            "starts_with" => it.starts_with(&lower(value)),
            "ends_with" => it.ends_with(&lower(value)),
            "is_not_empty" => true,
            other => panic!("{other}"),
        }),
        "n" => thing.n.is_some_and(|n| compared(n, &|v| v.as_i64().unwrap())),
        "price" => {
            let scale = 10_i64.pow(3 - u32::try_from(money::exponent(thing.currency)).unwrap());
            compared(thing.minor * scale, &thousandths)
        }
        "at" => thing.at.is_some_and(|at| match operator {
            "within_last" => {
                let (number, unit) = value.as_str().unwrap().split_at(value.as_str().unwrap().len() - 1);
                let minutes = number.parse::<i64>().unwrap()
                    * [("m", 1), ("h", 60), ("d", 1440)].iter().find(|(u, _)| *u == unit).unwrap().1;
                at >= now() - Duration::minutes(minutes) && at <= now()
            }
            _ => compared(at.timestamp(), &|v| {
                v.as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp()
            }),
        }),
        "yes" => thing.yes == value.as_bool().unwrap(),
        "home" => thing.home.is_some_and(|home| {
            let name = HOMES[usize::try_from(home).unwrap() - 1].to_lowercase();
            operator == "is_not_empty"
                || values
                    .iter()
                    .any(|v| v.as_i64() == Some(home) || v.as_str().is_some_and(|v| v.to_lowercase() == name))
        }),
        other => panic!("{other}"),
    }
}

/// An empty group is not there; of what is, all or any.
fn matches(group: &Value, thing: &Thing) -> Option<bool> {
    let none = Vec::new();
    let list = |name: &str| group.get(name).and_then(Value::as_array).unwrap_or(&none).clone();
    let mut parts: Vec<bool> = list("filters").iter().map(|condition| holds(condition, thing)).collect();
    parts.extend(list("groups").iter().filter_map(|inner| matches(inner, thing)));
    if parts.is_empty() {
        return None;
    }
    Some(match group["conjunction"].as_str().unwrap() {
        "and" => parts.iter().all(|part| *part),
        _ => parts.iter().any(|part| *part),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_finds_what_the_tree_says() {
    let portal = Portal::open().await;
    let mut runner = TestRunner::default();
    let mut found_some = 0;
    for _ in 0..6 {
        let things = vec(thing(), 40).new_tree(&mut runner).unwrap().current();
        let mut scope = portal.scope().await;
        fill(&mut scope, &things).await;
        for _ in 0..80 {
            let value = tree().new_tree(&mut runner).unwrap().current();
            let tree = Tree::from_value(value.clone(), &COLUMNS).unwrap_or_else(|f| panic!("{value}: {f:?}"));
            let statement =
                tree.at(now()).push_where(sql("select o.id from things o where true")).push(" order by o.id");
            let rows: Vec<Id> = scope.rows(statement).await.unwrap_or_else(|e| panic!("{value}: {e:?}"));
            let found: Vec<i64> = rows.into_iter().map(|row| row.id).collect();
            let wanted: Vec<i64> = (0..)
                .zip(&things)
                .filter(|(_, t)| matches(&value, t).unwrap_or(true))
                .map(|(id, _)| id)
                .collect();
            let odd = found.iter().chain(&wanted).find(|id| found.contains(id) != wanted.contains(id));
            let odd = odd.map(|id| &things[usize::try_from(*id).unwrap()]);
            assert!(odd.is_none(), "{value:#}\nfound {found:?}, said {wanted:?}: {odd:?}");
            found_some += usize::from(!found.is_empty() && found.len() < things.len());
        }
    }
    assert!(found_some > 100, "most trees tell some from others: {found_some}");
}
