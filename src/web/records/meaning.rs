//! What a failed exchange means, and the link that fixes it.

use crate::{
    accounts::Permission,
    db::{DbResult, Scope, sql},
    evidence::{LogType, RecordStatus, records_list::Record},
    ids::{ProblemId, ShipmentId},
    outbound::ErrorClass,
    problems::{
        ProblemKind,
        diagnose::{Fix, Symptom, diagnose},
    },
    web::{Visitor, markup::Offer},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// A failure in words, with the next step.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// The class of the failure in words.
    pub sentence: String,
    /// Whether it is sent again by itself.
    pub by_itself: bool,
    /// Their words.
    pub verbatim: String,
    /// The next step.
    pub offer: Option<Offer>,
}

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = BigInt)]
    id: ProblemId,
}

async fn open_problem(
    scope: &mut Scope,
    shipment: ShipmentId,
    kind: ProblemKind,
) -> DbResult<Option<ProblemId>> {
    let account = scope.account();
    let open: Option<Open> = scope
        .row(
            sql("select id from problems where account_id = {} and shipment_id = {} and kind = {} and resolved_at is null")
                .bind(account)
                .bind(shipment)
                .bind(kind),
        )
        .await?;
    Ok(open.map(|open| open.id))
}

/// Says what a record means; `None` for one that needs nobody. Who may not mend
/// the cause is led to where it can be seen.
pub async fn of(visitor: &Visitor, scope: &mut Scope, record: &Record) -> DbResult<Option<Meaning>> {
    let post = record.log_type == LogType::PostShipment;
    let lost = post
        && (record.status == RecordStatus::InProgress
            || record.shipment_status.as_deref() == Some("unconfirmed"));
    if record.status != RecordStatus::Failed && !lost {
        return Ok(None);
    }
    let kind = match record.log_type {
        LogType::SubmitFulfillment => ProblemKind::Submit,
        LogType::PostShipment => ProblemKind::Post,
        LogType::UpdateProviderOrder => ProblemKind::Update,
        LogType::DeliverWebhook => ProblemKind::Webhook,
        _ if record.connection_id.is_some() => ProblemKind::Connection,
        _ => ProblemKind::Channel,
    };
    let other_side =
        record.channel_name.as_deref().or(record.connection_name.as_deref()).unwrap_or("The other side");
    let class = record.error_class.as_deref().and_then(ErrorClass::parse).unwrap_or(ErrorClass::Unknown);
    let diagnosis = diagnose(Symptom {
        kind,
        class,
        other_side,
        courier: record.courier.as_deref(),
        code: None,
        outcome_unknown: lost,
        marked_by: None,
    });
    let problem = match record.shipment_id {
        Some(shipment) => open_problem(scope, shipment, kind).await?,
        None => None,
    };
    Ok(Some(Meaning {
        sentence: diagnosis.sentence,
        by_itself: diagnosis.retry_helps,
        verbatim: verbatim(record),
        offer: offer(record, diagnosis.fix, problem.filter(|_| visitor.can(Permission::CouriersEdit))),
    }))
}

fn verbatim(record: &Record) -> String {
    let message = record.error_message.as_deref().unwrap_or_default();
    match record.error_code.as_deref() {
        Some(code) if !message.starts_with(code) && !message.is_empty() => format!("{code}: {message}"),
        Some(code) if message.is_empty() => code.to_owned(),
        _ => message.to_owned(),
    }
}

/// The problem's own page where one is open, and otherwise the page where the
/// cause can be mended.
fn offer(record: &Record, fix: Fix, problem: Option<ProblemId>) -> Option<Offer> {
    let to = |label: &str, href: String| Some(Offer { label: label.to_owned(), href });
    let shipment = || record.shipment_id.and_then(|id| to("Open the shipment", format!("/shipments/{id}")));
    let order = || record.order_id.and_then(|id| to("Open the order", format!("/orders/{id}")));
    let channel = record.store_id.zip(record.channel_id).map(|(s, c)| format!("/stores/{s}/channels/{c}"));
    // these would lead here again
    let reading = matches!(fix, Fix::ReadRecord | Fix::Wait | Fix::MatchSku);
    if let Some(problem) = problem
        && !reading
    {
        return to(fix.label(), format!("/problems/{problem}/fix"));
    }
    match fix {
        Fix::MapCourier | Fix::CorrectMapping => channel.and_then(|path| {
            let courier = record.courier.clone().unwrap_or_default();
            let link = crate::web::list::Link::to(format!("{path}/couriers"));
            let link = if courier.is_empty() { link } else { link.with("courier", courier) };
            to("Open the courier mappings", link.to_string())
        }),
        Fix::RenewCredentials => match (record.connection_id, channel) {
            (Some(id), _) => to("Open the connection", format!("/connections/{id}")),
            (None, Some(path)) => to("Open the channel’s settings", path),
            (None, None) => None,
        },
        Fix::EditAddress => order(),
        _ => shipment().or_else(order),
    }
}
