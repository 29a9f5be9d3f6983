//! *Edit record*: what a program writes of a shipment. Its tracking goes the way
//! of *Edit shipping details*; what another rule decides is not overwritten, and
//! said so.

use super::{Approval, Completion, Details, LabelFormat, Record};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    channels::Notification,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{OrderId, ShipmentId},
    money,
    providers::ProviderKind,
    shipments::{FulfillmentType, InventoryStatus, Subject, TrackingStatus, arrive, edit_shipping, state},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The action.
#[derive(Debug)]
pub struct EditRecord;

/// What is written. What is `None` stays as it is; where a value may be empty, the
/// inner `None` empties it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "named as the record's fields")]
pub struct Input {
    pub admin_notes: Option<Option<String>>,
    pub channel_attempts: Option<i32>,
    pub channel_error: Option<Option<bool>>,
    pub channel_notification: Option<Notification>,
    pub commercial_invoice_url: Option<Option<String>>,
    pub days: Option<Option<i32>>,
    pub duration_terms: Option<Option<String>>,
    pub external_id: Option<Option<String>>,
    pub fulfillment_type: Option<FulfillmentType>,
    pub grams: Option<f64>,
    pub inventory_status: Option<InventoryStatus>,
    pub label_error: Option<Option<String>>,
    pub label_file_format: Option<Option<LabelFormat>>,
    pub label_refund: Option<bool>,
    pub label_url: Option<Option<String>>,
    pub mute_error: Option<bool>,
    pub packed: Option<bool>,
    pub packed_at: Option<Option<Instant>>,
    pub picked: Option<bool>,
    pub picked_at: Option<Option<Instant>>,
    /// In minor units of the order's currency.
    pub price_minor: Option<i64>,
    pub printed_label: Option<bool>,
    pub printed_label_at: Option<Option<Instant>>,
    pub provider: Option<Option<String>>,
    pub reference: Option<String>,
    pub requires_shipping_approval: Option<Approval>,
    pub order: Option<OrderId>,
    pub service_level: Option<Option<String>>,
    pub service_level_terms: Option<Option<String>>,
    pub shipped_at: Option<Option<Instant>>,
    pub shipstation_id: Option<Option<String>>,
    pub record_status: Option<Completion>,
    pub tags: Option<Vec<String>>,
    pub courier: Option<Option<String>>,
    pub tracking_number: Option<Option<String>>,
    pub tracking_status: Option<Option<TrackingStatus>>,
    pub tracking_status_date: Option<Option<Instant>>,
    pub tracking_status_details: Option<Option<String>>,
    pub tracking_url: Option<Option<String>>,
    pub user_id: Option<Option<i64>>,
    /// Fields that are kept and given back as they came; null takes one away.
    pub kept: Map<String, Value>,
}

impl Action for EditRecord {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "edit_record";
    const LABEL: &'static str = "Edit record";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        match subject.shipment.voided_at {
            Some(_) => Availability::no_but("The shipment is voided. Restore it first.", "restore_shipment"),
            None => Availability::Available,
        }
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Edit the record of {}?", subject.shipment.number),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let id = subject.shipment.id;
        let Some(before) = super::find(scope, id).await? else { return Err(ActionError::NotFound) };
        let wrong = decided_elsewhere(scope, &before, &input).await?;
        if !wrong.is_empty() {
            return Err(ActionError::Refused(wrong));
        }
        let shipping = shipping(&before, &input, by.can(Permission::CostsView));
        edit_shipping::EditShipping::apply(scope, subject, by, shipping, now).await.map_err(named)?;
        if input.tracking_status == Some(Some(TrackingStatus::Delivered))
            && let Some(fresh) = Subject::load(scope, id, true).await?
        {
            let at = input.tracking_status_date.flatten().unwrap_or(now);
            arrive::arrive(scope, &fresh, at, by, now).await?;
        }
        write_shipment(scope, &before, &input, now).await?;
        write_details(scope, &before.details, &input).await?;
        let Some(after) = super::find(scope, id).await? else { return Err(ActionError::NotFound) };
        let (was, is) = changes(&before, &after);
        let number = &after.shipment.number;
        if is.is_empty() {
            return Ok(Outcome::unchanged(format!("{number} is as it was.")));
        }
        state::touch(scope, id, now).await?;
        let summary = format!("Changed the record of {number}");
        let entry =
            Entry::shipment(&by.actor, "shipment_record_edited", id, after.shipment.order_id, summary)
                .changed(Value::Object(was), Value::Object(is))
                .traced(Some(&by.trace))
                .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("Changed the record of {number}.")))
    }
}

/// What another rule decides and this would contradict.
async fn decided_elsewhere(
    scope: &mut Scope,
    before: &Record,
    input: &Input,
) -> DbResult<Vec<(String, String)>> {
    let shipment = &before.shipment;
    let mut wrong = Vec::new();
    let mut no = |field: &str, sentence: &str| wrong.push((field.to_owned(), sentence.to_owned()));
    if input.order.is_some_and(|order| order != shipment.order_id) {
        no("saleId", "A fulfillment stays with its order. Create another one for the other order.");
    }
    let leaves = matches!(&input.tracking_number, Some(Some(number)) if !number.trim().is_empty());
    if let Some(status) = input.inventory_status
        && status != shipment.inventory_status
        && !(status == InventoryStatus::Shipped && leaves)
    {
        no(
            "inventoryStatus",
            match status {
                InventoryStatus::Shipped => {
                    "It counts as shipped once it has a trackingNumber. Send that with it."
                }
                InventoryStatus::NotShipped => "It has left. Void it if it is to be sent anew.",
            },
        );
    }
    if matches!(input.shipped_at, Some(Some(_))) && shipment.shipped_at.is_none() && !leaves {
        no("shippedAt", "It has not left yet. Send its trackingNumber with it.");
    }
    if matches!(input.shipped_at, Some(None)) && shipment.shipped_at.is_some() {
        no("shippedAt", "It has left; when it did can be corrected, not taken away.");
    }
    if let Some(given) = &input.provider
        && given.as_deref() != before.provider.map(ProviderKind::as_str)
    {
        no("provider", "The provider follows from its connection. Leave it as it is read.");
    }
    let posted = shipment.fulfillment_id.is_some();
    for (field, given, ours) in [
        ("externalId", &input.external_id, posted),
        (
            "shipstationId",
            &input.shipstation_id,
            posted && before.provider == Some(ProviderKind::Shipstation),
        ),
    ] {
        if ours && given.as_ref().is_some_and(|given| *given != shipment.fulfillment_id) {
            no(field, "It is the provider’s id of an order that is there. Leave it as it is read.");
        }
    }
    if let Some(reference) = &input.reference
        && *reference != shipment.number
    {
        #[derive(diesel::QueryableByName)]
        struct Known {
            #[diesel(sql_type = diesel::sql_types::Bool)]
            posted: bool,
            #[diesel(sql_type = diesel::sql_types::Bool)]
            taken: bool,
        }
        let account = scope.account();
        let known: Option<Known> = scope
            .row(
                sql("select exists (select 1 from posts where account_id = {} and shipment_id = {}) as posted, \
                     exists (select 1 from shipments where account_id = {} and number = {}) as taken")
                .bind(account)
                .bind(shipment.id)
                .bind(account)
                .bind(reference),
            )
            .await?;
        let known = known.unwrap_or(Known { posted: true, taken: false });
        if known.posted {
            no("reference", "Its provider knows it by this reference, so it stays.");
        } else if known.taken {
            no("reference", "Another fulfillment has this reference.");
        }
    }
    Ok(wrong)
}

/// The part that goes the way of *Edit shipping details*.
fn shipping(before: &Record, input: &Input, sees_costs: bool) -> edit_shipping::Input {
    let text = |given: &Option<Option<String>>| given.as_ref().map(|text| text.clone().unwrap_or_default());
    let was = before.shipment.tracking_number.clone().unwrap_or_default();
    edit_shipping::Input {
        tracking_number: text(&input.tracking_number).filter(|number| *number != was),
        courier: text(&input.courier),
        service: text(&input.service_level),
        cost: input
            .price_minor
            .filter(|minor| sees_costs && *minor != before.shipment.cost_minor)
            .map(|minor| money::decimal(minor, &before.currency)),
        shipped_at: input
            .shipped_at
            .flatten()
            .filter(|at| Some(*at) != before.shipment.shipped_at)
            .map(|at| at.to_rfc3339()),
        notify: edit_shipping::Notify::Nobody,
    }
}

/// Its mistakes by the names of the record.
fn named(error: ActionError) -> ActionError {
    let ActionError::Refused(fields) = error else { return error };
    let name = |field: String| match field.as_str() {
        "tracking_number" => "trackingNumber".to_owned(),
        "courier" => "trackingCompany".to_owned(),
        "service" => "serviceLevel".to_owned(),
        "cost" => "price".to_owned(),
        "shipped_at" => "shippedAt".to_owned(),
        _ => field,
    };
    ActionError::Refused(fields.into_iter().map(|(field, sentence)| (name(field), sentence)).collect())
}

async fn write_shipment(
    scope: &mut Scope,
    before: &Record,
    input: &Input,
    now: Instant,
) -> Result<(), ActionError> {
    let account = scope.account();
    let shipment = &before.shipment;
    // the words people search by follow the reference
    let reference = input.reference.clone().filter(|reference| *reference != shipment.number);
    let written = scope
        .execute(
            sql("update shipments set number = coalesce({}, number), \
                 search_text = case when {}::text is null then search_text else lower({}::text) || ' ' || search_text end, \
                 channel_attempts = coalesce({}, channel_attempts), \
                 channel_notification = coalesce({}, channel_notification), \
                 fulfillment_type = coalesce({}, fulfillment_type), tags = {}, \
                 tracking_url = case when {} then {} else tracking_url end, \
                 tracking_status = case when {} then {} else tracking_status end, updated_at = {} \
                 where account_id = {} and id = {}")
            .bind(reference.clone())
            .bind(reference.clone())
            .bind(reference)
            .bind(input.channel_attempts)
            .bind(input.channel_notification)
            .bind(input.fulfillment_type)
            .bind(input.tags.clone().unwrap_or_else(|| shipment.tags.clone()))
            .bind(input.tracking_url.is_some())
            .bind(input.tracking_url.clone().flatten())
            .bind(input.tracking_status.is_some())
            .bind(input.tracking_status.flatten())
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await;
    match written {
        Ok(_) => Ok(()),
        // between the look and the write somebody else took it
        Err(error) if error.constraint() == Some("one_shipment_per_number") => {
            Err(ActionError::field("reference", "Another fulfillment has this reference."))
        }
        Err(error) => Err(error.into()),
    }
}

async fn write_details(scope: &mut Scope, before: &Details, input: &Input) -> DbResult<()> {
    let account = scope.account();
    let id: ShipmentId = before.shipment_id;
    let mut kept = before.kept.as_object().cloned().unwrap_or_default();
    for (name, value) in &input.kept {
        match value {
            Value::Null => kept.remove(name),
            value => kept.insert(name.clone(), value.clone()),
        };
    }
    let mut keep = |name: &str, given: &Option<Option<String>>| match given {
        Some(Some(text)) => {
            kept.insert(name.to_owned(), json!(text));
        }
        Some(None) => {
            kept.remove(name);
        }
        None => {}
    };
    keep("externalId", &input.external_id);
    keep("shipstationId", &input.shipstation_id);
    let or =
        |given: &Option<Option<String>>, was: &Option<String>| given.clone().unwrap_or_else(|| was.clone());
    scope
        .execute(
            sql("update shipment_details set record_status = {}, admin_notes = {}, channel_error = {}, \
                 commercial_invoice_url = {}, days = {}, duration_terms = {}, grams = {}, label_error = {}, \
                 label_file_format = {}, label_refund = {}, label_url = {}, mute_error = {}, packed = {}, packed_at = {}, \
                 picked = {}, picked_at = {}, printed_label = {}, printed_label_at = {}, requires_shipping_approval = {}, \
                 service_level_terms = {}, tracking_status_date = {}, tracking_status_details = {}, user_id = {}, kept = {} \
                 where account_id = {} and shipment_id = {}")
            .bind(input.record_status.unwrap_or(before.record_status))
            .bind(or(&input.admin_notes, &before.admin_notes))
            .bind(input.channel_error.unwrap_or(before.channel_error))
            .bind(or(&input.commercial_invoice_url, &before.commercial_invoice_url))
            .bind(input.days.unwrap_or(before.days))
            .bind(or(&input.duration_terms, &before.duration_terms))
            .bind(input.grams.unwrap_or(before.grams))
            .bind(or(&input.label_error, &before.label_error))
            .bind(input.label_file_format.unwrap_or(before.label_file_format))
            .bind(input.label_refund.unwrap_or(before.label_refund))
            .bind(or(&input.label_url, &before.label_url))
            .bind(input.mute_error.unwrap_or(before.mute_error))
            .bind(input.packed.unwrap_or(before.packed))
            .bind(input.packed_at.unwrap_or(before.packed_at))
            .bind(input.picked.unwrap_or(before.picked))
            .bind(input.picked_at.unwrap_or(before.picked_at))
            .bind(input.printed_label.unwrap_or(before.printed_label))
            .bind(input.printed_label_at.unwrap_or(before.printed_label_at))
            .bind(input.requires_shipping_approval.unwrap_or(before.requires_shipping_approval))
            .bind(or(&input.service_level_terms, &before.service_level_terms))
            .bind(input.tracking_status_date.unwrap_or(before.tracking_status_date))
            .bind(or(&input.tracking_status_details, &before.tracking_status_details))
            .bind(input.user_id.unwrap_or(before.user_id))
            .bind(Value::Object(kept))
            .bind(account)
            .bind(id),
        )
        .await?;
    Ok(())
}

/// What differs, by the names of columns; what people and states are about has a
/// line of its own.
fn changes(before: &Record, after: &Record) -> (Map<String, Value>, Map<String, Value>) {
    let facts = |r: &Record| {
        let d = &r.details;
        json!({
            "reference": r.shipment.number, "channel_attempts": r.shipment.channel_attempts,
            "channel_notification": r.shipment.channel_notification, "fulfillment_type": r.shipment.fulfillment_type,
            "tags": r.shipment.tags, "tracking_url": r.shipment.tracking_url,
            "tracking_status": r.shipment.tracking_status, "status": d.record_status,
            "admin_notes": d.admin_notes, "channel_error": d.channel_error,
            "commercial_invoice_url": d.commercial_invoice_url, "days": d.days, "duration_terms": d.duration_terms,
            "grams": d.grams, "label_error": d.label_error, "label_file_format": d.label_file_format,
            "label_refund": d.label_refund, "label_url": d.label_url, "mute_error": d.mute_error,
            "packed": d.packed, "packed_at": d.packed_at, "picked": d.picked, "picked_at": d.picked_at,
            "printed_label": d.printed_label, "printed_label_at": d.printed_label_at,
            "requires_shipping_approval": d.requires_shipping_approval,
            "service_level_terms": d.service_level_terms, "tracking_status_date": d.tracking_status_date,
            "tracking_status_details": d.tracking_status_details, "user_id": d.user_id, "kept": d.kept,
            "tracking_number": r.shipment.tracking_number, "courier": r.shipment.courier,
            "service": r.shipment.service_level, "cost_minor": r.shipment.cost_minor,
            "shipped_at": r.shipment.shipped_at,
        })
    };
    let (was, is) = (facts(before), facts(after));
    let (Value::Object(was), Value::Object(is)) = (was, is) else { return (Map::new(), Map::new()) };
    let differs = |name: &String| was.get(name) != is.get(name);
    (
        was.iter().filter(|(name, _)| differs(name)).map(|(n, v)| (n.clone(), v.clone())).collect(),
        is.iter().filter(|(name, _)| differs(name)).map(|(n, v)| (n.clone(), v.clone())).collect(),
    )
}
