//! The warehouses behind the contract: their orders, their keys, their parcels.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::super::ledger::{Ledger, Line};
use super::super::reply::Refusal;
use super::{GenericClass, GenericOptions, GenericShip, check, missing, refused};

/// One warehouse.
struct Tenant {
    options: GenericOptions,
    orders: BTreeMap<String, Value>,
    /// By key: what was asked for, and the first answer.
    keys: BTreeMap<String, (Value, Value)>,
}

/// Every generic warehouse, by tenant.
#[derive(Default)]
pub(crate) struct Warehouses {
    tenants: BTreeMap<String, Tenant>,
}

fn status(order: &Value) -> &str {
    order["status"].as_str().unwrap_or_default()
}

fn ended(order: &Value) -> bool {
    matches!(status(order), "canceled" | "rejected")
}

fn too_late(order: &Value) -> Refusal {
    refused(409, "too_late", &format!("The order is {}.", status(order)))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Tenant {
    fn order(&mut self, id: &str) -> Result<&mut Value, Refusal> {
        self.orders.get_mut(id).ok_or_else(missing)
    }
}

/// Writes down what happened to an order of a tenant; answers the order.
fn record(
    ledger: &mut Ledger,
    at: DateTime<Utc>,
    tenant: &str,
    operation: &str,
    order: &Value,
    what: &str,
) -> Value {
    let text = |field: &str| order[field].as_str().unwrap_or_default();
    let (reference, remote_id) = (text("reference"), text("id"));
    ledger.write(at, Line { vendor: "generic", operation, reference, key: Some(tenant), remote_id, what });
    order.clone()
}

impl Warehouses {
    fn tenant(&mut self, name: &str) -> Result<&mut Tenant, Refusal> {
        self.tenants.get_mut(name).ok_or_else(missing)
    }

    /// Opens a warehouse, or changes how it is set up; its orders stay.
    pub fn open(&mut self, name: &str, options: &GenericOptions) -> Result<Value, Refusal> {
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(letters) {
            return Err(Refusal::plain(422, "a tenant has up to 40 of a-z, 0-9 and -"));
        }
        match self.tenants.get_mut(name) {
            Some(tenant) => tenant.options = options.clone(),
            None => {
                let (orders, keys) = (BTreeMap::new(), BTreeMap::new());
                self.tenants.insert(name.into(), Tenant { options: options.clone(), orders, keys });
            }
        }
        Ok(json!({ "tenant": name, "class": options.class }))
    }

    pub fn options(&self, name: &str) -> Option<&GenericOptions> {
        self.tenants.get(name).map(|tenant| &tenant.options)
    }

    /// Takes an order, as the warehouse's class has it.
    pub fn create(
        &mut self,
        at: DateTime<Utc>,
        name: &str,
        key: Option<&str>,
        wanted: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let tenant = self.tenant(name)?;
        if let Some(key) = key
            && (key.trim().is_empty() || key.len() > 200)
        {
            return Err(check::invalid(&[("Idempotency-Key", "It has 1 to 200 characters.".into())]));
        }
        if let Some((first, answer)) = key.and_then(|key| tenant.keys.get(key)) {
            if first == wanted {
                return Ok(answer.clone());
            }
            let text = "It was used with another body.".to_owned();
            return Err(check::invalid(&[("Idempotency-Key", text)]));
        }
        check::order(wanted, &tenant.options.refuse_skus)?;
        let same = |order: &&Value| order["reference"] == wanted["reference"];
        if tenant.options.class == GenericClass::OwnId
            && let Some(existing) = tenant.orders.values().find(same)
        {
            let error = json!({ "code": "conflict", "message": "The reference is taken.", "fields": {},
                "existing": existing });
            return Err(Refusal::new(409, json!({ "error": error })));
        }
        let id = format!("{name}-{}", 1001 + tenant.orders.len());
        let mut order = wanted.clone();
        order["id"] = json!(id);
        order["status"] = json!("received");
        order["packages"] = json!([]);
        order["created_at"] = json!(stamp(at));
        tenant.orders.insert(id, order.clone());
        if let Some(key) = key {
            tenant.keys.insert(key.into(), (wanted.clone(), order.clone()));
        }
        Ok(record(ledger, at, name, "createshipment", &order, "created"))
    }

    /// Changes an order that has not left.
    pub fn update(
        &mut self,
        at: DateTime<Utc>,
        name: &str,
        id: &str,
        wanted: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let tenant = self.tenant(name)?;
        check::order(wanted, &tenant.options.refuse_skus)?;
        let order = tenant.order(id)?;
        if ended(order) || status(order) == "shipped" {
            return Err(too_late(order));
        }
        if order["reference"] != wanted["reference"] {
            return Err(check::invalid(&[("reference", "It does not change.".into())]));
        }
        for (field, value) in wanted.as_object().into_iter().flatten() {
            order[field] = value.clone();
        }
        Ok(record(ledger, at, name, "updateshipment", order, "updated"))
    }

    /// Cancels an order; a second time changes nothing.
    pub fn cancel(
        &mut self,
        at: DateTime<Utc>,
        name: &str,
        id: &str,
        by_us: bool,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.tenant(name)?.order(id)?;
        match status(order) {
            "canceled" => return Ok(order.clone()),
            "shipped" | "rejected" => return Err(too_late(order)),
            _ => order["status"] = json!("canceled"),
        }
        let operation = if by_us { "warehouse" } else { "cancelshipment" };
        Ok(record(ledger, at, name, operation, order, "canceled"))
    }

    /// The warehouse says how an order stands.
    pub fn set_status(
        &mut self,
        at: DateTime<Utc>,
        name: &str,
        id: &str,
        to: &str,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.tenant(name)?.order(id)?;
        if !matches!(to, "received" | "picking" | "rejected") {
            return Err(Refusal::plain(422, "the statuses to set are received, picking and rejected"));
        }
        if ended(order) || status(order) == "shipped" {
            return Err(too_late(order));
        }
        order["status"] = json!(to);
        let what = if to == "rejected" { "rejected" } else { "updated" };
        Ok(record(ledger, at, name, "warehouse", order, what))
    }

    /// A parcel leaves.
    pub fn ship(
        &mut self,
        at: DateTime<Utc>,
        name: &str,
        id: &str,
        ship: &GenericShip,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let order = self.tenant(name)?.order(id)?;
        if ended(order) || status(order) == "shipped" {
            return Err(too_late(order));
        }
        let items: Value = if ship.items.is_empty() {
            let all = order["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().map(|item| json!({ "sku": item["sku"], "quantity": item["quantity"] })).collect()
        } else {
            ship.items.iter().map(|item| json!({ "sku": item.sku, "quantity": item.quantity })).collect()
        };
        let cost = ship.cost.as_ref().map(|(amount, code)| json!({ "amount": amount, "currency": code }));
        let parcel = json!({
            "tracking_number": ship.tracking_number, "carrier": ship.carrier, "service": ship.service,
            "tracking_url": ship.tracking_url, "cost": cost, "items": items,
            "shipped_at": ship.shipped_at.clone().unwrap_or_else(|| stamp(at)),
        });
        if let Some(packages) = order["packages"].as_array_mut() {
            packages.push(parcel);
        }
        order["status"] = json!(if ship.partial { "picking" } else { "shipped" });
        Ok(record(ledger, at, name, "warehouse", order, "shipped"))
    }

    pub fn one(&self, name: &str, id: &str) -> Option<Value> {
        self.tenants.get(name)?.orders.get(id).cloned()
    }

    /// Every order with exactly this reference, oldest first.
    pub fn by_reference(&self, name: &str, reference: &str) -> Vec<Value> {
        let Some(tenant) = self.tenants.get(name) else {
            return Vec::new();
        };
        let mut found: Vec<&Value> =
            tenant.orders.values().filter(|order| order["reference"] == reference).collect();
        found.sort_by_key(|order| order["id"].as_str().map(|id| (id.len(), id.to_owned())));
        found.into_iter().cloned().collect()
    }

    /// Tenant, reference and id of every order neither canceled nor rejected.
    pub fn live(&self) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        for (name, tenant) in &self.tenants {
            for (id, order) in tenant.orders.iter().filter(|(_, order)| !ended(order)) {
                let reference = order["reference"].as_str().unwrap_or_default().to_owned();
                found.push((name.clone(), reference, id.clone()));
            }
        }
        found
    }
}
