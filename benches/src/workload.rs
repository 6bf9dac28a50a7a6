//! The streams of commands that engines are compared on, made here so that a benchmark needs no
//! file. A seed gives the same stream for ever, byte for byte the one of the generator that the
//! published figures were measured with. It keeps a plain book of its own to know what is live;
//! it must not name any engine.

mod ec;
mod mix;
mod model;
mod scenario;

pub use mix::Pattern;
pub use model::{Act, Record};
pub use scenario::{MOODS, Mood};

/// A prefill that is not measured, and the commands that are.
pub struct Workload {
    pub name: &'static str,
    pub records: Vec<Record>,
    pub prefill: usize,
    /// Ids are dense and below this.
    pub ids: usize,
}

/// The four that targets are written for.
pub const STANDARD: [(&str, Kind, u32); 4] = [
    ("MIX-1K", Kind::Mix(Pattern::Standard), 1_000),
    ("MIX-1M", Kind::Mix(Pattern::Standard), 1_000_000),
    ("EC-1K", Kind::Ec, 1_000),
    ("EC-1M", Kind::Ec, 1_000_000),
];

/// Each of these is to stay within three times MIX-1K.
pub const DEGENERATE: [(&str, Kind, u32); 4] = [
    ("FAR-1K", Kind::Mix(Pattern::Far), 1_000),
    ("LONE-1K", Kind::Mix(Pattern::Lone), 1_000),
    ("LEVEL-1K", Kind::Mix(Pattern::OneLevel), 1_000),
    ("DRIFT-1K", Kind::Mix(Pattern::Drift), 1_000),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 60 % limit orders at an exponential distance from a drifting mid, 35 % cancels of a random
    /// live order, 5 % marketable IOC.
    Mix(Pattern),
    /// The generator of exchange-core: 12 % new, 72 % moves, 7 % cancels, 7 % reduces, 2 % IOC.
    Ec,
}

impl Workload {
    /// `resting` orders in the book, then `commands`.
    pub fn new(name: &'static str, kind: Kind, resting: u32, commands: u32, seed: u64) -> Self {
        let state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(u64::from(resting));
        let (model, prefill) = match kind {
            Kind::Mix(pattern) => mix::generate(Random { state }, pattern, resting, commands),
            Kind::Ec => ec::generate(Random { state }, resting, commands),
        };
        Self { name, prefill, ids: model.ids(), records: model.records }
    }

    /// A day of one mood, from an empty book.
    pub fn of_mood(mood: Mood, seed: u64) -> Self {
        let model = scenario::generate(Random { state: seed }, mood);
        Self { name: mood.name, prefill: 0, ids: model.ids(), records: model.records }
    }

    /// The stream as a file of fixed 40-byte records behind a 16-byte head.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"PEERWL01".to_vec();
        bytes.extend((self.prefill as u32).to_le_bytes());
        bytes.extend((self.records.len() as u32).to_le_bytes());
        for (record, sequence) in self.records.iter().zip(1u64..) {
            let (act, is_ioc) = match record.act {
                Act::New => (0, 0),
                Act::Ioc => (0, 1),
                Act::Cancel => (1, 0),
                Act::Modify => (2, 0),
            };
            bytes.extend([act, record.side, is_ioc, 0]);
            bytes.extend(record.quantity.to_le_bytes());
            bytes.extend(sequence.to_le_bytes());
            bytes.extend(u64::from(record.id).to_le_bytes());
            bytes.extend(record.price.to_le_bytes());
            bytes.extend([0; 8]);
        }
        bytes
    }
}

/// SplitMix64.
#[derive(Debug)]
struct Random {
    state: u64,
}

impl Random {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Uniform in `0..bound`.
    fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    /// Uniform in `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
}
