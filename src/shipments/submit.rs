//! Submission: sends a shipment's tracking to its sales channel, and only that.
//! Most channels have no idempotency key, so what they have is read first.

use super::{ChannelSync, Subject, submission, told, view};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    channels::{Access, Channel, ChannelKind, Channels, Look, Notification, Submission, Told, store},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{
        Actor, Entry, TraceId, activity,
        activity::Ended,
        record::{About, LogType},
    },
    ids::{JobId, RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    notify::events::{self, EventType, NewEvent},
    orders::status,
    outbound::{Answer, Called, ErrorClass, Failure, HttpResponse, Lane, lane::Asks},
    problems::{ProblemKind, queue as problem_queue},
};
use anyhow::{Context, Result};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that submits.
pub const SUBMIT_FULFILLMENT: &str = "submit_fulfillment";

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
}

/// *Submit to sales channel.*
#[derive(Debug)]
pub struct SubmitToChannel;

impl Action for SubmitToChannel {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "submit";
    const LABEL: &'static str = "Submit to sales channel";
    const PERMISSION: Permission = Permission::ShipmentsSubmit;

    fn available(subject: &Subject) -> Availability {
        available(subject)
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let channel = &subject.around.channel_name;
        let mut effects = vec![
            format!(
                "The tracking of {} is sent to {channel}. Nothing is sent to the provider.",
                subject.shipment.number
            ),
            match subject.shipment.channel_notification {
                Notification::Trigger => format!("{channel} may tell the buyer."),
                Notification::Mute => format!("{channel} is asked not to tell the buyer."),
            },
        ];
        if subject.shipment.channel_sync == ChannelSync::Synced {
            effects.push(format!(
                "{channel} has it already; what it has is read first: it is not told twice, and what differs is corrected where it takes corrections."
            ));
        }
        Ok(Preview {
            question: format!("Submit {} to {channel}?", subject.shipment.number),
            effects,
            button: "Submit tracking".into(),
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
        let job = queue(scope, &subject, by, now).await?;
        Ok(Outcome::done(format!("Sending {} to {}.", subject.shipment.number, subject.around.channel_name))
            .with_job(job))
    }
}

/// Whether a shipment can be submitted to its channel.
pub fn available(subject: &Subject) -> Availability {
    let (shipment, around) = (&subject.shipment, &subject.around);
    if shipment.voided_at.is_some() {
        return Availability::no("The shipment is voided.");
    }
    if around.channel_kind == ChannelKind::Manual {
        return Availability::no("The order came from a file, not from a connected channel.");
    }
    if around.unsold {
        return Availability::no(format!(
            "{} sold none of its items, so there is nothing to tell it.",
            around.channel_name
        ));
    }
    if !around.channel_submits {
        return Availability::no(format!("Sending tracking is switched off for {}.", around.channel_name));
    }
    if shipment.tracking_number.as_deref().is_none_or(str::is_empty) {
        return Availability::no("Available once the shipment has a tracking number.");
    }
    if shipment.courier.as_deref().is_none_or(str::is_empty) {
        return Availability::no("Available once the shipment has a courier.");
    }
    Availability::Available
}

/// Leaves the submission and its job, with a line of activity.
pub async fn queue(scope: &mut Scope, subject: &Subject, by: &By, now: Instant) -> DbResult<JobId> {
    let shipment = &subject.shipment;
    let account = scope.account();
    scope
        .execute(
            sql(
                "update shipments set channel_sync = 'pending_sync', version = version + 1, updated_at = {} \
                 where account_id = {} and id = {}",
            )
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    status::refresh(scope, shipment.order_id).await?;
    let entry = Entry::shipment(
        &by.actor,
        "fulfillment_submitted",
        shipment.id,
        shipment.order_id,
        format!("Sending the tracking of {} to {}", shipment.number, subject.around.channel_name),
    )
    .of_channel(shipment.channel_id)
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let job = NewJob::new(
        SUBMIT_FULFILLMENT,
        format!("shipment:{}", shipment.id),
        json!(Payload { shipment_id: shipment.id }),
        now,
    )
    .once(format!("submit:{}", shipment.id))
    .traced(&by.trace);
    jobs::enqueue(scope, job).await
}

/// The job: submits one shipment.
#[derive(Debug)]
pub struct SubmitFulfillment {
    /// The adapters.
    pub channels: Channels,
}

impl Handler for SubmitFulfillment {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(self.submit(work, job))
    }
}

/// What became of a submission.
enum Replied {
    /// The channel took it now.
    Taken { told: Told, corrected: bool, warning: Option<String> },
    /// It was there already.
    WasThere { told: Told, warning: Option<String> },
    /// It was refused, or did not arrive.
    Failed(Failure),
}

impl SubmitFulfillment {
    async fn submit(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: Payload = job.payload()?;
        let trace = job.trace();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, false).await? else {
            return Ok(End::Done);
        };
        if let Availability::Unavailable(why) = available(&subject) {
            let failure = Failure::not_sent(ErrorClass::InvalidRequest, why.sentence);
            reply(&mut scope, &subject, Replied::Failed(failure), None, job, &trace, (work.now)()).await?;
            scope.commit().await?;
            return Ok(End::Done);
        }
        let channel = store::channel(&mut scope, subject.shipment.channel_id)
            .await?
            .context("the shipment's channel is gone")?;
        let access = channel.access(&scope, &work.keyring)?;
        let submission = submission::build(&mut scope, &subject, &channel).await?;
        drop(scope);
        let adapter = self.channels.get(channel.kind).context("no adapter for this kind of channel")?;
        let (replied, record) = match submission {
            Ok(submission) => {
                let work = match work.in_turn(job, Lane::Channel(channel.id), Asks::Read).await {
                    Ok(work) => work,
                    Err(waits) => return Ok(waits),
                };
                converse(&work, job, adapter.as_ref(), &access, &subject, &submission, &trace).await
            }
            Err(failure) => (Replied::Failed(failure), None),
        };
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
            return Ok(End::Done);
        };
        let end = reply(&mut scope, &subject, replied, record, job, &trace, (work.now)()).await?;
        scope.commit().await?;
        Ok(end)
    }
}

/// The calls: what the channel has, then the submission or the correction if one is
/// needed. Where its answer does not show the parcel, that is read back.
async fn converse(
    work: &Work,
    job: &Claimed,
    adapter: &dyn Channel,
    access: &Access,
    subject: &Subject,
    submission: &Submission,
    trace: &TraceId,
) -> (Replied, Option<RecordId>) {
    let about = About {
        channel: Some(subject.shipment.channel_id),
        order: Some(subject.shipment.order_id),
        shipment: Some(subject.shipment.id),
        job: Some(job.id),
        courier: Some(submission.courier.clone()),
        attempt: job.attempts,
        trace: Some(trace.clone()),
        ..About::default()
    };
    let look = || {
        let request = adapter.look(access, submission);
        work.outbound.call(&work.db, job.account_id, LogType::GetOrder, &about, request, |r| {
            adapter.looked(r, submission)
        })
    };
    let told = |remote_id: String| Told {
        remote_id: Some(remote_id).filter(|id| !id.is_empty()),
        tracking_number: submission.tracking_number.clone(),
        courier_name: Some(submission.courier_name.clone()),
    };
    let called = look().await;
    let (found, said) = match called.result {
        Ok(answer) => (answer.value, answer.warning),
        Err(failure) => return (Replied::Failed(failure), called.record),
    };
    let (request, corrected) = match found {
        Look::AlreadyThere { remote_id } => {
            return (Replied::WasThere { told: told(remote_id), warning: said }, called.record);
        }
        Look::Correct(context) => (adapter.correct(access, submission, &context), true),
        Look::Send(context) => (Some(adapter.submit(access, submission, &context)), false),
    };
    let Some(request) = request else {
        let words = format!("{} takes no corrections. Correct it there.", subject.around.channel_name);
        return (Replied::Failed(Failure::not_sent(ErrorClass::InvalidRequest, words)), called.record);
    };
    let read = |response: &HttpResponse| match corrected {
        true => adapter.corrected(response, submission),
        false => adapter.submitted(response, submission),
    };
    let kind = LogType::SubmitFulfillment;
    let called = work.outbound.call(&work.db, job.account_id, kind, &about, request, read).await;
    let (remote_id, mut warning) = match called.result {
        Ok(answer) => (answer.value.remote_id, answer.warning),
        Err(failure) => return (Replied::Failed(failure), called.record),
    };
    if warning.is_none()
        && !adapter.capabilities().shows_what_it_took
        && let Called { result: Ok(Answer { value: Look::Send(_), .. }), .. } = look().await
    {
        let who = &subject.around.channel_name;
        warning = Some(format!("{who} took it, but did not show it when it was read back. Look there."));
    }
    (Replied::Taken { told: told(remote_id), corrected, warning }, called.record)
}

/// Writes what the channel replied: sync state, `fulfillment_replied`, problem,
/// event. Answers when to try again.
async fn reply(
    scope: &mut Scope,
    subject: &Subject,
    replied: Replied,
    record: Option<RecordId>,
    job: &Claimed,
    trace: &TraceId,
    now: Instant,
) -> Result<End> {
    let shipment = &subject.shipment;
    let channel = &subject.around.channel_name;
    let (sync, ended, words, warning) = match &replied {
        Replied::Taken { corrected, warning: None, .. } => {
            (ChannelSync::Synced, Ended::Ok, format!("{channel} took the {}", what(*corrected)), None)
        }
        Replied::Taken { corrected, warning: Some(warning), .. } => (
            ChannelSync::Warning,
            Ended::Warning,
            format!("{channel} took the {}, with a warning", what(*corrected)),
            Some(warning.clone()),
        ),
        Replied::WasThere { warning: None, .. } => {
            (ChannelSync::Synced, Ended::Ok, format!("{channel} had the tracking already"), None)
        }
        Replied::WasThere { warning: Some(warning), .. } => (
            ChannelSync::Warning,
            Ended::Warning,
            format!("{channel} had the tracking already, with a difference"),
            Some(warning.clone()),
        ),
        Replied::Failed(failure) => (
            ChannelSync::Failed,
            Ended::Failed,
            format!("{channel} refused the tracking"),
            Some(failure.message.clone()),
        ),
    };
    let mut end = End::Done;
    let mut sync = sync;
    if let Replied::Failed(failure) = &replied {
        // reading comes first, so repeating after an unknown outcome tells nobody twice
        let again = failure
            .class
            .retry_helps()
            .then(|| retry::OUTSIDE.next(job.attempts, failure.retry_after, now))
            .flatten();
        if let Some(at) = again {
            sync = ChannelSync::PendingSync;
            end = End::Again { at, reason: failure.message.clone() };
        }
        let problem = problem_queue::NewProblem {
            kind: ProblemKind::Submit,
            shipment: shipment.id,
            order: shipment.order_id,
            channel: Some(shipment.channel_id),
            connection: None,
            failure,
            courier: shipment.courier.as_deref(),
            next_attempt_at: again,
            record,
            trace,
        };
        problem_queue::open(scope, problem, now).await?;
        if super::post::about_the_connection(failure.class) {
            store::note_health(scope, shipment.channel_id, Some(failure.class), now).await?;
        }
    } else {
        problem_queue::resolve(scope, shipment.id, ProblemKind::Submit, "The channel took it.", now).await?;
        store::note_health(scope, shipment.channel_id, None, now).await?;
    }
    if let Replied::Taken { told, .. } | Replied::WasThere { told, .. } = &replied {
        told::keep(scope, shipment, told, now).await?;
    }
    write_sync(scope, shipment.id, sync, warning.as_deref(), now).await?;
    let entry = Entry::shipment(
        &Actor::channel(channel.clone()),
        "fulfillment_replied",
        shipment.id,
        shipment.order_id,
        words,
    )
    .ended(ended)
    .of_channel(shipment.channel_id)
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    if end == End::Done {
        let kind = match sync {
            ChannelSync::Failed => EventType::ChannelSubmissionFailed,
            _ => EventType::ChannelSubmissionSucceeded,
        };
        let event = NewEvent {
            kind,
            cause: format!("job:{}", job.id),
            order: shipment.order_id,
            shipment: Some(shipment.id),
            data: view::event_data(scope, shipment.id).await?,
            trace,
        };
        events::tell(scope, event, now).await?;
    }
    status::refresh(scope, shipment.order_id).await?;
    Ok(end)
}

fn what(corrected: bool) -> &'static str {
    if corrected { "correction" } else { "tracking" }
}

async fn write_sync(
    scope: &mut Scope,
    id: ShipmentId,
    sync: ChannelSync,
    message: Option<&str>,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let synced = matches!(sync, ChannelSync::Synced | ChannelSync::Warning);
    scope
        .execute(
            sql("update shipments set channel_sync = {}, channel_attempts = channel_attempts + 1, \
                 submitted_to_sales_channel_at = case when {} then {}::timestamptz else submitted_to_sales_channel_at end, \
                 version = version + 1, updated_at = {} where account_id = {} and id = {}")
            .bind(sync)
            .bind(synced)
            .bind(now)
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await?;
    scope
        .execute(
            sql("update shipment_details set channel_message = {}, channel_error = {} where account_id = {} and shipment_id = {}")
                .bind(message.map(crate::evidence::mask::body))
                .bind(!synced)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(())
}
