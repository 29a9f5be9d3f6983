//! Correcting what was written of a parcel, and telling of it.

use super::leaving::{posted, tracked};
use crate::support::{
    counter::Counter,
    shop::{Shop, now},
};
use waybill::{
    accounts::Role,
    actions::{self, ActionError, Call},
    ids::{OrderId, ShipmentId},
    shipments::{
        ChannelSync, Status,
        edit_shipping::{EditShipping, Input, Notify},
        void::{self, VoidShipment},
    },
};

async fn left(shop: &Shop) -> (OrderId, ShipmentId) {
    let (order, shipment) = posted(shop).await;
    shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z1")).await.unwrap();
    shop.run().await;
    (order, shipment)
}

fn field(refused: ActionError) -> (String, String) {
    let ActionError::Refused(mut fields) = refused else { panic!("{refused:?}") };
    fields.remove(0)
}

async fn mails(shop: &Shop) -> i64 {
    shop.value("select count(*) from emails").await
}

#[tokio::test]
async fn a_correction_is_told_to_nobody_unless_it_is_asked_for() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let (_, shipment) = left(&shop).await;
    let before = shop.shipment(shipment).await.shipment;
    let done = shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z2")).await.unwrap();
    assert_eq!(mails(&shop).await, 1, "the one of leaving");
    assert_eq!(shop.run().await, 0, "nothing is sent");
    let after = shop.shipment(shipment).await.shipment;
    assert_eq!(after.tracking_number.as_deref(), Some("1Z2"));
    assert!(after.tracking_url.is_some_and(|url| url.contains("1Z2")));
    assert_eq!(
        (after.status, after.warehouse_id, after.shipped_at, after.channel_sync),
        (Status::Shipped, before.warehouse_id, before.shipped_at, ChannelSync::Synced)
    );
    let line = "select before || ' ' || after from (select before ->> 'tracking_number' as before, \
                after ->> 'tracking_number' as after from activities where verb = 'shipment_shipping_edited' limit 1) a";
    assert_eq!(shop.text(line).await, "1Z1 1Z2");
    // and back
    let undo = done.undo.expect("nobody was told, so it can be taken back");
    assert_eq!(undo.action, "edit_shipping");
    let back: Input = serde_json::from_value(undo.input).unwrap();
    shop.act::<EditShipping>(shipment.0, back).await.unwrap();
    let again = shop.shipment(shipment).await.shipment;
    assert_eq!((again.tracking_number, again.courier), (before.tracking_number, before.courier));
    assert_eq!(again.service_level.unwrap_or_default(), before.service_level.unwrap_or_default());
}

#[tokio::test]
async fn correct_and_notify_tells_each_once_for_each_correction() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let (_, shipment) = left(&shop).await;
    let both = |number: &str| Input { notify: Notify::Both, ..tracked("UPS", number) };
    let done = shop.act::<EditShipping>(shipment.0, both("1Z2")).await.unwrap();
    assert!(
        done.message.contains("The customer is told. Shopify is sent the correction."),
        "{}",
        done.message
    );
    assert!(done.undo.is_none(), "others know of it");
    assert_eq!(mails(&shop).await, 2);
    let pending = shop.shipment(shipment).await.shipment;
    assert_eq!(pending.channel_sync, ChannelSync::PendingSync);
    assert!(pending.submitted_to_sales_channel_at.is_some(), "what it was told before it still has");
    // the same again changes nothing and tells nobody
    shop.act::<EditShipping>(shipment.0, both("1Z2")).await.unwrap();
    assert_eq!(mails(&shop).await, 2);
    // the next correction is another one, also back to a number that was told before
    let customer = Input { notify: Notify::Customer, ..tracked("UPS", "1Z1") };
    shop.act::<EditShipping>(shipment.0, customer).await.unwrap();
    assert_eq!(mails(&shop).await, 3);
    assert_eq!(shop.value("select count(distinct event_id) from emails").await, 3);
    // what nobody outside sees is told to nobody
    let cost = Input { cost: Some("4.95".into()), notify: Notify::Both, ..Input::default() };
    shop.act_as::<EditShipping>(Role::Admin, shipment.0, cost).await.unwrap();
    assert_eq!(mails(&shop).await, 3);
}

#[tokio::test]
async fn one_form_sent_twice_is_one_correction() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let (_, shipment) = left(&shop).await;
    let version = Some(shop.shipment(shipment).await.shipment.version);
    for _ in 0..2 {
        let input = Input { notify: Notify::Customer, ..tracked("UPS", "1Z2") };
        let call = Call { id: shipment.0, input, version, key: Some("one".into()) };
        actions::run::<EditShipping>(&shop.db, shop.account, &shop.by(Role::Client), call, now())
            .await
            .unwrap();
    }
    assert_eq!(mails(&shop).await, 2);
}

#[tokio::test]
async fn what_will_not_do_is_said_beside_its_field() {
    let shop = Shop::open().await;
    let (_, shipment) = left(&shop).await;
    let cost = |text: &str| Input { cost: Some(text.into()), ..Input::default() };
    let shipped = |text: &str| Input { shipped_at: Some(text.into()), ..Input::default() };
    for (input, name, says) in [
        (tracked("UPS", ""), "tracking_number", "corrected, not taken away"),
        (tracked("UPS", &"1".repeat(101)), "tracking_number", "under 100 characters"),
        (tracked("UPS", "1Z\n2"), "tracking_number", "on one line"),
        (tracked(" ", "1Z2"), "courier", "Enter the courier"),
        (cost("4,95"), "cost", "such as 4.95"),
        (cost("-1"), "cost", "such as 4.95"),
        (shipped("yesterday"), "shipped_at", "2026-11-20"),
        (shipped("2099-01-01T00:00:00Z"), "shipped_at", "in the future"),
    ] {
        let (field, sentence) =
            field(shop.act_as::<EditShipping>(Role::Admin, shipment.0, input).await.unwrap_err());
        assert_eq!(field, name);
        assert!(sentence.contains(says), "{sentence}");
    }
    // who does not see costs does not write them either, and needs not to
    assert_eq!(field(shop.act::<EditShipping>(shipment.0, cost("4.95")).await.unwrap_err()).0, "cost");
    let done = shop.act_as::<EditShipping>(Role::Admin, shipment.0, cost("4.95")).await.unwrap();
    assert!(done.message.starts_with("Changed the shipping cost of"));
    assert_eq!(shop.shipment(shipment).await.shipment.cost_minor, 495);
    assert!(matches!(
        shop.act_as::<EditShipping>(Role::Support, shipment.0, cost("1")).await,
        Err(ActionError::Forbidden(_))
    ));
}

#[tokio::test]
async fn a_closed_order_is_no_obstacle_and_a_void_one_is() {
    let shop = Shop::open().await;
    let (order, shipment) = left(&shop).await;
    shop.by_hand(&format!(
        "update orders set canceled_at = now() where id = {order};
         update shipments set status = 'delivered', delivered_at = now() where id = {shipment}"
    ))
    .await;
    assert!(shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z2")).await.unwrap().changed);
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Delivered, "never back");
    shop.act::<VoidShipment>(shipment.0, void::Input { reason: "Wrong".into() }).await.unwrap();
    let Err(ActionError::Unavailable(why)) =
        shop.act::<EditShipping>(shipment.0, tracked("UPS", "1Z3")).await
    else {
        panic!("a voided shipment was edited")
    };
    assert_eq!(why.sentence, "The shipment is voided. Restore it first.");
}

#[tokio::test]
async fn the_form_says_what_a_number_means_and_keeps_what_was_typed() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let counter = Counter::over(&shop);
    let (_, shipment) = posted(&shop).await;
    let mut client = counter.visitor(Role::Client).await;
    let page = client.get(&format!("/shipments/{shipment}")).await;
    let link = format!("/shipments/{shipment}/edit-shipping");
    assert!(page.attributes(".actions-panel a", "href").contains(&link));
    let page = client.get(&link).await;
    let effects = page.texts(".effects li").join(" ");
    assert!(
        effects.contains("means that it has left") && effects.contains("1 shipped e-mail goes"),
        "{effects}"
    );
    assert!(effects.contains("Then Shopify is sent the tracking."), "{effects}");
    assert!(page.attributes("input[name=notify]", "value").is_empty(), "there is nothing to correct yet");
    assert!(page.attributes("#cost", "name").is_empty(), "clients do not see costs");
    assert!(page.attributes("#couriers option", "value").contains(&"UPS".to_owned()));
    let refused = client.submit(&page, &[("tracking_number", "1Z1"), ("courier", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("#courier-error").contains("Enter the courier"));
    assert_eq!(refused.attribute("#tracking_number", "value").as_deref(), Some("1Z1"));
    let done = client.submit(&refused, &[("courier", "UPS")]).await;
    assert_eq!((done.status, done.location()), (303, format!("/shipments/{shipment}").as_str()));

    let mut admin = counter.visitor(Role::Admin).await;
    let page = admin.get(&link).await;
    assert_eq!(page.attributes("input[name=notify]", "value"), ["none", "channel", "customer", "both"]);
    assert_eq!(page.attribute("#notify", "checked").as_deref(), Some(""), "nobody is told by oversight");
    assert_eq!(page.attribute("#cost", "value").as_deref(), Some("0.00"));
    let done = admin.submit(&page, &[("tracking_number", "1Z9"), ("cost", "7.20")]).await;
    let page = admin.get(done.location()).await;
    assert!(page.text("[data-flash]").contains("Changed the tracking number and shipping cost of"));
    // the flash's Undo is a form without JavaScript
    let (action, fields) = page.form();
    assert_eq!(action, link);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(admin.post(&action, &fields).await.status, 303);
    let back = shop.shipment(shipment).await.shipment;
    assert_eq!((back.tracking_number.as_deref(), back.cost_minor), (Some("1Z1"), 0));
    // what it cost is not told to those who do not see costs
    let activity = client.get("/activity").await;
    assert!(
        activity.body.contains("tracking number") && !activity.body.contains("shipping cost</"),
        "{}",
        activity.text("main")
    );
}
