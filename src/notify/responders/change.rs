//! Adding and editing responders, and switching them on and off.

use super::{Responder, Trigger, check};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::ResponderId,
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest name, subject and body, in characters.
const LONGEST: (usize, usize, usize) = (100, 200, 10_000);

/// What a person wants of a responder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// A word of [`Trigger`].
    #[serde(default)]
    pub trigger: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// One line, with variables.
    #[serde(default)]
    pub subject: String,
    /// Plain text, with variables.
    #[serde(default)]
    pub body: String,
}

impl Draft {
    /// As it is kept, or what will not do.
    pub fn checked(&self) -> Result<(Trigger, Draft), ActionError> {
        let text = Draft {
            trigger: self.trigger.trim().to_owned(),
            name: self.name.trim().to_owned(),
            subject: self.subject.trim().to_owned(),
            // browsers send the lines of a form with both
            body: self.body.replace("\r\n", "\n").trim_end().to_owned(),
        };
        let mut refused: Vec<(String, String)> = Vec::new();
        let mut refuse = |field: &str, sentence: String| refused.push((field.to_owned(), sentence));
        let trigger = Trigger::parse(&text.trigger);
        if trigger.is_none() {
            refuse("trigger", "Choose when it writes.".into());
        }
        for (field, label, value, longest) in [
            ("name", "a name", &text.name, LONGEST.0),
            ("subject", "a subject", &text.subject, LONGEST.1),
            ("body", "a text", &text.body, LONGEST.2),
        ] {
            match value.chars().count() {
                0 => refuse(field, format!("Enter {label}.")),
                n if n > longest => refuse(field, format!("Keep it under {longest} characters.")),
                _ if field == "subject" && value.contains(['\r', '\n']) => {
                    refuse(field, "Keep the subject on one line.".into());
                }
                _ if field == "name" => {}
                _ => {
                    if let Err(sentence) = check(value) {
                        refuse(field, sentence);
                    }
                }
            }
        }
        match trigger {
            Some(trigger) if refused.is_empty() => Ok((trigger, text)),
            _ => Err(ActionError::Refused(refused)),
        }
    }

    fn kept(&self) -> Value {
        json!({ "trigger": self.trigger, "name": self.name, "subject": self.subject, "body": self.body })
    }
}

impl Responder {
    /// Its text as a form holds it.
    pub fn text(&self) -> Draft {
        Draft {
            trigger: self.trigger.to_string(),
            name: self.name.clone(),
            subject: self.subject.clone(),
            body: self.body.clone(),
        }
    }
}

fn entry(by: &By, verb: &'static str, id: ResponderId, summary: String) -> Entry {
    Entry::new(&by.actor, verb, activity::Subject::Responder, id.0, summary)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone())
}

/// Adds a responder, switched off.
pub async fn create(
    scope: &mut Scope,
    text: &Draft,
    by: &By,
    now: Instant,
) -> Result<ResponderId, ActionError> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: ResponderId,
    }
    let (trigger, text) = text.checked()?;
    let account = scope.account();
    let row: Option<Id> = scope
        .row(
            sql("insert into responders (account_id, trigger, name, subject, body, created_at) \
                 values ({}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(trigger)
            .bind(&text.name)
            .bind(&text.subject)
            .bind(&text.body)
            .bind(now),
        )
        .await?;
    let id = row.map_or(ResponderId(0), |row| row.id);
    let added = entry(by, "responder_added", id, format!("Added the responder “{}”", text.name));
    activity::record(scope, added.changed(json!({}), text.kept())).await?;
    Ok(id)
}

/// *Edit responder*
#[derive(Debug)]
pub struct EditResponder;

impl Action for EditResponder {
    type Subject = Responder;
    type Input = Draft;
    const NAME: &'static str = "edit_responder";
    const LABEL: &'static str = "Edit responder";
    const PERMISSION: Permission = Permission::RespondersEdit;

    fn available(_: &Responder) -> Availability {
        Availability::Available
    }

    async fn preview(_: &mut Scope, subject: &Responder) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Edit “{}”?", subject.name),
            effects: vec![
                "What is written from now on has the new text. The text before stays in the activity log."
                    .into(),
            ],
            button: "Save".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Responder,
        by: &By,
        input: Draft,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        let (trigger, text) = input.checked()?;
        let old = subject.text();
        if text == old {
            return Ok(Outcome::unchanged("The responder is so already."));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update responders set trigger = {}, name = {}, subject = {}, body = {}, version = version + 1 \
                     where account_id = {} and id = {}")
                .bind(trigger)
                .bind(&text.name)
                .bind(&text.subject)
                .bind(&text.body)
                .bind(account)
                .bind(subject.id),
            )
            .await?;
        let edited =
            entry(by, "responder_edited", subject.id, format!("Edited the responder “{}”", subject.name));
        activity::record(scope, edited.changed(old.kept(), text.kept())).await?;
        Ok(Outcome::done(format!("The responder “{}” is saved.", text.name)))
    }
}

async fn switch(scope: &mut Scope, subject: &Responder, by: &By, on: bool) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql(
                "update responders set enabled = {}, version = version + 1 where account_id = {} and id = {}",
            )
            .bind(on)
            .bind(account)
            .bind(subject.id),
        )
        .await?;
    let (verb, word) = if on { ("responder_enabled", "on") } else { ("responder_disabled", "off") };
    let summary = format!("Switched {word} the responder “{}”", subject.name);
    activity::record(scope, entry(by, verb, subject.id, summary)).await?;
    Ok(())
}

/// *Switch on*
#[derive(Debug)]
pub struct EnableResponder;

impl Action for EnableResponder {
    type Subject = Responder;
    type Input = NoInput;
    const NAME: &'static str = "enable_responder";
    const LABEL: &'static str = "Switch on";
    const PERMISSION: Permission = Permission::RespondersEdit;

    fn available(subject: &Responder) -> Availability {
        Availability::when(!subject.enabled, "It is switched on.")
    }

    async fn preview(_: &mut Scope, subject: &Responder) -> DbResult<Preview> {
        let each = match subject.trigger {
            Trigger::Fulfilled => "From now on each posted shipment item sends this; 0 in the past.",
            Trigger::Shipped => "From now on each item that leaves sends this; 0 in the past.",
            Trigger::Delivered => "From now on each item that arrives sends this; 0 in the past.",
        };
        Ok(Preview {
            question: format!("Switch on “{}”?", subject.name),
            effects: vec![
                each.to_owned(),
                "It goes to the customer of the order. A re-post sends it again for each item.".to_owned(),
            ],
            button: "Switch on".into(),
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Responder,
        by: &By,
        _: NoInput,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        switch(scope, &subject, by, true).await?;
        let said = format!("“{}” is switched on.", subject.name);
        Ok(Outcome::done(said).undone_by(DisableResponder::NAME, json!({})))
    }
}

/// *Switch off*
#[derive(Debug)]
pub struct DisableResponder;

impl Action for DisableResponder {
    type Subject = Responder;
    type Input = NoInput;
    const NAME: &'static str = "disable_responder";
    const LABEL: &'static str = "Switch off";
    const PERMISSION: Permission = Permission::RespondersEdit;

    fn available(subject: &Responder) -> Availability {
        Availability::when(subject.enabled, "It is switched off.")
    }

    async fn preview(_: &mut Scope, subject: &Responder) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Switch off “{}”?", subject.name),
            effects: vec![
                "It writes nothing from now on. E-mails that are on their way are still sent.".to_owned(),
            ],
            button: "Switch off".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Responder,
        by: &By,
        _: NoInput,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        switch(scope, &subject, by, false).await?;
        Ok(Outcome::done(format!("“{}” is switched off.", subject.name)))
    }
}
