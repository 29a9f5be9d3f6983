//! The shipments of orders as other pages show them: where each stands, how it
//! travels, and whether the channel knows.

use super::{ChannelSync, Status};
use crate::{
    channels::{ChannelKind, OnUnmappedCourier},
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{ChannelId, ConnectionId, OrderId, ProblemId, RecordId, ShipmentId},
    outbound::ErrorClass,
    problems::ProblemKind,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};

/// A shipment of an order.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Parcel {
    #[diesel(sql_type = BigInt)]
    pub id: ShipmentId,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = BigInt)]
    pub order_id: OrderId,
    #[diesel(sql_type = Text)]
    pub status: Status,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    pub channel_name: String,
    #[diesel(sql_type = Text)]
    pub channel_kind: ChannelKind,
    #[diesel(sql_type = Text)]
    pub on_unmapped_courier: OnUnmappedCourier,
    #[diesel(sql_type = Nullable<Text>)]
    pub fallback_courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub fulfillment_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub reship_of: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub service_level: Option<String>,
    /// What the courier is mapped to for the channel.
    #[diesel(sql_type = Nullable<Text>)]
    pub custom_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_url: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub date_post: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub shipped_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub delivered_at: Option<Instant>,
    #[diesel(sql_type = Text)]
    pub channel_sync: ChannelSync,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub submitted_at: Option<Instant>,
    #[diesel(sql_type = Integer)]
    pub version: i32,
    #[diesel(sql_type = BigInt)]
    pub items: i64,
}

impl Parcel {
    /// The name the channel is sent for the courier.
    pub fn courier_at_channel(&self) -> Option<&str> {
        let courier = self.courier.as_deref()?;
        match (&self.custom_name, self.on_unmapped_courier) {
            (Some(name), _) => Some(name),
            (None, OnUnmappedCourier::SendAsIs) => Some(courier),
            (None, OnUnmappedCourier::UseFallback) => {
                Some(self.fallback_courier.as_deref().unwrap_or("Other"))
            }
            (None, OnUnmappedCourier::HoldBack) => None,
        }
    }

    /// Whether something is under way that will change it without anybody.
    pub fn is_moving(&self) -> bool {
        self.status.is_moving() || self.channel_sync == ChannelSync::PendingSync
    }
}

/// The shipments of these orders, the oldest first, voided ones too.
pub async fn of_orders(scope: &mut Scope, orders: &[OrderId]) -> DbResult<Vec<Parcel>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let account = scope.account();
    let ids: Vec<i64> = orders.iter().map(|id| id.0).collect();
    scope
        .rows(
            sql("select s.id, s.number, s.order_id, s.status, s.connection_id, k.name as connection_name, s.channel_id, \
                 c.name as channel_name, c.kind as channel_kind, c.on_unmapped_courier, c.fallback_courier, \
                 s.fulfillment_id, r.number as reship_of, s.courier, s.service_level, \
                 (select m.custom_name from courier_mappings m where m.account_id = s.account_id \
                   and m.channel_id = s.channel_id and m.courier = lower(trim(s.courier)) \
                   and m.service in ('', lower(trim(coalesce(s.service_level, '')))) \
                   order by m.service desc limit 1) as custom_name, \
                 s.tracking_number, s.tracking_url, s.date_post, s.shipped_at, s.delivered_at, s.channel_sync, \
                 s.submitted_to_sales_channel_at as submitted_at, s.version, \
                 (select coalesce(sum(l.quantity), 0) from shipment_lines l where l.account_id = s.account_id \
                   and l.shipment_id = s.id) as items \
                 from shipments s \
                 join channels c on c.account_id = s.account_id and c.id = s.channel_id \
                 left join connections k on k.account_id = s.account_id and k.id = s.connection_id \
                 left join shipments r on r.account_id = s.account_id and r.id = s.reship_of \
                 where s.account_id = {} and s.order_id = any({}) order by s.order_id, s.id limit 2000")
            .bind(account)
            .bind(ids),
        )
        .await
}

/// An open problem of a shipment.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Trouble {
    #[diesel(sql_type = BigInt)]
    pub id: ProblemId,
    #[diesel(sql_type = Text)]
    pub kind: ProblemKind,
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = Text)]
    pub error_class: ErrorClass,
    #[diesel(sql_type = Nullable<Text>)]
    pub courier: Option<String>,
    #[diesel(sql_type = Text)]
    pub detail: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<Instant>,
    #[diesel(sql_type = Bool)]
    pub will_retry: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub transaction_record_id: Option<RecordId>,
    /// The vendor's code, or one of ours.
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    /// Who marked the shipment by hand.
    #[diesel(sql_type = Nullable<Text>)]
    pub opened_by: Option<String>,
}

/// The open problems of an order's shipments, posts before submissions.
pub async fn troubles(scope: &mut Scope, order: OrderId) -> DbResult<Vec<Trouble>> {
    let account = scope.account();
    let statement: Sql = sql(
        "select id, kind, shipment_id, error_class, courier, detail, attempts, last_seen_at, next_attempt_at, will_retry, \
         transaction_record_id, code, opened_by from problems \
         where account_id = {} and order_id = {} and resolved_at is null and shipment_id is not null \
         order by shipment_id, kind limit 500",
    );
    scope.rows(statement.bind(account).bind(order)).await
}
