//! Posts: one row per attempt group (the committed intent), its append-only
//! steps, and the provider orders it made.

use super::Shipment;
use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::TraceId,
    ids::{ConnectionId, PostId, RecordId, ShipmentId},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

text_enum! {
    /// Where a post stands.
    PostState {
        /// Waiting for a worker.
        Queued = "queued",
        /// In a worker's hands, nothing sent.
        Claimed = "claimed",
        /// The intent is committed: bytes may be out.
        Sent = "sent",
        /// Nobody knows whether the provider took it.
        Unknown = "unknown",
        /// The provider is being read.
        Checking = "checking",
        /// The provider has it.
        Accepted = "accepted",
        /// The provider refused it.
        Rejected = "rejected",
        /// Reading proved that the provider does not have it.
        Absent = "absent",
        /// Only a person can tell.
        NeedsPerson = "needs_person",
        /// Stopped before anything was sent.
        Canceled = "canceled",
        /// A later post took its place.
        Superseded = "superseded",
    }
}

text_enum! {
    /// One step of a post; steps are only ever added.
    Step {
        /// Left for the worker.
        Queued = "queued",
        /// Intent committed; the request goes out now.
        Sent = "sent",
        /// The provider took it.
        Accepted = "accepted",
        /// The provider refused it.
        Rejected = "rejected",
        /// Nothing reached the provider.
        NotSent = "not_sent",
        /// Nobody knows.
        Unknown = "unknown",
        /// Reading found the order.
        CheckedFound = "checked_found",
        /// Reading found no order.
        CheckedAbsent = "checked_absent",
        /// Reading could not tell.
        CheckedUnclear = "checked_unclear",
        /// A worker came back after its lease ran out; its result was not used.
        Fenced = "fenced",
        /// A person decided.
        Decided = "decided",
        /// A later post took its place.
        Superseded = "superseded",
        /// Stopped before anything was sent.
        Canceled = "canceled",
    }
}

/// A post.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::posts)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Post {
    #[diesel(sql_type = BigInt)]
    pub id: PostId,
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = BigInt)]
    pub connection_id: ConnectionId,
    pub group_no: i32,
    pub external_reference: String,
    #[diesel(sql_type = Text)]
    pub state: PostState,
    pub lease_epoch: i64,
    pub attempt_no: i32,
    pub sent_at: Option<Instant>,
    pub request_hash: Option<String>,
    pub checks: i32,
    pub reason: String,
    pub requested_by: String,
    pub trace_id: Option<String>,
    pub created_at: Instant,
    pub settled_at: Option<Instant>,
}

macro_rules! post_columns {
    ($rest:literal) => {
        concat!(
            "select id, shipment_id, connection_id, group_no, external_reference, state, lease_epoch, attempt_no, sent_at, \
             request_hash, checks, reason, requested_by, trace_id, created_at, settled_at from posts ",
            $rest
        )
    };
}

/// A post by id, locked.
pub async fn lock(scope: &mut Scope, id: PostId) -> DbResult<Option<Post>> {
    let account = scope.account();
    scope.row(sql(post_columns!("where account_id = {} and id = {} for update")).bind(account).bind(id)).await
}

/// Every post of a shipment, newest first.
pub async fn of_shipment(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<Post>> {
    let account = scope.account();
    scope
        .rows(
            sql(post_columns!("where account_id = {} and shipment_id = {} order by group_no desc limit 100"))
                .bind(account)
                .bind(shipment),
        )
        .await
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: PostId,
}

/// Starts a post group. The database refuses a second live one.
pub async fn start(
    scope: &mut Scope,
    shipment: &Shipment,
    connection: ConnectionId,
    reference: &str,
    reason: &str,
    requested_by: &str,
    trace: &TraceId,
    now: Instant,
) -> DbResult<PostId> {
    let account = scope.account();
    let row: Option<NewId> = scope
        .row(
            sql("insert into posts (account_id, shipment_id, connection_id, group_no, external_reference, reason, requested_by, \
                 trace_id, created_at) \
                 select {}, {}, {}, coalesce(max(group_no), 0) + 1, {}, {}, {}, {}, {} from posts \
                 where account_id = {} and shipment_id = {} returning id")
            .bind(account)
            .bind(shipment.id)
            .bind(connection)
            .bind(reference)
            .bind(reason)
            .bind(requested_by)
            .bind(trace.to_string())
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    let id = row.map_or(PostId(0), |r| r.id);
    Ok(id)
}

/// Moves a post, if it is still in `from`; `epoch` fences a worker that lost it.
pub async fn set_state(scope: &mut Scope, post: &Post, to: PostState, now: Instant) -> DbResult<bool> {
    let account = scope.account();
    let settled = !matches!(
        to,
        PostState::Queued | PostState::Claimed | PostState::Sent | PostState::Unknown | PostState::Checking
    );
    let moved = scope
        .execute(
            sql("update posts set state = {}, settled_at = case when {} then {}::timestamptz end \
                 where account_id = {} and id = {} and state = {} and lease_epoch = {}")
            .bind(to)
            .bind(settled)
            .bind(now)
            .bind(account)
            .bind(post.id)
            .bind(post.state)
            .bind(post.lease_epoch),
        )
        .await?;
    Ok(moved == 1)
}

/// Adds a step. Steps are never changed.
pub async fn step(
    scope: &mut Scope,
    post: &Post,
    step: Step,
    detail: &str,
    record: Option<RecordId>,
) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into post_attempts (account_id, post_id, shipment_id, attempt_no, lease_epoch, step, external_reference, \
                 detail, transaction_record_id) values ({}, {}, {}, {}, {}, {}, {}, {}, {})")
            .bind(account)
            .bind(post.id)
            .bind(post.shipment_id)
            .bind(post.attempt_no)
            .bind(post.lease_epoch)
            .bind(step)
            .bind(&post.external_reference)
            .bind(crate::evidence::mask::body(detail))
            .bind(record),
        )
        .await?;
    Ok(())
}

/// A step, as pages show it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::post_attempts)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Attempt {
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub post_id: PostId,
    pub attempt_no: i32,
    #[diesel(sql_type = Text)]
    pub step: Step,
    pub external_reference: String,
    pub detail: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
}

impl Attempt {
    /// When.
    pub fn at(&self) -> Instant {
        crate::ids::log_id_time(self.id)
    }
}

/// Every step of a shipment's posts, newest first.
pub async fn attempts(scope: &mut Scope, shipment: ShipmentId) -> DbResult<Vec<Attempt>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, post_id, attempt_no, step, external_reference, detail, transaction_record_id from post_attempts \
                 where account_id = {} and shipment_id = {} order by id desc limit 200")
            .bind(account)
            .bind(shipment),
        )
        .await
}

/// The references under which something of a shipment was sent, each once with
/// its connection, the newest first.
pub(super) async fn references(
    scope: &mut Scope,
    shipment: ShipmentId,
) -> DbResult<Vec<(ConnectionId, String)>> {
    let mut references = Vec::new();
    for post in of_shipment(scope, shipment).await? {
        let one = (post.connection_id, post.external_reference);
        if post.sent_at.is_some() && !references.contains(&one) {
            references.push(one);
        }
    }
    Ok(references)
}

/// The reference a new post goes out under: the last one that was sent, or the
/// shipment's number, for people, and what tells this account of this installation
/// from others that use one account of the provider's.
pub(super) async fn last_reference(scope: &mut Scope, shipment: &Shipment) -> DbResult<String> {
    #[derive(QueryableByName)]
    struct Tag {
        #[diesel(sql_type = Text)]
        reference_tag: String,
    }
    if let Some((_, reference)) = references(scope, shipment.id).await?.into_iter().next() {
        return Ok(reference);
    }
    let account = scope.account();
    let tag: Option<Tag> =
        scope.row(sql("select reference_tag from accounts where id = {}").bind(account)).await?;
    Ok(tag
        .map_or_else(|| shipment.number.clone(), |tag| format!("{}.{}", shipment.number, tag.reference_tag)))
}
