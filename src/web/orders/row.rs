//! A row of an order list, ready to be shown.

use crate::{
    accounts::Permission,
    orders::list::Row,
    shipments::{ChannelSync, Status},
    web::{
        Visitor,
        badge::{self, Badge},
        markup::Stamp,
    },
};

/// One order of a list.
pub struct RowView {
    /// The order.
    pub row: Row,
    /// Whether something of it needs somebody: the class of its spine.
    pub spine: &'static str,
    /// Where it stands.
    pub status: Badge,
    /// Where its shipments stand; none without shipments.
    pub shipment: Option<Badge>,
    /// Whether the channel knows; none where the holds say all there is.
    pub sync: Option<Badge>,
    /// Why it stands still.
    pub holds: Vec<Badge>,
    /// When the first of the holds releases itself.
    pub until: Option<Stamp>,
    /// Who bought, for those who may know.
    pub customer: Option<String>,
    /// When.
    pub placed: Stamp,
}

impl RowView {
    /// Prepares a row for whoever looks.
    pub fn new(visitor: &Visitor, row: Row) -> RowView {
        let shipment =
            row.shipment_status.as_deref().and_then(Status::parse).map(badge::shipment_status).map(plain);
        let word = ChannelSync::parse(&row.channel_sync).unwrap_or(ChannelSync::NotApplicable);
        let sync = plain(badge::channel_sync(word));
        let holds: Vec<Badge> = row.holds.iter().map(|kind| badge::hold(*kind)).collect();
        let quiet = matches!(word, ChannelSync::NotApplicable | ChannelSync::AwaitingSend);
        let spine = [shipment, Some(sync), holds.first().copied()]
            .into_iter()
            .flatten()
            .map(|badge| badge.spine())
            .find(|spine| !spine.is_empty())
            .unwrap_or_default();
        let personal = visitor.can(Permission::PersonalView);
        RowView {
            spine,
            status: plain(badge::order_status(row.status)),
            sync: (holds.is_empty() || !quiet).then_some(sync),
            customer: row.customer_name.clone().filter(|name| personal && !name.is_empty()),
            placed: visitor.stamp(row.placed_at),
            until: row.hold_until.map(|at| visitor.stamp(at)),
            shipment,
            holds,
            row,
        }
    }
}

/// Without its sentence: fifty times the same on a page helps nobody.
const fn plain(badge: Badge) -> Badge {
    badge.with_explanation("")
}
