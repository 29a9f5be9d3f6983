//! What an action is told beside its rows.

use super::{
    Yard,
    pages::{Desk, begun, texts},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use waybill::{
    accounts::Role,
    bulk::{
        Resource, State,
        options::{self, Asks, Field},
        pick::{self, NewOperation, Selection},
        stock::{Stock, StockRow},
    },
};

const FIELDS: &[Field] = &[
    Field {
        name: "kind",
        label: "Kind",
        hint: "",
        asks: Asks::Choice {
            of: &[("operator", "Operator hold"), ("client", "Client hold")],
            needed: Some("Choose a kind."),
        },
    },
    Field { name: "until", label: "Hold until", hint: "", asks: Asks::Moment { needed: None } },
    Field {
        name: "tags",
        label: "Tags",
        hint: "",
        asks: Asks::Text { most: 10, needed: Some("Enter a tag.") },
    },
    Field { name: "add_back", label: "Add inventory back to stock", hint: "", asks: Asks::Tick },
];

fn read(typed: &[(&str, &str)]) -> Result<serde_json::Value, Vec<(String, String)>> {
    let now: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
    let of = |field: &Field| {
        typed.iter().find(|(name, _)| *name == field.name).map_or(String::new(), |(_, text)| (*text).into())
    };
    options::read(FIELDS, of, Tz::Europe__Brussels, now)
}

#[test]
fn what_is_typed_becomes_the_input_and_its_words() {
    let input =
        read(&[("kind", "client"), ("until", "2027-07-01T09:30"), ("tags", " red "), ("add_back", "yes")]);
    let input = input.unwrap();
    assert_eq!(
        input,
        json!({ "kind": "client", "until": "2027-07-01T07:30:00Z", "tags": "red", "add_back": true })
    );
    assert_eq!(
        options::words(FIELDS, &input, Tz::Europe__Brussels),
        [
            ("Kind", "Client hold".to_owned()),
            ("Hold until", "1 Jul 2027, 09:30 (Europe/Brussels)".to_owned()),
            ("Tags", "red".to_owned()),
            ("Add inventory back to stock", "Yes".to_owned())
        ]
    );
    let few = read(&[("kind", "operator"), ("tags", "red")]).unwrap();
    assert_eq!(few, json!({ "kind": "operator", "tags": "red", "add_back": false }));
    let words = options::words(FIELDS, &few, Tz::UTC);
    assert_eq!(
        words.iter().map(|(label, _)| *label).collect::<Vec<_>>(),
        ["Kind", "Tags", "Add inventory back to stock"]
    );
}

#[test]
fn each_field_says_what_is_wrong_with_it() {
    let wrong = |typed: &[(&str, &str)]| -> Vec<(String, String)> { read(typed).unwrap_err() };
    let named =
        |list: Vec<(String, String)>| list.into_iter().map(|(n, s)| format!("{n}: {s}")).collect::<Vec<_>>();
    assert_eq!(named(wrong(&[])), ["kind: Choose a kind.", "tags: Enter a tag."]);
    let most = named(wrong(&[("kind", "royal"), ("tags", "eleven char"), ("until", "soon")]));
    assert_eq!(
        most,
        [
            "kind: Choose one of the list for kind.",
            "until: Enter the day and the hour, as in 2026-11-27 09:00.",
            "tags: Keep the tags under 10 characters."
        ]
    );
    let until = |text: &str| {
        let typed = [("kind", "client"), ("tags", "a"), ("until", text)];
        read(&typed).map_err(|list| list[0].1.clone())
    };
    assert_eq!(until("2026-11-20T12:59").unwrap_err(), "Choose a moment that is still to come.");
    assert!(until("2026-11-20T13:01").is_ok(), "an hour ahead of UTC");
    assert_eq!(
        until("2027-03-28T02:30").unwrap_err(),
        "The clocks skip that hour. Choose one before or after it."
    );
    // the hour that comes twice: the first
    assert_eq!(until("2027-10-31T02:30").unwrap()["until"], "2027-10-31T00:30:00Z");
}

#[test]
fn a_preview_shows_so_much_of_the_stock() {
    let row = StockRow {
        sku: "KTL-1".into(),
        product: "Kettle".into(),
        warehouse: "Antwerp".into(),
        before: 3,
        after: -1,
        backorder: true,
    };
    let stock = Stock::of(vec![row.clone(); 53]);
    assert_eq!((stock.rows.len(), stock.more), (50, 3));
    assert_eq!(Stock::of(vec![row]).more, 0);
    assert_eq!(serde_json::from_value::<Stock>(json!({})).unwrap(), Stock::default());
}

#[tokio::test]
async fn what_it_is_told_is_part_of_what_is_confirmed() {
    let yard = Yard::open().await;
    let ids = yard.parcels(2).await;
    yard.by_hand(
        "update shipments set status = 'pending_tracking', date_post = now(), fulfillment_id = 'F' || id",
    )
    .await;
    let mut prints = Vec::new();
    for input in [json!({}), json!({ "cancel_first": true }), json!({ "reason": "Lost", "anyway": true })] {
        let new = NewOperation {
            resource: Resource::Shipments,
            action: "repost".into(),
            input,
            selection: Selection::Ids(ids.clone()),
            phrase: "2 chosen shipments".into(),
            from: String::new(),
        };
        let mut scope = yard.scope().await;
        let begun = pick::begin(&mut scope, new, &yard.by(yard.user), crate::support::shop::now()).await;
        let (id, _) = begun.unwrap();
        scope.commit().await.unwrap();
        yard.turn(id).await;
        let operation = yard.operation(id).await;
        assert_eq!((operation.state, operation.waiting), (State::Previewed, 2));
        prints.push(operation.fingerprint.unwrap());
    }
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), 3);
    // by whatever way it comes: what will not do for any row is not begun
    let new = NewOperation {
        resource: Resource::Shipments,
        action: "repost".into(),
        input: json!({ "anyway": true }),
        selection: Selection::Ids(ids),
        phrase: String::new(),
        from: String::new(),
    };
    let mut scope = yard.scope().await;
    let refused = pick::begin(&mut scope, new, &yard.by(yard.user), crate::support::shop::now()).await;
    let Err(waybill::actions::ActionError::Refused(list)) = refused else { panic!("{refused:?}") };
    assert_eq!(list[0].0, "reason");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fields_of_an_action_stand_with_it_and_are_read_with_it() {
    let desk = Desk::open(2).await;
    desk.portal
        .by_hand("update shipments set status = 'pending_tracking', date_post = now(), fulfillment_id = 'F' || id where number like 'SHP-P-%'")
        .await;
    let mut client = desk.portal.visitor(Role::Client).await;
    // what asks for more goes from the list to the page that asks
    let list = client.get("/shipments").await;
    let direct = list.attributes(".bulk button[name=action][formaction]", "value");
    assert_eq!(direct, ["post", "submit"], "a re-post is asked about first");
    let ids = texts(&desk.ids);
    let page = client.get(&format!("/bulk/new?on=shipments&list=&action=repost&id={}", ids[0])).await;
    assert_eq!(page.attributes("input[type=radio][checked]", "value"), ["repost"]);
    assert_eq!(
        page.attributes(".choice + .options :is(input, select, textarea)[name^=repost]", "name"),
        ["repost-reason", "repost-cancel_first", "repost-anyway"]
    );
    let form = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        let mut form = vec![("on", "shipments"), ("list", ""), ("action", "repost")];
        form.extend(ids.iter().map(|id| ("id", id.as_str())));
        form.extend(more);
        form
    };
    let refused =
        client.post("/bulk", &form(&[("repost-anyway", "yes"), ("repost-cancel_first", "yes")])).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.attributes(".error-summary a", "href"),
        ["#repost-reason"],
        "the field's own mistake, beside it"
    );
    assert_eq!(refused.attribute("#repost-anyway", "checked").as_deref(), Some(""), "what was typed is kept");
    assert_eq!(desk.portal.count("select count(*) from bulk_operations").await, 0);
    let long = "x".repeat(501);
    let mut too_long = form(&[]);
    too_long.push(("repost-reason", &long));
    let refused = client.post("/bulk", &too_long).await;
    assert!(refused.body.contains("Keep the reason under 500 characters."));
    // another action's fields do not matter
    let other = [
        ("on", "shipments"),
        ("action", "resync_from_provider"),
        ("repost-anyway", "yes"),
        ("id", ids[0].as_str()),
    ];
    let (_, page) = begun(&mut client, &other).await;
    assert!(page.texts(".confirm .facts dt").is_empty());
    let (at, page) =
        begun(&mut client, &form(&[("repost-reason", "Lost <at> sea"), ("repost-anyway", "yes")])).await;
    assert_eq!(
        page.texts(".confirm .facts dd"),
        ["Lost <at> sea", "No", "Yes"],
        "the review says what it is told"
    );
    assert_eq!(client.submit(&page, &[]).await.status, 303);
    assert_eq!(client.get(&at).await.texts(".operation .facts dd")[0], "Lost <at> sea");
    let kept = "select count(*) from bulk_operations where options = \
                '{\"reason\": \"Lost <at> sea\", \"anyway\": true, \"cancel_first\": false}'";
    assert_eq!(desk.portal.count(kept).await, 1);
}
