//! Which actions can be done to many: one line each.

use super::{
    Operation, Resource,
    effects::{self, Effects},
    ended::{self, EndedHook},
    options::{Asks, Field, REASON},
    stock::StockHook,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Call, Outcome, Target},
    clock::Instant,
    db::{DbResult, Scope},
    evidence::activity,
    orders::{
        holds::{AddHold, RemoveAllHolds, RemoveHold, RestoreHolds},
        tags::{AddTags, RemoveTags},
    },
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

    fn check(&self, input: &Value) -> Result<(), ActionError> {
        let input = serde_json::from_value::<A::Input>(input.clone()).map_err(|_| {
            ActionError::field("action", format!("{} was told what it cannot read.", A::LABEL))
        })?;
        A::check(&input)
    }

    fn look<'a>(&'a self, scope: &'a mut Scope, id: i64) -> BoxFuture<'a, DbResult<Option<Looked>>> {
        Box::pin(async move {
            let subject = A::Subject::load(scope, id, false).await?;
            Ok(subject.map(|subject| Looked {
                version: subject.version(),
                availability: A::available(&subject),
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
        &Of::<$action>(PhantomData)
    };
}

const CANCEL_FIRST: Field = Field {
    name: "cancel_first",
    label: "Cancel the earlier order first",
    hint: "Where the provider still has it and lets it be canceled.",
    asks: Asks::Tick,
};

const ANYWAY: Field = Field {
    name: "anyway",
    label: "Send it whatever the provider says about the earlier order",
    hint: "You have canceled them there, or accept that there may be two of each. Needs a reason.",
    asks: Asks::Tick,
};

const KIND: Field = Field {
    name: "kind",
    label: "Kind of hold",
    hint: "A client hold is set and removed by the client’s side only.",
    asks: Asks::Choice {
        of: &[
            ("operator", "Operator hold"),
            ("client", "Client hold"),
            ("address", "Address hold"),
            ("payment", "Payment hold"),
            ("fraud", "Fraud hold"),
        ],
        needed: Some("Choose the kind of hold."),
    },
};

const UNTIL: Field = Field {
    name: "until",
    label: "Hold until",
    hint: "Then it releases itself. Empty: until somebody removes it.",
    asks: Asks::Moment { needed: None },
};

const TAGS: Field = Field {
    name: "tags",
    label: "Tags",
    hint: "Several with commas between.",
    asks: Asks::Text { most: 500, needed: Some("Enter a tag, or several with commas between.") },
};

/// Every line. The first of a resource stand in the bar of its list.
pub static ACTIONS: &[Line] = &[
    Line {
        action: of!(Post),
        resource: Resource::Shipments,
        verb: ("Post", "to fulfillment"),
        done: "posted",
        icon: "send",
        about: "Sends shipments that were never posted to their fulfillment connection.",
        fields: &[],
        serious: true,
        typed_above: None,
        effects: effects::post,
        stock: None,
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
        fields: &[REASON, CANCEL_FIRST, ANYWAY],
        serious: true,
        typed_above: Some(100),
        effects: effects::repost,
        stock: None,
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
        fields: &[],
        serious: true,
        typed_above: None,
        effects: effects::submit,
        stock: None,
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
        fields: &[],
        serious: false,
        typed_above: None,
        effects: effects::read,
        stock: None,
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
        fields: &[],
        serious: false,
        typed_above: None,
        effects: effects::read,
        stock: None,
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
        fields: &[REASON],
        serious: false,
        typed_above: None,
        effects: effects::clear,
        stock: None,
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
        fields: &[],
        serious: true,
        typed_above: None,
        effects: effects::resend,
        stock: None,
        ended: ended::resent,
        no_undo: "What a sales channel was told cannot be untold from here.",
    },
    Line {
        action: of!(AddHold),
        resource: Resource::Orders,
        verb: ("Hold", ""),
        done: "held",
        icon: "circle-pause",
        about: "Nothing of an order is posted while a hold stands.",
        fields: &[KIND, UNTIL, REASON],
        serious: false,
        typed_above: None,
        effects: effects::hold,
        stock: None,
        ended: ended::at_once,
        no_undo: "No hold was added, so there is nothing to undo.",
    },
    Line {
        action: of!(RemoveHold),
        resource: Resource::Orders,
        verb: ("Remove a hold of", ""),
        done: "freed of it",
        icon: "arrow-right",
        about: "Takes the hold of one kind off.",
        fields: &[KIND, REASON],
        serious: false,
        typed_above: None,
        effects: effects::free,
        stock: None,
        ended: ended::at_once,
        no_undo: "No hold was removed, so there is nothing to undo.",
    },
    Line {
        action: of!(RemoveAllHolds),
        resource: Resource::Orders,
        verb: ("Remove all holds of", ""),
        done: "freed",
        icon: "hand",
        about: "Takes every hold off. A client hold stays, unless the client’s side does it.",
        fields: &[REASON],
        serious: false,
        typed_above: None,
        effects: effects::free,
        stock: None,
        ended: ended::at_once,
        no_undo: "Put the holds back on the order’s page.",
    },
    Line {
        action: of!(AddTags),
        resource: Resource::Orders,
        verb: ("Add tags to", ""),
        done: "tagged",
        icon: "plus",
        about: "Tags are ours: the channel does not hear of them.",
        fields: &[TAGS],
        serious: false,
        typed_above: None,
        effects: effects::nobody_told,
        stock: None,
        ended: ended::at_once,
        no_undo: "No tag was added, so there is nothing to undo.",
    },
    Line {
        action: of!(RemoveTags),
        resource: Resource::Orders,
        verb: ("Remove tags from", ""),
        done: "freed of tags",
        icon: "x",
        about: "Also those that came from the channel, which keeps its own.",
        fields: &[TAGS],
        serious: false,
        typed_above: None,
        effects: effects::nobody_told,
        stock: None,
        ended: ended::at_once,
        no_undo: "No tag was removed, so there is nothing to undo.",
    },
];

/// A line by its resource and name.
pub fn find(resource: Resource, name: &str) -> Option<&'static Line> {
    ACTIONS.iter().find(|line| line.resource == resource && line.action.name() == name)
}

/// What only takes other actions back and stands in no list.
static INVERSES: &[(Resource, &dyn ByName)] = &[(Resource::Orders, of!(RestoreHolds))];

/// An action that takes another one back, by its name.
pub fn inverse(resource: Resource, name: &str) -> Option<&'static dyn ByName> {
    let hidden = INVERSES.iter().find(|(of, action)| *of == resource && action.name() == name);
    find(resource, name).map(|line| line.action).or(hidden.map(|(_, action)| *action))
}

/// The lines of a resource that somebody may do.
pub fn allowed(resource: Resource, can: impl Fn(Permission) -> bool) -> impl Iterator<Item = &'static Line> {
    ACTIONS.iter().filter(move |line| line.resource == resource && can(line.action.permission()))
}
