//! The marketplace behind eBay: its orders and the fulfillments posted to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::super::couriers::EBAY_CODES;
use super::super::ledger::{Ledger, Line};
use super::super::reply::Refusal;
use super::super::seed::{SeedOrder, SeededLine, SeededOrder, cents, decimal};
use super::{bad, error};

struct LineItem {
    id: String,
    sku: String,
    title: String,
    quantity: i64,
    price: i64,
    shipped: i64,
}

/// One order as the market keeps it.
pub(crate) struct Order {
    id: String,
    seed: SeedOrder,
    lines: Vec<LineItem>,
    pub(super) created: DateTime<Utc>,
    pub(super) modified: DateTime<Utc>,
    fulfillments: Vec<Value>,
}

/// Everything eBay holds.
#[derive(Default)]
pub(crate) struct Market {
    orders: BTreeMap<String, Order>,
    lines_made: u64,
}

/// The vendor's way of writing a time.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn unknown_order(id: &str) -> Refusal {
    let long = "The specified order ID is invalid. Please check the order ID and try again.";
    let body = error(32100, "REQUEST", "Invalid order ID.", long, &[("orderId", id)]);
    Refusal::new(404, body)
}

impl Market {
    /// Every order, by id.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// One order, or the vendor's 404.
    pub fn order(&self, id: &str) -> Result<&Order, Refusal> {
        self.orders.get(id).ok_or_else(|| unknown_order(id))
    }

    /// What was posted to an order.
    pub fn fulfillments(&self, id: &str) -> Result<&[Value], Refusal> {
        self.order(id).map(|order| order.fulfillments.as_slice())
    }

    /// Order id and fulfillment id of everything posted.
    pub fn live(&self) -> Vec<(String, String)> {
        let id = |value: &Value| value["fulfillmentId"].as_str().unwrap_or_default().to_owned();
        self.orders
            .values()
            .flat_map(|order| order.fulfillments.iter().map(move |done| (order.id.clone(), id(done))))
            .collect()
    }

    /// A buyer places an order, or it changes.
    pub fn put(&mut self, at: DateTime<Utc>, seed: &SeedOrder) -> Result<Value, Refusal> {
        if let Some(order) = seed.id.as_ref().and_then(|id| self.orders.get_mut(id)) {
            order.change(at, seed);
            return Ok(order.seeded());
        }
        if seed.lines.is_empty() {
            return Err(Refusal::plain(422, "an order needs lines"));
        }
        let number = self.orders.len() as u64 + 1;
        let id = seed.id.clone().unwrap_or_else(|| {
            format!(
                "{:02}-{:05}-{:05}",
                11 + number % 17,
                10_000 + number * 7 % 90_000,
                10_000 + number * 13 % 90_000
            )
        });
        if self.orders.contains_key(&id) {
            return Err(Refusal::plain(409, "no free order id; give one"));
        }
        let mut lines = Vec::new();
        for line in &seed.lines {
            self.lines_made += 1;
            lines.push(LineItem {
                id: (10_012_345_678_900 + self.lines_made).to_string(),
                sku: line.sku.clone(),
                title: line.title.clone().unwrap_or_else(|| line.sku.clone()),
                quantity: i64::from(line.quantity.unwrap_or(1)),
                price: cents(line.unit_price.as_deref()),
                shipped: 0,
            });
        }
        let created = seed.created_at.unwrap_or(at);
        let order = Order {
            id: id.clone(),
            seed: seed.clone(),
            lines,
            created,
            modified: created,
            fulfillments: vec![],
        };
        let shown = order.seeded();
        self.orders.insert(id, order);
        Ok(shown)
    }

    /// `POST …/shipping_fulfillment`: checks what the vendor checks, then marks the lines shipped.
    pub fn fulfill(
        &mut self,
        at: DateTime<Utc>,
        order_id: &str,
        input: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.orders.get_mut(order_id).ok_or_else(|| {
            bad(32100, "Invalid order ID.", "The specified order ID is invalid.", &[("orderId", order_id)])
        })?;
        if order.seed.cancelled == Some(true) {
            return Err(bad(
                34500,
                "Invalid order state.",
                "The order has been canceled.",
                &[("orderId", order_id)],
            ));
        }
        let parts = order.parts(input)?;
        let (carrier, number) = carrier_and_number(input)?;
        let shipped = match &input["shippedDate"] {
            Value::Null => at,
            Value::String(text) => order.shipped_date(text)?,
            other => return Err(bad_date(&other.to_string())),
        };
        let fulfillment_id = number.unwrap_or("999").to_owned();
        let mut lines = Vec::new();
        for (place, quantity) in &parts {
            let line = &mut order.lines[*place];
            line.shipped = (line.shipped + quantity).min(line.quantity);
            lines.push(json!({ "lineItemId": line.id, "quantity": quantity }));
        }
        let mut done =
            json!({ "fulfillmentId": fulfillment_id, "lineItems": lines, "shippedDate": stamp(shipped) });
        if let (Some(carrier), Some(number)) = (carrier, number) {
            done["shippingCarrierCode"] = json!(carrier);
            done["shipmentTrackingNumber"] = json!(number);
        }
        order.fulfillments.push(done.clone());
        order.modified = at;
        let line = Line {
            vendor: "ebay",
            operation: "createShippingFulfillment",
            reference: order_id,
            key: None,
            remote_id: &fulfillment_id,
            what: "fulfilled",
        };
        ledger.write(at, line);
        Ok(done)
    }
}

/// The courier code and the number: both or neither, in a form the vendor takes.
fn carrier_and_number(input: &Value) -> Result<(Option<&str>, Option<&str>), Refusal> {
    let given = |name: &str| input[name].as_str().filter(|text| !text.is_empty());
    let (carrier, number) = (given("shippingCarrierCode"), given("trackingNumber"));
    let wrong = |long: &str| {
        let parameters =
            [("shippingCarrierCode", carrier.unwrap_or("")), ("trackingNumber", number.unwrap_or(""))];
        bad(32300, "Invalid shipment tracking number or carrier.", long, &parameters)
    };
    match (carrier, number) {
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => {
            return Err(wrong("The tracking number and the shipping carrier must be given together."));
        }
        (Some(code), Some(digits)) => {
            if !EBAY_CODES.contains(&code) {
                return Err(wrong("The specified shipping carrier is not supported."));
            }
            if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(wrong("The tracking number may only contain letters and digits."));
            }
        }
    }
    Ok((carrier, number))
}

fn bad_date(text: &str) -> Refusal {
    let long = "The shipped date must be an ISO 8601 UTC time not before the order was placed.";
    bad(32500, "Invalid shipped date.", long, &[("shippedDate", text)])
}

impl Order {
    /// The lines asked for, as places and quantities.
    fn parts(&self, input: &Value) -> Result<Vec<(usize, i64)>, Refusal> {
        let asked = input["lineItems"].as_array().filter(|lines| !lines.is_empty());
        let Some(asked) = asked else {
            return Err(bad(
                32200,
                "Missing line items.",
                "At least one line item is required.",
                &[("lineItems", "")],
            ));
        };
        let mut parts: Vec<(usize, i64)> = Vec::new();
        for part in asked {
            let id = part["lineItemId"].as_str().unwrap_or("");
            let Some(place) = self.lines.iter().position(|line| line.id == id) else {
                let long = "The line item does not belong to the order.";
                return Err(bad(32210, "Invalid line item ID.", long, &[("lineItemId", id)]));
            };
            if parts.iter().any(|(other, _)| *other == place) {
                return Err(bad(
                    32210,
                    "Invalid line item ID.",
                    "A line item is given twice.",
                    &[("lineItemId", id)],
                ));
            }
            let quantity = if part["quantity"].is_null() {
                Some(self.lines[place].quantity)
            } else {
                part["quantity"].as_i64()
            };
            // A later post may name lines that are shipped already: that is how tracking is changed here.
            match quantity {
                Some(quantity) if (1..=self.lines[place].quantity).contains(&quantity) => {
                    parts.push((place, quantity))
                }
                _ => {
                    let given = part["quantity"].to_string();
                    let long = "The quantity must be at least 1 and at most what was bought.";
                    return Err(bad(
                        32400,
                        "Invalid quantity.",
                        long,
                        &[("lineItemId", id), ("quantity", &given)],
                    ));
                }
            }
        }
        Ok(parts)
    }

    fn shipped_date(&self, text: &str) -> Result<DateTime<Utc>, Refusal> {
        let read = DateTime::parse_from_rfc3339(text).ok().filter(|_| text.ends_with('Z'));
        let time = read.map(|time| time.with_timezone(&Utc)).ok_or_else(|| bad_date(text))?;
        // A day's grace, since sellers often send midnight.
        if time < self.created - Duration::days(1) { Err(bad_date(text)) } else { Ok(time) }
    }

    fn change(&mut self, at: DateTime<Utc>, seed: &SeedOrder) {
        let known = &mut self.seed;
        known.email = seed.email.clone().or(known.email.take());
        known.phone = seed.phone.clone().or(known.phone.take());
        known.note = seed.note.clone().or(known.note.take());
        known.shipping_address = seed.shipping_address.clone().or(known.shipping_address.take());
        known.shipping_method = seed.shipping_method.clone().or(known.shipping_method.take());
        known.cancelled = seed.cancelled.or(known.cancelled);
        self.modified = at;
    }

    /// `NOT_STARTED`, `IN_PROGRESS` or `FULFILLED`.
    pub fn status(&self) -> &'static str {
        status(
            self.lines.iter().map(|line| line.shipped).sum(),
            self.lines.iter().map(|line| line.quantity).sum(),
        )
    }

    fn seeded(&self) -> Value {
        let lines = self.lines.iter();
        let shown = SeededOrder {
            id: self.id.clone(),
            name: self.id.clone(),
            fulfillment_orders: vec![],
            lines: lines
                .map(|line| SeededLine {
                    sku: line.sku.clone(),
                    id: line.id.clone(),
                    fulfillment_order_line: None,
                })
                .collect(),
        };
        json!(shown)
    }

    /// The order as the vendor shows it.
    pub fn view(&self, base: &str) -> Value {
        let currency = self.seed.currency.as_deref().unwrap_or("USD");
        let money = |cents: i64| json!({ "value": decimal(cents), "currency": currency });
        let (delivery, tax) = (cents(self.seed.shipping_price.as_deref()), cents(self.seed.tax.as_deref()));
        let discount = cents(self.seed.discount.as_deref());
        let subtotal: i64 = self.lines.iter().map(|line| line.price * line.quantity).sum();
        let total = subtotal + delivery + tax - discount;
        let cancelled = self.seed.cancelled == Some(true);
        let site = match currency {
            "GBP" => "EBAY_GB",
            "EUR" => "EBAY_DE",
            "AUD" => "EBAY_AU",
            _ => "EBAY_US",
        };
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "lineItemId": line.id, "legacyItemId": format!("1{}", &line.id[3..]), "sku": line.sku,
                    "title": line.title, "quantity": line.quantity, "soldFormat": "FIXED_PRICE",
                    "listingMarketplaceId": site, "purchaseMarketplaceId": site,
                    "lineItemCost": money(line.price * line.quantity), "total": money(line.price * line.quantity),
                    "deliveryCost": { "shippingCost": money(0) }, "appliedPromotions": [], "taxes": [],
                    "lineItemFulfillmentStatus": status(line.shipped, line.quantity),
                    "properties": { "buyerProtection": true },
                    "lineItemFulfillmentInstructions": { "guaranteedDelivery": false },
                })
            })
            .collect();
        let links: Vec<Value> = self
            .fulfillments
            .iter()
            .filter_map(|done| done["fulfillmentId"].as_str())
            .map(|id| json!(format!("{base}/order/{}/shipping_fulfillment/{id}", self.id)))
            .collect();
        json!({
            "orderId": self.id, "legacyOrderId": self.id, "creationDate": stamp(self.created),
            "lastModifiedDate": stamp(self.modified), "orderFulfillmentStatus": self.status(),
            "orderPaymentStatus": "PAID", "sellerId": "sandbox_seller",
            "buyer": { "username": self.buyer() }, "buyerCheckoutNotes": self.seed.note,
            "pricingSummary": { "priceSubtotal": money(subtotal), "deliveryCost": money(delivery),
                "priceDiscount": money(-discount), "tax": money(tax), "total": money(total) },
            "cancelStatus": { "cancelState": if cancelled { "CANCELED" } else { "NONE_REQUESTED" }, "cancelRequests": [] },
            "paymentSummary": { "totalDueSeller": money(total), "refunds": [],
                "payments": [{ "paymentMethod": "EBAY", "paymentStatus": "PAID", "amount": money(total) }] },
            "fulfillmentStartInstructions": [{ "fulfillmentInstructionsType": "SHIP_TO", "ebaySupportedFulfillment": false,
                "shippingStep": { "shipTo": self.ship_to(),
                    "shippingServiceCode": self.seed.shipping_method.as_deref().unwrap_or("Other") } }],
            "fulfillmentHrefs": links, "lineItems": lines, "salesRecordReference": self.id.replace('-', ""),
        })
    }

    fn buyer(&self) -> String {
        let name = self.seed.shipping_address.as_ref().map_or("buyer", |address| address.name.as_str());
        name.to_lowercase().replace(' ', "_")
    }

    fn ship_to(&self) -> Value {
        let Some(address) = &self.seed.shipping_address else {
            return Value::Null;
        };
        let phone = address.phone.as_ref().or(self.seed.phone.as_ref());
        json!({ "fullName": address.name, "companyName": address.company,
            "contactAddress": { "addressLine1": address.address1, "addressLine2": address.address2,
                "city": address.city, "stateOrProvince": address.province, "postalCode": address.zip,
                "countryCode": address.country },
            "primaryPhone": phone.map(|number| json!({ "phoneNumber": number })), "email": self.seed.email })
    }
}

fn status(shipped: i64, bought: i64) -> &'static str {
    match shipped {
        0 => "NOT_STARTED",
        some if some < bought => "IN_PROGRESS",
        _ => "FULFILLED",
    }
}
