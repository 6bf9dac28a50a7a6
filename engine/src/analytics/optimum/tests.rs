//! Claims about weights: small programs whose solution is known, and what has none.

use super::*;
use crate::projection::Interval::M1;
use crate::projection::tests::feed::{Feed, X};

fn near(seen: &[f64], expected: &[f64]) -> bool {
    let close = |(seen, expected): (&f64, &f64)| (seen - expected).abs() < 1e-8;
    seen.len() == expected.len() && seen.iter().zip(expected).all(close)
}

#[test]
fn weights_are_those_of_the_program_by_hand() {
    let least = Objective::MinimumVariance;
    let balanced = |aversion| Objective::MeanVariance { aversion };
    let (uncorrelated, mild) = ([[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.5], [0.5, 1.0]]);
    // Unbounded, the second would get (1 - 1.6) / (1 + 4 - 3.2) < 0.
    let bound = [[1.0, 1.6], [1.6, 4.0]];
    for (covariance, means, objective, expected) in [
        (uncorrelated, [0.0, 0.0], least, [0.75, 0.25]),
        (mild, [9.0, 1.0], least, [0.5, 0.5]),
        (bound, [0.0, 9.0], least, [1.0, 0.0]),
        // The first's lead: (0.2 + 2 x 0.5) / (2 x 1).
        (mild, [0.2, 0.0], balanced(2.0), [0.6, 0.4]),
        (mild, [9.0, 0.0], balanced(2.0), [1.0, 0.0]),
        (uncorrelated, [0.0, 4.0], balanced(1.0), [0.0, 1.0]),
    ] {
        // Of minutes, where variances are tiny.
        let scaled: Vec<Vec<f64>> =
            covariance.iter().map(|row| row.iter().map(|value| value * 1e-8).collect()).collect();
        let means: Vec<f64> = means.iter().map(|mean| mean * 1e-8).collect();
        let weights = program::solve(&scaled, &means, objective).unwrap();
        assert!(near(&weights, &expected), "{covariance:?} {objective:?}: {weights:?}");
    }
}

#[test]
fn the_answer_carries_what_it_was_made_of() {
    let series = [vec![0.02, -0.02, 0.02, -0.02], vec![0.03, 0.03, -0.01, -0.01]];
    let second = InstrumentId(2);
    let optimum =
        Optimum::of_returns(&[X, second], &series, M1, Objective::MinimumVariance).unwrap();
    let weights: Vec<f64> = optimum.weights.iter().map(|weight| weight.weight).collect();
    assert!(near(&weights, &[0.5, 0.5]), "they are equally wild and not correlated");
    assert_eq!((optimum.returns, optimum.weights[1].instrument), (4, second));
    // The mean of 0 and 0.01; a quarter of both variances of 0.0016 / 3.
    assert!((optimum.mean - 0.005).abs() < 1e-12);
    assert!((optimum.variance - 0.0016 / 3.0 / 2.0).abs() < 1e-12);
}

#[test]
fn what_determines_no_weights_is_an_error() {
    let rising = vec![0.01, -0.02, 0.03, 0.01];
    let twice: Vec<f64> = rising.iter().map(|value| value * 2.0).collect();
    for series in [[rising.clone(), twice], [rising, vec![0.0; 4]]] {
        let ids = [X, InstrumentId(2)];
        let result = Optimum::of_returns(&ids, &series, M1, Objective::MinimumVariance);
        assert_eq!(result, Err(OptimumError::Degenerate), "{series:?}");
    }
    let mut feed = Feed::new();
    feed.trade(100, 1);
    let least = Objective::MinimumVariance;
    let unknown = InstrumentId(7);
    for (ids, objective, error) in [
        (&[][..], least, OptimumError::Count(0)),
        (&[unknown], least, OptimumError::Unknown(unknown)),
        (&[X, X], least, OptimumError::Twice(X)),
        (&[X], Objective::MeanVariance { aversion: 0.0 }, OptimumError::Aversion),
        (&[X], Objective::MeanVariance { aversion: f64::NAN }, OptimumError::Aversion),
        (&[X], Objective::MeanVariance { aversion: 9.9e-7 }, OptimumError::Aversion),
        (&[X], Objective::MeanVariance { aversion: 1e308 }, OptimumError::Aversion),
        (&[X], least, OptimumError::TooFew { have: 0, needed: 30 }),
    ] {
        assert_eq!(Optimum::of(&feed.views, ids, M1, objective), Err(error), "{ids:?}");
    }
}
