//! Seeds and lengths of random tests, from the environment, and the one line that repeats a
//! failure.

/// `ORISON_SEED`: this one case instead of the usual ones.
pub(crate) fn given() -> Option<u64> {
    number("ORISON_SEED")
}

pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}
/// Prints the line when the test fails before it has passed.
pub(crate) struct Reproduce {
    line: String,
}

impl Reproduce {
    pub(crate) fn new(line: String) -> Self {
        Self { line }
    }

    pub(crate) fn passed(mut self) {
        self.line.clear();
    }
}

impl Drop for Reproduce {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            eprintln!("again with: {}", self.line);
        }
    }
}
