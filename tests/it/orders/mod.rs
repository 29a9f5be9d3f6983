//! Orders, customers and the home page.

mod badges;
mod customers;
mod editing;
mod holds;
mod home;
mod list;
mod show;
mod tags;

use crate::support::portal::Portal;

/// Adds an order of the own account beside the one there is. `columns` and
/// `values` are SQL.
async fn add(portal: &Portal, number: &str, columns: &str, values: &str) -> i64 {
    let (account, channel) = (portal.own.account, portal.own.record("channel"));
    portal
        .count(&format!(
            "with made as (insert into orders (account_id, channel_id, customer_id, number, channel_reference, currency, \
             search_text{columns}) values ({account}, {channel}, {customer}, '{number}', 'r-{number}', 'EUR', \
             lower('{number} ada lovelace ada@own.example'){values}) returning id) select id from made",
            customer = portal.own.record("customer"),
        ))
        .await
}
