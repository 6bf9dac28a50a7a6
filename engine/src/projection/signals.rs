//! Where the middle of each book goes in the next ten seconds, guessed by an online model from the
//! flow that made the book. A sample is taken at the first whole second after a change of the
//! book or a trade, of the state after every command stamped before it; time is engine time alone.
//! What a guess was worth is known ten seconds later: first it is scored, then the model learns
//! from it. One entry an instrument; all is bounded, and a command costs the same whatever came.

mod features;
mod model;
mod score;

use std::collections::VecDeque;

use orison_core::event::Trade;
use orison_core::{InstrumentId, Side, Stamp};

use super::dense::Dense;
use super::depth::BookView;
pub use features::Features;
use features::{FEATURES, Flow, Quotes};
use model::Model;
use score::Record;
pub use score::Score;

/// Samples lie on this grid.
pub const SAMPLE_NS: u64 = 1_000_000_000;
/// How far a guess looks ahead.
pub const HORIZON_NS: u64 = 10 * SAMPLE_NS;
/// Changes with any rule of features, learning or scoring.
pub const MODEL_VERSION: &str = "flow-logit-1";
/// The word is `Buy` from this probability of a rise on, and `Sell` up to the rest of it,
pub const CONVICTION: f64 = 0.55;
/// but `Hold` before so many labels, and while the rolling log-loss is not below both that of
/// the base rate, which is worse than a coin's where the market turns, and a coin's.
pub const LABELS_MIN: u64 = 200;
/// One a second, each gone when its horizon is over.
const PENDING_MAX: usize = (HORIZON_NS / SAMPLE_NS) as usize + 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignalWord {
    Buy,
    Sell,
    Hold,
}

impl SignalWord {
    pub fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::Hold => "HOLD",
        }
    }
}

/// The latest guess of an instrument, and what the guesses before were worth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signal {
    pub instrument: InstrumentId,
    /// A whole second.
    pub sampled_ns: u64,
    pub word: SignalWord,
    /// That the middle will be higher after the horizon, if it will have moved at all.
    pub probability: f64,
    pub features: Features,
    pub horizon_ns: u64,
    pub model_version: &'static str,
    /// Labels that the model has learned from.
    pub learned: u64,
    /// Guesses after which the middle stood where it was, or was none: neither scored nor learned.
    pub unlabelled: u64,
    /// Of the last 1,000 guesses that were scored. None: none was.
    pub out_of_sample: Option<Score>,
    /// Of all of them.
    pub since_begin: Option<Score>,
}

pub struct Signals {
    lines: Dense<InstrumentId, Line>,
}

#[derive(Default)]
struct Line {
    /// The best of the book. None: a side is empty, or they cross as in a call phase.
    quotes: Option<Quotes>,
    flow: Flow,
    /// The next sample. None: nothing happened since the last.
    due_ns: Option<u64>,
    model: Model,
    /// Oldest first.
    pending: VecDeque<Pending>,
    unlabelled: u64,
    record: Record,
    latest: Option<Latest>,
}

/// A guess whose end is not known yet.
struct Pending {
    label_ns: u64,
    /// Twice the middle.
    middle: i128,
    inputs: [f64; FEATURES],
    probability: f64,
    /// What the base rate said at that moment.
    baseline: f64,
}

#[derive(Clone, Copy)]
struct Latest {
    sampled_ns: u64,
    features: Features,
    probability: f64,
}

impl Signals {
    pub(super) fn new() -> Self {
        Self { lines: Dense::new() }
    }

    pub(super) fn on_trade(&mut self, stamp: Stamp, trade: &Trade) {
        let line = self.lines.entry(trade.instrument, Line::default);
        line.come_to(stamp.time_ns);
        line.flow.traded(trade.taker_side, trade.quantity);
        line.is_touched(stamp.time_ns);
    }

    /// The command has left the book like this.
    pub(super) fn on_book(&mut self, stamp: Stamp, instrument: InstrumentId, book: &BookView) {
        let line = self.lines.entry(instrument, Line::default);
        line.come_to(stamp.time_ns);
        let quotes = Quotes::of(book.best(Side::Buy), book.best(Side::Sell));
        if let Some((before, after)) = line.quotes.zip(quotes) {
            line.flow.moved(before, after);
        }
        line.quotes = quotes;
        line.is_touched(stamp.time_ns);
    }

    /// None: nothing was sampled yet.
    pub fn of(&self, instrument: InstrumentId) -> Option<Signal> {
        let line = self.lines.get(instrument)?;
        let latest = line.latest?;
        let out_of_sample = line.record.rolling();
        Some(Signal {
            instrument,
            sampled_ns: latest.sampled_ns,
            word: word(latest.probability, line.model.learned(), out_of_sample),
            probability: latest.probability,
            features: latest.features,
            horizon_ns: HORIZON_NS,
            model_version: MODEL_VERSION,
            learned: line.model.learned(),
            unlabelled: line.unlabelled,
            out_of_sample,
            since_begin: line.record.whole(),
        })
    }
}

impl Line {
    /// What stands has stood until now: a sample that was due is taken, labels that are due are
    /// known. What is known at a moment is learned before a guess of the same moment.
    fn come_to(&mut self, now_ns: u64) {
        if let Some(due_ns) = self.due_ns.take_if(|due_ns| *due_ns <= now_ns) {
            self.settle(due_ns);
            self.sample(due_ns);
        }
        self.settle(now_ns);
    }

    fn is_touched(&mut self, now_ns: u64) {
        let next_ns = (now_ns / SAMPLE_NS + 1).saturating_mul(SAMPLE_NS);
        self.due_ns.get_or_insert(next_ns);
    }

    fn settle(&mut self, until_ns: u64) {
        while let Some(guess) = self.pending.pop_front_if(|guess| guess.label_ns <= until_ns) {
            let middle = self.quotes.map(Quotes::middle);
            match middle.filter(|&middle| middle != guess.middle) {
                Some(middle) => {
                    let rose = middle > guess.middle;
                    let label = if rose { 1.0 } else { 0.0 };
                    self.record.add(label, guess.probability, guess.baseline);
                    self.model.learn(&guess.inputs, label);
                }
                None => self.unlabelled += 1,
            }
        }
    }

    fn sample(&mut self, sampled_ns: u64) {
        let Some(quotes) = self.quotes else {
            self.flow.restart();
            return;
        };
        let features = self.flow.sample(quotes);
        let inputs = self.model.standardise(features.numbers());
        let probability = self.model.probability(&inputs);
        self.latest = Some(Latest { sampled_ns, features, probability });
        assert!(self.pending.len() < PENDING_MAX, "a guess a second goes after its horizon");
        self.pending.push_back(Pending {
            label_ns: sampled_ns.saturating_add(HORIZON_NS),
            middle: quotes.middle(),
            inputs,
            probability,
            baseline: self.model.base_rate(),
        });
    }
}

fn word(probability: f64, learned: u64, score: Option<Score>) -> SignalWord {
    let coin = core::f64::consts::LN_2;
    let is_proven = score.is_some_and(|score| score.log_loss < score.baseline.min(coin));
    if learned < LABELS_MIN || !is_proven {
        SignalWord::Hold
    } else if probability >= CONVICTION {
        SignalWord::Buy
    } else if probability <= 1.0 - CONVICTION {
        SignalWord::Sell
    } else {
        SignalWord::Hold
    }
}

orison_core::stored! {
    Pending { label_ns, middle, inputs, probability, baseline }
    Latest { sampled_ns, features, probability }
    Line { quotes, flow, due_ns, model, pending, unlabelled, record, latest }
    Signals { lines }
}

#[cfg(test)]
mod tests;
