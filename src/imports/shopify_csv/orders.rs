//! From rows to orders: which rows belong together, and what refuses them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::columns::{Column, Header};
use super::order::{Draft, Row};
use super::records::{Record, split};
use super::{CsvOrder, MAX_NAME_CHARS, MAX_REASONS, Notes, RowFailure};

/// Columns that only the row starting an order fills in.
const STARTING: [Column; 6] = [
    Column::FinancialStatus,
    Column::Currency,
    Column::Subtotal,
    Column::Shipping,
    Column::Taxes,
    Column::Total,
];

/// A row kept until its whole order is known. Cells are cut again when they
/// are needed: nearly all of the export's eighty columns are blank.
struct Kept {
    record: Record,
    starts: bool,
    fault: Option<String>,
}

/// Collects rows by the order's name.
pub(super) struct Orders<'a> {
    header: &'a Header,
    delimiter: u8,
    rows: Vec<Kept>,
    names: Vec<String>,
    groups: HashMap<String, Vec<usize>>,
    failures: Vec<RowFailure>,
}

/// One order built, and the rows it was built from.
struct Built {
    order: CsvOrder,
    rows: Vec<usize>,
}

impl<'a> Orders<'a> {
    pub fn new(header: &'a Header, delimiter: u8) -> Self {
        Self {
            header,
            delimiter,
            rows: Vec::new(),
            names: Vec::new(),
            groups: HashMap::new(),
            failures: Vec::new(),
        }
    }

    pub fn add(&mut self, record: Record) {
        let row = self.row(&record);
        let name = row.cell(Column::Name).to_owned();
        let starts = STARTING.iter().any(|column| !row.cell(*column).is_empty());
        let fault = self.fault(&record, &row);
        let line = record.line;
        let unnamed = if name.is_empty() {
            Some("Name is blank; write the name of the order this row belongs to, such as #1001.".to_owned())
        } else if name.chars().count() > MAX_NAME_CHARS {
            Some(format!(
                "Name has more than {MAX_NAME_CHARS} characters; write the name of the order, such as #1001."
            ))
        } else {
            None
        };
        if let Some(unnamed) = unnamed {
            let reason = fault.unwrap_or_else(|| format!("Line {line}: {unnamed}"));
            self.failures.push(RowFailure { line, reference: String::new(), reason, raw: record.raw });
            return;
        }
        let place = self.rows.len();
        self.rows.push(Kept { record, starts, fault });
        let group = self.groups.entry(name.clone()).or_default();
        if group.is_empty() {
            self.names.push(name);
        }
        group.push(place);
    }

    fn row(&self, record: &Record) -> Row<'a> {
        Row { header: self.header, line: record.line, cells: split(&record.raw, self.delimiter) }
    }

    fn fault(&self, record: &Record, row: &Row<'_>) -> Option<String> {
        let (line, cells, width) = (record.line, row.cells.len(), self.header.width);
        if record.unclosed {
            return Some(format!(
                "Line {line}: a quote opened in this row is never closed, so nothing after it was read; close the quote."
            ));
        }
        if row.cells.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
            return Some(format!(
                "Line {line}: the row has {cells} cells and the header {width}; put quotes around cells that contain commas."
            ));
        }
        if cells < width && !record.ended {
            return Some(format!("Line {line}: the file ends in the middle of this row; export it again."));
        }
        None
    }

    pub fn finish(mut self, notes: &mut Notes) -> (Vec<CsvOrder>, Vec<RowFailure>) {
        let mut built = Vec::new();
        let mut assumed = Vec::new();
        for name in std::mem::take(&mut self.names) {
            let Some(group) = self.groups.remove(&name) else {
                continue;
            };
            match self.one_order(&name, group, notes, &mut assumed) {
                Ok(one) => built.push(one),
                Err(failure) => self.failures.push(failure),
            }
        }
        if let Some(first) = assumed.first() {
            notes.push(format!(
                "{} dates have no offset and were read as UTC; the first is in line {first}.",
                assumed.len()
            ));
        }
        let twice = self.same_id_twice(&built);
        let mut orders = Vec::new();
        for one in built {
            match twice.get(&one.order.line) {
                Some(reason) => {
                    let failure = self.failure(one.order.line, &one.order.name, reason.clone(), &one.rows);
                    self.failures.push(failure);
                }
                None => orders.push(one.order),
            }
        }
        self.failures.sort_by_key(|failure| failure.line);
        (orders, self.failures)
    }

    fn one_order(
        &self,
        name: &str,
        group: Vec<usize>,
        notes: &mut Notes,
        assumed: &mut Vec<u64>,
    ) -> Result<Built, RowFailure> {
        let faults: Vec<(u64, String)> =
            self.kept(&group).filter_map(|row| Some((row.record.line, row.fault.clone()?))).collect();
        let refuse = |mut reasons: Vec<(u64, String)>, rows: &[usize]| {
            reasons.sort_by_key(|(line, _)| *line);
            let line = reasons.first().map_or(0, |(line, _)| *line);
            let left_out = reasons.len().saturating_sub(MAX_REASONS);
            let mut sentences: Vec<String> =
                reasons.into_iter().take(MAX_REASONS).map(|(_, sentence)| sentence).collect();
            if left_out > 0 {
                sentences.push(format!("{left_out} more reasons were left out."));
            }
            Err(self.failure(line, name, sentences.join(" "), rows))
        };
        let starts: Vec<u64> =
            self.kept(&group).filter(|row| row.starts).map(|row| row.record.line).collect();
        if starts.is_empty() {
            let mut reasons = faults;
            reasons.extend(self.kept(&group).filter(|row| row.fault.is_none()).map(|row| {
                let line = row.record.line;
                (line, format!(
                    "Line {line}: the row continues order {name}, but no row of the file starts that order; \
                     add the row with its Currency and Total, or remove this one."
                ))
            }));
            return refuse(reasons, &group);
        }
        let rows = match self.without_repetition(&group) {
            Ok((rows, repeated)) => {
                for line in repeated {
                    let first = starts.first().copied().unwrap_or_default();
                    notes.push(format!(
                        "Line {line}: order {name} is the same as at line {first}; it was ignored."
                    ));
                }
                rows
            }
            Err(line) => {
                let first = starts.first().copied().unwrap_or_default();
                let mut reasons = faults;
                reasons.push((line, format!(
                    "Line {line}: order {name} was already started at line {first}, with other data; keep one of the two."
                )));
                return refuse(reasons, &group);
            }
        };
        // A row whose cells are out of place says nothing true about its cells.
        let whole: Vec<usize> = rows.iter().copied().filter(|&place| self.is_whole(place)).collect();
        let starts_at = self.kept(&whole).position(|row| row.starts);
        let own: Vec<Row<'_>> = self.kept(&whole).map(|kept| self.row(&kept.record)).collect();
        let mut draft = Draft::default();
        let order = match starts_at {
            Some(starts_at) if faults.is_empty() || own.iter().any(Row::has_item) => {
                draft.build(&own, starts_at)
            }
            _ => None,
        };
        draft.reasons.extend(faults);
        match order {
            Some(order) if draft.reasons.is_empty() => {
                for note in draft.notes {
                    notes.push(note);
                }
                assumed.extend(draft.assumed);
                Ok(Built { order, rows })
            }
            _ => refuse(draft.reasons, &rows),
        }
    }

    fn is_whole(&self, place: usize) -> bool {
        self.rows.get(place).is_some_and(|row| row.fault.is_none())
    }

    /// The rows of one order, and the lines where exact copies of it start;
    /// or the line where a different order of the same name starts.
    fn without_repetition(&self, group: &[usize]) -> Result<(Vec<usize>, Vec<u64>), u64> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let mut before = Vec::new();
        for &place in group {
            if self.rows.get(place).is_some_and(|row| row.starts) {
                parts.push(vec![place]);
            } else if let Some(part) = parts.last_mut() {
                part.push(place);
            } else {
                before.push(place);
            }
        }
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        let wanted = self.contents(&first);
        let mut repeated = Vec::new();
        for part in parts {
            let line = self.kept(&part).next().map_or(0, |row| row.record.line);
            if !before.is_empty() || self.contents(&part) != wanted {
                return Err(line);
            }
            repeated.push(line);
        }
        before.extend(first);
        Ok((before, repeated))
    }

    fn contents(&self, places: &[usize]) -> Vec<Vec<String>> {
        self.kept(places)
            .map(|kept| {
                let mut cells: Vec<String> = split(&kept.record.raw, self.delimiter)
                    .iter()
                    .map(|cell| cell.trim().to_owned())
                    .collect();
                while cells.last().is_some_and(String::is_empty) {
                    cells.pop();
                }
                cells
            })
            .collect()
    }

    /// Two names for one of Shopify's ids: nobody here knows which is right.
    fn same_id_twice(&self, built: &[Built]) -> BTreeMap<u64, String> {
        let mut by_id: HashMap<&str, &CsvOrder> = HashMap::new();
        let mut reasons = BTreeMap::new();
        let mut reported = HashSet::new();
        for Built { order, .. } in built {
            let Some(id) = order.id.as_deref() else { continue };
            let Some(other) = by_id.get(id) else {
                by_id.insert(id, order);
                continue;
            };
            let reason = |order: &CsvOrder, other: &CsvOrder| {
                format!(
                    "Line {}: order {} has the same Id {id} as order {} at line {}; correct one of the two.",
                    order.line, order.name, other.name, other.line
                )
            };
            reasons.insert(order.line, reason(order, other));
            if reported.insert(id) {
                reasons.insert(other.line, reason(other, order));
            }
        }
        reasons
    }

    fn kept<'b>(&'b self, places: &'b [usize]) -> impl Iterator<Item = &'b Kept> {
        places.iter().filter_map(|&place| self.rows.get(place))
    }

    fn failure(&self, line: u64, name: &str, reason: String, rows: &[usize]) -> RowFailure {
        let raw: Vec<&str> = self.kept(rows).map(|row| row.record.raw.as_str()).collect();
        RowFailure { line, reference: name.to_owned(), reason, raw: raw.join("\n") }
    }
}
