//! Forms are taken from our own pages only. Browsers say where a request comes
//! from; a page of another site cannot make them say otherwise.

use super::{WebError, app::App, guard};
use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};
use url::Url;

/// Paths that never read cookies: there is no sign-in to abuse.
const WITHOUT_COOKIES: [&str; 3] = ["/hooks/", "/v1/", "/csp-reports"];

/// Turns away what another site sent.
pub(super) async fn same_site(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let exempt = WITHOUT_COOKIES.iter().any(|start| request.path().starts_with(start));
    if exempt || comes_from_us(&request, &*guard::app(request.request())?) {
        return next.call(request).await;
    }
    Ok(request.error_response(WebError::OtherSite))
}

fn comes_from_us(request: &ServiceRequest, app: &App) -> bool {
    let text =
        |name: header::HeaderName| request.headers().get(name).map(|v| v.to_str().unwrap_or("unreadable"));
    let host = text(header::HOST);
    let ours = Ours { public: app.config.public_url.as_ref(), host };
    let said =
        Said { site: text(header::HeaderName::from_static("sec-fetch-site")), origin: text(header::ORIGIN) };
    allowed(request.method(), said, ours)
}

/// What a browser says of a request's origin.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
}

/// Who we are.
#[derive(Debug, Clone, Copy)]
pub struct Ours<'a> {
    /// The configured address.
    pub public: Option<&'a Url>,
    /// The `Host` header; counts when no address is configured.
    pub host: Option<&'a str>,
}

/// The rule: methods that change nothing may come from anywhere; the others from
/// our own origin, by `Sec-Fetch-Site`, or where that is missing by `Origin`.
pub fn allowed(method: &Method, said: Said<'_>, ours: Ours<'_>) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return true;
    }
    match (said.site, said.origin) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_ours(origin, ours),
        (None, None) => false,
    }
}

fn is_ours(origin: &str, ours: Ours<'_>) -> bool {
    match (ours.public, ours.host) {
        (Some(public), _) => public.origin().ascii_serialization() == origin,
        (None, Some(host)) => {
            let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        }
        (None, None) => false,
    }
}
