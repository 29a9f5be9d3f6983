//! What a line of the API's table is, and how the lines become routes and their
//! documentation: a handler's types say what it takes and answers, so that
//! neither can say anything else than the other.

use super::{
    caller::{self, Caller},
    idempotency,
    openapi::Documents,
    problem::{ApiResult, FieldError, Kind, Problem},
};
use crate::{
    accounts::tokens::Scope,
    web::{Asked, app::App},
};
use actix_web::{
    FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse, guard,
    http::{Method, StatusCode, header},
    web,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

/// The most a body may hold.
pub const BODY_LIMIT: usize = 1 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{id}` for what varies: numbers, always.
    pub path: &'static str,
    /// The scope a token needs.
    pub scope: Scope,
    /// Another that lets it in as well.
    pub or: Option<Scope>,
    /// The group it is documented in.
    pub group: &'static str,
    /// Its name in documents and generated clients.
    pub id: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Whether it changes anything: then an `Idempotency-Key` is taken.
    pub writes: bool,
    /// The status when it went well.
    pub status: u16,
    /// Another that it may have then.
    pub also: Option<u16>,
}

/// What a handler is given beside its caller.
#[derive(Debug, Clone)]
pub struct Asks<Q, B = Nothing> {
    /// The numbers of the path, in order.
    pub path: Vec<i64>,
    /// The query.
    pub query: Q,
    /// The body.
    pub body: B,
}

impl<Q, B> Asks<Q, B> {
    /// The first number of the path.
    pub fn id(&self) -> i64 {
        self.path.first().copied().unwrap_or_default()
    }
}

/// No query, or no body.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What a handler answers.
#[derive(Debug)]
pub struct Answer<T> {
    /// The body.
    pub body: T,
    /// The version of the record, for `ETag`.
    pub version: Option<i32>,
    /// `Link`, where there are neighbours.
    pub links: Option<String>,
    /// Another status than the line's.
    pub status: Option<u16>,
}

impl<T> Answer<T> {
    /// A body and nothing besides.
    pub fn of(body: T) -> Answer<T> {
        Answer { body, version: None, links: None, status: None }
    }

    /// With the version of the record.
    pub fn version(mut self, version: i32) -> Answer<T> {
        self.version = Some(version);
        self
    }
}

/// An answer as it is kept for a repeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub status: u16,
    pub body: String,
    pub etag: Option<String>,
    pub links: Option<String>,
    /// A problem, by its content type.
    pub problem: bool,
}

impl Kept {
    fn answer(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = HttpResponse::build(status);
        answer.content_type(if self.problem { "application/problem+json" } else { "application/json" });
        if let Some(etag) = self.etag {
            answer.insert_header((header::ETAG, etag));
        }
        if let Some(links) = self.links {
            answer.insert_header((header::LINK, links));
        }
        answer.body(self.body)
    }
}

/// Collects the lines while they are registered, and what documents them.
#[derive(Default)]
pub struct Api {
    lines: Vec<(&'static Line, actix_web::Route)>,
    /// What is known of every line.
    pub documents: Documents,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lines.iter().map(|(line, _)| line)).finish()
    }
}

impl Api {
    /// Adds a line with its handler.
    pub fn add<F, Fut, Q, B, T>(&mut self, line: &'static Line, handler: F)
    where
        F: Fn(Caller, Asks<Q, B>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ApiResult<Answer<T>>> + Send + 'static,
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: DeserializeOwned + JsonSchema + Send + 'static,
        T: Serialize + JsonSchema + Send + 'static,
    {
        self.documents.add::<Q, B, T>(line);
        let known = Arc::new(names::<Q>());
        self.route(line, move |caller, request, body| {
            let (handler, known) = (handler.clone(), known.clone());
            async move {
                let asks = Asks {
                    path: path(&request)?,
                    query: query::<Q>(request.query_string(), &known)?,
                    body: parse_body::<B>(&request, &body)?,
                };
                let app = caller.app.clone();
                let write = idempotency::Write::of(line, &request, &caller, &body)?;
                let work = async move {
                    let run = |caller: Caller| async move {
                        let trace = caller.asked.trace.clone();
                        keep(line, handler(caller, asks).await, &trace)
                    };
                    match write {
                        Some(write) => write.once(caller, run).await,
                        None => run(caller).await,
                    }
                };
                let kept = if line.writes {
                    app.finish(work).await.map_err(|e| anyhow::anyhow!("{e}"))?
                } else {
                    work.await
                };
                kept.map(Kept::answer)
            }
        });
    }

    /// Adds a line that answers something else than JSON, of this media type.
    pub fn add_raw<F, Fut, Q>(&mut self, line: &'static Line, media: &'static [&'static str], handler: F)
    where
        F: Fn(Caller, Asks<Q>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ApiResult<HttpResponse>> + 'static,
        Q: DeserializeOwned + JsonSchema + 'static,
    {
        self.documents.add_raw::<Q>(line, media);
        self.raw(line, handler);
    }

    /// As [`Api::add_raw`], of a line that may answer this as JSON instead, with its
    /// other status.
    pub fn add_raw_or<F, Fut, Q, T>(
        &mut self,
        line: &'static Line,
        media: &'static [&'static str],
        handler: F,
    ) where
        F: Fn(Caller, Asks<Q>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ApiResult<HttpResponse>> + 'static,
        Q: DeserializeOwned + JsonSchema + 'static,
        T: JsonSchema,
    {
        self.documents.add_raw_or::<Q, T>(line, media);
        self.raw(line, handler);
    }

    fn raw<F, Fut, Q>(&mut self, line: &'static Line, handler: F)
    where
        F: Fn(Caller, Asks<Q>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ApiResult<HttpResponse>> + 'static,
        Q: DeserializeOwned + JsonSchema + 'static,
    {
        let known = Arc::new(names::<Q>());
        self.route(line, move |caller, request, _| {
            let (handler, known) = (handler.clone(), known.clone());
            async move {
                let asks = Asks {
                    path: path(&request)?,
                    query: query::<Q>(request.query_string(), &known)?,
                    body: Nothing {},
                };
                handler(caller, asks).await
            }
        });
    }

    fn route<F, Fut>(&mut self, line: &'static Line, work: F)
    where
        F: Fn(Caller, HttpRequest, web::Bytes) -> Fut + Clone + 'static,
        Fut: Future<Output = ApiResult<HttpResponse>> + 'static,
    {
        let handler = move |app: web::Data<App>, request: HttpRequest, payload: web::Payload| {
            let work = work.clone();
            async move {
                let asked = match Asked::extract(&request).await {
                    Ok(asked) => asked,
                    Err(error) => return HttpResponse::from_error(error),
                };
                let trace = asked.trace.clone();
                let (rate, caller) = caller::enter(app.into_inner(), asked, &request, line).await;
                let result = async {
                    let caller = caller?;
                    let body = read_body(&request, payload).await?;
                    work(caller, request, body).await
                };
                let mut answer = result.await.unwrap_or_else(|problem: Problem| problem.answer(&trace));
                if let Some(rate) = rate {
                    rate.set(&mut answer);
                }
                answer
            }
        };
        let mut route = web::route().guard(guard::Method(method(line.method)));
        if line.method == "GET" {
            route = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        }
        self.lines.push((line, route.to(handler)));
    }

    /// Registers everything: the more exact pattern first, and for other methods
    /// an answer that lists those there are.
    pub(super) fn configure(mut self, config: &mut web::ServiceConfig) {
        // `.json` before the number alone, fixed words before numbers
        self.lines.sort_by_key(|(line, _)| (line.path.matches('{').count(), line.path));
        let mut lines = self.lines.into_iter().peekable();
        while let Some((first, route)) = lines.next() {
            let mut allow = vec![first.method];
            let mut resource = web::resource(pattern(first.path)).route(route);
            while let Some((next, route)) = lines.next_if(|(next, _)| next.path == first.path) {
                allow.push(next.method);
                resource = resource.route(route);
            }
            if allow.contains(&"GET") {
                allow.push("HEAD");
            }
            let allow = allow.join(", ");
            config.service(resource.default_service(web::to(move |request: HttpRequest| {
                let mut answer = refuse(&request, &Problem::of(Kind::METHOD));
                if let Ok(allow) = header::HeaderValue::from_str(&allow) {
                    answer.headers_mut().insert(header::ALLOW, allow);
                }
                std::future::ready(answer)
            })));
        }
    }
}

/// Answers a problem where no caller is known.
pub(super) fn refuse(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let trace = request.extensions().get::<Asked>().map(|asked| asked.trace.clone()).unwrap_or_default();
    problem.answer(&trace)
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap_or(Method::GET)
}

/// Only digits stand for a number: anything else is no such page.
fn pattern(path: &str) -> String {
    path.replace('}', ":[0-9]+}")
}

fn path(request: &HttpRequest) -> ApiResult<Vec<i64>> {
    request
        .match_info()
        .iter()
        .map(|(_, text)| text.parse().ok().filter(|id| *id > 0).ok_or_else(|| Problem::of(Kind::NOT_FOUND)))
        .collect()
}

async fn read_body(request: &HttpRequest, payload: web::Payload) -> ApiResult<web::Bytes> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT) {
        return Err(Problem::of(Kind::TOO_LARGE));
    }
    match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(BODY_LIMIT)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::of(Kind::TOO_LARGE)),
        Ok(Ok(Err(_))) | Err(_) => Err(Problem::new(Kind::MALFORMED, "The end of the body did not arrive.")),
    }
}

/// The names a query may hold, with the range of each that is a number.
type Names = BTreeMap<String, (Option<i64>, Option<i64>)>;

fn names<Q: JsonSchema>() -> Names {
    let schema = schemars::schema_for!(Q);
    let range = |schema: &serde_json::Value| {
        let of = if schema["items"].is_object() { &schema["items"] } else { schema };
        (of["minimum"].as_i64(), of["maximum"].as_i64())
    };
    let properties = schema.get("properties").and_then(|p| p.as_object());
    properties.map(|p| p.iter().map(|(name, s)| (name.clone(), range(s))).collect()).unwrap_or_default()
}

fn query<Q: DeserializeOwned>(text: &str, known: &Names) -> ApiResult<Q> {
    let mut wrong = Vec::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let Some(range) = known.get(name.as_ref()) else {
            let detail = match known.len() {
                0 => "This takes no query.".to_owned(),
                _ => format!("There is no such query key; there are {}.", list(known)),
            };
            wrong.push(FieldError::new(name, "unknown", detail));
            continue;
        };
        let number = value.parse::<i64>().ok();
        if let (Some(number), (least, most)) = (number, *range)
            && (least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most))
        {
            let detail = match (least, most) {
                (Some(least), Some(most)) => format!("It is a number from {least} to {most}."),
                (Some(least), None) => format!("It is a number from {least} on."),
                (_, most) => format!("It is a number up to {}.", most.unwrap_or(i64::MAX)),
            };
            wrong.push(FieldError::new(name, "out_of_range", detail));
        } else if value.contains('\0') {
            wrong.push(FieldError::new(name, "malformed", "It holds a character that nobody can type."));
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let pairs = serde_html_form::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| Problem::field(&at(error.path()), "malformed", sentence(error.inner())))
}

fn list(known: &Names) -> String {
    known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn parse_body<B: DeserializeOwned>(request: &HttpRequest, body: &web::Bytes) -> ApiResult<B> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    if !empty && !request.content_type().eq_ignore_ascii_case("application/json") {
        return Err(Problem::of(Kind::MEDIA_TYPE));
    }
    let text: &[u8] = if empty { b"{}" } else { body };
    let value: serde_json::Value = serde_json::from_slice(text)
        .map_err(|error| Problem::new(Kind::MALFORMED, format!("The body is no JSON: {error}.")))?;
    if holds_nul(&value) {
        return Err(Problem::field("", "malformed", "It holds a character that nobody can type."));
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| Problem::field(&at(error.path()), "malformed", sentence(error.inner())))
}

fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(map) => map.iter().any(|(k, v)| k.contains('\0') || holds_nul(v)),
        _ => false,
    }
}

fn at(path: &serde_path_to_error::Path) -> String {
    match path.to_string() {
        root if root == "." => String::new(),
        path => path,
    }
}

/// serde's words as a sentence: `invalid type: …` becomes `This is of the wrong type: …`.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text).replace('`', "");
    let text = text
        .replace("invalid type", "this is of the wrong type")
        .replace("invalid value", "this value will not do");
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What is sent and may be sent again.
fn keep<T: Serialize>(
    line: &Line,
    answer: ApiResult<Answer<T>>,
    trace: &crate::evidence::TraceId,
) -> ApiResult<Kept> {
    match answer {
        Ok(answer) => Ok(Kept {
            status: answer.status.unwrap_or(line.status),
            body: serde_json::to_string(&answer.body).map_err(anyhow::Error::from)?,
            etag: answer.version.map(|version| format!("\"{version}\"")),
            links: answer.links,
            problem: false,
        }),
        // what the request itself is to blame for stays so; the rest may be tried again
        Err(problem) if line.writes && problem.kind.status < 500 && problem.retry_after.is_none() => {
            Ok(Kept {
                status: problem.kind.status,
                body: problem.json(trace),
                etag: None,
                links: None,
                problem: true,
            })
        }
        Err(problem) => Err(problem),
    }
}
