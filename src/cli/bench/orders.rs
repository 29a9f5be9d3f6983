//! Orders by the thousand, written by few statements: for the benchmark, and for
//! the drill that kills workers in the middle of as many.

use crate::{
    clock,
    db::{Scope, sql},
    ids::{ProductId, WarehouseId},
    inventory::{self, Mover},
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::{Value, json};

/// An action that can be tried on as many orders as one likes.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The action's name.
    pub action: &'static str,
    /// It needs orders whose goods have left.
    pub shipped: bool,
    input: &'static [(&'static str, &'static str)],
    /// The line of activity it leaves on each order.
    pub verb: &'static str,
}

/// Those that can be tried, the usual one first.
pub static TRIALS: &[Trial] = &[
    Trial { action: "reship_orders", shipped: false, input: &[], verb: "order_reshipped" },
    Trial { action: "add_hold", shipped: false, input: &[("kind", "operator")], verb: "hold_added" },
    Trial { action: "resend_fulfillments", shipped: true, input: &[], verb: "fulfillment_resent" },
];

impl Trial {
    /// By the action's name.
    pub fn find(action: &str) -> Option<&'static Trial> {
        TRIALS.iter().find(|trial| trial.action == action)
    }

    /// What the action is told.
    pub fn input(&self) -> Value {
        self.input.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }
}

/// What is left for outside waits: there is no outside here. Run as the owner of
/// the database.
pub const NO_OUTSIDE: &str = "
    create or replace function put_off() returns trigger language plpgsql as $$
    begin
        new.due_at := new.due_at + interval '1 day';
        return new;
    end $$;
    create or replace trigger put_off before insert on jobs for each row
        when (new.kind not in ('bulk_operation', 'poll_orders')) execute function put_off()";

/// So many products, ordered in turn.
const PRODUCTS: i32 = 50;

/// Makes so many orders, each of one line and with one shipment: not posted yet,
/// or gone with a tracking number that the channel refused. Of each product there
/// is one for every order, in layers of a hundred.
pub async fn make(scope: &mut Scope, orders: i32, shipped: bool) -> anyhow::Result<()> {
    let account = scope.account();
    for statement in [
        sql("with store as (insert into stores (account_id, name) values ({}, 'Bench') returning id) \
             insert into channels (account_id, store_id, kind, name) select {}, id, 'ebay', 'Bench eBay' from store")
        .bind(account),
        sql("with warehouse as (insert into warehouses (account_id, name) values ({}, 'Bench') returning id) \
             insert into connections (account_id, kind, name, warehouse_id) \
             select {}, 'shipstation', 'Bench ShipStation', id from warehouse")
        .bind(account),
    ] {
        scope.execute(statement.bind(account)).await?;
    }
    scope
        .execute(
            sql("insert into products (account_id, sku, name) select {}, 'BENCH-' || n, 'Enamel kettle' \
                 from generate_series(0, {}) n")
            .bind(account)
            .bind(PRODUCTS - 1),
        )
        .await?;
    scope
        .execute(
            sql("insert into customers (account_id, name, email) values ({}, 'Ada Buyer', 'ada@buyer.example')")
                .bind(account),
        )
        .await?;
    scope
        .execute(
            sql("insert into orders (account_id, channel_id, customer_id, number, channel_reference, currency, total_minor, \
                   items_ordered, items_shipped, status, shipment_status, channel_sync, placed_at, search_text) \
                 select {}, (select max(id) from channels where account_id = {}), \
                   (select max(id) from customers where account_id = {}), \
                   'BENCH-' || lpad(n::text, 6, '0'), 'bench-' || n, 'EUR', 2500, 1, d.shipped::int, \
                   case when d.shipped then 'shipped' else 'unshipped' end, \
                   case when d.shipped then 'shipped' else 'pending_post' end, \
                   case when d.shipped then 'failed' else 'awaiting_send' end, \
                   now() - n * interval '1 minute', 'bench-' || lpad(n::text, 6, '0') || ' ada buyer' \
                 from generate_series(1, {}) n, (select {}::boolean as shipped) d")
            .bind(account)
            .bind(account)
            .bind(account)
            .bind(orders)
            .bind(shipped),
        )
        .await?;
    for statement in [
        sql(
            "insert into order_lines (account_id, order_id, position, product_id, sku, name, quantity, quantity_shipped) \
             select {}, o.id, 1, p.id, p.sku, p.name, 1, o.items_shipped from orders o \
             join products p on p.account_id = o.account_id and p.sku = 'BENCH-' || (o.id % 50) where o.account_id = {}",
        ),
        sql("insert into fulfillment_orders (account_id, order_id, warehouse_id) \
             select {}, id, (select max(w.id) from warehouses w where w.account_id = orders.account_id) \
             from orders where account_id = {}"),
        sql(
            "insert into fulfillment_order_lines (account_id, fulfillment_order_id, order_line_id, quantity, fulfilled) \
             select {}, f.id, l.id, 1, 1 from fulfillment_orders f \
             join order_lines l on l.account_id = f.account_id and l.order_id = f.order_id where f.account_id = {}",
        ),
        sql(
            "insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, connection_id, channel_id, \
               status, date_post, fulfillment_id, courier, tracking_number, shipped_at, channel_sync, search_text) \
             select {}, 'SHP-' || o.number, o.id, f.id, f.warehouse_id, \
               (select max(c.id) from connections c where c.account_id = o.account_id), o.channel_id, o.shipment_status, \
               case when o.items_shipped > 0 then now() end, case when o.items_shipped > 0 then 'F' || o.id end, \
               case when o.items_shipped > 0 then 'dpd' end, case when o.items_shipped > 0 then 'T' || o.id end, \
               case when o.items_shipped > 0 then now() end, o.channel_sync, o.search_text \
             from orders o join fulfillment_orders f on f.account_id = o.account_id and f.order_id = o.id \
             where o.account_id = {}",
        ),
        sql(
            "insert into shipment_details (account_id, shipment_id) select {}, id from shipments where account_id = {}",
        ),
        sql("insert into shipment_lines (account_id, shipment_id, order_line_id, product_id, quantity) \
             select {}, s.id, l.id, l.product_id, 1 from shipments s \
             join order_lines l on l.account_id = s.account_id and l.order_id = s.order_id where s.account_id = {}"),
    ] {
        scope.execute(statement.bind(account).bind(account)).await?;
    }
    stock(scope, orders).await
}

/// What the orders may take again. Received after their shipments were made, so
/// those took none.
async fn stock(scope: &mut Scope, orders: i32) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = BigInt)]
        product: ProductId,
        #[diesel(sql_type = BigInt)]
        warehouse: WarehouseId,
    }
    let account = scope.account();
    let places: Vec<Place> = scope
        .rows(
            sql("select p.id as product, (select max(w.id) from warehouses w where w.account_id = p.account_id) as warehouse \
                 from products p where p.account_id = {} order by p.id")
            .bind(account),
        )
        .await?;
    let by = Mover { name: "Bench", now: clock::now() };
    let mut cause = 0;
    for place in places {
        for layer in 0..=orders / PRODUCTS / 100 {
            cause += 1;
            let cost = 900 + i64::from(layer);
            inventory::receive(scope, (place.product, place.warehouse), 100, cost, cause, by).await?;
        }
    }
    Ok(())
}
