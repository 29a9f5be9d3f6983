//! Fulfillments, read: the portal calls them shipments.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    filter,
    page::{self, Page, Total},
    problem::{ApiResult, Kind, Problem},
    shown::Money,
};
use crate::{
    accounts::Permission,
    clock::Instant,
    filters::Tree,
    ids::{
        ChannelId, ConnectionId, OrderId, OrderLineId, ProductId, ShipmentId, ShipmentLineId, WarehouseId,
    },
    orders::find,
    providers::ProviderKind,
    shipments::{
        ChannelSync, FulfillmentType, InventoryStatus, Status, Subject, TrackingStatus,
        list::{self, COUNTED, Filter},
        provider_orders::{self, CancelState},
        surroundings, view,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A fulfillment in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FulfillmentRow {
    pub id: ShipmentId,
    pub reference: String,
    pub order_id: OrderId,
    pub order_number: String,
    pub status: Status,
    pub channel: String,
    pub channel_sync: ChannelSync,
    pub connection: Option<String>,
    pub courier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    pub tracking_status: Option<TrackingStatus>,
    /// How many units it holds.
    pub items: i64,
    pub date_post: Option<Instant>,
    pub created_at: Instant,
    /// The open problem’s class, where it has one.
    pub error_class: Option<String>,
}

impl From<list::Row> for FulfillmentRow {
    fn from(row: list::Row) -> FulfillmentRow {
        FulfillmentRow {
            id: row.id,
            reference: row.number,
            order_id: row.order_id,
            order_number: row.order_number,
            status: row.status,
            channel: row.channel_name,
            channel_sync: row.channel_sync,
            connection: row.connection_name,
            courier: row.courier,
            tracking_number: row.tracking_number,
            tracking_url: row.tracking_url,
            tracking_status: row.tracking_status,
            items: row.items,
            date_post: row.date_post,
            created_at: row.created_at,
            error_class: row.problem_class.map(|class| class.to_string()),
        }
    }
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
    /// `next_cursor` or `prev_cursor` of another page.
    pub cursor: Option<String>,
}

/// Which fulfillments.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
    /// `next_cursor` or `prev_cursor` of another page.
    pub cursor: Option<String>,
    /// A tree of conditions, as JSON: see *Filters*.
    #[schemars(length(max = 4096))]
    pub filter_groups: Option<String>,
}

/// Which fulfillments, where the tree is too long for an address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "limit": 50,
    "filter_groups": {
        "conjunction": "and",
        "filters": [{ "column": "status", "operator": "in", "value": ["error", "unconfirmed"] }],
        "groups": []
    }
}))]
pub struct SearchBody {
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
    /// `next_cursor` or `prev_cursor` of another page.
    pub cursor: Option<String>,
    /// A tree of conditions: see *Filters*.
    #[schemars(with = "Option<filter::FilterGroup>")]
    pub filter_groups: Option<Value>,
}

/// Lists them. What is voided is in it only where the tree asks for it.
pub async fn index(caller: Caller, asks: Asks<ListQuery>) -> ApiResult<Answer<Page<FulfillmentRow>>> {
    let tree = filter::text(asks.query.filter_groups.as_deref(), filter::of_fulfillments(&caller))?;
    rows(&caller, tree, asks.query.limit, asks.query.cursor.as_deref()).await
}

/// As [`index`], asked by a body.
pub async fn search(
    caller: Caller,
    asks: Asks<Nothing, SearchBody>,
) -> ApiResult<Answer<Page<FulfillmentRow>>> {
    let tree = filter::value(asks.body.filter_groups, filter::of_fulfillments(&caller))?;
    let mut answer = rows(&caller, tree, asks.body.limit, asks.body.cursor.as_deref()).await?;
    // its neighbours are not at an address
    answer.links = None;
    Ok(answer)
}

async fn rows(
    caller: &Caller,
    tree: Option<Tree>,
    limit: Option<u16>,
    cursor: Option<&str>,
) -> ApiResult<Answer<Page<FulfillmentRow>>> {
    caller.may(Permission::OrdersView)?;
    let (size, cursor) = (page::size(limit)?, page::cursor(cursor)?);
    let filter = Filter { tree, personal: caller.sees_people(), ..Filter::default() };
    let mut scope = caller.snapshot().await?;
    let found = list::find(&mut scope, &filter, cursor, size).await?;
    let total = found.total.map(|n| Total::of(n, COUNTED));
    Ok(page::answer(caller, found.page, total, FulfillmentRow::from))
}

/// A fulfillment with everything around it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fulfillment {
    pub id: ShipmentId,
    pub reference: String,
    pub status: Status,
    pub fulfillment_type: FulfillmentType,
    pub inventory_status: InventoryStatus,
    /// The provider’s id of its order.
    pub fulfillment_id: Option<String>,
    pub date_post: Option<Instant>,
    pub courier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    pub tracking_status: Option<TrackingStatus>,
    /// What sending it cost; null for who may not see costs.
    pub cost: Option<Money>,
    pub shipped_at: Option<Instant>,
    pub delivered_at: Option<Instant>,
    pub channel_sync: ChannelSync,
    /// What the channel said last.
    pub channel_message: Option<String>,
    pub submitted_to_sales_channel_at: Option<Instant>,
    pub channel_attempts: i32,
    /// The fulfillment that this one sends again.
    pub reship_of: Option<ShipmentId>,
    pub voided_at: Option<Instant>,
    pub voided_by: Option<String>,
    pub void_reason: Option<String>,
    pub tags: Vec<String>,
    pub lines: Vec<LineItem>,
    pub sales_order: SalesOrder,
    pub channel: Named<ChannelId>,
    pub warehouse: Named<WarehouseId>,
    pub connection: Option<Connection>,
    pub shipping_method: ShippingMethod,
    /// Its orders at providers, the current one first.
    pub provider_orders: Vec<ProviderOrder>,
    pub version: i32,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A record by its number and name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Named<T> {
    pub id: T,
    pub name: String,
}

/// A connection to a fulfillment provider.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Connection {
    pub id: ConnectionId,
    pub name: String,
    pub provider: Option<ProviderKind>,
}

/// How it is to be sent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ShippingMethod {
    /// What the customer chose.
    pub requested: String,
    /// The courier’s service it went with.
    pub service_level: Option<String>,
}

/// The order it is a part of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SalesOrder {
    pub id: OrderId,
    pub number: String,
    pub channel_reference: String,
    pub status: crate::orders::OrderStatus,
    pub on_hold: bool,
    pub placed_at: Instant,
    pub ship_by: Option<Instant>,
    pub total: Money,
    /// Null for who may not see customers.
    pub customer_name: Option<String>,
    /// Null for who may not see customers.
    pub customer_email: Option<String>,
    /// Null for who may not see customers.
    pub ship_address: Option<Address>,
    /// Null for who may not see customers.
    pub bill_address: Option<Address>,
}

/// A postal address.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Address {
    pub name: String,
    pub company: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub phone: String,
}

impl From<find::Address> for Address {
    fn from(a: find::Address) -> Address {
        Address {
            name: a.name,
            company: a.company,
            line1: a.line1,
            line2: a.line2,
            city: a.city,
            region: a.region,
            postal_code: a.postal_code,
            country: a.country,
            phone: a.phone,
        }
    }
}

/// Our record of an order at a provider.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProviderOrder {
    pub id: i64,
    pub connection_id: ConnectionId,
    /// The provider’s id.
    pub remote_id: String,
    /// What we called it there.
    pub reference: String,
    /// The provider’s own word.
    pub remote_status: Option<String>,
    pub cancel_state: CancelState,
    pub superseded_at: Option<Instant>,
    pub last_read_at: Option<Instant>,
}

/// A line of a fulfillment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LineItem {
    /// Of the line.
    pub id: ShipmentLineId,
    /// The line of the order it sends.
    pub order_line_id: OrderLineId,
    /// How many.
    pub quantity: i32,
    /// What one unit cost us: the cost of goods by FIFO, over the units of the line. Not the sale price; 0 without
    /// a record of costs; null for who may not see costs.
    pub unit_cost: Option<Money>,
    /// May be empty.
    pub sku: String,
    /// What it is.
    pub product_name: String,
    /// The product, where there is one.
    pub product_id: Option<ProductId>,
}

pub(super) async fn subject(caller: &Caller, scope: &mut crate::db::Scope, id: i64) -> ApiResult<Subject> {
    caller.may(Permission::OrdersView)?;
    Subject::load(scope, ShipmentId(id), false).await?.ok_or_else(|| Problem::of(Kind::NOT_FOUND))
}

async fn lines(caller: &Caller, scope: &mut crate::db::Scope, id: ShipmentId) -> ApiResult<Vec<LineItem>> {
    let costs = caller.by.can(Permission::CostsView);
    let lines = view::lines(scope, id).await?;
    Ok(lines
        .into_iter()
        .map(|line| LineItem {
            id: line.id,
            order_line_id: line.order_line_id,
            quantity: line.quantity,
            unit_cost: costs.then(|| Money::of(line.unit_cost_minor, &caller.bearer.currency)),
            sku: line.sku,
            product_name: line.name,
            product_id: line.product_id,
        })
        .collect())
}

/// One, with everything around it.
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Fulfillment>> {
    let mut scope = caller.snapshot().await?;
    let Subject { shipment: s, around } = subject(&caller, &mut scope, asks.id()).await?;
    let missing = || Problem::of(Kind::NOT_FOUND);
    let beside = surroundings::of(&mut scope, s.id).await?.ok_or_else(missing)?;
    let order = find::order(&mut scope, s.order_id).await?.ok_or_else(missing)?;
    let lines = lines(&caller, &mut scope, s.id).await?;
    let orders = provider_orders::of_shipment(&mut scope, s.id).await?;
    let sees = caller.sees_people();
    let ids: Vec<_> =
        [order.ship_address_id, order.bill_address_id].into_iter().flatten().filter(|_| sees).collect();
    let addresses = find::addresses(&mut scope, &ids).await?;
    let address = |id: Option<crate::ids::AddressId>| {
        addresses.iter().find(|a| Some(a.id) == id).cloned().map(Address::from)
    };
    let body = Fulfillment {
        lines,
        sales_order: SalesOrder {
            id: order.id,
            number: order.number.clone(),
            channel_reference: order.channel_reference.clone(),
            status: order.status,
            on_hold: order.on_hold,
            placed_at: order.placed_at,
            ship_by: order.ship_by,
            total: Money::of(order.total_minor, &order.currency),
            customer_name: order.customer_name.clone().filter(|_| sees),
            customer_email: order.customer_email.clone().filter(|_| sees),
            ship_address: address(order.ship_address_id),
            bill_address: address(order.bill_address_id),
        },
        channel: Named { id: s.channel_id, name: around.channel_name.clone() },
        warehouse: Named { id: s.warehouse_id, name: beside.warehouse_name },
        connection: s.connection_id.map(|id| Connection {
            id,
            name: around.connection_name.clone().unwrap_or_default(),
            provider: around.connection_kind,
        }),
        shipping_method: ShippingMethod {
            requested: order.shipping_method.clone(),
            service_level: s.service_level.clone(),
        },
        provider_orders: orders
            .into_iter()
            .map(|o| ProviderOrder {
                id: o.id,
                connection_id: o.connection_id,
                remote_id: o.remote_id,
                reference: o.reference,
                remote_status: o.remote_status,
                cancel_state: o.cancel_state,
                superseded_at: o.superseded_at,
                last_read_at: o.last_read_at,
            })
            .collect(),
        channel_message: beside.channel_message,
        voided_by: beside.voided_by,
        void_reason: beside.void_reason,
        cost: caller.by.can(Permission::CostsView).then(|| Money::of(s.cost_minor, &around.currency)),
        id: s.id,
        reference: s.number,
        status: s.status,
        fulfillment_type: s.fulfillment_type,
        inventory_status: s.inventory_status,
        fulfillment_id: s.fulfillment_id,
        date_post: s.date_post,
        courier: s.courier,
        tracking_number: s.tracking_number,
        tracking_url: s.tracking_url,
        tracking_status: s.tracking_status,
        shipped_at: s.shipped_at,
        delivered_at: s.delivered_at,
        channel_sync: s.channel_sync,
        submitted_to_sales_channel_at: s.submitted_to_sales_channel_at,
        channel_attempts: s.channel_attempts,
        reship_of: s.reship_of,
        voided_at: s.voided_at,
        tags: s.tags,
        version: s.version,
        created_at: s.created_at,
        updated_at: s.updated_at,
    };
    Ok(Answer::of(body).version(s.version))
}

/// What a list of lines holds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LineItems {
    /// The lines, in order.
    pub data: Vec<LineItem>,
}

/// Its lines alone.
pub async fn line_items(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<LineItems>> {
    let mut scope = caller.snapshot().await?;
    let subject = subject(&caller, &mut scope, asks.id()).await?;
    Ok(Answer::of(LineItems { data: lines(&caller, &mut scope, subject.shipment.id).await? }))
}
