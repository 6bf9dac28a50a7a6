//! The order generator of exchange-core's benchmarks: mostly moves of the oldest orders.

use super::Random;
use super::model::{Act, Met, Model};

const PRICE: i64 = 100_000;
const DEVIATION: i64 = 5_000;
const PRICE_MIN: i64 = PRICE - 5 * DEVIATION;
const PRICE_MAX: i64 = PRICE + 5 * DEVIATION;
/// Statistics are refreshed this often, and only so many of the oldest orders are touched.
const WINDOW: u32 = 512;

struct Ec {
    random: Random,
    model: Model,
    last: i64,
    oldest: Oldest,
    /// Resting bids and asks when they were last counted.
    counted: [i32; 2],
    is_filled: bool,
    half: i32,
}

pub(super) fn generate(random: Random, resting: u32, commands: u32) -> (Model, usize) {
    let mut ec = Ec {
        random,
        model: Model::new(),
        last: PRICE,
        oldest: Oldest::new(),
        counted: [0; 2],
        is_filled: false,
        half: resting as i32 / 2,
    };
    let interval = WINDOW.min(resting + 1);
    let (mut prefill, mut next) = (0, interval);
    for step in 0..resting + commands {
        if step < resting {
            ec.limit();
        } else {
            ec.step();
        }
        if step >= next {
            next += interval;
            ec.counted = ec.model.count;
        }
        if step + 1 == resting {
            prefill = ec.model.records.len();
        }
    }
    (ec.model, prefill)
}

impl Ec {
    fn step(&mut self) {
        let threshold = 512.min(self.half * 3 / 4);
        let is_bid = self.random.below(4) >= 2;
        let lack = self.half - self.counted[if is_bid { 0 } else { 1 }];
        let is_fast = !self.is_filled || lack > threshold;
        let grows = lack > 0;
        self.is_filled |= !grows;
        let choices = match (grows, is_fast) {
            (true, true) => 2,
            (true, false) => 10,
            (false, _) => 40,
        };
        let choice = self.random.below(choices);
        if choice < 2 || self.oldest.is_empty() {
            if grows {
                self.limit()
            } else {
                self.immediate()
            }
            return;
        }
        let among = self.oldest.len().min(WINDOW);
        let id = self.oldest.nth(self.random.below(among));
        match choice {
            2 => self.cancel(id),
            3 => self.reduce(id),
            _ => self.shift(id),
        }
    }

    fn limit(&mut self) {
        let is_bid = self.random.below(4) >= 2;
        let id = self.new_id();
        let unit = self.random.unit();
        let deviation = 1 + (unit * unit * DEVIATION as f64) as i64;
        let sum: i64 = (0..4).map(|_| i64::from(self.random.below(deviation as u32))).sum();
        let mut distance = sum / 4 * 2 - deviation;
        if (distance > 0) ^ !is_bid {
            distance = -distance;
        }
        let price = self.last + distance;
        let quantity = 1 + self.cube(6);
        self.oldest.push(id);
        let side = if is_bid { 0 } else { 1 };
        self.model.emit(Act::New, side, quantity, id, price);
        self.enter(id, side, price, quantity);
    }

    fn immediate(&mut self) {
        let is_bid = self.random.below(4) >= 2;
        let id = self.new_id();
        let sides = if self.random.below(32) == 0 { 8 } else { 6 };
        let quantity = 1 + self.cube(sides);
        let (side, price) = if is_bid { (0, PRICE_MAX) } else { (1, PRICE_MIN) };
        self.model.emit(Act::Ioc, side, quantity, id, price);
        if self.trade(side, price, quantity) > 0 {
            self.counted = self.model.count;
        }
    }

    fn cancel(&mut self, id: u32) {
        self.oldest.remove(id);
        let side = self.model.orders[id as usize].side;
        self.model.emit(Act::Cancel, side, 0, id, 0);
        self.model.remove(id);
    }

    fn reduce(&mut self, id: u32) {
        let order = self.model.orders[id as usize];
        let by = self.random.below(order.quantity) + 1;
        if by >= order.quantity {
            return self.cancel(id);
        }
        let left = order.quantity - by;
        self.model.emit(Act::Modify, order.side, left, id, order.price);
        self.model.remove(id);
        self.model.rest(id, order.side, order.price, left);
    }

    /// A hundredth of the way towards the last price.
    fn shift(&mut self, id: u32) {
        let order = self.model.orders[id as usize];
        let way = (self.last - order.price) as f64 * 0.01;
        let by = match order.price.cmp(&self.last) {
            std::cmp::Ordering::Greater => way.floor() as i64,
            std::cmp::Ordering::Less => way.ceil() as i64,
            std::cmp::Ordering::Equal => i64::from(self.random.below(2)) * 2 - 1,
        };
        let price = (order.price + by).min(PRICE_MAX);
        self.model.emit(Act::Modify, order.side, order.quantity, id, price);
        self.model.remove(id);
        self.enter(id, order.side, price, order.quantity);
    }

    fn enter(&mut self, id: u32, side: u8, price: i64, quantity: u32) {
        let left = self.trade(side, price, quantity);
        if left > 0 {
            self.model.rest(id, side, price, left);
        } else {
            self.oldest.remove(id);
        }
    }

    fn trade(&mut self, side: u8, price: i64, quantity: u32) -> u32 {
        let (oldest, last) = (&mut self.oldest, &mut self.last);
        self.model.trade(side, price, quantity, |Met { id, price, is_gone }| {
            if is_gone {
                oldest.remove(id);
            }
            *last = price.clamp(PRICE_MIN, PRICE_MAX);
        })
    }

    fn new_id(&mut self) -> u32 {
        self.oldest.links.push(Link::OUT);
        self.model.new_id()
    }

    fn cube(&mut self, sides: u32) -> u32 {
        self.random.below(sides) * self.random.below(sides) * self.random.below(sides)
    }
}

/// Ids in the order they came, with removal from the middle. Id 0 ends the list on both sides.
struct Oldest {
    links: Vec<Link>,
    count: u32,
}

#[derive(Clone, Copy)]
struct Link {
    next: u32,
    prev: u32,
    is_in: bool,
}

impl Link {
    const OUT: Self = Self { next: 0, prev: 0, is_in: false };
}

impl Oldest {
    fn new() -> Self {
        Self { links: vec![Link::OUT], count: 0 }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn len(&self) -> u32 {
        self.count
    }

    fn push(&mut self, id: u32) {
        let prev = self.links[0].prev;
        self.links[id as usize] = Link { next: 0, prev, is_in: true };
        self.links[prev as usize].next = id;
        self.links[0].prev = id;
        self.count += 1;
    }

    fn remove(&mut self, id: u32) {
        let Link { next, prev, is_in } = self.links[id as usize];
        if is_in {
            self.links[prev as usize].next = next;
            self.links[next as usize].prev = prev;
            self.links[id as usize].is_in = false;
            self.count -= 1;
        }
    }

    fn nth(&self, index: u32) -> u32 {
        (0..=index).fold(0, |at, _| self.links[at as usize].next)
    }
}
