//! Lists, links, moments and money in words.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use waybill::{
    accounts::Role,
    paging::{Cursor, Page},
    web::{
        filters::grouped,
        list::{Link, List},
        stamp::stamp,
    },
};

#[test]
fn links_keep_what_they_do_not_change() {
    let link = Link::of("/orders", "status=open&store=1&store=2&q=");
    assert_eq!(link.to_string(), "/orders?status=open&store=1&store=2", "what is empty is not asked");
    assert_eq!(link.with("status", "a&b").to_string(), "/orders?store=1&store=2&status=a%26b");
    assert_eq!(link.and("store", 2).to_string(), link.to_string(), "once");
    assert_eq!(link.without_value("store", "1").to_string(), "/orders?status=open&store=2");
    assert_eq!(Link::to("/orders").to_string(), "/orders");
}

#[test]
fn what_a_list_does_not_know_it_says() {
    let list = List::parse(
        "/orders",
        "role=admin&role=king&color=red&q=+so+&size=7&store=12&store=x",
        &["role", "store"],
    );
    assert_eq!(list.words("role", Role::parse), [Role::Admin]);
    assert_eq!((list.q(), list.size(), list.after(), list.is_filtered()), ("so", 50, None, true));
    assert_eq!(list.value::<i64>("store"), None);
    let notes = list.notes();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("“color”") && notes[1].contains("“king”") && notes[2].contains("“x”"));
    assert!(!list.link().to_string().contains("color"));
    assert!(!List::parse("/orders", "size=100", &[]).is_filtered());
    assert_eq!(List::parse("/orders", &format!("q={}", "é".repeat(500)), &[]).q().chars().count(), 200);
}

#[test]
fn the_pager_keeps_the_filters() {
    let at = Utc.timestamp_opt(1_700_000_000, 0).single().expect("a time");
    let (from, next) = (Cursor::beside(at, 5, false), Cursor::beside(at, 9, false));
    let list = List::parse("/orders", &format!("q=a&after={}", from.encode()), &[]);
    assert_eq!(list.after(), Some(from));
    let pager =
        list.pager(&Page { rows: vec![(); 50], previous: None, next: Some(next) }, Some(48_211), "orders");
    assert_eq!(pager.summary, "50 of 48,211 orders");
    assert_eq!(pager.next, Some(format!("/orders?q=a&after={}", next.encode())));
    assert_eq!(pager.prev, None);
    assert_eq!(
        (grouped(-1_234_567), grouped(999), grouped(0)),
        ("−1,234,567".into(), "999".into(), "0".into())
    );
}

#[test]
fn moments_in_the_zone_of_the_account() {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
    let now = at("2026-11-20T12:00:00Z");
    let words = |text: &str, zone: Tz| {
        let stamp = stamp(at(text), zone, now);
        (stamp.short, stamp.full)
    };
    let (brussels, kolkata) = (Tz::Europe__Brussels, Tz::Asia__Kolkata);
    assert_eq!(
        words("2026-11-20T08:41:14Z", brussels),
        ("09:41".into(), "2026-11-20 09:41:14 UTC+1 (Europe/Brussels)".into())
    );
    assert_eq!(words("2026-11-19T23:30:00Z", brussels).0, "00:30", "today begins where the account is");
    assert_eq!(words("2026-11-18T10:00:00Z", brussels).0, "18 Nov");
    assert_eq!(words("2025-11-18T10:00:00Z", brussels).0, "18 Nov 2025");
    assert_eq!(words("2025-12-31T23:30:00Z", brussels).0, "1 Jan", "the year too");
    assert_eq!(words("2026-07-01T00:00:00Z", kolkata).1, "2026-07-01 05:30:00 UTC+5:30 (Asia/Kolkata)");
    assert_eq!(
        words("2026-07-01T12:00:00Z", Tz::America__St_Johns).1,
        "2026-07-01 09:30:00 UTC-2:30 (America/St_Johns)"
    );
    assert_eq!(words("2026-07-01T00:00:00Z", Tz::UTC).1, "2026-07-01 00:00:00 UTC (UTC)");
    assert_eq!(stamp(now, brussels, now).iso, "2026-11-20T12:00:00Z");
}
