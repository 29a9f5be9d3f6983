//! How a shop shows its things: as GraphQL objects, and as the JSON of its webhooks.
//!
//! Connections are plain lists here; the runner cuts them to pages.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::super::seed::{SeedAddress, cents, decimal};
use super::shops::{Fulfillment, LineItem, Order, Shops, gid};

/// The vendor's way of writing a time.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// GraphQL decimals drop a last zero: 20.0, 19.5, 19.99.
fn amount(cents: i64) -> String {
    let text = decimal(cents);
    text.strip_suffix('0').map_or(text.clone(), str::to_owned)
}

struct Totals {
    subtotal: i64,
    discount: i64,
    shipping: i64,
    tax: i64,
}

impl Totals {
    fn of(order: &Order) -> Totals {
        let lines: i64 = order.lines.iter().map(|line| line.price * line.quantity).sum();
        let discount = cents(order.seed.discount.as_deref());
        let shipping = cents(order.seed.shipping_price.as_deref());
        Totals { subtotal: lines - discount, discount, shipping, tax: cents(order.seed.tax.as_deref()) }
    }

    fn total(&self) -> i64 {
        self.subtotal + self.shipping + self.tax
    }
}

impl Order {
    fn currency(&self) -> &str {
        self.seed.currency.as_deref().unwrap_or("USD")
    }

    fn bag(&self, cents: i64) -> Value {
        let money = json!({ "amount": amount(cents), "currencyCode": self.currency() });
        json!({ "shopMoney": money, "presentmentMoney": money })
    }

    fn customer_number(&self) -> u64 {
        self.id + 1_000_000_000
    }

    fn line(&self, line: &LineItem) -> Value {
        let (unit, total) = (self.bag(line.price), self.bag(line.price * line.quantity));
        json!({
            "id": gid("LineItem", line.id), "sku": line.sku, "name": line.title, "title": line.title,
            "variantTitle": null, "vendor": "Sandbox", "quantity": line.quantity, "currentQuantity": line.quantity,
            "discountAllocations": [], "unfulfilledQuantity": line.remaining, "requiresShipping": true, "taxable": true,
            "originalUnitPriceSet": unit, "discountedUnitPriceSet": unit,
            "originalTotalSet": total, "discountedTotalSet": total,
            "variant": { "id": gid("ProductVariant", line.id + 7), "sku": line.sku, "title": "Default Title" },
        })
    }

    fn group(&self, place: usize) -> Value {
        let group = &self.groups[place];
        let status = self.group_status(place);
        let actions: &[&str] = match status {
            "OPEN" | "IN_PROGRESS" => &["CREATE_FULFILLMENT", "HOLD", "MOVE"],
            "ON_HOLD" => &["RELEASE_HOLD", "HOLD"],
            _ => &[],
        };
        let lines: Vec<Value> = self
            .group_lines(place)
            .map(|line| {
                json!({ "id": gid("FulfillmentOrderLineItem", line.part), "remainingQuantity": line.remaining,
                    "totalQuantity": line.quantity, "sku": line.sku, "requiresShipping": true,
                    "lineItem": self.line(line) })
            })
            .collect();
        let location = u64::from(group.location) + 88_000_000_000;
        let name = format!("Warehouse {}", group.location);
        json!({
            "id": gid("FulfillmentOrder", group.id), "status": status, "requestStatus": "UNSUBMITTED",
            "orderId": gid("Order", self.id), "orderName": self.name, "createdAt": stamp(self.created),
            "updatedAt": stamp(group.updated), "lineItems": lines,
            "supportedActions": actions.iter().map(|action| json!({ "action": action, "externalUrl": null })).collect::<Value>(),
            "assignedLocation": { "name": name, "countryCode": "US",
                "location": { "id": gid("Location", location), "name": name } },
        })
    }

    /// A parcel as the vendor shows it.
    pub fn parcel(&self, parcel: &Fulfillment) -> Value {
        let line = |(own, id, quantity): &(u64, u64, i64)| {
            let item = self.lines.iter().find(|line| line.id == *id).map(|line| self.line(line));
            json!({ "id": gid("FulfillmentLineItem", *own), "quantity": quantity, "lineItem": item })
        };
        json!({
            "id": gid("Fulfillment", parcel.id), "legacyResourceId": parcel.id.to_string(),
            "name": format!("{}-F{}", self.name, parcel.number),
            "status": if parcel.cancelled { "CANCELLED" } else { "SUCCESS" },
            "displayStatus": if parcel.cancelled { "CANCELED" } else { "FULFILLED" },
            "createdAt": stamp(parcel.created), "updatedAt": stamp(parcel.updated),
            "totalQuantity": parcel.lines.iter().map(|(_, _, quantity)| quantity).sum::<i64>(),
            "trackingInfo": parcel.tracking,
            "fulfillmentLineItems": parcel.lines.iter().map(line).collect::<Value>(),
        })
    }

    /// The whole order as a GraphQL object.
    pub fn graph(&self) -> Value {
        let totals = Totals::of(self);
        let seed = &self.seed;
        let shipping = seed.shipping_address.as_ref();
        let customer = shipping.or(seed.billing_address.as_ref()).map(|address| {
            let (first, last) = address.names();
            json!({ "id": gid("Customer", self.customer_number()), "firstName": first, "lastName": last,
                "displayName": address.name, "email": seed.email, "phone": seed.phone })
        });
        let method = seed.shipping_method.as_ref().map(|title| {
            json!({ "id": gid("ShippingLine", self.id + 3), "title": title, "code": title, "source": "shopify",
                "originalPriceSet": self.bag(totals.shipping), "discountedPriceSet": self.bag(totals.shipping) })
        });
        json!({
            "id": gid("Order", self.id), "legacyResourceId": self.id.to_string(), "name": self.name,
            "number": self.number, "email": seed.email, "phone": seed.phone, "note": seed.note,
            "tags": seed.tags.clone().unwrap_or_default(), "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated), "processedAt": stamp(self.created),
            "cancelledAt": self.cancelled.map(stamp), "closedAt": null,
            "cancelReason": self.cancelled.map(|_| "CUSTOMER"), "currencyCode": self.currency(), "test": false,
            "displayFinancialStatus": seed.financial_status.as_deref().unwrap_or("PAID"),
            "displayFulfillmentStatus": self.status(), "customer": customer,
            "shippingAddress": shipping.map(address),
            "billingAddress": seed.billing_address.as_ref().or(shipping).map(address),
            "shippingLine": method, "subtotalPriceSet": self.bag(totals.subtotal),
            "totalRefundedSet": self.bag(0), "totalPriceSet": self.bag(totals.total()), "currentTotalPriceSet": self.bag(totals.total()),
            "totalTaxSet": self.bag(totals.tax), "totalShippingPriceSet": self.bag(totals.shipping),
            "totalDiscountsSet": self.bag(totals.discount),
            "subtotalLineItemsQuantity": self.lines.iter().map(|line| line.quantity).sum::<i64>(),
            "requiresShipping": true, "lineItems": self.lines.iter().map(|line| self.line(line)).collect::<Value>(),
            "fulfillments": self.fulfillments.iter().map(|parcel| self.parcel(parcel)).collect::<Value>(),
            "fulfillmentOrders": (0..self.groups.len()).map(|place| self.group(place)).collect::<Value>(),
        })
    }

    /// The order as webhooks carry it: numbers as ids, amounts as text, snake case.
    fn payload(&self) -> Value {
        let totals = Totals::of(self);
        let seed = &self.seed;
        let shipping = seed.shipping_address.as_ref();
        let set = |cents: i64| {
            let money = json!({ "amount": decimal(cents), "currency_code": self.currency() });
            json!({ "shop_money": money, "presentment_money": money })
        };
        let fulfilled = |all: i64, left: i64| match left {
            0 => json!("fulfilled"),
            left if left < all => json!("partial"),
            _ => Value::Null,
        };
        let lines = self.lines.iter().map(|line| {
            json!({
                "id": line.id, "admin_graphql_api_id": gid("LineItem", line.id), "sku": line.sku, "name": line.title,
                "title": line.title, "variant_title": null, "variant_id": line.id + 7, "product_id": line.id + 9,
                "vendor": "Sandbox", "quantity": line.quantity, "current_quantity": line.quantity,
                "fulfillable_quantity": line.remaining, "fulfillment_status": fulfilled(line.quantity, line.remaining),
                "fulfillment_service": "manual", "grams": 0, "price": decimal(line.price), "price_set": set(line.price),
                "requires_shipping": true, "taxable": true, "gift_card": false, "total_discount": "0.00",
                "properties": [], "tax_lines": [], "discount_allocations": [],
            })
        });
        let customer = shipping.map(|address| {
            let (first, last) = address.names();
            json!({ "id": self.customer_number(), "admin_graphql_api_id": gid("Customer", self.customer_number()),
                "first_name": first, "last_name": last, "email": seed.email, "phone": seed.phone })
        });
        let methods: Vec<Value> = seed
            .shipping_method
            .iter()
            .map(|title| {
                json!({ "id": self.id + 3, "title": title, "code": title, "source": "shopify",
                    "price": decimal(totals.shipping), "price_set": set(totals.shipping) })
            })
            .collect();
        let parcels = self.fulfillments.iter().map(|parcel| {
            let of = |name: &str| parcel.tracking.iter().map(|one| one[name].clone()).filter(|one| !one.is_null()).collect::<Vec<_>>();
            json!({ "id": parcel.id, "admin_graphql_api_id": gid("Fulfillment", parcel.id), "order_id": self.id,
                "name": format!("{}.{}", self.name, parcel.number), "created_at": stamp(parcel.created),
                "updated_at": stamp(parcel.updated), "status": if parcel.cancelled { "cancelled" } else { "success" },
                "tracking_company": of("company").first(), "tracking_number": of("number").first(),
                "tracking_numbers": of("number"), "tracking_url": of("url").first(), "tracking_urls": of("url") })
        });
        let (all, left) =
            self.lines.iter().fold((0, 0), |(all, left), line| (all + line.quantity, left + line.remaining));
        let mut body = json!({
            "id": self.id, "admin_graphql_api_id": gid("Order", self.id), "name": self.name,
            "number": self.number.saturating_sub(1_000), "order_number": self.number, "email": seed.email,
            "contact_email": seed.email, "phone": seed.phone, "note": seed.note, "note_attributes": [],
            "tags": seed.tags.clone().unwrap_or_default().join(", "), "test": false, "confirmed": true,
            "created_at": stamp(self.created), "updated_at": stamp(self.updated), "processed_at": stamp(self.created),
            "cancelled_at": self.cancelled.map(stamp), "cancel_reason": self.cancelled.map(|_| "customer"),
            "closed_at": null, "currency": self.currency(), "presentment_currency": self.currency(),
            "financial_status": seed.financial_status.as_deref().unwrap_or("PAID").to_lowercase(),
            "fulfillment_status": fulfilled(all, left), "customer": customer,
        });
        let rest = json!({
            "subtotal_price": decimal(totals.subtotal),
            "total_line_items_price": decimal(totals.subtotal + totals.discount),
            "total_discounts": decimal(totals.discount), "total_tax": decimal(totals.tax),
            "total_price": decimal(totals.total()), "current_total_price": decimal(totals.total()),
            "total_price_set": set(totals.total()), "total_shipping_price_set": set(totals.shipping),
            "taxes_included": false, "total_weight": 0, "shipping_address": shipping.map(rest_address),
            "billing_address": seed.billing_address.as_ref().or(shipping).map(rest_address),
            "line_items": lines.collect::<Value>(), "shipping_lines": methods,
            "fulfillments": parcels.collect::<Value>(), "discount_codes": [], "refunds": [], "tax_lines": [],
        });
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        body
    }
}

fn address(address: &SeedAddress) -> Value {
    let (first, last) = address.names();
    json!({ "name": address.name, "firstName": first, "lastName": last, "company": address.company,
        "address1": address.address1, "address2": address.address2, "city": address.city,
        "province": address.province, "provinceCode": address.province, "zip": address.zip,
        "country": address.country, "countryCodeV2": address.country, "phone": address.phone })
}

fn rest_address(address: &SeedAddress) -> Value {
    let (first, last) = address.names();
    json!({ "name": address.name, "first_name": first, "last_name": last, "company": address.company,
        "address1": address.address1, "address2": address.address2, "city": address.city,
        "province": address.province, "province_code": address.province, "zip": address.zip,
        "country": address.country, "country_code": address.country, "phone": address.phone,
        "latitude": null, "longitude": null })
}

impl Shops {
    /// Every fulfillment of a shop as it shows it.
    pub fn parcels(&self, shop: &str) -> Vec<Value> {
        let orders = self.shop(shop).into_iter().flat_map(|shop| shop.orders.values());
        orders.flat_map(|order| order.fulfillments.iter().map(|parcel| order.parcel(parcel))).collect()
    }

    /// The body of a webhook about an order.
    pub fn payload(&self, shop: &str, order: u64) -> Option<Value> {
        self.order(shop, order).map(Order::payload)
    }
}
