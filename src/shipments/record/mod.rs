//! The whole record of a shipment, with the fields that carry no behaviour here
//! and are kept for programs that write and read them.

mod edit;

pub use edit::{EditRecord, Input};

use super::{Shipment, shipment_columns};
use crate::{
    clock::Instant,
    db::{DbResult, Scope, Sql, sql},
    ids::{OrderId, ShipmentId},
    paging::{Cursor, Page},
    providers::ProviderKind,
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use serde_json::Value;

text_enum! {
    /// Whether the record is complete.
    Completion {
        /// It is still being written: it is not posted.
        Pending = "pending",
        /// It is complete.
        Finalized = "finalized",
    }
}

text_enum! {
    /// Whether somebody must agree to what shipping costs.
    Approval {
        /// Nobody.
        NotRequired = "not_required",
        /// A rate is missing.
        RateRequired = "rate_required",
        /// The rate is there and nobody agreed yet.
        ApprovalRequired = "approval_required",
        /// Somebody agreed.
        Approved = "approved",
    }
}

text_enum! {
    /// What a label is printed from.
    LabelFormat {
        /// An image.
        Png = "png",
        /// A document.
        Pdf = "pdf",
    }
}

/// The fields beside the shipment's own columns.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::shipment_details)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Details {
    #[diesel(sql_type = BigInt)]
    pub shipment_id: ShipmentId,
    #[diesel(sql_type = Text)]
    pub record_status: Completion,
    pub admin_notes: Option<String>,
    pub channel_error: Option<bool>,
    pub commercial_invoice_url: Option<String>,
    pub days: Option<i32>,
    pub duration_terms: Option<String>,
    pub grams: f64,
    pub label_error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub label_file_format: Option<LabelFormat>,
    pub label_refund: bool,
    pub label_url: Option<String>,
    pub mute_error: bool,
    pub packed: bool,
    pub packed_at: Option<Instant>,
    pub picked: bool,
    pub picked_at: Option<Instant>,
    pub printed_label: bool,
    pub printed_label_at: Option<Instant>,
    #[diesel(sql_type = Text)]
    pub requires_shipping_approval: Approval,
    pub service_level_terms: Option<String>,
    pub tracking_status_date: Option<Instant>,
    pub tracking_status_details: Option<String>,
    pub user_id: Option<i64>,
    /// Kept and given back as they came.
    pub kept: Value,
}

#[derive(QueryableByName)]
struct Beside {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Nullable<Text>)]
    provider: Option<ProviderKind>,
}

/// A shipment with all of its fields.
#[derive(Debug, Clone)]
pub struct Record {
    /// The shipment.
    pub shipment: Shipment,
    /// The rest of it.
    pub details: Details,
    /// Of its order; its cost is in that.
    pub currency: String,
    /// The kind of its connection.
    pub provider: Option<ProviderKind>,
}

/// Which records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    /// One alone.
    pub id: Option<ShipmentId>,
    /// Of one order.
    pub order: Option<OrderId>,
    /// Changed since.
    pub updated_since: Option<Instant>,
}

/// One record.
pub async fn find(scope: &mut Scope, id: ShipmentId) -> DbResult<Option<Record>> {
    let which = Which { id: Some(id), ..Which::default() };
    Ok(page(scope, which, None, 1).await?.rows.pop())
}

/// A page of records, the newest first; voided ones too.
pub async fn page(
    scope: &mut Scope,
    which: Which,
    from: Option<Cursor>,
    size: usize,
) -> DbResult<Page<Record>> {
    let account = scope.account();
    let mut statement: Sql = sql(shipment_columns!("where account_id = {}")).bind(account);
    if let Some(id) = which.id {
        statement = statement.push(" and id = {}").bind(id);
    }
    if let Some(order) = which.order {
        statement = statement.push(" and order_id = {}").bind(order);
    }
    if let Some(since) = which.updated_since {
        statement = statement.push(" and updated_at >= {}").bind(since);
    }
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = from {
        statement = match backwards {
            true => statement.push(" and (created_at, id) > ({}, {})"),
            false => statement.push(" and (created_at, id) < ({}, {})"),
        }
        .bind(cursor.at())
        .bind(cursor.id);
    }
    statement = match backwards {
        true => statement.push(" order by created_at, id limit {}"),
        false => statement.push(" order by created_at desc, id desc limit {}"),
    }
    .bind(i64::try_from(size).unwrap_or(i64::MAX - 1) + 1);
    let shipments: Vec<Shipment> = scope.rows(statement).await?;
    let ids: Vec<i64> = shipments.iter().map(|s| s.id.0).collect();
    let details: Vec<Details> = scope
        .rows(
            sql("select shipment_id, record_status, admin_notes, channel_error, commercial_invoice_url, days, \
                 duration_terms, grams, label_error, label_file_format, label_refund, label_url, mute_error, packed, \
                 packed_at, picked, picked_at, printed_label, printed_label_at, requires_shipping_approval, \
                 service_level_terms, tracking_status_date, tracking_status_details, user_id, kept \
                 from shipment_details where account_id = {} and shipment_id = any({})")
            .bind(account)
            .bind(ids.clone()),
        )
        .await?;
    let beside: Vec<Beside> = scope
        .rows(
            sql("select s.id, o.currency, c.kind as provider from shipments s \
                 join orders o on o.account_id = s.account_id and o.id = s.order_id \
                 left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
                 where s.account_id = {} and s.id = any({})")
            .bind(account)
            .bind(ids),
        )
        .await?;
    let rows = shipments
        .into_iter()
        .filter_map(|shipment| {
            let details = details.iter().find(|d| d.shipment_id == shipment.id)?.clone();
            let beside = beside.iter().find(|b| b.id == shipment.id)?;
            let (currency, provider) = (beside.currency.clone(), beside.provider);
            Some(Record { shipment, details, currency, provider })
        })
        .collect();
    Ok(Page::cut(rows, size, from, |record: &Record| (record.shipment.created_at, record.shipment.id.0)))
}
