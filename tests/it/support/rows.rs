//! Rows that a test writes by hand, and what the product derives of them.

use super::database::{TestDatabase, connect};
use std::ops::Deref;
use tokio_postgres::Client;
use waybill::{
    db::Db,
    ids::{AccountId, OrderId},
    orders::status,
};

/// A connection past every policy. Whoever writes rows with it ends with
/// [`Rows::settle`], so that they are as the product would have left them.
pub struct Rows {
    client: Client,
    db: Db,
}

impl Deref for Rows {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Rows {
    /// Opens it.
    pub async fn of(database: &TestDatabase) -> Rows {
        let db = Db::open(&database.owner_url(), 1, "rows").expect("a pool");
        Rows { client: connect(&database.superuser_url()).await, db }
    }

    /// Writes rows and settles what follows from them.
    pub async fn write(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
        self.settle().await;
    }

    /// Brings budgets and counted items up to the shipments that stand, and orders
    /// with their fulfillment orders up to all of it, by the product's own function.
    pub async fn settle(&self) {
        const SUMS: &str = "
            update fulfillment_order_lines f set fulfilled = t.n, allocated = greatest(0, f.quantity - t.n)
              from (select l.id, coalesce(sum(sl.quantity) filter (where s.id is not null), 0)::integer as n
                    from fulfillment_order_lines l
                    left join shipments s on s.account_id = l.account_id
                      and s.fulfillment_order_id = l.fulfillment_order_id and s.voided_at is null
                    left join shipment_lines sl on sl.account_id = s.account_id and sl.shipment_id = s.id
                      and sl.order_line_id = l.order_line_id
                    group by l.id) t
              where f.id = t.id and f.fulfilled <> t.n;
            update order_lines ol set quantity_shipped = t.n
              from (select sl.order_line_id as id, sum(sl.quantity)::integer as n from shipment_lines sl
                    join shipments s on s.account_id = sl.account_id and s.id = sl.shipment_id
                    where s.voided_at is null and s.shipped_at is not null and s.reship_of is null group by 1) t
              where ol.id = t.id and ol.quantity_shipped < least(t.n, ol.quantity)";
        self.client.batch_execute(SUMS).await.expect("budgets and items");
        let orders = self.client.query("select account_id, id from orders", &[]).await.expect("the orders");
        for order in orders {
            let mut scope = self.db.scope(AccountId(order.get(0))).await.expect("a scope");
            status::refresh(&mut scope, OrderId(order.get(1))).await.expect("what is derived of an order");
            scope.commit().await.expect("a commit");
        }
    }
}
