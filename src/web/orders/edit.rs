//! What the forms ask that change an order: its tags, where it goes, how it is shipped.

use crate::{
    accounts::Permission,
    db::Scope,
    orders::{
        Subject,
        edit_address::{self, EditAddress},
        edit_service::EditService,
        tags::{AddTags, RemoveTags},
    },
    web::{Fields, Visitor, WebError, WebResult, action::ActionFields, markup::FormErrors},
};
use askama::Template;

/// Which tags.
#[derive(Debug)]
pub struct TagField;

#[derive(Template)]
#[template(path = "orders/_tag_field.html")]
struct TagRow<'a> {
    tags: &'a str,
    /// What the order has.
    now: String,
    errors: &'a FormErrors,
}

fn tag_row(subject: &Subject, fields: &Fields, errors: &FormErrors) -> WebResult<String> {
    Ok(TagRow { tags: fields.get("tags"), now: subject.order.tags.join(", "), errors }.render()?)
}

impl ActionFields<AddTags> for TagField {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        tag_row(subject, fields, errors)
    }
}

impl ActionFields<RemoveTags> for TagField {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        tag_row(subject, fields, errors)
    }
}

/// Where it goes: what was typed, or what it is.
#[derive(Debug)]
pub struct AddressFields;

#[derive(Template)]
#[template(path = "orders/_address_fields.html")]
struct AddressRows<'a> {
    a: edit_address::Input,
    /// What it is, where something else was typed.
    now: String,
    errors: &'a FormErrors,
}

impl ActionFields<EditAddress> for AddressFields {
    async fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        // the form shows what it changes
        visitor.need(Permission::PersonalView)?;
        let current = edit_address::current(scope, subject).await?;
        if !fields.0.iter().any(|(name, _)| name == "line1") {
            return Ok(AddressRows { a: current, now: String::new(), errors }.render()?);
        }
        let parts = current.parts().map(|(_, text)| text).into_iter().filter(|text| !text.is_empty());
        let now = parts.collect::<Vec<_>>().join(", ");
        let typed = fields.parse().map_err(WebError::Refused)?;
        Ok(AddressRows { a: typed, now, errors }.render()?)
    }
}

/// How it is shipped: what was typed, or what it is.
#[derive(Debug)]
pub struct MethodField;

#[derive(Template)]
#[template(path = "orders/_method_field.html")]
struct MethodRow<'a> {
    method: &'a str,
    /// What it is, where something else was typed.
    now: &'a str,
    errors: &'a FormErrors,
}

impl ActionFields<EditService> for MethodField {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let current = subject.order.shipping_method.as_str();
        let typed = fields.0.iter().any(|(name, _)| name == "shipping_method");
        let (method, now) = if typed { (fields.get("shipping_method"), current) } else { (current, "") };
        Ok(MethodRow { method, now, errors }.render()?)
    }
}
