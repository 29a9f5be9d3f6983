//! The merchant's stock: deliveries every few weeks, what each parcel took and a
//! void gave back, a few counts. Chance has no part in it, so that the rest of
//! the world is as it was.

use super::{
    book::*,
    merchants::Merchant,
    rows::*,
    setup::Ids,
    shelf::{Kept, Shelves},
    write::Written,
};
use crate::{
    clock::Instant,
    db::{DbResult, Scope},
    evidence::Actor,
    inventory::MovementKind,
};
use chrono::Duration;
use std::collections::BTreeMap;

/// Nobody counts these.
const NOT_KEPT: [&str; 4] = ["HP-GIFT", "HP-PRNT", super::goods::REFUSED_SKU, "FJ-MAP"];
/// So many days ago units came in.
const DELIVERIES: [i64; 4] = [108, 76, 47, 17];
/// What a unit costs at each delivery, in hundredths of the first.
const DEARER: [i64; 4] = [100, 103, 101, 108];

/// Whether the stock of a product is kept.
pub(super) fn is_kept(sku: &str) -> bool {
    !NOT_KEPT.contains(&sku)
}

/// The stock of a book, and where a parcel's lines are in it: by order, parcel
/// and line of the parcel.
#[derive(Debug)]
pub(super) struct Stocked {
    pub shelves: Shelves,
    lines: Vec<Vec<Vec<Option<usize>>>>,
    costs: Vec<i64>,
    /// Good and warehouse of a shelf.
    places: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Delivery(usize, usize),
    Count(usize),
    Planned(usize, usize),
    Voided(usize, usize),
}

impl Stocked {
    /// Unit cost, what was added back and what is owed of a parcel's line.
    pub fn of(&self, at: usize, of: usize, line: usize) -> (i64, i32, i32) {
        match self.lines[at][of][line] {
            None => (0, 0, 0),
            Some(n) => {
                let own = &self.shelves.lines[n];
                (self.shelves.unit_cost(&self.costs, n), own.added_back, own.backordered)
            }
        }
    }
}

/// In the account's currency.
fn first_cost(merchant: &Merchant, price: i64) -> i64 {
    let home = merchant.channels.iter().find(|channel| channel.currency == merchant.currency);
    price * home.map_or(100, |channel| channel.rate) * 38 / 10_000
}

/// Lets the whole time pass.
pub(super) fn pass(book: &Book, ids: &Ids) -> Stocked {
    let merchant = book.merchant;
    let warehouse = |parcel: &Parcel| merchant.connections[parcel.connection].warehouse;
    let mut shelves = Shelves::default();
    let mut places: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut demand: Vec<Vec<(Instant, i32)>> = Vec::new();
    let mut lines = Vec::new();
    let mut events: Vec<(Instant, Event)> = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        let mut of_order = Vec::new();
        for (of, parcel) in order.parcels.iter().enumerate() {
            let mut own = Vec::new();
            for (line, n) in &parcel.lines {
                let good = order.lines[*line].good;
                own.push(is_kept(&book.goods[good].sku).then(|| {
                    let next = places.len();
                    let shelf = *places.entry((good, warehouse(parcel))).or_insert(next);
                    if shelf == next {
                        shelves.shelves.push(Default::default());
                        demand.push(Vec::new());
                    }
                    demand[shelf].push((parcel.planned, *n));
                    if let Some((voided, _)) = parcel.voided {
                        demand[shelf].push((voided, -n));
                    }
                    shelves.line(shelf, *n)
                }));
            }
            of_order.push(own);
            events.push((parcel.planned, Event::Planned(at, of)));
            if let Some((voided, _)) = parcel.voided {
                events.push((voided, Event::Voided(at, of)));
            }
        }
        lines.push(of_order);
    }
    let mut at: Vec<(usize, usize)> = vec![(0, 0); places.len()];
    places.into_iter().for_each(|(place, shelf)| at[shelf] = place);
    for shelf in 0..at.len() {
        // not everything comes with the same lorry
        let spread = Duration::minutes(11 * shelf as i64);
        for (n, days) in DELIVERIES.iter().enumerate() {
            events.push((book.now - Duration::days(*days) + spread, Event::Delivery(shelf, n)));
        }
        if shelf % 7 == 3 {
            events.push((book.now - Duration::days(9) + spread, Event::Count(shelf)));
        }
    }
    events.sort_by_key(|(when, _)| *when);
    let stocked = Stocked { shelves, lines, costs: Vec::new(), places: at };
    let (client, admin) = (ids.crew.client.name, ids.crew.admin.name);
    let mut passing = Passing { book, demand, stocked, client, admin };
    events.into_iter().for_each(|(when, event)| passing.happens(when, event));
    let mut stocked = passing.stocked;
    stocked.costs = stocked.shelves.costs();
    stocked
}

struct Passing<'a> {
    book: &'a Book,
    /// What is planned and voided, by shelf.
    demand: Vec<Vec<(Instant, i32)>>,
    stocked: Stocked,
    client: &'static str,
    admin: &'static str,
}

impl Passing<'_> {
    fn happens(&mut self, when: Instant, event: Event) {
        match event {
            Event::Delivery(shelf, n) => self.delivery(when, shelf, n),
            Event::Count(shelf) => self.count(when, shelf),
            Event::Planned(at, of) => self.planned(when, at, of),
            Event::Voided(at, of) => self.voided(when, at, of),
        }
    }

    /// What is bought until the next delivery, and some to spare; of a few
    /// products too little lately.
    fn delivery(&mut self, when: Instant, shelf: usize, n: usize) {
        let until = DELIVERIES.get(n + 1).map_or(self.book.now, |days| {
            self.book.now - Duration::days(*days) + Duration::minutes(11 * shelf as i64)
        });
        let wanted: i32 =
            self.demand[shelf].iter().filter(|(at, _)| *at > when && *at <= until).map(|(_, n)| n).sum();
        let spare = match shelf {
            5 | 8 if n > 0 => -2,
            _ if n > 1 && shelf % 11 == 6 => 1 + (shelf % 3) as i32,
            _ => 9 + (shelf * 7 % 31) as i32,
        };
        let own = &self.stocked.shelves.shelves[shelf];
        let short = wanted + spare - own.on_hand + own.allocated;
        // whole boxes, but where it is too little
        let quantity = if spare < 5 { short } else { (short + 11) / 12 * 12 };
        let price = self.book.goods[self.stocked.places[shelf].0].price;
        let cost = first_cost(self.book.merchant, price) * DEARER[n] / 100;
        if quantity > 0 {
            self.stocked.shelves.come_in(shelf, quantity, cost, MovementKind::Receipt, when, self.admin);
        }
    }

    fn count(&mut self, when: Instant, shelf: usize) {
        let shelves = &mut self.stocked.shelves;
        let (n, reason) = match shelf % 3 {
            0 => (-1, "Broken in the warehouse"),
            1 => (2, "Found behind the shelf"),
            _ => (-3, "Counted: three fewer"),
        };
        if n > 0 {
            let cost = first_cost(self.book.merchant, self.book.goods[self.stocked.places[shelf].0].price);
            let found = shelves.come_in(shelf, n, cost, MovementKind::Adjustment, when, self.admin);
            shelves.movements[found].reason = reason;
        } else if let Some(lost) = shelves.lose(shelf, -n, when, self.admin) {
            shelves.movements[lost].reason = reason;
            if shelf == 17 {
                let again = shelves.find_again(lost, when + Duration::minutes(40), self.admin);
                shelves.movements[again].reason = "They stood in the packing room";
            }
        }
    }

    /// The lines of an order's group that send the same line of the order.
    fn of_group(&self, at: usize, group: usize, line: usize) -> Vec<usize> {
        let parcels = self.book.orders[at].parcels.iter().zip(&self.stocked.lines[at]);
        parcels
            .filter(|(parcel, _)| parcel.group == group)
            .flat_map(|(parcel, own)| parcel.lines.iter().zip(own))
            .filter_map(|((of, _), own)| own.filter(|_| *of == line))
            .collect()
    }

    fn planned(&mut self, when: Instant, at: usize, of: usize) {
        let parcel = &self.book.orders[at].parcels[of];
        let own = self.stocked.lines[at][of].clone();
        let actor = if parcel.reship_of.is_some() { self.client.to_owned() } else { Actor::system().name };
        for ((line, _), own) in parcel.lines.iter().zip(own) {
            let Some(own) = own else { continue };
            if let (Some(first), true) = (parcel.reship_of, parcel.back) {
                let lines = &self.book.orders[at].parcels[first].lines;
                let place = lines.iter().position(|(of, _)| of == line);
                if let Some(original) = place.and_then(|place| self.stocked.lines[at][first][place]) {
                    self.stocked.shelves.add_back(original, own, when, &actor);
                }
            }
            let reserved = self.of_group(at, parcel.group, *line);
            self.stocked.shelves.take(own, &reserved, when, &actor);
        }
    }

    fn voided(&mut self, when: Instant, at: usize, of: usize) {
        let order = &self.book.orders[at];
        let own = self.stocked.lines[at][of].clone();
        let actor = if order.canceled.is_some() { Actor::system().name } else { self.admin.to_owned() };
        for own in own.into_iter().flatten() {
            self.stocked.shelves.give_back(own, when, &actor);
            // nothing is kept for a canceled order
            if order.canceled.is_some() {
                self.stocked.shelves.unreserve(&[own], i32::MAX, when);
            }
        }
    }
}

/// Writes it.
pub(super) async fn write(
    scope: &mut Scope,
    book: &Book,
    ids: &Ids,
    products: &[i64],
    stocked: &Stocked,
    written: &Written,
) -> DbResult<()> {
    let shelves = &stocked.shelves;
    let place = |shelf: usize| {
        let (good, warehouse) = stocked.places[shelf];
        (products[good], ids.warehouses[warehouse])
    };
    // line to its shipment and its own id
    let mut lines = vec![(0, 0); shelves.lines.len()];
    for (at, order) in stocked.lines.iter().enumerate() {
        for (of, parcel) in order.iter().enumerate() {
            for (line, own) in parcel.iter().zip(&written.shipment_lines[at][of]) {
                if let Some(line) = line {
                    lines[*line] = (written.shipments[at][of], *own);
                }
            }
        }
    }
    let rows: Vec<StockRow> = shelves
        .shelves
        .iter()
        .enumerate()
        .map(|(shelf, own)| StockRow {
            product_id: place(shelf).0,
            warehouse_id: place(shelf).1,
            on_hand: own.on_hand,
            allocated: own.allocated,
            backordered: own.backordered,
            version: 1,
        })
        .collect();
    insert(scope, &rows).await?;
    let movements = movements(scope, shelves, place, &lines).await?;
    let rows: Vec<LayerRow> = shelves
        .layers
        .iter()
        .map(|layer| LayerRow {
            product_id: place(layer.shelf).0,
            warehouse_id: place(layer.shelf).1,
            movement_id: movements[layer.movement],
            received: layer.received,
            remaining: layer.remaining,
            unit_cost_minor: layer.cost,
            currency: book.merchant.currency.to_owned(),
            received_at: layer.at,
        })
        .collect();
    let layers = insert_for_ids(scope, &rows).await?;
    let rows: Vec<ConsumptionRow> = shelves
        .consumptions
        .iter()
        .map(|eaten| ConsumptionRow {
            layer_id: layers[eaten.layer],
            shipment_line_id: eaten.line.map(|line| lines[line].1),
            movement_id: movements[eaten.movement],
            quantity: eaten.quantity,
            unit_cost_minor: shelves.layers[eaten.layer].cost,
            reversed_at: eaten.reversed.map(|(at, _)| at),
            reversed_by: eaten.reversed.map(|(_, movement)| movements[movement]),
        })
        .collect();
    insert(scope, &rows).await?;
    let kept = shelves.lines.iter().zip(&lines).filter_map(|(line, (_, id))| {
        let (quantity, state, at) = line.allocation?;
        Some(AllocationRow {
            shipment_line_id: *id,
            product_id: place(line.shelf).0,
            warehouse_id: place(line.shelf).1,
            quantity,
            state: match state {
                Kept::Allocated => "allocated",
                Kept::Fulfilled => "fulfilled",
                Kept::Released => "released",
            }
            .to_owned(),
            updated_at: at,
        })
    });
    insert(scope, &kept.collect::<Vec<_>>()).await?;
    Ok(())
}

/// A movement may name an earlier one, none is changed once it is written, and
/// their ids are in the order of time. So the first is written alone, and the
/// ids of the others follow its own.
async fn movements(
    scope: &mut Scope,
    shelves: &Shelves,
    place: impl Fn(usize) -> (i64, i64),
    lines: &[(i64, i64)],
) -> DbResult<Vec<i64>> {
    let row = |(n, movement): (usize, &super::shelf::Movement), first: i64| {
        let line = movement.line.map(|line| lines[line]);
        let reverses = movement.reverses.map(|other| first + other as i64);
        let (cause_kind, cause_id) = match (movement.kind, reverses) {
            (MovementKind::AddBack, _) => ("reship", movement.reship.map_or(0, |line| lines[line].0)),
            (_, Some(other)) => ("movement", other),
            (MovementKind::Shipment, _) => ("shipment_line", line.map_or(0, |line| line.1)),
            // below zero: no word of a person has such a key
            _ => ("word", -1 - n as i64),
        };
        MovementRow {
            product_id: place(movement.shelf).0,
            warehouse_id: place(movement.shelf).1,
            quantity: movement.quantity,
            kind: movement.kind.to_string(),
            cause_kind: cause_kind.to_owned(),
            cause_id,
            line_id: line.map_or(0, |line| line.1),
            shipment_id: line.map(|line| line.0),
            balance_after: movement.balance,
            backordered: movement.backordered,
            reverses,
            reason: movement.reason.to_owned(),
            actor_name: movement.actor.clone(),
            created_at: movement.at,
        }
    };
    let mut all = shelves.movements.iter().enumerate();
    let Some(first) = all.next() else { return Ok(Vec::new()) };
    let mut made = insert_for_ids(scope, &[row(first, 0)]).await?;
    let first = made.first().copied().unwrap_or_default();
    let rows: Vec<MovementRow> = all.map(|movement| row(movement, first)).collect();
    made.extend(insert_for_ids(scope, &rows).await?);
    // ids with a gap: somebody else moves stock while the world is made
    let whole = made.iter().zip(first..).all(|(id, expected)| *id == expected);
    if whole { Ok(made) } else { Err(diesel::result::Error::RollbackTransaction.into()) }
}
