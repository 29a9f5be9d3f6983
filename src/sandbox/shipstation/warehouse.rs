//! The warehouse behind ShipStation: its orders, its shipments, its likes and dislikes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::super::ledger::{Ledger, Line};
use super::super::reply::Refusal;
use super::super::seed::Ship;
use super::check;

/// What the vendor fills in when an order does not say, in the order of its documentation.
const BLANKS: &[&str] = &[
    "paymentDate",
    "shipByDate",
    "customerId",
    "customerUsername",
    "customerEmail",
    "customerNotes",
    "internalNotes",
    "giftMessage",
    "paymentMethod",
    "requestedShippingService",
    "carrierCode",
    "serviceCode",
    "packageCode",
    "shipDate",
    "holdUntilDate",
    "weight",
    "dimensions",
    "tagIds",
    "userId",
    "externallyFulfilledBy",
];

/// An order: the body as posted, filled up, and whether it was deleted.
pub(super) struct Order {
    pub body: Map<String, Value>,
    pub deleted: bool,
}

/// A parcel, with a label of the vendor's or without.
pub(super) struct Shipment {
    pub label: bool,
    pub body: Value,
}

/// Everything ShipStation holds.
#[derive(Default)]
pub(crate) struct Warehouse {
    pub(super) orders: BTreeMap<u64, Order>,
    by_key: BTreeMap<String, u64>,
    pub(super) shipments: Vec<Shipment>,
    refused: BTreeMap<String, Option<String>>,
    hook: Option<String>,
}

fn missing() -> Refusal {
    Refusal::new(404, json!({ "Message": "The requested resource was not found." }))
}

impl Order {
    pub fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or("")
    }

    pub fn status(&self) -> &str {
        self.text("orderStatus")
    }

    fn set(&mut self, field: &str, value: Value) {
        self.body.insert(field.into(), value);
    }

    fn alive(&self) -> bool {
        !self.deleted && self.status() != "cancelled"
    }
}

impl Warehouse {
    fn record(&self, ledger: &mut Ledger, at: DateTime<Utc>, operation: &str, id: u64, what: &str) {
        if let Some(order) = self.orders.get(&id) {
            let line = Line {
                vendor: "shipstation",
                operation,
                reference: order.text("orderNumber"),
                key: Some(order.text("orderKey")),
                remote_id: &id.to_string(),
                what,
            };
            ledger.write(at, line);
        }
    }

    /// `createorder`: makes an order, or changes the open one with the same key or id.
    pub fn put(&mut self, at: DateTime<Utc>, wanted: &Value, ledger: &mut Ledger) -> Result<Value, Refusal> {
        check::order(wanted)?;
        for item in wanted["items"].as_array().into_iter().flatten() {
            let sku = item["sku"].as_str().unwrap_or("");
            if let Some(message) = self.refused.get(sku) {
                let own = || format!("Product with SKU '{sku}' is inactive and cannot be ordered.");
                let text = message.clone().unwrap_or_else(own);
                return Err(Refusal::new(400, json!({ "Message": text, "ExceptionMessage": text })));
            }
        }
        let known = match wanted["orderId"].as_u64() {
            Some(id) if self.orders.get(&id).is_some_and(|order| !order.deleted) => Some(id),
            Some(_) => return Err(missing()),
            None => check::text(wanted, "orderKey").and_then(|key| self.by_key.get(key).copied()),
        };
        match known {
            Some(id) => self.change(at, id, wanted, ledger),
            None => Ok(self.create(at, wanted, ledger)),
        }
    }

    fn create(&mut self, at: DateTime<Utc>, wanted: &Value, ledger: &mut Ledger) -> Value {
        let id = 94_113_592 + self.orders.len() as u64 * 7;
        let mut order = Order { body: Map::new(), deleted: false };
        order.set("orderId", json!(id));
        let key = check::text(wanted, "orderKey")
            .map_or_else(|| format!("{:032x}", u128::from(id) << 64 | 0x5a5d), str::to_owned);
        self.by_key.insert(key.clone(), id);
        order.set("orderNumber", Value::Null);
        order.set("orderKey", json!(key));
        order.set("createDate", json!(check::stamp(at)));
        for blank in BLANKS {
            order.set(blank, Value::Null);
        }
        for (field, value) in [
            ("amountPaid", json!(0)),
            ("taxAmount", json!(0)),
            ("shippingAmount", json!(0)),
            ("items", json!([])),
        ] {
            order.set(field, value);
        }
        order.set("gift", json!(false));
        order.set("externallyFulfilled", json!(false));
        fill(&mut order, at, wanted);
        let body = Value::Object(order.body.clone());
        self.orders.insert(id, order);
        self.record(ledger, at, "createorder", id, "created");
        body
    }

    fn change(
        &mut self,
        at: DateTime<Utc>,
        id: u64,
        wanted: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.orders.get_mut(&id).ok_or_else(missing)?;
        // Shipped and cancelled orders are locked: the vendor answers with them as they are.
        if matches!(order.status(), "shipped" | "cancelled") {
            return Ok(Value::Object(order.body.clone()));
        }
        fill(order, at, wanted);
        let what = if order.status() == "cancelled" { "canceled" } else { "updated" };
        let body = Value::Object(order.body.clone());
        self.record(ledger, at, "createorder", id, what);
        Ok(body)
    }

    /// Takes an order out of sight; its key is free again.
    pub fn delete(&mut self, at: DateTime<Utc>, id: u64, ledger: &mut Ledger) -> Result<Value, Refusal> {
        let order = self.orders.get_mut(&id).filter(|order| !order.deleted).ok_or_else(missing)?;
        order.deleted = true;
        order.set("modifyDate", json!(check::stamp(at)));
        let key = order.text("orderKey").to_owned();
        self.by_key.remove(&key);
        self.record(ledger, at, "deleteorder", id, "deleted");
        Ok(json!({ "success": true, "message": "The requested order has been deleted." }))
    }

    /// Holds an order until a day, or lets it go.
    pub fn hold(
        &mut self,
        at: DateTime<Utc>,
        id: u64,
        until: Option<&str>,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.orders.get_mut(&id).filter(|order| !order.deleted).ok_or_else(missing)?;
        if matches!(order.status(), "shipped" | "cancelled") {
            let text = format!("The order is {} and cannot be put on or taken off hold.", order.status());
            return Err(Refusal::new(400, json!({ "Message": text })));
        }
        order.set("orderStatus", json!(if until.is_some() { "on_hold" } else { "awaiting_shipment" }));
        order.set("holdUntilDate", json!(until));
        order.set("modifyDate", json!(check::stamp(at)));
        self.record(ledger, at, if until.is_some() { "holduntil" } else { "restorefromhold" }, id, "updated");
        Ok(json!({ "success": true, "message": "The requested order has been updated." }))
    }

    /// The warehouse cancels an order on its own.
    pub fn cancel(&mut self, at: DateTime<Utc>, id: u64, ledger: &mut Ledger) -> Result<Value, Refusal> {
        let order = self.orders.get_mut(&id).filter(|order| !order.deleted).ok_or_else(missing)?;
        if matches!(order.status(), "shipped" | "cancelled") {
            return Err(Refusal::plain(409, &format!("the order is {}", order.status())));
        }
        order.set("orderStatus", json!("cancelled"));
        order.set("modifyDate", json!(check::stamp(at)));
        let body = Value::Object(order.body.clone());
        self.record(ledger, at, "warehouse", id, "canceled");
        Ok(body)
    }

    /// The warehouse ships an order, all of it or a parcel.
    pub fn ship(
        &mut self,
        at: DateTime<Utc>,
        id: u64,
        ship: &Ship,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let number = self.shipments.len() as u64;
        let order = self.orders.get_mut(&id).filter(|order| !order.deleted).ok_or_else(missing)?;
        if !matches!(order.status(), "awaiting_shipment" | "pending_fulfillment") {
            return Err(Refusal::plain(409, &format!("the order is {}", order.status())));
        }
        let date = ship.ship_date.clone().unwrap_or_else(|| at.format("%Y-%m-%d").to_string());
        let lines = parcel(order, ship);
        order.set("modifyDate", json!(check::stamp(at)));
        order.set("shipDate", json!(date));
        if !ship.partial {
            order.set("orderStatus", json!("shipped"));
        }
        if ship.without_label {
            order.set("externallyFulfilled", json!(true));
        }
        let mut body = json!({
            "orderId": id, "orderNumber": order.text("orderNumber"), "orderKey": order.text("orderKey"),
            "userId": null, "customerEmail": order.body.get("customerEmail"), "trackingNumber": ship.tracking_number,
            "createDate": check::stamp(at), "shipDate": date, "voidDate": null, "voided": false,
            "carrierCode": ship.carrier_code, "serviceCode": ship.service_code,
            "marketplaceNotified": true, "notifyErrorMessage": null, "shipTo": order.body.get("shipTo"),
        });
        if ship.without_label {
            body["fulfillmentId"] = json!(33_974_374 + number);
            body["fulfillmentProviderCode"] = json!("manual");
            body["fulfillmentServiceCode"] = Value::Null;
            body["fulfillmentFee"] = json!(0);
            body["deliveryDate"] = Value::Null;
            body["voidRequested"] = json!(false);
        } else {
            body["shipmentId"] = json!(33_974_374 + number);
            body["shipmentCost"] = json!(ship.shipment_cost.unwrap_or(0.0));
            body["insuranceCost"] = json!(0);
            body["packageCode"] = json!("package");
            body["confirmation"] = json!("delivery");
            body["warehouseId"] = json!(14_265);
            body["isReturnLabel"] = json!(false);
            body["batchNumber"] = Value::Null;
            body["shipmentItems"] = lines;
        }
        self.shipments.push(Shipment { label: !ship.without_label, body: body.clone() });
        self.record(ledger, at, "warehouse", id, "shipped");
        Ok(body)
    }

    /// Voids a label; an order with no other label waits for shipment again.
    pub fn void(
        &mut self,
        at: DateTime<Utc>,
        shipment_id: u64,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let found = self.shipments.iter_mut().find(|shipment| shipment.body["shipmentId"] == shipment_id);
        let shipment = found.ok_or_else(missing)?;
        if shipment.body["voided"] == true {
            return Ok(json!({ "approved": false, "message": "The label has already been voided." }));
        }
        shipment.body["voided"] = json!(true);
        shipment.body["voidDate"] = json!(check::stamp(at));
        let id = shipment.body["orderId"].as_u64().unwrap_or(0);
        let others =
            self.shipments.iter().any(|other| other.body["orderId"] == id && other.body["voided"] == false);
        if let Some(order) = self.orders.get_mut(&id)
            && !others
        {
            order.set("orderStatus", json!("awaiting_shipment"));
            order.set("shipDate", Value::Null);
            order.set("modifyDate", json!(check::stamp(at)));
        }
        self.record(ledger, at, "voidlabel", id, "updated");
        Ok(json!({ "approved": true, "message": "Label voided successfully" }))
    }

    pub fn refuse_sku(&mut self, sku: &str, message: Option<&str>) -> Result<Value, Refusal> {
        self.refused.insert(sku.into(), message.map(str::to_owned));
        Ok(self.rules())
    }

    pub fn accept_sku(&mut self, sku: &str) -> Result<Value, Refusal> {
        self.refused.remove(sku);
        Ok(self.rules())
    }

    /// The SKUs it refuses, with the messages given.
    pub fn rules(&self) -> Value {
        json!({ "refuse_skus": self.refused })
    }

    pub fn subscribe(&mut self, url: Option<&str>) -> Result<Value, Refusal> {
        self.hook = url.map(str::to_owned);
        Ok(json!({ "url": url }))
    }

    pub fn hook(&self) -> Option<&str> {
        self.hook.as_deref()
    }

    /// One order as the vendor shows it.
    pub fn one(&self, id: u64) -> Option<Value> {
        self.orders.get(&id).filter(|order| !order.deleted).map(|order| Value::Object(order.body.clone()))
    }

    /// One order, deleted or not.
    pub fn anyway(&self, id: u64) -> Option<Value> {
        self.orders.get(&id).map(|order| Value::Object(order.body.clone()))
    }

    /// Order number and id of every order neither cancelled nor deleted.
    pub fn live(&self) -> Vec<(String, String)> {
        let alive = self.orders.iter().filter(|(_, order)| order.alive());
        alive.map(|(id, order)| (order.text("orderNumber").to_owned(), id.to_string())).collect()
    }
}

/// What was asked for replaces what was there; items get ids; the total is added up.
fn fill(order: &mut Order, at: DateTime<Utc>, wanted: &Value) {
    for (field, value) in wanted.as_object().into_iter().flatten() {
        if !matches!(field.as_str(), "orderId" | "orderKey" | "createDate" | "modifyDate") {
            order.set(field, value.clone());
        }
    }
    let base = order.body.get("orderId").and_then(Value::as_u64).unwrap_or(0) * 100;
    let mut total = 0.0;
    if let Some(Value::Array(items)) = order.body.get_mut("items") {
        for (at, item) in items.iter_mut().enumerate() {
            item["orderItemId"] = json!(base + at as u64 + 1);
            total += item["unitPrice"].as_f64().unwrap_or(0.0) * item["quantity"].as_f64().unwrap_or(0.0);
        }
    }
    for field in ["taxAmount", "shippingAmount"] {
        total += order.body.get(field).and_then(Value::as_f64).unwrap_or(0.0);
    }
    order.set("orderTotal", json!((total * 100.0).round() / 100.0));
    if let Some(date) = wanted["orderDate"].as_str().and_then(check::moment) {
        order.set("orderDate", json!(check::stamp(date.and_utc())));
    }
    order.set("modifyDate", json!(check::stamp(at)));
}

/// The lines in a parcel as the vendor lists them.
fn parcel(order: &Order, ship: &Ship) -> Value {
    let items = order.body.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or(&[]);
    let line = |item: &Value, quantity: Value| {
        json!({ "orderItemId": item["orderItemId"], "lineItemKey": item["lineItemKey"], "sku": item["sku"],
            "name": item["name"], "quantity": quantity, "unitPrice": item["unitPrice"] })
    };
    if ship.items.is_empty() {
        return items.iter().map(|item| line(item, item["quantity"].clone())).collect();
    }
    let find = |sku: &str| items.iter().find(|item| item["sku"] == sku);
    ship.items
        .iter()
        .filter_map(|part| find(&part.sku).map(|item| line(item, json!(part.quantity))))
        .collect()
}
