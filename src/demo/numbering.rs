//! Numbers, given in the order of time once everything is rolled.

use super::book::{Book, Order, PostEnd, Sync};
use crate::{channels::ChannelKind, outbound::ErrorClass};

/// Sorts the orders and gives every order and parcel its number.
pub(super) fn number(book: &mut Book) {
    book.orders.sort_by_key(|order| order.placed);
    book.waiting.sort_by_key(|order| order.placed);
    let merchant = book.merchant;
    let mut counts = vec![0_i64; merchant.channels.len()];
    let first = if merchant.first_shipment > 1 { 2001 } else { 4001 };
    // Shopify's ids are one space over all shops
    let ids = 5_600_000_000_000 + merchant.first_shipment * 8192;
    for order in book.orders.iter_mut().chain(&mut book.waiting) {
        let channel = &merchant.channels[order.channel];
        counts[order.channel] += 1;
        let n = counts[order.channel];
        match channel.kind {
            ChannelKind::Shopify => {
                order.reference = (ids + n * 4096).to_string();
                name(order, format!("{}{}", channel.prefix, first + n - 1));
            }
            ChannelKind::Ebay => {
                let made = format!(
                    "{:02}-{:05}-{:05}",
                    2 + n % 25,
                    10_000 + n * 7_919 % 90_000,
                    10_000 + n * 4_729 % 90_000
                );
                name(order, made);
                order.reference.clone_from(&order.number);
            }
            ChannelKind::Manual => {
                name(order, format!("{}{n:05}", channel.prefix));
                order.reference.clone_from(&order.number);
            }
        }
        for (at, line) in order.lines.iter_mut().enumerate() {
            line.id = match channel.kind {
                ChannelKind::Shopify => {
                    (13_100_000_000_000 + merchant.first_shipment * 16 + n * 8 + at as i64).to_string()
                }
                ChannelKind::Ebay => (10_011_000_000_000 + n * 8 + at as i64).to_string(),
                ChannelKind::Manual => String::new(),
            };
        }
        for parcel in &mut order.parcels {
            if let Sync::Failed { trouble, .. } = &mut parcel.sync
                && trouble.class == ErrorClass::OrderClosed
            {
                trouble.message = format!("Order {} is cancelled at Shopify.", order.number);
            }
        }
    }
    let mut parcels: Vec<(usize, usize)> = book
        .orders
        .iter()
        .enumerate()
        .flat_map(|(at, order)| (0..order.parcels.len()).map(move |of| (at, of)))
        .collect();
    parcels.sort_by_key(|(at, of)| book.orders[*at].parcels[*of].planned);
    // the sandbox's own numbers begin above these
    let mut remote_ids = 61_000_000 + merchant.first_shipment * 20;
    for (n, (at, of)) in parcels.into_iter().enumerate() {
        let parcel = &mut book.orders[at].parcels[of];
        parcel.number = format!("SHP-{:06}", merchant.first_shipment + n as i64);
        for post in &mut parcel.posts {
            if let PostEnd::Accepted { remote, .. } = &mut post.end {
                remote_ids += 7;
                *remote = remote_ids.to_string();
            }
        }
    }
}

/// A story has its name already.
fn name(order: &mut Order, made: String) {
    if order.number.is_empty() {
        order.number = made;
    }
}
