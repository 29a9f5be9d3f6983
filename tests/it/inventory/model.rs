//! What stock, costs and budgets should be, from the laws: lists and sums.

use super::SKUS;

/// Cost and how many of it lie there.
type Layer = (i64, i32);

#[derive(Debug, Clone, Default)]
pub struct Product {
    pub kept: bool,
    pub layers: Vec<Layer>,
    pub movements: usize,
}

#[derive(Debug, Clone, Default)]
pub struct Line {
    pub product: usize,
    /// Line of the order.
    pub of: usize,
    pub n: i32,
    pub shipment: usize,
    /// Layer and how many, in the order they were taken.
    eaten: Vec<(usize, i32)>,
    /// What the void put back, to be taken again.
    returned: Vec<(usize, i32)>,
    given: i32,
    pub owed: i32,
    pub added_back: i32,
    pub reserved: i32,
    moved: bool,
}

#[derive(Debug, Clone)]
pub struct Shipment {
    pub order: usize,
    /// Its fulfillment order.
    pub part: usize,
    pub voided: bool,
    pub left: bool,
}

/// Product and how many, for each line.
#[derive(Debug, Clone)]
pub struct Order {
    pub items: Vec<(usize, i32)>,
    pub held: bool,
}

/// A fulfillment order: line of the order, budget, used.
#[derive(Debug, Clone)]
pub struct Part {
    pub order: usize,
    pub lines: Vec<(usize, i32, i32)>,
}

/// An adjustment: product, units, what it ate, whether it was reversed.
type Adjustment = (usize, i32, Vec<(usize, i32)>, bool);

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub products: [Product; 3],
    pub lines: Vec<Line>,
    pub shipments: Vec<Shipment>,
    pub orders: Vec<Order>,
    pub parts: Vec<Part>,
    pub adjustments: Vec<Adjustment>,
}

impl Model {
    fn held(&self, p: usize) -> i32 {
        self.products[p].layers.iter().map(|layer| layer.1).sum()
    }

    fn sum(&self, p: usize, of: fn(&Line) -> i32) -> i32 {
        self.lines.iter().filter(|l| l.product == p).map(of).sum()
    }

    fn free(&self, p: usize) -> i32 {
        (self.held(p) - self.sum(p, |l| l.reserved)).max(0)
    }

    fn eat(&mut self, p: usize, n: i32) -> Vec<(usize, i32)> {
        let mut left = n;
        let mut eaten = Vec::new();
        for (at, layer) in self.products[p].layers.iter_mut().enumerate() {
            let n = left.min(layer.1);
            if n > 0 {
                layer.1 -= n;
                left -= n;
                eaten.push((at, n));
            }
        }
        assert_eq!(left, 0, "the model ate what was not there");
        eaten
    }

    /// Free units go to who was promised some, the oldest first.
    fn cover(&mut self, p: usize) {
        for at in 0..self.lines.len() {
            let n = self.lines[at].owed.min(self.free(p));
            if self.lines[at].product == p && n > 0 {
                let eaten = self.eat(p, n);
                self.lines[at].eaten.extend(eaten);
                self.lines[at].owed -= n;
            }
        }
    }

    pub fn come_in(&mut self, p: usize, n: i32, cost: i64) {
        self.products[p].kept = true;
        self.products[p].layers.push((cost, n));
        self.products[p].movements += 1;
        self.cover(p);
    }

    pub fn adjust(&mut self, p: usize, n: i32, cost: i64) -> bool {
        if n < 0 && self.held(p) < -n {
            return false;
        }
        let eaten = if n > 0 {
            self.come_in(p, n, cost);
            Vec::new()
        } else {
            self.products[p].movements += 1;
            self.eat(p, -n)
        };
        self.adjustments.push((p, n, eaten, false));
        true
    }

    pub fn reverse(&mut self, at: usize) -> bool {
        let (p, n, eaten, reversed) = self.adjustments[at].clone();
        if reversed || (n > 0 && self.held(p) < n) {
            return false;
        }
        self.adjustments[at].3 = true;
        self.products[p].movements += 1;
        if n > 0 {
            self.eat(p, n);
        } else {
            eaten.iter().for_each(|(layer, n)| self.products[p].layers[*layer].1 += n);
            self.cover(p);
        }
        true
    }

    fn take(&mut self, at: usize, n: i32, again: bool) {
        let (p, shipment) = (self.lines[at].product, self.lines[at].shipment);
        let (part, of) = (self.shipments[shipment].part, self.lines[at].of);
        let returned = std::mem::take(&mut self.lines[at].returned);
        let mut left = n;
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|other| *other != at);
        for other in order {
            if self.shipments[self.lines[other].shipment].part == part && self.lines[other].of == of {
                let ended = self.lines[other].reserved.min(left);
                self.lines[other].reserved -= ended;
                left -= ended;
            }
        }
        // what a void put back is its own again while it lies there
        let lies = |(layer, n): &(usize, i32)| self.products[p].layers[*layer].1.min(*n);
        let back: i32 = if again { returned.iter().map(lies).sum() } else { 0 };
        let there = n.min(self.free(p).max(back));
        self.lines[at].owed += n - there;
        let mut same = 0;
        for (layer, n) in returned.into_iter().filter(|_| again) {
            let n = n.min(self.products[p].layers[layer].1).min(there - same);
            if n > 0 {
                self.products[p].layers[layer].1 -= n;
                self.lines[at].eaten.push((layer, n));
                same += n;
            }
        }
        let rest = self.eat(p, there - same);
        self.lines[at].eaten.extend(rest);
        self.lines[at].moved = true;
        self.products[p].movements += 1;
        self.cover(p);
    }

    /// The last eaten goes back first; what goes back.
    fn put_back(&mut self, at: usize, n: i32) -> Vec<(usize, i32)> {
        let (mut left, mut back): (i32, Vec<(usize, i32)>) = (n, Vec::new());
        let p = self.lines[at].product;
        while left > 0 {
            let (layer, eaten) = self.lines[at].eaten.pop().expect("the model put back what was not eaten");
            let n = eaten.min(left);
            if n < eaten {
                self.lines[at].eaten.push((layer, eaten - n));
            }
            self.products[p].layers[layer].1 += n;
            match back.first_mut() {
                Some(first) if first.0 == layer => first.1 += n,
                _ => back.insert(0, (layer, n)),
            }
            left -= n;
        }
        back
    }

    fn of(&self, shipment: usize) -> Vec<usize> {
        let mut own: Vec<usize> =
            (0..self.lines.len()).filter(|l| self.lines[*l].shipment == shipment).collect();
        own.sort_by_key(|l| self.lines[*l].product);
        own
    }

    fn use_up(&mut self, shipment: usize, sign: i32) {
        let part = self.shipments[shipment].part;
        for at in self.of(shipment) {
            let (of, n) = (self.lines[at].of, self.lines[at].n);
            self.parts[part].lines.iter_mut().filter(|line| line.0 == of).for_each(|line| line.2 += sign * n);
        }
    }

    fn ship(&mut self, order: usize, part: usize, items: &[(usize, i32)]) -> Vec<usize> {
        let shipment = self.shipments.len();
        self.shipments.push(Shipment { order, part, voided: false, left: false });
        for (of, n) in items {
            let product = self.orders[order].items[*of].0;
            self.lines.push(Line { product, of: *of, n: *n, shipment, ..Line::default() });
        }
        self.use_up(shipment, 1);
        self.of(shipment)
    }

    fn take_all(&mut self, lines: Vec<usize>) {
        for at in lines {
            if self.products[self.lines[at].product].kept {
                self.take(at, self.lines[at].n, false);
            }
        }
    }

    pub fn order(&mut self, items: &[(usize, i32)]) {
        self.orders.push(Order { items: items.to_vec(), held: false });
        let order = self.orders.len() - 1;
        let units: Vec<(usize, i32)> = items.iter().enumerate().map(|(of, (_, n))| (of, *n)).collect();
        let lines = units.iter().map(|(of, n)| (*of, *n, 0)).collect();
        self.parts.push(Part { order, lines });
        let lines = self.ship(order, self.parts.len() - 1, &units);
        self.take_all(lines);
    }

    pub fn reship(&mut self, order: usize, items: &[(usize, i32)], back: bool) -> bool {
        let stands = |m: &Model, s: usize| m.shipments[s].order == order && !m.shipments[s].voided;
        if !(0..self.shipments.len()).any(|s| stands(self, s)) {
            return false;
        }
        let mut returns = Vec::new();
        let mut sorted = items.to_vec();
        sorted.sort_by_key(|(of, _)| self.orders[order].items[*of].0);
        for (of, n) in sorted.iter().filter(|_| back) {
            let mut left = *n;
            for (at, line) in self.lines.iter().enumerate() {
                let n = left.min(line.n - line.added_back);
                if line.of == *of
                    && stands(self, line.shipment)
                    && !self.shipments[line.shipment].left
                    && n > 0
                {
                    returns.push((at, n));
                    left -= n;
                }
            }
            if left > 0 {
                return false;
            }
        }
        let lines = items.iter().map(|(of, n)| (*of, *n, 0)).collect();
        self.parts.push(Part { order, lines });
        let new = self.ship(order, self.parts.len() - 1, items);
        for (at, n) in returns.into_iter().filter(|(at, _)| self.lines[*at].moved).collect::<Vec<_>>() {
            let owed = n.min(self.lines[at].owed);
            self.lines[at].owed -= owed;
            self.lines[at].added_back += n;
            self.products[self.lines[at].product].movements += 1;
            self.put_back(at, n - owed);
        }
        self.take_all(new);
        true
    }

    pub fn void(&mut self, shipment: usize) -> bool {
        if self.shipments[shipment].voided {
            return false;
        }
        self.shipments[shipment].voided = true;
        for at in self.of(shipment) {
            let line = &self.lines[at];
            let taken = line.owed + line.eaten.iter().map(|(_, n)| n).sum::<i32>();
            if taken > 0 {
                let back = self.put_back(at, taken - self.lines[at].owed);
                let line = &mut self.lines[at];
                (line.owed, line.reserved, line.given, line.returned) = (0, taken, taken, back);
                self.products[line.product].movements += 1;
            }
        }
        self.use_up(shipment, -1);
        true
    }

    pub fn restore(&mut self, shipment: usize) -> bool {
        let part = &self.parts[self.shipments[shipment].part];
        let fits = |at: &usize| {
            let line = &self.lines[*at];
            part.lines.iter().any(|(of, most, used)| *of == line.of && used + line.n <= *most)
        };
        if !self.shipments[shipment].voided || !self.of(shipment).iter().all(fits) {
            return false;
        }
        self.shipments[shipment].voided = false;
        self.use_up(shipment, 1);
        for at in self.of(shipment) {
            let given = std::mem::take(&mut self.lines[at].given);
            if given > 0 {
                self.take(at, given, true);
            }
        }
        true
    }

    pub fn new_shipment(&mut self, order: usize) -> bool {
        let mut made = false;
        for part in (0..self.parts.len()).filter(|p| self.parts[*p].order == order).collect::<Vec<_>>() {
            let left: Vec<(usize, i32)> =
                self.parts[part].lines.iter().filter(|l| l.2 < l.1).map(|l| (l.0, l.1 - l.2)).collect();
            if !left.is_empty() {
                let lines = self.ship(order, part, &left);
                self.take_all(lines);
                made = true;
            }
        }
        made
    }

    pub fn leave(&mut self, shipment: usize) -> bool {
        let own = &self.shipments[shipment];
        if own.voided || own.left || self.orders[own.order].held {
            return false;
        }
        self.shipments[shipment].left = true;
        for at in self.of(shipment) {
            let n = self.lines[at].added_back;
            if n > 0 {
                self.take(at, n, false);
                self.lines[at].added_back = 0;
            }
        }
        true
    }

    /// Everything that is compared, with its name.
    pub fn picture(&self) -> Vec<(String, String)> {
        let mut picture = Vec::new();
        for (p, sku) in SKUS.iter().enumerate().filter(|(p, _)| self.products[*p].kept) {
            let (held, owed, reserved) = (self.held(p), self.sum(p, |l| l.owed), self.sum(p, |l| l.reserved));
            picture.push((format!("on hand of {sku}"), (held - owed).to_string()));
            picture.push((format!("backordered of {sku}"), owed.to_string()));
            picture.push((format!("allocated of {sku}"), reserved.to_string()));
            let layers: Vec<String> =
                self.products[p].layers.iter().map(|(cost, n)| format!("{n} at {cost}")).collect();
            picture.push((format!("layers of {sku}"), layers.join(", ")));
            picture.push((format!("movements of {sku}"), self.products[p].movements.to_string()));
        }
        for line in &self.lines {
            let name = format!("SHP-{:06}, {}", line.shipment + 1, SKUS[line.product]);
            let cost: i64 = line
                .eaten
                .iter()
                .map(|(at, n)| self.products[line.product].layers[*at].0 * i64::from(*n))
                .sum();
            let unit = (2 * cost + i64::from(line.n)) / (2 * i64::from(line.n));
            let taken = line.owed + line.eaten.iter().map(|(_, n)| n).sum::<i32>();
            picture.push((
                name,
                format!(
                    "{} sent, {taken} taken at {unit}, {} owed, {} added back, {} reserved",
                    line.n, line.owed, line.added_back, line.reserved
                ),
            ));
        }
        for (at, part) in self.parts.iter().enumerate() {
            let lines: Vec<String> =
                part.lines.iter().map(|(_, most, used)| format!("{used} of {most}")).collect();
            picture.push((format!("budget {}", at + 1), lines.join(", ")));
        }
        picture
    }
}
