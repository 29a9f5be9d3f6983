//! Re-Ship: sends items of an order again, in a new shipment of the same order.
//! The original stays as it is. Stock is taken again; while the original has not
//! left the warehouse, its units may be added back instead, once.

use super::{
    ChannelSync,
    budget::{self, Units},
    make::{Making, make},
    reshippable::Reshippable,
    undo_reship::UndoReship,
    view,
};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview, Target, ticked},
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{Entry, activity, mask},
    ids::OrderLineId,
    notify::events::{self, EventType, NewEvent},
    orders::{
        self, HoldKind,
        holds::{self, AddHold},
        status,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The action.
#[derive(Debug)]
pub struct Reship;

/// What is sent again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// Puts the original's units back to stock.
    #[serde(default, deserialize_with = "ticked")]
    pub add_back: bool,
    /// Adds an operator hold, so that it can be changed before it is posted.
    #[serde(default, deserialize_with = "ticked")]
    pub hold: bool,
    /// Why it is sent again.
    #[serde(default)]
    pub reason: String,
    /// `item_<line>` ticked and `quantity_<line>`: how many of a line of the order.
    #[serde(flatten)]
    pub items: BTreeMap<String, Value>,
}

impl Input {
    /// So many of these lines.
    pub fn of(items: &[(OrderLineId, i32)]) -> Input {
        let mut input = Input::default();
        for (line, n) in items {
            input.items.insert(format!("item_{line}"), json!("yes"));
            input.items.insert(format!("quantity_{line}"), json!(n.to_string()));
        }
        input
    }
}

/// The most of one item in one reship.
pub(super) const MOST: i32 = 9_999;

impl Action for Reship {
    type Subject = Reshippable;
    type Input = Input;
    const NAME: &'static str = "reship";
    const LABEL: &'static str = "Re-Ship";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Reshippable) -> Availability {
        if subject.canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if subject.shipments.is_empty() {
            return Availability::no("Available once the order has a shipment.");
        }
        Availability::when(!subject.lines.is_empty(), "Nothing of this order needs to be sent.")
    }

    async fn preview(_: &mut Scope, subject: &Reshippable) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Re-Ship items of order {}", subject.number),
            effects: vec![
                "A new shipment is made in this order. The original shipment is not changed.".into(),
                "Stock is taken again, unless inventory is added back.".into(),
                "Nothing is sent before the new shipment is posted.".into(),
                "The order_reshipped event is told to connected systems.".into(),
            ],
            button: "Re-Ship".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Reshippable,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let units = subject.chosen(&input)?;
        let how = How { add_back: input.add_back, hold: input.hold, reason: input.reason };
        send_again(scope, subject, by, units, how, now).await
    }
}

/// The same for many orders: every item of each, in the quantity it was sent in.
#[derive(Debug)]
pub struct ReshipOrders;

/// How items are sent again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct How {
    /// Puts the originals' units back to stock.
    #[serde(default, deserialize_with = "ticked")]
    pub add_back: bool,
    /// Adds an operator hold.
    #[serde(default, deserialize_with = "ticked")]
    pub hold: bool,
    /// Why they are sent again.
    #[serde(default)]
    pub reason: String,
}

impl Action for ReshipOrders {
    type Subject = Reshippable;
    type Input = How;
    const NAME: &'static str = "reship_orders";
    const LABEL: &'static str = "Reship Orders";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Reshippable) -> Availability {
        Reship::available(subject)
    }

    fn available_for(subject: &Reshippable, input: &How) -> Availability {
        let available = Self::available(subject);
        if !available.is_available() {
            return available;
        }
        let units = subject.all();
        if units.is_empty() {
            return Availability::no("Nothing of this order was sent.");
        }
        match input.add_back && subject.back(&units).is_err() {
            true => Availability::no(subject.why_none_back()),
            false => Availability::Available,
        }
    }

    async fn preview(scope: &mut Scope, subject: &Reshippable) -> DbResult<Preview> {
        Reship::preview(scope, subject).await
    }

    async fn apply(
        scope: &mut Scope,
        subject: Reshippable,
        by: &By,
        input: How,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let units = subject.all();
        send_again(scope, subject, by, units, input, now).await
    }
}

async fn send_again(
    scope: &mut Scope,
    subject: Reshippable,
    by: &By,
    units: Vec<Units>,
    input: How,
    now: Instant,
) -> Result<Outcome, ActionError> {
    let reason = actions::reason(&input.reason, None)?;
    if input.add_back && !by.can(Permission::InventoryAddBack) {
        return Err(ActionError::Forbidden(Permission::InventoryAddBack));
    }
    let back = match input.add_back {
        true => subject.back(&units).map_err(|sentence| ActionError::field("add_back", sentence))?,
        false => Vec::new(),
    };
    let Some(original) = subject.original(&units) else {
        return Err(ActionError::field("", "The order has no shipment to repeat."));
    };
    let fulfillment_order = budget::open(scope, subject.id, original.warehouse_id, true, &units).await?;
    let making = Making {
        order: subject.id,
        order_number: &subject.number,
        search_text: &subject.search_text,
        fulfillment_order,
        warehouse: original.warehouse_id,
        connection: original.connection_id,
        channel: original.channel_id,
        // the channel was told of these items once; a second time it refuses
        sync: if subject.channel_kind == ChannelKind::Manual {
            ChannelSync::NotApplicable
        } else {
            ChannelSync::Muted
        },
        notification: subject.notification,
        reship_of: Some(original.id),
        back: &back,
        units: &units,
    };
    let (shipment, number) = make(scope, making, by, now).await?;
    let what = subject.words(&units);
    let stock = if input.add_back { "its stock added back first" } else { "stock taken again" };
    let entry = Entry::order(
            &by.actor,
            "order_reshipped",
            subject.id,
            format!("Reshipped {what} as {number}, {stock}"),
        )
        .changed(
            json!({ "original": original.number }),
            json!({ "reship": number, "items": what, "inventory_added_back": input.add_back, "operator_hold": input.hold,
                    "reason": mask::body(reason) }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    activity::record(scope, entry).await?;
    let placed = input.hold && hold(scope, &subject, by, now).await?;
    let event = NewEvent {
        kind: EventType::OrderReshipped,
        cause: format!("reship:{shipment}"),
        order: subject.id,
        shipment: Some(shipment),
        data: view::event_data(scope, shipment).await?,
        trace: &by.trace,
    };
    events::tell(scope, event, now).await?;
    status::refresh(scope, subject.id).await?;
    let then = match input.hold {
        true => " It is on hold: change what is needed, then remove the hold and post it.",
        false => " Post it when it is to go out.",
    };
    let back = json!({ "shipment": shipment.to_string(), "held": if placed { "yes" } else { "" } });
    Ok(Outcome {
        data: json!({ "shipment_id": shipment }),
        ..Outcome::done(format!("{number} reships {what}.{then}")).undone_by(UndoReship::NAME, back)
    })
}

/// Why the hold of a reship stands: by it the hold is known when that is undone.
pub(super) const HELD_FOR: &str = "To be changed before it is reshipped";

/// An operator hold; `false` when one stands already.
async fn hold(scope: &mut Scope, subject: &Reshippable, by: &By, now: Instant) -> Result<bool, ActionError> {
    let Some(order) = orders::Subject::load(scope, subject.id.0, true).await? else {
        return Err(ActionError::NotFound);
    };
    if order.hold(HoldKind::Operator).is_some() {
        return Ok(false);
    }
    let input = holds::Input {
        kind: HoldKind::Operator.to_string(),
        reason: HELD_FOR.into(),
        ..holds::Input::default()
    };
    AddHold::apply(scope, order, by, input, now).await?;
    Ok(true)
}
