//! Trees on the pages: chips, the form that adds a condition, what is wrong with
//! an address, and everything that matches in bulk.

use crate::support::portal::{Answer, Browser, Portal};
use serde_json::{Value, json};
use waybill::accounts::Role;

fn f(tree: &Value) -> String {
    url::form_urlencoded::byte_serialize(tree.to_string().as_bytes()).collect()
}

fn one(column: &str, operator: &str, value: Value) -> Value {
    json!({"conjunction": "and", "filters": [{"column": column, "operator": operator, "value": value}]})
}

async fn follow(browser: &mut Browser, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser.get(answer.location()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chips_say_the_tree_and_take_it_away_part_by_part() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    for (list, row, column) in [("/orders", "ORD-own", "number"), ("/shipments", "SHP-own", "reference")] {
        let tree = json!({"conjunction": "and", "filters": [
            {"column": column, "operator": "contains", "value": "own"},
            {"column": "status", "operator": "in", "value": ["shipped", "canceled"]}],
          "groups": [{"conjunction": "or", "filters": [
            {"column": "country", "operator": "eq", "value": "be"}, {"column": "tags", "operator": "contains", "value": "x"}]}]});
        let page = client.get(&format!("{list}?f={}", f(&tree))).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.texts("[data-primary]"), [row]);
        let chips = page.attributes(".chip.applied a", "aria-label");
        assert_eq!(chips.len(), 3, "{chips:?}");
        assert!(
            chips[0].starts_with("Remove filter ") && chips[0].ends_with(": contains “own”"),
            "{chips:?}"
        );
        assert_eq!(chips[2], "Remove filter Country: be or Tags: x");
        assert!(page.texts(".filters a").iter().any(|text| text == "Clear all"), "from two on");
        let other = one(column, "contains", json!("nothing"));
        assert!(client.get(&format!("{list}?f={}", f(&other))).await.texts("[data-primary]").is_empty());
        // two presses later one is left, and nothing to clear
        let mut page = page;
        for left in [2, 1] {
            let href = page.attribute(".chip.applied a", "href").unwrap();
            page = client.get(&href).await;
            assert_eq!(page.texts(".chip.applied").len(), left);
        }
        assert!(!page.texts(".filters a").iter().any(|text| text == "Clear all"));
        let tab = page.attribute(".tabs a:nth-of-type(2)", "href").unwrap();
        assert!(tab.contains("f=%7B"), "the tree stays over tabs: {tab}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_filter_is_named_and_the_rest_applied() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    for (list, row) in [("/orders", "ORD-own"), ("/shipments", "SHP-own")] {
        let tree = json!({"filters": [{"column": "country", "operator": "eq", "value": "BE"},
            {"column": "status", "operator": "contains", "value": "e"}]});
        let page = client.get(&format!("{list}?f={}", f(&tree))).await;
        assert_eq!(page.status, 422);
        assert_eq!(page.text(".banner.warning strong"), "Part of the filter was not applied");
        assert_eq!(
            page.texts(".banner.warning li"),
            ["“status” is of the type choice, which has no operator “contains”."]
        );
        assert_eq!(page.texts("[data-primary]"), [row]);
        assert_eq!(page.texts(".chip.applied").len(), 1);
        let page = client.get(&format!("{list}?f=%7B")).await;
        assert_eq!((page.status, page.texts("[data-primary]").len()), (422, 1));
        // everything that matches a filter that is not whole is not done to anything
        let on = &list[1..];
        let inner =
            url::form_urlencoded::byte_serialize(format!("f={}", f(&tree)).as_bytes()).collect::<String>();
        let page = client.get(&format!("/bulk/new?on={on}&all=yes&list={inner}")).await;
        assert_eq!(page.status, 422, "{}", page.body);
    }
    // who may not see names does not filter by them
    let mut support = portal.visitor(Role::Support).await;
    let tree = one("customer_name", "contains", json!("lovelace"));
    let page = support.get(&format!("/orders?f={}", f(&tree))).await;
    assert_eq!(page.status, 422);
    assert!(page.text(".banner.warning li").contains("Personal data permission"));
    let page = support.get("/filters/new?on=orders").await;
    assert!(!page.body.contains("customer_name") && page.body.contains("channel_reference"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_is_added_without_script_one_form_at_a_time() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let list = client.get("/shipments?tab=shipped").await;
    let add = list.attributes(".filter-form a", "href").remove(0);
    let page = client.get(&add).await;
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Add filter"));
    assert!(page.texts("#column option").len() > 20);
    let wrong = client.get(&format!("{add}&apply=yes")).await;
    assert_eq!((wrong.status, wrong.text(".error-summary li").as_str()), (422, "Choose what to filter by."));
    // the column: its controls come
    let page = client.get(&format!("{add}&column=status")).await;
    assert_eq!(page.texts("#operator option"), ["is any of", "is none of", "is empty", "is not empty"]);
    assert_eq!(page.texts("#value .check").len(), 8);
    let part = client.partial(&format!("{add}&column=status")).await;
    assert!(part.body.trim_start().starts_with("<div id=\"condition\"") && !part.body.contains("<html"));
    let wrong = client.get(&format!("{add}&column=status&operator=in&apply=yes")).await;
    assert_eq!((wrong.status, wrong.texts(".error-summary li").len()), (422, 1), "nothing is ticked");
    let added =
        client.get(&format!("{add}&column=status&operator=in&value=shipped&value=error&apply=yes")).await;
    let page = follow(&mut client, &added).await;
    assert_eq!(page.texts(".chip.applied"), ["Status: Shipped, Error"]);
    assert_eq!(page.texts("[data-primary]"), ["SHP-own"]);
    assert_eq!(page.text(".tabs a[aria-current]"), "Shipped", "the tab stays");
    // a second one, as an alternative to the first
    let add = page.attributes(".filter-form a", "href").remove(0);
    let page = client.get(&format!("{add}&column=created_at")).await;
    assert_eq!(page.texts("#join option")[1], "Any of: or Status: Shipped, Error");
    let added = client
        .get(&format!(
            "{add}&column=created_at&operator=between&value=2026-11-18&value2=2026-11-20&join=0&apply=yes"
        ))
        .await;
    let page = follow(&mut client, &added).await;
    assert_eq!(
        page.texts(".chip.applied"),
        ["Status: Shipped, Error or Created: 18 Nov 2026 to 20 Nov 2026"]
    );
    // and one that must hold as well
    let add = page.attributes(".filter-form a", "href").remove(0);
    for (query, phrase) in [
        ("column=sku&operator=in&value=KTL%0AX", "SKU: KTL, X"),
        ("column=created_at&operator=within_last&span=7d", "Created: last 7 days"),
        ("column=connection&operator=in&value=ShipStation+of+own", "Connection: ShipStation of own"),
        ("column=is_reship&value=false", "Reship: no"),
        ("column=delivered_at&operator=is_empty", "Delivered: empty"),
    ] {
        let added = client.get(&format!("{add}&{query}&apply=yes")).await;
        let page = follow(&mut client, &added).await;
        assert!(
            page.texts(".chip.applied").contains(&phrase.to_owned()),
            "{phrase}: {:?}",
            page.texts(".chip.applied")
        );
        assert_eq!(page.texts("[data-primary]"), ["SHP-own"], "{phrase}");
    }
    let page = client.get(&format!("{add}&column=sku&operator=eq&value=&apply=yes")).await;
    assert_eq!(page.text("#value-error"), "Error: “eq” of “sku” needs a value.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_matches_is_what_the_tree_says() {
    let portal = Portal::open().await;
    let (account, channel) = (portal.own.account, portal.own.record("channel"));
    portal
        .sql(&format!(
            "insert into orders (account_id, channel_id, number, channel_reference, currency, placed_at, tags) \
             select {account}, {channel}, 'T-' || g, 't-' || g, 'EUR', now() - g * interval '1 minute', \
               case when g % 2 = 0 then array['even'] else '{{}}' end from generate_series(1, 120) g"
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let tree = json!({"filters": [{"column": "tags", "operator": "contains", "value": "Even"},
        {"column": "placed_at", "operator": "within_last", "value": "30d"}]});
    let page = client.get(&format!("/orders?f={}", f(&tree))).await;
    assert_eq!(page.text(".pager > span"), "50 of 60 orders");
    let next = page.attribute(".pager a[rel=next]", "href").unwrap();
    assert_eq!(client.get(&next).await.texts("[data-primary]").len(), 10, "kept over pages");
    let all = page.attribute(".bulk a[data-when-all]", "href").unwrap();
    let choose = client.get(&all).await;
    assert!(
        choose.text(".lede").starts_with("All orders · Tags: Even · Placed: last 30 days"),
        "{}",
        choose.text(".lede")
    );
    let begun = client.submit(&choose, &[("action", "add_hold"), ("add_hold-kind", "operator")]).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
    let kept = portal.count("select count(*) from bulk_operations where selection -> 'what' -> 'orders' -> 'tree' is not null").await;
    assert_eq!(kept, 1);
    let odd = "select count(*) from bulk_rows r join orders o on o.account_id = r.account_id and o.id = r.subject_id \
               join bulk_operations b on b.account_id = r.account_id and b.id = r.operation_id and b.action = 'add_hold' \
               where not 'even' = any(o.tags)";
    assert_eq!(portal.count(odd).await, 0);
    let picked = "select count(*) from bulk_rows r join bulk_operations b on b.account_id = r.account_id \
                  and b.id = r.operation_id and b.action = 'add_hold'";
    assert_eq!(portal.count(picked).await, 60);
    let days = "select count(*) from bulk_operations where selection ->> 'what' like '%between%' and selection ->> 'what' not like '%within_last%'";
    assert_eq!(portal.count(days).await, 1, "the last 30 days are those that were looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_broad_is_named_and_the_list_shown_without_it() {
    let portal = Portal::open().await;
    // whoever reads the countries waits for as long as a list may look
    let blocker = portal.database.connect_as_owner().await;
    blocker.batch_execute("begin; lock table addresses in access exclusive mode").await.unwrap();
    let mut client = portal.visitor(Role::Client).await;
    let tree = json!({"filters": [{"column": "status", "operator": "eq", "value": "canceled"},
        {"column": "country", "operator": "contains", "value": "b"}]});
    let page = client.get(&format!("/orders?f={}", f(&tree))).await;
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(
        page.text(".banner.warning li").starts_with("“Country: contains “b”” is too broad"),
        "{}",
        page.text(".banner.warning")
    );
    assert_eq!(page.texts("[data-primary]"), ["ORD-own"], "the list is there");
    assert_eq!(page.texts(".chip.applied").len(), 2, "and the filter, to be narrowed");
    blocker.batch_execute("rollback").await.unwrap();
}
