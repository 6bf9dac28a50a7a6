//! The Merkle tree over the commands of a checkpoint interval: leaf, node, root, proof, check.
//! It must not know files, segments or when a checkpoint is due.
//! In: record bytes. Out: hashes; a proof shows one command to be in a checkpoint's root without
//! showing any other command.
//!
//! leaf = BLAKE3 keyed with `LEAF_KEY` over the record, zero-padded to a multiple of 64 bytes;
//! node = BLAKE3 keyed with `NODE_KEY` over left and right. A last node without a partner goes up
//! one level unchanged.

pub type Hash = [u8; 32];

pub(crate) const LEAF_BLOCK_BYTES: usize = 64;
pub(crate) const LEAF_KEY: Hash = *b"orison journal merkle leaf v1...";
pub(crate) const NODE_KEY: Hash = *b"orison journal merkle node v1...";

/// The step from a hash to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The sibling stands to the left.
    Left(Hash),
    /// The sibling stands to the right.
    Right(Hash),
}

/// The way from one leaf to the root, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub steps: Vec<Step>,
}

/// The leaf of one record, given as it lies on disk.
pub fn leaf(record: &[u8]) -> Hash {
    let mut padded = [0; 1024];
    let bytes = record.len().next_multiple_of(LEAF_BLOCK_BYTES);
    if let Some(padded) = padded.get_mut(..bytes) {
        padded[..record.len()].copy_from_slice(record);
        return *blake3::keyed_hash(&LEAF_KEY, padded).as_bytes();
    }
    let mut hasher = blake3::Hasher::new_keyed(&LEAF_KEY);
    hasher.update(record);
    hasher.update(&[0; LEAF_BLOCK_BYTES][..bytes - record.len()]);
    *hasher.finalize().as_bytes()
}

/// The parent of two neighbours.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut both = [0; 2 * LEAF_KEY.len()];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    *blake3::keyed_hash(&NODE_KEY, &both).as_bytes()
}

/// The root over `leaves`; `None` without any.
pub fn root(leaves: &[Hash]) -> Option<Hash> {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied()
}

/// The proof that `leaves[index]` is under their root; `None` if there is no such leaf.
pub fn prove(leaves: &[Hash], index: usize) -> Option<Proof> {
    if index >= leaves.len() {
        return None;
    }
    let mut steps = Vec::new();
    let mut level = leaves.to_vec();
    let mut at = index;
    while level.len() > 1 {
        match level.get(at ^ 1) {
            Some(&sibling) if at & 1 == 1 => steps.push(Step::Left(sibling)),
            Some(&sibling) => steps.push(Step::Right(sibling)),
            None => {}
        }
        level = parents(&level);
        at /= 2;
    }
    Some(Proof { steps })
}

/// Whether `proof` leads from the record to `root`.
pub fn check(record: &[u8], proof: &Proof, root: &Hash) -> bool {
    let top = proof.steps.iter().fold(leaf(record), |hash, step| match step {
        Step::Left(sibling) => node(sibling, &hash),
        Step::Right(sibling) => node(&hash, sibling),
    });
    top == *root
}

fn parents(level: &[Hash]) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node(left, right),
            [alone] => *alone,
            _ => unreachable!("chunks of two hold one or two"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_small_tree_has_a_proof_and_no_other_record_passes_it() {
        for count in 1..40_usize {
            let records: Vec<Vec<u8>> = (0..count).map(|i| vec![i as u8; 8 * (i + 5)]).collect();
            let leaves: Vec<Hash> = records.iter().map(|record| leaf(record)).collect();
            let root = root(&leaves).unwrap();
            for (index, record) in records.iter().enumerate() {
                let proof = prove(&leaves, index).unwrap();
                assert!(proof.steps.len() <= 6, "{count} leaves, {index}");
                assert!(check(record, &proof, &root), "{count} leaves, {index}");
                let other = &records[(index + 1) % count];
                assert_eq!(check(other, &proof, &root), count == 1);
            }
            assert_eq!(prove(&leaves, count), None);
        }
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn a_node_is_never_taken_for_a_leaf() {
        let (left, right) = (leaf(&[1; 64]), leaf(&[2; 64]));
        let inner = [left, right].concat();
        assert_ne!(leaf(&inner), node(&left, &right));
    }

    #[test]
    fn an_odd_last_node_goes_up_unchanged() {
        let leaves = [leaf(&[1; 40]), leaf(&[2; 40]), leaf(&[3; 40])];
        let expected = node(&node(&leaves[0], &leaves[1]), &leaves[2]);
        assert_eq!(root(&leaves), Some(expected));
    }
}
