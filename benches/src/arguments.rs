//! The words that every benchmark understands; each adds its own.

use clap::Args;

/// Runs of each row when nobody says how many.
const RUNS: usize = 5;
/// Of each row in the short form.
const RUNS_QUICK: usize = 2;

#[derive(Args, Clone, Debug)]
pub struct Common {
    /// A short form that shows that it works; its figures say little
    #[arg(long)]
    pub quick: bool,
    /// Runs of each row, interleaved
    #[arg(long, value_parser = at_least_one)]
    runs: Option<usize>,
    /// Cargo itself adds this
    #[arg(long, hide = true)]
    bench: bool,
}

impl Common {
    pub fn runs(&self) -> usize {
        self.runs.unwrap_or(self.pick(RUNS_QUICK, RUNS))
    }

    /// `quick` in the short form, otherwise `whole`.
    pub fn pick<T>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|runs| *runs > 0).ok_or_else(|| "a number from 1".to_owned())
}

/// Whether a row is wanted: it has all words in its name, or there are none.
pub fn is_wanted(words: &[String], row: &str) -> bool {
    words.iter().all(|word| row.contains(&word.to_lowercase()))
}
