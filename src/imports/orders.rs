//! Importing orders from a file: kept whole, read by a job, taken in order by
//! order; each failure keeps its lines, so that they can be mended and sent again.

use super::{
    packed::{self, NewId, Packed, Payload},
    shopify_csv::{self, CsvAddress, CsvOrder, Parsed},
};
use crate::{
    actions::By,
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    evidence::{Actor, ActorKind, Entry, TraceId, activity, activity::Subject},
    ids::{AccountId, ChannelId, ImportId, OrderId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    orders::{
        PaymentStatus,
        receive::{self, IncomingAddress, IncomingLine, IncomingOrder, Received},
    },
};
use anyhow::{Context, Result};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bytea, Integer, Nullable, Text},
};
use futures_util::future::BoxFuture;
use serde_json::json;

/// The job that imports.
pub const IMPORT_ORDERS: &str = "import_orders";

/// Said of an order that the database refuses: it fails, rather than the file.
const REFUSED: &str =
    "It could not be stored as it is: a text or a sum of quantities in it is far too long or large.";

/// A file somebody gave us.
#[derive(Debug)]
pub struct NewImport<'a> {
    /// Where its orders were bought.
    pub channel: ChannelId,
    /// Its name, for people.
    pub file_name: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
}

/// Keeps a file and leaves the job that imports it.
pub async fn begin(scope: &mut Scope, new: NewImport<'_>, by: &By, now: Instant) -> Result<ImportId> {
    let account = scope.account();
    let file = Packed::of(new.file_name, new.bytes)?;
    let row: Option<NewId> = scope
        .row(
            sql("insert into imports (account_id, kind, channel_id, file_name, file_sha256, content_gzip, started_by, \
                 started_by_name, trace_id, created_at) values ({}, 'orders', {}, {}, {}, {}, {}, {}, {}, {}) returning id")
            .bind(account)
            .bind(new.channel)
            .bind(&file.name)
            .bind(file.sha256)
            .bind(file.bytes)
            .bind(by.user())
            .bind(&by.actor.name)
            .bind(by.trace.to_string())
            .bind(now),
        )
        .await?;
    let id = row.context("no import came back")?.id;
    let entry = Entry::new(
        &by.actor,
        "import_started",
        Subject::Import,
        id.0,
        format!("Importing orders from {}", file.name),
    )
    .of_channel(new.channel)
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let job = NewJob::new(IMPORT_ORDERS, format!("import:{id}"), json!(Payload { import_id: id }), now)
        .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    Ok(id)
}

/// The job: imports one file.
#[derive(Debug)]
pub struct ImportOrders;

impl Handler for ImportOrders {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(async move {
            let payload: Payload = job.payload()?;
            run(&work.db, job.account_id, payload.import_id, work.now).await?;
            Ok(End::Done)
        })
    }
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Nullable<BigInt>)]
    channel_id: Option<ChannelId>,
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = Nullable<Bytea>)]
    content_gzip: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    started_by: Option<i64>,
    #[diesel(sql_type = Text)]
    started_by_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    trace_id: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
}

/// Imports a kept file to its end. Stopped in the middle and run again, it
/// goes on: each order is a transaction of its own, with its row.
pub async fn run(db: &Db, account: AccountId, id: ImportId, now: fn() -> Instant) -> Result<()> {
    let mut scope = db.scope(account).await?;
    let waiting: Option<Waiting> = scope
        .row(
            sql("select channel_id, file_name, content_gzip, started_by, started_by_name, trace_id, state from imports \
                 where account_id = {} and id = {}")
            .bind(account)
            .bind(id),
        )
        .await?;
    drop(scope);
    let Some(waiting) = waiting.filter(|w| w.state == "running") else {
        return Ok(());
    };
    let (Some(channel), Some(packed)) = (waiting.channel_id, waiting.content_gzip) else {
        return Ok(());
    };
    let trace = waiting.trace_id.as_deref().and_then(TraceId::parse).unwrap_or_default();
    let actor = Actor {
        kind: if waiting.started_by.is_some() { ActorKind::User } else { ActorKind::System },
        id: waiting.started_by,
        name: waiting.started_by_name,
    };
    let by = By { actor, ..By::system(trace) };
    let parsed = tokio::task::spawn_blocking(move || {
        let bytes = packed::unpacked(&packed)?;
        Ok::<_, std::io::Error>(shopify_csv::read(&bytes[..]))
    })
    .await??;
    match parsed {
        Ok(parsed) => take_in(db, account, id, channel, &waiting.file_name, parsed, &by, now).await,
        Err(refusal) => {
            let mut scope = db.scope(account).await?;
            scope
                .execute(
                    sql("update imports set state = 'failed', notes = {}, content_gzip = null, finished_at = {} \
                         where account_id = {} and id = {}")
                    .bind(vec![refusal.to_string()])
                    .bind(now())
                    .bind(account)
                    .bind(id),
                )
                .await?;
            let entry = Entry::new(
                &by.actor,
                "import_failed",
                Subject::Import,
                id.0,
                format!("{} is not an export of orders", waiting.file_name),
            )
            .ended(activity::Ended::Failed)
            .traced(Some(&by.trace));
            activity::record(&mut scope, entry).await?;
            scope.commit().await?;
            Ok(())
        }
    }
}

async fn take_in(
    db: &Db,
    account: AccountId,
    id: ImportId,
    channel: ChannelId,
    file_name: &str,
    parsed: Parsed,
    by: &By,
    now: fn() -> Instant,
) -> Result<()> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Integer)]
        line: i32,
    }
    let mut scope = db.scope(account).await?;
    scope
        .execute(
            sql("update imports set rows_total = {}, notes = {}, header = {} where account_id = {} and id = {}")
                .bind(i32::try_from(parsed.orders.len() + parsed.failures.len()).unwrap_or(i32::MAX))
                .bind(parsed.notes.clone())
                .bind(parsed.header.replace('\0', ""))
                .bind(account)
                .bind(id),
        )
        .await?;
    let done: Vec<Line> = scope
        .rows(
            sql("select line from import_rows where account_id = {} and import_id = {}")
                .bind(account)
                .bind(id),
        )
        .await?;
    scope.commit().await?;
    let done: std::collections::HashSet<i32> = done.into_iter().map(|l| l.line).collect();
    for order in &parsed.orders {
        let line = i32::try_from(order.line).unwrap_or(i32::MAX);
        if done.contains(&line) {
            continue;
        }
        let incoming = incoming(order);
        let mut scope = db.scope(account).await?;
        let received = match receive::receive(&mut scope, channel, &incoming, by, now()).await {
            Ok(received) => received,
            Err(error) if error.is_of_the_data() => {
                drop(scope);
                tracing::error!(?error, import.id = %id, line, "an order could not be kept");
                let mut scope = db.scope(account).await?;
                let name: String = order.name.chars().take(200).collect();
                keep_row(&mut scope, id, line, &name, "failed", REFUSED, None, "").await?;
                scope.commit().await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let outcome = match received {
            Received::Created(_) => "created",
            Received::Updated(_) => "updated",
            Received::Unchanged(_) => "unchanged",
        };
        keep_row(&mut scope, id, line, &order.name, outcome, "", Some(received.id()), "").await?;
        scope.commit().await?;
    }
    for failure in &parsed.failures {
        let line = i32::try_from(failure.line).unwrap_or(i32::MAX);
        if done.contains(&line) {
            continue;
        }
        let mut scope = db.scope(account).await?;
        keep_row(&mut scope, id, line, &failure.reference, "failed", &failure.reason, None, &failure.raw)
            .await?;
        scope.commit().await?;
    }
    let mut scope = db.scope(account).await?;
    scope
        .execute(
            sql("update imports set state = 'finished', content_gzip = null, finished_at = {} where account_id = {} and id = {}")
                .bind(now())
                .bind(account)
                .bind(id),
        )
        .await?;
    let entry = Entry::new(
        &by.actor,
        "import_finished",
        Subject::Import,
        id.0,
        format!("Imported orders from {file_name}"),
    )
    .traced(Some(&by.trace));
    activity::record(&mut scope, entry).await?;
    scope.commit().await?;
    Ok(())
}

async fn keep_row(
    scope: &mut Scope,
    import: ImportId,
    line: i32,
    reference: &str,
    outcome: &'static str,
    reason: &str,
    order: Option<OrderId>,
    raw: &str,
) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("insert into import_rows (account_id, import_id, line, reference, outcome, reason, order_id, raw) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}) on conflict do nothing")
            .bind(account)
            .bind(import)
            .bind(line)
            .bind(reference.replace('\0', ""))
            .bind(outcome)
            .bind(reason.replace('\0', ""))
            .bind(order)
            .bind(raw.replace('\0', "")),
        )
        .await?;
    scope
        .execute(
            sql("update imports set rows_created = rows_created + {}, rows_updated = rows_updated + {}, \
                 rows_unchanged = rows_unchanged + {}, rows_failed = rows_failed + {} where account_id = {} and id = {}")
            .bind(i32::from(outcome == "created"))
            .bind(i32::from(outcome == "updated"))
            .bind(i32::from(outcome == "unchanged"))
            .bind(i32::from(outcome == "failed"))
            .bind(account)
            .bind(import),
        )
        .await?;
    Ok(())
}

/// An order of the file in the shape every source has.
pub fn incoming(order: &CsvOrder) -> IncomingOrder {
    let payment_status = match order.financial_status.as_deref().unwrap_or_default() {
        "paid" => PaymentStatus::Paid,
        "partially_paid" => PaymentStatus::PartiallyPaid,
        "partially_refunded" => PaymentStatus::PartiallyRefunded,
        "refunded" => PaymentStatus::Refunded,
        "voided" | "expired" => PaymentStatus::Voided,
        // pending, authorized and what we do not know: not paid
        _ => PaymentStatus::Unpaid,
    };
    let whole_order_sent = order.fulfillment_status.as_deref() == Some("fulfilled");
    let customer_name =
        [&order.billing.name, &order.shipping.name].into_iter().flatten().find(|n| !n.is_empty());
    IncomingOrder {
        channel_reference: order.id.clone().unwrap_or_else(|| order.name.clone()),
        number: order.name.clone(),
        email: order.email.clone(),
        phone: order.phone.clone(),
        customer_name: customer_name.cloned().unwrap_or_default(),
        payment_status,
        currency: order.currency.clone(),
        subtotal_minor: order.subtotal_minor.unwrap_or_default(),
        shipping_minor: order.shipping_minor.unwrap_or_default(),
        tax_minor: order.taxes_minor.unwrap_or_default(),
        discount_minor: order.discount_minor.unwrap_or_default(),
        total_minor: order.total_minor,
        refunded_minor: order.refunded_minor.unwrap_or_default(),
        ship_to: address(&order.shipping),
        bill_to: address(&order.billing),
        shipping_method: order.shipping_method.clone().unwrap_or_default(),
        placed_at: order.created_at,
        canceled_at: order.canceled_at,
        tags: order.tags.clone(),
        extras: json!({
            "note": order.note,
            "note_attributes": order.note_attributes,
            "discount_code": order.discount_code,
            "payment_method": order.payment_method,
            "risk_level": order.risk_level,
            "source": order.source,
        }),
        lines: order
            .items
            .iter()
            .map(|item| {
                let quantity = i32::try_from(item.quantity).unwrap_or(i32::MAX);
                let sent = match item.fulfillment_status.as_deref() {
                    Some("fulfilled") => true,
                    Some(_) => false,
                    None => whole_order_sent,
                };
                IncomingLine {
                    channel_line_id: String::new(),
                    sku: item.sku.clone().unwrap_or_default(),
                    name: item.name.clone(),
                    quantity,
                    refunded: 0,
                    fulfilled: if sent { quantity } else { 0 },
                    price_minor: item.price_minor,
                    discount_minor: item.discount_minor.unwrap_or_default(),
                    requires_shipping: item.requires_shipping.unwrap_or(true),
                }
            })
            .collect(),
    }
}

fn address(csv: &CsvAddress) -> Option<IncomingAddress> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let address = IncomingAddress {
        name: text(&csv.name),
        company: text(&csv.company),
        line1: csv.address1.clone().or_else(|| csv.street.clone()).unwrap_or_default(),
        line2: text(&csv.address2),
        city: text(&csv.city),
        region: text(&csv.province),
        postal_code: text(&csv.zip),
        country: text(&csv.country),
        phone: text(&csv.phone),
    };
    (address != IncomingAddress::default()).then_some(address)
}
