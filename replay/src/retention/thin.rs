//! Which snapshots a follower takes away by itself: those that lie close to each other, so that a
//! start has a short way to go, and are of no use to anybody once two newer ones are in order. One
//! for each million commands stays until it is pruned, as does what was taken by hand elsewhere.

use std::path::Path;

use journal::{Reader, Storage};

use crate::recovery::candidates;
use crate::snapshot::{Found, SnapshotError};

/// The first snapshot in each so many commands stays.
pub const STAYS_COMMANDS: u64 = 1_000_000;

/// Removes what is `thinned`. `proven` is the older of two snapshots that are known to be whole.
pub(crate) fn thin(
    storage: &Storage,
    directory: &Path,
    each: u64,
    proven: u64,
) -> Result<(), SnapshotError> {
    // Whoever follows the journal says by itself that it cannot be read.
    let Ok(reader) = Reader::open(directory) else { return Ok(()) };
    let found = candidates(directory, &reader).found;
    // Of a pruned journal the oldest is where all that is left begins.
    let is_pruned = reader.first_sequence() > 1;
    let found = &found[usize::from(is_pruned).min(found.len())..];
    for Found { path, sequence } in thinned(found, each, proven) {
        storage.remove(path).or_else(super::is_gone)?;
        tracing::info!(sequence, path = %path.display(), "a snapshot between two is removed");
    }
    Ok(())
}

/// Of all snapshots, oldest first: those below `proven` that were written at the end of an interval
/// of `each` commands and are not the first of theirs.
fn thinned(found: &[Found], each: u64, proven: u64) -> impl Iterator<Item = &Found> {
    let mut million = 0;
    found.iter().filter(move |&&Found { sequence, .. }| {
        let is_first = sequence / STAYS_COMMANDS > million;
        million = sequence / STAYS_COMMANDS;
        !is_first && sequence < proven && sequence.is_multiple_of(each)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_million_stays_and_two_proven_ones_and_what_was_taken_by_hand() {
        let cases: [(u64, u64, &[u64], &[u64]); 6] = [
            (250, 500, &[250, 500, 750], &[250]),
            (250, 250, &[250, 500], &[]),
            (250, 1_250, &[500, 750, 1_000, 1_250, 1_500], &[500, 750]),
            (
                250,
                2_000,
                &[1_000, 1_250, 1_500, 1_600, 1_750, 2_000, 2_250],
                &[1_250, 1_500, 1_750],
            ),
            // What is due at the million was not written, or has another interval.
            (250, 2_500, &[750, 1_250, 1_500, 2_500, 2_750], &[750, 1_500]),
            (300, 1_800, &[900, 1_200, 1_500, 1_800, 2_100], &[900, 1_500]),
        ];
        for (each, proven, there, gone) in cases {
            let found = |&sequence: &u64| Found { sequence: sequence * 1_000, path: "x".into() };
            let there: Vec<_> = there.iter().map(found).collect();
            let thinned = thinned(&there, each * 1_000, proven * 1_000);
            let sequences: Vec<_> = thinned.map(|found| found.sequence / 1_000).collect();
            assert_eq!(sequences, gone, "each {each}, proven {proven}");
        }
    }
}
