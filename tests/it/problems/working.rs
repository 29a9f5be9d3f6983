//! The error queue as a work list: owner, snooze, what is fixed.

use crate::support::{
    portal::Portal,
    shop::{Shop, now},
};
use chrono::{TimeZone, Utc};
use chrono_tz::Europe::Brussels;
use waybill::{
    accounts::Role,
    actions::{ActionError, Call, NoInput, run},
    outbound::ErrorClass,
    problems::{
        list::{self, Filter, View},
        work::{Assign, Snooze, Unassign, Until, Wake},
    },
    shipments::post::Post,
};

/// A shop with a refused post; answers the problem.
async fn refused() -> (Shop, i64) {
    let shop = Shop::open().await;
    let (_, shipment) = shop.order(shop.ebay, &[("BAD-1", 1)]).await;
    shop.sandbox.refuse_sku("BAD-1", None).unwrap();
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    let problem = shop.value("select id from problems where resolved_at is null").await;
    (shop, problem)
}

async fn counted(shop: &Shop, view: View) -> i64 {
    list::count(&mut shop.scope().await, &Filter::of(view, now())).await.unwrap()
}

#[tokio::test]
async fn what_is_snoozed_leaves_the_list_and_comes_back_by_itself() {
    let (shop, problem) = refused().await;
    assert_eq!((counted(&shop, View::Open).await, counted(&shop, View::Snoozed).await), (1, 0));
    let hour = Until { until: "hour".into(), day: String::new() };
    let done = shop.act::<Snooze>(problem, hour).await.unwrap();
    assert_eq!(done.undo.unwrap().action, "wake_problem");
    assert_eq!((counted(&shop, View::Open).await, counted(&shop, View::Snoozed).await), (0, 1));
    shop.run_in(3590).await;
    assert_eq!(counted(&shop, View::Open).await, 0);
    shop.run_in(20).await;
    assert_eq!((counted(&shop, View::Open).await, counted(&shop, View::Snoozed).await), (1, 0));
    // by hand it comes back at once
    let tomorrow = Until { until: "tomorrow".into(), day: String::new() };
    shop.act::<Snooze>(problem, tomorrow).await.unwrap();
    shop.act::<Wake>(problem, NoInput {}).await.unwrap();
    assert_eq!(counted(&shop, View::Open).await, 1);
    assert!(matches!(shop.act::<Wake>(problem, NoInput {}).await, Err(ActionError::Unavailable(_))));
    // what failed for another cause meanwhile is back too
    let day =
        Until { until: "day".into(), day: (now() + chrono::Duration::days(9)).date_naive().to_string() };
    shop.act::<Snooze>(problem, day).await.unwrap();
    shop.sql("update problems set cause_key = 'another'").await;
    let shipment = shop.value("select shipment_id from problems").await;
    shop.act::<Post>(shipment, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(counted(&shop, View::Open).await, 1);
}

#[test]
fn until_is_meant_in_the_zone_of_the_account() {
    // half past midnight in Brussels is still the day before in UTC
    let late = Utc.with_ymd_and_hms(2026, 7, 1, 22, 30, 0).unwrap();
    let at = |until: &str, day: &str| Until { until: until.into(), day: day.into() }.at(Brussels, late);
    assert_eq!(at("hour", "").unwrap(), late + chrono::Duration::hours(1));
    assert_eq!(at("tomorrow", "").unwrap(), Utc.with_ymd_and_hms(2026, 7, 3, 7, 0, 0).unwrap());
    assert_eq!(at("day", "2026-12-24").unwrap(), Utc.with_ymd_and_hms(2026, 12, 24, 8, 0, 0).unwrap());
    for (until, day, field) in [
        ("day", "2026-07-01", "day"),
        ("day", "soon", "day"),
        ("day", "2031-01-01", "day"),
        ("later", "", "until"),
    ] {
        match at(until, day) {
            Err(ActionError::Refused(list)) => assert_eq!(list[0].0, field),
            other => panic!("{until} {day}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_person_takes_a_problem_and_gives_it_back() {
    let portal = Portal::open().await;
    let problem = portal.own.record("problem");
    let path = format!("/problems/{problem}");
    let mut client = portal.visitor(Role::Client).await;
    let queue = client.get("/error-queue?flat=1").await;
    assert!(queue.body.contains(&format!("action=\"{path}/assign\"")), "a button, not a script");
    let press = |version: &str, op: &str| {
        vec![
            ("version".to_owned(), version.to_owned()),
            ("op".to_owned(), op.to_owned()),
            ("back".to_owned(), "/error-queue?flat=1".to_owned()),
        ]
    };
    let send = |fields: Vec<(String, String)>| fields;
    let first = send(press("1", "a"));
    let first: Vec<(&str, &str)> = first.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let done = client.post(&format!("{path}/assign"), &first).await;
    assert_eq!((done.status, done.location()), (303, "/error-queue?flat=1"));
    // the same press again is the same act
    assert_eq!(client.post(&format!("{path}/assign"), &first).await.status, 303);
    assert_eq!(portal.count("select count(*) from activities where verb = 'problem_assigned'").await, 1);
    let mine = client.get("/error-queue?flat=1&owner=me").await;
    assert_eq!(mine.texts("a[data-primary]").len(), 1);
    assert!(client.get("/error-queue?owner=nobody").await.body.contains("No problems match"));
    // an old page is told what changed
    let mut admin = portal.visitor(Role::Admin).await;
    let stale =
        admin.post(&format!("{path}/snooze"), &[("version", "1"), ("op", "b"), ("until", "hour")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains("client.own") && stale.body.contains("Took the problem"), "{}", stale.body);
    // somebody else takes it over, then gives it back
    let page = admin.get(&format!("{path}/assign")).await;
    assert!(page.texts(".effects li").join(" ").contains("Until now it is client.own’s."));
    assert_eq!(admin.submit(&page, &[]).await.status, 303);
    let page = admin.get(&format!("{path}/unassign")).await;
    assert_eq!(admin.submit(&page, &[]).await.status, 303);
    let again = admin.get(&format!("{path}/unassign")).await;
    assert!(again.body.contains("It is nobody’s."));
    assert!(admin.get(&path).await.body.contains("Gave back the problem"), "its history stands on its page");
    // another account's is not there
    let theirs = format!("/problems/{}/assign", portal.other.record("problem"));
    assert_eq!(client.post(&theirs, &[("version", "1"), ("op", "c")]).await.status, 404);
}

#[tokio::test]
async fn the_queue_has_a_tab_for_what_is_snoozed_and_for_what_is_fixed() {
    let portal = Portal::open().await;
    let path = format!("/problems/{}", portal.own.record("problem"));
    let mut browser = portal.visitor(Role::Support).await;
    let page = browser.get(&format!("{path}/snooze")).await;
    assert_eq!(page.status, 200);
    let wrong = browser.submit(&page, &[("until", "day"), ("day", "2001-01-01")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text(".error-summary").contains("Choose a day after today."));
    assert_eq!(wrong.attribute("#day", "value").as_deref(), Some("2001-01-01"));
    let done = browser.submit(&wrong, &[("until", "tomorrow")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(browser.get("/error-queue").await.body.contains("The error queue is empty."));
    assert_eq!(
        browser.get("/").await.texts(".count.danger:not([hidden])").len(),
        0,
        "the navigation does not count it"
    );
    let snoozed = browser.get("/error-queue?view=snoozed").await;
    assert_eq!(snoozed.texts("a[data-primary]").len(), 1);
    assert!(snoozed.text("nav.tabs").contains("Snoozed 1"));
    portal.sql("update problems set resolved_at = now(), resolved_by = 'The channel took it.'").await;
    let fixed = browser.get("/error-queue?view=resolved").await;
    assert_eq!(fixed.texts("a[data-primary]").len(), 1);
    assert!(fixed.body.contains("The channel took it.") && !fixed.body.contains("/assign\""));
    let late = browser.get(&format!("{path}/snooze")).await;
    assert!(late.body.contains("This problem is fixed already."));
}

#[tokio::test]
async fn only_a_person_takes_a_problem() {
    let (shop, problem) = refused().await;
    let refused = shop.act::<Assign>(problem, NoInput {}).await;
    assert!(matches!(refused, Err(ActionError::Refused(_))), "{refused:?}");
    let by = shop.by(Role::Client);
    let stale = Call { id: problem, input: NoInput {}, version: Some(99), key: None };
    let stale = run::<Unassign>(&shop.db, shop.account, &by, stale, now()).await;
    assert!(matches!(stale, Err(ActionError::Stale(_))));
    assert_eq!(shop.text("select error_class from problems").await, ErrorClass::SkuUnknown.as_str());
}
