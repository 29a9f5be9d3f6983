//! Several problems at once, and taking back what was just done.

use crate::support::portal::{Answer, Browser, Portal};
use waybill::accounts::Role;

/// Two more problems of the account; answers all three, the first one's first.
async fn three(portal: &Portal) -> [i64; 3] {
    let account = portal.own.account;
    portal
        .sql(&format!(
            "insert into problems (account_id, kind, error_class, cause_key, first_seen_at, last_seen_at) \
             select {account}, 'submit', 'unknown', 'x' || n, now(), now() from generate_series(1, 2) n"
        ))
        .await;
    let nth = |n: i64| {
        format!("select id from problems where account_id = {account} order by id offset {n} limit 1")
    };
    [portal.count(&nth(0)).await, portal.count(&nth(1)).await, portal.count(&nth(2)).await]
}

async fn owned(portal: &Portal) -> i64 {
    portal.count("select count(*) from problems where assignee_id is not null").await
}

/// Presses *Undo* on the page one came to.
async fn undo(browser: &mut Browser, page: &Answer) -> Answer {
    assert_eq!(page.text("[data-flash] button"), "Undo", "{}", page.body);
    let action = page.attribute("[data-flash] form", "action").expect("where it goes");
    let (names, values) =
        (page.attributes("[data-flash] input", "name"), page.attributes("[data-flash] input", "value"));
    let form: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    let done = browser.post(&action, &form).await;
    assert_eq!((done.status, done.location()), (303, "/error-queue?flat=1"), "{}", done.body);
    browser.get("/error-queue?flat=1").await
}

#[tokio::test]
async fn what_is_selected_is_taken_and_given_back_at_once() {
    let portal = Portal::open().await;
    let ids = three(&portal).await;
    portal.sql(&format!("update problems set resolved_at = now() where id = {}", ids[2])).await;
    let mut client = portal.visitor(Role::Client).await;
    let queue = client.get("/error-queue?flat=1").await;
    assert_eq!(queue.attributes("tbody .pick input", "form"), ["selected", "selected"]);
    let [a, b, c] = ids.map(|id| id.to_string());
    let form = [
        ("do", "assign"),
        ("op", "one"),
        ("back", "/error-queue?flat=1"),
        ("id", &a),
        ("id", &b),
        ("id", &c),
    ];
    // twice with one key is once
    for _ in 0..2 {
        let done = client.post("/error-queue/selected", &form).await;
        assert_eq!((done.status, done.location()), (303, "/error-queue?flat=1"), "{}", done.body);
    }
    assert_eq!(portal.count("select count(*) from activities where verb = 'problem_assigned'").await, 2);
    let page = client.get("/error-queue?flat=1").await;
    let said = page.text("[data-flash] p");
    assert_eq!(said, "2 problems are yours. 1 was left as it is: This problem is fixed already.");
    assert_eq!(owned(&portal).await, 2);
    let page = undo(&mut client, &page).await;
    assert_eq!(page.text("[data-flash] p"), "2 problems are nobody’s now.");
    assert_eq!(owned(&portal).await, 0);
    assert_eq!(page.texts("[data-flash] button").len(), 0, "taking back is not taken back");

    let form =
        [("do", "snooze-hour"), ("op", "two"), ("back", "/error-queue?flat=1"), ("id", &a), ("id", &b)];
    assert_eq!(client.post("/error-queue/selected", &form).await.status, 303);
    let page = client.get("/error-queue?flat=1").await;
    assert_eq!(page.text("[data-flash] p"), "2 problems are snoozed for an hour.");
    assert_eq!(page.texts("a[data-primary]").len(), 0);
    undo(&mut client, &page).await;
    assert_eq!(portal.count("select count(*) from problems where snoozed_until is not null").await, 0);
}

#[tokio::test]
async fn nothing_of_another_account_is_selected() {
    let portal = Portal::open().await;
    let theirs = portal.other.record("problem").to_string();
    let mut client = portal.visitor(Role::Client).await;
    let form = [("do", "assign"), ("op", "one"), ("id", theirs.as_str())];
    assert_eq!(client.post("/error-queue/selected", &form).await.status, 404);
    for wrong in [
        &[("do", "close"), ("op", "a"), ("id", "1")][..],
        &[("do", "assign"), ("id", "1")],
        &[("do", "assign"), ("op", "a"), ("id", "x")],
    ] {
        assert_eq!(client.post("/error-queue/selected", wrong).await.status, 400, "{wrong:?}");
    }
    let nothing = client.post("/error-queue/selected", &[("do", "assign"), ("op", "a")]).await;
    assert_eq!(nothing.status, 303);
    assert!(client.get("/error-queue").await.text("[data-flash]").contains("Nothing was selected."));
    assert_eq!(owned(&portal).await, 0);
}

#[tokio::test]
async fn one_press_is_taken_back_unless_somebody_was_quicker() {
    let portal = Portal::open().await;
    let path = format!("/problems/{}/assign", portal.own.record("problem"));
    let mut client = portal.visitor(Role::Client).await;
    let press = [("version", "1"), ("op", "one"), ("back", "/error-queue?flat=1")];
    assert_eq!(client.post(&path, &press).await.status, 303);
    let page = client.get("/error-queue?flat=1").await;
    assert_eq!(owned(&portal).await, 1);
    undo(&mut client, &page).await;
    assert_eq!(owned(&portal).await, 0);

    let press = [("version", "3"), ("op", "two"), ("back", "/error-queue?flat=1")];
    assert_eq!(client.post(&path, &press).await.status, 303);
    let page = client.get("/error-queue?flat=1").await;
    portal.sql("update problems set version = version + 1").await;
    let names = page.attributes("[data-flash] input", "name");
    let values = page.attributes("[data-flash] input", "value");
    let form: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    let action = page.attribute("[data-flash] form", "action").expect("where it goes");
    assert_eq!(client.post(&action, &form).await.status, 409, "it is not taken back over somebody's head");
}

#[tokio::test]
async fn a_retry_under_way_shows_on_its_row() {
    let portal = Portal::open().await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "update problems set shipment_id = {} where account_id = {account}",
            portal.own.record("shipment")
        ))
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let state = async |client: &mut Browser| {
        let page = client.get("/error-queue?flat=1").await;
        (page.text("tbody .badge"), page.text("[data-label='Next try']"))
    };
    assert_eq!(state(&mut client).await.1, "Will not retry");
    let job = format!(
        "insert into jobs (account_id, kind, object_key, due_at) \
         values ({account}, 'submit_fulfillment', 'shipment:{}', now())",
        portal.own.record("shipment")
    );
    portal.sql(&job).await;
    assert_eq!(state(&mut client).await, ("Retrying now".into(), "Now".into()));
    // what waits for its own time is not being tried
    portal
        .sql(
            "update problems set next_attempt_at = now() + interval '9 minutes'; \
             update jobs set due_at = (select max(next_attempt_at) from problems)",
        )
        .await;
    let (badge, next) = state(&mut client).await;
    assert!(badge != "Retrying now" && next != "Now", "{badge}, {next}");
    assert!(
        client.get("/error-queue").await.text("[data-label='Next try']") == next,
        "each row of a cause says it"
    );
}
