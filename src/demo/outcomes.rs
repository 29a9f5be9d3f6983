//! What posts and submissions came to, with their steps, problems and jobs.

use super::{
    book::*,
    evidence::{Evidence, Of},
    rows::*,
    trouble,
};
use crate::{
    clock::Instant,
    evidence::Actor,
    ids::{ChannelId, ConnectionId},
    outbound::ErrorClass,
    problems::{
        ProblemKind,
        diagnose::{NEEDS_PERSON, cause_key},
    },
    shipments::submit::SUBMIT_FULFILLMENT,
};
use chrono::Duration;
use serde_json::json;

impl Evidence<'_> {
    pub fn step(
        &mut self,
        when: Instant,
        at: usize,
        of: usize,
        n: usize,
        step: &str,
        detail: String,
        record: Option<i64>,
    ) {
        let id = self.log_id(when);
        self.attempts.push(AttemptRow {
            id,
            post_id: self.written.posts[at][of][n],
            shipment_id: self.written.shipments[at][of],
            attempt_no: i32::from(step != "queued"),
            lease_epoch: i64::from(step != "queued"),
            step: step.to_owned(),
            external_reference: self.book.orders[at].parcels[of].reference().to_owned(),
            detail,
            transaction_record_id: record,
        });
    }

    pub fn post(&mut self, at: usize, of: usize, n: usize) {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let post = &parcel.posts[n];
        let id = self.written.shipments[at][of];
        let here = Of::shipment(id, self.written.orders[at]);
        let name = book.merchant.connections[parcel.connection].name;
        let provider = Actor::provider(name);
        let earlier = n.checked_sub(1).and_then(|before| parcel.posts[before].accepted());
        let (verb, word) = if n == 0 {
            ("shipment_post_queued", "Posting")
        } else {
            ("shipment_repost_queued", "Re-posting")
        };
        let actor = self.person(post.by);
        let line =
            self.note(post.requested, &actor, verb, here, format!("{word} {} to {name}", parcel.number));
        line.trace_id = Some(parcel.trace.clone());
        self.step(post.requested, at, of, n, "queued", post.reason.to_owned(), None);
        if let Some((posted, remote)) = earlier {
            self.step(post.requested, at, of, n - 1, "superseded", post.reason.to_owned(), None);
            let words = format!("Cleared the previous post date and fulfillment id of {}", parcel.number);
            let line = self.note(post.sent, &Actor::system(), "shipment_post_cleared", here, words);
            line.before = Some(json!({ "date_post": posted.to_rfc3339(), "fulfillment_id": remote }));
            line.after = Some(json!({ "date_post": null, "fulfillment_id": null }));
        }
        self.step(post.sent, at, of, n, "sent", String::new(), None);
        let troubled = !matches!(post.end, PostEnd::Accepted { .. });
        let record = (troubled || self.is_recent(post.sent)).then(|| self.post_record(at, of, id, post));
        let (when, verb, words, result) = match &post.end {
            PostEnd::Accepted { at: when, remote } => {
                self.step(*when, at, of, n, "accepted", format!("Provider order {remote}"), record);
                (*when, "shipment_posted", format!("{name} accepted {} as {remote}", parcel.number), "ok")
            }
            PostEnd::Rejected { at: when, trouble } => {
                self.step(*when, at, of, n, "rejected", trouble.message.clone(), record);
                self.problem(at, of, ProblemKind::Post, trouble, *when, None, record);
                (*when, "shipment_post_failed", format!("{name} refused {}", parcel.number), "failed")
            }
            PostEnd::Unknown { at: when } | PostEnd::NeedsPerson { at: when } => {
                let person = matches!(post.end, PostEnd::NeedsPerson { .. });
                let lost = post.sent + Duration::seconds(20);
                self.step(lost, at, of, n, "unknown", trouble::UNKNOWN.to_owned(), record);
                if person {
                    self.step(
                        *when,
                        at,
                        of,
                        n,
                        "checked_unclear",
                        "ShipStation answered with status 503.".to_owned(),
                        None,
                    );
                }
                let trouble = Trouble {
                    class: if person { ErrorClass::Unknown } else { ErrorClass::Timeout },
                    code: person.then_some(NEEDS_PERSON),
                    message: trouble::UNKNOWN.to_owned(),
                    stage: Stage::Request,
                    status: None,
                    response: String::new(),
                    attempts: 1,
                };
                self.problem(at, of, ProblemKind::Post, &trouble, lost, None, record);
                let words = format!(
                    "It is not known whether {name} took {}; it is not sent again until it is",
                    parcel.number
                );
                let line = self.note(lost, &Actor::system(), "shipment_post_unknown", here, words);
                line.result = "warning".to_owned();
                line.transaction_record_id = record;
                line.trace_id = Some(parcel.trace.clone());
                if person {
                    let words = format!(
                        "Nothing can tell whether {name} has {}; look there and decide",
                        parcel.number
                    );
                    self.note(*when, &Actor::system(), "shipment_post_needs_person", here, words).result =
                        "warning".to_owned();
                }
                return;
            }
        };
        let line = self.note(when, &provider, verb, here, words);
        line.result = result.to_owned();
        line.transaction_record_id = record;
        line.trace_id = Some(parcel.trace.clone());
        if let PostEnd::Accepted { remote, .. } = &post.end {
            line.before = Some(json!({ "date_post": null, "fulfillment_id": null }));
            line.after = Some(json!({ "date_post": when.to_rfc3339(), "fulfillment_id": remote }));
        }
        if self.is_recent(when) {
            let cause = format!("post:{}", self.written.posts[at][of][n]);
            match post.end {
                PostEnd::Accepted { .. } => self.event(at, of, "shipment_fulfilled", &cause, when),
                _ => self.event(at, of, "shipment_error", &format!("{cause}:1"), when),
            }
        }
    }

    pub fn submitted(&mut self, at: usize, of: usize) {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let id = self.written.shipments[at][of];
        let (when, trouble, warning, next) = match &parcel.sync {
            Sync::Synced { at } => (*at, None, None, None),
            Sync::Warned { at, words } => (*at, None, Some(words.as_str()), None),
            Sync::Failed { at, trouble } => (*at, Some(trouble), None, None),
            Sync::Pending { at, next, trouble } => (*at, Some(trouble), None, Some(*next)),
            _ => return,
        };
        let channel = &book.merchant.channels[order.channel];
        let channel_id = self.ids.channels[order.channel];
        let here = Of::shipment(id, self.written.orders[at]).with_channel(channel_id);
        let sent = when - Duration::milliseconds(1900);
        let words = format!("Sending the tracking of {} to {}", parcel.number, channel.name);
        self.note(sent, &Actor::system(), "fulfillment_submitted", here, words).trace_id =
            Some(parcel.trace.clone());
        let record = if trouble.is_some() || self.is_recent(when) {
            self.submission(at, of, id, sent, trouble, warning)
        } else {
            None
        };
        let (words, result) = match (trouble, warning) {
            (Some(_), _) => (format!("{} refused the tracking", channel.name), "failed"),
            (None, Some(_)) => (format!("{} took the tracking, with a warning", channel.name), "warning"),
            (None, None) => (format!("{} took the tracking", channel.name), "ok"),
        };
        let line = self.note(when, &Actor::channel(channel.name), "fulfillment_replied", here, words);
        line.result = result.to_owned();
        line.transaction_record_id = record;
        line.trace_id = Some(parcel.trace.clone());
        if let Some(trouble) = trouble {
            self.problem(at, of, ProblemKind::Submit, trouble, when, next, record);
        } else if self.dice.permille(14) {
            self.resolved(at, of, when);
        }
        if next.is_none() && self.is_recent(when) {
            let kind =
                if trouble.is_some() { "channel_submission_failed" } else { "channel_submission_succeeded" };
            self.event(at, of, kind, &format!("demo:{id}"), when);
        }
    }

    pub fn problem(
        &mut self,
        at: usize,
        of: usize,
        kind: ProblemKind,
        trouble: &Trouble,
        when: Instant,
        next: Option<Instant>,
        record: Option<i64>,
    ) {
        let order = &self.book.orders[at];
        let parcel = &order.parcels[of];
        let shipment = self.written.shipments[at][of];
        let submit = kind == ProblemKind::Submit;
        let channel = submit.then(|| self.ids.channels[order.channel]);
        let connection = (!submit).then(|| self.ids.connections[parcel.connection]);
        let courier = parcel.courier.filter(|_| submit).map(|courier| courier.sent);
        let cause = cause_key(
            kind,
            trouble.class,
            channel.map(ChannelId),
            connection.map(ConnectionId),
            courier,
            trouble.code,
        );
        self.problems.push(ProblemRow {
            kind: kind.to_string(),
            shipment_id: Some(shipment),
            order_id: Some(self.written.orders[at]),
            channel_id: channel,
            connection_id: connection,
            error_class: trouble.class.to_string(),
            cause_key: cause,
            courier: courier.map(str::to_owned),
            code: trouble.code.map(str::to_owned),
            detail: trouble.message.clone(),
            attempts: trouble.attempts,
            first_seen_at: when - Duration::seconds(i64::from(trouble.attempts - 1) * 240),
            last_seen_at: when,
            next_attempt_at: next,
            will_retry: next.is_some(),
            resolved_at: None,
            resolved_by: None,
            transaction_record_id: record,
            trace_id: Some(parcel.trace.clone()),
        });
        if let Some(next) = next {
            self.jobs.push(JobRow {
                kind: SUBMIT_FULFILLMENT.to_owned(),
                object_key: format!("shipment:{shipment}"),
                dedupe_key: Some(format!("submit:{shipment}")),
                payload: json!({ "shipment_id": shipment }),
                due_at: next,
                attempts: trouble.attempts,
                last_error: Some(trouble.message.clone()),
                trace_id: Some(parcel.trace.clone()),
                created_at: when - Duration::minutes(30),
            });
        }
    }

    /// Something was wrong for a while, and is no more.
    pub fn resolved(&mut self, at: usize, of: usize, when: Instant) {
        let trouble = match self.dice.below(3) {
            0 => trouble::throttled(1),
            1 => trouble::unavailable(),
            _ => trouble::gibberish(),
        };
        let before = self.problems.len();
        self.problem(at, of, ProblemKind::Submit, &trouble, when - Duration::seconds(900), None, None);
        if let Some(problem) = self.problems.get_mut(before) {
            problem.resolved_at = Some(when);
            problem.resolved_by = Some("The channel took it.".to_owned());
        }
    }
}
