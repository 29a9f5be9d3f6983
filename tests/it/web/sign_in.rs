//! Coming and going, and everything that must not work.

use crate::support::portal::{Answer, PASSWORD, Portal};
use waybill::accounts::Role;

/// What differs between two answers beside what always does.
fn visible(answer: &Answer, email: &str) -> (u16, String) {
    (answer.status, answer.body.replace(email, "EMAIL"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_and_out() {
    let portal = Portal::open().await;
    let mut browser = portal.browser();
    let sent = browser.get("/?a=1&b=%26").await;
    assert_eq!((sent.status, sent.location()), (303, "/login?next=%2F%3Fa%3D1%26b%3D%2526"));
    let page = browser.get(sent.location()).await;
    assert_eq!(page.text("h1"), "Sign in");
    let entered = browser.submit(&page, &[("email", &portal.own.admin.email), ("password", PASSWORD)]).await;
    assert_eq!((entered.status, entered.location()), (303, "/?a=1&b=%26"));
    assert_eq!(browser.get("/").await.text("h1"), "Home");
    let again = browser.get("/login?next=%2F").await;
    assert_eq!((again.status, again.location()), (303, "/"), "signed in already");

    let old = browser.cookies.clone();
    let out = browser.post("/logout", &[]).await;
    assert_eq!((out.status, out.location()), (303, "/login"));
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(browser.get("/").await.status, 303);
    browser.cookies = old;
    assert_eq!(browser.get("/").await.status, 303, "the old cookie opens nothing");
    assert_eq!(portal.count("select count(*) from sessions").await, 0);
    let verbs = "select count(*) from activities where verb in ('user_signed_in', 'user_signed_out') and ip = '127.0.0.1'";
    assert_eq!(portal.count(verbs).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_session_key_is_not_kept() {
    let portal = Portal::open().await;
    let mut attacker = portal.visitor(Role::Client).await;
    let planted = attacker.cookies.clone();
    let mut victim = portal.browser();
    victim.cookies = planted.clone();
    victim.sign_in(&portal.other.admin.email, PASSWORD).await;
    assert_ne!(victim.cookies["sid"], planted["sid"], "a new key at sign-in");
    assert_eq!(attacker.get("/").await.status, 303, "the planted key is worth nothing now");
    assert!(victim.get("/").await.body.contains("The other account"));

    let mut liar = portal.browser();
    liar.cookies.insert("sid".into(), "x".repeat(64));
    assert_eq!(liar.get("/").await.status, 303, "a made-up key");
    let (stale, signature) = planted["sid"].split_at(10);
    liar.cookies.insert("sid".into(), format!("{signature}{stale}"));
    assert_eq!(liar.get("/").await.status, 303, "a key we did not sign");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_tells_who_has_an_account() {
    let portal = Portal::open().await;
    portal.sql("update users set disabled_at = now() where email = 'support.own@example.com'").await;
    let mut answers = Vec::new();
    let long = "x".repeat(2000);
    for (email, password) in [
        ("client.own@example.com", "wrong password, but long"),
        ("nobody@example.com", "wrong password, but long"),
        ("support.own@example.com", PASSWORD),
        ("client.other@example.com", long.as_str()),
        ("nobody.else@example.com", long.as_str()),
        ("not an address", PASSWORD),
    ] {
        let answer = portal.browser().sign_in(email, password).await;
        assert_eq!(answer.status, 422);
        assert!(answer.cookies().next().is_none(), "{email}: no session for a stranger");
        assert!(!answer.body.contains(password), "a password is not sent back");
        assert!(answer.text("title").starts_with("Error: Sign in"));
        answers.push(visible(&answer, email));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    let empty = portal.browser().sign_in("", "").await;
    assert_eq!(empty.status, 422);
    assert_eq!(empty.texts(".error-summary li"), ["Enter your e-mail address.", "Enter your password."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_gets_slower_and_the_owner_is_not_locked_out_for_long() {
    let portal = Portal::open().await;
    let email = portal.own.client.email.as_str();
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(portal.browser().sign_in(email, "a wrong password for all").await.status);
    }
    assert_eq!(statuses[..4], [422; 4], "the first are free: {statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    let mut owner = portal.browser();
    portal
        .sql(
            "update sign_in_attempts set blocked_until = now() + interval '4 minutes' \
              where key_hash = sha256('email:client.own@example.com')",
        )
        .await;
    let waits = owner.sign_in(email, PASSWORD).await;
    assert_eq!(waits.status, 429);
    assert!(waits.header("retry-after").parse::<i64>().is_ok_and(|s| (200..=240).contains(&s)));
    assert_eq!(waits.text(".error-summary li"), "Too many attempts. Try again in 4 minutes.");
    let stranger = portal.browser().sign_in("nobody@example.com", PASSWORD).await;
    assert_eq!(stranger.status, 422, "others are not held up");
    portal.sql("update sign_in_attempts set blocked_until = now() - interval '1 second'").await;
    assert_eq!(owner.sign_in(email, PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_by_themselves() {
    let portal = Portal::open().await;
    let mut idle = portal.visitor(Role::Client).await;
    portal.sql("update sessions set expires_at = now() - interval '1 second'").await;
    assert_eq!(idle.get("/").await.status, 303, "an hour without a request");

    let mut long = portal.visitor(Role::Client).await;
    assert!(long.get("/").await.cookies().any(|c| c.contains("Max-Age=3600")), "each request prolongs it");
    let twelve = "update sessions set state = jsonb_set(state, '{since}',
                  to_jsonb((extract(epoch from now())::bigint - 43195)::text)) where user_id is not null";
    portal.sql(twelve).await;
    assert_eq!(long.get("/").await.status, 200, "just under twelve hours");
    portal.sql(&twelve.replace("43195", "43205")).await;
    assert_eq!(long.get("/").await.status, 303, "twelve hours after signing in, however busy");
    assert_eq!(
        portal.count("select count(*) from sessions where expires_at > now()").await,
        0,
        "and it is gone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_person_is_out_at_once() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    assert_eq!(client.get("/").await.status, 200);
    portal.sql("update users set disabled_at = now() where email = 'client.own@example.com'").await;
    assert_eq!(client.get("/").await.status, 303);
    let mut admin = portal.visitor(Role::Admin).await;
    portal.sql("delete from memberships where role = 'admin'").await;
    assert_eq!(admin.get("/").await.status, 303, "nor is somebody without an account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_sent_after_the_session_ended_says_so() {
    let portal = Portal::open().await;
    let mut stranger = portal.browser();
    let headers = [("sec-fetch-site", "same-origin"), ("referer", "http://127.0.0.1/?page=2")];
    let answer = stranger.send("POST", "/preferences", &headers, Some("theme=dark".into())).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.text("h1"), "You are signed out");
    assert_eq!(answer.attribute("a.btn.primary", "href").as_deref(), Some("/login?next=%2F%3Fpage%3D2"));
    let headers =
        [("hx-request", "true"), ("hx-request-type", "partial"), ("hx-current-url", "http://portal/?page=3")];
    let part = stranger.send("GET", "/?part", &headers, None).await;
    assert_eq!((part.status, part.header("hx-redirect")), (401, "/login?next=%2F%3Fpage%3D3"));
    assert_eq!(part.body, "", "never a sign-in page inside a table");
}
