//! What the form of *Edit shipping details* asks.

use crate::{
    accounts::Permission,
    couriers::catalogue,
    db::Scope,
    money,
    notify::responders::{self, Trigger},
    shipments::{
        Status, Subject,
        edit_shipping::{EditShipping, Notify},
        submit, tell_correction,
    },
    web::{Fields, Visitor, WebResult, action::ActionFields, markup::FormErrors},
};
use askama::Template;

/// Tracking number, courier, service, cost, and who is told of a correction.
#[derive(Debug)]
pub struct ShippingDetails;

struct Choice {
    value: Notify,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "shipments/_edit_shipping.html")]
struct Rows<'a> {
    tracking_number: &'a str,
    courier: &'a str,
    service: &'a str,
    cost: Option<String>,
    currency: &'a str,
    couriers: Vec<&'static str>,
    choices: Vec<Choice>,
    errors: &'a FormErrors,
}

impl ActionFields<EditShipping> for ShippingDetails {
    async fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let shipment = &subject.shipment;
        let typed =
            |name: &str| fields.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let cost = visitor.can(Permission::CostsView).then(|| {
            let is = || money::decimal(shipment.cost_minor, &subject.around.currency);
            typed("cost").map_or_else(is, str::to_owned)
        });
        let rows = Rows {
            tracking_number: typed("tracking_number")
                .or(shipment.tracking_number.as_deref())
                .unwrap_or_default(),
            courier: typed("courier").or(shipment.courier.as_deref()).unwrap_or_default(),
            service: typed("service").or(shipment.service_level.as_deref()).unwrap_or_default(),
            cost,
            currency: &subject.around.currency,
            couriers: catalogue::all().iter().map(|courier| courier.name.as_str()).collect(),
            choices: choices(scope, subject, typed("notify").unwrap_or_default()).await?,
            errors,
        };
        Ok(rows.render()?)
    }
}

/// Who can be told of a correction; nobody before there is one.
async fn choices(scope: &mut Scope, subject: &Subject, typed: &str) -> WebResult<Vec<Choice>> {
    if !matches!(subject.shipment.status, Status::Shipped | Status::Delivered) {
        return Ok(Vec::new());
    }
    let mails = responders::would_write(scope, Trigger::Shipped, subject.shipment.id).await?;
    let submits = submit::available(subject).is_available();
    let again = match mails {
        1 => "1 shipped e-mail again".to_owned(),
        n => format!("{n} shipped e-mails again"),
    };
    let offered = [
        (Notify::Nobody, "Nobody".to_owned(), true),
        (Notify::Channel, tell_correction::offer(subject), submits),
        (Notify::Customer, format!("The customer: {again}"), mails > 0),
        (Notify::Both, "Both".to_owned(), submits && mails > 0),
    ];
    let chosen = Notify::parse(typed).unwrap_or_default();
    Ok(offered
        .into_iter()
        .filter(|(.., offered)| *offered)
        .map(|(value, label, _)| Choice { value, label, chosen: value == chosen })
        .collect())
}
