//! *Cancel at provider*: cancels a shipment's order there. Canceling twice is
//! canceling once, so what nobody knows is asked again, and read where it can be.

use super::{
    Status, Subject,
    door::{Caller, Canceled, Door},
    post::Ready,
    posts::{self, PostState, Step},
    provider_orders::{self, CancelState, ProviderOrder},
    state, view,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Actor, Entry, TraceId, activity, activity::Ended},
    ids::{ConnectionId, JobId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    notify::events::{self, EventType, NewEvent},
    orders::status,
    outbound::Failure,
    problems::{ProblemKind, queue as problem_queue},
    providers::RemoteOrder,
};
use anyhow::Result;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that cancels one provider order.
pub const CANCEL_PROVIDER_ORDER: &str = "cancel_provider_order";

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
    /// Our record of the order.
    order_id: i64,
}

/// The action: cancels the current order.
#[derive(Debug)]
pub struct CancelOrder;

impl Action for CancelOrder {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "cancel_order";
    const LABEL: &'static str = "Cancel at provider";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        let who = subject.provider_name();
        let shipment = &subject.shipment;
        match shipment.status {
            Status::Posting => return Availability::no("It is being posted now."),
            Status::Unconfirmed => {
                return Availability::no_but(
                    format!("We don’t know whether {who} has it. Check with the provider first."),
                    "check_post",
                );
            }
            Status::Shipped | Status::Delivered => {
                return Availability::no("It has left the warehouse; what has left is not canceled.");
            }
            _ => {}
        }
        if shipment.fulfillment_id.is_none() {
            return Availability::no(format!("{who} has no order of this shipment."));
        }
        if subject.around.cancel_state == Some(CancelState::Requested) {
            return Availability::no(format!("{who} is being asked to cancel it now."));
        }
        cancels(subject)
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        let order = subject.shipment.fulfillment_id.clone().unwrap_or_default();
        Ok(Preview {
            question: format!("Cancel {} at {who}?", subject.shipment.number),
            effects: vec![
                format!("{who} is asked to cancel its order {order}. It may refuse; then everything stays as it is."),
                "Once it is canceled, the shipment is Pending post: nothing is sent until somebody posts it again."
                    .into(),
            ],
            button: "Cancel at provider".into(),
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let current = provider_orders::of_shipment(scope, subject.shipment.id).await?;
        let Some(current) = current.into_iter().find(|o| o.superseded_at.is_none()) else {
            return Err(ActionError::field("", "The provider has no order of this shipment."));
        };
        let job = queue(scope, &subject, &current, by, now).await?;
        Ok(Outcome::done(format!("Asking {} to cancel {}.", subject.provider_name(), current.remote_id))
            .with_job(job))
    }
}

/// Whether the shipment's provider takes cancellations.
pub(super) fn cancels(subject: &Subject) -> Availability {
    Availability::when(
        subject.capabilities().is_some_and(|c| c.cancels),
        format!("{} takes no cancellations from here. Cancel it there.", subject.provider_name()),
    )
}

/// Leaves the request to cancel one order, and its job.
pub(super) async fn queue(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    by: &By,
    now: Instant,
) -> DbResult<JobId> {
    let shipment = &subject.shipment;
    provider_orders::set_cancel(scope, order.id, CancelState::Requested).await?;
    state::touch(scope, shipment.id, now).await?;
    let entry = Entry::shipment(
        &by.actor,
        "shipment_cancel_requested",
        shipment.id,
        shipment.order_id,
        format!("Asking {} to cancel its order {}", subject.provider_name(), order.remote_id),
    )
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let payload = json!(Payload { shipment_id: shipment.id, order_id: order.id });
    let job = NewJob::new(CANCEL_PROVIDER_ORDER, format!("shipment:{}", shipment.id), payload, now)
        .once(format!("cancel:{}", order.id))
        .traced(&by.trace);
    jobs::enqueue(scope, job).await
}

/// The job: cancels one order.
#[derive(Debug)]
pub struct CancelProviderOrder;

impl Handler for CancelProviderOrder {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(cancel(work, job))
    }
}

async fn cancel(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let (Some(subject), Some(order)) = (
        Subject::load(&mut scope, payload.shipment_id, false).await?,
        provider_orders::lock(&mut scope, payload.order_id).await?,
    ) else {
        return Ok(End::Done);
    };
    if !waits(order.cancel_state) {
        return Ok(End::Done);
    }
    let door = Door::open(&mut scope, work, order.connection_id).await?;
    drop(scope);
    let work = &match door.turn_to_write(work, job).await {
        Ok(work) => work,
        Err(waits) => return Ok(waits),
    };
    let caller = Caller { work, job, shipment: &subject.shipment };
    let (canceled, record) = door.cancel(caller, &order.remote()).await;
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
        return Ok(End::Done);
    };
    let Some(order) = provider_orders::lock(&mut scope, order.id).await?.filter(|o| waits(o.cancel_state))
    else {
        return Ok(End::Done);
    };
    let trace = job.trace();
    let end = match canceled {
        Canceled::Done => {
            confirmed(&mut scope, &subject, &order, record, &trace, now).await?;
            End::Done
        }
        Canceled::Refused(failure) => {
            stands(&mut scope, &subject, &order, CancelState::Refused, &failure.message, record, &trace)
                .await?;
            End::Done
        }
        Canceled::CannotCancel => {
            let words = "It takes no cancellations from here.";
            stands(&mut scope, &subject, &order, CancelState::None, words, record, &trace).await?;
            End::Done
        }
        Canceled::NotNow(failure) => {
            later(&mut scope, &subject, &order, order.cancel_state, &failure, record, job, now).await?
        }
        Canceled::Unclear(failure) => {
            later(&mut scope, &subject, &order, CancelState::Unknown, &failure, record, job, now).await?
        }
    };
    scope.commit().await?;
    Ok(end)
}

fn waits(state: CancelState) -> bool {
    matches!(state, CancelState::Requested | CancelState::Unknown)
}

/// The order is canceled, or gone. If it was the current one, the shipment is
/// not posted any more.
pub(super) async fn confirmed(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    provider_orders::set_cancel(scope, order.id, CancelState::Confirmed).await?;
    provider_orders::note_ended(scope, order.id, now).await?;
    if order.superseded_at.is_none() {
        unpost(scope, subject, order, record, now).await?;
    }
    problem_queue::resolve(scope, shipment.id, ProblemKind::Cancel, "The provider canceled it.", now).await?;
    let left = provider_orders::may_be_live(scope, shipment.id).await?;
    if left.iter().all(|o| o.superseded_at.is_none()) {
        let words = "No more than one order is left.";
        problem_queue::resolve(scope, shipment.id, ProblemKind::Duplicate, words, now).await?;
    }
    state::touch(scope, shipment.id, now).await?;
    let entry = Entry::shipment(
        &Actor::provider(subject.provider_name()),
        "shipment_order_canceled",
        shipment.id,
        shipment.order_id,
        format!("{} canceled its order {}", subject.provider_name(), order.remote_id),
    )
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentUpdated,
        cause: format!("order_canceled:{}:{}", order.id, now.timestamp_micros()),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: view::event_data(scope, shipment.id).await?,
        trace,
    };
    events::tell(scope, event, now).await?;
    status::refresh(scope, shipment.order_id).await
}

/// The current order is gone: post date and fulfillment id are empty again.
async fn unpost(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    record: Option<RecordId>,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let account = scope.account();
    if shipment.status == Status::PendingTracking {
        state::move_to(scope, shipment.id, Status::PendingTracking, Status::PendingPost).await?;
    }
    provider_orders::supersede_current(scope, shipment.id, now).await?;
    scope
        .execute(
            sql("update shipments set date_post = null, fulfillment_id = null where account_id = {} and id = {}")
                .bind(account)
                .bind(shipment.id),
        )
        .await?;
    if let Some(id) = order.post_id
        && let Some(post) = posts::lock(scope, id).await?
        && post.state == PostState::Accepted
    {
        posts::set_state(scope, &post, PostState::Canceled, now).await?;
        let words = format!("Provider order {} was canceled there.", order.remote_id);
        posts::step(scope, &post, Step::Canceled, &words, record).await?;
    }
    Ok(())
}

/// The order stands as it was: told, nothing else changes.
async fn stands(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    state: CancelState,
    words: &str,
    record: Option<RecordId>,
    trace: &TraceId,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    provider_orders::set_cancel(scope, order.id, state).await?;
    let entry = Entry::shipment(
        &Actor::provider(subject.provider_name()),
        "shipment_cancel_refused",
        shipment.id,
        shipment.order_id,
        format!("{} did not cancel its order {}: {words}", subject.provider_name(), order.remote_id),
    )
    .ended(Ended::Warning)
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    Ok(())
}

/// Not canceled yet, or nobody knows: tried again, and after the last try the
/// error queue has it.
async fn later(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    state: CancelState,
    failure: &Failure,
    record: Option<RecordId>,
    job: &Claimed,
    now: Instant,
) -> DbResult<End> {
    let trace = job.trace();
    provider_orders::set_cancel(scope, order.id, state).await?;
    let next = retry::OUTSIDE.next(job.attempts, failure.retry_after, now);
    if let Some(at) = next
        && state == CancelState::Requested
    {
        return Ok(End::Again { at, reason: failure.message.clone() });
    }
    let problem = problem_queue::NewProblem {
        kind: ProblemKind::Cancel,
        shipment: subject.shipment.id,
        order: subject.shipment.order_id,
        channel: None,
        connection: Some(order.connection_id),
        failure,
        courier: None,
        next_attempt_at: next,
        record,
        trace: &trace,
    };
    problem_queue::open(scope, problem, now).await?;
    if let Some(at) = next {
        return Ok(End::Again { at, reason: failure.message.clone() });
    }
    if state == CancelState::Requested {
        // nothing ever reached them
        stands(scope, subject, order, CancelState::None, &failure.message, record, &trace).await?;
    }
    Ok(End::Failed { reason: failure.message.clone() })
}

/// What canceling at the gate of a re-post leaves behind.
pub(super) async fn note_gone(
    work: &Work,
    job: &Claimed,
    ready: &Ready,
    connection: ConnectionId,
    remote: &RemoteOrder,
    record: Option<RecordId>,
) -> Result<()> {
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, ready.post.shipment_id, true).await? else {
        return Ok(());
    };
    let orders = provider_orders::of_shipment(&mut scope, subject.shipment.id).await?;
    let order = orders.iter().find(|o| o.connection_id == connection && o.remote_id == remote.remote_id);
    if let Some(order) = order {
        confirmed(&mut scope, &subject, order, record, &job.trace(), (work.now)()).await?;
    }
    scope.commit().await?;
    Ok(())
}
