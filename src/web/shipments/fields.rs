//! What the forms of a shipment's actions ask besides.

use crate::{
    db::Scope,
    shipments::{Subject, decide_post::DecidePost, repost::Repost},
    web::{Fields, Visitor, WebResult, action::ActionFields, markup::FormErrors},
};
use askama::Template;

/// Whether the earlier order is canceled first, where its provider takes that.
#[derive(Debug)]
pub struct CancelFirst;

#[derive(Template)]
#[template(path = "shipments/_cancel_first.html")]
struct CancelFirstRow<'a> {
    who: &'a str,
    ticked: bool,
}

impl ActionFields<Repost> for CancelFirst {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        _: &FormErrors,
    ) -> WebResult<String> {
        if !subject.capabilities().is_some_and(|c| c.cancels) {
            return Ok(String::new());
        }
        let ticked = fields.ticked("cancel_first");
        Ok(CancelFirstRow { who: subject.provider_name(), ticked }.render()?)
    }
}

/// What the person saw at the provider.
#[derive(Debug)]
pub struct WhatWasSeen;

#[derive(Template)]
#[template(path = "shipments/_decide.html")]
struct DecideRows<'a> {
    who: &'a str,
    reference: &'a str,
    there: &'a str,
    remote_id: &'a str,
    errors: &'a FormErrors,
}

impl ActionFields<DecidePost> for WhatWasSeen {
    async fn render(
        _: &Visitor,
        scope: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let posts = crate::shipments::posts::of_shipment(scope, subject.shipment.id).await?;
        let reference = posts.first().map_or(&subject.shipment.number, |post| &post.external_reference);
        let rows = DecideRows {
            who: subject.provider_name(),
            reference,
            there: fields.get("there"),
            remote_id: fields.get("remote_id"),
            errors,
        };
        Ok(rows.render()?)
    }
}
