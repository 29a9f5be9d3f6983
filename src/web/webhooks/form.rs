//! `/webhooks/new` and `/webhooks/{id}/edit`. An address is looked at here, before
//! anything is written: whether it is public takes a look at its name.

use super::{SCHEDULE, endpoint};
use crate::{
    actions::{self, ActionError, Availability, Call, Stale},
    clock::Instant,
    db::{Db, sql},
    evidence::{
        Entry,
        activity::{self, Subject},
    },
    ids::{AccountId, EndpointId},
    notify::{
        events::CATALOGUE,
        webhooks::{self, EditEndpoint, Endpoint, Wanted},
    },
    secrets::{Keyring, random_hex},
    web::{Fields, Path, Visitor, WebError, WebResult, markup::FormErrors, shell::Shell},
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

struct Choice {
    word: &'static str,
    when: &'static str,
    sample: String,
    chosen: bool,
}

struct Group {
    name: &'static str,
    events: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "webhooks/form.html")]
struct Page {
    shell: Shell,
    /// Of an endpoint that is there.
    id: Option<EndpointId>,
    label: String,
    version: i32,
    op: String,
    url: String,
    description: String,
    every: bool,
    groups: Vec<Group>,
    schedule: &'static str,
    errors: FormErrors,
    /// What somebody else did since the page was loaded.
    stale: String,
}

/// The secret, this once.
#[derive(Template)]
#[template(path = "webhooks/secret.html")]
pub(super) struct SecretPage {
    pub shell: Shell,
    pub id: EndpointId,
    pub label: String,
    pub secret: String,
    /// Another one signs beside it for a day.
    pub rotated: bool,
}

/// What a form of an endpoint holds.
fn wanted(fields: &Fields) -> Wanted {
    Wanted {
        url: fields.get("url").to_owned(),
        description: fields.get("description").to_owned(),
        every: fields.get("every").to_owned(),
        events: fields.all("events").map(str::to_owned).collect(),
    }
}

fn of(endpoint: &Endpoint) -> Wanted {
    Wanted {
        url: endpoint.url.clone(),
        description: endpoint.description.clone(),
        every: if endpoint.events.is_empty() { "yes".into() } else { String::new() },
        events: endpoint.events.clone(),
    }
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
    endpoint: Option<&Endpoint>,
    wanted: Wanted,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let mut groups: Vec<Group> = Vec::new();
    for listed in CATALOGUE {
        let choice = Choice {
            word: listed.kind.as_str(),
            when: listed.when,
            sample: serde_json::to_string_pretty(&listed.kind.sample()).unwrap_or_default(),
            chosen: wanted.events.iter().any(|word| word == listed.kind.as_str()),
        };
        match groups.last_mut().filter(|group| group.name == listed.group) {
            Some(group) => group.events.push(choice),
            None => groups.push(Group { name: listed.group, events: vec![choice] }),
        }
    }
    let mut scope = visitor.scope().await?;
    let page = Page {
        id: endpoint.map(|endpoint| endpoint.id),
        label: endpoint.map(|endpoint| endpoint.label().to_owned()).unwrap_or_default(),
        version: endpoint.map_or(0, |endpoint| endpoint.version),
        op: trouble.op.unwrap_or_else(random_hex::<16>),
        every: !wanted.every.is_empty(),
        url: wanted.url,
        description: wanted.description,
        groups,
        schedule: SCHEDULE,
        stale: trouble.stale.map(|stale| stale.sentence()).unwrap_or_default(),
        errors: trouble.errors,
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.asked.html_with(status, &page)
}

/// What a form wants, as far as it will do; a name is looked up.
async fn refused(visitor: &Visitor, wanted: &Wanted) -> Option<FormErrors> {
    let mut errors: FormErrors = match wanted.checked() {
        Err(ActionError::Refused(list)) => list.into_iter().collect(),
        _ => FormErrors::new(),
    };
    let url = wanted.url.trim();
    if errors.of("url").is_none()
        && let Err(sentence) = visitor.app.outbound.policy().check_resolving(url).await
    {
        errors.add("url", sentence);
    }
    (!errors.is_empty()).then_some(errors)
}

/// `GET /webhooks/new`
pub async fn new(visitor: Visitor) -> WebResult<HttpResponse> {
    page(&visitor, None, Wanted::default(), Trouble::default()).await
}

/// The work of connecting, apart from the request that asked for it.
struct Connect {
    db: Db,
    keyring: Keyring,
    account: AccountId,
    by: actions::By,
    op: String,
    wanted: Wanted,
    now: Instant,
}

impl Connect {
    /// `None`: this form made its endpoint before.
    async fn run(self) -> WebResult<Option<(EndpointId, String)>> {
        let (url, description, events) = self.wanted.checked()?;
        let mut scope = self.db.scope(self.account).await?;
        let first = scope
            .execute(
                sql(
                    "insert into idempotency_keys (account_id, scope, key, request_hash, state, created_at) \
                     values ({}, 'connect_endpoint', {}, '', 'done', {}) on conflict do nothing",
                )
                .bind(self.account)
                .bind(&self.op)
                .bind(self.now),
            )
            .await?;
        if first == 0 {
            return Ok(None);
        }
        let (id, secret) = webhooks::connect(&mut scope, &self.keyring, &url, &description, &events, None)
            .await
            .map_err(WebError::Broken)?;
        let label = if description.is_empty() { &url } else { &description };
        let entry = Entry::new(
            &self.by.actor,
            "webhook_connected",
            Subject::Webhook,
            id.0,
            format!("Connected the endpoint {label}"),
        )
        .traced(Some(&self.by.trace))
        .from_ip(self.by.ip.clone());
        activity::record(&mut scope, entry).await?;
        scope.commit().await?;
        Ok(Some((id, secret)))
    }
}

/// `POST /webhooks`
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let wanted = wanted(&fields);
    let op = fields.get("op").to_owned();
    if op.is_empty() || op.len() > 64 {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    }
    if let Some(errors) = refused(&visitor, &wanted).await {
        return page(&visitor, None, wanted, Trouble { errors, op: Some(op), stale: None }).await;
    }
    let work = Connect {
        db: visitor.app.db.clone(),
        keyring: visitor.app.keyring.clone(),
        account: visitor.person.account,
        by: visitor.by(),
        op,
        wanted,
        now: visitor.now,
    };
    let Some((id, secret)) = visitor.app.finish(work.run()).await?? else {
        let text =
            "This form connected its endpoint before. Its secret was shown then; rotate it to see a new one.";
        visitor.flash("info", text);
        return visitor.see_other("/webhooks");
    };
    let mut scope = visitor.scope().await?;
    let label = endpoint(&mut scope, id).await?.label().to_owned();
    let shell = visitor.shell(&mut scope, "webhooks").await?;
    visitor.html(&SecretPage { shell, id, label, secret, rotated: false })
}

/// `GET /webhooks/{id}/edit`
pub async fn edit(visitor: Visitor, id: Path<EndpointId>) -> WebResult<HttpResponse> {
    let endpoint = endpoint(&mut visitor.scope().await?, id.0).await?;
    if let Availability::Unavailable(why) = <EditEndpoint as actions::Action>::available(&endpoint) {
        visitor.flash("info", why.sentence);
        return visitor.see_other(format!("/webhooks/{}", id.0));
    }
    page(&visitor, Some(&endpoint), of(&endpoint), Trouble::default()).await
}

/// `POST /webhooks/{id}/edit`
pub async fn save(visitor: Visitor, id: Path<EndpointId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let endpoint = endpoint(&mut visitor.scope().await?, id).await?;
    let wanted = wanted(&fields);
    let (op, version) = (fields.get("op").to_owned(), fields.get("version").parse::<i32>());
    let (Ok(version), false) = (version, op.is_empty() || op.len() > 64) else {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    };
    if let Some(errors) = refused(&visitor, &wanted).await {
        return page(&visitor, Some(&endpoint), wanted, Trouble { errors, op: Some(op), stale: None }).await;
    }
    let (db, account, by, now) = (visitor.app.db.clone(), visitor.person.account, visitor.by(), visitor.now);
    let call = Call { id: id.0, input: wanted.clone(), version: Some(version), key: Some(op) };
    let ran =
        visitor.app.finish(async move { actions::run::<EditEndpoint>(&db, account, &by, call, now).await });
    match ran.await? {
        Ok(outcome) => {
            visitor.flash(if outcome.changed { "success" } else { "info" }, outcome.message);
            visitor.see_other(format!("/webhooks/{id}"))
        }
        Err(ActionError::Refused(list)) => {
            let errors = list.into_iter().collect();
            page(&visitor, Some(&endpoint), wanted, Trouble { errors, ..Trouble::default() }).await
        }
        Err(ActionError::Stale(stale)) => {
            let trouble = Trouble { stale: Some(stale), ..Trouble::default() };
            page(&visitor, Some(&endpoint), wanted, trouble).await
        }
        Err(error) => Err(error.into()),
    }
}
