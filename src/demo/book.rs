//! A merchant's book: every order with what became of it, as a plan without a
//! single id of the database.

use super::{
    goods::Good,
    merchants::{Courier, Merchant},
    people::Person,
};
use crate::{
    clock::Instant,
    outbound::ErrorClass,
    shipments::{ChannelSync, Status},
};

/// Everything of one merchant.
#[derive(Debug)]
pub(super) struct Book {
    pub merchant: &'static Merchant,
    pub now: Instant,
    pub goods: Vec<Good>,
    pub people: Vec<Person>,
    /// By the time they were placed.
    pub orders: Vec<Order>,
    /// At the channel, and not here yet.
    pub waiting: Vec<Order>,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub channel: usize,
    pub person: usize,
    pub number: String,
    pub reference: String,
    pub placed: Instant,
    pub payment: &'static str,
    pub canceled: Option<Instant>,
    pub lines: Vec<Line>,
    pub shipping: i64,
    pub tax: i64,
    pub discount: i64,
    pub refunded: i64,
    pub method: &'static str,
    pub tags: Vec<String>,
    pub note: Option<&'static str>,
    pub holds: Vec<Hold>,
    pub parcels: Vec<Parcel>,
    /// What the channel in the sandbox has of it.
    pub there: There,
    /// Its address has no postal code.
    pub bad_address: bool,
    pub trace: String,
}

/// What a channel has of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing: it is too old, or was deleted there.
    Nothing,
    /// The order, open.
    Open,
    /// The order, canceled.
    Canceled,
    /// The order, fulfilled with another parcel.
    Fulfilled,
    /// The order, its lines at two locations.
    Split,
    /// The order, with a line we do not know instead of its own.
    OtherLine,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub good: usize,
    pub id: String,
    pub quantity: i32,
    pub refunded: i32,
    pub price: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub kind: &'static str,
    pub reason: &'static str,
    pub by: Hand,
    pub created: Instant,
    pub until: Option<Instant>,
    pub released: Option<Instant>,
}

/// One of the demo's people behind the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    Client,
    Admin,
}

#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub number: String,
    /// Which of the order's fulfillment orders.
    pub group: usize,
    /// Line and how many.
    pub lines: Vec<(usize, i32)>,
    pub planned: Instant,
    pub connection: usize,
    pub posts: Vec<Post>,
    pub courier: Option<&'static Courier>,
    pub tracking: String,
    pub shipped: Option<Instant>,
    pub delivered: Option<Instant>,
    pub voided: Option<(Instant, &'static str)>,
    /// Marked as an error by a person.
    pub marked: Option<(Instant, &'static str)>,
    pub sync: Sync,
    pub reship_of: Option<usize>,
    /// A reship for which the first parcel's units went back to stock.
    pub back: bool,
    pub provider: AtProvider,
    pub trace: String,
}

/// What the provider in the sandbox has of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtProvider {
    Nothing,
    /// Its order, alive.
    Alive,
    /// Its order, deleted.
    Deleted,
    /// Its order, canceled.
    Canceled,
    /// Its order, shipped with the parcel's courier and number.
    Shipped,
}

#[derive(Debug, Clone)]
pub(super) struct Post {
    pub by: Hand,
    pub requested: Instant,
    pub sent: Instant,
    pub end: PostEnd,
    /// A later post took its place.
    pub superseded: Option<Instant>,
    pub reason: &'static str,
}

#[derive(Debug, Clone)]
pub(super) enum PostEnd {
    Accepted { at: Instant, remote: String },
    Rejected { at: Instant, trouble: Trouble },
    Unknown { at: Instant },
    NeedsPerson { at: Instant },
}

#[derive(Debug, Clone)]
pub(super) enum Sync {
    NotApplicable,
    Awaiting,
    Muted,
    Synced {
        at: Instant,
    },
    Warned {
        at: Instant,
        words: String,
    },
    Failed {
        at: Instant,
        trouble: Trouble,
    },
    /// Tried, and tried again at `next`.
    Pending {
        at: Instant,
        next: Instant,
        trouble: Trouble,
    },
}

/// Where an exchange stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before anything was sent.
    Before,
    /// At the read that goes first.
    Look,
    /// At the request itself.
    Request,
}

/// A failure, as the other side worded it.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub class: ErrorClass,
    pub code: Option<&'static str>,
    pub message: String,
    pub stage: Stage,
    pub status: Option<i32>,
    pub response: String,
    pub attempts: i32,
}

impl Post {
    pub fn accepted(&self) -> Option<(Instant, &str)> {
        match &self.end {
            PostEnd::Accepted { at, remote } => Some((*at, remote)),
            _ => None,
        }
    }
}

impl Parcel {
    /// Where it stands.
    pub fn status(&self) -> Status {
        if self.voided.is_some() {
            return Status::Canceled;
        }
        if self.delivered.is_some() {
            return Status::Delivered;
        }
        if self.shipped.is_some() {
            return Status::Shipped;
        }
        if self.marked.is_some() {
            return Status::Error;
        }
        match self.posts.last().map(|post| &post.end) {
            None => Status::PendingPost,
            Some(PostEnd::Accepted { .. }) => Status::PendingTracking,
            Some(PostEnd::Rejected { .. }) => Status::Error,
            Some(PostEnd::Unknown { .. } | PostEnd::NeedsPerson { .. }) => Status::Unconfirmed,
        }
    }

    pub fn sync(&self) -> ChannelSync {
        match self.sync {
            Sync::NotApplicable => ChannelSync::NotApplicable,
            Sync::Awaiting => ChannelSync::AwaitingSend,
            Sync::Muted => ChannelSync::Muted,
            Sync::Synced { .. } => ChannelSync::Synced,
            Sync::Warned { .. } => ChannelSync::Warning,
            Sync::Failed { .. } => ChannelSync::Failed,
            Sync::Pending { .. } => ChannelSync::PendingSync,
        }
    }

    /// The post that counts, if the provider took it.
    pub fn live_post(&self) -> Option<(Instant, &str)> {
        self.posts.last().and_then(Post::accepted)
    }

    pub fn is_sent(&self) -> bool {
        self.shipped.is_some() && self.voided.is_none()
    }

    pub fn reference(&self) -> &str {
        &self.number
    }

    /// When something last happened to it.
    pub fn last_change(&self) -> Instant {
        let posts = self.posts.iter().map(|post| match &post.end {
            PostEnd::Accepted { at, .. }
            | PostEnd::Rejected { at, .. }
            | PostEnd::Unknown { at }
            | PostEnd::NeedsPerson { at } => *at,
        });
        let sync = match &self.sync {
            Sync::Synced { at }
            | Sync::Warned { at, .. }
            | Sync::Failed { at, .. }
            | Sync::Pending { at, .. } => Some(*at),
            _ => None,
        };
        let others = [
            sync,
            self.shipped,
            self.delivered,
            self.voided.map(|(at, _)| at),
            self.marked.map(|(at, _)| at),
            self.posts.iter().filter_map(|post| post.superseded).max(),
        ];
        posts.chain(others.into_iter().flatten()).max().unwrap_or(self.planned).max(self.planned)
    }
}

impl Order {
    /// How many of a line were sent, as the shipments say.
    pub fn sent_of(&self, line: usize) -> i32 {
        let sent: i32 = self
            .parcels
            .iter()
            .filter(|parcel| parcel.is_sent())
            .flat_map(|parcel| &parcel.lines)
            .filter(|(of, _)| *of == line)
            .map(|(_, quantity)| quantity)
            .sum();
        sent.min(self.lines[line].quantity)
    }

    pub fn on_hold(&self) -> bool {
        self.holds.iter().any(|hold| hold.released.is_none())
    }

    pub fn subtotal(&self) -> i64 {
        self.lines.iter().map(|line| line.price * i64::from(line.quantity)).sum()
    }

    pub fn total(&self) -> i64 {
        self.subtotal() + self.shipping + self.tax - self.discount
    }

    pub fn items(&self) -> (i32, i32) {
        let ordered: i32 =
            self.lines.iter().map(|line| line.quantity - line.refunded.min(line.quantity)).sum();
        let sent: i32 = (0..self.lines.len()).map(|line| self.sent_of(line)).sum();
        (ordered, sent)
    }

    /// As `orders::status` derives it.
    pub fn status(&self) -> &'static str {
        let (ordered, sent) = self.items();
        match () {
            () if self.canceled.is_some() => "canceled",
            () if self.payment == "refunded" => "refunded",
            () if sent >= ordered && ordered > 0 => "shipped",
            () if sent > 0 => "partially_shipped",
            () if matches!(self.payment, "unpaid" | "partially_paid" | "voided") => "unpaid",
            () => "unshipped",
        }
    }

    /// The shipment state that most needs a person, and the worst sync.
    pub fn worst(&self) -> (Option<Status>, ChannelSync) {
        const STATES: [Status; 7] = [
            Status::Unconfirmed,
            Status::Error,
            Status::Posting,
            Status::PendingPost,
            Status::PendingTracking,
            Status::Shipped,
            Status::Delivered,
        ];
        const SYNCS: [ChannelSync; 7] = [
            ChannelSync::Failed,
            ChannelSync::Warning,
            ChannelSync::PendingSync,
            ChannelSync::AwaitingSend,
            ChannelSync::Synced,
            ChannelSync::Muted,
            ChannelSync::NotApplicable,
        ];
        let alive = || self.parcels.iter().filter(|parcel| parcel.voided.is_none());
        let state = STATES.into_iter().find(|state| alive().any(|parcel| parcel.status() == *state));
        let sync = SYNCS.into_iter().find(|sync| alive().any(|parcel| parcel.sync() == *sync));
        (state, sync.unwrap_or(ChannelSync::NotApplicable))
    }

    /// When something last happened to it.
    pub fn last_change(&self) -> Instant {
        let holds = self.holds.iter().map(|hold| hold.released.unwrap_or(hold.created));
        let parcels = self.parcels.iter().map(Parcel::last_change);
        holds.chain(parcels).chain(self.canceled).max().unwrap_or(self.placed).max(self.placed)
    }
}
