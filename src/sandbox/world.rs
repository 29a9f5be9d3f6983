//! The world: what the vendors hold, and the commands that change it.
//!
//! Applying a command depends on nothing but the world, the command and the time written beside
//! it, so playing a journal again gives the same world with the same ids.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ebay::Market;
use super::generic::{GenericOptions, GenericShip, Warehouses};
use super::ledger::{Ledger, LiveOrder};
use super::reply::Refusal;
use super::seed::{SeedOrder, Ship};
use super::shipstation::Warehouse;
use super::shopify::Shops;

/// A change someone asks for. Refused ones change nothing and are not journalled.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Command {
    Shop {
        shop: String,
        token: Option<String>,
    },
    Webhook {
        shop: String,
        url: String,
        secret: String,
        topics: Vec<String>,
    },
    ShopifyOrder {
        shop: String,
        order: Box<SeedOrder>,
    },
    /// The input of `fulfillmentCreate`.
    Fulfill {
        shop: String,
        input: Value,
    },
    TrackingUpdate {
        shop: String,
        fulfillment: u64,
        tracking: Value,
    },
    FulfillmentCancel {
        shop: String,
        fulfillment: u64,
    },
    EbayOrder {
        order: Box<SeedOrder>,
    },
    EbayFulfill {
        order_id: String,
        input: Value,
    },
    /// The body of `createorder`.
    ShipstationPut {
        order: Value,
    },
    ShipstationDelete {
        order_id: u64,
    },
    ShipstationHold {
        order_id: u64,
        until: Option<String>,
    },
    ShipstationCancel {
        order_id: u64,
    },
    ShipstationShip {
        order_id: u64,
        ship: Ship,
    },
    ShipstationVoid {
        shipment_id: u64,
    },
    ShipstationRefuseSku {
        sku: String,
        message: Option<String>,
    },
    ShipstationAcceptSku {
        sku: String,
    },
    ShipstationWebhook {
        url: Option<String>,
    },
    GenericTenant {
        tenant: String,
        options: Box<GenericOptions>,
    },
    /// The body of a post; the key only where the tenant honours keys.
    GenericCreate {
        tenant: String,
        key: Option<String>,
        order: Value,
    },
    GenericUpdate {
        tenant: String,
        id: String,
        order: Value,
    },
    GenericCancel {
        tenant: String,
        id: String,
        by_us: bool,
    },
    GenericStatus {
        tenant: String,
        id: String,
        status: String,
    },
    GenericShip {
        tenant: String,
        id: String,
        ship: GenericShip,
    },
}

/// All that the make-believe vendors hold.
#[derive(Default)]
pub(super) struct World {
    pub shopify: Shops,
    pub ebay: Market,
    pub shipstation: Warehouse,
    pub generic: Warehouses,
    pub ledger: Ledger,
}

impl World {
    /// Carries a command out, or refuses it in the vendor's words.
    pub fn apply(&mut self, at: DateTime<Utc>, command: &Command) -> Result<Value, Refusal> {
        let World { shopify, ebay, shipstation, generic, ledger } = self;
        match command {
            Command::Shop { shop, token } => shopify.open(shop, token.as_deref()),
            Command::Webhook { shop, url, secret, topics } => shopify.subscribe(shop, url, secret, topics),
            Command::ShopifyOrder { shop, order } => shopify.put(at, shop, order),
            Command::Fulfill { shop, input } => shopify.fulfill(at, shop, input, ledger),
            Command::TrackingUpdate { shop, fulfillment, tracking } => {
                shopify.update_tracking(at, shop, *fulfillment, tracking, ledger)
            }
            Command::FulfillmentCancel { shop, fulfillment } => {
                shopify.cancel_fulfillment(at, shop, *fulfillment, ledger)
            }
            Command::EbayOrder { order } => ebay.put(at, order),
            Command::EbayFulfill { order_id, input } => ebay.fulfill(at, order_id, input, ledger),
            Command::ShipstationPut { order } => shipstation.put(at, order, ledger),
            Command::ShipstationDelete { order_id } => shipstation.delete(at, *order_id, ledger),
            Command::ShipstationHold { order_id, until } => {
                shipstation.hold(at, *order_id, until.as_deref(), ledger)
            }
            Command::ShipstationCancel { order_id } => shipstation.cancel(at, *order_id, ledger),
            Command::ShipstationShip { order_id, ship } => shipstation.ship(at, *order_id, ship, ledger),
            Command::ShipstationVoid { shipment_id } => shipstation.void(at, *shipment_id, ledger),
            Command::ShipstationRefuseSku { sku, message } => shipstation.refuse_sku(sku, message.as_deref()),
            Command::ShipstationAcceptSku { sku } => shipstation.accept_sku(sku),
            Command::ShipstationWebhook { url } => shipstation.subscribe(url.as_deref()),
            Command::GenericTenant { tenant, options } => generic.open(tenant, options),
            Command::GenericCreate { tenant, key, order } => {
                generic.create(at, tenant, key.as_deref(), order, ledger)
            }
            Command::GenericUpdate { tenant, id, order } => generic.update(at, tenant, id, order, ledger),
            Command::GenericCancel { tenant, id, by_us } => generic.cancel(at, tenant, id, *by_us, ledger),
            Command::GenericStatus { tenant, id, status } => {
                generic.set_status(at, tenant, id, status, ledger)
            }
            Command::GenericShip { tenant, id, ship } => generic.ship(at, tenant, id, ship, ledger),
        }
    }

    /// What is alive at each vendor, by vendor and reference.
    pub fn live(&self) -> Vec<LiveOrder> {
        let mut found: BTreeMap<(&str, String, Option<String>), Vec<String>> = BTreeMap::new();
        for (number, id) in self.shipstation.live() {
            found.entry(("shipstation", number, None)).or_default().push(id);
        }
        for (name, order, id) in self.shopify.live() {
            found.entry(("shopify", name, Some(order))).or_default().push(id);
        }
        for (tenant, reference, id) in self.generic.live() {
            found.entry(("generic", reference, Some(tenant))).or_default().push(id);
        }
        for (order, id) in self.ebay.live() {
            found.entry(("ebay", order, None)).or_default().push(id);
        }
        let line = |((vendor, reference, key), remote_ids): ((&str, String, Option<String>), Vec<String>)| {
            LiveOrder { vendor: vendor.to_owned(), reference, key, count: remote_ids.len(), remote_ids }
        };
        found.into_iter().map(line).collect()
    }
}
