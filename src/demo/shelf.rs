//! A shelf of one product in one warehouse, as the ledger keeps it: first in
//! first out, what is owed, what is reserved. It works in memory, so that
//! thousands of rows are written at once and still balance.

use crate::{clock::Instant, inventory::MovementKind};

/// A movement; every other number is a place in the lists of [`Shelves`].
#[derive(Debug)]
pub(super) struct Movement {
    pub shelf: usize,
    pub quantity: i32,
    pub kind: MovementKind,
    pub line: Option<usize>,
    /// The parcel line whose parcel is the cause of an add-back.
    pub reship: Option<usize>,
    pub reverses: Option<usize>,
    pub balance: i32,
    pub backordered: i32,
    pub reason: &'static str,
    pub actor: String,
    pub at: Instant,
}

#[derive(Debug)]
pub(super) struct Layer {
    pub shelf: usize,
    pub movement: usize,
    pub received: i32,
    pub remaining: i32,
    pub cost: i64,
    pub at: Instant,
}

#[derive(Debug)]
pub(super) struct Consumption {
    pub layer: usize,
    pub line: Option<usize>,
    pub movement: usize,
    pub quantity: i32,
    pub reversed: Option<(Instant, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Allocated,
    Fulfilled,
    Released,
}

/// A parcel's line whose product's stock is kept.
#[derive(Debug)]
pub(super) struct Line {
    pub shelf: usize,
    pub quantity: i32,
    pub taken: i32,
    pub backordered: i32,
    pub added_back: i32,
    pub allocation: Option<(i32, Kept, Instant)>,
    took: usize,
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub on_hand: i32,
    pub allocated: i32,
    pub backordered: i32,
}

impl Shelf {
    pub fn held(&self) -> i32 {
        self.on_hand + self.backordered
    }

    fn free(&self) -> i32 {
        (self.held() - self.allocated).max(0)
    }
}

/// All of a merchant's.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub shelves: Vec<Shelf>,
    pub lines: Vec<Line>,
    pub movements: Vec<Movement>,
    pub layers: Vec<Layer>,
    pub consumptions: Vec<Consumption>,
}

impl Shelves {
    pub fn line(&mut self, shelf: usize, quantity: i32) -> usize {
        let (taken, backordered, added_back, took) = (0, 0, 0, 0);
        self.lines.push(Line { shelf, quantity, taken, backordered, added_back, allocation: None, took });
        self.lines.len() - 1
    }

    fn post(&mut self, shelf: usize, quantity: i32, kind: MovementKind, at: Instant, actor: &str) -> usize {
        self.shelves[shelf].on_hand += quantity;
        self.movements.push(Movement {
            shelf,
            quantity,
            kind,
            line: None,
            reship: None,
            reverses: None,
            balance: self.shelves[shelf].on_hand,
            backordered: 0,
            reason: "",
            actor: actor.to_owned(),
            at,
        });
        self.movements.len() - 1
    }

    /// Units come in or are found.
    pub fn come_in(
        &mut self,
        shelf: usize,
        n: i32,
        cost: i64,
        kind: MovementKind,
        at: Instant,
        actor: &str,
    ) -> usize {
        let movement = self.post(shelf, n, kind, at, actor);
        self.layers.push(Layer { shelf, movement, received: n, remaining: n, cost, at });
        self.cover(shelf);
        movement
    }

    /// Units are gone; as many as lie there at most.
    pub fn lose(&mut self, shelf: usize, n: i32, at: Instant, actor: &str) -> Option<usize> {
        let n = n.min(self.shelves[shelf].free());
        if n <= 0 {
            return None;
        }
        let movement = self.post(shelf, -n, MovementKind::Adjustment, at, actor);
        self.consume(shelf, None, movement, n);
        Some(movement)
    }

    /// What was gone is there after all.
    pub fn find_again(&mut self, lost: usize, at: Instant, actor: &str) -> usize {
        let (shelf, n) = (self.movements[lost].shelf, -self.movements[lost].quantity);
        let movement = self.post(shelf, n, MovementKind::AdjustmentReversal, at, actor);
        self.movements[movement].reverses = Some(lost);
        self.put_back(|c| c.movement == lost && c.line.is_none(), movement, at);
        self.cover(shelf);
        movement
    }

    /// A parcel's line takes its units: first those reserved in `reserved`.
    pub fn take(&mut self, line: usize, reserved: &[usize], at: Instant, actor: &str) {
        let Line { shelf, quantity, .. } = self.lines[line];
        self.unreserve(reserved, quantity, at);
        let there = quantity.min(self.shelves[shelf].free());
        let owed = quantity - there;
        self.shelves[shelf].backordered += owed;
        let movement = self.post(shelf, -quantity, MovementKind::Shipment, at, actor);
        self.movements[movement].line = Some(line);
        self.movements[movement].backordered = owed;
        self.consume(shelf, Some(line), movement, there);
        let own = &mut self.lines[line];
        (own.taken, own.backordered, own.took) = (quantity, owed, movement);
        own.allocation = Some((quantity, Kept::Fulfilled, at));
        self.cover(shelf);
    }

    /// A void gives back what a line took and reserves it.
    pub fn give_back(&mut self, line: usize, at: Instant, actor: &str) {
        let Line { shelf, taken, backordered, took, .. } = self.lines[line];
        self.shelves[shelf].backordered -= backordered;
        self.shelves[shelf].allocated += taken;
        let movement = self.post(shelf, taken, MovementKind::Reversal, at, actor);
        self.movements[movement].line = Some(line);
        self.movements[movement].reverses = Some(took);
        self.movements[movement].backordered = backordered;
        self.put_back(|c| c.line == Some(line), movement, at);
        let own = &mut self.lines[line];
        (own.taken, own.backordered) = (0, 0);
        own.allocation = Some((taken, Kept::Allocated, at));
    }

    /// A whole line goes back to stock for the parcel of another line.
    pub fn add_back(&mut self, line: usize, reship: usize, at: Instant, actor: &str) {
        let Line { shelf, taken, backordered, quantity, .. } = self.lines[line];
        self.shelves[shelf].backordered -= backordered;
        let movement = self.post(shelf, taken, MovementKind::AddBack, at, actor);
        self.movements[movement].line = Some(line);
        self.movements[movement].reship = Some(reship);
        self.movements[movement].backordered = backordered;
        self.put_back(|c| c.line == Some(line), movement, at);
        let own = &mut self.lines[line];
        (own.added_back, own.taken, own.backordered) = (taken, 0, 0);
        own.allocation = Some((quantity, Kept::Released, at));
    }

    /// Ends reservations, up to so many units.
    pub fn unreserve(&mut self, lines: &[usize], most: i32, at: Instant) {
        let mut left = most;
        for line in lines {
            let own = &mut self.lines[*line];
            let Some((n, Kept::Allocated, _)) = own.allocation else { continue };
            let ended = n.min(left);
            left -= ended;
            self.shelves[own.shelf].allocated -= ended;
            own.allocation = match n - ended {
                0 => Some((n, Kept::Released, at)),
                rest => Some((rest, Kept::Allocated, at)),
            };
        }
    }

    /// What a line's units cost, per unit.
    pub fn unit_cost(&self, costs: &[i64], line: usize) -> i64 {
        let quantity = i64::from(self.lines[line].quantity);
        (2 * costs[line] + quantity) / (2 * quantity)
    }

    /// What the lines' units cost, by line.
    pub fn costs(&self) -> Vec<i64> {
        let mut costs = vec![0; self.lines.len()];
        for eaten in self.consumptions.iter().filter(|c| c.reversed.is_none()) {
            if let Some(line) = eaten.line {
                costs[line] += i64::from(eaten.quantity) * self.layers[eaten.layer].cost;
            }
        }
        costs
    }

    fn consume(&mut self, shelf: usize, line: Option<usize>, movement: usize, n: i32) {
        let mut left = n;
        for (layer, own) in self.layers.iter_mut().enumerate() {
            let quantity = left.min(own.remaining);
            if own.shelf == shelf && quantity > 0 {
                own.remaining -= quantity;
                left -= quantity;
                self.consumptions.push(Consumption { layer, line, movement, quantity, reversed: None });
            }
        }
    }

    fn put_back(&mut self, of: impl Fn(&Consumption) -> bool, movement: usize, at: Instant) {
        for eaten in self.consumptions.iter_mut().filter(|c| c.reversed.is_none() && of(c)) {
            eaten.reversed = Some((at, movement));
            self.layers[eaten.layer].remaining += eaten.quantity;
        }
    }

    /// Free units go to the lines that are owed some, the first first.
    fn cover(&mut self, shelf: usize) {
        if self.shelves[shelf].backordered == 0 {
            return;
        }
        for line in 0..self.lines.len() {
            let Line { shelf: own, backordered, took, .. } = self.lines[line];
            let n = backordered.min(self.shelves[shelf].free());
            if own == shelf && n > 0 {
                self.consume(shelf, Some(line), took, n);
                self.lines[line].backordered -= n;
                self.shelves[shelf].backordered -= n;
            }
        }
    }
}
