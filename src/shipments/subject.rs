//! A shipment with what the conditions of its actions need to know.

use super::{Shipment, posts::PostState, provider_orders::CancelState, shipment_columns};
use crate::{
    actions::{Availability, Target},
    channels::ChannelKind,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{ConnectionId, OrderId, PostId, ShipmentId},
    providers::{Capabilities, ProviderKind, kinds},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Jsonb, Nullable, Text},
};
use serde_json::Value;

/// What an action on a shipment acts on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The shipment.
    pub shipment: Shipment,
    /// What surrounds it.
    pub around: Around,
}

/// What surrounds a shipment.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Around {
    #[diesel(sql_type = Text)]
    pub order_number: String,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Bool)]
    pub order_on_hold: bool,
    #[diesel(sql_type = Bool)]
    pub order_canceled: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_kind: Option<ProviderKind>,
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_state: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub connection_settings: Option<Value>,
    #[diesel(sql_type = Text)]
    pub channel_name: String,
    #[diesel(sql_type = Text)]
    pub channel_kind: ChannelKind,
    #[diesel(sql_type = Bool)]
    pub channel_submits: bool,
    /// The newest post group.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub post_id: Option<PostId>,
    /// Its state.
    #[diesel(sql_type = Nullable<Text>)]
    pub post_state: Option<PostState>,
    /// Whether it was ever accepted by a provider.
    #[diesel(sql_type = Bool)]
    pub posted_before: bool,
    /// Whether a post was taken not to have arrived, and may yet.
    #[diesel(sql_type = Bool)]
    pub absent_before: bool,
    /// Where the cancellation of the current provider order stands.
    #[diesel(sql_type = Nullable<Text>)]
    pub cancel_state: Option<CancelState>,
    /// Provider orders beside the current one that may be alive.
    #[diesel(sql_type = BigInt)]
    pub second_orders: i64,
    /// Of a voided one: the shipment that has its items now.
    #[diesel(sql_type = Nullable<Text>)]
    pub budget_used_by: Option<String>,
    /// Of one whose items were edited: the shipment in its place.
    #[diesel(sql_type = Nullable<Text>)]
    pub replaced_by: Option<String>,
    /// Whether its record is still being written.
    #[diesel(sql_type = Bool)]
    pub record_pending: bool,
    /// Whether its channel sold none of its items.
    #[diesel(sql_type = Bool)]
    pub unsold: bool,
}

impl Target for Subject {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Subject>> {
        Subject::load(scope, ShipmentId(id), lock).await
    }

    fn version(&self) -> i32 {
        self.shipment.version
    }

    fn name(&self) -> String {
        format!("Shipment {}", self.shipment.number)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Shipment(self.shipment.id)
    }

    fn order(&self) -> Option<OrderId> {
        Some(self.shipment.order_id)
    }
}

impl Subject {
    /// Reads a shipment; with `lock`, its row stays ours until the end of the
    /// transaction.
    pub async fn load(scope: &mut Scope, id: ShipmentId, lock: bool) -> DbResult<Option<Subject>> {
        let account = scope.account();
        let statement = if lock {
            // no key: a reship that names it does not wait
            sql(shipment_columns!("where account_id = {} and id = {} for no key update"))
        } else {
            sql(shipment_columns!("where account_id = {} and id = {}"))
        };
        let Some(shipment): Option<Shipment> = scope.row(statement.bind(account).bind(id)).await? else {
            return Ok(None);
        };
        let around: Option<Around> = scope
            .row(
                sql("select o.number as order_number, o.currency, o.on_hold as order_on_hold, o.canceled_at is not null as order_canceled, \
                     c.name as connection_name, c.kind as connection_kind, c.state as connection_state, c.settings as connection_settings, \
                     ch.name as channel_name, ch.kind as channel_kind, ch.submit_fulfillments as channel_submits, \
                     p.id as post_id, p.state as post_state, \
                     exists (select 1 from provider_orders po where po.account_id = s.account_id and po.shipment_id = s.id) as posted_before, \
                     exists (select 1 from posts sp where sp.account_id = s.account_id and sp.shipment_id = s.id \
                             and sp.state = 'absent') as absent_before, \
                     (select cancel_state from provider_orders po where po.account_id = s.account_id \
                      and po.shipment_id = s.id and po.superseded_at is null) as cancel_state, \
                     (select count(*) from provider_orders po where po.account_id = s.account_id and po.shipment_id = s.id \
                      and po.ended_at is null and po.superseded_at is not null) as second_orders, \
                     case when s.voided_at is not null then ( \
                       select n.number from shipment_lines l \
                       join fulfillment_order_lines f on f.account_id = l.account_id \
                         and f.fulfillment_order_id = s.fulfillment_order_id and f.order_line_id = l.order_line_id \
                         and f.quantity - f.fulfilled < l.quantity \
                       join shipments n on n.account_id = s.account_id and n.fulfillment_order_id = s.fulfillment_order_id \
                         and n.voided_at is null \
                       where l.account_id = s.account_id and l.shipment_id = s.id order by n.id desc limit 1) end as budget_used_by, \
                     (select r.number from shipment_details d join shipments r on r.account_id = d.account_id and r.id = d.replaced_by \
                      where d.account_id = s.account_id and d.shipment_id = s.id) as replaced_by, \
                     coalesce((select d.record_status = 'pending' from shipment_details d \
                       where d.account_id = s.account_id and d.shipment_id = s.id), false) as record_pending, \
                     coalesce((select bool_and(ol.bought is not distinct from 0) from shipment_lines l \
                       join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                       where l.account_id = s.account_id and l.shipment_id = s.id), false) as unsold \
                     from shipments s join orders o on o.account_id = s.account_id and o.id = s.order_id \
                     join channels ch on ch.account_id = s.account_id and ch.id = s.channel_id \
                     left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
                     left join lateral (select id, state from posts p where p.account_id = s.account_id and p.shipment_id = s.id \
                                        order by group_no desc limit 1) p on true \
                     where s.account_id = {} and s.id = {}")
                .bind(account)
                .bind(id),
            )
            .await?;
        Ok(around.map(|around| Subject { shipment, around }))
    }

    /// The connection's name, or words for none.
    pub fn provider_name(&self) -> &str {
        self.around.connection_name.as_deref().unwrap_or("the provider")
    }

    /// What its provider can do; `None` without a connection.
    pub fn capabilities(&self) -> Option<Capabilities> {
        let settings = self.around.connection_settings.as_ref().unwrap_or(&Value::Null);
        self.around.connection_kind.map(|kind| kinds::of(kind).capabilities(settings))
    }

    /// The connection it goes to.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.shipment.connection_id
    }

    /// What stands in the way of sending it to its provider, whatever its state.
    pub fn postable(&self) -> Availability {
        let around = &self.around;
        if self.shipment.voided_at.is_some() {
            return Availability::no("The shipment is voided. Restore it first.");
        }
        if around.order_canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if around.record_pending {
            return Availability::no(
                "Its record is still pending. Whoever writes it sets its status to finalized.",
            );
        }
        if self.shipment.connection_id.is_none() {
            return Availability::no("No fulfillment connection is assigned to its warehouse.");
        }
        if around.connection_state.as_deref() == Some("paused") {
            return Availability::no(format!("{} is paused.", self.provider_name()));
        }
        if around.cancel_state == Some(CancelState::Requested) {
            return Availability::no(format!(
                "{} is being asked to cancel its order now.",
                self.provider_name()
            ));
        }
        if around.order_on_hold {
            return Availability::no_but("The order is on hold. Remove its holds first.", "remove_all_holds");
        }
        Availability::Available
    }
}
