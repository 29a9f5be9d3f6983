//! Webhooks out, by the Standard Webhooks scheme: the id belongs to the event,
//! the timestamp to the attempt, 2xx only is success.

mod change;
mod deliver;
mod edit;
mod endpoint;
mod health;
mod range;
mod resend;
mod secret;

pub use change::{DeleteEndpoint, PauseEndpoint, ResumeEndpoint};
pub use deliver::{DELIVER_WEBHOOK, DeliverWebhook};
pub use edit::{EditEndpoint, Wanted, connect, events_of};
pub use endpoint::{
    Call, Delivery, DeliveryState, Endpoint, EndpointState, Lately, Trigger, calls, deliveries, delivery,
    lately, list,
};
pub use health::GONE;
pub use range::{ResendRange, Since, Which, count, since};
pub use resend::{ResendDelivery, SendTestEvent, Sent};
pub use secret::{SECRET, rotate};

use super::events::EventType;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{DeliveryId, EndpointId, EventId, JobId},
    jobs::{self, NewJob, retry::Steps},
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Ten tries over three days, as the Standard Webhooks scheme has them: at once,
/// then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h.
pub const SCHEDULE: Steps = Steps(&[5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);

/// [`SCHEDULE`] as pages and docs print it.
pub const SCHEDULE_WORDS: &str =
    "at once, then after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24 hours";

#[derive(Serialize, Deserialize)]
struct Payload {
    delivery_id: DeliveryId,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What events about an endpoint tell of it.
pub(super) fn endpoint_data(id: i64, url: &str, reason: &str) -> Value {
    match reason {
        "" => json!({ "endpoint": { "id": id, "url": url } }),
        reason => json!({ "endpoint": { "id": id, "url": url, "reason": reason } }),
    }
}

/// Leaves a delivery for each endpoint that listens, and its job where the
/// endpoint is not paused; what waits for a paused one goes on when it is resumed.
pub(super) async fn fan_out(
    scope: &mut Scope,
    event: EventId,
    kind: EventType,
    but: Option<EndpointId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    #[derive(QueryableByName)]
    struct Listener {
        #[diesel(sql_type = BigInt)]
        id: EndpointId,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        active: bool,
    }
    let account = scope.account();
    let endpoints: Vec<Listener> = scope
        .rows(
            sql("select id, state = 'active' as active from webhook_endpoints where account_id = {} \
                 and state in ('active', 'paused') and id is distinct from {} \
                 and (cardinality(events) = 0 or {} = any(events)) order by id limit 100")
            .bind(account)
            .bind(but)
            .bind(kind),
        )
        .await?;
    for endpoint in endpoints {
        let due = endpoint.active.then_some(now);
        leave(scope, event, endpoint.id, Trigger::Event, due, trace, now).await?;
    }
    Ok(())
}

/// Leaves one delivery, and its job if it is due.
async fn leave(
    scope: &mut Scope,
    event: EventId,
    endpoint: EndpointId,
    trigger: Trigger,
    due: Option<Instant>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<(DeliveryId, Option<JobId>)> {
    let account = scope.account();
    let row: Option<Id> = scope
        .row(
            sql("insert into webhook_deliveries (id, account_id, event_id, endpoint_id, trigger, next_attempt_at) \
                 values (log_id_at({}), {}, {}, {}, {}, {}) returning id")
            .bind(now)
            .bind(account)
            .bind(event)
            .bind(endpoint)
            .bind(trigger)
            .bind(due),
        )
        .await?;
    let id = DeliveryId(row.map_or(0, |row| row.id));
    let Some(due) = due else { return Ok((id, None)) };
    let payload = json!(Payload { delivery_id: id });
    let key = format!("delivery:{id}");
    let job = NewJob::new(DELIVER_WEBHOOK, &key, payload, due).once(&key).traced(trace);
    Ok((id, Some(jobs::enqueue(scope, job).await?)))
}
