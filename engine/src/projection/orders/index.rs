//! Chains of two hash tables over places of the shelf: the heads and the hashes are here, the
//! links in the entries. What has the same hash is told apart by whoever asks.

use std::hash::{BuildHasher, RandomState};

use orison_core::snapshot::{Input, Output, Stored, Unreadable};
use orison_core::{AccountId, ClientOrderId, OrderId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::shelf::{NONE, Place};

pub(super) const HEADS_MIN: usize = 1 << 12;
/// Tables grow rarely and by much: each time every entry is chained anew.
pub(super) const HEADS_GROWTH: usize = 8;
/// Eight times as many as there can be places.
const HEADS_MAX: usize = 1 << 35;

pub(super) struct Heads {
    heads: Vec<Place>,
}

impl Heads {
    /// `heads` is a power of two.
    pub(super) fn new(heads: usize) -> Self {
        assert!(heads.is_power_of_two(), "a hash is cut to its low bits");
        Self { heads: vec![NONE; heads] }
    }

    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn of(&self, hash: u64) -> Place {
        self.heads[hash as usize & (self.heads.len() - 1)]
    }

    pub(super) fn of_mut(&mut self, hash: u64) -> &mut Place {
        let mask = self.heads.len() - 1;
        &mut self.heads[hash as usize & mask]
    }
}

/// Sequences are dense, so neighbours in time are neighbours in the table.
pub(super) fn id_hash(id: OrderId) -> u64 {
    id.sequence.0.wrapping_add(u64::from(id.leg).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Names are the clients' choice: a seed that nobody knows keeps chains short.
pub(super) struct NameHash {
    seed: u64,
}

impl NameHash {
    pub(super) fn new() -> Self {
        Self { seed: RandomState::new().hash_one(()) }
    }

    pub(super) fn hash(&self, account: AccountId, name: &ClientOrderId) -> u64 {
        let seed = self.seed ^ u64::from(account.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        xxh3_64_with_seed(name.bytes(), seed)
    }
}

orison_core::stored! {
    NameHash { seed }
}

/// How many heads, how many of them lead anywhere, and where those lead: most lead nowhere.
impl Stored for Heads {
    fn store(&self, to: &mut Output<'_>) {
        let used = || (0usize..).zip(&self.heads).filter(|(_, place)| **place != NONE);
        self.heads.len().store(to);
        used().count().store(to);
        used().for_each(|(head, &place)| (head, place).store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let unreadable = Unreadable::Value { of: "hash table" };
        let (heads, used) = <(usize, usize)>::load(from)?;
        if !heads.is_power_of_two() || heads > HEADS_MAX {
            return Err(unreadable);
        }
        let mut table = Self::new(heads);
        for _ in 0..used {
            let (head, place) = <(usize, Place)>::load(from)?;
            *table.heads.get_mut(head).ok_or(unreadable)? = place;
        }
        Ok(table)
    }
}
