//! What the world holds, and that it holds together.

use super::support::{number, world};
use crate::support::database::connect;
use waybill::{clock, db::sql, orders::status};
use diesel::{QueryableByName, sql_types::BigInt};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

const DERIVED: &str = "select string_agg(concat_ws('|', id, status, on_hold, items_ordered, items_shipped, shipment_status, channel_sync), \
     e'\\n' order by id) from orders";

#[tokio::test]
async fn derived_columns_are_what_a_refresh_would_write() {
    let world = world(clock::now()).await;
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
