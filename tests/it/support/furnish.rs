//! A record of each kind for the worlds of the portal's tests. Authors of pages
//! add theirs here, and its address to `access.rs`.

use std::collections::BTreeMap;
use waybill::ids::{AccountId, StoreId};

/// A row of each thing with pages, hanging together: a shipped order whose
/// channel refused the tracking.
pub async fn furnish(
    client: &tokio_postgres::Client,
    account: AccountId,
    store: StoreId,
    name: &str,
) -> BTreeMap<&'static str, i64> {
    const ROWS: &[(&str, &str)] = &[
        (
            "channel",
            "insert into channels (account_id, store_id, kind, name) values ($a, $store, 'ebay', 'eBay of $n') returning id",
        ),
        ("warehouse", "insert into warehouses (account_id, name) values ($a, 'Antwerp') returning id"),
        (
            "connection",
            "insert into connections (account_id, kind, name, warehouse_id) values ($a, 'shipstation', 'ShipStation of $n', $warehouse) returning id",
        ),
        (
            "address",
            "insert into addresses (account_id, name, line1, city, postal_code, country) values ($a, 'Ada Lovelace', 'Main Street 1', 'Ghent', '9000', 'BE') returning id",
        ),
        (
            "customer",
            "insert into customers (account_id, name, email, address_id, orders_count, last_order_at, search_text) values ($a, 'Ada Lovelace', 'ada@$n.example', $address, 1, now(), 'ada lovelace') returning id",
        ),
        (
            "order",
            "insert into orders (account_id, channel_id, customer_id, number, channel_reference, currency, total_minor, ship_address_id, placed_at, status, items_ordered, items_shipped, shipment_status, channel_sync, search_text) values ($a, $channel, $customer, 'ORD-$n', 'ref-$n', 'EUR', 1999, $address, now(), 'shipped', 1, 1, 'shipped', 'failed', 'ord-$n ada') returning id",
        ),
        ("product", "insert into products (account_id, sku, name) values ($a, 'KTL', 'Kettle') returning id"),
        (
            "order_line",
            "insert into order_lines (account_id, order_id, product_id, position, channel_line_id, sku, name, quantity, quantity_shipped, price_minor) values ($a, $order, $product, 1, 'line-1', 'KTL', 'Kettle', 1, 1, 1999) returning id",
        ),
        (
            "fulfillment_order",
            "insert into fulfillment_orders (account_id, order_id, warehouse_id, status) values ($a, $order, $warehouse, 'closed') returning id",
        ),
        (
            "fulfillment_order_line",
            "insert into fulfillment_order_lines (account_id, fulfillment_order_id, order_line_id, quantity, fulfilled) values ($a, $fulfillment_order, $order_line, 1, 1) returning id",
        ),
        (
            "shipment",
            "insert into shipments (account_id, number, order_id, fulfillment_order_id, warehouse_id, connection_id, channel_id, status, date_post, fulfillment_id, courier, tracking_number, inventory_status, shipped_at, channel_sync, search_text) values ($a, 'SHP-$n', $order, $fulfillment_order, $warehouse, $connection, $channel, 'shipped', now(), '94113592', 'dpd_be', '05308900123456', 'shipped', now(), 'failed', 'shp-$n') returning id",
        ),
        (
            "shipment_details",
            "insert into shipment_details (account_id, shipment_id, channel_message) values ($a, $shipment, 'The carrier is not known.') returning shipment_id",
        ),
        (
            "shipment_line",
            "insert into shipment_lines (account_id, shipment_id, order_line_id, product_id, quantity) values ($a, $shipment, $order_line, $product, 1) returning id",
        ),
        (
            "post",
            "insert into posts (account_id, shipment_id, connection_id, group_no, external_reference, state) values ($a, $shipment, $connection, 1, 'SHP-$n', 'accepted') returning id",
        ),
        (
            "provider_order",
            "insert into provider_orders (account_id, shipment_id, connection_id, post_id, remote_id, reference, remote_status) values ($a, $shipment, $connection, $post, '94113592', 'SHP-$n', 'shipped') returning id",
        ),
        (
            "transaction_record",
            "insert into transaction_records (account_id, log_type, status, channel_id, order_id, shipment_id, courier, method, url, request_headers, request_body, response_status, response_headers, response_body, duration_ms, error_class, error_code, error_message, trace_id, finished_at) values ($a, 'submit_fulfillment', 'failed', $channel, $order, $shipment, 'dpd_be', 'POST', 'https://api.ebay.example/order/1/shipping_fulfillment', '[[\"Content-Type\",\"application/json\"]]', '{\"shippingCarrierCode\":\"dpd_be\"}', 400, '[[\"content-type\",\"application/json\"]]', '{\"errors\":[{\"errorId\":32300}]}', 184, 'courier_unmapped', '32300', 'Invalid shipping carrier', '0123456789abcdef0123456789abcdef', now()) returning id",
        ),
        (
            "activity",
            "insert into activities (account_id, actor_kind, actor_name, verb, result, summary, subject_kind, subject_id, order_id, shipment_id, channel_id, transaction_record_id, trace_id) values ($a, 'channel', 'eBay of $n', 'fulfillment_replied', 'failed', 'eBay of $n refused the tracking', 'shipment', $shipment, $order, $shipment, $channel, $transaction_record, '0123456789abcdef0123456789abcdef') returning id",
        ),
        (
            "job",
            "insert into jobs (account_id, kind, object_key, due_at, trace_id) values ($a, 'post_shipment', 'shipment:$shipment', '2099-01-01', lpad(to_hex(2060320768 + $a), 32, '0')) returning id",
        ),
        (
            "problem",
            "insert into problems (account_id, kind, shipment_id, order_id, channel_id, error_class, cause_key, courier, code, detail, first_seen_at, last_seen_at, transaction_record_id) values ($a, 'submit', $shipment, $order, $channel, 'courier_unmapped', 'submit:courier_unmapped:channel:$channel:dpd_be', 'dpd_be', '32300', 'Invalid shipping carrier', now(), now(), $transaction_record) returning id",
        ),
        (
            "seen",
            "insert into seen_couriers (account_id, channel_id, courier, as_sent, times, last_shipment_id) values ($a, $channel, 'dpd_be', 'dpd_be', 3, $shipment) returning channel_id",
        ),
        (
            "mapping",
            "insert into courier_mappings (account_id, channel_id, courier, custom_name) values ($a, $channel, 'royal mail', 'Royal Mail') returning id",
        ),
        (
            "email",
            "insert into emails (account_id, trigger, order_id, shipment_id, recipient, subject, body, state) values ($a, 'fulfilled', $order, $shipment, 'ada@$n.example', 'Your kettle', 'It is on its way.', 'kept') returning id",
        ),
        (
            "token",
            "insert into api_tokens (account_id, user_id, name, prefix, secret_hash, scopes) select $a, user_id, 'Stock sync', 'wb_live_$n', '', '{orders:read}' from memberships where account_id = $a order by user_id limit 1 returning id",
        ),
        (
            "endpoint",
            "insert into webhook_endpoints (account_id, url, description, secret_sealed) values ($a, 'https://erp.$n.example/hook', 'ERP of $n', '') returning id",
        ),
        (
            "event",
            "insert into webhook_events (account_id, event_type, cause, order_id, shipment_id, payload, trace_id, occurred_at) values ($a, 'shipment_shipped', 'made', $order, $shipment, '{\"type\":\"shipment_shipped\"}', '0123456789abcdef0123456789abcdef', now()) returning id",
        ),
        (
            "delivery",
            "insert into webhook_deliveries (account_id, event_id, endpoint_id, state, attempts, last_status) values ($a, $event, $endpoint, 'failed', 10, 500) returning id",
        ),
        (
            "responder",
            "insert into responders (account_id, trigger, name, subject, body) values ($a, 'shipped', 'Mail of $n', 'Your {{item_name}}', 'It is on its way.') returning id",
        ),
        (
            "import",
            "insert into imports (account_id, kind, channel_id, file_name, file_sha256, state, rows_total, rows_failed, header, finished_at) values ($a, 'orders', $channel, 'orders.csv', 'x', 'finished', 1, 1, 'Name,Email', now()) returning id",
        ),
        (
            "export",
            "insert into exports (account_id, resource, format, shown_columns, state, rows_written, file_path, file_bytes, finished_at, expires_at) values ($a, 'orders', 'csv', '{number}', 'finished', 1, 'x', 1, now(), now() + interval '1 day') returning id",
        ),
        (
            "bulk_operation",
            "insert into bulk_operations (account_id, action, resource, scope_phrase, state, fingerprint, total, waiting, started_by_name) values ($a, 'submit', 'shipments', '1 chosen shipment', 'previewed', 'x', 1, 1, 'Somebody of $n') returning id",
        ),
        // shared by the first of the account's people, its client
        (
            "saved_view",
            "insert into saved_views (account_id, resource, name, owner_id, shared, query) select $a, 'orders', 'Held', min(user_id), true, 'tab=on_hold' from memberships where account_id = $a returning id",
        ),
        (
            "bulk_row",
            "insert into bulk_rows (account_id, operation_id, position, subject_id, subject_label, subject_version, outcome) values ($a, $bulk_operation, 1, $shipment, 'SHP-$n', 1, 'waiting') returning operation_id",
        ),
        (
            "import_row",
            "insert into import_rows (account_id, import_id, line, reference, outcome, reason, raw) values ($a, $import, 2, '#1', 'failed', 'Line 2: write a whole number.', '#1,a@b.example') returning import_id",
        ),
    ];
    let mut made: BTreeMap<&'static str, i64> = BTreeMap::new();
    for (kind, statement) in ROWS {
        let mut statement = (*statement).to_owned();
        // the longer names first, so that $order_line is not read as $order
        let mut names: Vec<_> = made.iter().collect();
        names.sort_by_key(|(kind, _)| std::cmp::Reverse(kind.len()));
        for (known, id) in names {
            statement = statement.replace(&format!("${known}"), &id.to_string());
        }
        let statement = statement
            .replace("$store", &store.to_string())
            .replace("$n", name)
            .replace("$a", &account.to_string());
        let id: i64 =
            client.query_one(&statement, &[]).await.unwrap_or_else(|e| panic!("{kind}: {e:?}")).get(0);
        made.insert(kind, id);
    }
    made
}
