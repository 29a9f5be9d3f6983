//! What happened to each order and shipment, line by line: activity, post
//! attempts, problems, jobs; with the exchanges they came from.

use super::{
    book::*,
    dice::Dice,
    rows::*,
    setup::{Ids, base_url},
    stories,
    told::Told,
    write::{Written, staff},
};
use crate::{
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Actor, ActorKind, activity::Subject},
    ids::log_id_floor,
    sandbox::Sandbox,
};
use chrono::Duration;
use serde_json::{Value, json};

/// Exchanges are kept so many days back, and so is what was told.
pub(super) const RECENT: i64 = 12;

/// Everything that is written down of a book.
pub(super) struct Evidence<'a> {
    pub book: &'a Book,
    pub ids: &'a Ids,
    pub written: &'a Written,
    pub dice: &'a mut Dice,
    /// Base URLs by channel, and the provider's.
    pub bases: Vec<String>,
    pub provider_base: String,
    pub hook_url: String,
    sequence: i64,
    pub records: Vec<RecordRow>,
    pub activities: Vec<ActivityRow>,
    pub attempts: Vec<AttemptRow>,
    pub problems: Vec<ProblemRow>,
    pub jobs: Vec<JobRow>,
    pub told: Told,
}

/// Where a line of history belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of {
    pub subject: Subject,
    pub id: i64,
    pub order: Option<i64>,
    pub shipment: Option<i64>,
    pub channel: Option<i64>,
}

impl Of {
    pub fn order(id: i64, channel: Option<i64>) -> Of {
        Of { subject: Subject::Order, id, order: Some(id), shipment: None, channel }
    }

    pub fn shipment(id: i64, order: i64) -> Of {
        Of { subject: Subject::Shipment, id, order: Some(order), shipment: Some(id), channel: None }
    }

    pub fn channel(id: i64) -> Of {
        Of { subject: Subject::Channel, id, order: None, shipment: None, channel: Some(id) }
    }

    pub fn other(subject: Subject, id: i64) -> Of {
        Of { subject, id, order: None, shipment: None, channel: None }
    }

    pub fn with_channel(self, channel: i64) -> Of {
        Of { channel: Some(channel), ..self }
    }
}

impl<'a> Evidence<'a> {
    pub fn new(
        book: &'a Book,
        ids: &'a Ids,
        written: &'a Written,
        dice: &'a mut Dice,
        sandbox: &Sandbox,
    ) -> Self {
        Evidence {
            book,
            ids,
            written,
            dice,
            bases: book
                .merchant
                .channels
                .iter()
                .map(|channel| base_url(sandbox, channel.kind, channel.external))
                .collect(),
            provider_base: sandbox.shipstation_base(),
            hook_url: sandbox.hook_url(stories::HOOK),
            sequence: 0,
            records: Vec::new(),
            activities: Vec::new(),
            attempts: Vec::new(),
            problems: Vec::new(),
            jobs: Vec::new(),
            told: Told::default(),
        }
    }

    /// As `log_id_at` makes it.
    pub fn log_id(&mut self, at: Instant) -> i64 {
        self.sequence += 1;
        log_id_floor(at) | (self.sequence & 4095)
    }

    pub fn is_recent(&self, at: Instant) -> bool {
        at > self.book.now - Duration::days(RECENT)
    }

    /// Adds a line of history.
    pub fn note(
        &mut self,
        at: Instant,
        actor: &Actor,
        verb: &str,
        of: Of,
        summary: String,
    ) -> &mut ActivityRow {
        let id = self.log_id(at);
        self.activities.push(ActivityRow {
            id,
            actor_kind: actor.kind.to_string(),
            actor_id: actor.id,
            actor_name: actor.name.clone(),
            verb: verb.to_owned(),
            result: "ok".to_owned(),
            summary,
            subject_kind: of.subject.to_string(),
            subject_id: of.id,
            order_id: of.order,
            shipment_id: of.shipment,
            channel_id: of.channel,
            before: None,
            after: None,
            transaction_record_id: None,
            trace_id: None,
        });
        let last = self.activities.len() - 1;
        &mut self.activities[last]
    }

    pub fn person(&self, hand: Hand) -> Actor {
        let staff = staff(self.ids, hand);
        Actor { kind: ActorKind::User, id: Some(staff.id), name: staff.name.to_owned() }
    }

    /// Writes everything down that the book tells.
    pub fn tell_all(&mut self) {
        for channel in 0..self.book.merchant.channels.len() {
            if self.book.merchant.channels[channel].kind != ChannelKind::Manual {
                self.polls(channel);
            }
        }
        for at in 0..self.book.orders.len() {
            self.order(at);
        }
    }

    fn order(&mut self, at: usize) {
        let book = self.book;
        let order = &book.orders[at];
        let id = self.written.orders[at];
        let channel = &book.merchant.channels[order.channel];
        let channel_id = self.ids.channels[order.channel];
        let of = Of::order(id, Some(channel_id));
        let actor = match channel.kind {
            ChannelKind::Manual => self.person(Hand::Client),
            _ => Actor::channel(channel.name),
        };
        let came = self.dice.after(order.placed, 2, 12);
        let line = self.note(came, &actor, "order_imported", of, format!("Order {} came in", order.number));
        line.trace_id = Some(order.trace.clone());
        for hold in &order.holds {
            let actor = self.person(hold.by);
            let after = json!({ "kind": hold.kind, "reason": hold.reason, "hold_until": hold.until.map(|at| at.to_rfc3339()) });
            let words = format!("Held order {}: {}", order.number, hold.reason);
            self.note(hold.created, &actor, "hold_added", Of::order(id, None), words).after = Some(after);
            if let Some(released) = hold.released {
                let words = format!("Removed the {} hold of order {}", hold.kind, order.number);
                self.note(released, &actor, "hold_removed", Of::order(id, None), words).before =
                    Some(json!({ "kind": hold.kind }));
            }
        }
        if let Some(canceled) = order.canceled {
            let words = format!("Order {} changed at the channel", order.number);
            let line = self.note(canceled, &Actor::channel(channel.name), "order_updated", of, words);
            line.before = Some(json!({ "canceled_at": null }));
            line.after = Some(json!({ "canceled_at": canceled.to_rfc3339() }));
        }
        for of in 0..order.parcels.len() {
            self.parcel(at, of);
        }
    }

    fn parcel(&mut self, at: usize, of: usize) {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let (order_id, id) = (self.written.orders[at], self.written.shipments[at][of]);
        let here = Of::shipment(id, order_id);
        let trace = Some(parcel.trace.clone());
        if parcel.reship_of.is_some() {
            let actor = self.person(Hand::Client);
            let words = format!("Reshipped 1 item of order {} as {}", order.number, parcel.number);
            self.note(
                parcel.planned,
                &actor,
                "order_reshipped",
                Of { subject: Subject::Order, id: order_id, ..here },
                words,
            )
            .trace_id = trace.clone();
        } else {
            let words = format!("Shipment {} planned for order {}", parcel.number, order.number);
            self.note(parcel.planned, &Actor::system(), "shipment_planned", here, words).trace_id =
                Some(order.trace.clone());
        }
        for n in 0..parcel.posts.len() {
            self.post(at, of, n);
        }
        if let (Some(shipped), Some(courier)) = (parcel.shipped, parcel.courier) {
            let provider = Actor::provider(book.merchant.connections[parcel.connection].name);
            let words = format!("{} left with {}, tracking {}", parcel.number, courier.sent, parcel.tracking);
            let line = self.note(shipped, &provider, "shipment_shipped", here, words);
            line.before = Some(json!({ "courier": null, "tracking_number": null }));
            line.after = Some(json!({ "courier": courier.sent, "tracking_number": parcel.tracking }));
            line.trace_id = trace.clone();
            if self.is_recent(shipped) {
                self.event(
                    at,
                    of,
                    "shipment_shipped",
                    &format!("tracking:{id}:{}", parcel.tracking),
                    shipped,
                );
            }
            self.submitted(at, of);
            if let Some(delivered) = parcel.delivered {
                self.note(
                    delivered,
                    &provider,
                    "shipment_delivered",
                    here,
                    format!("{} was delivered", parcel.number),
                );
            }
        }
        if let Some((when, note)) = parcel.marked {
            let actor = self.person(Hand::Admin);
            let words = format!("Marked {} as an error: {note}", parcel.number);
            self.note(when, &actor, "shipment_marked_as_error", here, words).result = "failed".to_owned();
        }
        if let Some((when, why)) = parcel.voided {
            let actor = if order.canceled.is_some() { Actor::system() } else { self.person(Hand::Admin) };
            self.note(when, &actor, "shipment_voided", here, format!("Voided {}. {why}", parcel.number));
        }
    }

    /// Inserts what was gathered.
    pub async fn write(self, scope: &mut Scope) -> DbResult<()> {
        insert(scope, &self.records).await?;
        insert(scope, &self.activities).await?;
        insert(scope, &self.attempts).await?;
        insert(scope, &self.problems).await?;
        insert(scope, &self.jobs).await?;
        self.told.write(scope).await
    }
}

/// Nothing before, this after.
pub(super) fn now_is(after: Value) -> (Option<Value>, Option<Value>) {
    (None, Some(after))
}
