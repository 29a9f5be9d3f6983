//! The pages of stores, couriers, transaction records, connections, activity
//! and e-mails, over real HTTP on a real database.

mod couriers;
mod guide;
mod others;
mod records;
mod settings;

use crate::support::portal::Portal;

/// The channel of the portal's own account.
fn channel(portal: &Portal) -> String {
    format!("/stores/{}/channels/{}", portal.own.store, portal.own.record("channel"))
}

/// Where a link of a page leads, by what it reads as.
fn link(page: &crate::support::portal::Answer, text: &str) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let links = scraper::Selector::parse("a[href]").unwrap();
    let reads = |element: &scraper::ElementRef<'_>| match element.attr("aria-label") {
        Some(label) => label.to_owned(),
        None => element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let all: Vec<String> = html.select(&links).map(|e| reads(&e)).collect();
    html.select(&links)
        .find(|element| reads(element) == text)
        .and_then(|element| element.attr("href"))
        .unwrap_or_else(|| panic!("no link “{text}” among {all:?}"))
        .to_owned()
}
