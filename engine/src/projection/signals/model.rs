//! Logistic regression by stochastic gradient descent, one label at a time, on inputs brought to
//! mean 0 and deviation 1 by what was seen so far. All sums run in one order and logarithms and
//! exponentials are libm's, so the same samples give the same bits on every machine.

use super::features::FEATURES;

/// The step of the label number n (from 0) is 0.005 / sqrt(1 + n / 1,000): small, for the horizons
/// of ten guesses overlap, so that a move is learned ten times.
const STEP: f64 = 0.005;
const STEP_LABELS: f64 = 1_000.0;
/// Inputs beyond so many deviations are cut.
const INPUT_MAX: f64 = 5.0;
/// Probabilities are kept this far from 0 and 1.
const MARGIN: f64 = 1e-6;

#[derive(Default)]
pub(super) struct Model {
    intercept: f64,
    weights: [f64; FEATURES],
    /// Samples seen.
    seen: u64,
    /// Welford's: of every feature.
    means: [f64; FEATURES],
    squares: [f64; FEATURES],
    learned: u64,
    rises: u64,
}

impl Model {
    pub(super) fn learned(&self) -> u64 {
        self.learned
    }

    /// Each feature's distance from its mean in deviations, this sample included in both.
    pub(super) fn standardise(&mut self, numbers: [f64; FEATURES]) -> [f64; FEATURES] {
        self.seen += 1;
        let seen = self.seen as f64;
        let mut inputs = [0.0; FEATURES];
        for (index, number) in numbers.into_iter().enumerate() {
            let distance = number - self.means[index];
            self.means[index] += distance / seen;
            self.squares[index] += distance * (number - self.means[index]);
            let deviation = (self.squares[index] / (seen - 1.0).max(1.0)).sqrt();
            if deviation > 0.0 {
                let input = (number - self.means[index]) / deviation;
                inputs[index] = input.clamp(-INPUT_MAX, INPUT_MAX);
            }
        }
        inputs
    }

    pub(super) fn probability(&self, inputs: &[f64; FEATURES]) -> f64 {
        let sum = inputs.iter().zip(&self.weights);
        let sum = sum.fold(self.intercept, |sum, (input, weight)| sum + input * weight);
        (1.0 / (1.0 + libm::exp(-sum))).clamp(MARGIN, 1.0 - MARGIN)
    }

    /// Share of rises among the labels so far, as if there had been one of each before.
    pub(super) fn base_rate(&self) -> f64 {
        (self.rises as f64 + 1.0) / (self.learned as f64 + 2.0)
    }

    /// `label`: 1 = it rose, 0 = it fell. One step down the gradient of the log-loss.
    pub(super) fn learn(&mut self, inputs: &[f64; FEATURES], label: f64) {
        let step = STEP / (1.0 + self.learned as f64 / STEP_LABELS).sqrt();
        let error = label - self.probability(inputs);
        self.intercept += step * error;
        for (weight, input) in self.weights.iter_mut().zip(inputs) {
            *weight += step * error * input;
        }
        self.learned += 1;
        self.rises += u64::from(label > 0.5);
    }
}

orison_core::stored! {
    Model { intercept, weights, seen, means, squares, learned, rises }
}
