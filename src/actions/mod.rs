//! The one mechanism of change. An action knows who may do it, when it is
//! available and why not, what it will do, what it writes in one transaction,
//! which jobs it leaves behind and how it is undone. Page buttons, bulk edit,
//! the error queue, the worker and the API run the same actions.

mod run;

pub use run::{Call, run, run_in};

use crate::{
    accounts::{Permission, Person, Role},
    clock::Instant,
    db::{DbError, DbResult, Scope},
    evidence::{Actor, ActorKind, TraceId},
    ids::{JobId, OrderId, UserId},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::future::Future;

/// Who runs an action, and in which chain of cause and effect.
#[derive(Debug, Clone)]
pub struct By {
    /// As activity names them.
    pub actor: Actor,
    /// What they are. `None` is Waybill itself, which may do everything.
    pub role: Option<Role>,
    /// The chain.
    pub trace: TraceId,
    /// Where a person was.
    pub ip: Option<String>,
    /// Whose token it is, where a program acts.
    pub behind: Option<UserId>,
}

impl By {
    /// Waybill itself, continuing a chain.
    pub fn system(trace: TraceId) -> By {
        By { actor: Actor::system(), role: None, trace, ip: None, behind: None }
    }

    /// Somebody signed in, starting a chain.
    pub fn person(person: &Person, ip: Option<String>) -> By {
        By { actor: person.actor(), role: Some(person.role), trace: TraceId::new(), ip, behind: None }
    }

    /// The person: who is signed in, or whose token it is.
    pub fn user(&self) -> Option<UserId> {
        let signed_in = self.actor.id.filter(|_| self.actor.kind == ActorKind::User);
        signed_in.map(UserId).or(self.behind)
    }

    /// Whether they may.
    pub fn can(&self, permission: Permission) -> bool {
        self.role.is_none_or(|role| role.can(permission))
    }
}

/// Whether an action can be done now, and if not, why not and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Available,
    /// It cannot, for a reason a person understands.
    Unavailable(WhyNot),
}

/// Why an action is unavailable. The same sentence is shown beside the button
/// and answered by the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyNot {
    /// A sentence, with what to do.
    pub sentence: String,
    /// The name of the action that would satisfy the condition.
    pub offer: Option<String>,
}

impl Availability {
    /// Unavailable, with the reason.
    pub fn no(sentence: impl Into<String>) -> Availability {
        Availability::Unavailable(WhyNot { sentence: sentence.into(), offer: None })
    }

    /// Unavailable, with the reason and the action that would help.
    pub fn no_but(sentence: impl Into<String>, offer: &str) -> Availability {
        Availability::Unavailable(WhyNot { sentence: sentence.into(), offer: Some(offer.to_owned()) })
    }

    /// Whether it can be done.
    pub fn is_available(&self) -> bool {
        matches!(self, Availability::Available)
    }

    /// Available if `condition`, otherwise not, for this reason.
    pub fn when(condition: bool, sentence: impl Into<String>) -> Availability {
        if condition { Availability::Available } else { Availability::no(sentence) }
    }
}

/// What an action will do, before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The question: verb, noun and where to.
    pub question: String,
    /// What will happen, one sentence each, outside effects included.
    pub effects: Vec<String>,
    /// What the person must confirm themselves because nobody else can.
    pub confirm: Option<String>,
    /// What the person may choose besides (a tick named `anyway`), with a reason.
    #[serde(default)]
    pub option: Option<String>,
    /// The confirming button: verb and noun.
    pub button: String,
    /// A reason is asked for.
    pub asks_reason: bool,
    /// Leaving the building or not taken back: shown as a warning.
    pub serious: bool,
}

/// What an action did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// A sentence for the person who did it.
    pub message: String,
    /// False: everything was already as wanted.
    pub changed: bool,
    /// Jobs left behind, for `run_now` and for tests.
    #[serde(default)]
    pub jobs: Vec<JobId>,
    /// The action that takes it back, and its input.
    #[serde(default)]
    pub undo: Option<Undo>,
    /// Whatever else a caller needs.
    #[serde(default)]
    pub data: Value,
}

/// How to take an outcome back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The action's name.
    pub action: String,
    /// What to give it.
    pub input: Value,
}

impl Outcome {
    /// Something changed.
    pub fn done(message: impl Into<String>) -> Outcome {
        Outcome { message: message.into(), changed: true, ..Outcome::default() }
    }

    /// Nothing had to change.
    pub fn unchanged(message: impl Into<String>) -> Outcome {
        Outcome { message: message.into(), ..Outcome::default() }
    }

    /// Leaves a job behind.
    pub fn with_job(mut self, job: JobId) -> Outcome {
        self.jobs.push(job);
        self
    }

    /// Can be taken back so.
    pub fn undone_by(mut self, action: &str, input: Value) -> Outcome {
        self.undo = Some(Undo { action: action.to_owned(), input });
        self
    }
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// There is no such record in this account.
    #[error("there is no such record")]
    NotFound,
    /// The person's role does not allow it.
    #[error("this needs the {} permission", .0.label())]
    Forbidden(Permission),
    /// Its condition does not hold.
    #[error("{}", .0.sentence)]
    Unavailable(WhyNot),
    /// The record changed since the page was loaded.
    #[error("{}", .0.sentence())]
    Stale(Stale),
    /// The input will not do: fields and sentences.
    #[error("the input will not do")]
    Refused(Vec<(String, String)>),
    /// The same key came with another request.
    #[error("this form was already used for something else; load the page again")]
    KeyReused,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<diesel::result::Error> for ActionError {
    fn from(error: diesel::result::Error) -> Self {
        ActionError::Db(error.into())
    }
}

impl ActionError {
    /// One field's mistake.
    pub fn field(name: &str, sentence: impl Into<String>) -> ActionError {
        ActionError::Refused(vec![(name.to_owned(), sentence.into())])
    }
}

/// What changed under somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// What the record is, in words.
    pub what: String,
    /// What happened to it since, newest first: who, what, when.
    pub changes: Vec<(String, String, Instant)>,
}

impl Stale {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self.changes.first() {
            Some((who, what, _)) => format!("{} changed after you opened the page. {who}: {what}", self.what),
            None => {
                format!("{} changed after you opened the page. Look at it again, then repeat.", self.what)
            }
        }
    }
}

/// What actions act on, as loaded from the database.
pub trait Target: Send + Sync + Sized {
    /// Reads it. With `lock`, its row is locked until the end of the transaction.
    fn load(scope: &mut Scope, id: i64, lock: bool) -> impl Future<Output = DbResult<Option<Self>>> + Send;

    /// The row version a page carries.
    fn version(&self) -> i32;

    /// Its name in words: noun and number.
    fn name(&self) -> String;

    /// Its activity, to say what made a page stale.
    fn history(&self) -> crate::evidence::activity::Of;

    /// The order it belongs to: what would help may be an action on that.
    fn order(&self) -> Option<OrderId> {
        None
    }
}

/// One action. Implemented once, beside the noun it changes.
pub trait Action: Send + Sync + 'static {
    /// What it acts on.
    type Subject: Target;
    /// What it is told.
    type Input: Serialize + DeserializeOwned + Send + Sync;

    /// Its name everywhere: pages, bulk, API, activity.
    const NAME: &'static str;
    /// Its label on buttons.
    const LABEL: &'static str;
    /// Who may.
    const PERMISSION: Permission;

    /// Whether it can be done now.
    fn available(subject: &Self::Subject) -> Availability;

    /// As [`Action::available`], when it is known what it will be told: what each of
    /// many rows is asked before anything is done.
    fn available_for(subject: &Self::Subject, input: &Self::Input) -> Availability {
        let _ = input;
        Self::available(subject)
    }

    /// What it will do.
    fn preview(scope: &mut Scope, subject: &Self::Subject) -> impl Future<Output = DbResult<Preview>> + Send;

    /// Refuses what it is told where that will not do whatever it is done to, so
    /// that many are not begun with it.
    fn check(input: &Self::Input) -> Result<(), ActionError> {
        let _ = input;
        Ok(())
    }

    /// Does it, in the scope's transaction: writes, activity, jobs. Nothing is
    /// sent from here.
    fn apply(
        scope: &mut Scope,
        subject: Self::Subject,
        by: &By,
        input: Self::Input,
        now: Instant,
    ) -> impl Future<Output = Result<Outcome, ActionError>> + Send;
}

/// For actions that need to be told nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NoInput {}

/// The reason a person gave, of 500 characters at most; where it is needed,
/// `asks` is the sentence that asks for it.
pub fn reason<'a>(given: &'a str, asks: Option<&str>) -> Result<&'a str, ActionError> {
    let given = given.trim();
    match (given.chars().count(), asks) {
        (0..3, Some(asks)) => Err(ActionError::field("reason", asks)),
        (..=500, _) => Ok(given),
        _ => Err(ActionError::field("reason", "Keep the reason under 500 characters.")),
    }
}

/// Reads a checkbox: `on`, `true`, `1` or a JSON boolean.
pub fn ticked<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(matches!(&value, Value::Bool(true)) || matches!(value.as_str(), Some("on" | "true" | "1" | "yes")))
}
