//! Encodings, limits, and files that are no export.

#![allow(clippy::unwrap_used)]

use waybill::imports::shopify_csv::{
    MAX_COLUMNS, MAX_FILE_BYTES, MAX_NAME_CHARS, MAX_NOTES, MAX_REASONS, MAX_RECORD_BYTES, MAX_ROWS,
    NotAnExport, read,
};

use super::shopify_csv::{HEADER, fixture, order, parsed, row, small};

#[test]
fn other_encodings_are_converted_and_noted() {
    let latin = parsed("windows_1252");
    assert_eq!(order(&latin, "#1001").shipping.city.as_deref(), Some("Köln"));
    assert_eq!(order(&latin, "#1001").note.as_deref(), Some("Grüße – 5 €"));
    assert_eq!(
        latin.notes,
        ["Text from line 2 on is not UTF-8 and was read as Windows-1252; look at the accented letters."]
    );
    let wide = parsed("utf16");
    assert_eq!(order(&wide, "#1001").shipping.city.as_deref(), Some("Köln 東京 😀"));
    assert!(
        wide.notes.iter().any(|note| note.contains("UTF-16"))
            && wide.notes.iter().any(|note| note.contains("tabs"))
    );
}

#[test]
fn a_spreadsheet_may_have_chosen_another_delimiter_or_shortened_numbers() {
    let semicolons = parsed("semicolons");
    assert_eq!(order(&semicolons, "#1001").lines, [3, 4]);
    let spreadsheet = parsed("spreadsheet");
    assert_eq!(
        (order(&spreadsheet, "#1001").id.as_deref(), order(&spreadsheet, "#1001").phone.as_deref()),
        (None, None)
    );
    assert_eq!(spreadsheet.notes.len(), 2);
}

#[test]
fn a_file_that_is_no_export_is_refused_as_a_whole() {
    assert!(matches!(read(&b""[..]), Err(NotAnExport::Empty)));
    assert!(matches!(read(&b"\xEF\xBB\xBF\r\n\n"[..]), Err(NotAnExport::Empty)));
    let refused = read(fixture("products").as_slice()).unwrap_err();
    assert!(matches!(&refused, NotAnExport::MissingColumns { missing } if missing.len() == 6));
    assert_eq!(
        refused.to_string(),
        "This is not a Shopify orders export: its first row has no column Financial Status, Created at, Total, \
         Lineitem quantity, Lineitem name, Lineitem price. Export the orders again as plain CSV and keep all columns."
    );
    assert!(matches!(read(&b"PK\x03\x04\x14\x00\x06\x00"[..]), Err(NotAnExport::Undecodable { line: 1 })));
    let mut undefined = format!("{HEADER}{}", row("#1001")).into_bytes();
    undefined.extend(b"#1002,\x81\n");
    assert!(matches!(read(undefined.as_slice()), Err(NotAnExport::Undecodable { line: 3 })));
    let mut odd = fixture("utf16");
    odd.push(b'x');
    assert!(matches!(read(odd.as_slice()), Err(NotAnExport::Undecodable { line: 3 })));
}

#[test]
fn a_header_alone_is_an_export_without_orders() {
    let parsed = parsed("header_only");
    assert_eq!((parsed.rows, parsed.orders.len(), parsed.failures.len()), (0, 0, 0));
    assert_eq!(parsed.notes, ["The file has a header and no orders."]);
}

#[test]
fn a_huge_cell_is_read_and_a_huger_one_is_not() {
    let note = "x".repeat(900_000);
    let parsed = small(&format!("#1001,EUR,1.00,paid,2026-11-20 09:41:00 +0100,1,Mug,1.00,{note}\n"));
    assert_eq!(order(&parsed, "#1001").note.as_ref().map(String::len), Some(900_000));
    let note = "x".repeat(MAX_RECORD_BYTES);
    let text = format!("{HEADER}{}#1001,EUR,\"{note}\n", row("#1000"));
    assert!(matches!(read(text.as_bytes()), Err(NotAnExport::RecordTooLarge { line: 3 })));
}

#[test]
fn limits_hold_while_reading() {
    let endless = std::io::Read::chain(HEADER.as_bytes(), std::io::repeat(b'\n'));
    assert!(matches!(read(endless), Err(NotAnExport::TooLarge)));
    let padding = "\n".repeat(usize::try_from(MAX_FILE_BYTES).unwrap() - HEADER.len());
    assert!(read(format!("{HEADER}{padding}").as_bytes()).is_ok());
    let rows = "#1,,,,,,,,\n".repeat(usize::try_from(MAX_ROWS).unwrap() + 1);
    assert!(matches!(read(format!("{HEADER}{rows}").as_bytes()), Err(NotAnExport::TooManyRows)));
}

#[test]
fn columns_names_and_reasons_have_limits_too() {
    let columns = format!("{}{}", HEADER.trim_end(), ",x".repeat(MAX_COLUMNS));
    assert!(matches!(read(columns.as_bytes()), Err(NotAnExport::TooManyColumns)));
    let long = small(&row(&"#".repeat(MAX_NAME_CHARS + 1)));
    assert_eq!((long.orders.len(), long.failures[0].reference.as_str()), (0, ""));
    assert!(long.failures[0].reason.starts_with("Line 2: Name has more than 255 characters"));
    let bad = format!("{}{}", row("#1"), "#1,,,,,none,Mug,1.00,\n".repeat(MAX_REASONS + 7));
    let reason = &small(&bad).failures[0].reason;
    assert_eq!(reason.matches("Lineitem quantity").count(), MAX_REASONS);
    assert!(reason.ends_with(" 7 more reasons were left out."));
}

#[test]
fn notes_are_counted_not_piled_up() {
    let rows = row("#1001").repeat(MAX_NOTES + 11);
    let parsed = small(&rows);
    assert_eq!((parsed.orders.len(), parsed.notes.len()), (1, MAX_NOTES + 1));
    assert_eq!(parsed.notes[MAX_NOTES], "10 more notes were left out.");
}

#[test]
fn a_source_that_breaks_is_said_to_break() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    assert!(matches!(read(Broken), Err(NotAnExport::Read(_))));
}
