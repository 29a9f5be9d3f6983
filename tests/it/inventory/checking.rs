//! `waybill check` names every law that is broken, and what breaks it.

use crate::support::shop::Shop;
use waybill::{
    inventory::check::{self, Broken},
    shipments::{
        reship::{Input, Reship},
        void::{self, VoidShipment},
    },
};

/// What is broken by hand, the law that names it, and of what.
const BREAKS: &[(&str, &str, &str)] = &[
    (
        "update stock set on_hand = on_hand + 1",
        "On hand is the sum of the movements.",
        "A in Antwerp (product 1, warehouse 1)",
    ),
    (
        "update inventory_movements set balance_after = 7 where id = 1",
        "Each movement notes the balance after it.",
        "movement 1 (receipt)",
    ),
    (
        "update cost_layers set remaining = remaining - 1 where id = 1",
        "On hand and what is backordered lie in the cost layers.",
        "A in Antwerp (product 1, warehouse 1)",
    ),
    (
        "update stock set backordered = backordered + 1",
        "What is backordered is owed to shipment lines.",
        "A in Antwerp (product 1, warehouse 1)",
    ),
    (
        "update stock set allocated = allocated + 1",
        "What is allocated is reserved by allocations.",
        "A in Antwerp (product 1, warehouse 1)",
    ),
    (
        "update cost_layers set remaining = remaining - 1 where id = 1",
        "A cost layer holds what it received less what was consumed of it.",
        "layer 1",
    ),
    (
        "update cost_consumptions set unit_cost_minor = 9 where id = 1",
        "What is consumed is of the movement’s product, at its layer’s cost.",
        "consumption 1 of layer 1",
    ),
    (
        "update cost_layers set received = received + 1, remaining = remaining + 1 where id = 1",
        "Units that came in lie in one layer, as many as came.",
        "movement 1 (receipt)",
    ),
    (
        "update shipment_lines set backordered = 1 where id = 1",
        "What a shipment line took was consumed for it or is owed to it.",
        "SHP-000001, line 1",
    ),
    (
        "update shipment_lines set added_back = added_back + 1 where id = 1",
        "A shipment line took what it sends and was not added back; nothing once it is voided.",
        "SHP-000001, line 1",
    ),
    (
        "update shipment_lines set unit_cost_minor = 1 where id = 1",
        "A shipment line notes what its units cost.",
        "SHP-000001, line 1",
    ),
    (
        "update allocations set quantity = quantity + 1 where id = 1",
        "The allocation of a shipment line agrees with what it took.",
        "SHP-000001, line 1",
    ),
    (
        "update inventory_movements set cause_kind = 'word' where kind = 'shipment' and line_id = 1",
        "Every movement has its cause.",
        "movement 2 (shipment of -3)",
    ),
    (
        "update fulfillment_order_lines set fulfilled = 0 where id = 1",
        "A fulfillment order has used what stands in its shipments, and not more than its budget.",
        "fulfillment order 1, line 1",
    ),
    (
        "delete from fulfillment_order_lines where id = 1",
        "What stands in a shipment is in the budget of its fulfillment order.",
        "SHP-000001, line 1",
    ),
    (
        "update fulfillment_orders set status = 'closed' where id = 1",
        "A fulfillment order’s status follows from its shipments.",
        "fulfillment order 1",
    ),
    (
        "update orders set on_hold = true where id = 1",
        "An order’s status, items and the states of its shipments follow from the facts.",
        "order ",
    ),
    (
        "update orders set items_shipped = 1 where id = 1",
        "An order’s status, items and the states of its shipments follow from the facts.",
        "order ",
    ),
    (
        "insert into order_holds (account_id, order_id, kind) select account_id, id, 'client' from orders where id = 1",
        "An order’s status, items and the states of its shipments follow from the facts.",
        "order ",
    ),
    (
        "insert into bulk_operations (account_id, action, resource, total, picked) select id, 'post', 'shipments', 1, 1 from accounts",
        "The counters of a bulk operation are its rows.",
        "bulk operation 1",
    ),
    // what the database itself refuses, were it not for its indexes
    (
        "drop index a_movement_is_reversed_once; update inventory_movements m set reverses = (select reverses from inventory_movements where kind = 'reversal') where m.id = 2",
        "A movement is taken back once.",
        "movement ",
    ),
    (
        "drop index at_most_one_live_post_per_shipment, one_live_post_per_reference; insert into posts (account_id, shipment_id, connection_id, group_no, external_reference) select account_id, id, connection_id, n, 'x' from shipments, generate_series(8, 9) n where id = 1",
        "A shipment has at most one live post.",
        "shipment 1",
    ),
    (
        "drop index one_current_provider_order_per_shipment; insert into provider_orders (account_id, shipment_id, connection_id, remote_id, reference) select account_id, id, connection_id, n::text, 'x' from shipments, generate_series(8, 9) n where id = 1",
        "A shipment has at most one current order at its provider.",
        "shipment 1",
    ),
    (
        "update inventory_movements set reverses = null, cause_kind = 'word', kind = 'adjustment', line_id = 0 where kind = 'reversal'",
        "Units that came in lie in one layer, as many as came.",
        "movement ",
    ),
    (
        "update cost_consumptions set quantity = 2 where movement_id = (select id from inventory_movements where kind = 'adjustment')",
        "What an adjustment took away is consumed, until it is reversed.",
        "movement ",
    ),
];

/// A receipt, three shipments, a reship with units added back, one void, an adjustment.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.stocked("A", 10, 300).await;
    let (order, _) = shop.order(shop.ebay, &[("A", 3)]).await;
    let item = shop.value(&format!("select min(id) from order_lines where order_id = {order}")).await;
    let input = Input { add_back: true, ..Input::of(&[(waybill::ids::OrderLineId(item), 1)]) };
    shop.act::<Reship>(order.0, input).await.unwrap();
    let (_, voided) = shop.order(shop.ebay, &[("A", 2)]).await;
    shop.act::<VoidShipment>(voided.0, void::Input { reason: "Wrong".into() }).await.unwrap();
    let mut scope = shop.scope().await;
    let by = waybill::inventory::Mover { name: "The test", now: crate::support::shop::now() };
    let place = (waybill::ids::ProductId(1), waybill::ids::WarehouseId(1));
    waybill::inventory::adjust(&mut scope, place, -1, 0, "Broken", 77, by).await.unwrap();
    scope.commit().await.unwrap();
    shop
}

async fn broken(shop: &Shop) -> Vec<Broken> {
    check::account(&mut shop.db.snapshot(shop.account).await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn each_law_that_is_broken_is_named_with_what_breaks_it() {
    let shop = shop().await;
    assert_eq!(broken(&shop).await, []);
    let mut named: Vec<&str> = Vec::new();
    for (by_hand, law, what) in BREAKS {
        // an own transaction for each: the check runs in it and nothing stays
        let found = within(&shop, by_hand).await;
        let broken = found.iter().find(|broken| broken.law == *law);
        let broken = broken.unwrap_or_else(|| panic!("{by_hand}: {law} is not among {found:#?}"));
        assert!(broken.breaks.iter().any(|b| b.what.starts_with(what)), "{by_hand}: {broken:#?}");
        assert!(broken.breaks.iter().all(|b| b.expected != b.found), "{by_hand}: {broken:#?}");
        named.push(law);
    }
    named.sort_unstable();
    named.dedup();
    assert_eq!(named.len(), check::laws().count(), "each law has its break here");
    assert_eq!(broken(&shop).await, []);
}

/// Breaks it past every policy, looks, and puts it back.
async fn within(shop: &Shop, by_hand: &str) -> Vec<Broken> {
    use diesel_async::SimpleAsyncConnection;
    let db = waybill::db::Db::open(&shop.database.superuser_url(), 1, "break").unwrap();
    let mut scope = db.scope(shop.account).await.unwrap();
    let script = format!("reset role; set local role none; {by_hand}");
    scope.connection().batch_execute(&script).await.unwrap_or_else(|e| panic!("{by_hand}: {e}"));
    check::account(&mut scope).await.unwrap()
}

#[tokio::test]
async fn of_many_breaks_twenty_are_named_and_the_others_counted() {
    let shop = Shop::open().await;
    shop.orders(shop.ebay, 23).await;
    shop.sql("update orders set on_hold = true").await;
    let found = broken(&shop).await;
    let [law] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((law.breaks.len(), law.more), (20, 3));
    let text = waybill::cli::check::sentences(&waybill::cli::check::Checked {
        account: "shop".into(),
        broken: found.clone(),
    });
    assert!(text.starts_with("FAIL shop: An order’s status, items"), "{text}");
    assert!(text.ends_with("       and 3 more\n"), "{text}");
    shop.sql("update orders set on_hold = false").await;
}
