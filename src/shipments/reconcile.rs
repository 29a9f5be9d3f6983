//! Reading the provider to learn what we do not know: whether an unknown post
//! arrived, and whether an earlier order stands in the way of a re-post.

use super::{
    Status, Subject,
    post::{Gate, Ready},
    posts::{self, Post, PostState, Step},
    settle_post, state,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{
        Entry, TraceId, activity,
        record::{About, LogType},
    },
    ids::{JobId, PostId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    orders::status,
    outbound::{Failure, Lane, lane::Asks},
    providers::{Access, Provider, RemoteOrder, connection, kinds},
};
use anyhow::{Context, Result};
use chrono::Duration;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that reads the provider about an unknown post.
pub const CHECK_POST: &str = "check_post";

/// The delays of the reads, which together outlast the provider's own
/// processing time: found on any is *accepted*, absent on all is *absent*.
const READS: [i64; 3] = [5, 60, 600];

/// When the provider is read next after it was found not to have the order, or
/// `None` when that is proven. Reads asked for by hand come early and do not
/// prove it early: the provider may still be working on what it got.
fn next_read(post: &Post, now: Instant) -> Option<Instant> {
    let planned = READS.get(usize::try_from(post.checks).unwrap_or(usize::MAX));
    let settled = post.sent_at.unwrap_or(post.created_at) + Duration::seconds(READS.iter().sum());
    match planned {
        Some(delay) => Some(now + Duration::seconds(*delay)),
        None => (now < settled).then_some(settled),
    }
}

/// How long after an unknown outcome the first read comes.
pub(super) fn first_check() -> Duration {
    Duration::seconds(READS[0])
}

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
    post_id: PostId,
}

/// Leaves the job that reads the provider.
pub(super) async fn queue_check(
    scope: &mut Scope,
    shipment: ShipmentId,
    post: PostId,
    trace: &TraceId,
    at: Instant,
) -> DbResult<JobId> {
    let payload = json!(Payload { shipment_id: shipment, post_id: post });
    let job = NewJob::new(CHECK_POST, format!("shipment:{shipment}"), payload, at)
        .once(format!("check:{post}"))
        .traced(trace);
    jobs::enqueue(scope, job).await
}

/// *Check with provider*: the read, now.
#[derive(Debug)]
pub struct CheckWithProvider;

impl Action for CheckWithProvider {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "check_post";
    const LABEL: &'static str = "Check with provider";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        Availability::when(
            subject.shipment.status == Status::Unconfirmed,
            "Only needed while it is not known whether the provider has the shipment.",
        )
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        Ok(Preview {
            question: format!("Ask {who} about {}?", subject.shipment.number),
            effects: vec![
                format!("{who} is read, nothing is sent."),
                "If it has the order, the shipment is Pending tracking. If it surely has not, it can be posted again.".into(),
            ],
            button: "Check with provider".into(),
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
        let Some(post) = subject.around.post_id else {
            return Ok(Outcome::unchanged("There is no post to check."));
        };
        let job = queue_check(scope, subject.shipment.id, post, &by.trace, now).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_check_queued",
            subject.shipment.id,
            subject.shipment.order_id,
            format!("Asking {} about {}", subject.provider_name(), subject.shipment.number),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Asking {}.", subject.provider_name())).with_job(job))
    }
}

/// The job: reads the provider about an unknown post.
#[derive(Debug)]
pub struct CheckPost;

impl Handler for CheckPost {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, End> {
        Box::pin(async move {
            match self.check(work, job).await {
                Ok(end) => end,
                Err(error) => {
                    tracing::error!(?error, job.id = %job.id, "checking a post stopped on our side");
                    End::Broken { reason: format!("{error:#}") }
                }
            }
        })
    }
}

/// What a read told.
pub(super) enum Found {
    /// These orders carry our reference.
    Orders(Vec<RemoteOrder>),
    /// The provider cannot be searched.
    CannotTell,
    /// The read failed.
    Failed(Failure),
}

impl CheckPost {
    async fn check(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: Payload = serde_json::from_value(job.payload.clone()).context("the job's payload")?;
        let trace = job.trace();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(post) = posts::lock(&mut scope, payload.post_id).await? else {
            return Ok(End::Done);
        };
        if !matches!(post.state, PostState::Unknown | PostState::Checking | PostState::NeedsPerson) {
            return Ok(End::Done);
        }
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, false).await? else {
            return Ok(End::Done);
        };
        let connection = connection::find(&mut scope, post.connection_id)
            .await?
            .context("the post's connection is gone")?;
        let access = connection.access(&scope, &work.keyring, (work.now)())?;
        drop(scope);
        let provider = kinds::of(connection.kind);
        let about = about(&subject, &post, job, &trace);
        let work = &match work.in_turn(job, Lane::Connection(post.connection_id), Asks::Read).await {
            Ok(work) => work,
            Err(waits) => return Ok(waits),
        };
        let (found, record) = find(work, job, provider, &access, &post.external_reference, &about).await;
        let now = (work.now)();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(mut post) = posts::lock(&mut scope, payload.post_id).await? else {
            return Ok(End::Done);
        };
        if !matches!(post.state, PostState::Unknown | PostState::Checking | PostState::NeedsPerson) {
            return Ok(End::Done);
        }
        let end = match found {
            Found::Orders(orders) if orders.iter().any(|o| o.live) => {
                let order = orders.into_iter().find(|o| o.live).context("a live order")?;
                posts::step(
                    &mut scope,
                    &post,
                    Step::CheckedFound,
                    &format!("Provider order {}", order.remote_id),
                    record,
                )
                .await?;
                settle_post::accepted(&mut scope, &post, &order, record, &trace, now).await?;
                End::Done
            }
            Found::Orders(_) => {
                posts::step(
                    &mut scope,
                    &post,
                    Step::CheckedAbsent,
                    "No live order with our reference.",
                    record,
                )
                .await?;
                scope
                    .execute(
                        sql("update posts set checks = checks + 1 where account_id = {} and id = {}")
                            .bind(job.account_id)
                            .bind(post.id),
                    )
                    .await?;
                post.checks += 1;
                match next_read(&post, now) {
                    Some(at) => End::Again { at, reason: "not found yet".into() },
                    None => {
                        absent(&mut scope, &post, &subject, &trace, now).await?;
                        End::Done
                    }
                }
            }
            Found::CannotTell => {
                needs_person(&mut scope, &post, &subject, &trace, now).await?;
                End::Done
            }
            Found::Failed(failure) => {
                posts::step(&mut scope, &post, Step::CheckedUnclear, &failure.message, record).await?;
                match jobs::retry::OUTSIDE.next(job.attempts, failure.retry_after, now) {
                    Some(at) => End::Again { at, reason: failure.message },
                    None => {
                        needs_person(&mut scope, &post, &subject, &trace, now).await?;
                        End::Done
                    }
                }
            }
        };
        scope.commit().await?;
        Ok(end)
    }
}

/// Reading proved that the provider has no such order: it may be posted again,
/// with the same reference, by a person.
async fn absent(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    posts::set_state(scope, post, PostState::Absent, now).await?;
    let shipment = &subject.shipment;
    state::move_to(scope, shipment.id, Status::Unconfirmed, Status::Error).await?;
    let entry = Entry::shipment(
        &crate::evidence::Actor::system(),
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
async fn needs_person(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    if post.state == PostState::NeedsPerson {
        return Ok(());
    }
    posts::set_state(scope, post, PostState::NeedsPerson, now).await?;
    let shipment = &subject.shipment;
    let entry = Entry::shipment(
        &crate::evidence::Actor::system(),
        "shipment_post_needs_person",
        shipment.id,
        shipment.order_id,
        format!(
            "Nothing can tell whether {} has {}; look there and decide",
            subject.provider_name(),
            shipment.number
        ),
    )
    .ended(activity::Ended::Warning)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    Ok(())
}

fn about(subject: &Subject, post: &Post, job: &Claimed, trace: &TraceId) -> About {
    About {
        connection: Some(post.connection_id),
        order: Some(subject.shipment.order_id),
        shipment: Some(subject.shipment.id),
        job: Some(job.id),
        attempt: job.attempts,
        trace: Some(trace.clone()),
        ..About::default()
    }
}

/// Reads the provider for orders with our reference.
async fn find(
    work: &Work,
    job: &Claimed,
    provider: &dyn Provider,
    access: &Access,
    reference: &str,
    about: &About,
) -> (Found, Option<RecordId>) {
    let Some(request) = provider.find(access, reference) else {
        return (Found::CannotTell, None);
    };
    let called = work
        .outbound
        .call(&work.db, job.account_id, LogType::GetProviderOrder, about, request, |r| {
            provider.found(r, reference)
        })
        .await;
    match called.result {
        Ok(answer) => (Found::Orders(answer.value), called.record),
        Err(failure) => (Found::Failed(failure), called.record),
    }
}

/// What the gate before a re-post decides.
pub(super) enum GateAnswer {
    /// Send, under this reference.
    Pass {
        /// The one before, or one more where the provider would not take it again.
        reference: String,
    },
    /// Do not.
    Stop {
        /// Why, in a sentence with what to do.
        sentence: String,
    },
}

/// Asks the provider about the earlier order before a re-post goes out.
pub(super) async fn ask_gate(
    work: &Work,
    job: &Claimed,
    provider: &dyn Provider,
    ready: &Ready,
    gate: &Gate,
) -> Result<GateAnswer> {
    let trace = job.trace();
    let about = about(&ready.subject, &ready.post, job, &trace);
    let who = ready.subject.provider_name().to_owned();
    let mut live = None;
    let mut ended_there = false;
    let mut unclear = None;
    let mut record = None;
    if let Some(request) = gate.remote_id.as_deref().and_then(|id| provider.read(&ready.access, id)) {
        let called = work
            .outbound
            .call(&work.db, job.account_id, LogType::GetProviderOrder, &about, request, |r| {
                provider.was_read(r)
            })
            .await;
        record = called.record;
        match called.result {
            Ok(answer) => match answer.value {
                Some(order) if order.live => live = Some(order),
                Some(_) => ended_there = true,
                None => {}
            },
            Err(failure) => unclear = Some(failure.message),
        }
    }
    // the earlier request may also have landed under our reference without our knowing
    if live.is_none() && unclear.is_none() {
        let (found, read) = find(work, job, provider, &ready.access, &gate.reference, &about).await;
        record = read.or(record);
        match found {
            Found::Orders(orders) => {
                ended_there |= orders.iter().any(|o| !o.live);
                live = orders.into_iter().find(|o| o.live);
            }
            Found::CannotTell if gate.remote_id.is_none() => {}
            Found::CannotTell => unclear = unclear.or(Some(format!("{who} cannot be searched."))),
            Found::Failed(failure) => unclear = Some(failure.message),
        }
    }
    let mut scope = work.db.scope(job.account_id).await?;
    let (step, words) = match (&live, &unclear) {
        (Some(order), _) => {
            (Step::CheckedFound, format!("Earlier order {} is there: {}", order.remote_id, order.status))
        }
        (None, Some(why)) => (Step::CheckedUnclear, why.clone()),
        (None, None) => (Step::CheckedAbsent, "The earlier order is not there, or canceled.".to_owned()),
    };
    posts::step(&mut scope, &ready.post, step, &words, record).await?;
    if let Some(order) = &live {
        posts::note_read(&mut scope, ready.post.connection_id, &order.remote_id, &order.status, (work.now)())
            .await?;
    }
    if gate.anyway && (live.is_some() || unclear.is_some()) {
        posts::step(
            &mut scope,
            &ready.post,
            Step::Decided,
            &format!("Sent anyway: {}", ready.post.reason),
            None,
        )
        .await?;
    }
    scope.commit().await?;
    let capabilities = provider.capabilities(&ready.access.settings);
    Ok(match (live, unclear) {
        (Some(order), _) if !gate.anyway => GateAnswer::Stop {
            sentence: format!(
                "{who} still has the earlier order {} ({}). Cancel it there first, or re-post with the tick and a reason.",
                order.remote_id, order.status
            ),
        },
        (None, Some(why)) if !gate.anyway => GateAnswer::Stop {
            sentence: format!(
                "{who} could not say whether it still has the earlier order: {why} Try again later, or re-post with the tick and a reason."
            ),
        },
        (live, _) => {
            // a reference whose order ended there would not make a new one
            let used_up = live.is_none() && ended_there && !capabilities.reuses_references;
            GateAnswer::Pass {
                reference: if used_up { next_reference(&gate.reference) } else { gate.reference.clone() },
            }
        }
    })
}

/// `SHP-000123` → `SHP-000123-R2` → `SHP-000123-R3`.
pub fn next_reference(reference: &str) -> String {
    match reference.rsplit_once("-R").and_then(|(base, n)| n.parse::<u32>().ok().map(|n| (base, n))) {
        Some((base, n)) => format!("{base}-R{}", n + 1),
        None => format!("{reference}-R2"),
    }
}
