//! Re-Ship: a new shipment in the same order, the original as it was, stock taken
//! again or added back once.

use super::leaving::tracked;
use crate::support::shop::{Shop, now};
use serde_json::json;
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, Call, NoInput, Outcome, run},
    ids::{OrderId, OrderLineId, ShipmentId},
    orders::holds as hold,
    shipments::{
        Status,
        edit_items::{self, EditItems},
        edit_shipping::EditShipping,
        post::Post,
        reship::{Input, Reship},
        restore::RestoreShipment,
        undo_reship::UndoReship,
        void::{self, VoidShipment},
    },
};

async fn on_hand(shop: &Shop, sku: &str) -> i64 {
    shop.value(&format!(
        "select s.on_hand from stock s join products p on p.id = s.product_id where p.sku = '{sku}'"
    ))
    .await
}

async fn line(shop: &Shop, order: OrderId, sku: &str) -> OrderLineId {
    OrderLineId(
        shop.value(&format!("select id from order_lines where order_id = {order} and sku = '{sku}'")).await,
    )
}

async fn newest(shop: &Shop) -> ShipmentId {
    ShipmentId(shop.value("select max(id) from shipments").await)
}

#[tokio::test]
async fn a_reship_takes_stock_again_and_leaves_the_original_as_it_was() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2)]).await;
    assert_eq!(on_hand(&shop, "A").await, 8);
    let before = shop.text(&format!("select row_to_json(s) from shipments s where id = {original}")).await;
    let item = line(&shop, order, "A").await;
    let input = Input { hold: true, reason: "Lost".into(), ..Input::of(&[(item, 1)]) };
    let outcome = shop.act::<Reship>(order.0, input).await.unwrap();
    assert!(outcome.message.contains("reships 1 × A"), "{}", outcome.message);
    assert_eq!(on_hand(&shop, "A").await, 7);
    assert_eq!(
        shop.text(&format!("select row_to_json(s) from shipments s where id = {original}")).await,
        before
    );
    let reship = newest(&shop).await;
    assert_eq!(shop.shipment(reship).await.shipment.reship_of, Some(original));
    assert_eq!(
        shop.value(&format!("select unit_cost_minor from shipment_lines where shipment_id = {reship}")).await,
        300
    );
    let told = shop.text("select summary from activities where verb = 'order_reshipped'").await;
    assert_eq!(told, "Reshipped 1 × A as SHP-000002, stock taken again");
    assert_eq!(
        shop.text("select actor_name from activities where verb = 'order_reshipped'").await,
        "The client"
    );
    let refused = shop.act::<Post>(reship.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "The order is on hold. Remove its holds first.");
}

#[tokio::test]
async fn units_of_an_original_that_never_left_are_added_back_once() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2)]).await;
    let item = line(&shop, order, "A").await;
    let input = || Input { add_back: true, ..Input::of(&[(item, 2)]) };
    shop.act::<Reship>(order.0, input()).await.unwrap();
    assert_eq!(on_hand(&shop, "A").await, 8, "nets to zero");
    // the original still sends what it sent; only the new one can be added back now
    assert_eq!(
        shop.value(&format!("select added_back from shipment_lines where shipment_id = {original}")).await,
        2
    );
    shop.act::<Reship>(order.0, input()).await.unwrap();
    let refused = shop.act::<Reship>(order.0, Input { add_back: true, ..Input::of(&[(item, 3)]) }).await;
    let Err(ActionError::Refused(errors)) = refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].0, "add_back");
    assert_eq!(
        errors[0].1,
        "Only 2 of 3 × A can be added back: 4 of it were added back by an earlier reship. Reship fewer, or without adding inventory back."
    );
    assert_eq!(on_hand(&shop, "A").await, 8);
}

#[tokio::test]
async fn what_has_left_is_not_added_back_and_says_why() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2)]).await;
    shop.act::<Post>(original.0, NoInput {}).await.unwrap();
    shop.run().await;
    shop.leaves(original, "dpd_be", "05308900123456").await;
    shop.run().await;
    assert_eq!(shop.shipment(original).await.shipment.status, Status::Shipped);
    let item = line(&shop, order, "A").await;
    let refused = shop.act::<Reship>(order.0, Input { add_back: true, ..Input::of(&[(item, 1)]) }).await;
    let Err(ActionError::Refused(errors)) = refused else { panic!("{refused:?}") };
    assert_eq!(
        errors[0].1,
        "A cannot be added back: SHP-000001 has left the warehouse. Reship without adding inventory back."
    );
    assert_eq!(shop.value("select count(*) from shipments").await, 1, "nothing was made");
    // without, it goes; the channel counts nothing twice
    shop.act::<Reship>(order.0, Input::of(&[(item, 1)])).await.unwrap();
    assert_eq!(on_hand(&shop, "A").await, 7);
    assert_eq!(
        shop.text(&format!("select channel_sync from shipments where id = {}", newest(&shop).await)).await,
        "muted"
    );
}

#[tokio::test]
async fn an_original_that_leaves_after_all_takes_its_units_again() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2)]).await;
    shop.act::<Post>(original.0, NoInput {}).await.unwrap();
    shop.run().await;
    let item = line(&shop, order, "A").await;
    shop.act::<Reship>(order.0, Input { add_back: true, ..Input::of(&[(item, 2)]) }).await.unwrap();
    assert_eq!(on_hand(&shop, "A").await, 8);
    shop.leaves(original, "dpd_be", "05308900123456").await;
    shop.run().await;
    assert_eq!(on_hand(&shop, "A").await, 6);
}

#[tokio::test]
async fn a_form_that_says_nothing_or_nonsense_loses_nothing() {
    let shop = Shop::open().await;
    let (order, _) = shop.order(shop.ebay, &[("A", 2)]).await;
    let item = line(&shop, order, "A").await;
    let none = shop.act::<Reship>(order.0, Input::default()).await;
    assert!(
        matches!(&none, Err(ActionError::Refused(e)) if e[0].1 == "Select at least one item to reship."),
        "{none:?}"
    );
    for text in ["0", "-1", "two", "", "10000"] {
        let mut input = Input::of(&[(item, 1)]);
        input.items.insert(format!("quantity_{item}"), json!(text));
        let refused = shop.act::<Reship>(order.0, input).await;
        assert!(
            matches!(&refused, Err(ActionError::Refused(e)) if e[0].1 == "Enter how many of A to reship, from 1 to 9999."),
            "{text}: {refused:?}"
        );
    }
    let refused = shop.act_as::<Reship>(Role::Support, order.0, Input::of(&[(item, 1)])).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))));
}

#[tokio::test]
async fn a_void_gives_back_and_reopens_and_a_restore_is_its_opposite() {
    let shop = Shop::open().await;
    shop.stocked("A", 1, 300).await;
    shop.stocked("A", 10, 400).await;
    let (_, shipment) = shop.order(shop.ebay, &[("A", 2)]).await;
    let picture = || async {
        shop.text(
            "select json_build_array( \
               (select json_agg(json_build_array(on_hand, allocated, backordered) order by product_id) from stock), \
               (select json_agg(remaining order by id) from cost_layers), \
               (select json_agg(json_build_array(unit_cost_minor, added_back, backordered) order by id) from shipment_lines), \
               (select json_agg(json_build_array(quantity, state) order by id) from allocations), \
               (select json_agg(json_build_array(quantity, fulfilled, allocated) order by id) from fulfillment_order_lines), \
               (select json_agg(json_build_array(status, voided_at) order by id) from shipments), \
               (select json_agg(status order by id) from fulfillment_orders), \
               (select json_agg(json_build_array(status, items_shipped, shipment_status) order by id) from orders))",
        )
        .await
    };
    let before = picture().await;
    let reason = void::Input { reason: "Wrong item".into() };
    let asked = shop.act::<VoidShipment>(shipment.0, void::Input::default()).await;
    assert!(matches!(asked, Err(ActionError::Refused(_))));
    let outcome = shop.act::<VoidShipment>(shipment.0, reason).await.unwrap();
    assert_eq!(outcome.undo.unwrap().action, "restore_shipment");
    let row = shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await;
    assert_eq!(row, "[11, 2, 0]");
    assert_eq!(shop.text("select state || quantity from allocations").await, "allocated2");
    assert_eq!(shop.text("select status from fulfillment_orders").await, "open");
    assert_eq!(shop.text("select fulfilled || ' ' || allocated from fulfillment_order_lines").await, "0 2");
    assert_eq!(shop.text("select void_reason from shipment_details").await, "Wrong item");
    assert_eq!(shop.shipment(shipment).await.shipment.status, Status::Canceled);
    assert_eq!(shop.value("select count(*) from shipment_lines").await, 1, "kept for history");
    let again =
        shop.act::<VoidShipment>(shipment.0, void::Input { reason: "Again".into() }).await.unwrap_err();
    assert_eq!(again.to_string(), "The shipment is voided already.");
    shop.act::<RestoreShipment>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(picture().await, before);
}

#[tokio::test]
async fn a_restore_is_refused_while_its_items_stand_elsewhere() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, shipment) = shop.order(shop.ebay, &[("A", 2)]).await;
    shop.act::<VoidShipment>(shipment.0, void::Input { reason: "Wrong item".into() }).await.unwrap();
    shop.act::<waybill::shipments::fulfill_again::FulfillAgain>(order.0, NoInput {}).await.unwrap();
    let again = newest(&shop).await;
    assert_eq!(on_hand(&shop, "A").await, 8);
    assert_eq!(shop.value("select allocated from stock").await, 0);
    let refused = shop.act::<RestoreShipment>(shipment.0, NoInput {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "Its items stand in SHP-000002 now. Void that one first.");
    shop.act::<VoidShipment>(again.0, void::Input { reason: "Not this".into() }).await.unwrap();
    shop.act::<RestoreShipment>(shipment.0, NoInput {}).await.unwrap();
    assert_eq!(
        shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await,
        "[8, 0, 0]"
    );
}

#[tokio::test]
async fn what_is_sold_below_zero_is_a_backorder_that_the_next_units_cover() {
    let shop = Shop::open().await;
    shop.stocked("A", 1, 300).await;
    let (_, first) = shop.order(shop.ebay, &[("A", 3)]).await;
    assert_eq!(
        shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await,
        "[-2, 0, 2]"
    );
    assert_eq!(
        shop.value(&format!("select backordered from shipment_lines where shipment_id = {first}")).await,
        2
    );
    shop.stocked("A", 10, 600).await;
    assert_eq!(
        shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await,
        "[8, 0, 0]"
    );
    // (300 + 600 + 600) / 3
    assert_eq!(
        shop.value(&format!("select unit_cost_minor from shipment_lines where shipment_id = {first}")).await,
        500
    );
    // a void gives back whatever the stock is by then
    shop.sql("update connections set state = 'paused'").await;
    shop.act::<VoidShipment>(first.0, void::Input { reason: "Wrong".into() }).await.unwrap();
    assert_eq!(
        shop.text("select json_build_array(on_hand, allocated, backordered) from stock").await,
        "[11, 3, 0]"
    );
}

#[tokio::test]
async fn the_same_press_twice_makes_one_reship() {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, _) = shop.order(shop.ebay, &[("A", 2)]).await;
    let input = Input::of(&[(line(&shop, order, "A").await, 2)]);
    let by = shop.by(Role::Client);
    let press = || {
        let call = Call { id: order.0, input: input.clone(), version: None, key: Some("one press".into()) };
        run::<Reship>(&shop.db, shop.account, &by, call, now())
    };
    let (one, two) = tokio::join!(press(), press());
    let (one, two, late) = (one.unwrap(), two.unwrap(), press().await.unwrap());
    assert_eq!((&one.data, &one.data), (&two.data, &late.data), "all are told the same");
    assert_eq!(shop.value("select count(*) from shipments").await, 2);
    assert_eq!(on_hand(&shop, "A").await, 6);
    // another press is another reship
    shop.act::<Reship>(order.0, input.clone()).await.unwrap();
    assert_eq!(shop.value("select count(*) from shipments").await, 3);
}

/// The order's items that count as shipped, and its status.
async fn shipped(shop: &Shop) -> String {
    shop.text("select items_shipped || ' of ' || items_ordered || ' ' || status from orders").await
}

async fn leaves(shop: &Shop, shipment: ShipmentId) {
    let number = format!("1Z{shipment}");
    shop.act::<EditShipping>(shipment.0, tracked("UPS", &number)).await.unwrap();
}

async fn voids(shop: &Shop, shipment: ShipmentId) {
    shop.act::<VoidShipment>(shipment.0, void::Input { reason: "Lost".into() }).await.unwrap();
}

#[tokio::test]
async fn a_reship_counts_for_what_its_original_did_not_send() {
    let shop = Shop::open().await;
    let (order, original) = shop.order(shop.ebay, &[("A", 2), ("B", 1)]).await;
    let (a, b) = (line(&shop, order, "A").await, line(&shop, order, "B").await);
    shop.act::<Reship>(order.0, Input::of(&[(a, 2), (b, 1)])).await.unwrap();
    let reship = newest(&shop).await;
    voids(&shop, original).await;
    assert_eq!(shipped(&shop).await, "0 of 3 unshipped");
    leaves(&shop, reship).await;
    assert_eq!(shipped(&shop).await, "3 of 3 shipped");
    // whatever becomes of the original: it was three items that were bought
    shop.act::<RestoreShipment>(original.0, NoInput {}).await.unwrap();
    assert_eq!(shipped(&shop).await, "3 of 3 shipped");
    leaves(&shop, original).await;
    assert_eq!(shipped(&shop).await, "3 of 3 shipped");
    voids(&shop, reship).await;
    assert_eq!(shipped(&shop).await, "3 of 3 shipped", "the original’s are still there");
    voids(&shop, original).await;
    assert_eq!(shipped(&shop).await, "0 of 3 unshipped");
    shop.act::<RestoreShipment>(reship.0, NoInput {}).await.unwrap();
    assert_eq!(shipped(&shop).await, "3 of 3 shipped");
}

#[tokio::test]
async fn sent_twice_over_an_item_is_one_item() {
    let shop = Shop::open().await;
    let (order, original) = shop.order(shop.ebay, &[("A", 1), ("B", 2)]).await;
    let a = line(&shop, order, "A").await;
    leaves(&shop, original).await;
    for _ in 0..2 {
        shop.act::<Reship>(order.0, Input::of(&[(a, 1)])).await.unwrap();
        leaves(&shop, newest(&shop).await).await;
    }
    assert_eq!(shipped(&shop).await, "3 of 3 shipped");
    voids(&shop, original).await;
    assert_eq!(shipped(&shop).await, "1 of 3 partially_shipped", "A is there, B is not");
}

#[tokio::test]
async fn edited_items_of_an_order_whose_reship_left_are_counted_once() {
    let shop = Shop::open().await;
    let (order, original) = shop.order(shop.ebay, &[("A", 3)]).await;
    let a = line(&shop, order, "A").await;
    shop.act::<Reship>(order.0, Input::of(&[(a, 2)])).await.unwrap();
    leaves(&shop, newest(&shop).await).await;
    assert_eq!(shipped(&shop).await, "2 of 3 partially_shipped");
    let operator = hold::Input { kind: "operator".into(), ..hold::Input::default() };
    shop.act::<hold::AddHold>(order.0, operator).await.unwrap();
    shop.act::<EditItems>(original.0, edit_items::Input::of(&[(a, 1)])).await.unwrap();
    assert_eq!(shipped(&shop).await, "1 of 1 shipped", "one is wanted, and one is there");
    leaves(&shop, newest(&shop).await).await;
    assert_eq!(shipped(&shop).await, "1 of 1 shipped");
}

async fn holds(shop: &Shop) -> String {
    shop.text("select string_agg(kind || ' ' || reason, ', ' order by id) from order_holds where released_at is null")
        .await
}

async fn undoes(shop: &Shop, order: OrderId, done: &Outcome) {
    let undo = done.undo.as_ref().unwrap();
    assert_eq!(undo.action, UndoReship::NAME);
    shop.act::<UndoReship>(order.0, serde_json::from_value(undo.input.clone()).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_reship_taken_back_takes_its_own_hold_along_and_no_other() {
    let shop = Shop::open().await;
    let (order, _) = shop.order(shop.ebay, &[("A", 2)]).await;
    let a = line(&shop, order, "A").await;
    let held = || Input { hold: true, ..Input::of(&[(a, 1)]) };
    let operator = |reason: &str| hold::Input {
        kind: "operator".into(),
        reason: reason.into(),
        ..hold::Input::default()
    };
    let remove = || serde_json::from_value(json!({ "kind": "operator" })).unwrap();
    // its own goes
    let done = shop.act::<Reship>(order.0, held()).await.unwrap();
    assert_eq!(holds(&shop).await, "operator To be changed before it is reshipped");
    undoes(&shop, order, &done).await;
    assert_eq!(
        (holds(&shop).await.as_str(), shop.text("select on_hold from orders").await.as_str()),
        ("", "false")
    );
    // one that stood before stays, and so does another kind
    shop.act::<hold::AddHold>(order.0, operator("Look at the street")).await.unwrap();
    let fraud = hold::Input { kind: "fraud".into(), ..hold::Input::default() };
    shop.act::<hold::AddHold>(order.0, fraud).await.unwrap();
    let done = shop.act::<Reship>(order.0, held()).await.unwrap();
    undoes(&shop, order, &done).await;
    assert_eq!(holds(&shop).await, "operator Look at the street, fraud ");
    shop.act::<hold::RemoveHold>(order.0, remove()).await.unwrap();
    // and so does one that somebody else placed in the place of its own
    let done = shop.act::<Reship>(order.0, held()).await.unwrap();
    shop.act::<hold::RemoveHold>(order.0, remove()).await.unwrap();
    shop.act::<hold::AddHold>(order.0, operator("Ask the buyer")).await.unwrap();
    undoes(&shop, order, &done).await;
    assert_eq!(holds(&shop).await, "fraud , operator Ask the buyer");
    assert_eq!(shop.value("select count(*) from shipments where voided_at is null").await, 1);
}
