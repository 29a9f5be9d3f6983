//! Re-Post to Fulfillment: clears the previous post date and fulfillment id and
//! runs the standard post flow again, after asking the provider whether the
//! earlier order is still there.

use super::{
    Status, Subject,
    gate::Gate,
    post,
    posts::{self, PostState, Step},
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Entry, activity},
};
use serde::{Deserialize, Serialize};

/// The action.
#[derive(Debug)]
pub struct Repost;

/// What the person decides.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// Why; needed with `anyway`.
    #[serde(default)]
    pub reason: String,
    /// Send it whatever the provider says about the earlier order.
    #[serde(default, deserialize_with = "crate::actions::ticked")]
    pub anyway: bool,
    /// Cancel the earlier order first, if it is still there.
    #[serde(default, deserialize_with = "crate::actions::ticked")]
    pub cancel_first: bool,
}

impl Action for Repost {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "repost";
    const LABEL: &'static str = "Re-Post to Fulfillment";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        let shipment = &subject.shipment;
        match shipment.status {
            Status::Posting => Availability::no("It is being posted now."),
            Status::Unconfirmed => Availability::no_but(
                format!(
                    "We don’t know whether {} has it already. Check with the provider first.",
                    subject.provider_name()
                ),
                "check_post",
            ),
            Status::Canceled => Availability::no("The shipment is voided."),
            _ if shipment.date_post.is_none() && !subject.around.posted_before => {
                Availability::no_but("Available once the shipment has been posted.", "post")
            }
            _ => subject.postable(),
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let to = subject.provider_name().to_owned();
        let shipment = &subject.shipment;
        let mut effects = Vec::new();
        if let Some(old) = &shipment.fulfillment_id {
            effects.push(format!(
                "{to} is asked about the earlier order {old} first. If it is still there, nothing is sent and you are told."
            ));
            effects.push(
                "The post date and fulfillment ID are cleared; the old values stay in the history."
                    .to_owned(),
            );
        }
        effects.push(format!("{} is sent to {to} again, by the standard post flow.", shipment.number));
        effects.push("When it is accepted, the status is Pending tracking with a new post date.".into());
        effects.extend(post::told_on_success(scope, shipment.id).await?);
        effects.push("If the provider refuses it, it goes to the error queue.".into());
        Ok(Preview {
            question: format!("Re-post {} to {to}?", shipment.number),
            effects,
            option: Some(format!(
                "Send it even if {to} still has the earlier order, or cannot say. I have cancelled it there, or accept that there may be two."
            )),
            button: "Re-Post to Fulfillment".into(),
            asks_reason: true,
            serious: true,
            ..Preview::default()
        })
    }

    fn check(input: &Input) -> Result<(), ActionError> {
        let asks = "Say why it may be sent although the earlier order may still be there.";
        actions::reason(&input.reason, input.anyway.then_some(asks))?;
        match input.anyway && input.cancel_first {
            true => Err(ActionError::field(
                "anyway",
                "Either cancel the earlier order first, or send whatever it is.",
            )),
            false => Ok(()),
        }
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        Self::check(&input)?;
        let reason = input.reason.trim();
        let shipment = &subject.shipment;
        let reference = posts::last_reference(scope, shipment).await?;
        let mut previous = None;
        let live = |post: &&posts::Post| matches!(post.state, PostState::Accepted | PostState::NeedsPerson);
        if let Some(last) = posts::of_shipment(scope, shipment.id).await?.iter().find(live)
            && let Some(row) = posts::lock(scope, last.id).await?
        {
            posts::step(scope, &row, Step::Superseded, reason, None).await?;
            posts::set_state(scope, &row, PostState::Superseded, now).await?;
            previous = Some(row.id);
        }
        let gate = Gate { anyway: input.anyway, cancel_first: input.cancel_first, previous };
        let job = post::queue(scope, &subject, by, &reference, reason, Some(gate), now).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_repost_queued",
            shipment.id,
            shipment.order_id,
            format!(
                "Re-posting {} to {}{}",
                shipment.number,
                subject.provider_name(),
                match (input.anyway, input.cancel_first) {
                    (true, _) => ", whatever it says about the earlier order",
                    (_, true) => ", after canceling the earlier order",
                    _ => "",
                }
            ),
        )
        .changed(
            serde_json::json!({ "date_post": shipment.date_post, "fulfillment_id": shipment.fulfillment_id }),
            serde_json::json!({ "reason": reason, "anyway": input.anyway, "cancel_first": input.cancel_first }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Re-posting {} to {}.", shipment.number, subject.provider_name()))
            .with_job(job))
    }
}
