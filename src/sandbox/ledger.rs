//! The ledger: what really happened at the vendors, whatever the wire said.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One thing that really happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// `shopify`, `ebay`, `shipstation` or `generic`.
    pub vendor: String,
    /// The vendor's operation, or `warehouse` for what the make-believe warehouse did.
    pub operation: String,
    /// ShipStation: order number. Shopify: order name. eBay: order id. Generic: reference.
    pub reference: String,
    /// ShipStation: order key. Shopify: order gid. eBay: nothing. Generic: tenant.
    pub key: Option<String>,
    /// ShipStation, generic: order id. Shopify: fulfillment gid. eBay: fulfillment id.
    pub remote_id: String,
    /// `created`, `updated`, `canceled`, `deleted`, `rejected`, `shipped` or `fulfilled`.
    pub what: String,
}

/// What is alive at a vendor under one reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveOrder {
    /// `shopify`, `ebay`, `shipstation` or `generic`.
    pub vendor: String,
    /// As in the ledger.
    pub reference: String,
    /// Shopify: the order's gid, since two shops may use one name. Generic: tenant. Elsewhere nothing.
    pub key: Option<String>,
    /// Providers: orders neither cancelled, rejected nor deleted. Channels: fulfillments not cancelled.
    pub remote_ids: Vec<String>,
    /// How many they are.
    pub count: usize,
}

/// All entries, oldest first.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<LedgerEntry>,
}

impl Ledger {
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }

    pub fn write(&mut self, at: DateTime<Utc>, line: Line<'_>) {
        self.entries.push(LedgerEntry {
            seq: self.entries.len() as u64 + 1,
            at,
            vendor: line.vendor.into(),
            operation: line.operation.into(),
            reference: line.reference.into(),
            key: line.key.map(str::to_owned),
            remote_id: line.remote_id.into(),
            what: line.what.into(),
        });
    }
}

/// An entry before it has a place.
pub(super) struct Line<'a> {
    pub vendor: &'a str,
    pub operation: &'a str,
    pub reference: &'a str,
    pub key: Option<&'a str>,
    pub remote_id: &'a str,
    pub what: &'a str,
}
