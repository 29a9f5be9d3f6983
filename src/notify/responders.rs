//! Responders: e-mails to the customer on an event, one per item.

use super::emails;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{EventId, OrderId, ResponderId, ShipmentId, ShipmentLineId},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

text_enum! {
    /// What makes a responder write.
    Trigger {
        /// The shipment was posted.
        Fulfilled = "fulfilled",
        /// It left.
        Shipped = "shipped",
        /// It arrived.
        Delivered = "delivered",
    }
}

/// The variables a template may use, with what they stand for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("customer_name", "the customer's name"),
    ("order_number", "the order's number"),
    ("shipment_number", "the shipment's number"),
    ("item_name", "the item"),
    ("item_sku", "the item's SKU"),
    ("quantity", "how many of it"),
    ("courier", "the courier"),
    ("tracking_number", "the tracking number"),
    ("tracking_url", "where it can be followed"),
];

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::responders)]
struct Responder {
    #[diesel(sql_type = BigInt)]
    id: ResponderId,
    subject: String,
    body: String,
}

#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = BigInt)]
    line_id: ShipmentLineId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    quantity: i32,
    #[diesel(sql_type = Text)]
    order_number: String,
    #[diesel(sql_type = Text)]
    shipment_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    customer_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_url: Option<String>,
}

/// How many e-mails a trigger would write for a shipment: shown before confirming.
pub async fn would_write(scope: &mut Scope, trigger: Trigger, shipment: ShipmentId) -> DbResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let account = scope.account();
    let count: Option<Count> = scope
        .row(
            sql("select (select count(*) from responders where account_id = {} and trigger = {} and enabled) \
                 * (select count(*) from shipment_lines l join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                    join orders o on o.account_id = s.account_id and o.id = s.order_id \
                    join customers c on c.account_id = o.account_id and c.id = o.customer_id \
                    where l.account_id = {} and l.shipment_id = {} and c.email is not null) as n")
            .bind(account)
            .bind(trigger)
            .bind(account)
            .bind(shipment),
        )
        .await?;
    Ok(count.map_or(0, |c| c.n))
}

/// Writes the e-mails of an event, in the caller's transaction: each enabled
/// responder, once per item. Called once per event, so never twice for one.
pub async fn trigger(
    scope: &mut Scope,
    trigger: Trigger,
    event: EventId,
    order: OrderId,
    shipment: ShipmentId,
    trace: &TraceId,
    now: Instant,
) -> DbResult<usize> {
    let account = scope.account();
    let responders: Vec<Responder> = scope
        .rows(
            sql("select id, subject, body from responders where account_id = {} and trigger = {} and enabled order by id limit 20")
                .bind(account)
                .bind(trigger),
        )
        .await?;
    if responders.is_empty() {
        return Ok(0);
    }
    let items: Vec<Item> = scope
        .rows(
            sql("select l.id as line_id, ol.name, ol.sku, l.quantity, o.number as order_number, s.number as shipment_number, \
                 c.name as customer_name, c.email, s.courier, s.tracking_number, s.tracking_url \
                 from shipment_lines l join shipments s on s.account_id = l.account_id and s.id = l.shipment_id \
                 join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                 join orders o on o.account_id = s.account_id and o.id = s.order_id \
                 left join customers c on c.account_id = o.account_id and c.id = o.customer_id \
                 where l.account_id = {} and l.shipment_id = {} order by l.id")
            .bind(account)
            .bind(shipment),
        )
        .await?;
    let mut written = 0;
    for responder in &responders {
        for item in &items {
            let Some(recipient) = item.email.as_deref().filter(|e| !e.is_empty()) else {
                continue;
            };
            let values = [
                ("customer_name", item.customer_name.clone().unwrap_or_default()),
                ("order_number", item.order_number.clone()),
                ("shipment_number", item.shipment_number.clone()),
                ("item_name", item.name.clone()),
                ("item_sku", item.sku.clone()),
                ("quantity", item.quantity.to_string()),
                ("courier", item.courier.clone().unwrap_or_default()),
                ("tracking_number", item.tracking_number.clone().unwrap_or_default()),
                ("tracking_url", item.tracking_url.clone().unwrap_or_default()),
            ];
            let email = emails::NewEmail {
                responder: Some(responder.id),
                trigger: trigger.as_str(),
                order,
                shipment,
                line: Some(item.line_id),
                event,
                recipient,
                // a header must stay one line
                subject: fill(&responder.subject, &values).replace(['\r', '\n'], " "),
                body: fill(&responder.body, &values),
            };
            emails::queue(scope, email, trace, now).await?;
            written += 1;
        }
    }
    Ok(written)
}

/// Puts values into a template's `{{variables}}`. Unknown ones stay as they are:
/// saving a template refuses them.
pub fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start + 2..].find("}}") else {
            break;
        };
        let name = rest[start + 2..start + 2 + length].trim();
        out.push_str(&rest[..start]);
        match values.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..start + length + 4]),
        }
        rest = &rest[start + length + 4..];
    }
    out.push_str(rest);
    out
}
