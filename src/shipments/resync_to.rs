//! *Resync to provider*: sends the provider of a posted shipment what the shipment
//! holds now. It changes an order by its id and never makes one, so what nobody knows
//! is simply sent again.

use super::{
    Status, Subject,
    door::{Caller, Door, Told},
    outgoing, provider_orders,
    provider_orders::{CancelState, ProviderOrder},
    state,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Actor, Entry, activity, activity::Ended},
    ids::{RecordId, ShipmentId},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    outbound::{ErrorClass, Failure, Reached},
    problems::{ProblemKind, queue as problem_queue},
    providers::{PostOrder, RemoteOrder, connection},
};
use anyhow::Result;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that sends a provider what a shipment holds now.
pub const RESYNC: &str = "resync_to_provider";

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
}

/// The action.
#[derive(Debug)]
pub struct ResyncTo;

impl Action for ResyncTo {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "resync_to_provider";
    const LABEL: &'static str = "Resync to provider";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        let (shipment, around, who) = (&subject.shipment, &subject.around, subject.provider_name());
        if shipment.voided_at.is_some() || shipment.status == Status::Canceled {
            return Availability::no("The shipment is voided.");
        }
        match shipment.status {
            Status::Posting => return Availability::no("It is being posted now."),
            Status::Unconfirmed => {
                return Availability::no_but(
                    format!("It is not known whether {who} has it. Check with the provider first."),
                    "check_post",
                );
            }
            Status::Shipped | Status::Delivered => {
                return Availability::no("It has left the warehouse; what has left is not changed.");
            }
            _ => {}
        }
        if shipment.fulfillment_id.is_none() {
            let offer = if around.posted_before { "repost" } else { "post" };
            return Availability::no_but("Available once the shipment has been posted.", offer);
        }
        if around.order_canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if around.cancel_state == Some(CancelState::Requested) {
            return Availability::no(format!("{who} is being asked to cancel its order now."));
        }
        if around.connection_state.as_deref() == Some("paused") {
            return Availability::no(format!("{who} is paused."));
        }
        Availability::when(
            subject.capabilities().is_some_and(|c| c.updates),
            format!("{who} takes no changes from here. Change it there, or cancel it and post it again."),
        )
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        let order = subject.shipment.fulfillment_id.clone().unwrap_or_default();
        Ok(Preview {
            question: format!("Resync {} to {who}?", subject.shipment.number),
            effects: vec![
                format!(
                    "Its order {order} at {who} gets the items, the address and the shipping method as they are here now. No other order is made."
                ),
                format!(
                    "{who} refuses once it has shipped or canceled the order; then nothing changes and the error queue says so."
                ),
                "Neither the sales channel nor the customer is told.".into(),
            ],
            button: "Resync to provider".into(),
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
        let (shipment, who) = (&subject.shipment, subject.provider_name());
        let payload = json!(Payload { shipment_id: shipment.id });
        let job = NewJob::new(RESYNC, format!("shipment:{}", shipment.id), payload, now)
            .once(format!("resync_to:{}", shipment.id))
            .traced(&by.trace);
        let job = jobs::enqueue(scope, job).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_update_queued",
            shipment.id,
            shipment.order_id,
            format!("Sending {who} what {} holds now", shipment.number),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Sending {who} what {} holds now.", shipment.number)).with_job(job))
    }
}

/// The job.
#[derive(Debug)]
pub struct ResyncToProvider;

impl Handler for ResyncToProvider {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(send(work, job))
    }
}

/// The shipment and its current order, as long as that may be changed; else why not.
async fn changeable(
    scope: &mut Scope,
    id: ShipmentId,
    lock: bool,
) -> DbResult<Option<(Subject, Result<ProviderOrder, String>)>> {
    let Some(subject) = Subject::load(scope, id, lock).await? else { return Ok(None) };
    if let Availability::Unavailable(why) = ResyncTo::available(&subject) {
        return Ok(Some((subject, Err(why.sentence))));
    }
    let orders = provider_orders::of_shipment(scope, id).await?;
    let current = orders.into_iter().find(|order| order.superseded_at.is_none() && order.ended_at.is_none());
    let none = || format!("{} has no live order of it.", subject.provider_name());
    let current = current.ok_or_else(none);
    Ok(Some((subject, current)))
}

async fn send(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let (subject, order) = match changeable(&mut scope, payload.shipment_id, false).await? {
        None => return Ok(End::Done),
        Some((subject, Ok(order))) => (subject, order),
        // it was posted again, voided or left since the click
        Some((subject, Err(why))) => {
            not_sent(&mut scope, &subject, &why, job).await?;
            scope.commit().await?;
            return Ok(End::Failed { reason: why });
        }
    };
    let door = Door::open(&mut scope, work, order.connection_id).await?;
    let key = format!("waybill-update-{}", job.id);
    let content = outgoing::as_it_is(&mut scope, &subject, &order.reference, key).await?;
    drop(scope);
    let work = &match door.turn_to_write(work, job).await {
        Ok(work) => work,
        Err(waits) => return Ok(waits),
    };
    let caller = Caller { work, job, shipment: &subject.shipment };
    let (answer, record) = converse(caller, &door, &order, &content).await;
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
        return Ok(End::Done);
    };
    let end = match answer {
        Ok(remote) => {
            taken(&mut scope, &subject, &order, &remote, record, job, now).await?;
            End::Done
        }
        Err(failure) => failed(&mut scope, &subject, &order, &failure, record, job, now).await?,
    };
    scope.commit().await?;
    Ok(end)
}

/// The calls: what the provider has, then the change if its order takes one.
async fn converse(
    caller: Caller<'_>,
    door: &Door,
    order: &ProviderOrder,
    content: &PostOrder,
) -> (Result<RemoteOrder, Failure>, Option<RecordId>) {
    let who = &door.connection.name;
    let (told, record) = door.read(caller, &order.remote_id).await;
    let remote = match told {
        Told::There(remote) if door.takes_changes(&remote) => remote,
        Told::There(remote) => {
            let class = if remote.live { ErrorClass::AlreadyFulfilled } else { ErrorClass::OrderClosed };
            let words = format!("{who} says “{}” of its order {}.", remote.status, remote.remote_id);
            return (Err(Failure::refused(class, Some(remote.status), words)), record);
        }
        Told::Gone => {
            let words = format!("{who} has no order {} any more.", order.remote_id);
            return (Err(Failure::refused(ErrorClass::OrderNotFound, None, words)), record);
        }
        // by its id only an order that is there is changed
        Told::CannotTell => order.remote(),
        Told::Failed(failure) => return (Err(failure), record),
    };
    match door.update(caller, &remote, content).await {
        Some(called) => (called.result.map(|answer| answer.value), called.record),
        None => {
            let words = format!("{who} takes no changes of its order {} from here.", order.remote_id);
            (Err(Failure::not_sent(ErrorClass::InvalidRequest, words)), record)
        }
    }
}

/// The provider has it as it is here.
async fn taken(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    remote: &RemoteOrder,
    record: Option<RecordId>,
    job: &Claimed,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    connection::note_health(scope, order.connection_id, None, now).await?;
    provider_orders::note_status(scope, order.connection_id, &order.remote_id, &remote.status, now).await?;
    problem_queue::resolve(scope, shipment.id, ProblemKind::Update, "The provider took the change.", now)
        .await?;
    state::touch(scope, shipment.id, now).await?;
    let words = format!("{} changed its order {}", subject.provider_name(), order.remote_id);
    let entry = told(subject, "shipment_updated_at_provider", words, job).from_record(record);
    activity::record(scope, entry).await?;
    Ok(())
}

/// It does not have it, or nobody knows: sent again where that may help, else the
/// error queue has it.
async fn failed(
    scope: &mut Scope,
    subject: &Subject,
    order: &ProviderOrder,
    failure: &Failure,
    record: Option<RecordId>,
    job: &Claimed,
    now: Instant,
) -> DbResult<End> {
    let (shipment, who) = (&subject.shipment, subject.provider_name());
    let again = failure.class.retry_helps() || failure.reached == Reached::Perhaps;
    let next = again.then(|| retry::OUTSIDE.next(job.attempts, failure.retry_after, now)).flatten();
    if super::post::about_the_connection(failure.class) {
        connection::note_health(scope, order.connection_id, Some(failure.class), now).await?;
    }
    let problem = problem_queue::NewProblem {
        kind: ProblemKind::Update,
        shipment: shipment.id,
        order: shipment.order_id,
        channel: None,
        connection: Some(order.connection_id),
        failure,
        courier: None,
        next_attempt_at: next,
        record,
        trace: &job.trace(),
    };
    problem_queue::open(scope, problem, now).await?;
    state::touch(scope, shipment.id, now).await?;
    let words = match failure.reached {
        Reached::Perhaps => {
            format!(
                "It is not known whether {who} changed its order {}: {}",
                order.remote_id, failure.message
            )
        }
        _ => format!("{who} did not change its order {}: {}", order.remote_id, failure.message),
    };
    let entry = told(subject, "shipment_update_failed", words, job).ended(Ended::Failed).from_record(record);
    activity::record(scope, entry).await?;
    let reason = failure.message.clone();
    Ok(match next {
        Some(at) => End::Again { at, reason },
        None => End::Failed { reason },
    })
}

/// Something came between: nothing was sent.
async fn not_sent(scope: &mut Scope, subject: &Subject, why: &str, job: &Claimed) -> DbResult<()> {
    let words = format!("{} was not sent to its provider: {why}", subject.shipment.number);
    let entry = told(subject, "shipment_update_failed", words, job).ended(Ended::Warning);
    activity::record(scope, entry).await?;
    Ok(())
}

fn told(subject: &Subject, verb: &'static str, words: String, job: &Claimed) -> Entry {
    let (shipment, actor) = (&subject.shipment, Actor::provider(subject.provider_name()));
    Entry::shipment(&actor, verb, shipment.id, shipment.order_id, words).traced(Some(&job.trace()))
}
