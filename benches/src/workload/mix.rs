//! New orders, cancels and a few takers around a mid that wanders.

use super::Random;
use super::model::{Act, Model};

/// Where the prices of a mix lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    Standard,
    /// The same, with prices a million steps apart.
    Far,
    /// One order per level, anywhere within a billion steps.
    Lone,
    /// All bids at one price, all asks at another.
    OneLevel,
    /// The mid goes up for ever, a step in four commands.
    Drift,
}

struct Mix {
    random: Random,
    pattern: Pattern,
    model: Model,
    mid: i64,
    /// Mean distance of a new order from the mid.
    distance: f64,
    live: Vec<u32>,
    /// Where an id stands in `live`.
    position: Vec<u32>,
}

pub(super) fn generate(
    random: Random,
    pattern: Pattern,
    resting: u32,
    commands: u32,
) -> (Model, usize) {
    let mut mix = Mix {
        random,
        pattern,
        model: Model::new(),
        mid: 100_000,
        distance: if resting <= 10_000 { 20.0 } else { 400.0 },
        live: Vec::new(),
        position: vec![0],
    };
    while mix.live.len() < resting as usize {
        mix.add();
    }
    let prefill = mix.model.records.len();
    for _ in 0..commands {
        mix.step(f64::from(resting));
    }
    (mix.model, prefill)
}

impl Mix {
    fn step(&mut self, resting: f64) {
        match self.pattern {
            Pattern::OneLevel => {}
            Pattern::Drift => self.mid += i64::from(self.random.below(4) == 0),
            Pattern::Standard | Pattern::Far | Pattern::Lone => {
                if self.random.below(64) == 0 {
                    self.mid += if self.random.below(2) == 1 { 1 } else { -1 };
                    self.mid = self.mid.clamp(98_000, 102_000);
                }
            }
        }
        let share = self.random.below(100);
        let (mut adds, mut cancels) = (share < 60, (60..95).contains(&share));
        if adds && self.live.len() as f64 > resting * 1.05 {
            (adds, cancels) = (false, true);
        }
        if cancels && (self.live.len() as f64) < resting * 0.95 {
            (adds, cancels) = (true, false);
        }
        if adds {
            self.add();
        } else if cancels {
            self.cancel();
        } else {
            self.take();
        }
    }

    fn add(&mut self) {
        let side = self.random.below(2) as u8;
        let distance = 1 + (-(1.0 - self.random.unit()).ln() * self.distance) as i64;
        let price = self.price(side, distance.min(5000));
        let quantity = 1 + self.random.below(100);
        let id = self.new_id();
        self.model.emit(Act::New, side, quantity, id, price);
        let left = self.trade(side, price, quantity);
        if left > 0 {
            self.model.rest(id, side, price, left);
            self.position[id as usize] = self.live.len() as u32;
            self.live.push(id);
        }
    }

    /// A price so far on the passive side of the mid.
    fn price(&mut self, side: u8, distance: i64) -> i64 {
        let away = if side == 0 { -1 } else { 1 };
        match self.pattern {
            Pattern::Standard | Pattern::Drift => self.mid + away * distance,
            Pattern::Far => (self.mid + away * distance) * 1_000_000,
            Pattern::Lone => {
                let distance = 1 + i64::from(self.random.below(1 << 29)) * distance.signum();
                (1 << 30) + self.mid + away * distance
            }
            Pattern::OneLevel => self.mid + away * distance.signum(),
        }
    }

    fn cancel(&mut self) {
        let id = self.live[self.random.below(self.live.len() as u32) as usize];
        let side = self.model.orders[id as usize].side;
        self.model.emit(Act::Cancel, side, 0, id, 0);
        self.model.remove(id);
        forget(&mut self.live, &mut self.position, id);
    }

    fn take(&mut self) {
        let side = self.random.below(2) as u8;
        let price = match self.pattern {
            Pattern::Lone => self.price(side, -1 << 29),
            Pattern::OneLevel => self.price(side, -1),
            Pattern::Standard | Pattern::Far | Pattern::Drift => self.price(side, -5),
        };
        let quantity = 1 + self.random.below(200);
        let id = self.new_id();
        self.model.emit(Act::Ioc, side, quantity, id, price);
        self.trade(side, price, quantity);
    }

    fn new_id(&mut self) -> u32 {
        self.position.push(0);
        self.model.new_id()
    }

    fn trade(&mut self, side: u8, price: i64, quantity: u32) -> u32 {
        let (live, position) = (&mut self.live, &mut self.position);
        self.model.trade(side, price, quantity, |maker| {
            if maker.is_gone {
                forget(live, position, maker.id);
            }
        })
    }
}

fn forget(live: &mut Vec<u32>, position: &mut [u32], id: u32) {
    let at = position[id as usize];
    let last = live.pop().expect("a live order is listed");
    if last != id {
        live[at as usize] = last;
        position[last as usize] = at;
    }
}
