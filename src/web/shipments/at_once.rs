//! Actions that answer with what the other side said: their job runs in the
//! request, by the same claim a worker would make.

use crate::{
    actions::{Action, Outcome},
    clock,
    db::Scope,
    evidence::{
        ActorKind,
        activity::{Activity, Ended},
    },
    ids::{JobId, ShipmentId},
    jobs,
    problems::list as problems,
    shipments::{
        Subject,
        posts::{self, Step},
        surroundings,
    },
    web::{Fields, Visitor, WebResult, action::ActionFields, markup::FormErrors},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Nobody waits longer for another side's answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often it is looked when a worker was quicker to take the job.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks for nothing more, and waits for the answer.
#[derive(Debug)]
pub struct AtOnce;

impl<A: Action<Subject = Subject>> ActionFields<A> for AtOnce {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        _: &Subject,
        _: &Fields,
        _: &FormErrors,
    ) -> WebResult<String> {
        Ok(String::new())
    }

    async fn answer(visitor: &Visitor, id: i64, outcome: &Outcome) -> WebResult<(&'static str, String)> {
        let until = Instant::now() + PATIENCE;
        for job in &outcome.jobs {
            run(visitor, *job, until).await?;
        }
        said(visitor, ShipmentId(id), until).await.map(|said| {
            said.unwrap_or_else(|| {
                ("info", format!("{} It is on its way; this page shows what comes of it.", outcome.message))
            })
        })
    }
}

/// Runs the job to its end, whoever stops waiting.
async fn run(visitor: &Visitor, job: JobId, until: Instant) -> WebResult<()> {
    let app = visitor.app.clone();
    let work = visitor.app.finish(async move { jobs::run_now(&app.work(), &app.handlers, job).await });
    match timeout(until.saturating_duration_since(Instant::now()), work).await {
        Ok(ran) => {
            ran??;
        }
        Err(_) => tracing::info!(job.id = %job, "the answer takes longer than a request waits"),
    }
    Ok(())
}

/// What the other side said, from the history; waits while a worker has the job.
async fn said(
    visitor: &Visitor,
    id: ShipmentId,
    until: Instant,
) -> WebResult<Option<(&'static str, String)>> {
    loop {
        let mut scope = visitor.scope().await?;
        let line = newest(&mut scope, visitor, id).await?;
        if let Some(line) = line {
            let mut words = format!("{}.", line.summary.trim_end_matches('.'));
            if line.result == Ended::Failed
                && let Some(problem) = problems::of_shipment(&mut scope, id).await?.first()
            {
                words = format!("{words} {}", problem.diagnosis().sentence);
            }
            return Ok(Some((tone(line.result), words)));
        }
        if let Some(words) = checked(&mut scope, visitor, id).await? {
            return Ok(Some(("info", words)));
        }
        let moving = surroundings::is_moving(&mut scope, id, clock::now()).await?;
        drop(scope);
        if !moving || Instant::now() >= until {
            return Ok(None);
        }
        sleep(PAUSE).await;
    }
}

/// What a check of this request found, when that decided nothing yet.
async fn checked(scope: &mut Scope, visitor: &Visitor, id: ShipmentId) -> WebResult<Option<String>> {
    let steps = posts::attempts(scope, id).await?;
    let newest = steps
        .first()
        .filter(|step| step.at().timestamp() >= visitor.now.timestamp())
        .filter(|step| matches!(step.step, Step::CheckedAbsent | Step::CheckedUnclear));
    let Some(step) = newest else { return Ok(None) };
    let Some(subject) = Subject::load(scope, id, false).await? else {
        return Ok(None);
    };
    let who = subject.provider_name();
    Ok(Some(match step.step {
        Step::CheckedAbsent => format!(
            "{who} has no order with reference {}. It is asked again by itself before that is taken for certain.",
            step.external_reference
        ),
        _ => format!("{who} could not tell. {}", step.detail),
    }))
}

/// The newest line that this request caused and somebody else wrote.
async fn newest(scope: &mut Scope, visitor: &Visitor, id: ShipmentId) -> WebResult<Option<Activity>> {
    let lines = surroundings::history(scope, id, None, 10).await?;
    let trace = visitor.asked.trace.as_str();
    Ok(lines
        .into_iter()
        .find(|line| line.trace_id.as_deref() == Some(trace) && line.actor_kind != ActorKind::User))
}

fn tone(ended: Ended) -> &'static str {
    match ended {
        Ended::Ok => "success",
        Ended::Info => "info",
        Ended::Warning => "warning",
        Ended::Failed => "danger",
    }
}
