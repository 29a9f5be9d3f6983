//! `fulfillmentCreate`, `fulfillmentTrackingInfoUpdate`, `fulfillmentCancel`, with the vendor's refusals.

use chrono::{DateTime, Timelike, Utc};
use serde_json::{Value, json};

use super::super::couriers::shopify_link;
use super::super::ledger::{Ledger, Line};
use super::super::reply::Refusal;
use super::shops::{Fulfillment, Order, Shops, gid, tail};

/// One of the vendor's user errors, which come with a 200.
fn user_error(field: &[&str], message: impl Into<String>) -> Refusal {
    Refusal::new(200, json!([{ "field": field, "message": message.into() }]))
}

/// The refusal of an id that is none; it becomes a top-level error.
pub(super) fn invalid_id() -> Refusal {
    Refusal::new(200, json!("invalid id"))
}

/// The parcels a tracking input describes, one entry a number.
fn tracking(input: &Value) -> Vec<Value> {
    let list = |one: &str, many: &str| -> Vec<String> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match input[many].as_array() {
            Some(items) if !items.is_empty() => items.iter().filter_map(text).collect(),
            _ => text(&input[one]).into_iter().collect(),
        }
    };
    let (numbers, urls) = (list("number", "numbers"), list("url", "urls"));
    let company = input["company"].as_str().filter(|name| !name.is_empty());
    let count = numbers.len().max(urls.len()).max(usize::from(company.is_some()));
    let entry = |at: usize| {
        let number = numbers.get(at);
        let made = || company.zip(number).and_then(|(company, number)| shopify_link(company, number));
        json!({ "company": company, "number": number, "url": urls.get(at).cloned().or_else(made) })
    };
    (0..count).map(entry).collect()
}

fn seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(0).unwrap_or(at)
}

/// Which lines of one order a fulfillment takes, as places and quantities.
struct Taken {
    order: u64,
    lines: Vec<(usize, i64)>,
}

impl Shops {
    /// Makes a fulfillment, or says what is wrong with the wish.
    pub fn fulfill(
        &mut self,
        at: DateTime<Utc>,
        shop: &str,
        input: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let taken = self.taken(shop, input)?;
        self.last_parcel += 1;
        let id = 5_210_000_000_000 + self.last_parcel * 1_024;
        self.parcels.insert(id, (shop.to_owned(), taken.order));
        let at = seconds(at);
        let order = self.order_mut(shop, taken.order).ok_or_else(invalid_id)?;
        let mut lines = Vec::new();
        for (place, quantity) in taken.lines {
            let line = &mut order.lines[place];
            line.remaining -= quantity;
            lines.push((15_600_000_000_000 + id % 1_000_000_000 + place as u64, line.id, quantity));
            let group = line.group;
            order.groups[group].updated = at;
        }
        let number = order.fulfillments.len() + 1;
        let tracking = tracking(&input["trackingInfo"]);
        order.fulfillments.push(Fulfillment {
            id,
            number,
            cancelled: false,
            created: at,
            updated: at,
            tracking,
            lines,
        });
        order.updated = at;
        record(ledger, at, order, "fulfillmentCreate", id, "fulfilled");
        Ok(json!({ "order": order.id, "fulfillment": id }))
    }

    /// The checks of `fulfillmentCreate`, in the vendor's order as far as it is known.
    fn taken(&self, shop: &str, input: &Value) -> Result<Taken, Refusal> {
        let groups = input["lineItemsByFulfillmentOrder"].as_array().cloned().unwrap_or_default();
        let mut wanted = Vec::new();
        for group in &groups {
            let id = group["fulfillmentOrderId"].as_str().unwrap_or("");
            wanted.push((tail(id, "FulfillmentOrder").ok_or_else(invalid_id)?, group));
            for part in group["fulfillmentOrderLineItems"].as_array().into_iter().flatten() {
                tail(part["id"].as_str().unwrap_or(""), "FulfillmentOrderLineItem").ok_or_else(invalid_id)?;
            }
        }
        let missing = || user_error(&["fulfillment"], "Fulfillment order does not exist.");
        if wanted.is_empty() {
            return Err(missing());
        }
        let mut found: Option<(&Order, u32)> = None;
        let mut lines: Vec<(usize, i64)> = Vec::new();
        for (at, (id, group)) in wanted.iter().enumerate() {
            let (owner, order) = self.groups.get(id).ok_or_else(missing)?;
            if owner != shop {
                return Err(missing());
            }
            let order = self.order(shop, *order).ok_or_else(missing)?;
            let place = order.groups.iter().position(|group| group.id == *id).ok_or_else(missing)?;
            let location = order.groups[place].location;
            match found {
                Some((first, _)) if first.id != order.id => {
                    return Err(user_error(
                        &["fulfillment"],
                        "All fulfillment orders must belong to the same order.",
                    ));
                }
                Some((_, first)) if first != location => {
                    let text = "All fulfillment orders must be assigned to a single location.";
                    return Err(user_error(&["fulfillment"], text));
                }
                _ => found = Some((order, location)),
            }
            let status = order.group_status(place);
            if !matches!(status, "OPEN" | "IN_PROGRESS") {
                let text =
                    format!("Fulfillment order {id} has an unfulfillable status= {}.", status.to_lowercase());
                return Err(user_error(&["fulfillment"], text));
            }
            parts(order, place, at, group, &mut lines)?;
        }
        let (order, _) = found.ok_or_else(missing)?;
        Ok(Taken { order: order.id, lines })
    }

    /// Replaces a fulfillment's tracking.
    pub fn update_tracking(
        &mut self,
        at: DateTime<Utc>,
        shop: &str,
        id: u64,
        input: &Value,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let missing = || user_error(&["fulfillmentId"], "Fulfillment does not exist.");
        let order = self.parcel_order(shop, id).ok_or_else(missing)?;
        let at = seconds(at);
        let parcel = order.fulfillments.iter_mut().find(|parcel| parcel.id == id).ok_or_else(missing)?;
        if parcel.cancelled {
            return Err(user_error(&["fulfillmentId"], "Fulfillment is cancelled."));
        }
        parcel.tracking = tracking(input);
        parcel.updated = at;
        order.updated = at;
        record(ledger, at, order, "fulfillmentTrackingInfoUpdate", id, "updated");
        Ok(json!({ "order": order.id, "fulfillment": id }))
    }

    /// Cancels a fulfillment; its lines are to be shipped again. A second time nothing happens.
    pub fn cancel_fulfillment(
        &mut self,
        at: DateTime<Utc>,
        shop: &str,
        id: u64,
        ledger: &mut Ledger,
    ) -> Result<Value, Refusal> {
        let missing = || user_error(&["id"], "Fulfillment not found.");
        let order = self.parcel_order(shop, id).ok_or_else(missing)?;
        let at = seconds(at);
        let parcel = order.fulfillments.iter_mut().find(|parcel| parcel.id == id).ok_or_else(missing)?;
        if !parcel.cancelled {
            parcel.cancelled = true;
            parcel.updated = at;
            for (_, line, quantity) in parcel.lines.clone() {
                if let Some(line) = order.lines.iter_mut().find(|known| known.id == line) {
                    line.remaining += quantity;
                }
            }
            order.updated = at;
            record(ledger, at, order, "fulfillmentCancel", id, "canceled");
        }
        Ok(json!({ "order": order.id, "fulfillment": id }))
    }

    fn parcel_order(&mut self, shop: &str, id: u64) -> Option<&mut Order> {
        let (owner, order) = self.parcels.get(&id)?.clone();
        if owner == shop { self.order_mut(shop, order) } else { None }
    }
}

/// The lines asked for in one fulfillment order; none named means everything left.
fn parts(
    order: &Order,
    place: usize,
    at: usize,
    group: &Value,
    lines: &mut Vec<(usize, i64)>,
) -> Result<(), Refusal> {
    let asked = group["fulfillmentOrderLineItems"].as_array().map(Vec::as_slice).unwrap_or(&[]);
    if asked.len() > 512 {
        return Err(user_error(
            &["fulfillment"],
            "At most 512 fulfillment order line items can be fulfilled at once.",
        ));
    }
    if asked.is_empty() {
        let rest =
            order.lines.iter().enumerate().filter(|(_, line)| line.group == place && line.remaining > 0);
        lines.extend(rest.map(|(place, line)| (place, line.remaining)));
        return Ok(());
    }
    for (nth, part) in asked.iter().enumerate() {
        let id =
            tail(part["id"].as_str().unwrap_or(""), "FulfillmentOrderLineItem").ok_or_else(invalid_id)?;
        let missing = || user_error(&["fulfillment"], "Fulfillment order line item does not exist.");
        let known =
            order.lines.iter().position(|line| line.part == id && line.group == place).ok_or_else(missing)?;
        let quantity = part["quantity"].as_i64().unwrap_or(0);
        if quantity <= 0 {
            let (at, nth) = (at.to_string(), nth.to_string());
            let field = [
                "fulfillment",
                "lineItemsByFulfillmentOrder",
                &at,
                "fulfillmentOrderLineItems",
                &nth,
                "quantity",
            ];
            return Err(user_error(&field, "Quantity must be greater than 0"));
        }
        let already: i64 =
            lines.iter().filter(|(other, _)| *other == known).map(|(_, quantity)| quantity).sum();
        if already + quantity > order.lines[known].remaining {
            return Err(user_error(
                &["fulfillment"],
                "Invalid fulfillment order line item quantity requested.",
            ));
        }
        lines.push((known, quantity));
    }
    Ok(())
}

fn record(ledger: &mut Ledger, at: DateTime<Utc>, order: &Order, operation: &str, id: u64, what: &str) {
    let line = Line {
        vendor: "shopify",
        operation,
        reference: &order.name,
        key: Some(&gid("Order", order.id)),
        remote_id: &gid("Fulfillment", id),
        what,
    };
    ledger.write(at, line);
}
