//! Which actions can be done to many: one line each.

use super::{
    Operation, Resource,
    effects::Effects,
    ended::EndedHook,
    lines::{orders, shipments},
    options::Field,
    stock::StockHook,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Call, Outcome, Target},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::activity,
    orders::holds::RestoreHolds,
    shipments::undo_reship::UndoReship,
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::marker::PhantomData;

/// What a row shows when it is looked at.
#[derive(Debug)]
pub struct Looked {
    /// The version the preview is about.
    pub version: i32,
    /// Whether it can be done.
    pub availability: Availability,
    /// Its name in words.
    pub name: String,
    /// Where its history is.
    pub history: activity::Of,
}

/// An action by its name instead of its type.
pub trait ByName: Send + Sync {
    /// See [`Action::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Action::LABEL`].
    fn label(&self) -> &'static str;
    /// See [`Action::PERMISSION`].
    fn permission(&self) -> Permission;
    /// Refuses what it is to be told, if that will not do for any row.
    fn check(&self, input: &Value) -> Result<(), ActionError>;
    /// Looks at one row. `None`: it is not there.
    fn look<'a>(
        &'a self,
        scope: &'a mut Scope,
        id: i64,
        input: &'a Value,
    ) -> BoxFuture<'a, DbResult<Option<Looked>>>;
    /// Does it to one row, in the caller's transaction.
    fn run<'a>(
        &'a self,
        scope: &'a mut Scope,
        by: &'a By,
        id: i64,
        version: Option<i32>,
        input: Value,
        now: Instant,
    ) -> BoxFuture<'a, Result<Outcome, ActionError>>;
}

/// See [`ByName`].
pub(super) struct Of<A>(PhantomData<fn() -> A>);

impl<A> Of<A> {
    pub(super) const NEW: Of<A> = Of(PhantomData);
}

impl<A: Action> ByName for Of<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn label(&self) -> &'static str {
        A::LABEL
    }

    fn permission(&self) -> Permission {
        A::PERMISSION
    }

    fn check(&self, input: &Value) -> Result<(), ActionError> {
        let input = serde_json::from_value::<A::Input>(input.clone()).map_err(|_| {
            ActionError::field("action", format!("{} was told what it cannot read.", A::LABEL))
        })?;
        A::check(&input)
    }

    fn look<'a>(
        &'a self,
        scope: &'a mut Scope,
        id: i64,
        input: &'a Value,
    ) -> BoxFuture<'a, DbResult<Option<Looked>>> {
        Box::pin(async move {
            let subject = A::Subject::load(scope, id, false).await?;
            // what it cannot read was refused before anything was picked
            let input = serde_json::from_value::<A::Input>(input.clone()).ok();
            Ok(subject.map(|subject| Looked {
                version: subject.version(),
                availability: match &input {
                    Some(input) => A::available_for(&subject, input),
                    None => A::available(&subject),
                },
                name: subject.name(),
                history: subject.history(),
            }))
        })
    }

    fn run<'a>(
        &'a self,
        scope: &'a mut Scope,
        by: &'a By,
        id: i64,
        version: Option<i32>,
        input: Value,
        now: Instant,
    ) -> BoxFuture<'a, Result<Outcome, ActionError>> {
        Box::pin(async move {
            let input: A::Input = serde_json::from_value(input).map_err(|error| {
                ActionError::field("", format!("It was told what it cannot read: {error}"))
            })?;
            let call = Call { version, ..Call::plain(id, input) };
            actions::run_in::<A>(scope, by, call, now).await
        })
    }
}

/// An action that can be done to many, with the words of doing so.
pub struct Line {
    /// The action.
    pub action: &'static dyn ByName,
    /// What its rows are.
    pub resource: Resource,
    /// What is done, before and after the number: *Post* 312 shipments *to fulfillment*.
    pub verb: (&'static str, &'static str),
    /// What a row is that is done: `posted`.
    pub done: &'static str,
    /// A symbol of `icons.svg`.
    pub icon: &'static str,
    /// One sentence for the page that chooses.
    pub about: &'static str,
    /// What it is told, the same for every row.
    pub fields: &'static [Field],
    /// It leaves the building.
    pub serious: bool,
    /// Above so many rows their number must be typed: it is not taken back at scale.
    pub typed_above: Option<i32>,
    /// What it will send and tell.
    pub(super) effects: Effects,
    /// What it does to stock; none for what moves none.
    pub(super) stock: Option<StockHook>,
    /// How its rows ended outside, once their jobs are over.
    pub(super) ended: EndedHook,
    /// Why there is no undoing it from here; said where no row kept a way back.
    pub no_undo: &'static str,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({} on {})", self.action.name(), self.resource)
    }
}

impl Line {
    /// *Post 312 shipments to fulfillment.*
    pub fn title(&self, n: i64, number: &str) -> String {
        let (before, after) = self.verb;
        let space = if after.is_empty() { "" } else { " " };
        format!("{before} {number} {}{space}{after}", self.resource.noun(n))
    }

    /// Whether the number of rows must be typed to confirm.
    pub fn is_typed(&self, operation: &Operation) -> bool {
        operation.undo_of.is_none() && self.typed_above.is_some_and(|most| operation.waiting > most)
    }
}

macro_rules! of {
    ($action:ty) => {
        &$crate::bulk::actions::Of::<$action>::NEW
    };
}
pub(super) use of;

/// Every line. The first of a resource stand in the bar of its list.
fn all() -> impl Iterator<Item = &'static Line> {
    orders::LINES.iter().chain(shipments::LINES)
}

/// A line by its resource and name.
pub fn find(resource: Resource, name: &str) -> Option<&'static Line> {
    all().find(|line| line.resource == resource && line.action.name() == name)
}

/// What only takes other actions back and stands in no list.
static INVERSES: &[(Resource, &dyn ByName)] =
    &[(Resource::Orders, of!(RestoreHolds)), (Resource::Orders, of!(UndoReship))];

/// An action that takes another one back, by its name.
pub fn inverse(resource: Resource, name: &str) -> Option<&'static dyn ByName> {
    let hidden = INVERSES.iter().find(|(of, action)| *of == resource && action.name() == name);
    find(resource, name).map(|line| line.action).or(hidden.map(|(_, action)| *action))
}

/// The lines of a resource that somebody may do.
pub fn allowed(resource: Resource, can: impl Fn(Permission) -> bool) -> impl Iterator<Item = &'static Line> {
    all().filter(move |line| line.resource == resource && can(line.action.permission()))
}
