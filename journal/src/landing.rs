//! A place in the midst of a segment from which to read: a record well before the one that is asked
//! for, found by halving. Where a record begins is known by its checksum alone; that it is one and
//! no piece of another's payload, those behind it say: they follow without a gap.

use crate::error::ReadError;
use crate::header::SEGMENT_HEADER_BYTES;
use crate::record::{
    self, Kind, RECORD_ALIGN, RECORD_BYTES_MAX, RECORD_HEADER_BYTES, RecordView, Slot,
};
use crate::scan::Scan;

/// Halves are not made any smaller.
const STRETCH_BYTES: u64 = 4 * RECORD_BYTES_MAX as u64;
/// So many commands are read before the one that is asked for: no payload has room for as many
/// records, so that what comes behind them is counted by the segment's own.
const COMMANDS_BEFORE: u64 = (RECORD_BYTES_MAX / RECORD_HEADER_BYTES) as u64 + 1;

pub(crate) struct Landing {
    pub(crate) offset: u64,
    /// The last command before the record there.
    pub(crate) last: u64,
}

impl Scan {
    /// None: it is as good to read from the beginning of the segment.
    pub(crate) fn landing(&self, from: u64) -> Result<Option<Landing>, ReadError> {
        let mut window = vec![0; 2 * RECORD_BYTES_MAX];
        let (mut low, mut high) = (SEGMENT_HEADER_BYTES as u64, self.header().segment_bytes);
        let mut found = None;
        while high.saturating_sub(low) > STRETCH_BYTES {
            let middle = low.midpoint(high).next_multiple_of(RECORD_ALIGN as u64);
            let read = self.read_at(&mut window, middle)?;
            match self.first_in(&window[..read], middle) {
                Some(landing) if landing.last.saturating_add(COMMANDS_BEFORE) < from => {
                    found = Some(landing);
                    low = middle;
                }
                Some(_) | None => high = middle,
            }
        }
        Ok(found)
    }

    /// The first record that begins in the first half of `window`. None: nothing is written there.
    fn first_in(&self, window: &[u8], offset: u64) -> Option<Landing> {
        let epoch = self.header().epoch;
        let places = (0..window.len().min(RECORD_BYTES_MAX)).step_by(RECORD_ALIGN);
        let mut candidates = places.filter(|&at| record::may_begin(&window[at..], epoch));
        candidates.find_map(|at| match record::decode(&window[at..], epoch) {
            Slot::Record(view) => Some(Landing { offset: offset + at as u64, last: last(&view) }),
            Slot::Vacant | Slot::Short | Slot::Damaged(_) => None,
        })
    }
}

fn last(view: &RecordView<'_>) -> u64 {
    match view.kind {
        Kind::Command(_) => view.sequence.saturating_sub(1),
        Kind::Seal | Kind::Checkpoint | Kind::Close | Kind::Void => view.sequence,
    }
}
