//! The orders export of Shopify's admin, quirk by quirk.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use waybill::imports::shopify_csv::{CsvOrder, Parsed, RowFailure, failures, read};

pub(super) const HEADER: &str =
    "Name,Currency,Total,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Notes\n";

pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/shopify_orders_{name}.csv"));
    std::fs::read(path).unwrap()
}

pub(super) fn parsed(name: &str) -> Parsed {
    read(fixture(name).as_slice()).unwrap()
}

pub(super) fn small(rows: &str) -> Parsed {
    read(format!("{HEADER}{rows}").as_bytes()).unwrap()
}

pub(super) fn row(name: &str) -> String {
    format!("{name},EUR,1.00,paid,2026-11-20 09:41:00 +0100,1,Mug,1.00,\n")
}

pub(super) fn order<'a>(parsed: &'a Parsed, name: &str) -> &'a CsvOrder {
    parsed.orders.iter().find(|order| order.name == name).unwrap()
}

fn failure<'a>(parsed: &'a Parsed, name: &str) -> &'a RowFailure {
    parsed.failures.iter().find(|failure| failure.reference == name).unwrap()
}

pub(super) fn names(parsed: &Parsed) -> Vec<&str> {
    parsed.orders.iter().map(|order| order.name.as_str()).collect()
}

fn utc(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().unwrap()
}

#[test]
fn a_plain_export_is_read_whole() {
    let parsed = parsed("plain");
    assert_eq!(parsed.failures, []);
    assert_eq!(parsed.notes, [""; 0]);
    assert_eq!(names(&parsed), ["#1001", "#1002", "#1003"]);
    assert_eq!(parsed.rows, 5);
    insta::assert_debug_snapshot!(order(&parsed, "#1001"));
}

#[test]
fn lines_are_physical_lines_of_the_file() {
    let parsed = parsed("plain");
    // The first order's note and note attributes span lines 2 to 7.
    assert_eq!(order(&parsed, "#1001").lines, [2, 8, 9]);
    assert_eq!(order(&parsed, "#1001").items.iter().map(|item| item.line).collect::<Vec<_>>(), [2, 8, 9]);
    assert_eq!(order(&parsed, "#1002").line, 10);
}

#[test]
fn an_order_partly_refunded_keeps_both_amounts() {
    let parsed = parsed("plain");
    let order = order(&parsed, "#1002");
    assert_eq!((order.total_minor, order.refunded_minor), (3490, Some(1000)));
    assert_eq!(order.financial_status.as_deref(), Some("partially_refunded"));
    assert_eq!(order.email, None);
    assert_eq!(order.tax_lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>(), [557, 10]);
    assert_eq!(order.fulfilled_at, Some(utc("2026-11-21T10:00:00Z")));
}

#[test]
fn an_order_canceled_may_owe_the_customer_money() {
    let parsed = parsed("plain");
    assert_eq!(order(&parsed, "#1003").canceled_at, Some(utc("2026-11-22T13:00:00Z")));
    assert_eq!(order(&parsed, "#1003").outstanding_minor, Some(-100));
}

#[test]
fn a_byte_order_mark_and_crlf_change_nothing_and_one_bad_order_stops_no_other() {
    let parsed = parsed("bom_crlf");
    assert_eq!(names(&parsed), ["#1001"]);
    assert_eq!(order(&parsed, "#1001").lines, [2, 4]);
    assert_eq!(order(&parsed, "#1001").note.as_deref(), Some("two\nlines"));
    let failure = failure(&parsed, "#1002");
    assert_eq!(failure.line, 5);
    assert_eq!(failure.reason, "Line 5: Lineitem quantity is \"two\"; write a whole number.");
    assert!(failure.raw.starts_with("#1002,ada@example.com,paid") && !failure.raw.ends_with(['\r', '\n']));
    assert!(parsed.header.starts_with("Name,Email,Financial Status"));
}

#[test]
fn refused_rows_below_the_header_are_refused_again_for_the_same_cause() {
    let first = parsed("bad_cells");
    for refused in &first.failures {
        let again = read(format!("{}\n{}\n", first.header, refused.raw).as_bytes()).unwrap();
        assert_eq!((again.orders.len(), again.failures.len()), (0, 1), "{}", refused.reason);
        assert_eq!(again.failures[0].raw, refused.raw);
    }
}

#[test]
fn rows_of_one_order_need_not_be_neighbours() {
    let parsed = parsed("scattered");
    assert_eq!(parsed.failures, []);
    assert_eq!(order(&parsed, "#1001").lines, [2, 4, 6]);
    let items: Vec<&str> = order(&parsed, "#1002").items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(items, ["Mug - Blue", "Plate"]);
}

#[test]
fn a_row_that_continues_may_come_before_the_one_that_starts() {
    let parsed = small(&format!("#1001,,,,,2,Tote,4.00,\n{}", row("#1001")));
    assert_eq!(parsed.failures, []);
    assert_eq!((order(&parsed, "#1001").line, order(&parsed, "#1001").lines.as_slice()), (3, &[2, 3][..]));
}

#[test]
fn columns_may_stand_in_any_order_under_other_spellings_and_beside_others() {
    let parsed = parsed("other_columns");
    assert_eq!(parsed.failures, []);
    assert_eq!(
        parsed.notes,
        ["Columns that Shopify's export does not have were kept beside the order: Gift wrap, Warehouse bin."]
    );
    let order = order(&parsed, "#1001");
    assert_eq!(order.extras.get("Gift wrap").map(String::as_str), Some("red"));
    assert_eq!(order.extras.get("Warehouse bin").map(String::as_str), Some("A1"));
    assert_eq!(order.items[1].extras.get("Warehouse bin").map(String::as_str), Some("B2"));
    assert_eq!(order.items[0].compare_at_minor, Some(1800));
    assert_eq!(order.items[0].sku.as_deref(), Some("MUG-B"));
    assert_eq!(order.canceled_at, Some(utc("2026-11-21T08:41:00Z")));
    assert_eq!((order.subtotal_minor, order.email.as_deref()), (None, None));
}

#[test]
fn every_bad_cell_says_what_to_write() {
    let parsed = parsed("bad_cells");
    assert_eq!(names(&parsed), ["#1002"]);
    let reasons: Vec<&str> = parsed.failures.iter().map(|failure| failure.reason.as_str()).collect();
    insta::assert_debug_snapshot!(reasons);
    for reason in reasons {
        let lower = reason.to_lowercase();
        assert!(["invalid", "please", "sorry"].iter().all(|word| !lower.contains(word)), "{reason}");
        assert!(reason.starts_with("Line ") && reason.ends_with('.'), "{reason}");
    }
}

#[test]
fn an_order_is_refused_whole_with_the_reasons_of_all_its_rows() {
    let parsed = parsed("bad_cells");
    let failure = failure(&parsed, "#1001");
    assert_eq!((failure.line, failure.raw.lines().count()), (2, 2));
    for expected in [
        "Line 2: Lineitem quantity is \"two\"; write a whole number.",
        "Line 2: Lineitem price is \"-1.00\"; write an amount of zero or more.",
        "Line 3: Lineitem quantity is \"0\"; write 1 or more, or remove the line item.",
    ] {
        assert!(failure.reason.contains(expected), "{}", failure.reason);
    }
}

#[test]
fn the_same_order_twice_counts_once_and_different_ones_are_refused() {
    let parsed = parsed("duplicates");
    assert_eq!(names(&parsed), ["#1001"]);
    assert_eq!(order(&parsed, "#1001").lines, [2, 3]);
    assert_eq!(parsed.notes, ["Line 5: order #1001 is the same as at line 2; it was ignored."]);
    assert_eq!(
        failure(&parsed, "#1002").reason,
        "Line 7: order #1002 was already started at line 4, with other data; keep one of the two."
    );
    assert_eq!(failure(&parsed, "#1002").raw.lines().count(), 2);
    assert_eq!(
        failure(&parsed, "#1003").reason,
        "Line 8: order #1003 has the same Id 5600000001003 as order #1004 at line 9; correct one of the two."
    );
    assert_eq!(failure(&parsed, "#1004").line, 9);
    assert_eq!(
        failure(&parsed, "#1005").reason,
        "Line 10: the row continues order #1005, but no row of the file starts that order; \
         add the row with its Currency and Total, or remove this one."
    );
    assert_eq!(
        failure(&parsed, "#1006").reason,
        "Line 12: Email is not the one that order #1006 has at line 11; make them the same."
    );
}

#[test]
fn amounts_follow_the_decimals_of_their_currency() {
    let parsed = parsed("currencies");
    assert_eq!(parsed.failures.iter().map(|failure| failure.reason.as_str()).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(
        (order(&parsed, "#1001").total_minor, order(&parsed, "#1001").items[0].price_minor),
        (1250, 625)
    );
    assert_eq!(
        (order(&parsed, "#1002").total_minor, order(&parsed, "#1002").items[0].price_minor),
        (12345, 1500)
    );
    assert_eq!(
        (order(&parsed, "#1003").total_minor, order(&parsed, "#1003").items[0].price_minor),
        (163_056, 84028)
    );
    assert_eq!((order(&parsed, "#1004").currency.as_str(), order(&parsed, "#1004").total_minor), ("USD", 0));
}

#[test]
fn ambiguous_or_endless_amounts_are_refused() {
    for total in [
        "1.234,50",
        "1,234",
        "1 234.50",
        "1'234",
        "1.000",
        "€ 5",
        "5-",
        "+5",
        ".5",
        "5.",
        "1e3",
        "99999999999999999999",
        "-0.01",
        "--1",
        "١٢",
    ] {
        let parsed = small(&format!("#1001,EUR,\"{total}\",paid,2026-11-20 09:41:00 +0100,1,Mug,1.00,\n"));
        assert_eq!((parsed.orders.len(), parsed.failures.len()), (0, 1), "{total}");
        assert!(
            parsed.failures[0].reason.starts_with(&format!("Line 2: Total is \"{total}\"; ")),
            "{}",
            parsed.failures[0].reason
        );
    }
}

#[test]
fn dates_are_read_with_their_offset_and_without_one_as_utc() {
    let parsed = parsed("dates");
    assert_eq!(parsed.failures, []);
    for number in 1001..=1006 {
        let at = order(&parsed, &format!("#{number}")).created_at;
        assert_eq!(at.timestamp(), utc("2026-11-20T08:41:00Z").timestamp(), "{number}");
    }
    assert_eq!(order(&parsed, "#1007").created_at, utc("2026-11-20T00:00:00Z"));
    assert_eq!(parsed.notes, ["2 dates have no offset and were read as UTC; the first is in line 6."]);
}

#[test]
fn dates_that_are_none_are_refused() {
    for date in [
        "20/11/2026",
        "2026-02-30 10:00:00 +0100",
        "2026-11-20 25:00:00",
        "2026-11-20 10:00:00 +1",
        "2026-11-20 10:00:00 CET",
        "yesterday",
        "0026-11-20",
        "45984.4",
        "2026-11-20 10:00:00 +ß0",
    ] {
        let parsed = small(&format!("#1001,EUR,1.00,paid,{date},1,Mug,1.00,\n"));
        assert_eq!(parsed.failures.len(), 1, "{date}");
        assert!(parsed.failures[0].reason.contains("Created at"), "{}", parsed.failures[0].reason);
    }
}

#[test]
fn a_row_out_of_shape_says_how() {
    let parsed = parsed("unquoted_comma");
    assert_eq!(
        failure(&parsed, "#1001").reason,
        "Line 2: the row has 10 cells and the header 9; put quotes around cells that contain commas."
    );
    // Missing commas at the end and quotes within a cell are what spreadsheets and people write.
    assert_eq!(order(&parsed, "#1002").items[1].name, "5\" shelf \"oak\"");
    let cut = self::parsed("cut_off");
    assert_eq!(names(&cut), ["#1001"]);
    assert_eq!(cut.failures[0].reason, "Line 3: the file ends in the middle of this row; export it again.");
    let open = self::parsed("open_quote");
    assert_eq!(names(&open), ["#1001"]);
    assert!(open.failures[0].reason.starts_with("Line 5: a quote opened in this row is never closed"));
    assert!(open.failures[0].raw.contains("#1003"));
}

#[test]
fn an_order_without_items_is_refused_and_a_stray_row_without_one_is_noted() {
    let parsed = small(&format!("{}#1001,,,,,,,,\n", row("#1001")));
    assert_eq!(order(&parsed, "#1001").items.len(), 1);
    assert_eq!(parsed.notes, ["Line 3: the row has no line item; it was ignored."]);
}

#[test]
fn refused_rows_are_a_file_again_with_reasons_and_without_formulas() {
    let header = "Name;Email;Notes;Phone;Why it was not imported";
    let rows = [
        failures::Refused {
            reference: "#1",
            reason: "Line 2: \"two\" is no quantity; write 2.",
            raw: "#1;a@b.example;\"=HYPERLINK(\"\"x\"\")\";+32 2 555;old\n#1;;\"second\nline\";@x;",
        },
        failures::Refused { reference: "=1+1", reason: "A value in it is too long.", raw: "" },
    ];
    insta::assert_snapshot!(failures::write(header, rows), @r#"
    Name;Email;Notes;Phone;Why it was not imported
    #1;a@b.example;"'=HYPERLINK(""x"")";'+32 2 555;"Line 2: ""two"" is no quantity; write 2."
    #1;;"second
    line";'@x;"Line 2: ""two"" is no quantity; write 2."
    '=1+1;;;;A value in it is too long.
    "#);
}

/// Downloaded, given in again and downloaded again, it is the same file; and the
/// reasons are nothing that an order keeps.
#[test]
fn refused_rows_are_read_as_they_were() {
    let file = "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Colour\n\
                #1,a@b.example,paid,EUR,1.00,0.00,0.00,1.00,2026-11-01 10:00:00 +0100,two,=Thing,1.00,-A,+red\n";
    let again = |parsed: &Parsed| {
        let rows = parsed.failures.iter().map(|f| failures::Refused {
            reference: &f.reference,
            reason: &f.reason,
            raw: &f.raw,
        });
        failures::write(&parsed.header, rows)
    };
    let first = again(&read(file.as_bytes()).unwrap());
    assert!(first.contains(",'=Thing,1.00,'-A,'+red,"), "{first}");
    let second = read(first.as_bytes()).unwrap();
    assert_eq!(again(&second), first);
    assert!(!second.notes.iter().any(|note| note.contains("Why it was")), "{:?}", second.notes);
    let mended = read(first.replace(",two,", ",2,").as_bytes()).unwrap();
    let order = &mended.orders[0];
    assert_eq!((order.items[0].name.as_str(), order.items[0].sku.as_deref()), ("=Thing", Some("-A")));
    assert_eq!(order.extras.get("Colour").map(String::as_str), Some("+red"));
    assert_eq!(order.extras.len(), 1, "{:?}", order.extras);
}
