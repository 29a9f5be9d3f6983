//! Where orders come from and tracking goes back to: stores, channels, and the
//! trait each kind of channel implements in one file of `kinds/`.
//!
//! An adapter is pure: it makes requests from plain data and reads answers into
//! plain data. It has no database, no clock and no socket, so it is tested by
//! snapshot without any server.

pub mod inbound;
pub mod kinds;
pub mod orders_in;
pub mod store;
pub mod unreceived;

use crate::{
    clock::Instant,
    orders::receive::IncomingOrder,
    outbound::{Answer, Failure, HttpRequest, HttpResponse},
    text_enum::text_enum,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

text_enum! {
    /// The kind of a channel.
    ChannelKind {
        /// Shopify, by its Admin GraphQL API.
        Shopify = "shopify",
        /// eBay, by its Sell Fulfillment API.
        Ebay = "ebay",
        /// No connection: orders are imported from files.
        Manual = "manual",
    }
}

impl ChannelKind {
    /// The vendor's name.
    pub fn label(self) -> &'static str {
        match self {
            ChannelKind::Shopify => "Shopify",
            ChannelKind::Ebay => "eBay",
            ChannelKind::Manual => "Manual",
        }
    }
}

text_enum! {
    /// What to do with a courier that has no mapping.
    OnUnmappedCourier {
        /// Send it as it came; some channels accept anything.
        SendAsIs = "send_as_is",
        /// Send the channel's fallback name.
        UseFallback = "use_fallback",
        /// Do not send; ask for a mapping.
        HoldBack = "hold_back",
    }
}

text_enum! {
    /// Whether the channel tells the buyer.
    Notification {
        /// It does.
        Trigger = "trigger",
        /// It does not.
        Mute = "mute",
    }
}

/// How to reach one installed channel, with its credentials opened.
#[derive(Debug, Clone)]
pub struct Access {
    /// Without a slash at the end.
    pub base_url: String,
    /// The vendor's name of the shop or seller.
    pub external_account: String,
    /// A JSON object of strings.
    pub credentials: SecretString,
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

/// A line of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionLine {
    /// The channel's own id of the order line.
    pub channel_line_id: String,
    /// For channels that match by SKU, and for people.
    pub sku: String,
    /// How many of it are in this parcel.
    pub quantity: i32,
}

/// What a channel was told of a shipment before: the parcel that a correction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The channel's id of it, where it is known.
    pub remote_id: Option<String>,
    /// The tracking number it was told.
    pub tracking_number: String,
    /// The courier's name it was sent, where that is known.
    pub courier_name: Option<String>,
}

/// A shipment as a channel is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Our number of the shipment.
    pub number: String,
    /// The channel's id of the order.
    pub order_reference: String,
    /// What is in the parcel.
    pub lines: Vec<SubmissionLine>,
    /// The courier as it came to us.
    pub courier: String,
    /// What this channel is sent for it: the mapping's name, the fallback, or
    /// the courier as it came.
    pub courier_name: String,
    /// The mapping's code, where there is one.
    pub courier_code: Option<String>,
    /// Whether the name comes from a mapping.
    pub mapped: bool,
    /// The tracking number.
    pub tracking_number: String,
    /// Where a person follows it.
    pub tracking_url: Option<String>,
    /// When it left.
    pub shipped_at: Instant,
    /// Whether the channel tells the buyer.
    pub notify_buyer: bool,
    /// What it was told before; `None`: nothing that is known.
    pub told: Option<Told>,
}

/// What a channel has of an order, read before anything is sent: most channels
/// have no idempotency key, so this is what keeps a parcel from being told twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// This parcel is there already.
    AlreadyThere {
        /// The channel's id of it.
        remote_id: String,
    },
    /// It is there as it was told before; what the adapter needs to correct it.
    Correct(Value),
    /// It is not; what the adapter needs to send it.
    Send(Value),
}

/// What a channel made of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The channel's id of it.
    pub remote_id: String,
}

/// A page of a channel's orders.
#[derive(Debug, Clone, PartialEq)]
pub struct OrdersPage {
    /// The orders that could be read.
    pub orders: Vec<IncomingOrder>,
    /// Orders that could not, with the reason.
    pub failures: Vec<(String, String)>,
    /// What to ask the next page with.
    pub next: Option<String>,
}

/// A message a channel posted to us, its signature proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundDelivery {
    /// The same for every repeat of the same message.
    pub delivery_id: String,
    /// The vendor's topic.
    pub topic: String,
}

/// What a kind of channel can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelCapabilities {
    /// Tracking can be sent to it.
    pub submits: bool,
    /// Orders can be read from it.
    pub reads_orders: bool,
    /// It posts signed messages to us.
    pub webhooks: bool,
    /// What it was told can be corrected; others are told again, and keep both.
    pub corrects: bool,
    /// Its answer to a submission shows the parcel, so that it need not be read back.
    pub shows_what_it_took: bool,
    /// It refuses couriers it does not know (others take any name).
    pub knows_couriers: bool,
    /// What it is sent for a courier it does not know.
    pub fallback_courier: Option<&'static str>,
}

/// A kind of sales channel.
pub trait Channel: Send + Sync {
    /// Which.
    fn kind(&self) -> ChannelKind;

    /// What it can do.
    fn capabilities(&self) -> ChannelCapabilities;

    /// The credentials it needs: names and labels, for the connect form.
    fn credentials(&self) -> &'static [(&'static str, &'static str)];

    /// A harmless read that proves address and credentials.
    fn test(&self, access: &Access) -> HttpRequest;

    /// Reads the answer to [`Channel::test`]: a name to show.
    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure>;

    /// The read that goes before a submission.
    fn look(&self, access: &Access, submission: &Submission) -> HttpRequest;

    /// Reads the answer to [`Channel::look`].
    fn looked(&self, response: &HttpResponse, submission: &Submission) -> Result<Answer<Look>, Failure>;

    /// The submission.
    fn submit(&self, access: &Access, submission: &Submission, look: &Value) -> HttpRequest;

    /// Reads the answer to [`Channel::submit`].
    fn submitted(
        &self,
        response: &HttpResponse,
        submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure>;

    /// Corrects the parcel that [`Channel::looked`] found as it was told before;
    /// `None` when the channel takes no corrections.
    fn correct(&self, access: &Access, submission: &Submission, look: &Value) -> Option<HttpRequest>;

    /// Reads the answer to [`Channel::correct`].
    fn corrected(
        &self,
        response: &HttpResponse,
        submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure>;

    /// Orders changed since an instant.
    fn orders(&self, access: &Access, since: Instant, page: Option<&str>) -> HttpRequest;

    /// Reads the answer to [`Channel::orders`].
    fn orders_read(&self, response: &HttpResponse) -> Result<Answer<OrdersPage>, Failure>;

    /// Proves that a message came from the channel: the signature over the raw
    /// bytes, under any of the secrets (two during a rotation).
    fn verify(
        &self,
        secrets: &[SecretString],
        headers: &[(String, String)],
        raw: &[u8],
    ) -> Option<InboundDelivery>;

    /// The order a message carries; `None` for topics that carry none.
    fn order_in(&self, topic: &str, raw: &[u8]) -> Result<Option<IncomingOrder>, String>;
}

/// Every kind of channel, registered at the top floor.
#[derive(Clone, Default)]
pub struct Channels {
    by_kind: HashMap<ChannelKind, Arc<dyn Channel>>,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

impl Channels {
    /// Registers a kind.
    pub fn with(mut self, channel: impl Channel + 'static) -> Channels {
        self.by_kind.insert(channel.kind(), Arc::new(channel));
        self
    }

    /// The adapter of a kind; `None` for manual channels.
    pub fn get(&self, kind: ChannelKind) -> Option<&Arc<dyn Channel>> {
        self.by_kind.get(&kind)
    }

    /// What a kind can do; nothing for manual channels.
    pub fn capabilities(&self, kind: ChannelKind) -> Option<ChannelCapabilities> {
        self.get(kind).map(|c| c.capabilities())
    }
}
