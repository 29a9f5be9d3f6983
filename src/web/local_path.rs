//! A path of this site, fit for a redirect: never another host, never a scheme.

use super::{
    routes::ROUTES,
    table::{Route, matches},
};
use std::fmt;
use url::Url;

/// A path and query of ours that leads to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

const LONGEST: usize = 2000;

impl LocalPath {
    /// `None` unless `text` is the path of a page that can be looked at. Pages
    /// about signing in do not count: nobody wants to come back to them.
    pub fn parse(text: &str) -> Option<LocalPath> {
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if !text.starts_with('/') || text.starts_with("//") || !plain || text.len() > LONGEST {
            return None;
        }
        // as a browser would read it; `.` and `..` are gone after this
        let base = Url::parse("http://local.invalid").ok()?;
        let url = base.join(text).ok()?;
        if url.origin() != base.origin() || url.path().starts_with("//") {
            return None;
        }
        let is_page = |route: &&Route| route.method == "GET" && route.access.is_signed_in();
        ROUTES.iter().filter(is_page).any(|route| matches(route.pattern, url.path())).then(|| {
            let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
            LocalPath(format!("{}{query}", url.path()))
        })
    }

    /// The path of a whole URL, such as htmx and `Referer` carry. The host is not
    /// looked at, since only the path is kept.
    pub fn of_url(text: &str) -> Option<LocalPath> {
        let url = Url::parse(text).ok()?;
        LocalPath::parse(&url[url::Position::BeforePath..url::Position::AfterQuery])
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for LocalPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
