//! Shopify's orders: the same whether polled or pushed; signatures.

use super::{answer, at};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};
use waybill::{
    channels::{Channel, InboundDelivery, kinds::shopify::Shopify},
    orders::{PaymentStatus, receive::IncomingOrder},
    outbound::signature::hmac_sha256,
};

fn set(amount: &str) -> Value {
    json!({ "shopMoney": { "amount": amount } })
}

fn graph() -> Value {
    let address = json!({ "name": "Zoë Łuczak", "company": null, "address1": "Ulica Piękna 1", "address2": "m. 2", "city": "Łódź",
        "province": "Łódzkie", "provinceCode": null, "zip": "90-001", "country": "Poland", "countryCodeV2": "PL", "phone": "+48 1" });
    json!({ "id": "gid://shopify/Order/5770000032768", "name": "#1001", "email": "zoe@example.com", "phone": null,
        "note": "Leave at the door", "tags": ["b2b", "Vip"], "currencyCode": "EUR", "createdAt": "2026-11-20T06:00:05Z",
        "processedAt": "2026-11-20T06:00:00Z", "cancelledAt": "2026-11-21T06:00:00Z", "cancelReason": "CUSTOMER",
        "displayFinancialStatus": "PARTIALLY_REFUNDED", "customer": { "firstName": "Zoë", "lastName": "Łuczak" },
        "totalPriceSet": set("24.98"), "totalTaxSet": set("0.0"), "totalShippingPriceSet": set("4.9"),
        "totalDiscountsSet": set("4.9"), "totalRefundedSet": set("9.99"), "shippingLine": { "title": "Standard" },
        "shippingAddress": address, "billingAddress": address,
        "lineItems": { "pageInfo": { "hasNextPage": false }, "nodes": [
            { "id": "gid://shopify/LineItem/11", "sku": "SKU-1", "name": "Widget - Red", "quantity": 3, "currentQuantity": 2,
              "unfulfilledQuantity": 1, "requiresShipping": true, "originalUnitPriceSet": set("6.66"),
              "discountAllocations": [{ "allocatedAmountSet": set("1.5") }, { "allocatedAmountSet": set("0.25") }] },
            { "id": "gid://shopify/LineItem/12", "sku": null, "name": "Gift card", "quantity": 1, "currentQuantity": 1,
              "unfulfilledQuantity": 0, "requiresShipping": false, "originalUnitPriceSet": set("5.0"), "discountAllocations": [] }] } })
}

fn rest() -> Value {
    let shop = |amount: &str| json!({ "shop_money": { "amount": amount, "currency_code": "EUR" }, "presentment_money": { "amount": "1.00", "currency_code": "USD" } });
    let address = json!({ "name": "Zoë Łuczak", "company": null, "address1": "Ulica Piękna 1", "address2": "m. 2", "city": "Łódź",
        "province": "Łódzkie", "province_code": null, "zip": "90-001", "country": "Poland", "country_code": "PL", "phone": "+48 1" });
    json!({ "id": 5_770_000_032_768_u64, "name": "#1001", "email": "zoe@example.com", "phone": null, "note": "Leave at the door",
        "tags": "Vip, b2b", "currency": "EUR", "created_at": "2026-11-20T01:00:05-05:00", "processed_at": "2026-11-20T01:00:00-05:00",
        "cancelled_at": "2026-11-21T01:00:00-05:00", "cancel_reason": "customer", "financial_status": "partially_refunded",
        "customer": { "first_name": "Zoë", "last_name": "Łuczak" }, "total_price": "24.98", "total_tax": "0.00",
        "total_shipping_price_set": shop("4.90"), "total_discounts": "4.90",
        "shipping_lines": [{ "title": "Gone", "price": "1.00", "is_removed": true }, { "title": "Standard", "price": "4.90" }],
        "shipping_address": address, "billing_address": address,
        "refunds": [{ "refund_line_items": [{ "line_item_id": 11, "quantity": 1 }],
            "transactions": [{ "kind": "refund", "status": "success", "amount": "9.99", "currency": "EUR" },
                { "kind": "refund", "status": "failure", "amount": "9.99", "currency": "EUR" }] }],
        "line_items": [
            { "id": 11, "sku": "SKU-1", "name": "Widget - Red", "quantity": 3, "current_quantity": 2, "fulfillable_quantity": 1,
              "fulfillment_status": "partial", "requires_shipping": true, "price": "6.66", "price_set": shop("6.66"),
              "discount_allocations": [{ "amount": "1.50", "amount_set": shop("1.50") }, { "amount": "0.25" }] },
            { "id": 12, "sku": "", "name": "Gift card", "quantity": 1, "current_quantity": 1, "fulfillable_quantity": 0,
              "fulfillment_status": "fulfilled", "requires_shipping": false, "price": "5.00", "discount_allocations": [] }] })
}

fn polled(order: Value) -> Result<IncomingOrder, String> {
    let page = json!({ "data": { "orders": { "pageInfo": { "hasNextPage": false, "endCursor": "x" }, "nodes": [order] } } });
    let page = Shopify.orders_read(&answer(200, &page)).unwrap().value;
    assert_eq!(page.next, None);
    page.orders.into_iter().next().ok_or_else(|| page.failures[0].1.clone())
}

fn pushed(topic: &str, order: &Value) -> Option<IncomingOrder> {
    Shopify.order_in(topic, order.to_string().as_bytes()).unwrap()
}

#[test]
fn polled_and_pushed_are_the_same_order() {
    let order = polled(graph()).unwrap();
    for topic in ["orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/edited"] {
        assert_eq!(pushed(topic, &rest()), Some(order.clone()), "{topic}");
    }
    assert_eq!((order.channel_reference.as_str(), order.number.as_str()), ("5770000032768", "#1001"));
    assert_eq!(order.customer_name, "Zoë Łuczak");
    assert_eq!(order.payment_status, PaymentStatus::PartiallyRefunded);
    assert_eq!((order.subtotal_minor, order.discount_minor, order.shipping_minor), (2498, 490, 490));
    assert_eq!((order.tax_minor, order.total_minor, order.refunded_minor), (0, 2498, 999));
    assert_eq!(
        order.subtotal_minor - order.discount_minor + order.shipping_minor + order.tax_minor,
        order.total_minor
    );
    assert_eq!(
        (order.placed_at, order.canceled_at),
        (at("2026-11-20T06:00:00Z"), Some(at("2026-11-21T06:00:00Z")))
    );
    assert_eq!(order.tags, ["Vip", "b2b"]);
    assert_eq!(order.extras, json!({ "note": "Leave at the door", "cancel_reason": "customer" }));
    let to = order.ship_to.unwrap();
    assert_eq!((to.region.as_str(), to.country.as_str(), to.city.as_str()), ("Łódzkie", "PL", "Łódź"));
    let line = &order.lines[0];
    assert_eq!(
        (line.channel_line_id.as_str(), line.quantity, line.refunded, line.fulfilled),
        ("11", 3, 1, 1)
    );
    assert_eq!((line.price_minor, line.discount_minor), (666, 175));
    assert!(!order.lines[1].requires_shipping);
}

#[test]
fn every_status_of_the_money_in_both_forms() {
    use PaymentStatus as P;
    let table = [
        ("PAID", P::Paid),
        ("PENDING", P::Unpaid),
        ("AUTHORIZED", P::Unpaid),
        ("EXPIRED", P::Unpaid),
        ("PARTIALLY_PAID", P::PartiallyPaid),
        ("PARTIALLY_REFUNDED", P::PartiallyRefunded),
        ("REFUNDED", P::Refunded),
        ("VOIDED", P::Voided),
        ("SOMETHING_NEW", P::Unpaid),
    ];
    for (word, status) in table {
        let (mut one, mut other) = (graph(), rest());
        one["displayFinancialStatus"] = json!(word);
        other["financial_status"] = json!(word.to_lowercase());
        assert_eq!(polled(one).unwrap().payment_status, status, "{word}");
        assert_eq!(pushed("orders/paid", &other).unwrap().payment_status, status, "{word}");
    }
}

#[test]
fn yen_have_no_decimals() {
    let (mut one, mut other) = (graph(), rest());
    one["currencyCode"] = json!("JPY");
    other["currency"] = json!("JPY");
    assert!(polled(one.clone()).unwrap_err().contains("JPY"));
    for (field, amount) in [
        ("totalPriceSet", "1200.0"),
        ("totalShippingPriceSet", "0.0"),
        ("totalDiscountsSet", "0"),
        ("totalRefundedSet", "0.0"),
    ] {
        one[field] = set(amount);
    }
    one["lineItems"]["nodes"][0]["originalUnitPriceSet"] = set("400.0");
    one["lineItems"]["nodes"][0]["discountAllocations"] = json!([]);
    let order = polled(one).unwrap();
    assert_eq!((order.total_minor, order.lines[0].price_minor), (1200, 400));
}

#[test]
fn refunds_in_another_currency_count_in_the_shops() {
    let mut order = rest();
    let shop = |amount: &str| json!({ "shop_money": { "amount": amount } });
    order["refunds"] = json!([{ "transactions": [{ "kind": "refund", "status": "success", "amount": "1500", "currency": "JPY" }],
        "refund_line_items": [{ "line_item_id": 11, "quantity": 1, "subtotal_set": shop("6.66"), "total_tax_set": shop("0.00") }],
        "order_adjustments": [{ "amount_set": shop("-2.00"), "tax_amount_set": shop("0.00") }] }]);
    assert_eq!(pushed("orders/updated", &order).unwrap().refunded_minor, 866);
    order["line_items"][0].as_object_mut().unwrap().remove("current_quantity");
    assert_eq!(pushed("orders/updated", &order).unwrap().lines[0].refunded, 1);
}

#[test]
fn what_is_no_order() {
    let edit = json!({ "order_edit": { "id": 1, "order_id": 2 } });
    assert_eq!(pushed("orders/edited", &edit), None);
    assert_eq!(pushed("fulfillment_orders/cancelled", &rest()), None);
    assert!(Shopify.order_in("orders/create", b"{").is_err());
    assert!(Shopify.order_in("orders/create", b"{}").is_err());
    let mut long = graph();
    long["lineItems"]["pageInfo"]["hasNextPage"] = json!(true);
    assert!(polled(long).unwrap_err().contains("more lines"));
    let mut empty = graph();
    empty["lineItems"]["nodes"] = json!([]);
    assert!(polled(empty).is_err());
}

#[test]
fn a_bad_order_does_not_stop_the_page() {
    let mut bad = graph();
    bad["processedAt"] = json!("soon");
    bad["id"] = json!("gid://shopify/Order/9");
    let page = json!({ "data": { "orders": { "pageInfo": { "hasNextPage": true, "endCursor": "cursor" }, "nodes": [bad, graph()] } } });
    let page = Shopify.orders_read(&answer(200, &page)).unwrap().value;
    assert_eq!((page.orders.len(), page.next.as_deref()), (1, Some("cursor")));
    assert_eq!(page.failures, [("9".to_owned(), "The order has no date that can be read.".to_owned())]);
}

#[test]
fn a_signature_over_the_raw_bytes() {
    let raw = b"{\"id\": 1, \"note\": \"\xc5\x81\" }";
    let sign = |secret: &str| STANDARD.encode(hmac_sha256(secret.as_bytes(), raw));
    let secrets = [SecretString::from("new"), SecretString::from("old")];
    let headers = |signature: String| {
        vec![
            ("X-Shopify-Hmac-SHA256".to_owned(), signature),
            ("X-Shopify-Webhook-Id".to_owned(), "delivery-1".to_owned()),
            ("x-shopify-topic".to_owned(), "orders/create".to_owned()),
        ]
    };
    let known = Some(InboundDelivery { delivery_id: "delivery-1".into(), topic: "orders/create".into() });
    assert_eq!(Shopify.verify(&secrets, &headers(sign("new")), raw), known);
    assert_eq!(Shopify.verify(&secrets, &headers(sign("old")), raw), known);
    assert_eq!(Shopify.verify(&secrets, &headers(sign("other")), raw), None);
    assert_eq!(Shopify.verify(&secrets, &headers(sign("new")), b"{}"), None);
    assert_eq!(Shopify.verify(&[SecretString::from("")], &headers(sign("")), raw), None);
    assert_eq!(Shopify.verify(&secrets, &headers(String::new()), raw), None);
    assert_eq!(Shopify.verify(&[], &headers(sign("new")), raw), None);
    assert_eq!(Shopify.verify(&secrets, &headers(sign("new"))[..1], raw), None);
}
