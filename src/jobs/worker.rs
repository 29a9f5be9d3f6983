//! The worker: claims what is due, runs it, settles it.

use super::{Claimed, End, Slots, claim, claim_one, retry, settle};
use crate::{
    clock::Instant,
    crash,
    db::{Db, DbResult},
    ids::JobId,
    outbound::{Client, Lane, lane::Asks},
    secrets::{Keyring, random_hex},
};
use anyhow::{Context, Result};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    any::Any, collections::HashMap, panic::AssertUnwindSafe, path::PathBuf, sync::Arc, time::Duration,
};
use tokio::{sync::watch, task::JoinSet};

/// What a handler works with.
#[derive(Clone, Debug)]
pub struct Work {
    /// The database.
    pub db: Db,
    /// The only way out.
    pub outbound: Client,
    /// Opens credentials.
    pub keyring: Keyring,
    /// The folder of the installation (`--var`), for what is kept in files.
    pub files: PathBuf,
    /// The clock; tests have their own.
    pub now: fn() -> Instant,
}

impl Work {
    /// The same with a turn on a lane, taken before anything is committed that says
    /// a call is made; or the end of a job that has to wait for its turn.
    pub async fn in_turn(&self, job: &Claimed, lane: Lane, asks: Asks) -> Result<Work, End> {
        match self.outbound.in_turn(&self.db, job.account_id, lane, asks).await {
            Ok(outbound) => Ok(Work { outbound, ..self.clone() }),
            Err(failure) => Err(End::held_or_broken(&failure, (self.now)())),
        }
    }
}

/// So often a job may be claimed at all: one whose worker dies each time ends too.
const MOST_CLAIMS: i32 = 30;

/// Does the work of one kind of job.
pub trait Handler: Send + Sync {
    /// Runs a claimed job. Must make every end visible itself: what it answers
    /// is only when to come back. An error is ours: nothing was decided, and it is
    /// tried again for a while.
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>>;
}

/// Every kind of job, registered at the top floor.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: HashMap<&'static str, Arc<dyn Handler>>,
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

impl Handlers {
    /// Registers the handler of a kind.
    pub fn with(mut self, kind: &'static str, handler: impl Handler + 'static) -> Handlers {
        self.by_kind.insert(kind, Arc::new(handler));
        self
    }

    async fn run(&self, work: &Work, job: &Claimed) -> Result<End> {
        // another process, newer than this one, may have one
        let handler = self.by_kind.get(job.kind.as_str());
        handler
            .with_context(|| format!("There is no handler for jobs of kind {}.", job.kind))?
            .run(work, job)
            .await
    }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    format!("It panicked: {}", words.unwrap_or("without a word"))
}

async fn run_one(work: &Work, handlers: &Handlers, job: &Claimed) -> DbResult<End> {
    crash::point("claimed", &job.kind);
    let end = if job.attempts > MOST_CLAIMS {
        let reason = format!("Its worker stopped without a word; it was claimed {} times.", job.attempts - 1);
        End::Broken { reason }
    } else {
        match AssertUnwindSafe(handlers.run(work, job)).catch_unwind().await {
            Ok(Ok(end)) => end,
            Ok(Err(error)) => {
                tracing::error!(?error, job.id = %job.id, job.kind = %job.kind, "a job stopped on our side");
                End::Broken { reason: format!("{error:#}") }
            }
            Err(panic) => End::Broken { reason: panicked(&*panic) },
        }
    };
    let end = match end {
        End::Broken { reason } => match retry::OURS.next(job.attempts, None, (work.now)()) {
            Some(at) => End::Again { at, reason },
            None => End::Broken { reason },
        },
        end => end,
    };
    crash::point("decided", &job.kind);
    match &end {
        End::Done => tracing::info!(job.id = %job.id, job.kind = %job.kind, "job done"),
        End::Again { at, reason } => {
            tracing::info!(job.id = %job.id, job.kind = %job.kind, job.again_at = %at, reason, "job waits");
        }
        End::Wait { at, reason } => {
            tracing::info!(job.id = %job.id, job.kind = %job.kind, job.again_at = %at, reason, "job is held back");
        }
        End::Broken { reason } => {
            tracing::error!(job.id = %job.id, job.kind = %job.kind, reason, "job is dead");
        }
        End::Failed { reason } => {
            tracing::warn!(job.id = %job.id, job.kind = %job.kind, reason, "job failed")
        }
    }
    settle(&work.db, job, &end).await?;
    crash::point("settled", &job.kind);
    Ok(end)
}

/// Runs a just-committed job in the request, by the same claim a worker would
/// make, for what must answer at once. `None`: a worker has it already.
pub async fn run_now(work: &Work, handlers: &Handlers, id: JobId) -> DbResult<Option<End>> {
    match claim_one(&work.db, id, "request", (work.now)()).await? {
        Some(job) => run_one(work, handlers, &job).await.map(Some),
        None => Ok(None),
    }
}

/// Runs what is due until nothing is, one job after another; answers how many
/// ran. For tests and commands.
pub async fn run_due(work: &Work, handlers: &Handlers) -> DbResult<usize> {
    let mut ran = 0;
    loop {
        let jobs = claim(&work.db, "once", Slots { free: 10, all: 10 }, (work.now)()).await?;
        if jobs.is_empty() {
            return Ok(ran);
        }
        for job in jobs {
            run_one(work, handlers, &job).await?;
            ran += 1;
        }
    }
}

/// Runs jobs until it is told to stop.
#[derive(Debug)]
pub struct Worker {
    /// What handlers work with.
    pub work: Work,
    /// What is registered.
    pub handlers: Handlers,
    /// How many jobs run at once.
    pub at_once: usize,
    /// How long to wait when nothing is due.
    pub idle: Duration,
}

impl Worker {
    /// Runs until `stop` turns true, then finishes what it has.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let name = format!("{}-{}", std::process::id(), random_hex::<3>());
        let mut running: JoinSet<()> = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            let free = self.at_once.saturating_sub(running.len());
            let claimed = if free == 0 {
                Vec::new()
            } else {
                let slots = Slots { free, all: self.at_once };
                match claim(&self.work.db, &name, slots, (self.work.now)()).await {
                    Ok(jobs) => jobs,
                    Err(error) => {
                        tracing::error!(?error, "claiming jobs failed");
                        Vec::new()
                    }
                }
            };
            if claimed.is_empty() {
                tokio::select! {
                    _ = stop.changed() => {}
                    _ = tokio::time::sleep(self.idle) => {}
                    _ = running.join_next(), if !running.is_empty() => {}
                }
                continue;
            }
            for job in claimed {
                let (work, handlers) = (self.work.clone(), self.handlers.clone());
                running.spawn(async move {
                    if let Err(error) = run_one(&work, &handlers, &job).await {
                        tracing::error!(?error, job.id = %job.id, "settling a job failed; its lease will run out");
                    }
                });
            }
        }
        let finish = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(30), finish).await.is_err() {
            tracing::warn!("jobs still running at shutdown; their leases will run out");
        }
    }
}
