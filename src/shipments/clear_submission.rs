//! *Clear channel submission*: what the channel was told counts as untold, so
//! that the next sync of the channel sends it again.

use super::{ChannelSync, Subject, submit};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    channels::{orders_in, store},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, mask},
    ids::{ChannelId, ShipmentId},
    jobs::{Claimed, End, Handler, Work},
    orders::status,
};
use anyhow::Result;
use diesel::{QueryableByName, sql_types::BigInt};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One job takes no more; the next sync takes the others.
const AT_ONCE: i64 = 500;

/// The action.
#[derive(Debug)]
pub struct ClearSubmission;

/// Why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// May be empty.
    #[serde(default)]
    pub reason: String,
}

/// What happens to it then.
async fn next(scope: &mut Scope, subject: &Subject) -> DbResult<String> {
    let channel = &subject.around.channel_name;
    if let Availability::Unavailable(why) = submit::available(subject) {
        return Ok(format!("It is not sent again by itself. {}", why.sentence));
    }
    let read = store::channel(scope, subject.shipment.channel_id).await?;
    Ok(match read.is_some_and(|channel| channel.import_orders) {
        true => {
            format!("The next sync of {channel} sends it again; Submit to sales channel does so at once.")
        }
        false => format!("{channel} is not read by itself: Submit to sales channel sends it again."),
    })
}

impl Action for ClearSubmission {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "clear_submission";
    const LABEL: &'static str = "Clear channel submission";
    const PERMISSION: Permission = Permission::ShipmentsSubmit;

    fn available(subject: &Subject) -> Availability {
        let shipment = &subject.shipment;
        if shipment.submitted_to_sales_channel_at.is_none() {
            return Availability::no("Available once it was submitted to its sales channel.");
        }
        Availability::when(
            shipment.channel_sync != ChannelSync::PendingSync,
            format!(
                "Its tracking is on its way to {} now. Wait for the answer.",
                subject.around.channel_name
            ),
        )
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let next = next(scope, subject).await?;
        Ok(Preview {
            question: format!("Clear the channel submission of {}?", subject.shipment.number),
            effects: vec![
                "The time of submission is emptied; it stays in the history.".into(),
                next,
                "What the channel has is read before anything is sent, so that it is not told twice.".into(),
            ],
            button: "Clear submission".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let reason = actions::reason(&input.reason, None)?;
        let shipment = &subject.shipment;
        let account = scope.account();
        scope
            .execute(
                // it was submitted, however the tries were counted
                sql("update shipments set submitted_to_sales_channel_at = null, channel_sync = 'awaiting_send', \
                     channel_attempts = greatest(channel_attempts, 1), version = version + 1, updated_at = {} \
                     where account_id = {} and id = {}")
                .bind(now)
                .bind(account)
                .bind(shipment.id),
            )
            .await?;
        scope
            .execute(
                sql("update shipment_details set channel_message = null, channel_error = null \
                     where account_id = {} and shipment_id = {}")
                .bind(account)
                .bind(shipment.id),
            )
            .await?;
        status::refresh(scope, shipment.order_id).await?;
        let because = if reason.is_empty() { String::new() } else { format!(": {}", mask::body(reason)) };
        let entry = Entry::shipment(
            &by.actor,
            "submission_cleared",
            shipment.id,
            shipment.order_id,
            format!("Cleared the channel submission of {}{because}", shipment.number),
        )
        .of_channel(shipment.channel_id)
        .changed(
            json!({
                "submitted_to_sales_channel_at": shipment.submitted_to_sales_channel_at.map(|at| at.to_rfc3339()),
                "channel_sync": shipment.channel_sync,
            }),
            json!({ "submitted_to_sales_channel_at": null, "channel_sync": ChannelSync::AwaitingSend }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let next = next(scope, &subject).await?;
        Ok(Outcome::done(format!("The channel submission of {} is cleared. {next}", shipment.number)))
    }
}

/// The job a sync leaves: submits what was cleared.
#[derive(Debug)]
pub struct SubmitCleared;

impl Handler for SubmitCleared {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(submit_cleared(work, job))
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
}

async fn submit_cleared(work: &Work, job: &Claimed) -> Result<End> {
    let channel: ChannelId = job.payload::<orders_in::OfChannel>()?.channel_id;
    let by = By::system(job.trace());
    let mut scope = work.db.scope(job.account_id).await?;
    let cleared: Vec<Id> = scope.rows(orders_in::cleared(job.account_id, channel, AT_ONCE)).await?;
    drop(scope);
    for row in cleared {
        let mut scope = work.db.scope(job.account_id).await?;
        let Some(subject) = Subject::load(&mut scope, row.id, true).await? else { continue };
        // somebody may have been quicker
        if subject.shipment.channel_sync == ChannelSync::AwaitingSend
            && submit::available(&subject).is_available()
        {
            submit::queue(&mut scope, &subject, &by, (work.now)()).await?;
            scope.commit().await?;
        }
    }
    Ok(End::Done)
}
