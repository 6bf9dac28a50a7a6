//! SipHash-1-3 over whole words, and the hash chains built on it. Keyed by the journal's identity
//! so that nobody can choose names that collide; the order of a chain never decides anything.

use alloc::vec::Vec;

use crate::snapshot::{Input, Output, Stored, Unreadable};
use crate::text::Text;

/// More than the entries that two limits of 32 bits can allow together.
const CHAINS_MAX: usize = 1 << 33;

/// No entry: the end of a chain.
pub(crate) const END: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    low: u64,
    high: u64,
}

impl Key {
    /// For digests that must be the same in every journal.
    pub(crate) const FIXED: Self = Self { low: 0, high: 0 };

    pub(crate) fn of_identity(identity: [u8; 16]) -> Self {
        let bits = u128::from_le_bytes(identity);
        Self { low: bits as u64, high: (bits >> 64) as u64 }
    }

    /// The hash of the words' little-endian bytes.
    pub(crate) fn hash(self, words: impl IntoIterator<Item = u64>) -> u64 {
        let mut state = [
            self.low ^ 0x736f_6d65_7073_6575,
            self.high ^ 0x646f_7261_6e64_6f6d,
            self.low ^ 0x6c79_6765_6e65_7261,
            self.high ^ 0x7465_6462_7974_6573,
        ];
        let mut bytes = 0u64;
        for word in words {
            absorb(&mut state, word);
            bytes += 8;
        }
        absorb(&mut state, bytes << 56);
        state[2] ^= 0xff;
        for _ in 0..3 {
            round(&mut state);
        }
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }
}

#[inline]
fn absorb(state: &mut [u64; 4], word: u64) {
    state[3] ^= word;
    round(state);
    state[0] ^= word;
}

#[inline]
fn round([a, b, c, d]: &mut [u64; 4]) {
    *a = a.wrapping_add(*b);
    *b = b.rotate_left(13) ^ *a;
    *a = a.rotate_left(32);
    *c = c.wrapping_add(*d);
    *d = d.rotate_left(16) ^ *c;
    *a = a.wrapping_add(*d);
    *d = d.rotate_left(21) ^ *a;
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}

/// A text as words: its zero-padded bytes, then its length.
pub(crate) fn words<const N: usize>(text: &Text<N>) -> impl Iterator<Item = u64> + '_ {
    let bytes = text.bytes().chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    bytes.chain([text.len() as u64])
}

/// Heads of hash chains; the links are kept by whoever owns the entries. Its memory is zero pages
/// until touched.
#[derive(Debug)]
pub(crate) struct Chains {
    /// Entry + 1; 0: the chain is empty.
    heads: Vec<u32>,
}

impl Chains {
    /// For up to `entries_max` entries, one a chain on average; for none, nothing is allocated.
    pub(crate) fn new(entries_max: usize) -> Self {
        let chains = if entries_max == 0 { 0 } else { entries_max.next_power_of_two() };
        Self { heads: alloc::vec![0; chains] }
    }

    #[inline]
    fn chain(&self, hash: u64) -> usize {
        hash as usize & self.heads.len().wrapping_sub(1)
    }

    /// The first entry of the chain of a hash.
    #[inline]
    pub(crate) fn head(&self, hash: u64) -> u32 {
        self.heads.get(self.chain(hash)).map_or(END, |head| head.wrapping_sub(1))
    }

    #[inline]
    pub(crate) fn set_head(&mut self, hash: u64, entry: u32) {
        let chain = self.chain(hash);
        self.heads[chain] = entry.wrapping_add(1);
    }
}

crate::stored! {
    Key { low, high }
}

/// How many chains, how many of them have entries, and where those begin: most never get one,
/// and their memory stays untouched.
impl Stored for Chains {
    fn store(&self, to: &mut Output<'_>) {
        self.heads.len().store(to);
        let used = || (0..).zip(&self.heads).filter(|(_, head)| **head != 0);
        used().count().store(to);
        let mut next = 0usize;
        for (chain, head) in used() {
            (chain - next).store(to);
            head.store(to);
            next = chain;
        }
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut chains = Self { heads: Vec::new() };
        chains.restore(from)?;
        Ok(chains)
    }

    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        let unreadable = Unreadable::Value { of: "hash chain" };
        let (chains, used) = (usize::load(from)?, usize::load(from)?);
        if chains > CHAINS_MAX {
            return Err(unreadable);
        }
        // Zero pages until touched, like those of `new`.
        *self = Self { heads: alloc::vec![0; chains] };
        let mut chain = 0usize;
        for _ in 0..used {
            chain = chain.checked_add(usize::load(from)?).ok_or(unreadable)?;
            *self.heads.get_mut(chain).ok_or(unreadable)? = u32::load(from)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use core::hash::Hasher as _;

    #[test]
    fn the_hash_is_siphash_1_3() {
        for words in [&[][..], &[0], &[u64::MAX, 7], &[1, 2, 3, 4, 5]] {
            let mut reference = std::collections::hash_map::DefaultHasher::new();
            words.iter().for_each(|&word| reference.write_u64(word));
            assert_eq!(Key::FIXED.hash(words.iter().copied()), reference.finish(), "{words:?}");
        }
        assert_ne!(Key::of_identity([1; 16]).hash([1]), Key::FIXED.hash([1]));
    }
}
