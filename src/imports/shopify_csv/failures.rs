//! Writing refused rows as a file again: their own cells, a column with the
//! reason, and nothing that a spreadsheet would take for a formula.

use super::{cells, records::Records};

/// The column with the reason; read again, it is not kept beside the order.
pub(in crate::imports) const REASON: &str = "Why it was not imported";

/// A refused order.
#[derive(Debug)]
pub struct Refused<'a> {
    /// Its name.
    pub reference: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Its rows as they stood in the file; empty when they were not kept.
    pub raw: &'a str,
}

/// The refused rows under the header of their file.
pub fn write<'a>(header: &str, refused: impl IntoIterator<Item = Refused<'a>>) -> String {
    let mut text = String::new();
    let (titles, delimiter) = rows(header, "").map_or((Vec::new(), b','), |(mut rows, delimiter)| {
        (if rows.is_empty() { Vec::new() } else { rows.remove(0) }, delimiter)
    });
    // a file of refused rows may be refused again
    let told = titles.iter().position(|title| title.trim() == REASON);
    let mut line = |mut row: Vec<String>, reason: &str| {
        if let Some(place) = told.filter(|place| *place < row.len()) {
            row.remove(place);
        }
        row.resize(titles.len() - usize::from(told.is_some()), String::new());
        row.push(reason.to_owned());
        let plain = |cell| if told.is_some() { cells::unguarded(cell) } else { cell };
        let row: Vec<String> =
            row.iter().map(|cell| quoted(&cells::guarded(plain(cell)), delimiter)).collect();
        text.push_str(&row.join(&char::from(delimiter).to_string()));
        text.push('\n');
    };
    line(titles.clone(), REASON);
    for order in refused {
        let found = rows(header, order.raw).map(|(mut rows, _)| rows.split_off(rows.len().min(1)));
        match found.filter(|rows| !rows.is_empty()) {
            Some(rows) => rows.into_iter().for_each(|row| line(row, order.reason)),
            None => line(vec![order.reference.to_owned()], order.reason),
        }
    }
    text
}

/// The header and rows below it, cut into cells, and what parts them.
fn rows(header: &str, raw: &str) -> Option<(Vec<Vec<String>>, u8)> {
    let whole = format!("{}\n{raw}", header.trim_end_matches(['\r', '\n']));
    let mut records = Records::new(whole.as_bytes()).ok()?;
    let mut rows = Vec::new();
    while let Some(record) = records.next().ok()? {
        rows.push(records.split(&record.raw));
    }
    Some((rows, records.delimiter()))
}

fn quoted(cell: &str, delimiter: u8) -> String {
    let special = |c: char| matches!(c, '"' | '\n' | '\r') || c == char::from(delimiter);
    if cell.contains(special) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
