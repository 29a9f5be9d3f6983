//! What orders can be filtered by.

use super::{HoldKind, OrderStatus, PaymentStatus};
use crate::{
    accounts::Permission,
    filters::{Column, Columns, Guarded, Kind, Tree, choice, thousandths},
};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use std::sync::LazyLock;

const CUSTOMER: &str = "customers fc where fc.account_id = o.account_id and fc.id = o.customer_id";
const ADDRESS: &str = "addresses fa where fa.account_id = o.account_id and fa.id = o.ship_address_id";
const LINES: &str = "order_lines fi where fi.account_id = o.account_id and fi.order_id = o.id";
const HOLDS: &str =
    "order_holds fd where fd.account_id = o.account_id and fd.order_id = o.id and fd.released_at is null";
const STORE_ID: &str =
    "(select fh.store_id from channels fh where fh.account_id = o.account_id and fh.id = o.channel_id)";
const STORE: &str = "channels fh join stores ft on ft.account_id = fh.account_id and ft.id = fh.store_id \
     where fh.account_id = o.account_id and fh.id = o.channel_id";

/// Words of `shipments::Status` and `shipments::ChannelSync`, which lie above.
const SHIPMENT_STATUSES: [(&str, &str); 8] = [
    ("pending_post", "Not posted"),
    ("posting", "Posting"),
    ("pending_tracking", "Pending tracking"),
    ("shipped", "Shipped"),
    ("delivered", "Delivered"),
    ("error", "Error"),
    ("unconfirmed", "Outcome unknown"),
    ("canceled", "Voided"),
];
const SYNCS: [(&str, &str); 7] = [
    ("not_applicable", "Not required"),
    ("awaiting_send", "Not sent"),
    ("pending_sync", "Sending"),
    ("synced", "Synced"),
    ("warning", "Synced with warning"),
    ("failed", "Sync failed"),
    ("muted", "Muted"),
];

fn all() -> Vec<Guarded> {
    use Kind::{Boolean, List, Money, Number, Text, Time};
    let (own, related, named) = (Column::own, Column::related, Column::named);
    let free = |column: Column| (column, None);
    let personal = |column: Column| (column, Some(Permission::PersonalView));
    vec![
        free(own("id", "Id", Number, "o.id").indexed()),
        free(own("number", "Number", Text, "o.number").indexed()),
        free(own("channel_reference", "Channel reference", Text, "o.channel_reference").indexed()),
        free(
            own("status", "Status", choice(OrderStatus::ALL.iter().map(|s| s.as_str()), &[]), "o.status")
                .indexed(),
        ),
        free(own(
            "payment_status",
            "Payment",
            choice(PaymentStatus::ALL.iter().map(|s| s.as_str()), &[("voided", "Payment voided")]),
            "o.payment_status",
        )),
        free(own(
            "shipment_status",
            "Shipment",
            choice(SHIPMENT_STATUSES.iter().map(|(word, _)| *word), &SHIPMENT_STATUSES),
            "o.shipment_status",
        )),
        free(own(
            "channel_sync",
            "Channel sync",
            choice(SYNCS.iter().map(|(word, _)| *word), &SYNCS),
            "o.channel_sync",
        )),
        free(named("store", "Store", STORE_ID, STORE, "ft.name")),
        free(
            named(
                "channel",
                "Channel",
                "o.channel_id",
                "channels fh where fh.account_id = o.account_id and fh.id = o.channel_id",
                "fh.name",
            )
            .indexed(),
        ),
        personal(related("customer_name", "Customer", Text, CUSTOMER, "fc.name")),
        personal(related("customer_email", "Customer’s e-mail", Text, CUSTOMER, "fc.email").indexed()),
        free(related("country", "Country", Text, ADDRESS, "fa.country")),
        free(own("shipping_method", "Shipping method", Text, "o.shipping_method")),
        free(related("sku", "SKU", Text, LINES, "fi.sku").indexed()),
        free(own("tags", "Tags", List, "o.tags")),
        free(own("on_hold", "On hold", Boolean, "o.on_hold").indexed()),
        free(
            related(
                "holds",
                "Hold",
                Kind::Choice(
                    HoldKind::ALL.iter().map(|kind| (kind.as_str(), kind.label().to_owned())).collect(),
                ),
                HOLDS,
                "fd.kind",
            )
            .indexed(),
        ),
        free(own("total", "Total", Money, "o.total_minor").scaled(thousandths!("o.currency"))),
        free(own("currency", "Currency", Text, "o.currency")),
        free(own("items", "Items", Number, "o.items_ordered")),
        free(own("placed_at", "Placed", Time, "o.placed_at").indexed()),
        free(own("ship_by", "Ship by", Time, "o.ship_by")),
        free(own("canceled_at", "Canceled", Time, "o.canceled_at")),
        free(own("updated_at", "Updated", Time, "o.updated_at")),
    ]
}

static COLUMNS: LazyLock<[Columns; 2]> =
    LazyLock::new(|| [false, true].map(|personal| Columns::of("orders", all(), |_| personal)));

/// What somebody with these permissions may filter orders by.
pub fn columns(can: impl Fn(Permission) -> bool) -> &'static Columns {
    &COLUMNS[usize::from(can(Permission::PersonalView))]
}

/// Reads a tree that was kept; who kept it was asked then.
pub(super) fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tree>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    Tree::from_value(value, columns(|_| true)).map(Some).map_err(|faults| {
        D::Error::custom(faults.first().map_or_else(String::new, |fault| fault.detail.clone()))
    })
}
