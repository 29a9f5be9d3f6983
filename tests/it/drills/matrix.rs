//! The fault matrix: every point of an exchange × every class of provider ×
//! every way of sending. Judged by the sandbox's ledger once nothing moves, and
//! again after somebody has followed what the pages say.

use super::{
    faults::BREAKS,
    tally::Tally,
    yard::{Dark, Judged, Yard},
};
use crate::support::{generic::tenant, portal::Browser};
use std::collections::BTreeMap;
use waybill::{
    ids::{ConnectionId, ShipmentId},
    sandbox::GenericClass,
    shipments::{
        post::{NoInput, Post},
        reconcile::CheckWithProvider,
        repost::{self, Repost},
    },
};

/// Shipments posted at once in a bulk cell.
const BULK: usize = 8;
/// One of each way, and the many.
const A_BREAK: usize = 3 + BULK;

/// A kind of provider and the names by which its operations break.
#[derive(Clone, Copy)]
pub struct Side {
    pub name: &'static str,
    pub class: Option<GenericClass>,
}

/// One of each class, and a real adapter.
pub const SIDES: [Side; 5] = [
    Side { name: "A", class: Some(GenericClass::Key) },
    Side { name: "B", class: Some(GenericClass::OwnId) },
    Side { name: "C", class: Some(GenericClass::Searchable) },
    Side { name: "D", class: Some(GenericClass::Nothing) },
    Side { name: "ShipStation", class: None },
];

impl Side {
    fn vendor(self) -> &'static str {
        if self.class.is_some() { "generic" } else { "shipstation" }
    }

    fn creates(self) -> &'static [&'static str] {
        if self.class.is_some() { &["createshipment"] } else { &["createorder"] }
    }

    fn reads(self) -> &'static [&'static str] {
        if self.class.is_some() { &["getshipment", "findshipments"] } else { &["getorder", "listorders"] }
    }

    /// Whether only a person can tell what became of a post.
    pub fn blind(self) -> bool {
        self.class == Some(GenericClass::Nothing)
    }

    pub async fn connection(self, yard: &Yard) -> ConnectionId {
        match self.class {
            Some(class) => yard.shop.generic(class).await,
            None => yard.shop.connection,
        }
    }

    /// Somebody cancels an order on the provider's side.
    pub fn cancel_there(self, yard: &Yard, remote: &str) {
        match self.class {
            Some(class) => yard.shop.sandbox.cancel_at_generic(&tenant(class), remote).map(|_| ()),
            None => yard.shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).map(|_| ()),
        }
        .unwrap();
    }
}

/// The shipments of one break.
struct Cells {
    post: ShipmentId,
    repost: ShipmentId,
    /// Re-posted while the earlier order is alive; the reads of its gate break.
    gate: ShipmentId,
    bulk: Vec<ShipmentId>,
}

impl Cells {
    fn of(shipments: &[ShipmentId]) -> Cells {
        Cells { post: shipments[0], repost: shipments[1], gate: shipments[2], bulk: shipments[3..].to_vec() }
    }
}

async fn matrix(side: Side) {
    let mut tally = Tally::new(format!("matrix {}", side.name));
    let yard = Yard::open().await;
    let connection = side.connection(&yard).await;
    let shipments = yard.shop.orders(yard.shop.ebay, A_BREAK * BREAKS.len()).await;
    yard.ship_by(&shipments, connection).await;
    let cells: Vec<Cells> = shipments.chunks(A_BREAK).map(Cells::of).collect();
    posted_before(&yard, side, &cells).await;
    let (_counter, mut browser) = yard.counter().await;

    for ((name, how), cells) in BREAKS.iter().zip(&cells) {
        let anyway = repost::Input {
            anyway: side.blind(),
            reason: "Canceled there, I looked".into(),
            ..repost::Input::default()
        };
        yard.shop.act::<Post>(cells.post.0, NoInput {}).await.unwrap();
        yard.shop.act::<Repost>(cells.repost.0, anyway).await.unwrap();
        for shipment in &cells.bulk {
            yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
        }
        let point = ("post_shipment", "post_shipment");
        yard.strike(*how, side.vendor(), side.creates(), Dark::Connections, point).await;
        yard.shop.act::<Repost>(cells.gate.0, repost::Input::default()).await.unwrap();
        let point = ("post_shipment", "get_provider_order");
        yard.strike(*how, side.vendor(), side.reads(), Dark::Connections, point).await;

        let ours: Vec<ShipmentId> =
            [cells.post, cells.repost, cells.gate].into_iter().chain(cells.bulk.iter().copied()).collect();
        tally.cells += 4;
        for round in ["by itself", "as the page says"] {
            if !yard.quiesce().await {
                tally.unexplained.push(format!("{name}, {round}: it never comes to rest"));
            }
            let judged = yard.judge(&ours).await;
            let live = yard.live();
            for shipment in &judged {
                let where_ = format!("{name}, {round}: {} {shipment:?}", side.name);
                judge(&mut tally, &yard, &mut browser, shipment, &live, &where_).await;
                follow(&yard, side, &mut browser, shipment, &live).await;
            }
        }
    }
    let judged = yard.judge(&shipments).await;
    yard.check_listed(&mut tally, &judged).await;
    for shipment in judged.iter().filter(|s| s.status != "pending_tracking" && s.post != "needs_person") {
        tally
            .unexplained
            .push(format!("{} did not arrive although somebody followed: {shipment:?}", side.name));
    }
    tally.close();
}

/// Posts what is to be re-posted, and cancels there what a re-post shall replace.
async fn posted_before(yard: &Yard, side: Side, cells: &[Cells]) {
    for cell in cells {
        yard.shop.act::<Post>(cell.repost.0, NoInput {}).await.unwrap();
        yard.shop.act::<Post>(cell.gate.0, NoInput {}).await.unwrap();
    }
    yard.run(None).await;
    let before: Vec<ShipmentId> = cells.iter().flat_map(|cell| [cell.repost, cell.gate]).collect();
    for shipment in yard.judge(&before).await {
        assert_eq!(shipment.status, "pending_tracking", "{shipment:?}");
        if cells.iter().any(|cell| cell.repost == shipment.id) {
            side.cancel_there(yard, shipment.remote.as_deref().unwrap());
        }
    }
}

/// What must be true of a shipment when nothing moves any more.
pub async fn judge(
    tally: &mut Tally,
    yard: &Yard,
    browser: &mut Browser,
    shipment: &Judged,
    live: &BTreeMap<String, Vec<String>>,
    where_: &str,
) {
    let there = live.get(&shipment.number).map(Vec::as_slice).unwrap_or_default();
    if there.len() > 1 {
        tally.duplicates.push(format!("{where_}: {there:?}"));
    }
    let known = shipment.remote.as_ref().is_some_and(|remote| there.contains(remote));
    match shipment.status.as_str() {
        "pending_tracking" if known => return,
        // stopped before anything was sent: what was so before is so still
        "pending_tracking" if shipment.post == "canceled" => {}
        "pending_tracking" => tally.losses.push(format!("{where_}: taken for accepted, there is {there:?}")),
        // we say that they do not have it, and they do
        "error" | "pending_post" if !there.is_empty() => {
            tally.losses.push(format!("{where_}: they have {there:?}"));
        }
        "posting" => tally.unexplained.push(format!("{where_}: it is left in the middle")),
        _ => {}
    }
    let (sentence, steps) = yard.says(browser, shipment.id).await;
    if sentence.is_empty() || steps.is_empty() {
        tally.unexplained.push(format!("{where_}: the page says “{sentence}” and offers {steps:?}"));
    }
}

/// Does what the page offers, as somebody who has looked at the provider.
pub async fn follow(
    yard: &Yard,
    side: Side,
    browser: &mut Browser,
    shipment: &Judged,
    live: &BTreeMap<String, Vec<String>>,
) {
    if shipment.status == "pending_tracking" && shipment.post != "canceled" {
        return;
    }
    let (_, steps) = yard.says(browser, shipment.id).await;
    let step = steps.first().map(|href| href.split('?').next().unwrap_or_default().to_owned());
    let gone = live.get(&shipment.number).is_none_or(Vec::is_empty);
    match step.as_deref().and_then(|href| href.rsplit('/').next()) {
        Some("post") => {
            yard.shop.act::<Post>(shipment.id.0, NoInput {}).await.unwrap();
        }
        Some("repost") if gone => {
            let input = repost::Input {
                anyway: side.blind(),
                reason: "I looked there".into(),
                ..repost::Input::default()
            };
            yard.shop.act::<Repost>(shipment.id.0, input).await.unwrap();
        }
        Some("check") => {
            yard.shop.act::<CheckWithProvider>(shipment.id.0, NoInput {}).await.unwrap();
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_key_that_is_honoured() {
    matrix(SIDES[0]).await;
}

#[tokio::test]
async fn an_id_of_our_own() {
    matrix(SIDES[1]).await;
}

#[tokio::test]
async fn a_provider_that_can_be_searched() {
    matrix(SIDES[2]).await;
}

#[tokio::test]
async fn a_provider_that_cannot_tell() {
    matrix(SIDES[3]).await;
}

#[tokio::test]
async fn shipstation() {
    matrix(SIDES[4]).await;
}
