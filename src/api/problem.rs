//! What a call can end in instead: `application/problem+json` (RFC 9457) with a
//! code that stays the same and a sentence that says what to do.

use crate::{accounts::tokens::Scope, actions::ActionError, db::DbError, evidence::TraceId};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;

/// The result of an endpoint.
pub type ApiResult<T> = Result<T, Problem>;

/// A kind of problem: its code, its status, its title, and when it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The code, which never changes.
    pub code: &'static str,
    /// The status it comes with.
    pub status: u16,
    /// The same words each time.
    pub title: &'static str,
    /// When it is answered and what to do.
    pub meaning: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal, $code:literal, $title:literal, $meaning:literal;)*) => {
        impl Kind {
            $(#[doc = $meaning] pub const $name: Kind = Kind { code: $code, status: $status, title: $title, meaning: $meaning };)*
            /// Every kind, for the documentation.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];
        }
    };
}
kinds! {
    MALFORMED = 400, "malformed", "The request cannot be read", "The body is no JSON, or a header is broken. Correct it and send it again.";
    UNAUTHENTICATED = 401, "unauthenticated", "A token is missing", "No token came, or it is mistyped, expired or revoked. Send `Authorization: Bearer wb_live_…`.";
    MISSING_SCOPE = 403, "missing_scope", "The token may not do this", "The token lacks the scope that the detail names. Make a token with it.";
    FORBIDDEN = 403, "forbidden", "The token’s person may not do this", "The role of the person who made the token does not allow it.";
    NOT_FOUND = 404, "not_found", "There is no such record", "The address is mistyped, or the record belongs to another account.";
    METHOD = 405, "method_not_allowed", "This method is not offered here", "The header `Allow` lists what is.";
    ACTION_UNAVAILABLE = 409, "action_unavailable", "The action cannot be done now", "The record is in a state in which the action makes no sense; the detail says why and what would help.";
    STILL_RUNNING = 409, "still_running", "The first request with this key is still running", "Wait as long as `Retry-After` says, then repeat with the same key to read its answer.";
    STALE_PREVIEW = 409, "stale_preview", "What would be done is not what was looked at", "Rows changed, or others match now. Look at the operation again, then start it with the new fingerprint.";
    STALE = 412, "stale", "The record changed", "It is no longer the version that `If-Match` names. Read it again, then repeat.";
    TOO_LARGE = 413, "too_large", "The body is too large", "A body may hold 1 MB.";
    MEDIA_TYPE = 415, "unsupported_media_type", "The body is of an unknown type", "Send `Content-Type: application/json`.";
    INVALID = 422, "invalid", "The request breaks a rule", "`errors` names each field and what is wrong with it.";
    KEY_REUSED = 422, "idempotency_key_reused", "The key came with another request", "Use a new `Idempotency-Key` for a new request.";
    TOO_BROAD = 422, "filter_too_broad", "The filter reads too much", "It could not be answered within 3 seconds. Narrow the condition that `errors` names.";
    TOO_MANY = 429, "too_many_requests", "Too many requests", "Wait as long as `Retry-After` says.";
    BROKEN = 500, "broken", "Something failed on our side", "Nothing is known to be wrong with the request. Write to us with the `trace_id`.";
    BUSY = 503, "busy", "The database cannot be reached", "Nothing was changed. Try again in a minute.";
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Where: a name, or a path such as `filter_groups.filters[0].value`.
    pub field: String,
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

impl FieldError {
    /// One of them.
    pub fn new(field: impl Into<String>, code: &str, detail: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), code: code.to_owned(), detail: detail.into() }
    }
}

/// Why a call did not do what was asked.
#[derive(Debug)]
pub struct Problem {
    /// Which.
    pub kind: Kind,
    /// This time, in a sentence.
    pub detail: String,
    /// By field, where fields are to blame.
    pub errors: Vec<FieldError>,
    /// The action that would help, where one would.
    pub offer: Option<String>,
    /// Seconds to wait before it makes sense to repeat.
    pub retry_after: Option<i64>,
    /// For the log only.
    pub cause: Option<anyhow::Error>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Sent<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "uri-reference"))]
    pub kind: String,
    /// The same words for each problem of this code.
    pub title: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The stable word for programs.
    pub code: &'a str,
    /// This time, in a sentence, with what to do.
    pub detail: &'a str,
    /// What is wrong by field; empty where no field is to blame.
    pub errors: &'a [FieldError],
    /// The action that would help, where one would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<&'a str>,
    /// The chain this request belongs to, in the portal’s traces and in our logs.
    pub trace_id: &'a str,
}

impl Problem {
    /// A problem in these words.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            offer: None,
            retry_after: None,
            cause: None,
        }
    }

    /// A problem in the words of its kind.
    pub fn of(kind: Kind) -> Problem {
        Problem::new(kind, kind.meaning)
    }

    /// Fields that break a rule.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = match errors.as_slice() {
            [] => Kind::INVALID.meaning.to_owned(),
            [one] if one.field.is_empty() => one.detail.clone(),
            [one] => format!("{}: {}", one.field, one.detail),
            many => format!("{} fields break a rule: {}.", many.len(), {
                let names: Vec<&str> = many.iter().map(|e| e.field.as_str()).collect();
                names.join(", ")
            }),
        };
        Problem { errors, ..Problem::new(Kind::INVALID, detail) }
    }

    /// One field that breaks a rule.
    pub fn field(field: &str, code: &str, detail: impl Into<String>) -> Problem {
        Problem::invalid(vec![FieldError::new(field, code, detail)])
    }

    /// The token lacks a scope.
    pub fn missing(scope: Scope) -> Problem {
        Problem::new(Kind::MISSING_SCOPE, format!("The token lacks the scope {scope}. Make one with it."))
    }

    /// After so many seconds it makes sense to repeat.
    pub fn after(mut self, seconds: i64) -> Problem {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// The answer.
    pub fn answer(&self, trace: &TraceId) -> HttpResponse {
        match (&self.cause, self.kind.status) {
            (Some(cause), 500..) => {
                tracing::error!(cause = format!("{cause:#}"), code = self.kind.code, "failed")
            }
            _ => tracing::debug!(code = self.kind.code, detail = self.detail, "refused"),
        }
        let mut answer = HttpResponse::build(
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        );
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.kind == Kind::UNAUTHENTICATED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"waybill\""));
        }
        answer.content_type("application/problem+json").body(self.json(trace))
    }

    /// As text.
    pub fn json(&self, trace: &TraceId) -> String {
        let sent = Sent {
            kind: format!("/docs#{}", self.kind.code),
            title: self.kind.title,
            status: self.kind.status,
            code: self.kind.code,
            detail: &self.detail,
            errors: &self.errors,
            offer: self.offer.as_deref(),
            trace_id: trace.as_str(),
        };
        serde_json::to_string(&sent).unwrap_or_default()
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Problem {
        match error {
            DbError::Pool(_) => Problem { cause: Some(error.into()), ..Problem::of(Kind::BUSY) }.after(60),
            DbError::Query(_) if error.is_of_the_data() => {
                tracing::debug!(?error, "the database refused a value");
                Problem::field("", "out_of_range", "A value is longer or larger than what can be kept.")
            }
            DbError::Query(_) => Problem { cause: Some(error.into()), ..Problem::of(Kind::BROKEN) },
        }
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Problem {
        DbError::from(error).into()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Problem {
        Problem { cause: Some(error), ..Problem::of(Kind::BROKEN) }
    }
}

impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Problem {
        match error {
            ActionError::NotFound => Problem::of(Kind::NOT_FOUND),
            ActionError::Forbidden(permission) => Problem::new(
                Kind::FORBIDDEN,
                format!("The person of this token lacks the permission {}.", permission.label()),
            ),
            ActionError::Unavailable(why) => {
                Problem { offer: why.offer, ..Problem::new(Kind::ACTION_UNAVAILABLE, why.sentence) }
            }
            ActionError::Stale(stale) => Problem::new(Kind::STALE, stale.sentence()),
            ActionError::Refused(fields) => Problem::invalid(
                fields.into_iter().map(|(field, detail)| FieldError::new(field, "refused", detail)).collect(),
            ),
            ActionError::KeyReused => Problem::of(Kind::KEY_REUSED),
            ActionError::Db(error) => error.into(),
        }
    }
}
