//! What guesses were worth that were made before their labels were known: of the last 1,000 and
//! of all, against the base rate that was known when each was made.

use std::collections::VecDeque;

const ROLLING_MAX: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Score {
    pub n: u64,
    /// Share of guesses on the side that came; one half is a rise.
    pub hit_rate: f64,
    /// Mean of -ln(probability of what came).
    pub log_loss: f64,
    /// The same of the base rate.
    pub baseline: f64,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    n: u64,
    hits: u64,
    loss: f64,
    baseline: f64,
}

#[derive(Default)]
pub(super) struct Record {
    /// Oldest first.
    last: VecDeque<Sum>,
    whole: Sum,
}

impl Record {
    pub(super) fn add(&mut self, label: f64, probability: f64, baseline: f64) {
        let is_hit = (probability >= 0.5) == (label > 0.5);
        let loss = |guess: f64| -libm::log(if label > 0.5 { guess } else { 1.0 - guess });
        let one = Sum {
            n: 1,
            hits: u64::from(is_hit),
            loss: loss(probability),
            baseline: loss(baseline),
        };
        if self.last.len() == ROLLING_MAX {
            self.last.pop_front();
        }
        self.last.push_back(one);
        self.whole = self.whole.plus(&one);
    }

    pub(super) fn rolling(&self) -> Option<Score> {
        self.last.iter().fold(Sum::default(), |sum, one| sum.plus(one)).score()
    }

    pub(super) fn whole(&self) -> Option<Score> {
        self.whole.score()
    }
}

impl Sum {
    fn plus(&self, other: &Self) -> Self {
        Self {
            n: self.n + other.n,
            hits: self.hits + other.hits,
            loss: self.loss + other.loss,
            baseline: self.baseline + other.baseline,
        }
    }

    fn score(&self) -> Option<Score> {
        let n = self.n as f64;
        (self.n > 0).then(|| Score {
            n: self.n,
            hit_rate: self.hits as f64 / n,
            log_loss: self.loss / n,
            baseline: self.baseline / n,
        })
    }
}

orison_core::stored! {
    Sum { n, hits, loss, baseline }
    Record { last, whole }
}
