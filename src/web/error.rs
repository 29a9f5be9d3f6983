//! What a page can end in instead, and the face it gets. People read the effect
//! and the next step; the whole chain of causes goes to the log, once.

use super::{
    Asked,
    markup::{FormErrors, Offer},
};
use crate::{
    accounts::Permission,
    actions::{ActionError, Stale, WhyNot},
    clock::{self, Instant},
    db::DbError,
    filters::ListError,
};
use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use askama::Template;

/// The result of a handler.
pub type WebResult<T> = Result<T, WebError>;

/// Why a page was not shown or a form not done.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nobody is signed in (any more).
    #[error("signed out")]
    SignIn,
    /// There is no such page, or no such record in this account.
    #[error("not found")]
    NotFound,
    /// It was here and is not any more; the sentence says why.
    #[error("gone: {0}")]
    Gone(String),
    /// The page is there, but not for this method.
    #[error("method not allowed")]
    Method,
    /// The person's role does not allow it.
    #[error("forbidden: {}", .0.as_str())]
    Forbidden(Permission),
    /// The form was not sent by one of our pages.
    #[error("sent by another site")]
    OtherSite,
    /// The request cannot be read.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The body is longer than this page takes.
    #[error("too large")]
    TooLarge,
    /// The body is of a kind this page does not take.
    #[error("unsupported media type")]
    MediaType,
    /// The form's fields will not do. Pages show these beside the fields; this
    /// face is for forms that have no page of their own.
    #[error("refused")]
    Refused(FormErrors),
    /// The record changed since the page was loaded.
    #[error("stale")]
    Stale(Stale),
    /// The action cannot be done now.
    #[error("unavailable: {}", .0.sentence)]
    Unavailable(WhyNot),
    /// The form was already used for something else.
    #[error("the form's key was used for another request")]
    KeyReused,
    /// Too often; again at this time.
    #[error("too many, until {0}")]
    TooMany(Instant),
    /// The database cannot be reached or has no connection free.
    #[error("busy")]
    Busy(#[source] anyhow::Error),
    /// Our fault.
    #[error("broken")]
    Broken(#[source] anyhow::Error),
}

impl From<DbError> for WebError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Pool(_) => WebError::Busy(error.into()),
            DbError::Query(_) => WebError::Broken(error.into()),
        }
    }
}

impl From<ListError> for WebError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooBroad(fault) => WebError::field("f", &fault.detail),
            ListError::Db(error) => error.into(),
        }
    }
}

impl From<ActionError> for WebError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotFound => WebError::NotFound,
            ActionError::Forbidden(permission) => WebError::Forbidden(permission),
            ActionError::Unavailable(why) => WebError::Unavailable(why),
            ActionError::Stale(stale) => WebError::Stale(stale),
            ActionError::Refused(fields) => WebError::Refused(fields.into_iter().collect()),
            ActionError::KeyReused => WebError::KeyReused,
            ActionError::Db(error) => error.into(),
        }
    }
}

impl From<diesel::result::Error> for WebError {
    fn from(error: diesel::result::Error) -> Self {
        WebError::Broken(error.into())
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        WebError::Broken(error.into())
    }
}

impl From<anyhow::Error> for WebError {
    fn from(error: anyhow::Error) -> Self {
        WebError::Broken(error)
    }
}

impl WebError {
    /// One field's mistake.
    pub fn field(name: &str, message: &str) -> WebError {
        WebError::Refused([(name, message)].into_iter().collect())
    }

    /// What an actix error without a face of ours stands for.
    pub(super) fn of_status(status: StatusCode) -> WebError {
        match status {
            StatusCode::NOT_FOUND => WebError::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => WebError::Method,
            StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => WebError::MediaType,
            status if status.is_client_error() => WebError::Malformed("This request cannot be read.".into()),
            status => WebError::Broken(anyhow::anyhow!("answered {status}")),
        }
    }

    /// `Retry-After`, in seconds.
    pub(super) fn retry_after(&self) -> header::HeaderValue {
        let seconds = match self {
            WebError::TooMany(until) => (*until - clock::now()).num_seconds().max(1),
            _ => 60,
        };
        header::HeaderValue::from(seconds)
    }

    /// The causes, outermost first, for the log.
    pub(super) fn chain(&self) -> String {
        match self {
            WebError::Busy(cause) | WebError::Broken(cause) => format!("{self}: {cause:#}"),
            other => other.to_string(),
        }
    }

    fn words(&self) -> (String, String) {
        let (heading, text) = match self {
            WebError::SignIn => (
                "You are signed out",
                "Nothing was saved. Sign in again, then go back in your browser: what you typed is still there.".into(),
            ),
            WebError::NotFound => (
                "There is no such page",
                "The address may be mistyped, or the record belongs to another account. Look for it from Home.".into(),
            ),
            WebError::Gone(sentence) => ("This is no longer here", sentence.clone()),
            WebError::Method => (
                "This page cannot be used that way",
                "Nothing was done. Open the page from a link and use its buttons.".into(),
            ),
            WebError::Forbidden(permission) => (
                "You may not open this",
                format!("You need the {} permission; ask an admin of your account.", permission.label()),
            ),
            WebError::OtherSite => (
                "This form came from another site",
                "Nothing was done. Open the page here and send the form again.".into(),
            ),
            WebError::Malformed(sentence) => ("This request cannot be read", format!("Nothing was done. {sentence}")),
            WebError::TooLarge => (
                "That is too much at once",
                "Nothing was saved. Shorten what you typed, or send a smaller file.".into(),
            ),
            WebError::MediaType => (
                "This form cannot be read",
                "Nothing was done. Load the page again and send the form from there.".into(),
            ),
            WebError::Refused(errors) => {
                let said: Vec<&str> = errors.list().iter().map(|(_, message)| message.as_str()).collect();
                ("There is a problem", format!("Nothing was saved. {}", said.join(" ")))
            }
            WebError::Stale(stale) => ("Somebody was here before you", format!("Nothing was done. {}", stale.sentence())),
            WebError::Unavailable(why) => ("This cannot be done now", why.sentence.clone()),
            WebError::KeyReused => (
                "This form was used before",
                "Nothing was done. Load the page again and repeat.".into(),
            ),
            WebError::TooMany(until) => ("Too many attempts", format!("Try again {}.", in_words(*until, clock::now()))),
            WebError::Busy(_) => (
                "We cannot reach our database",
                "Nothing was saved. Try again in a minute.".into(),
            ),
            WebError::Broken(_) => (
                "Something failed on our side",
                "We have written down what happened. Try again; if it fails again, write to us.".into(),
            ),
        };
        (heading.to_owned(), text)
    }

    /// The answer a person gets.
    pub(super) fn face(&self, asked: &Asked) -> HttpResponse {
        let status = self.status_code();
        let here = asked.here.as_ref().map_or("/", |path| path.as_str());
        let sign_in = super::sessions::login_path(here);
        if matches!(self, WebError::SignIn) {
            if asked.htmx {
                return HttpResponse::build(status).insert_header(("HX-Redirect", sign_in)).finish();
            }
            if asked.safe {
                return HttpResponse::SeeOther().insert_header((header::LOCATION, sign_in)).finish();
            }
        }
        let (heading, text) = self.words();
        let incident = if status.is_server_error() { asked.trace.to_string() } else { String::new() };
        let action = match self {
            WebError::SignIn => Some(Offer { label: "Sign in".into(), href: sign_in }),
            WebError::Stale(_) | WebError::KeyReused => {
                Some(Offer { label: "Load the page again".into(), href: here.to_owned() })
            }
            _ => None,
        };
        let html = if asked.partial {
            Part { heading: &heading, text: &text, incident: &incident, action: &action }.render()
        } else {
            Page { heading: &heading, text: &text, incident: &incident, action: &action }.render()
        };
        let mut answer = match html {
            Ok(html) => asked.body(status, html),
            Err(_) => HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(heading),
        };
        if matches!(self, WebError::TooMany(_) | WebError::Busy(_)) {
            answer.headers_mut().insert(header::RETRY_AFTER, self.retry_after());
        }
        answer
    }
}

/// `in 4 minutes`, `in 20 seconds`.
pub(super) fn in_words(until: Instant, now: Instant) -> String {
    match (until - now).num_seconds().max(1) {
        1 => "in a second".into(),
        seconds if seconds < 60 => format!("in {seconds} seconds"),
        seconds if seconds <= 90 => "in a minute".into(),
        seconds => format!("in {} minutes", (seconds + 59) / 60),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    heading: &'a str,
    text: &'a str,
    incident: &'a str,
    action: &'a Option<Offer>,
}

#[derive(Template)]
#[template(path = "_error.html")]
struct Part<'a> {
    heading: &'a str,
    text: &'a str,
    incident: &'a str,
    action: &'a Option<Offer>,
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            WebError::SignIn => StatusCode::UNAUTHORIZED,
            WebError::NotFound => StatusCode::NOT_FOUND,
            WebError::Gone(_) => StatusCode::GONE,
            WebError::Method => StatusCode::METHOD_NOT_ALLOWED,
            WebError::Forbidden(_) | WebError::OtherSite => StatusCode::FORBIDDEN,
            WebError::Malformed(_) => StatusCode::BAD_REQUEST,
            WebError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            WebError::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            WebError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            WebError::Stale(_) | WebError::Unavailable(_) | WebError::KeyReused => StatusCode::CONFLICT,
            WebError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            WebError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            WebError::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Bare: the front sees the error in the response and gives it its face.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}
