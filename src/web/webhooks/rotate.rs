//! `/webhooks/{id}/rotate`: a new secret, shown this once. Nothing but the answer
//! holds it, so it is no outcome that is kept; the version of the page keeps a form
//! that is sent twice from rotating twice.

use super::{endpoint, form::SecretPage};
use crate::{
    actions::By,
    clock::Instant,
    db::Db,
    evidence::{
        Entry,
        activity::{self, Subject},
    },
    ids::{AccountId, EndpointId},
    notify::webhooks::{self, Endpoint},
    secrets::Keyring,
    web::{Fields, Path, Visitor, WebError, WebResult, shell::Shell},
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

#[derive(Template)]
#[template(path = "webhooks/rotate.html")]
struct Page {
    shell: Shell,
    id: EndpointId,
    label: String,
    version: i32,
    /// Until when an earlier secret still signs.
    both_until: Option<crate::web::markup::Stamp>,
    /// It changed since the page was loaded.
    stale: bool,
}

async fn ask(visitor: &Visitor, id: EndpointId, stale: bool) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let endpoint = endpoint(&mut scope, id).await?;
    if endpoint.deleted_at.is_some() {
        visitor.flash("info", "The endpoint was deleted.");
        return visitor.see_other(format!("/webhooks/{id}"));
    }
    let page = Page {
        id,
        label: endpoint.label().to_owned(),
        version: endpoint.version,
        both_until: endpoint.previous_secret_until.filter(|at| *at > visitor.now).map(|at| visitor.stamp(at)),
        stale,
        shell: visitor.shell(&mut scope, "webhooks").await?,
    };
    visitor.asked.html_with(if stale { StatusCode::CONFLICT } else { StatusCode::OK }, &page)
}

/// `GET /webhooks/{id}/rotate`
pub async fn ask_rotate(visitor: Visitor, id: Path<EndpointId>) -> WebResult<HttpResponse> {
    ask(&visitor, id.0, false).await
}

/// The work of one rotation, apart from the request that asked for it.
struct Rotation {
    db: Db,
    keyring: Keyring,
    account: AccountId,
    id: EndpointId,
    version: i32,
    by: By,
    now: Instant,
}

impl Rotation {
    /// The new secret; `None`: the page was out of date.
    async fn run(self) -> WebResult<Option<(String, String)>> {
        use crate::actions::Target as _;
        let mut scope = self.db.scope(self.account).await?;
        let endpoint = Endpoint::load(&mut scope, self.id.0, true).await?.ok_or(WebError::NotFound)?;
        if endpoint.version != self.version {
            return Ok(None);
        }
        let rotated = webhooks::rotate(&mut scope, &self.keyring, self.id, self.now).await;
        let Some(secret) = rotated.map_err(WebError::Broken)? else { return Ok(None) };
        let label = endpoint.label().to_owned();
        let summary = format!("Rotated the secret of the endpoint {label}");
        let entry =
            Entry::new(&self.by.actor, "webhook_secret_rotated", Subject::Webhook, self.id.0, summary)
                .traced(Some(&self.by.trace))
                .from_ip(self.by.ip.clone());
        activity::record(&mut scope, entry).await?;
        scope.commit().await?;
        Ok(Some((label, secret)))
    }
}

/// `POST /webhooks/{id}/rotate`
pub async fn rotate(visitor: Visitor, id: Path<EndpointId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let Ok(version) = fields.get("version").parse::<i32>() else {
        return Err(WebError::Malformed("It lacks what the page put into it. Load the page again.".into()));
    };
    let work = Rotation {
        db: visitor.app.db.clone(),
        keyring: visitor.app.keyring.clone(),
        account: visitor.person.account,
        id,
        version,
        by: visitor.by(),
        now: visitor.now,
    };
    let Some((label, secret)) = visitor.app.finish(work.run()).await?? else {
        return ask(&visitor, id, true).await;
    };
    let shell = visitor.shell(&mut visitor.scope().await?, "webhooks").await?;
    visitor.html(&SecretPage { shell, id, label, secret, rotated: true })
}
