//! Post: sends a shipment to its fulfillment connection.
//!
//! The action only leaves an intent and a job. The job commits `sent` before the
//! first byte goes out; after a crash what is *unknown* is never queued again by itself.

use super::{
    Status, Subject, outgoing,
    posts::{self, Post as PostRow, PostState, Step},
    reconcile, settle_post, state,
};
pub use crate::actions::NoInput;
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{
        Entry, TraceId, activity,
        record::{About, LogType},
    },
    ids::{PostId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    notify::responders::{self, Trigger},
    orders::status,
    outbound::{ErrorClass, Failure},
    providers::{Access, PostOrder, Provider, RemoteOrder, connection, kinds},
};
use anyhow::{Context, Result};
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
    /// Ask the provider about the earlier order first; `None` for a first post.
    #[serde(default)]
    pub gate: Option<Gate>,
}

/// What must be true of the earlier order before a re-post goes out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gate {
    /// The provider's id of the earlier order, if there was one.
    pub remote_id: Option<String>,
    /// Its reference.
    pub reference: String,
    /// The person said to send it whatever the provider says.
    pub anyway: bool,
    /// The post it follows.
    pub previous: Option<PostId>,
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
        let reference = subject.shipment.number.clone();
        let job = queue(scope, &subject, by, &reference, "", None, now).await?;
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
        1 => "1 fulfillment e-mail is sent to the customer.".into(),
        n => format!("{n} fulfillment e-mails are sent to the customer, one for each item."),
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
    let payload = json!(Payload { shipment_id: shipment.id, post_id: post, gate });
    let job = NewJob::new(POST_SHIPMENT, format!("shipment:{}", shipment.id), payload, now)
        .once(format!("post:{post}"))
        .traced(&by.trace);
    Ok(jobs::enqueue(scope, job).await?)
}

/// The job: posts one shipment.
#[derive(Debug)]
pub struct PostShipment;

impl Handler for PostShipment {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, End> {
        Box::pin(async move {
            match self.post(work, job).await {
                Ok(end) => end,
                Err(error) => {
                    if job.attempts >= TRIES
                        && let Ok(Some(end)) = self.give_up(work, job, &error).await
                    {
                        return end;
                    }
                    // nothing was decided: the row tells the next try how far this one came
                    tracing::error!(?error, job.id = %job.id, "posting stopped on our side");
                    End::Broken { reason: format!("{error:#}") }
                }
            }
        })
    }
}

/// Everything a post needs, read before anything is sent.
pub(super) struct Ready {
    pub(super) post: PostRow,
    pub(super) subject: Subject,
    pub(super) provider: &'static dyn Provider,
    pub(super) access: Access,
    pub(super) order: PostOrder,
}

impl PostShipment {
    /// What we cannot get out of the house, such as with credentials that do not
    /// open, is not tried for ever: the error queue says so.
    async fn give_up(&self, work: &Work, job: &Claimed, error: &anyhow::Error) -> Result<Option<End>> {
        let payload: Payload = serde_json::from_value(job.payload.clone())?;
        let mut scope = work.db.scope(job.account_id).await?;
        let waits = |post: &PostRow| matches!(post.state, PostState::Queued | PostState::Claimed);
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
        let payload: Payload = serde_json::from_value(job.payload.clone()).context("the job's payload")?;
        let trace = job.trace();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(post) = posts::lock(&mut scope, payload.post_id).await? else {
            return Ok(End::Done);
        };
        match post.state {
            PostState::Queued | PostState::Claimed => {}
            // an earlier try sent it and did not live to tell
            PostState::Sent => {
                settle_post::unknown(
                    &mut scope,
                    &post,
                    "The worker stopped before the answer was kept.",
                    None,
                    &trace,
                    (work.now)(),
                )
                .await?;
                scope.commit().await?;
                return Ok(End::Done);
            }
            _ => return Ok(End::Done),
        }
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
            return Ok(End::Done);
        };
        // a hold, a void or a cancellation may have come after the click
        if let Availability::Unavailable(why) = subject.postable() {
            settle_post::stop(
                &mut scope,
                &post,
                &subject,
                &why.sentence,
                payload.gate.as_ref().and_then(|g| g.previous),
                &trace,
                (work.now)(),
            )
            .await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        let mut ready = self.prepare(&mut scope, work, post, subject).await?;
        drop(scope);
        let provider = ready.provider;
        // before the intent: what waits for its turn is *queued*, not *sent*
        let connection = ready.post.connection_id;
        let work = &match connection::turn(work, job, connection, provider, &ready.access).await {
            Ok(work) => work,
            Err(waits) => return Ok(waits),
        };
        if let Some(gate) = &payload.gate {
            match reconcile::ask_gate(work, job, provider, &ready, gate).await? {
                reconcile::GateAnswer::Pass { reference } => ready.order.reference = reference,
                reconcile::GateAnswer::Stop { sentence } => {
                    let mut scope = work.db.scope(job.account_id).await?;
                    // whoever outran our lease may have sent it while we asked:
                    // the order we saw may be that one, and it is not ours to stop
                    if let Some(post) = posts::lock(&mut scope, payload.post_id).await?
                        && matches!(post.state, PostState::Queued | PostState::Claimed)
                        && let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await?
                    {
                        settle_post::stop(
                            &mut scope,
                            &post,
                            &subject,
                            &sentence,
                            gate.previous,
                            &trace,
                            (work.now)(),
                        )
                        .await?;
                    }
                    scope.commit().await?;
                    return Ok(End::Done);
                }
            }
        }
        // the intent, committed before the first byte
        let Some(post) = self.intend(work, job, &ready, payload.gate.is_some(), &trace).await? else {
            return Ok(End::Done);
        };
        // asking the gate took its time
        ready.access.now = (work.now)();
        self.send(work, job, provider, &ready, post, &trace).await
    }

    async fn prepare(
        &self,
        scope: &mut Scope,
        work: &Work,
        post: PostRow,
        subject: Subject,
    ) -> Result<Ready> {
        let connection =
            connection::find(scope, post.connection_id).await?.context("the post's connection is gone")?;
        let access = connection.access(scope, &work.keyring, (work.now)())?;
        let order = outgoing::post_order(scope, &subject, &post).await?;
        Ok(Ready { post, subject, provider: kinds::of(connection.kind), access, order })
    }

    async fn intend(
        &self,
        work: &Work,
        job: &Claimed,
        ready: &Ready,
        reposting: bool,
        trace: &TraceId,
    ) -> Result<Option<PostRow>> {
        let now = (work.now)();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(mut post) = posts::lock(&mut scope, ready.post.id).await? else {
            return Ok(None);
        };
        if !matches!(post.state, PostState::Queued | PostState::Claimed) {
            return Ok(None);
        }
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
        if reposting {
            settle_post::clear_previous(&mut scope, &ready.subject, trace, now).await?;
        }
        scope.commit().await?;
        Ok(Some(post))
    }

    async fn send(
        &self,
        work: &Work,
        job: &Claimed,
        provider: &dyn Provider,
        ready: &Ready,
        post: PostRow,
        trace: &TraceId,
    ) -> Result<End> {
        let about = About {
            connection: Some(post.connection_id),
            order: Some(ready.subject.shipment.order_id),
            shipment: Some(ready.subject.shipment.id),
            job: Some(job.id),
            attempt: post.attempt_no,
            trace: Some(trace.clone()),
            ..About::default()
        };
        let request = provider.create(&ready.access, &ready.order);
        let called = work
            .outbound
            .call(&work.db, job.account_id, LogType::PostShipment, &about, request, |response| {
                provider.created(response, &ready.order)
            })
            .await;
        let now = (work.now)();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(current) = posts::lock(&mut scope, post.id).await? else {
            return Ok(End::Done);
        };
        if current.state != PostState::Sent || current.lease_epoch != post.lease_epoch {
            // somebody else settled it meanwhile: our answer is evidence, not truth
            posts::step(&mut scope, &post, Step::Fenced, &fenced_words(&called.result), called.record)
                .await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        let end = match called.result {
            // a used reference is answered with the order that ended under it
            Ok(answer) if !answer.value.live => {
                posts::keep_provider_order(&mut scope, &post, &answer.value, now).await?;
                let words = format!(
                    "Its order {} with this reference is {} and stays so. Re-post it: then it gets a new reference.",
                    answer.value.remote_id, answer.value.status
                );
                let failure = Failure::refused(ErrorClass::InvalidRequest, None, words);
                settle_post::failed(&mut scope, &post, &failure, called.record, trace, now).await?
            }
            Ok(answer) => {
                settle_post::accepted(&mut scope, &post, &answer.value, called.record, trace, now).await?;
                End::Done
            }
            Err(failure) => {
                settle_post::failed(&mut scope, &post, &failure, called.record, trace, now).await?
            }
        };
        scope.commit().await?;
        Ok(end)
    }
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

fn request_hash(order: &PostOrder) -> String {
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
