//! The shops behind Shopify: their orders, fulfillment orders and fulfillments.

use std::collections::BTreeMap;

use chrono::{DateTime, Timelike, Utc};
use serde_json::{Value, json};

use super::super::reply::Refusal;
use super::super::seed::{SeedOrder, SeededLine, SeededOrder, cents};

/// A line of an order, with the part of a fulfillment order that ships it.
#[derive(Clone)]
pub(super) struct LineItem {
    pub id: u64,
    /// The fulfillment order line item.
    pub part: u64,
    /// Its place among the order's fulfillment orders.
    pub group: usize,
    pub sku: String,
    pub title: String,
    pub quantity: i64,
    pub remaining: i64,
    pub price: i64,
}

/// What one location has to ship.
#[derive(Clone)]
pub(super) struct FulfillmentOrder {
    pub id: u64,
    pub location: u32,
    pub held: bool,
    pub updated: DateTime<Utc>,
}

/// A parcel.
#[derive(Clone)]
pub(super) struct Fulfillment {
    pub id: u64,
    pub number: usize,
    pub cancelled: bool,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub tracking: Vec<Value>,
    /// Line item and quantity, with the parcel line's own id.
    pub lines: Vec<(u64, u64, i64)>,
}

/// One order as the shop keeps it.
#[derive(Clone)]
pub(super) struct Order {
    pub id: u64,
    pub number: u64,
    pub name: String,
    pub seed: SeedOrder,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub cancelled: Option<DateTime<Utc>>,
    pub lines: Vec<LineItem>,
    pub groups: Vec<FulfillmentOrder>,
    pub fulfillments: Vec<Fulfillment>,
}

struct Hook {
    url: String,
    secret: String,
    topics: Vec<String>,
}

/// One shop.
#[derive(Default)]
pub(super) struct Shop {
    token: Option<String>,
    hook: Option<Hook>,
    pub orders: BTreeMap<u64, Order>,
    names: BTreeMap<String, u64>,
}

/// Every shop, and the last numbers given out.
#[derive(Default)]
pub(crate) struct Shops {
    shops: BTreeMap<String, Shop>,
    /// Fulfillment order to shop and order, for finding strangers' ones.
    pub(super) groups: BTreeMap<u64, (String, u64)>,
    pub(super) parcels: BTreeMap<u64, (String, u64)>,
    last_order: u64,
    last_line: u64,
    last_group: u64,
    pub(super) last_parcel: u64,
}

/// The number at the end of a gid of the right kind, if it is one.
pub(super) fn tail(gid: &str, kind: &str) -> Option<u64> {
    let number = gid.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?;
    number.parse().ok().filter(|number| *number > 0)
}

/// A gid.
pub(super) fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

fn seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(0).unwrap_or(at)
}

impl Shops {
    /// Opens a shop or changes its token.
    pub fn open(&mut self, shop: &str, token: Option<&str>) -> Result<Value, Refusal> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if shop.is_empty() || !shop.chars().all(fits) {
            return Err(Refusal::plain(422, "a shop's name has letters, digits and dashes only"));
        }
        let known = self.shops.entry(shop.to_owned()).or_default();
        if let Some(token) = token {
            known.token = Some(token.to_owned());
        }
        Ok(json!({ "shop": shop, "token": self.token(shop) }))
    }

    /// The token a shop takes.
    pub fn token(&self, shop: &str) -> Option<String> {
        let known = self.shops.get(shop)?;
        Some(known.token.clone().unwrap_or_else(|| super::super::default_shop_token(shop)))
    }

    /// The shop's webhook, for these topics or all.
    pub fn subscribe(
        &mut self,
        shop: &str,
        url: &str,
        secret: &str,
        topics: &[String],
    ) -> Result<Value, Refusal> {
        if !url.starts_with("http://") {
            return Err(Refusal::plain(422, "the sandbox sends webhooks to http:// addresses only"));
        }
        self.open(shop, None)?;
        let hook = Hook { url: url.into(), secret: secret.into(), topics: topics.to_vec() };
        if let Some(known) = self.shops.get_mut(shop) {
            known.hook = Some(hook);
        }
        Ok(json!({ "shop": shop, "url": url, "topics": topics }))
    }

    /// Where to send a topic, and the secret to sign it with.
    pub fn hook(&self, shop: &str, topic: &str) -> Option<(&str, &str)> {
        let hook = self.shops.get(shop)?.hook.as_ref()?;
        let wanted = hook.topics.is_empty() || hook.topics.iter().any(|known| known == topic);
        wanted.then_some((hook.url.as_str(), hook.secret.as_str()))
    }

    /// Whether a shop has this order already.
    pub fn knows(&self, shop: &str, seed: &SeedOrder) -> bool {
        self.find(shop, seed).is_some()
    }

    fn find(&self, shop: &str, seed: &SeedOrder) -> Option<u64> {
        let shop = self.shops.get(shop)?;
        let by_id = seed.id.as_ref().and_then(|id| number(id)).filter(|id| shop.orders.contains_key(id));
        by_id.or_else(|| seed.name.as_ref().and_then(|name| shop.names.get(name).copied()))
    }

    pub(super) fn shop(&self, shop: &str) -> Option<&Shop> {
        self.shops.get(shop)
    }

    pub(super) fn order(&self, shop: &str, id: u64) -> Option<&Order> {
        self.shops.get(shop)?.orders.get(&id)
    }

    pub(super) fn order_mut(&mut self, shop: &str, id: u64) -> Option<&mut Order> {
        self.shops.get_mut(shop)?.orders.get_mut(&id)
    }

    /// A shop gets an order, or one changes.
    pub fn put(&mut self, at: DateTime<Utc>, shop: &str, seed: &SeedOrder) -> Result<Value, Refusal> {
        let at = seconds(at);
        if let Some(id) = self.find(shop, seed)
            && let Some(order) = self.order_mut(shop, id)
        {
            order.change(at, seed);
            return Ok(order.seeded());
        }
        if seed.lines.is_empty() {
            return Err(Refusal::plain(422, "an order needs lines"));
        }
        let wanted = seed
            .id
            .as_deref()
            .map(|id| number(id).ok_or_else(|| Refusal::plain(422, "an order id is a number")));
        let wanted = wanted.transpose()?;
        self.open(shop, None)?;
        let taken = |id: u64| self.shops.values().any(|shop| shop.orders.contains_key(&id));
        if wanted.is_some_and(taken) {
            return Err(Refusal::plain(409, "another shop has an order with this id"));
        }
        let mut next = self.last_order;
        let id = wanted.unwrap_or_else(|| {
            loop {
                next += 1;
                let id = 5_770_000_000_000 + next * 32_768;
                if !taken(id) {
                    return id;
                }
            }
        });
        self.last_order = next;
        let created = seconds(seed.created_at.unwrap_or(at));
        let count = self.shops.get(shop).map_or(0, |shop| shop.orders.len()) as u64;
        let mut order = Order {
            id,
            number: 1_001 + count,
            name: seed.name.clone().unwrap_or_else(|| format!("#{}", 1_001 + count)),
            seed: seed.clone(),
            created,
            updated: created,
            cancelled: (seed.cancelled == Some(true)).then_some(created),
            lines: vec![],
            groups: vec![],
            fulfillments: vec![],
        };
        self.add_lines(&mut order, seed);
        for group in &order.groups {
            self.groups.insert(group.id, (shop.to_owned(), id));
        }
        let shown = order.seeded();
        if let Some(shop) = self.shops.get_mut(shop) {
            shop.names.insert(order.name.clone(), id);
            shop.orders.insert(id, order);
        }
        Ok(shown)
    }

    /// Fills in the lines, and a fulfillment order for each location.
    fn add_lines(&mut self, order: &mut Order, seed: &SeedOrder) {
        for line in &seed.lines {
            let location = line.location.unwrap_or(1);
            let known = order.groups.iter().position(|group| group.location == location);
            let group = known.unwrap_or_else(|| {
                self.last_group += 1;
                order.groups.push(FulfillmentOrder {
                    id: 6_880_000_000_000 + self.last_group * 4_096,
                    location,
                    held: seed.on_hold == Some(true),
                    updated: order.created,
                });
                order.groups.len() - 1
            });
            self.last_line += 1;
            let quantity = i64::from(line.quantity.unwrap_or(1));
            order.lines.push(LineItem {
                id: 13_990_000_000_000 + self.last_line * 512,
                part: 14_550_000_000_000 + self.last_line * 512,
                group,
                sku: line.sku.clone(),
                title: line.title.clone().unwrap_or_else(|| line.sku.clone()),
                quantity,
                remaining: quantity,
                price: cents(line.unit_price.as_deref()),
            });
        }
    }

    /// Order name, order gid and fulfillment gid of every fulfillment not cancelled.
    pub fn live(&self) -> Vec<(String, String, String)> {
        let orders = self.shops.values().flat_map(|shop| shop.orders.values());
        let parcels = orders.flat_map(|order| order.fulfillments.iter().map(move |parcel| (order, parcel)));
        let alive = parcels.filter(|(_, parcel)| !parcel.cancelled);
        let names = |(order, parcel): (&Order, &Fulfillment)| {
            (order.name.clone(), gid("Order", order.id), gid("Fulfillment", parcel.id))
        };
        alive.map(names).collect()
    }
}

fn number(id: &str) -> Option<u64> {
    tail(id, "Order").or_else(|| id.parse().ok().filter(|id| *id > 0))
}

impl Order {
    fn change(&mut self, at: DateTime<Utc>, seed: &SeedOrder) {
        let known = &mut self.seed;
        known.email = seed.email.clone().or(known.email.take());
        known.phone = seed.phone.clone().or(known.phone.take());
        known.note = seed.note.clone().or(known.note.take());
        known.tags = seed.tags.clone().or(known.tags.take());
        known.shipping_address = seed.shipping_address.clone().or(known.shipping_address.take());
        known.billing_address = seed.billing_address.clone().or(known.billing_address.take());
        known.shipping_method = seed.shipping_method.clone().or(known.shipping_method.take());
        known.financial_status = seed.financial_status.clone().or(known.financial_status.take());
        if let Some(held) = seed.on_hold {
            self.groups.iter_mut().for_each(|group| group.held = held);
        }
        match seed.cancelled {
            Some(true) => self.cancelled = self.cancelled.or(Some(at)),
            Some(false) => self.cancelled = None,
            None => {}
        }
        self.updated = at;
    }

    /// The lines one fulfillment order ships.
    pub fn group_lines(&self, group: usize) -> impl Iterator<Item = &LineItem> {
        self.lines.iter().filter(move |line| line.group == group)
    }

    /// A fulfillment order's status.
    pub fn group_status(&self, group: usize) -> &'static str {
        let (all, left) = self
            .group_lines(group)
            .fold((0, 0), |(all, left), line| (all + line.quantity, left + line.remaining));
        match (self.cancelled.is_some(), left) {
            (_, 0) => "CLOSED",
            (true, _) => "CANCELLED",
            _ if self.groups[group].held => "ON_HOLD",
            (_, left) if left < all => "IN_PROGRESS",
            _ => "OPEN",
        }
    }

    /// The order's fulfillment status as people see it.
    pub fn status(&self) -> &'static str {
        let (all, left) =
            self.lines.iter().fold((0, 0), |(all, left), line| (all + line.quantity, left + line.remaining));
        match left {
            0 => "FULFILLED",
            left if left < all => "PARTIALLY_FULFILLED",
            _ if self.cancelled.is_none() && self.groups.iter().any(|group| group.held) => "ON_HOLD",
            _ => "UNFULFILLED",
        }
    }

    fn seeded(&self) -> Value {
        let line = |line: &LineItem| SeededLine {
            sku: line.sku.clone(),
            id: gid("LineItem", line.id),
            fulfillment_order_line: Some(gid("FulfillmentOrderLineItem", line.part)),
        };
        json!(SeededOrder {
            id: gid("Order", self.id),
            name: self.name.clone(),
            fulfillment_orders: self.groups.iter().map(|group| gid("FulfillmentOrder", group.id)).collect(),
            lines: self.lines.iter().map(line).collect(),
        })
    }
}
