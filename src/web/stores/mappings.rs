//! What the forms of the couriers page do: save a mapping, remove one, send
//! again what failed for want of one.

use super::{
    couriers::{self, Trouble, Typed},
    head,
};
use crate::{
    accounts::Permission,
    actions::{ActionError, Outcome, Stale},
    channels::store,
    couriers::mapping::{self, Mapping, NewMapping},
    ids::{ChannelId, MappingId, StoreId},
    remedies::map_courier,
    web::{Fields, Path, Visitor, WebError, WebResult, list::Link, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;

/// The channel must be the store's.
async fn belongs(visitor: &Visitor, store: StoreId, channel: ChannelId) -> WebResult<Vec<Mapping>> {
    visitor.need(Permission::CouriersEdit)?;
    let mut scope = visitor.scope().await?;
    store::channel(&mut scope, channel)
        .await?
        .filter(|row| row.store_id == store)
        .ok_or(WebError::NotFound)?;
    Ok(mapping::list(&mut scope, channel).await?)
}

fn page(store: StoreId, channel: ChannelId) -> String {
    format!("/stores/{store}/channels/{channel}/couriers")
}

/// `POST /stores/{id}/channels/{channel_id}/couriers`: saves one mapping.
pub async fn save(
    visitor: Visitor,
    path: Path<(StoreId, ChannelId)>,
    fields: Fields,
) -> WebResult<HttpResponse> {
    let (store, channel) = path.0;
    let mappings = belongs(&visitor, store, channel).await?;
    let text = |name: &str| fields.get(name).trim().to_owned();
    let typed = Typed {
        courier: text("courier"),
        other_courier: text("other_courier"),
        service: text("service"),
        custom_name: text("custom_name"),
        custom_code: text("custom_code"),
        edit: fields.get("edit").parse().ok(),
        version: text("version"),
    };
    let courier = [&typed.other_courier, &typed.courier].into_iter().find(|text| !text.is_empty()).cloned();
    let mut new = NewMapping {
        courier: courier.unwrap_or_default(),
        service: typed.service.clone(),
        custom_name: typed.custom_name.clone(),
        custom_code: Some(typed.custom_code.clone()).filter(|code| !code.is_empty()),
        version: typed.version.parse().ok(),
    };
    let two = [&typed.courier, &typed.other_courier].map(|text| mapping::key(text));
    if two.iter().all(|courier| !courier.is_empty()) && two[0] != two[1] {
        let sentence = format!(
            "Choose one: {} from the list, or {}. Only one mapping is saved at a time.",
            typed.courier, typed.other_courier
        );
        let errors = [("other_courier", sentence)].into_iter().collect();
        let trouble = Trouble { errors, ..Trouble::default() };
        return couriers::render(&visitor, store, channel, typed, None, trouble).await;
    }
    let known = known(&mappings, &new);
    if new.version.is_none()
        && let Some(known) = known
    {
        // the form for a new mapping knows no version; it knows when it was made
        let loaded: i64 = fields.get("loaded").parse().unwrap_or(0);
        if known.updated_at.timestamp_micros() > loaded {
            let stale = Stale {
                what: format!("The mapping of {} (now “{}”)", new.courier, known.custom_name),
                changes: Vec::new(),
            };
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            return couriers::render(&visitor, store, channel, typed, None, trouble).await;
        }
        new.version = Some(known.version);
        if new.custom_code.is_none() {
            new.custom_code.clone_from(&known.custom_code);
        }
    }
    if new.version.is_some() && known.is_none() {
        let what = format!("The mapping of {} (it was removed)", new.courier);
        let trouble = Trouble { stale: Some(Stale { what, changes: Vec::new() }), ..Trouble::default() };
        return couriers::render(&visitor, store, channel, typed, None, trouble).await;
    }
    let courier = new.courier.clone();
    match write(&visitor, channel, new, false).await? {
        Ok(outcome) => {
            let tone = if outcome.changed { "success" } else { "info" };
            visitor.flash(tone, outcome.message);
            visitor.see_other(Link::to(page(store, channel)).with("saved", courier).to_string())
        }
        Err(ActionError::Refused(list)) => {
            let trouble = Trouble { errors: list.into_iter().collect(), stale: None };
            couriers::render(&visitor, store, channel, typed, None, trouble).await
        }
        Err(ActionError::Stale(stale)) => {
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            couriers::render(&visitor, store, channel, typed, None, trouble).await
        }
        Err(error) => Err(error.into()),
    }
}

fn known<'a>(mappings: &'a [Mapping], new: &NewMapping) -> Option<&'a Mapping> {
    let (courier, service) = (mapping::key(&new.courier), mapping::key(&new.service));
    mappings.iter().find(|m| m.courier == courier && m.service == service)
}

async fn write(
    visitor: &Visitor,
    channel: ChannelId,
    new: NewMapping,
    resend: bool,
) -> WebResult<Result<Outcome, ActionError>> {
    let (db, account, by, now) = (visitor.app.db.clone(), visitor.person.account, visitor.by(), visitor.now);
    visitor
        .app
        .finish(async move { map_courier::save(&db, account, channel, &new, resend, &by, now).await })
        .await
}

/// `POST …/couriers/resend`: sends again what failed for a courier that is mapped by now.
pub async fn resend(
    visitor: Visitor,
    path: Path<(StoreId, ChannelId)>,
    fields: Fields,
) -> WebResult<HttpResponse> {
    let (store, channel) = path.0;
    let mappings = belongs(&visitor, store, channel).await?;
    let mut new = NewMapping {
        courier: fields.get("courier").trim().to_owned(),
        service: String::new(),
        custom_name: String::new(),
        custom_code: None,
        version: None,
    };
    let Some(known) = known(&mappings, &new).cloned() else {
        return Err(WebError::field("courier", "This courier is not mapped. Map it first, then resend."));
    };
    new = NewMapping {
        custom_name: known.custom_name,
        custom_code: known.custom_code,
        version: Some(known.version),
        ..new
    };
    let outcome = write(&visitor, channel, new, true).await??;
    visitor.flash(if outcome.changed { "success" } else { "info" }, outcome.message);
    visitor.see_other(page(store, channel))
}

#[derive(Template)]
#[template(path = "stores/_remove.html")]
struct Confirm {
    href: String,
    back: String,
    courier: String,
    name: String,
    channel: String,
    rule: &'static str,
    in_dialog: bool,
}

impl askama::filters::HtmlSafe for Confirm {}

#[derive(Template)]
#[template(path = "stores/remove.html")]
struct ConfirmPage {
    shell: Shell,
    part: Confirm,
}

/// `GET …/couriers/{mapping_id}/remove`: says what removing a mapping means.
pub async fn confirm(
    visitor: Visitor,
    path: Path<(StoreId, ChannelId, MappingId)>,
) -> WebResult<HttpResponse> {
    let (store, channel, id) = path.0;
    let mapping = belongs(&visitor, store, channel)
        .await?
        .into_iter()
        .find(|m| m.id == id)
        .ok_or_else(|| WebError::Gone("This mapping was removed.".to_owned()))?;
    let mut scope = visitor.scope().await?;
    let (head, row) = head::read(&visitor, &mut scope, store, channel, "couriers").await?;
    use crate::channels::OnUnmappedCourier::{HoldBack, SendAsIs, UseFallback};
    let part = Confirm {
        href: visitor.asked.path.clone(),
        back: page(store, channel),
        courier: mapping.courier,
        name: mapping.custom_name,
        channel: head.name,
        rule: match row.on_unmapped_courier {
            SendAsIs => "From then on the courier is sent as it came to us, as the channel’s settings say.",
            UseFallback => {
                "From then on the fallback courier is sent instead, as the channel’s settings say."
            }
            HoldBack => "From then on its shipments are held back, as the channel’s settings say.",
        },
        in_dialog: visitor.partial(),
    };
    let shell = visitor.shell(&mut scope, "stores").await?;
    visitor.page_or_part(part, |part| ConfirmPage { shell, part })
}

/// `POST …/couriers/{mapping_id}/remove`
pub async fn remove(
    visitor: Visitor,
    path: Path<(StoreId, ChannelId, MappingId)>,
) -> WebResult<HttpResponse> {
    let (store, channel, id) = path.0;
    let mappings = belongs(&visitor, store, channel).await?;
    let name = mappings.into_iter().find(|m| m.id == id).map(|m| m.courier);
    let (db, account, by, now) = (visitor.app.db.clone(), visitor.person.account, visitor.by(), visitor.now);
    let removed = visitor
        .app
        .finish(async move {
            let mut scope = db.scope(account).await?;
            let removed = mapping::remove(&mut scope, channel, id, &by, now).await?;
            scope.commit().await?;
            Ok::<bool, crate::db::DbError>(removed)
        })
        .await??;
    match (removed, name) {
        (true, Some(courier)) => {
            visitor.flash(
                "success",
                format!("The mapping of {courier} is removed. It can be restored from the list below."),
            );
        }
        _ => return Err(WebError::NotFound),
    }
    visitor.see_other(page(store, channel))
}
