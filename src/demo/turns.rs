//! Turns that some orders take: holds, money back, reships.

use super::{
    book::*,
    dice::Dice,
    plan::{parcel, walk},
};
use crate::clock::Instant;
use chrono::Duration;

/// Perhaps somebody holds the order. `Some(None)`: the hold still stands.
pub(super) fn hold(
    dice: &mut Dice,
    order: &mut Order,
    planned: Instant,
    now: Instant,
) -> Option<Option<Instant>> {
    const KINDS: [(&str, &str); 6] = [
        ("operator", "Check the stock of the mugs first."),
        ("client", "The customer wants to change the size."),
        ("address", "The street number is missing."),
        ("payment", "The payment is under review."),
        ("fraud", "The billing and shipping countries differ."),
        ("client", "Ship together with the next order."),
    ];
    let recent = now - order.placed < Duration::hours(60);
    if !dice.permille(if recent { 110 } else { 22 }) {
        return None;
    }
    let (kind, reason) = *dice.pick(&KINDS);
    let created = planned + Duration::seconds(dice.between(5, 120));
    let released = dice.after(created, 2 * 3600, 30 * 3600);
    let stands = released > now - Duration::seconds(200);
    let until = (stands && dice.permille(350)).then(|| now + Duration::hours(dice.between(20, 90)));
    let by = if kind == "client" { Hand::Client } else { Hand::Admin };
    let released = (!stands).then_some(released);
    order.holds.push(Hold { kind, reason, by, created, until, released });
    if stands && dice.permille(150) {
        let (kind, reason) = if kind == "fraud" {
            ("operator", "Waiting for the merchant’s word.")
        } else {
            ("fraud", "Three orders within an hour.")
        };
        order.holds.push(Hold {
            kind,
            reason,
            by: Hand::Admin,
            created: created + Duration::seconds(75),
            until: None,
            released: None,
        });
    }
    Some(released)
}

/// What happens to some orders after they arrived: money back, or a reship.
pub(super) fn later(book: &Book, dice: &mut Dice, order: &mut Order) {
    let Some(delivered) = order.parcels[0].delivered else {
        return;
    };
    let latest = book.now - Duration::seconds(100);
    // money goes back only where the sandbox no longer has the order
    if order.there != There::Nothing {
        return;
    }
    match dice.below(1000) {
        0..14 => {
            order.payment = "refunded";
            order.refunded = order.total();
            order.lines.iter_mut().for_each(|line| line.refunded = line.quantity);
        }
        14..40 if order.lines[0].quantity > 1 || order.lines.len() > 1 => {
            order.payment = "partially_refunded";
            order.lines[0].refunded = 1;
            order.refunded = order.lines[0].price;
        }
        40..58 => {
            let at = dice.after(delivered, 6 * 3600, 90 * 3600);
            if at > latest {
                return;
            }
            let mut again = parcel(book, dice, order, 1, vec![(0, 1)], at);
            again.reship_of = Some(0);
            walk(book, dice, order, &mut again, at);
            // the channel was told of the first parcel
            again.sync = if again.sync_matters() { Sync::Muted } else { again.sync };
            order.parcels.push(again);
        }
        _ => {}
    }
}

impl Parcel {
    fn sync_matters(&self) -> bool {
        !matches!(self.sync, Sync::NotApplicable)
    }
}
