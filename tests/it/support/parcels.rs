//! Rows of an account that sells and ships, for tests of pages.

use super::rows::Rows;

/// What an account sells and ships with.
#[derive(Debug, Clone, Copy)]
pub struct Parcels {
    pub account: i64,
    pub channel: i64,
    pub connection: i64,
    pub warehouse: i64,
    /// An order with a customer.
    pub order: i64,
    /// Its first shipment, not posted yet.
    pub shipment: i64,
    /// A problem of that shipment that no mapping fixes.
    pub problem: i64,
}

impl Parcels {
    /// Makes them.
    pub async fn furnish(rows: &Rows, account: i64, store: i64) -> Parcels {
        let channel = one(
            rows,
            &format!(
                "insert into channels (account_id, store_id, kind, name, on_unmapped_courier)
                 select {account}, {store}, 'ebay', 'eBay UK' || case when exists (
                   select from channels where store_id = {store} and name = 'eBay UK') then ' 2' else '' end, 'hold_back'
                 returning id"
            ),
        )
        .await;
        let warehouse = one(
            rows,
            &format!("insert into warehouses (account_id, name) values ({account}, 'Antwerp') returning id"),
        )
        .await;
        let connection = one(
            rows,
            &format!(
                "insert into connections (account_id, kind, name, warehouse_id)
                 values ({account}, 'shipstation', 'ShipStation Antwerp', {warehouse}) returning id"
            ),
        )
        .await;
        let customer = one(
            rows,
            &format!("insert into customers (account_id, name, email) values ({account}, 'Ada Buyer', 'ada@buyer.example') returning id"),
        )
        .await;
        let order = one(
            rows,
            &format!(
                "insert into orders (account_id, channel_id, customer_id, number, channel_reference, currency, placed_at, search_text)
                 values ({account}, {channel}, {customer}, 'SO-{account}', 'ref-{account}', 'EUR', now(), 'so-{account} ada buyer')
                 returning id"
            ),
        )
        .await;
        let mut parcels = Parcels { account, channel, connection, warehouse, order, shipment: 0, problem: 0 };
        parcels.shipment = parcels.ship(rows, &format!("SHP-{account}-1"), "").await;
        parcels.problem = parcels.fail(rows, parcels.shipment, "submit", "invalid_request", None).await;
        parcels
    }

    /// One more shipment of the order with one line; `set` changes its columns.
    pub async fn ship(&self, rows: &Rows, number: &str, set: &str) -> i64 {
        let Parcels { account, channel, connection, warehouse, order, .. } = self;
        let fulfillment_order = one(
            rows,
            &format!("insert into fulfillment_orders (account_id, order_id, warehouse_id) values ({account}, {order}, {warehouse}) returning id"),
        )
        .await;
        let line = one(
            rows,
            &format!(
                "insert into order_lines (account_id, order_id, position, sku, name, quantity)
                 values ({account}, {order}, 1, 'KTL-0081', 'Enamel kettle', 2) returning id"
            ),
        )
        .await;
        let shipment = one(
            rows,
            &format!(
                "insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, connection_id, channel_id, search_text)
                 values ({account}, '{number}', {order}, {fulfillment_order}, {warehouse}, {connection}, {channel},
                         lower('{number}') || ' so-{account} ada buyer') returning id"
            ),
        )
        .await;
        let details = format!(
            "insert into shipment_details (account_id, shipment_id) values ({account}, {shipment});
             insert into shipment_lines (account_id, shipment_id, order_line_id, quantity, unit_cost_minor)
             values ({account}, {shipment}, {line}, 2, 1820);
             insert into fulfillment_order_lines (account_id, fulfillment_order_id, order_line_id, quantity, fulfilled)
             values ({account}, {fulfillment_order}, {line}, 2, 2);"
        );
        rows.batch_execute(&details).await.expect("its details");
        if !set.is_empty() {
            let change =
                format!("update shipments set {set} where account_id = {account} and id = {shipment}");
            rows.batch_execute(&change).await.unwrap_or_else(|e| panic!("{change}: {e:?}"));
        }
        rows.settle().await;
        shipment
    }

    /// A shipment that left with a courier and failed at the channel for it.
    pub async fn unmapped(&self, rows: &Rows, number: &str, courier: &str) -> (i64, i64) {
        let set = format!(
            "status = 'shipped', inventory_status = 'shipped', shipped_at = now(), date_post = now(),
             fulfillment_id = 'F{number}', courier = '{courier}', tracking_number = 'T{number}', channel_sync = 'failed'"
        );
        let shipment = self.ship(rows, number, &set).await;
        (shipment, self.fail(rows, shipment, "submit", "courier_unmapped", Some(courier)).await)
    }

    /// An open problem of a shipment.
    pub async fn fail(
        &self,
        rows: &Rows,
        shipment: i64,
        kind: &str,
        class: &str,
        courier: Option<&str>,
    ) -> i64 {
        let Parcels { account, channel, connection, order, .. } = self;
        let (channel, connection, place) = match kind {
            "submit" => (channel.to_string(), "null".to_owned(), format!("channel:{channel}")),
            _ => ("null".to_owned(), connection.to_string(), format!("connection:{connection}")),
        };
        let courier_sql = courier.map_or("null".to_owned(), |c| format!("'{c}'"));
        one(
            rows,
            &format!(
                "insert into problems (account_id, kind, shipment_id, order_id, channel_id, connection_id, error_class, cause_key,
                                       courier, code, detail, first_seen_at, last_seen_at)
                 values ({account}, '{kind}', {shipment}, {order}, {channel}, {connection}, '{class}',
                         '{kind}:{class}:{place}:{}', {courier_sql}, '32300', 'Their own <words>', now(), now()) returning id",
                courier.unwrap_or_default()
            ),
        )
        .await
    }
}

async fn one(rows: &Rows, statement: &str) -> i64 {
    rows.query_one(statement, &[]).await.unwrap_or_else(|e| panic!("{statement}: {e:?}")).get(0)
}
