//! The error queue as a list: grouped by cause, or one row per problem.

use super::{
    ProblemKind,
    diagnose::{Diagnosis, Fix, MARKED_BY_HAND, Symptom, diagnose},
};
use crate::{
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{ChannelId, ConnectionId, OrderId, ProblemId, RecordId, ShipmentId, StoreId, UserId},
    outbound::ErrorClass,
    paging::{Cursor, Page},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use std::collections::HashSet;

/// Counting stops here.
pub const COUNTED: i64 = 10_000;
/// Most causes shown at once.
pub const MOST_CAUSES: i64 = 50;
/// Problems shown below each cause; the rest is a link away.
pub const SHOWN: i64 = 3;

text_enum! {
    /// Which part of the queue is looked at.
    View {
        /// What waits for somebody, or for its next attempt.
        Open = "open",
        /// What was put off.
        Snoozed = "snoozed",
        /// What is fixed.
        Resolved = "resolved",
    }
}

/// Whose problems are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Of one person.
    Of(UserId),
    /// Nobody's.
    Nobody,
}

/// What the queue is narrowed to.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Which part.
    pub view: View,
    /// The present: what was snoozed until now is back.
    pub now: Instant,
    /// Whose.
    pub owner: Option<Owner>,
    /// Of this kind.
    pub kind: Option<ProblemKind>,
    /// Of this class.
    pub class: Option<ErrorClass>,
    /// At this channel.
    pub channel: Option<ChannelId>,
    /// At this connection.
    pub connection: Option<ConnectionId>,
    /// With exactly this cause.
    pub cause: Option<String>,
    /// The start of a shipment's or order's number, or words of theirs.
    pub q: String,
    /// Whether names and e-mails may be searched too.
    pub personal: bool,
}

impl Filter {
    /// A part of the queue at a moment, not narrowed.
    pub fn of(view: View, now: Instant) -> Filter {
        Filter {
            view,
            now,
            owner: None,
            kind: None,
            class: None,
            channel: None,
            connection: None,
            cause: None,
            q: String::new(),
            personal: false,
        }
    }
}

/// A problem with the names of what it is about.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    pub id: ProblemId,
    #[diesel(sql_type = Text)]
    pub kind: ProblemKind,
    #[diesel(sql_type = Text)]
    pub error_class: ErrorClass,
    #[diesel(sql_type = Text)]
    pub cause_key: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    #[diesel(sql_type = Text)]
    pub detail: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    pub first_seen_at: Instant,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub resolved_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Text>)]
    pub resolved_by: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub shipment_number: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub order_id: Option<OrderId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_number: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub channel_id: Option<ChannelId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_kind: Option<ChannelKind>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub store_id: Option<StoreId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    /// Nobody knows whether the provider has the shipment.
    #[diesel(sql_type = Bool)]
    pub outcome_unknown: bool,
    /// The shipment was accepted by a provider before.
    #[diesel(sql_type = Bool)]
    pub posted_before: bool,
    /// Who marked the shipment by hand.
    #[diesel(sql_type = Nullable<Text>)]
    pub opened_by: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub assignee_id: Option<UserId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub assignee: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub snoozed_until: Option<Instant>,
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

impl Row {
    /// Whether it is put off.
    pub fn is_snoozed(&self, now: Instant) -> bool {
        self.resolved_at.is_none() && self.snoozed_until.is_some_and(|until| until > now)
    }

    /// Who refused, by name.
    pub fn other_side(&self) -> &str {
        match self.kind {
            ProblemKind::Submit | ProblemKind::Channel => {
                self.channel_name.as_deref().unwrap_or("The channel")
            }
            _ => self.connection_name.as_deref().or(self.channel_name.as_deref()).unwrap_or("The other side"),
        }
    }

    /// Who marked it by hand, if somebody did.
    pub fn marked_by(&self) -> Option<&str> {
        let by_hand = self.code.as_deref() == Some(MARKED_BY_HAND);
        by_hand.then(|| self.opened_by.as_deref().unwrap_or("Somebody"))
    }

    /// What it means and what fixes it.
    pub fn diagnosis(&self) -> Diagnosis {
        let mut diagnosis = diagnose(Symptom {
            kind: self.kind,
            class: self.error_class,
            other_side: self.other_side(),
            courier: self.courier.as_deref(),
            code: self.code.as_deref(),
            outcome_unknown: self.outcome_unknown,
            marked_by: self.marked_by(),
        });
        // every try was used up: it does not go out by itself any more
        if diagnosis.retry_helps && self.next_attempt_at.is_none() && self.resolved_at.is_none() {
            let who = self.other_side();
            diagnosis.fix = Fix::Retry;
            diagnosis.sentence = match self.error_class {
                ErrorClass::RateLimited => {
                    format!("{who} asked us to slow down, each time we tried. Send it again.")
                }
                ErrorClass::Unavailable => {
                    format!("{who} was not available, each time we tried. Send it again.")
                }
                _ => format!("{who} did not answer in time, each time we tried. Send it again."),
            };
        }
        diagnosis
    }
}

/// What problems of one cause come to.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Tally {
    #[diesel(sql_type = Text)]
    pub cause_key: String,
    #[diesel(sql_type = Bool)]
    pub outcome_unknown: bool,
    #[diesel(sql_type = BigInt)]
    pub problems: i64,
    /// What does not go out again by itself.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    #[diesel(sql_type = Timestamptz)]
    pub first_seen_at: Instant,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<Instant>,
}

/// A cause with its newest problems; there is at least one.
#[derive(Debug, Clone)]
pub struct Cause {
    /// What they come to.
    pub tally: Tally,
    /// The newest, at most [`SHOWN`].
    pub rows: Vec<Row>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

macro_rules! problem_rows {
    ($rest:literal) => {
        concat!(
            "select p.id, p.kind, p.error_class, p.cause_key, p.courier, p.code, p.detail, p.attempts, p.first_seen_at, \
             p.last_seen_at, p.next_attempt_at, p.resolved_at, p.resolved_by, p.transaction_record_id, p.shipment_id, \
             s.number as shipment_number, p.order_id, o.number as order_number, p.channel_id, ch.name as channel_name, \
             ch.kind as channel_kind, ch.store_id, p.connection_id, c.name as connection_name, \
             (p.kind = 'post' and s.status is not distinct from 'unconfirmed') as outcome_unknown, \
             exists (select 1 from provider_orders po where po.account_id = p.account_id and po.shipment_id = p.shipment_id) \
             as posted_before, p.opened_by, p.assignee_id, u.name as assignee, p.snoozed_until, p.version from problems p \
             left join users u on u.id = p.assignee_id \
             left join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
             left join orders o on o.account_id = p.account_id and o.id = p.order_id \
             left join channels ch on ch.account_id = p.account_id and ch.id = p.channel_id \
             left join connections c on c.account_id = p.account_id and c.id = p.connection_id ",
            $rest
        )
    };
}

/// One problem, open or not.
pub async fn find(scope: &mut Scope, id: ProblemId) -> DbResult<Option<Row>> {
    let account = scope.account();
    scope.row(sql(problem_rows!("where p.account_id = {} and p.id = {}")).bind(account).bind(id)).await
}

/// The open problems of a shipment.
pub async fn of_shipment(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<Row>> {
    let statement = sql(problem_rows!(
        "where p.account_id = {} and p.shipment_id = {} and p.resolved_at is null order by p.kind limit 20"
    ));
    let account = scope.account();
    scope.rows(statement.bind(account).bind(shipment)).await
}

/// A page of problems: the last seen first, of fixed ones the last fixed, of
/// snoozed ones the last to come back.
pub async fn page(
    scope: &mut Scope,
    filter: &Filter,
    after: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Row>> {
    let backwards = after.is_some_and(|c| c.backwards);
    let mut statement = matching(sql(problem_rows!("where p.account_id = {}")).bind(scope.account()), filter);
    if let Some(cursor) = after {
        statement = match (filter.view, backwards) {
            (View::Open, false) => statement.push(" and (p.last_seen_at, p.id) < ({}, {})"),
            (View::Open, true) => statement.push(" and (p.last_seen_at, p.id) > ({}, {})"),
            (View::Snoozed, false) => statement.push(" and (p.snoozed_until, p.id) < ({}, {})"),
            (View::Snoozed, true) => statement.push(" and (p.snoozed_until, p.id) > ({}, {})"),
            (View::Resolved, false) => statement.push(" and (p.resolved_at, p.id) < ({}, {})"),
            (View::Resolved, true) => statement.push(" and (p.resolved_at, p.id) > ({}, {})"),
        }
        .bind(cursor.at())
        .bind(cursor.id);
    }
    statement = match (filter.view, backwards) {
        (View::Open, false) => statement.push(" order by p.last_seen_at desc, p.id desc limit {}"),
        (View::Open, true) => statement.push(" order by p.last_seen_at, p.id limit {}"),
        (View::Snoozed, false) => statement.push(" order by p.snoozed_until desc, p.id desc limit {}"),
        (View::Snoozed, true) => statement.push(" order by p.snoozed_until, p.id limit {}"),
        (View::Resolved, false) => statement.push(" order by p.resolved_at desc, p.id desc limit {}"),
        (View::Resolved, true) => statement.push(" order by p.resolved_at, p.id limit {}"),
    }
    .bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let rows: Vec<Row> = scope.rows(statement).await?;
    let key = |row: &Row| match filter.view {
        View::Open => row.last_seen_at,
        View::Snoozed => row.snoozed_until.unwrap_or_default(),
        View::Resolved => row.resolved_at.unwrap_or_default(),
    };
    Ok(Page::cut(rows, size, after, |row| (key(row), row.id.0)))
}

/// The causes, the most frequent first, each with its newest problems.
pub async fn causes(scope: &mut Scope, filter: &Filter) -> DbResult<Vec<Cause>> {
    let statement = sql("select p.cause_key, (p.kind = 'post' and s.status is not distinct from 'unconfirmed') as outcome_unknown, \
                         count(*) as problems, count(*) filter (where p.next_attempt_at is null) as failed, sum(p.attempts) as attempts, min(p.first_seen_at) as first_seen_at, \
                         max(p.last_seen_at) as last_seen_at, min(p.next_attempt_at) as next_attempt_at \
                         from problems p left join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
                         left join orders o on o.account_id = p.account_id and o.id = p.order_id \
                         where p.account_id = {}")
    .bind(scope.account());
    // what nobody knows comes first: it may become a second parcel
    let statement = matching(statement, filter)
        .push(" group by 1, 2 order by 2 desc, count(*) desc, max(p.last_seen_at) desc, 1 limit {}")
        .bind(MOST_CAUSES);
    let tallies: Vec<Tally> = scope.rows(statement).await?;
    let mut causes = Vec::with_capacity(tallies.len());
    for tally in tallies {
        let statement = matching(
            sql(problem_rows!(
                "where p.account_id = {} and p.cause_key = {} \
                 and (p.kind = 'post' and s.status is not distinct from 'unconfirmed') = {}"
            ))
            .bind(scope.account())
            .bind(&tally.cause_key)
            .bind(tally.outcome_unknown),
            filter,
        );
        let statement = statement.push(" order by p.last_seen_at desc, p.id desc limit {}").bind(SHOWN);
        let rows: Vec<Row> = scope.rows(statement).await?;
        if !rows.is_empty() {
            causes.push(Cause { tally, rows });
        }
    }
    Ok(causes)
}

/// How many are open; counting stops one past [`COUNTED`].
pub async fn count(scope: &mut Scope, filter: &Filter) -> DbResult<i64> {
    let inner = matching(
        sql("select 1 from problems p left join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
             left join orders o on o.account_id = p.account_id and o.id = p.order_id \
             where p.account_id = {}")
        .bind(scope.account()),
        filter,
    );
    let statement =
        sql("select count(*) as n from (").append(inner).push(" limit {}) as found").bind(COUNTED + 1);
    Ok(scope.row::<Count>(statement).await?.map_or(0, |c| c.n))
}

/// Of these shipments, those of which a job runs or is due: what is wrong with
/// them is being tried again.
pub async fn under_way(
    scope: &mut Scope,
    shipments: impl IntoIterator<Item = ShipmentId>,
    now: Instant,
) -> DbResult<HashSet<ShipmentId>> {
    #[derive(QueryableByName)]
    struct Busy {
        #[diesel(sql_type = Text)]
        object_key: String,
    }
    let account = scope.account();
    let keys: Vec<String> = shipments.into_iter().map(|id| format!("shipment:{id}")).collect();
    let statement =
        sql("select distinct object_key from jobs where account_id = {} and object_key = any({}) \
                         and (state = 'claimed' or state = 'ready' and due_at <= {})");
    let busy: Vec<Busy> = scope.rows(statement.bind(account).bind(keys).bind(now)).await?;
    let id = |busy: &Busy| busy.object_key.strip_prefix("shipment:")?.parse().ok();
    Ok(busy.iter().filter_map(id).collect())
}

/// How many were fixed since.
pub async fn fixed_since(scope: &mut Scope, since: Instant) -> DbResult<i64> {
    let statement = sql(
        "select count(*) as n from problems where account_id = {} and resolved_at is not null and resolved_at >= {}",
    );
    let row: Option<Count> = scope.row(statement.bind(scope.account()).bind(since)).await?;
    Ok(row.map_or(0, |c| c.n))
}

fn matching(mut statement: Sql, filter: &Filter) -> Sql {
    statement = match filter.view {
        View::Open => statement
            .push(" and p.resolved_at is null and (p.snoozed_until is null or p.snoozed_until <= {})")
            .bind(filter.now),
        View::Snoozed => {
            statement.push(" and p.resolved_at is null and p.snoozed_until > {}").bind(filter.now)
        }
        View::Resolved => statement.push(" and p.resolved_at is not null"),
    };
    statement = match filter.owner {
        Some(Owner::Of(user)) => statement.push(" and p.assignee_id = {}").bind(user),
        Some(Owner::Nobody) => statement.push(" and p.assignee_id is null"),
        None => statement,
    };
    if let Some(kind) = filter.kind {
        statement = statement.push(" and p.kind = {}").bind(kind);
    }
    if let Some(class) = filter.class {
        statement = statement.push(" and p.error_class = {}").bind(class);
    }
    if let Some(channel) = filter.channel {
        statement = statement.push(" and p.channel_id = {}").bind(channel);
    }
    if let Some(connection) = filter.connection {
        statement = statement.push(" and p.connection_id = {}").bind(connection);
    }
    if let Some(cause) = &filter.cause {
        statement = statement.push(" and p.cause_key = {}").bind(cause);
    }
    for word in filter.q.split_whitespace().take(10) {
        let like = crate::db::contains(word.trim_start_matches('#'));
        // without the right to personal data a search tells nothing about people
        let text = if filter.personal {
            " and (s.search_text like {} or o.search_text like {} \
             or lower(coalesce(p.courier, '')) like {} or lower(p.detail) like {})"
        } else {
            " and (concat_ws(' ', lower(s.number), lower(s.tracking_number)) like {} \
             or concat_ws(' ', lower(o.number), lower(o.channel_reference)) like {} \
             or lower(coalesce(p.courier, '')) like {} or lower(p.detail) like {})"
        };
        statement = statement.push(text).bind(&like).bind(&like).bind(&like).bind(&like);
    }
    statement
}
