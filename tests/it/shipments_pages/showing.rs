//! The record: what it says in each state, and to whom.

use super::{Desk, rows};
use waybill::accounts::Role;

#[tokio::test]
async fn each_role_sees_what_it_may() {
    let portal = Desk::open().await;
    let path = format!("/shipments/{}", portal.own.shipment);
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text("h1").contains("SHP-"));
    assert!(
        page.body.contains("Ada Buyer") && page.body.contains("€18.20") && page.body.contains("1 of 1 for")
    );
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&path).await;
    assert!(page.body.contains("Ada Buyer") && !page.body.contains("€18.20"));
    let mut support = portal.visitor(Role::Support).await;
    let page = support.get(&path).await;
    assert!(page.body.contains("Hidden for your role") && !page.body.contains("Ada Buyer"));
    let actions = page.texts(".actions-panel li");
    assert_eq!(actions.len(), 2, "support only submits and clears: {actions:?}");
    for account in ["shipments", "problems"] {
        let id = if account == "shipments" { portal.other.shipment } else { portal.other.problem };
        let foreign =
            if account == "shipments" { format!("/shipments/{id}") } else { format!("/problems/{id}/fix") };
        assert_eq!(admin.get(&foreign).await.status, 404, "{foreign}");
    }
}

#[tokio::test]
async fn actions_that_cannot_be_taken_say_why_and_offer_what_helps() {
    let portal = Desk::open().await;
    let own = &portal.own;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{}", own.shipment)).await;
    let panel = page.text(".actions-panel");
    assert!(
        panel.contains(
            "Re-Post to Fulfillment Available once the shipment has been posted. Post to Fulfillment"
        ),
        "{panel}"
    );
    assert!(
        panel.contains("Submit to sales channel Available once the shipment has a tracking number."),
        "{panel}"
    );
    assert!(panel.contains("Check with provider Only needed while"), "{panel}");
    assert_eq!(page.text(".actions-panel .primary"), "Post to Fulfillment p");

    portal
        .by_hand(&format!(
            "insert into order_holds (account_id, order_id, kind, reason, placed_by_name)
             values ({1}, {0}, 'operator', 'Wrong street', 'Noor Haddad')",
            own.order, own.account
        ))
        .await;
    let held = browser.get(&format!("/shipments/{}", own.shipment)).await;
    assert!(
        held.text("#condition").contains("Operator hold by Noor Haddad: Wrong street."),
        "{}",
        held.text("#condition")
    );
    assert!(held.text(".actions-panel").contains("The order is on hold."));
}

#[tokio::test]
async fn a_condition_has_its_banner_with_their_words_and_the_step() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let own = &portal.own;
    let unknown = own.ship(&client, "SHP-UNK", "status = 'unconfirmed'").await;
    own.fail(&client, unknown, "post", "timeout", None).await;
    let error = own.ship(&client, "SHP-ERR", "status = 'error'").await;
    own.fail(&client, error, "post", "sku_unknown", None).await;
    let (courier, problem) = own.unmapped(&client, "SHP-DPD", "dpd_be").await;
    let mut admin = portal.visitor(Role::Admin).await;

    let page = admin.get(&format!("/shipments/{unknown}")).await;
    assert!(
        page.text("#condition").contains("We don’t know whether ShipStation Antwerp accepted this shipment")
    );
    assert_eq!(page.attribute("#condition .btn", "href"), Some(format!("/shipments/{unknown}/check")));
    let page = admin.get(&format!("/shipments/{error}")).await;
    assert!(page.text("#condition").contains("does not know one of the SKUs"));
    assert!(page.body.contains("Their own &#60;words&#62;"), "quoted and escaped");
    let page = admin.get(&format!("/shipments/{courier}")).await;
    assert!(page.text("#condition").contains("does not know the courier “dpd_be”"));
    let fix = page.attribute("#condition .btn", "href").expect("the fix");
    assert_eq!(fix, format!("/problems/{problem}/fix?back=%2Fshipments%2F{courier}"));
    let mut reader = portal.visitor(Role::Client).await;
    let page = reader.get(&format!("/shipments/{courier}")).await;
    assert!(page.text("#condition").contains("You need the Couriers permission"));
}

#[tokio::test]
async fn the_region_comes_alone_and_says_whether_a_job_is_due() {
    let portal = Desk::open().await;
    let id = portal.own.shipment;
    let path = format!("/shipments/{id}");
    let mut browser = portal.visitor(Role::Client).await;
    let still = browser.partial(&path).await;
    assert!(still.body.starts_with("<div id=\"shipment\"") && !still.body.contains("only-no-js"));
    let about = still.attribute("#shipment", "data-live").unwrap_or_default();
    assert!(about.starts_with(&format!("shipment:{id} order:")), "{about}");
    portal
        .sql(&format!(
            "insert into jobs (account_id, kind, object_key, due_at) values ({}, 'post_shipment', 'shipment:{id}', now())",
            portal.own.account
        ))
        .await;
    let moving = browser.partial(&path).await;
    assert_eq!(moving.text(".only-no-js"), "Reload");
    assert_eq!(moving.text("#shipment-says"), "Not posted. Channel sync: Not sent.");
}

#[tokio::test]
async fn posts_and_their_steps_stay_with_the_orders_they_made() {
    let portal = Desk::open().await;
    let client = rows(&portal).await;
    let own = &portal.own;
    let id = own
        .ship(&client, "SHP-TWICE", "status = 'pending_tracking', date_post = now(), fulfillment_id = '222'")
        .await;
    let (account, connection) = (own.account, own.connection);
    portal
        .sql(&format!(
            "insert into posts (account_id, shipment_id, connection_id, group_no, external_reference, state, reason, requested_by)
             values ({account}, {id}, {connection}, 1, 'SHP-TWICE', 'superseded', '', 'Noor'),
                    ({account}, {id}, {connection}, 2, 'SHP-TWICE-R2', 'accepted', 'Lost at the dock', 'Noor');
             insert into provider_orders (account_id, shipment_id, connection_id, remote_id, reference, remote_status, superseded_at)
             values ({account}, {id}, {connection}, '111', 'SHP-TWICE', 'cancelled', now()),
                    ({account}, {id}, {connection}, '222', 'SHP-TWICE-R2', 'awaiting_shipment', null);
             insert into post_attempts (account_id, post_id, shipment_id, attempt_no, lease_epoch, step, external_reference, detail)
             select account_id, id, shipment_id, 1, 1, 'accepted', external_reference, 'Provider order 222' from posts
             where shipment_id = {id} and group_no = 2"
        ))
        .await;
    let mut browser = portal.visitor(Role::Client).await;
    let page = browser.get(&format!("/shipments/{id}")).await;
    let card = page.text("section[aria-labelledby=provider]");
    for words in [
        "222",
        "awaiting_shipment",
        "1 previous order",
        "111",
        "Superseded",
        "Post 2 , accepted",
        "Lost at the dock",
        "ShipStation Antwerp accepted it",
        "Post 1 , replaced by a later post",
    ] {
        assert!(card.contains(words), "{words}: {card}");
    }
}
