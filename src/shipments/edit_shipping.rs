//! *Edit shipping details*: tracking number, courier, service and cost, at any
//! time and also of a closed order; never the warehouse. A first tracking number
//! means that the shipment has left; another one is a correction, which the
//! channel and the customer hear of only if the person says so.

use super::{
    Shipment, Status, Subject,
    leave::{self, Departure},
    tell_correction::{self, notify},
    told,
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    couriers::{catalogue, seen},
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    money,
    notify::responders::{self, Trigger},
    text_enum::text_enum,
};
use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// The most characters of a tracking number, a courier and a service.
pub const MOST: usize = 100;

text_enum! {
    /// Who is told of a correction.
    Notify {
        /// Nobody.
        Nobody = "none",
        /// The sales channel: what it was told is corrected, or told again where it takes no corrections.
        Channel = "channel",
        /// The customer: the e-mail of a shipment that left is sent again.
        Customer = "customer",
        /// Both.
        Both = "both",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro writes the enum")]
impl Default for Notify {
    fn default() -> Self {
        Notify::Nobody
    }
}

impl Notify {
    pub(super) fn channel(self) -> bool {
        matches!(self, Notify::Channel | Notify::Both)
    }

    pub(super) fn customer(self) -> bool {
        matches!(self, Notify::Customer | Notify::Both)
    }
}

/// The action.
#[derive(Debug)]
pub struct EditShipping;

/// What it is to be. What is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The tracking number.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// The courier.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// The courier's service.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What sending it cost, as a decimal in the order's currency.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// When it left, as RFC 3339.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<String>,
    /// Who is told of a correction.
    #[serde(default)]
    pub notify: Notify,
}

/// An empty field of a form is given: it empties the value.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// What an input comes to on a shipment as it is.
#[derive(Debug, Clone)]
pub struct Change {
    pub(super) tracking_number: String,
    courier: String,
    service: String,
    cost_minor: i64,
    shipped_at: Option<Instant>,
    /// The shipment leaves the warehouse by it.
    pub leaves: bool,
    /// Who hears of a correction.
    pub(super) notify: Notify,
    /// What is corrected, in words: empty when nothing is.
    pub(super) corrected: Vec<&'static str>,
}

impl Change {
    /// Whether anything changes.
    pub fn is_any(&self) -> bool {
        self.leaves || !self.corrected.is_empty()
    }

    /// One sentence for previews.
    pub fn sentence(&self) -> String {
        if self.leaves {
            return format!("Leaves with {}, tracking {}.", self.courier, self.tracking_number);
        }
        match self.corrected.as_slice() {
            [] => "Nothing changes.".into(),
            parts => format!("Corrects the {}.", listed(parts)),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Works out what an input comes to, or which field will not do and why.
pub fn work_out(
    subject: &Subject,
    input: &Input,
    sees_costs: bool,
    now: Instant,
) -> Result<Change, ActionError> {
    let shipment = &subject.shipment;
    let tracking_number = text(&input.tracking_number, &shipment.tracking_number, "tracking_number")?;
    let courier = text(&input.courier, &shipment.courier, "courier")?;
    let service = text(&input.service, &shipment.service_level, "service")?;
    let cost_minor = cost(subject, input, sees_costs)?;
    let shipped_at = shipped_at(input, now)?;
    let was = shipment.tracking_number.as_deref().unwrap_or_default();
    let renumbered = tracking_number != was;
    if renumbered {
        check_number(subject, &tracking_number)?;
    }
    if !tracking_number.is_empty() && courier.is_empty() {
        return Err(ActionError::field("courier", "Enter the courier that has the parcel."));
    }
    let leaves = renumbered && leave::would_leave(shipment.status);
    let mut corrected = Vec::new();
    for (what, differs) in [
        ("tracking number", renumbered),
        ("courier", courier != shipment.courier.as_deref().unwrap_or_default()),
        ("service", service != shipment.service_level.as_deref().unwrap_or_default()),
        ("shipping cost", cost_minor != shipment.cost_minor),
        (
            "ship date",
            shipped_at.is_some() && shipment.shipped_at.is_some() && shipped_at != shipment.shipped_at,
        ),
    ] {
        if differs {
            corrected.push(what);
        }
    }
    Ok(Change {
        tracking_number,
        courier,
        service,
        cost_minor,
        shipped_at,
        leaves,
        notify: input.notify,
        corrected,
    })
}

fn text(given: &Option<String>, was: &Option<String>, field: &str) -> Result<String, ActionError> {
    let Some(given) = given else { return Ok(was.clone().unwrap_or_default()) };
    let given = given.trim();
    if given.chars().count() > MOST {
        return Err(ActionError::field(field, format!("Keep it under {MOST} characters.")));
    }
    if given.chars().any(char::is_control) {
        return Err(ActionError::field(field, "Write it on one line, without tabs."));
    }
    Ok(given.to_owned())
}

fn cost(subject: &Subject, input: &Input, sees_costs: bool) -> Result<i64, ActionError> {
    let was = subject.shipment.cost_minor;
    let Some(given) = input.cost.as_deref().map(str::trim).filter(|cost| !cost.is_empty()) else {
        return Ok(was);
    };
    if !sees_costs {
        return Err(ActionError::field("cost", "Your role does not see costs, so it cannot change them."));
    }
    let currency = &subject.around.currency;
    match money::parse(given, currency) {
        Some(minor @ 0..) => Ok(minor),
        _ => Err(ActionError::field(
            "cost",
            format!(
                "Write the cost in {currency} as an amount such as {}, with a dot before the decimals.",
                money::decimal(495, currency)
            ),
        )),
    }
}

fn shipped_at(input: &Input, now: Instant) -> Result<Option<Instant>, ActionError> {
    let Some(given) = input.shipped_at.as_deref().map(str::trim).filter(|at| !at.is_empty()) else {
        return Ok(None);
    };
    let Ok(at) = DateTime::parse_from_rfc3339(given) else {
        return Err(ActionError::field("shipped_at", "Write the ship date such as 2026-11-20T09:41:00Z."));
    };
    // a warehouse east of us may be a day ahead
    if at > now + chrono::Duration::days(1) {
        return Err(ActionError::field("shipped_at", "The ship date is in the future. Write when it left."));
    }
    Ok(Some(at.into()))
}

/// Whether the number may become this one.
fn check_number(subject: &Subject, number: &str) -> Result<(), ActionError> {
    let who = subject.provider_name();
    let sentence = match subject.shipment.status {
        Status::Posting => {
            format!("It is being posted to {who} now. Enter the tracking number once that is over.")
        }
        Status::Unconfirmed => format!(
            "It is not known whether {who} has it. Check with the provider before you enter a tracking number."
        ),
        _ if number.is_empty() => "A tracking number can be corrected, not taken away.".into(),
        _ => return Ok(()),
    };
    Err(ActionError::field("tracking_number", sentence))
}

impl Action for EditShipping {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "edit_shipping";
    const LABEL: &'static str = "Edit shipping details";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        match subject.shipment.voided_at {
            Some(_) => Availability::no_but("The shipment is voided. Restore it first.", "restore_shipment"),
            None => Availability::Available,
        }
    }

    async fn preview(scope: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let shipment = &subject.shipment;
        let mails = responders::would_write(scope, Trigger::Shipped, shipment.id).await?;
        let mut effects = Vec::new();
        if matches!(shipment.status, Status::PendingPost | Status::PendingTracking | Status::Error) {
            effects.push(
                "Entering a new tracking number means that it has left: it becomes Shipped and its items count as shipped."
                    .to_owned(),
            );
            if mails > 0 {
                let e_mails = if mails == 1 { "e-mail goes" } else { "e-mails go" };
                effects.push(format!("Then {mails} shipped {e_mails} to the customer."));
            }
            if subject.around.channel_submits {
                effects.push(format!("Then {} is sent the tracking.", subject.around.channel_name));
            }
            if shipment.status == Status::PendingPost {
                effects.push(format!(
                    "It was never posted to {}, and is not posted any more once it has left.",
                    subject.provider_name()
                ));
            }
        } else {
            effects.push("Status, items and warehouse stay as they are.".into());
            effects.extend(tell_correction::what_it_takes(subject));
        }
        effects.push("The old values stay in the history.".into());
        Ok(Preview {
            question: format!("Edit the shipping details of {}?", shipment.number),
            effects,
            button: "Save shipping details".into(),
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
        let sees_costs = by.can(Permission::CostsView);
        let change = work_out(&subject, &input, sees_costs, now)?;
        let shipment = &subject.shipment;
        if change.leaves {
            let left = Departure {
                courier: &change.courier,
                tracking_number: &change.tracking_number,
                service: Some(change.service.as_str())
                    .filter(|s| Some(*s) != shipment.service_level.as_deref()),
                cost_minor: Some(change.cost_minor).filter(|cost| *cost != shipment.cost_minor),
                shipped_at: change.shipped_at,
                record: None,
            };
            leave::leave(scope, &subject, left, by, now).await?;
            return Ok(Outcome::done(format!(
                "{} has left with {}, tracking {}.",
                shipment.number, change.courier, change.tracking_number
            )));
        }
        if !change.is_any() {
            return Ok(Outcome::unchanged("The shipping details are as they were."));
        }
        correct(scope, &subject, &change, by, now).await?;
        let told = notify(scope, &subject, &change, by, now).await?;
        let message =
            format!("Changed the {} of {}.{}", listed(&change.corrected), shipment.number, told.words);
        let outcome = Outcome::done(message);
        Ok(match told.anybody {
            // what others were told is not taken back by changing our side again
            true => outcome,
            false => outcome.undone_by(EditShipping::NAME, as_it_was(&subject, sees_costs)),
        })
    }
}

/// The input that puts everything back.
fn as_it_was(subject: &Subject, sees_costs: bool) -> Value {
    let Shipment { tracking_number, courier, service_level, cost_minor, shipped_at, .. } = &subject.shipment;
    let input = Input {
        tracking_number: tracking_number.clone(),
        courier: Some(courier.clone().unwrap_or_default()),
        service: Some(service_level.clone().unwrap_or_default()),
        cost: sees_costs.then(|| money::decimal(*cost_minor, &subject.around.currency)),
        shipped_at: shipped_at.map(|at| at.to_rfc3339()),
        notify: Notify::Nobody,
    };
    json!(input)
}

/// Writes a correction: what we have, and nothing outside.
async fn correct(
    scope: &mut Scope,
    subject: &Subject,
    change: &Change,
    by: &By,
    now: Instant,
) -> DbResult<()> {
    let shipment = &subject.shipment;
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let url = catalogue::by_any_name(&change.courier).and_then(|c| c.tracking_url(&change.tracking_number));
    let account = scope.account();
    told::note_before(scope, shipment, now).await?;
    scope
        .execute(
            sql("update shipments set tracking_number = {}, courier = {}, service_level = {}, tracking_url = case when {} then {} else tracking_url end, \
                 cost_minor = {}, shipped_at = case when shipped_at is null then null \
                 else coalesce({}::timestamptz, shipped_at) end, \
                 search_text = case when {} then search_text || ' ' || lower({}) else search_text end, \
                 version = version + 1, updated_at = {} where account_id = {} and id = {}")
            .bind(some(&change.tracking_number))
            .bind(some(&change.courier))
            .bind(some(&change.service))
            .bind(["tracking number", "courier"].iter().any(|part| change.corrected.contains(part)))
            .bind(url)
            .bind(change.cost_minor)
            .bind(change.shipped_at)
            .bind(change.corrected.contains(&"tracking number"))
            .bind(&change.tracking_number)
            .bind(now)
            .bind(account)
            .bind(shipment.id),
        )
        .await?;
    if change.corrected.contains(&"courier") {
        seen::note(scope, shipment.channel_id, &change.courier, shipment.id, now).await?;
    }
    let currency = &subject.around.currency;
    let entry = Entry::shipment(
        &by.actor,
        "shipment_shipping_edited",
        shipment.id,
        shipment.order_id,
        format!("Changed the {} of {}", listed(&change.corrected), shipment.number),
    )
    .changed(
        json!({
            "tracking_number": shipment.tracking_number,
            "courier": shipment.courier,
            "service": shipment.service_level,
            "shipping_cost": money::decimal(shipment.cost_minor, currency),
            "shipped_at": shipment.shipped_at.map(|at| at.to_rfc3339()),
        }),
        json!({
            "tracking_number": some(&change.tracking_number),
            "courier": some(&change.courier),
            "service": some(&change.service),
            "shipping_cost": money::decimal(change.cost_minor, currency),
            "shipped_at": shipment.shipped_at.map(|at| change.shipped_at.unwrap_or(at).to_rfc3339()),
        }),
    )
    .traced(Some(&by.trace))
    .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    Ok(())
}
