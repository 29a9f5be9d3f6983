//! The list: tabs, filters, search, pages, lines.

use super::{Desk, rows};
use crate::support::portal::Answer;
use waybill::accounts::Role;

fn numbers(page: &Answer) -> Vec<String> {
    page.texts("a[data-primary]")
}

#[tokio::test]
async fn pages_follow_one_another_and_back_without_a_gap() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    for n in 10..69 {
        portal
            .own
            .ship(&client, &format!("SHP-{n}"), &format!("created_at = now() - interval '{n} hours'"))
            .await;
    }
    let mut browser = portal.visitor(Role::Client).await;
    let first = browser.get("/shipments?size=25").await;
    assert_eq!(first.status, 200);
    assert_eq!(numbers(&first).len(), 25);
    assert!(first.attribute(".pager a[rel=prev]", "href").is_none());
    assert!(first.text(".pager").contains("25 of 60 shipments"), "{}", first.text(".pager"));
    let mut seen = numbers(&first);
    let mut page = first;
    while let Some(next) = page.attribute(".pager a[rel=next]", "href") {
        page = browser.get(&next).await;
        seen.extend(numbers(&page));
        assert!(page.text("title").contains("further page"), "{}", page.text("title"));
    }
    assert_eq!(seen.len(), 60);
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 60);
    let back = page.attribute(".pager a[rel=prev]", "href").expect("a page before");
    assert_eq!(numbers(&browser.get(&back).await), seen[25..50]);
    // one page needs no pager, and a cursor from nowhere starts anew
    assert!(browser.get("/shipments?size=100").await.attribute(".pager a", "href").is_none());
    assert_eq!(numbers(&browser.get("/shipments?size=25&after=nonsense").await), seen[..25]);
}

#[tokio::test]
async fn tabs_filters_and_search_narrow_and_say_so() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let own = &portal.own;
    own.ship(&client, "SHP-UNK", "status = 'unconfirmed'").await;
    own.ship(&client, "SHP-ERR", "status = 'error'").await;
    own.ship(&client, "SHP-VOID", "status = 'canceled', voided_at = now()").await;
    own.unmapped(&client, "SHP-COURIER", "DPD_be").await;
    own.ship(&client, "SHP-100%_X", "search_text = 'shp-100%_x'").await;
    let mut browser = portal.visitor(Role::Client).await;

    let active = browser.get("/shipments").await;
    assert!(!active.body.contains("SHP-VOID"));
    assert!(
        active.texts(".tabs a").contains(&"Outcome unknown 1".to_owned()),
        "{:?}",
        active.texts(".tabs a")
    );
    for (query, expected) in [
        ("tab=unknown", "SHP-UNK"),
        ("tab=errors", "SHP-ERR"),
        ("tab=voided", "SHP-VOID"),
        ("status=error&sync=awaiting_send", "SHP-ERR"),
        ("sync=failed", "SHP-COURIER"),
        ("courier=dpd_be", "SHP-COURIER"),
        ("q=courier+ada", "SHP-COURIER"),
        ("q=%23shp-err", "SHP-ERR"),
        ("q=https%3A%2F%2Fportal.example%2Fx%2FSHP-UNK%3Fa%3D1", "SHP-UNK"),
        // wildcards are letters like others
        ("q=100%25_x", "SHP-100%_X"),
    ] {
        let page = browser.get(&format!("/shipments?{query}")).await;
        assert_eq!(numbers(&page), [expected], "{query}");
    }
    assert_eq!(
        numbers(&browser.get("/shipments?q=SHP-UNK%2C+SHP-ERR").await).len(),
        2,
        "a pasted list finds any"
    );
    let filtered = browser.get("/shipments?status=error&connection=1&q=zebra&nonsense=1&sync=purple").await;
    assert_eq!(filtered.status, 200);
    assert!(filtered.body.contains("No shipments match"));
    assert!(filtered.body.contains("no filter “nonsense”") && filtered.body.contains("“purple” is no value"));
    let chip = filtered.attribute(".chip a", "href").expect("a chip");
    assert!(!chip.contains("status=") && chip.contains("q=zebra"), "{chip}");
    assert_eq!(
        browser
            .get("/shipments?q=%01%0a&from=2026-02-31&courier=%02&connection=99999999999999999999")
            .await
            .status,
        200
    );
    // tomorrow's shipments
    assert!(browser.get("/shipments?from=2999-01-01").await.body.contains("No shipments match"));
}

#[tokio::test]
async fn lines_open_in_place_with_costs_for_those_who_may() {
    let portal = Desk::open().await;
    let id = portal.own.shipment;
    let mut admin = portal.visitor(Role::Admin).await;
    let closed = admin.get("/shipments").await;
    assert_eq!(closed.attribute(".expand", "aria-expanded").as_deref(), Some("false"));
    let open = admin.get(&closed.attribute(".expand", "href").expect("a way to open")).await;
    assert_eq!(open.attribute(".expand", "aria-expanded").as_deref(), Some("true"));
    assert!(open.text(&format!("#lines-{id}")).contains("KTL-0081 Enamel kettle 2 €18.20"));
    let part = admin.partial(&format!("/shipments?open={id}")).await;
    assert!(part.body.starts_with("<div id=\"results\"") && part.body.contains("KTL-0081"));
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&format!("/shipments?open={id}")).await;
    assert!(page.body.contains("KTL-0081") && !page.body.contains("€18.20"));
}

/// The text a list is searched by holds names and addresses; a match would tell.
#[tokio::test]
async fn a_search_tells_nothing_about_people_to_those_who_may_not_see_them() {
    let portal = Desk::open().await;
    let number = format!("SHP-{}-1", portal.own.account);
    for (role, found) in [(Role::Client, true), (Role::Support, false)] {
        let mut browser = portal.visitor(role).await;
        for list in ["/shipments?q=", "/error-queue?flat=1&q="] {
            for person in ["ada", "buyer", "ada%20buyer"] {
                let page = browser.get(&format!("{list}{person}")).await;
                assert_eq!(page.body.contains(&number), found, "{role} {list}{person}");
            }
            for identifier in [number.to_lowercase(), format!("so-{}", portal.own.account)] {
                let page = browser.get(&format!("{list}{identifier}")).await;
                assert!(page.body.contains(&number), "{role} {list}{identifier}");
            }
        }
        assert_eq!(browser.get("/shipments?q=ada,buyer").await.body.contains(&number), found, "{role}");
    }
}

#[tokio::test]
async fn home_counts_what_its_link_lists() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    for (number, hours) in [("SHP-YOUNG", 23), ("SHP-OLD", 25), ("SHP-OLDER", 90)] {
        let posted = format!(
            "status = 'pending_tracking', fulfillment_id = '{hours}', date_post = now() - interval '{hours} hours'"
        );
        portal.own.ship(&client, number, &posted).await;
    }
    let mut browser = portal.visitor(Role::Client).await;
    let home = browser.get("/").await;
    let link = "a[href='/shipments?tab=pending_tracking&silent=yes']";
    assert_eq!(home.text(&format!("tr:has({link}) .big")), "2");
    let list = browser.get("/shipments?tab=pending_tracking&silent=yes").await;
    let mut numbers = list.texts("#results [data-primary]");
    numbers.sort();
    assert_eq!(numbers, ["SHP-OLD", "SHP-OLDER"]);
    assert!(list.text(".chip.applied").contains("Posted over 24 h ago"), "and says so");
    let voided = portal
        .own
        .ship(
            &client,
            "SHP-VOID",
            "status = 'pending_tracking', fulfillment_id = 'V', date_post = now() - interval '90 hours'",
        )
        .await;
    portal
        .by_hand(&format!("update shipments set status = 'canceled', voided_at = now() where id = {voided}"))
        .await;
    assert_eq!(browser.get("/").await.text(&format!("tr:has({link}) .big")), "2");
}
