//! The couriers of the world as far as this portal knows them, and the name
//! each sales channel accepts for them. Data, shipped as `couriers.csv`.
//!
//! One canonical slug inside; a channel's own spelling only at the edge. An
//! absent name means that the channel has none for the courier, and its
//! fallback (the courier `other`) applies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const DATA: &str = include_str!("couriers.csv");
const PLACEHOLDER: &str = "{tracking}";

/// Channel kind and the column of the data with its names. Two channels take
/// two different names: WooCommerce with its shipment tracking extension or
/// with fulfillments in core, BigCommerce as tracking carrier or provider.
const KINDS: [(&str, &str); 11] = [
    ("shopify", "shopify_company"),
    ("amazon", "amazon_carrier_code"),
    ("ebay", "ebay_shipping_carrier_code"),
    ("bigcommerce", "bigcommerce_tracking_carrier"),
    ("bigcommerce_provider", "bigcommerce_shipping_provider"),
    ("etsy", "etsy_carrier_name_UNVERIFIED"),
    ("woocommerce", "woo_shipment_tracking_provider"),
    ("woocommerce_core", "woo_core_shipment_provider_key"),
    ("walmart", "walmart_carrier"),
    ("magento", "magento_carrier_code"),
    ("starshipit", "starshipit_carrier"),
];

/// The slug of the stand-in for every courier a channel does not know.
pub const OTHER: &str = "other";

/// One courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Courier {
    /// Our name for it, such as `royal-mail`; never changes.
    pub slug: String,
    /// The name people read.
    pub name: String,
    /// ISO 3166 codes of the countries it picks up in; `EU` for many of
    /// Europe, `*` for the whole world.
    pub countries: Vec<String>,
    /// The page that follows a parcel, with `{tracking}` for its number.
    pub tracking_url_template: Option<String>,
    /// The name each channel kind accepts.
    pub names: BTreeMap<&'static str, String>,
}

impl Courier {
    /// The name a kind of channel (`shopify`, `ebay`, …) accepts.
    pub fn name_for(&self, channel_kind: &str) -> Option<&str> {
        self.names.get(channel_kind).map(String::as_str)
    }

    /// The page that follows one parcel.
    pub fn tracking_url(&self, tracking: &str) -> Option<String> {
        let tracking = tracking.trim();
        let template = self.tracking_url_template.as_ref()?;
        (!tracking.is_empty()).then(|| template.replace(PLACEHOLDER, &escape(tracking)))
    }
}

static COURIERS: LazyLock<Vec<Courier>> = LazyLock::new(parse);

/// Every courier, in the data's order: by region, well-known ones first.
pub fn all() -> &'static [Courier] {
    &COURIERS
}

/// The courier with this slug.
pub fn find(slug: &str) -> Option<&'static Courier> {
    all().iter().find(|courier| courier.slug == slug)
}

/// The courier that goes by this name anywhere, whatever its case, spaces and
/// punctuation. Its own slug and name come before channels' names; a name that
/// channels use for several couriers (`Hermes`) is nobody's.
pub fn by_any_name(name: &str) -> Option<&'static Courier> {
    let wanted = squash(name);
    if wanted.is_empty() {
        return None;
    }
    let own = all().iter().find(|courier| squash(&courier.slug) == wanted || squash(&courier.name) == wanted);
    if own.is_some() {
        return own;
    }
    let mut lent = all().iter().filter(|courier| courier.names.values().any(|name| squash(name) == wanted));
    let first = lent.next();
    if lent.next().is_some() { None } else { first }
}

/// Every name a kind of channel accepts, sorted, each once; empty for a kind
/// that publishes no list.
pub fn known_names(channel_kind: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = all().iter().filter_map(|courier| courier.name_for(channel_kind)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Letters and digits only, lower case.
pub(super) fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn parse() -> Vec<Courier> {
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let Ok(titles) = reader.headers().cloned() else {
        return Vec::new();
    };
    let cell = |row: &csv::StringRecord, title: &str| {
        let place = titles.iter().position(|own| own == title)?;
        row.get(place).map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned)
    };
    // Remarks in brackets stand where a channel takes no name.
    let name = |row: &csv::StringRecord, title: &str| cell(row, title).filter(|name| !name.starts_with('('));
    reader
        .records()
        .flatten()
        .filter_map(|row| {
            Some(Courier {
                slug: cell(&row, "slug")?,
                name: cell(&row, "display_name")?,
                countries: cell(&row, "countries")?.split(',').map(|code| code.trim().to_owned()).collect(),
                tracking_url_template: cell(&row, "tracking_url_template"),
                names: KINDS.iter().filter_map(|(kind, title)| Some((*kind, name(&row, title)?))).collect(),
            })
        })
        .collect()
}

/// Right in a path, a query and a fragment alike.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
