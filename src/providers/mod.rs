//! Who ships it: connections to fulfillment providers, and the trait each kind
//! of provider implements in one file of `kinds/`.
//!
//! An adapter is pure, as a channel's is. What a provider lacks is declared in
//! its capabilities and comes back as nothing, never as a silent success.

pub mod connection;
pub mod kinds;

use crate::{
    clock::Instant,
    outbound::{Answer, Failure, HttpRequest, HttpResponse},
    text_enum::text_enum,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

text_enum! {
    /// The kind of a provider.
    ProviderKind {
        /// ShipStation, by its V1 API.
        Shipstation = "shipstation",
        /// Our own contract, for warehouses without a vendor's system.
        Generic = "generic",
    }
}

impl ProviderKind {
    /// The vendor's name.
    pub fn label(self) -> &'static str {
        match self {
            ProviderKind::Shipstation => "ShipStation",
            ProviderKind::Generic => "Generic (signed JSON)",
        }
    }
}

text_enum! {
    /// What keeps a post from being executed twice, which decides what may be
    /// done after an outcome nobody knows.
    IdempotencyClass {
        /// It honours an idempotency key: repeat with the same key.
        Key = "A",
        /// An id of our choosing is unique or upserts: repeat with the same id.
        OwnId = "B",
        /// It can be searched by our reference: read, several times, before repeating.
        Searchable = "C",
        /// Nothing: a person decides.
        Nothing = "D",
    }
}

/// What a provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What keeps a post from being executed twice.
    pub idempotency: IdempotencyClass,
    /// An order can be changed after it was posted.
    pub updates: bool,
    /// An order can be read back: status, tracking.
    pub reads: bool,
    /// An order can be found by our reference.
    pub finds: bool,
    /// An order can be canceled.
    pub cancels: bool,
    /// It posts messages to us.
    pub webhooks: bool,
    /// A reference whose order was canceled or deleted can be used again.
    pub reuses_references: bool,
    /// How long after a post a look-up can be trusted to see it, in seconds.
    pub settle_seconds: i64,
}

/// How to reach a provider, with its credentials opened.
#[derive(Debug, Clone)]
pub struct Access {
    /// Without a slash at the end.
    pub base_url: String,
    /// A JSON object of strings.
    pub credentials: SecretString,
    /// What is set for this connection.
    pub settings: Value,
    /// When the request is made, for what is signed with its time.
    pub now: Instant,
}

impl Access {
    /// One credential; empty when it is not set.
    pub fn credential(&self, name: &str) -> String {
        serde_json::from_str::<Value>(self.credentials.expose_secret())
            .ok()
            .and_then(|v| v.get(name).and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_default()
    }
}

/// A postal address as a provider is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parts of an address")]
pub struct ShipTo {
    pub name: String,
    pub company: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: String,
    pub phone: String,
    pub email: Option<String>,
}

/// A line of an order as a provider is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostLine {
    /// Our id of the shipment line.
    pub key: String,
    /// May be empty.
    pub sku: String,
    /// What it is.
    pub name: String,
    /// How many.
    pub quantity: i32,
    /// Per unit.
    pub unit_price_minor: i64,
}

/// A shipment as a provider is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostOrder {
    /// Our reference, sent in the vendor's unique field.
    pub reference: String,
    /// The same for every try of one post, another for the next post.
    pub idempotency_key: String,
    /// Our number of the shipment, which people at the provider see.
    pub number: String,
    /// The number the customer knows.
    pub order_number: String,
    /// When the order was placed.
    pub placed_at: Instant,
    /// Where it goes.
    pub ship_to: ShipTo,
    /// The lines.
    pub lines: Vec<PostLine>,
    /// ISO 4217, for the prices.
    pub currency: String,
    /// The method the customer chose.
    pub shipping_method: String,
}

/// An order at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOrder {
    /// The provider's id: our `fulfillment_id`.
    pub remote_id: String,
    /// Our reference, as the provider gives it back.
    pub reference: String,
    /// The provider's word for its status, raw.
    pub status: String,
    /// Whether it can still become a parcel, or did: not canceled, not deleted.
    pub live: bool,
}

/// A parcel a provider sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The tracking number.
    pub tracking_number: String,
    /// The courier as the provider spells it.
    pub courier: String,
    /// The service, where it says.
    pub service: Option<String>,
    /// When it left.
    pub shipped_at: Option<Instant>,
    /// What it cost, in minor units of the order's currency.
    pub cost_minor: Option<i64>,
    /// The label was voided.
    pub voided: bool,
}

/// What a provider says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteState {
    /// The provider's word for its status, raw; `None` when this read does not tell.
    pub status: Option<String>,
    /// What it sent.
    pub parcels: Vec<Parcel>,
    /// What remains to be read: another request, where one is not enough.
    pub next: Option<HttpRequest>,
}

/// A kind of fulfillment provider.
pub trait Provider: Send + Sync {
    /// Which.
    fn kind(&self) -> ProviderKind;

    /// What it can do over a connection with these settings.
    fn capabilities(&self, settings: &Value) -> Capabilities;

    /// The credentials it needs: names and labels, for the connect form.
    fn credentials(&self) -> &'static [(&'static str, &'static str)];

    /// A harmless read that proves address and credentials.
    fn test(&self, access: &Access) -> HttpRequest;

    /// Reads the answer to [`Provider::test`]: a name to show.
    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure>;

    /// Creates an order.
    fn create(&self, access: &Access, order: &PostOrder) -> HttpRequest;

    /// Reads the answer to [`Provider::create`].
    fn created(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure>;

    /// Finds orders by our reference; `None` when it cannot.
    fn find(&self, access: &Access, reference: &str) -> Option<HttpRequest>;

    /// Reads the answer to [`Provider::find`]: every order with exactly this reference.
    fn found(&self, response: &HttpResponse, reference: &str) -> Result<Answer<Vec<RemoteOrder>>, Failure>;

    /// Reads one order by the provider's id: is it there, is it live. `None`
    /// when it cannot.
    fn read(&self, access: &Access, remote_id: &str) -> Option<HttpRequest>;

    /// Reads the answer to [`Provider::read`]; `None`: there is no such order.
    fn was_read(&self, response: &HttpResponse) -> Result<Answer<Option<RemoteOrder>>, Failure>;

    /// What was sent of an order; `None` when it cannot tell.
    fn track(&self, access: &Access, remote_id: &str) -> Option<HttpRequest>;

    /// Reads the answer to [`Provider::track`].
    fn tracked(&self, access: &Access, response: &HttpResponse) -> Result<Answer<RemoteState>, Failure>;

    /// Whether an order in this state takes changes there.
    fn takes_changes(&self, remote: &RemoteOrder) -> bool;

    /// Changes an order to this content; `None` when it cannot. It never makes one, so
    /// it may be repeated.
    fn update(&self, access: &Access, remote: &RemoteOrder, order: &PostOrder) -> Option<HttpRequest>;

    /// Reads the answer to [`Provider::update`].
    fn updated(&self, response: &HttpResponse, order: &PostOrder) -> Result<Answer<RemoteOrder>, Failure>;

    /// Cancels an order; `None` when it cannot.
    fn cancel(&self, access: &Access, remote: &RemoteOrder) -> Option<HttpRequest>;

    /// Reads the answer to [`Provider::cancel`].
    fn canceled(&self, response: &HttpResponse) -> Result<Answer<()>, Failure>;
}
