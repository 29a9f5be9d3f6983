//! The two pages of an action, in every way they can end.

use super::rename::rooms;
use crate::support::portal::Portal;
use waybill::accounts::Role;

async fn open() -> (Portal, String) {
    let portal = Portal::open_with(&[], rooms()).await;
    let path = format!("/test-stores/{}/rename", portal.own.store);
    (portal, path)
}

async fn name(portal: &Portal) -> i64 {
    portal.count("select count(*) from stores where name = 'Renamed'").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_then_does_once() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.text("h1"), "Rename Store of own?");
    assert_eq!(page.texts(".effects li"), ["The store gets another name"]);
    assert_eq!(page.texts("main .btn-row .btn"), ["Rename store", "Keep as is"]);
    assert_eq!(page.attribute("main .btn-row a", "href"), Some(format!("/test-stores/{}", portal.own.store)));
    assert_eq!(page.attribute("form.form", "hx-post"), None, "a page needs no htmx");

    let fields = [("name", "Renamed"), ("reason", "a better one")];
    let done = admin.submit(&page, &fields).await;
    assert_eq!((done.status, done.location()), (303, format!("/test-stores/{}", portal.own.store).as_str()));
    let home = admin.get("/").await;
    assert_eq!(home.text("[data-flash]"), "Store of own is Renamed now");
    assert!(!admin.get("/").await.body.contains("data-flash"), "said once");

    let again = admin.submit(&page, &fields).await;
    assert_eq!(again.status, 303, "a second click is the same act");
    assert_eq!(name(&portal).await, 1);
    let written =
        "select count(*) from activities where verb = 'store_renamed' and summary = 'Renamed: a better one'
                   and ip = '127.0.0.1' and actor_name = 'admin.own' and length(trace_id) = 32";
    assert_eq!(portal.count(written).await, 1);

    let other = admin.submit(&page, &[("name", "Something else")]).await;
    assert_eq!((other.status, other.text("h1").as_str()), (409, "This form was used before"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clicks_at_once_are_one() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    let (_, mut form) = page.form();
    form.retain(|(field, _)| field != "name");
    form.push(("name".into(), "Renamed".into()));
    let clicks = (0..8).map(|_| {
        let (form, path, mut browser) = (form.clone(), path.clone(), portal.browser());
        browser.cookies = admin.cookies.clone();
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            browser.post(&path, &form).await.status
        }
    });
    let statuses = futures_util::future::join_all(clicks).await;
    assert_eq!(statuses, [303; 8]);
    assert_eq!(portal.count("select count(*) from activities where verb = 'store_renamed'").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_page_says_who_did_what() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let mut colleague = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    let theirs = colleague.get(&path).await;
    colleague.submit(&theirs, &[("name", "Theirs"), ("reason", "they liked it")]).await;

    let stale = admin.submit(&page, &[("name", "Renamed"), ("reason", "mine <i>")]).await;
    assert_eq!(stale.status, 409);
    assert_eq!(stale.text(".banner strong"), "Theirs changed after you opened this page");
    let change = stale.text(".banner li");
    assert!(change.starts_with("admin.own: Renamed: they liked it"), "{change}");
    assert!(stale.body.contains("<time datetime="));
    assert_eq!(stale.text("textarea"), "mine <i>", "what was typed is kept");
    assert_eq!(stale.attribute("#name", "value").as_deref(), Some("Renamed"));
    assert_eq!(name(&portal).await, 0, "nothing was done");
    let done = admin.submit(&stale, &[]).await;
    assert_eq!((done.status, name(&portal).await), (303, 1), "sent again with open eyes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_form_keeps_its_values() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    let refused = admin.submit(&page, &[("name", " "), ("reason", "because")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.text("title"), "Error: Rename Store of own? – Waybill");
    assert_eq!(refused.attribute(".error-summary a", "href").as_deref(), Some("#name"));
    assert_eq!(refused.text("textarea"), "because");
    let key = |answer: &crate::support::portal::Answer| answer.attribute("input[name=op]", "value");
    assert_eq!(key(&refused), key(&page), "nothing was done with the key");
    let unknown = admin.submit(&page, &[("name", "x"), ("is_admin", "true")]).await;
    assert_eq!(unknown.status, 422, "fields the action does not have");
    for form in [&[("name", "x")][..], &[("name", "x"), ("version", "1")], &[("version", "x"), ("op", "1")]] {
        assert_eq!(admin.post(&path, form).await.status, 400, "{form:?}");
    }
    assert_eq!(name(&portal).await, 0);
    let done = admin.submit(&refused, &[("name", "Renamed")]).await;
    assert_eq!(done.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_else_can_know_must_be_ticked() {
    let (portal, path) = open().await;
    portal.sql("update stores set name = '<b>bold</b>'").await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.text("h1"), "Rename <b>bold</b>?", "text, not markup");
    assert_eq!(page.texts("main label.choice").last().map(String::as_str), Some("I know what I do"));
    let refused = admin.submit(&page, &[("name", "Renamed")]).await;
    assert_eq!((refused.status, name(&portal).await), (422, 0));
    assert_eq!(refused.attribute(".error-summary a", "href").as_deref(), Some("#confirmed"));
    let done = admin.submit(&refused, &[("confirmed", "yes")]).await;
    assert_eq!((done.status, name(&portal).await), (303, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_option_is_told_to_the_action_and_kept() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.text("main label.choice"), "Rename it even if it is locked by then");
    let refused = admin.submit(&page, &[("name", "Renamed"), ("anyway", "yes")]).await;
    assert_eq!((refused.status, refused.text(".error-summary li").as_str()), (422, "Say why."));
    assert!(refused.attribute("#anyway", "checked").is_some(), "what was ticked is kept");
    let done = admin.submit(&refused, &[("reason", "because")]).await;
    assert_eq!((done.status, name(&portal).await), (303, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_now_says_why() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    portal.sql("update stores set name = 'Locked'").await;
    let why = admin.get(&path).await;
    assert_eq!((why.status, why.text("h1").as_str()), (200, "Rename store: not now"));
    assert!(why.body.contains("This store is locked."));
    let refused = admin.submit(&page, &[("name", "Renamed")]).await;
    assert_eq!((refused.status, name(&portal).await), (409, 0));
    assert!(refused.body.contains("This store is locked."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_dialog_it_is_only_a_part() {
    let (portal, path) = open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let part = admin.partial(&path).await;
    assert!(!part.body.contains("<html") && part.text("h2") == "Rename Store of own?");
    assert_eq!(part.attribute("form", "hx-post").as_deref(), Some(path.as_str()));
    let nonce = part.attribute("form", "hx-nonce").expect("a nonce");
    assert!(part.header("content-security-policy").contains(&format!("'nonce-{nonce}'")));
    let (_, form) = part.form();
    let mut form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    form.retain(|(field, _)| *field != "name");
    form.push(("name", ""));
    let refused = admin.post_partial(&path, &form).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.body.contains("<html") && refused.body.contains("There is a problem"));
    *form.last_mut().expect("a field") = ("name", "Renamed");
    let done = admin.post_partial(&path, &form).await;
    assert_eq!(
        (done.status, done.header("hx-redirect")),
        (200, format!("/test-stores/{}", portal.own.store).as_str())
    );
    assert_eq!(name(&portal).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_without_the_permission_nor_for_another_account() {
    let (portal, path) = open().await;
    let page = portal.visitor(Role::Admin).await.get(&path).await;
    let before = portal.count("select count(*) from activities where verb <> 'user_signed_in'").await;
    for role in [Role::Client, Role::Support] {
        let mut visitor = portal.visitor(role).await;
        let shown = visitor.get(&path).await;
        assert_eq!(shown.status, 403);
        assert!(shown.body.contains("You need the Edit stores permission; ask an admin of your account."));
        assert_eq!(visitor.submit(&page, &[("name", "Renamed")]).await.status, 403);
        let part = visitor.partial(&path).await;
        assert!(part.status == 403 && !part.body.contains("<html"));
    }
    let mut stranger = portal.sign_in(&portal.other.admin).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    assert_eq!(stranger.submit(&page, &[("name", "Renamed")]).await.status, 404);
    for id in ["0", "-1", "x", "99999999999999999999", "1.5"] {
        let path = format!("/test-stores/{id}/rename");
        assert_eq!(portal.visitor(Role::Admin).await.get(&path).await.status, 404, "{id}");
    }
    assert_eq!(portal.count("select count(*) from activities where verb <> 'user_signed_in'").await, before);
    assert_eq!(name(&portal).await, 0);
}
