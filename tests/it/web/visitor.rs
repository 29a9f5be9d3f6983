//! What a signed-in person is, from one request to the next.

use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_changes_only_to_one_of_theirs() {
    let portal = Portal::open().await;
    let mut both = portal.sign_in(&portal.both).await;
    assert_eq!(both.get("/").await.texts(".account-switch button"), ["The other account", "The own account"]);
    let (own, other) = (portal.own.account.to_string(), portal.other.account.to_string());
    let page = both.get("/").await;
    assert!(page.text(".account-switch summary").ends_with("The own account"), "the one known longest");
    assert_eq!(page.text(".side-user small"), "Client", "what they are there");
    let switched = both.post("/account", &[("account", &other)]).await;
    assert_eq!((switched.status, switched.location()), (303, "/"));
    assert_eq!(both.get("/").await.text(".side-user small"), "Admin");
    both.post("/account", &[("account", &own)]).await;
    let entered = "select count(*) from activities where verb = 'account_entered'";
    assert_eq!(portal.count(entered).await, 2);
    both.post("/account", &[("account", &own)]).await;
    assert_eq!(portal.count(entered).await, 2, "staying is not coming in");

    let mut client = portal.visitor(Role::Client).await;
    for wanted in [other.as_str(), "999999", "", "x", "-1"] {
        assert_eq!(client.post("/account", &[("account", wanted)]).await.status, 404, "{wanted}");
    }
    assert!(client.get("/").await.body.contains("The own account"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_role_acts_at_once() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    assert_eq!(client.get("/").await.text(".side-user small"), "Client");
    portal.sql("update memberships set role = 'support'").await;
    let page = client.get("/").await;
    assert_eq!(page.text(".side-user small"), "Support");
    assert!(page.text(".support-bar").contains("Support view of The own account"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preferences_are_kept_one_by_one() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let headers = [("sec-fetch-site", "same-origin"), ("referer", "http://x/?page=2")];
    let saved = client.send("POST", "/preferences", &headers, Some("theme=dark".into())).await;
    assert_eq!((saved.status, saved.location()), (303, "/?page=2"), "back to where they were");
    client.post("/preferences", &[("density", "compact"), ("shortcuts", "off")]).await;
    let page = client.get("/").await;
    let html = |name| page.attribute("html", name).unwrap_or_default();
    assert_eq!(
        (html("data-theme"), html("data-density"), html("data-shortcuts")),
        ("dark".into(), "compact".into(), "off".into())
    );
    for (name, value) in [("theme", "pink"), ("density", ""), ("role", "admin")] {
        let refused = client.post("/preferences", &[(name, value)]).await;
        assert_eq!(refused.status, 422, "{name}={value}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_problems_are_counted_for_those_who_work_them() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    portal.sql("update problems set resolved_at = now()").await;
    assert_eq!(client.get("/").await.text("nav .count:not([hidden])"), "");
    let add = |count: i32, account| {
        format!(
            "insert into problems (account_id, kind, error_class, cause_key, first_seen_at, last_seen_at)
             select {account}, 'submit', 'unknown', 'x' || n, now(), now() from generate_series(1, {count}) n"
        )
    };
    portal.sql(&add(3, portal.own.account)).await;
    portal.sql(&add(200, portal.other.account)).await;
    assert_eq!(client.get("/").await.text("nav .count"), "3 open");
    assert_eq!(portal.sign_in(&portal.other.client).await.get("/").await.text("nav .count"), "99+ open");
}
