//! The tables as rows of plain values, each inserted by one statement that
//! takes a column as one array.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::Value;

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A kind of row that can be inserted by the thousand.
pub(super) trait Row: Sized {
    fn statement(account: i64, rows: &[Self]) -> Sql;
}

/// Inserts rows; their order is kept.
pub(super) async fn insert<R: Row>(scope: &mut Scope, rows: &[R]) -> DbResult<usize> {
    if rows.is_empty() {
        return Ok(0);
    }
    let statement = R::statement(scope.account().0, rows);
    scope.execute(statement).await
}

/// Inserts rows and answers the ids they got, in their order.
pub(super) async fn insert_for_ids<R: Row>(scope: &mut Scope, rows: &[R]) -> DbResult<Vec<i64>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let statement = R::statement(scope.account().0, rows).push(" returning id");
    let ids: Vec<NewId> = scope.rows(statement).await?;
    Ok(ids.into_iter().map(|row| row.id).collect())
}

#[rustfmt::skip]
macro_rules! rust {
    (big) => { i64 }; (big0) => { Option<i64> };
    (int) => { i32 }; (int0) => { Option<i32> };
    (text) => { String }; (text0) => { Option<String> };
    (time) => { Instant }; (time0) => { Option<Instant> };
    (yes) => { bool }; (yes0) => { Option<bool> };
    (json) => { Value }; (json0) => { Option<Value> };
    (tags) => { Vec<String> };
}

#[rustfmt::skip]
macro_rules! array {
    (big) => { "int8[]" }; (big0) => { "int8[]" };
    (int) => { "int4[]" }; (int0) => { "int4[]" };
    (time) => { "timestamptz[]" }; (time0) => { "timestamptz[]" };
    (yes) => { "bool[]" };
    ($any:ident) => { "text[]" };
}

#[rustfmt::skip]
macro_rules! cast {
    (yes0) => { "::boolean" };
    (json) => { "::jsonb" }; (json0) => { "::jsonb" };
    (tags) => { "::text[]" };
    ($any:ident) => { "" };
}

#[rustfmt::skip]
macro_rules! values {
    (yes0, $value:expr) => { $value.map(|yes: bool| yes.to_string()) };
    (json, $value:expr) => { $value.to_string() };
    (json0, $value:expr) => { $value.as_ref().map(Value::to_string) };
    (tags, $value:expr) => { array_text(&$value) };
    (time, $value:expr) => { Some($value) };
    ($any:ident, $value:expr) => { $value.clone() };
}

/// `{"a","b"}`, as PostgreSQL reads an array.
fn array_text(texts: &[String]) -> String {
    let quoted: Vec<String> =
        texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}

macro_rules! tables {
    ($($name:ident = $table:literal { $($col:ident: $kind:ident),* $(,)? })*) => {$(
        #[derive(Debug, Clone)]
        pub(super) struct $name { $(pub $col: rust!($kind)),* }

        impl Row for $name {
            fn statement(account: i64, rows: &[Self]) -> Sql {
                sql(concat!(
                    "insert into ", $table, " (account_id", $(", ", stringify!($col),)* ") select {}",
                    $(", c.", stringify!($col), cast!($kind),)*
                    " from unnest({}::int8[]", $(", {}::", array!($kind),)*
                    ") as c(n", $(", ", stringify!($col),)* ") order by c.n",
                ))
                .bind(account)
                .bind((0..rows.len() as i64).collect::<Vec<i64>>())
                $(.bind(rows.iter().map(|row| values!($kind, row.$col)).collect::<Vec<_>>()))*
            }
        }
    )*};
}

tables! {
    StoreRow = "stores" { name: text, time_zone: text, currency: text, created_at: time }
    ChannelRow = "channels" {
        store_id: big, kind: text, name: text, base_url: text, external_account: text, on_unmapped_courier: text,
        fallback_courier: text0, channel_notification: text, import_orders: yes, submit_fulfillments: yes,
        poll_cursor: time0, last_polled_at: time0, last_success_at: time0, created_at: time,
    }
    MappingRow = "courier_mappings" {
        channel_id: big, courier: text, service: text, custom_name: text, custom_code: text0, version: int,
        updated_by: big0, created_at: time, updated_at: time,
    }
    MappingVersionRow = "courier_mapping_versions" {
        channel_id: big, courier: text, custom_name: text0, replaced_by: big0, replaced_at: time,
    }
    SeenRow = "seen_couriers" {
        channel_id: big, courier: text, as_sent: text, times: int, last_shipment_id: big0, first_seen_at: time,
        last_seen_at: time,
    }
    WarehouseRow = "warehouses" { name: text, country: text, created_at: time }
    ConnectionRow = "connections" {
        kind: text, name: text, base_url: text, warehouse_id: big0, settings: json, requests_per_minute: int,
        last_success_at: time0, failing_since: time0, failure_class: text0, poll_cursor: time0, created_at: time,
    }
    ProductRow = "products" { sku: text, name: text, barcode: text0, weight_grams: int, stock_kept: yes, created_at: time }
    AddressRow = "addresses" {
        name: text, company: text, line1: text, line2: text, city: text, region: text, postal_code: text,
        country: text, phone: text, created_at: time,
    }
    CustomerRow = "customers" {
        name: text, email: text0, phone: text0, address_id: big0, orders_count: int, last_order_at: time0,
        search_text: text, created_at: time,
    }
    OrderRow = "orders" {
        channel_id: big, customer_id: big0, number: text, channel_reference: text, payment_status: text, status: text,
        on_hold: yes, currency: text, subtotal_minor: big, shipping_minor: big, tax_minor: big, discount_minor: big,
        total_minor: big, refunded_minor: big, ship_address_id: big0, bill_address_id: big0, shipping_method: text,
        items_ordered: int, items_shipped: int, shipment_status: text0, channel_sync: text, placed_at: time,
        ship_by: time0, canceled_at: time0, tags: tags, extras: json, search_text: text, version: int, updated_at: time,
    }
    OrderLineRow = "order_lines" {
        order_id: big, product_id: big0, position: int, channel_line_id: text, sku: text, name: text, quantity: int,
        quantity_shipped: int, quantity_refunded: int, price_minor: big, discount_minor: big, requires_shipping: yes,
    }
    HoldRow = "order_holds" {
        order_id: big, kind: text, reason: text, placed_by: big0, placed_by_name: text, hold_until: time0,
        created_at: time, released_at: time0, released_by: big0,
    }
    FulfillmentOrderRow = "fulfillment_orders" { order_id: big, warehouse_id: big, status: text, reship: yes, created_at: time }
    FulfillmentOrderLineRow = "fulfillment_order_lines" {
        fulfillment_order_id: big, order_line_id: big, quantity: int, fulfilled: int, allocated: int,
    }
    ShipmentRow = "shipments" {
        number: text, order_id: big, fulfillment_order_id: big, warehouse_id: big, connection_id: big0, channel_id: big,
        status: text, date_post: time0, fulfillment_id: text0, reship_of: big0, fulfillment_type: text,
        inventory_status: text, courier: text0, service_level: text0, tracking_number: text0, tracking_url: text0,
        tracking_status: text0, cost_minor: big, shipped_at: time0, delivered_at: time0, channel_sync: text,
        submitted_to_sales_channel_at: time0, channel_attempts: int, channel_notification: text, voided_at: time0,
        search_text: text, version: int, created_at: time, updated_at: time,
    }
    DetailsRow = "shipment_details" {
        shipment_id: big, admin_notes: text0, channel_error: yes0, channel_message: text0, grams: big,
        packed: yes, packed_at: time0, tracking_status_date: time0, voided_by_user_id: big0, void_reason: text0,
    }
    ShipmentLineRow = "shipment_lines" {
        shipment_id: big, order_line_id: big, product_id: big0, quantity: int, unit_cost_minor: big, added_back: int,
        backordered: int,
    }
    StockRow = "stock" {
        product_id: big, warehouse_id: big, on_hand: int, allocated: int, backordered: int, version: int,
    }
    MovementRow = "inventory_movements" {
        product_id: big, warehouse_id: big, quantity: int, kind: text, cause_kind: text, cause_id: big, line_id: big,
        shipment_id: big0, balance_after: int, backordered: int, reverses: big0, reason: text, actor_name: text,
        created_at: time,
    }
    LayerRow = "cost_layers" {
        product_id: big, warehouse_id: big, movement_id: big, received: int, remaining: int, unit_cost_minor: big,
        currency: text, received_at: time,
    }
    ConsumptionRow = "cost_consumptions" {
        layer_id: big, shipment_line_id: big0, movement_id: big, quantity: int, unit_cost_minor: big,
        reversed_at: time0, reversed_by: big0,
    }
    AllocationRow = "allocations" {
        shipment_line_id: big, product_id: big, warehouse_id: big, quantity: int, state: text, updated_at: time,
    }
    PostRow = "posts" {
        shipment_id: big, connection_id: big, group_no: int, external_reference: text, state: text, attempt_no: int,
        lease_epoch: big, sent_at: time0, deadline_at: time0, checks: int, reason: text, requested_by: text,
        trace_id: text0, created_at: time, settled_at: time0,
    }
    ProviderOrderRow = "provider_orders" {
        shipment_id: big, connection_id: big, post_id: big0, remote_id: text, reference: text, remote_status: text0,
        cancel_state: text, last_read_at: time0, superseded_at: time0, ended_at: time0, created_at: time,
    }
    RecordRow = "transaction_records" {
        id: big, log_type: text, status: text, direction: text, attempt: int, channel_id: big0, connection_id: big0,
        endpoint_id: big0, order_id: big0, shipment_id: big0, courier: text0, method: text, url: text,
        request_headers: json, request_body: text, response_status: int0, response_headers: json, response_body: text,
        duration_ms: int0, error_class: text0, error_code: text0, error_message: text0, trace_id: text0,
        finished_at: time0,
    }
    ActivityRow = "activities" {
        id: big, actor_kind: text, actor_id: big0, actor_name: text, verb: text, result: text, summary: text,
        subject_kind: text, subject_id: big, order_id: big0, shipment_id: big0, channel_id: big0, before: json0,
        after: json0, transaction_record_id: big0, trace_id: text0,
    }
    AttemptRow = "post_attempts" {
        id: big, post_id: big, shipment_id: big, attempt_no: int, lease_epoch: big, step: text,
        external_reference: text, detail: text, transaction_record_id: big0,
    }
    ProblemRow = "problems" {
        kind: text, shipment_id: big0, order_id: big0, channel_id: big0, connection_id: big0, error_class: text,
        cause_key: text, courier: text0, code: text0, detail: text, attempts: int, first_seen_at: time,
        last_seen_at: time, next_attempt_at: time0, will_retry: yes, resolved_at: time0, resolved_by: text0,
        transaction_record_id: big0, trace_id: text0,
    }
    JobRow = "jobs" {
        kind: text, object_key: text, dedupe_key: text0, payload: json, due_at: time, attempts: int, last_error: text0,
        trace_id: text0, created_at: time,
    }
    EventRow = "webhook_events" {
        id: big, event_type: text, cause: text, order_id: big0, shipment_id: big0, payload: json, trace_id: text0,
        occurred_at: time,
    }
    DeliveryRow = "webhook_deliveries" {
        id: big, event_id: big, endpoint_id: big, state: text, attempts: int, last_status: int0, last_record_id: big0,
        last_attempt_at: time0, last_error: text0, finished_at: time0,
    }
    ResponderRow = "responders" { trigger: text, name: text, subject: text, body: text, enabled: yes, created_at: time }
    EmailRow = "emails" {
        id: big, responder_id: big0, trigger: text, order_id: big0, shipment_id: big0, shipment_line_id: big0,
        event_id: big0, recipient: text, subject: text, body: text, state: text, attempts: int, trace_id: text0,
        finished_at: time0,
    }
    ImportRow = "imports" {
        kind: text, channel_id: big0, file_name: text, file_sha256: text, state: text, rows_total: int,
        rows_created: int, rows_unchanged: int, rows_updated: int, rows_failed: int, notes: tags, started_by: big0,
        started_by_name: text, trace_id: text0, created_at: time, finished_at: time0,
    }
    ImportLineRow = "import_rows" {
        import_id: big, line: int, reference: text, outcome: text, reason: text, order_id: big0, raw: text,
    }
}
