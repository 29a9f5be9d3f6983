//! Reading trees: what fits is kept as it came, what does not is named by place.

use super::things::{COLUMNS, now, tree};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill::{db::sql, filters::Tree};

fn faults(value: Value) -> Vec<(String, &'static str)> {
    let faults = Tree::from_value(value, &COLUMNS).expect_err("it does not fit");
    faults.into_iter().map(|fault| (fault.path, fault.code)).collect()
}

fn one(column: &str, operator: &str, value: Value) -> Value {
    json!({"conjunction": "and", "filters": [{"column": column, "operator": operator, "value": value}]})
}

fn of_one(column: &str, operator: &str, value: Value) -> (String, &'static str, String) {
    let mut faults = Tree::from_value(one(column, operator, value), &COLUMNS).expect_err("it does not fit");
    assert_eq!(faults.len(), 1, "{faults:?}");
    let fault = faults.remove(0);
    (fault.path.replace("filter_groups.filters[0].", ""), fault.code, fault.detail)
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let wrong = json!({"conjunction": "and", "filters": [{"column": "name", "operator": "eq", "value": "a"}],
        "groups": [{"conjunction": "or", "filters": [
            {"column": "word", "operator": "is_empty"},
            {"column": "word", "operator": "contains", "value": "new"},
            {"column": "nme", "operator": "eq", "value": "a"},
            {"column": "name", "operator": "like", "value": "a"},
            {"column": "secret", "operator": "eq", "value": "a"},
            {"column": "name", "operator": "eq", "value": "a", "note": 1}]}]});
    let at = |n: usize, rest: &str| format!("filter_groups.groups[0].filters[{n}].{rest}");
    assert_eq!(
        faults(wrong.clone()),
        [
            (at(1, "operator"), "operator_does_not_fit"),
            (at(2, "column"), "unknown_column"),
            (at(3, "operator"), "unknown_operator"),
            (at(4, "column"), "column_not_allowed"),
            (at(5, "note"), "unknown_field"),
        ]
    );
    let (kept, faults) = Tree::salvage(&wrong.to_string(), &COLUMNS);
    assert_eq!(faults.len(), 5);
    assert_eq!(kept.phrases(), ["Name: a", "Word: empty or Name: a"], "the rest is applied");
    let detail = |n: usize| faults[n].detail.as_str();
    assert_eq!(detail(0), "“word” is of the type choice, which has no operator “contains”.");
    assert_eq!(detail(3), "You need the Personal data permission to filter by “secret”.");
}

#[test]
fn a_value_fits_its_column_or_is_refused() {
    for (column, operator, value, code) in [
        ("name", "eq", json!(5), "value_does_not_fit"),
        ("name", "eq", json!(""), "value_does_not_fit"),
        ("name", "eq", json!("a\0b"), "value_does_not_fit"),
        ("name", "eq", Value::Null, "value_missing"),
        ("name", "eq", json!(["a"]), "value_does_not_fit"),
        ("name", "in", json!("a"), "value_does_not_fit"),
        ("name", "in", json!([]), "value_missing"),
        ("name", "in", json!(vec!["a"; 501]), "too_many_values"),
        ("name", "contains", json!("a".repeat(201)), "too_long"),
        ("name", "is_empty", json!("a"), "value_does_not_fit"),
        ("word", "eq", json!("nw"), "value_does_not_fit"),
        ("n", "gt", json!(1.5), "value_does_not_fit"),
        ("n", "eq", json!("9223372036854775808"), "value_does_not_fit"),
        ("n", "between", json!([2, 1]), "value_does_not_fit"),
        ("n", "between", json!([1]), "value_does_not_fit"),
        ("price", "gt", json!("1,5"), "value_does_not_fit"),
        ("price", "gt", json!(1e300), "value_does_not_fit"),
        ("at", "gt", json!("2026-11-20"), "value_does_not_fit"),
        ("at", "gt", json!("-0044-03-15T00:00:00Z"), "value_does_not_fit"),
        ("at", "within_last", json!("7"), "value_does_not_fit"),
        ("at", "within_last", json!("-7d"), "value_does_not_fit"),
        ("at", "within_last", json!("9999999999d"), "value_does_not_fit"),
        ("at", "within_last", json!("7é"), "value_does_not_fit"),
        ("at", "within_last", json!(""), "value_does_not_fit"),
        ("yes", "eq", json!("yes"), "value_does_not_fit"),
        ("home", "eq", json!({}), "value_does_not_fit"),
    ] {
        let (path, found, detail) = of_one(column, operator, value.clone());
        assert_eq!((path.as_str(), found), ("value", code), "{column} {operator} {value}: {detail}");
    }
    let (_, _, detail) = of_one("word", "eq", json!("nw"));
    assert_eq!(detail, "“nw” does not fit “word”, which takes one of new, half_way, done.");
}

#[test]
fn a_tree_has_limits_that_are_named() {
    let condition = json!({"column": "n", "operator": "eq", "value": 1});
    let many = |n: usize| json!({"conjunction": "or", "filters": vec![condition.clone(); n]});
    assert!(Tree::from_value(many(20), &COLUMNS).is_ok());
    assert_eq!(faults(many(21)), [("filter_groups.filters[20]".into(), "too_many_conditions")]);
    let deep = |n: usize| {
        (1..n).fold(many(1), |inner, _| json!({"conjunction": "and", "filters": [], "groups": [inner]}))
    };
    assert!(Tree::from_value(deep(3), &COLUMNS).is_ok());
    assert_eq!(faults(deep(4)), [("filter_groups.groups[0].groups[0].groups[0]".into(), "too_deep")]);
    let ids: Vec<String> = (0..500).map(|n| format!("number-{n}")).collect();
    let long = one("name", "in", json!(ids));
    assert!(Tree::from_value(long.clone(), &COLUMNS).is_ok(), "a body may be longer than an address");
    let refused = Tree::parse(&long.to_string(), &COLUMNS).expect_err("too long");
    assert_eq!((refused[0].path.as_str(), refused[0].code), ("filter_groups", "too_long"));
    for text in
        ["", "{", "[]", "null", "7", "{\"conjunction\":\"nor\"}", "{\"filters\":{}}", "{\"groups\":[7]}"]
    {
        assert_eq!(Tree::parse(text, &COLUMNS).expect_err(text).len(), 1, "{text}");
    }
    assert_eq!(Tree::parse("{}", &COLUMNS).unwrap().phrases(), Vec::<String>::new());
}

#[test]
fn a_tree_reads_as_words() {
    let tree = json!({"conjunction": "and", "filters": [
        {"column": "word", "operator": "in", "value": ["new", "half_way"]},
        {"column": "name", "operator": "in", "value": ["a", "b", "c", "d", "e"]},
        {"column": "name", "operator": "not_contains", "value": "x"},
        {"column": "price", "operator": "between", "value": ["1.00", 5]},
        {"column": "at", "operator": "within_last", "value": "7d"},
        {"column": "at", "operator": "lt", "value": "2026-11-19T23:00:00Z"},
        {"column": "yes", "operator": "eq", "value": "false"},
        {"column": "home", "operator": "neq", "value": "North"}],
      "groups": [{"conjunction": "or", "filters": [{"column": "tags", "operator": "contains", "value": "vip"},
        {"column": "at", "operator": "is_empty"}],
        "groups": [{"conjunction": "and", "filters": [{"column": "n", "operator": "gte", "value": 1}, {"column": "n", "operator": "lt", "value": 9}]}]}]});
    let tree = Tree::from_value(tree, &COLUMNS).unwrap();
    let brussels = tree.phrases_in(chrono_tz::Europe::Brussels);
    assert_eq!(
        brussels,
        [
            "Word: New, Half way",
            "Name: a, b, c and 2 more",
            "Name: without “x”",
            "Price: 1.00 to 5",
            "At: last 7 days",
            "At: before 20 Nov 2026",
            "Yes: no",
            "Home: not North",
            "Tags: vip or At: empty or (Number: at least 1 and Number: less than 9)",
        ]
    );
    assert_eq!(tree.phrases()[5], "At: before 19 Nov 2026 23:00");
    let parts = tree.parts(chrono_tz::UTC);
    assert_eq!(parts.len(), 9);
    assert_eq!(parts[8].without.phrases().len(), 8);
    let settled = tree.settled(now());
    assert_eq!(settled.phrases()[4], "At: 13 Nov 2026 12:00 to 20 Nov 2026 12:00");
}

/// Any JSON, mostly with the words that trees are made of.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "conjunction",
        "filters",
        "groups",
        "column",
        "operator",
        "value",
        "and",
        "or",
        "name",
        "n",
        "at",
        "price",
        "eq",
        "in",
        "between",
        "within_last",
        "7d",
        "home",
        "§§",
        "2026-01-01T00:00:00Z",
        "\0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        word.clone().prop_map(|w| json!(w)),
        r"\PC{0,6}".prop_map(|t| json!(t)),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((word.clone(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_parses_back_to_itself(value in tree()) {
        let tree = Tree::from_value(value, &COLUMNS).unwrap();
        prop_assert_eq!(&Tree::parse(&tree.to_text(), &COLUMNS).unwrap(), &tree);
        // and taking its parts away one by one leaves nothing
        let mut rest = tree;
        while let Some(part) = rest.parts(chrono_tz::UTC).into_iter().next() {
            rest = part.without;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn hostile_input_ends_in_faults_and_never_in_the_text_of_a_statement(value in anything(), text in r"\PC{0,60}") {
        let _ = Tree::salvage(&text, &COLUMNS);
        let condition = json!({"filters": [{"column": "name", "operator": "contains", "value": format!("§§{text}")}, value.clone()]});
        for value in [value.clone(), condition, one("name", "in", value.clone()), one("at", "within_last", value)] {
            let (tree, _) = Tree::salvage(&value.to_string(), &COLUMNS);
            let statement = tree.at(now()).push_where(sql("select"));
            let written = diesel::debug_query::<diesel::pg::Pg, _>(&statement).to_string();
            let written = written.split(" -- binds:").next().unwrap_or_default();
            prop_assert!(!written.contains('§'), "{}", written);
        }
    }
}
