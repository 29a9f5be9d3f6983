//! Late arrivals: a request nobody had an answer to may be carried out after
//! reading said *absent*. So the providers are asked again later, and a second
//! order is shown, with one step that cancels it.

use super::{
    Status, Subject, cancel_order,
    posts::{self, Post, PostState, Step},
    provider_orders::{self, CancelState},
    settle_post,
    survey::{Survey, survey},
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Actor, Entry, TraceId, activity, activity::Ended},
    ids::{ConnectionId, JobId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    outbound::{ErrorClass, Failure},
    problems::{ProblemKind, queue as problem_queue},
    providers::RemoteOrder,
};
use anyhow::Result;
use chrono::Duration;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that asks again.
pub const LOOK_FOR_LATE_ORDERS: &str = "look_for_late_orders";

/// When it is asked, in hours after what gave reason to.
const HOURS: [i64; 2] = [1, 24];

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
}

/// Leaves the later looks behind.
pub(super) async fn plan(
    scope: &mut Scope,
    shipment: ShipmentId,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    for hours in HOURS {
        look_at(scope, shipment, &format!("late:{shipment}:{hours}"), trace, now + Duration::hours(hours))
            .await?;
    }
    Ok(())
}

/// Leaves one look behind, now.
pub(super) async fn look_now(
    scope: &mut Scope,
    shipment: ShipmentId,
    trace: &TraceId,
    now: Instant,
) -> DbResult<JobId> {
    look_at(scope, shipment, &format!("late:{shipment}:now"), trace, now).await
}

async fn look_at(
    scope: &mut Scope,
    shipment: ShipmentId,
    key: &str,
    trace: &TraceId,
    at: Instant,
) -> DbResult<JobId> {
    let payload = json!(Payload { shipment_id: shipment });
    let job = NewJob::new(LOOK_FOR_LATE_ORDERS, format!("shipment:{shipment}"), payload, at);
    jobs::enqueue(scope, job.once(key).traced(trace)).await
}

/// The job.
#[derive(Debug)]
pub struct LookForLateOrders;

impl Handler for LookForLateOrders {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(look(work, job))
    }
}

async fn look(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, false).await? else {
        return Ok(End::Done);
    };
    drop(scope);
    // what is being posted or checked is not settled yet: those jobs tell
    if matches!(subject.shipment.status, Status::Posting | Status::Unconfirmed) {
        return Ok(match retry::OUTSIDE.next(job.attempts, Some(Duration::minutes(15)), (work.now)()) {
            Some(at) => End::Again { at, reason: "a post is not settled yet".into() },
            None => End::Done,
        });
    }
    let survey = match survey(work, job, &subject).await? {
        Ok(survey) => survey,
        Err(waits) => return Ok(waits),
    };
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
        return Ok(End::Done);
    };
    learn(&mut scope, &subject, &survey, &job.trace(), now).await?;
    let mut end = End::Done;
    if let Some(why) = &survey.unclear {
        end = match retry::OUTSIDE.next(job.attempts, None, now) {
            Some(at) => End::Again { at, reason: why.clone() },
            None => End::Done,
        };
        if let (End::Done, Some(post)) = (&end, subject.around.post_id)
            && let Some(post) = posts::lock(&mut scope, post).await?
        {
            posts::step(&mut scope, &post, Step::CheckedUnclear, why, survey.record).await?;
        }
    }
    scope.commit().await?;
    Ok(end)
}

/// Draws the conclusions of a survey.
async fn learn(
    scope: &mut Scope,
    subject: &Subject,
    survey: &Survey,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let own = |order: &RemoteOrder| shipment.fulfillment_id.as_deref() == Some(order.remote_id.as_str());
    let others: Vec<&(ConnectionId, RemoteOrder)> =
        survey.live.iter().filter(|(_, order)| !own(order)).collect();
    if others.is_empty() {
        if survey.unclear.is_none() {
            let words = "No more than one order is left.";
            problem_queue::resolve(scope, shipment.id, ProblemKind::Duplicate, words, now).await?;
        }
        return Ok(());
    }
    // nothing was sent after it: then it is what the absent post has made
    if let ([(connection, order)], None, None) =
        (survey.live.as_slice(), &shipment.fulfillment_id, &shipment.voided_at)
        && let Some(id) = subject.around.post_id
        && let Some(post) = posts::lock(scope, id).await?
        && post.state == PostState::Absent
        && post.connection_id == *connection
    {
        let words = format!("Provider order {} arrived late.", order.remote_id);
        posts::step(scope, &post, Step::CheckedFound, &words, survey.record).await?;
        return settle_post::accepted(scope, &post, order, survey.record, trace, now).await;
    }
    let orders: Vec<&RemoteOrder> = survey.live.iter().map(|(_, order)| order).collect();
    let connection = others.first().map(|(connection, _)| *connection);
    too_many(scope, subject, connection, &orders, survey.record, trace, now).await
}

/// A late answer to a post that somebody else has decided about: in doubt, it
/// settles it; otherwise its order is one too many, unless it is the one.
pub(super) async fn answer(
    scope: &mut Scope,
    post: &Post,
    order: &RemoteOrder,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    use PostState::{Absent, Checking, NeedsPerson, Unknown};
    let Some(subject) = Subject::load(scope, post.shipment_id, true).await? else {
        return Ok(());
    };
    let newest = subject.around.post_id == Some(post.id);
    // a voided shipment takes nothing over: whatever lives there is one too many
    let stands = subject.shipment.voided_at.is_none();
    if newest && stands && matches!(post.state, Unknown | Checking | NeedsPerson | Absent) {
        return settle_post::accepted(scope, post, order, record, trace, now).await;
    }
    if subject.shipment.fulfillment_id.as_deref() == Some(order.remote_id.as_str()) {
        return Ok(());
    }
    found_more(scope, &subject, post.connection_id, &[order], record, trace, now).await
}

/// Orders that came to light beside the one that was taken over.
pub(super) async fn found_more(
    scope: &mut Scope,
    subject: &Subject,
    connection: ConnectionId,
    live: &[&RemoteOrder],
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    for order in live {
        provider_orders::note_seen(scope, subject.shipment.id, connection, order, now).await?;
    }
    let Some(subject) = Subject::load(scope, subject.shipment.id, true).await? else {
        return Ok(());
    };
    too_many(scope, &subject, Some(connection), live, record, trace, now).await
}

/// There are more orders than there may be: the error queue has it.
async fn too_many(
    scope: &mut Scope,
    subject: &Subject,
    connection: Option<ConnectionId>,
    orders: &[&RemoteOrder],
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let listed: Vec<String> = orders.iter().map(|o| format!("{} ({})", o.remote_id, o.status)).collect();
    let kept = match &shipment.fulfillment_id {
        Some(own) => format!("{own} is the one that counts."),
        None => "None of them should be there.".to_owned(),
    };
    let words = format!("Orders for {}: {}. {kept}", shipment.number, listed.join(", "));
    let failure = Failure::refused(ErrorClass::AlreadyFulfilled, None, words.clone());
    let problem = problem_queue::NewProblem {
        kind: ProblemKind::Duplicate,
        shipment: shipment.id,
        order: shipment.order_id,
        channel: None,
        connection: connection.or(shipment.connection_id),
        failure: &failure,
        courier: None,
        next_attempt_at: None,
        record,
        trace,
    };
    problem_queue::open(scope, problem, now).await?;
    super::state::touch(scope, shipment.id, now).await?;
    let entry = Entry::shipment(
        &Actor::system(),
        "shipment_orders_doubled",
        shipment.id,
        shipment.order_id,
        format!("{} has more orders than one. {words}", subject.provider_name()),
    )
    .ended(Ended::Warning)
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    Ok(())
}

/// *Cancel the second*: cancels every order beside the one that counts.
#[derive(Debug)]
pub struct CancelSecond;

impl Action for CancelSecond {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "cancel_second";
    const LABEL: &'static str = "Cancel the second";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        if subject.around.second_orders == 0 {
            return Availability::no("No second order of this shipment is known.");
        }
        cancel_order::cancels(subject)
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        let seconds = seconds(scope, subject).await?;
        let mut effects: Vec<String> =
            seconds.iter().map(|o| format!("{who} is asked to cancel its order {}.", o.remote_id)).collect();
        if let Some(own) = &subject.shipment.fulfillment_id {
            effects.push(format!("Order {own} stays: it is the one that counts."));
        }
        effects.push("What has left the warehouse already is not canceled; then you are told.".into());
        Ok(Preview {
            question: match seconds.as_slice() {
                [one] => format!("Cancel order {} of {}?", one.remote_id, subject.shipment.number),
                more => format!("Cancel {} orders of {}?", more.len(), subject.shipment.number),
            },
            effects,
            button: "Cancel the second".into(),
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
        let mut names = Vec::new();
        let mut outcome = Outcome::default();
        for order in seconds(scope, &subject).await? {
            if order.cancel_state != CancelState::Requested {
                outcome = outcome.with_job(cancel_order::queue(scope, &subject, &order, by, now).await?);
                names.push(order.remote_id);
            }
        }
        let who = subject.provider_name();
        Ok(match names.is_empty() {
            true => Outcome::unchanged(format!("{who} is being asked to cancel it already.")),
            false => Outcome {
                message: format!("Asking {who} to cancel {}.", names.join(", ")),
                changed: true,
                ..outcome
            },
        })
    }
}

/// The orders beside the current one that may be alive.
async fn seconds(scope: &mut Scope, subject: &Subject) -> DbResult<Vec<provider_orders::ProviderOrder>> {
    let orders = provider_orders::may_be_live(scope, subject.shipment.id).await?;
    Ok(orders.into_iter().filter(|o| o.superseded_at.is_some()).collect())
}
