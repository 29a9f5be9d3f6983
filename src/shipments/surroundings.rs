//! What surrounds a shipment on its page: its order, customer, channel and
//! warehouse, the details that carry no behaviour, holds, e-mails, and whether
//! anything is on its way.

use crate::{
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{CustomerId, EmailId, ShipmentId, StoreId},
    notify::emails::EmailState,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz},
};

/// A job due within this many seconds counts as on its way.
const SOON: i64 = 15;

/// The order, customer, channel and warehouse of a shipment, and its details.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Surroundings {
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Text)]
    pub channel_reference: String,
    #[diesel(sql_type = Timestamptz)]
    pub placed_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ship_by: Option<Instant>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub customer_id: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub customer_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub store_id: StoreId,
    #[diesel(sql_type = Text)]
    pub store_name: String,
    #[diesel(sql_type = Text)]
    pub warehouse_name: String,
    /// Which shipment of its order it is, from 1.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// How many its order has.
    #[diesel(sql_type = BigInt)]
    pub of: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub reship_of_number: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub channel_error: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    pub channel_message: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub admin_notes: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub picked_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub packed_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub printed_label_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Text>)]
    pub void_reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub voided_by: Option<String>,
}

/// Reads them.
pub async fn of(scope: &mut Scope, id: ShipmentId) -> DbResult<Option<Surroundings>> {
    let account = scope.account();
    scope
        .row(
            sql("select o.currency, o.channel_reference, o.placed_at, o.ship_by, o.customer_id, cu.name as customer_name, \
                 ch.store_id, st.name as store_name, w.name as warehouse_name, n.position, n.of, r.number as reship_of_number, \
                 d.channel_error, d.channel_message, d.admin_notes, d.picked_at, d.packed_at, d.printed_label_at, \
                 d.void_reason, u.name as voided_by \
                 from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
                 join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
                 join stores st on st.account_id = ch.account_id and st.id = ch.store_id \
                 join warehouses w on w.account_id = s.account_id and w.id = s.warehouse_id \
                 left join customers cu on cu.account_id = o.account_id and cu.id = o.customer_id \
                 left join shipment_details d on d.account_id = s.account_id and d.shipment_id = s.id \
                 left join users u on u.id = d.voided_by_user_id \
                 left join shipments r on r.account_id = s.account_id and r.id = s.reship_of \
                 left join lateral (select count(*) filter (where a.id <= s.id) as position, count(*) as of from shipments a \
                   where a.account_id = s.account_id and a.order_id = s.order_id) n on true \
                 where s.account_id = {} and s.id = {}")
            .bind(account)
            .bind(id),
        )
        .await
}

/// A hold that stands on the order.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Hold {
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Text)]
    pub placed_by_name: String,
}

/// The holds that keep a shipment from being posted.
pub async fn holds(scope: &mut Scope, id: ShipmentId) -> DbResult<Vec<Hold>> {
    let account = scope.account();
    scope
        .rows(
            sql("select h.kind, h.reason, h.placed_by_name from shipments s join order_holds h on h.account_id = s.account_id \
                 and h.order_id = s.order_id and h.released_at is null where s.account_id = {} and s.id = {} order by h.id")
            .bind(account)
            .bind(id),
        )
        .await
}

/// An e-mail that went out about a shipment.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Mail {
    #[diesel(sql_type = BigInt)]
    pub id: EmailId,
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub state: EmailState,
}

impl Mail {
    /// When it was written.
    pub fn at(&self) -> Instant {
        crate::ids::log_id_time(self.id.0)
    }
}

/// The newest e-mails about a shipment.
pub async fn mails(scope: &mut Scope, id: ShipmentId) -> DbResult<Vec<Mail>> {
    let account = scope.account();
    scope
        .rows(
            sql(
                "select id, recipient, subject, state from emails where account_id = {} and shipment_id = {} \
                 order by id desc limit 10",
            )
            .bind(account)
            .bind(id),
        )
        .await
}

/// Whether a job of the shipment runs or is about to: its page then refreshes
/// itself.
pub async fn is_moving(scope: &mut Scope, id: ShipmentId, now: Instant) -> DbResult<bool> {
    #[derive(QueryableByName)]
    struct Moving {
        #[diesel(sql_type = Bool)]
        moving: bool,
    }
    let (account, key) = (scope.account(), format!("shipment:{id}"));
    let row: Option<Moving> = scope
        .row(
            sql("select exists (select 1 from jobs where account_id = {} and object_key = {} and state = 'claimed') \
                 or exists (select 1 from jobs where account_id = {} and state = 'ready' and due_at < {} and object_key = {}) \
                 as moving")
            .bind(account)
            .bind(&key)
            .bind(account)
            .bind(now + chrono::Duration::seconds(SOON))
            .bind(&key),
        )
        .await?;
    Ok(row.is_some_and(|r| r.moving))
}

/// The shipment's history, newest first, from below `before`.
pub async fn history(
    scope: &mut Scope,
    id: ShipmentId,
    before: Option<crate::ids::ActivityId>,
    limit: i64,
) -> DbResult<Vec<activity::Activity>> {
    activity::list(scope, activity::Of::Shipment(id), None, before, limit).await
}
