//! The page a person sees at `/`.

use super::state::State;

const TOP: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Waybill sandbox</title>\
<meta name=viewport content='width=device-width'>\
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}\
code{background:#f2f2f2;padding:.1em .3em}td{padding:.15rem 1rem .15rem 0;vertical-align:top}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}code{background:#2a2a2a}a{color:#9cf}}</style>\
<h1>Waybill sandbox</h1><p>A make-believe outside world: strict stand-ins for Shopify, eBay, ShipStation \
and warehouses that speak Waybill’s own contract. \
Nothing here reaches a real shop or warehouse.</p>";

/// Method and path, and what it does.
const ROUTES: &[(&str, &str)] = &[
    (
        "POST /shopify/{shop}/admin/api/2026-07/graphql.json",
        "Shopify Admin GraphQL, header <code>X-Shopify-Access-Token</code>",
    ),
    ("/ebay/sell/fulfillment/v1/order…", "eBay Sell Fulfillment, bearer token"),
    ("/shipstation/orders, /shipments, /fulfillments, /stores, /carriers", "ShipStation V1, HTTP Basic"),
    ("/generic/{tenant}/shipments…", "a warehouse by Waybill’s own contract, as its tenant is set up"),
    (
        "GET <a href=/_sandbox/ledger>/_sandbox/ledger</a>?vendor=&amp;reference=&amp;after=&amp;limit=",
        "what really happened, and what is alive",
    ),
    ("GET <a href=/_sandbox/requests>/_sandbox/requests</a>", "the last requests the vendors saw"),
    (
        "GET <a href=/_sandbox/deliveries>/_sandbox/deliveries</a>",
        "webhooks sent; <code>POST …/{id}/resend</code> sends one again",
    ),
    (
        "GET, POST, DELETE <a href=/_sandbox/faults>/_sandbox/faults</a>",
        "faults: vendor, operation, fault, times, status, retry_after, delay_ms, after_bytes, match, body",
    ),
    ("POST /_sandbox/close {ms}", "close the port for a while"),
    ("PUT /_sandbox/shopify/{shop} {token}", "open a shop"),
    ("PUT /_sandbox/shopify/{shop}/webhook {url, secret, topics}", "where a shop sends its webhooks"),
    (
        "POST /_sandbox/shopify/{shop}/orders",
        "an order comes in or changes; <code>?quiet=1</code> sends no webhook",
    ),
    ("POST /_sandbox/ebay/orders", "an order comes in or changes"),
    (
        "GET, POST /_sandbox/shipstation/refused-skus {sku, message}",
        "SKUs the warehouse refuses; <code>DELETE …/{sku}</code>",
    ),
    (
        "POST /_sandbox/shipstation/orders/{orderId}/ship {carrierCode, trackingNumber, …}",
        "the warehouse ships",
    ),
    ("POST /_sandbox/shipstation/orders/{orderId}/cancel", "the warehouse cancels"),
    (
        "PUT /_sandbox/generic/{tenant} {class, token, signing_secret, cancels, …}",
        "open a warehouse; class is key, own_id, searchable or nothing",
    ),
    (
        "POST /_sandbox/generic/{tenant}/shipments/{id}/ship {carrier, tracking_number, …}",
        "the warehouse ships; <code>…/cancel</code> cancels, <code>…/status {status}</code> says how it stands",
    ),
    ("PUT /_sandbox/shipstation/webhook {url}", "where ShipStation sends SHIP_NOTIFY"),
    ("POST, GET, PUT, DELETE /_sandbox/hooks/{name}", "a webhook catcher; PUT {status} sets its answer"),
];

/// The whole page.
pub(super) fn page(state: &State) -> String {
    let world = state.world();
    let mut page = String::from(TOP);
    page.push_str(&format!(
        "<p>{} entries in the ledger, {} references alive.</p><table>",
        world.ledger.entries().len(),
        world.live().len()
    ));
    for (route, what) in ROUTES {
        page.push_str(&format!("<tr><td><code>{route}</code><td>{what}"));
    }
    page.push_str("</table>");
    page
}
