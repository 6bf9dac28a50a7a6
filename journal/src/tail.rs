//! Torn or corrupt: the verdict on where a journal stops. Only a torn tail may ever be cut.
//! It must not change anything. In: a walk that has come to its end, and the boot we live in.
//! Out: a `Tail` that may be continued, or the error that says why not.
//!
//! A process that dies leaves the page cache: in the boot that wrote a segment, each byte stored
//! is there, so only a commit word that was never set may end it. A machine that dies leaves what
//! was synced and any part of the rest: then a bad record may end it as well, unless something
//! behind it was written after it had been synced.

use crate::error::{Damage, ReadError};
use crate::scan::{Behind, Stop};
use crate::walk::{End, Position, Walk};

/// A tail that may be continued.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) position: Position,
    /// Something lies behind the last record and must be zeroed before the first append.
    pub(crate) torn: Option<Torn>,
}

/// What is cut off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Torn {
    /// A record whose commit word was never set, or remains of one.
    #[error("its commit word was never set")]
    NeverCommitted,
    /// A record that a machine that died did not write whole.
    #[error("{0}")]
    Damaged(Damage),
}

/// The boot we live in, seen from the segment where the journal stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boot {
    /// The one that wrote it.
    Same,
    Later,
}

pub(crate) fn judge(walk: &mut Walk, end: End, boot_id: &[u8; 16]) -> Result<Tail, ReadError> {
    let position = walk.position();
    let last = walk.last().sequence;
    let (stop, behind) = match end {
        End::Sealed => (Stop::Vacant, Behind::default()),
        End::Stop(stop) => {
            let (found, expected) = (walk.scan().file_bytes()?, position.header.segment_bytes);
            if found != expected {
                let damage = Damage::FileEnds { found, expected };
                return Err(walk.corrupt(position.offset, damage));
            }
            (stop, walk.scan().look_behind(last)?)
        }
    };
    let chain = walk.chain();
    let ready = match walk.open_ready(chain)? {
        Some(scan) => scan.look_behind(last)?,
        None => Behind::default(),
    };
    let boot = if position.header.boot_id == *boot_id { Boot::Same } else { Boot::Later };
    if let Some(reason) = contradiction(&stop, &behind, &ready, boot) {
        return Err(walk.corrupt(position.offset, reason));
    }
    let torn = match stop {
        Stop::Damaged(damage) => Some(Torn::Damaged(damage)),
        Stop::Vacant if behind.residue || ready.later.is_some() => Some(Torn::NeverCommitted),
        Stop::Vacant => None,
    };
    Ok(Tail { position, torn })
}

/// Why the stop cannot be where the writer stopped.
fn contradiction(stop: &Stop, behind: &Behind, ready: &Behind, boot: Boot) -> Option<Damage> {
    if let (Boot::Same, Stop::Damaged(damage)) = (boot, stop) {
        return Some(damage.clone());
    }
    let (here, next) = match boot {
        Boot::Same => (behind.later, ready.later),
        Boot::Later => (behind.proof, ready.proof),
    };
    let damage = match (here, next) {
        (None, None) => return None,
        (Some((later_offset, later_sequence)), _) => {
            Damage::CommitWordLost { later_offset, later_sequence }
        }
        (None, Some((_, found))) => Damage::RecordsMissing { found },
    };
    match stop {
        Stop::Vacant => Some(damage),
        Stop::Damaged(damage) => Some(damage.clone()),
    }
}
