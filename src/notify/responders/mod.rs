//! Responders: e-mails to the customer on an event, one per item.

mod change;
mod list;
mod template;

pub use change::{DisableResponder, Draft, EditResponder, EnableResponder, create};
pub use list::{Preview, Responder, latest_shipment, list, preview};
pub use template::{STARTERS, Starter, VARIABLES, check, fill};

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

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::responders)]
struct Enabled {
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
/// responder, once per item, and never twice for one event, however often and by
/// however many this is called.
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
    let responders: Vec<Enabled> = scope
        .rows(
            sql("select id, subject, body from responders where account_id = {} and trigger = {} and enabled order by id limit 20")
                .bind(account)
                .bind(trigger),
        )
        .await?;
    if responders.is_empty() {
        return Ok(0);
    }
    let items = items(scope, shipment).await?;
    let mut written = 0;
    for responder in &responders {
        for item in &items {
            let Some(recipient) = item.email.as_deref().filter(|e| !e.is_empty()) else {
                continue;
            };
            if !first(scope, event, responder.id, item.line_id).await? {
                continue;
            }
            let values = item.values();
            let email = emails::NewEmail {
                responder: Some(responder.id),
                trigger: trigger.as_str(),
                order: Some(order),
                shipment: Some(shipment),
                line: Some(item.line_id),
                event: Some(event),
                recipient,
                subject: one_line(&fill(&responder.subject, &values)),
                body: fill(&responder.body, &values),
                resend_of: None,
            };
            emails::queue(scope, email, trace, now).await?;
            written += 1;
        }
    }
    Ok(written)
}

/// A header must stay one line, whatever a name or a template holds.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes the right to write for an item of an event; `false`: it was written for.
/// Whoever asks at the same moment waits here for the other to commit.
async fn first(
    scope: &mut Scope,
    event: EventId,
    responder: ResponderId,
    line: ShipmentLineId,
) -> DbResult<bool> {
    let account = scope.account();
    let taken = scope
        .execute(
            sql("insert into responses (account_id, event_id, responder_id, shipment_line_id) values ({}, {}, {}, {}) \
                 on conflict do nothing")
            .bind(account)
            .bind(event)
            .bind(responder)
            .bind(line),
        )
        .await?;
    Ok(taken == 1)
}

/// The items of a shipment with what templates may say of them.
async fn items(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<Item>> {
    let account = scope.account();
    scope
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
        .await
}

impl Item {
    /// The variables with their values.
    fn values(&self) -> Vec<(&'static str, String)> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            ("customer_name", text(&self.customer_name)),
            ("order_number", self.order_number.clone()),
            ("shipment_number", self.shipment_number.clone()),
            ("item_name", self.name.clone()),
            ("item_sku", self.sku.clone()),
            ("quantity", self.quantity.to_string()),
            ("courier", text(&self.courier)),
            ("tracking_number", text(&self.tracking_number)),
            ("tracking_url", text(&self.tracking_url)),
        ]
    }
}
