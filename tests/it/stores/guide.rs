//! The guide for a fulfillment that was not sent to its channel, walked step by
//! step as it is written.

use super::link;
use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn courier_mappings_are_found_and_saved_as_the_guide_says() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    // 1. go to the left side of the screen, click "Stores"
    let home = admin.get("/").await;
    let stores = admin.get(&link(&home, "Stores")).await;
    assert_eq!(stores.text("h1"), "Stores");
    // 2. the pencil next to the store
    let store = admin.get(&link(&stores, "Open Store of own")).await;
    // 3. the pencil next to the channel
    let channel = admin.get(&link(&store, "Open eBay of own")).await;
    assert_eq!(channel.text("h1"), "eBay of own");
    // 4. "Couriers"
    let couriers = admin.get(&link(&channel, "Couriers 1 not mapped")).await;
    // what is not mapped comes first, with its suggestion
    assert_eq!(couriers.text("section[aria-labelledby=waiting] tbody th"), "dpd_be");
    assert!(couriers.text("section[aria-labelledby=waiting] tbody").contains("DPD"));
    // 5. select the courier name
    let options = couriers.texts("select#courier option");
    assert!(options.contains(&"dpd_be".to_owned()), "{options:?}");
    // 6. the custom name, with the channel's own list
    assert!(couriers.body.contains("<option value=\"DPD\"></option>"));
    // 7. Save
    let saved = admin.submit(&couriers, &[("courier", "dpd_be"), ("custom_name", "DPD")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let after = admin.get(saved.location()).await;
    assert_eq!(after.text(".flash p"), "dpd_be is sent to eBay of own as DPD.");
    let offer = after.texts(".banner button");
    assert_eq!(offer, ["Resend 1 failed fulfillment"]);
    assert_eq!(
        portal.count("select count(*) from jobs where kind = 'submit_fulfillment'").await,
        0,
        "saving sends nothing"
    );
    // 8–9. resend
    let path = format!("{}/resend", saved.location().split('?').next().unwrap());
    let sent = admin.post(&path, &[("courier", "dpd_be")]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let after = admin.get(sent.location()).await;
    assert!(after.text(".flash p").ends_with("Resending 1 fulfillment."), "{}", after.text(".flash p"));
    assert_eq!(portal.count("select count(*) from jobs where kind = 'submit_fulfillment'").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transaction_records_are_found_and_read_as_the_guide_says() {
    let portal = Portal::open().await;
    let channel = portal.own.record("channel");
    portal
        .sql(&format!(
            "insert into transaction_records (account_id, log_type, status, channel_id) values ({}, 'get_orders', 'success', {channel})",
            portal.own.account
        ))
        .await;
    let mut support = portal.visitor(Role::Support).await;
    let stores = support.get("/stores").await;
    let store = support.get(&link(&stores, "Open Store of own")).await;
    let page = support.get(&link(&store, "Open eBay of own")).await;
    // 4. "Transaction Records"
    let href = page.attribute("nav[aria-label=Channel] a:last-child", "href").unwrap();
    let records = support.get(&href).await;
    assert_eq!(records.texts("tbody th"), ["get_orders", "submit_fulfillment"]);
    // 5–6. choose the log type, press "Add"
    assert_eq!(records.text("#add-filter"), "Add");
    assert!(records.texts("select#log_type option").contains(&"submit_fulfillment".to_owned()));
    let added =
        support.get(&format!("{href}?log_type=submit_fulfillment&q=&http=&period=&from=&to=&code=")).await;
    assert_eq!(added.texts(".chip"), ["Log Type: submit_fulfillment"]);
    assert_eq!(added.texts("tbody th"), ["submit_fulfillment"]);
    let remove = added.attribute(".chip a", "href").unwrap();
    assert_eq!(remove, href, "taking the chip away leaves the list");
    // the other spelling is the same filter
    let spelled = support.get(&format!("{href}?log_type=submit_fulfilment")).await;
    assert_eq!(spelled.texts(".chip"), ["Log Type: submit_fulfillment"]);
    assert_eq!(spelled.texts("tbody th"), ["submit_fulfillment"]);
    // several may be added, and from two on there is Clear all
    let both = support.get(&format!("{href}?log_type=submit_fulfillment&log_type=get_orders")).await;
    assert_eq!(both.texts("tbody th"), ["get_orders", "submit_fulfillment"]);
    assert_eq!(link(&both, "Clear all"), href);
    // 8. the pencil opens the log
    let record = support.get(&link(&added, "Open submit_fulfillment")).await;
    assert_eq!(record.text("h1"), "submit_fulfillment");
    // 9. the response and its error message
    assert!(record.text("#response").contains("400 Bad Request"));
    assert!(record.text("#response pre").contains("32300"));
    assert!(record.text("#request pre").contains("dpd_be"));
    // 11. the courier is not found: the mapping is one link away
    assert!(record.text("section.banner").contains("does not know the courier “dpd_be”"));
    assert!(link(&record, "Open the courier mappings").ends_with("/couriers?courier=dpd_be"));
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&format!("/transaction-records/{}", portal.own.record("transaction_record"))).await;
    assert_eq!(
        link(&page, "Map courier and resend"),
        format!("/problems/{}/fix", portal.own.record("problem"))
    );
}
