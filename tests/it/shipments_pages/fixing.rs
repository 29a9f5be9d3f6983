//! *Map courier and resend*, end to end.

use super::{Desk, rows};
use waybill::accounts::Role;

#[tokio::test]
async fn one_form_maps_the_courier_and_resends_everything_that_waits() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let own = &portal.own;
    let (shipment, problem) = own.unmapped(&client, "SHP-1", "dpd_be").await;
    for n in 2..=14 {
        own.unmapped(&client, &format!("SHP-{n}"), if n % 2 == 0 { "DPD_BE" } else { "dpd_be" }).await;
    }
    own.unmapped(&client, "SHP-PIGEON", "carrier_pigeon").await;
    let path = format!("/problems/{problem}/fix?back=/shipments/{shipment}");
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("14 failed fulfillments use this courier"));
    assert_eq!(
        page.attribute("#custom_name", "value").as_deref(),
        Some("DPD"),
        "the confident suggestion is filled in"
    );
    assert!(page.texts("datalist option").len() > 20, "the names the channel is known to take");
    assert_eq!(page.texts(".form-foot button"), ["Save and resend 14", "Save only"]);

    let refused = admin.submit(&page, &[("custom_name", "  "), ("then", "resend")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text(".error-summary").contains("Enter the custom name eBay UK uses for this courier."));
    assert_eq!(portal.count("select count(*) from courier_mappings").await, 0);

    let saved = admin.submit(&refused, &[("custom_name", "DPD"), ("then", "resend")]).await;
    assert_eq!((saved.status, saved.location()), (303, format!("/shipments/{shipment}").as_str()));
    assert_eq!(
        portal
            .count("select count(*) from courier_mappings where courier = 'dpd_be' and custom_name = 'DPD'")
            .await,
        1
    );
    assert_eq!(portal.count("select count(*) from jobs where kind = 'submit_fulfillment'").await, 14);
    assert_eq!(portal.count("select count(*) from shipments where channel_sync = 'pending_sync'").await, 14);
    assert_eq!(portal.count("select count(*) from activities where verb = 'courier_mapped'").await, 1);
    assert_eq!(
        portal.count("select count(*) from activities where verb = 'fulfillment_submitted'").await,
        14
    );
    let page = admin.get(saved.location()).await;
    assert!(
        page.text("[data-flash]").contains("dpd_be is sent to eBay UK as DPD. Resending 14 fulfillments.")
    );
}

#[tokio::test]
async fn saving_only_resends_nothing_and_a_stale_form_replaces_nothing() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let (_, problem) = portal.own.unmapped(&client, "SHP-1", "dpd_be").await;
    let path = format!("/problems/{problem}/fix");
    let mut admin = portal.visitor(Role::Admin).await;
    let first = admin.get(&path).await;
    let saved = admin.submit(&first, &[("custom_name", "DPD"), ("then", "save")]).await;
    assert_eq!(saved.status, 303);
    assert_eq!(portal.count("select count(*) from jobs").await, 0);
    // two pages of one version: the second is told, and its text is kept
    let (one, two) = (admin.get(&path).await, admin.get(&path).await);
    assert!(one.body.contains("Mapped to"));
    assert_eq!(admin.submit(&one, &[("custom_name", "DPD Local"), ("then", "save")]).await.status, 303);
    let stale = admin.submit(&two, &[("custom_name", "Interlink"), ("then", "save")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text(".banner").contains("DPD Local"), "{}", stale.text(".banner"));
    assert_eq!(stale.attribute("#custom_name", "value").as_deref(), Some("Interlink"));
    assert_eq!(
        portal.count("select count(*) from courier_mappings where custom_name = 'DPD Local'").await,
        1
    );
    assert_eq!(admin.submit(&stale, &[("then", "save")]).await.status, 303);
}

#[tokio::test]
async fn only_those_who_map_couriers_come_in_and_nobody_is_led_elsewhere() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let (shipment, problem) = portal.own.unmapped(&client, "SHP-1", "dpd_be").await;
    for role in [Role::Client, Role::Support] {
        let mut browser = portal.visitor(role).await;
        let page = browser.get(&format!("/problems/{problem}/fix")).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("You need the Couriers permission"));
        assert_eq!(
            browser.post(&format!("/problems/{problem}/fix"), &[("custom_name", "DPD")]).await.status,
            403
        );
    }
    let mut admin = portal.visitor(Role::Admin).await;
    let (foreign, _) = (portal.other.problem, ());
    assert_eq!(admin.get(&format!("/problems/{foreign}/fix")).await.status, 404);
    assert_eq!(admin.post(&format!("/problems/{foreign}/fix"), &[("custom_name", "DPD")]).await.status, 404);
    let form = [("custom_name", "DPD"), ("then", "save"), ("back", "https://evil.example/")];
    let saved = admin.post(&format!("/problems/{problem}/fix"), &form).await;
    assert_eq!(saved.location(), format!("/shipments/{shipment}"));
}

#[tokio::test]
async fn another_problem_shows_its_meaning_and_the_way_on() {
    let portal = Desk::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&format!("/problems/{}", portal.own.problem)).await;
    assert_eq!(page.status, 200);
    let mut admin = portal.visitor(Role::Admin).await;
    let away = admin.get(&format!("/problems/{}/fix", portal.own.problem)).await;
    assert_eq!((away.status, away.location()), (303, format!("/problems/{}", portal.own.problem).as_str()));
    assert!(page.body.contains("refuses the request") && page.body.contains("Their own &#60;words&#62;"));
    assert!(page.texts(".btn-row a").contains(&"Submit to sales channel".to_owned()));
}
