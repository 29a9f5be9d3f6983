//! How rows ended outside. An action leaves jobs behind; once those are over,
//! what the row shows is what the other side said, not that it was queued.

use super::{Operation, RowOutcome};
use crate::{
    db::{DbResult, Scope, sql},
    shipments::{ChannelSync, Status, posts::PostState},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use futures_util::future::BoxFuture;

/// How one subject ended.
#[derive(Debug)]
pub struct Ended {
    /// The order or shipment.
    pub subject: i64,
    /// What that makes of its row.
    pub outcome: RowOutcome,
    /// In a sentence.
    pub words: String,
}

/// Asks how these subjects ended. Those it does not answer are done.
pub type EndedHook =
    for<'a> fn(&'a mut Scope, &'a Operation, &'a [i64]) -> BoxFuture<'a, DbResult<Vec<Ended>>>;

type Answer<'a> = BoxFuture<'a, DbResult<Vec<Ended>>>;

#[derive(QueryableByName)]
struct Posted {
    #[diesel(sql_type = BigInt)]
    subject: i64,
    #[diesel(sql_type = Text)]
    state: PostState,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    who: String,
    #[diesel(sql_type = Nullable<Text>)]
    remote: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
}

/// What is done once it is done: no job is left behind.
pub fn at_once<'a>(_: &'a mut Scope, _: &'a Operation, _: &'a [i64]) -> Answer<'a> {
    Box::pin(async { Ok(Vec::new()) })
}

/// By the post that this operation began.
pub fn posted<'a>(scope: &'a mut Scope, operation: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    Box::pin(async move {
        let account = scope.account();
        let rows: Vec<Posted> = scope
            .rows(
                sql("select distinct on (p.shipment_id) p.shipment_id as subject, p.state, p.reason, c.name as who, \
                     (select po.remote_id from provider_orders po where po.account_id = p.account_id and po.post_id = p.id \
                      order by po.id desc limit 1) as remote, \
                     (select b.detail from problems b where b.account_id = p.account_id and b.shipment_id = p.shipment_id \
                      and b.kind = 'post' order by b.id desc limit 1) as detail \
                     from posts p join connections c on c.account_id = p.account_id and c.id = p.connection_id \
                     where p.account_id = {} and p.trace_id = {} and p.shipment_id = any({}) \
                     order by p.shipment_id, p.group_no desc")
                .bind(account)
                .bind(operation.trace_id.clone())
                .bind(subjects.to_vec()),
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let who = &row.who;
                let (outcome, words) = match row.state {
                    PostState::Accepted => (
                        RowOutcome::Done,
                        format!("{who} has it as {}.", row.remote.as_deref().unwrap_or("an order")),
                    ),
                    PostState::Superseded => (RowOutcome::Done, "It was posted again since.".into()),
                    PostState::Rejected => {
                        (RowOutcome::Failed, said(format!("{who} refused it"), row.detail.as_deref()))
                    }
                    PostState::Absent => {
                        (RowOutcome::Failed, format!("{who} does not have it. It can be posted again."))
                    }
                    PostState::Canceled => {
                        (RowOutcome::Failed, said("It was not sent".into(), Some(&row.reason)))
                    }
                    PostState::NeedsPerson => {
                        (RowOutcome::Unknown, format!("Only a person can tell whether {who} has it."))
                    }
                    PostState::Queued
                    | PostState::Claimed
                    | PostState::Sent
                    | PostState::Unknown
                    | PostState::Checking => {
                        (RowOutcome::Unknown, format!("It is not known yet whether {who} has it."))
                    }
                };
                Ended { subject: row.subject, outcome, words }
            })
            .collect())
    })
}

/// `what: detail`, with one full stop.
fn said(what: String, detail: Option<&str>) -> String {
    match detail.map(|d| d.trim().trim_end_matches('.')).filter(|d| !d.is_empty()) {
        Some(detail) => format!("{what}: {detail}."),
        None => format!("{what}."),
    }
}

#[derive(QueryableByName)]
struct Synced {
    #[diesel(sql_type = BigInt)]
    subject: i64,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    sync: ChannelSync,
    #[diesel(sql_type = Text)]
    who: String,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
}

impl Synced {
    fn ended(&self) -> (RowOutcome, String) {
        let who = &self.who;
        match self.sync {
            ChannelSync::Failed => {
                (RowOutcome::Failed, said(format!("{who} refused the tracking"), self.detail.as_deref()))
            }
            ChannelSync::Warning => (
                RowOutcome::Done,
                said(format!("{who} has the tracking, and warned"), self.detail.as_deref()),
            ),
            ChannelSync::PendingSync => (RowOutcome::Unknown, format!("No answer of {who} is kept yet.")),
            _ => (RowOutcome::Done, format!("{who} has the tracking.")),
        }
    }
}

/// By what the shipment's channel has.
pub fn submitted<'a>(scope: &'a mut Scope, _: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    Box::pin(async move {
        let account = scope.account();
        let rows: Vec<Synced> = scope
            .rows(
                sql("select s.id as subject, s.number, s.channel_sync as sync, ch.name as who, d.channel_message as detail \
                     from shipments s join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
                     left join shipment_details d on d.account_id = s.account_id and d.shipment_id = s.id \
                     where s.account_id = {} and s.id = any({})")
                .bind(account)
                .bind(subjects.to_vec()),
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let (outcome, words) = row.ended();
                Ended { subject: row.subject, outcome, words }
            })
            .collect())
    })
}

/// By what the channel has of each shipment of the order: the worst tells.
pub fn resent<'a>(scope: &'a mut Scope, _: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    Box::pin(async move {
        let account = scope.account();
        let rows: Vec<Synced> = scope
            .rows(
                sql("select distinct on (s.order_id) s.order_id as subject, s.number, s.channel_sync as sync, ch.name as who, \
                     d.channel_message as detail \
                     from shipments s join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
                     left join shipment_details d on d.account_id = s.account_id and d.shipment_id = s.id \
                     where s.account_id = {} and s.order_id = any({}) and s.voided_at is null \
                     and coalesce(s.tracking_number, '') <> '' \
                     order by s.order_id, array_position(array['failed', 'pending_sync', 'warning'], s.channel_sync), s.id")
                .bind(account)
                .bind(subjects.to_vec()),
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let (outcome, words) = row.ended();
                Ended { subject: row.subject, outcome, words: format!("{}: {words}", row.number) }
            })
            .collect())
    })
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    subject: i64,
    #[diesel(sql_type = Nullable<Text>)]
    outcome: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error: Option<String>,
}

/// By the job that read the provider.
pub fn resynced<'a>(scope: &'a mut Scope, operation: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    by_job(scope, operation, subjects, "It could not be read", "Read.")
}

/// By the job that changed the order at the provider.
pub fn updated<'a>(scope: &'a mut Scope, operation: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    by_job(scope, operation, subjects, "The change was not taken", "The provider has it as it is here.")
}

/// By how the row's job ended.
fn by_job<'a>(
    scope: &'a mut Scope,
    operation: &'a Operation,
    subjects: &'a [i64],
    not: &'static str,
    done: &'static str,
) -> Answer<'a> {
    Box::pin(async move {
        let account = scope.account();
        let rows: Vec<Read> = scope
            .rows(
                sql("select r.subject_id as subject, f.outcome, f.last_error as error from bulk_rows r \
                     left join finished_jobs f on f.account_id = r.account_id and f.trace_id = {} and f.job_id = any(r.jobs) \
                     where r.account_id = {} and r.operation_id = {} and r.subject_id = any({})")
                .bind(operation.trace_id.clone())
                .bind(account)
                .bind(operation.id)
                .bind(subjects.to_vec()),
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let failed = row.outcome.as_deref() == Some("failed");
                let (outcome, words) = match failed {
                    true => (RowOutcome::Failed, said(not.to_owned(), row.error.as_deref())),
                    false => (RowOutcome::Done, done.to_owned()),
                };
                Ended { subject: row.subject, outcome, words }
            })
            .collect())
    })
}

#[derive(QueryableByName)]
struct Checked {
    #[diesel(sql_type = BigInt)]
    subject: i64,
    #[diesel(sql_type = Text)]
    status: Status,
    #[diesel(sql_type = Text)]
    who: String,
}

/// By what is known of the shipment now.
pub fn checked<'a>(scope: &'a mut Scope, _: &'a Operation, subjects: &'a [i64]) -> Answer<'a> {
    Box::pin(async move {
        let account = scope.account();
        let rows: Vec<Checked> = scope
            .rows(
                sql("select s.id as subject, s.status, coalesce(c.name, 'the provider') as who from shipments s \
                     left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
                     where s.account_id = {} and s.id = any({})")
                .bind(account)
                .bind(subjects.to_vec()),
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let who = &row.who;
                let (outcome, words) = match row.status {
                    Status::Unconfirmed => {
                        (RowOutcome::Unknown, format!("It is still not known whether {who} has it."))
                    }
                    Status::Error | Status::PendingPost => {
                        (RowOutcome::Done, format!("{who} does not have it. It can be posted again."))
                    }
                    _ => (RowOutcome::Done, format!("{who} has it.")),
                };
                Ended { subject: row.subject, outcome, words }
            })
            .collect())
    })
}
