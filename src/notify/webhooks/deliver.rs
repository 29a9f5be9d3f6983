//! The job that delivers one event to one endpoint.

use super::{DeliveryState, EndpointState, Payload, SCHEDULE, SECRET, Trigger, health};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::record::{About, LogType},
    ids::{AccountId, DeliveryId, EndpointId, EventId, OrderId, RecordId, ShipmentId, log_id_time},
    jobs::{Claimed, End, Handler, Work},
    outbound::{Answer, Failure, HttpRequest, HttpResponse, signature},
    secrets::Place,
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::Value;

/// The job that delivers one event to one endpoint.
pub const DELIVER_WEBHOOK: &str = "deliver_webhook";

/// Delivers one event to one endpoint.
#[derive(Debug)]
pub struct DeliverWebhook;

#[derive(QueryableByName)]
struct Delivery {
    #[diesel(sql_type = BigInt)]
    id: DeliveryId,
    #[diesel(sql_type = Text)]
    state: DeliveryState,
    #[diesel(sql_type = Text)]
    trigger: Trigger,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = BigInt)]
    event_id: EventId,
    #[diesel(sql_type = Jsonb)]
    payload: Value,
    #[diesel(sql_type = Nullable<BigInt>)]
    order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = BigInt)]
    endpoint_id: EndpointId,
    #[diesel(sql_type = Text)]
    endpoint_state: EndpointState,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    deleted_at: Option<Instant>,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Bytea)]
    secret_sealed: Vec<u8>,
    #[diesel(sql_type = Nullable<Bytea>)]
    previous_secret_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    previous_secret_until: Option<Instant>,
}

impl Delivery {
    async fn load(scope: &mut Scope, id: DeliveryId) -> DbResult<Option<Delivery>> {
        let account = scope.account();
        scope
            .row(
                sql("select d.id, d.state, d.trigger, d.attempts, d.event_id, e.payload, e.order_id, e.shipment_id, \
                     d.endpoint_id, p.state as endpoint_state, p.deleted_at, p.url, p.secret_sealed, \
                     p.previous_secret_sealed, p.previous_secret_until \
                     from webhook_deliveries d join webhook_events e on e.account_id = d.account_id and e.id = d.event_id \
                     join webhook_endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id \
                     where d.account_id = {} and d.id = {}")
                .bind(account)
                .bind(id),
            )
            .await
    }

    /// The message: what every try but its timestamp and signatures has in common.
    fn request(&self, work: &Work, account: AccountId, now: Instant) -> Result<HttpRequest> {
        let body = self.payload.to_string();
        let id = format!("evt_{}", self.event_id);
        let place = Place { account, column: SECRET, row: self.endpoint_id.0 };
        let previous = self
            .previous_secret_sealed
            .as_ref()
            .filter(|_| self.previous_secret_until.is_some_and(|t| t > now));
        let mut signatures = Vec::new();
        for sealed in [Some(&self.secret_sealed), previous].into_iter().flatten() {
            let secret = work.keyring.open(place, sealed)?;
            let signature = signature::standard_webhook(secret.expose_secret(), &id, now.timestamp(), &body)
                .context("the endpoint's secret has not the form whsec_…")?;
            signatures.push(signature);
        }
        Ok(HttpRequest { method: "POST", url: self.url.clone(), headers: Vec::new(), body: Some(body) }
            .header("Content-Type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.timestamp().to_string())
            .header("webhook-signature", signatures.join(" ")))
    }
}

impl Handler for DeliverWebhook {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(deliver(work, job))
    }
}

async fn deliver(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let account = job.account_id;
    let mut scope = work.db.scope(account).await?;
    let Some(delivery) = Delivery::load(&mut scope, payload.delivery_id).await? else {
        return Ok(End::Done);
    };
    if delivery.state != DeliveryState::Waiting {
        return Ok(End::Done);
    }
    let now = (work.now)();
    // a test asks just whether it would work again
    match delivery.endpoint_state {
        _ if delivery.deleted_at.is_some() => {
            settle(&mut scope, &delivery, Came::to(DeliveryState::Canceled, delivery.attempts), now).await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        EndpointState::Disabled if delivery.trigger != Trigger::Test => {
            settle(&mut scope, &delivery, Came::to(DeliveryState::Canceled, delivery.attempts), now).await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        // it stays as it is, and resuming leaves it another job
        EndpointState::Paused if delivery.trigger != Trigger::Test => {
            settle(&mut scope, &delivery, Came::to(DeliveryState::Waiting, delivery.attempts), now).await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        _ => drop(scope),
    }
    let attempt = delivery.attempts + 1;
    let request = delivery.request(work, account, now)?;
    let about = About {
        endpoint: Some(delivery.endpoint_id),
        order: delivery.order_id,
        shipment: delivery.shipment_id,
        job: Some(job.id),
        attempt,
        trace: Some(job.trace()),
        ..About::default()
    };
    let called =
        work.outbound.call(&work.db, account, LogType::DeliverWebhook, &about, request, answered).await;
    let now = (work.now)();
    let mut scope = work.db.scope(account).await?;
    let (status, failure) = match called.result {
        Ok(answer) => (Some(answer.value), None),
        Err(failure) => (failure.code.as_deref().and_then(|code| code.parse().ok()), Some(failure)),
    };
    let gone = status == Some(410);
    let came = Came { status, record: called.record, ..Came::to(DeliveryState::Delivered, attempt) };
    let end = match failure {
        None => {
            settle(&mut scope, &delivery, came, now).await?;
            health::well(&mut scope, delivery.endpoint_id).await?;
            End::Done
        }
        Some(failure) => {
            // whoever tries an endpoint out wants to know now
            let tries_on = !gone && delivery.trigger != Trigger::Test;
            let next = SCHEDULE.next(attempt, failure.retry_after, now).filter(|_| tries_on);
            let error = Some(failure.message.clone());
            let state = if next.is_some() { DeliveryState::Waiting } else { DeliveryState::Failed };
            settle(&mut scope, &delivery, Came { state, next, error, ..came }, now).await?;
            let failed = health::Failed {
                endpoint: delivery.endpoint_id,
                url: &delivery.url,
                gone,
                since: next.is_none().then(|| log_id_time(delivery.id.0)),
                mail: work.outbound.mailer().is_some(),
            };
            if delivery.trigger != Trigger::Test || gone {
                health::badly(&mut scope, failed, &job.trace(), now).await?;
            }
            match next {
                Some(at) => End::Again { at, reason: failure.message },
                None => End::Failed { reason: failure.message },
            }
        }
    };
    scope.commit().await?;
    Ok(end)
}

fn answered(response: &HttpResponse) -> Result<Answer<i32>, Failure> {
    match response.status {
        200..=299 => Ok(Answer::plain(i32::from(response.status))),
        410 => {
            let class = crate::outbound::ErrorClass::OrderClosed;
            Err(Failure::refused(class, Some("410".into()), "The endpoint is gone (410)."))
        }
        status => {
            let failure = Failure::by_status(response, format!("The endpoint answered {status}."));
            // a redirect is no answer, and its code is kept like any other
            Err(Failure { code: Some(status.to_string()), ..failure }.after(response.retry_after()))
        }
    }
}

/// What a try came to.
struct Came {
    state: DeliveryState,
    attempts: i32,
    status: Option<i32>,
    record: Option<RecordId>,
    next: Option<Instant>,
    error: Option<String>,
}

impl Came {
    fn to(state: DeliveryState, attempts: i32) -> Came {
        Came { state, attempts, status: None, record: None, next: None, error: None }
    }
}

/// Writes it, unless somebody else settled the delivery meanwhile.
async fn settle(scope: &mut Scope, delivery: &Delivery, came: Came, now: Instant) -> DbResult<()> {
    let account = scope.account();
    let over = came.state != DeliveryState::Waiting;
    let tried = came.attempts > delivery.attempts;
    scope
        .execute(
            sql("update webhook_deliveries set state = {}, attempts = {}, last_status = coalesce({}, case when {} then null else last_status end), \
                 last_error = case when {} then {} else last_error end, last_record_id = coalesce({}, last_record_id), \
                 last_attempt_at = case when {} then {} else last_attempt_at end, next_attempt_at = {}, finished_at = {} \
                 where account_id = {} and id = {} and state = 'waiting'")
            .bind(came.state)
            .bind(came.attempts)
            .bind(came.status)
            .bind(tried)
            .bind(tried)
            .bind(came.error)
            .bind(came.record)
            .bind(tried)
            .bind(now)
            .bind(came.next)
            .bind(over.then_some(now))
            .bind(account)
            .bind(delivery.id),
        )
        .await?;
    Ok(())
}
