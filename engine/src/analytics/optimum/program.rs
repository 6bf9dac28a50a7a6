//! The quadratic program: least aversion / 2 x w'Cw - w'm with w >= 0 and sum 1, by an interior
//! point method that runs on one thread and in one order.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::{Objective, OptimumError};

/// What a variable's variance must keep, of its own, when all before it are known.
const OWN_VARIANCE_MIN: f64 = 1e-9;
/// Of the gap between primal and dual, and of what constraints are missed by.
const TOLERANCE: f64 = 1e-10;

/// Whether the Cholesky factor exists, clear of rounding.
pub(super) fn is_definite(covariance: &[Vec<f64>]) -> bool {
    let mut factor: Vec<Vec<f64>> = Vec::new();
    for (index, row) in covariance.iter().enumerate() {
        let mut own: Vec<f64> = Vec::new();
        for column in 0..index {
            let known = super::dot(&own, &factor[column][..own.len()]);
            own.push((row[column] - known) / factor[column][column]);
        }
        let left = row[index] - super::dot(&own, &own);
        if !(left.is_finite() && row[index] > 0.0 && left > OWN_VARIANCE_MIN * row[index]) {
            return false;
        }
        own.push(left.sqrt());
        factor.push(own);
    }
    true
}

pub(super) fn solve(
    covariance: &[Vec<f64>],
    means: &[f64],
    objective: Objective,
) -> Result<Vec<f64>, OptimumError> {
    let count = means.len();
    let (aversion, means) = match objective {
        Objective::MinimumVariance => (1.0, vec![0.0; count]),
        Objective::MeanVariance { aversion } => (aversion, means.to_vec()),
    };
    // Returns of a minute have variances of 1e-8: the solver gets numbers around 1.
    let trace = (0..count).fold(0.0, |sum, index| sum + covariance[index][index]);
    let scale = aversion * trace / count as f64;
    let upper = |row: usize, column: usize| {
        if row <= column { aversion * covariance[row][column] / scale } else { 0.0 }
    };
    let square: Vec<Vec<f64>> =
        (0..count).map(|row| (0..count).map(|column| upper(row, column)).collect()).collect();
    let gains: Vec<f64> = means.iter().map(|mean| -mean / scale).collect();
    // The first row is the sum, each other one a weight.
    let bound = |row: usize, column: usize| match row {
        0 => 1.0,
        _ if row == column + 1 => -1.0,
        _ => 0.0,
    };
    let bounds: Vec<Vec<f64>> =
        (0..=count).map(|row| (0..count).map(|column| bound(row, column)).collect()).collect();
    let mut right = vec![0.0; count + 1];
    right[0] = 1.0;
    let cones = [SupportedConeT::ZeroConeT(1), SupportedConeT::NonnegativeConeT(count)];
    let settings = DefaultSettings {
        verbose: false,
        max_threads: 1,
        tol_gap_abs: TOLERANCE,
        tol_gap_rel: TOLERANCE,
        tol_feas: TOLERANCE,
        ..DefaultSettings::default()
    };
    let (square, bounds) = (sparse(&square), sparse(&bounds));
    let solver = DefaultSolver::new(&square, &gains, &bounds, &right, &cones, settings);
    let mut solver = solver.map_err(|_| OptimumError::Unsolved)?;
    solver.solve();
    match solver.solution.status {
        SolverStatus::Solved | SolverStatus::AlmostSolved => {}
        SolverStatus::Unsolved
        | SolverStatus::PrimalInfeasible
        | SolverStatus::DualInfeasible
        | SolverStatus::AlmostPrimalInfeasible
        | SolverStatus::AlmostDualInfeasible
        | SolverStatus::MaxIterations
        | SolverStatus::MaxTime
        | SolverStatus::NumericalError
        | SolverStatus::InsufficientProgress
        | SolverStatus::CallbackTerminated => return Err(OptimumError::Unsolved),
    }
    let weights: Vec<f64> = solver.solution.x.iter().map(|weight| weight.max(0.0)).collect();
    let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
    if !(sum.is_finite() && sum > 0.0) {
        return Err(OptimumError::Unsolved);
    }
    Ok(weights.iter().map(|weight| weight / sum).collect())
}

/// Column by column, without zeros.
fn sparse(rows: &[Vec<f64>]) -> CscMatrix<f64> {
    CscMatrix::from(rows)
}
