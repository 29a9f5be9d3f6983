//! The fault matrix: every point of an exchange × every class of provider ×
//! every way of sending and canceling. Judged by the sandbox's ledger once
//! nothing moves, and again after somebody has followed what the pages say.

use super::{
    faults::{BREAKS, Break},
    tally::Tally,
    yard::{Dark, Judged, Yard},
};
use crate::support::{generic::tenant, portal::Browser};
use std::collections::BTreeMap;
use waybill::{
    actions::NoInput,
    ids::{ConnectionId, ShipmentId},
    sandbox::GenericClass,
    shipments::{
        cancel_order::CancelOrder,
        decide_post::{self, DecidePost},
        late::CancelSecond,
        post::Post,
        reconcile::CheckWithProvider,
        repost::{self, Repost},
    },
};

/// Shipments of one bulk operation.
const BULK: usize = 4;
/// One of each way, and the many.
const A_BREAK: usize = 5 + BULK;
/// The ways: post, re-post, the gate of a re-post, many posts at once, cancel,
/// and a re-post that cancels first.
const WAYS: usize = 6;
/// So often somebody does what a page says, until everything is where it belongs.
const ROUNDS: [&str; 3] = ["by itself", "as the page says", "as it says again"];

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

    /// Whether it takes cancellations from us.
    fn cancels(self) -> bool {
        self.class.is_some()
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
    cancel: ShipmentId,
    /// Re-posted with its earlier order, which is alive, to be canceled first.
    instead: ShipmentId,
    bulk: Vec<ShipmentId>,
}

impl Cells {
    fn of(shipments: &[ShipmentId]) -> Cells {
        let [post, repost, gate, cancel, instead, ref bulk @ ..] = *shipments else {
            panic!("too few shipments");
        };
        Cells { post, repost, gate, cancel, instead, bulk: bulk.to_vec() }
    }

    /// Those with an order before the break.
    fn posted_before(&self) -> [ShipmentId; 4] {
        [self.repost, self.gate, self.cancel, self.instead]
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
        strike(&yard, side, *how, cells).await;
        tally.cells += if side.cancels() { WAYS } else { WAYS - 2 };
        let mut ours = cells.posted_before().to_vec();
        ours.push(cells.post);
        ours.extend(&cells.bulk);
        for round in ROUNDS {
            if !yard.quiesce().await {
                tally.unexplained.push(format!("{name}, {round}: it never comes to rest"));
            }
            let running = "select count(*) from bulk_operations where state in ('previewing', 'running')";
            if yard.shop.value(running).await > 0 {
                tally.unexplained.push(format!("{name}, {round}: a bulk operation does not end"));
            }
            let live = yard.live();
            let (mut left, mut said) = (false, Said::new());
            for shipment in yard.judge(&ours).await {
                let where_ = format!("{name}, {round}: {} {shipment:?}", side.name);
                let steps =
                    judge(&mut tally, &yard, &mut browser, &mut said, &shipment, &live, &where_).await;
                // what was to be canceled stays so
                if shipment.id != cells.cancel && !steps.is_empty() {
                    left = true;
                    follow(&yard, side, &steps, &shipment, &live).await;
                }
            }
            if !left {
                break;
            }
        }
        let gone = if side.cancels() { "pending_post" } else { "pending_tracking" };
        for shipment in yard.judge(&ours).await {
            let wanted = if shipment.id == cells.cancel { gone } else { "pending_tracking" };
            if shipment.status != wanted {
                tally
                    .unexplained
                    .push(format!("{name}: {} is not {wanted} in the end: {shipment:?}", side.name));
            }
        }
    }
    let judged = yard.judge(&shipments).await;
    yard.check_listed(&mut tally, &judged).await;
    tally.close();
}

/// Does everything that is to be done, and breaks it: what is sent, what is read
/// before it, what is canceled.
async fn strike(yard: &Yard, side: Side, how: Break, cells: &Cells) {
    let shop = &yard.shop;
    yard.bulk("post", &cells.bulk).await;
    let strike = async |operations: &[&str], job, call| {
        yard.strike(how, side.vendor(), operations, Dark::Connections, (job, call)).await;
    };
    shop.act::<Post>(cells.post.0, NoInput {}).await.unwrap();
    shop.act::<Repost>(cells.repost.0, anyway(side)).await.unwrap();
    strike(side.creates(), "post_shipment", "post_shipment").await;
    shop.act::<Repost>(cells.gate.0, repost::Input::default()).await.unwrap();
    strike(side.reads(), "post_shipment", "get_provider_order").await;
    if side.cancels() {
        shop.act::<CancelOrder>(cells.cancel.0, NoInput {}).await.unwrap();
        strike(&["cancelshipment"], "cancel_provider_order", "cancel_provider_order").await;
        let input = repost::Input { cancel_first: true, ..anyway(side) };
        shop.act::<Repost>(cells.instead.0, repost::Input { anyway: false, ..input }).await.unwrap();
        strike(&["cancelshipment"], "post_shipment", "cancel_provider_order").await;
    }
}

/// Where nobody can tell, a person has looked.
fn anyway(side: Side) -> repost::Input {
    repost::Input {
        anyway: side.blind(),
        reason: "Canceled there, I looked".into(),
        ..repost::Input::default()
    }
}

/// Posts what is to be re-posted or canceled, and cancels there what a re-post
/// shall replace.
async fn posted_before(yard: &Yard, side: Side, cells: &[Cells]) {
    let before: Vec<ShipmentId> = cells.iter().flat_map(Cells::posted_before).collect();
    for shipment in &before {
        yard.shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    }
    yard.run(None).await;
    for shipment in yard.judge(&before).await {
        assert_eq!(shipment.status, "pending_tracking", "{shipment:?}");
        if cells.iter().any(|cell| cell.repost == shipment.id) {
            side.cancel_there(yard, shipment.remote.as_deref().unwrap());
        }
    }
}

/// What pages say of a situation: shipments in the same one are told the same.
pub type Said = BTreeMap<(String, String, i64, bool), (String, Vec<String>)>;

/// What must be true of a shipment when nothing moves any more. Answers the steps
/// its page offers, where anything is left to do.
pub async fn judge(
    tally: &mut Tally,
    yard: &Yard,
    browser: &mut Browser,
    said: &mut Said,
    shipment: &Judged,
    live: &BTreeMap<String, Vec<String>>,
    where_: &str,
) -> Vec<String> {
    let there = live.get(&shipment.number).map(Vec::as_slice).unwrap_or_default();
    if there.len() > 1 {
        tally.duplicates.push(format!("{where_}: {there:?}"));
    }
    let known = shipment.remote.as_ref().is_some_and(|remote| there.contains(remote));
    match shipment.status.as_str() {
        "pending_tracking" if known && shipment.problems == 0 => return Vec::new(),
        // done, but something is left that should not be
        "pending_tracking" if known => {}
        // stopped before anything was sent: what was so before is so still, and is told
        "pending_tracking" if shipment.post == "canceled" => {}
        "pending_tracking" => tally.losses.push(format!("{where_}: taken for accepted, there is {there:?}")),
        // we say that they do not have it, and they do
        "error" | "pending_post" if !there.is_empty() => {
            tally.losses.push(format!("{where_}: they have {there:?}"));
        }
        "posting" => tally.unexplained.push(format!("{where_}: it is left in the middle")),
        _ => {}
    }
    let (status, post) = (shipment.status.clone(), shipment.post.clone());
    let situation = (status, post, shipment.problems, shipment.posted_before);
    if !said.contains_key(&situation) {
        said.insert(situation.clone(), yard.says(browser, shipment.id).await);
    }
    let (sentence, steps) = said[&situation].clone();
    if sentence.is_empty() || steps.is_empty() {
        tally.unexplained.push(format!("{where_}: the page says “{sentence}” and offers {steps:?}"));
    }
    steps
}

/// Does what the page offers, as somebody who has looked at the provider.
pub async fn follow(
    yard: &Yard,
    side: Side,
    steps: &[String],
    shipment: &Judged,
    live: &BTreeMap<String, Vec<String>>,
) {
    let Some(step) = steps.first().and_then(|href| href.split('?').next()?.rsplit('/').next()) else {
        return;
    };
    let there = live.get(&shipment.number).and_then(|there| there.first());
    let (shop, id) = (&yard.shop, shipment.id.0);
    match (step, there) {
        ("post", _) => shop.act::<Post>(id, NoInput {}).await,
        ("repost", None) => shop.act::<Repost>(id, anyway(side)).await,
        ("check", _) => shop.act::<CheckWithProvider>(id, NoInput {}).await,
        ("cancel-second-order", _) => shop.act::<CancelSecond>(id, NoInput {}).await,
        ("decide", _) => {
            let input = decide_post::Input {
                there: if there.is_some() { "yes" } else { "no" }.into(),
                remote_id: there.cloned().unwrap_or_default(),
                reason: "I looked there".into(),
            };
            shop.act::<DecidePost>(id, input).await
        }
        _ => return,
    }
    .unwrap_or_else(|refused| panic!("the page offers {step}, but: {refused} {shipment:?}"));
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
