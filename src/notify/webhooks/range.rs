//! *Re-send a range*: everything since a moment that an endpoint did not take, or
//! that it was never sent. Counted first.

use super::{Endpoint, EndpointState, change, edit::entry};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    evidence::activity,
    ids::log_id_floor,
    money::grouped,
    text_enum::text_enum,
};
use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use diesel::{QueryableByName, sql_types::BigInt};
use serde::{Deserialize, Serialize};

/// So many are sent again at once.
const MOST: i64 = 10_000;
/// So long events are kept to be sent again.
const KEPT: i64 = 30;

text_enum! {
    /// What of a range is sent again.
    Which {
        /// What was sent and not taken.
        Failed = "failed",
        /// That, and what was told while the endpoint was disabled or not there.
        Missed = "missed",
    }
}

/// *Re-send a range*
#[derive(Debug)]
pub struct ResendRange;

/// Since when, what, and how many a person has seen that it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Since {
    /// A day or a moment in the account's time zone, or one with its own zone.
    #[serde(default)]
    pub since: String,
    /// A word of [`Which`]; empty: failed.
    #[serde(default)]
    pub which: String,
    /// How many it was said to be; empty: whatever it is.
    #[serde(default)]
    pub counted: String,
}

impl Since {
    /// Which is meant.
    pub fn which(&self) -> Result<Which, ActionError> {
        match self.which.trim() {
            "" => Ok(Which::Failed),
            word => {
                Which::parse(word).ok_or_else(|| ActionError::field("which", "Choose what is sent again."))
            }
        }
    }
}

/// The moment that is meant, in the account's zone; a day alone is its beginning.
pub fn since(text: &str, zone: &str, now: Instant) -> Result<Instant, ActionError> {
    let text = text.trim();
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    let at = chrono::DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).ok();
    let local = || {
        let moment = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
        let local = moment.or_else(day)?;
        // where the clocks skip it, an hour before
        let earliest = |local| zone.from_local_datetime(&local).earliest();
        earliest(local).or_else(|| earliest(local - Duration::hours(1))).map(|at| at.with_timezone(&Utc))
    };
    match at.or_else(local) {
        None => Err(ActionError::field("since", "Enter day and time, as in 2026-11-27 09:00.")),
        Some(at) if at > now => Err(ActionError::field("since", "Choose a moment that has been.")),
        Some(at) if at < now - Duration::days(KEPT) => {
            Err(ActionError::field("since", format!("Choose a moment within the last {KEPT} days.")))
        }
        Some(at) => Ok(at),
    }
}

/// The events of a range; what is on its way or there is none of them.
fn events(scope: &Scope, endpoint: &Endpoint, which: Which, from: Instant) -> Sql {
    let account = scope.account();
    let statement = sql("from webhook_events e where e.account_id = {} and e.id >= {} and e.event_type <> 'endpoint_test' \
         and not exists (select 1 from webhook_deliveries d where d.account_id = e.account_id and d.event_id = e.id \
                         and d.endpoint_id = {} and d.state in ('waiting', 'delivered'))")
    .bind(account)
    .bind(log_id_floor(from))
    .bind(endpoint.id);
    match which {
        Which::Failed => statement
            .push(
                " and exists (select 1 from webhook_deliveries d where d.account_id = e.account_id and d.event_id = e.id \
                 and d.endpoint_id = {})",
            )
            .bind(endpoint.id),
        Which::Missed if endpoint.events.is_empty() => statement,
        Which::Missed => statement.push(" and e.event_type = any({})").bind(endpoint.events.clone()),
    }
}

/// How many would be sent again.
pub async fn count(scope: &mut Scope, endpoint: &Endpoint, which: Which, from: Instant) -> DbResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let events = events(scope, endpoint, which, from);
    let row: Option<Count> = scope.row(sql("select count(*) as n ").append(events)).await?;
    Ok(row.map_or(0, |row| row.n))
}

fn messages(n: i64) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{} messages", grouped(n)) }
}

impl Action for ResendRange {
    type Subject = Endpoint;
    type Input = Since;
    const NAME: &'static str = "resend_range";
    const LABEL: &'static str = "Re-send a range";
    const PERMISSION: Permission = Permission::WebhooksResend;

    fn available(subject: &Endpoint) -> Availability {
        match subject.state {
            _ if subject.deleted_at.is_some() => change::there(subject),
            EndpointState::Disabled => {
                Availability::no_but("It is disabled. Resume it first.", super::ResumeEndpoint::NAME)
            }
            _ => Availability::Available,
        }
    }

    async fn preview(_: &mut Scope, subject: &Endpoint) -> DbResult<Preview> {
        let mut effects = vec![
            "Each is sent with the id it had: the receiver can tell that it is the same.".to_owned(),
            "Each is a delivery of its own. What was delivered or is on its way is left out.".to_owned(),
        ];
        if subject.state == EndpointState::Paused {
            effects.push("The endpoint is paused: they wait until it is resumed.".into());
        }
        Ok(Preview {
            question: format!("Re-send to {}?", subject.label()),
            effects,
            button: "Re-send".into(),
            ..Preview::default()
        })
    }

    fn check(input: &Since) -> Result<(), ActionError> {
        input.which().map(|_| ())
    }

    async fn apply(
        scope: &mut Scope,
        subject: Endpoint,
        by: &By,
        input: Since,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let which = input.which()?;
        let from = since(&input.since, &subject.time_zone, now)?;
        let n = count(scope, &subject, which, from).await?;
        if n == 0 {
            return Ok(Outcome::unchanged("There is nothing to send again."));
        }
        if !input.counted.trim().is_empty() && input.counted.trim() != n.to_string() {
            let sentence = format!("It is {} now. Look at it again, then repeat.", messages(n));
            return Err(ActionError::field("since", sentence));
        }
        let account = scope.account();
        let active = subject.state == EndpointState::Active;
        let events = events(scope, &subject, which, from);
        let made = scope
            .execute(
                sql("insert into webhook_deliveries (id, account_id, event_id, endpoint_id, trigger, next_attempt_at) \
                     select next_log_id(), {}, chosen.id, {}, 'resend', {} from (select e.id ")
                .bind(account)
                .bind(subject.id)
                .bind(active.then_some(now))
                .append(events)
                .push(" order by e.id limit {}) chosen")
                .bind(MOST),
            )
            .await?;
        if active {
            change::set_out(scope, subject.id, now).await?;
        }
        let made = i64::try_from(made).unwrap_or(i64::MAX);
        let summary = format!("Sent {} again to {}", messages(made), subject.label());
        activity::record(scope, entry(by, "webhook_range_resent", subject.id, summary)).await?;
        let rest = match n - made {
            0 => String::new(),
            more => format!(" {} more are left: repeat this once they are through.", grouped(more)),
        };
        Ok(Outcome::done(format!("{} sent again.{rest}", messages(made))))
    }
}
