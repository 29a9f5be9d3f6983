//! What a provider can do, in words, and what that means for a person.

use crate::providers::{Capabilities, IdempotencyClass};

/// One ability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ability {
    /// What.
    pub name: &'static str,
    /// Whether it has it.
    pub has: bool,
    /// What follows from that.
    pub meaning: &'static str,
}

/// Every ability of a provider.
pub fn of(c: Capabilities) -> [Ability; 7] {
    let ability = |name, has, yes, no| Ability { name, has, meaning: if has { yes } else { no } };
    [
        ability("Posts", true, "Shipments are sent to it as orders.", ""),
        ability(
            "Updates",
            c.updates,
            "An order can be changed after it was posted.",
            "A posted order cannot be changed from here.",
        ),
        ability(
            "Reads back",
            c.reads,
            "Status, tracking and cost are read from it.",
            "It cannot be asked how an order stands.",
        ),
        ability(
            "Looks up by reference",
            c.finds,
            "After a lost answer it is asked whether it has the order.",
            "After a lost answer a person has to look there.",
        ),
        ability(
            "Cancels",
            c.cancels,
            "An order can be canceled from here until it ships.",
            "Cancel the order there; it cannot be done from here.",
        ),
        ability(
            "Sends webhooks",
            c.webhooks,
            "It tells us when something happens.",
            "It is asked at intervals what has happened.",
        ),
        ability(
            "Takes a reference again",
            c.reuses_references,
            "A re-post may use the reference of an order that was canceled there.",
            "After an order was canceled there, a re-post gets a new reference.",
        ),
    ]
}

/// What keeps a parcel from being posted twice.
pub fn idempotency(class: IdempotencyClass) -> &'static str {
    match class {
        IdempotencyClass::Key => "Has its own key: repeating a post with it does nothing twice.",
        IdempotencyClass::OwnId => "Safe by our reference: it takes each one once.",
        IdempotencyClass::Searchable => "Searched by our reference before a post is repeated.",
        IdempotencyClass::Nothing => "None: after a lost answer a person decides.",
    }
}
