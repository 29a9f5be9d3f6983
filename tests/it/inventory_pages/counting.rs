//! Counting stock: received, adjusted, reversed; by whom, how often and why not.

use crate::support::{
    counter::Counter,
    portal::{Answer, Browser},
    shop::Shop,
};
use waybill::{
    accounts::Role,
    actions::{Action as _, ActionError},
    inventory::counting::{AdjustStock, Adjustment, Receipt, ReceiveStock, ReverseAdjustment, WhichOne},
};

/// An action, what is typed, the field and what is said there.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str, &'a str);

/// The pages over a shop that has a product, somebody who may count, and the product's address.
async fn counting<'a>(shop: &'a Shop, sku: &str) -> (Counter<'a>, Browser, String) {
    let id = shop.value(&format!("select id from products where sku = '{sku}'")).await;
    let counter = Counter::over(shop);
    let admin = counter.visitor(Role::Admin).await;
    (counter, admin, format!("/products/{id}"))
}

/// On hand and backordered, and how many movements there are.
async fn balance(shop: &Shop) -> String {
    shop.text(
        "select (select coalesce(string_agg(on_hand || '/' || backordered, ' ' order by warehouse_id), '') from stock) \
         || ' by ' || (select count(*) from inventory_movements)",
    )
    .await
}

/// What the page says that was done, after a form that was sent.
async fn said(browser: &mut Browser, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text("main"));
    browser.get(answer.location()).await
}

/// Presses *Undo* on the page after.
async fn undo(browser: &mut Browser, page: &Answer) -> Answer {
    let action = page.attribute(".flash form", "action").expect("a way back");
    let names = page.attributes(".flash form input", "name");
    let values = page.attributes(".flash form input", "value");
    let form: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    browser.post(&action, &form).await
}

#[tokio::test]
async fn a_receipt_covers_what_was_sold_below_zero_and_is_written_once() {
    let shop = Shop::open().await;
    shop.stocked("B", 1, 300).await;
    shop.order(shop.shopify, &[("B", 3)]).await;
    assert_eq!(balance(&shop).await, "-2/2 by 2");
    let (_counter, mut admin, product) = counting(&shop, "B").await;
    let page = admin.get(&product).await;
    assert_eq!(page.attributes(".actions-panel a", "href").len(), 2, "{}", page.text("main"));

    // what it would do is shown before, without script by the button of the form
    let page = admin.get(&format!("{product}/receive-stock")).await;
    assert_eq!(page.texts("#count-stock dd"), ["−2", "−2", "2"]);
    assert!(page.attribute("#count-stock button", "formmethod").is_some_and(|method| method == "get"));
    let page = admin.get(&format!("{product}/receive-stock?quantity=5&unit_cost=4.20")).await;
    assert_eq!(page.texts("#count-stock dd"), ["−2 → 3", "−2 → 3", "2 → 0"]);
    assert_eq!(page.attribute("#unit_cost", "value").as_deref(), Some("4.20"), "what was typed stays");

    // sent twice at once, and once more
    let form = [("note", "From Ghent, ask ada@buyer.example")];
    let mut other = admin.clone();
    let (one, two) = tokio::join!(admin.submit(&page, &form), other.submit(&page, &form));
    assert_eq!((one.status, two.status), (303, 303), "{}{}", one.text("main"), two.text("main"));
    let again = admin.submit(&page, &form).await;
    let page = said(&mut admin, &again).await;
    let flash = page.text(".flash");
    assert!(
        flash.contains("5 × B received. 3 on hand in Antwerp. 2 backordered units are covered."),
        "{flash}"
    );
    assert_eq!(balance(&shop).await, "3/0 by 3");
    assert_eq!(
        shop.text("select string_agg(remaining || ' at ' || unit_cost_minor, ', ' order by id) from cost_layers where remaining > 0").await,
        "3 at 420",
        "the two that were owed cost what came"
    );
    assert_eq!(shop.value("select sum(backordered) from shipment_lines").await, 0);

    // who, what and when; the person's words masked, what it cost left to the layers
    let history = page.text("section[aria-labelledby=history]");
    assert!(
        history.contains("Received 5 × B in Antwerp") && history.contains("on hand: -2 → 3"),
        "{history}"
    );
    assert!(!history.contains("4.20") && !history.contains("ada@"), "{history}");
    let ledger = page.text("section[aria-labelledby=movements]");
    assert!(ledger.contains("From Ghent") && ledger.contains("admin.counter"), "{ledger}");
    let log = admin.get("/activity?verb=stock_received").await;
    assert!(log.attributes("main a", "href").contains(&product), "{}", log.text("main"));
}

#[tokio::test]
async fn an_adjustment_is_undone_once_and_stays_in_the_ledger() {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 120).await;
    let (_counter, mut admin, product) = counting(&shop, "A").await;
    let adjust = format!("{product}/adjust-stock");
    let page = admin.get(&format!("{adjust}?change=−2")).await;
    assert_eq!(page.texts("#count-stock dd")[..2], ["5 → 3", "5 → 3"]);
    let answer = admin.submit(&page, &[("reason", "Broken")]).await;
    let done = said(&mut admin, &answer).await;
    assert!(
        done.text(".flash").contains("A adjusted by −2. 3 on hand in Antwerp."),
        "{}",
        done.text(".flash")
    );
    assert_eq!(balance(&shop).await, "3/0 by 2");
    let link = done.attribute("section[aria-labelledby=movements] td.act a", "href").unwrap();

    let answer = undo(&mut admin, &done).await;
    let page = said(&mut admin, &answer).await;
    assert!(page.text(".flash").contains("The adjustment by −2 is reversed. 5 on hand in Antwerp."));
    assert_eq!(balance(&shop).await, "5/0 by 3");
    assert_eq!(
        shop.text("select string_agg(remaining || ' at ' || unit_cost_minor, ', ') from cost_layers where remaining > 0").await,
        "5 at 120",
        "they lie in the layer they came from"
    );
    assert!(page.attributes("section[aria-labelledby=movements] td.act a", "href").is_empty(), "once");
    assert!(page.text("section[aria-labelledby=movements]").contains("Reversed"));

    // the link that somebody kept says so, and so does the form
    let page = admin.get(&link).await;
    assert!(page.text("main").contains("This adjustment was reversed already."), "{}", page.text("main"));
    let answer = admin.submit(&page, &[]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text("#movement-error").contains("This adjustment was reversed already."));
    assert_eq!(balance(&shop).await, "5/0 by 3");

    // found at a cost, sold, and so no more to be un-found
    let page = admin.get(&adjust).await;
    let form = [("change", "+4"), ("unit_cost", "2"), ("reason", "Under the shelf")];
    assert_eq!(admin.submit(&page, &form).await.status, 303);
    assert_eq!(balance(&shop).await, "9/0 by 4");
    shop.order(shop.shopify, &[("A", 7)]).await;
    let page = admin.get(&product).await;
    let link = page.attribute("section[aria-labelledby=movements] td.act a", "href").unwrap();
    let page = admin.get(&link).await;
    let sentence = "Only 2 lie there, so 4 cannot be taken out.";
    assert!(page.text("main").contains(sentence), "{}", page.text("main"));
    let answer = admin.submit(&page, &[]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text("#movement-error").contains(sentence));

    // without a link: one is chosen
    let page = admin.get(&format!("{product}/reverse-adjustment")).await;
    assert_eq!(page.texts("#movement option").len(), 2, "the first stands no more");
    assert!(page.text("#movement").contains("+4 in Antwerp"));
    // from the whole ledger one comes back to it
    let page = admin.get("/inventory-movements?kind=adjustment").await;
    let link = page.attribute("td.act a", "href").unwrap();
    assert!(link.contains("back=%2Finventory-movements%3Fkind%3Dadjustment"), "{link}");
}

#[tokio::test]
async fn what_will_not_do_is_said_at_its_field_and_moves_nothing() {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 120).await;
    shop.stocked("B", 5, 120).await;
    shop.sql(&format!("insert into warehouses (account_id, name) values ({}, 'Bruges')", shop.account)).await;
    let (_counter, mut admin, product) = counting(&shop, "A").await;
    let bruges = shop.text("select id from warehouses where name = 'Bruges'").await;
    let antwerp = shop.text("select warehouse_id from stock limit 1").await;
    let was = balance(&shop).await;
    let long = "x".repeat(501);
    let (at, there) = (("warehouse", antwerp.as_str()), ("warehouse", bruges.as_str()));
    let why = ("reason", "Counted");
    let foreign = shop.text("select max(id) from inventory_movements where kind = 'receipt'").await;
    let receipt = shop.text("select min(id) from inventory_movements where kind = 'receipt'").await;
    let cases: Vec<Case> = vec![
        ("receive-stock", vec![("quantity", "5")], "warehouse", "Choose the warehouse."),
        ("receive-stock", vec![("warehouse", "0"), ("quantity", "5")], "warehouse", "Choose the warehouse."),
        ("receive-stock", vec![at, ("quantity", "0")], "quantity", "from 1 to 1,000,000"),
        ("receive-stock", vec![at, ("quantity", "1000001")], "quantity", "from 1 to 1,000,000"),
        ("receive-stock", vec![at, ("quantity", "1.5")], "quantity", "from 1 to 1,000,000"),
        (
            "receive-stock",
            vec![at, ("quantity", "1"), ("unit_cost", "-1")],
            "unit_cost",
            "Write the cost in EUR as an amount such as 4.95",
        ),
        ("receive-stock", vec![at, ("quantity", "1"), ("unit_cost", "1.234")], "unit_cost", "Write the cost"),
        (
            "receive-stock",
            vec![at, ("quantity", "1"), ("unit_cost", "10000001")],
            "unit_cost",
            "under €10,000,000.00",
        ),
        ("receive-stock", vec![at, ("quantity", "1"), ("note", &long)], "note", "under 500 characters"),
        ("adjust-stock", vec![at, why, ("change", "0")], "change", "such as +5 or −2"),
        ("adjust-stock", vec![at, why, ("change", "two")], "change", "such as +5 or −2"),
        ("adjust-stock", vec![at, why, ("change", "1000001")], "change", "such as +5 or −2"),
        (
            "adjust-stock",
            vec![at, why, ("change", "-6")],
            "change",
            "Only 5 lie there, so 6 cannot be taken out.",
        ),
        (
            "adjust-stock",
            vec![there, why, ("change", "-1")],
            "change",
            "Only 0 lie there, so 1 cannot be taken out.",
        ),
        ("adjust-stock", vec![at, ("change", "-1")], "reason", "Say what was counted, lost or found."),
        (
            "adjust-stock",
            vec![at, why, ("change", "-1"), ("unit_cost", "3")],
            "unit_cost",
            "Units that are gone cost what their layers say.",
        ),
        ("reverse-adjustment", vec![], "movement", "Choose the adjustment."),
        ("reverse-adjustment", vec![("movement", &foreign)], "movement", "There is no such movement."),
        ("reverse-adjustment", vec![("movement", &receipt)], "movement", "Only adjustments are reversed."),
    ];
    for (act, fields, field, says) in cases {
        let page = admin.get(&format!("{product}/{act}")).await;
        let answer = admin.submit(&page, &fields).await;
        assert_eq!(answer.status, 422, "{act} {fields:?}");
        let error = answer.text(&format!("#{field}-error"));
        assert!(error.contains(says), "{act} {fields:?}: {error}");
        let summary = answer.attributes(".error-summary a", "href");
        assert!(summary.contains(&format!("#{field}")), "{act} {fields:?}: {summary:?}");
    }
    assert_eq!(balance(&shop).await, was);
    assert_eq!(shop.value("select count(*) from activities where subject_kind = 'product'").await, 0);
    // nobody has so many
    shop.database.unchecked("a balance nobody could have received");
    shop.sql("update stock set on_hand = 1000000000").await;
    let page = admin.get(&format!("{product}/receive-stock")).await;
    let answer = admin.submit(&page, &[at, ("quantity", "1")]).await;
    assert!(
        answer.text("#quantity-error").contains("do not lie in one warehouse"),
        "{}",
        answer.text("main")
    );
}

#[tokio::test]
async fn a_page_that_is_out_of_date_changes_nothing_and_says_what_happened() {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 120).await;
    let (_counter, mut admin, product) = counting(&shop, "A").await;
    let stale = admin.get(&format!("{product}/adjust-stock")).await;
    let fresh = admin.get(&format!("{product}/adjust-stock")).await;
    let form = [("change", "-3"), ("reason", "Counted: two are left")];
    let answer = admin.submit(&fresh, &form).await;
    let done = said(&mut admin, &answer).await;
    let answer = admin.submit(&stale, &form).await;
    assert_eq!(answer.status, 409);
    let text = answer.text("main");
    assert!(
        text.contains("The stock of A changed") && text.contains("Adjusted A in Antwerp by −3"),
        "{text}"
    );
    assert_eq!(balance(&shop).await, "2/0 by 2");
    // what a shipment takes meanwhile is no conflict: the way back is still open
    shop.order(shop.shopify, &[("A", 1)]).await;
    assert_eq!(undo(&mut admin, &done).await.status, 303);
    assert_eq!(balance(&shop).await, "4/0 by 4");
}

#[tokio::test]
async fn stock_is_kept_from_the_first_count_on() {
    let shop = Shop::open().await;
    shop.order(shop.shopify, &[("A", 2)]).await;
    assert_eq!(balance(&shop).await, " by 0", "shipments take none before");
    let (counter, mut admin, product) = counting(&shop, "A").await;
    let page = admin.get(&product).await;
    let text = page.text("section[aria-labelledby=stock]");
    assert!(text.contains("Its stock is not kept. Receive or adjust it to begin."), "{text}");
    let begin = page.attribute("section[aria-labelledby=stock] a", "href").unwrap();
    let looks = counter.visitor(Role::Support).await.get(&product).await;
    assert!(looks.attribute("section[aria-labelledby=stock] a", "href").is_none());
    // nothing was adjusted that could be reversed
    let page = admin.get(&format!("{product}/reverse-adjustment")).await;
    assert!(page.text("main").contains("Its stock is not kept, so nothing of it was adjusted."));

    let page = admin.get(&begin).await;
    assert!(page.text(".effects").contains("From now on its stock is kept"), "{}", page.text(".effects"));
    assert_eq!(admin.submit(&page, &[("quantity", "10")]).await.status, 303);
    let cost = "select unit_cost_minor from cost_layers";
    assert_eq!(shop.value(cost).await, 0, "nothing said is not known");
    shop.order(shop.shopify, &[("A", 2)]).await;
    assert_eq!(balance(&shop).await, "8/0 by 2");
    let page = admin.get(&format!("{product}/receive-stock")).await;
    assert!(!page.text(".effects").contains("From now on"));
}

#[tokio::test]
async fn only_those_who_may_edit_inventory_count_it() {
    let shop = Shop::open().await;
    shop.stocked("A", 5, 120).await;
    let (counter, mut admin, product) = counting(&shop, "A").await;
    let page = admin.get(&format!("{product}/adjust-stock")).await;
    let form = [("change", "-1"), ("reason", "Broken")];
    assert_eq!(admin.submit(&page, &form).await.status, 303);
    let movement = shop.text("select max(id) from inventory_movements").await;
    let id = shop.value("select id from products").await;
    let was = balance(&shop).await;
    for role in [Role::Client, Role::Support] {
        let mut visitor = counter.visitor(role).await;
        let page = visitor.get(&product).await;
        assert_eq!(page.status, 200);
        let acts = page.attributes("main a", "href");
        let acts: Vec<_> = acts.iter().filter(|a| a.contains("-stock") || a.contains("reverse")).collect();
        assert!(acts.is_empty(), "{role}: {acts:?}");
        assert!(page.text("section[aria-labelledby=history]").contains("Adjusted A in Antwerp by −1"));
        for act in ["receive-stock", "adjust-stock", "reverse-adjustment"] {
            assert_eq!(visitor.get(&format!("{product}/{act}")).await.status, 403, "{role} {act}");
        }
        let receipt = Receipt { quantity: "1".into(), ..Receipt::default() };
        let adjustment = Adjustment { change: "1".into(), reason: "Found".into(), ..Adjustment::default() };
        let which = WhichOne { movement: movement.clone(), ..WhichOne::default() };
        let forbidden = |result| matches!(result, Err(ActionError::Forbidden(_)));
        assert!(forbidden(shop.act_as::<ReceiveStock>(role, id, receipt).await), "{role}");
        assert!(forbidden(shop.act_as::<AdjustStock>(role, id, adjustment).await), "{role}");
        assert!(forbidden(shop.act_as::<ReverseAdjustment>(role, id, which).await), "{role}");
    }
    assert_eq!(balance(&shop).await, was);
    assert_eq!(ReceiveStock::PERMISSION, AdjustStock::PERMISSION);
}
