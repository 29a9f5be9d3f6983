//! *Resend Fulfillments*: submits again each shipment of an order whose channel
//! sync failed, warned, or still waits.

use super::{Subject, submit};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{OrderId, ShipmentId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Text},
};

/// The action.
#[derive(Debug)]
pub struct ResendFulfillments;

/// An order, and the shipments that could be submitted.
#[derive(Debug)]
pub struct OrderSubject {
    id: OrderId,
    number: String,
    version: i32,
    shipments: Vec<ShipmentId>,
    any: bool,
}

#[derive(QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Integer)]
    version: i32,
}

#[derive(QueryableByName)]
struct ShipmentRow {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
    #[diesel(sql_type = Text)]
    channel_sync: super::ChannelSync,
    #[diesel(sql_type = Bool)]
    has_tracking: bool,
}

impl Target for OrderSubject {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<OrderSubject>> {
        let account = scope.account();
        if lock {
            // shipments before their order, as everything that works on one
            // shipment locks them: the other way round is a deadlock with it
            scope
                .execute(
                    sql("select id from shipments where account_id = {} and order_id = {} and voided_at is null \
                         order by id for no key update")
                    .bind(account)
                    .bind(id),
                )
                .await?;
        }
        let statement = if lock {
            sql("select number, version from orders where account_id = {} and id = {} for update")
        } else {
            sql("select number, version from orders where account_id = {} and id = {}")
        };
        let Some(order): Option<OrderRow> = scope.row(statement.bind(account).bind(id)).await? else {
            return Ok(None);
        };
        let rows: Vec<ShipmentRow> = scope
            .rows(
                sql("select id, channel_sync, coalesce(tracking_number, '') <> '' as has_tracking from shipments \
                 where account_id = {} and order_id = {} and voided_at is null order by id")
                    .bind(account)
                    .bind(id),
            )
            .await?;
        let any = !rows.is_empty();
        let shipments = rows
            .into_iter()
            .filter(|r| {
                use super::ChannelSync::*;
                r.has_tracking && matches!(r.channel_sync, Failed | Warning | PendingSync | AwaitingSend)
            })
            .map(|r| r.id)
            .collect();
        Ok(Some(OrderSubject {
            id: OrderId(id),
            number: order.number,
            version: order.version,
            shipments,
            any,
        }))
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        format!("Order {}", self.number)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Order(self.id)
    }
}

impl Action for ResendFulfillments {
    type Subject = OrderSubject;
    type Input = NoInput;
    const NAME: &'static str = "resend_fulfillments";
    const LABEL: &'static str = "Resend Fulfillments";
    const PERMISSION: Permission = Permission::ShipmentsSubmit;

    fn available(subject: &OrderSubject) -> Availability {
        if !subject.any {
            return Availability::no("The order has no shipments.");
        }
        Availability::when(
            !subject.shipments.is_empty(),
            "Available when a shipment with tracking failed to sync, warned or waits. Here all are synced or have no tracking yet.",
        )
    }

    async fn preview(_: &mut Scope, subject: &OrderSubject) -> DbResult<Preview> {
        let n = subject.shipments.len();
        Ok(Preview {
            question: format!("Resend the fulfillments of order {}?", subject.number),
            effects: vec![
                format!(
                    "The tracking of {n} {} is sent to the sales channel again.",
                    if n == 1 { "shipment" } else { "shipments" }
                ),
                "What the channel has is read first, so that it is not told twice.".into(),
                "Nothing is sent to the provider.".into(),
            ],
            button: "Resend Fulfillments".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: OrderSubject,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let mut outcome = Outcome::default();
        let mut reasons = Vec::new();
        for id in &subject.shipments {
            let Some(shipment) = Subject::load(scope, *id, true).await? else {
                continue;
            };
            match submit::available(&shipment) {
                Availability::Available => {
                    outcome.jobs.push(submit::queue(scope, &shipment, by, now).await?);
                }
                Availability::Unavailable(why) => {
                    reasons.push(format!("{}: {}", shipment.shipment.number, why.sentence))
                }
            }
        }
        outcome.changed = !outcome.jobs.is_empty();
        let sent = outcome.jobs.len();
        outcome.message = match (sent, reasons.is_empty()) {
            (0, _) => format!("Nothing was resent. {}", reasons.join(" ")),
            (n, true) => format!("Resending {n} {}.", if n == 1 { "fulfillment" } else { "fulfillments" }),
            (n, false) => format!("Resending {n}; not resent: {}", reasons.join(" ")),
        };
        if outcome.changed {
            let entry = Entry::order(&by.actor, "fulfillment_resent", subject.id, outcome.message.clone())
                .traced(Some(&by.trace))
                .from_ip(by.ip.clone());
            activity::record(scope, entry).await?;
        }
        Ok(outcome)
    }
}
