//! A body as what is to be written: checks, and the defaults of what was left out.

use super::{
    super::{
        caller::Caller,
        problem::{ApiResult, FieldError, Problem},
    },
    fields::RecordBody,
};
use crate::{
    accounts::Permission,
    channels::Notification,
    clock::Instant,
    ids::OrderId,
    money,
    shipments::{
        FulfillmentType,
        record::{Approval, Input, Record as Kept},
    },
};
use serde_json::{Map, Number, Value};

/// The most characters of a text.
const LONGEST: usize = 10_000;

/// What is to be written, with the defaults of what was left out. `before` is the
/// record that is there.
pub(super) fn input(
    caller: &Caller,
    body: RecordBody,
    currency: &str,
    before: Option<&Kept>,
) -> ApiResult<Input> {
    let mut wrong = Vec::new();
    let mut no = |field: &str, code: &str, detail: &str| wrong.push(FieldError::new(field, code, detail));
    let texts = [
        ("adminNotes", &body.admin_notes),
        ("aftershipId", &body.aftership_id),
        ("commercialInvoiceUrl", &body.commercial_invoice_url),
        ("durationTerms", &body.duration_terms),
        ("externalId", &body.external_id),
        ("intercomMessageId", &body.intercom_message_id),
        ("labelError", &body.label_error),
        ("labelUrl", &body.label_url),
        ("quoteId", &body.quote_id),
        ("serviceLevelTerms", &body.service_level_terms),
        ("shipstationId", &body.shipstation_id),
        ("trackingStatusDetails", &body.tracking_status_details),
        ("trackingUrl", &body.tracking_url),
        ("xeroId", &body.xero_id),
    ];
    for (field, text) in texts {
        if text.iter().flatten().any(|text| text.chars().count() > LONGEST) {
            no(field, "length", "Keep it under 10,000 characters.");
        }
    }
    for (field, list) in [("tags", &body.tags), ("shippoLabelIds", &body.shippo_label_ids)] {
        let list = list.iter().flatten().flatten();
        if list.clone().count() > 100 || list.clone().any(|text| text.chars().count() > 100) {
            no(field, "length", "Give at most 100 of at most 100 characters.");
        }
    }
    let reference = body.reference.trim().to_owned();
    if reference.is_empty() || reference.chars().count() > 50 || reference.chars().any(char::is_control) {
        no("reference", "length", "Write 1 to 50 characters on one line.");
    }
    if body.channel_attempts.flatten().is_some_and(|n| n < 0) {
        no("channelAttempts", "out_of_range", "Give 0 or more.");
    }
    if body.grams.flatten().is_some_and(|grams| !(0.0..=1e9).contains(&grams)) {
        no("grams", "out_of_range", "Give 0 to 1,000,000,000.");
    }
    let price = match &body.price {
        Some(Some(number)) => price(number, currency),
        _ => Some(0),
    };
    if price.is_none() {
        no("price", "out_of_range", &format!("Give an amount in {currency} of 0 or more, such as 4.95."));
    }
    let same = |given: Option<Instant>, ours: Option<Instant>| {
        given.is_none_or(|given| ours.is_some_and(|ours| ours.timestamp_millis() == given.timestamp_millis()))
    };
    let ours = before.map(|b| &b.shipment);
    if !same(body.created_at, ours.map(|s| s.created_at)) {
        no("createdAt", "read_only", "It is read only. Leave it out, or send it as it was read.");
    }
    if !same(body.updated_at, ours.map(|s| s.updated_at)) {
        no("updatedAt", "read_only", "It is read only. Leave it out, or send it as it was read.");
    }
    if body.id.is_some_and(|id| ours.is_none_or(|s| s.id.0 != id)) {
        no("id", "read_only", "It is read only. Leave it out, or send it as it was read.");
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let mut kept = Map::new();
    let mut keep = |name: &str, value: Option<Option<Value>>| {
        if let Some(value) = value {
            kept.insert(name.to_owned(), value.unwrap_or(Value::Null));
        }
    };
    let word = |text: Option<Option<String>>| text.map(|text| text.map(Value::String));
    keep("aftershipId", word(body.aftership_id));
    keep("files", body.files);
    keep("intercomMessageId", word(body.intercom_message_id));
    keep("labelFiles", body.label_files);
    keep("manifestId", body.manifest_id.map(|id| id.map(Value::from)));
    keep("quoteId", word(body.quote_id));
    keep("shippoLabelIds", body.shippo_label_ids.map(|ids| ids.map(Value::from)));
    keep("xeroId", word(body.xero_id));
    Ok(Input {
        admin_notes: body.admin_notes,
        channel_attempts: Some(body.channel_attempts.flatten().unwrap_or(0)),
        channel_error: body.channel_error,
        channel_notification: Some(body.channel_notification.flatten().unwrap_or(Notification::Trigger)),
        commercial_invoice_url: body.commercial_invoice_url,
        days: body.days,
        duration_terms: body.duration_terms,
        external_id: body.external_id,
        fulfillment_type: Some(body.fulfillment_type.unwrap_or(FulfillmentType::Manual)),
        grams: Some(body.grams.flatten().unwrap_or(0.0)),
        // it follows: a default never takes back what has left
        inventory_status: body.inventory_status.map(Into::into),
        label_error: body.label_error,
        label_file_format: body.label_file_format,
        label_refund: Some(body.label_refund.flatten().unwrap_or(false)),
        label_url: body.label_url,
        mute_error: Some(body.mute_error.flatten().unwrap_or(false)),
        packed: Some(body.packed.flatten().unwrap_or(false)),
        packed_at: body.packed_at,
        picked: Some(body.picked.flatten().unwrap_or(false)),
        picked_at: body.picked_at,
        // who may not see what it cost leaves it alone
        price_minor: price.filter(|_| caller.by.can(Permission::CostsView)),
        printed_label: Some(body.printed_label.flatten().unwrap_or(false)),
        printed_label_at: body.printed_label_at,
        provider: body.provider,
        reference: Some(reference),
        requires_shipping_approval: Some(
            body.requires_shipping_approval.flatten().map_or(Approval::NotRequired, Into::into),
        ),
        order: Some(OrderId(body.sale_id)),
        service_level: body.service_level,
        service_level_terms: body.service_level_terms,
        shipped_at: body.shipped_at,
        shipstation_id: body.shipstation_id,
        // left out, a pending record stays pending
        record_status: body.status.flatten(),
        tags: body.tags.map(Option::unwrap_or_default),
        courier: body.tracking_company,
        tracking_number: body.tracking_number,
        tracking_status: body.tracking_status,
        tracking_status_date: body.tracking_status_date,
        tracking_status_details: body.tracking_status_details,
        tracking_url: body.tracking_url,
        user_id: body.user_id.map(|id| id.map(i64::from)),
        kept,
    })
}

/// A JSON number as minor units; `None` where it has more decimals than money.
fn price(number: &Number, currency: &str) -> Option<i64> {
    let text = number.to_string();
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    money::parse(text, currency).filter(|minor| (0..=1_000_000_000_000).contains(minor))
}
