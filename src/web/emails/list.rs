//! `/emails`: what responders wrote to customers.

use crate::{
    accounts::Permission,
    actions::Target as _,
    ids::{ResponderId, ShipmentId},
    notify::{
        emails::{self, Email, EmailState},
        responders::Responder,
    },
    web::{
        Visitor, WebResult,
        badge::{self, Badge},
        list::List,
        markup::{Pager, Stamp},
        records::{Chip, Choice, words::log_stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// What stands where somebody may not see personal data.
pub const HIDDEN: &str = "Hidden for your role";

struct Row {
    href: String,
    at: Stamp,
    trigger: &'static str,
    shipment: Option<(String, String)>,
    recipient: String,
    subject: String,
    badge: Badge,
}

#[derive(Template)]
#[template(path = "emails/list.html")]
struct Page {
    shell: Shell,
    /// Whether there is a mail server.
    sends: bool,
    may_see: bool,
    tabs: Vec<Choice>,
    chips: Vec<Chip>,
    notes: Vec<String>,
    rows: Vec<Row>,
    filtered: bool,
    further: bool,
    pager: Pager,
}

/// What made a responder write.
pub fn trigger(word: &str) -> &'static str {
    match word {
        "fulfilled" => "Shipment fulfilled",
        "shipped" => "Shipment shipped",
        "delivered" => "Shipment delivered",
        emails::ENDPOINT_DISABLED => "Endpoint disabled",
        _ => "Written by hand",
    }
}

/// `GET /emails`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let list = List::read(&visitor, &["shipment", "responder", "state"]);
    let shipment = list.value::<ShipmentId>("shipment");
    let responder = list.value::<ResponderId>("responder");
    let state = list.word("state", EmailState::parse);
    let page = emails::page(&mut scope, shipment, responder, state, list.after(), list.size()).await?;
    let mut chips = Vec::new();
    if let Some(id) = shipment {
        let number = page
            .rows
            .iter()
            .find_map(|email| email.shipment_number.clone())
            .unwrap_or_else(|| id.to_string());
        chips.push(Chip {
            text: format!("Shipment: {number}"),
            href: list.link().without("shipment").to_string(),
        });
    }
    if let Some(id) = responder {
        let written = Responder::load(&mut scope, id.0, false).await?;
        let name = written.map_or_else(|| id.to_string(), |responder| responder.name);
        chips.push(Chip {
            text: format!("Responder: {name}"),
            href: list.link().without("responder").to_string(),
        });
    }
    let pager = list.pager(&page, None, "e-mails");
    let may_see = visitor.can(Permission::PersonalView);
    let page = Page {
        may_see,
        sends: visitor.app.outbound.mailer().is_some(),
        tabs: tabs(&list, state),
        chips,
        notes: list.notes(),
        rows: page.rows.into_iter().map(|email| row(&visitor, email, may_see)).collect(),
        filtered: list.is_filtered(),
        further: list.after().is_some(),
        pager,
        shell: visitor.shell(&mut scope, "emails").await?,
    };
    visitor.html(&page)
}

fn tabs(list: &List, chosen: Option<EmailState>) -> Vec<Choice> {
    let all = Choice::new(list.link().without("state").to_string(), "All", chosen.is_none());
    let states = EmailState::ALL.iter().map(|state| {
        let label = badge::email_state(*state).label;
        Choice::new(list.link().with("state", state).to_string(), label, chosen == Some(*state))
    });
    std::iter::once(all).chain(states).collect()
}

fn row(visitor: &Visitor, email: Email, may_see: bool) -> Row {
    Row {
        href: format!("/emails/{}", email.id),
        at: log_stamp(visitor, email.at()),
        trigger: trigger(&email.trigger),
        badge: badge::email_state(email.state),
        shipment: email
            .shipment_id
            .map(|id| (format!("/shipments/{id}"), email.shipment_number.unwrap_or_else(|| id.to_string()))),
        recipient: if may_see { email.recipient } else { HIDDEN.to_owned() },
        // a template may greet by name in its subject
        subject: if may_see { email.subject } else { HIDDEN.to_owned() },
    }
}
