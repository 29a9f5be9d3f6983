//! Mark as error: a person says that something is wrong with a shipment. It goes
//! to the error queue with their words; a later successful post closes it.

use super::{Status, Subject, state, view};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, mask},
    notify::events::{self, EventType, NewEvent},
    orders::status,
    outbound::{ErrorClass, Failure},
    problems::{ProblemKind, diagnose::MARKED_BY_HAND, queue},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The action.
#[derive(Debug)]
pub struct MarkAsError;

/// What the person says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// What is wrong.
    #[serde(default)]
    pub reason: String,
}

impl Action for MarkAsError {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "mark_as_error";
    const LABEL: &'static str = "Mark as error";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Subject) -> Availability {
        match subject.shipment.status {
            Status::PendingPost | Status::PendingTracking | Status::Shipped => Availability::Available,
            Status::Posting => {
                Availability::no("It is being posted now. Wait until the provider has answered.")
            }
            Status::Unconfirmed => Availability::no_but(
                format!(
                    "We don’t know whether {} has it already. Check with the provider first.",
                    subject.provider_name()
                ),
                "check_post",
            ),
            Status::Error if subject.around.posted_before => {
                Availability::no_but("It is in error already.", "repost")
            }
            Status::Error => Availability::no_but("It is in error already.", "post"),
            Status::Delivered => {
                Availability::no("It was delivered. What arrived is not marked as an error.")
            }
            Status::Canceled => Availability::no("The shipment is voided."),
        }
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let shipment = &subject.shipment;
        let posted = shipment.date_post.is_some() || subject.around.posted_before;
        let mut effects = vec![
            format!("The status of {} becomes Error.", shipment.number),
            "It goes to the error queue with what you write below.".to_owned(),
            "The shipment_error event is told to connected systems.".to_owned(),
        ];
        effects.push(match posted {
            true => format!(
                "Nothing is sent to {}: an order there stays as it is. Re-Post to Fulfillment sends it again.",
                subject.provider_name()
            ),
            false => "Nothing is sent. Posting it later closes the error.".to_owned(),
        });
        Ok(Preview {
            question: format!("Mark {} as an error?", shipment.number),
            effects,
            button: "Mark as error".into(),
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
        let note = actions::reason(&input.reason, Some("Say what is wrong with the shipment."))?;
        let shipment = &subject.shipment;
        if !state::move_to(scope, shipment.id, shipment.status, Status::Error).await? {
            return Err(ActionError::Unavailable(actions::WhyNot {
                sentence: "Its status changed meanwhile. Look at it again.".into(),
                offer: None,
            }));
        }
        let failure = Failure::refused(ErrorClass::InvalidRequest, Some(MARKED_BY_HAND.into()), note);
        let problem = queue::NewProblem {
            kind: ProblemKind::Post,
            shipment: shipment.id,
            order: shipment.order_id,
            channel: None,
            connection: shipment.connection_id,
            failure: &failure,
            courier: None,
            next_attempt_at: None,
            record: None,
            trace: &by.trace,
        };
        queue::open(scope, problem, now).await?;
        let account = scope.account();
        scope
            .execute(
                sql("update problems set opened_by = {} where account_id = {} and shipment_id = {} and kind = {} \
                     and resolved_at is null")
                .bind(&by.actor.name)
                .bind(account)
                .bind(shipment.id)
                .bind(ProblemKind::Post),
            )
            .await?;
        let entry = Entry::shipment(
            &by.actor,
            "shipment_marked_as_error",
            shipment.id,
            shipment.order_id,
            format!("Marked {} as an error", shipment.number),
        )
        .changed(
            json!({ "status": shipment.status }),
            json!({ "status": Status::Error, "note": mask::body(note) }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let event = NewEvent {
            kind: EventType::ShipmentError,
            cause: format!("marked:{}:{}", shipment.id, shipment.version),
            order: shipment.order_id,
            shipment: Some(shipment.id),
            data: view::event_data(scope, shipment.id).await?,
            trace: &by.trace,
        };
        events::tell(scope, event, now).await?;
        status::refresh(scope, shipment.order_id).await?;
        Ok(Outcome::done(format!("{} is marked as an error.", shipment.number)))
    }
}
