//! Seeds and lengths of random tests, from the environment.

/// `ORISON_SEED`: this one case instead of the usual ones.
pub(crate) fn given() -> Option<u64> {
    number("ORISON_SEED")
}

pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}
