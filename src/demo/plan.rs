//! The ordinary life of ninety days: orders that come, are posted, leave and
//! arrive, with the share of holds, reships, voids and refunds that life has.

use super::{
    book::*,
    dice::Dice,
    goods,
    merchants::{Channel, Courier, Merchant},
    people,
    turns::{hold, later},
};
use crate::{channels::ChannelKind, clock::Instant};
use chrono::{DateTime, Duration};

/// How far back the world goes.
pub(super) const DAYS: i64 = 90;
/// The mapping of one courier was changed to a name the channel refuses.
pub(super) const MAPPING_BROKEN: i64 = 50;

/// Rolls the ordinary part of a merchant's book.
pub(super) fn ordinary(merchant: &'static Merchant, dice: &mut Dice, now: Instant) -> Book {
    let goods = goods::of(merchant.slug);
    let mut persons = Vec::new();
    for channel in merchant.channels {
        for _ in 0..channel.customers {
            let n = persons.len() + 1;
            persons.push(people::person(dice, channel.buyers, n));
        }
    }
    let mut book = Book { merchant, now, goods, people: persons, orders: Vec::new(), waiting: Vec::new() };
    for _ in 0..merchant.orders {
        let channels: Vec<usize> = (0..merchant.channels.len()).collect();
        let channel = *dice.weighted(&channels, |at| merchant.channels[*at].share);
        let placed = moment(dice, now);
        let order = one(&book, dice, channel, placed);
        book.orders.push(order);
    }
    book
}

/// A moment in the last ninety days: more of them lately, few at night.
fn moment(dice: &mut Dice, now: Instant) -> Instant {
    const HOURS: [u32; 24] =
        [4, 2, 1, 1, 1, 2, 6, 14, 22, 28, 30, 30, 28, 26, 26, 26, 28, 30, 34, 40, 44, 38, 24, 11];
    let first = dice.between(0, DAYS - 1);
    let day = if dice.permille(250) { first.min(dice.between(0, DAYS - 1)) } else { first };
    let hours: Vec<usize> = (0..24).collect();
    let hour = *dice.weighted(&hours, |at| HOURS[*at]) as i64;
    let midnight = now.timestamp() - now.timestamp().rem_euclid(86_400) - day * 86_400;
    let seconds = midnight + hour * 3600 + dice.between(0, 3599);
    let at = DateTime::from_timestamp_millis(seconds * 1000 + dice.between(0, 999)).unwrap_or(now);
    if at > now - Duration::minutes(11) { at - Duration::days(1) } else { at }
}

/// An order without parcels, bought by somebody of the channel.
pub(super) fn bare(book: &Book, dice: &mut Dice, channel: usize, placed: Instant) -> Order {
    let merchant = book.merchant;
    let own = &merchant.channels[channel];
    let first: usize = merchant.channels[..channel].iter().map(|other| other.customers).sum();
    // some buy often
    let person = first + dice.below(own.customers).min(dice.below(own.customers * 2));
    let mut lines: Vec<Line> = Vec::new();
    for _ in 0..*dice.weighted(&[1, 2, 3, 4], |n| [58, 27, 11, 4][*n as usize - 1]) {
        let good = dice.below(book.goods.len());
        if lines.iter().any(|line| line.good == good) || book.goods[good].sku == goods::REFUSED_SKU {
            continue;
        }
        lines.push(line(book, own, good, *dice.weighted(&[1, 2, 3], |n| [80, 15, 5][*n as usize - 1])));
    }
    if lines.is_empty() {
        lines.push(line(book, own, 0, 1));
    }
    if own.kind == ChannelKind::Manual {
        lines.iter_mut().for_each(|line| line.quantity = dice.between(6, 24) as i32);
    }
    let subtotal: i64 = lines.iter().map(|line| line.price * i64::from(line.quantity)).sum();
    let discount = if dice.permille(110) { subtotal / 10 } else { 0 };
    Order {
        channel,
        person,
        number: String::new(),
        reference: String::new(),
        placed,
        payment: "paid",
        canceled: None,
        shipping: if subtotal > 80 * own.rate { 0 } else { 490 * own.rate / 100 },
        tax: if own.kind == ChannelKind::Shopify { subtotal * 21 / 100 } else { 0 },
        discount,
        refunded: 0,
        method: dice.word(own.methods),
        tags: if own.kind == ChannelKind::Shopify && dice.permille(90) {
            vec![dice.word(&["gift", "vip", "subscription", "first order"]).to_owned()]
        } else {
            Vec::new()
        },
        note: if dice.permille(40) {
            Some(dice.word(&[
                "Please leave with the neighbours.",
                "It is a present, no invoice in the parcel.",
                "Ring twice.",
            ]))
        } else {
            None
        },
        lines,
        holds: Vec::new(),
        parcels: Vec::new(),
        there: if placed > book.now - Duration::days(5) && own.kind != ChannelKind::Manual {
            There::Open
        } else {
            There::Nothing
        },
        bad_address: false,
        trace: dice.hex32(),
    }
}

/// A line of so many pieces of a good.
pub(super) fn line(book: &Book, channel: &Channel, good: usize, quantity: i32) -> Line {
    Line {
        good,
        id: String::new(),
        quantity,
        refunded: 0,
        price: book.goods[good].price * channel.rate / 100,
    }
}

/// A parcel with these lines, planned and no more.
pub(super) fn parcel(
    book: &Book,
    dice: &mut Dice,
    order: &Order,
    group: usize,
    lines: Vec<(usize, i32)>,
    planned: Instant,
) -> Parcel {
    let channel = &book.merchant.channels[order.channel];
    Parcel {
        number: String::new(),
        group,
        lines,
        planned,
        connection: channel.connection,
        posts: Vec::new(),
        courier: None,
        tracking: String::new(),
        shipped: None,
        delivered: None,
        voided: None,
        marked: None,
        sync: if channel.kind == ChannelKind::Manual { Sync::NotApplicable } else { Sync::Awaiting },
        reship_of: None,
        back: false,
        provider: AtProvider::Nothing,
        trace: dice.hex32(),
    }
}

/// Every line, whole.
pub(super) fn whole(order: &Order) -> Vec<(usize, i32)> {
    order.lines.iter().enumerate().map(|(at, line)| (at, line.quantity)).collect()
}

/// A post that was asked for at `requested` and accepted.
pub(super) fn accepted(dice: &mut Dice, requested: Instant) -> Post {
    let sent = requested + Duration::milliseconds(dice.between(300, 1500));
    let at = sent + Duration::milliseconds(dice.between(180, 2200));
    Post {
        by: if dice.permille(700) { Hand::Client } else { Hand::Admin },
        requested,
        sent,
        // the provider's number comes with all the others
        end: PostEnd::Accepted { at, remote: String::new() },
        superseded: None,
        reason: "",
    }
}

/// The parcel leaves with a courier.
pub(super) fn ship(dice: &mut Dice, parcel: &mut Parcel, courier: &'static Courier, at: Instant) {
    parcel.courier = Some(courier);
    parcel.tracking = dice.pattern(courier.tracking);
    parcel.shipped = Some(at);
}

/// Walks a parcel through posting, shipping, submission and delivery, as far as
/// it can have come by now.
pub(super) fn walk(book: &Book, dice: &mut Dice, order: &Order, parcel: &mut Parcel, from: Instant) {
    let channel = &book.merchant.channels[order.channel];
    let latest = book.now - Duration::seconds(90);
    let requested = dice.after(from, 20 * 60, 9 * 3600);
    let recent = requested > book.now - Duration::days(5);
    if requested > latest {
        return;
    }
    parcel.posts.push(accepted(dice, requested));
    parcel.provider = if recent { AtProvider::Alive } else { AtProvider::Nothing };
    let shipped = dice.after(requested, 5 * 3600, 44 * 3600);
    if shipped > latest {
        return;
    }
    let mut courier = dice.weighted(channel.couriers, |courier| courier.weight);
    let broken = courier.sent == "evri" && shipped > book.now - Duration::hours(MAPPING_BROKEN + 1);
    if broken {
        courier = &channel.couriers[0];
    }
    ship(dice, parcel, courier, shipped);
    if recent {
        parcel.provider = AtProvider::Shipped;
    }
    let told = dice.after(shipped, 3, 40);
    if channel.kind != ChannelKind::Manual {
        parcel.sync = match courier.mapped {
            _ if dice.permille(12) => Sync::Muted,
            Some(_) => Sync::Synced { at: told },
            None => Sync::Warned {
                at: told,
                words: format!(
                    "Shopify stored the courier “{}” but makes no tracking link for it.",
                    courier.sent
                ),
            },
        };
    }
    let delivered = dice.after(shipped, 18 * 3600, 150 * 3600);
    // now and then the last scan is missing
    if delivered < latest && !dice.permille(25) {
        parcel.delivered = Some(delivered);
    }
}

/// An order with what became of it.
fn one(book: &Book, dice: &mut Dice, channel: usize, placed: Instant) -> Order {
    let mut order = bare(book, dice, channel, placed);
    let merchant = book.merchant;
    let age = book.now - placed;
    let planned = dice.after(placed, 15, 200);
    if age < Duration::days(12) && merchant.channels[channel].kind != ChannelKind::Ebay && dice.permille(18) {
        order.payment = if dice.permille(200) { "partially_paid" } else { "unpaid" };
        return order;
    }
    let roll = dice.below(1000);
    let pieces: i32 = order.lines.iter().map(|line| line.quantity).sum();
    match roll {
        // canceled before anything left
        0..25 => {
            let canceled = dice.after(placed, 1200, 15 * 3600).min(book.now - Duration::seconds(100));
            let mut void = parcel(book, dice, &order, 0, whole(&order), planned);
            void.voided = Some((canceled, "The order was canceled at the channel."));
            order.parcels.push(void);
            order.canceled = Some(canceled);
            if order.there == There::Open {
                order.there = There::Canceled;
            }
        }
        // sent in two parcels, or the second still waits
        25..75 if pieces > 1 => {
            let (first, second) = halves(&order);
            let mut one = parcel(book, dice, &order, 0, first, planned);
            walk(book, dice, &order, &mut one, planned);
            let mut two = parcel(book, dice, &order, 0, second, planned + Duration::seconds(40));
            if !dice.permille(300) {
                let later = dice.after(planned, 10 * 3600, 70 * 3600);
                walk(book, dice, &order, &mut two, later);
            }
            order.parcels.extend([one, two]);
        }
        // one parcel left, the rest is not planned again yet
        75..90 if pieces > 1 => {
            let (first, second) = halves(&order);
            let mut one = parcel(book, dice, &order, 0, first, planned);
            walk(book, dice, &order, &mut one, planned);
            let mut gone = parcel(book, dice, &order, 0, second, planned + Duration::seconds(40));
            let at = dice.after(planned, 3600, 20 * 3600).min(book.now - Duration::seconds(95));
            gone.voided = Some((at.max(gone.planned), "Out of stock, waiting for the next delivery."));
            order.parcels.extend([one, gone]);
        }
        // posted again after the provider lost it
        90..98 if age > Duration::days(6) => {
            let mut again = parcel(book, dice, &order, 0, whole(&order), planned);
            let mut first = accepted(dice, planned + Duration::hours(1));
            let second = dice.after(planned, 20 * 3600, 40 * 3600);
            first.superseded = Some(second);
            walk(book, dice, &order, &mut again, second);
            again.posts.insert(0, first);
            if let Some(post) = again.posts.get_mut(1) {
                post.reason = "Deleted at ShipStation by mistake.";
            }
            order.parcels.push(again);
        }
        // voided and planned anew
        98..108 => {
            let at = dice.after(planned, 900, 6 * 3600).min(book.now - Duration::seconds(100));
            let mut void = parcel(book, dice, &order, 0, whole(&order), planned);
            void.voided = Some((
                at,
                dice.word(&["Wrong items were picked.", "The address was corrected.", "Packed twice."]),
            ));
            let mut fresh = parcel(book, dice, &order, 0, whole(&order), at + Duration::seconds(2));
            walk(book, dice, &order, &mut fresh, at);
            order.parcels.extend([void, fresh]);
        }
        _ => {
            let mut plain = parcel(book, dice, &order, 0, whole(&order), planned);
            let held = hold(dice, &mut order, planned, book.now);
            match held {
                Some(None) => {}
                Some(Some(released)) => walk(book, dice, &order, &mut plain, released),
                None => walk(book, dice, &order, &mut plain, planned),
            }
            order.parcels.push(plain);
            later(book, dice, &mut order);
        }
    }
    order
}

/// Line and how many.
type Pieces = Vec<(usize, i32)>;

/// Two parcels' worth of lines.
fn halves(order: &Order) -> (Pieces, Pieces) {
    if order.lines.len() > 1 {
        let mut all = whole(order);
        let rest = all.split_off(1);
        return (all, rest);
    }
    let quantity = order.lines[0].quantity;
    (vec![(0, quantity / 2)], vec![(0, quantity - quantity / 2)])
}
