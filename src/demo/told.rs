//! What was told: webhook events with their deliveries, e-mails, and the files
//! that were imported; and what people changed in the settings.

use super::{
    book::*,
    evidence::{Evidence, Of, now_is},
    merchants::{EBAY, FILES, WEB},
    plan::{DAYS, MAPPING_BROKEN},
    rows::*,
    stories,
};
use crate::{
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope},
    evidence::activity::Subject,
    notify::responders::fill,
};
use chrono::Duration;
use serde_json::json;

/// Rows for others than us.
#[derive(Debug, Default)]
pub(super) struct Told {
    events: Vec<EventRow>,
    deliveries: Vec<DeliveryRow>,
    emails: Vec<EmailRow>,
    records: Vec<RecordRow>,
}

impl Told {
    pub async fn write(self, scope: &mut Scope) -> DbResult<()> {
        insert(scope, &self.events).await?;
        insert(scope, &self.records).await?;
        insert(scope, &self.deliveries).await?;
        insert(scope, &self.emails).await?;
        Ok(())
    }
}

impl Evidence<'_> {
    /// Tells an event: the event, its delivery, the e-mails it makes.
    pub fn event(&mut self, at: usize, of: usize, kind: &'static str, cause: &str, when: Instant) {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let (order_id, shipment) = (self.written.orders[at], self.written.shipments[at][of]);
        let items: Vec<_> = parcel
            .lines
            .iter()
            .zip(&self.written.shipment_lines[at][of])
            .map(|((line, quantity), id)| {
                let good = &book.goods[order.lines[*line].good];
                json!({ "id": id, "sku": good.sku, "name": good.name, "quantity": quantity })
            })
            .collect();
        let shipped = parcel.shipped.filter(|shipped| *shipped <= when);
        let live = parcel.live_post().filter(|(posted, _)| *posted <= when);
        let status = match kind {
            "shipment_fulfilled" => "pending_tracking",
            "shipment_error" => "error",
            _ => "shipped",
        };
        let sync = match kind {
            "channel_submission_succeeded" => "synced",
            "channel_submission_failed" => "failed",
            _ => "awaiting_send",
        };
        let data = json!({ "shipment": {
            "id": shipment, "number": parcel.number, "order_id": order_id, "order_number": order.number,
            "channel_reference": order.reference, "status": status, "channel_sync": sync,
            "channel_message": null,
            "date_post": live.map(|(posted, _)| posted.to_rfc3339()), "fulfillment_id": live.map(|(_, remote)| remote),
            "courier": shipped.and(parcel.courier).map(|courier| courier.sent),
            "tracking_number": shipped.map(|_| &parcel.tracking), "tracking_url": shipped.and(super::write::tracking_url(parcel)),
            "shipped_at": shipped.map(|shipped| shipped.to_rfc3339()), "delivered_at": null, "items": items,
        }});
        let id = self.log_id(when);
        self.told.events.push(EventRow {
            id,
            event_type: kind.to_owned(),
            cause: format!("{kind}:{cause}"),
            order_id: Some(order_id),
            shipment_id: Some(shipment),
            payload: json!({ "type": kind, "timestamp": when.to_rfc3339(), "data": data }),
            trace_id: Some(parcel.trace.clone()),
            occurred_at: when,
        });
        self.delivery(id, kind, order_id, shipment, &parcel.trace, when);
        match kind {
            "shipment_fulfilled" => self.emails(at, of, "fulfilled", id, when),
            "shipment_shipped" => self.emails(at, of, "shipped", id, when),
            _ => {}
        }
    }

    fn delivery(&mut self, event: i64, kind: &str, order: i64, shipment: i64, trace: &str, when: Instant) {
        let Some(endpoint) = self.ids.endpoint else { return };
        let failed = self.dice.permille(9);
        let sent = when + Duration::milliseconds(600);
        let shown = failed || sent > self.book.now - Duration::days(2);
        let record = shown.then(|| {
            let id = self.log_id(sent);
            self.told.records.push(RecordRow {
                id,
                log_type: "deliver_webhook".to_owned(),
                status: if failed { "failed" } else { "success" }.to_owned(),
                direction: "out".to_owned(),
                attempt: if failed { 10 } else { 1 },
                channel_id: None,
                connection_id: None,
                endpoint_id: Some(endpoint),
                order_id: Some(order),
                shipment_id: Some(shipment),
                courier: None,
                method: "POST".to_owned(),
                url: self.hook_url.clone(),
                request_headers: json!([
                    ["Content-Type", "application/json"],
                    ["webhook-id", format!("evt_{event}")],
                    ["webhook-timestamp", sent.timestamp().to_string()],
                    ["webhook-signature", "•••• (redacted)"]
                ]),
                request_body: json!({ "type": kind, "timestamp": when.to_rfc3339() }).to_string(),
                response_status: Some(if failed { 500 } else { 200 }),
                response_headers: json!([]),
                response_body: String::new(),
                duration_ms: Some(38),
                error_class: failed.then(|| "unavailable".to_owned()),
                error_code: failed.then(|| "500".to_owned()),
                error_message: failed.then(|| "The endpoint answered 500.".to_owned()),
                trace_id: Some(trace.to_owned()),
                finished_at: Some(sent + Duration::milliseconds(38)),
            });
            id
        });
        let id = self.log_id(when);
        self.told.deliveries.push(DeliveryRow {
            id,
            event_id: event,
            endpoint_id: endpoint,
            state: if failed { "failed" } else { "delivered" }.to_owned(),
            attempts: if failed { 10 } else { 1 },
            last_status: Some(if failed { 500 } else { 200 }),
            last_record_id: record,
            last_attempt_at: Some(sent),
            last_error: failed.then(|| "The endpoint answered 500.".to_owned()),
            finished_at: Some(sent + Duration::milliseconds(38)),
        });
    }

    /// One e-mail for each item, if a responder is switched on.
    fn emails(&mut self, at: usize, of: usize, trigger: &str, event: i64, when: Instant) {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let person = &book.people[order.person];
        let Some((responder, template)) =
            self.ids.responders.iter().find(|(_, row)| row.trigger == trigger && row.enabled)
        else {
            return;
        };
        let shipped = trigger == "shipped";
        for ((line, quantity), line_id) in parcel.lines.iter().zip(&self.written.shipment_lines[at][of]) {
            let good = &book.goods[order.lines[*line].good];
            let told = |text: Option<String>| {
                if shipped { text.unwrap_or_default() } else { String::new() }
            };
            let values = [
                ("customer_name", person.name.clone()),
                ("order_number", order.number.clone()),
                ("shipment_number", parcel.number.clone()),
                ("item_name", good.name.clone()),
                ("item_sku", good.sku.clone()),
                ("quantity", quantity.to_string()),
                ("courier", told(parcel.courier.map(|courier| courier.sent.to_owned()))),
                ("tracking_number", told(Some(parcel.tracking.clone()))),
                ("tracking_url", told(super::write::tracking_url(parcel))),
            ];
            self.sequence_email(
                EmailRow {
                    id: 0,
                    responder_id: Some(*responder),
                    trigger: trigger.to_owned(),
                    order_id: Some(self.written.orders[at]),
                    shipment_id: Some(self.written.shipments[at][of]),
                    shipment_line_id: Some(*line_id),
                    event_id: Some(event),
                    recipient: person.email.clone(),
                    subject: fill(&template.subject, &values),
                    body: fill(&template.body, &values),
                    state: "kept".to_owned(),
                    attempts: 1,
                    trace_id: Some(parcel.trace.clone()),
                    finished_at: Some(when + Duration::seconds(1)),
                },
                when,
            );
        }
    }

    fn sequence_email(&mut self, email: EmailRow, when: Instant) {
        let id = self.log_id(when);
        self.told.emails.push(EmailRow { id, ..email });
    }

    /// What people changed in the settings over the months.
    pub fn settings(&mut self) {
        let book = self.book;
        let since = book.now - Duration::days(DAYS + 28);
        let admin = self.person(Hand::Admin);
        let minutes = |n: i64| since + Duration::minutes(n);
        for (at, channel) in book.merchant.channels.iter().enumerate() {
            let id = self.ids.channels[at];
            self.note(
                minutes(at as i64 * 9),
                &admin,
                "channel_connected",
                Of::channel(id),
                format!("Connected {}", channel.name),
            );
            if channel.kind == ChannelKind::Manual {
                continue;
            }
            for (n, courier) in channel.couriers.iter().enumerate() {
                let Some(name) = courier.mapped else { continue };
                let name = if name == "Evri" { stories::MISMAPPED_FIX } else { name };
                let words = format!("Mapped courier {} to {name}", courier.sent);
                let line = self.note(
                    minutes(at as i64 * 9 + 1 + n as i64),
                    &admin,
                    "courier_mapped",
                    Of::channel(id),
                    words,
                );
                (line.before, line.after) = now_is(json!({ "courier": courier.sent, "custom_name": name }));
            }
        }
        for (at, connection) in book.merchant.connections.iter().enumerate() {
            let of = Of::other(Subject::Connection, self.ids.connections[at]);
            self.note(
                minutes(40 + at as i64),
                &admin,
                "connection_connected",
                of,
                format!("Connected {}", connection.name),
            );
        }
        for (at, (id, responder)) in self.ids.responders.iter().enumerate() {
            if responder.enabled {
                let of = Of::other(Subject::Responder, *id);
                self.note(
                    minutes(50 + at as i64),
                    &admin,
                    "responder_enabled",
                    of,
                    format!("Switched on the responder “{}”", responder.name),
                );
            }
        }
        if let Some(endpoint) = self.ids.endpoint {
            let of = Of::other(Subject::Webhook, endpoint);
            self.note(
                minutes(60),
                &admin,
                "webhook_connected",
                of,
                "Connected Harbour’s own shop system".into(),
            );
            let ebay = Of::channel(self.ids.channels[EBAY]);
            let words = format!(
                "Changed the mapping of courier {} from {} to Evri",
                stories::MISMAPPED_COURIER,
                stories::MISMAPPED_FIX
            );
            let line = self.note(
                book.now - Duration::hours(MAPPING_BROKEN),
                &admin,
                "courier_mapping_changed",
                ebay,
                words,
            );
            line.before =
                Some(json!({ "courier": stories::MISMAPPED_COURIER, "custom_name": stories::MISMAPPED_FIX }));
            line.after = Some(json!({ "courier": stories::MISMAPPED_COURIER, "custom_name": "Evri" }));
        } else {
            let web = Of::channel(self.ids.channels[WEB]);
            let line = self.note(
                book.now - Duration::days(31),
                &admin,
                "channel_changed",
                web,
                "Unmapped couriers are held back from now on".into(),
            );
            line.before = Some(json!({ "on_unmapped_courier": "send_as_is" }));
            line.after = Some(json!({ "on_unmapped_courier": "hold_back" }));
        }
    }

    /// The files that the wholesale orders came from.
    pub async fn imports(&mut self, scope: &mut Scope) -> DbResult<()> {
        if self.ids.endpoint.is_none() {
            return Ok(());
        }
        let of_files: Vec<usize> =
            (0..self.book.orders.len()).filter(|at| self.book.orders[*at].channel == FILES).collect();
        let client = self.person(Hand::Client);
        for (n, part) in of_files.chunks(of_files.len().div_ceil(6).max(1)).enumerate() {
            let Some(last) = part.last() else { continue };
            let at = self.book.orders[*last].placed + Duration::minutes(3);
            let failed = n % 3;
            let file_name = format!("wholesale-{}.csv", at.format("%Y-%m-%d"));
            let import = ImportRow {
                kind: "orders".to_owned(),
                channel_id: Some(self.ids.channels[FILES]),
                file_name: file_name.clone(),
                file_sha256: format!("{}{}", self.dice.hex32(), self.dice.hex32()),
                state: "finished".to_owned(),
                rows_total: (part.len() + failed) as i32,
                rows_created: part.len() as i32,
                rows_unchanged: 0,
                rows_updated: 0,
                rows_failed: failed as i32,
                notes: Vec::new(),
                started_by: client.id,
                started_by_name: client.name.clone(),
                trace_id: Some(self.dice.hex32()),
                created_at: at,
                finished_at: Some(at + Duration::seconds(4)),
            };
            let id = insert_for_ids(scope, &[import]).await?.into_iter().next().unwrap_or_default();
            let of = Of { channel: Some(self.ids.channels[FILES]), ..Of::other(Subject::Import, id) };
            self.note(at, &client, "import_started", of, format!("Importing orders from {file_name}"));
            let words = format!("Imported {} orders from {file_name}; {failed} failed", part.len());
            self.note(at + Duration::seconds(4), &client, "import_finished", of, words);
            let mut rows: Vec<ImportLineRow> = part
                .iter()
                .enumerate()
                .map(|(line, order)| ImportLineRow {
                    import_id: id,
                    line: line as i32 + 2,
                    reference: self.book.orders[*order].number.clone(),
                    outcome: "created".to_owned(),
                    reason: String::new(),
                    order_id: Some(self.written.orders[*order]),
                    raw: String::new(),
                })
                .collect();
            for bad in 0..failed {
                rows.push(ImportLineRow {
                    import_id: id,
                    line: (part.len() + 2 + bad) as i32,
                    reference: format!("WH-X{n}{bad}"),
                    outcome: "failed".to_owned(),
                    reason: "The column “Lineitem quantity” holds no whole number.".to_owned(),
                    order_id: None,
                    raw: format!("WH-X{n}{bad},buyer@post.example,paid,EUR,HP-MUG-SND,a dozen"),
                });
            }
            insert(scope, &rows).await?;
        }
        Ok(())
    }
}
