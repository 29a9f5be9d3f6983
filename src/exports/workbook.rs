//! XLSX, row by row into a file beside, so that its size costs no memory. Texts are
//! written as texts: nothing in them is ever a formula.

use super::{
    cell::{Cell, Row},
    columns::{Column, Kind},
};
use crate::{clock::Instant, money};
use anyhow::{Context, Result};
use chrono::{Datelike, SecondsFormat};
use rust_xlsxwriter::{Color, Format, FormatBorder, Worksheet};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

/// Rows of a sheet below its head; Excel has one more.
pub(super) const MOST_ROWS: u32 = 1_048_575;
/// What a cell may hold, counted as Excel does: in units of UTF-16.
const MOST_UNITS: usize = 32_767;

struct Formats {
    head: Format,
    time: Format,
    /// By how many decimals the currency has.
    money: [Format; 4],
}

impl Formats {
    fn new() -> Formats {
        Formats {
            head: Format::new()
                .set_bold()
                .set_border_bottom(FormatBorder::Thin)
                .set_border_color(Color::Gray),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            money: ["0", "0.0", "0.00", "0.000"].map(|shape| Format::new().set_num_format(shape)),
        }
    }
}

/// A workbook that grows by rows.
pub(super) struct Workbook {
    inner: rust_xlsxwriter::Workbook,
    formats: Formats,
    columns: Vec<&'static Column>,
    path: PathBuf,
    /// Of the sheet that grows.
    rows: u32,
    sheets: usize,
    most: u32,
}

impl Workbook {
    /// With a first sheet; none gets more than so many rows.
    pub fn create(path: &Path, columns: &[&'static Column], most: u32) -> Result<Workbook> {
        let mut inner = rust_xlsxwriter::Workbook::new();
        let folder = path.parent().context("a file lies in a folder")?;
        inner.set_tempdir(folder).context("a place for unfinished sheets")?;
        let mut workbook = Workbook {
            inner,
            formats: Formats::new(),
            columns: columns.to_vec(),
            path: path.to_owned(),
            rows: 0,
            sheets: 0,
            most,
        };
        workbook.another()?;
        Ok(workbook)
    }

    fn another(&mut self) -> Result<()> {
        let sheet = self.inner.add_worksheet_with_constant_memory()?;
        for (column, n) in self.columns.iter().zip(0..) {
            sheet.set_column_width(n, width(column))?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (column, n) in self.columns.iter().zip(0..) {
            sheet.write_string_with_format(0, n, column.head(), &self.formats.head)?;
        }
        (self.sheets, self.rows) = (self.sheets + 1, 0);
        Ok(())
    }

    /// More rows; of a full sheet another one.
    pub fn write(&mut self, mut rows: &[Row]) -> Result<()> {
        while !rows.is_empty() {
            if self.rows == self.most {
                self.another()?;
            }
            let free = usize::try_from(self.most - self.rows).unwrap_or(usize::MAX);
            let (now, later) = rows.split_at(free.min(rows.len()));
            let sheet = self.inner.worksheet_from_index(self.sheets - 1)?;
            for row in now {
                self.rows += 1;
                for (cell, n) in row.iter().zip(0..) {
                    put(sheet, (self.rows, n), cell, &self.formats)?;
                }
            }
            rows = later;
        }
        Ok(())
    }

    /// Its end.
    pub fn finish(mut self) -> Result<()> {
        self.inner.save(&self.path).context("packing the workbook")
    }
}

fn width(column: &Column) -> f64 {
    match column.kind {
        Kind::Text => 20.0,
        Kind::Time => 19.0,
        Kind::Whole | Kind::Money | Kind::Boolean => 12.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a spreadsheet has no other numbers")]
fn put(sheet: &mut Worksheet, at: (u32, u16), cell: &Cell, formats: &Formats) -> Result<()> {
    let (row, column) = at;
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            sheet.write_string(row, column, fitting(text))?;
        }
        Cell::Whole(number) => {
            sheet.write_number(row, column, *number as f64)?;
        }
        Cell::Money(minor, currency) => {
            let places = money::exponent(currency).min(3);
            let format = &formats.money[places];
            let amount = *minor as f64 / [1.0, 10.0, 100.0, 1000.0][places];
            sheet.write_number_with_format(row, column, amount, format)?;
        }
        Cell::Time(time) if is_in_calendar(*time) => {
            sheet.write_datetime_with_format(row, column, time.naive_utc(), &formats.time)?;
        }
        Cell::Time(time) => {
            sheet.write_string(row, column, time.to_rfc3339_opts(SecondsFormat::Secs, true))?;
        }
        Cell::Boolean(yes) => {
            sheet.write_boolean(row, column, *yes)?;
        }
    }
    Ok(())
}

/// The years that spreadsheets know.
fn is_in_calendar(at: Instant) -> bool {
    (1900..=9999).contains(&at.year())
}

/// A text as a cell can hold it: no longer, with one kind of line end, and without
/// what XML has no letter for, which would make the whole file unreadable.
fn fitting(text: &str) -> Cow<'_, str> {
    let strange = |c: char| c < ' ' && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    // no character has fewer bytes than units
    if text.len() <= MOST_UNITS && !text.contains(strange) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace(strange, "\u{fffd}");
    if text.encode_utf16().count() <= MOST_UNITS {
        return Cow::Owned(text);
    }
    let mut units = 1;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= MOST_UNITS
    };
    Cow::Owned(text.chars().take_while(fits).chain(['…']).collect())
}
