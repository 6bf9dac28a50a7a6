//! Floats out of whole numbers, and sums in one fixed order. Whatever is not finite is absent.

use orison_core::instrument::Step;

/// `mantissa x 10^-scale`: the nearest float as long as both parts are below 2^53 and 10^22.
pub(super) fn real(mantissa: i128, scale: u8) -> f64 {
    mantissa as f64 / 10i128.pow(u32::from(scale)) as f64
}

/// So many steps.
pub(super) fn steps(step: Step, count: i128) -> f64 {
    match count.checked_mul(i128::from(step.mantissa)) {
        Some(mantissa) => real(mantissa, step.scale),
        None => count as f64 * real(i128::from(step.mantissa), step.scale),
    }
}

pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// None: `whole` is not above zero.
pub(super) fn share(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// From the first to the last. None: there are none.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    finite(numbers.iter().fold(0.0, |sum, number| sum + number) / numbers.len() as f64)
}

/// Sum of squared distances from the mean. None: there are none.
pub(super) fn squares(numbers: &[f64]) -> Option<f64> {
    let mean = mean(numbers)?;
    finite(numbers.iter().fold(0.0, |sum, number| sum + (number - mean) * (number - mean)))
}

/// Sample standard deviation, divided by n - 1. None: there are fewer than two.
pub(super) fn deviation(numbers: &[f64]) -> Option<f64> {
    if numbers.len() < 2 {
        return None;
    }
    Some((squares(numbers)? / (numbers.len() - 1) as f64).sqrt())
}
