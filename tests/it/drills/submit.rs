//! The fault matrix of submissions: what a channel is told, and that it is told once.

use super::{
    faults::BREAKS,
    tally::Tally,
    yard::{Dark, Yard},
};
use std::collections::{BTreeMap, BTreeSet};
use waybill::{actions::NoInput, ids::ShipmentId, shipments::submit::SubmitToChannel};

/// One whose submission breaks, one whose read breaks, and the many.
const A_BREAK: usize = 2 + 4;

#[derive(Clone, Copy)]
struct Side {
    name: &'static str,
    vendor: &'static str,
    submits: &'static [&'static str],
    reads: &'static [&'static str],
}

/// Fulfillments at the channels for each order, by its reference or its number.
fn told(yard: &Yard) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for one in yard.shop.sandbox.live() {
        *told.entry(one.reference).or_default() += one.count;
    }
    told
}

async fn matrix(side: Side) {
    let mut tally = Tally::new(format!("matrix {}", side.name));
    let yard = Yard::open().await;
    let channel = if side.vendor == "ebay" { yard.shop.ebay } else { yard.shop.shopify };
    let shipments = yard.shop.orders(channel, A_BREAK * BREAKS.len()).await;
    yard.left_the_warehouse().await;
    let (_counter, mut browser) = yard.counter().await;
    for ((name, how), ours) in BREAKS.iter().zip(shipments.chunks(A_BREAK)) {
        for (shipments, operations, call) in [
            (&ours[..1], side.submits, "submit_fulfillment"),
            (&ours[1..2], side.reads, "get_order"),
            (&ours[2..], side.submits, "submit_fulfillment"),
        ] {
            for shipment in shipments {
                yard.shop.act::<SubmitToChannel>(shipment.0, NoInput {}).await.unwrap();
            }
            let point = ("submit_fulfillment", call);
            yard.strike(*how, side.vendor, operations, Dark::Channels, point).await;
            tally.cells += 1;
        }
        for round in ["by itself", "as the page says"] {
            if !yard.quiesce().await {
                tally.unexplained.push(format!("{name}, {round}: it never comes to rest"));
            }
            let told = told(&yard);
            for shipment in yard.judge(ours).await {
                let references = yard.references(shipment.id).await;
                let there: usize = references.iter().filter_map(|r| told.get(r)).sum();
                let where_ = format!("{name}, {round}: {} {shipment:?}: told {there} times", side.name);
                match (shipment.sync.as_str(), there) {
                    (_, 2..) => tally.duplicates.push(where_),
                    ("synced" | "warning", 1) => {}
                    ("synced" | "warning", _) => tally.losses.push(where_),
                    ("pending_sync" | "awaiting_send", _) => tally.unexplained.push(where_),
                    _ => {
                        let (sentence, steps) = yard.says(&mut browser, shipment.id).await;
                        if sentence.is_empty() || steps.is_empty() {
                            tally.unexplained.push(format!("{where_}: the page says “{sentence}”"));
                        }
                        yard.shop.act::<SubmitToChannel>(shipment.id.0, NoInput {}).await.unwrap();
                    }
                }
            }
        }
    }
    let judged = yard.judge(&shipments).await;
    yard.check_listed(&mut tally, &judged).await;
    for shipment in judged.iter().filter(|s| !matches!(s.sync.as_str(), "synced" | "warning")) {
        tally.losses.push(format!("{}: {shipment:?}", side.name));
    }
    tally.close();
}

impl Yard {
    /// Every shipment has left its warehouse with a parcel.
    async fn left_the_warehouse(&self) {
        self.sql(
            "update shipments set status = 'shipped', date_post = now(), fulfillment_id = 'there-' || id, courier = 'DPD', \
             tracking_number = '0530890' || lpad(id::text, 7, '0'), inventory_status = 'shipped', shipped_at = now()",
        )
        .await;
    }

    /// What a channel may call the order of a shipment.
    async fn references(&self, shipment: ShipmentId) -> BTreeSet<String> {
        let of = |what: &str| {
            format!(
                "select {what} from orders o join shipments s on s.order_id = o.id where s.id = {shipment}"
            )
        };
        // eBay's number is its reference
        [self.shop.text(&of("o.channel_reference")).await, self.shop.text(&of("o.number")).await].into()
    }
}

#[tokio::test]
async fn ebay() {
    matrix(Side {
        name: "eBay",
        vendor: "ebay",
        submits: &["createShippingFulfillment"],
        reads: &["getShippingFulfillments", "getOrder"],
    })
    .await;
}

#[tokio::test]
async fn shopify() {
    matrix(Side { name: "Shopify", vendor: "shopify", submits: &["fulfillmentCreate"], reads: &["order"] })
        .await;
}
