//! Writing what a post came to: accepted, refused, unknown, stopped. Each is
//! one transaction of the caller's, with its activity, problem, event and mail.

use super::{
    Status, Subject, late,
    post::about_the_connection,
    posts::{self, Post, PostState, Step},
    provider_orders, reconcile, state,
};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Actor, Entry, TraceId, activity, activity::Ended},
    ids::{PostId, RecordId},
    jobs::{End, retry},
    notify::{
        events::{self, EventType, NewEvent},
        responders::{self, Trigger},
    },
    orders::status,
    outbound::{Answer, ErrorClass, Failure, Reached},
    problems::{
        ProblemKind,
        diagnose::{ABSENT, NEEDS_PERSON},
        queue,
    },
    providers::{RemoteOrder, connection},
};
use serde_json::json;

/// The provider has it, unless what it names is another shipment's order.
pub(super) async fn accepted(
    scope: &mut Scope,
    post: &Post,
    remote: &RemoteOrder,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    if taken_over(scope, post, remote, record, trace, now).await? {
        return Ok(());
    }
    let Some(subject) = Subject::load(scope, post.shipment_id, true).await? else {
        return Ok(());
    };
    let words = format!("It names order {}, which is another shipment’s.", remote.remote_id);
    posts::step(scope, post, Step::CheckedUnclear, &words, record).await?;
    needs_person(scope, post, &subject, &words, record, trace, now).await
}

/// The provider has it: post date and fulfillment id are set, the customer and
/// connected systems are told, whatever was wrong before is closed. `false`: the
/// order is another shipment's, and nothing was written.
pub(super) async fn taken_over(
    scope: &mut Scope,
    post: &Post,
    remote: &RemoteOrder,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<bool> {
    let Some(subject) = Subject::load(scope, post.shipment_id, true).await? else {
        return Ok(true);
    };
    if subject.shipment.voided_at.is_some() {
        return one_too_many(scope, post, &subject, remote, record, trace, now).await;
    }
    if !provider_orders::keep(scope, post, remote, now).await? {
        return Ok(false);
    }
    let account = scope.account();
    let shipment = &subject.shipment;
    posts::set_state(scope, post, PostState::Accepted, now).await?;
    posts::step(scope, post, Step::Accepted, &format!("Provider order {}", remote.remote_id), record).await?;
    if post.group_no > 1 {
        // what was sent before may still be carried out
        late::plan(scope, shipment.id, trace, now).await?;
    }
    scope
        .execute(
            sql("update shipments set date_post = {}, fulfillment_id = {}, version = version + 1, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(now)
            .bind(&remote.remote_id)
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    state::move_to(scope, shipment.id, shipment.status, Status::PendingTracking).await?;
    connection::note_health(scope, post.connection_id, None, now).await?;
    for kind in [ProblemKind::Post, ProblemKind::Update] {
        queue::resolve(scope, shipment.id, kind, "It was posted.", now).await?;
    }
    let entry = Entry::shipment(
        &Actor::provider(subject.provider_name()),
        "shipment_posted",
        shipment.id,
        shipment.order_id,
        format!("{} accepted {} as {}", subject.provider_name(), shipment.number, remote.remote_id),
    )
    .changed(
        json!({ "date_post": shipment.date_post, "fulfillment_id": shipment.fulfillment_id }),
        json!({ "date_post": now, "fulfillment_id": remote.remote_id }),
    )
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentFulfilled,
        cause: format!("post:{}", post.id),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: super::view::event_data(scope, shipment.id).await?,
        trace,
    };
    if let Some(event) = events::tell(scope, event, now).await? {
        responders::trigger(scope, Trigger::Fulfilled, event, shipment.order_id, shipment.id, trace, now)
            .await?;
    }
    status::refresh(scope, shipment.order_id).await?;
    Ok(true)
}

/// The provider has it, and it was voided meanwhile: it takes nothing over, and its
/// order is one too many. `false`: the order is another shipment's.
async fn one_too_many(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    remote: &RemoteOrder,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<bool> {
    if provider_orders::held_by_another(scope, post, remote).await? {
        return Ok(false);
    }
    posts::set_state(scope, post, PostState::Accepted, now).await?;
    let words = format!("Provider order {}; the shipment was voided", remote.remote_id);
    posts::step(scope, post, Step::Accepted, &words, record).await?;
    queue::resolve(scope, subject.shipment.id, ProblemKind::Post, "It is known what became of it.", now)
        .await?;
    late::found_more(scope, subject, post.connection_id, &[remote], record, trace, now).await?;
    Ok(true)
}

/// What a provider answered to a post.
pub(super) async fn answered(
    scope: &mut Scope,
    post: &Post,
    result: Result<Answer<RemoteOrder>, Failure>,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<End> {
    let order = match result {
        Ok(answer) => answer.value,
        Err(failure) => return failed(scope, post, &failure, record, trace, now).await,
    };
    if order.live {
        accepted(scope, post, &order, record, trace, now).await?;
        return Ok(End::Done);
    }
    // a used reference is answered with the order that ended under it
    provider_orders::note_seen(scope, post.shipment_id, post.connection_id, &order, now).await?;
    let words = format!(
        "Its order {} with this reference is {} and stays so. Re-post it: then it gets a new reference.",
        order.remote_id, order.status
    );
    failed(scope, post, &Failure::refused(ErrorClass::InvalidRequest, None, words), record, trace, now).await
}

/// The provider did not take it, or nobody knows. Answers when to try again.
pub(super) async fn failed(
    scope: &mut Scope,
    post: &Post,
    failure: &Failure,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<End> {
    if failure.reached == Reached::Perhaps {
        unknown(scope, post, &failure.message, record, trace, now).await?;
        return Ok(End::Done);
    }
    if about_the_connection(failure.class) {
        connection::note_health(scope, post.connection_id, Some(failure.class), now).await?;
    }
    let step = if failure.reached == Reached::NotSent { Step::NotSent } else { Step::Rejected };
    posts::step(scope, post, step, &failure.message, record).await?;
    let again = failure
        .class
        .retry_helps()
        .then(|| retry::OUTSIDE.next(post.attempt_no, failure.retry_after, now))
        .flatten();
    let Some(subject) = Subject::load(scope, post.shipment_id, true).await? else {
        return Ok(End::Done);
    };
    let shipment = &subject.shipment;
    let problem = queue::NewProblem {
        kind: ProblemKind::Post,
        shipment: shipment.id,
        order: shipment.order_id,
        channel: None,
        connection: Some(post.connection_id),
        failure,
        courier: None,
        next_attempt_at: again,
        record,
        trace,
    };
    queue::open(scope, problem, now).await?;
    if let Some(at) = again {
        posts::set_state(scope, post, PostState::Queued, now).await?;
        return Ok(End::Again { at, reason: failure.message.clone() });
    }
    posts::set_state(scope, post, PostState::Rejected, now).await?;
    state::move_to(scope, shipment.id, shipment.status, Status::Error).await?;
    let entry = Entry::shipment(
        &Actor::provider(subject.provider_name()),
        "shipment_post_failed",
        shipment.id,
        shipment.order_id,
        format!("{} refused {}", subject.provider_name(), shipment.number),
    )
    .ended(Ended::Failed)
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentError,
        cause: format!("post:{}:{}", post.id, post.attempt_no),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: super::view::event_data(scope, shipment.id).await?,
        trace,
    };
    events::tell(scope, event, now).await?;
    status::refresh(scope, shipment.order_id).await?;
    Ok(End::Failed { reason: failure.message.clone() })
}

/// Nobody knows whether the provider took it: *unconfirmed*, and a job that
/// reads the provider.
pub(super) async fn unknown(
    scope: &mut Scope,
    post: &Post,
    why: &str,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    posts::set_state(scope, post, PostState::Unknown, now).await?;
    posts::step(scope, post, Step::Unknown, why, record).await?;
    let Some(subject) = Subject::load(scope, post.shipment_id, true).await? else {
        return Ok(());
    };
    let shipment = &subject.shipment;
    state::move_to(scope, shipment.id, shipment.status, Status::Unconfirmed).await?;
    let failure = Failure::perhaps(ErrorClass::Timeout, why);
    open(scope, post, &subject, &failure, record, trace, now).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_post_unknown",
        shipment.id,
        shipment.order_id,
        format!(
            "It is not known whether {} took {}; it is not sent again until it is",
            subject.provider_name(),
            shipment.number
        ),
    )
    .ended(Ended::Warning)
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    reconcile::queue_check(scope, shipment.id, post.id, trace, now + reconcile::first_check()).await?;
    status::refresh(scope, shipment.order_id).await
}

/// Stopped before anything was sent: the post ends, the shipment returns to
/// what its facts say, and a previous post is the live one again.
pub(super) async fn stop(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    why: &str,
    previous: Option<PostId>,
    from: Option<Status>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    posts::set_state(scope, post, PostState::Canceled, now).await?;
    posts::step(scope, post, Step::Canceled, why, None).await?;
    let account = scope.account();
    scope
        .execute(
            sql("update posts set reason = {} where account_id = {} and id = {}")
                .bind(why)
                .bind(account)
                .bind(post.id),
        )
        .await?;
    // unless its order was canceled on the way
    if let Some(previous) = previous.filter(|_| subject.shipment.fulfillment_id.is_some())
        && let Some(row) = posts::lock(scope, previous).await?
        && row.state == PostState::Superseded
    {
        posts::set_state(scope, &row, PostState::Accepted, now).await?;
        posts::step(scope, &row, Step::Decided, "A later post was stopped before it was sent.", None).await?;
    }
    let shipment = &subject.shipment;
    let back = match (&shipment.date_post, &shipment.shipped_at, &shipment.delivered_at) {
        (_, _, Some(_)) => Status::Delivered,
        (_, Some(_), None) => Status::Shipped,
        (Some(_), None, None) => Status::PendingTracking,
        (None, None, None) => from.filter(|from| *from == Status::Error).unwrap_or(Status::PendingPost),
    };
    state::move_to(scope, shipment.id, shipment.status, back).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_post_stopped",
        shipment.id,
        shipment.order_id,
        format!("{} was not sent. {why}", shipment.number),
    )
    .ended(Ended::Warning)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    status::refresh(scope, shipment.order_id).await
}

/// A re-post clears the previous post date and fulfillment id; history keeps them.
pub(super) async fn clear_previous(
    scope: &mut Scope,
    subject: &Subject,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let account = scope.account();
    scope
        .execute(
            sql("update shipments set date_post = null, fulfillment_id = null, version = version + 1, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    provider_orders::supersede_current(scope, shipment.id, now).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_post_cleared",
        shipment.id,
        shipment.order_id,
        format!("Cleared the previous post date and fulfillment id of {}", shipment.number),
    )
    .changed(
        json!({ "date_post": shipment.date_post, "fulfillment_id": shipment.fulfillment_id }),
        json!({ "date_post": null, "fulfillment_id": null }),
    )
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    Ok(())
}

/// Reading proved that the provider has no such order: it may be posted again,
/// with the same reference, by a person. It is looked for again later.
pub(super) async fn absent(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    posts::set_state(scope, post, PostState::Absent, now).await?;
    let shipment = &subject.shipment;
    if shipment.voided_at.is_some() {
        let words = "The last post did not arrive.";
        queue::resolve(scope, shipment.id, ProblemKind::Post, words, now).await?;
        return late::plan(scope, shipment.id, trace, now).await;
    }
    state::move_to(scope, shipment.id, shipment.status, Status::Error).await?;
    let words = "The last post did not arrive.";
    let failure = Failure::refused(ErrorClass::OrderNotFound, Some(ABSENT.into()), words);
    open(scope, post, subject, &failure, None, trace, now).await?;
    late::plan(scope, shipment.id, trace, now).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_post_absent",
        shipment.id,
        shipment.order_id,
        format!("{} does not have {}; it can be posted again", subject.provider_name(), shipment.number),
    )
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    status::refresh(scope, shipment.order_id).await
}

/// Nothing can tell: a person must look at the provider.
pub(super) async fn needs_person(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    why: &str,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    if post.state == PostState::NeedsPerson {
        return Ok(());
    }
    posts::set_state(scope, post, PostState::NeedsPerson, now).await?;
    let shipment = &subject.shipment;
    state::move_to(scope, shipment.id, shipment.status, Status::Unconfirmed).await?;
    let failure = Failure { code: Some(NEEDS_PERSON.into()), ..Failure::perhaps(ErrorClass::Unknown, why) };
    open(scope, post, subject, &failure, record, trace, now).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_post_needs_person",
        shipment.id,
        shipment.order_id,
        format!(
            "Nothing can tell whether {} has {}; look there and decide",
            subject.provider_name(),
            shipment.number
        ),
    )
    .ended(Ended::Warning)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    status::refresh(scope, shipment.order_id).await
}

/// Opens the problem of a post that is not tried again by itself.
async fn open(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    failure: &Failure,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let problem = queue::NewProblem {
        kind: ProblemKind::Post,
        shipment: subject.shipment.id,
        order: subject.shipment.order_id,
        channel: None,
        connection: Some(post.connection_id),
        failure,
        courier: None,
        next_attempt_at: None,
        record,
        trace,
    };
    queue::open(scope, problem, now).await
}
