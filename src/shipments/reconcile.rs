//! Learning whether an unknown post arrived. What may be done about it is the
//! class of the provider: repeat what cannot be done twice, else read, else a
//! person decides.

use super::{
    Status, Subject,
    door::{Caller, Door, Found},
    late, outgoing, post,
    posts::{self, Post, PostState, Step},
    settle_post,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, TraceId, activity},
    ids::{JobId, PostId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    outbound::{Called, Failure, Reached},
    providers::{IdempotencyClass, PostOrder, RemoteOrder},
};
use anyhow::Result;
use chrono::Duration;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that reads the provider about an unknown post.
pub const CHECK_POST: &str = "check_post";

/// The delays of the reads, which together outlast the provider's own
/// processing time: found on any is *accepted*, absent on all is *absent*.
const READS: [i64; 3] = [5, 60, 600];

/// So long after the first try an idempotency key is still sure to be known.
const KEY_LASTS: Duration = Duration::hours(20);

/// When the provider is read next after it was found not to have the order, or
/// `None` when that is proven. Reads asked for by hand come early and do not
/// prove it early: the provider may still be working on what it got.
fn next_read(post: &Post, settle_seconds: i64, now: Instant) -> Option<Instant> {
    let planned = READS.get(usize::try_from(post.checks).unwrap_or(usize::MAX));
    let after = READS.iter().sum::<i64>().max(settle_seconds);
    let settled = post.sent_at.unwrap_or(post.created_at) + Duration::seconds(after);
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
            subject.shipment.status == Status::Unconfirmed || subject.around.second_orders > 0,
            "Only needed while it is not known what the provider has.",
        )
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        Ok(Preview {
            question: format!("Ask {who} about {}?", subject.shipment.number),
            effects: vec![
                match subject.capabilities().is_some_and(|c| repeats(c.idempotency)) {
                    true => format!("{who} is asked; where it cannot be done twice, the same request is sent once more."),
                    false => format!("{who} is read, nothing is sent."),
                },
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
        let shipment = &subject.shipment;
        let job = match (shipment.status, subject.around.post_id) {
            (Status::Unconfirmed, Some(post)) => {
                queue_check(scope, shipment.id, post, &by.trace, now).await?
            }
            _ => late::look_now(scope, shipment.id, &by.trace, now).await?,
        };
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

/// The job: learns what became of an unknown post.
#[derive(Debug)]
pub struct CheckPost;

impl Handler for CheckPost {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(check(work, job))
    }
}

/// Whether this class makes repeating a request the way to learn its outcome.
fn repeats(class: IdempotencyClass) -> bool {
    matches!(class, IdempotencyClass::Key | IdempotencyClass::OwnId)
}

fn in_doubt(post: &Post) -> bool {
    matches!(post.state, PostState::Unknown | PostState::Checking | PostState::NeedsPerson)
}

/// What was learned.
enum Learned {
    /// From reading.
    Read(Found),
    /// From sending the same request once more.
    Repeated(Called<RemoteOrder>),
}

async fn check(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(post) = posts::lock(&mut scope, payload.post_id).await?.filter(in_doubt) else {
        return Ok(End::Done);
    };
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, false).await? else {
        return Ok(End::Done);
    };
    let door = Door::open(&mut scope, work, post.connection_id).await?;
    let order = repeatable(&mut scope, &subject, &post, &door, (work.now)()).await?;
    drop(scope);
    // what cannot be searched is sent once more, or not asked at all
    let turn = match door.capabilities().finds || order.is_none() {
        true => door.turn_to_read(work, job).await,
        false => door.turn_to_write(work, job).await,
    };
    let work = &match turn {
        Ok(work) => work,
        Err(waits) => return Ok(waits),
    };
    let caller = Caller { work, job, shipment: &subject.shipment };
    let (found, mut record) = door.find(caller, &post.external_reference).await;
    let there = matches!(&found, Found::Orders(orders) if orders.iter().any(|o| o.live));
    let learned = match order {
        // what cannot be done twice is sent once more where reading does not show it
        Some(order) if !there && !matches!(found, Found::Failed(_)) => {
            let Some(post) = note_repeat(work, job, &post).await? else {
                return Ok(End::Done);
            };
            let called = door.create(caller, post.attempt_no, &order).await;
            record = called.record;
            Learned::Repeated(called)
        }
        _ => Learned::Read(found),
    };
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(post) = posts::lock(&mut scope, payload.post_id).await?.filter(in_doubt) else {
        return Ok(End::Done);
    };
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
        return Ok(End::Done);
    };
    let end = match learned {
        Learned::Read(found) => {
            let found = (found, door.capabilities().settle_seconds);
            read(&mut scope, &post, &subject, found, record, job, now).await?
        }
        Learned::Repeated(called) => repeated(&mut scope, &post, &subject, called, job, now).await?,
    };
    scope.commit().await?;
    Ok(end)
}

/// The request to repeat, where the class allows it and nothing came between:
/// the same content under its key, or the same id.
async fn repeatable(
    scope: &mut Scope,
    subject: &Subject,
    post: &Post,
    door: &Door,
    now: Instant,
) -> Result<Option<PostOrder>> {
    let class = door.capabilities().idempotency;
    if !repeats(class) || !subject.postable().is_available() {
        return Ok(None);
    }
    let order = outgoing::post_order(scope, subject, post).await?;
    // with another content a refusal would say nothing about the first request
    let same = post.request_hash.as_deref() == Some(post::request_hash(&order).as_str());
    let known = class == IdempotencyClass::OwnId || post.sent_at.is_some_and(|at| now < at + KEY_LASTS);
    Ok((same && known).then_some(order))
}

/// Commits that the request goes out once more.
async fn note_repeat(work: &Work, job: &Claimed, post: &Post) -> Result<Option<Post>> {
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(mut post) = posts::lock(&mut scope, post.id).await?.filter(in_doubt) else {
        return Ok(None);
    };
    scope
        .execute(
            sql("update posts set attempt_no = attempt_no + 1 where account_id = {} and id = {}")
                .bind(job.account_id)
                .bind(post.id),
        )
        .await?;
    post.attempt_no += 1;
    posts::step(&mut scope, &post, Step::Sent, "The same request once more.", None).await?;
    scope.commit().await?;
    Ok(Some(post))
}

/// What reading tells.
async fn read(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    (found, settle_seconds): (Found, i64),
    record: Option<RecordId>,
    job: &Claimed,
    now: Instant,
) -> Result<End> {
    let trace = job.trace();
    let orders = match found {
        Found::Orders(orders) => orders,
        Found::CannotTell => {
            let words = format!("{} cannot be asked by machine.", subject.provider_name());
            settle_post::needs_person(scope, post, subject, &words, record, &trace, now).await?;
            return Ok(End::Done);
        }
        Found::Failed(failure) => {
            posts::step(scope, post, Step::CheckedUnclear, &failure.message, record).await?;
            return unclear(scope, post, subject, &failure, record, job, now).await;
        }
    };
    let live: Vec<&RemoteOrder> = orders.iter().filter(|o| o.live).collect();
    if let Some(order) = live.first() {
        let words = format!("Provider order {}", order.remote_id);
        posts::step(scope, post, Step::CheckedFound, &words, record).await?;
        settle_post::accepted(scope, post, order, record, &trace, now).await?;
        if live.len() > 1 {
            late::found_more(scope, subject, post.connection_id, &live, record, &trace, now).await?;
        }
        return Ok(End::Done);
    }
    posts::step(scope, post, Step::CheckedAbsent, "No live order with our reference.", record).await?;
    let checks = post.checks + 1;
    scope
        .execute(
            sql("update posts set checks = {} where account_id = {} and id = {}")
                .bind(checks)
                .bind(job.account_id)
                .bind(post.id),
        )
        .await?;
    Ok(match next_read(&Post { checks, ..post.clone() }, settle_seconds, now) {
        Some(at) => End::Again { at, reason: "not found yet".into() },
        None => {
            settle_post::absent(scope, post, subject, &trace, now).await?;
            End::Done
        }
    })
}

/// What the repeated request was answered. A refusal is the answer to the first
/// one too: had that been carried out, there would be nothing to refuse.
async fn repeated(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    called: Called<RemoteOrder>,
    job: &Claimed,
    now: Instant,
) -> Result<End> {
    let about_us = |failure: &Failure| post::about_the_connection(failure.class);
    match called.result {
        Err(failure) if failure.reached != Reached::Refused || about_us(&failure) => {
            let step = if failure.reached == Reached::NotSent { Step::NotSent } else { Step::Unknown };
            posts::step(scope, post, step, &failure.message, called.record).await?;
            unclear(scope, post, subject, &failure, called.record, job, now).await
        }
        result => Ok(settle_post::answered(scope, post, result, called.record, &job.trace(), now).await?),
    }
}

/// Asked again later; after the last try a person is asked.
async fn unclear(
    scope: &mut Scope,
    post: &Post,
    subject: &Subject,
    failure: &Failure,
    record: Option<RecordId>,
    job: &Claimed,
    now: Instant,
) -> Result<End> {
    if let Some(at) = retry::OUTSIDE.next(job.attempts, failure.retry_after, now) {
        return Ok(End::Again { at, reason: failure.message.clone() });
    }
    settle_post::needs_person(scope, post, subject, &failure.message, record, &job.trace(), now).await?;
    Ok(End::Done)
}
