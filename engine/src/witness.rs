//! What a checkpoint says of state and events, computed off the hot path from events alone: the
//! running event digest and a 128-bit set hash of all resting orders. Also the full state digest
//! of a core. Replay recomputes both; a difference is found, never explained away.

use orison_core::{Event, Stamp};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digests {
    pub at: Stamp,
    pub set: [u8; 16],
    pub events: [u8; 32],
}

/// Follows events in order; `digests` speaks of everything up to the last ended command.
#[derive(Default)]
pub struct Witness {}

impl Witness {
    pub fn new() -> Self {
        Self {}
    }

    pub fn on_event(&mut self, _stamp: Stamp, _event: &Event) {
        todo!()
    }

    pub fn on_end(&mut self, _stamp: Stamp) {
        todo!()
    }

    pub fn digests(&self) -> Digests {
        todo!()
    }
}

/// BLAKE3 over the core's canonical sections.
pub fn state_digest(_exchange: &orison_core::Exchange) -> [u8; 32] {
    todo!()
}

/// The set hash recomputed from the core's own books: must equal the witness's.
pub fn set_hash(_exchange: &orison_core::Exchange) -> [u8; 16] {
    todo!()
}
