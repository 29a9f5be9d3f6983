//! The fulfillment record in the dialect of paths that end in `.json`: camelCase,
//! every field, with its words and defaults. The words of both dialects meet in
//! the enums of `fields` and nowhere else.

mod fields;
mod input;

pub use fields::{FulfillmentRecord, RecordBody};

use super::{
    act,
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    page::{self, Page},
    problem::{ApiResult, Kind, Problem},
};
use crate::{
    accounts::Permission,
    actions::{self, Call, NoInput},
    clock::Instant,
    ids::{OrderId, ShipmentId},
    shipments::{
        fulfill_again::FulfillAgain,
        record::{self, Completion, EditRecord, Which},
    },
};
use input::input;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Which records.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordsQuery {
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
    /// `next_cursor` or `prev_cursor` of another page.
    pub cursor: Option<String>,
    /// Changed at or after.
    pub updated_since: Option<Instant>,
    /// Of one order.
    pub sale_id: Option<OrderId>,
}

/// `GET /v1/fulfillments.json`
pub async fn index(caller: Caller, asks: Asks<RecordsQuery>) -> ApiResult<Answer<Page<FulfillmentRecord>>> {
    caller.may(Permission::OrdersView)?;
    let q = asks.query;
    let (size, cursor) = (page::size(q.limit)?, page::cursor(q.cursor.as_deref())?);
    let which = Which { id: None, order: q.sale_id, updated_since: q.updated_since };
    let mut scope = caller.snapshot().await?;
    let rows = record::page(&mut scope, which, cursor, size).await?;
    Ok(page::answer(&caller, rows, None, |row| FulfillmentRecord::of(row, &caller)))
}

/// `GET /v1/fulfillments/{id}.json`
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<FulfillmentRecord>> {
    caller.may(Permission::OrdersView)?;
    one(&caller, ShipmentId(asks.id())).await
}

async fn one(caller: &Caller, id: ShipmentId) -> ApiResult<Answer<FulfillmentRecord>> {
    let mut scope = caller.snapshot().await?;
    let record = record::find(&mut scope, id).await?.ok_or_else(|| Problem::of(Kind::NOT_FOUND))?;
    let version = record.shipment.version;
    Ok(Answer::of(FulfillmentRecord::of(record, caller)).version(version))
}

/// `PUT /v1/fulfillments/{id}.json`
pub async fn put(caller: Caller, asks: Asks<Nothing, RecordBody>) -> ApiResult<Answer<FulfillmentRecord>> {
    let id = ShipmentId(asks.id());
    let mut scope = caller.scope().await?;
    let before = record::find(&mut scope, id).await?.ok_or_else(|| Problem::of(Kind::NOT_FOUND))?;
    drop(scope);
    let input = input(&caller, asks.body, &before.currency, Some(&before))?;
    act::run::<EditRecord>(&caller, id.0, input).await?;
    one(&caller, id).await
}

/// `POST /v1/fulfillments.json`: a fulfillment of what is still open of an order.
pub async fn create(caller: Caller, asks: Asks<Nothing, RecordBody>) -> ApiResult<Answer<FulfillmentRecord>> {
    let sale = OrderId(asks.body.sale_id);
    let mut scope = caller.scope().await?;
    let Some(order) = crate::orders::find::order(&mut scope, sale).await? else {
        return Err(Problem::field("saleId", "unknown", "There is no such order in this account."));
    };
    let mut input = input(&caller, asks.body, &order.currency, None)?;
    input.record_status.get_or_insert(Completion::Finalized);
    let call = Call { id: sale.0, input: NoInput {}, version: None, key: caller.key_of("create") };
    let made = actions::run_in::<FulfillAgain>(&mut scope, &caller.by, call, caller.now).await?;
    let made = made.data["shipments"].as_array().and_then(|ids| ids.first()).and_then(Value::as_i64);
    let id = made.ok_or_else(|| anyhow::anyhow!("no shipment was made"))?;
    let call = Call { id, input, version: None, key: caller.key_of("record") };
    actions::run_in::<EditRecord>(&mut scope, &caller.by, call, caller.now).await?;
    scope.commit().await?;
    one(&caller, ShipmentId(id)).await
}
