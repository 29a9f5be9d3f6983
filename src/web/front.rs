//! The outermost middleware: gives each request its id, catches panics, gives
//! errors their face, sets the headers and writes one line in the log.

use super::{
    Asked, WebError,
    app::App,
    flash::{self, Jar},
    guard::{self, Who},
    headers,
};
use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::BoxBody,
    cookie::Cookie,
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
};
use futures_util::FutureExt as _;
use std::{fmt, panic::AssertUnwindSafe, sync::Mutex, time::Instant};
use tracing::Instrument as _;

/// Everything around a request.
pub(super) async fn front(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let app = guard::app(request.request())?;
    let method = request.method().clone();
    let asked = Asked::of(&request, address(&request, &app), jar(&request, &app));
    request.extensions_mut().insert(asked.clone());
    let span = tracing::info_span!("request", trace = %asked.trace);

    let called = if holds_nul(&request) {
        let sentence = "Its address holds a character that nothing here is named with.".to_owned();
        Ok(Ok(request.error_response(WebError::Malformed(sentence))))
    } else {
        AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await
    };
    let _entered = span.entered();
    let (answer, pattern, who) = match called {
        Ok(Ok(mut answer)) => {
            let pattern = answer.request().match_pattern();
            let who = answer.request().extensions().get::<Who>().copied();
            if let Some(error) = own_error(answer.response()) {
                let face = error.as_ref().face(&asked);
                log_error(error.as_ref(), answer.status());
                answer = keep_headers(answer, face);
            }
            (Ok(answer), pattern, who)
        }
        // the request is gone with these: the answer is made from what was kept
        Ok(Err(error)) => (Err(broken(format!("{error:?}"))), None, None),
        Err(panic) => (Err(broken(format!("panic: {}", panic_words(&*panic)))), None, None),
    };
    let answer = match answer {
        Ok(mut answer) => {
            finish(answer.response_mut(), &asked, &app);
            Ok(answer)
        }
        Err(error) => {
            log_error(&error, StatusCode::INTERNAL_SERVER_ERROR);
            let mut face = error.face(&asked);
            finish(&mut face, &asked, &app);
            Err(face)
        }
    };
    let status = answer.as_ref().map_or_else(|face| face.status(), ServiceResponse::status).as_u16();
    let pattern = pattern.as_deref().unwrap_or("(none)");
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let (user, account) = (who.map(|w| w.user.0), who.map(|w| w.account.0));
    if matches!(pattern, "/healthz" | "/readyz" | "/static/{name}") {
        tracing::debug!(%method, pattern, status, ms, "answered");
    } else {
        tracing::info!(%method, pattern, status, ms, user, account, "answered");
    }
    answer.map_err(|face| Faced(Mutex::new(Some(face))).into())
}

/// An error that already has its whole answer.
struct Faced(Mutex<Option<HttpResponse>>);

impl fmt::Debug for Faced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faced")
    }
}

impl fmt::Display for Faced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("answered with an error page")
    }
}

impl ResponseError for Faced {
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let face = self.0.lock().ok().and_then(|mut face| face.take());
        face.unwrap_or_else(|| HttpResponse::InternalServerError().finish())
    }
}

/// A borrowed error of ours, or one made for somebody else's.
enum Cause<'a> {
    Ours(&'a WebError),
    Made(WebError),
}

impl AsRef<WebError> for Cause<'_> {
    fn as_ref(&self) -> &WebError {
        match self {
            Cause::Ours(error) => error,
            Cause::Made(error) => error,
        }
    }
}

fn own_error(answer: &HttpResponse) -> Option<Cause<'_>> {
    let error = answer.error()?;
    Some(match error.as_error::<WebError>() {
        Some(ours) => Cause::Ours(ours),
        None => Cause::Made(match WebError::of_status(answer.status()) {
            WebError::Broken(cause) => WebError::Broken(cause.context(format!("{error:?}"))),
            other => other,
        }),
    })
}

/// The face with what the bare answer carried: cookies, and which methods do.
fn keep_headers(bare: ServiceResponse, mut face: HttpResponse) -> ServiceResponse {
    for name in [header::SET_COOKIE, header::ALLOW] {
        for value in bare.headers().get_all(&name) {
            face.headers_mut().append(name.clone(), value.clone());
        }
    }
    bare.into_response(face)
}

fn finish(answer: &mut HttpResponse, asked: &Asked, app: &App) {
    headers::set(answer.headers_mut(), asked, app.config.is_https());
    let cookie = asked.with_jar(|jar| match &jar.set {
        Some(flash) => Some(flash::cookie(app, flash)),
        None => jar.taken.then(|| flash::removal(app)),
    });
    if let Some(cookie) = cookie
        && let Err(error) = answer.add_cookie(&cookie)
    {
        tracing::error!(?error, "a flash was lost");
    }
}

fn log_error(error: &WebError, status: StatusCode) {
    let cause = error.chain();
    if status.is_server_error() {
        tracing::error!(cause, "failed");
    } else if matches!(error, WebError::Forbidden(_) | WebError::OtherSite | WebError::TooMany(_)) {
        tracing::warn!(cause, "refused");
    } else {
        tracing::debug!(cause, "refused");
    }
}

/// The one character that PostgreSQL cannot keep in a text.
/// The API names the key that holds it.
fn holds_nul(request: &ServiceRequest) -> bool {
    !request.path().starts_with("/v1/")
        && request.uri().path_and_query().is_some_and(|text| text.as_str().contains("%00"))
}

fn broken(words: String) -> WebError {
    WebError::Broken(anyhow::anyhow!(words))
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

fn address(request: &ServiceRequest, app: &App) -> Option<String> {
    let hops: Vec<&str> =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let peer = request.peer_addr().map(|peer| peer.ip());
    app.config.client_address(peer, &hops).map(|ip| ip.to_canonical().to_string())
}

fn jar(request: &ServiceRequest, app: &App) -> Jar {
    let cookie: Option<Cookie<'_>> = request.cookie(flash::name(app));
    Jar { came: cookie.and_then(|cookie| flash::read(app, cookie.value())), ..Jar::default() }
}
