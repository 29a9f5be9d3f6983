//! Courier mappings of a channel, and what was sent to and answered by the
//! outside.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    page::{self, Page, Total},
    problem::{ApiResult, FieldError, Kind, Problem},
};
use crate::{
    accounts::Permission,
    actions::ActionError,
    channels::store,
    clock::Instant,
    couriers::mapping::{self, NewMapping},
    evidence::{
        record::{Direction, LogType, RecordStatus},
        records_list::{self as records, COUNTED, Outcome, Wanted},
    },
    ids::{ChannelId, ConnectionId, MappingId, OrderId, RecordId, ShipmentId},
    remedies::map_courier,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most mappings of a call.
const MOST: usize = 500;

/// What a channel calls a courier.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CourierMapping {
    pub id: MappingId,
    /// The courier as it is sent to us.
    pub courier: String,
    /// A service of it; empty for all.
    pub service: String,
    /// What the channel accepts.
    pub custom_name: String,
    /// A code besides, where the channel wants one.
    pub custom_code: Option<String>,
    pub version: i32,
    pub updated_at: Instant,
}

/// Every mapping of a channel.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CourierMappings {
    pub data: Vec<CourierMapping>,
}

async fn mappings(caller: &Caller, channel: ChannelId) -> ApiResult<CourierMappings> {
    caller.may(Permission::StoresView)?;
    let mut scope = caller.snapshot().await?;
    store::channel(&mut scope, channel).await?.ok_or_else(|| Problem::of(Kind::NOT_FOUND))?;
    let rows = mapping::list(&mut scope, channel).await?;
    Ok(CourierMappings {
        data: rows
            .into_iter()
            .map(|m| CourierMapping {
                id: m.id,
                courier: m.courier,
                service: m.service,
                custom_name: m.custom_name,
                custom_code: m.custom_code,
                version: m.version,
                updated_at: m.updated_at,
            })
            .collect(),
    })
}

/// `GET /v1/channels/{id}/courier-mappings`
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<CourierMappings>> {
    Ok(Answer::of(mappings(&caller, ChannelId(asks.id())).await?))
}

/// The mappings a channel is to have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "data": [{ "courier": "dpd_be", "custom_name": "DPD" }], "resend": true
}))]
pub struct PutMappings {
    /// All of them: one that is not named is removed.
    #[schemars(length(max = 500))]
    pub data: Vec<PutMapping>,
    /// Submit again what failed for want of one of these.
    #[serde(default)]
    pub resend: bool,
}

/// A mapping to have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMapping {
    /// The courier as it is sent to us.
    #[schemars(length(min = 1, max = 100))]
    pub courier: String,
    /// A service of it; empty for all.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub service: String,
    /// What the channel accepts.
    #[schemars(length(min = 1, max = 200))]
    pub custom_name: String,
    /// A code besides, where the channel wants one.
    #[schemars(length(max = 100))]
    pub custom_code: Option<String>,
}

/// `PUT /v1/channels/{id}/courier-mappings`
pub async fn put(caller: Caller, asks: Asks<Nothing, PutMappings>) -> ApiResult<Answer<CourierMappings>> {
    caller.may(Permission::CouriersEdit)?;
    let channel = ChannelId(asks.id());
    let before = mappings(&caller, channel).await?;
    let PutMappings { data, resend } = asks.body;
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    if data.len() > MOST {
        wrong.push(FieldError::new("data", "length", format!("Give at most {MOST} mappings.")));
    }
    for (n, m) in data.iter().enumerate() {
        let mut length = |field: &str, text: &str, least: usize, most: usize| {
            let long = text.chars().count();
            if text.trim().chars().count() < least || long > most {
                let detail = format!("Write {least} to {most} characters.");
                wrong.push(FieldError::new(format!("data[{n}].{field}"), "length", detail));
            }
        };
        length("courier", &m.courier, 1, 100);
        length("service", &m.service, 0, 100);
        length("custom_name", &m.custom_name, 1, 200);
        length("custom_code", m.custom_code.as_deref().unwrap_or_default(), 0, 100);
        if !named.insert((mapping::key(&m.courier), mapping::key(&m.service))) {
            wrong.push(FieldError::new(
                format!("data[{n}].courier"),
                "twice",
                "It is mapped twice in this call.",
            ));
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    // all of them or none
    let mut scope = caller.scope().await?;
    for m in data {
        let new = NewMapping {
            courier: m.courier,
            service: m.service,
            custom_name: m.custom_name,
            custom_code: m.custom_code,
            version: None,
        };
        map_courier::save_in(&mut scope, channel, &new, resend, &caller.by, caller.now).await?;
    }
    for old in before.data.iter().filter(|m| !named.contains(&(m.courier.clone(), m.service.clone()))) {
        mapping::remove(&mut scope, channel, old.id, &caller.by, caller.now).await?;
    }
    scope.commit().await?;
    Ok(Answer::of(mappings(&caller, channel).await?))
}

/// An exchange with the outside, in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TransactionRow {
    pub id: RecordId,
    pub at: Instant,
    pub log_type: LogType,
    pub status: RecordStatus,
    pub attempt: i32,
    pub channel_id: Option<ChannelId>,
    pub connection_id: Option<ConnectionId>,
    pub order_id: Option<OrderId>,
    pub fulfillment_id: Option<ShipmentId>,
    pub url: String,
    pub response_status: Option<i32>,
    pub duration_ms: Option<i32>,
    pub error_class: Option<String>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
}

/// Which exchanges.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsQuery {
    /// Rows of a page.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub limit: Option<u16>,
    /// `next_cursor` or `prev_cursor` of another page.
    pub cursor: Option<String>,
    /// Of this kind.
    pub log_type: Option<LogType>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// With this sales channel.
    pub channel_id: Option<ChannelId>,
    /// With this fulfillment connection.
    pub connection_id: Option<ConnectionId>,
    /// Of one chain.
    pub trace_id: Option<String>,
    /// Begun at or after.
    pub from: Option<Instant>,
    /// Begun before.
    pub until: Option<Instant>,
}

/// `GET /v1/transaction-records`
pub async fn index(caller: Caller, asks: Asks<RecordsQuery>) -> ApiResult<Answer<Page<TransactionRow>>> {
    caller.may(Permission::RecordsView)?;
    let q = asks.query;
    let (size, cursor) = (page::size(q.limit)?, page::cursor(q.cursor.as_deref())?);
    let wanted = Wanted {
        channel: q.channel_id,
        connection: q.connection_id,
        types: q.log_type.into_iter().collect(),
        outcome: q.outcome,
        from: q.from,
        to: q.until,
        trace: q.trace_id,
        ..Wanted::default()
    };
    let mut scope = caller.snapshot().await?;
    let rows = records::page(&mut scope, &wanted, cursor, size).await?;
    let total = Total::of(records::count(&mut scope, &wanted).await?, COUNTED);
    Ok(page::answer(&caller, rows, Some(total), |r| TransactionRow {
        id: r.id,
        at: r.at(),
        log_type: r.log_type,
        status: r.status,
        attempt: r.attempt,
        channel_id: r.channel_id,
        connection_id: r.connection_id,
        order_id: r.order_id,
        fulfillment_id: r.shipment_id,
        url: r.url,
        response_status: r.response_status,
        duration_ms: r.duration_ms,
        error_class: r.error_class,
        error_code: r.error_code,
        error_message: r.error_message,
    }))
}

/// An exchange with the outside. Secrets and personal data were masked when it was written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TransactionRecord {
    pub id: RecordId,
    pub at: Instant,
    pub log_type: LogType,
    pub status: RecordStatus,
    pub direction: Direction,
    pub attempt: i32,
    pub channel_id: Option<ChannelId>,
    pub connection_id: Option<ConnectionId>,
    pub order_id: Option<OrderId>,
    pub fulfillment_id: Option<ShipmentId>,
    pub method: String,
    pub url: String,
    /// Names and values.
    #[schemars(with = "Vec<Value>")]
    pub request_headers: Value,
    pub request_body: String,
    pub response_status: Option<i32>,
    /// Names and values.
    #[schemars(with = "Vec<Value>")]
    pub response_headers: Value,
    pub response_body: String,
    pub duration_ms: Option<i32>,
    pub error_class: Option<String>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub trace_id: Option<String>,
}

/// `GET /v1/transaction-records/{id}`
pub async fn record(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<TransactionRecord>> {
    caller.may(Permission::RecordsView)?;
    let mut scope = caller.snapshot().await?;
    let r = records::find(&mut scope, RecordId(asks.id())).await?.ok_or(ActionError::NotFound)?;
    Ok(Answer::of(TransactionRecord {
        id: r.id,
        at: r.at(),
        log_type: r.log_type,
        status: r.status,
        direction: r.direction,
        attempt: r.attempt,
        channel_id: r.channel_id,
        connection_id: r.connection_id,
        order_id: r.order_id,
        fulfillment_id: r.shipment_id,
        method: r.method,
        url: r.url,
        request_headers: r.request_headers,
        request_body: r.request_body,
        response_status: r.response_status,
        response_headers: r.response_headers,
        response_body: r.response_body,
        duration_ms: r.duration_ms,
        error_class: r.error_class,
        error_code: r.error_code,
        error_message: r.error_message,
        trace_id: r.trace_id,
    }))
}
