//! The two merchants: what they are connected to, and how.

use super::people::{FJORD as FJORD_BUYERS, HARBOUR as HARBOUR_BUYERS, HARBOUR_UK, Mix};
use crate::channels::{ChannelKind, OnUnmappedCourier};

/// A merchant.
#[derive(Debug)]
pub(super) struct Merchant {
    pub slug: &'static str,
    pub name: &'static str,
    pub time_zone: &'static str,
    pub currency: &'static str,
    /// Ordinary orders, besides those with a story.
    pub orders: usize,
    /// Shipment numbers go on from here. The merchants share one sandbox, where
    /// a number is one order's.
    pub first_shipment: i64,
    /// Name, time zone, currency.
    pub stores: &'static [(&'static str, &'static str, &'static str)],
    pub channels: &'static [Channel],
    /// Name, country.
    pub warehouses: &'static [(&'static str, &'static str)],
    pub connections: &'static [Connection],
}

/// A channel of a merchant.
#[derive(Debug)]
pub(super) struct Channel {
    pub store: usize,
    pub kind: ChannelKind,
    pub name: &'static str,
    /// The shop or seller at the vendor.
    pub external: &'static str,
    pub on_unmapped: OnUnmappedCourier,
    pub currency: &'static str,
    /// Of the currency's units, so many hundredths are a euro.
    pub rate: i64,
    /// Its part of the merchant's orders.
    pub share: u32,
    /// The first customers are the first channel's, and so on: how many.
    pub customers: usize,
    pub buyers: Mix,
    pub prefix: &'static str,
    pub connection: usize,
    pub couriers: &'static [Courier],
    pub methods: &'static [&'static str],
}

/// A courier as the provider spells it, and what the channel is sent for it.
#[derive(Debug, PartialEq)]
pub(super) struct Courier {
    pub sent: &'static str,
    pub service: &'static str,
    pub weight: u32,
    pub mapped: Option<&'static str>,
    pub tracking: &'static str,
}

/// A connection of a merchant.
#[derive(Debug)]
pub(super) struct Connection {
    pub name: &'static str,
    pub warehouse: usize,
    /// False: its secret is out of date, so the provider refuses it.
    pub works: bool,
}

const fn courier(
    sent: &'static str,
    service: &'static str,
    weight: u32,
    mapped: Option<&'static str>,
    tracking: &'static str,
) -> Courier {
    Courier { sent, service, weight, mapped, tracking }
}

const SHOP_COURIERS: &[Courier] = &[
    courier("bpost", "bpack_24h", 340, Some("BPost"), "3232########4########"),
    courier("postnl", "standard", 210, Some("PostNL"), "3S????#########"),
    courier("dpd", "classic", 140, Some("DPD"), "0535#########"),
    courier("dhl_express", "worldwide", 110, Some("DHL Express"), "##########"),
    courier("ups", "ups_standard", 90, Some("UPS"), "1Z?#?#?#68########"),
    courier("gls", "business_parcel", 70, Some("GLS"), "00?#?##?"),
    courier("budbee", "home", 40, None, "BB########"),
];
const UK_COURIERS: &[Courier] = &[
    courier("royal_mail", "tracked_48", 520, Some("RoyalMail"), "??#########GB"),
    courier("yodel", "xpress_48", 130, Some("Yodel"), "JD000##########"),
    courier("ups", "ups_standard", 90, Some("UPS"), "1Z?#?#?#68########"),
    courier("dpd_uk", "next_day", 150, Some("DPD"), "1550##########"),
    courier("evri", "standard", 110, Some("Evri"), "H00?A##########"),
];
const FJORD_COURIERS: &[Courier] = &[
    courier("bring", "pakke_i_postkassen", 480, Some("Bring"), "3707########9#####"),
    courier("postnord_no", "mypack", 300, Some("PostNord NO"), "0057########3#####"),
    courier("dhl_express", "worldwide", 120, Some("DHL Express"), "##########"),
    courier("ups", "ups_standard", 60, Some("UPS"), "1Z?#?#?#68########"),
];

/// New in the warehouse and mapped nowhere on eBay.
pub(super) static DPD_BE: Courier = courier("dpd_be", "classic", 0, None, "0543##########");
/// Mapped on eBay to a name that eBay does not take.
pub(super) static EVRI: Courier = courier("evri", "standard", 0, Some("Evri"), "H00?A##########");
/// Unmapped on a channel that holds unmapped couriers back.
pub(super) static HELTHJEM: Courier = courier("helthjem", "hjem", 0, None, "7#0#############");

pub(super) const WEB: usize = 0;
pub(super) const EBAY: usize = 1;
pub(super) const FILES: usize = 2;

/// Everybody.
pub(super) static MERCHANTS: &[Merchant] = &[
    Merchant {
        slug: "harbour",
        name: "Harbour & Pine",
        time_zone: "Europe/Brussels",
        currency: "EUR",
        orders: 3430,
        first_shipment: 1,
        stores: &[("Harbour & Pine", "Europe/Brussels", "EUR"), ("Harbour UK", "Europe/London", "GBP")],
        channels: &[
            Channel {
                store: 0,
                kind: ChannelKind::Shopify,
                name: "Harbour & Pine Shopify",
                external: "harbour-and-pine",
                on_unmapped: OnUnmappedCourier::SendAsIs,
                currency: "EUR",
                rate: 100,
                share: 570,
                customers: 640,
                buyers: HARBOUR_BUYERS,
                prefix: "#HP",
                connection: 0,
                couriers: SHOP_COURIERS,
                methods: &["Standard delivery", "Standard delivery", "Express delivery", "Pick-up point"],
            },
            Channel {
                store: 1,
                kind: ChannelKind::Ebay,
                name: "Harbour eBay UK",
                external: "harbour_uk",
                on_unmapped: OnUnmappedCourier::SendAsIs,
                currency: "GBP",
                rate: 86,
                share: 380,
                customers: 400,
                buyers: HARBOUR_UK,
                prefix: "",
                connection: 1,
                couriers: UK_COURIERS,
                methods: &["UK_RoyalMailSecondClass", "UK_OtherCourier48", "UK_OtherCourier24"],
            },
            Channel {
                store: 0,
                kind: ChannelKind::Manual,
                name: "Wholesale files",
                external: "",
                on_unmapped: OnUnmappedCourier::SendAsIs,
                currency: "EUR",
                rate: 100,
                share: 50,
                customers: 30,
                buyers: HARBOUR_BUYERS,
                prefix: "WH-",
                connection: 0,
                couriers: SHOP_COURIERS,
                methods: &["Freight", "Standard delivery"],
            },
        ],
        warehouses: &[("Antwerp", "BE"), ("Leeds", "GB")],
        connections: &[
            Connection { name: "ShipStation Antwerp", warehouse: 0, works: true },
            Connection { name: "ShipStation Leeds", warehouse: 1, works: true },
        ],
    },
    Merchant {
        slug: "fjord",
        name: "Fjord Outdoor",
        time_zone: "Europe/Oslo",
        currency: "NOK",
        orders: 1470,
        first_shipment: 700_001,
        stores: &[("Fjord Outdoor", "Europe/Oslo", "NOK")],
        channels: &[Channel {
            store: 0,
            kind: ChannelKind::Shopify,
            name: "Fjord Outdoor Shopify",
            external: "fjord-outdoor",
            on_unmapped: OnUnmappedCourier::HoldBack,
            currency: "NOK",
            rate: 1150,
            share: 1,
            customers: 430,
            buyers: FJORD_BUYERS,
            prefix: "#FJ",
            connection: 0,
            couriers: FJORD_COURIERS,
            methods: &["Hjemlevering", "Hentested", "Express"],
        }],
        warehouses: &[("Bergen", "NO"), ("Oslo", "NO")],
        connections: &[
            Connection { name: "ShipStation Bergen", warehouse: 0, works: true },
            Connection { name: "ShipStation Oslo", warehouse: 1, works: false },
        ],
    },
];
