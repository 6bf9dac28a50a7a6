//! The event digest: BLAKE3 of one long text, taken at any moment without ending it. What is kept
//! is plain data: the chaining values of whole subtrees, and the piece that is not yet full. The
//! result is what any BLAKE3 program says of the same bytes.

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::{Event, Sequence};

/// Hashed at once, so that the widest vectors are in use; a power of two of BLAKE3's chunks.
pub(super) const PIECE_BYTES: usize = 1 << 16;
/// Sequence and index before each event.
const HEAD_BYTES: usize = 12;
const EVENT_BYTES_MAX: usize = HEAD_BYTES + Event::CANONICAL_MAX;

#[derive(Clone)]
pub(super) struct EventStream {
    /// The last piece, never empty once there was an event: the root of the tree is merged only
    /// when the end is known.
    buffer: Box<[u8; PIECE_BYTES + EVENT_BYTES_MAX]>,
    length: usize,
    /// Whole pieces before the buffer.
    pieces: u64,
    /// Their subtrees, the largest first: one for each bit of `pieces`.
    subtrees: Vec<ChainingValue>,
}

impl Default for EventStream {
    fn default() -> Self {
        Self {
            buffer: Box::new([0; PIECE_BYTES + EVENT_BYTES_MAX]),
            length: 0,
            pieces: 0,
            subtrees: Vec::new(),
        }
    }
}

impl EventStream {
    pub(super) fn push(&mut self, sequence: Sequence, index: u32, event: &Event) {
        let (head, rest) = self.buffer[self.length..].split_at_mut(HEAD_BYTES);
        head[..8].copy_from_slice(&sequence.0.to_le_bytes());
        head[8..].copy_from_slice(&index.to_le_bytes());
        let body = rest.first_chunk_mut().expect("a full buffer is hashed at once");
        self.length += HEAD_BYTES + event.canonical(body);
        if self.length > PIECE_BYTES {
            self.hash_piece();
        }
    }

    /// More than a piece is there.
    fn hash_piece(&mut self) {
        let mut subtree = self.subtree(&self.buffer[..PIECE_BYTES]);
        self.buffer.copy_within(PIECE_BYTES..self.length, 0);
        self.length -= PIECE_BYTES;
        // Two subtrees of a size become one of twice the size, as carries go in binary counting.
        for _ in 0..self.pieces.trailing_ones() {
            let left = self.subtrees.pop().expect("a subtree for each bit of the count");
            subtree = merge_subtrees_non_root(&left, &subtree, Mode::Hash);
        }
        self.subtrees.push(subtree);
        self.pieces += 1;
    }

    fn subtree(&self, piece: &[u8]) -> ChainingValue {
        let offset = self.pieces * PIECE_BYTES as u64;
        Hasher::new().set_input_offset(offset).update(piece).finalize_non_root()
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        let last = &self.buffer[..self.length];
        let Some((first, others)) = self.subtrees.split_first() else {
            return *blake3::hash(last).as_bytes();
        };
        let right = others.iter().rev().fold(self.subtree(last), |right, left| {
            merge_subtrees_non_root(left, &right, Mode::Hash)
        });
        *merge_subtrees_root(first, &right, Mode::Hash).as_bytes()
    }
}

impl Stored for EventStream {
    fn store(&self, to: &mut Output<'_>) {
        let Self { buffer, length, pieces, subtrees } = self;
        length.store(to);
        to.bytes(&buffer[..*length]);
        pieces.store(to);
        subtrees.store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut stream = Self { length: Stored::load(from)?, ..Self::default() };
        let text = stream.buffer.get_mut(..stream.length);
        from.copy_to(text.ok_or(Unreadable::Value { of: "piece" })?)?;
        stream.pieces = Stored::load(from)?;
        stream.subtrees = Stored::load(from)?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orison_core::command::Prayer;
    use orison_core::event::Prayed;

    #[test]
    fn the_digest_is_blake3_of_the_whole_text_at_any_moment() {
        let mut stream = EventStream::default();
        let mut text = Vec::new();
        assert_eq!(stream.digest(), *blake3::hash(&text).as_bytes());
        for number in 0..60_000u64 {
            let event = match number % 3 {
                0 => Event::Done,
                _ => Event::Prayed(Prayed {
                    side: Prayer::Up,
                    count: 1,
                    up_total: number,
                    down_total: 0,
                }),
            };
            let index = (number % 5) as u32;
            stream.push(Sequence(number), index, &event);
            let mut body = [0; Event::CANONICAL_MAX];
            let length = event.canonical(&mut body);
            text.extend_from_slice(&number.to_le_bytes());
            text.extend_from_slice(&index.to_le_bytes());
            text.extend_from_slice(&body[..length]);
            if number % 1_009 == 0 {
                assert_eq!(stream.digest(), *blake3::hash(&text).as_bytes(), "{number}");
            }
        }
        assert!(stream.pieces > 16, "some subtrees were merged");
    }

    #[test]
    fn a_piece_that_ends_the_text_is_not_merged_too_early() {
        let mut stream = EventStream::default();
        let mut text = Vec::new();
        // Done is 13 bytes long: 65,536 times 13 bytes are 13 whole pieces.
        for number in 0..PIECE_BYTES as u64 {
            stream.push(Sequence(number), 0, &Event::Done);
            text.extend_from_slice(&number.to_le_bytes());
            text.extend_from_slice(&[0, 0, 0, 0, 14]);
            let near_edge = text.len() % PIECE_BYTES < 26 || text.len() % PIECE_BYTES > 65_510;
            if near_edge {
                assert_eq!(stream.digest(), *blake3::hash(&text).as_bytes(), "{number}");
            }
        }
        assert_eq!((stream.length, stream.pieces), (PIECE_BYTES, 12));
    }
}
