//! Opening and closing problems, in the transaction of what caused or cured them.

use super::{ProblemKind, diagnose::cause_key};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{ChannelId, ConnectionId, OrderId, RecordId, ShipmentId},
    outbound::Failure,
};

/// A failure to put on record.
#[derive(Debug)]
pub struct NewProblem<'a> {
    /// What was stopped.
    pub kind: ProblemKind,
    /// Whose.
    pub shipment: ShipmentId,
    /// Its order.
    pub order: OrderId,
    /// The channel, for submissions.
    pub channel: Option<ChannelId>,
    /// The connection, for posts.
    pub connection: Option<ConnectionId>,
    /// What happened.
    pub failure: &'a Failure,
    /// The courier as it was sent.
    pub courier: Option<&'a str>,
    /// When it is tried again by itself; `None`: it is not.
    pub next_attempt_at: Option<Instant>,
    /// The exchange.
    pub record: Option<RecordId>,
    /// The chain.
    pub trace: &'a TraceId,
}

/// Opens a problem, or adds an attempt to the one that is open already.
pub async fn open(scope: &mut Scope, new: NewProblem<'_>, now: Instant) -> DbResult<()> {
    let account = scope.account();
    let failure = new.failure;
    let cause =
        cause_key(new.kind, failure.class, new.channel, new.connection, new.courier, failure.code.as_deref());
    scope
        .execute(
            sql("insert into problems as p (account_id, kind, shipment_id, order_id, channel_id, connection_id, error_class, \
                 cause_key, courier, code, detail, first_seen_at, last_seen_at, next_attempt_at, will_retry, \
                 transaction_record_id, trace_id) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, shipment_id, kind) where resolved_at is null and shipment_id is not null do update set \
                 error_class = excluded.error_class, cause_key = excluded.cause_key, courier = excluded.courier, \
                 code = excluded.code, detail = excluded.detail, last_seen_at = excluded.last_seen_at, \
                 next_attempt_at = excluded.next_attempt_at, will_retry = excluded.will_retry, \
                 transaction_record_id = excluded.transaction_record_id, trace_id = excluded.trace_id, \
                 opened_by = null, \
                 snoozed_until = case when p.cause_key = excluded.cause_key then p.snoozed_until end, \
                 attempts = p.attempts + 1, version = p.version + 1")
            .bind(account)
            .bind(new.kind)
            .bind(new.shipment)
            .bind(new.order)
            .bind(new.channel)
            .bind(new.connection)
            .bind(failure.class)
            .bind(cause)
            .bind(new.courier)
            .bind(failure.code.clone())
            .bind(crate::evidence::mask::body(&failure.message))
            .bind(now)
            .bind(now)
            .bind(new.next_attempt_at)
            .bind(new.next_attempt_at.is_some())
            .bind(new.record)
            .bind(new.trace.to_string()),
        )
        .await?;
    Ok(())
}

/// Closes a shipment's problem of a kind, because its cause is gone.
pub async fn resolve(
    scope: &mut Scope,
    shipment: ShipmentId,
    kind: ProblemKind,
    by: &str,
    now: Instant,
) -> DbResult<bool> {
    let account = scope.account();
    let closed = scope
        .execute(
            sql("update problems set resolved_at = {}, resolved_by = {}, will_retry = false, next_attempt_at = null, \
                 version = version + 1 \
                 where account_id = {} and shipment_id = {} and kind = {} and resolved_at is null")
            .bind(now)
            .bind(by)
            .bind(account)
            .bind(shipment)
            .bind(kind),
        )
        .await?;
    Ok(closed > 0)
}
