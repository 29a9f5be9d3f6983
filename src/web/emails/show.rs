//! `/emails/{id}`: one e-mail as it was written.

use super::list::{HIDDEN, trigger};
use crate::{
    accounts::Permission,
    ids::EmailId,
    notify::emails::{self, EmailState, ResendEmail},
    web::{
        Path, Visitor, WebError, WebResult, action,
        activity::words,
        badge::{self, Badge},
        markup::{ActionItem, Offer, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "emails/show.html")]
struct Page {
    shell: Shell,
    heading: String,
    kept: bool,
    badge: Badge,
    at: Stamp,
    trigger: &'static str,
    recipient: String,
    subject: String,
    /// `None` when it is hidden.
    body: Option<String>,
    shipment: Option<Offer>,
    order: Option<String>,
    attempts: i32,
    /// The mail server's words when it took it.
    reply: String,
    message_id: String,
    /// What it repeats.
    again: Option<String>,
    /// Nobody knows whether it was taken.
    unknown: bool,
    /// Whether there is a mail server, and when it is tried again.
    sends: bool,
    schedule: &'static str,
    resend: Option<ActionItem>,
    error: String,
    trace: String,
    chain: String,
}

/// `GET /emails/{id}`
pub async fn show(visitor: Visitor, id: Path<EmailId>) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let email = emails::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let may_see = visitor.can(Permission::PersonalView);
    let hide = |text: String| if may_see { text } else { HIDDEN.to_owned() };
    let at = visitor.stamp(email.at());
    let resend = action::item::<ResendEmail>(&visitor, email.id.0, &email, "send");
    let page = Page {
        resend,
        reply: email.reply.clone().map(hide).unwrap_or_default(),
        message_id: email.message_id.clone().unwrap_or_default(),
        again: email.resend_of.map(|id| format!("/emails/{id}")),
        unknown: email.state == EmailState::Unknown,
        sends: visitor.app.outbound.mailer().is_some(),
        schedule: emails::SCHEDULE_WORDS,
        kept: email.state == EmailState::Kept,
        badge: badge::email_state(email.state),
        at,
        trigger: trigger(&email.trigger),
        heading: if may_see { email.subject.clone() } else { trigger(&email.trigger).to_owned() },
        recipient: hide(email.recipient),
        subject: hide(email.subject),
        body: may_see.then_some(email.body),
        order: email.order_id.map(|id| format!("/orders/{id}")),
        shipment: email.shipment_id.map(|id| Offer {
            label: email.shipment_number.clone().unwrap_or_else(|| id.to_string()),
            href: format!("/shipments/{id}"),
        }),
        attempts: email.attempts,
        // a mail server's words may repeat the address
        error: email.last_error.map(hide).unwrap_or_default(),
        chain: email.trace_id.as_deref().map(words::chain).unwrap_or_default(),
        trace: email.trace_id.unwrap_or_default(),
        shell: visitor.shell(&mut scope, "emails").await?,
    };
    visitor.html(&page)
}
