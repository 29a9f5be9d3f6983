//! What the world holds, and that it holds together.

use super::support::{World, number, world};

use crate::support::database::connect;
use diesel::{QueryableByName, sql_types::BigInt};
use waybill::{clock, db::sql, orders::status};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

const DERIVED: &str = "select string_agg(concat_ws('|', id, status, on_hold, items_ordered, items_shipped, shipment_status, channel_sync), \
     e'\\n' order by id) from orders";

#[tokio::test]
async fn the_world_is_whole_consistent_and_the_same_again() {
    let now = clock::now();
    let (first, second) = (world(now).await, world(now).await);
    assert_eq!(first.seeded.orders, second.seeded.orders);
    for (first, second) in sums(&first).await.into_iter().zip(sums(&second).await) {
        assert!(first.1.len() == 32, "{first:?}");
        assert_eq!(first, second);
    }
    drop(second);
    it_is_whole_and_breaks_no_rule(&first).await;
    derived_columns_are_what_a_refresh_would_write(&first).await;
}

async fn derived_columns_are_what_a_refresh_would_write(world: &World) {
    let look = connect(&world.database.superuser_url()).await;
    let before: String = look.query_one(DERIVED, &[]).await.unwrap().get(0);
    for account in [world.seeded.harbour, world.seeded.fjord] {
        let mut scope = world.db.scope(account).await.unwrap();
        // two hundred of every age, and some of every shape
        let orders: Vec<Id> = scope
            .rows(
                sql("select id from (select id, row_number() over (partition by status, on_hold, shipment_status, channel_sync, payment_status \
                     order by id desc) as n from orders where account_id = {}) s where n <= 25 or id % 17 = 0")
                .bind(account),
            )
            .await
            .unwrap();
        assert!(orders.len() > 200, "{}", orders.len());
        for order in orders {
            status::refresh(&mut scope, waybill::ids::OrderId(order.id)).await.unwrap();
        }
        scope.commit().await.unwrap();
    }
    let after: String = look.query_one(DERIVED, &[]).await.unwrap().get(0);
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
    assert!(number(&look, "select count(*) from orders").await > 4_900);
}

/// Table and what is summed up of it: everything but sealed secrets, random
/// endpoints and the sandbox's port.
const SUMS: &[(&str, &str)] = &[
    ("accounts", "t.*"),
    ("stores", "t.*"),
    ("channels", "t.id, t.name, t.poll_cursor"),
    ("courier_mappings", "t.*"),
    ("seen_couriers", "t.*"),
    ("addresses", "t.*"),
    ("customers", "t.*"),
    ("products", "t.*"),
    ("orders", "t.*"),
    ("order_lines", "t.*"),
    ("order_holds", "t.*"),
    ("fulfillment_orders", "t.*"),
    ("fulfillment_order_lines", "t.*"),
    ("shipments", "t.*"),
    ("shipment_details", "t.*"),
    ("shipment_lines", "t.*"),
    ("stock", "t.*"),
    ("inventory_movements", "t.*"),
    ("cost_layers", "t.*"),
    ("cost_consumptions", "t.*"),
    ("allocations", "t.*"),
    ("posts", "t.*"),
    ("post_attempts", "t.*"),
    ("provider_orders", "t.*"),
    ("problems", "t.*"),
    ("activities", "t.*"),
    ("transaction_records", "t.id, t.status, t.request_body, t.response_body, t.trace_id"),
    ("webhook_events", "t.*"),
    ("webhook_deliveries", "t.*"),
    ("emails", "t.*"),
    ("imports", "t.*"),
    ("import_rows", "t.*"),
];

async fn sums(world: &World) -> Vec<(&'static str, String)> {
    let look = connect(&world.database.superuser_url()).await;
    let mut sums = Vec::new();
    for (table, what) in SUMS {
        let statement = format!(
            "select coalesce(md5(string_agg(x, '' order by x collate \"C\")), '') from (select md5(concat_ws('|', {what})::text) as x from {table} t) s"
        );
        sums.push((
            *table,
            look.query_one(&statement, &[]).await.unwrap_or_else(|e| panic!("{table}: {e:?}")).get(0),
        ));
    }
    sums
}

async fn it_is_whole_and_breaks_no_rule(world: &World) {
    let look = connect(&world.database.superuser_url()).await;
    let count = async |statement: &str| number(&look, statement).await;
    let mut broken = Vec::new();
    for (rule, statement) in super::consistency::RULES {
        match count(statement).await {
            0 => {}
            n => broken.push(format!("{n} × {rule}")),
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");

    for status in waybill::shipments::Status::ALL {
        let n = count(&format!("select count(*) from shipments where status = '{status}'")).await;
        assert_eq!(n > 0, *status != waybill::shipments::Status::Posting, "{status}: {n}");
    }
    for sync in waybill::shipments::ChannelSync::ALL {
        assert!(
            count(&format!("select count(*) from shipments where channel_sync = '{sync}'")).await > 0,
            "{sync}"
        );
    }
    for status in waybill::orders::OrderStatus::ALL {
        assert!(
            count(&format!("select count(*) from orders where status = '{status}'")).await > 0,
            "{status}"
        );
    }
    for kind in ["operator", "client", "address", "payment", "fraud"] {
        assert!(
            count(&format!("select count(*) from order_holds where kind = '{kind}' and released_at is null"))
                .await
                > 0,
            "{kind}"
        );
    }
    for class in waybill::outbound::ErrorClass::ALL {
        let n = count(&format!(
            "select count(*) from problems where error_class = '{class}' and resolved_at is null"
        ))
        .await;
        assert!(n > 1, "{class}: {n}");
    }
    for (what, least) in [
        ("orders", 4_900),
        ("customers", 1_400),
        ("products", 75),
        ("shipments", 5_000),
        ("transaction_records", 2_000),
        ("activities", 25_000),
        ("emails", 1_000),
        ("webhook_events", 1_000),
        ("problems where resolved_at is not null", 20),
        ("problems where cause_key like 'submit:courier_unmapped:%:dpd_be' and resolved_at is null", 10),
        ("shipments where reship_of is not null", 20),
        ("provider_orders where superseded_at is not null", 10),
        ("orders where status = 'partially_shipped'", 20),
        ("imports", 4),
        ("memberships", 6),
        ("products where not stock_kept", 4),
        ("stock where on_hand between 0 and 3", 3),
        ("stock where on_hand > 8", 50),
        ("shipment_lines where backordered > 0", 2),
        ("allocations where state = 'allocated'", 5),
        ("inventory_movements where kind = 'reversal'", 50),
        ("inventory_movements where kind = 'add_back'", 1),
        ("inventory_movements where kind = 'adjustment' and reason <> ''", 5),
        ("inventory_movements where kind = 'adjustment_reversal'", 1),
        (
            "(select 1 from cost_layers group by account_id, product_id, warehouse_id having count(*) > 2) l",
            50,
        ),
        ("fulfillment_orders where reship", 20),
    ] {
        let n = count(&format!("select count(*) from {what}")).await;
        assert!(n >= least, "{what}: {n}");
    }
    let scripts = "select count(*) from customers where name ~ '[Ͱ-Ͽ]' or name ~ '[Ѐ-ӿ]' or name ~ '[؀-ۿ]' or name ~ '[一-鿿]'";
    assert!(count(scripts).await > 20);
}
