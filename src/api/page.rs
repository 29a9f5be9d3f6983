//! Lists: `limit` and `cursor`, and the page that answers them.

use super::{
    caller::Caller,
    endpoint::Answer,
    problem::{ApiResult, Problem},
};
use crate::paging::{self, Cursor};
use schemars::JsonSchema;
use serde::Serialize;

/// Rows of a page when it is not said.
pub(super) const USUAL: usize = 50;
/// The most rows of a page.
pub(super) const MOST: usize = 200;

/// One page of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The rows, newest first.
    pub data: Vec<T>,
    /// Send it as `cursor` to read what is older; null at the end.
    pub next_cursor: Option<String>,
    /// Send it as `cursor` to read what is newer; null at the beginning.
    pub prev_cursor: Option<String>,
    /// How many there are altogether, where that was counted.
    pub total: Option<Total>,
}

/// How many rows match.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Total {
    /// So many, or at least so many.
    pub count: i64,
    /// Whether it is the exact number.
    pub exact: bool,
}

impl Total {
    /// A count that stopped one past `most`.
    pub fn of(count: i64, most: i64) -> Total {
        Total { count: count.min(most), exact: count <= most }
    }
}

/// The rows a page is to have.
pub fn size(limit: Option<u16>) -> ApiResult<usize> {
    match limit.map_or(USUAL, usize::from) {
        size @ 1..=MOST => Ok(size),
        _ => Err(Problem::field("limit", "out_of_range", format!("A page has 1 to {MOST} rows."))),
    }
}

/// Where a page begins.
pub fn cursor(text: Option<&str>) -> ApiResult<Option<Cursor>> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    Cursor::decode(text).map(Some).ok_or_else(|| {
        Problem::field("cursor", "malformed", "Take it from next_cursor or prev_cursor, or leave it out.")
    })
}

/// A page of a list as the answer, with `Link` to its neighbours.
pub fn answer<R, T>(
    caller: &Caller,
    page: paging::Page<R>,
    total: Option<Total>,
    shown: impl Fn(R) -> T,
) -> Answer<Page<T>> {
    let next_cursor = page.next.map(|c| c.encode());
    let prev_cursor = page.previous.map(|c| c.encode());
    let link = |cursor: &Option<String>, rel: &str| {
        cursor.as_ref().map(|cursor| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let pairs = url::form_urlencoded::parse(caller.asked.query.as_bytes());
            query.extend_pairs(pairs.filter(|(name, _)| name != "cursor"));
            query.append_pair("cursor", cursor);
            format!("<{}?{}>; rel=\"{rel}\"", caller.asked.path, query.finish())
        })
    };
    let links: Vec<String> =
        [link(&next_cursor, "next"), link(&prev_cursor, "prev")].into_iter().flatten().collect();
    let data = page.rows.into_iter().map(shown).collect();
    Answer {
        links: (!links.is_empty()).then(|| links.join(", ")),
        ..Answer::of(Page { data, next_cursor, prev_cursor, total })
    }
}
