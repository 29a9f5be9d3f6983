//! An export has exactly the rows that the pages of the list show, in their order,
//! whatever is asked.

use super::{filled, records};
use crate::support::{api::Program, counter::Counter};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use scraper::{Html, Selector};
use serde_json::{Value, json};

const STATUSES: &[&str] = &["pending_post", "pending_tracking", "shipped", "delivered", "error"];

fn query() -> impl Strategy<Value = String> {
    let tab = option::of(select(vec!["active", "errors", "shipped", "delivered", "voided"]));
    let statuses = subsequence(STATUSES.to_vec(), 0..=2);
    let syncs = subsequence(vec!["failed", "synced", "awaiting_send"], 0..=2);
    let courier = option::of(select(vec!["dpd", "DPD", "ups", "nobody"]));
    let q = option::of(select(vec!["BENCH-00001", "T1", "shp-bench", "ada", "1,2,BENCH-000003", "%"]));
    let from = option::of(select(vec!["2026-01-01", "2026-06-01"]));
    (tab, statuses, syncs, courier, q, from).prop_map(|(tab, statuses, syncs, courier, q, from)| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let several = [("status", statuses), ("sync", syncs)];
        for (key, values) in several {
            query.extend_pairs(values.iter().map(|value| (key, *value)));
        }
        let one = [("tab", tab), ("courier", courier), ("q", q), ("from", from)];
        for (key, value) in one {
            query.extend_pairs(value.iter().map(|value| (key, *value)));
        }
        query.finish()
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let condition = || {
        prop_oneof![
            (select(vec!["in", "not_in"]), subsequence(STATUSES.to_vec(), 1..=3))
                .prop_map(|(o, v)| json!({"column": "status", "operator": o, "value": v})),
            (select(vec!["eq", "neq"]), select(vec!["dpd", "ups"]))
                .prop_map(|(o, v)| json!({"column": "courier", "operator": o, "value": v})),
            (select(vec!["lt", "gte"]), 0..120)
                .prop_map(|(o, v)| json!({"column": "id", "operator": o, "value": v})),
            select(vec!["is_empty", "is_not_empty"])
                .prop_map(|o| json!({"column": "tracking_number", "operator": o})),
            (select(vec!["contains", "not_contains"]), select(vec!["BENCH-1", "bench-2"]))
                .prop_map(|(o, v)| json!({"column": "sku", "operator": o, "value": v})),
            select(vec!["is_empty", "is_not_empty"])
                .prop_map(|o| json!({"column": "voided_at", "operator": o})),
        ]
    };
    let group = || {
        (select(vec!["and", "or"]), vec(condition(), 0..=2))
            .prop_map(|(c, f)| json!({"conjunction": c, "filters": f}))
    };
    (select(vec!["and", "or"]), vec(condition(), 0..=2), vec(group(), 0..=2))
        .prop_map(|(c, f, g)| json!({"conjunction": c, "filters": f, "groups": g}))
}

async fn varied() -> crate::support::shop::Shop {
    let shop = filled(130).await;
    // many have one moment: there the order is that of their numbers
    shop.sql(
        "update shipments set created_at = '2026-05-20'::timestamptz + (id % 9) * interval '20 days',
           status = (array['shipped', 'delivered', 'error', 'pending_tracking'])[1 + id % 4],
           courier = (array['dpd', 'ups', null])[1 + id % 3],
           tracking_number = case when id % 5 > 0 then tracking_number end,
           channel_sync = (array['failed', 'synced'])[1 + id % 2];
         update shipments set status = 'canceled', voided_at = now() where id % 11 = 0",
    )
    .await;
    shop
}

fn ids(text: &str) -> Vec<String> {
    records(text).into_iter().skip(1).map(|mut row| row.remove(0)).collect()
}

#[tokio::test]
async fn a_file_has_the_rows_of_the_pages() {
    let shop = varied().await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(waybill::accounts::Role::Client).await;
    let (row, next) =
        (Selector::parse("tr[id^=shipment-]").unwrap(), Selector::parse("a[rel=next]").unwrap());
    let mut runner = TestRunner::deterministic();
    let mut some = 0;
    for _ in 0..30 {
        let query = query().new_tree(&mut runner).unwrap().current();
        let mut shown = Vec::new();
        let mut path = format!("/shipments?size=25&{query}");
        loop {
            let page = Html::parse_document(&client.get(&path).await.body);
            let rows = page.select(&row).filter_map(|row| row.attr("id")?.strip_prefix("shipment-"));
            shown.extend(rows.map(str::to_owned));
            let Some(link) = page.select(&next).next() else { break };
            path = link.attr("href").unwrap().to_owned();
        }
        let list: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let file = client.get(&format!("/exports/file?on=shipments&list={list}&format=csv&column=id")).await;
        assert_eq!((file.status, ids(&file.body)), (200, shown.clone()), "{query}");
        some += usize::from(!shown.is_empty());
    }
    assert!(some > 5, "most of the questions find nothing");
}

#[tokio::test]
async fn a_file_of_a_tree_has_the_rows_of_the_api() {
    let shop = varied().await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let mut runner = TestRunner::deterministic();
    let mut some = 0;
    for _ in 0..30 {
        let tree = tree().new_tree(&mut runner).unwrap().current().to_string();
        let tree: String = url::form_urlencoded::byte_serialize(tree.as_bytes()).collect();
        let (mut shown, mut path) = (Vec::new(), format!("/v1/fulfillments?limit=50&filter_groups={tree}"));
        loop {
            let page = program.get(&path).await.ok();
            shown.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/fulfillments?limit=50&filter_groups={tree}&cursor={next}");
        }
        let file = program.get(&format!("/v1/fulfillments/export?columns=id&filter_groups={tree}")).await;
        assert_eq!((file.status, ids(&file.answer.body)), (200, shown.clone()), "{tree}");
        some += usize::from(!shown.is_empty());
    }
    assert!(some > 10, "most of the trees find nothing");
}
