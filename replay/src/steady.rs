//! A question beside a prune. What goes away under it is no fault of the journal: it is asked
//! again, and answered from what is left, or told that what it is about is gone.

use std::path::Path;

use journal::Reader;

/// Asks as often as the beginning of the journal has moved meanwhile: once, unless there is a
/// prune, and then only after each that took something.
pub fn steadily<T, E>(directory: &Path, mut ask: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let mut before = first_sequence(directory);
    loop {
        let asked = ask();
        let after = first_sequence(directory);
        if asked.is_ok() || before == after {
            return asked;
        }
        before = after;
    }
}

/// None: it cannot be read, for a reason that the question will meet itself.
fn first_sequence(directory: &Path) -> Option<u64> {
    Reader::open(directory).ok().map(|reader| reader.first_sequence())
}
