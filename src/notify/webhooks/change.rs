//! *Pause*, *Resume* and *Delete endpoint*.

use super::{DELIVER_WEBHOOK, Endpoint, EndpointState, edit::entry, secret};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::EndpointId,
};
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::json;

/// Whether it was not deleted.
pub(super) fn there(subject: &Endpoint) -> Availability {
    Availability::when(subject.deleted_at.is_none(), "The endpoint was deleted. Its deliveries are kept.")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn waiting(scope: &mut Scope, id: EndpointId) -> DbResult<i64> {
    let account = scope.account();
    let row: Option<Count> = scope
        .row(
            sql("select count(*) as n from webhook_deliveries where account_id = {} and endpoint_id = {} and state = 'waiting'")
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(row.map_or(0, |row| row.n))
}

fn deliveries(n: i64) -> String {
    match n {
        1 => "1 delivery".to_owned(),
        n => format!("{} deliveries", crate::money::grouped(n)),
    }
}

/// *Pause endpoint*
#[derive(Debug)]
pub struct PauseEndpoint;

impl Action for PauseEndpoint {
    type Subject = Endpoint;
    type Input = NoInput;
    const NAME: &'static str = "pause_endpoint";
    const LABEL: &'static str = "Pause";
    const PERMISSION: Permission = Permission::WebhooksEdit;

    fn available(subject: &Endpoint) -> Availability {
        match subject.state {
            _ if subject.deleted_at.is_some() => there(subject),
            EndpointState::Active => Availability::Available,
            EndpointState::Paused => Availability::no_but("It is paused already.", ResumeEndpoint::NAME),
            EndpointState::Disabled => Availability::no_but("It is disabled.", ResumeEndpoint::NAME),
        }
    }

    async fn preview(_: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Pause {}?", subject.label()),
            effects: vec![
                "Nothing is sent to it. What happens meanwhile is kept and waits.".into(),
                "When it is resumed, everything that waits is sent, in the order in which it happened."
                    .into(),
            ],
            button: "Pause endpoint".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let account = scope.account();
        scope
            .execute(
                sql("update webhook_endpoints set state = 'paused', stopped_at = {}, version = version + 1 \
                     where account_id = {} and id = {}")
                .bind(now)
                .bind(account)
                .bind(subject.id),
            )
            .await?;
        let summary = format!("Paused the endpoint {}", subject.label());
        activity::record(scope, entry(by, "webhook_paused", subject.id, summary)).await?;
        let said = "The endpoint is paused. What happens from now on waits for it.";
        Ok(Outcome::done(said).undone_by(ResumeEndpoint::NAME, json!({})))
    }
}

/// *Resume endpoint*: also one that was disabled.
#[derive(Debug)]
pub struct ResumeEndpoint;

impl Action for ResumeEndpoint {
    type Subject = Endpoint;
    type Input = NoInput;
    const NAME: &'static str = "resume_endpoint";
    const LABEL: &'static str = "Resume";
    const PERMISSION: Permission = Permission::WebhooksEdit;

    fn available(subject: &Endpoint) -> Availability {
        match subject.state {
            _ if subject.deleted_at.is_some() => there(subject),
            EndpointState::Active => Availability::no("It is active."),
            EndpointState::Paused | EndpointState::Disabled => Availability::Available,
        }
    }

    async fn preview(scope: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        let n = waiting(scope, subject.id).await?;
        let mut effects = vec![match n {
            0 => "Nothing waits for it.".to_owned(),
            1 => "1 delivery that waits is sent.".to_owned(),
            n => format!("{} that wait are sent.", deliveries(n)),
        }];
        if subject.state == EndpointState::Disabled {
            effects.push(
                "What happened while it was disabled did not wait for it: “Re-send a range” sends that."
                    .into(),
            );
        }
        Ok(Preview {
            question: format!("Resume {}?", subject.label()),
            effects,
            button: "Resume endpoint".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let account = scope.account();
        scope
            .execute(
                sql("update webhook_endpoints set state = 'active', stopped_at = null, disabled_reason = null, \
                     failing_since = null, consecutive_failures = 0, version = version + 1 \
                     where account_id = {} and id = {}")
                .bind(account)
                .bind(subject.id),
            )
            .await?;
        let n = set_out(scope, subject.id, now).await?;
        let summary = format!("Resumed the endpoint {}", subject.label());
        activity::record(scope, entry(by, "webhook_resumed", subject.id, summary)).await?;
        let sent = match n {
            0 => String::new(),
            1 => " 1 delivery that waited is sent.".to_owned(),
            n => format!(" {} that waited are sent.", deliveries(n)),
        };
        Ok(Outcome::done(format!("The endpoint is active.{sent}")))
    }
}

/// Leaves the jobs of everything that waits for an endpoint; those that stand in
/// the queue already are brought forward.
pub(super) async fn set_out(scope: &mut Scope, id: EndpointId, now: Instant) -> DbResult<i64> {
    let account = scope.account();
    let waits = waiting(scope, id).await?;
    scope
        .execute(
            sql("update webhook_deliveries set next_attempt_at = {} where account_id = {} and endpoint_id = {} and state = 'waiting'")
                .bind(now)
                .bind(account)
                .bind(id),
        )
        .await?;
    scope
        .execute(
            sql(
                "insert into jobs as j (account_id, kind, object_key, dedupe_key, payload, due_at, trace_id) \
                 select d.account_id, {}, 'delivery:' || d.id, 'delivery:' || d.id, \
                   jsonb_build_object('delivery_id', d.id), {}, e.trace_id from webhook_deliveries d \
                 join webhook_events e on e.account_id = d.account_id and e.id = d.event_id \
                 where d.account_id = {} and d.endpoint_id = {} and d.state = 'waiting' order by d.id \
                 on conflict (account_id, kind, dedupe_key) where state = 'ready' and dedupe_key is not null \
                 do update set due_at = least(j.due_at, excluded.due_at)",
            )
            .bind(DELIVER_WEBHOOK)
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(waits)
}

/// *Delete endpoint*
#[derive(Debug)]
pub struct DeleteEndpoint;

impl Action for DeleteEndpoint {
    type Subject = Endpoint;
    type Input = NoInput;
    const NAME: &'static str = "delete_endpoint";
    const LABEL: &'static str = "Delete";
    const PERMISSION: Permission = Permission::WebhooksEdit;

    fn available(subject: &Endpoint) -> Availability {
        there(subject)
    }

    async fn preview(scope: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        let n = waiting(scope, subject.id).await?;
        let mut effects = vec!["Nothing is sent to it any more. Its secrets are destroyed.".to_owned()];
        if n > 0 {
            let verb = if n == 1 { "that waits is" } else { "that wait are" };
            effects.push(format!("{} {verb} canceled.", deliveries(n)));
        }
        effects.push("What was delivered to it stays in the history. This cannot be taken back.".into());
        Ok(Preview {
            question: format!("Delete the endpoint {}?", subject.label()),
            effects,
            button: "Delete endpoint".into(),
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let account = scope.account();
        scope
            .execute(
                sql("update webhook_endpoints set state = 'disabled', disabled_reason = 'It was deleted.', deleted_at = {}, \
                     stopped_at = coalesce(stopped_at, {}), version = version + 1 where account_id = {} and id = {}")
                .bind(now)
                .bind(now)
                .bind(account)
                .bind(subject.id),
            )
            .await?;
        secret::forget(scope, subject.id).await?;
        cancel_waiting(scope, subject.id, now).await?;
        let summary = format!("Deleted the endpoint {}", subject.label());
        activity::record(scope, entry(by, "webhook_deleted", subject.id, summary)).await?;
        Ok(Outcome::done(format!("The endpoint {} is deleted.", subject.label())))
    }
}

/// What waits for an endpoint will not be sent.
pub(super) async fn cancel_waiting(scope: &mut Scope, id: EndpointId, now: Instant) -> DbResult<usize> {
    let account = scope.account();
    scope
        .execute(
            sql(
                "update webhook_deliveries set state = 'canceled', next_attempt_at = null, finished_at = {} \
                 where account_id = {} and endpoint_id = {} and state = 'waiting'",
            )
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await
}
