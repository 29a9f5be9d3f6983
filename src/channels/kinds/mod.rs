//! One file a kind of channel.

pub mod ebay;
pub mod shopify;

use super::{Channel, ChannelCapabilities, ChannelKind, Channels, SubmissionLine};

/// Every kind of channel that has an adapter.
pub fn all() -> Channels {
    Channels::default().with(shopify::Shopify).with(ebay::Ebay)
}

/// What a kind of channel can do; `None` where there is no connection.
pub fn capabilities(kind: ChannelKind) -> Option<ChannelCapabilities> {
    match kind {
        ChannelKind::Shopify => Some(shopify::Shopify.capabilities()),
        ChannelKind::Ebay => Some(ebay::Ebay.capabilities()),
        ChannelKind::Manual => None,
    }
}

/// The lines with those of one order line added up: vendors refuse a line named twice.
fn merged(lines: &[SubmissionLine]) -> Vec<SubmissionLine> {
    let mut merged: Vec<SubmissionLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let same = |known: &&mut SubmissionLine| {
            known.channel_line_id == line.channel_line_id
                && (!line.channel_line_id.is_empty() || known.sku == line.sku)
        };
        match merged.iter_mut().find(same) {
            Some(known) => known.quantity = known.quantity.saturating_add(line.quantity),
            None => merged.push(line.clone()),
        }
    }
    merged
}

/// Letters and digits of a tracking number, upper case: how two spellings are compared.
fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Words of a vendor at a length that fits a page.
fn short(words: &str) -> String {
    let words = words.trim();
    match words.char_indices().nth(500) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
