//! The heart: shipments, their states and everything that is done to them.
//!
//! The promise: at most one live provider order per shipment. A post is
//! committed as an intent before its first byte goes out; an outcome that is
//! not known stays *unconfirmed*, and nothing sends the shipment again until
//! reading the provider or a person decides.

pub mod arrive;
mod budget;
pub mod cancel_order;
pub mod clear_submission;
mod counted;
pub mod decide_post;
mod door;
pub mod edit_items;
pub mod edit_shipping;
pub mod editable;
pub mod filter_columns;
pub mod fulfill_again;
pub mod gate;
pub mod late;
pub mod leave;
pub mod list;
mod lock;
mod make;
pub mod mark_error;
pub mod of_order;
mod outgoing;
pub mod plan;
pub mod post;
pub mod posts;
pub mod provider_orders;
pub mod reconcile;
pub mod record;
pub mod repost;
pub mod resend;
pub mod reship;
pub mod reshippable;
pub mod restore;
pub mod resync_from;
pub mod resync_to;
mod settle_post;
pub mod state;
pub mod subject;
mod submission;
pub mod submit;
pub mod surroundings;
mod survey;
pub mod tell_correction;
mod told;
pub mod undo_reship;
pub mod view;
pub mod void;

pub use state::Status;
pub use subject::Subject;

use crate::{
    channels::{Channels, Notification},
    clock::Instant,
    ids::{ChannelId, ConnectionId, FulfillmentOrderId, OrderId, ShipmentId, WarehouseId},
    jobs::Handlers,
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

text_enum! {
    /// Whether the channel has the tracking.
    ChannelSync {
        /// The order came from no connected channel.
        NotApplicable = "not_applicable",
        /// Nothing to send yet.
        AwaitingSend = "awaiting_send",
        /// On its way.
        PendingSync = "pending_sync",
        /// The channel has it.
        Synced = "synced",
        /// The channel has it, and warned.
        Warning = "warning",
        /// The channel refused it.
        Failed = "failed",
        /// Not to be told.
        Muted = "muted",
    }
}

text_enum! {
    /// Whether the goods left the warehouse.
    InventoryStatus {
        /// They did not.
        NotShipped = "not_shipped",
        /// They did.
        Shipped = "shipped",
    }
}

text_enum! {
    /// How the shipment came to be.
    FulfillmentType {
        /// By Waybill.
        Automated = "automated",
        /// By hand.
        Manual = "manual",
        /// As a correction.
        Adjusted = "adjusted",
    }
}

text_enum! {
    /// What the courier says.
    TrackingStatus {
        /// Label made.
        PreTransit = "pre_transit",
        /// On its way.
        Transit = "transit",
        /// There.
        Delivered = "delivered",
        /// Could not be delivered.
        Failure = "failure",
        /// Came back.
        Returned = "returned",
        /// No word.
        Unknown = "unknown",
    }
}

/// A shipment, as the database has it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::shipments)]
#[expect(missing_docs, reason = "the columns of the table; see the words in the product's glossary")]
pub struct Shipment {
    #[diesel(sql_type = BigInt)]
    pub id: ShipmentId,
    pub number: String,
    #[diesel(sql_type = BigInt)]
    pub order_id: OrderId,
    #[diesel(sql_type = BigInt)]
    pub fulfillment_order_id: FulfillmentOrderId,
    #[diesel(sql_type = BigInt)]
    pub warehouse_id: WarehouseId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub connection_id: Option<ConnectionId>,
    #[diesel(sql_type = BigInt)]
    pub channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    pub status: Status,
    pub date_post: Option<Instant>,
    pub fulfillment_id: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reship_of: Option<ShipmentId>,
    #[diesel(sql_type = Text)]
    pub fulfillment_type: FulfillmentType,
    #[diesel(sql_type = Text)]
    pub inventory_status: InventoryStatus,
    pub courier: Option<String>,
    pub service_level: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tracking_status: Option<TrackingStatus>,
    pub cost_minor: i64,
    pub shipped_at: Option<Instant>,
    pub delivered_at: Option<Instant>,
    #[diesel(sql_type = Text)]
    pub channel_sync: ChannelSync,
    pub submitted_to_sales_channel_at: Option<Instant>,
    pub channel_attempts: i32,
    #[diesel(sql_type = Text)]
    pub channel_notification: Notification,
    pub voided_at: Option<Instant>,
    pub tags: Vec<String>,
    pub version: i32,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// The columns of [`Shipment`], for statements that read it.
macro_rules! shipment_columns {
    ($rest:literal) => {
        concat!(
            "select id, number, order_id, fulfillment_order_id, warehouse_id, connection_id, channel_id, status, date_post, \
             fulfillment_id, reship_of, fulfillment_type, inventory_status, courier, service_level, tracking_number, \
             tracking_url, tracking_status, cost_minor, shipped_at, delivered_at, channel_sync, \
             submitted_to_sales_channel_at, channel_attempts, channel_notification, voided_at, tags, version, created_at, \
             updated_at from shipments ",
            $rest
        )
    };
}
pub(crate) use shipment_columns;

/// Every kind of job this room does, for the worker.
pub fn handlers(handlers: Handlers, channels: &Channels) -> Handlers {
    handlers
        .with(crate::orders::receive::PLAN_SHIPMENTS, plan::PlanShipments)
        .with(crate::channels::orders_in::SUBMIT_CLEARED, clear_submission::SubmitCleared)
        .with(cancel_order::CANCEL_PROVIDER_ORDER, cancel_order::CancelProviderOrder)
        .with(late::LOOK_FOR_LATE_ORDERS, late::LookForLateOrders)
        .with(post::POST_SHIPMENT, post::PostShipment)
        .with(reconcile::CHECK_POST, reconcile::CheckPost)
        .with(resync_from::RESYNC, resync_from::ResyncFromProvider)
        .with(resync_to::RESYNC, resync_to::ResyncToProvider)
        .with(submit::SUBMIT_FULFILLMENT, submit::SubmitFulfillment { channels: channels.clone() })
}
