//! The make-believe outside world: strict stand-ins for Shopify, eBay, ShipStation
//! and warehouses that speak Waybill's own contract.
//!
//! Tests and the demo talk to it over real HTTP. It refuses what the vendors refuse, in their
//! words, and fails on demand at any point of an exchange. What really happened stands in its
//! ledger, so a test can say "exactly one order exists there" whatever the wire did.
//!
//! Where a vendor's behaviour is not known for sure, the stand-in takes the stricter reading.

mod couriers;
mod ebay;
mod faults;
mod generic;
mod helpers;
mod hooks;
mod journal;
mod ledger;
mod page;
mod reply;
mod seed;
mod server;
mod shipstation;
mod shopify;
mod state;
mod webhooks;
mod wire;
mod world;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::{Fault, FaultKind};
pub use generic::{GenericClass, GenericOptions, GenericShip};
pub use hooks::HookMessage;
pub use ledger::{LedgerEntry, LiveOrder};
pub use reply::Refusal;
pub use seed::{SeedAddress, SeedLine, SeedOrder, SeededLine, SeededOrder, Ship, ShipLine};
pub use state::RequestLine;
pub use webhooks::Delivery;

use state::State;
use world::Command;

/// A clock the sandbox reads whenever something happens.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where accepted changes are written, one JSON line each, and read back at start.
    pub journal: Option<PathBuf>,
    /// The bearer token eBay takes.
    pub ebay_token: String,
    /// The key ShipStation takes as the Basic user name.
    pub shipstation_key: String,
    /// The secret ShipStation takes as the Basic password.
    pub shipstation_secret: String,
    /// Requests a minute ShipStation lets through; the real one says 40.
    pub shipstation_per_minute: u32,
    /// Points a Shopify shop's bucket holds; the real ones hold 2,000 to 20,000.
    pub shopify_bucket: u32,
    /// Points a Shopify shop's bucket wins back each second.
    pub shopify_restore: u32,
    /// What time it is; the system's clock unless a test brings its own.
    pub clock: Clock,
}

impl Default for SandboxOptions {
    fn default() -> SandboxOptions {
        SandboxOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            journal: None,
            ebay_token: "sandbox-ebay-token".into(),
            shipstation_key: "sandbox-key".into(),
            shipstation_secret: "sandbox-secret".into(),
            shipstation_per_minute: 100_000,
            shopify_bucket: 20_000,
            shopify_restore: 1_000,
            clock: Arc::new(state::system_clock),
        }
    }
}

/// The token a shop takes unless [`Sandbox::add_shop`] says otherwise.
pub fn default_shop_token(shop: &str) -> String {
    format!("shpat_sandbox_{shop}")
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    state: Arc<State>,
    address: SocketAddr,
    listening: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Reads the journal, if there is one, and starts listening.
    pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
        let listener = tokio::net::TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let (listening, watching) = watch::channel(true);
        let state = Arc::new(State::open(options, address, listening.clone())?);
        let task = tokio::spawn(server::run(listener, Arc::clone(&state), watching));
        Ok(Sandbox { state, address, listening, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path on it; the path starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The base URL of one Shopify shop; the adapter adds `/admin/api/…`.
    pub fn shopify_base(&self, shop: &str) -> String {
        self.url(&format!("/shopify/{shop}"))
    }

    /// The base URL of eBay; the adapter adds `/sell/fulfillment/v1/…`.
    pub fn ebay_base(&self) -> String {
        self.url("/ebay")
    }

    /// The base URL of ShipStation; the adapter adds `/orders/createorder` and so on.
    pub fn shipstation_base(&self) -> String {
        self.url("/shipstation")
    }

    /// The URL of a webhook catcher.
    pub fn hook_url(&self, name: &str) -> String {
        self.url(&format!("/_sandbox/hooks/{name}"))
    }

    /// Stops at once: open connections are dropped, effects still waiting never happen.
    pub async fn stop(mut self) {
        self.state.close();
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Closes the listener and every connection, so that connecting is refused.
    /// Returns once the port is closed.
    pub async fn go_dark(&self) {
        let mut done = self.state.listening_now();
        self.listening.send_replace(false);
        let _ = done.wait_for(|listening| !listening).await;
    }

    /// Listens again on the same port after [`Sandbox::go_dark`]. Returns once it does.
    pub async fn come_back(&self) {
        let mut done = self.state.listening_now();
        self.listening.send_replace(true);
        let _ = done.wait_for(|listening| *listening).await;
    }

    /// Opens a Shopify shop, or changes its token.
    pub fn add_shop(&self, shop: &str, token: &str) -> Result<(), Refusal> {
        let command = Command::Shop { shop: shop.into(), token: Some(token.into()) };
        self.state.act(&command).map(|_| ())
    }

    /// Tells a shop where to send its webhooks, and the secret it signs them with.
    pub fn set_shopify_webhook(&self, shop: &str, url: &str, secret: &str) -> Result<(), Refusal> {
        let command =
            Command::Webhook { shop: shop.into(), url: url.into(), secret: secret.into(), topics: vec![] };
        self.state.act(&command).map(|_| ())
    }

    /// Puts orders into a shop without telling anyone; the shop is opened if it is new.
    /// An order whose `id` or `name` is known is changed instead.
    pub fn seed_shopify(&self, shop: &str, orders: Vec<SeedOrder>) -> Result<Vec<SeededOrder>, Refusal> {
        let put = |order| {
            let command = Command::ShopifyOrder { shop: shop.into(), order: Box::new(order) };
            self.state.act(&command).and_then(seeded)
        };
        orders.into_iter().map(put).collect()
    }

    /// As [`Sandbox::seed_shopify`], for one order, and the shop sends its webhook.
    pub fn receive_shopify_order(&self, shop: &str, order: SeedOrder) -> Result<SeededOrder, Refusal> {
        shopify::receive(&self.state, shop, order).and_then(seeded)
    }

    /// Puts orders into eBay. An order whose `id` is known is changed instead.
    pub fn seed_ebay(&self, orders: Vec<SeedOrder>) -> Result<Vec<SeededOrder>, Refusal> {
        let put = |order| self.state.act(&Command::EbayOrder { order: Box::new(order) }).and_then(seeded);
        orders.into_iter().map(put).collect()
    }

    /// Puts orders into ShipStation, each the body of a `createorder`; answers them as the vendor shows them.
    pub fn seed_shipstation(&self, orders: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let put = |order| self.state.act(&Command::ShipstationPut { order });
        orders.into_iter().map(put).collect()
    }

    /// A shop tells its buyer of a parcel: the input of `fulfillmentCreate`.
    pub fn seed_shopify_fulfillment(&self, shop: &str, input: Value) -> Result<(), Refusal> {
        let command = Command::Fulfill { shop: shop.into(), input };
        self.state.act(&command).map(|_| ())
    }

    /// Every fulfillment of a shop as it shows it, canceled ones too.
    pub fn shopify_fulfillments(&self, shop: &str) -> Vec<Value> {
        self.state.world().shopify.parcels(shop)
    }

    /// eBay is told of a parcel: the body of `createShippingFulfillment`.
    pub fn seed_ebay_fulfillment(&self, order_id: &str, input: Value) -> Result<(), Refusal> {
        let command = Command::EbayFulfill { order_id: order_id.into(), input };
        self.state.act(&command).map(|_| ())
    }

    /// Somebody deletes a ShipStation order on the provider's side.
    pub fn delete_at_shipstation(&self, order_id: u64) -> Result<Value, Refusal> {
        self.state.act(&Command::ShipstationDelete { order_id })
    }

    /// The warehouse ships a ShipStation order; returns the shipment as the vendor lists it.
    pub fn ship(&self, order_id: u64, ship: Ship) -> Result<Value, Refusal> {
        shipstation::warehouse_ships(&self.state, order_id, ship)
    }

    /// The warehouse cancels a ShipStation order on its own side.
    pub fn cancel_at_shipstation(&self, order_id: u64) -> Result<Value, Refusal> {
        self.state.act(&Command::ShipstationCancel { order_id })
    }

    /// ShipStation refuses every order with this SKU from now on; without a message it uses its own.
    pub fn refuse_sku(&self, sku: &str, message: Option<&str>) -> Result<(), Refusal> {
        let command = Command::ShipstationRefuseSku { sku: sku.into(), message: message.map(str::to_owned) };
        self.state.act(&command).map(|_| ())
    }

    /// ShipStation takes orders with this SKU again.
    pub fn accept_sku(&self, sku: &str) -> Result<(), Refusal> {
        self.state.act(&Command::ShipstationAcceptSku { sku: sku.into() }).map(|_| ())
    }

    /// One ShipStation order as the vendor shows it, deleted ones too.
    pub fn shipstation_order(&self, order_id: u64) -> Option<Value> {
        self.state.world().shipstation.anyway(order_id)
    }

    /// Sets a fault; returns its number.
    pub fn set_fault(&self, fault: Fault) -> u64 {
        self.state.faults().add(fault)
    }

    /// Faults still set, with their numbers.
    pub fn faults(&self) -> Vec<(u64, Fault)> {
        self.state.faults().list()
    }

    /// Takes away every fault.
    pub fn clear_faults(&self) {
        self.state.faults().clear();
    }

    /// Lets every request go that hangs now, as if its delay were over.
    pub fn let_go(&self) {
        self.state.let_go();
    }

    /// Everything that really happened, oldest first.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.state.world().ledger.entries().to_vec()
    }

    /// What is alive at the vendors now, by reference.
    pub fn live(&self) -> Vec<LiveOrder> {
        self.state.world().live()
    }

    /// The last requests the vendors saw (up to 5,000), oldest first, faults included.
    pub fn requests(&self) -> Vec<RequestLine> {
        self.state.requests()
    }

    /// What a webhook catcher received, oldest first.
    pub fn hook(&self, name: &str) -> Vec<HookMessage> {
        self.state.hooks().messages(name)
    }

    /// The status a webhook catcher answers with from now on.
    pub fn set_hook_status(&self, name: &str, status: u16) {
        self.state.hooks().set_status(name, status);
    }

    /// Webhooks the vendors sent (the last 500), oldest first, with what came of them.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.state.close();
        self.task.abort();
    }
}

fn seeded(value: Value) -> Result<SeededOrder, Refusal> {
    serde_json::from_value(value).map_err(|error| Refusal::new(500, Value::String(error.to_string())))
}
