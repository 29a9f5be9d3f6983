//! Every field of the record: as it is written, as it is read, and what a key
//! that is left out comes to.

use super::super::caller::Caller;
use crate::{
    accounts::Permission,
    channels::Notification,
    clock::Instant,
    ids::{OrderId, ShipmentId},
    money,
    shipments::{
        FulfillmentType, InventoryStatus, TrackingStatus,
        record::{Approval, Completion, LabelFormat, Record as Kept},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

/// An enum of this dialect beside ours: one line for each word.
macro_rules! dialect {
    ($(#[$doc:meta])* $name:ident = $ours:ty { $($theirs:ident = $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub enum $name { $($theirs),* }

        impl From<$name> for $ours {
            fn from(word: $name) -> $ours {
                match word { $($name::$theirs => <$ours>::$variant),* }
            }
        }
        impl From<$ours> for $name {
            fn from(word: $ours) -> $name {
                match word { $(<$ours>::$variant => $name::$theirs),* }
            }
        }
    };
}
dialect! {
    /// Whether the goods left the warehouse.
    RecordInventoryStatus = InventoryStatus { NotShipped = NotShipped, Shipped = Shipped }
}
dialect! {
    /// Whether somebody must agree to what shipping costs.
    RecordApproval = Approval {
        NotRequired = NotRequired, RateRequired = RateRequired, ApprovalRequired = ApprovalRequired, Approved = Approved,
    }
}

/// A key that is there, be it null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// A key that is there is not null.
fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A record as it is written. A key that is left out takes its default where it has
/// one and else stays as it is; null empties.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(example = example())]
pub struct RecordBody {
    /// Notes of the operator’s side.
    #[serde(default, deserialize_with = "given")]
    pub admin_notes: Option<Option<String>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub aftership_id: Option<Option<String>>,
    /// How often the channel was told.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = 0), range(min = 0))]
    pub channel_attempts: Option<Option<i32>>,
    /// Whether the channel refused it.
    #[serde(default, deserialize_with = "given")]
    pub channel_error: Option<Option<bool>>,
    /// Whether the channel tells the buyer.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = "trigger"))]
    pub channel_notification: Option<Option<Notification>>,
    /// Where its commercial invoice lies.
    #[serde(default, deserialize_with = "given")]
    pub commercial_invoice_url: Option<Option<String>>,
    /// Read only: refused if it differs.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "Instant")]
    pub created_at: Option<Instant>,
    /// How long the courier takes.
    #[serde(default, deserialize_with = "given")]
    pub days: Option<Option<i32>>,
    /// What the courier says of that.
    #[serde(default, deserialize_with = "given")]
    pub duration_terms: Option<Option<String>>,
    /// The provider’s id of its order; the provider’s own where it was posted.
    #[serde(default, deserialize_with = "given")]
    pub external_id: Option<Option<String>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub files: Option<Option<Value>>,
    /// How it came to be.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "FulfillmentType", extend("default" = "manual"))]
    pub fulfillment_type: Option<FulfillmentType>,
    /// What it weighs.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = 0))]
    pub grams: Option<Option<f64>>,
    /// Read only: refused if it differs.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "i64")]
    pub id: Option<i64>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub intercom_message_id: Option<Option<String>>,
    /// Follows from the tracking number: one that is new means that it has left.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "RecordInventoryStatus", extend("default" = "notShipped"))]
    pub inventory_status: Option<RecordInventoryStatus>,
    /// Why there is no label.
    #[serde(default, deserialize_with = "given")]
    pub label_error: Option<Option<String>>,
    /// What its label is printed from.
    #[serde(default, deserialize_with = "given")]
    pub label_file_format: Option<Option<LabelFormat>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub label_files: Option<Option<Value>>,
    /// Whether the label was paid back.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = false))]
    pub label_refund: Option<Option<bool>>,
    /// Where its label lies.
    #[serde(default, deserialize_with = "given")]
    pub label_url: Option<Option<String>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub manifest_id: Option<Option<i32>>,
    /// Whether its error is not to be shown.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = false))]
    pub mute_error: Option<Option<bool>>,
    /// Whether it is packed.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = false))]
    pub packed: Option<Option<bool>>,
    /// Since when.
    #[serde(default, deserialize_with = "given")]
    pub packed_at: Option<Option<Instant>>,
    /// Whether it is picked.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = false))]
    pub picked: Option<Option<bool>>,
    /// Since when.
    #[serde(default, deserialize_with = "given")]
    pub picked_at: Option<Option<Instant>>,
    /// What sending it cost, in the order’s currency.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<f64>", extend("default" = 0), range(min = 0))]
    pub price: Option<Option<Number>>,
    /// Whether its label is printed.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = false))]
    pub printed_label: Option<Option<bool>>,
    /// Since when.
    #[serde(default, deserialize_with = "given")]
    pub printed_label_at: Option<Option<Instant>>,
    /// The kind of its connection, which decides it.
    #[serde(default, deserialize_with = "given")]
    pub provider: Option<Option<String>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub quote_id: Option<Option<String>>,
    /// Its number, unique in the account; stays once it was posted.
    #[schemars(length(min = 1, max = 50))]
    pub reference: String,
    /// Whether somebody must agree to what shipping costs.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = "notRequired"))]
    pub requires_shipping_approval: Option<Option<RecordApproval>>,
    /// Its order.
    #[schemars(range(min = 1))]
    pub sale_id: i64,
    /// The courier’s service.
    #[serde(default, deserialize_with = "given")]
    pub service_level: Option<Option<String>>,
    /// What the courier says of that.
    #[serde(default, deserialize_with = "given")]
    pub service_level_terms: Option<Option<String>>,
    /// When it left.
    #[serde(default, deserialize_with = "given")]
    pub shipped_at: Option<Option<Instant>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub shippo_label_ids: Option<Option<Vec<String>>>,
    /// ShipStation’s id of its order, where it was posted there.
    #[serde(default, deserialize_with = "given")]
    pub shipstation_id: Option<Option<String>>,
    /// A pending record is not posted. Left out, a new record is finalized, and one
    /// that is there stays as it is.
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("default" = "finalized"))]
    pub status: Option<Option<Completion>>,
    /// Words to find it by.
    #[serde(default, deserialize_with = "given")]
    pub tags: Option<Option<Vec<String>>>,
    /// The courier, as channels’ mappings look it up.
    #[serde(default, deserialize_with = "given")]
    pub tracking_company: Option<Option<String>>,
    /// A first one means that it has left.
    #[serde(default, deserialize_with = "given")]
    pub tracking_number: Option<Option<String>>,
    /// What the courier says.
    #[serde(default, deserialize_with = "given")]
    pub tracking_status: Option<Option<TrackingStatus>>,
    /// Since when.
    #[serde(default, deserialize_with = "given")]
    pub tracking_status_date: Option<Option<Instant>>,
    /// In the courier’s words.
    #[serde(default, deserialize_with = "given")]
    pub tracking_status_details: Option<Option<String>>,
    /// Where it can be followed.
    #[serde(default, deserialize_with = "given")]
    pub tracking_url: Option<Option<String>>,
    /// Read only: refused if it differs.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "Instant")]
    pub updated_at: Option<Instant>,
    /// Whose it is.
    #[serde(default, deserialize_with = "given")]
    pub user_id: Option<Option<i32>>,
    /// Kept and returned.
    #[serde(default, deserialize_with = "given")]
    pub xero_id: Option<Option<String>>,
}

fn example() -> Value {
    serde_json::json!({
        "saleId": 1, "reference": "SHP-000001", "trackingCompany": "dpd", "trackingNumber": "05308900123456",
        "price": 4.95, "grams": 850, "tags": ["fragile"], "status": "finalized"
    })
}

/// A fulfillment record as it is read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FulfillmentRecord {
    pub admin_notes: Option<String>,
    pub aftership_id: Option<Value>,
    pub channel_attempts: i32,
    pub channel_error: Option<bool>,
    pub channel_notification: Notification,
    pub commercial_invoice_url: Option<String>,
    pub created_at: Instant,
    pub days: Option<i32>,
    pub duration_terms: Option<String>,
    pub external_id: Option<String>,
    pub files: Option<Value>,
    pub fulfillment_type: FulfillmentType,
    pub grams: f64,
    pub id: ShipmentId,
    pub intercom_message_id: Option<Value>,
    pub inventory_status: RecordInventoryStatus,
    pub label_error: Option<String>,
    pub label_file_format: Option<LabelFormat>,
    pub label_files: Option<Value>,
    pub label_refund: bool,
    pub label_url: Option<String>,
    pub manifest_id: Option<Value>,
    pub mute_error: bool,
    pub packed: bool,
    pub packed_at: Option<Instant>,
    pub picked: bool,
    pub picked_at: Option<Instant>,
    /// Null for who may not see costs.
    #[schemars(with = "Option<f64>")]
    pub price: Option<Number>,
    pub printed_label: bool,
    pub printed_label_at: Option<Instant>,
    pub provider: Option<String>,
    pub quote_id: Option<Value>,
    pub reference: String,
    pub requires_shipping_approval: RecordApproval,
    pub sale_id: OrderId,
    pub service_level: Option<String>,
    pub service_level_terms: Option<String>,
    pub shipped_at: Option<Instant>,
    pub shippo_label_ids: Option<Value>,
    pub shipstation_id: Option<String>,
    pub status: Completion,
    pub tags: Vec<String>,
    pub tracking_company: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_status: Option<TrackingStatus>,
    pub tracking_status_date: Option<Instant>,
    pub tracking_status_details: Option<String>,
    pub tracking_url: Option<String>,
    pub updated_at: Instant,
    pub user_id: Option<i64>,
    pub xero_id: Option<Value>,
}

impl FulfillmentRecord {
    pub(super) fn of(record: Kept, caller: &Caller) -> FulfillmentRecord {
        let Kept { shipment: s, details: d, currency, provider } = record;
        let kept = |name: &str| d.kept.get(name).cloned();
        let text = |name: &str| kept(name).and_then(|v| v.as_str().map(str::to_owned));
        let at_shipstation = provider == Some(crate::providers::ProviderKind::Shipstation);
        let price = money::decimal(s.cost_minor, &currency).parse::<f64>().ok().and_then(Number::from_f64);
        FulfillmentRecord {
            aftership_id: kept("aftershipId"),
            external_id: s.fulfillment_id.clone().or_else(|| text("externalId")),
            files: kept("files"),
            intercom_message_id: kept("intercomMessageId"),
            label_files: kept("labelFiles"),
            manifest_id: kept("manifestId"),
            quote_id: kept("quoteId"),
            shippo_label_ids: kept("shippoLabelIds"),
            shipstation_id: s
                .fulfillment_id
                .clone()
                .filter(|_| at_shipstation)
                .or_else(|| text("shipstationId")),
            xero_id: kept("xeroId"),
            admin_notes: d.admin_notes,
            channel_attempts: s.channel_attempts,
            channel_error: d.channel_error,
            channel_notification: s.channel_notification,
            commercial_invoice_url: d.commercial_invoice_url,
            created_at: s.created_at,
            days: d.days,
            duration_terms: d.duration_terms,
            fulfillment_type: s.fulfillment_type,
            grams: d.grams,
            id: s.id,
            inventory_status: s.inventory_status.into(),
            label_error: d.label_error,
            label_file_format: d.label_file_format,
            label_refund: d.label_refund,
            label_url: d.label_url,
            mute_error: d.mute_error,
            packed: d.packed,
            packed_at: d.packed_at,
            picked: d.picked,
            picked_at: d.picked_at,
            price: price.filter(|_| caller.by.can(Permission::CostsView)),
            printed_label: d.printed_label,
            printed_label_at: d.printed_label_at,
            provider: provider.map(|kind| kind.to_string()),
            reference: s.number,
            requires_shipping_approval: d.requires_shipping_approval.into(),
            sale_id: s.order_id,
            service_level: s.service_level,
            service_level_terms: d.service_level_terms,
            shipped_at: s.shipped_at,
            status: d.record_status,
            tags: s.tags,
            tracking_company: s.courier,
            tracking_number: s.tracking_number,
            tracking_status: s.tracking_status,
            tracking_status_date: d.tracking_status_date,
            tracking_status_details: d.tracking_status_details,
            tracking_url: s.tracking_url,
            updated_at: s.updated_at,
            user_id: d.user_id,
        }
    }
}
