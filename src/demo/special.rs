//! Orders with a story: a failure of every class, and the shipments that the
//! walks through re-post and resend begin at.

use super::{
    book::*,
    dice::Dice,
    goods::REFUSED_SKU,
    merchants::{Courier, DPD_BE, EBAY, EVRI, HELTHJEM, WEB},
    plan::{MAPPING_BROKEN, accepted, bare, line, parcel, ship, whole},
    stories, trouble,
};
use crate::clock::Instant;
use chrono::Duration;

/// Adds the stories of a merchant to its book.
pub(super) fn add(book: &mut Book, dice: &mut Dice) {
    if book.merchant.slug == stories::FJORD {
        fjord(book, dice);
    } else {
        couriers(book, dice);
        channels(book, dice);
        providers(book, dice);
        reposts(book, dice);
    }
    held(book, dice);
    waiting(book, dice);
    if book.merchant.slug == stories::HARBOUR {
        added_back(book, dice);
    }
}

/// A standing hold of every kind.
fn held(book: &mut Book, dice: &mut Dice) {
    for (n, (kind, reason)) in [
        ("operator", "The print is checked by hand first."),
        ("client", "The customer asked to wait for the second order."),
        ("address", "The courier does not know the street."),
        ("payment", "The bank asks for proof."),
        ("fraud", "The card and the address are of two countries."),
    ]
    .into_iter()
    .enumerate()
    {
        let mut order = fresh(book, dice, WEB, 5 + n as i64 * 9);
        let created = order.parcels[0].planned + Duration::minutes(7);
        let by = if kind == "client" { Hand::Client } else { Hand::Admin };
        let until = (n % 2 == 1).then(|| book.now + Duration::hours(30 + n as i64));
        order.holds.push(Hold { kind, reason, by, created, until, released: None });
        book.orders.push(order);
    }
}

/// An order placed so many hours ago, with one whole parcel.
fn fresh(book: &Book, dice: &mut Dice, channel: usize, hours: i64) -> Order {
    let placed = book.now - Duration::hours(hours) - Duration::seconds(dice.between(0, 1500));
    let mut order = bare(book, dice, channel, placed);
    order.there = There::Open;
    let planned = dice.after(placed, 15, 200);
    let lines = whole(&order);
    let planned = parcel(book, dice, &order, 0, lines, planned);
    order.parcels.push(planned);
    order
}

/// Posted and alive at its provider.
fn posted(book: &Book, dice: &mut Dice, channel: usize, hours: i64) -> Order {
    let mut order = fresh(book, dice, channel, hours);
    let own = &mut order.parcels[0];
    let requested = dice.after(own.planned, 1800, 7200);
    own.posts.push(accepted(dice, requested));
    own.provider = AtProvider::Alive;
    order
}

/// Left with a courier; answers when.
fn shipped(
    book: &Book,
    dice: &mut Dice,
    channel: usize,
    hours: i64,
    courier: &'static Courier,
) -> (Order, Instant) {
    let mut order = posted(book, dice, channel, hours);
    let own = &mut order.parcels[0];
    let left = dice.after(own.last_change(), 3600, (hours - 4).max(2) * 1500);
    ship(dice, own, courier, left);
    own.provider = AtProvider::Shipped;
    (order, left)
}

fn numbered(mut order: Order, number: &str) -> Order {
    number.clone_into(&mut order.number);
    order
}

fn failed(order: &mut Order, at: Instant, trouble: Trouble) {
    order.parcels[0].sync = Sync::Failed { at: at + Duration::seconds(9), trouble };
}

/// S3: couriers that the channel does not know.
fn couriers(book: &mut Book, dice: &mut Dice) {
    for (n, hours) in [9, 14, 17, 21, 25, 28, 33, 38, 43, 47, 56, 64, 72, 80].into_iter().enumerate() {
        let (mut order, left) = shipped(book, dice, EBAY, hours, &DPD_BE);
        let trouble = trouble::courier(false, DPD_BE.sent, &order.parcels[0].tracking);
        failed(&mut order, left, trouble);
        book.orders.push(if n == 1 { numbered(order, stories::UNMAPPED) } else { order });
    }
    for (n, hours) in [10, 18, 26, 35, 42].into_iter().enumerate() {
        let (mut order, left) = shipped(book, dice, EBAY, hours.min(MAPPING_BROKEN - 4), &EVRI);
        let trouble = trouble::courier(true, "Evri", &order.parcels[0].tracking);
        failed(&mut order, left, trouble);
        book.orders.push(if n == 1 { numbered(order, stories::MISMAPPED) } else { order });
    }
}

/// What else channels refuse.
fn channels(book: &mut Book, dice: &mut Dice) {
    let uk = &book.merchant.channels[EBAY].couriers[0];
    let web = &book.merchant.channels[WEB].couriers[0];
    for hours in [30, 52] {
        let (mut order, left) = shipped(book, dice, EBAY, hours, uk);
        order.parcels[0].tracking = "-/-".into();
        failed(&mut order, left, trouble::tracking());
        book.orders.push(order);
    }
    for hours in [62, 97] {
        let (mut order, left) = shipped(book, dice, EBAY, hours, uk);
        order.there = There::Nothing;
        order.number = format!("21-{}-{}", dice.pattern("#####"), dice.pattern("#####"));
        let trouble = trouble::no_order(&order.number);
        failed(&mut order, left, trouble);
        book.orders.push(order);
    }
    for (hours, trouble) in [
        (58, trouble::forbidden()),
        (59, trouble::forbidden()),
        (76, trouble::unavailable()),
        (78, trouble::unavailable()),
        (86, trouble::gibberish()),
        (101, trouble::gibberish()),
    ] {
        let (mut order, left) = shipped(book, dice, EBAY, hours, uk);
        failed(&mut order, left, trouble);
        book.orders.push(order);
    }
    for hours in [31, 69] {
        let (mut order, left) = shipped(book, dice, WEB, hours, web);
        order.there = There::Fulfilled;
        let sku = book.goods[order.lines[0].good].sku.clone();
        failed(&mut order, left, trouble::fulfilled(&sku));
        book.orders.push(order);
    }
    for hours in [37, 88] {
        let (mut order, left) = shipped(book, dice, WEB, hours, web);
        order.there = There::Canceled;
        // filled in with the order's name when it has one
        failed(&mut order, left, trouble::closed("#"));
        book.orders.push(order);
    }
    for hours in [45, 92] {
        let (mut order, left) = shipped(book, dice, WEB, hours, web);
        if order.lines.len() < 2 {
            let other = (order.lines[0].good + 5) % (book.goods.len() - 6);
            order.lines.push(line(book, &book.merchant.channels[WEB], other, 1));
            order.parcels[0].lines = whole(&order);
        }
        order.there = There::Split;
        failed(&mut order, left, trouble::split());
        book.orders.push(order);
    }
    pending(book, dice, WEB, web, &[7, 8, 9]);
}

/// Refused for now, and tried again by itself.
fn pending(book: &mut Book, dice: &mut Dice, channel: usize, courier: &'static Courier, ages: &[i64]) {
    for (n, hours) in ages.iter().enumerate() {
        let (mut order, _) = shipped(book, dice, channel, *hours, courier);
        let at = book.now - Duration::seconds(240 + n as i64 * 35);
        let next = book.now + Duration::minutes(38 + n as i64 * 7);
        order.parcels[0].sync = Sync::Pending { at, next, trouble: trouble::throttled(6) };
        book.orders.push(order);
    }
}

fn rejected(dice: &mut Dice, order: &mut Order, trouble: Trouble) {
    let requested = dice.after(order.parcels[0].planned, 1800, 7200);
    order.parcels[0].posts.push(Post {
        by: Hand::Client,
        requested,
        sent: requested + Duration::milliseconds(700),
        end: PostEnd::Rejected { at: requested + Duration::milliseconds(1180), trouble },
        superseded: None,
        reason: "",
    });
}

fn with_refused_sku(book: &Book, order: &mut Order) {
    let good = book.goods.iter().position(|good| good.sku == REFUSED_SKU).unwrap_or(0);
    let channel = &book.merchant.channels[order.channel];
    order.lines = vec![line(book, channel, good, 1)];
    order.parcels[0].lines = vec![(0, 1)];
}

/// What providers refuse, and what nobody knows.
fn providers(book: &mut Book, dice: &mut Dice) {
    for hours in [16, 27, 54] {
        let mut order = fresh(book, dice, WEB, hours);
        with_refused_sku(book, &mut order);
        rejected(dice, &mut order, trouble::sku(REFUSED_SKU));
        book.orders.push(order);
    }
    for hours in [12, 29, 51] {
        let mut order = fresh(book, dice, WEB, hours);
        order.bad_address = true;
        rejected(dice, &mut order, trouble::address());
        book.orders.push(order);
    }
    for (number, hours, there, person) in [
        (stories::UNCONFIRMED_THERE, 6, true, false),
        (stories::UNCONFIRMED_ABSENT, 7, false, false),
        ("", 20, true, false),
        ("", 34, false, true),
        ("", 57, false, true),
    ] {
        let mut order = fresh(book, dice, WEB, hours);
        let own = &mut order.parcels[0];
        let requested = dice.after(own.planned, 1800, 7200);
        let at = requested + Duration::seconds(21);
        let end = if person {
            PostEnd::NeedsPerson { at: at + Duration::minutes(11) }
        } else {
            PostEnd::Unknown { at }
        };
        own.posts.push(Post {
            by: Hand::Client,
            requested,
            sent: requested + Duration::milliseconds(600),
            end,
            superseded: None,
            reason: "",
        });
        own.provider = if there { AtProvider::Alive } else { AtProvider::Nothing };
        book.orders.push(numbered(order, number));
    }
    for hours in [44, 83] {
        let mut order = posted(book, dice, WEB, hours);
        let at = order.parcels[0].last_change() + Duration::hours(9);
        order.parcels[0].marked = Some((at, "The warehouse found the mugs broken."));
        book.orders.push(order);
    }
    // posted, cleared, and refused when it was posted again
    for hours in [70, 95] {
        let mut order = posted(book, dice, WEB, hours);
        with_refused_sku(book, &mut order);
        let again = order.parcels[0].last_change() + Duration::hours(11);
        order.parcels[0].posts[0].superseded = Some(again);
        order.parcels[0].provider = AtProvider::Deleted;
        let end = PostEnd::Rejected { at: again + Duration::seconds(2), trouble: trouble::sku(REFUSED_SKU) };
        let sent = again + Duration::seconds(1);
        order.parcels[0].posts.push(Post {
            by: Hand::Admin,
            requested: again,
            sent,
            end,
            superseded: None,
            reason: "Deleted at ShipStation.",
        });
        book.orders.push(order);
    }
}

/// S0: shipments to post and to post again.
fn reposts(book: &mut Book, dice: &mut Dice) {
    for (number, hours, state) in [
        (stories::REPOST_DELETED, 22, AtProvider::Deleted),
        (stories::REPOST_CANCELED, 23, AtProvider::Canceled),
        (stories::REPOST_ALIVE, 24, AtProvider::Alive),
    ] {
        let mut order = posted(book, dice, WEB, hours);
        order.parcels[0].provider = state;
        book.orders.push(numbered(order, number));
    }
    let order = fresh(book, dice, WEB, 3);
    book.orders.push(numbered(order, stories::NEVER_POSTED));
    let mut order = fresh(book, dice, WEB, 4);
    with_refused_sku(book, &mut order);
    book.orders.push(numbered(order, stories::POST_REFUSED));
}

/// S1: sent again before the first parcel left, whose units went back to stock.
fn added_back(book: &mut Book, dice: &mut Dice) {
    let mut order = posted(book, dice, WEB, 46);
    let at = order.parcels[0].last_change() + Duration::hours(2);
    let mut again = parcel(book, dice, &order, 1, vec![order.parcels[0].lines[0]], at);
    again.reship_of = Some(0);
    again.back = true;
    again.sync = Sync::Muted;
    order.parcels.push(again);
    book.orders.push(numbered(order, stories::ADDED_BACK));
}

fn fjord(book: &mut Book, dice: &mut Dice) {
    let bring = &book.merchant.channels[WEB].couriers[0];
    let name = book.merchant.channels[WEB].name;
    for (n, hours) in [11, 15, 24, 36, 60].into_iter().enumerate() {
        let (mut order, left) = shipped(book, dice, WEB, hours, &HELTHJEM);
        failed(&mut order, left, trouble::held_back(HELTHJEM.sent, name));
        book.orders.push(if n == 0 { numbered(order, stories::HELD_BACK) } else { order });
    }
    // the second connection's key is out of date
    for hours in [5, 13, 19, 40] {
        let mut order = fresh(book, dice, WEB, hours);
        order.parcels[0].connection = 1;
        rejected(dice, &mut order, trouble::key());
        book.orders.push(order);
    }
    for hours in [32, 66] {
        let (mut order, left) = shipped(book, dice, WEB, hours, bring);
        order.there = There::OtherLine;
        let sku = book.goods[order.lines[0].good].sku.clone();
        failed(&mut order, left, trouble::no_line(&sku));
        book.orders.push(order);
    }
    let mut order = fresh(book, dice, WEB, 26);
    order.bad_address = true;
    rejected(dice, &mut order, trouble::address());
    book.orders.push(order);
    pending(book, dice, WEB, bring, &[7, 10]);
}

/// Orders that the channel has and Waybill has not.
fn waiting(book: &mut Book, dice: &mut Dice) {
    for n in 0..stories::WAITING {
        let placed = book.now - Duration::seconds(60 + 70 * n as i64);
        let mut order = bare(book, dice, WEB, placed);
        order.there = There::Open;
        book.waiting.push(order);
    }
}
