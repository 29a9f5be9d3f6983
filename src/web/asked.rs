//! What a request asks for, beside its route: who sent it from where, whether
//! htmx did, and how the answer may look. Made once, by the front.

use super::{
    WebError, WebResult,
    flash::Jar,
    local_path::LocalPath,
    markup::{Flash, Undo},
};
use crate::{evidence::TraceId, secrets::random_bytes};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::{Payload, ServiceRequest},
    http::{StatusCode, header},
};
use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use std::{
    future::{Ready, ready},
    io::Write,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

/// Pages shorter than this are not worth compressing.
const WORTH_GZIP: usize = 1024;

/// The facts of one request. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asked(Arc<Facts>);

/// See [`Asked`].
#[derive(Debug)]
pub struct Facts {
    /// The chain everything of this request belongs to; also its incident id.
    pub trace: TraceId,
    /// What lets this answer's own scripts and htmx elements work.
    pub nonce: String,
    /// Where the request came from.
    pub ip: Option<String>,
    /// The path, without the query.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// Whether htmx sent it.
    pub htmx: bool,
    /// Whether only a part of the page is wanted.
    pub partial: bool,
    /// Whether the method changes nothing.
    pub safe: bool,
    /// The page the person is on: this one, or the one htmx sent this from.
    pub here: Option<LocalPath>,
    gzip: bool,
    jar: Mutex<Jar>,
}

impl Deref for Asked {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl Asked {
    /// Reads the request.
    pub(super) fn of(request: &ServiceRequest, ip: Option<String>, jar: Jar) -> Asked {
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        let htmx = header("hx-request") == Some("true");
        let safe = request.method().is_safe();
        let own = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let here = match (htmx, safe) {
            (true, _) => header("hx-current-url").and_then(LocalPath::of_url),
            (false, true) => LocalPath::parse(own),
            (false, false) => header("referer").and_then(LocalPath::of_url),
        };
        Asked(Arc::new(Facts {
            trace: TraceId::new(),
            nonce: STANDARD.encode(random_bytes::<16>()),
            ip,
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            htmx,
            partial: htmx && header("hx-request-type") == Some("partial"),
            safe,
            here,
            gzip: accepts_gzip(request.headers()),
            jar: Mutex::new(jar),
        }))
    }

    /// Renders a template as the answer.
    pub fn html(&self, template: &impl Template) -> WebResult<HttpResponse> {
        self.html_with(StatusCode::OK, template)
    }

    /// Renders a template as the answer, with a status.
    pub fn html_with(&self, status: StatusCode, template: &impl Template) -> WebResult<HttpResponse> {
        Ok(self.body(status, template.render()?))
    }

    /// HTML that is text already, compressed in place when that is worth it.
    pub(super) fn body(&self, status: StatusCode, html: String) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        answer.content_type("text/html; charset=utf-8");
        if self.gzip && html.len() > WORTH_GZIP {
            let mut encoder = GzEncoder::new(Vec::with_capacity(html.len() / 3), Compression::fast());
            if encoder.write_all(html.as_bytes()).is_ok()
                && let Ok(packed) = encoder.finish()
            {
                answer.insert_header((header::CONTENT_ENCODING, "gzip"));
                return answer.body(packed);
            }
        }
        answer.body(html)
    }

    /// Sends the person to another page of ours: a 303, or what htmx takes for one.
    pub fn see_other(&self, path: impl AsRef<str>) -> HttpResponse {
        let path = path.as_ref();
        if self.htmx {
            HttpResponse::Ok().insert_header(("HX-Redirect", path)).finish()
        } else {
            HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
        }
    }

    /// Says something at the top of the next page. `tone` is `success`, `info`,
    /// `warning` or `danger`.
    pub fn flash(&self, tone: &'static str, text: impl Into<String>) {
        self.flash_with(tone, text, None);
    }

    /// As [`Asked::flash`], with what takes it back.
    pub fn flash_with(&self, tone: &'static str, text: impl Into<String>, undo: Option<Undo>) {
        self.with_jar(|jar| jar.set = Some(Flash { tone, text: text.into(), undo }));
    }

    /// Takes what the last page wanted said; it is not said again.
    pub(super) fn take_flash(&self) -> Option<Flash> {
        self.with_jar(Jar::take)
    }

    pub(super) fn with_jar<T>(&self, work: impl FnOnce(&mut Jar) -> T) -> T {
        work(&mut self.jar.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FromRequest for Asked {
    type Error = WebError;
    type Future = Ready<Result<Asked, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.extensions().get::<Asked>().cloned();
        ready(asked.ok_or_else(|| WebError::Broken(anyhow::anyhow!("the front middleware is missing"))))
    }
}

fn accepts_gzip(headers: &header::HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.split_once(';').unwrap_or((coding, "")))
        .any(|(coding, weight)| {
            let weight = weight.trim().trim_start_matches("q=");
            coding.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>() != Ok(0.0)
        })
}
