//! Which actions can be done to many: one line each.

use super::{
    Operation, Resource,
    effects::{self, Effects},
    ended::{self, EndedHook},
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Call, Outcome, Target},
    clock::Instant,
    db::{DbResult, Scope},
    orders::holds::RemoveAllHolds,
    shipments::{
        clear_submission::ClearSubmission, post::Post, reconcile::CheckWithProvider, repost::Repost,
        resend::ResendFulfillments, resync_from::ResyncFrom, submit::SubmitToChannel,
    },
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
}

/// An action by its name instead of its type.
pub trait ByName: Send + Sync {
    /// See [`Action::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Action::LABEL`].
    fn label(&self) -> &'static str;
    /// See [`Action::PERMISSION`].
    fn permission(&self) -> Permission;
    /// Whether it understands what it is to be told.
    fn reads(&self, input: &Value) -> bool;
    /// Looks at one row. `None`: it is not there.
    fn look<'a>(&'a self, scope: &'a mut Scope, id: i64) -> BoxFuture<'a, DbResult<Option<Looked>>>;
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
struct Of<A>(PhantomData<fn() -> A>);

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

    fn reads(&self, input: &Value) -> bool {
        serde_json::from_value::<A::Input>(input.clone()).is_ok()
    }

    fn look<'a>(&'a self, scope: &'a mut Scope, id: i64) -> BoxFuture<'a, DbResult<Option<Looked>>> {
        Box::pin(async move {
            let subject = A::Subject::load(scope, id, false).await?;
            Ok(subject
                .map(|subject| Looked { version: subject.version(), availability: A::available(&subject) }))
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
    /// A reason may be given.
    pub asks_reason: bool,
    /// It leaves the building.
    pub serious: bool,
    /// Above so many rows their number must be typed: it is not taken back at scale.
    pub typed_above: Option<i32>,
    /// What it will send and tell.
    pub(super) effects: Effects,
    /// How its rows ended outside, once their jobs are over.
    pub(super) ended: EndedHook,
    /// Why there is no undoing it from here.
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
        self.typed_above.is_some_and(|most| operation.waiting > most)
    }
}

macro_rules! of {
    ($action:ty) => {
        &Of::<$action>(PhantomData)
    };
}

/// Every line. The first of a resource stand in the bar of its list.
pub static ACTIONS: &[Line] = &[
    Line {
        action: of!(Post),
        resource: Resource::Shipments,
        verb: ("Post", "to fulfillment"),
        done: "posted",
        icon: "send",
        about: "Sends shipments that were never posted to their fulfillment connection.",
        asks_reason: false,
        serious: true,
        typed_above: None,
        effects: effects::post,
        ended: ended::posted,
        no_undo: "A post is taken back at the provider: cancel the order there.",
    },
    Line {
        action: of!(Repost),
        resource: Resource::Shipments,
        verb: ("Re-post", "to fulfillment"),
        done: "re-posted",
        icon: "rotate-ccw",
        about: "Clears the post date and sends posted shipments again. Each provider is asked about the earlier order first.",
        asks_reason: true,
        serious: true,
        typed_above: Some(100),
        effects: effects::repost,
        ended: ended::posted,
        no_undo: "A post is taken back at the provider: cancel the order there.",
    },
    Line {
        action: of!(SubmitToChannel),
        resource: Resource::Shipments,
        verb: ("Submit", "to their sales channels"),
        done: "submitted",
        icon: "store",
        about: "Sends the tracking to the sales channel, and only that.",
        asks_reason: false,
        serious: true,
        typed_above: None,
        effects: effects::submit,
        ended: ended::submitted,
        no_undo: "What a sales channel was told cannot be untold from here.",
    },
    Line {
        action: of!(ResyncFrom),
        resource: Resource::Shipments,
        verb: ("Resync", "from their providers"),
        done: "resynced",
        icon: "refresh-cw",
        about: "Reads tracking, courier, status and cost of posted shipments.",
        asks_reason: false,
        serious: false,
        typed_above: None,
        effects: effects::read,
        ended: ended::resynced,
        no_undo: "What was read stays as it was read. Edit it on the shipment’s page.",
    },
    Line {
        action: of!(CheckWithProvider),
        resource: Resource::Shipments,
        verb: ("Check", "with their providers"),
        done: "checked",
        icon: "search",
        about: "Asks the provider about shipments whose outcome is unknown.",
        asks_reason: false,
        serious: false,
        typed_above: None,
        effects: effects::read,
        ended: ended::checked,
        no_undo: "Nothing was changed at the provider, so there is nothing to undo.",
    },
    Line {
        action: of!(ClearSubmission),
        resource: Resource::Shipments,
        verb: ("Clear the channel submission of", ""),
        done: "cleared",
        icon: "rotate-ccw",
        about: "Empties the time of submission, so that the next sync of the channel sends the tracking again.",
        asks_reason: true,
        serious: false,
        typed_above: None,
        effects: effects::clear,
        ended: ended::at_once,
        no_undo: "Submit them to their channels: what a channel has is read first.",
    },
    Line {
        action: of!(ResendFulfillments),
        resource: Resource::Orders,
        verb: ("Resend the fulfillments of", ""),
        done: "resent",
        icon: "send",
        about: "Submits again each shipment whose channel sync failed, warned or waits.",
        asks_reason: false,
        serious: true,
        typed_above: None,
        effects: effects::resend,
        ended: ended::resent,
        no_undo: "What a sales channel was told cannot be untold from here.",
    },
    Line {
        action: of!(RemoveAllHolds),
        resource: Resource::Orders,
        verb: ("Remove all holds of", ""),
        done: "freed",
        icon: "hand",
        about: "Takes every hold off. A client hold stays, unless the client’s side does it.",
        asks_reason: true,
        serious: false,
        typed_above: None,
        effects: effects::free,
        ended: ended::at_once,
        no_undo: "Put the holds back on the order’s page.",
    },
];

/// A line by its resource and name.
pub fn find(resource: Resource, name: &str) -> Option<&'static Line> {
    ACTIONS.iter().find(|line| line.resource == resource && line.action.name() == name)
}

/// The lines of a resource that somebody may do.
pub fn allowed(resource: Resource, can: impl Fn(Permission) -> bool) -> impl Iterator<Item = &'static Line> {
    ACTIONS.iter().filter(move |line| line.resource == resource && can(line.action.permission()))
}
