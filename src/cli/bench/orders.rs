//! Orders by the thousand, written by few statements: for the benchmark, and for
//! the drill that kills workers in the middle of as many.

use crate::db::{DbResult, Scope, sql};
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

/// Makes so many orders, each of one line and with one shipment: not posted yet,
/// or gone with a tracking number that the channel refused.
pub async fn make(scope: &mut Scope, orders: i32, shipped: bool) -> DbResult<()> {
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
            "insert into order_lines (account_id, order_id, position, sku, name, quantity, quantity_shipped) \
             select {}, id, 1, 'BENCH-' || (id % 50), 'Enamel kettle', 1, items_shipped from orders where account_id = {}",
        ),
        sql("insert into fulfillment_orders (account_id, order_id, warehouse_id) \
             select {}, id, (select max(w.id) from warehouses w where w.account_id = orders.account_id) \
             from orders where account_id = {}"),
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
        sql(
            "insert into shipment_lines (account_id, shipment_id, order_line_id, quantity, unit_cost_minor) \
             select {}, s.id, l.id, 1, 900 from shipments s \
             join order_lines l on l.account_id = s.account_id and l.order_id = s.order_id where s.account_id = {}",
        ),
    ] {
        scope.execute(statement.bind(account).bind(account)).await?;
    }
    Ok(())
}
