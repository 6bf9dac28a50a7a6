//! Journal records turned back into state, one by one, and every digest on the way compared with
//! what replay computes. Quarantined commands are passed over. In: records in order. Out: a
//! player at the last of them, or the first difference with its exact range.

use std::collections::VecDeque;

use engine::projection::ViewLimits;
use engine::record::{self, DecodeError};
use engine::witness::{Digests, state_digest};
use journal::{CHECKPOINT_COMMANDS, Checkpoint, Close, Damage, Kind, RecordView};
use orison_core::{Command, Event, Sequence, Stamp};
use thiserror::Error;

use crate::json::Hex;
use crate::player::{CorePanic, Depth, Player};

/// Why a journal cannot be played any further.
#[derive(Debug, Error)]
pub enum PlaybackError {
    #[error("sequence {sequence}: {source}")]
    Decode { sequence: u64, source: DecodeError },
    #[error("record after sequence {sequence}: {source}")]
    Entry { sequence: u64, source: Damage },
    #[error(transparent)]
    Panic(#[from] CorePanic),
    /// What was to be gone on with.
    #[error(transparent)]
    Snapshot(#[from] crate::snapshot::SnapshotError),
    #[error(
        "the journal begins with sequence {first}: without the ones before nothing can be said"
    )]
    Beginning { first: u64 },
    #[error("time goes back at sequence {sequence}: {time_ns} after {before_ns}")]
    Time { sequence: u64, time_ns: u64, before_ns: u64 },
    #[error("between sequences {from} and {to}: {what} replayed {replayed}, recorded {recorded}")]
    Differs { from: u64, to: u64, what: &'static str, replayed: String, recorded: String },
}

/// What has been compared so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compared {
    pub checkpoints: u64,
    pub closes: u64,
    /// Digests that speak of a command that was quarantined later.
    pub not_verifiable: u64,
}

pub struct Playback {
    player: Player,
    /// The last one; the next is read in its place.
    command: Command,
    compared: Compared,
    /// Digests of replay about sequences whose checkpoint may still come.
    marks: VecDeque<Digests>,
    /// The last sequence up to which everything is known to be equal.
    verified: u64,
    /// Passed over and not yet declared void at the place where the records are now: what was
    /// recorded in between still counted their effect.
    passed_over: Vec<u64>,
    /// Every command that was passed over, in order.
    voids: Vec<u64>,
}

/// What a snapshot keeps of a playback beside the state itself.
#[derive(Default)]
pub(crate) struct Bookmark {
    marks: VecDeque<Digests>,
    verified: u64,
    passed_over: Vec<u64>,
    pub(crate) voids: Vec<u64>,
}

orison_core::stored! {
    Bookmark { marks, verified, passed_over, voids }
}

/// More checkpoints are never outstanding.
const MARKS_MAX: usize = 64;

impl Playback {
    pub fn new(identity: [u8; 16], limits: ViewLimits) -> Self {
        Self {
            player: Player::new(identity, limits),
            command: Command::Clock,
            compared: Compared::default(),
            marks: VecDeque::new(),
            verified: 0,
            passed_over: Vec::new(),
            voids: Vec::new(),
        }
    }

    /// Where another playback was.
    pub(crate) fn resume(player: Player, bookmark: Bookmark) -> Self {
        let Bookmark { marks, verified, passed_over, voids } = bookmark;
        let compared = Compared::default();
        Self { player, command: Command::Clock, compared, marks, verified, passed_over, voids }
    }

    pub(crate) fn bookmark(&self) -> Bookmark {
        Bookmark {
            marks: self.marks.clone(),
            verified: self.verified,
            passed_over: self.passed_over.clone(),
            voids: self.voids.clone(),
        }
    }

    /// From here on no more than that is moved on; digests that are not are not compared.
    pub(crate) fn set_depth(&mut self, depth: Depth) {
        self.player.depth = depth;
        if depth != Depth::Digests {
            self.marks.clear();
        }
    }

    pub fn player(&self) -> &Player {
        &self.player
    }

    /// A long replay begins; until `gather` nobody reads the views.
    pub(crate) fn part(&mut self) {
        self.player.part();
    }

    pub(crate) fn gather(&mut self) -> Result<(), PlaybackError> {
        Ok(self.player.gather()?)
    }

    pub fn into_player(self) -> Player {
        self.player
    }

    pub fn compared(&self) -> Compared {
        self.compared
    }

    /// Takes the next record. The command it was; its events are shown to `see`. Of a quarantined
    /// one that cannot be read any more: `Clock`.
    pub fn record(
        &mut self,
        record: &RecordView<'_>,
        see: impl FnMut(u32, &Event),
    ) -> Result<Option<&Command>, PlaybackError> {
        let sequence = record.sequence;
        let entry = |source| PlaybackError::Entry { sequence, source };
        match record.kind {
            Kind::Command(kind) => return self.command(kind, record, see).map(Some),
            Kind::Checkpoint => {
                self.checkpoint(&Checkpoint::decode(record.payload).map_err(entry)?)?;
            }
            Kind::Close => {
                self.close(sequence, &Close::decode(record.payload).map_err(entry)?)?;
            }
            Kind::Void => self.passed_over.clear(),
            Kind::Seal => {}
        }
        Ok(None)
    }

    fn command(
        &mut self,
        kind: u8,
        record: &RecordView<'_>,
        see: impl FnMut(u32, &Event),
    ) -> Result<&Command, PlaybackError> {
        let stamp = Stamp { sequence: Sequence(record.sequence), time_ns: record.time_ns };
        let before = self.player.at();
        if stamp.sequence.0 != before.sequence.0 + 1 {
            return Err(PlaybackError::Beginning { first: stamp.sequence.0 });
        }
        if stamp.time_ns < before.time_ns {
            let (time_ns, before_ns) = (stamp.time_ns, before.time_ns);
            return Err(PlaybackError::Time { sequence: stamp.sequence.0, time_ns, before_ns });
        }
        let into = &mut self.command;
        let decoded = record::decode_into(into, kind, record.version, record.payload)
            .map_err(|source| PlaybackError::Decode { sequence: record.sequence, source });
        if record.voided {
            // Its sequence and time count, its effect does not.
            self.passed_over.push(record.sequence);
            self.voids.push(record.sequence);
            self.player.replay(stamp, &Command::Clock, see)?;
            if decoded.is_err() {
                self.command = Command::Clock;
            }
        } else {
            decoded?;
            self.player.replay(stamp, &self.command, see)?;
        }
        let has_digests = self.player.depth == Depth::Digests;
        if has_digests && record.sequence.is_multiple_of(CHECKPOINT_COMMANDS) {
            if self.marks.len() == MARKS_MAX {
                self.marks.pop_front();
            }
            self.marks.push_back(self.player.witness.digests());
        }
        Ok(&self.command)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), PlaybackError> {
        let about = checkpoint.about;
        while self.marks.front().is_some_and(|mark| mark.at.sequence.0 < about) {
            self.marks.pop_front();
        }
        let is_here = self.marks.front().is_some_and(|mark| mark.at.sequence.0 == about);
        let is_stale = self.passed_over.iter().any(|&passed| passed <= about);
        let mark = self.marks.pop_front().filter(|_| is_here);
        let Some(mark) = mark.filter(|_| !is_stale) else {
            self.compared.not_verifiable += 1;
            return Ok(());
        };
        self.compare(about, "event digest", &mark.events, &checkpoint.events)?;
        self.compare(about, "set hash of the orders", &mark.set, &checkpoint.state)?;
        self.compared.checkpoints += 1;
        self.verified = about;
        Ok(())
    }

    fn close(&mut self, sequence: u64, close: &Close) -> Result<(), PlaybackError> {
        if !self.passed_over.is_empty() || self.player.depth != Depth::Digests {
            self.compared.not_verifiable += 1;
            return Ok(());
        }
        let events = self.player.witness.digests().events;
        self.compare(sequence, "event digest", &events, &close.events)?;
        let state = state_digest(&self.player.exchange);
        self.compare(sequence, "state digest", &state, &close.state)?;
        self.compared.closes += 1;
        self.verified = sequence;
        Ok(())
    }

    fn compare(
        &self,
        to: u64,
        what: &'static str,
        replayed: &[u8],
        recorded: &[u8],
    ) -> Result<(), PlaybackError> {
        if replayed == recorded {
            return Ok(());
        }
        let (replayed, recorded) = (Hex(replayed).to_string(), Hex(recorded).to_string());
        Err(PlaybackError::Differs { from: self.verified + 1, to, what, replayed, recorded })
    }
}
