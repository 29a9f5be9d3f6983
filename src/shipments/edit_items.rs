//! *Edit items*: other items or quantities, before a shipment was ever posted. A
//! line takes its stock once and gives it back once, so the edited items are a new
//! shipment in the place of the old one: the same fulfillment order with another
//! budget, the old shipment voided for good.

use super::{
    ChannelSync, Status, Subject,
    budget::{self, Units},
    counted,
    editable::{Editable, Wanted, items, wanted, words},
    make::{Making, make_as},
    plan,
    reship::Reship,
    view,
    void::{self, VoidShipment},
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    channels::ChannelKind,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{FulfillmentOrderId, OrderId, OrderLineId, ProductId, ShipmentId},
    inventory::ledger,
    notify::events::{self, EventType, NewEvent},
    orders::status,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The action.
#[derive(Debug)]
pub struct EditItems;

/// What it is to send.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// One more item; empty for none.
    #[serde(default)]
    pub sku: String,
    /// How many of it.
    #[serde(default)]
    pub sku_quantity: String,
    /// `quantity_<line>`: how many of a line of the order, 0 for none. A line that
    /// is not named stays as it is.
    #[serde(flatten)]
    pub items: BTreeMap<String, Value>,
}

impl Input {
    /// So many of these lines.
    pub fn of(items: &[(OrderLineId, i32)]) -> Input {
        let quantity = |(line, n): &(OrderLineId, i32)| (format!("quantity_{line}"), json!(n.to_string()));
        Input { items: items.iter().map(quantity).collect(), ..Input::default() }
    }

    /// And so many of a further item.
    pub fn and(mut self, sku: &str, n: i32) -> Input {
        (self.sku, self.sku_quantity) = (sku.to_owned(), n.to_string());
        self
    }
}

impl Action for EditItems {
    type Subject = Editable;
    type Input = Input;
    const NAME: &'static str = "edit_items";
    const LABEL: &'static str = "Edit items";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(editable: &Editable) -> Availability {
        let (shipment, around) = (&editable.subject.shipment, &editable.subject.around);
        if let Some(number) = &around.replaced_by {
            return Availability::no(format!("Its items were edited; {number} stands in its place."));
        }
        if shipment.voided_at.is_some() {
            return Availability::no("The shipment is voided. Restore it first.");
        }
        if shipment.status == Status::Posting {
            return Availability::no(format!(
                "It is being posted to {} now. Look again once the answer is there.",
                editable.subject.provider_name()
            ));
        }
        // a post that was taken not to have arrived may yet, with the items it had
        let posted = shipment.date_post.is_some() || around.posted_before || around.absent_before;
        if posted || !matches!(shipment.status, Status::PendingPost | Status::Error) {
            return Availability::no_but(
                "Its items can be edited until it is posted. Re-ship the right items instead.",
                Reship::NAME,
            );
        }
        editable.order.editable()
    }

    async fn preview(_: &mut Scope, editable: &Editable) -> DbResult<Preview> {
        let (shipment, around) = (&editable.subject.shipment, &editable.subject.around);
        let mut effects = vec![
            format!(
                "A new shipment with the edited items takes the place of {}, which is voided.",
                shipment.number
            ),
            "What is dropped goes back to stock; what is added is taken, below zero as a backorder."
                .to_owned(),
        ];
        effects.push(match shipment.reship_of {
            Some(_) => "What was bought does not change: only the reship sends other items.".into(),
            None => "The order’s quantities follow: what is dropped is not planned again.".into(),
        });
        if around.channel_kind != ChannelKind::Manual && shipment.channel_sync != ChannelSync::Muted {
            effects.push(format!("{} is told only of items that it sold.", around.channel_name));
        }
        effects.push("The customer is not told, and nothing is charged or paid back.".into());
        effects
            .push("The shipment_canceled and shipment_updated events are told to connected systems.".into());
        Ok(Preview {
            question: format!("Edit the items of {}", shipment.number),
            effects,
            button: "Save items".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        editable: Editable,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let mut wanted = wanted(scope, &editable, &input).await?;
        let Editable { subject, order, .. } = editable;
        let old = subject.shipment.clone();
        if wanted.iter().all(|item| item.quantity == item.was) {
            return Ok(Outcome::unchanged(format!("{} has these items already.", old.number)));
        }
        let products: Vec<ProductId> = wanted.iter().filter_map(|item| item.product_id).collect();
        // in the order of lock.rs: the counter, then the stock that is moved twice
        let number = plan::next_number(scope).await?;
        ledger::hold(scope, old.warehouse_id, &products).await?;
        let reason = void::Input { reason: format!("Items edited; {number} replaces it") };
        VoidShipment::apply(scope, subject.clone(), by, reason, now).await?;
        let before = counted::gone(scope, old.order_id).await?;

        let search_text = add_lines(scope, order.order.id, &mut wanted).await?;
        let changes: Vec<(OrderLineId, i32)> = wanted
            .iter()
            .filter(|item| item.quantity != item.was)
            .filter_map(|item| Some((item.line?, item.quantity - item.was)))
            .collect();
        budget::edit(scope, old.fulfillment_order_id, &changes).await?;
        // a reship that left counts only for what is planned
        counted::count(scope, old.order_id, &before).await?;
        if old.reship_of.is_none() {
            follow(scope, order.order.id, &changes).await?;
        }
        let units: Vec<Units> = wanted
            .iter()
            .filter(|item| item.quantity > 0)
            .filter_map(|item| {
                Some(Units {
                    order_line_id: item.line?,
                    product_id: item.product_id,
                    quantity: item.quantity,
                })
            })
            .collect();
        let making = Making {
            order: order.order.id,
            order_number: &order.order.number,
            search_text: &search_text,
            fulfillment_order: old.fulfillment_order_id,
            warehouse: old.warehouse_id,
            connection: old.connection_id,
            channel: old.channel_id,
            sync: sync(scope, &subject, &units).await?,
            notification: old.channel_notification,
            reship_of: old.reship_of,
            back: &[],
            units: &units,
        };
        let new = make_as(scope, &number, making, by, now).await?;
        replace(scope, old.fulfillment_order_id, new).await?;
        // what was reserved since the void and is not sent any more
        ledger::release(scope, &[old.fulfillment_order_id]).await?;

        let what = words(&wanted);
        let entry = Entry::shipment(
            &by.actor,
            "items_edited",
            new,
            old.order_id,
            format!("Edited the items of {}: {number} sends {what}", old.number),
        )
        .changed(
            json!({ "shipment": old.number, "items": items(&wanted, |item| item.was) }),
            json!({ "shipment": number, "items": items(&wanted, |item| item.quantity) }),
        )
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
        activity::record(scope, entry).await?;
        let event = NewEvent {
            kind: EventType::ShipmentUpdated,
            cause: format!("edit_items:{new}"),
            order: old.order_id,
            shipment: Some(new),
            data: view::event_data(scope, new).await?,
            trace: &by.trace,
        };
        events::tell(scope, event, now).await?;
        status::refresh(scope, old.order_id).await?;
        let then = match order.holds.is_empty() {
            true => "Post it when it is to go out.",
            false => "Remove the hold and post it when it is to go out.",
        };
        Ok(Outcome {
            data: json!({ "shipment_id": new }),
            ..Outcome::done(format!("{number} takes the place of {} and sends {what}. {then}", old.number))
        })
    }
}

/// Makes the line of an item that the order has none of: nothing of it was bought.
/// Answers what the order is found by.
async fn add_lines(scope: &mut Scope, order: OrderId, wanted: &mut [Wanted]) -> DbResult<String> {
    #[derive(QueryableByName)]
    struct Made {
        #[diesel(sql_type = BigInt)]
        id: OrderLineId,
    }
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        search_text: String,
    }
    let account = scope.account();
    for item in wanted.iter_mut().filter(|item| item.line.is_none()) {
        let made: Option<Made> = scope
            .row(
                sql("insert into order_lines (account_id, order_id, product_id, position, sku, name, quantity, bought) \
                     select p.account_id, {}, p.id, (select coalesce(max(l.position), 0) + 1 from order_lines l \
                       where l.account_id = p.account_id and l.order_id = {}), p.sku, \
                       case p.name when '' then p.sku else p.name end, 0, 0 \
                     from products p where p.account_id = {} and p.id = {} returning id")
                .bind(order)
                .bind(order)
                .bind(account)
                .bind(item.product_id),
            )
            .await?;
        item.line = made.map(|made| made.id);
        scope
            .execute(
                sql("update orders set search_text = search_text || ' ' || {} where account_id = {} and id = {}")
                    .bind(item.label.to_lowercase())
                    .bind(account)
                    .bind(order),
            )
            .await?;
    }
    let found: Option<Found> = scope
        .row(
            sql("select search_text from orders where account_id = {} and id = {}").bind(account).bind(order),
        )
        .await?;
    Ok(found.map(|found| found.search_text).unwrap_or_default())
}

/// The order's lines follow what its fulfillment orders send now: their budgets,
/// and what had left before the order came here. What was paid back by then is
/// not sent for a second time, nor taken away from what a person asked for.
async fn follow(scope: &mut Scope, order: OrderId, changes: &[(OrderLineId, i32)]) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql(concat!(
                "update order_lines ol set bought = coalesce(ol.bought, ol.quantity), \
                 quantity = greatest(ol.quantity_shipped, t.n + case \
                   when t.n + ol.quantity_refunded <= coalesce(ol.bought, ol.quantity) then 0 else ol.quantity_refunded end) \
                 from (select l.id, now.planned + greatest(0, l.quantity_shipped - now.n) as n \
                       from order_lines l join (",
                counted::gone_by_line!(),
                ") now on now.line = l.id where l.account_id = {} and l.id = any({}::bigint[])) t \
                 where ol.account_id = {} and ol.id = t.id"
            ))
            .bind(account)
            .bind(order)
            .bind(account)
            .bind(changes.iter().map(|(line, _)| line.0).collect::<Vec<i64>>())
            .bind(account),
        )
        .await?;
    Ok(())
}

/// Whether the channel is to be told of the new shipment.
async fn sync(scope: &mut Scope, subject: &Subject, units: &[Units]) -> DbResult<ChannelSync> {
    #[derive(QueryableByName)]
    struct Sold {
        #[diesel(sql_type = Bool)]
        sold: bool,
    }
    if subject.shipment.channel_sync == ChannelSync::Muted {
        return Ok(ChannelSync::Muted);
    }
    let account = scope.account();
    let row: Option<Sold> = scope
        .row(
            sql("select exists (select 1 from order_lines where account_id = {} and id = any({}::bigint[]) \
                 and bought is distinct from 0) as sold")
            .bind(account)
            .bind(units.iter().map(|units| units.order_line_id.0).collect::<Vec<i64>>()),
        )
        .await?;
    let tells = subject.around.channel_kind != ChannelKind::Manual && row.is_some_and(|row| row.sold);
    Ok(if tells { ChannelSync::AwaitingSend } else { ChannelSync::NotApplicable })
}

/// The voided shipments of the fulfillment order hold what its budget was: none of
/// them comes back.
async fn replace(scope: &mut Scope, fulfillment_order: FulfillmentOrderId, by: ShipmentId) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update shipment_details d set replaced_by = {} from shipments s \
                 where d.account_id = {} and s.account_id = d.account_id and s.id = d.shipment_id \
                 and s.fulfillment_order_id = {} and s.voided_at is not null")
            .bind(by)
            .bind(account)
            .bind(fulfillment_order),
        )
        .await?;
    Ok(())
}
