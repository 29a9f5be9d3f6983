//! E-mails: to customers, written by responders, and to admins. Without a mail
//! server they are kept and shown.

mod resend;
mod send;

pub use resend::ResendEmail;
pub use send::{SCHEDULE, SCHEDULE_WORDS, SEND_EMAIL, SendEmail};

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{EmailId, EventId, OrderId, ResponderId, ShipmentId, ShipmentLineId},
    jobs::{self, NewJob},
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an e-mail to admins is written on.
pub const ENDPOINT_DISABLED: &str = "endpoint_disabled";

text_enum! {
    /// Where an e-mail stands.
    EmailState {
        /// Waiting to be sent.
        Queued = "queued",
        /// Its text is on its way to the mail server.
        Sending = "sending",
        /// No mail server is configured: it is kept here to be read.
        Kept = "kept",
        /// The mail server took it.
        Sent = "sent",
        /// The mail server refused it.
        Failed = "failed",
        /// Its text was sent, and nobody knows whether the mail server took it.
        Unknown = "unknown",
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    email_id: EmailId,
}

/// An e-mail to be sent.
#[derive(Debug)]
pub struct NewEmail<'a> {
    /// Which responder wrote it.
    pub responder: Option<ResponderId>,
    /// On what.
    pub trigger: &'a str,
    /// About which order.
    pub order: Option<OrderId>,
    /// About which shipment.
    pub shipment: Option<ShipmentId>,
    /// About which item.
    pub line: Option<ShipmentLineId>,
    /// For which event.
    pub event: Option<EventId>,
    /// To whom.
    pub recipient: &'a str,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The e-mail it repeats.
    pub resend_of: Option<EmailId>,
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: EmailId,
}

/// Writes an e-mail and its job, in the caller's transaction.
pub async fn queue(
    scope: &mut Scope,
    email: NewEmail<'_>,
    trace: &TraceId,
    now: Instant,
) -> DbResult<EmailId> {
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into emails (account_id, responder_id, trigger, order_id, shipment_id, shipment_line_id, event_id, \
                 recipient, subject, body, trace_id, resend_of) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(email.responder)
            .bind(email.trigger)
            .bind(email.order)
            .bind(email.shipment)
            .bind(email.line)
            .bind(email.event)
            .bind(email.recipient)
            .bind(email.subject)
            .bind(email.body)
            .bind(trace.to_string())
            .bind(email.resend_of),
        )
        .await?;
    let id = row.map_or(EmailId(0), |r| r.id);
    let job =
        NewJob::new(SEND_EMAIL, format!("email:{id}"), json!(Payload { email_id: id }), now).traced(trace);
    jobs::enqueue(scope, job).await?;
    Ok(id)
}

/// An e-mail, as pages show it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::emails)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Email {
    #[diesel(sql_type = BigInt)]
    pub id: EmailId,
    pub trigger: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    pub recipient: String,
    pub subject: String,
    pub body: String,
    #[diesel(sql_type = Text)]
    pub state: EmailState,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub reply: Option<String>,
    pub message_id: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub resend_of: Option<EmailId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub responder_id: Option<ResponderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_line_id: Option<ShipmentLineId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub event_id: Option<EventId>,
    pub trace_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
}

impl Email {
    /// When it was written; the id carries it.
    pub fn at(&self) -> Instant {
        crate::ids::log_id_time(self.id.0)
    }
}

macro_rules! email_columns {
    ($rest:literal) => {
        concat!(
            "select e.id, e.trigger, e.order_id, e.shipment_id, e.recipient, e.subject, e.body, e.state, e.attempts, \
             e.last_error, e.reply, e.message_id, e.resend_of, e.responder_id, e.shipment_line_id, e.event_id, e.trace_id, \
             s.number as shipment_number from emails e \
             left join shipments s on s.account_id = e.account_id and s.id = e.shipment_id ",
            $rest
        )
    };
}

/// A page of e-mails, newest first, starting below `before`.
pub async fn list(
    scope: &mut Scope,
    shipment: Option<ShipmentId>,
    before: Option<EmailId>,
    limit: i64,
) -> DbResult<Vec<Email>> {
    let account = scope.account();
    let mut statement = sql(email_columns!("where e.account_id = {}")).bind(account);
    if let Some(shipment) = shipment {
        statement = statement.push(" and e.shipment_id = {}").bind(shipment);
    }
    if let Some(before) = before {
        statement = statement.push(" and e.id < {}").bind(before);
    }
    scope.rows(statement.push(" order by e.id desc limit {}").bind(limit)).await
}

/// A page of e-mails, newest first.
pub async fn page(
    scope: &mut Scope,
    shipment: Option<ShipmentId>,
    responder: Option<ResponderId>,
    state: Option<EmailState>,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Email>> {
    let account = scope.account();
    let backwards = from.is_some_and(|c| c.backwards);
    let mut statement = sql(email_columns!("where e.account_id = {}")).bind(account);
    if let Some(shipment) = shipment {
        statement = statement.push(" and e.shipment_id = {}").bind(shipment);
    }
    if let Some(responder) = responder {
        statement = statement.push(" and e.responder_id = {}").bind(responder);
    }
    if let Some(state) = state {
        statement = statement.push(" and e.state = {}").bind(state);
    }
    if let Some(from) = from {
        statement = statement.push(if backwards { " and e.id > {}" } else { " and e.id < {}" }).bind(from.id);
    }
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let order = if backwards { " order by e.id asc limit {}" } else { " order by e.id desc limit {}" };
    let rows: Vec<Email> = scope.rows(statement.push(order).bind(limit)).await?;
    Ok(Page::cut(rows, size, from, |email| (email.at(), email.id.0)))
}

/// One e-mail.
pub async fn find(scope: &mut Scope, id: EmailId) -> DbResult<Option<Email>> {
    let account = scope.account();
    scope.row(sql(email_columns!("where e.account_id = {} and e.id = {}")).bind(account).bind(id)).await
}
