//! Keyset paging: a page is found by the key of the row it starts after, never
//! by an offset, so page 1,000 costs what page 1 costs.

use crate::clock::Instant;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Where a page starts: the sort key and id of the row before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The sort instant of the neighbouring row, in microseconds since 1970.
    pub at_micros: i64,
    /// The id of the neighbouring row.
    pub id: i64,
    /// True: the page before that row (towards newer rows).
    pub backwards: bool,
}

impl Cursor {
    /// A cursor beside a row.
    pub fn beside(at: Instant, id: i64, backwards: bool) -> Cursor {
        Cursor { at_micros: at.timestamp_micros(), id, backwards }
    }

    /// The sort instant.
    pub fn at(&self) -> Instant {
        chrono::DateTime::from_timestamp_micros(self.at_micros).unwrap_or_default()
    }

    /// Opaque text for a URL.
    pub fn encode(&self) -> String {
        let direction = if self.backwards { 'b' } else { 'f' };
        URL_SAFE_NO_PAD.encode(format!("{direction}{}.{}", self.at_micros, self.id))
    }

    /// Reads what [`Cursor::encode`] wrote; anything else is no cursor, and the
    /// list starts from its first page.
    pub fn decode(text: &str) -> Option<Cursor> {
        let raw = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let backwards = match raw.as_bytes().first()? {
            b'b' => true,
            b'f' => false,
            _ => return None,
        };
        let (at, id) = raw[1..].split_once('.')?;
        let at_micros = at.parse().ok()?;
        chrono::DateTime::from_timestamp_micros(at_micros)?;
        Some(Cursor { at_micros, id: id.parse().ok()?, backwards })
    }
}

/// One page of rows, newest first, and where its neighbours start.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows to show.
    pub rows: Vec<T>,
    /// Towards newer rows, if there are any.
    pub previous: Option<Cursor>,
    /// Towards older rows, if there are any.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts what a query for `size + 1` rows gave. `key` tells a row's sort key.
    /// Rows of a backwards query arrive oldest first and are turned round here.
    pub fn cut(
        mut rows: Vec<T>,
        size: usize,
        from: Option<Cursor>,
        key: impl Fn(&T) -> (Instant, i64),
    ) -> Page<T> {
        let more = rows.len() > size;
        rows.truncate(size);
        let backwards = from.is_some_and(|c| c.backwards);
        if backwards {
            rows.reverse();
        }
        let first = rows.first().map(&key);
        let last = rows.last().map(&key);
        let (has_previous, has_next) = match (from, backwards) {
            (None, _) => (false, more),
            (Some(_), false) => (true, more),
            (Some(_), true) => (more, true),
        };
        Page {
            previous: first.filter(|_| has_previous).map(|(at, id)| Cursor::beside(at, id, true)),
            next: last.filter(|_| has_next).map(|(at, id)| Cursor::beside(at, id, false)),
            rows,
        }
    }
}
