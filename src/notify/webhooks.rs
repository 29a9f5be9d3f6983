//! Webhooks out, by the Standard Webhooks scheme: the id belongs to the event,
//! the timestamp to the attempt, 2xx only is success.

use super::events::EventType;
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    evidence::{
        TraceId,
        record::{About, LogType},
    },
    ids::{AccountId, DeliveryId, EndpointId, EventId, OrderId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry::Schedule},
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse, signature},
    secrets::{Keyring, Place},
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The job that delivers one event to one endpoint.
pub const DELIVER_WEBHOOK: &str = "deliver_webhook";
/// Where an endpoint's signing secret lies.
pub const SECRET: &str = "webhook_endpoints.secret";
/// So long a secret that was replaced signs beside the new one.
const BOTH_SIGN: chrono::Duration = chrono::Duration::hours(24);
/// Ten tries over about three days.
const SCHEDULE: Schedule = Schedule { first: 5, longest: 36_000, tries: 10 };

#[derive(Serialize, Deserialize)]
struct Payload {
    delivery_id: DeliveryId,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Leaves a delivery and its job for each active endpoint that listens.
pub(super) async fn fan_out(
    scope: &mut Scope,
    event: EventId,
    kind: EventType,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let endpoints: Vec<Id> = scope
        .rows(
            sql("select id from webhook_endpoints where account_id = {} and state = 'active' \
                 and (cardinality(events) = 0 or {} = any(events)) order by id limit 100")
            .bind(account)
            .bind(kind),
        )
        .await?;
    for endpoint in endpoints {
        let delivery: Option<Id> = scope
            .row(
                sql("insert into webhook_deliveries (account_id, event_id, endpoint_id, next_attempt_at) values ({}, {}, {}, {}) returning id")
                    .bind(account)
                    .bind(event)
                    .bind(endpoint.id)
                    .bind(now),
            )
            .await?;
        let Some(delivery) = delivery else { continue };
        let payload = json!(Payload { delivery_id: DeliveryId(delivery.id) });
        let job =
            NewJob::new(DELIVER_WEBHOOK, format!("delivery:{}", delivery.id), payload, now).traced(trace);
        jobs::enqueue(scope, job).await?;
    }
    Ok(())
}

/// Connects an endpoint; answers its id and its new secret, which is shown once.
pub async fn connect(
    scope: &mut Scope,
    keyring: &Keyring,
    url: &str,
    description: &str,
    events: &[EventType],
    secret: Option<&str>,
) -> Result<(EndpointId, String)> {
    let secret = secret.map_or_else(new_secret, str::to_owned);
    let account = scope.account();
    let row: Option<Id> = scope
        .row(
            sql("insert into webhook_endpoints (account_id, url, description, events, secret_sealed) \
                 values ({}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(url)
            .bind(description)
            .bind(events.iter().map(|e| e.as_str().to_owned()).collect::<Vec<_>>())
            .bind(Vec::<u8>::new()),
        )
        .await?;
    let id = row.context("no endpoint came back")?.id;
    let sealed = keyring.seal(Place { account, column: SECRET, row: id }, &secret)?;
    scope
        .execute(
            sql("update webhook_endpoints set secret_sealed = {} where account_id = {} and id = {}")
                .bind(sealed)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok((EndpointId(id), secret))
}

fn new_secret() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("whsec_{}", STANDARD.encode(crate::secrets::random_bytes::<24>()))
}

/// Gives an endpoint a new secret, which is shown once; for a day the old one
/// signs beside it, so that no message is refused while the receiver changes
/// over. `None`: there is no such endpoint.
pub async fn rotate(
    scope: &mut Scope,
    keyring: &Keyring,
    id: EndpointId,
    now: Instant,
) -> Result<Option<String>> {
    let secret = new_secret();
    let account = scope.account();
    let sealed = keyring.seal(Place { account, column: SECRET, row: id.0 }, &secret)?;
    let rotated = scope
        .execute(
            sql("update webhook_endpoints set previous_secret_sealed = secret_sealed, previous_secret_until = {}, \
                 secret_sealed = {}, version = version + 1 where account_id = {} and id = {}")
            .bind(now + BOTH_SIGN)
            .bind(sealed)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok((rotated == 1).then_some(secret))
}

/// Delivers one event to one endpoint.
#[derive(Debug)]
pub struct DeliverWebhook;

#[derive(QueryableByName)]
struct Delivery {
    #[diesel(sql_type = BigInt)]
    id: DeliveryId,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    event_id: EventId,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    payload: Value,
    #[diesel(sql_type = Nullable<BigInt>)]
    order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = BigInt)]
    endpoint_id: EndpointId,
    #[diesel(sql_type = Text)]
    endpoint_state: String,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = diesel::sql_types::Bytea)]
    secret_sealed: Vec<u8>,
    #[diesel(sql_type = Nullable<diesel::sql_types::Bytea>)]
    previous_secret_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<diesel::sql_types::Timestamptz>)]
    previous_secret_until: Option<Instant>,
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
    let delivery: Option<Delivery> = scope
        .row(
            sql("select d.id, d.state, d.event_id, e.payload, e.order_id, e.shipment_id, d.endpoint_id, \
                 p.state as endpoint_state, p.url, p.secret_sealed, p.previous_secret_sealed, p.previous_secret_until \
                 from webhook_deliveries d join webhook_events e on e.account_id = d.account_id and e.id = d.event_id \
                 join webhook_endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id \
                 where d.account_id = {} and d.id = {}")
            .bind(account)
            .bind(payload.delivery_id),
        )
        .await?;
    drop(scope);
    let Some(delivery) = delivery else {
        return Ok(End::Done);
    };
    if delivery.state != "waiting" {
        return Ok(End::Done);
    }
    if delivery.endpoint_state == "disabled" {
        finish(&work.db, account, delivery.id, "canceled", job.attempts, None, None, (work.now)()).await?;
        return Ok(End::Done);
    }
    let now = (work.now)();
    if delivery.endpoint_state == "paused" {
        return Ok(End::Wait {
            at: now + chrono::Duration::minutes(5),
            reason: "the endpoint is paused".into(),
        });
    }
    let body = delivery.payload.to_string();
    let id = format!("evt_{}", delivery.event_id);
    let place = Place { account, column: SECRET, row: delivery.endpoint_id.0 };
    let previous =
        delivery.previous_secret_sealed.filter(|_| delivery.previous_secret_until.is_some_and(|t| t > now));
    let mut signatures = Vec::new();
    for sealed in [Some(delivery.secret_sealed), previous].into_iter().flatten() {
        let secret = work.keyring.open(place, &sealed)?;
        let signature = signature::standard_webhook(secret.expose_secret(), &id, now.timestamp(), &body)
            .context("the endpoint's secret has not the form whsec_…")?;
        signatures.push(signature);
    }
    let request = HttpRequest { method: "POST", url: delivery.url, headers: Vec::new(), body: Some(body) }
        .header("Content-Type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.timestamp().to_string())
        .header("webhook-signature", signatures.join(" "));
    let about = About {
        endpoint: Some(delivery.endpoint_id),
        order: delivery.order_id,
        shipment: delivery.shipment_id,
        job: Some(job.id),
        attempt: job.attempts,
        trace: Some(job.trace()),
        ..About::default()
    };
    let called =
        work.outbound.call(&work.db, account, LogType::DeliverWebhook, &about, request, answered).await;
    let now = (work.now)();
    match called.result {
        Ok(answer) => {
            finish(
                &work.db,
                account,
                delivery.id,
                "delivered",
                job.attempts,
                Some(answer.value),
                called.record,
                now,
            )
            .await?;
            Ok(End::Done)
        }
        Err(failure) => match SCHEDULE
            .next(job.attempts, failure.retry_after, now)
            .filter(|_| failure.class != ErrorClass::OrderClosed)
        {
            Some(at) => {
                let mut scope = work.db.scope(account).await?;
                scope
                    .execute(
                        sql("update webhook_deliveries set attempts = {}, next_attempt_at = {}, last_record_id = {} \
                             where account_id = {} and id = {}")
                        .bind(job.attempts)
                        .bind(at)
                        .bind(called.record)
                        .bind(account)
                        .bind(delivery.id),
                    )
                    .await?;
                scope.commit().await?;
                Ok(End::Again { at, reason: failure.message })
            }
            None => {
                finish(&work.db, account, delivery.id, "failed", job.attempts, None, called.record, now)
                    .await?;
                Ok(End::Failed { reason: failure.message })
            }
        },
    }
}

fn answered(response: &HttpResponse) -> Result<Answer<i32>, Failure> {
    match response.status {
        200..=299 => Ok(Answer::plain(i32::from(response.status))),
        // the receiver says: never again
        410 => {
            Err(Failure::refused(ErrorClass::OrderClosed, Some("410".into()), "The endpoint is gone (410)."))
        }
        status => Err(Failure::by_status(response, format!("The endpoint answered {status}."))),
    }
}

async fn finish(
    db: &Db,
    account: AccountId,
    id: DeliveryId,
    state: &'static str,
    attempts: i32,
    status: Option<i32>,
    record: Option<RecordId>,
    now: Instant,
) -> DbResult<()> {
    let mut scope = db.scope(account).await?;
    scope
        .execute(
            sql("update webhook_deliveries set state = {}, attempts = {}, last_status = {}, last_record_id = {}, \
                 next_attempt_at = null, finished_at = {} where account_id = {} and id = {}")
            .bind(state)
            .bind(attempts)
            .bind(status)
            .bind(record)
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await?;
    scope.commit().await
}
