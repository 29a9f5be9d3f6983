//! The client: one `reqwest` client for the whole process.

use super::{
    AddressPolicy, Answer, ErrorClass, Failure, Held, HttpRequest, HttpResponse, Mailer, Reached,
    address::{NOT_PUBLIC, PublicOnly},
    lane::{Asks, Lane, Told, Turn, Why},
    turn,
};
use crate::{
    clock::{self, Instant},
    crash,
    db::Db,
    evidence::record::{self, About, LogType, Received, RecordStatus, Sent},
    ids::{AccountId, RecordId},
};
use anyhow::{Context, Result};
use futures_util::StreamExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The most of an answer that is read.
const LARGEST_ANSWER: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);

/// The only way out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    policy: Arc<AddressPolicy>,
    total: Duration,
    now: fn() -> Instant,
    taken: Option<Arc<Taken>>,
    mailer: Option<Mailer>,
}

/// A turn that was taken ahead, and whether a call has used it.
#[derive(Debug)]
struct Taken {
    lane: Lane,
    turn: Turn,
    used: AtomicBool,
}

/// What a call came to, and the record that tells of it.
#[derive(Debug)]
pub struct Called<T> {
    /// The transaction record; `None` only when the call was held back or its
    /// record could not be written, and then nothing was sent.
    pub record: Option<RecordId>,
    /// What was answered.
    pub result: Result<Answer<T>, Failure>,
}

impl Client {
    /// A client with 20 seconds for a whole call.
    pub fn new(policy: AddressPolicy) -> Result<Client> {
        Client::with_timeout(policy, Duration::from_secs(20))
    }

    /// A client with its own time limit for a whole call.
    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    pub fn with_timeout(policy: AddressPolicy, total: Duration) -> Result<Client> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT.min(total))
            .timeout(total)
            .dns_resolver(Arc::new(PublicOnly))
            .user_agent(concat!("Waybill/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("building the HTTP client")?;
        Ok(Client { http, policy: Arc::new(policy), total, now: clock::now, taken: None, mailer: None })
    }

    /// With another clock than the machine's, for budgets and records.
    pub fn with_clock(self, now: fn() -> Instant) -> Client {
        Client { now, ..self }
    }

    /// With a mail server.
    pub fn with_mailer(self, mailer: Option<Mailer>) -> Client {
        Client { mailer, ..self }
    }

    /// The mail server, if there is one.
    pub fn mailer(&self) -> Option<&Mailer> {
        self.mailer.as_ref()
    }

    /// Which addresses may be called; for checking a URL when it is saved.
    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// The longest a call can take.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// A client that has its turn on a lane: the first call over it uses the turn,
    /// and those that follow are not held back, for what was begun must come to an
    /// end. `asks` is what the first call does. A failure is one of a call that was
    /// held back; nothing is committed yet that says otherwise.
    pub async fn in_turn(
        &self,
        db: &Db,
        account: AccountId,
        lane: Lane,
        asks: Asks,
    ) -> Result<Client, Failure> {
        let turn = self.ask(db, account, lane, asks).await?;
        let taken = Some(Arc::new(Taken { lane, turn, used: AtomicBool::new(false) }));
        Ok(Client { taken, ..self.clone() })
    }

    /// Whether a turn on this lane was taken ahead.
    pub fn has_turn(&self, lane: Lane) -> bool {
        self.taken.as_deref().is_some_and(|taken| taken.lane == lane)
    }

    async fn ask(&self, db: &Db, account: AccountId, lane: Lane, asks: Asks) -> Result<Turn, Failure> {
        let now = (self.now)();
        let kept_back = match turn::ask(db, account, lane, asks, now).await {
            Ok(Ok(turn)) => return Ok(turn),
            Ok(Err(kept_back)) => kept_back,
            Err(error) => {
                tracing::error!(?error, %lane, "the budget could not be read, so no call");
                return Err(Failure::not_sent(
                    ErrorClass::Unavailable,
                    "The database did not tell whether this call may be made.",
                ));
            }
        };
        let (class, held, words) = match kept_back.why {
            Why::Budget => (
                ErrorClass::RateLimited,
                Held::ItsTurn,
                format!(
                    "It waits for its turn: the budget is {} requests a minute.",
                    kept_back.state.per_minute
                ),
            ),
            Why::Asked => (
                ErrorClass::RateLimited,
                Held::ItsTurn,
                "It waits for its turn: the other side asked for fewer requests.".to_owned(),
            ),
            Why::Circuit { a_read_may_try } => (
                ErrorClass::Unavailable,
                if a_read_may_try { Held::NeedsARead } else { Held::ItsTurn },
                format!(
                    "The circuit breaker holds it back: {} of {} calls failed.",
                    kept_back.state.failed, kept_back.state.calls
                ),
            ),
        };
        Err(Failure::held(class, held, words, kept_back.until - now))
    }

    /// The turn of one call: the one taken ahead, or one of its own.
    async fn turn(
        &self,
        db: &Db,
        account: AccountId,
        lane: Lane,
        log_type: LogType,
        about: &About,
    ) -> Result<Turn, Failure> {
        let asks = match self.taken.as_deref().filter(|taken| taken.lane == lane) {
            Some(taken) if !taken.used.swap(true, Ordering::Relaxed) => return Ok(taken.turn),
            Some(_) => Asks::Further,
            // a test that no job makes is a person's, who wants to know now
            None if log_type == LogType::AuthConnect && about.job.is_none() => Asks::Person,
            None => Asks::with(log_type),
        };
        self.ask(db, account, lane, asks).await
    }

    /// Makes one call. It waits for nothing: without a turn on its lane it is held
    /// back, and nothing is sent or recorded. The record is committed before the first byte goes out
    /// and completed with what `answer` makes of the response.
    pub async fn call<T>(
        &self,
        db: &Db,
        account: AccountId,
        log_type: LogType,
        about: &About,
        request: HttpRequest,
        answer: impl FnOnce(&HttpResponse) -> Result<Answer<T>, Failure>,
    ) -> Called<T> {
        crash::point("calling", log_type.as_str());
        let lane = Lane::of(about);
        let turn = match lane {
            Some(lane) => match self.turn(db, account, lane, log_type, about).await {
                Ok(turn) => Some((lane, turn)),
                Err(failure) => return Called { record: None, result: Err(failure) },
            },
            None => None,
        };
        let sent = Sent {
            method: request.method.to_owned(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default(),
        };
        let record = match record::begin(db, account, log_type, about, &sent).await {
            Ok(id) => id,
            Err(error) => {
                tracing::error!(?error, "no transaction record, so no call");
                let result = Err(Failure::not_sent(
                    ErrorClass::Unavailable,
                    "The database did not take the record of this call.",
                ));
                return Called { record: None, result };
            }
        };
        crash::point("recorded", log_type.as_str());
        let started = std::time::Instant::now();
        let response = self.send(request).await;
        crash::point("answered", log_type.as_str());
        let duration_ms = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let answered = match &response {
            Ok(response) => response.status < 500,
            // an address we refuse to call says nothing about who is there
            Err(failure) => failure.class == ErrorClass::InvalidRequest,
        };
        let (result, response) = match response {
            Ok(response) => (answer(&response), Some(response)),
            Err(failure) => (Err(failure), None),
        };
        let (status, failure, warning) = match &result {
            Ok(Answer { warning: None, .. }) => (RecordStatus::Success, None, None),
            Ok(Answer { warning: Some(warning), .. }) => (RecordStatus::Warning, None, Some(warning.clone())),
            Err(failure) => (RecordStatus::Failed, Some(failure), None),
        };
        let (response_status, headers, body) = match response {
            Some(r) => (Some(i32::from(r.status)), r.headers, r.body),
            None => (None, Vec::new(), String::new()),
        };
        let received = Received {
            status,
            response_status,
            headers,
            body,
            duration_ms,
            error_class: failure.map(|f| f.class.to_string()),
            error_code: failure.and_then(|f| f.code.clone()),
            error_message: failure.map(|f| f.message.clone()).or(warning),
        };
        if let Err(error) = record::complete(db, account, record, &received, (self.now)()).await {
            // the record stays in_progress: shown as an exchange without an outcome
            tracing::error!(?error, record.id = %record, "completing a transaction record failed");
        }
        crash::point("kept", log_type.as_str());
        if let Some((lane, turn)) = turn {
            let told = Told {
                answered,
                too_many: failure.is_some_and(|f| f.class == ErrorClass::RateLimited),
                wait: failure.and_then(|f| f.retry_after),
            };
            if let Err(error) = turn::learn(db, account, lane, turn, told, (self.now)()).await {
                tracing::error!(?error, %lane, "what a call told of its lane was not kept");
            }
        }
        Called { record: Some(record), result }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let url = self
            .policy
            .check(&request.url)
            .map_err(|sentence| Failure::not_sent(ErrorClass::InvalidRequest, sentence))?;
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| Failure::not_sent(ErrorClass::InvalidRequest, "not an HTTP method"))?;
        let mut builder = self.http.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut bytes = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| lost(&error))?;
            let room = LARGEST_ANSWER - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
        Ok(HttpResponse { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() })
    }
}

/// What a transport error tells about the request's effect: only a connection
/// that was never made is safe to repeat.
fn lost(error: &reqwest::Error) -> Failure {
    let mut whole = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        whole = inner.to_string();
        source = inner.source();
    }
    if error.is_connect() || error.is_builder() || error.is_request() && whole.contains(NOT_PUBLIC) {
        let class = if error.is_timeout() { ErrorClass::Timeout } else { ErrorClass::Unavailable };
        let words = if whole.contains(NOT_PUBLIC) {
            NOT_PUBLIC.to_owned()
        } else {
            format!("No connection: {whole}")
        };
        return Failure { reached: Reached::NotSent, ..Failure::not_sent(class, words) };
    }
    if error.is_timeout() {
        return Failure::perhaps(ErrorClass::Timeout, "No answer in time.");
    }
    Failure::perhaps(
        ErrorClass::Unavailable,
        format!("The connection broke before the whole answer arrived: {whole}"),
    )
}
