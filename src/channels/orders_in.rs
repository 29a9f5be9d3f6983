//! Orders coming in from a channel: by polling, with windows that overlap, and
//! by signed messages, which only say that it is time to look.

use super::{Channels, store, unreceived};
use crate::{
    actions::By,
    clock::Instant,
    db::{Db, DbResult, Scope, Sql, sql},
    evidence::{
        Actor, TraceId,
        record::{About, LogType},
    },
    ids::{AccountId, ChannelId, InboundId, RecordId},
    jobs::{self, Claimed, End, Handler, Handlers, NewJob, Work, retry},
    orders::receive::{self, Received},
    outbound::{Lane, lane::Asks},
};
use anyhow::Result;
use chrono::Duration;
use diesel::{QueryableByName, sql_types::BigInt};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;

/// The job that reads a channel's changed orders.
pub const POLL_ORDERS: &str = "poll_orders";
/// The job that takes in what a message carries.
pub const PROCESS_INBOUND: &str = "process_inbound";

/// The job that submits the shipments whose submission was cleared;
/// `shipments::clear_submission` does it.
pub const SUBMIT_CLEARED: &str = "submit_cleared";

/// How often a channel is read.
const EVERY: Duration = Duration::minutes(3);
/// How far a window reaches back over the one before.
const OVERLAP: Duration = Duration::minutes(5);
/// How far back the first poll of a channel looks.
const FIRST: Duration = Duration::days(7);
/// No poll reads more pages; it leaves the rest of its window to another.
const MOST_PAGES: usize = 40;
/// A poll knows this many orders that were not taken in before.
const MOST_MISSED: i64 = 10_000;

#[derive(Serialize, Deserialize)]
struct PollPayload {
    channel_id: ChannelId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

/// What a poll left of its window. The channel's cursor moves only when a
/// window was read to its end.
#[derive(Serialize, Deserialize)]
struct Rest {
    since: Instant,
    started: Instant,
    page: String,
}

/// What [`SUBMIT_CLEARED`] is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct OfChannel {
    /// The channel.
    pub channel_id: ChannelId,
}

/// The shipments of a channel that are to be submitted again: sent before, cleared
/// since, and with all that is needed.
pub fn cleared(account: AccountId, channel: ChannelId, most: i64) -> Sql {
    sql("select s.id from shipments s join channels c on c.account_id = s.account_id and c.id = s.channel_id \
         where s.account_id = {} and s.channel_id = {} and s.channel_sync = 'awaiting_send' and s.channel_attempts > 0 \
         and s.voided_at is null and c.submit_fulfillments and c.kind <> 'manual' \
         and coalesce(s.tracking_number, '') <> '' and coalesce(s.courier, '') <> '' order by s.id limit {}")
    .bind(account)
    .bind(channel)
    .bind(most)
}

/// Leaves the job that submits what was cleared, if anything was.
async fn send_cleared(scope: &mut Scope, channel: ChannelId, trace: &TraceId, now: Instant) -> DbResult<()> {
    let one: Option<Id> = scope.row(cleared(scope.account(), channel, 1)).await?;
    if one.is_some() {
        let payload = json!(OfChannel { channel_id: channel });
        let job = NewJob::new(SUBMIT_CLEARED, format!("submit-cleared:{channel}"), payload, now)
            .once(format!("cleared:{channel}"))
            .traced(trace);
        jobs::enqueue(scope, job).await?;
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct InboundPayload {
    message_id: InboundId,
    #[serde(default)]
    record_id: Option<RecordId>,
}

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers, channels: &Channels) -> Handlers {
    handlers
        .with(POLL_ORDERS, PollOrders { channels: channels.clone() })
        .with(PROCESS_INBOUND, ProcessInbound { channels: channels.clone() })
}

/// A poll of a channel, to be left behind.
pub fn poll(channel: ChannelId, at: Instant, trace: &TraceId) -> NewJob {
    NewJob::new(
        POLL_ORDERS,
        format!("channel:{channel}"),
        json!(PollPayload { channel_id: channel, rest: None }),
        at,
    )
    .once(format!("poll:{channel}"))
    .traced(trace)
}

/// The job that takes in a stored message.
pub(super) fn process(message: InboundId, record: RecordId, at: Instant, trace: &TraceId) -> NewJob {
    NewJob::new(
        PROCESS_INBOUND,
        format!("inbound:{message}"),
        json!(InboundPayload { message_id: message, record_id: Some(record) }),
        at,
    )
    .traced(trace)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Leaves a poll for each channel that is due. A chore of the worker.
pub async fn schedule(db: &Db, now: Instant) -> DbResult<usize> {
    let mut global = db.global().await?;
    let accounts: Vec<Id> = global.rows(sql("select id from accounts order by id")).await?;
    drop(global);
    let mut left = 0;
    for account in accounts {
        let account = AccountId(account.id);
        let mut scope = db.scope(account).await?;
        let due: Vec<Id> = scope
            .rows(
                sql("select id from channels where account_id = {} and import_orders and kind <> 'manual' \
                     and credentials_sealed is not null and (last_polled_at is null or last_polled_at < {}) order by id")
                .bind(account)
                .bind(now - EVERY),
            )
            .await?;
        for channel in &due {
            jobs::enqueue(&mut scope, poll(ChannelId(channel.id), now, &TraceId::new())).await?;
        }
        left += due.len();
        if !due.is_empty() {
            scope.commit().await?;
        }
    }
    Ok(left)
}

/// Reads a channel's changed orders.
#[derive(Debug)]
pub struct PollOrders {
    /// The adapters.
    pub channels: Channels,
}

impl Handler for PollOrders {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(self.poll(work, job))
    }
}

impl PollOrders {
    async fn poll(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: PollPayload = job.payload()?;
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(channel) = store::channel(&mut scope, payload.channel_id).await? else {
            return Ok(End::Done);
        };
        let access = channel.access(&scope, &work.keyring)?;
        let missed: HashSet<String> = unreceived::list(&mut scope, channel.id, MOST_MISSED)
            .await?
            .into_iter()
            .map(|order| order.reference)
            .collect();
        drop(scope);
        let Some(adapter) = self.channels.get(channel.kind).filter(|_| channel.import_orders) else {
            return Ok(End::Done);
        };
        let (since, started, mut page) = match payload.rest {
            Some(rest) => (rest.since, rest.started, Some(rest.page)),
            None => {
                let now = (work.now)();
                (channel.poll_cursor.map_or(now - FIRST, |cursor| cursor - OVERLAP), now, None)
            }
        };
        let trace = job.trace();
        let by = By { actor: Actor::channel(channel.name.clone()), ..By::system(trace.clone()) };
        let about = About {
            channel: Some(channel.id),
            job: Some(job.id),
            attempt: job.attempts,
            trace: Some(trace),
            ..About::default()
        };
        let work = &match work.in_turn(job, Lane::Channel(channel.id), Asks::Read).await {
            Ok(work) => work,
            Err(waits) => return Ok(waits),
        };
        for _ in 0..MOST_PAGES {
            let request = adapter.orders(&access, since, page.as_deref());
            let called = work
                .outbound
                .call(&work.db, job.account_id, LogType::GetOrders, &about, request, |r| {
                    adapter.orders_read(r)
                })
                .await;
            let now = (work.now)();
            let answer = match called.result {
                Ok(answer) => answer.value,
                Err(failure) => {
                    let mut scope = work.db.scope(job.account_id).await?;
                    store::note_health(&mut scope, channel.id, Some(failure.class), now).await?;
                    store::note_polled(&mut scope, channel.id, None, now).await?;
                    scope.commit().await?;
                    return Ok(
                        match failure
                            .class
                            .retry_helps()
                            .then(|| retry::OUTSIDE.next(job.attempts, failure.retry_after, now))
                            .flatten()
                        {
                            Some(at) => End::Again { at, reason: failure.message },
                            // the next poll tries again; the channel's page says since when it fails
                            None => End::Failed { reason: failure.message },
                        },
                    );
                }
            };
            let mut refused = answer.failures;
            for order in &answer.orders {
                let reference = &order.channel_reference;
                let mut scope = work.db.scope(job.account_id).await?;
                match receive::receive(&mut scope, channel.id, order, &by, now).await {
                    Ok(_) => {
                        if missed.contains(reference) {
                            unreceived::forget(&mut scope, channel.id, reference).await?;
                        }
                        scope.commit().await?;
                    }
                    // one order that cannot be kept must not keep out all the others
                    Err(error) if error.is_of_the_data() => {
                        tracing::error!(?error, channel.id = %channel.id, order.reference = %reference,
                            "an order could not be kept");
                        refused.push((reference.clone(), unreceived::CANNOT_BE_KEPT.into()));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if !refused.is_empty() {
                let mut scope = work.db.scope(job.account_id).await?;
                for (reference, reason) in &refused {
                    unreceived::note(&mut scope, channel.id, reference, reason, called.record, now).await?;
                }
                scope.commit().await?;
            }
            page = answer.next;
            if page.is_none() {
                break;
            }
        }
        let mut scope = work.db.scope(job.account_id).await?;
        store::note_health(&mut scope, channel.id, None, (work.now)()).await?;
        let read_to_the_end = page.is_none().then_some(started);
        store::note_polled(&mut scope, channel.id, read_to_the_end, (work.now)()).await?;
        if let Some(page) = page {
            let payload = PollPayload { channel_id: channel.id, rest: Some(Rest { since, started, page }) };
            let rest =
                NewJob::new(POLL_ORDERS, format!("channel:{}", channel.id), json!(payload), (work.now)())
                    // not the key of a whole poll: one that waits must not swallow the rest
                    .once(format!("poll:{}:rest", channel.id))
                    .traced(&job.trace());
            jobs::enqueue(&mut scope, rest).await?;
        } else {
            send_cleared(&mut scope, channel.id, &job.trace(), (work.now)()).await?;
        }
        scope.commit().await?;
        Ok(End::Done)
    }
}

/// Takes in what a message carries.
#[derive(Debug)]
pub struct ProcessInbound {
    /// The adapters.
    pub channels: Channels,
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::inbound_messages)]
struct Message {
    topic: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
    channel_id: Option<ChannelId>,
    body: Vec<u8>,
    processed_at: Option<Instant>,
}

impl Handler for ProcessInbound {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(self.process(work, job))
    }
}

impl ProcessInbound {
    async fn process(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: InboundPayload = job.payload()?;
        let now = (work.now)();
        let mut scope = work.db.scope(job.account_id).await?;
        let message: Option<Message> = scope
            .row(
                sql("select topic, channel_id, body, processed_at from inbound_messages where account_id = {} and id = {} for update")
                    .bind(job.account_id)
                    .bind(payload.message_id),
            )
            .await?;
        let Some(message) = message.filter(|m| m.processed_at.is_none()) else {
            return Ok(End::Done);
        };
        let channel = match message.channel_id {
            Some(id) => store::channel(&mut scope, id).await?,
            None => None,
        };
        let outcome = match channel.as_ref().and_then(|c| self.channels.get(c.kind).map(|a| (c, a))) {
            None => "ignored: no adapter reads it".to_owned(),
            Some((channel, adapter)) => match adapter.order_in(&message.topic, &message.body) {
                Err(reason) => {
                    let message = format!("message {}", payload.message_id);
                    unreceived::note(&mut scope, channel.id, &message, &reason, payload.record_id, now)
                        .await?;
                    format!("not understood: {reason}")
                }
                Ok(None) => "ignored: the topic carries no order".to_owned(),
                Ok(Some(order)) => {
                    let trace = job.trace();
                    let by = By { actor: Actor::channel(channel.name.clone()), ..By::system(trace.clone()) };
                    // Messages overtake each other. A new order is taken as it
                    // came; anything about a known one is read afresh.
                    let known = receive::find(&mut scope, channel.id, &order).await?;
                    match known {
                        None => match receive::receive(&mut scope, channel.id, &order, &by, now).await {
                            Ok(Received::Created(id)) => format!("order {id} created"),
                            Ok(other) => format!("order {} was there", other.id()),
                            Err(error) if error.is_of_the_data() => {
                                tracing::error!(?error, job.id = %job.id, "an order could not be kept");
                                // that transaction took its end
                                scope = work.db.scope(job.account_id).await?;
                                let (reference, reason) =
                                    (&order.channel_reference, unreceived::CANNOT_BE_KEPT);
                                unreceived::note(
                                    &mut scope,
                                    channel.id,
                                    reference,
                                    reason,
                                    payload.record_id,
                                    now,
                                )
                                .await?;
                                "not kept".to_owned()
                            }
                            Err(error) => return Err(error.into()),
                        },
                        Some(id) => {
                            jobs::enqueue(&mut scope, poll(channel.id, now, &trace)).await?;
                            format!("order {id} is read again")
                        }
                    }
                }
            },
        };
        scope
            .execute(
                // its record has the body, personal data masked
                sql("update inbound_messages set processed_at = {}, outcome = {}, body = '' where account_id = {} and id = {}")
                    .bind(now)
                    .bind(outcome)
                    .bind(job.account_id)
                    .bind(payload.message_id),
            )
            .await?;
        scope.commit().await?;
        Ok(End::Done)
    }
}
