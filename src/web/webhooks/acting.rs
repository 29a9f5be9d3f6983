//! What the actions of endpoints and deliveries ask beside the common fields, and
//! what they answer: the answer of the endpoint, where it comes in time.

use super::answer;
use crate::{
    actions::{Action, Outcome},
    clock::Instant,
    db::Scope,
    ids::JobId,
    jobs,
    notify::webhooks::{self, DeliveryState, Endpoint, ResendRange, Sent, Since, Which},
    web::{Fields, Visitor, WebResult, action::ActionFields, filters::grouped, markup::FormErrors},
};
use askama::Template;
use std::time::Duration;

/// The longest a request waits for an endpoint.
const PATIENCE: Duration = Duration::from_secs(8);

/// Sends at once and says what the endpoint answered.
#[derive(Debug)]
pub struct AtOnce;

impl<A: Action> ActionFields<A> for AtOnce {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        _: &A::Subject,
        _: &Fields,
        _: &FormErrors,
    ) -> WebResult<String> {
        Ok(String::new())
    }

    async fn answer(visitor: &Visitor, _: i64, outcome: &Outcome) -> WebResult<(&'static str, String)> {
        for job in &outcome.jobs {
            run(visitor, *job).await?;
        }
        let Ok(sent) = serde_json::from_value::<Sent>(outcome.data.clone()) else {
            return Ok(("info", outcome.message.clone()));
        };
        let mut scope = visitor.scope().await?;
        let Some(delivery) = webhooks::delivery(&mut scope, sent.delivery).await? else {
            return Ok(("info", outcome.message.clone()));
        };
        let said = answer(&delivery);
        Ok(match (delivery.state, delivery.next_attempt_at) {
            (DeliveryState::Delivered, _) => ("success", format!("The endpoint took it: {said}.")),
            (DeliveryState::Failed, _) => {
                ("warning", format!("The endpoint did not take it: {}", ended(&said)))
            }
            (DeliveryState::Waiting, Some(at)) if delivery.attempts > 0 => {
                let at = visitor.stamp(at).short;
                (
                    "warning",
                    format!("The endpoint did not take it: {} It is tried again at {at}.", ended(&said)),
                )
            }
            _ => ("info", outcome.message.clone()),
        })
    }
}

/// With a full stop.
fn ended(words: &str) -> String {
    format!("{}.", words.trim_end_matches('.'))
}

/// Runs the job to its end, whoever stops waiting.
async fn run(visitor: &Visitor, job: JobId) -> WebResult<()> {
    let app = visitor.app.clone();
    let work = visitor.app.finish(async move { jobs::run_now(&app.work(), &app.handlers, job).await });
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(ran) => {
            ran??;
        }
        Err(_) => tracing::info!(job.id = %job, "the endpoint takes longer than a request waits"),
    }
    Ok(())
}

/// Since when, what, and how many that is.
#[derive(Debug)]
pub struct RangeFields;

#[derive(Template)]
#[template(path = "webhooks/_range.html")]
struct Range<'a> {
    nonce: &'a str,
    here: String,
    since: String,
    missed: bool,
    zone: String,
    /// How many; nothing when the moment will not do.
    count: Option<i64>,
    words: String,
    errors: &'a FormErrors,
}

impl ActionFields<ResendRange> for RangeFields {
    async fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &Endpoint,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let asked = Since {
            since: match fields.get("since") {
                "" => usual(visitor, subject),
                since => since.to_owned(),
            },
            which: fields.get("which").to_owned(),
            counted: String::new(),
        };
        let which = asked.which().unwrap_or(Which::Failed);
        let mut said = errors.clone();
        let count = match webhooks::since(&asked.since, &subject.time_zone, visitor.now) {
            Ok(from) => Some(webhooks::count(scope, subject, which, from).await?),
            Err(error) => {
                if said.of("since").is_none()
                    && let crate::actions::ActionError::Refused(list) = error
                {
                    list.into_iter().for_each(|(field, sentence)| said.add(field, sentence));
                }
                None
            }
        };
        let range = Range {
            nonce: &visitor.asked.nonce,
            here: visitor.asked.path.clone(),
            since: asked.since,
            missed: which == Which::Missed,
            zone: subject.time_zone.clone(),
            words: match count {
                Some(0) => "Nothing is to be sent again.".to_owned(),
                Some(1) => "1 message is sent again.".to_owned(),
                Some(n) => format!("{} messages are sent again.", grouped(n)),
                None => String::new(),
            },
            count,
            errors: &said,
        };
        Ok(range.render()?)
    }
}

/// Since the trouble began; without any, since a day ago.
fn usual(visitor: &Visitor, endpoint: &Endpoint) -> String {
    let day_ago = visitor.now - chrono::Duration::days(1);
    let from: Instant = endpoint.failing_since.unwrap_or(day_ago).min(day_ago);
    from.with_timezone(&visitor.zone).format("%Y-%m-%dT%H:%M").to_string()
}
