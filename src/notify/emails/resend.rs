//! *Send again*: a further e-mail with the text of an earlier one.

use super::{Email, EmailState, NewEmail, find, queue};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{
        Entry,
        activity::{self, Subject},
    },
    ids::EmailId,
};
use serde_json::json;

impl Target for Email {
    async fn load(scope: &mut Scope, id: i64, _: bool) -> DbResult<Option<Email>> {
        // rows of the past are not locked: what is sent again is another row
        find(scope, EmailId(id)).await
    }

    fn version(&self) -> i32 {
        1
    }

    fn name(&self) -> String {
        "The e-mail".to_owned()
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(Subject::Email, self.id.0)
    }
}

/// *Send again*
#[derive(Debug)]
pub struct ResendEmail;

impl Action for ResendEmail {
    type Subject = Email;
    type Input = NoInput;
    const NAME: &'static str = "resend_email";
    const LABEL: &'static str = "Send again";
    const PERMISSION: Permission = Permission::EmailsSend;

    fn available(subject: &Email) -> Availability {
        match subject.state {
            EmailState::Queued | EmailState::Sending => Availability::no("It is on its way."),
            EmailState::Kept | EmailState::Sent | EmailState::Failed | EmailState::Unknown => {
                Availability::Available
            }
        }
    }

    async fn preview(_: &mut Scope, subject: &Email) -> DbResult<Preview> {
        let mut effects = vec![
            format!("One more e-mail goes to {}.", subject.recipient),
            "The text is the one below the earlier e-mail, as it was written then.".to_owned(),
            "Without a mail server it is kept like the others.".to_owned(),
        ];
        match subject.state {
            EmailState::Sent => effects.insert(1, "The mail server has taken the earlier one.".into()),
            EmailState::Unknown => effects.insert(1, "The earlier one may have arrived.".into()),
            _ => {}
        }
        Ok(Preview {
            question: "Send this e-mail again?".into(),
            effects,
            button: "Send again".into(),
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Email,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let again = NewEmail {
            responder: subject.responder_id,
            trigger: &subject.trigger,
            order: subject.order_id,
            shipment: subject.shipment_id,
            line: subject.shipment_line_id,
            event: subject.event_id,
            recipient: &subject.recipient,
            subject: subject.subject.clone(),
            body: subject.body.clone(),
            resend_of: Some(subject.id),
        };
        let id = queue(scope, again, &by.trace, now).await?;
        let about = subject.shipment_number.as_deref().map_or(String::new(), |n| format!(" about {n}"));
        let summary = format!("Sent the e-mail “{}”{about} again", subject.trigger);
        let entry = Entry::new(&by.actor, "email_resent", Subject::Email, id.0, summary)
            .of_parcel(subject.order_id, subject.shipment_id)
            .traced(Some(&by.trace))
            .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome {
            data: json!({ "email_id": id }),
            ..Outcome::done("It is sent again, as an e-mail of its own.")
        })
    }
}
