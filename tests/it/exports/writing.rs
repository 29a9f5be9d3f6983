//! What is written is read back by libraries that know nothing of ours: `calamine` for
//! workbooks, `csv` for the rest.

use super::records;
use calamine::{Data, Reader, Xlsx, open_workbook};
use std::path::{Path, PathBuf};
use waybill::{
    exports::{
        Column, Format, Resource,
        cell::{Cell, Row},
        columns,
        write::Writing,
    },
    secrets::random_hex,
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("waybill-written-{}", random_hex::<8>()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn of(names: &[&str]) -> Vec<&'static Column> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    columns::chosen(Resource::Shipments, &names, |_| true).unwrap()
}

async fn written(path: &Path, most: u32, format: Format, columns: &[&'static Column], rows: Vec<Row>) {
    let writing = Writing::in_sheets_of(most, path.to_owned(), format, columns.to_vec());
    for row in rows {
        writing.push(vec![row]).await.unwrap();
    }
    assert_eq!(writing.finish().await.unwrap(), std::fs::metadata(path).unwrap().len());
}

const HOSTILE: &[&str] = &[
    "=1+1",
    "=HYPERLINK(\"http://example.com\",\"x\")",
    "+SUM(A1:A9)",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "00123",
    "1e9",
    "2026-11-20",
    "TRUE",
    "say \"hi\", then; go",
    "two\nlines",
    "🎁 Ólafsdóttir 東京 👩‍👩‍👧",
    "<b>&amp;</b> _x0041_",
    "a\u{1}b",
    "'quoted",
    " spaces ",
];

#[tokio::test]
async fn no_text_is_a_formula_and_every_value_keeps_its_type() {
    let folder = Folder::new();
    let columns = of(&["reference", "id", "cost", "currency", "created_at", "is_reship"]);
    let at = "2026-02-28T23:59:58Z".parse().unwrap();
    let row = |text: &str| {
        vec![
            Cell::Text(text.into()),
            Cell::Whole(-7),
            Cell::Money(-1250, "EUR".into()),
            Cell::Text("EUR".into()),
            Cell::Time(at),
            Cell::Boolean(true),
        ]
    };
    let mut rows: Vec<Row> = HOSTILE.iter().map(|text| row(text)).collect();
    rows.push(vec![Cell::Empty; 6]);

    let path = folder.0.join("hostile.xlsx");
    written(&path, 1_000, Format::Xlsx, &columns, rows.clone()).await;
    let mut book: Xlsx<_> = open_workbook(&path).unwrap();
    let sheet = book.sheet_names()[0].clone();
    let formulas = book.worksheet_formula(&sheet).unwrap();
    assert_eq!(formulas.used_cells().count(), 0, "a formula: {formulas:?}");
    let read = book.worksheet_range(&sheet).unwrap();
    let heads: Vec<String> = read.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(heads, ["Reference", "Id", "Shipping cost", "Currency", "Created (UTC)", "Reship"]);
    for (text, cells) in HOSTILE.iter().zip(read.rows().skip(1)) {
        let Data::String(found) = &cells[0] else { panic!("{text:?} became {:?}", cells[0]) };
        let kept = text.replace('\r', "\n").replace('\u{1}', "\u{fffd}");
        // calamine does not read Excel’s own escapes
        assert_eq!(found.replace("_x005F_", "_"), kept);
        assert_eq!((&cells[1], &cells[2]), (&Data::Float(-7.0), &Data::Float(-12.5)));
        let Data::DateTime(time) = &cells[4] else { panic!("{:?}", cells[4]) };
        assert_eq!(time.as_datetime().unwrap().to_string(), "2026-02-28 23:59:58");
        assert_eq!(cells[5], Data::Bool(true));
    }

    let path = folder.0.join("hostile.csv");
    written(&path, 1_000, Format::Csv, &columns, rows).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let read = records(&text);
    assert_eq!(read.len(), HOSTILE.len() + 2);
    for (text, fields) in HOSTILE.iter().zip(&read[1..]) {
        let shown = fields[0].strip_prefix('\'').unwrap_or(&fields[0]);
        assert_eq!(shown, text.strip_prefix('\'').unwrap_or(text), "nothing is lost");
        let first = fields[0].trim_start_matches(' ').chars().next().unwrap();
        assert!(!"=+-@＝＋－＠\t\r\n".contains(first), "{:?} begins as a formula", fields[0]);
        assert_eq!(fields[1..], ["-7", "-12.50", "EUR", "2026-02-28T23:59:58Z", "yes"]);
    }
    assert_eq!(read[HOSTILE.len() + 1], [""; 6]);
    assert!(text.starts_with("Reference,Id,"));
    assert_eq!(text.matches("\r\n").count(), read.len(), "a record ends in CRLF, and nothing else does");
}

#[tokio::test]
async fn a_cell_holds_what_excel_takes_and_says_that_there_was_more() {
    let folder = Folder::new();
    let columns = of(&["reference"]);
    // two units each: what is cut is never half a character
    let long = "🎁".repeat(500_000);
    for (text, kept) in [("x".repeat(32_767), 32_767), ("x".repeat(32_768), 32_767), (long.clone(), 32_767)] {
        let path = folder.0.join("long.xlsx");
        written(&path, 10, Format::Xlsx, &columns, vec![vec![Cell::Text(text.clone())]]).await;
        let mut book: Xlsx<_> = open_workbook(&path).unwrap();
        let read = book.worksheet_range_at(0).unwrap().unwrap();
        let Some(Data::String(found)) = read.get_value((1, 0)) else { panic!("no text") };
        assert!(found.encode_utf16().count() <= kept);
        assert_eq!(*found == text, text.encode_utf16().count() <= 32_767);
        assert_eq!(found.ends_with('…'), text.encode_utf16().count() > 32_767);
    }
    let path = folder.0.join("long.csv");
    written(&path, 10, Format::Csv, &columns, vec![vec![Cell::Text(long.clone())]]).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(records(&text)[1][0], long, "CSV knows no limit");
}

#[tokio::test]
async fn a_full_sheet_is_followed_by_another_with_the_same_head() {
    let folder = Folder::new();
    let columns = of(&["id"]);
    let path = folder.0.join("sheets.xlsx");
    let rows = (0..7).map(|n| vec![Cell::Whole(n)]).collect();
    written(&path, 3, Format::Xlsx, &columns, rows).await;
    let mut book: Xlsx<_> = open_workbook(&path).unwrap();
    let sheets: Vec<Vec<Data>> = book
        .worksheets()
        .into_iter()
        .map(|(_, sheet)| sheet.rows().map(|row| row[0].clone()).collect())
        .collect();
    let head = || Data::String("Id".into());
    let number = |n: i32| Data::Float(f64::from(n));
    assert_eq!(
        sheets,
        [
            vec![head(), number(0), number(1), number(2)],
            vec![head(), number(3), number(4), number(5)],
            vec![head(), number(6)]
        ]
    );
}

#[tokio::test]
async fn what_is_not_finished_is_no_file() {
    let folder = Folder::new();
    for format in [Format::Csv, Format::Xlsx] {
        let path = folder.0.join("unfinished");
        let writing = Writing::begin(path.clone(), format, of(&["id"]));
        writing.push(vec![vec![Cell::Whole(1)]]).await.unwrap();
        let thread = writing.give_up();
        assert!(thread.await.unwrap().is_err());
        assert!(!path.exists(), "{format}");
    }
}

#[test]
fn an_amount_brings_its_currency_and_a_name_stands_once() {
    let names = |names: &[&str]| of(names).iter().map(|column| column.name).collect::<Vec<_>>();
    assert_eq!(names(&["order_total", "id", "cost"]), ["order_total", "id", "cost", "currency"]);
    assert_eq!(names(&["currency", "cost", "id", "id"]), ["currency", "cost", "id"]);
    let cost = columns::chosen(Resource::Shipments, &["cost".into()], |_| false).unwrap_err();
    assert!(cost.contains("needs the permission Costs"), "{cost}");
    let unknown = columns::chosen(Resource::Orders, &["nothing".into()], |_| false).unwrap_err();
    assert!(unknown.contains("number, channel_reference") && !unknown.contains("customer_name"), "{unknown}");
    for resource in [Resource::Orders, Resource::Shipments] {
        let names: std::collections::BTreeSet<_> = columns::all(resource).iter().map(|c| c.name).collect();
        assert_eq!(names.len(), columns::all(resource).len(), "a name stands for one column");
        let usual = columns::chosen(resource, &[], |_| false).unwrap();
        assert!(usual.iter().all(|column| column.needs.is_none()));
    }
}
