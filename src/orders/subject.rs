//! An order with what the conditions of its actions need to know.

use super::HoldKind;
use crate::{
    actions::{Action as _, Availability, By, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity},
    ids::{AddressId, OrderId},
};
use chrono_tz::Tz;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};

/// What an action on an order acts on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The order.
    pub order: Facts,
    /// Its standing holds, the oldest first.
    pub holds: Vec<Standing>,
    /// Its shipments that are not voided.
    pub parcels: Vec<Parcel>,
}

/// The order itself.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Facts {
    #[diesel(sql_type = BigInt)]
    pub id: OrderId,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = Integer)]
    pub version: i32,
    #[diesel(sql_type = Bool)]
    pub canceled: bool,
    #[diesel(sql_type = Array<Text>)]
    pub tags: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub tags_added: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub tags_removed: Vec<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub ship_address_id: Option<AddressId>,
    #[diesel(sql_type = Text)]
    pub shipping_method: String,
    /// Of its account.
    #[diesel(sql_type = Text)]
    pub time_zone: String,
}

/// A hold that stands.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::order_holds)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Standing {
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub kind: HoldKind,
    pub reason: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub hold_until: Option<Instant>,
}

/// Where one of its shipments stands.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Parcel {
    #[diesel(sql_type = Text)]
    pub number: String,
    /// The connection's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub provider: Option<String>,
    /// It is on its way to its provider now.
    #[diesel(sql_type = Bool)]
    pub posting: bool,
    /// Its provider has it, or may have it, and it has not left.
    #[diesel(sql_type = Bool)]
    pub at_provider: bool,
    /// It left the warehouse.
    #[diesel(sql_type = Bool)]
    pub left: bool,
}

impl Target for Subject {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Subject>> {
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
            scope
                .execute(
                    sql("select id from orders where account_id = {} and id = {} for update")
                        .bind(account)
                        .bind(id),
                )
                .await?;
        }
        let order: Option<Facts> = scope
            .row(
                sql("select o.id, o.number, o.version, o.canceled_at is not null as canceled, o.tags, \
                     coalesce(e.added, array[]::text[]) as tags_added, coalesce(e.removed, array[]::text[]) as tags_removed, \
                     o.ship_address_id, o.shipping_method, a.time_zone from orders o \
                     join accounts a on a.id = o.account_id \
                     left join order_tag_edits e on e.account_id = o.account_id and e.order_id = o.id where o.account_id = {} and o.id = {}")
                .bind(account)
                .bind(id),
            )
            .await?;
        let Some(order) = order else { return Ok(None) };
        let holds = standing(scope, order.id).await?;
        let parcels = parcels(scope, order.id).await?;
        Ok(Some(Subject { order, holds, parcels }))
    }

    fn version(&self) -> i32 {
        self.order.version
    }

    fn name(&self) -> String {
        format!("Order {}", self.order.number)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Order(self.order.id)
    }
}

async fn standing(scope: &mut Scope, id: OrderId) -> DbResult<Vec<Standing>> {
    let account = scope.account();
    scope
        .rows(
            sql("select id, kind, reason, hold_until from order_holds \
                 where account_id = {} and order_id = {} and released_at is null order by created_at, id")
            .bind(account)
            .bind(id),
        )
        .await
}

/// The shipments of an order that are not voided, as far as an order needs to know them.
pub async fn parcels(scope: &mut Scope, id: OrderId) -> DbResult<Vec<Parcel>> {
    let account = scope.account();
    scope
        .rows(
            sql("select s.number, c.name as provider, s.status = 'posting' as posting, \
                 s.status in ('shipped', 'delivered') as left, \
                 s.status not in ('shipped', 'delivered') and (s.status in ('pending_tracking', 'unconfirmed') \
                   or coalesce(d.picked or d.picked_at is not null, false) \
                   or exists (select 1 from provider_orders po where po.account_id = s.account_id \
                              and po.shipment_id = s.id and po.ended_at is null) \
                   or exists (select 1 from posts p where p.account_id = s.account_id and p.shipment_id = s.id \
                              and p.state = 'sent')) as at_provider \
                 from shipments s \
                 left join connections c on c.account_id = s.account_id and c.id = s.connection_id \
                 left join shipment_details d on d.account_id = s.account_id and d.shipment_id = s.id \
                 where s.account_id = {} and s.order_id = {} and s.voided_at is null order by s.id")
            .bind(account)
            .bind(id),
        )
        .await
}

/// What a hold no longer reaches: who may still ship the order. `None` while
/// nothing of it is at a provider.
pub fn too_late(parcels: &[Parcel]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for parcel in parcels.iter().filter(|parcel| parcel.at_provider) {
        let name = parcel.provider.as_deref().unwrap_or("The provider");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let who = match names.as_slice() {
        [] => return None,
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    };
    Some(format!("{who} may still ship it: the hold reached us after picking began"))
}

impl Subject {
    /// The time zone of its account.
    pub fn zone(&self) -> Tz {
        self.order.time_zone.parse().unwrap_or(Tz::UTC)
    }

    /// Its hold of a kind.
    pub fn hold(&self, kind: HoldKind) -> Option<&Standing> {
        self.holds.iter().find(|hold| hold.kind == kind)
    }

    /// What its providers have as it was before a change, with a space before; empty
    /// while nothing of it is at one.
    pub(super) fn as_it_was(&self) -> String {
        let there = self.parcels.iter().filter(|parcel| parcel.at_provider);
        let words = there.map(|parcel| {
            let who = parcel.provider.as_deref().unwrap_or("Its provider");
            format!(" {who} has {} as it was: Resync to provider sends it the change.", parcel.number)
        });
        words.collect()
    }

    /// Whether what is still to be sent of it may be changed.
    pub fn editable(&self) -> Availability {
        if self.order.canceled {
            return Availability::no("The order was canceled at the channel.");
        }
        if let Some(parcel) = self.parcels.iter().find(|parcel| parcel.posting) {
            return Availability::no(format!(
                "{} is being posted now. Edit the order once its provider has answered.",
                parcel.number
            ));
        }
        if !self.holds.is_empty() {
            return Availability::Available;
        }
        if let Some(parcel) = self.parcels.iter().find(|parcel| parcel.at_provider) {
            let who = parcel.provider.as_deref().unwrap_or("its provider");
            return Availability::no_but(
                format!(
                    "{} has {} already. Add an operator hold first; {who} is not told of the change by itself.",
                    capital(who),
                    parcel.number
                ),
                super::holds::AddHold::NAME,
            );
        }
        match self.parcels.iter().find(|parcel| parcel.left) {
            Some(parcel) => Availability::no_but(
                format!(
                    "{} has left the warehouse. Add an operator hold first; the change is for what is sent after it.",
                    parcel.number
                ),
                super::holds::AddHold::NAME,
            ),
            None => Availability::Available,
        }
    }

    /// What a change of the order does not reach, in sentences.
    pub fn not_reached(&self) -> Vec<String> {
        self.parcels
            .iter()
            .filter_map(|parcel| {
                let who = parcel.provider.as_deref().unwrap_or("its provider");
                match (parcel.left, parcel.at_provider) {
                    (true, _) => Some(format!("{} has left already; nothing changes for it.", parcel.number)),
                    (_, true) => Some(format!(
                        "{} has {} as it was and is not told. Cancel it there, then re-post it.",
                        capital(who),
                        parcel.number
                    )),
                    _ => None,
                }
            })
            .collect()
    }

    /// What an edit of it asks for: `effect`, whom that does not reach, and that
    /// nobody outside is told.
    pub(super) fn asks(&self, edit: &str, effect: &str, button: &str) -> Preview {
        let mut effects = vec![effect.to_owned()];
        effects.extend(self.not_reached());
        effects.push("The channel and the customer are not told.".into());
        Preview {
            question: format!("{edit} of order {}", self.order.number),
            effects,
            button: button.into(),
            ..Preview::default()
        }
    }

    /// A line about it.
    pub fn entry(&self, by: &By, verb: &'static str, summary: impl Into<String>) -> Entry {
        Entry::order(&by.actor, verb, self.order.id, summary).traced(Some(&by.trace)).from_ip(by.ip.clone())
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
