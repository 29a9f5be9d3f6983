//! Who did what, when, before and after. Written in the transaction of the
//! change itself, never rewritten.

use super::TraceId;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{ActivityId, ChannelId, OrderId, RecordId, ShipmentId},
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde_json::Value;

text_enum! {
    /// What kind of actor did it.
    ActorKind {
        /// A person, signed in.
        User = "user",
        /// A program, by API token.
        Token = "token",
        /// Waybill itself: a retry, a schedule.
        System = "system",
        /// A fulfillment provider told us.
        Provider = "provider",
        /// A sales channel told us.
        Channel = "channel",
    }
}

text_enum! {
    /// How it ended.
    Ended {
        /// As intended.
        Ok = "ok",
        /// It failed.
        Failed = "failed",
        /// With a warning.
        Warning = "warning",
        /// Nothing to end: a note.
        Info = "info",
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Person, token, system, provider or channel.
    pub kind: ActorKind,
    /// The user's or token's id.
    pub id: Option<i64>,
    /// The name that is shown, kept as it was.
    pub name: String,
}

impl Actor {
    /// Waybill itself.
    pub fn system() -> Actor {
        Actor { kind: ActorKind::System, id: None, name: "Waybill".into() }
    }

    /// A sales channel, by its name.
    pub fn channel(name: impl Into<String>) -> Actor {
        Actor { kind: ActorKind::Channel, id: None, name: name.into() }
    }

    /// A fulfillment provider, by its connection's name.
    pub fn provider(name: impl Into<String>) -> Actor {
        Actor { kind: ActorKind::Provider, id: None, name: name.into() }
    }
}

text_enum! {
    /// What an activity is about.
    Subject {
        /// An order.
        Order = "order",
        /// A shipment.
        Shipment = "shipment",
        /// A customer.
        Customer = "customer",
        /// A store.
        Store = "store",
        /// A sales channel and its settings.
        Channel = "channel",
        /// A fulfillment connection.
        Connection = "connection",
        /// A problem of the error queue.
        Problem = "problem",
        /// An import.
        Import = "import",
        /// An export.
        Export = "export",
        /// An action done to many.
        BulkOperation = "bulk_operation",
        /// A person's account or session.
        User = "user",
        /// A webhook endpoint.
        Webhook = "webhook",
        /// An e-mail.
        Email = "email",
        /// What writes e-mails.
        Responder = "responder",
        /// A job of the queue.
        Job = "job",
        /// A product and its stock.
        Product = "product",
    }
}

/// One line to be written.
#[derive(Debug, Clone)]
#[must_use = "an entry is written by `record`"]
pub struct Entry {
    actor: Actor,
    verb: &'static str,
    result: Ended,
    summary: String,
    subject: Subject,
    subject_id: i64,
    order: Option<OrderId>,
    shipment: Option<ShipmentId>,
    channel: Option<ChannelId>,
    before: Option<Value>,
    after: Option<Value>,
    record: Option<RecordId>,
    trace: Option<TraceId>,
    ip: Option<String>,
    at: Option<Instant>,
}

impl Entry {
    /// `verb` is `noun_verbed`, as in `fulfillment_replied`; `summary` is a
    /// sentence without personal data.
    pub fn new(
        actor: &Actor,
        verb: &'static str,
        subject: Subject,
        subject_id: i64,
        summary: impl Into<String>,
    ) -> Entry {
        Entry {
            actor: actor.clone(),
            verb,
            result: Ended::Ok,
            summary: summary.into(),
            subject,
            subject_id,
            order: (subject == Subject::Order).then_some(OrderId(subject_id)),
            shipment: (subject == Subject::Shipment).then_some(ShipmentId(subject_id)),
            channel: (subject == Subject::Channel).then_some(ChannelId(subject_id)),
            before: None,
            after: None,
            record: None,
            trace: None,
            ip: None,
            at: None,
        }
    }

    /// About a shipment, which also shows on its order.
    pub fn shipment(
        actor: &Actor,
        verb: &'static str,
        id: ShipmentId,
        order: OrderId,
        summary: impl Into<String>,
    ) -> Entry {
        Entry::new(actor, verb, Subject::Shipment, id.0, summary).of_order(order)
    }

    /// About an order.
    pub fn order(actor: &Actor, verb: &'static str, id: OrderId, summary: impl Into<String>) -> Entry {
        Entry::new(actor, verb, Subject::Order, id.0, summary)
    }

    /// Shows on this order too.
    pub fn of_order(mut self, order: OrderId) -> Entry {
        self.order = Some(order);
        self
    }

    /// Shows on these too, where there are any.
    pub fn of_parcel(mut self, order: Option<OrderId>, shipment: Option<ShipmentId>) -> Entry {
        self.order = order.or(self.order);
        self.shipment = shipment.or(self.shipment);
        self
    }

    /// Shows on this channel too.
    pub fn of_channel(mut self, channel: ChannelId) -> Entry {
        self.channel = Some(channel);
        self
    }

    /// How it ended, when not well.
    pub fn ended(mut self, result: Ended) -> Entry {
        self.result = result;
        self
    }

    /// What it was and what it is now. Personal data must be masked by the caller.
    pub fn changed(mut self, before: Value, after: Value) -> Entry {
        self.before = Some(before);
        self.after = Some(after);
        self
    }

    /// The exchange it came from.
    pub fn from_record(mut self, record: Option<RecordId>) -> Entry {
        self.record = record;
        self
    }

    /// The chain it belongs to.
    pub fn traced(mut self, trace: Option<&TraceId>) -> Entry {
        self.trace = trace.cloned();
        self
    }

    /// Where the person was.
    pub fn from_ip(mut self, ip: Option<String>) -> Entry {
        self.ip = ip;
        self
    }

    /// When, for imported history; otherwise now.
    pub fn at(mut self, at: Instant) -> Entry {
        self.at = Some(at);
        self
    }
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: ActivityId,
}

/// Writes one line, in the caller's transaction.
pub async fn record(scope: &mut Scope, entry: Entry) -> DbResult<ActivityId> {
    let account = scope.account();
    let id = match entry.at {
        Some(at) => sql("log_id_at({})").bind(at),
        None => sql("next_log_id()"),
    };
    let row: Option<NewId> = scope
        .row(
            sql("insert into activities (id, account_id, actor_kind, actor_id, actor_name, verb, result, summary, \
                 subject_kind, subject_id, order_id, shipment_id, channel_id, before, after, transaction_record_id, \
                 trace_id, ip) values (")
            .append(id)
            .push(", {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(entry.actor.kind)
            .bind(entry.actor.id)
            .bind(entry.actor.name)
            .bind(entry.verb)
            .bind(entry.result)
            .bind(entry.summary)
            .bind(entry.subject)
            .bind(entry.subject_id)
            .bind(entry.order)
            .bind(entry.shipment)
            .bind(entry.channel)
            .bind(entry.before)
            .bind(entry.after)
            .bind(entry.record)
            .bind(entry.trace.map(|t| t.to_string()))
            .bind(entry.ip),
        )
        .await?;
    Ok(row.map_or(ActivityId(0), |r| r.id))
}

/// One line of history, as pages show it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::activities)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Activity {
    pub id: ActivityId,
    pub actor_kind: ActorKind,
    pub actor_name: String,
    pub verb: String,
    pub result: Ended,
    pub summary: String,
    pub subject_kind: Subject,
    pub subject_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
}

impl Activity {
    /// When it was written; the id carries it.
    pub fn at(&self) -> Instant {
        crate::ids::log_id_time(self.id.0)
    }
}

/// Whose history to read.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// An order with its shipments.
    Order(OrderId),
    /// One shipment.
    Shipment(ShipmentId),
    /// A channel and its settings.
    Channel(ChannelId),
    /// Any other subject.
    Subject(Subject, i64),
    /// The whole account.
    Account,
}

impl Of {
    /// The statement that reads it.
    fn narrow(self, scope: &Scope) -> Sql {
        let all = sql("select id, actor_kind, actor_name, verb, result, summary, subject_kind, subject_id, order_id, \
                       shipment_id, before, after, transaction_record_id, trace_id from activities where account_id = {}")
            .bind(scope.account());
        match self {
            Of::Order(id) => all.push(" and order_id = {}").bind(id),
            Of::Shipment(id) => all.push(" and shipment_id = {}").bind(id),
            Of::Channel(id) => all.push(" and channel_id = {}").bind(id),
            Of::Subject(kind, id) => {
                all.push(" and subject_kind = {} and subject_id = {}").bind(kind).bind(id)
            }
            Of::Account => all,
        }
    }
}

/// History, newest first, starting below `before`.
pub async fn list(
    scope: &mut Scope,
    of: Of,
    verb: Option<&str>,
    before: Option<ActivityId>,
    limit: i64,
) -> DbResult<Vec<Activity>> {
    let mut statement = of.narrow(scope);
    if let Some(verb) = verb {
        statement = statement.push(" and verb = {}").bind(verb);
    }
    if let Some(before) = before {
        statement = statement.push(" and id < {}").bind(before);
    }
    scope.rows(statement.push(" order by id desc limit {}").bind(limit)).await
}

/// A page of history, newest first.
pub async fn page(scope: &mut Scope, of: Of, from: Option<Cursor>, size: usize) -> DbResult<Page<Activity>> {
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let rows = match from {
        Some(cursor) if cursor.backwards => {
            let statement = of.narrow(scope).push(" and id > {}").bind(cursor.id);
            scope.rows(statement.push(" order by id limit {}").bind(limit)).await?
        }
        from => list(scope, of, None, from.map(|cursor| ActivityId(cursor.id)), limit).await?,
    };
    Ok(Page::cut(rows, size, from, |line: &Activity| (line.at(), line.id.0)))
}
