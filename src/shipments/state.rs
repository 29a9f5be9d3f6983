//! The states of a shipment and how it moves between them. Nothing else writes
//! the column.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::ShipmentId,
    text_enum::text_enum,
};

text_enum! {
    /// Where a shipment stands.
    Status {
        /// Not sent to its provider yet.
        PendingPost = "pending_post",
        /// Being sent.
        Posting = "posting",
        /// The provider has it; no tracking number yet.
        PendingTracking = "pending_tracking",
        /// It left.
        Shipped = "shipped",
        /// It arrived.
        Delivered = "delivered",
        /// The provider refused it, or a person said so.
        Error = "error",
        /// We cannot know whether the provider took it.
        Unconfirmed = "unconfirmed",
        /// Voided.
        Canceled = "canceled",
    }
}

impl Status {
    /// The transition table.
    pub fn can_become(self, next: Status) -> bool {
        use Status::*;
        match self {
            PendingPost => matches!(next, Posting | Shipped | Error | Canceled),
            // a re-post that was stopped before sending returns to where it was
            Posting => {
                matches!(next, PendingTracking | Shipped | Delivered | Error | Unconfirmed | PendingPost)
            }
            Unconfirmed => matches!(next, PendingTracking | Posting | Shipped | Error | Canceled),
            // its order was canceled at the provider: it is to be posted again, or voided
            PendingTracking => matches!(next, PendingPost | Posting | Shipped | Delivered | Error | Canceled),
            Error => matches!(next, Posting | PendingTracking | Shipped | Delivered | Unconfirmed | Canceled),
            Shipped => matches!(next, Delivered | Posting | Error | Canceled),
            // what a provider says late never moves it back; only a re-post or a void does
            Delivered => matches!(next, Posting | Canceled),
            Canceled => matches!(next, PendingPost | PendingTracking | Shipped | Delivered | Error),
        }
    }

    /// Whether something is on its way that will change it without anybody.
    pub fn is_moving(self) -> bool {
        self == Status::Posting
    }
}

/// Moves a shipment from a state to another. `false`: it is not in `from` any
/// more, it is voided, or the table does not know the move; nothing was written.
/// Only [`void`] and [`restore`] lead to *canceled* and back.
pub async fn move_to(scope: &mut Scope, id: ShipmentId, from: Status, to: Status) -> DbResult<bool> {
    if from == to {
        return Ok(true);
    }
    if from == Status::Canceled {
        return Ok(false);
    }
    if to == Status::Canceled || !from.can_become(to) {
        tracing::error!(shipment.id = %id, %from, %to, "a move the table does not know");
        return Ok(false);
    }
    let account = scope.account();
    let moved = scope
        .execute(
            sql("update shipments set status = {}, version = version + 1, updated_at = now() \
                 where account_id = {} and id = {} and status = {}")
            .bind(to)
            .bind(account)
            .bind(id)
            .bind(from),
        )
        .await?;
    Ok(moved == 1)
}

/// As [`move_to`], to *canceled*: a voided shipment says since when.
pub(super) async fn void(scope: &mut Scope, id: ShipmentId, from: Status, now: Instant) -> DbResult<bool> {
    between(scope, id, from, Status::Canceled, Some(now), now).await
}

/// As [`move_to`], from *canceled*.
pub(super) async fn restore(scope: &mut Scope, id: ShipmentId, to: Status, now: Instant) -> DbResult<bool> {
    between(scope, id, Status::Canceled, to, None, now).await
}

async fn between(
    scope: &mut Scope,
    id: ShipmentId,
    from: Status,
    to: Status,
    voided_at: Option<Instant>,
    now: Instant,
) -> DbResult<bool> {
    if !from.can_become(to) {
        tracing::error!(shipment.id = %id, %from, %to, "a move the table does not know");
        return Ok(false);
    }
    let account = scope.account();
    let moved = scope
        .execute(
            sql("update shipments set status = {}, voided_at = {}, version = version + 1, updated_at = {} \
                 where account_id = {} and id = {} and status = {}")
            .bind(to)
            .bind(voided_at)
            .bind(now)
            .bind(account)
            .bind(id)
            .bind(from),
        )
        .await?;
    Ok(moved == 1)
}

/// What belongs to the shipment changed, in another table: pages loaded before are stale.
pub(super) async fn touch(scope: &mut Scope, id: ShipmentId, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update shipments set version = version + 1, updated_at = {} where account_id = {} and id = {}")
                .bind(now)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}
