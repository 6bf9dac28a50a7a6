//! What a certificate claims, computed from a journal by one replay: nothing in it is taken over
//! from what the journal says of itself.

use std::path::Path;

use engine::witness::state_digest;
use journal::merkle::{self, Hash};
use journal::{CHECKPOINT_COMMANDS, Kind};
use serde::{Deserialize, Serialize};

use super::{CertificateError, FORMAT_VERSION};
use crate::json::Hex;
use crate::moment::Moment;
use crate::past::{Past, PastError, Until};
use crate::verify::SMALL_VIEWS;

/// Hashes are in hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub format: u32,
    /// Of the journal.
    pub identity: String,
    /// The last command that is spoken of.
    pub sequence: u64,
    pub time_ns: u64,
    pub time: String,
    pub rules_version: u32,
    /// Which build has replayed.
    pub build: String,
    /// The last command that came out of a snapshot, because nothing earlier was left; 0: all
    /// were replayed.
    pub begun_after: u64,
    /// Of the state after the command.
    pub state: String,
    /// Of all events up to and including the command's.
    pub events: String,
    /// Over the journal's bytes up to and including the command's record.
    pub chain: String,
    /// Quarantined commands among them.
    pub voids: Vec<u64>,
    /// One a checkpoint interval, and one for what follows the last of them.
    pub rungs: Vec<Rung>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The last command of the interval.
    pub sequence: u64,
    pub events: String,
    pub chain: String,
    /// Over the commands of the interval; None: not all of them were left.
    pub merkle_root: Option<String>,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

/// The first and the last command of the interval that `sequence`, any number, lies in.
pub(crate) fn interval(sequence: u64) -> (u64, u64) {
    let first = sequence.saturating_sub(1) / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
    (first, first.saturating_add(CHECKPOINT_COMMANDS - 1))
}

impl Claims {
    /// Up to a point, or as far as the journal goes.
    pub(super) fn of(
        directory: &Path,
        until: Until,
        mut progress: impl FnMut(u64),
    ) -> Result<Self, CertificateError> {
        let identity = journal::Reader::open(directory)?.identity();
        let past = Past::open(directory, SMALL_VIEWS)?;
        let begun_after = past.begun_after();
        if let Until::Sequence(asked) = until
            && begun_after > asked
        {
            let first = journal::Reader::open(directory)?.first_sequence();
            return Err(PastError::Before { first, oldest: begun_after }.into());
        }
        let (mut records, mut playback) = past.into_parts();
        let mut leaves: Vec<Hash> = Vec::new();
        let mut rungs = Vec::new();
        let mut chain = records.chain();
        while let Some(record) = records.next()? {
            let Kind::Command(_) = record.kind else {
                playback.record(&record, |_, _| {})?;
                continue;
            };
            let (sequence, time_ns) = (record.sequence, record.time_ns);
            if is_beyond(until, sequence, time_ns) {
                break;
            }
            playback.record(&record, |_, _| {})?;
            leaves.push(merkle::leaf(record.bytes));
            progress(sequence);
            let is_last = until == Until::Sequence(sequence);
            let is_full = sequence.is_multiple_of(CHECKPOINT_COMMANDS);
            if is_full || is_last {
                chain = records.chain();
            }
            if is_full {
                rungs.push(rung(sequence, &mut leaves, &chain, playback.player()));
            }
            if is_last {
                break;
            }
        }
        let at = playback.player().at();
        let sequence = at.sequence.0;
        if until != Until::Sequence(sequence) {
            // The end was not known before it was passed.
            chain = chain_at(directory, sequence)?;
        }
        if !leaves.is_empty() {
            rungs.push(rung(sequence, &mut leaves, &chain, playback.player()));
        }
        let player = playback.player();
        Ok(Self {
            format: FORMAT_VERSION,
            identity: hex(&identity),
            sequence,
            time_ns: at.time_ns,
            time: Moment(at.time_ns).to_string(),
            rules_version: player.exchange.genesis().map_or(0, |genesis| genesis.rules_version),
            build: concat!("orison ", env!("CARGO_PKG_VERSION")).to_owned(),
            begun_after,
            state: hex(&state_digest(&player.exchange)),
            events: hex(&player.witness.digests().events),
            chain: hex(&chain),
            voids: records.voids().filter(|&voided| voided <= sequence).collect(),
            rungs,
        })
    }

    /// What is signed.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("our own shapes are always JSON")
    }
}

fn is_beyond(until: Until, sequence: u64, time_ns: u64) -> bool {
    match until {
        Until::End => false,
        Until::Sequence(last) => sequence > last,
        Until::Time(last_ns) => time_ns > last_ns,
    }
}

fn rung(
    sequence: u64,
    leaves: &mut Vec<Hash>,
    chain: &Hash,
    player: &crate::player::Player,
) -> Rung {
    let is_whole = leaves.len() as u64 == sequence - interval(sequence).0 + 1;
    let root = merkle::root(leaves).filter(|_| is_whole);
    leaves.clear();
    Rung {
        sequence,
        events: hex(&player.witness.digests().events),
        chain: hex(chain),
        merkle_root: root.map(|root| hex(&root)),
    }
}

/// Chain value up to and including a command.
fn chain_at(directory: &Path, sequence: u64) -> Result<Hash, CertificateError> {
    let mut records = journal::Reader::open(directory)?.records_from(sequence)?;
    while let Some(record) = records.next()? {
        if record.sequence == sequence && matches!(record.kind, Kind::Command(_)) {
            return Ok(records.chain());
        }
    }
    Ok(records.chain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_lies_in_an_interval() {
        let last = u64::MAX / CHECKPOINT_COMMANDS * CHECKPOINT_COMMANDS + 1;
        for (sequence, expected) in [
            (0, (1, CHECKPOINT_COMMANDS)),
            (CHECKPOINT_COMMANDS, (1, CHECKPOINT_COMMANDS)),
            (CHECKPOINT_COMMANDS + 1, (CHECKPOINT_COMMANDS + 1, 2 * CHECKPOINT_COMMANDS)),
            (u64::MAX, (last, u64::MAX)),
        ] {
            assert_eq!(interval(sequence), expected, "{sequence}");
        }
    }
}
