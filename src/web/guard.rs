//! Who is let in. Runs before every handler of the table; a handler that wants
//! to know who is there takes a [`Visitor`], but none is reached without one.

use super::{
    Asked, WebError, WebResult,
    app::App,
    markup::Stamp,
    shell::Shell,
    stamp,
    table::{Access, Route},
};
use crate::{
    accounts::{
        Permission, Person, Role,
        sessions::{ABSOLUTE_HOURS, IDLE_MINUTES, Sessions},
        users,
    },
    actions::By,
    clock::{self, Instant},
    db::Scope,
    ids::{AccountId, UserId},
};
use actix_session::{
    SessionExt, SessionMiddleware,
    config::{PersistentSession, TtlExtensionPolicy},
};
use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::BoxBody,
    cookie::{Key, SameSite, time::Duration},
    dev::{Payload, ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};
use askama::Template;
use chrono_tz::Tz;
use std::{
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
};

/// The session middleware, over PostgreSQL.
pub type Session = SessionMiddleware<Sessions>;

/// What a session holds.
pub(super) const USER: &str = "user";
/// The account chosen last.
pub(super) const ACCOUNT: &str = "account";
/// A name for this session, to ask whether it goes on.
pub(super) const SESSION: &str = "session";
/// When they signed in, in seconds since 1970.
pub(super) const SINCE: &str = "since";

/// The session middleware as the settings want it.
pub(super) fn session(app: &App) -> Session {
    let halves =
        [app.keyring.derive("session cookie, first half"), app.keyring.derive("session cookie, second half")];
    let secure = app.config.is_https();
    SessionMiddleware::builder(Sessions(app.db.clone()), Key::from(&halves.concat()))
        .cookie_name(if secure { "__Host-sid" } else { "sid" }.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(
            PersistentSession::default()
                .session_ttl(Duration::minutes(IDLE_MINUTES))
                .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest),
        )
        .build()
}

/// Somebody signed in, looking at one account. Cheap to clone.
#[derive(Clone)]
pub struct Visitor(Arc<Inner>);

/// See [`Visitor`].
pub struct Inner {
    /// Who they are, in this account.
    pub person: Person,
    /// Every account they may enter.
    pub accounts: Vec<(AccountId, String)>,
    /// What they ask.
    pub asked: Asked,
    /// The application.
    pub app: Arc<App>,
    /// When the request came.
    pub now: Instant,
    /// The account's time zone.
    pub zone: Tz,
}

impl Deref for Visitor {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Visitor({} in {})", self.person.user, self.person.account)
    }
}

impl Visitor {
    /// Opens their account's data for reading: one picture of it for the whole
    /// page. What changes something goes through [`App::finish`] and its own scope.
    pub async fn scope(&self) -> WebResult<Scope> {
        Ok(self.app.db.snapshot(self.person.account).await?)
    }

    /// Whether they may.
    pub fn can(&self, permission: Permission) -> bool {
        self.person.can(permission)
    }

    /// Lets only those on who may, for a part of a page.
    pub fn need(&self, permission: Permission) -> WebResult<()> {
        if self.can(permission) { Ok(()) } else { Err(WebError::Forbidden(permission)) }
    }

    /// As who runs an action: what they do belongs to the request's chain.
    pub fn by(&self) -> By {
        By { trace: self.asked.trace.clone(), ..By::person(&self.person, self.asked.ip.clone()) }
    }

    /// Whether they look at somebody else's account to help.
    pub fn is_support(&self) -> bool {
        self.person.role == Role::Support
    }

    /// Whether htmx wants only a part of the page.
    pub fn partial(&self) -> bool {
        self.asked.partial
    }

    /// What base.html needs. `section` is the lit entry of the navigation.
    pub async fn shell(&self, scope: &mut Scope, section: &'static str) -> WebResult<Shell> {
        Shell::of(self, scope, section).await
    }

    /// Renders a template as the answer.
    pub fn html(&self, template: &impl Template) -> WebResult<HttpResponse> {
        self.asked.html(template)
    }

    /// The part alone when htmx asked for it, otherwise the page around it.
    pub fn page_or_part<R: Template, P: Template>(
        &self,
        part: R,
        page: impl FnOnce(R) -> P,
    ) -> WebResult<HttpResponse> {
        if self.partial() { self.html(&part) } else { self.html(&page(part)) }
    }

    /// Sends them to another page of ours.
    pub fn see_other(&self, path: impl AsRef<str>) -> WebResult<HttpResponse> {
        Ok(self.asked.see_other(path))
    }

    /// Says something at the top of the next page.
    pub fn flash(&self, tone: &'static str, text: impl Into<String>) {
        self.asked.flash(tone, text);
    }

    /// A moment that the history holds as text, in the account's zone; `None` for
    /// any other text.
    pub fn moment(&self, text: &str) -> Option<String> {
        let at = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        Some(at.with_timezone(&self.zone).format("%-d %b %Y, %H:%M:%S").to_string())
    }

    /// A moment in the account's zone.
    pub fn stamp(&self, at: Instant) -> Stamp {
        stamp::stamp(at, self.zone, self.now)
    }
}

/// Names in the log who asked, even when they were turned away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub user: UserId,
    pub account: AccountId,
}

/// Lets the request on to its handler, or not.
pub(super) async fn guard(
    route: &'static Route,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if route.access.is_signed_in() {
        match admit(route, request.request()).await {
            Ok(visitor) => request.extensions_mut().insert(visitor),
            Err(error) => return Ok(request.error_response(error)),
        };
    }
    next.call(request).await
}

async fn admit(route: &Route, request: &HttpRequest) -> WebResult<Visitor> {
    let visitor = current(request).await?.ok_or(WebError::SignIn)?;
    let person = &visitor.person;
    request.extensions_mut().insert(Who { user: person.user, account: person.account });
    match route.access {
        Access::Needs(permission) => visitor.need(permission)?,
        Access::SignedIn | Access::Public | Access::Open => {}
    }
    Ok(visitor)
}

/// Whoever is signed in, read from the database each time: a role that changed
/// and a person who was disabled are known at once.
pub(super) async fn current(request: &HttpRequest) -> WebResult<Option<Visitor>> {
    let session = request.get_session();
    let Ok(Some(user)) = session.get::<i64>(USER) else {
        return Ok(None);
    };
    let now = clock::now();
    let since: i64 = session.get(SINCE).ok().flatten().unwrap_or(0);
    if now.timestamp() - since > ABSOLUTE_HOURS * 3600 {
        session.purge();
        return Ok(None);
    }
    let wanted = session.get::<i64>(ACCOUNT).ok().flatten().map(AccountId);
    let app = app(request)?;
    let asked = Asked::extract(request).await?;
    let Some((person, accounts)) = users::enter(&app.db, UserId(user), wanted).await? else {
        session.purge();
        return Ok(None);
    };
    let zone = person.time_zone.parse().unwrap_or(Tz::UTC);
    Ok(Some(Visitor(Arc::new(Inner { person, accounts, asked, app, now, zone }))))
}

/// The application of a request.
pub(super) fn app(request: &HttpRequest) -> WebResult<Arc<App>> {
    let data = request.app_data::<web::Data<App>>().cloned();
    data.map(web::Data::into_inner).ok_or_else(|| WebError::Broken(anyhow::anyhow!("no application")))
}

impl FromRequest for Visitor {
    type Error = WebError;
    type Future = Ready<WebResult<Visitor>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Visitor>().cloned().ok_or(WebError::SignIn))
    }
}
