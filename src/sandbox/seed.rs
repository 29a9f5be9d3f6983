//! The simple shapes in which tests and the demo describe orders and shipping.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An order as a channel received it. Everything may be left out but the lines.
///
/// When the order is known already (by `id`, or by `name` at Shopify), what is given replaces
/// what was there, and what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedOrder {
    /// Shopify: the number behind the gid. eBay: the order id (`12-34567-89012`).
    pub id: Option<String>,
    /// The name people see (`#1001`); eBay has none.
    pub name: Option<String>,
    /// The buyer's e-mail address.
    pub email: Option<String>,
    /// The buyer's phone number.
    pub phone: Option<String>,
    /// What the buyer wrote.
    pub note: Option<String>,
    /// Three letters; `USD` by default.
    pub currency: Option<String>,
    /// What was bought.
    pub lines: Vec<SeedLine>,
    /// Where it goes.
    pub shipping_address: Option<SeedAddress>,
    /// Who pays; the shipping address by default.
    pub billing_address: Option<SeedAddress>,
    /// How it should travel (`Standard Shipping`).
    pub shipping_method: Option<String>,
    /// A decimal (`4.90`).
    pub shipping_price: Option<String>,
    /// A decimal.
    pub tax: Option<String>,
    /// A decimal.
    pub discount: Option<String>,
    /// Shopify's display status; `PAID` by default.
    pub financial_status: Option<String>,
    /// Shopify's tags.
    pub tags: Option<Vec<String>>,
    /// When it was placed; now by default.
    pub created_at: Option<DateTime<Utc>>,
    /// True: the order is cancelled at the channel.
    pub cancelled: Option<bool>,
    /// True: Shopify holds its fulfillment orders; false: it lets them go.
    pub on_hold: Option<bool>,
}

/// One line of a [`SeedOrder`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedLine {
    /// The stock keeping unit.
    pub sku: String,
    /// What it is called; the SKU if left out.
    pub title: Option<String>,
    /// How many; one if left out.
    pub quantity: Option<u32>,
    /// A decimal each.
    pub unit_price: Option<String>,
    /// Shopify: the location it ships from, from 1. Each location is a fulfillment order of its own.
    pub location: Option<u32>,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedAddress {
    /// First and last name.
    pub name: String,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub address1: String,
    /// The second line.
    pub address2: Option<String>,
    /// City.
    pub city: String,
    /// State or province, as its short code where there is one.
    pub province: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// Two letters.
    pub country: String,
    /// Phone.
    pub phone: Option<String>,
}

impl SeedAddress {
    /// The name without its last word, and its last word.
    pub(super) fn names(&self) -> (&str, &str) {
        self.name.rsplit_once(' ').unwrap_or(("", self.name.as_str()))
    }
}

/// What a seeded order became.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeededOrder {
    /// Shopify: the order's gid. eBay: the order id.
    pub id: String,
    /// The name people see; eBay: the order id again.
    pub name: String,
    /// The fulfillment orders' gids; empty at eBay.
    pub fulfillment_orders: Vec<String>,
    /// The lines, in the order given.
    pub lines: Vec<SeededLine>,
}

/// What a seeded line became.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeededLine {
    /// The stock keeping unit.
    pub sku: String,
    /// Shopify: the line item's gid. eBay: the line item id.
    pub id: String,
    /// Shopify: the fulfillment order line item's gid.
    pub fulfillment_order_line: Option<String>,
}

/// The warehouse ships an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ship {
    /// ShipStation's courier code (`fedex`, `ups`, `stamps_com`).
    pub carrier_code: String,
    /// The tracking number.
    pub tracking_number: String,
    /// ShipStation's service code.
    pub service_code: Option<String>,
    /// What the label cost.
    pub shipment_cost: Option<f64>,
    /// The day it left, `YYYY-MM-DD`; today by default.
    pub ship_date: Option<String>,
    /// What is in the parcel; everything if empty.
    pub items: Vec<ShipLine>,
    /// True: more parcels follow, the order stays `awaiting_shipment`.
    pub partial: bool,
    /// True: shipped without a ShipStation label, so it is listed under `/fulfillments`.
    pub without_label: bool,
}

/// One line in a parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShipLine {
    /// The stock keeping unit.
    pub sku: String,
    /// How many.
    pub quantity: u32,
}

/// A decimal string as cents; what cannot be read is nothing.
pub(super) fn cents(text: Option<&str>) -> i64 {
    let text = text.unwrap_or("0").trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let whole: i64 = whole.parse().unwrap_or(0);
    sign * (whole.saturating_mul(100) + part.parse::<i64>().unwrap_or(0))
}

/// Cents with two decimals (`20.00`).
pub(super) fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}
