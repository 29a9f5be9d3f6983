//! `/responders/new` and `/responders/{id}`: the text with its variables, and what
//! it is for a real shipment. *Preview* shows what was typed and saves nothing.

use super::{list::badge, when};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, By, Call, Stale, Target as _},
    clock::Instant,
    db::{Db, Scope, sql},
    evidence::activity,
    ids::{AccountId, ResponderId},
    notify::responders::{
        self, DisableResponder, Draft, EditResponder, EnableResponder, Preview, Responder, STARTERS, Trigger,
        VARIABLES,
    },
    secrets::random_hex,
    web::{
        Fields, Path, Visitor, WebError, WebResult, action,
        badge::Badge,
        emails::list::HIDDEN,
        markup::{ActionItem, FormErrors, Stamp},
        shell::Shell,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

struct Told {
    at: Stamp,
    who: String,
    what: String,
}

/// A choice of the trigger.
struct Choice {
    word: &'static str,
    label: &'static str,
    chosen: bool,
}

/// What it would be for a shipment.
struct Shown {
    number: String,
    found: bool,
    mails: Vec<Mail>,
}

struct Mail {
    to: String,
    subject: String,
    body: String,
}

#[derive(Template)]
#[template(path = "responders/form.html")]
struct Page {
    shell: Shell,
    /// Of a responder that is there.
    id: Option<ResponderId>,
    heading: String,
    badge: Option<Badge>,
    version: i32,
    op: String,
    may_edit: bool,
    triggers: Vec<Choice>,
    when: &'static str,
    draft: Draft,
    variables: &'static [(&'static str, &'static str)],
    shown: Shown,
    errors: FormErrors,
    /// What somebody else did since the page was loaded.
    stale: String,
    actions: Vec<ActionItem>,
    wrote: Option<Stamp>,
    emails: String,
    history: Vec<Told>,
}

/// What is wrong with a form, or with the page it came from.
#[derive(Default)]
struct Trouble {
    errors: FormErrors,
    stale: Option<Stale>,
    op: Option<String>,
}

async fn page(
    visitor: &Visitor,
    responder: Option<&Responder>,
    draft: Draft,
    number: &str,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let mut scope = visitor.scope().await?;
    let shown = shown(visitor, &mut scope, &draft, number).await?;
    let trigger = Trigger::parse(&draft.trigger);
    let mut actions = Vec::new();
    let mut history = Vec::new();
    if let Some(responder) = responder {
        let id = responder.id.0;
        actions.extend(match responder.enabled {
            true => action::item::<DisableResponder>(visitor, id, responder, "circle-pause"),
            false => action::item::<EnableResponder>(visitor, id, responder, "send"),
        });
        history = activity::list(&mut scope, responder.history(), None, None, 8).await?;
    }
    let page = Page {
        id: responder.map(|responder| responder.id),
        heading: responder.map_or_else(|| "Add responder".to_owned(), |responder| responder.name.clone()),
        badge: responder.map(|responder| badge(responder.enabled)),
        version: responder.map_or(0, |responder| responder.version),
        op: trouble.op.unwrap_or_else(random_hex::<16>),
        may_edit: visitor.can(Permission::RespondersEdit),
        triggers: Trigger::ALL
            .iter()
            .map(|one| Choice { word: one.as_str(), label: when(*one), chosen: trigger == Some(*one) })
            .collect(),
        when: trigger.map_or("", when),
        draft,
        variables: VARIABLES,
        shown,
        stale: trouble.stale.map(|stale| stale.sentence()).unwrap_or_default(),
        errors: trouble.errors,
        actions,
        wrote: responder.and_then(Responder::wrote_at).map(|at| visitor.stamp(at)),
        emails: responder.map(|responder| format!("/emails?responder={}", responder.id)).unwrap_or_default(),
        history: history
            .into_iter()
            .map(|a| Told { at: visitor.stamp(a.at()), who: a.actor_name, what: a.summary })
            .collect(),
        shell: visitor.shell(&mut scope, "responders").await?,
    };
    visitor.asked.html_with(status, &page)
}

/// What the text is for the shipment with this number, or for the newest.
async fn shown(visitor: &Visitor, scope: &mut Scope, draft: &Draft, number: &str) -> WebResult<Shown> {
    let Some((id, number)) = responders::latest_shipment(scope, number).await? else {
        return Ok(Shown { number: number.to_owned(), found: false, mails: Vec::new() });
    };
    let may_see = visitor.can(Permission::PersonalView);
    let hide = |text: String| if may_see { text } else { HIDDEN.to_owned() };
    let of = |preview: Preview| Mail {
        to: preview.recipient.map_or_else(|| "Nobody: the customer has no address".to_owned(), hide),
        subject: hide(preview.subject),
        body: hide(preview.body),
    };
    let mails = responders::preview(scope, id, &draft.subject, &draft.body.replace("\r\n", "\n")).await?;
    Ok(Shown { number, found: true, mails: mails.into_iter().map(of).collect() })
}

fn draft(fields: &Fields) -> Draft {
    Draft {
        trigger: fields.get("trigger").to_owned(),
        name: fields.get("name").to_owned(),
        subject: fields.get("subject").to_owned(),
        body: fields.get("body").to_owned(),
    }
}

fn op_of(fields: &Fields) -> WebResult<String> {
    let op = fields.get("op").to_owned();
    if op.is_empty() || op.len() > 64 {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    }
    Ok(op)
}

/// What will not do with a text that is only looked at.
fn looked_at(draft: &Draft) -> FormErrors {
    match draft.checked() {
        Err(ActionError::Refused(list)) => list.into_iter().collect(),
        _ => FormErrors::new(),
    }
}

/// `GET /responders/new`
pub async fn new(visitor: Visitor) -> WebResult<HttpResponse> {
    let asked = Fields::read(visitor.asked.query.as_bytes());
    let start = STARTERS.iter().find(|start| start.trigger.as_str() == asked.get("trigger"));
    let draft = start.map_or_else(Draft::default, |start| Draft {
        trigger: start.trigger.to_string(),
        name: start.name.to_owned(),
        subject: start.subject.to_owned(),
        body: start.body.to_owned(),
    });
    page(&visitor, None, draft, asked.get("shipment"), Trouble::default()).await
}

/// The work of adding one, apart from the request that asked for it.
async fn add(
    db: Db,
    account: AccountId,
    draft: Draft,
    op: String,
    by: By,
    now: Instant,
) -> Result<Option<ResponderId>, ActionError> {
    let mut scope = db.scope(account).await?;
    let first = scope
        .execute(
            sql("insert into idempotency_keys (account_id, scope, key, request_hash, state, created_at) \
                 values ({}, 'add_responder', {}, '', 'done', {}) on conflict do nothing")
            .bind(account)
            .bind(op)
            .bind(now),
        )
        .await?;
    if first == 0 {
        return Ok(None);
    }
    let id = responders::create(&mut scope, &draft, &by, now).await?;
    scope.commit().await?;
    Ok(Some(id))
}

/// `POST /responders`
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let (draft, op) = (draft(&fields), op_of(&fields)?);
    let number = fields.get("shipment").to_owned();
    if fields.get("do") == "preview" {
        let trouble = Trouble { errors: looked_at(&draft), op: Some(op), stale: None };
        return page(&visitor, None, draft, &number, trouble).await;
    }
    let work = add(
        visitor.app.db.clone(),
        visitor.person.account,
        draft.clone(),
        op.clone(),
        visitor.by(),
        visitor.now,
    );
    match visitor.app.finish(work).await? {
        Ok(Some(id)) => {
            visitor
                .flash("success", "The responder is added, and switched off. Switch it on when it is right.");
            visitor.see_other(format!("/responders/{id}"))
        }
        Ok(None) => visitor.see_other("/responders"),
        Err(ActionError::Refused(list)) => {
            let trouble = Trouble { errors: list.into_iter().collect(), op: Some(op), stale: None };
            page(&visitor, None, draft, &number, trouble).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(visitor: &Visitor, id: ResponderId) -> WebResult<Responder> {
    Responder::load(&mut visitor.scope().await?, id.0, false).await?.ok_or(WebError::NotFound)
}

/// `GET /responders/{id}`
pub async fn show(visitor: Visitor, id: Path<ResponderId>) -> WebResult<HttpResponse> {
    let responder = find(&visitor, id.0).await?;
    let asked = Fields::read(visitor.asked.query.as_bytes());
    page(&visitor, Some(&responder), responder.text(), asked.get("shipment"), Trouble::default()).await
}

/// `POST /responders/{id}`
pub async fn save(visitor: Visitor, id: Path<ResponderId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let responder = find(&visitor, id).await?;
    let (draft, op) = (draft(&fields), op_of(&fields)?);
    let number = fields.get("shipment").to_owned();
    if fields.get("do") == "preview" {
        let trouble = Trouble { errors: looked_at(&draft), op: Some(op), stale: None };
        return page(&visitor, Some(&responder), draft, &number, trouble).await;
    }
    let Ok(version) = fields.get("version").parse::<i32>() else {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    };
    visitor.need(EditResponder::PERMISSION)?;
    let (db, account, by, now) = (visitor.app.db.clone(), visitor.person.account, visitor.by(), visitor.now);
    let call = Call { id: id.0, input: draft.clone(), version: Some(version), key: Some(op.clone()) };
    let ran =
        visitor.app.finish(async move { actions::run::<EditResponder>(&db, account, &by, call, now).await });
    match ran.await? {
        Ok(outcome) => {
            visitor.flash(if outcome.changed { "success" } else { "info" }, outcome.message);
            visitor.see_other(format!("/responders/{id}"))
        }
        Err(ActionError::Refused(list)) => {
            let trouble = Trouble { errors: list.into_iter().collect(), op: Some(op), stale: None };
            page(&visitor, Some(&responder), draft, &number, trouble).await
        }
        Err(ActionError::Stale(stale)) => {
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            page(&visitor, Some(&responder), draft, &number, trouble).await
        }
        Err(error) => Err(error.into()),
    }
}
