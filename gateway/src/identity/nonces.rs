//! What was used already, as long as it could be used again: bounded for each key, so that one
//! client's flood is its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::refusal::Refusal;

/// Nonces of one key that are remembered; one more is refused until the oldest is forgotten.
pub const NONCES_MAX: usize = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Nonces(HashMap<Arc<str>, OfKey>);

#[derive(Debug, Default)]
struct OfKey {
    used: HashSet<[u8; 32]>,
    /// In the order of their ends.
    ends: VecDeque<(u64, [u8; 32])>,
}

impl Nonces {
    /// Takes a nonce for `keep_ms`, or says that it was taken.
    pub(super) fn take(
        &mut self,
        key: &Arc<str>,
        nonce: [u8; 32],
        now_ms: u64,
        keep_ms: u64,
    ) -> Result<(), Refusal> {
        let of_key = self.0.entry(Arc::clone(key)).or_default();
        of_key.forget(now_ms);
        if of_key.used.contains(&nonce) {
            return Err(Refusal::Replayed);
        }
        if of_key.used.len() >= NONCES_MAX {
            return Err(Refusal::Flood);
        }
        // A clock that was put back must not let a later end stand before an earlier one.
        let end = of_key.ends.back().map_or(0, |(end, _)| *end).max(now_ms.saturating_add(keep_ms));
        of_key.used.insert(nonce);
        of_key.ends.push_back((end, nonce));
        Ok(())
    }

    /// Forgets what could not be used again anyway.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.0.retain(|_, of_key| {
            of_key.forget(now_ms);
            !of_key.used.is_empty()
        });
    }
}

impl OfKey {
    fn forget(&mut self, now_ms: u64) {
        while let Some((end, nonce)) = self.ends.front().copied()
            && end < now_ms
        {
            self.ends.pop_front();
            self.used.remove(&nonce);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_taken_once_within_its_time_and_a_flood_is_the_keys_own() {
        let (ann, bob): (Arc<str>, Arc<str>) = (Arc::from("ann"), Arc::from("bob"));
        let mut nonces = Nonces::default();
        for (key, nonce, now_ms, taken) in [
            (&ann, 1, 1_000, Ok(())),
            (&ann, 1, 1_000, Err(Refusal::Replayed)),
            (&bob, 1, 1_000, Ok(())),
            (&ann, 1, 1_010, Err(Refusal::Replayed)),
            (&ann, 1, 1_011, Ok(())),
            (&ann, 2, 900, Ok(())),
            (&ann, 2, 1_021, Err(Refusal::Replayed)),
            (&ann, 2, 1_022, Ok(())),
        ] {
            assert_eq!(nonces.take(key, [nonce; 32], now_ms, 10), taken, "{nonce} at {now_ms}");
        }
        let numbered = |n: usize| {
            let mut nonce = [7; 32];
            nonce[..8].copy_from_slice(&n.to_le_bytes());
            nonce
        };
        for n in 0..NONCES_MAX - 1 {
            nonces.take(&ann, numbered(n), 1_022, 10).unwrap();
        }
        assert_eq!(nonces.take(&ann, [9; 32], 1_022, 10), Err(Refusal::Flood));
        assert_eq!(nonces.take(&bob, [9; 32], 1_022, 10), Ok(()));
        assert_eq!(nonces.take(&ann, [9; 32], 1_033, 10), Ok(()));
        assert_eq!(nonces.take(&bob, [8; 32], 1_034, 10), Ok(()));
        nonces.forget(1_044);
        assert_eq!(nonces.0.len(), 1, "bob's ends with 1,044");
        assert_eq!(nonces.take(&bob, [8; 32], 1_044, 10), Err(Refusal::Replayed));
        nonces.forget(1_045);
        assert_eq!(nonces.0.len(), 0);
    }
}
