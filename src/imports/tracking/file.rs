//! Reads a file of tracking numbers: bytes in, rows out; it knows no database.
//! The rows come as the orders export's do – any of three delimiters, quotes, a
//! mark of the encoding or none – by the same reader.

use crate::imports::shopify_csv::{
    MAX_ROWS, NotAnExport,
    cells::{self, Moment},
    failures::REASON,
    records::Records,
};
use std::io::Read;

/// A file to begin with.
pub const SAMPLE: &str = "Shipment number,Order number,Tracking number,Courier,Service,Shipped at,Cost\r\n\
    SHP-000123,,1Z999AA10123456784,UPS,UPS Standard,2026-11-20 09:41:00 +0100,4.95\r\n\
    ,#1001,05308900123456,DPD,,2026-11-20,\r\n";

/// A column that means something to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The shipment's number.
    Shipment,
    /// The order's number.
    Order,
    /// The tracking number.
    Tracking,
    /// The courier.
    Courier,
    /// The courier's service.
    Service,
    /// When it left.
    ShippedAt,
    /// What sending it cost.
    Cost,
}

impl Column {
    const ALL: [Column; 7] = [
        Column::Shipment,
        Column::Order,
        Column::Tracking,
        Column::Courier,
        Column::Service,
        Column::ShippedAt,
        Column::Cost,
    ];

    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Column::Shipment => "Shipment number",
            Column::Order => "Order number",
            Column::Tracking => "Tracking number",
            Column::Courier => "Courier",
            Column::Service => "Service",
            Column::ShippedAt => "Shipped at",
            Column::Cost => "Cost",
        }
    }

    /// The column of a field of *Edit shipping details*.
    pub fn of_field(field: &str) -> Option<Column> {
        match field {
            "tracking_number" => Some(Column::Tracking),
            "courier" => Some(Column::Courier),
            "service" => Some(Column::Service),
            "shipped_at" => Some(Column::ShippedAt),
            "cost" => Some(Column::Cost),
            _ => None,
        }
    }

    /// Letters and digits of the titles it goes by.
    fn names(self) -> &'static [&'static str] {
        match self {
            Column::Shipment => {
                &["shipment", "shipmentnumber", "shipmentno", "shipmentreference", "fulfillment"]
            }
            Column::Order => {
                &["order", "ordernumber", "orderno", "ordername", "orderreference", "salesorder"]
            }
            Column::Tracking => &[
                "tracking",
                "trackingnumber",
                "trackingno",
                "trackingcode",
                "trackingid",
                "trackingreference",
                "consignmentnumber",
            ],
            Column::Courier => {
                &["courier", "carrier", "couriername", "carriername", "carriercode", "shippingcarrier"]
            }
            Column::Service => {
                &["service", "servicelevel", "shippingservice", "couriersservice", "servicename"]
            }
            Column::ShippedAt => &[
                "shippedat",
                "shipdate",
                "shippeddate",
                "dateshipped",
                "shippedon",
                "dispatchdate",
                "despatchdate",
            ],
            Column::Cost => &["cost", "shippingcost", "shipmentcost", "labelcost", "postage"],
        }
    }

    fn of_title(title: &str) -> Option<Column> {
        let plain: String =
            title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Column::ALL.into_iter().find(|column| column.names().contains(&plain.as_str()))
    }
}

/// What is wrong with a row: the title of its cell, and what to do.
pub type Wrong = (&'static str, String);

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackingRow {
    /// The physical line it starts on.
    pub line: u64,
    /// As it stood in the file.
    pub raw: String,
    /// The shipment's number; may be empty.
    pub shipment: String,
    /// The order's number; may be empty.
    pub order: String,
    /// The tracking number.
    pub tracking_number: String,
    /// The courier, unless the cell is empty.
    pub courier: Option<String>,
    /// The service, unless the cell is empty.
    pub service: Option<String>,
    /// When it left, as RFC 3339, unless the cell is empty.
    pub shipped_at: Option<String>,
    /// What it cost, unless the cell is empty.
    pub cost: Option<String>,
    /// What will not do already.
    pub wrong: Option<Wrong>,
}

/// What a file held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackingFile {
    /// Its rows, blank ones left out.
    pub rows: Vec<TrackingRow>,
    /// What a person should know before confirming.
    pub notes: Vec<String>,
    /// The header row as it stood.
    pub header: String,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum NotTracking {
    /// It lacks what every row needs.
    #[error(
        "The first row names no column for {0}. Name it there, as the sample file does, and import the file again."
    )]
    Missing(&'static str),
    /// Two columns say the same.
    #[error("Two columns are the {}: “{}” and “{}”. Remove one of them.", .0.title().to_lowercase(), .1, .2)]
    Twice(Column, String, String),
    /// See the sentence.
    #[error("{0}")]
    Unreadable(String),
}

impl From<NotAnExport> for NotTracking {
    fn from(error: NotAnExport) -> NotTracking {
        let parts = "split it and import the parts one by one.";
        NotTracking::Unreadable(match error {
            NotAnExport::Empty => "The file is empty; choose a CSV file with a header row.".into(),
            NotAnExport::TooLarge => format!("The file is larger than 20 MB; {parts}"),
            NotAnExport::TooManyRows => format!("The file has more than 100,000 rows; {parts}"),
            NotAnExport::TooManyColumns => {
                "The first row has more than 500 columns; save the sheet as CSV again.".into()
            }
            other => other.to_string(),
        })
    }
}

/// Where the columns are.
struct Header {
    columns: Vec<Option<Column>>,
    /// It is a file of wrong rows that we wrote: cells may carry our mark.
    ours: bool,
}

impl Header {
    fn read(titles: &[String], notes: &mut Vec<String>) -> Result<Header, NotTracking> {
        let ours = titles.iter().any(|title| title.trim() == REASON);
        let columns: Vec<Option<Column>> = titles.iter().map(|title| Column::of_title(title)).collect();
        let of = |wanted: Column| {
            let found = columns.iter().zip(titles).filter(move |(column, _)| **column == Some(wanted));
            found.map(|(_, title)| title.trim().to_owned()).collect::<Vec<_>>()
        };
        for column in Column::ALL {
            if let [first, second, ..] = of(column).as_slice() {
                return Err(NotTracking::Twice(column, first.clone(), second.clone()));
            }
        }
        if of(Column::Shipment).is_empty() && of(Column::Order).is_empty() {
            return Err(NotTracking::Missing("the shipment number or the order number"));
        }
        if of(Column::Tracking).is_empty() {
            return Err(NotTracking::Missing("the tracking number"));
        }
        let unknown: Vec<String> = columns
            .iter()
            .zip(titles)
            .filter(|(column, title)| column.is_none() && !title.trim().is_empty() && title.trim() != REASON)
            .map(|(_, title)| format!("“{}”", title.trim().chars().take(60).collect::<String>()))
            .take(20)
            .collect();
        if !unknown.is_empty() {
            notes.push(format!("Columns that are left aside: {}.", unknown.join(", ")));
        }
        Ok(Header { columns, ours })
    }
}

/// Reads a whole file.
///
/// # Errors
///
/// [`NotTracking`] where the file as a whole cannot be read; a single bad row has
/// [`TrackingRow::wrong`] instead.
pub fn read(input: impl Read) -> Result<TrackingFile, NotTracking> {
    let mut records = Records::new(input)?;
    let first = records.next()?.ok_or(NotAnExport::Empty)?;
    let titles = records.split(&first.raw);
    if titles.len() > crate::imports::shopify_csv::MAX_COLUMNS {
        return Err(NotAnExport::TooManyColumns.into());
    }
    let mut file = TrackingFile { header: first.raw.clone(), ..TrackingFile::default() };
    let header = Header::read(&titles, &mut file.notes)?;
    let mut latin = first.windows_1252.then_some(first.line);
    let mut utc = false;
    while let Some(record) = records.next()? {
        if file.rows.len() as u64 >= MAX_ROWS {
            return Err(NotAnExport::TooManyRows.into());
        }
        if record.windows_1252 {
            latin = latin.or(Some(record.line));
        }
        let cells = records.split(&record.raw);
        let mut row = row(&header, &cells, &mut utc);
        if record.unclosed {
            row.wrong = Some(("", "A quote that begins in this row is never closed. Close it.".into()));
        } else if cells.iter().skip(titles.len()).any(|cell| !cell.trim().is_empty()) {
            let sentence =
                "The row has more cells than the header. Put quotes around a cell that holds the delimiter.";
            row.wrong = Some(("", sentence.into()));
        }
        (row.line, row.raw) = (record.line, record.raw);
        file.rows.push(row);
    }
    if let Some(line) = latin {
        file.notes.push(format!(
            "Text from line {line} on is not UTF-8 and was read as Windows-1252; look at the accented letters."
        ));
    }
    if utc {
        file.notes.push("Ship dates without an offset were read as UTC.".into());
    }
    if file.rows.is_empty() {
        file.notes.push("The file has a header and no rows.".into());
    }
    Ok(file)
}

fn row(header: &Header, cells: &[String], utc: &mut bool) -> TrackingRow {
    let cell = |wanted: Column| {
        let place = header.columns.iter().position(|column| *column == Some(wanted));
        let cell = place.and_then(|place| cells.get(place)).map(|cell| cell.trim()).unwrap_or_default();
        if header.ours { cells::unguarded(cell) } else { cell }.to_owned()
    };
    let some = |column: Column| Some(cell(column)).filter(|cell| !cell.is_empty());
    let mut row = TrackingRow {
        shipment: cell(Column::Shipment),
        order: cell(Column::Order),
        tracking_number: cell(Column::Tracking),
        courier: some(Column::Courier),
        service: some(Column::Service),
        cost: some(Column::Cost),
        ..TrackingRow::default()
    };
    let mut wrong = |column: Column, sentence: &str| {
        row.wrong.get_or_insert((column.title(), sentence.to_owned()));
    };
    if row.shipment.is_empty() && row.order.is_empty() {
        wrong(Column::Shipment, "Enter the number of the shipment, or of the order if it has one shipment.");
    }
    if row.tracking_number.is_empty() {
        wrong(Column::Tracking, "Enter the tracking number.");
    } else if cells::is_shortened_number(&row.tracking_number) {
        let sentence =
            "A spreadsheet has rounded this number. Format the column as text and export it again.";
        wrong(Column::Tracking, sentence);
    }
    if let Some(at) = some(Column::ShippedAt) {
        match cells::moment(&at) {
            Ok(Moment { at, assumed }) => {
                *utc |= assumed;
                row.shipped_at = Some(at.to_rfc3339());
            }
            Err(_) => {
                wrong(Column::ShippedAt, "Write the date such as 2026-11-20 or 2026-11-20 09:41:00 +0100.")
            }
        }
    }
    row
}
