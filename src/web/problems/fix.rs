//! The page that fixes a problem. For a courier the channel does not know it is
//! one step: map it, and resend everything that waits for it.

use crate::{
    actions::{ActionError, Outcome, Stale},
    channels::{ChannelKind, store},
    couriers::{
        catalogue,
        mapping::{self, NewMapping},
        suggest,
    },
    db::Scope,
    ids::{ChannelId, ProblemId, ShipmentId},
    problems::{
        diagnose::Fix,
        list::{self as problems, Row},
    },
    remedies::map_courier,
    shipments::Subject,
    web::{
        Fields, Path, Visitor, WebError, WebResult, list::Link, local_path::LocalPath, markup::FormErrors,
        shell::Shell,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

/// A name that was probably meant.
struct Suggested {
    name: &'static str,
    courier: String,
    href: String,
    current: bool,
}

/// The form that maps a courier.
#[derive(Template)]
#[template(path = "problems/map_courier.html")]
struct MapCourier {
    shell: Shell,
    errors: FormErrors,
    /// What the mapping is by now, when somebody else saved it meanwhile.
    stale: Option<String>,
    row: Row,
    sentence: String,
    href: String,
    back: String,
    channel: String,
    kind: ChannelKind,
    couriers_page: String,
    courier: String,
    service: String,
    name: String,
    code: String,
    version: String,
    /// What it is mapped to now.
    mapped: Option<String>,
    waiting: usize,
    suggested: Vec<Suggested>,
    known: Vec<&'static str>,
}

/// What went wrong with the form.
#[derive(Default)]
struct Trouble {
    errors: FormErrors,
    stale: Option<Stale>,
}

/// `GET /problems/{id}/fix`: the mapping's form. What no mapping fixes has its
/// page one step up.
pub async fn fix(visitor: Visitor, id: Path<i64>) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let mut scope = visitor.scope().await?;
    let row = problems::find(&mut scope, ProblemId(id.0)).await?.ok_or(WebError::NotFound)?;
    let Some((channel, courier)) = mappable(&row) else {
        return visitor
            .see_other(Link::of(format!("/problems/{}", row.id), &visitor.asked.query).to_string());
    };
    let (channel, courier) = (channel, courier.to_owned());
    form(&visitor, scope, row, channel, courier, &fields, Trouble::default()).await
}

/// `POST /problems/{id}/fix`: saves the mapping; with `then=resend` submits what
/// waits for it.
pub async fn save(visitor: Visitor, id: Path<i64>, fields: Fields) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let row = problems::find(&mut scope, ProblemId(id.0)).await?.ok_or(WebError::NotFound)?;
    let Some((channel, courier)) = mappable(&row) else {
        return Err(WebError::Malformed("This problem is not fixed by a mapping. Open it again.".into()));
    };
    let courier = courier.to_owned();
    drop(scope);
    let new = NewMapping {
        courier: courier.clone(),
        service: fields.get("service").to_owned(),
        custom_name: plain(fields.get("custom_name")),
        custom_code: Some(plain(fields.get("custom_code"))).filter(|code| !code.trim().is_empty()),
        version: fields.get("version").parse().ok(),
    };
    let resend = fields.get("then") == "resend";
    match run(&visitor, channel, new, resend).await? {
        Ok(outcome) => {
            let tone = if outcome.changed { "success" } else { "info" };
            visitor.flash(tone, outcome.message);
            visitor.see_other(back(&fields, &row))
        }
        Err(ActionError::Refused(list)) => {
            let trouble = Trouble { errors: list.into_iter().collect(), stale: None };
            let scope = visitor.scope().await?;
            form(&visitor, scope, row, channel, courier, &fields, trouble).await
        }
        Err(ActionError::Stale(stale)) => {
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            let scope = visitor.scope().await?;
            form(&visitor, scope, row, channel, courier, &fields, trouble).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn run(
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

/// The channel and the courier, where a mapping is the fix.
fn mappable(row: &Row) -> Option<(ChannelId, &str)> {
    let courier = row.courier.as_deref().filter(|courier| !courier.trim().is_empty())?;
    match row.diagnosis().fix {
        Fix::MapCourier | Fix::CorrectMapping => Some((row.channel_id?, courier)),
        _ => None,
    }
}

/// Where one came from: a page of ours, or else the shipment, or the queue.
pub(super) fn back(fields: &Fields, row: &Row) -> String {
    match (LocalPath::parse(fields.get("back")), row.shipment_id) {
        (Some(path), _) => path.as_str().to_owned(),
        (None, Some(shipment)) => format!("/shipments/{shipment}"),
        (None, None) => "/error-queue".into(),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

async fn form(
    visitor: &Visitor,
    mut scope: Scope,
    row: Row,
    channel: ChannelId,
    courier: String,
    fields: &Fields,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let channel = store::channel(&mut scope, channel).await?.ok_or(WebError::NotFound)?;
    let service = service(&mut scope, row.shipment_id).await?;
    let mapped = mapping::find(&mut scope, channel.id, &courier, service.as_deref()).await?;
    let waiting = map_courier::would_resend(&mut scope, channel.id, &courier).await?;
    let found = suggest::suggest(&courier, channel.kind.as_str());
    let sure = found.first().filter(|s| s.confident).map(|s| s.name);
    let typed = fields.0.iter().any(|(name, _)| name == "custom_name");
    let name = match (typed, fields.get("name"), &mapped) {
        (true, ..) => fields.get("custom_name").to_owned(),
        (false, chosen, _) if !chosen.is_empty() => plain(chosen),
        // a name the channel refuses is not offered again
        (false, _, Some(mapped)) if trouble.stale.is_some() => mapped.custom_name.clone(),
        (false, _, Some(mapped)) => mapped.custom_name.clone(),
        (false, _, None) => sure.unwrap_or_default().to_owned(),
    };
    let back = back(fields, &row);
    let href = format!("/problems/{}/fix", row.id);
    let here = Link::to(href.clone()).with("back", &back);
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let shell = visitor.shell(&mut scope, "errors").await?;
    let page = MapCourier {
        shell,
        errors: trouble.errors,
        stale: trouble.stale.map(|stale| stale.sentence()),
        sentence: row.diagnosis().sentence,
        suggested: found
            .iter()
            .map(|s| Suggested {
                name: s.name,
                courier: s.courier.name.clone(),
                href: here.with("name", s.name).to_string(),
                current: s.name == name,
            })
            .collect(),
        known: catalogue::known_names(channel.kind.as_str()),
        href,
        back,
        couriers_page: format!("/stores/{}/channels/{}/couriers", channel.store_id, channel.id),
        channel: channel.name,
        kind: channel.kind,
        courier,
        service: mapped.as_ref().map(|m| m.service.clone()).unwrap_or_default(),
        code: match typed {
            true => fields.get("custom_code").to_owned(),
            false => mapped.as_ref().and_then(|m| m.custom_code.clone()).unwrap_or_default(),
        },
        version: mapped.as_ref().map(|m| m.version.to_string()).unwrap_or_default(),
        mapped: mapped.map(|m| m.custom_name),
        name,
        waiting,
        row,
    };
    visitor.asked.html_with(status, &page)
}

/// The service of the shipment: its own mapping comes first.
async fn service(scope: &mut Scope, shipment: Option<ShipmentId>) -> WebResult<Option<String>> {
    let Some(shipment) = shipment else { return Ok(None) };
    let subject = Subject::load(scope, shipment, false).await?;
    Ok(subject.and_then(|subject| subject.shipment.service_level))
}
