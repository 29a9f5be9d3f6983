//! ShipStation's lists: their filters and their pages.

use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};

use super::super::reply::{Call, Refusal};
use super::check;
use super::warehouse::{Order, Warehouse};

impl Warehouse {
    /// `GET /orders`.
    pub fn orders(&self, call: &Call) -> Result<Value, Refusal> {
        let spans =
            [Span::of(call, "orderDate")?, Span::of(call, "createDate")?, Span::of(call, "modifyDate")?];
        let mut found: Vec<&Order> = self
            .orders
            .values()
            .filter(|order| !order.deleted)
            .filter(|order| {
                call.param("orderNumber").is_none_or(|start| order.text("orderNumber").starts_with(start))
            })
            .filter(|order| call.param("orderStatus").is_none_or(|status| order.status() == status))
            .filter(|order| spans.iter().all(|span| span.holds(order.text(span.field))))
            .collect();
        let field = match call.param("sortBy") {
            Some("ModifyDate") => "modifyDate",
            Some("CreateDate") => "createDate",
            _ => "orderDate",
        };
        found.sort_by(|a, b| a.text(field).cmp(b.text(field)));
        if call.param("sortDir").is_some_and(|dir| dir.eq_ignore_ascii_case("desc")) {
            found.reverse();
        }
        let (window, total, page, pages) = window(call, found);
        let orders: Vec<&Map<String, Value>> = window.iter().map(|order| &order.body).collect();
        Ok(json!({ "orders": orders, "total": total, "page": page, "pages": pages }))
    }

    /// `GET /shipments`, or `GET /fulfillments` for what left without a label.
    pub fn shipments(&self, call: &Call, labels: bool) -> Result<Value, Refusal> {
        let spans = [Span::of(call, "createDate")?, Span::of(call, "shipDate")?];
        let same = |body: &Value, name: &str| {
            call.param(name).is_none_or(|wanted| match &body[name] {
                Value::String(text) => text == wanted,
                other => wanted.parse().is_ok_and(|wanted: u64| other.as_u64() == Some(wanted)),
            })
        };
        let found: Vec<&Value> = self
            .shipments
            .iter()
            .filter(|shipment| shipment.label == labels)
            .map(|shipment| &shipment.body)
            .filter(|body| {
                ["orderId", "orderNumber", "trackingNumber", "carrierCode"]
                    .iter()
                    .all(|name| same(body, name))
            })
            .filter(|body| spans.iter().all(|span| span.holds(body[span.field].as_str().unwrap_or(""))))
            .collect();
        let (window, total, page, pages) = window(call, found);
        let with_items =
            call.param("includeShipmentItems").is_some_and(|yes| yes.eq_ignore_ascii_case("true"));
        let shown: Vec<Value> = window
            .into_iter()
            .cloned()
            .map(|mut body| {
                if labels && !with_items {
                    body["shipmentItems"] = Value::Null;
                }
                body
            })
            .collect();
        let name = if labels { "shipments" } else { "fulfillments" };
        Ok(json!({ name: shown, "total": total, "page": page, "pages": pages }))
    }
}

/// A span of time asked for in the query.
struct Span {
    field: &'static str,
    from: Option<NaiveDateTime>,
    to: Option<NaiveDateTime>,
}

impl Span {
    fn of(call: &Call, field: &'static str) -> Result<Span, Refusal> {
        let read = |end: &str| -> Result<Option<NaiveDateTime>, Refusal> {
            let name = format!("{field}{end}");
            let Some(text) = call.param(&name) else {
                return Ok(None);
            };
            let wrong =
                || check::invalid(&[(name.clone(), format!("The value '{text}' is not valid for {name}."))]);
            check::moment(text).map(Some).ok_or_else(wrong)
        };
        Ok(Span { field, from: read("Start")?, to: read("End")? })
    }

    fn holds(&self, text: &str) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let Some(time) = check::moment(text) else {
            return false;
        };
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time <= to)
    }
}

/// One page of a list: its rows, how many there are, its number, how many pages there are.
fn window<T>(call: &Call, found: Vec<T>) -> (Vec<T>, usize, usize, usize) {
    let size = call.number("pageSize", 100, 1..=500);
    let page = call.number("page", 1, 1..=1_000_000);
    let total = found.len();
    let rows = found.into_iter().skip((page - 1) * size).take(size).collect();
    (rows, total, page, total.div_ceil(size))
}
