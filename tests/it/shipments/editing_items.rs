//! *Edit items*: a new shipment in the place of one that was never posted; its
//! stock, its order, its channel and its provider follow.

use super::leaving::tracked;
use crate::support::{
    counter::Counter,
    shop::{Shop, now},
};
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    evidence::TraceId,
    ids::{OrderId, OrderLineId, ShipmentId},
    orders,
    shipments::{
        self, ChannelSync, Status,
        edit_items::{EditItems, Input},
        edit_shipping::EditShipping,
        fulfill_again::FulfillAgain,
        plan,
        post::Post,
        reship::{self, Reship},
        restore::RestoreShipment,
        void::{self, VoidShipment},
    },
};

async fn line(shop: &Shop, order: OrderId, sku: &str) -> OrderLineId {
    OrderLineId(
        shop.value(&format!("select id from order_lines where order_id = {order} and sku = '{sku}'")).await,
    )
}

async fn newest(shop: &Shop) -> ShipmentId {
    ShipmentId(shop.value("select max(id) from shipments").await)
}

/// On hand, allocated and backordered of a product; the laws of stock hold.
async fn stock(shop: &Shop, sku: &str) -> String {
    let broken = shop
        .value(
            "select count(*) from stock s where s.on_hand <> coalesce((select sum(quantity) from inventory_movements m where m.product_id = s.product_id), 0) \
             or s.on_hand + s.backordered <> coalesce((select sum(remaining) from cost_layers l where l.product_id = s.product_id), 0) \
             or s.backordered <> coalesce((select sum(backordered) from shipment_lines l where l.product_id = s.product_id), 0) \
             or s.allocated <> coalesce((select sum(quantity) from allocations a where a.product_id = s.product_id and a.state = 'allocated'), 0)",
        )
        .await;
    assert_eq!(broken, 0, "the laws of stock");
    shop.text(&format!(
        "select s.on_hand || ' ' || s.allocated || ' ' || s.backordered from stock s join products p on p.id = s.product_id where p.sku = '{sku}'"
    ))
    .await
}

/// What a shipment sends.
async fn sends(shop: &Shop, shipment: ShipmentId) -> String {
    shop.text(&format!(
        "select string_agg(l.quantity || ' × ' || ol.sku, ', ' order by l.id) from shipment_lines l \
         join order_lines ol on ol.id = l.order_line_id where l.shipment_id = {shipment}"
    ))
    .await
}

/// What the order is about: each line's quantity, and the sums.
async fn bought(shop: &Shop, order: OrderId) -> String {
    shop.text(&format!(
        "select (select string_agg(sku || quantity, ' ' order by position) from order_lines where order_id = {order}) \
         || ', ' || items_shipped || ' of ' || items_ordered || ' ' || status from orders where id = {order}"
    ))
    .await
}

async fn plan_again(shop: &Shop, order: OrderId) -> Option<ShipmentId> {
    let mut scope = shop.scope().await;
    let planned = plan::plan(&mut scope, order, &TraceId::new(), now()).await.unwrap();
    scope.commit().await.unwrap();
    planned
}

fn field(refused: Result<impl std::fmt::Debug, ActionError>) -> (String, String) {
    let Err(ActionError::Refused(mut fields)) = refused else { panic!("{refused:?}") };
    fields.remove(0)
}

#[tokio::test]
async fn the_edited_items_stand_in_a_new_shipment_and_everything_follows() {
    let shop = Shop::open().await;
    for (sku, n) in [("A", 10), ("B", 5), ("C", 5)] {
        shop.stocked(sku, n, 300).await;
    }
    let (order, old) = shop.order(shop.shopify, &[("A", 2), ("B", 1)]).await;
    let (a, b) = (line(&shop, order, "A").await, line(&shop, order, "B").await);
    let outcome = shop.act::<EditItems>(old.0, Input::of(&[(a, 1), (b, 0)]).and("C", 2)).await.unwrap();
    let new = newest(&shop).await;
    assert_eq!(
        outcome.message,
        "SHP-000002 takes the place of SHP-000001 and sends 1 × A, 2 × C. Post it when it is to go out."
    );
    assert_eq!(sends(&shop, new).await, "1 × A, 2 × C");
    let after = ["9 0 0", "5 0 0", "3 0 0"].map(String::from);
    assert_eq!([stock(&shop, "A").await, stock(&shop, "B").await, stock(&shop, "C").await], after);
    assert_eq!(bought(&shop, order).await, "A1 B0 C2, 0 of 3 unshipped");
    let shipment = shop.shipment(new).await.shipment;
    assert_eq!(
        (shipment.status, shipment.channel_sync, shipment.number.as_str()),
        (Status::PendingPost, ChannelSync::AwaitingSend, "SHP-000002")
    );
    assert_eq!(shop.shipment(old).await.shipment.status, Status::Canceled);
    assert_eq!(
        shop.text(&format!("select void_reason from shipment_details where shipment_id = {old}")).await,
        "Items edited; SHP-000002 replaces it"
    );
    assert_eq!(
        shop.text(
            "select summary || before::text || after::text from activities where verb = 'items_edited'"
        )
        .await,
        "Edited the items of SHP-000001: SHP-000002 sends 1 × A, 2 × C\
         {\"items\": {\"A\": 2, \"B\": 1, \"C\": 0}, \"shipment\": \"SHP-000001\"}\
         {\"items\": {\"A\": 1, \"B\": 0, \"C\": 2}, \"shipment\": \"SHP-000002\"}"
    );

    // nothing brings the old one back, nothing plans more
    let refused = shop.act::<RestoreShipment>(old.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "Its items were edited; SHP-000002 stands in its place.");
    let refused = shop.act::<EditItems>(old.0, Input::of(&[(a, 2)])).await.unwrap_err();
    assert_eq!(refused.to_string(), "Its items were edited; SHP-000002 stands in its place.");
    assert_eq!(plan_again(&shop, order).await, None);
    shop.poll(shop.shopify).await;
    assert!(shop.act::<FulfillAgain>(order.0, NoInput {}).await.is_err(), "nothing is open");
    assert_eq!(bought(&shop, order).await, "A1 B0 C2, 0 of 3 unshipped");
    assert_eq!(shop.value("select count(*) from shipments").await, 2);

    // the provider is sent exactly these, the channel what it sold of them
    shop.act::<Post>(new.0, NoInput {}).await.unwrap();
    shop.run().await;
    let remote: u64 = shop.sandbox.live()[0].remote_ids[0].parse().unwrap();
    let sent = shop.sandbox.shipstation_order(remote).unwrap();
    let items: Vec<String> = sent["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{}{}", item["sku"].as_str().unwrap(), item["quantity"]))
        .collect();
    assert_eq!(items, ["A1", "C2"]);
    shop.act::<EditShipping>(new.0, tracked("UPS", "1Z1")).await.unwrap();
    shop.run().await;
    assert_eq!(bought(&shop, order).await, "A1 B0 C2, 3 of 3 shipped");
    assert_eq!(shop.shipment(new).await.shipment.channel_sync, ChannelSync::Synced);
    let told = shop
        .text("select request_body from transaction_records where log_type = 'submit_fulfillment' order by id desc limit 1")
        .await;
    assert_eq!(told.matches("\"quantity\"").count(), 1, "{told}");
    assert!(told.contains("\"quantity\":1") || told.contains("\"quantity\": 1"), "{told}");
    assert_eq!(plan_again(&shop, order).await, None);
}

#[tokio::test]
async fn edited_items_of_a_reship_leave_what_was_bought_as_it_is() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    shop.stocked("C", 1, 500).await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2)]).await;
    shop.act::<Post>(original.0, NoInput {}).await.unwrap();
    shop.run().await;
    let a = line(&shop, order, "A").await;
    shop.act::<Reship>(order.0, reship::Input::of(&[(a, 1)])).await.unwrap();
    let old = newest(&shop).await;
    let edit = || Input::of(&[(a, 0)]).and("C", 3);
    let Err(ActionError::Unavailable(why)) = shop.act::<EditItems>(old.0, edit()).await else {
        panic!("edited without a hold")
    };
    assert!(why.sentence.contains("Add an operator hold first"), "{}", why.sentence);
    assert_eq!(why.offer.as_deref(), Some("add_hold"));
    let hold = orders::holds::Input { kind: "operator".into(), ..Default::default() };
    shop.act::<orders::holds::AddHold>(order.0, hold).await.unwrap();
    let outcome = shop.act::<EditItems>(old.0, edit()).await.unwrap();
    assert!(outcome.message.ends_with("Remove the hold and post it when it is to go out."));
    let new = newest(&shop).await;
    let shipment = shop.shipment(new).await.shipment;
    assert_eq!((shipment.reship_of, shipment.channel_sync), (Some(original), ChannelSync::Muted));
    assert_eq!(sends(&shop, new).await, "3 × C");
    assert_eq!(bought(&shop, order).await, "A2 C0, 0 of 2 unshipped");
    assert_eq!([stock(&shop, "A").await, stock(&shop, "C").await], ["8 0 0", "-2 0 2"].map(String::from));
    assert_eq!(plan_again(&shop, order).await, None);
    // it leaves and counts nothing of the order; the original cannot be edited any more
    shop.act::<EditShipping>(new.0, tracked("UPS", "1Z1")).await.unwrap();
    shop.run().await;
    assert_eq!(bought(&shop, order).await, "A2 C0, 0 of 2 unshipped");
    let Err(ActionError::Unavailable(why)) = shop.act::<EditItems>(original.0, edit()).await else {
        panic!("edited what was posted")
    };
    assert_eq!(why.sentence, "Its items can be edited until it is posted. Re-ship the right items instead.");
}

#[tokio::test]
async fn a_voided_replacement_is_sent_anew_with_the_edited_items_and_can_be_edited_again() {
    let shop = Shop::open().await;
    shop.stocked("A", 2, 300).await;
    shop.stocked("B", 3, 300).await;
    let (order, first) = shop.order(shop.ebay, &[("A", 2)]).await;
    let a = line(&shop, order, "A").await;
    // somebody else is owed one, and gets what is dropped; what stays is not theirs
    shop.order(shop.ebay, &[("A", 2)]).await;
    assert_eq!(stock(&shop, "A").await, "-2 0 2");
    shop.act::<EditItems>(first.0, Input::of(&[(a, 1)]).and("B", 1)).await.unwrap();
    let second = newest(&shop).await;
    assert_eq!(stock(&shop, "A").await, "-1 0 1");
    let owed = format!("select sum(backordered) from shipment_lines where shipment_id = {second}");
    assert_eq!(shop.value(&owed).await, 0);
    shop.act::<VoidShipment>(second.0, void::Input { reason: "Later".into() }).await.unwrap();
    let refused = shop.act::<RestoreShipment>(first.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "Its items were edited; SHP-000003 stands in its place.");
    shop.act::<FulfillAgain>(order.0, NoInput {}).await.unwrap();
    let third = newest(&shop).await;
    assert_eq!(sends(&shop, third).await, "1 × A, 1 × B");
    // what was dropped comes back on its own line
    let b = line(&shop, order, "B").await;
    shop.act::<EditItems>(third.0, Input::of(&[(a, 0), (b, 2)])).await.unwrap();
    assert_eq!(bought(&shop, order).await, "A0 B2, 0 of 2 unshipped");
    shop.act::<EditItems>(newest(&shop).await.0, Input::of(&[(b, 0)]).and("A", 2)).await.unwrap();
    assert_eq!(bought(&shop, order).await, "A2 B0, 0 of 2 unshipped");
    assert_eq!(sends(&shop, newest(&shop).await).await, "2 × A");
    for voided in [first, second, third] {
        let refused = shop.act::<RestoreShipment>(voided.0, NoInput {}).await.unwrap_err();
        assert!(refused.to_string().contains("Its items were edited; SHP-000006"), "{refused}");
    }
    assert_eq!([stock(&shop, "A").await, stock(&shop, "B").await], ["-2 0 2", "3 0 0"].map(String::from));
}

#[tokio::test]
async fn a_channel_that_sold_none_of_it_is_told_nothing() {
    let shop = Shop::open().await;
    shop.stocked("C", 5, 300).await;
    let (order, old) = shop.order(shop.shopify, &[("A", 1)]).await;
    let a = line(&shop, order, "A").await;
    shop.act::<EditItems>(old.0, Input::of(&[(a, 0)]).and("C", 1)).await.unwrap();
    let new = newest(&shop).await;
    assert_eq!(shop.shipment(new).await.shipment.channel_sync, ChannelSync::NotApplicable);
    shop.act::<EditShipping>(new.0, tracked("UPS", "1Z1")).await.unwrap();
    shop.run().await;
    assert_eq!(bought(&shop, order).await, "A0 C1, 1 of 1 shipped");
    assert_eq!(shop.shipment(new).await.shipment.channel_sync, ChannelSync::NotApplicable);
    let refused = shop.act::<shipments::submit::SubmitToChannel>(new.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "Shopify sold none of its items, so there is nothing to tell it.");
}

#[tokio::test]
async fn what_is_paid_back_is_first_what_is_not_sent_any_more() {
    let shop = Shop::open().await;
    let refund = |order: OrderId, n: i32| {
        let shop = &shop;
        async move {
            shop.sql(&format!("update order_lines set quantity_refunded = {n} where order_id = {order}"))
                .await;
            let mut scope = shop.scope().await;
            orders::status::refresh(&mut scope, order).await.unwrap();
            scope.commit().await.unwrap();
            assert_eq!(plan_again(shop, order).await, None);
        }
    };
    // edited, then paid back
    let (order, old) = shop.order(shop.ebay, &[("A", 3)]).await;
    let a = line(&shop, order, "A").await;
    shop.act::<EditItems>(old.0, Input::of(&[(a, 1)])).await.unwrap();
    refund(order, 2).await;
    assert_eq!(bought(&shop, order).await, "A1, 0 of 1 unshipped");
    refund(order, 3).await;
    assert!(bought(&shop, order).await.contains("0 of 0"), "all of it");
    // paid back, then edited
    let (order, old) = shop.order(shop.ebay, &[("A", 3)]).await;
    let a = line(&shop, order, "A").await;
    refund(order, 2).await;
    shop.act::<EditItems>(old.0, Input::of(&[(a, 1)])).await.unwrap();
    assert_eq!(bought(&shop, order).await, "A1, 0 of 1 unshipped");
    let new = newest(&shop).await;
    shop.act::<EditItems>(new.0, Input::of(&[(a, 4)])).await.unwrap();
    assert!(bought(&shop, order).await.contains("0 of 4 unshipped"), "what a person asked for");
    assert_eq!(plan_again(&shop, order).await, None);
}

#[tokio::test]
async fn a_form_that_will_not_do_says_what_to_do_and_changes_nothing() {
    let shop = Shop::open().await;
    let (order, old) = shop.order(shop.ebay, &[("A", 2), ("B", 1)]).await;
    let (a, b) = (line(&shop, order, "A").await, line(&shop, order, "B").await);
    let picture =
        || shop.text("select json_agg(s) || (select json_agg(l)::text from order_lines l) from shipments s");
    let before = picture().await;
    let said = |input| {
        let shop = &shop;
        async move { field(shop.act::<EditItems>(old.0, input).await) }
    };
    let none = said(Input::of(&[(a, 0), (b, 0)])).await;
    assert_eq!(
        none,
        (format!("quantity_{a}"), "Keep at least one item. To send nothing, void the shipment.".into())
    );
    for n in [-1, 10_000] {
        let wrong = said(Input::of(&[(b, n)])).await;
        assert_eq!(wrong, (format!("quantity_{b}"), "Enter how many of B to send, from 0 to 9999.".into()));
    }
    assert_eq!(
        said(Input::default().and("Z-9", 1)).await,
        (
            "sku".into(),
            "There is no product Z-9. Enter a SKU as it is written in an order or in your stock.".into()
        )
    );
    assert_eq!(
        said(Input::default().and("A", 1)).await,
        ("sku".into(), "A is in the list above. Change its quantity there.".into())
    );
    shop.stocked("C", 1, 100).await;
    assert_eq!(said(Input::default().and("C", 0)).await.0, "sku_quantity");
    let same = shop.act::<EditItems>(old.0, Input::of(&[(a, 2)])).await.unwrap();
    assert!(!same.changed && same.message == "SHP-000001 has these items already.", "{same:?}");
    assert_eq!(picture().await, before);
    let refused = shop.act_as::<EditItems>(Role::Support, old.0, Input::of(&[(a, 1)])).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))), "{refused:?}");
}

#[tokio::test]
async fn the_form_leads_to_the_order_and_a_stale_one_changes_nothing() {
    let shop = Shop::open().await;
    shop.stocked("A", 7, 300).await;
    let (order, old) = shop.order(shop.ebay, &[("A", 2), ("B", 1)]).await;
    let (a, b) = (line(&shop, order, "A").await, line(&shop, order, "B").await);
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let mut colleague = counter.visitor(Role::Admin).await;
    let link = format!("/shipments/{old}/edit-items");
    for page in [format!("/shipments/{old}"), format!("/orders/{order}")] {
        let page = client.get(&page).await;
        assert!(page.attributes("a", "href").contains(&link), "{}", page.text("main"));
    }
    let page = client.get(&link).await;
    assert_eq!(page.attribute(&format!("#quantity_{a}"), "value").as_deref(), Some("2"));
    assert!(page.text("main table").contains('5'), "available: {}", page.text("main table"));
    let theirs = colleague.get(&link).await;
    let quantity = |id: OrderLineId| format!("quantity_{id}");
    let refused = client.submit(&page, &[(&quantity(a), "many"), ("sku", "Z-9")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.attribute(&format!("#quantity_{a}"), "value").as_deref(), Some("many"));
    assert!(refused.text("#sku-error").contains("There is no product Z-9."), "{}", refused.text("main"));
    let done = client.submit(&refused, &[(&quantity(a), "3"), (&quantity(b), "0"), ("sku", "")]).await;
    assert_eq!((done.status, done.location()), (303, format!("/orders/{order}").as_str()));
    let shown = client.get(done.location()).await;
    assert!(shown.text("[data-flash]").contains("SHP-000002 takes the place of SHP-000001 and sends 3 × A."));
    assert!(shown.text("main").contains("2 bought"), "{}", shown.text("main"));
    let stale = colleague.submit(&theirs, &[(&quantity(a), "1")]).await;
    assert_eq!(stale.status, 409);
    assert_eq!(shop.value("select count(*) from shipments").await, 2);
    let page = client.get(&format!("/shipments/{old}")).await;
    assert!(page.text("main").contains("SHP-000002"), "{}", page.text("main"));
}
