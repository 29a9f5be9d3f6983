//! The job of an operation: works for a moment, then stands at the end of the
//! queue again, behind whatever fell due meanwhile.

use super::{
    Operation, RowOutcome, State,
    actions::Line,
    follow, pick, preview,
    rows::{self, Turn},
    steer,
};
use crate::{
    actions::By,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, TraceId, activity, activity::Ended, activity::Subject},
    ids::BulkOperationId,
    jobs::{Claimed, End, Handler, Work},
};
use anyhow::Context;
use chrono::Duration;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// What the job is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    /// The operation.
    pub operation_id: BulkOperationId,
}

/// How long one turn of the job lasts, beside the row it is at.
const SLICE: Duration = Duration::milliseconds(250);
/// Between two looks at what was sent.
const FOLLOW: Duration = Duration::seconds(2);
/// Between two looks at what nobody knows, and for how long.
const ASK: Duration = Duration::seconds(60);
const ASK_FOR: Duration = Duration::hours(1);

/// See the module.
#[derive(Debug)]
pub struct WorkOnOperation;

impl Handler for WorkOnOperation {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, anyhow::Result<End>> {
        Box::pin(async move {
            let id = job.payload::<Payload>()?.operation_id;
            let turn = Operating { work, job, id };
            let next = turn.run().await.with_context(|| format!("bulk operation {id}"))?;
            Ok(next.map_or(End::Done, |at| End::Wait { at, reason: String::new() }))
        })
    }
}

struct Operating<'a> {
    work: &'a Work,
    job: &'a Claimed,
    id: BulkOperationId,
}

impl Operating<'_> {
    fn now(&self) -> Instant {
        (self.work.now)()
    }

    async fn scope(&self) -> DbResult<Scope> {
        self.work.db.scope(self.job.account_id).await
    }

    async fn find(&self) -> DbResult<Option<Operation>> {
        Operation::find(&mut self.scope().await?, self.id).await
    }

    /// Works for a moment; answers when to come back.
    async fn run(&self) -> DbResult<Option<Instant>> {
        let Some(operation) = self.find().await? else { return Ok(None) };
        let Some(line) = operation.line() else { return self.without_action().await };
        let until = self.now() + SLICE;
        match operation.state {
            State::Previewing => self.preview(&operation, line, until).await,
            State::Previewed => Ok(None),
            State::Running => {
                let any = self.rows(&operation, line, until).await?;
                let left = self.find().await?.is_some_and(|o| o.state == State::Running && o.waiting > 0);
                match (left, any) {
                    // while rows wait, looking at what was sent takes every eighth turn
                    (true, true) if self.job.lease_epoch % 8 != 0 => Ok(Some(self.now())),
                    // in another worker's hands, or to be tried again
                    (true, false) => Ok(Some(self.now() + Duration::seconds(1))),
                    _ => self.follow(line).await,
                }
            }
            State::Paused | State::Finished => self.follow(line).await,
            State::Canceled => {
                loop {
                    let mut scope = self.scope().await?;
                    let Some(operation) = Operation::find(&mut scope, self.id).await? else {
                        return Ok(None);
                    };
                    let dropped = pick::drop_rest(&mut scope, &operation, self.now()).await?;
                    scope.commit().await?;
                    if dropped {
                        break;
                    }
                }
                self.follow(line).await
            }
        }
    }

    /// An action that a newer version knows no more.
    async fn without_action(&self) -> DbResult<Option<Instant>> {
        let mut scope = self.scope().await?;
        steer::set_state(&mut scope, self.id, State::Paused, "This action is not there any more.").await?;
        scope.commit().await?;
        Ok(None)
    }

    async fn preview(&self, operation: &Operation, line: &Line, until: Instant) -> DbResult<Option<Instant>> {
        loop {
            let mut scope = self.scope().await?;
            let Some(operation) =
                Operation::lock(&mut scope, self.id).await?.filter(|o| o.state == State::Previewing)
            else {
                return Ok(None);
            };
            let complete = pick::step(&mut scope, &operation).await?;
            scope.commit().await?;
            if complete {
                break;
            }
            if self.now() >= until {
                return Ok(Some(self.now()));
            }
        }
        while preview::step(&self.work.db, self.job.account_id, operation, line, self.now()).await? {
            if self.now() >= until {
                return Ok(Some(self.now()));
            }
        }
        let mut scope = self.scope().await?;
        let concluded = preview::conclude(&mut scope, self.id, line).await?;
        scope.commit().await?;
        // a row in another worker's hands
        Ok((!concluded).then(|| self.now() + Duration::seconds(1)))
    }

    /// Does rows until the moment is over or one falls over; `false` when there
    /// was none to do.
    async fn rows(&self, operation: &Operation, line: &Line, until: Instant) -> DbResult<bool> {
        let (db, account) = (&self.work.db, self.job.account_id);
        let mut any = false;
        loop {
            match rows::turn(db, account, operation, line, self.work.now).await? {
                Turn::Done => any = true,
                Turn::Nothing => return Ok(any),
                // what made it fall over may pass: it is tried again, but not at once
                Turn::FellOver => return Ok(false),
            }
            if self.now() >= until {
                return Ok(any);
            }
        }
    }

    /// Settles what was sent, ends what is over, and answers when to come back.
    async fn follow(&self, line: &Line) -> DbResult<Option<Instant>> {
        let (db, account, now) = (&self.work.db, self.job.account_id, self.now());
        let Some(operation) = self.find().await? else { return Ok(None) };
        let mut after = 0;
        while let Some(last) =
            follow::step(db, account, &operation, line, RowOutcome::Sent, after, now).await?
        {
            after = last;
        }
        let ended = operation.finished_at;
        if operation.unknown > 0 && ended.is_some() {
            let mut after = 0;
            while let Some(last) =
                follow::step(db, account, &operation, line, RowOutcome::Unknown, after, now).await?
            {
                after = last;
            }
        }
        let Some(operation) = self.finish().await? else { return Ok(None) };
        let asks = operation.unknown > 0 && operation.finished_at.is_some_and(|at| now < at + ASK_FOR);
        Ok(match operation.state {
            State::Running if operation.waiting > 0 => Some(now),
            State::Canceled if operation.waiting + operation.picked > 0 => Some(now + Duration::seconds(1)),
            _ if operation.sent > 0 => Some(now + FOLLOW),
            _ if asks => Some(now + ASK),
            _ => None,
        })
    }

    /// Ends an operation whose rows are all over.
    async fn finish(&self) -> DbResult<Option<Operation>> {
        let mut scope = self.scope().await?;
        let Some(operation) = Operation::lock(&mut scope, self.id).await? else { return Ok(None) };
        if operation.state != State::Running || operation.waiting + operation.sent > 0 {
            return Ok(Some(operation));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update bulk_operations set state = 'finished', finished_at = {} where account_id = {} and id = {}")
                    .bind(self.now())
                    .bind(account)
                    .bind(self.id),
            )
            .await?;
        let by = By::system(operation.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default());
        let clean = operation.failed + operation.unknown + operation.changed == 0;
        let entry = Entry::new(
            &by.actor,
            "bulk_finished",
            Subject::BulkOperation,
            self.id.0,
            super::list::result(&operation),
        )
        .ended(if clean { Ended::Ok } else { Ended::Warning })
        .traced(Some(&by.trace));
        activity::record(&mut scope, entry).await?;
        let operation = Operation::find(&mut scope, self.id).await?;
        scope.commit().await?;
        Ok(operation)
    }
}
