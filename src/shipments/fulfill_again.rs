//! New shipment: what a void left open in a fulfillment order goes into another
//! shipment of the same fulfillment order.

use super::{
    ChannelSync, budget, lock,
    make::{Making, make},
};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, Target},
    channels::{ChannelKind, Notification},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{ChannelId, FulfillmentOrderId, OrderId, ShipmentId, WarehouseId},
    orders::status,
    providers::connection,
};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text},
};
use serde_json::json;

/// The action.
#[derive(Debug)]
pub struct FulfillAgain;

/// An order, and its fulfillment orders that have something left.
#[derive(Debug, QueryableByName)]
pub struct Unfulfilled {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Bool)]
    canceled: bool,
    #[diesel(sql_type = Text)]
    search_text: String,
    #[diesel(sql_type = BigInt)]
    channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    channel_kind: ChannelKind,
    #[diesel(sql_type = Text)]
    notification: Notification,
    #[diesel(sql_type = Array<BigInt>)]
    open: Vec<i64>,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

impl Target for Unfulfilled {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Unfulfilled>> {
        let account = scope.account();
        if lock {
            lock::whole_order(scope, OrderId(id)).await?;
        }
        let statement = sql(
            "select o.id, o.number, o.version, o.canceled_at is not null as canceled, o.search_text, \
             o.channel_id, c.kind as channel_kind, c.channel_notification as notification, \
             array(select f.id from fulfillment_orders f where f.account_id = o.account_id and f.order_id = o.id \
                   and exists (select 1 from fulfillment_order_lines l where l.account_id = f.account_id \
                               and l.fulfillment_order_id = f.id and l.fulfilled < l.quantity) order by f.id) as open, \
             (select coalesce(sum(l.quantity - l.fulfilled), 0) from fulfillment_orders f \
              join fulfillment_order_lines l on l.account_id = f.account_id and l.fulfillment_order_id = f.id \
              where f.account_id = o.account_id and f.order_id = o.id) as units \
             from orders o join channels c on c.account_id = o.account_id and c.id = o.channel_id \
             where o.account_id = {} and o.id = {}",
        );
        scope.row(statement.bind(account).bind(id)).await
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

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = BigInt)]
    warehouse_id: WarehouseId,
    /// A shipment it had before: where a reship says what it repeats.
    #[diesel(sql_type = Nullable<BigInt>)]
    reship_of: Option<ShipmentId>,
}

impl Action for FulfillAgain {
    type Subject = Unfulfilled;
    type Input = NoInput;
    const NAME: &'static str = "fulfill_again";
    const LABEL: &'static str = "New shipment";
    const PERMISSION: Permission = Permission::ShipmentsPost;

    fn available(subject: &Unfulfilled) -> Availability {
        if subject.canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        Availability::when(
            subject.units > 0,
            "All its items stand in shipments. Void one to send its items anew, or re-ship them.",
        )
    }

    async fn preview(_: &mut Scope, subject: &Unfulfilled) -> DbResult<Preview> {
        let what = if subject.units == 1 { "1 item".to_owned() } else { format!("{} items", subject.units) };
        Ok(Preview {
            question: format!("Make a new shipment for order {}?", subject.number),
            effects: vec![
                format!("{what} of the open fulfillment order go into a new shipment."),
                "The units that were reserved for it are taken from stock.".into(),
                "Nothing is sent before the new shipment is posted.".into(),
            ],
            button: "Make shipment".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Unfulfilled,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let account = scope.account();
        lock::stock_left(scope, subject.id).await?;
        let mut made = Vec::new();
        for id in subject.open.iter().map(|id| FulfillmentOrderId(*id)) {
            let open: Option<Open> = scope
                .row(
                    sql("select f.warehouse_id, (select s.reship_of from shipments s where s.account_id = f.account_id \
                           and s.fulfillment_order_id = f.id order by s.id desc limit 1) as reship_of \
                         from fulfillment_orders f where f.account_id = {} and f.id = {} for update of f")
                    .bind(account)
                    .bind(id),
                )
                .await?;
            let Some(open) = open else { continue };
            let units = budget::left(scope, id).await?;
            let sync = match (subject.channel_kind, open.reship_of) {
                (ChannelKind::Manual, _) => ChannelSync::NotApplicable,
                (_, Some(_)) => ChannelSync::Muted,
                _ => ChannelSync::AwaitingSend,
            };
            let making = Making {
                order: subject.id,
                order_number: &subject.number,
                search_text: &subject.search_text,
                fulfillment_order: id,
                warehouse: open.warehouse_id,
                connection: connection::of_warehouse(scope, open.warehouse_id).await?.map(|c| c.id),
                channel: subject.channel_id,
                sync,
                notification: subject.notification,
                reship_of: open.reship_of,
                back: &[],
                units: &units,
            };
            made.push(make(scope, making, by, now).await?);
        }
        status::refresh(scope, subject.id).await?;
        let numbers: Vec<&str> = made.iter().map(|(_, number)| number.as_str()).collect();
        let ids: Vec<ShipmentId> = made.iter().map(|(id, _)| *id).collect();
        Ok(Outcome {
            data: json!({ "shipments": ids }),
            ..Outcome::done(format!("{} planned. Post it when it is to go out.", numbers.join(", ")))
        })
    }
}
