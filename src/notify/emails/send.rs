//! The job that sends one e-mail. It says *sending* before the text goes out: a
//! worker that finds that word has nobody to ask whether the mail server took it,
//! and does not send it a second time.

use super::{Email, EmailState, Payload};
use crate::{
    clock::Instant,
    crash,
    db::{DbResult, Scope, sql},
    evidence::{
        Actor, Entry, TraceId,
        activity::{self, Ended, Subject},
    },
    ids::EmailId,
    jobs::{Claimed, End, Handler, Work, retry::Steps},
    outbound::{Fate, Letter, MailFailure, Mailer},
};
use anyhow::Result;
use futures_util::future::BoxFuture;

/// The job that sends one e-mail.
pub const SEND_EMAIL: &str = "send_email";

/// Eight tries over two days: at once, then after 1, 5 and 15 minutes, 1, 4, 12
/// and 24 hours.
pub const SCHEDULE: Steps = Steps(&[60, 300, 900, 3_600, 14_400, 43_200, 86_400]);

/// [`SCHEDULE`] as pages and docs print it.
pub const SCHEDULE_WORDS: &str = "at once, then after 1, 5 and 15 minutes, 1, 4, 12 and 24 hours";

const DIED: &str =
    "Waybill stopped while the text was on its way, so nobody knows whether the mail server took it.";

/// Sends one e-mail, or keeps it when there is no mail server.
#[derive(Debug)]
pub struct SendEmail;

impl Handler for SendEmail {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(send(work, job))
    }
}

async fn send(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(email) = super::find(&mut scope, payload.email_id).await? else {
        return Ok(End::Done);
    };
    let trace = job.trace();
    let now = (work.now)();
    match (email.state, work.outbound.mailer()) {
        (EmailState::Sending, _) => {
            let failure = MailFailure { fate: Fate::Unknown, words: DIED.into() };
            let end = not_taken(&mut scope, &email, email.attempts, failure, &trace, now).await?;
            scope.commit().await?;
            Ok(end)
        }
        (EmailState::Queued, None) => {
            keep(&mut scope, email.id, now).await?;
            scope.commit().await?;
            Ok(End::Done)
        }
        (EmailState::Queued, Some(mailer)) => {
            drop(scope);
            hand_over(work, job, mailer, email, &trace).await
        }
        _ => Ok(End::Done),
    }
}

async fn hand_over(
    work: &Work,
    job: &Claimed,
    mailer: &Mailer,
    email: Email,
    trace: &TraceId,
) -> Result<End> {
    let message_id = match &email.message_id {
        Some(id) => id.clone(),
        None => format!("<email-{}-{}@{}>", job.account_id, email.id, mailer.domain()),
    };
    let letter = Letter {
        to: &email.recipient,
        subject: &email.subject,
        body: &email.body,
        message_id: &message_id,
        at: email.at(),
    };
    let attempts = email.attempts + 1;
    let opened = mailer.open(&letter).await;
    let mut scope = work.db.scope(job.account_id).await?;
    let result = match opened {
        Ok(open) => {
            let mine = scope
                .execute(
                    sql("update emails set state = 'sending', attempts = {}, message_id = {} \
                         where account_id = {} and id = {} and state = 'queued'")
                    .bind(attempts)
                    .bind(&message_id)
                    .bind(job.account_id)
                    .bind(email.id),
                )
                .await?;
            scope.commit().await?;
            if mine == 0 {
                // another worker was quicker; the server gets no text from us
                return Ok(End::Done);
            }
            crash::point("sending", SEND_EMAIL);
            let result = open.send().await;
            crash::point("mailed", SEND_EMAIL);
            scope = work.db.scope(job.account_id).await?;
            result
        }
        Err(failure) => Err(failure),
    };
    let now = (work.now)();
    let end = match result {
        Ok(reply) => {
            taken(&mut scope, &email, &reply, trace, now).await?;
            End::Done
        }
        Err(failure) => not_taken(&mut scope, &email, attempts, failure, trace, now).await?,
    };
    scope.commit().await?;
    Ok(end)
}

async fn keep(scope: &mut Scope, id: EmailId, now: Instant) -> DbResult<usize> {
    let account = scope.account();
    scope
        .execute(
            sql("update emails set state = 'kept', finished_at = {} \
                 where account_id = {} and id = {} and state = 'queued'")
            .bind(now)
            .bind(account)
            .bind(id),
        )
        .await
}

async fn taken(scope: &mut Scope, email: &Email, reply: &str, trace: &TraceId, now: Instant) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update emails set state = 'sent', reply = {}, last_error = null, finished_at = {} \
                 where account_id = {} and id = {} and state in ('sending', 'unknown')")
            .bind(reply)
            .bind(now)
            .bind(account)
            .bind(email.id),
        )
        .await?;
    tell(scope, email, "email_sent", Ended::Ok, "was taken by the mail server", trace).await
}

async fn not_taken(
    scope: &mut Scope,
    email: &Email,
    attempts: i32,
    failure: MailFailure,
    trace: &TraceId,
    now: Instant,
) -> DbResult<End> {
    let next = SCHEDULE.next(attempts, None, now).filter(|_| failure.fate == Fate::Later);
    let state = match (failure.fate, next) {
        (Fate::Unknown, _) => EmailState::Unknown,
        (_, Some(_)) => EmailState::Queued,
        (_, None) => EmailState::Failed,
    };
    let account = scope.account();
    scope
        .execute(
            sql("update emails set state = {}, attempts = {}, last_error = {}, finished_at = {} \
                 where account_id = {} and id = {} and state in ('queued', 'sending')")
            .bind(state)
            .bind(attempts)
            .bind(&failure.words)
            .bind(next.is_none().then_some(now))
            .bind(account)
            .bind(email.id),
        )
        .await?;
    match (state, next) {
        (_, Some(at)) => return Ok(End::Again { at, reason: failure.words }),
        (EmailState::Unknown, _) => {
            let words = "was sent, and nobody knows whether the mail server took it";
            tell(scope, email, "email_unknown", Ended::Warning, words, trace).await?;
        }
        _ if failure.fate == Fate::Refused => {
            tell(scope, email, "email_failed", Ended::Failed, "was refused by the mail server", trace)
                .await?;
        }
        _ => {
            let words = "could not be handed to the mail server";
            tell(scope, email, "email_failed", Ended::Failed, words, trace).await?;
        }
    }
    Ok(End::Failed { reason: failure.words })
}

/// A line of history, which names no recipient.
async fn tell(
    scope: &mut Scope,
    email: &Email,
    verb: &'static str,
    ended: Ended,
    words: &str,
    trace: &TraceId,
) -> DbResult<()> {
    let about = match &email.shipment_number {
        Some(number) => format!("The e-mail “{}” about {number} {words}", email.trigger),
        None => format!("The e-mail “{}” {words}", email.trigger),
    };
    let entry = Entry::new(&Actor::system(), verb, Subject::Email, email.id.0, about)
        .of_parcel(email.order_id, email.shipment_id)
        .ended(ended)
        .traced(Some(trace));
    activity::record(scope, entry).await?;
    Ok(())
}
