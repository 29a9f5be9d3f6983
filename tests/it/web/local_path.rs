//! No redirect leaves the site.

use proptest::prelude::*;
use url::Url;
use waybill::web::local_path::LocalPath;

#[test]
fn pages_pass_and_nothing_else() {
    for good in ["/", "/?q=a%20b&after=x", "/?next=//evil.example", "/#top"] {
        assert!(LocalPath::parse(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "login",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/login",
        "/login?next=/",
        "/logout",
        "/healthz",
        "/nothing-here",
        "/static/x",
        "/ ",
        "/\u{a0}",
        "/\r\nLocation: https://evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/?é",
    ] {
        assert!(LocalPath::parse(bad).is_none(), "{bad:?}");
    }
    assert_eq!(
        LocalPath::of_url("https://elsewhere.example/?q=1#x").map(|p| p.to_string()).as_deref(),
        Some("/?q=1")
    );
    assert!(LocalPath::of_url("data:text/html,x").is_none());
    assert!(LocalPath::parse(&format!("/?{}", "a".repeat(2000))).is_none(), "too long");
}

proptest! {
    #[test]
    fn whatever_passes_stays_on_our_host(text in r"(/|\\|//|/\.{1,2}/|https?:|%2f|%5c|@|:|\?|#|\t|evil\.example|login|[a-z]|\PC){0,8}") {
        if let Some(path) = LocalPath::parse(&text) {
            let base = Url::parse("https://portal.example.com/some/page").expect("a URL");
            let there = base.join(path.as_str()).expect("a path");
            prop_assert_eq!(there.origin(), base.origin());
            prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
