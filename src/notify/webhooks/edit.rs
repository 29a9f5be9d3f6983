//! Connecting an endpoint, and *Edit endpoint*: its address, what it is called,
//! which events it is told. Whoever asks has looked whether the address is public.

use super::{Endpoint, Id, secret};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::EndpointId,
    notify::events::{CATALOGUE, EventType},
    secrets::{Keyring, Place},
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The longest description and the longest address.
const LONGEST: (usize, usize) = (100, 2_000);

/// What a person wants of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Where it is.
    #[serde(default)]
    pub url: String,
    /// What people call it; may be empty.
    #[serde(default)]
    pub description: String,
    /// Every event, also those to come.
    #[serde(default)]
    pub every: String,
    /// Words of [`EventType`]: those that are meant when not all are.
    #[serde(default)]
    pub events: Vec<String>,
}

/// The events that are meant, in the catalogue's order; empty is all.
pub fn events_of(wanted: &Wanted) -> Result<Vec<EventType>, ActionError> {
    if !wanted.every.is_empty() {
        return Ok(Vec::new());
    }
    let meant = |kind: EventType| wanted.events.iter().any(|word| word == kind.as_str());
    let events: Vec<EventType> =
        CATALOGUE.iter().map(|listed| listed.kind).filter(|kind| meant(*kind)).collect();
    match events.is_empty() {
        true => Err(ActionError::field("events", "Choose at least one event, or all.")),
        false => Ok(events),
    }
}

impl Wanted {
    /// As it is kept, or what will not do.
    pub fn checked(&self) -> Result<(String, String, Vec<EventType>), ActionError> {
        let (url, description) = (self.url.trim(), self.description.trim());
        let mut refused = Vec::new();
        if url.is_empty() || url.chars().count() > LONGEST.1 {
            let sentence = "Enter a whole address, beginning with https://.";
            refused.push(("url".to_owned(), sentence.to_owned()));
        }
        if description.chars().count() > LONGEST.0 {
            let sentence = format!("Keep it under {} characters.", LONGEST.0);
            refused.push(("description".to_owned(), sentence));
        }
        match events_of(self) {
            Err(ActionError::Refused(more)) => refused.extend(more),
            Err(other) => return Err(other),
            Ok(events) if refused.is_empty() => return Ok((url.to_owned(), description.to_owned(), events)),
            Ok(_) => {}
        }
        Err(ActionError::Refused(refused))
    }
}

fn words(events: &[EventType]) -> Vec<String> {
    events.iter().map(|event| event.as_str().to_owned()).collect()
}

/// Connects an endpoint; answers its id and its new secret, which is shown once.
pub async fn connect(
    scope: &mut Scope,
    keyring: &Keyring,
    url: &str,
    description: &str,
    events: &[EventType],
    secret: Option<&str>,
) -> Result<(EndpointId, String)> {
    let secret = secret.map_or_else(secret::new, str::to_owned);
    let account = scope.account();
    let row: Option<Id> = scope
        .row(
            sql("insert into webhook_endpoints (account_id, url, description, events, secret_sealed) \
                 values ({}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(url)
            .bind(description)
            .bind(words(events))
            .bind(Vec::<u8>::new()),
        )
        .await?;
    let id = row.context("no endpoint came back")?.id;
    let sealed = keyring.seal(Place { account, column: secret::SECRET, row: id }, &secret)?;
    scope
        .execute(
            sql("update webhook_endpoints set secret_sealed = {} where account_id = {} and id = {}")
                .bind(sealed)
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok((EndpointId(id), secret))
}

/// A line of an endpoint's history.
pub(super) fn entry(by: &By, verb: &'static str, id: EndpointId, summary: String) -> Entry {
    Entry::new(&by.actor, verb, activity::Subject::Webhook, id.0, summary)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone())
}

/// *Edit endpoint*
#[derive(Debug)]
pub struct EditEndpoint;

impl Action for EditEndpoint {
    type Subject = Endpoint;
    type Input = Wanted;
    const NAME: &'static str = "edit_endpoint";
    const LABEL: &'static str = "Edit endpoint";
    const PERMISSION: Permission = Permission::WebhooksEdit;

    fn available(subject: &Endpoint) -> Availability {
        super::change::there(subject)
    }

    async fn preview(_: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Edit {}?", subject.label()),
            effects: vec!["What waits goes to the new address.".into()],
            button: "Save".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        input: Wanted,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        let (url, description, events) = input.checked()?;
        let events = words(&events);
        if (&url, &description, &events) == (&subject.url, &subject.description, &subject.events) {
            return Ok(Outcome::unchanged("The endpoint is so already."));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update webhook_endpoints set url = {}, description = {}, events = {}, version = version + 1 \
                     where account_id = {} and id = {}")
                .bind(&url)
                .bind(&description)
                .bind(events.clone())
                .bind(account)
                .bind(subject.id),
            )
            .await?;
        let kept = |url: &str, description: &str, events: &[String]| {
            json!({ "url": url, "description": description, "events": match events {
                [] => "all".to_owned(),
                some => some.join(", "),
            } })
        };
        let entry =
            entry(by, "webhook_edited", subject.id, format!("Edited the endpoint {}", subject.label()))
                .changed(
                    kept(&subject.url, &subject.description, &subject.events),
                    kept(&url, &description, &events),
                );
        activity::record(scope, entry).await?;
        Ok(Outcome::done("The endpoint is saved."))
    }
}
