//! What happened to a fulfillment, and what it did to stock.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks},
    fulfillments::{PageQuery, subject},
    page::{self, Page},
    problem::ApiResult,
};
use crate::{
    accounts::Permission,
    clock::Instant,
    evidence::activity::{self, ActorKind, Ended},
    ids::{ActivityId, MovementId, ProductId, RecordId, WarehouseId},
    inventory::{MovementKind, list as stock},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A line of history.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Activity {
    pub id: ActivityId,
    pub at: Instant,
    pub actor_kind: ActorKind,
    pub actor_name: String,
    /// A word for programs.
    pub verb: String,
    pub result: Ended,
    /// A sentence for people.
    pub summary: String,
    /// What it is about: the fulfillment, its order, one of its lines, …
    pub subject_kind: activity::Subject,
    pub subject_id: i64,
    /// What changed, as it was; null where nothing was.
    #[schemars(extend("type" = ["object", "array", "string", "number", "boolean", "null"]))]
    pub before: Option<Value>,
    /// What changed, as it is.
    #[schemars(extend("type" = ["object", "array", "string", "number", "boolean", "null"]))]
    pub after: Option<Value>,
    /// The request and response it is about, where it made a call.
    pub transaction_record_id: Option<RecordId>,
    pub trace_id: Option<String>,
}

impl From<activity::Activity> for Activity {
    fn from(line: activity::Activity) -> Activity {
        Activity {
            id: line.id,
            at: line.at(),
            actor_kind: line.actor_kind,
            actor_name: line.actor_name,
            verb: line.verb,
            result: line.result,
            summary: line.summary,
            subject_kind: line.subject_kind,
            subject_id: line.subject_id,
            before: line.before,
            after: line.after,
            transaction_record_id: line.transaction_record_id,
            trace_id: line.trace_id,
        }
    }
}

/// What happened to it and to what belongs to it, the newest first.
pub async fn activity_log(caller: Caller, asks: Asks<PageQuery>) -> ApiResult<Answer<Page<Activity>>> {
    let (size, cursor) = (page::size(asks.query.limit)?, page::cursor(asks.query.cursor.as_deref())?);
    let mut scope = caller.snapshot().await?;
    let subject = subject(&caller, &mut scope, asks.id()).await?;
    let of = activity::Of::Shipment(subject.shipment.id);
    let rows = activity::page(&mut scope, of, cursor, size).await?;
    Ok(page::answer(&caller, rows, None, Activity::from))
}

/// A change of stock.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Movement {
    pub id: MovementId,
    pub product_id: ProductId,
    pub sku: String,
    pub warehouse_id: WarehouseId,
    pub warehouse: String,
    pub kind: MovementKind,
    /// Signed: what left is negative.
    pub quantity: i32,
    /// What lay there afterwards.
    pub balance_after: i32,
    pub reason: String,
    pub actor_name: String,
    /// Whether another movement took it back.
    pub reversed: bool,
    pub created_at: Instant,
}

/// The movements of stock that it or one of its lines caused, the newest first.
pub async fn inventory_movements(caller: Caller, asks: Asks<PageQuery>) -> ApiResult<Answer<Page<Movement>>> {
    caller.may(Permission::InventoryView)?;
    let (size, cursor) = (page::size(asks.query.limit)?, page::cursor(asks.query.cursor.as_deref())?);
    let mut scope = caller.snapshot().await?;
    let subject = subject(&caller, &mut scope, asks.id()).await?;
    let which = stock::Which { shipment: Some(subject.shipment.id), ..stock::Which::default() };
    let rows = stock::movements(&mut scope, &which, cursor, size).await?;
    Ok(page::answer(&caller, rows, None, |m| Movement {
        id: m.id,
        product_id: m.product_id,
        sku: m.sku,
        warehouse_id: m.warehouse_id,
        warehouse: m.warehouse,
        kind: m.kind,
        quantity: m.quantity,
        balance_after: m.balance_after,
        reason: m.reason,
        actor_name: m.actor_name,
        reversed: m.reversed,
        created_at: m.created_at,
    }))
}
