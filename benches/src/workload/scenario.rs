//! A market for each of the five moods that the public harness tries engines in: one million new
//! orders around a mid that moves as the mood says, nearly all of the rest cancelled, a fifth
//! modified (more quantity, mostly a step away), a few ids that no longer rest.

use super::Random;
use super::model::{Act, Model};

const ORDERS: u32 = 1_000_000;
const START: f64 = 10_000.0;
/// The mid trembles by less than this, so that most orders wait for their cancel.
const NEAREST: i64 = 4;

/// How the mid moves, and how many orders stand how far around it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mood {
    pub name: &'static str,
    path: Path,
    /// Orders that rest at once, about.
    standing: usize,
    /// Furthest from the mid, in price steps.
    reach: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Path {
    Still,
    /// Geometric Brownian motion, so much of the price an order.
    Walk(f64),
    /// So far to both sides, and walking.
    Swing(f64),
    /// Down by half within a tenth of the day, and back within three.
    Crash,
}

pub const MOODS: [Mood; 5] = [
    Mood { name: "static", path: Path::Still, standing: 20_900, reach: 30.0 },
    Mood { name: "normal", path: Path::Walk(1e-5), standing: 2_700, reach: 250.0 },
    Mood { name: "swing-25", path: Path::Swing(0.25), standing: 1_300, reach: 1_500.0 },
    Mood { name: "swing-40", path: Path::Swing(0.40), standing: 700, reach: 1_500.0 },
    Mood { name: "flash-crash", path: Path::Crash, standing: 240, reach: 1_500.0 },
];

struct Market {
    random: Random,
    mood: Mood,
    model: Model,
    /// Orders that rest, the oldest first; some are gone.
    queue: std::collections::VecDeque<u32>,
    is_live: Vec<bool>,
    live: usize,
    walk: f64,
}

pub(super) fn generate(random: Random, mood: Mood) -> Model {
    let mut market = Market {
        random,
        mood,
        model: Model::new(),
        queue: Default::default(),
        is_live: vec![false],
        live: 0,
        walk: 1.0,
    };
    for number in 0..ORDERS {
        let mid = market.mid(f64::from(number) / f64::from(ORDERS));
        market.enter(mid);
        if market.random.below(5) == 0 {
            market.modify(mid);
        }
        if market.random.below(50) == 0 {
            let id = 1 + market.random.below(number + 1);
            if !market.is_live[id as usize] {
                market.model.emit(Act::Cancel, 0, 0, id, 0);
            }
        }
        while market.live > mood.standing {
            market.cancel();
        }
    }
    market.model
}

impl Market {
    fn mid(&mut self, day: f64) -> f64 {
        let mut step = |size: f64| {
            let noise: f64 = (0..4).map(|_| self.random.unit() - 0.5).sum();
            self.walk *= 1.0 + size * noise;
            self.walk
        };
        START
            * match self.mood.path {
                Path::Still => 1.0,
                Path::Walk(size) => step(size),
                Path::Swing(far) => {
                    step(1e-5) * (1.0 + far * (day * 2.0 * std::f64::consts::PI).sin())
                }
                Path::Crash if day < 0.3 => step(1e-5),
                Path::Crash if day < 0.4 => step(1e-5) * (1.0 - 5.0 * (day - 0.3)),
                Path::Crash => step(1e-5) * (0.5 + ((day - 0.4) / 0.6)),
            }
    }

    /// Most stand near the mid, some far: a power law.
    fn distance(&mut self) -> i64 {
        let reach = self.mood.reach;
        let unit = self.random.unit();
        // The inverse of a density that falls with the distance to the power of 1.5.
        let far = (1.0 - unit * (1.0 - 1.0 / reach.sqrt())).powi(-2);
        NEAREST + far.min(reach) as i64
    }

    fn enter(&mut self, mid: f64) {
        let side = self.random.below(2) as u8;
        let is_ioc = self.random.below(100) < 15;
        let away = if side == 0 { -1 } else { 1 };
        let price = mid as i64 + away * if is_ioc { 0 } else { self.distance() };
        let quantity = 1 + self.random.below(100);
        let id = self.model.new_id();
        self.is_live.push(false);
        self.model.emit(if is_ioc { Act::Ioc } else { Act::New }, side, quantity, id, price);
        let left = self.trade(side, price, quantity);
        if left > 0 && !is_ioc {
            self.rest(id, side, price, left);
            self.queue.push_back(id);
        }
    }

    fn rest(&mut self, id: u32, side: u8, price: i64, left: u32) {
        self.model.rest(id, side, price, left);
        self.is_live[id as usize] = true;
        self.live += 1;
    }

    fn modify(&mut self, mid: f64) {
        let Some(&id) = self.queue.get(self.random.below(self.queue.len().max(1) as u32) as usize)
        else {
            return;
        };
        if !self.is_live[id as usize] {
            return;
        }
        let order = self.model.orders[id as usize];
        let step = i64::from(self.random.below(10) != 0);
        let away = if order.price < mid as i64 { -step } else { step };
        let (price, quantity) = (order.price + away, order.quantity + 1 + self.random.below(50));
        self.remove(id);
        self.model.emit(Act::Modify, order.side, quantity, id, price);
        let left = self.trade(order.side, price, quantity);
        if left > 0 {
            self.rest(id, order.side, price, left);
        }
    }

    /// One of the older ones.
    fn cancel(&mut self) {
        loop {
            let among = (self.queue.len() / 4).max(1) as u32;
            let at = self.random.below(among) as usize;
            self.queue.swap(at, 0);
            let Some(id) = self.queue.pop_front() else { return };
            if self.is_live[id as usize] {
                let side = self.model.orders[id as usize].side;
                self.model.emit(Act::Cancel, side, 0, id, 0);
                return self.remove(id);
            }
        }
    }

    fn remove(&mut self, id: u32) {
        self.model.remove(id);
        self.is_live[id as usize] = false;
        self.live -= 1;
    }

    fn trade(&mut self, side: u8, price: i64, quantity: u32) -> u32 {
        let (is_live, live) = (&mut self.is_live, &mut self.live);
        self.model.trade(side, price, quantity, |maker| {
            if maker.is_gone {
                is_live[maker.id as usize] = false;
                *live -= 1;
            }
        })
    }
}
