//! What can be done to many orders.

use crate::{
    bulk::{
        Resource,
        actions::{Line, of},
        effects, ended,
        options::{Asks, Field, REASON},
        stock,
    },
    orders::{
        holds::{AddHold, RemoveAllHolds, RemoveHold},
        tags::{AddTags, RemoveTags},
    },
    shipments::{resend::ResendFulfillments, reship::ReshipOrders},
};

const ADD_BACK: Field = Field {
    name: "add_back",
    label: "Add inventory back to stock",
    hint: "For originals that have not left the warehouse and stay there. Orders whose original has left are skipped.",
    asks: Asks::Tick,
};

const HOLD: Field = Field {
    name: "hold",
    label: "Add an operator hold",
    hint: "So that address, items or service can be changed before fulfillment.",
    asks: Asks::Tick,
};

const KIND: Field = Field {
    name: "kind",
    label: "Hold",
    hint: "",
    asks: Asks::Choice {
        of: &[
            ("operator", "Operator hold"),
            ("address", "Address hold"),
            ("payment", "Payment hold"),
            ("fraud", "Fraud hold"),
            ("client", "Client hold"),
        ],
        needed: Some("Choose the kind of hold."),
    },
};

const UNTIL: Field = Field {
    name: "until",
    label: "Hold until",
    hint: "Releases itself then; may stay empty.",
    asks: Asks::Moment { needed: None },
};

const TAGS: Field = Field {
    name: "tags",
    label: "Tags",
    hint: "With commas between.",
    asks: Asks::Text { most: 800, needed: Some("Enter a tag, or several with commas between.") },
};

/// See [`Line`].
pub(in crate::bulk) static LINES: &[Line] = &[
    Line {
        action: of!(ReshipOrders),
        resource: Resource::Orders,
        verb: ("Reship", ""),
        done: "reshipped",
        icon: "package",
        about: "Makes a new shipment in each order with every item that was sent. The originals are not changed.",
        fields: &[ADD_BACK, HOLD, REASON],
        serious: false,
        typed_above: None,
        effects: effects::reship,
        stock: Some(stock::reship),
        ended: ended::at_once,
        no_undo: "Void the new shipments: their stock goes back.",
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
        verb: ("Add a hold to", ""),
        done: "held",
        icon: "hand",
        about: "Holds each order back from being posted, until somebody or a moment releases it.",
        fields: &[KIND, UNTIL, REASON],
        serious: false,
        typed_above: None,
        effects: effects::hold,
        stock: None,
        ended: ended::at_once,
        no_undo: "Remove the holds on the orders’ pages.",
    },
    Line {
        action: of!(RemoveHold),
        resource: Resource::Orders,
        verb: ("Remove a hold of", ""),
        done: "freed",
        icon: "hand",
        about: "Takes one kind of hold off each order.",
        fields: &[KIND, REASON],
        serious: false,
        typed_above: None,
        effects: effects::unhold,
        stock: None,
        ended: ended::at_once,
        no_undo: "Put the holds back on the orders’ pages.",
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
        about: "Adds tags to each order; the sales channel is not told.",
        fields: &[TAGS],
        serious: false,
        typed_above: None,
        effects: effects::tags,
        stock: None,
        ended: ended::at_once,
        no_undo: "Remove the tags again.",
    },
    Line {
        action: of!(RemoveTags),
        resource: Resource::Orders,
        verb: ("Remove tags of", ""),
        done: "untagged",
        icon: "x",
        about: "Takes tags off each order; the sales channel is not told.",
        fields: &[TAGS],
        serious: false,
        typed_above: None,
        effects: effects::tags,
        stock: None,
        ended: ended::at_once,
        no_undo: "Add the tags again.",
    },
];
