//! *Run again*: has a job run that was given up on our side. What it sends keeps
//! to its own rules: a post reads the provider where its outcome is unknown.

use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Entry, activity},
    ids::JobId,
    jobs::dead::{self, Dead},
};

impl Target for Dead {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Dead>> {
        dead::find(scope, JobId(id), lock).await
    }

    fn version(&self) -> i32 {
        self.attempts
    }

    fn name(&self) -> String {
        format!("Job {}", self.id)
    }

    fn history(&self) -> activity::Of {
        let (subject, id) = about(self);
        activity::Of::Subject(subject, id)
    }
}

/// What a job is about, of that which has pages; else itself.
fn about(job: &Dead) -> (activity::Subject, i64) {
    let told = job
        .object_key
        .split_once(':')
        .and_then(|(noun, id)| Some((activity::Subject::parse(noun)?, id.parse().ok()?)));
    told.unwrap_or((activity::Subject::Job, job.id.0))
}

/// The action.
#[derive(Debug)]
pub struct RunAgain;

impl Action for RunAgain {
    type Subject = Dead;
    type Input = NoInput;
    const NAME: &'static str = "run_job_again";
    const LABEL: &'static str = "Run again";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(job: &Dead) -> Availability {
        Availability::when(job.state == "dead", "It runs by itself already.")
    }

    async fn preview(_: &mut Scope, job: &Dead) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Run job {} again?", job.id),
            effects: vec![
                "It begins anew, with all its tries.".into(),
                "Nothing is sent a second time without being read first.".into(),
            ],
            button: "Run again".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        job: Dead,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        dead::run_again(scope, job.id, now).await?;
        let (subject, id) = about(&job);
        let summary = format!("Had job {} run again: {}", job.id, job.kind);
        let entry = Entry::new(&by.actor, "job_run_again", subject, id, summary);
        activity::record(scope, entry.traced(Some(&by.trace)).from_ip(by.ip.clone())).await?;
        Ok(Outcome::done(format!("Job {} runs again.", job.id)).with_job(job.id))
    }
}
