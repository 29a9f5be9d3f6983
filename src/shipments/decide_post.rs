//! *Decide by hand*: where nothing can tell whether a provider has a shipment, a
//! person looks there and says so. What they say stands with their name.

use super::{
    Subject,
    posts::{self, PostState, Step},
    settle_post,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Entry, activity},
    providers::RemoteOrder,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The action.
#[derive(Debug)]
pub struct DecidePost;

/// What the person saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// `yes`: the provider has the order. `no`: it has not.
    #[serde(default)]
    pub there: String,
    /// The provider's number of the order, if it is there.
    #[serde(default)]
    pub remote_id: String,
    /// What was looked at.
    #[serde(default)]
    pub reason: String,
}

impl Action for DecidePost {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "decide_post";
    const LABEL: &'static str = "Decide by hand";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        match subject.around.post_state {
            Some(PostState::NeedsPerson) => Availability::Available,
            Some(PostState::Unknown | PostState::Checking) => Availability::no_but(
                format!(
                    "{} is being asked. Only if it cannot tell, a person decides.",
                    subject.provider_name()
                ),
                "check_post",
            ),
            _ => {
                Availability::no("Only needed while nothing can tell whether the provider has the shipment.")
            }
        }
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let who = subject.provider_name();
        let mut effects = match subject.shipment.voided_at {
            Some(_) => vec!["If it is there, its order is one too many, to be canceled. The shipment stays voided either way.".to_owned()],
            None => vec![
                "If it is there, the shipment is Pending tracking with the number you enter, and nothing is sent.".to_owned(),
                "If it is not, the shipment is in Error and can be posted again. A wrong “no” may send the goods twice.".to_owned(),
            ],
        };
        effects.push("Your name and what you looked at are kept in the history.".into());
        Ok(Preview {
            question: format!("Does {who} have {}?", subject.shipment.number),
            effects,
            asks_reason: true,
            button: "Save what I saw".into(),
            serious: true,
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
        let remote_id = input.remote_id.trim();
        let there = match input.there.as_str() {
            "yes" => true,
            "no" => false,
            _ => return Err(ActionError::field("there", "Say whether the provider has it.")),
        };
        if there && remote_id.is_empty() {
            return Err(ActionError::field("remote_id", "Enter the provider’s number of the order."));
        }
        if remote_id.chars().count() > 100 {
            return Err(ActionError::field("remote_id", "Keep the number under 100 characters."));
        }
        let reason = actions::reason(&input.reason, Some("Say what you looked at."))?;
        let post = match subject.around.post_id {
            Some(id) => posts::lock(scope, id).await?,
            None => None,
        };
        let Some(post) = post else {
            return Ok(Outcome::unchanged("There is no post to decide about."));
        };
        let voided = subject.shipment.voided_at.is_some();
        let who = subject.provider_name().to_owned();
        let number = &subject.shipment.number;
        let summary = match there {
            true => format!("{} says that {who} has {number} as {remote_id}", by.actor.name),
            false => format!("{} says that {who} does not have {number}", by.actor.name),
        };
        posts::step(scope, &post, Step::Decided, &format!("{summary}. {reason}"), None).await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_post_decided",
            subject.shipment.id,
            subject.shipment.order_id,
            summary,
        )
        .changed(
            json!({ "post": post.state }),
            json!({ "there": there, "fulfillment_id": remote_id, "reason": reason }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        if there {
            let order = RemoteOrder {
                remote_id: remote_id.to_owned(),
                reference: post.external_reference.clone(),
                status: String::new(),
                live: true,
            };
            if !settle_post::taken_over(scope, &post, &order, None, &by.trace, now).await? {
                return Err(ActionError::field("remote_id", "Another shipment has this order. Look again."));
            }
            let there = format!("{who} has {number} as {remote_id}");
            return Ok(Outcome::done(match voided {
                true => format!("{there}, although it is voided. Cancel it there."),
                false => format!("{there}."),
            }));
        }
        settle_post::absent(scope, &post, &subject, &by.trace, now).await?;
        Ok(Outcome::done(match voided {
            true => format!("{who} does not have {number}, which stays voided."),
            false => format!("{number} can be posted again."),
        }))
    }
}
