//! What shipments can be filtered by.

use super::{ChannelSync, FulfillmentType, InventoryStatus, Status, TrackingStatus};
use crate::{
    accounts::Permission,
    filters::{Column, Columns, Guarded, Kind, Tree, choice, thousandths},
    outbound::ErrorClass,
    providers::ProviderKind,
};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use std::sync::LazyLock;

const ORDER: &str = "orders fo where fo.account_id = s.account_id and fo.id = s.order_id";
const CUSTOMER: &str = "orders fo join customers fc on fc.account_id = fo.account_id and fc.id = fo.customer_id \
     where fo.account_id = s.account_id and fo.id = s.order_id";
const ADDRESS: &str = "orders fo join addresses fa on fa.account_id = fo.account_id and fa.id = fo.ship_address_id \
     where fo.account_id = s.account_id and fo.id = s.order_id";
const LINES: &str = "shipment_lines fl join order_lines fi on fi.account_id = fl.account_id and fi.id = fl.order_line_id \
     where fl.account_id = s.account_id and fl.shipment_id = s.id";
const PROBLEM: &str = "problems fp where fp.account_id = s.account_id and fp.shipment_id = s.id \
     and fp.resolved_at is null and fp.kind in ('post', 'submit')";
const CONNECTION: &str = "connections fk where fk.account_id = s.account_id and fk.id = s.connection_id";
const STORE_ID: &str =
    "(select fh.store_id from channels fh where fh.account_id = s.account_id and fh.id = s.channel_id)";
const STORE: &str = "channels fh join stores ft on ft.account_id = fh.account_id and ft.id = fh.store_id \
     where fh.account_id = s.account_id and fh.id = s.channel_id";

/// The words of a shipment's status and of its channel sync, as its badges read.
const LABELS: &[(&str, &str)] =
    &[("pending_post", "Not posted"), ("unconfirmed", "Outcome unknown"), ("canceled", "Voided")];
const SYNCS: &[(&str, &str)] = &[
    ("not_applicable", "Not required"),
    ("awaiting_send", "Not sent"),
    ("pending_sync", "Sending"),
    ("warning", "Synced with warning"),
    ("failed", "Sync failed"),
];

fn all() -> Vec<Guarded> {
    use Kind::{Boolean, List, Money, Number, Text, Time};
    let (own, related, named) = (Column::own, Column::related, Column::named);
    let statuses = || choice(Status::ALL.iter().map(|s| s.as_str()), LABELS);
    let free = |column: Column| (column, None);
    let personal = |column: Column| (column, Some(Permission::PersonalView));
    vec![
        free(own("id", "Id", Number, "s.id").indexed()),
        free(own("reference", "Reference", Text, "s.number").indexed()),
        free(related("order_number", "Order", Text, ORDER, "fo.number").indexed()),
        free(
            related("channel_reference", "Channel reference", Text, ORDER, "fo.channel_reference").indexed(),
        ),
        free(own("status", "Status", statuses(), "s.status").indexed()),
        free(
            own(
                "channel_sync",
                "Channel sync",
                choice(ChannelSync::ALL.iter().map(|s| s.as_str()), SYNCS),
                "s.channel_sync",
            )
            .indexed(),
        ),
        free(own("tracking_number", "Tracking number", Text, "s.tracking_number").indexed()),
        free(own(
            "tracking_status",
            "Tracking status",
            choice(TrackingStatus::ALL.iter().map(|s| s.as_str()), &[]),
            "s.tracking_status",
        )),
        free(own("courier", "Courier", Text, "s.courier").indexed()),
        free(named("connection", "Connection", "s.connection_id", CONNECTION, "fk.name").indexed()),
        free(related(
            "provider",
            "Provider",
            Kind::Choice(
                ProviderKind::ALL.iter().map(|kind| (kind.as_str(), kind.label().to_owned())).collect(),
            ),
            CONNECTION,
            "fk.kind",
        )),
        free(named(
            "warehouse",
            "Warehouse",
            "s.warehouse_id",
            "warehouses fw where fw.account_id = s.account_id and fw.id = s.warehouse_id",
            "fw.name",
        )),
        free(named("store", "Store", STORE_ID, STORE, "ft.name")),
        free(
            named(
                "channel",
                "Channel",
                "s.channel_id",
                "channels fh where fh.account_id = s.account_id and fh.id = s.channel_id",
                "fh.name",
            )
            .indexed(),
        ),
        personal(related("customer_name", "Customer", Text, CUSTOMER, "fc.name")),
        personal(related("customer_email", "Customer’s e-mail", Text, CUSTOMER, "fc.email").indexed()),
        free(related("sku", "SKU", Text, LINES, "fi.sku").indexed()),
        free(related("country", "Country", Text, ADDRESS, "fa.country")),
        free(own(
            "fulfillment_type",
            "Fulfillment type",
            choice(FulfillmentType::ALL.iter().map(|t| t.as_str()), &[]),
            "s.fulfillment_type",
        )),
        free(own(
            "inventory_status",
            "Inventory status",
            choice(InventoryStatus::ALL.iter().map(|s| s.as_str()), &[]),
            "s.inventory_status",
        )),
        free(own("is_reship", "Reship", Boolean, "(s.reship_of is not null)")),
        free(
            related(
                "error_class",
                "Error",
                choice(ErrorClass::ALL.iter().map(|class| class.as_str()), &[]),
                PROBLEM,
                "fp.error_class",
            )
            .indexed(),
        ),
        free(own("tags", "Tags", List, "s.tags")),
        (
            related("cost", "Cost", Money, ORDER, "s.cost_minor").scaled(thousandths!("fo.currency")),
            Some(Permission::CostsView),
        ),
        free(own("date_post", "Posted", Time, "s.date_post")),
        free(own("shipped_at", "Shipped", Time, "s.shipped_at")),
        free(own("delivered_at", "Delivered", Time, "s.delivered_at")),
        free(own(
            "submitted_to_sales_channel_at",
            "Submitted to channel",
            Time,
            "s.submitted_to_sales_channel_at",
        )),
        free(own("created_at", "Created", Time, "s.created_at").indexed()),
        free(own("updated_at", "Updated", Time, "s.updated_at")),
        free(own("voided_at", "Voided", Time, "s.voided_at")),
    ]
}

static COLUMNS: LazyLock<[Columns; 4]> = LazyLock::new(|| {
    [(false, false), (false, true), (true, false), (true, true)].map(|(personal, costs)| {
        Columns::of("shipments", all(), |permission| match permission {
            Permission::PersonalView => personal,
            Permission::CostsView => costs,
            _ => false,
        })
    })
});

/// What somebody with these permissions may filter shipments by.
pub fn columns(can: impl Fn(Permission) -> bool) -> &'static Columns {
    let (personal, costs) = (can(Permission::PersonalView), can(Permission::CostsView));
    &COLUMNS[usize::from(personal) * 2 + usize::from(costs)]
}

/// Reads a tree that was kept; who kept it was asked then.
pub(super) fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tree>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    Tree::from_value(value, columns(|_| true)).map(Some).map_err(|faults| {
        D::Error::custom(faults.first().map_or_else(String::new, |fault| fault.detail.clone()))
    })
}
