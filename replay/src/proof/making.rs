//! A proof is made: the interval of a command is read, and its leaves must lead to the root that is
//! recorded or certified.

use std::path::Path;

use journal::merkle::{self, Hash, Step};
use journal::{CHECKPOINT_COMMANDS, Checkpoint, Kind, Reader};

use super::{About, FORMAT_VERSION, Inclusion, ProofError, Sibling, hash};
use crate::certificate::{Claims, interval};
use crate::json::Hex;

/// Under the root of its checkpoint; or of the interval of a certificate, if there is one.
pub fn prove(
    directory: &Path,
    about: About,
    certified: Option<&Claims>,
    mut progress: impl FnMut(u64),
) -> Result<Inclusion, ProofError> {
    let reader = Reader::open(directory)?;
    let asked = about.sequence();
    let (from, end) = interval(asked);
    let to = certified.map_or(end, |claims| end.min(claims.sequence));
    if asked == 0 || asked > to {
        let last = certified.map_or(0, |claims| claims.sequence);
        return Err(ProofError::NotCertified { last, asked });
    }
    // The first interval that is left whole.
    let (oldest, _) = interval(reader.first_sequence().max(1) + CHECKPOINT_COMMANDS - 1);
    if oldest > from {
        return Err(ProofError::Pruned { from, to, oldest });
    }
    let mut records = reader.records_from(from)?;
    let mut found = Interval::default();
    while let Some(record) = records.next()? {
        match record.kind {
            Kind::Command(_) if record.sequence <= to => {
                found.leaves.push(merkle::leaf(record.bytes));
                progress(record.sequence);
                if record.sequence == asked {
                    found.record = Some((record.bytes.to_vec(), record.time_ns));
                }
            }
            Kind::Checkpoint if certified.is_none() => {
                let sequence = record.sequence;
                let checkpoint = Checkpoint::decode(record.payload)
                    .map_err(|source| ProofError::Checkpoint { sequence, source })?;
                if checkpoint.about == to {
                    found.recorded = Some(checkpoint.merkle_root);
                }
            }
            Kind::Command(_) | Kind::Checkpoint | Kind::Seal | Kind::Close | Kind::Void => {}
        }
        let is_certified = certified.is_some() && record.sequence >= to;
        if found.recorded.is_some() || is_certified {
            break;
        }
    }
    let last = records.last_sequence();
    if let Some(claims) = certified {
        let rung = claims.rungs.iter().find(|rung| rung.sequence == to);
        let root = rung.and_then(|rung| rung.merkle_root.as_deref()).and_then(hash);
        found.recorded =
            Some(root.ok_or(ProofError::NotCertified { last: claims.sequence, asked })?);
    }
    let identity = Hex(&reader.identity()).to_string();
    found.inclusion(identity, about, (from, to), last)
}

/// The commands of an interval.
#[derive(Default)]
struct Interval {
    leaves: Vec<Hash>,
    /// The one asked for, and its time.
    record: Option<(Vec<u8>, u64)>,
    recorded: Option<Hash>,
}

impl Interval {
    fn inclusion(
        self,
        identity: String,
        about: About,
        (from, to): (u64, u64),
        last: u64,
    ) -> Result<Inclusion, ProofError> {
        let asked = about.sequence();
        let Some((record, time_ns)) = self.record else {
            return Err(ProofError::NotReached { last, asked });
        };
        let Some(recorded) = self.recorded else {
            return Err(ProofError::NoRoot { last, asked });
        };
        if self.leaves.len() as u64 != to - from + 1 {
            return Err(ProofError::NotReached { last, asked: to });
        }
        let root = merkle::root(&self.leaves).expect("the interval has a command");
        if root != recorded {
            let (computed, recorded) = (Hex(&root).to_string(), Hex(&recorded).to_string());
            return Err(ProofError::Root { from, to, computed, recorded });
        }
        let index = usize::try_from(asked - from).expect("an interval fits memory");
        let proof = merkle::prove(&self.leaves, index).expect("the interval has the command");
        let steps = proof.steps.iter().map(|step| match step {
            Step::Left(hash) => Sibling::Left(Hex(hash).to_string()),
            Step::Right(hash) => Sibling::Right(Hex(hash).to_string()),
        });
        let order = match about {
            About::Command(_) => None,
            About::Order(order) => Some(order.to_string()),
        };
        Ok(Inclusion {
            format: FORMAT_VERSION,
            identity,
            sequence: asked,
            time_ns,
            order,
            record: Hex(&record).to_string(),
            from,
            to,
            steps: steps.collect(),
            root: Hex(&root).to_string(),
        })
    }
}
