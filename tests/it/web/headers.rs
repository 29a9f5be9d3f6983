//! Security headers stand on every answer, whatever it is.

use crate::support::portal::{Answer, Portal};
use std::collections::BTreeSet;
use waybill::{accounts::Role, web::assets};

fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    let (_, rest) =
        policy.split_once("script-src 'nonce-").unwrap_or_else(|| panic!("no nonce in {policy:?}"));
    rest.split_once('\'').expect("a quote").0.to_owned()
}

fn check(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy").replace(&nonce(answer), "R");
    assert_eq!(
        policy,
        "default-src 'none'; script-src 'nonce-R'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; \
         require-trusted-types-for 'script'; trusted-types htmx; report-to csp",
        "{what}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        ("reporting-endpoints", "csp=\"/csp-reports\""),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert_eq!(answer.header("x-trace-id").len(), 32, "{what}");
    let cached = what.starts_with("an asset");
    if !cached {
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert_eq!(answer.header("vary"), "HX-Request, HX-Request-Type, Accept-Encoding", "{what}");
    }
    for cookie in answer.cookies() {
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{what}: {cookie}");
        assert!(cookie.contains("Path=/") && !cookie.contains("Domain"), "{what}: {cookie}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_every_answer() {
    let portal = Portal::open().await;
    let mut stranger = portal.browser();
    let mut visitor = portal.visitor(Role::Client).await;
    let sent_in = portal.browser().sign_in(&portal.own.client.email, crate::support::portal::PASSWORD).await;
    let answers = [
        ("signing in", sent_in),
        ("the login page", stranger.get("/login").await),
        ("a page", visitor.get("/").await),
        ("a part", visitor.partial("/").await),
        ("sent to sign in", stranger.get("/").await),
        ("sent to sign in by htmx", stranger.partial("/").await),
        ("signed out form", stranger.post("/logout", &[]).await),
        ("404", visitor.get("/nothing").await),
        ("405", visitor.get("/logout").await),
        ("403", visitor.send("POST", "/logout", &[], None).await),
        ("health", stranger.get("/healthz").await),
        ("an asset", stranger.get(assets::url("app.css")).await),
        ("an asset, missing", stranger.get("/static/nothing.css").await),
        ("refused", visitor.post("/preferences", &[("theme", "pink")]).await),
        ("saved", visitor.post("/preferences", &[("theme", "dark")]).await),
        ("signing out", visitor.post("/logout", &[]).await),
    ];
    let mut nonces = BTreeSet::new();
    for (what, answer) in &answers {
        check(what, answer);
        assert!(nonces.insert(nonce(answer)), "{what}: a nonce was used twice");
        assert!(answer.header("strict-transport-security").is_empty(), "{what}: no https, no HSTS");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_carries_the_nonce_of_its_headers() {
    let portal = Portal::open().await;
    let mut visitor = portal.visitor(Role::Client).await;
    let page = visitor.get("/").await;
    assert_eq!(page.attribute("script", "nonce"), Some(nonce(&page)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_https_cookies_are_bound_to_the_host() {
    let portal = Portal::open_with(&["--public-url=https://portal.example.com"], Default::default()).await;
    let mut browser = portal.browser();
    let answer = browser.sign_in(&portal.own.admin.email, crate::support::portal::PASSWORD).await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    let cookies: Vec<&str> = answer.cookies().collect();
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "{cookie}");
    }
    assert_eq!(browser.get("/").await.status, 200);
    let other =
        browser.send("POST", "/logout", &[("origin", browser.origin().to_owned().as_str())], None).await;
    assert_eq!(other.status, 403, "the public address is the only one of ours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_pages_are_packed_for_those_who_ask() {
    use flate2::read::GzDecoder;
    use std::io::Read;
    let portal = Portal::open().await;
    let mut visitor = portal.visitor(Role::Client).await;
    let plain = visitor.get("/").await;
    assert_eq!(plain.header("content-encoding"), "");
    let url = format!("{}/", visitor.origin());
    let cookie: Vec<String> = visitor.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
    #[expect(clippy::disallowed_methods, reason = "it calls the portal under test")]
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let packed = http
        .get(url)
        .header("accept-encoding", "br, gzip")
        .header("cookie", cookie.join("; "))
        .send()
        .await
        .expect("a page");
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let bytes = packed.bytes().await.expect("a body");
    assert!(bytes.len() < plain.body.len() / 2, "{} of {}", bytes.len(), plain.body.len());
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
    assert!(text.contains("<h1>Home</h1>"));
    for refused in ["gzip;q=0", "br", "gzip;q=0.0"] {
        let cookie: Vec<String> = visitor.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let headers = [("accept-encoding", refused), ("cookie", &cookie.join("; "))];
        assert_eq!(
            portal.browser().send("GET", "/", &headers, None).await.header("content-encoding"),
            "",
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_beyond_a_measure_are_not_read() {
    let portal = Portal::open().await;
    let mut browser = portal.browser();
    let mut statuses = Vec::new();
    // twice the measure and one: one minute of two at most has room
    for _ in 0..121 {
        statuses.push(browser.send("POST", "/csp-reports", &[], Some("[]".into())).await.status);
    }
    assert_eq!(statuses[..60], [204; 60]);
    assert!(statuses.contains(&429));
    assert_eq!(portal.browser().get("/login").await.status, 200, "nothing else is");
}
