//! Post: sends a shipment to its fulfillment connection.
//!
//! The action only leaves an intent and a job. The job commits `sent` before the
//! first byte goes out; after a crash what is *unknown* is never queued again by itself.

use super::{
    Status, Subject,
    door::{Caller, Door},
    gate::{self, Gate},
    late, outgoing,
    posts::{self, Post as PostRow, PostState, Step},
    settle_post, state,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, TraceId, activity},
    ids::{PostId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    notify::responders::{self, Trigger},
    orders::status,
    outbound::{Called, ErrorClass, Failure},
    providers::{PostOrder, RemoteOrder},
};
use anyhow::Result;
use diesel::{QueryableByName, sql_types::BigInt};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that posts.
pub const POST_SHIPMENT: &str = "post_shipment";

/// So often a post may stop on our side before that is an error of its own.
const TRIES: i32 = 5;

/// What the post job is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload {
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// The intent.
    pub post_id: PostId,
    /// Ask the providers about earlier orders first; `None` for a first post.
    #[serde(default)]
    pub gate: Option<Gate>,
    /// The shipment's status before, which counts again if nothing is sent.
    #[serde(default)]
    pub from: Option<Status>,
}

/// The action.
#[derive(Debug)]
pub struct Post;

impl Action for Post {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "post";
    const LABEL: &'static str = "Post to Fulfillment";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        let shipment = &subject.shipment;
        match shipment.status {
            Status::PendingPost | Status::Error
                if shipment.date_post.is_none() && !subject.around.posted_before =>
            {
                subject.postable()
            }
            Status::Posting => Availability::no("It is being posted now."),
            Status::Unconfirmed => Availability::no_but(
                format!(
                    "We don’t know whether {} has it already. Check with the provider first.",
                    subject.provider_name()
                ),
                "check_post",
            ),
            Status::Canceled => Availability::no("The shipment is voided."),
            _ => Availability::no_but(
                "It was posted before. Use Re-Post to Fulfillment to send it again.",
                "repost",
            ),
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let to = subject.provider_name().to_owned();
        let mut effects = vec![format!("{} is sent to {to}.", subject.shipment.number)];
        effects.extend(told_on_success(scope, subject.shipment.id).await?);
        effects.push("If the provider refuses it, it goes to the error queue with the reason.".into());
        Ok(Preview {
            question: format!("Post {} to {to}?", subject.shipment.number),
            effects,
            button: "Post shipment".into(),
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
        // what did not arrive may arrive late: then it is found, not sent twice
        let gate = subject.around.absent_before.then(Gate::default);
        let reference = posts::last_reference(scope, &subject.shipment).await?;
        let job = queue(scope, &subject, by, &reference, "", gate, now).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_post_queued",
            subject.shipment.id,
            subject.shipment.order_id,
            format!("Posting {} to {}", subject.shipment.number, subject.provider_name()),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Posting {} to {}.", subject.shipment.number, subject.provider_name()))
            .with_job(job))
    }
}

/// What is told when a post succeeds, in words.
pub(super) async fn told_on_success(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let emails = responders::would_write(scope, Trigger::Fulfilled, shipment).await?;
    let account = scope.account();
    let hooks: Option<Count> = scope
        .row(
            sql("select count(*) as n from webhook_endpoints where account_id = {} and state = 'active' \
                 and (cardinality(events) = 0 or 'shipment_fulfilled' = any(events))")
            .bind(account),
        )
        .await?;
    let mails = match emails {
        0 => "No fulfillment e-mail is sent: no responder is switched on, or the customer has no e-mail address.".into(),
        1 => "1 fulfillment e-mail to the customer is written. It stays here: no mail server is set.".into(),
        n => format!("{n} fulfillment e-mails to the customer are written, one for each item. They stay here: no mail server is set."),
    };
    let events = match hooks.map_or(0, |h| h.n) {
        0 => "The shipment_fulfilled event is recorded; no webhook endpoint listens.".into(),
        1 => "The shipment_fulfilled webhook goes to 1 endpoint.".into(),
        n => format!("The shipment_fulfilled webhook goes to {n} endpoints."),
    };
    Ok(vec![mails, events])
}

/// Leaves the intent and its job: shipment *posting*, post *queued*.
pub(super) async fn queue(
    scope: &mut Scope,
    subject: &Subject,
    by: &By,
    reference: &str,
    reason: &str,
    gate: Option<Gate>,
    now: Instant,
) -> Result<crate::ids::JobId, ActionError> {
    let shipment = &subject.shipment;
    let Some(connection) = shipment.connection_id else {
        return Err(ActionError::field(
            "connection",
            "Assign a fulfillment connection to the warehouse first.",
        ));
    };
    let post =
        posts::start(scope, shipment, connection, reference, reason, &by.actor.name, &by.trace, now).await?;
    if let Some(row) = posts::lock(scope, post).await? {
        posts::step(scope, &row, Step::Queued, reason, None).await?;
    }
    state::move_to(scope, shipment.id, shipment.status, Status::Posting).await?;
    status::refresh(scope, shipment.order_id).await?;
    let payload =
        json!(Payload { shipment_id: shipment.id, post_id: post, gate, from: Some(shipment.status) });
    let job = NewJob::new(POST_SHIPMENT, format!("shipment:{}", shipment.id), payload, now)
        .once(format!("post:{post}"))
        .traced(&by.trace);
    Ok(jobs::enqueue(scope, job).await?)
}

/// The job: posts one shipment.
#[derive(Debug)]
pub struct PostShipment;

impl Handler for PostShipment {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(async move {
            let ended = self.post(work, job).await;
            // an error decided nothing: the row tells the next try how far this one came
            if let Err(error) = &ended
                && job.attempts >= TRIES
                && let Ok(Some(end)) = self.give_up(work, job, error).await
            {
                return Ok(end);
            }
            ended
        })
    }
}

/// Everything a post needs, read before anything is sent.
pub(super) struct Ready {
    pub(super) post: PostRow,
    pub(super) subject: Subject,
    pub(super) door: Door,
    pub(super) order: PostOrder,
}

impl PostShipment {
    /// What we cannot get out of the house, such as with credentials that do not
    /// open, is not tried for ever: the error queue says so.
    async fn give_up(&self, work: &Work, job: &Claimed, error: &anyhow::Error) -> Result<Option<End>> {
        let payload: Payload = job.payload()?;
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(post) = posts::lock(&mut scope, payload.post_id).await?.filter(waits) else {
            return Ok(None);
        };
        let failure = Failure::not_sent(ErrorClass::Unknown, format!("Waybill could not send it: {error}."));
        let now = (work.now)();
        let end = settle_post::failed(&mut scope, &post, &failure, None, &job.trace(), now).await?;
        scope.commit().await?;
        Ok(Some(end))
    }

    async fn post(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: Payload = job.payload()?;
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(post) = posts::lock(&mut scope, payload.post_id).await? else {
            return Ok(End::Done);
        };
        if post.state == PostState::Sent {
            // an earlier try sent it and did not live to tell
            let words = "The worker stopped before the answer was kept.";
            settle_post::unknown(&mut scope, &post, words, None, &job.trace(), (work.now)()).await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        let (post, subject) = match postable(&mut scope, job, &payload, (work.now)()).await? {
            Now::Send(both) => *both,
            Now::Stopped | Now::Elsewhere => {
                scope.commit().await?;
                return Ok(End::Done);
            }
        };
        let door = Door::open(&mut scope, work, post.connection_id).await?;
        let order = outgoing::post_order(&mut scope, &subject, &post).await?;
        drop(scope);
        // before the intent: what waits for its turn is *queued*, not *sent*
        let work = &match door.turn_to_write(work, job).await {
            Ok(work) => work,
            Err(waits) => return Ok(waits),
        };
        let mut ready = Ready { post, subject, door, order };
        if let Some(gate) = &payload.gate {
            match gate::ask(work, job, &ready, gate).await? {
                Err(waits) => return Ok(waits),
                Ok(gate::Answer::Pass { reference }) => ready.order.reference = reference,
                Ok(answer) => return not_sent(work, job, &payload, answer).await,
            }
        }
        // the intent, committed before the first byte
        match intend(work, job, &payload, &ready).await? {
            Ok(post) => send(work, job, &ready, post).await,
            Err(end) => Ok(end),
        }
    }
}

/// Whether a post is still to be sent.
enum Now {
    /// It is.
    Send(Box<(PostRow, Subject)>),
    /// It was stopped just now.
    Stopped,
    /// Somebody else has it in hand, or is done with it.
    Elsewhere,
}

/// The post and its shipment, if it is still to be sent. A hold, a void or a
/// cancellation may have come after the click: then it is stopped.
async fn postable(scope: &mut Scope, job: &Claimed, payload: &Payload, now: Instant) -> Result<Now> {
    // whoever outran our lease may have sent it while we asked: then it is not
    // ours to stop
    let Some(post) = posts::lock(scope, payload.post_id).await?.filter(waits) else {
        return Ok(Now::Elsewhere);
    };
    let Some(subject) = Subject::load(scope, payload.shipment_id, true).await? else {
        return Ok(Now::Elsewhere);
    };
    if let Availability::Unavailable(why) = subject.postable() {
        stop(scope, job, payload, &post, &subject, &why.sentence, now).await?;
        return Ok(Now::Stopped);
    }
    Ok(Now::Send(Box::new((post, subject))))
}

/// Whoever outran our lease has it in hand. The job stays until they are done: if
/// they die first, nobody else would ever look at what they sent.
fn outrun(now: Instant) -> End {
    End::Again { at: now + jobs_deadline(), reason: "Another worker has it in hand.".into() }
}

fn waits(post: &PostRow) -> bool {
    matches!(post.state, PostState::Queued | PostState::Claimed)
}

async fn stop(
    scope: &mut Scope,
    job: &Claimed,
    payload: &Payload,
    post: &PostRow,
    subject: &Subject,
    why: &str,
    now: Instant,
) -> Result<()> {
    let previous = payload.gate.as_ref().and_then(|g| g.previous);
    Ok(settle_post::stop(scope, post, subject, why, previous, payload.from, &job.trace(), now).await?)
}

/// The gate did not let it pass.
async fn not_sent(work: &Work, job: &Claimed, payload: &Payload, answer: gate::Answer) -> Result<End> {
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let (post, subject) = match postable(&mut scope, job, payload, now).await? {
        Now::Send(both) => *both,
        Now::Elsewhere => return Ok(outrun(now)),
        Now::Stopped => {
            scope.commit().await?;
            return Ok(End::Done);
        }
    };
    match answer {
        gate::Answer::Stop { sentence } => {
            stop(&mut scope, job, payload, &post, &subject, &sentence, now).await?;
        }
        gate::Answer::Adopt(order) => {
            settle_post::accepted(&mut scope, &post, &order, None, &job.trace(), now).await?;
        }
        gate::Answer::Pass { .. } => {}
    }
    scope.commit().await?;
    Ok(End::Done)
}

async fn intend(
    work: &Work,
    job: &Claimed,
    payload: &Payload,
    ready: &Ready,
) -> Result<Result<PostRow, End>> {
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let (mut post, subject) = match postable(&mut scope, job, payload, now).await? {
        Now::Send(both) => *both,
        Now::Elsewhere => return Ok(Err(outrun(now))),
        Now::Stopped => {
            scope.commit().await?;
            return Ok(Err(End::Done));
        }
    };
    scope
        .execute(
            sql("update posts set state = 'sent', lease_epoch = {}, attempt_no = attempt_no + 1, sent_at = {}, \
                 deadline_at = {}, external_reference = {}, request_hash = {} where account_id = {} and id = {}")
            .bind(job.lease_epoch)
            .bind(now)
            .bind(now + jobs_deadline())
            .bind(&ready.order.reference)
            .bind(request_hash(&ready.order))
            .bind(job.account_id)
            .bind(post.id),
        )
        .await?;
    post.state = PostState::Sent;
    post.lease_epoch = job.lease_epoch;
    post.attempt_no += 1;
    post.external_reference.clone_from(&ready.order.reference);
    posts::step(&mut scope, &post, Step::Sent, "", None).await?;
    if subject.shipment.date_post.is_some() || subject.shipment.fulfillment_id.is_some() {
        settle_post::clear_previous(&mut scope, &subject, &job.trace(), now).await?;
    }
    scope.commit().await?;
    Ok(Ok(post))
}

async fn send(work: &Work, job: &Claimed, ready: &Ready, post: PostRow) -> Result<End> {
    let caller = Caller { work, job, shipment: &ready.subject.shipment };
    let called = ready.door.create(caller, post.attempt_no, &ready.order).await;
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(current) = posts::lock(&mut scope, post.id).await? else {
        return Ok(End::Done);
    };
    let end = if current.state == PostState::Sent && current.lease_epoch == post.lease_epoch {
        settle_post::answered(&mut scope, &post, called.result, called.record, &job.trace(), now).await?
    } else {
        fenced(&mut scope, &current, &post, called, &job.trace(), now).await?;
        End::Done
    };
    scope.commit().await?;
    Ok(end)
}

/// Somebody else has the post meanwhile: our answer is evidence. If it names an
/// order, that order is there, whatever was concluded without it.
async fn fenced(
    scope: &mut Scope,
    current: &PostRow,
    post: &PostRow,
    called: Called<RemoteOrder>,
    trace: &TraceId,
    now: Instant,
) -> Result<()> {
    posts::step(scope, post, Step::Fenced, &fenced_words(&called.result), called.record).await?;
    let Ok(answer) = called.result else { return Ok(()) };
    if answer.value.live {
        late::answer(scope, current, &answer.value, called.record, trace, now).await?;
    }
    Ok(())
}

fn fenced_words(result: &Result<crate::outbound::Answer<RemoteOrder>, Failure>) -> String {
    match result {
        Ok(answer) => format!("A late answer: accepted as {}.", answer.value.remote_id),
        Err(failure) => format!("A late answer: {}", failure.message),
    }
}

/// After this long without an answer a sent post is unknown.
fn jobs_deadline() -> chrono::Duration {
    chrono::Duration::seconds(60)
}

pub(super) fn request_hash(order: &PostOrder) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(format!("{order:?}").as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Failures that say something about the connection rather than this shipment.
pub(super) fn about_the_connection(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Auth
            | ErrorClass::Forbidden
            | ErrorClass::Unavailable
            | ErrorClass::Timeout
            | ErrorClass::RateLimited
    )
}
