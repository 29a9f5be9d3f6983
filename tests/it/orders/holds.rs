//! Holds: who adds and removes which, those that release themselves, and those
//! that come too late.

use crate::support::{
    counter::Counter,
    portal::{Answer, Browser},
    shop::{Shop, now},
};
use chrono::{TimeZone, Utc};
use chrono_tz::Europe::Brussels;
use serde::de::DeserializeOwned;
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, Availability, Call, NoInput, Outcome, Target, run},
    ids::OrderId,
    orders::{
        Subject,
        holds::{AddHold, Input, RemoveAllHolds, RemoveHold, RestoreHolds, moment},
    },
    shipments::post::Post,
};

fn input<I: DeserializeOwned>(fields: serde_json::Value) -> I {
    serde_json::from_value(fields).unwrap()
}

fn hold(kind: &str, reason: &str, until: &str) -> Input {
    Input { kind: kind.into(), reason: reason.into(), until: until.into() }
}

async fn remove(shop: &Shop, role: Role, order: OrderId, kind: &str) -> Result<Outcome, ActionError> {
    shop.act_as::<RemoveHold>(role, order.0, input(serde_json::json!({ "kind": kind }))).await
}

/// Presses *Undo*.
async fn undo<A: Action>(shop: &Shop, order: OrderId, done: &Outcome) -> Outcome {
    let undo = done.undo.as_ref().expect("a way back");
    assert_eq!(undo.action, A::NAME);
    shop.act::<A>(order.0, input(undo.input.clone())).await.unwrap()
}

async fn standing(shop: &Shop) -> String {
    shop.text(
        "select coalesce(string_agg(kind || ':' || reason, ', ' order by kind), '') from order_holds where released_at is null",
    )
    .await
}

fn refusal(result: Result<Outcome, ActionError>) -> String {
    match result {
        Err(ActionError::Unavailable(why)) => why.sentence,
        Err(ActionError::Refused(list)) => format!("{}: {}", list[0].0, list[0].1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hold_keeps_an_order_from_being_posted_until_it_is_removed() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let version =
        async || Subject::load(&mut shop.scope().await, order.0, false).await.unwrap().unwrap().version();
    let before = version().await;
    let done = shop
        .act::<AddHold>(order.0, hold("operator", "  Print is checked by ada@buyer.example ", ""))
        .await
        .unwrap();
    assert!(done.message.starts_with("Operator hold added to order "), "{}", done.message);
    assert!(done.jobs.is_empty() && version().await > before);
    assert_eq!(shop.text("select on_hold from orders").await, "true");
    assert!(refusal(shop.act::<Post>(shipment.0, NoInput {}).await).contains("on hold"));
    let told = shop.text("select after::text from activities where verb = 'hold_added'").await;
    assert!(told.contains("Print is checked") && !told.contains("ada@"), "{told}");

    // the same again is nothing new; another reason or moment changes it
    let again = shop
        .act::<AddHold>(order.0, hold("operator", "Print is checked by ada@buyer.example", ""))
        .await
        .unwrap();
    assert!(!again.changed && again.message.ends_with("stands already."));
    let changed = shop.act::<AddHold>(order.0, hold("operator", "Wrong street", "")).await.unwrap();
    assert!(changed.changed);
    assert_eq!(standing(&shop).await, "operator:Wrong street");
    let kept = shop.text("select (before->>'reason') || ' → ' || (after->>'reason') from activities where verb = 'hold_changed'").await;
    assert!(kept.ends_with("→ Wrong street") && kept.starts_with("Print is checked"), "{kept}");
    undo::<AddHold>(&shop, order, &changed).await;
    assert!(standing(&shop).await.starts_with("operator:Print is checked"));
    undo::<RemoveHold>(&shop, order, &done).await;
    assert_eq!(standing(&shop).await, "");
    assert_eq!(shop.text("select on_hold from orders").await, "false");
    assert!(refusal(remove(&shop, Role::Client, order, "operator").await).contains("No hold stands"));

    // what was removed stands again as it was, by whom and since when
    shop.act_as::<AddHold>(Role::Admin, order.0, hold("payment", "The bank asks", "")).await.unwrap();
    let row = "select string_agg(id || placed_by_name || created_at::text, '') from order_holds where released_at is null";
    let was = shop.text(row).await;
    let gone = remove(&shop, Role::Client, order, "payment").await.unwrap();
    assert!(gone.message.contains("is not on hold any more."), "{}", gone.message);
    undo::<RestoreHolds>(&shop, order, &gone).await;
    assert_eq!(shop.text(row).await, was);
    assert_eq!(shop.text("select on_hold from orders").await, "true");
    // all at once
    shop.act::<AddHold>(order.0, hold("fraud", "", "")).await.unwrap();
    let all = shop.act::<RemoveAllHolds>(order.0, input(serde_json::json!({}))).await.unwrap();
    assert!(all.message.starts_with("2 holds removed."), "{}", all.message);
    undo::<RestoreHolds>(&shop, order, &all).await;
    assert_eq!(standing(&shop).await, "fraud:, payment:The bank asks");
    for (kind, reason, until, says) in [
        ("", "", "", "kind: Choose the kind of hold."),
        ("operator", &"x".repeat(501), "", "reason: Keep the reason under 500 characters."),
        ("operator", "", "2001-01-01", "until: Choose a moment that is still to come."),
        ("operator", "", "soon", "until: Enter day and time, as in 2026-11-27 09:00."),
        ("operator", "", "2099-01-01", "until: Choose a moment within a year."),
    ] {
        assert_eq!(refusal(shop.act::<AddHold>(order.0, hold(kind, reason, until)).await), says);
    }
    let support = shop.act_as::<AddHold>(Role::Support, order.0, hold("operator", "", "")).await;
    assert!(matches!(support, Err(ActionError::Forbidden(_))));
}

#[tokio::test]
async fn a_client_hold_is_the_clients() {
    let shop = Shop::open().await;
    let (order, _) = shop.order(shop.ebay, &[("A", 1)]).await;
    let as_admin = shop.act_as::<AddHold>(Role::Admin, order.0, hold("client", "", "")).await;
    assert_eq!(refusal(as_admin), "kind: Only the client’s side sets a client hold.");
    shop.act::<AddHold>(order.0, hold("client", "Wait for the second order", "")).await.unwrap();
    let only = "Only the client’s side removes a client hold.";
    assert_eq!(refusal(remove(&shop, Role::Admin, order, "client").await), only);
    let all = shop.act_as::<RemoveAllHolds>(Role::Admin, order.0, input(serde_json::json!({}))).await;
    assert_eq!(refusal(all), only);
    shop.act_as::<AddHold>(Role::Admin, order.0, hold("address", "", "")).await.unwrap();
    let all =
        shop.act_as::<RemoveAllHolds>(Role::Admin, order.0, input(serde_json::json!({}))).await.unwrap();
    assert_eq!(all.message, format!("Address hold removed. The client hold stands. {only}"));
    assert_eq!(standing(&shop).await, "client:Wait for the second order");
    // nor changes it, nor puts it back
    assert!(
        refusal(shop.act_as::<AddHold>(Role::Admin, order.0, hold("client", "x", "")).await)
            .contains("client’s side")
    );
    let gone = remove(&shop, Role::Client, order, "client").await.unwrap();
    let back = gone.undo.unwrap().input;
    let restored = shop.act_as::<RestoreHolds>(Role::Admin, order.0, input(back.clone())).await.unwrap();
    assert!(!restored.changed && standing(&shop).await.is_empty());
    assert!(shop.act::<RestoreHolds>(order.0, input(back)).await.unwrap().changed);
    assert_eq!(standing(&shop).await, "client:Wait for the second order");
}

#[tokio::test]
async fn a_hold_releases_itself_at_its_moment_and_no_other() {
    let shop = Shop::open().await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let at = |hours: i64| (now() + chrono::Duration::hours(hours)).to_rfc3339();
    let done = shop.act::<AddHold>(order.0, hold("client", "Holidays", &at(2))).await.unwrap();
    assert!(done.message.contains("It releases itself on "), "{}", done.message);
    let mut client = Counter::over(&shop).visitor(Role::Client).await;
    assert!(client.get("/orders").await.text("[data-label='Channel sync']").contains("Client hold until"));
    shop.run_in(3600).await;
    assert_eq!(standing(&shop).await, "client:Holidays");
    // put off: the first job finds nothing to do
    shop.act::<AddHold>(order.0, hold("client", "Holidays", &at(3))).await.unwrap();
    shop.run_in(2 * 3600).await;
    assert_eq!(standing(&shop).await, "client:Holidays", "it was put off");
    shop.run_in(3605).await;
    assert_eq!(standing(&shop).await, "");
    let line = "select actor_kind || ': ' || summary from activities where verb = 'hold_released'";
    assert!(
        shop.text(line).await.starts_with("system: The client hold of order "),
        "{}",
        shop.text(line).await
    );
    assert_eq!(shop.text("select on_hold from orders").await, "false");
    assert!(shop.act::<Post>(shipment.0, NoInput {}).await.is_ok());

    // removed before, and another one added since: the old job does nothing
    let (order, _) = shop.order(shop.ebay, &[("B", 1)]).await;
    shop.act::<AddHold>(order.0, hold("operator", "", &at(2))).await.unwrap();
    remove(&shop, Role::Admin, order, "operator").await.unwrap();
    shop.act::<AddHold>(order.0, hold("operator", "Another", "")).await.unwrap();
    // removed and put back: it still releases itself
    let (other, _) = shop.order(shop.ebay, &[("C", 1)]).await;
    shop.act::<AddHold>(other.0, hold("payment", "Back", &at(2))).await.unwrap();
    let gone = remove(&shop, Role::Admin, other, "payment").await.unwrap();
    undo::<RestoreHolds>(&shop, other, &gone).await;
    shop.run_in(3 * 3600).await;
    assert_eq!(standing(&shop).await, "operator:Another");
    assert_eq!(shop.value("select count(*) from activities where verb = 'hold_released'").await, 2);
    // what has passed is not put back
    let late = shop.act::<RestoreHolds>(other.0, input(gone.undo.unwrap().input)).await.unwrap();
    assert!(!late.changed);
}

#[test]
fn until_is_meant_in_the_zone_of_the_account() {
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
    let at = |text: &str| moment(text, Brussels, now).unwrap();
    let utc =
        |month, day, hour, minute| Some(Utc.with_ymd_and_hms(2026, month, day, hour, minute, 0).unwrap());
    assert_eq!(at("  "), None);
    assert_eq!(at("2026-03-27T09:00"), utc(3, 27, 8, 0));
    assert_eq!(at("2026-07-01 09:30"), utc(7, 1, 7, 30));
    assert_eq!(at("2026-07-01"), utc(6, 30, 22, 0), "a day is its beginning");
    assert_eq!(at("2026-07-01T09:30:00+00:00"), utc(7, 1, 9, 30));
    // the clocks skip 02:30
    assert_eq!(at("2026-03-29T02:30"), utc(3, 29, 1, 30));
    // and have 02:30 twice
    assert_eq!(at("2026-10-25T02:30"), utc(10, 25, 0, 30));
}

const LATE: &str = "ShipStation may still ship it: the hold reached us after picking began";

#[tokio::test]
async fn a_hold_after_picking_began_says_that_it_may_be_too_late() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let page = format!("/orders/{order}");
    let early = shop.act::<AddHold>(order.0, hold("operator", "", "")).await.unwrap();
    assert!(!early.message.contains("may still"));
    assert!(!client.get(&page).await.body.contains("may still"));
    undo::<RemoveHold>(&shop, order, &early).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    // only queued: the hold stops it
    let queued = shop.act::<AddHold>(order.0, hold("operator", "", "")).await.unwrap();
    assert!(!queued.message.contains("may still"));
    shop.run().await;
    assert_eq!(shop.text("select status from shipments").await, "pending_post");
    remove(&shop, Role::Client, order, "operator").await.unwrap();
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let late = shop.act::<AddHold>(order.0, hold("operator", "", "")).await.unwrap();
    assert!(late.message.ends_with(&format!("{LATE}.")), "{}", late.message);
    assert_eq!(late.data["too_late"], true);
    let line =
        shop.text("select summary from activities where verb = 'hold_added' order by id desc limit 1").await;
    assert!(line.ends_with(LATE), "{line}");
    assert!(client.get(&page).await.text("[aria-labelledby=holds]").contains(LATE));
    assert!(client.get(&format!("{page}/add-hold")).await.text(".effects").contains(LATE));
    shop.leaves(shipment, "dpd", "05308900123456").await;
    shop.run().await;
    assert!(!client.get(&page).await.text("[aria-labelledby=holds]").contains("may still"), "it has left");

    // picked, although nobody posted it
    let (order, shipment) = shop.order(shop.ebay, &[("B", 1)]).await;
    shop.sql(&format!("update shipment_details set picked = true where shipment_id = {shipment}")).await;
    let done = shop.act::<AddHold>(order.0, hold("fraud", "", "")).await.unwrap();
    assert!(done.message.contains(LATE), "{}", done.message);
    let wait = Subject::load(&mut shop.scope().await, order.0, false).await.unwrap().unwrap();
    assert_eq!(wait.editable(), Availability::Available);
}

/// Fills in one form of a page, by its address.
async fn press(browser: &mut Browser, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
    let of = |name: &str| {
        page.attribute(&format!("form[action='{action}'] input[name={name}]"), "value").expect("a form")
    };
    let (version, op) = (of("version"), of("op"));
    let mut all = vec![("version", version.as_str()), ("op", op.as_str())];
    all.extend_from_slice(fields);
    browser.post(action, &all).await
}

#[tokio::test]
async fn holds_are_worked_on_the_page_of_the_order_without_script() {
    let shop = Shop::open().await;
    // an order and its shipment are not to be mixed up
    shop.sql("alter sequence shipments_id_seq restart with 700").await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let path = format!("/orders/{order}");
    let (add, remove) = (format!("{path}/add-hold"), format!("{path}/remove-hold"));
    let older = client.get(&path).await;
    let page = client.get(&path).await;
    assert_eq!(page.attribute("#hold-kind", "data-key").as_deref(), Some("l"));
    assert_eq!(page.texts("#hold-kind option").len(), 5);
    let wrong = press(
        &mut client,
        &page,
        &add,
        &[("kind", "operator"), ("reason", "Wait"), ("until", "2001-01-01T09:00")],
    )
    .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text(".error-summary").contains("Choose a moment that is still to come."));
    assert_eq!(wrong.attribute("#until", "value").as_deref(), Some("2001-01-01T09:00"));
    assert_eq!(wrong.text("#reason"), "Wait");
    let done =
        press(&mut client, &page, &add, &[("kind", "operator"), ("reason", "Wait"), ("until", "")]).await;
    assert_eq!((done.status, done.location()), (303, path.as_str()));
    let held = client.get(&path).await;
    assert!(held.text(".flash").contains("Operator hold added"));
    assert!(held.text("[aria-labelledby=holds]").contains("Wait"));
    assert_eq!(held.texts(".page-head .badge").iter().filter(|b| *b == "Operator hold").count(), 1);
    // the page that is out of date says what changed
    let stale = press(&mut client, &older, &add, &[("kind", "fraud")]).await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.body.contains("Added an operator hold") && stale.body.contains("Nothing was done."),
        "{}",
        stale.body
    );
    // changing one begins with what it is
    let href = held.attribute("[aria-labelledby=holds] a[data-dialog]", "href").unwrap();
    let change = client.get(&href).await;
    assert_eq!(change.text("#reason"), "Wait");
    assert_eq!(change.attribute("#kind option[selected]", "value").as_deref(), Some("operator"));

    // undo takes it away, and the next undo would bring it back
    let undo = |page: &Answer| {
        let names = page.attributes(".flash form input", "name");
        let values = page.attributes(".flash form input", "value");
        let action = page.attribute(".flash form", "action").expect("Undo");
        (action, names.into_iter().zip(values).collect::<Vec<_>>())
    };
    let (action, fields) = undo(&held);
    assert_eq!(action, remove);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(client.post(&action, &fields).await.location(), path);
    let free = client.get(&path).await;
    assert!(free.text(".flash").contains("Operator hold removed."));
    assert_eq!(undo(&free).0, format!("{path}/restore-holds"));
    assert!(free.text("[aria-labelledby=holds]").contains("No hold stands."));

    // a client hold, and what the others see of it
    press(&mut client, &free, &add, &[("kind", "client")]).await;
    let page = client.get(&path).await;
    press(&mut client, &page, &add, &[("kind", "payment")]).await;
    let mut admin = counter.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.texts("#hold-kind option").len(), 4);
    let section = page.text("[aria-labelledby=holds]");
    assert!(section.contains("Only the client’s side removes it"), "{section}");
    assert_eq!(page.attributes(&format!("form[action='{remove}'] [name=kind]"), "value"), ["payment"]);
    let which = admin.get(&format!("{remove}?kind=client")).await;
    assert!(which.body.contains("Only the client’s side removes a client hold."));
    let refused = press(&mut admin, &page, &remove, &[("kind", "client")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Only the client’s side removes a client hold."));
    let all = press(&mut admin, &page, &format!("{path}/remove-all-holds"), &[]).await;
    assert_eq!(all.status, 303);
    assert!(admin.get(&path).await.text(".flash").contains("The client hold stands."));
    // what would help a shipment is an action on its order
    let parcel = admin.get(&format!("/shipments/{shipment}")).await;
    let helps = parcel.attribute(".actions-panel .unavailable a", "href");
    assert_eq!(helps, Some(format!("{path}/remove-all-holds")));
    let mut support = counter.visitor(Role::Support).await;
    let page = support.get(&path).await;
    assert!(page.texts("#hold-kind, .add-tags, [aria-labelledby=holds] form").is_empty());
    assert_eq!(support.get(&add).await.status, 403);
}

#[tokio::test]
async fn two_people_at_once_hold_an_order_once() {
    let shop = Shop::open().await;
    let (order, _) = shop.order(shop.ebay, &[("A", 1)]).await;
    let (a, b) = (shop.by(Role::Client), shop.by(Role::Admin));
    let call = || Call { version: None, ..Call::plain(order.0, hold("operator", "", "")) };
    let (one, two) = tokio::join!(
        run::<AddHold>(&shop.db, shop.account, &a, call(), now()),
        run::<AddHold>(&shop.db, shop.account, &b, call(), now())
    );
    assert_ne!(one.unwrap().changed, two.unwrap().changed);
    assert_eq!(shop.value("select count(*) from order_holds").await, 1);
}
