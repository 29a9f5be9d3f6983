//! *Resync from provider*: reads tracking, courier, status and cost, and takes
//! over what moves the shipment forward.

use super::{
    ChannelSync, InventoryStatus, Status, Subject, TrackingStatus,
    door::{Caller, Door},
    provider_orders, state, submit, view,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    couriers::{catalogue, seen},
    db::{DbResult, Scope, sql},
    evidence::{Actor, Entry, TraceId, activity},
    ids::{RecordId, ShipmentId},
    inventory::{Mover, ledger},
    jobs::{self, Claimed, End, Handler, NewJob, Work, retry},
    notify::{
        events::{self, EventType, NewEvent},
        responders::{self, Trigger},
    },
    orders::status,
    problems::{ProblemKind, queue},
    providers::{Parcel, connection},
};
use anyhow::Result;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that reads a provider about a posted shipment.
pub const RESYNC: &str = "resync_from_provider";

#[derive(Serialize, Deserialize)]
struct Payload {
    shipment_id: ShipmentId,
}

/// The action.
#[derive(Debug)]
pub struct ResyncFrom;

impl Action for ResyncFrom {
    type Subject = Subject;
    type Input = NoInput;
    const NAME: &'static str = "resync_from_provider";
    const LABEL: &'static str = "Resync from provider";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        if subject.shipment.voided_at.is_some() {
            return Availability::no("The shipment is voided.");
        }
        if subject.shipment.status == Status::Unconfirmed {
            return Availability::no_but(
                format!(
                    "It is not known whether {} has it. Check with the provider first.",
                    subject.provider_name()
                ),
                "check_post",
            );
        }
        if subject.shipment.fulfillment_id.is_none() {
            return Availability::no_but("Available once the shipment has been posted.", "post");
        }
        Availability::Available
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        Ok(Preview {
            question: format!("Resync {} from {who}?", subject.shipment.number),
            effects: vec![
                format!("Tracking, courier, status and cost are read from {who}; nothing is sent to it."),
                "When it has shipped, the tracking goes to the sales channel.".into(),
            ],
            button: "Resync from provider".into(),
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
        let job = NewJob::new(
            RESYNC,
            format!("shipment:{}", shipment.id),
            json!(Payload { shipment_id: shipment.id }),
            now,
        )
        .once(format!("resync:{}", shipment.id))
        .traced(&by.trace);
        let job = jobs::enqueue(scope, job).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_resync_queued",
            shipment.id,
            shipment.order_id,
            format!("Reading {} about {}", subject.provider_name(), shipment.number),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Reading {}.", subject.provider_name())).with_job(job))
    }
}

/// The job.
#[derive(Debug)]
pub struct ResyncFromProvider;

impl Handler for ResyncFromProvider {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(self.read(work, job))
    }
}

impl ResyncFromProvider {
    async fn read(&self, work: &Work, job: &Claimed) -> Result<End> {
        let payload: Payload = job.payload()?;
        let trace = job.trace();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, false).await? else {
            return Ok(End::Done);
        };
        let (Some(remote), Some(id)) = (subject.shipment.fulfillment_id.clone(), subject.connection()) else {
            return Ok(End::Done);
        };
        let door = Door::open(&mut scope, work, id).await?;
        drop(scope);
        let work = &match door.turn_to_read(work, job).await {
            Ok(work) => work,
            Err(waits) => return Ok(waits),
        };
        let caller = Caller { work, job, shipment: &subject.shipment };
        let mut next = None;
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut word = None;
        let mut record = None;
        // bounded: no provider needs more than a few reads for one order
        for _ in 0..4 {
            let Some(called) = door.track(caller, &remote, next.take()).await else { break };
            record = called.record.or(record);
            match called.result {
                Ok(answer) => {
                    parcels.extend(answer.value.parcels);
                    word = answer.value.status.or(word);
                    next = answer.value.next;
                    if next.is_none() {
                        break;
                    }
                }
                Err(failure) => {
                    let now = (work.now)();
                    let mut scope = work.db.scope(job.account_id).await?;
                    if super::post::about_the_connection(failure.class) {
                        connection::note_health(&mut scope, id, Some(failure.class), now).await?;
                    }
                    let entry = Entry::shipment(
                        &Actor::provider(door.connection.name.clone()),
                        "shipment_resync_failed",
                        subject.shipment.id,
                        subject.shipment.order_id,
                        format!("{} could not be read", door.connection.name),
                    )
                    .ended(activity::Ended::Failed)
                    .from_record(record)
                    .traced(Some(&trace));
                    activity::record(&mut scope, entry).await?;
                    scope.commit().await?;
                    return Ok(
                        match failure
                            .class
                            .retry_helps()
                            .then(|| retry::OUTSIDE.next(job.attempts, failure.retry_after, now))
                            .flatten()
                        {
                            Some(at) => End::Again { at, reason: failure.message },
                            None => End::Failed { reason: failure.message },
                        },
                    );
                }
            }
        }
        let now = (work.now)();
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(subject) = Subject::load(&mut scope, payload.shipment_id, true).await? else {
            return Ok(End::Done);
        };
        connection::note_health(&mut scope, id, None, now).await?;
        if let Some(word) = &word {
            provider_orders::note_status(&mut scope, id, &remote, word, now).await?;
        }
        let parcel = parcels.iter().find(|p| !p.voided && !p.tracking_number.is_empty());
        take_over(&mut scope, &subject, &door.connection.name, parcel, word.as_deref(), record, &trace, now)
            .await?;
        scope.commit().await?;
        Ok(End::Done)
    }
}

/// Takes over what the provider says, forward only.
async fn take_over(
    scope: &mut Scope,
    subject: &Subject,
    provider: &str,
    parcel: Option<&Parcel>,
    word: Option<&str>,
    record: Option<RecordId>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let same = parcel.is_none_or(|p| shipment.tracking_number.as_deref() == Some(p.tracking_number.as_str()));
    if same {
        let said = word.map_or(String::new(), |w| format!(" It says: {w}."));
        let entry = Entry::shipment(
            &Actor::provider(provider),
            "shipment_resynced",
            shipment.id,
            shipment.order_id,
            format!("Read {provider}: nothing new.{said}"),
        )
        .ended(activity::Ended::Info)
        .from_record(record)
        .traced(Some(trace));
        activity::record(scope, entry).await?;
        return Ok(());
    }
    let Some(parcel) = parcel else { return Ok(()) };
    let account = scope.account();
    let url = catalogue::by_any_name(&parcel.courier).and_then(|c| c.tracking_url(&parcel.tracking_number));
    let shipped_at = parcel.shipped_at.unwrap_or(now);
    scope
        .execute(
            sql("update shipments set tracking_number = {}, courier = {}, service_level = coalesce({}, service_level), \
                 tracking_url = {}, tracking_status = coalesce(tracking_status, {}), cost_minor = coalesce({}, cost_minor), \
                 inventory_status = {}, shipped_at = coalesce(shipped_at, {}), \
                 search_text = search_text || ' ' || lower({}), version = version + 1, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(&parcel.tracking_number)
            .bind(&parcel.courier)
            .bind(parcel.service.clone())
            .bind(url)
            .bind(TrackingStatus::Transit)
            .bind(parcel.cost_minor)
            .bind(InventoryStatus::Shipped)
            .bind(shipped_at)
            .bind(&parcel.tracking_number)
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    let moved = matches!(shipment.status, Status::PendingTracking | Status::Error | Status::Unconfirmed);
    if moved {
        state::move_to(scope, shipment.id, shipment.status, Status::Shipped).await?;
        // whatever was asked or marked before: it has left
        for kind in [ProblemKind::Post, ProblemKind::Cancel] {
            queue::resolve(scope, shipment.id, kind, "It has left the warehouse.", now).await?;
        }
    }
    // sent again after a re-post, its items are no further ones
    if moved && shipment.shipped_at.is_none() && shipment.reship_of.is_none() {
        scope
            .execute(
                sql("update order_lines ol set quantity_shipped = least(ol.quantity, ol.quantity_shipped + l.quantity) \
                     from shipment_lines l where l.account_id = ol.account_id and l.order_line_id = ol.id \
                     and l.account_id = {} and l.shipment_id = {}")
                .bind(account)
                .bind(shipment.id),
            )
            .await?;
    }
    // what a reship had added back has left after all
    ledger::leave(scope, shipment.id, Mover { name: provider, now }).await?;
    seen::note(scope, shipment.channel_id, &parcel.courier, shipment.id, now).await?;
    let entry = Entry::shipment(
        &Actor::provider(provider),
        "shipment_shipped",
        shipment.id,
        shipment.order_id,
        format!("{} left with {}, tracking {}", shipment.number, parcel.courier, parcel.tracking_number),
    )
    .changed(
        json!({ "courier": shipment.courier, "tracking_number": shipment.tracking_number }),
        json!({ "courier": parcel.courier, "tracking_number": parcel.tracking_number }),
    )
    .from_record(record)
    .traced(Some(trace));
    activity::record(scope, entry).await?;
    let event = NewEvent {
        kind: EventType::ShipmentShipped,
        cause: format!("tracking:{}:{}", shipment.id, parcel.tracking_number),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: view::event_data(scope, shipment.id).await?,
        trace,
    };
    if let Some(event) = events::tell(scope, event, now).await? {
        responders::trigger(scope, Trigger::Shipped, event, shipment.order_id, shipment.id, trace, now)
            .await?;
    }
    // the channel follows by itself
    if let Some(fresh) = Subject::load(scope, shipment.id, true).await?
        && fresh.shipment.channel_sync != ChannelSync::Muted
        && submit::available(&fresh).is_available()
    {
        submit::queue(scope, &fresh, &By::system(trace.clone()), now).await?;
    }
    status::refresh(scope, shipment.order_id).await
}
