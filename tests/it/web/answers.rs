//! Refusals and failures have a face, and tell nothing of our insides.

use super::rename::rooms;
use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_faults_say_so_and_nothing_more() {
    let portal = Portal::open_with(&[], rooms()).await;
    let mut client = portal.visitor(Role::Client).await;
    for path in ["/test/panics", "/test/breaks", "/test/bare"] {
        let page = client.get(path).await;
        assert_eq!((page.status, page.text("h1").as_str()), (500, "Something failed on our side"), "{path}");
        assert!(!page.body.contains("secret words") && !page.body.contains("outer words"), "{path}");
        assert_eq!(page.text("span.mono.strong"), page.header("x-trace-id"), "{path}: an incident to quote");
        assert!(page.header("content-security-policy").contains("nonce-"), "{path}");
        let part = client.partial(path).await;
        assert!(part.status == 500 && !part.body.contains("<html"), "{path}: {}", part.body);
    }
    assert_eq!(client.get("/").await.status, 200, "the worker lives on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_ways_in() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let ours = ("sec-fetch-site", "same-origin");
    let page = client.get("/orders-of-nobody").await;
    assert_eq!((page.status, page.text("h1").as_str()), (404, "There is no such page"));
    for path in ["/%2e%2e/etc/passwd", "//evil.example", "/login/", "/static/../login", "/%00"] {
        let status = client.get(path).await.status;
        assert!(matches!(status, 303 | 400 | 404), "{path}: {status}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"] {
        let page = client.send(method, "/", &[ours], None).await;
        assert_eq!((page.status, page.header("allow")), (405, "GET, HEAD"), "{method}");
    }
    let both = client.send("DELETE", "/login", &[ours], None).await;
    assert_eq!((both.status, both.header("allow")), (405, "GET, HEAD, POST"));
    let head = client.send("HEAD", "/", &[ours], None).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));

    let typed = |kind| [ours, ("content-type", kind)];
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let page = client.send("POST", "/preferences", &typed(kind), Some("theme=dark".into())).await;
        assert_eq!(page.status, 415, "{kind}");
    }
    let large = format!("theme={}", "x".repeat(64 * 1024));
    let page = client.send("POST", "/preferences", &[ours], Some(large)).await;
    assert_eq!((page.status, page.text("h1").as_str()), (413, "That is too much at once"));
    let binary = client.send("POST", "/login", &[ours], Some("email=%ff%00&password=%".into())).await;
    assert_eq!(binary.status, 400, "a character that no text can hold");
    assert_eq!(client.get("/?q=%00").await.status, 400);
    let broken = client.send("POST", "/login", &[ours], Some("email=%ff%zz&password=%".into())).await;
    assert_eq!(broken.status, 422, "bytes that are no text are read as far as can be");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_pages_say_so() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    portal.sql("revoke select on memberships from waybill_app").await;
    let page = client.get("/").await;
    assert_eq!(page.status, 500);
    assert!(!page.body.contains("memberships") && !page.body.contains("permission denied"));
    portal
        .sql("grant select on memberships to waybill_app; revoke select on sessions from waybill_app")
        .await;
    let page = client.get("/").await;
    assert_eq!((page.status, page.text("h1").as_str()), (500, "Something failed on our side"));
    assert!(
        page.header("content-security-policy").contains("nonce-"),
        "the session layer fails with our face"
    );
    assert!(!page.cookies().any(|c| c.contains("sid=")), "nobody is signed out by it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flash_cannot_be_forged() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    for forged in ["x", ".", "WyJkYW5nZXIiLCJQYXkgaGVyZSJd.AAAA", "WyJkYW5nZXIiLCJQYXkgaGVyZSJd."] {
        client.cookies.insert("flash".into(), forged.into());
        assert!(!client.get("/").await.body.contains("data-flash"), "{forged}");
    }
}
