//! Who calls: the token, its scopes and its rate.

use super::{
    endpoint::Line,
    problem::{ApiResult, Kind, Problem},
};
use crate::{
    accounts::{
        Permission,
        rates::Turn,
        tokens::{self, Bearer, Scope},
    },
    actions::By,
    clock::{self, Instant},
    db::{self, DbResult},
    evidence::{Actor, ActorKind},
    ids::AccountId,
    web::{Asked, app::App},
};
use actix_web::{HttpRequest, HttpResponse, http::header};
use std::sync::Arc;

/// A program with a token, in one request. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    /// The application.
    pub app: Arc<App>,
    /// The token.
    pub bearer: Arc<Bearer>,
    /// As activity names it.
    pub by: By,
    /// What surrounds the request.
    pub asked: Asked,
    /// When it came.
    pub now: Instant,
    /// The key of this request for actions: the same key is the same act.
    pub key: Option<String>,
    /// The versions that `If-Match` names.
    pub if_match: IfMatch,
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing.
    Any,
    /// One of these versions; none where no tag was one of ours.
    Versions(Vec<i32>),
}

impl IfMatch {
    fn of(request: &HttpRequest) -> IfMatch {
        let mut lines = request.headers().get_all(header::IF_MATCH).peekable();
        if lines.peek().is_none() {
            return IfMatch::Any;
        }
        let mut versions = Vec::new();
        for line in lines {
            for tag in line.to_str().unwrap_or_default().split(',').map(str::trim) {
                if tag == "*" {
                    return IfMatch::Any;
                }
                let version = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
                versions.extend(version.and_then(|v| v.parse::<i32>().ok()));
            }
        }
        IfMatch::Versions(versions)
    }

    /// The version an action must find; `None` does not mind. A tag that is none
    /// of ours matches nothing, as a version that never was.
    pub fn version(&self) -> Option<i32> {
        match self {
            IfMatch::Any => None,
            IfMatch::Versions(versions) => Some(versions.first().copied().unwrap_or(-1)),
        }
    }

    /// Refuses a record of another version.
    pub fn check(&self, version: i32) -> ApiResult<()> {
        match self {
            IfMatch::Versions(versions) if !versions.contains(&version) => Err(Problem::of(Kind::STALE)),
            _ => Ok(()),
        }
    }
}

/// The rate headers of every answer to a known token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    burst: u32,
    left: u32,
    wait: u64,
}

impl Rate {
    /// Sets them.
    pub(super) fn set(self, answer: &mut HttpResponse) {
        let seconds = crate::accounts::rates::SECONDS;
        let policy = format!("\"token\";q={};w={seconds}", self.burst);
        let now = format!("\"token\";r={};t={}", self.left, self.wait.max(u64::from(self.left == 0)));
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", now)] {
            if let Ok(value) = header::HeaderValue::from_str(&value) {
                answer.headers_mut().insert(header::HeaderName::from_static(name), value);
            }
        }
    }
}

/// Lets a token in, if it may come now and has the scope.
pub(super) async fn enter(
    app: Arc<App>,
    asked: Asked,
    request: &HttpRequest,
    line: &Line,
) -> (Option<Rate>, ApiResult<Caller>) {
    let if_match = IfMatch::of(request);
    let Some(token) = bearer_token(request) else {
        return (None, Err(Problem::of(Kind::UNAUTHENTICATED)));
    };
    let now = clock::now();
    let bearer = match tokens::verify(&app.db, &token, now).await {
        Ok(Some(bearer)) => bearer,
        Ok(None) => return (None, Err(Problem::of(Kind::UNAUTHENTICATED))),
        Err(error) => return (None, Err(error.into())),
    };
    let burst = app.rates.burst();
    let rate = match app.rates.turn(&bearer.prefix) {
        Turn::Granted(left) => Rate { burst, left, wait: 0 },
        Turn::Wait(seconds) => {
            let problem = Problem::of(Kind::TOO_MANY).after(i64::try_from(seconds).unwrap_or(60));
            return (Some(Rate { burst, left: 0, wait: seconds }), Err(problem));
        }
    };
    if !std::iter::once(line.scope).chain(line.or).any(|scope| bearer.scopes.contains(&scope)) {
        return (Some(rate), Err(Problem::missing(line.scope)));
    }
    let by = By {
        actor: Actor { kind: ActorKind::Token, id: Some(bearer.id), name: bearer.name.clone() },
        role: Some(bearer.role),
        trace: asked.trace.clone(),
        ip: asked.ip.clone(),
        behind: Some(bearer.user),
    };
    let bearer = Arc::new(bearer);
    (Some(rate), Ok(Caller { app, bearer, by, asked, now, key: None, if_match }))
}

fn bearer_token(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

impl Caller {
    /// The account the token opens.
    pub fn account(&self) -> AccountId {
        self.bearer.account
    }

    /// A transaction that reads the account's data as it is at one moment.
    pub async fn snapshot(&self) -> DbResult<db::Scope> {
        self.app.db.snapshot(self.account()).await
    }

    /// A transaction on the account's data.
    pub async fn scope(&self) -> DbResult<db::Scope> {
        self.app.db.scope(self.account()).await
    }

    /// Refuses without another scope.
    pub fn needs(&self, scope: Scope) -> ApiResult<()> {
        if self.bearer.scopes.contains(&scope) { Ok(()) } else { Err(Problem::missing(scope)) }
    }

    /// Refuses where the token's person may not.
    pub fn may(&self, permission: Permission) -> ApiResult<()> {
        if self.by.can(permission) {
            return Ok(());
        }
        Err(crate::actions::ActionError::Forbidden(permission).into())
    }

    /// Whether the token's person may see customers.
    pub fn sees_people(&self) -> bool {
        self.by.can(Permission::PersonalView)
    }

    /// The key of one of several acts of this request.
    pub fn key_of(&self, part: impl std::fmt::Display) -> Option<String> {
        self.key.as_ref().map(|key| format!("{key}:{part}"))
    }
}
