//! Whether an endpoint takes what it is sent. One that took nothing for days is
//! disabled: history says so, its page and the home page, the account's other
//! endpoints, and an e-mail to its admins where there is a mail server.

use super::{change, endpoint_data, fan_out};
use crate::{
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{TraceId, activity, activity::Ended},
    ids::EndpointId,
    notify::{
        emails::{self, NewEmail},
        events::{self, EventType},
    },
};
use chrono::Duration;
use diesel::{
    QueryableByName,
    sql_types::{Text, Timestamptz},
};

/// It answered 410.
pub const GONE: &str = "It answered 410: it wants nothing any more.";
const ENDED: &str = "Every try of a delivery failed, over three days, and nothing else was taken meanwhile.";
const DAYS: &str = "It has taken nothing for 5 days.";
/// So long may everything fail.
const LONGEST: Duration = Duration::days(5);

/// It took something.
pub(super) async fn well(scope: &mut Scope, id: EndpointId) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update webhook_endpoints set failing_since = null, consecutive_failures = 0 \
                 where account_id = {} and id = {} and failing_since is not null")
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}

/// A try that failed.
pub(super) struct Failed<'a> {
    pub endpoint: EndpointId,
    pub url: &'a str,
    /// It says: never again.
    pub gone: bool,
    /// Since when the delivery was tried, if this was its last try.
    pub since: Option<Instant>,
    /// Whether there is a mail server.
    pub mail: bool,
}

/// It did not take something.
pub(super) async fn badly(
    scope: &mut Scope,
    failed: Failed<'_>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    #[derive(QueryableByName)]
    struct Since {
        #[diesel(sql_type = Timestamptz)]
        failing_since: Instant,
        #[diesel(sql_type = Text)]
        state: String,
    }
    let account = scope.account();
    let row: Option<Since> = scope
        .row(
            sql("update webhook_endpoints set failing_since = coalesce(failing_since, {}), \
                 consecutive_failures = consecutive_failures + 1 where account_id = {} and id = {} \
                 returning failing_since, state")
            .bind(now)
            .bind(account)
            .bind(failed.endpoint),
        )
        .await?;
    let Some(Since { failing_since, state }) = row else { return Ok(()) };
    // the first try came a moment after the delivery was left
    let all_of_it = |since: Instant| failing_since <= since + Duration::minutes(15);
    let reason = match failed.since {
        _ if state != "active" && !failed.gone => return Ok(()),
        _ if failed.gone => GONE,
        Some(since) if all_of_it(since) && now - since > Duration::days(1) => ENDED,
        _ if now - failing_since >= LONGEST => DAYS,
        _ => return Ok(()),
    };
    disable(scope, failed, reason, trace, now).await
}

async fn disable(
    scope: &mut Scope,
    failed: Failed<'_>,
    reason: &'static str,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let disabled = scope
        .execute(
            sql("update webhook_endpoints set state = 'disabled', disabled_reason = {}, stopped_at = {}, version = version + 1 \
                 where account_id = {} and id = {} and state <> 'disabled'")
            .bind(reason)
            .bind(now)
            .bind(account)
            .bind(failed.endpoint),
        )
        .await?;
    if disabled == 0 {
        return Ok(());
    }
    change::cancel_waiting(scope, failed.endpoint, now).await?;
    let by = By::system(trace.clone());
    let summary = format!("The endpoint {} was disabled. {reason}", failed.url);
    let entry = super::edit::entry(&by, "webhook_disabled", failed.endpoint, summary).ended(Ended::Failed);
    activity::record(scope, entry).await?;
    let data = endpoint_data(failed.endpoint.0, failed.url, reason);
    let kind = EventType::EndpointDisabled;
    let cause = format!("{}:{}", failed.endpoint, now.timestamp_micros());
    if let Some(event) = events::keep(scope, kind, cause, (None, None), data, trace, now).await? {
        fan_out(scope, event, kind, Some(failed.endpoint), trace, now).await?;
    }
    if failed.mail {
        write_to_admins(scope, &failed, reason, trace, now).await?;
    }
    Ok(())
}

async fn write_to_admins(
    scope: &mut Scope,
    failed: &Failed<'_>,
    reason: &str,
    trace: &TraceId,
    now: Instant,
) -> DbResult<()> {
    #[derive(QueryableByName)]
    struct Admin {
        #[diesel(sql_type = Text)]
        email: String,
    }
    let account = scope.account();
    let admins: Vec<Admin> = scope
        .rows(
            sql("select u.email from memberships m join users u on u.id = m.user_id \
                 where m.account_id = {} and m.role = 'admin' and u.disabled_at is null order by u.id limit 20")
            .bind(account),
        )
        .await?;
    for admin in admins {
        let email = NewEmail {
            responder: None,
            trigger: emails::ENDPOINT_DISABLED,
            order: None,
            shipment: None,
            line: None,
            event: None,
            recipient: &admin.email,
            subject: "A webhook endpoint was disabled".into(),
            body: format!(
                "Waybill disabled the webhook endpoint {}.\n\n{reason}\n\nWhat happens from now on is not sent to it. \
                 Resume it under Webhooks, /webhooks/{}, and use “Re-send a range” for what it has missed.\n",
                failed.url, failed.endpoint
            ),
            resend_of: None,
        };
        emails::queue(scope, email, trace, now).await?;
    }
    Ok(())
}
