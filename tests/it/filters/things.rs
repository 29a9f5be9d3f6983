//! A small table that exists for its columns, one of each type, and any tree over
//! them.

use chrono::{DateTime, Duration, Utc};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use std::sync::LazyLock;
use waybill::filters::{Column, Columns, Kind};

/// Every currency whose decimals are not two, and some whose are.
pub const CURRENCIES: [&str; 27] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF", "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "EUR", "USD", "GBP", "CHF",
];
const WORDS: [&str; 3] = ["new", "half_way", "done"];
/// What means something to `like`, to quoting, and to whoever lower-cases.
const TEXTS: [&str; 12] =
    ["a", "A", "aB", "b%", "B_a", r"a\", "É", "é%", "ab", "1", "x'); drop table things; --", "{}"];

pub static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns {
    resource: "things",
    list: vec![
        Column::own("name", "Name", Kind::Text, "o.name"),
        Column::own(
            "word",
            "Word",
            Kind::Choice(WORDS.map(|word| (word, waybill::filters::in_words(word))).to_vec()),
            "o.word",
        ),
        Column::own("n", "Number", Kind::Number, "o.n"),
        Column::own("price", "Price", Kind::Money, "o.minor").scaled(scale()),
        Column::own("at", "At", Kind::Time, "o.at"),
        Column::own("yes", "Yes", Kind::Boolean, "(o.yes is not null)"),
        Column::own("tags", "Tags", Kind::List, "o.tags"),
        Column::related("kid", "Kid", Kind::Text, "kids k where k.thing_id = o.id", "k.name"),
        Column::named("home", "Home", "o.home_id", "homes h where h.id = o.home_id", "h.name"),
    ],
    withheld: vec![("secret", "Personal data")],
});

/// As orders have it: the table is called `o` for this.
fn scale() -> &'static str {
    waybill::orders::filter_columns::columns(|_| true).find("total").unwrap().scale
}

/// The moment of the tests.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

#[derive(Debug, Clone)]
pub struct Thing {
    pub name: Option<&'static str>,
    pub word: Option<&'static str>,
    pub n: Option<i64>,
    pub minor: i64,
    pub currency: &'static str,
    pub at: Option<DateTime<Utc>>,
    pub yes: bool,
    pub tags: Vec<&'static str>,
    pub kids: Vec<&'static str>,
    pub home: Option<i64>,
}

/// The homes' names; their ids count from 1.
pub const HOMES: [&str; 3] = ["North", "south", "1"];

fn text() -> impl Strategy<Value = &'static str> + Clone {
    select(&TEXTS[..])
}

fn time() -> impl Strategy<Value = DateTime<Utc>> + Clone {
    // hours around now, so that they meet
    (-60i64..12).prop_map(|hours| now() + Duration::hours(hours))
}

pub fn thing() -> impl Strategy<Value = Thing> {
    let name = prop_oneof![1 => Just(None), 1 => Just(Some("")), 6 => text().prop_map(Some)];
    let word = prop::option::of(select(&WORDS[..]));
    let at = prop::option::of(time());
    let money = (0i64..4, select(&CURRENCIES[..]));
    (
        name,
        word,
        prop::option::of(0i64..4),
        money,
        at,
        any::<bool>(),
        vec(text(), 0..3),
        vec(text(), 0..3),
        prop::option::of(1i64..4),
    )
        .prop_map(|(name, word, n, (minor, currency), at, yes, tags, kids, home)| Thing {
            name,
            word,
            n,
            minor: minor * 5,
            currency,
            at,
            yes,
            tags,
            kids,
            home,
        })
}

fn one_or_some(
    single: &'static [&'static str],
    list: &'static [&'static str],
    value: impl Strategy<Value = Value> + Clone + 'static,
) -> BoxedStrategy<(&'static str, Value)> {
    prop_oneof![
        3 => (select(single), value.clone()),
        2 => (select(list), vec(value, 1..4).prop_map(Value::Array)),
        1 => (select(&["is_empty", "is_not_empty"][..]), Just(Value::Null)),
    ]
    .boxed()
}

fn ordered(
    value: impl Strategy<Value = (i64, Value)> + Clone + 'static,
) -> BoxedStrategy<(&'static str, Value)> {
    let between = (value.clone(), value.clone()).prop_map(|(one, other)| {
        let (low, high) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        ("between", json!([low.1, high.1]))
    });
    prop_oneof![3 => (select(&["gt", "gte", "lt", "lte"][..]), value.prop_map(|(_, v)| v)), 1 => between]
        .boxed()
}

fn condition() -> impl Strategy<Value = Value> {
    const LIKE: &[&str] = &["eq", "neq", "contains", "not_contains", "starts_with", "ends_with"];
    const IS: &[&str] = &["eq", "neq"];
    const ANY: &[&str] = &["in", "not_in"];
    let texts = || one_or_some(LIKE, ANY, text().prop_map(|t| json!(t)));
    let number = || (0i64..4).prop_map(|n| (n, json!(n)));
    let amount = || {
        select(vec![(0, "0"), (50, "0.050"), (100, "0.1"), (5000, "5"), (10_000, "10.00"), (150, "0.15")])
            .prop_map(|(n, text)| (n, json!(text)))
    };
    let at = || time().prop_map(|at| (at.timestamp(), json!(at)));
    prop_oneof![
        texts().prop_map(|c| ("name", c)),
        texts().prop_map(|c| ("kid", c)),
        one_or_some(IS, ANY, select(&WORDS[..]).prop_map(|w| json!(w))).prop_map(|c| ("word", c)),
        one_or_some(IS, ANY, number().prop_map(|(_, n)| n)).prop_map(|c| ("n", c)),
        ordered(number()).prop_map(|c| ("n", c)),
        one_or_some(IS, ANY, amount().prop_map(|(_, n)| n)).prop_map(|c| ("price", c)),
        ordered(amount()).prop_map(|c| ("price", c)),
        ordered(at()).prop_map(|c| ("at", c)),
        select(&["1d", "24h", "30m", "90m", "2d"][..]).prop_map(|span| ("at", ("within_last", json!(span)))),
        select(&["is_empty", "is_not_empty"][..]).prop_map(|o| ("at", (o, Value::Null))),
        (select(IS), any::<bool>()).prop_map(|(o, yes)| ("yes", (o, json!(yes)))),
        one_or_some(&["contains", "not_contains"], ANY, text().prop_map(|t| json!(t)))
            .prop_map(|c| ("tags", c)),
        one_or_some(
            IS,
            ANY,
            prop_oneof![
                (0i64..5).prop_map(|id| json!(id)),
                select(&["north", "SOUTH", "x"][..]).prop_map(|n| json!(n)),
            ],
        )
        .prop_map(|c| ("home", c)),
    ]
    .prop_map(|(column, (operator, value))| match value {
        Value::Null => json!({"column": column, "operator": operator}),
        value => json!({"column": column, "operator": operator, "value": value}),
    })
}

fn group(filters: usize, groups: BoxedStrategy<Vec<Value>>) -> BoxedStrategy<Value> {
    (select(&["and", "or"][..]), vec(condition(), 0..=filters), groups)
        .prop_map(|(conjunction, filters, groups)| match groups.is_empty() {
            true => json!({"conjunction": conjunction, "filters": filters}),
            false => json!({"conjunction": conjunction, "filters": filters, "groups": groups}),
        })
        .boxed()
}

/// Any tree, empty groups and three levels included.
pub fn tree() -> impl Strategy<Value = Value> {
    let inner = group(2, Just(Vec::new()).boxed());
    let middle = group(2, vec(inner, 0..=2).boxed());
    group(3, vec(middle, 0..=2).boxed())
}
