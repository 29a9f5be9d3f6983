//! *Send test event*, and *Re-send* of one delivery: the same event, with its own
//! id, in a further delivery.

use super::{Delivery, DeliveryState, Endpoint, EndpointState, Trigger, edit::entry, endpoint_data, leave};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{TraceId, activity},
    ids::{DeliveryId, log_id_floor},
    notify::events::{self, EventType},
};
use chrono::Duration;
use diesel::{QueryableByName, sql_types::BigInt};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Tests of one endpoint in an hour.
const TESTS: i64 = 10;

/// What was left behind, for whoever waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The delivery.
    pub delivery: DeliveryId,
}

/// *Send test event*
#[derive(Debug)]
pub struct SendTestEvent;

impl Action for SendTestEvent {
    type Subject = Endpoint;
    type Input = NoInput;
    const NAME: &'static str = "send_test_event";
    const LABEL: &'static str = "Send test event";
    const PERMISSION: Permission = Permission::WebhooksResend;

    fn available(subject: &Endpoint) -> Availability {
        super::change::there(subject)
    }

    async fn preview(_: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Send a test event to {}?", subject.label()),
            effects: vec![
                "One signed message of the type endpoint_test is sent, once. It tells of no order.".into(),
            ],
            button: "Send test event".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let account = scope.account();
        let sent: Option<Count> = scope
            .row(
                sql(
                    "select count(*) as n from webhook_deliveries where account_id = {} and endpoint_id = {} \
                     and trigger = 'test' and id >= {}",
                )
                .bind(account)
                .bind(subject.id)
                .bind(log_id_floor(now - Duration::hours(1))),
            )
            .await?;
        if sent.is_some_and(|sent| sent.n >= TESTS) {
            let sentence =
                format!("An endpoint is sent {TESTS} test events an hour at most. Try again later.");
            return Err(ActionError::field("", sentence));
        }
        let kind = EventType::EndpointTest;
        let data = endpoint_data(subject.id.0, &subject.url, "");
        let cause = format!("{}:{}", subject.id, by.trace);
        let Some(event) = events::keep(scope, kind, cause, (None, None), data, &by.trace, now).await? else {
            return Ok(Outcome::unchanged("This test event was sent already."));
        };
        let (delivery, job) =
            leave(scope, event, subject.id, Trigger::Test, Some(now), &by.trace, now).await?;
        let summary = format!("Sent a test event to {}", subject.label());
        activity::record(scope, entry(by, "webhook_tested", subject.id, summary)).await?;
        let outcome =
            Outcome { data: json!(Sent { delivery }), ..Outcome::done("A test event is on its way.") };
        Ok(match job {
            Some(job) => outcome.with_job(job),
            None => outcome,
        })
    }
}

/// *Re-send* one delivery.
#[derive(Debug)]
pub struct ResendDelivery;

impl Action for ResendDelivery {
    type Subject = Delivery;
    type Input = NoInput;
    const NAME: &'static str = "resend_delivery";
    const LABEL: &'static str = "Re-send";
    const PERMISSION: Permission = Permission::WebhooksResend;

    fn available(subject: &Delivery) -> Availability {
        if subject.endpoint_deleted_at.is_some() {
            return Availability::no("Its endpoint was deleted.");
        }
        match (subject.state, subject.endpoint_state) {
            (DeliveryState::Waiting, EndpointState::Paused) => {
                Availability::no("It waits: its endpoint is paused. Resume the endpoint.")
            }
            (DeliveryState::Waiting, _) if subject.attempts == 0 => Availability::no("It is on its way."),
            (_, EndpointState::Disabled) => {
                Availability::no("Its endpoint is disabled. Resume the endpoint first.")
            }
            _ => Availability::Available,
        }
    }

    async fn preview(_: &mut Scope, subject: &Delivery) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Re-send {} to {}?", subject.event_type, subject.endpoint_label()),
            effects: vec![
                format!(
                    "The same message is sent again, with its id {}: the receiver can tell that it is the same.",
                    subject.message_id()
                ),
                "It is a delivery of its own; this one stays as it is.".into(),
            ],
            button: "Re-send".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Delivery,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let due = (subject.endpoint_state == EndpointState::Active).then_some(now);
        // the calls of an event are found by its chain, whoever has it sent again
        let trace = subject.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_else(|| by.trace.clone());
        let (delivery, job) =
            leave(scope, subject.event_id, subject.endpoint_id, Trigger::Resend, due, &trace, now).await?;
        let summary = format!("Sent {} again to {}", subject.message_id(), subject.endpoint_label());
        activity::record(scope, entry(by, "webhook_resent", subject.endpoint_id, summary)).await?;
        let outcome = Outcome { data: json!(Sent { delivery }), ..Outcome::done("It is sent again.") };
        Ok(match job {
            Some(job) => outcome.with_job(job),
            None => Outcome { message: "It waits until its endpoint is resumed.".into(), ..outcome },
        })
    }
}
