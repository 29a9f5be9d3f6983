//! Reads the orders CSV that Shopify's admin exports (*Orders → Export*).
//!
//! The file has one row per line item. The first row of an order carries the
//! order's own columns; the rows after it repeat the `Name` and, depending on
//! the shop, the `Email`, `Phone` and `Created at`, and leave the rest blank.
//! [`read`] is pure: bytes in, orders and refusals out; it knows no database.
//!
//! What it promises:
//! - nothing half-imported: one bad row refuses its whole order, with every
//!   reason, and hands back all the rows of that order as they stood in the file;
//! - nothing silently lost: what was assumed, skipped or not understood is a note;
//! - bounded memory: the limits below hold while reading, not after it.
//!
//! Assumptions, each of them noted in [`Parsed::notes`] when it is used:
//! - a date without an offset is UTC, a date without a time is midnight UTC;
//! - text that is neither UTF-8 nor UTF-16 is Windows-1252, decided row by row;
//! - a row with fewer cells than the header has blanks at its end (spreadsheets
//!   drop trailing commas); only a last row cut off without a line end is refused.
//!
//! Two separate rows starting the same order are compared: equal ones are one
//! order, different ones are refused, since nobody here knows which is right.

pub(super) mod cells;
mod columns;
mod currencies;
pub mod failures;
mod order;
mod orders;
pub(super) mod records;

use std::collections::BTreeMap;
use std::io::Read;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use columns::Header;
use orders::Orders;
use records::Records;

/// The largest file read, in bytes as sent (20 MB).
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// The most rows read, the header and blank rows not counted.
pub const MAX_ROWS: u64 = 100_000;
/// The largest single row, in bytes (1 MB), line breaks inside quotes included.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// The most columns read.
pub const MAX_COLUMNS: usize = 500;
/// The longest order name read, in characters.
pub const MAX_NAME_CHARS: usize = 255;
/// The most reasons given for one order; one more says how many were left out.
pub const MAX_REASONS: usize = 50;
/// The most notes kept; one more says how many were left out.
pub const MAX_NOTES: usize = 200;

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed {
    /// The orders that can be imported, in the order the file starts them.
    pub orders: Vec<CsvOrder>,
    /// The orders and rows that cannot, by line.
    pub failures: Vec<RowFailure>,
    /// What a person should know before confirming: assumptions, unknown
    /// columns, ignored duplicates, the encoding if it was not UTF-8.
    pub notes: Vec<String>,
    /// Rows read, without the header and blank rows.
    pub rows: u64,
    /// The header row as it stood in the file, to put above refused rows.
    pub header: String,
}

/// Why an order, or a row that belongs to none, cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFailure {
    /// The physical line of the first bad row, counted from 1.
    pub line: u64,
    /// The order's name, or empty where the row has none.
    pub reference: String,
    /// One sentence for each thing to correct, each starting with its line.
    pub reason: String,
    /// All rows of the order as they stood in the file.
    pub raw: String,
}

/// One order. Amounts are integer minor units of [`CsvOrder::currency`];
/// `None` means that the cell was blank or the column is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvOrder {
    /// The physical line of the row that starts the order.
    pub line: u64,
    /// The physical lines of all its rows, in file order.
    pub lines: Vec<u64>,
    /// The order's name as the shop shows it, such as `#1001`.
    pub name: String,
    /// Shopify's own number for the order (the `Id` column).
    pub id: Option<String>,
    /// The customer's e-mail address.
    pub email: Option<String>,
    /// The customer's phone number (the `Phone` column).
    pub phone: Option<String>,
    /// `paid`, `pending`, `partially_refunded`, …, in lower case.
    pub financial_status: Option<String>,
    /// `fulfilled`, `partial`, `unfulfilled`, …, in lower case.
    pub fulfillment_status: Option<String>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was fulfilled.
    pub fulfilled_at: Option<DateTime<Utc>>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When it was canceled.
    pub canceled_at: Option<DateTime<Utc>>,
    /// ISO 4217 code, upper case.
    pub currency: String,
    /// Line items after discounts.
    pub subtotal_minor: Option<i64>,
    /// What the customer pays for shipping.
    pub shipping_minor: Option<i64>,
    /// All taxes.
    pub taxes_minor: Option<i64>,
    /// What the customer pays.
    pub total_minor: i64,
    /// Discounts, as a positive amount.
    pub discount_minor: Option<i64>,
    /// What was paid back; a partial refund leaves it below the total.
    pub refunded_minor: Option<i64>,
    /// What is still to be paid; below zero where the shop owes the customer.
    pub outstanding_minor: Option<i64>,
    /// The discount code used.
    pub discount_code: Option<String>,
    /// The shipping method chosen.
    pub shipping_method: Option<String>,
    /// How it was paid, as sent.
    pub payment_method: Option<String>,
    /// `Low`, `Medium` or `High`, as sent.
    pub risk_level: Option<String>,
    /// Where it was placed: `web`, …, or the number of an app.
    pub source: Option<String>,
    /// The vendor in the row that starts the order.
    pub vendor: Option<String>,
    /// Tags, split at commas.
    pub tags: Vec<String>,
    /// The note.
    pub note: Option<String>,
    /// The note's attributes, in file order, names possibly repeated.
    pub note_attributes: Vec<(String, String)>,
    /// Where the bill goes.
    pub billing: CsvAddress,
    /// Where the parcel goes.
    pub shipping: CsvAddress,
    /// What was bought; never empty.
    pub items: Vec<CsvItem>,
    /// The numbered tax columns, in their number's order.
    pub tax_lines: Vec<CsvTaxLine>,
    /// Non-blank cells of columns that have no field here, by column title.
    pub extras: BTreeMap<String, String>,
}

/// An address as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvAddress {
    /// The person's name.
    pub name: Option<String>,
    /// Street in one text.
    pub street: Option<String>,
    /// First line; taken from `street` where the file has no such column.
    pub address1: Option<String>,
    /// Second line.
    pub address2: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code, without the `'` that Shopify puts before it.
    pub zip: Option<String>,
    /// Province code.
    pub province: Option<String>,
    /// Province in words.
    pub province_name: Option<String>,
    /// Country code.
    pub country: Option<String>,
    /// Phone, without a leading `'`.
    pub phone: Option<String>,
}

/// One line item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvItem {
    /// The physical line of its row.
    pub line: u64,
    /// How many; at least 1.
    pub quantity: u32,
    /// Product and variant as shown to the customer.
    pub name: String,
    /// Price of one, minor units.
    pub price_minor: i64,
    /// The struck-through price of one, minor units.
    pub compare_at_minor: Option<i64>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Whether it is shipped at all.
    pub requires_shipping: Option<bool>,
    /// Whether it is taxed.
    pub taxable: Option<bool>,
    /// `fulfilled`, `pending`, …, in lower case.
    pub fulfillment_status: Option<String>,
    /// Discount on the line as sent, minor units.
    pub discount_minor: Option<i64>,
    /// The product's vendor.
    pub vendor: Option<String>,
    /// Non-blank cells without a field of their own, of rows that continue an
    /// order; those of the row that starts it are [`CsvOrder::extras`].
    pub extras: BTreeMap<String, String>,
}

/// One numbered pair of tax columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvTaxLine {
    /// The tax's name, such as `VAT 20%`.
    pub name: String,
    /// Its amount, minor units; 0 where the cell was blank.
    pub amount_minor: i64,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum NotAnExport {
    /// Not a single byte of text.
    #[error("The file is empty; choose the CSV that Shopify's order export sent.")]
    Empty,
    /// Columns without which there is no order.
    #[error(
        "This is not a Shopify orders export: its first row has no column {}. \
         Export the orders again as plain CSV and keep all columns.",
        .missing.join(", ")
    )]
    MissingColumns {
        /// Their titles, as Shopify writes them.
        missing: Vec<&'static str>,
    },
    /// Neither UTF-8, UTF-16 nor Windows-1252, or not text at all.
    #[error("Line {line} is not text in UTF-8, UTF-16 or Windows-1252; save the file as CSV in UTF-8.")]
    Undecodable {
        /// The physical line.
        line: u64,
    },
    /// More than [`MAX_FILE_BYTES`].
    #[error(
        "The file is larger than 20 MB; export a shorter range of dates and import the parts one by one."
    )]
    TooLarge,
    /// More than [`MAX_ROWS`].
    #[error("The file has more than 100,000 rows; export a shorter range of dates.")]
    TooManyRows,
    /// More than [`MAX_COLUMNS`].
    #[error("The first row has more than 500 columns; export the orders again as plain CSV.")]
    TooManyColumns,
    /// A row of more than [`MAX_RECORD_BYTES`].
    #[error(
        "The row starting at line {line} is larger than 1 MB; look there for a quote that is never closed."
    )]
    RecordTooLarge {
        /// The physical line where the row starts.
        line: u64,
    },
    /// The source stopped.
    #[error("The file could not be read to its end; upload it again.")]
    Read(#[from] std::io::Error),
}

/// Reads a whole export.
///
/// # Errors
///
/// [`NotAnExport`] where the file as a whole cannot be read; single bad rows
/// are [`Parsed::failures`] instead.
pub fn read(input: impl Read) -> Result<Parsed, NotAnExport> {
    let mut records = Records::new(input)?;
    let first = records.next()?.ok_or(NotAnExport::Empty)?;
    let titles = records.split(&first.raw);
    let header = Header::read(&titles)?;
    let delimiter = records.delimiter();

    let mut notes = Notes::default();
    header.describe(&mut notes);
    if delimiter != b',' {
        let name = if delimiter == b'\t' { "tabs" } else { "semicolons" };
        notes.push(format!(
            "The cells are separated by {name}, not commas; it was probably saved by a spreadsheet."
        ));
    }

    let mut orders = Orders::new(&header, delimiter);
    let mut rows = 0;
    let mut latin = first.windows_1252.then_some(first.line);
    while let Some(record) = records.next()? {
        rows += 1;
        if rows > MAX_ROWS {
            return Err(NotAnExport::TooManyRows);
        }
        if record.windows_1252 {
            latin = latin.or(Some(record.line));
        }
        orders.add(record);
    }
    if records.is_utf16() {
        notes.push("The file is in UTF-16 and was converted.".to_owned());
    }
    if let Some(line) = latin {
        notes.push(format!(
            "Text from line {line} on is not UTF-8 and was read as Windows-1252; look at the accented letters."
        ));
    }
    if rows == 0 {
        notes.push("The file has a header and no orders.".to_owned());
    }
    let (orders, failures) = orders.finish(&mut notes);
    Ok(Parsed { orders, failures, notes: notes.finish(), rows, header: first.raw })
}

/// Notes up to [`MAX_NOTES`].
#[derive(Default)]
struct Notes {
    kept: Vec<String>,
    left_out: usize,
}

impl Notes {
    fn push(&mut self, note: String) {
        if self.kept.len() < MAX_NOTES {
            self.kept.push(note);
        } else {
            self.left_out += 1;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.left_out > 0 {
            self.kept.push(format!("{} more notes were left out.", self.left_out));
        }
        self.kept
    }
}
