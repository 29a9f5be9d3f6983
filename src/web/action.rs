//! The two pages of every action: one that says what will happen and asks, one
//! that does it. Both are a line of the route table; nothing is written per
//! action unless it asks for more than a reason.

use super::{
    Fields, Path, Visitor, WebError, WebResult,
    local_path::LocalPath,
    markup::{ActionItem, FormErrors, Offer, Stamp, Undo},
    routes,
    shell::Shell,
};
use crate::{
    actions::{self, Action, ActionError, Availability, Call, Outcome, Preview, Stale, Target, WhyNot},
    db::Scope,
    secrets::random_hex,
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use std::future::Future;

/// What an action's page asks for beside the common fields.
pub trait ActionFields<A: Action>: 'static {
    /// The rows of the form, as HTML from a template of yours. `fields` holds what
    /// was typed, or what the link that led here filled in.
    fn render(
        visitor: &Visitor,
        scope: &mut Scope,
        subject: &A::Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> impl Future<Output = WebResult<String>>;

    /// What the person is told once it is done, with its tone. Whoever can answer
    /// more than that it was left for later answers here.
    fn answer(
        visitor: &Visitor,
        id: i64,
        outcome: &Outcome,
    ) -> impl Future<Output = WebResult<(&'static str, String)>> {
        let _ = (visitor, id);
        // what a job is still to do has not succeeded yet
        let done = outcome.changed && outcome.jobs.is_empty();
        let tone = if done { "success" } else { "info" };
        std::future::ready(Ok((tone, outcome.message.clone())))
    }
}

/// Nothing more.
#[derive(Debug)]
pub struct NoFields;

impl<A: Action> ActionFields<A> for NoFields {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        _: &A::Subject,
        _: &Fields,
        _: &FormErrors,
    ) -> WebResult<String> {
        Ok(String::new())
    }
}

/// HTML that a template of ours made.
struct Html(String);

impl std::fmt::Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// What the page says that is about to happen.
#[derive(Template)]
#[template(path = "actions/_confirm.html")]
struct Confirm {
    nonce: String,
    /// Where the form goes: this page's own address.
    href: String,
    /// Where *Keep as is* goes.
    back: String,
    /// The page one came from and returns to; empty for the record's own.
    from: String,
    /// Shown as the content of a dialog.
    in_dialog: bool,
    preview: Preview,
    version: i32,
    key: String,
    reason: String,
    confirmed: bool,
    /// Whether the choice is ticked.
    anyway: bool,
    more: Html,
    errors: FormErrors,
    /// What somebody else did since the page was loaded.
    stale: Option<Changed>,
}

impl askama::filters::HtmlSafe for Confirm {}

#[derive(Template)]
#[template(path = "actions/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    failed: bool,
    title: String,
    part: Confirm,
}

/// What somebody else did to the record meanwhile.
struct Changed {
    what: String,
    /// Who, what and when, newest first.
    changes: Vec<(String, String, Stamp)>,
}

impl Changed {
    fn of(visitor: &Visitor, stale: Stale) -> Changed {
        let changes = stale.changes.into_iter().map(|(who, what, at)| (who, what, visitor.stamp(at)));
        Changed { what: stale.what, changes: changes.collect() }
    }
}

/// Why it cannot be done now, and what would help.
#[derive(Template)]
#[template(path = "actions/_unavailable.html")]
struct Unavailable {
    label: &'static str,
    what: String,
    sentence: String,
    offer: Option<Offer>,
    back: String,
    in_dialog: bool,
    /// What somebody else did since the page was loaded.
    stale: Option<Changed>,
}

impl askama::filters::HtmlSafe for Unavailable {}

#[derive(Template)]
#[template(path = "actions/unavailable.html")]
struct UnavailablePage {
    shell: Shell,
    part: Unavailable,
}

/// What went wrong with a form that was sent.
#[derive(Default)]
struct Trouble {
    errors: FormErrors,
    stale: Option<Stale>,
    /// The key can go on being used: nothing was done with it.
    key: Option<String>,
}

/// `GET /{things}/{id}/{action}`: says what will happen and asks.
pub async fn confirm<A: Action, F: ActionFields<A>>(
    visitor: Visitor,
    id: Path<i64>,
) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    show::<A, F>(&visitor, id.0, fields, Trouble::default()).await
}

/// `POST /{things}/{id}/{action}`: does it, once for each key.
pub async fn perform<A: Action, F: ActionFields<A>>(
    visitor: Visitor,
    id: Path<i64>,
    fields: Fields,
) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut rest = fields.clone();
    let (version, key) = (rest.take("version"), rest.take("op"));
    let back = came_from(&rest.take("back")).unwrap_or_else(|| back(&visitor.asked.path).to_owned());
    let (Ok(version), false) = (version.parse::<i32>(), key.is_empty() || key.len() > 64) else {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    };
    if let Some(errors) = unticked::<A>(&visitor, id, version, &fields).await? {
        return show::<A, F>(&visitor, id, fields, Trouble { errors, key: Some(key), stale: None }).await;
    }
    if rest.get("reason").trim().is_empty() {
        rest.take("reason");
    }
    let input = match input::<A>(&rest) {
        Ok(input) => input,
        Err(errors) => {
            return show::<A, F>(&visitor, id, fields, Trouble { errors, key: Some(key), stale: None }).await;
        }
    };
    let call = Call { id, input, version: Some(version), key: Some(key.clone()) };
    match run::<A>(&visitor, call).await? {
        Ok(outcome) => {
            let (tone, text) = F::answer(&visitor, id, &outcome).await?;
            let undo = undo::<A>(&visitor, id, &outcome, &back).await?;
            visitor.asked.flash_with(tone, text, undo);
            visitor.see_other(back)
        }
        Err(ActionError::Refused(list)) => {
            let errors = list.into_iter().collect();
            show::<A, F>(&visitor, id, fields, Trouble { errors, key: Some(key), stale: None }).await
        }
        Err(ActionError::Stale(stale)) => {
            show::<A, F>(&visitor, id, fields, Trouble { stale: Some(stale), ..Trouble::default() }).await
        }
        Err(ActionError::Unavailable(why)) => {
            unavailable::<A>(&visitor, id, why, None, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The form that takes an outcome back. What changed again since is not taken
/// back: the form carries the version that was left behind.
async fn undo<A: Action>(
    visitor: &Visitor,
    id: i64,
    outcome: &Outcome,
    back: &str,
) -> WebResult<Option<Undo>> {
    let Some(undo) = outcome.undo.as_ref().filter(|_| outcome.changed) else { return Ok(None) };
    let (Some(offer), Some(input)) = (offer(&undo.action, id), undo.input.as_object()) else {
        return Ok(None);
    };
    let mut scope = visitor.scope().await?;
    let Some(subject) = A::Subject::load(&mut scope, id, false).await? else { return Ok(None) };
    let mut fields = vec![
        ("version".to_owned(), subject.version().to_string()),
        ("op".to_owned(), random_hex::<16>()),
        ("back".to_owned(), back.to_owned()),
    ];
    fields.extend(input.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
    Ok(Some(Undo { action: offer.href, fields }))
}

/// An action's line in the panel of its subject; `None` for those who may not.
pub fn item<A: Action>(
    visitor: &Visitor,
    id: i64,
    subject: &A::Subject,
    icon: &'static str,
) -> Option<ActionItem> {
    if !visitor.can(A::PERMISSION) {
        return None;
    }
    let Offer { label, href } = offer(A::NAME, id)?;
    let (available, reason, help) = match A::available(subject) {
        Availability::Available => (true, String::new(), None),
        Availability::Unavailable(why) => (false, why.sentence, why.offer),
    };
    let offer = help.and_then(|name| help_of(&name, id, subject));
    Some(ActionItem { label, icon, href, available, reason, offer, ..ActionItem::default() })
}

/// The link to the action that would help: of the same subject or of its order.
fn help_of(name: &str, id: i64, subject: &impl Target) -> Option<Offer> {
    let page = routes::ACTIONS.iter().find(|page| page.name == name)?;
    match subject.order() {
        Some(order) if page.pattern.starts_with("/orders/") => offer(name, order.0),
        _ => offer(name, id),
    }
}

/// The link to an action of the same subject, by its name.
pub fn offer(name: &str, id: i64) -> Option<Offer> {
    let page = routes::ACTIONS.iter().find(|page| page.name == name)?;
    Some(Offer { label: page.label.to_owned(), href: page.pattern.replace("{id}", &id.to_string()) })
}

/// Runs an action to its end, whoever goes away.
async fn run<A: Action>(visitor: &Visitor, call: Call<A::Input>) -> WebResult<Result<Outcome, ActionError>> {
    let (db, account, by, now) = (visitor.app.db.clone(), visitor.person.account, visitor.by(), visitor.now);
    visitor.app.finish(async move { actions::run::<A>(&db, account, &by, call, now).await }).await
}

/// What only the person can know must be ticked. A page that is out of date is
/// left to the action, which says what changed.
async fn unticked<A: Action>(
    visitor: &Visitor,
    id: i64,
    version: i32,
    fields: &Fields,
) -> WebResult<Option<FormErrors>> {
    if fields.ticked("confirmed") {
        return Ok(None);
    }
    let mut scope = visitor.scope().await?;
    let subject = A::Subject::load(&mut scope, id, false).await?.ok_or(WebError::NotFound)?;
    if subject.version() != version || !A::available(&subject).is_available() {
        return Ok(None);
    }
    let asks = A::preview(&mut scope, &subject).await?.confirm.is_some();
    Ok(asks.then(|| [("confirmed", "Tick this once it is so. Nobody else can know.")].into_iter().collect()))
}

fn input<A: Action>(fields: &Fields) -> Result<A::Input, FormErrors> {
    let read = fields.parse();
    match read {
        // an input without fields may be a unit
        Err(_) if fields.0.is_empty() => serde_json::from_value(serde_json::Value::Null).or(read),
        other => other,
    }
}

/// The page of ours that one came from, where a link said so.
fn came_from(text: &str) -> Option<String> {
    LocalPath::parse(text).map(|path| path.as_str().to_owned())
}

/// The page an action belongs to: one step up.
fn back(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(up, _)| up)
}

async fn show<A: Action, F: ActionFields<A>>(
    visitor: &Visitor,
    id: i64,
    fields: Fields,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let mut scope = visitor.scope().await?;
    let subject = A::Subject::load(&mut scope, id, false).await?.ok_or(WebError::NotFound)?;
    if let Availability::Unavailable(why) = A::available(&subject) {
        drop(scope);
        return unavailable::<A>(visitor, id, why, trouble.stale, status).await;
    }
    let preview = A::preview(&mut scope, &subject).await?;
    let more = F::render(visitor, &mut scope, &subject, &fields, &trouble.errors).await?;
    let title = preview.question.clone();
    let failed = !trouble.errors.is_empty();
    let from = came_from(fields.get("back"));
    let part = Confirm {
        nonce: visitor.asked.nonce.clone(),
        href: visitor.asked.path.clone(),
        back: from.clone().unwrap_or_else(|| back(&visitor.asked.path).to_owned()),
        from: from.unwrap_or_default(),
        in_dialog: visitor.partial(),
        preview,
        version: subject.version(),
        key: trouble.key.unwrap_or_else(random_hex::<16>),
        reason: fields.get("reason").to_owned(),
        // a confirmation is of what was seen: after a change it is given anew
        confirmed: fields.ticked("confirmed") && trouble.stale.is_none(),
        anyway: fields.ticked("anyway") && trouble.stale.is_none(),
        more: Html(more),
        stale: trouble.stale.map(|stale| Changed::of(visitor, stale)),
        errors: trouble.errors,
    };
    if visitor.partial() {
        return visitor.asked.html_with(status, &part);
    }
    let shell = visitor.shell(&mut scope, section(&visitor.asked.path)).await?;
    visitor.asked.html_with(status, &ConfirmPage { shell, failed, title, part })
}

async fn unavailable<A: Action>(
    visitor: &Visitor,
    id: i64,
    why: WhyNot,
    stale: Option<Stale>,
    status: StatusCode,
) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let subject = A::Subject::load(&mut scope, id, false).await?.ok_or(WebError::NotFound)?;
    let part = Unavailable {
        label: A::LABEL,
        what: subject.name(),
        sentence: why.sentence,
        offer: why.offer.and_then(|name| help_of(&name, id, &subject)),
        back: back(&visitor.asked.path).to_owned(),
        in_dialog: visitor.partial(),
        stale: stale.map(|stale| Changed::of(visitor, stale)),
    };
    if visitor.partial() {
        return visitor.asked.html_with(status, &part);
    }
    let shell = visitor.shell(&mut scope, section(&visitor.asked.path)).await?;
    visitor.asked.html_with(status, &UnavailablePage { shell, part })
}

/// The lit entry of the navigation, by the first word of the path.
fn section(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or_default() {
        "orders" => "orders",
        "shipments" => "shipments",
        "customers" => "customers",
        "error-queue" | "problems" => "errors",
        "stores" => "stores",
        "connections" => "connections",
        "imports" => "imports",
        "products" => "products",
        "transaction-records" => "records",
        "emails" => "emails",
        "responders" => "responders",
        "webhooks" | "deliveries" => "webhooks",
        _ => "",
    }
}
