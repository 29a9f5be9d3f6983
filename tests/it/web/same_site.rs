//! Forms of other sites are turned away: the rule as a matrix, then over HTTP.

use crate::support::portal::Portal;
use actix_web::http::Method;
use url::Url;
use waybill::{
    accounts::Role,
    web::same_site::{Ours, Said, allowed},
};

const SITES: [Option<&str>; 7] = [
    None,
    Some("same-origin"),
    Some("same-site"),
    Some("cross-site"),
    Some("none"),
    Some(""),
    Some("SAME-ORIGIN"),
];

#[test]
fn the_whole_matrix() {
    let public = Url::parse("https://portal.example.com").expect("a URL");
    let origins = [
        (None, false),
        (Some("https://portal.example.com"), true),
        (Some("http://portal.example.com"), false),
        (Some("https://portal.example.com:8443"), false),
        (Some("https://portal.example.com.evil.example"), false),
        (Some("https://evil.example"), false),
        (Some("null"), false),
        (Some(""), false),
    ];
    let ours = Ours { public: Some(&public), host: Some("evil.example") };
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for site in SITES {
            for (origin, _) in origins {
                assert!(allowed(&method, Said { site, origin }, ours), "{method} {site:?} {origin:?}");
            }
        }
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for site in SITES {
            for (origin, is_ours) in origins {
                let expected = match site {
                    Some(site) => site == "same-origin",
                    None => is_ours,
                };
                assert_eq!(
                    allowed(&method, Said { site, origin }, ours),
                    expected,
                    "{method} {site:?} {origin:?}"
                );
            }
        }
    }
}

#[test]
fn without_a_public_url_the_host_header_counts() {
    let ours = Ours { public: None, host: Some("127.0.0.1:8080") };
    let by = |origin| allowed(&Method::POST, Said { site: None, origin: Some(origin) }, ours);
    assert!(by("http://127.0.0.1:8080"));
    assert!(by("https://127.0.0.1:8080"), "behind a proxy that ends TLS");
    for origin in
        ["http://127.0.0.1:8081", "http://127.0.0.1", "ftp://127.0.0.1:8080", "null", "127.0.0.1:8080"]
    {
        assert!(!by(origin), "{origin}");
    }
    let nobody = Ours { public: None, host: None };
    assert!(!allowed(&Method::POST, Said { site: None, origin: Some("http://a") }, nobody));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_other_sites_do_nothing() {
    let portal = Portal::open().await;
    let mut browser = portal.visitor(Role::Admin).await;
    let origin = browser.origin().to_owned();
    let before = portal.snapshot().await;
    let foreign: [&[(&str, &str)]; 7] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", &origin)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in foreign {
        for path in ["/logout", "/preferences", "/login", "/nothing-here"] {
            let answer = browser.send("POST", path, headers, Some("theme=dark".into())).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert_eq!(answer.text("h1"), "This form came from another site");
        }
    }
    assert_eq!(portal.snapshot().await, before);
    assert_eq!(browser.get("/").await.status, 200, "still signed in");

    let answer =
        browser.send("POST", "/preferences", &[("origin", &origin)], Some("theme=dark".into())).await;
    assert_eq!(answer.status, 303, "an old browser's form");
    let reports =
        browser.send("POST", "/csp-reports", &[("sec-fetch-site", "cross-site")], Some("[]".into())).await;
    assert_eq!(reports.status, 204, "no cookies are read here");
}
