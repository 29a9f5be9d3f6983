//! Coming and going: sign in, sign out, change the account looked at.

use super::{
    Asked, Fields, Visitor, WebError, WebResult,
    app::App,
    error::in_words,
    guard::{self, ACCOUNT, SESSION, SINCE, USER},
    local_path::LocalPath,
    markup::FormErrors,
};
use crate::{
    accounts::{Person, passwords, throttle, users},
    clock,
    evidence::{
        Entry,
        activity::{self, Subject},
    },
    ids::AccountId,
    secrets::random_hex,
};
use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, http::StatusCode, web};
use askama::Template;
use serde::Serialize;

/// One sentence for an unknown e-mail, a wrong password and a disabled person:
/// it must not tell which.
const WRONG: &str = "Check the e-mail address and the password: together they match nobody here.";

#[derive(Template)]
#[template(path = "sessions/new.html")]
struct New<'a> {
    errors: &'a FormErrors,
    email: &'a str,
    next: &'a str,
}

/// Where to sign in and come back from.
pub(super) fn login_path(next: &str) -> String {
    match next {
        "/" => "/login".into(),
        next => {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            format!("/login?next={next}")
        }
    }
}

/// `GET /login`
pub async fn new(request: HttpRequest, asked: Asked) -> WebResult<HttpResponse> {
    let query = Fields::read(asked.query.as_bytes());
    let next = LocalPath::parse(query.get("next"));
    let next = next.as_ref().map_or("/", LocalPath::as_str);
    if guard::current(&request).await?.is_some() {
        return Ok(asked.see_other(next));
    }
    asked.html(&New { errors: &FormErrors::new(), email: "", next })
}

/// `POST /login`
pub async fn create(
    app: web::Data<App>,
    session: Session,
    asked: Asked,
    mut fields: Fields,
) -> WebResult<HttpResponse> {
    let password = fields.take("password");
    let email = fields.get("email").trim().to_owned();
    let next = LocalPath::parse(fields.get("next"));
    let next = next.as_ref().map_or("/", LocalPath::as_str);
    let again = |status: StatusCode, errors: FormErrors| {
        asked.html_with(status, &New { errors: &errors, email: &email, next })
    };
    let mut errors = FormErrors::new();
    if email.is_empty() {
        errors.add("email", "Enter your e-mail address.");
    }
    if password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    if !errors.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, errors);
    }
    let ip = asked.ip.clone().unwrap_or_default();
    let now = clock::now();
    if let Some(until) = throttle::blocked_until(&app.db, &email, &ip, now).await? {
        let sentence = format!("Too many attempts. Try again {}.", in_words(until, now));
        let mut page = again(StatusCode::TOO_MANY_REQUESTS, [("", sentence)].into_iter().collect())?;
        let wait = WebError::TooMany(until);
        page.headers_mut().insert(actix_web::http::header::RETRY_AFTER, wait.retry_after());
        tracing::warn!(status = wait.status_code().as_u16(), "sign-in throttled");
        return Ok(page);
    }
    let user = match password.len() {
        0..=passwords::LONGEST => users::authenticate(&app.db, &email, password).await?,
        _ => None,
    };
    let entered = match user {
        Some(user) => users::enter(&app.db, user, None).await?,
        None => None,
    };
    let Some((person, _)) = entered else {
        throttle::failed(&app.db, &email, &ip, now).await?;
        tracing::warn!("sign-in failed");
        return again(StatusCode::UNPROCESSABLE_ENTITY, [("email", WRONG)].into_iter().collect());
    };
    throttle::succeeded(&app.db, &email, &ip).await?;
    // a new key: whoever knew the old one knows nothing
    session.clear();
    session.renew();
    keep(&session, USER, person.user.0)?;
    keep(&session, ACCOUNT, person.account.0)?;
    keep(&session, SINCE, now.timestamp())?;
    keep(&session, SESSION, random_hex::<16>())?;
    record(&app, &asked, &person, "user_signed_in", "Signed in").await?;
    Ok(asked.see_other(next))
}

/// `POST /logout`
pub async fn destroy(visitor: Visitor, session: Session) -> WebResult<HttpResponse> {
    record(&visitor.app, &visitor.asked, &visitor.person, "user_signed_out", "Signed out").await?;
    session.purge();
    let mut answer = visitor.asked.see_other("/login");
    let clear = actix_web::http::header::HeaderValue::from_static("\"cache\", \"storage\"");
    answer.headers_mut().insert(actix_web::http::header::HeaderName::from_static("clear-site-data"), clear);
    Ok(answer)
}

/// `POST /account`: looks at another account of theirs from here on.
pub async fn switch_account(visitor: Visitor, session: Session, fields: Fields) -> WebResult<HttpResponse> {
    let wanted = fields.get("account").parse().map(AccountId).map_err(|_| WebError::NotFound)?;
    let entered = users::enter(&visitor.app.db, visitor.person.user, Some(wanted)).await?;
    let Some((person, _)) = entered.filter(|(person, _)| person.account == wanted) else {
        return Err(WebError::NotFound);
    };
    keep(&session, ACCOUNT, wanted.0)?;
    if wanted != visitor.person.account {
        record(&visitor.app, &visitor.asked, &person, "account_entered", "Came in from another account")
            .await?;
    }
    visitor.see_other("/")
}

fn keep(session: &Session, key: &str, value: impl Serialize) -> WebResult<()> {
    session
        .insert(key, value)
        .map_err(|error| WebError::Broken(anyhow::anyhow!("keeping a session: {error}")))
}

/// Writes who came or went into the account's activity.
async fn record(app: &App, asked: &Asked, person: &Person, verb: &'static str, words: &str) -> WebResult<()> {
    let entry = Entry::new(&person.actor(), verb, Subject::User, person.user.0, words)
        .traced(Some(&asked.trace))
        .from_ip(asked.ip.clone());
    let (db, account) = (app.db.clone(), person.account);
    app.finish(async move {
        let mut scope = db.scope(account).await?;
        activity::record(&mut scope, entry).await?;
        scope.commit().await
    })
    .await??;
    Ok(())
}
