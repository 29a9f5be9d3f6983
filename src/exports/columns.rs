//! What a file can hold, column by column. All SQL is fixed text.

use super::Resource;
use crate::accounts::Permission;

/// The type of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, as it is.
    Text,
    /// A whole number.
    Whole,
    /// An amount, in the currency its order has; the column `currency` stands beside.
    Money,
    /// An instant, in UTC.
    Time,
    /// Yes or no.
    Boolean,
}

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// As the API calls it, and the filters where they have it too.
    pub name: &'static str,
    /// As its head reads.
    pub label: &'static str,
    /// Of its cells.
    pub kind: Kind,
    /// Who may see it; `None`: whoever may export.
    pub needs: Option<Permission>,
    /// Whether it is chosen until somebody chooses.
    pub usual: bool,
    pub(super) value: &'static str,
}

impl Column {
    /// Its head: of times with the zone they are in.
    pub fn head(&self) -> String {
        match self.kind {
            Time => format!("{} (UTC)", self.label),
            _ => self.label.to_owned(),
        }
    }
}

const fn column(name: &'static str, label: &'static str, kind: Kind, value: &'static str) -> Column {
    Column { name, label, kind, needs: None, usual: false, value }
}

/// Chosen until somebody chooses.
const fn usual(column: Column) -> Column {
    Column { usual: true, ..column }
}

/// Of people.
const fn personal(column: Column) -> Column {
    Column { needs: Some(Permission::PersonalView), ..column }
}

/// Of what things cost us.
const fn cost(column: Column) -> Column {
    Column { needs: Some(Permission::CostsView), ..column }
}

use Kind::{Boolean, Money, Text, Time, Whole};

/// Of each row there are `s` the shipment, `o` its order, `ch` its channel, `st` the
/// store, `cu` the customer and `a` the address it goes to.
static SHIPMENTS: &[Column] = &[
    column("id", "Id", Whole, "s.id"),
    usual(column("reference", "Reference", Text, "s.number")),
    column("order_id", "Order id", Whole, "s.order_id"),
    usual(column("order_number", "Order", Text, "o.number")),
    usual(column("channel_reference", "Channel reference", Text, "o.channel_reference")),
    usual(column("store", "Store", Text, "st.name")),
    usual(column("channel", "Channel", Text, "ch.name")),
    usual(column("status", "Status", Text, "s.status")),
    usual(column("channel_sync", "Channel sync", Text, "s.channel_sync")),
    usual(column(
        "connection",
        "Connection",
        Text,
        "(select c.name from connections c where c.account_id = s.account_id and c.id = s.connection_id)",
    )),
    column(
        "provider",
        "Provider",
        Text,
        "(select c.kind from connections c where c.account_id = s.account_id and c.id = s.connection_id)",
    ),
    column(
        "warehouse",
        "Warehouse",
        Text,
        "(select w.name from warehouses w where w.account_id = s.account_id and w.id = s.warehouse_id)",
    ),
    column("fulfillment_id", "Provider’s order", Text, "s.fulfillment_id"),
    usual(column("courier", "Courier", Text, "s.courier")),
    column("service_level", "Courier’s service", Text, "s.service_level"),
    usual(column("tracking_number", "Tracking number", Text, "s.tracking_number")),
    column("tracking_url", "Tracking address", Text, "s.tracking_url"),
    usual(column("tracking_status", "Tracking status", Text, "s.tracking_status")),
    usual(column(
        "sku",
        "SKUs",
        Text,
        "(select string_agg(i.sku, ', ' order by l.id) from shipment_lines l join order_lines i \
           on i.account_id = l.account_id and i.id = l.order_line_id \
           where l.account_id = s.account_id and l.shipment_id = s.id)",
    )),
    usual(column(
        "items",
        "Items",
        Whole,
        "(select coalesce(sum(l.quantity), 0) from shipment_lines l \
           where l.account_id = s.account_id and l.shipment_id = s.id)",
    )),
    personal(usual(column("customer_name", "Customer", Text, "cu.name"))),
    personal(column("customer_email", "Customer’s e-mail", Text, "cu.email")),
    personal(column("ship_name", "Ship to", Text, "a.name")),
    personal(column("ship_company", "Company", Text, "a.company")),
    personal(column("ship_line1", "Address", Text, "a.line1")),
    personal(column("ship_line2", "Address, second line", Text, "a.line2")),
    personal(column("ship_postal_code", "Postal code", Text, "a.postal_code")),
    personal(column("ship_city", "City", Text, "a.city")),
    personal(column("ship_region", "Region", Text, "a.region")),
    usual(column("country", "Country", Text, "a.country")),
    personal(column("ship_phone", "Phone", Text, "a.phone")),
    column("fulfillment_type", "Fulfillment type", Text, "s.fulfillment_type"),
    column("inventory_status", "Inventory status", Text, "s.inventory_status"),
    column("is_reship", "Reship", Boolean, "(s.reship_of is not null)"),
    column(
        "error_class",
        "Error",
        Text,
        "(select p.error_class from problems p where p.account_id = s.account_id and p.shipment_id = s.id \
           and p.resolved_at is null and p.kind in ('post', 'submit') order by p.kind limit 1)",
    ),
    column("tags", "Tags", Text, "array_to_string(s.tags, ', ')"),
    cost(column("cost", "Shipping cost", Money, "s.cost_minor")),
    column("order_total", "Order total", Money, "o.total_minor"),
    column("currency", "Currency", Text, "o.currency"),
    usual(column("date_post", "Posted", Time, "s.date_post")),
    usual(column("shipped_at", "Shipped", Time, "s.shipped_at")),
    usual(column("delivered_at", "Delivered", Time, "s.delivered_at")),
    column("submitted_to_sales_channel_at", "Submitted to channel", Time, "s.submitted_to_sales_channel_at"),
    usual(column("created_at", "Created", Time, "s.created_at")),
    column("updated_at", "Updated", Time, "s.updated_at"),
    column("voided_at", "Voided", Time, "s.voided_at"),
];

/// As of shipments, without `s`.
static ORDERS: &[Column] = &[
    column("id", "Id", Whole, "o.id"),
    usual(column("number", "Number", Text, "o.number")),
    usual(column("channel_reference", "Channel reference", Text, "o.channel_reference")),
    usual(column("store", "Store", Text, "st.name")),
    usual(column("channel", "Channel", Text, "ch.name")),
    usual(column("status", "Status", Text, "o.status")),
    usual(column("payment_status", "Payment", Text, "o.payment_status")),
    usual(column("shipment_status", "Shipment", Text, "o.shipment_status")),
    usual(column("channel_sync", "Channel sync", Text, "o.channel_sync")),
    usual(column("on_hold", "On hold", Boolean, "o.on_hold")),
    column(
        "holds",
        "Holds",
        Text,
        "(select string_agg(h.kind, ', ' order by h.created_at) from order_holds h \
           where h.account_id = o.account_id and h.order_id = o.id and h.released_at is null)",
    ),
    personal(usual(column("customer_name", "Customer", Text, "cu.name"))),
    personal(column("customer_email", "Customer’s e-mail", Text, "cu.email")),
    personal(column("ship_name", "Ship to", Text, "a.name")),
    personal(column("ship_company", "Company", Text, "a.company")),
    personal(column("ship_line1", "Address", Text, "a.line1")),
    personal(column("ship_line2", "Address, second line", Text, "a.line2")),
    personal(column("ship_postal_code", "Postal code", Text, "a.postal_code")),
    personal(column("ship_city", "City", Text, "a.city")),
    personal(column("ship_region", "Region", Text, "a.region")),
    usual(column("country", "Country", Text, "a.country")),
    personal(column("ship_phone", "Phone", Text, "a.phone")),
    column("shipping_method", "Shipping method", Text, "o.shipping_method"),
    usual(column(
        "sku",
        "SKUs",
        Text,
        "(select string_agg(i.sku, ', ' order by i.position) from order_lines i \
           where i.account_id = o.account_id and i.order_id = o.id)",
    )),
    usual(column("items", "Items", Whole, "o.items_ordered")),
    usual(column("items_shipped", "Items shipped", Whole, "o.items_shipped")),
    column("tags", "Tags", Text, "array_to_string(o.tags, ', ')"),
    column("subtotal", "Subtotal", Money, "o.subtotal_minor"),
    column("shipping", "Shipping", Money, "o.shipping_minor"),
    column("tax", "Tax", Money, "o.tax_minor"),
    column("discount", "Discount", Money, "o.discount_minor"),
    usual(column("total", "Total", Money, "o.total_minor")),
    column("refunded", "Refunded", Money, "o.refunded_minor"),
    usual(column("currency", "Currency", Text, "o.currency")),
    usual(column("placed_at", "Placed", Time, "o.placed_at")),
    usual(column("ship_by", "Ship by", Time, "o.ship_by")),
    column("canceled_at", "Canceled", Time, "o.canceled_at"),
    column("updated_at", "Updated", Time, "o.updated_at"),
];

/// Everything a file of a resource can hold, in the usual order.
pub fn all(resource: Resource) -> &'static [Column] {
    match resource {
        Resource::Orders => ORDERS,
        Resource::Shipments => SHIPMENTS,
    }
}

/// What somebody may have in a file.
pub fn of(resource: Resource, can: impl Fn(Permission) -> bool) -> Vec<&'static Column> {
    all(resource).iter().filter(|column| column.needs.is_none_or(&can)).collect()
}

/// The columns of these names, in their order and each once, for somebody; all the
/// usual ones where none is named. An amount never stands without its currency.
pub fn chosen(
    resource: Resource,
    names: &[String],
    can: impl Fn(Permission) -> bool,
) -> Result<Vec<&'static Column>, String> {
    let known = all(resource);
    let mut columns: Vec<&'static Column> = Vec::new();
    for name in names {
        let Some(column) = known.iter().find(|column| column.name == name) else {
            let there: Vec<&str> = of(resource, &can).iter().map(|column| column.name).collect();
            return Err(format!("There is no column “{}”; there are {}.", shortened(name), there.join(", ")));
        };
        if let Some(permission) = column.needs.filter(|permission| !can(*permission)) {
            return Err(format!("The column “{name}” needs the permission {}.", permission.label()));
        }
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        columns = of(resource, can).into_iter().filter(|column| column.usual).collect();
    }
    let last_amount = columns.iter().rposition(|column| column.kind == Money);
    if let Some(at) = last_amount
        && !columns.iter().any(|column| column.name == "currency")
    {
        columns.splice(at + 1..at + 1, known.iter().find(|column| column.name == "currency"));
    }
    Ok(columns)
}

/// So much of a name that nobody knows is said again.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}
