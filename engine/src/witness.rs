//! What a checkpoint says of state and events, computed off the hot path from events alone: the
//! running event digest and a 128-bit set hash of all resting orders. Also the full state digest
//! of a core. Replay recomputes both; a difference is found, never explained away. Time, identity
//! and correlation tokens are in none of them: the same commands give the same digests anywhere.

mod resting;
mod stream;

use orison_core::{Event, Exchange, Side, Stamp};

use resting::RestingSet;
use stream::{EventStream, PIECE_BYTES};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digests {
    pub at: Stamp,
    /// Sum modulo 2^128 of XXH3-128 over each resting order's canonical bytes, little-endian.
    pub set: [u8; 16],
    /// BLAKE3 of all events so far, one after the other: sequence of the command (u64), index of
    /// the event within it from 0 (u32), both little-endian, and the event's canonical bytes.
    pub events: [u8; 32],
}

/// Follows events in order; `digests` speaks of everything up to the last ended command.
#[derive(Clone, Default)]
pub struct Witness {
    stream: EventStream,
    resting: RestingSet,
    /// Events of the running command so far.
    index: u32,
    at: Stamp,
}

impl Witness {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn on_event(&mut self, stamp: Stamp, event: &Event) {
        self.stream.push(stamp.sequence, self.index, event);
        self.resting.on_event(event);
        self.index += 1;
    }

    pub fn on_end(&mut self, stamp: Stamp) {
        self.index = 0;
        self.at = stamp;
    }

    /// Between commands. Costs the hash of at most 64 KiB.
    pub fn digests(&self) -> Digests {
        assert!(self.index == 0, "digests are taken between commands");
        Digests { at: self.at, set: self.resting.hash(), events: self.stream.digest() }
    }
}

/// BLAKE3 over the core's canonical sections.
pub fn state_digest(exchange: &Exchange) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    // An entry is some hundred bytes; the widest vectors want many times that at once.
    let mut piece = Vec::with_capacity(2 * PIECE_BYTES);
    exchange.canonical(&mut |bytes| {
        piece.extend_from_slice(bytes);
        if piece.len() >= PIECE_BYTES {
            hasher.update(&piece[..PIECE_BYTES]);
            piece.drain(..PIECE_BYTES);
        }
    });
    *hasher.update(&piece).finalize().as_bytes()
}

/// The set hash recomputed from the core's own books: must equal the witness's.
pub fn set_hash(exchange: &Exchange) -> [u8; 16] {
    let halves = exchange.instruments().iter().flat_map(|i| Side::BOTH.map(|side| (i.id, side)));
    let orders = halves.flat_map(|(instrument, side)| exchange.book(instrument, side));
    let sum = orders.fold(0, |sum: u128, order| sum.wrapping_add(resting::order_hash(&order)));
    sum.to_le_bytes()
}

orison_core::stored! {
    Digests { at, set, events }
    Witness { stream, resting, index, at }
}

#[cfg(test)]
mod tests;
