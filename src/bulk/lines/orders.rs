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
