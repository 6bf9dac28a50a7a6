//! A journal read beside whoever writes it and decided again, command by command, up to any point
//! of its past. It never writes and takes no lock. Directory and point in; state, and each command
//! with its events, out.

use std::path::Path;

use engine::projection::ViewLimits;
use journal::{Kind, ReadError, Reader, Records};
use orison_core::{Command, Event, Sequence, Stamp};
use thiserror::Error;

use crate::moment::Moment;
use crate::playback::{Compared, Playback, PlaybackError};
use crate::player::{Depth, Player};
use crate::recovery::{self, Candidates, NoBeginning};
use crate::snapshot::{self, Found, Loaded, Wanted};

/// A point of a journal's past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// After the last command there is.
    End,
    /// After the command with this sequence.
    Sequence(u64),
    /// After the last command stamped at or before this time, in nanoseconds.
    Time(u64),
}

/// Numbers from here on are times: no journal has that many commands, and as nanoseconds it is
/// the twelfth day of 1970.
const TIME_NS_MIN: u64 = 1_000_000_000_000_000;

impl std::str::FromStr for Until {
    type Err = BadPoint;

    /// A sequence, RFC 3339, `123ns`, or bare nanoseconds that no sequence reaches.
    fn from_str(text: &str) -> Result<Self, BadPoint> {
        if let Some(number) = text.strip_suffix("ns") {
            return number.parse().map(Self::Time).map_err(|_| BadPoint);
        }
        if let Ok(number) = text.parse() {
            return Ok(if number < TIME_NS_MIN {
                Self::Sequence(number)
            } else {
                Self::Time(number)
            });
        }
        Moment::parse(text).map(|moment| Self::Time(moment.0)).ok_or(BadPoint)
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("is neither a sequence nor a time (RFC 3339 or nanoseconds)")]
pub struct BadPoint;

#[derive(Debug, Error)]
pub enum PastError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Playback(#[from] PlaybackError),
    #[error("the journal ends with sequence {last}, sequence {asked} is asked for")]
    NotReached { last: u64, asked: u64 },
    #[error(transparent)]
    NoBeginning(#[from] NoBeginning),
    #[error(
        "what is asked for lies before the oldest snapshot, which is after sequence {oldest}; \
         the journal begins with sequence {first}: what was before is pruned"
    )]
    Before { first: u64, oldest: u64 },
}

/// A command that has just been played.
#[derive(Clone, Copy, Debug)]
pub struct Played {
    pub stamp: Stamp,
    /// As it was journaled.
    pub command: Command,
    pub effect: Effect,
}

/// Whether a command was decided or passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    Decided,
    /// Quarantined: time passed, nothing else.
    Void,
}

pub struct Past {
    records: Records,
    playback: Playback,
    events: Vec<Event>,
    is_over: bool,
    begun_after: u64,
}

impl Past {
    /// At the beginning of the journal in `directory`; of one whose beginning is gone, at its
    /// oldest snapshot.
    pub fn open(directory: &Path, limits: ViewLimits) -> Result<Self, PastError> {
        let reader = Reader::open(directory)?;
        match reader.first_sequence() {
            1 => Ok(Self::of(&reader, limits)?),
            first => {
                let found = recovery::candidates(directory, &reader).found;
                let past = Self::at_one_of(&reader, found.into_iter(), Depth::Digests)?;
                past.ok_or_else(|| no_beginning(directory, &reader, first).into())
            }
        }
    }

    /// At the snapshot from which `until` is nearest, or at the beginning. No more than `depth` is
    /// moved on, and nothing else is loaded.
    pub fn near(
        directory: &Path,
        limits: ViewLimits,
        until: Until,
        depth: Depth,
    ) -> Result<Self, PastError> {
        let reader = Reader::open(directory)?;
        let found = recovery::candidates(directory, &reader).found.into_iter().rev();
        let is_before = |found: &Found| match until {
            Until::End => true,
            Until::Sequence(last) => found.sequence <= last,
            Until::Time(last_ns) => {
                snapshot::header(&found.path).is_ok_and(|header| header.time_ns <= last_ns)
            }
        };
        let past = Self::at_one_of(&reader, found.filter(is_before), depth)?;
        match (past, reader.first_sequence()) {
            (Some(past), _) => Ok(past),
            (None, 1) => Ok(Self::of(&reader, limits)?.only(depth)),
            (None, first) => {
                let all = recovery::candidates(directory, &reader).found.into_iter();
                let oldest = Self::at_one_of(&reader, all, depth)?.map(|past| past.begun_after);
                Err(match oldest {
                    Some(oldest) => PastError::Before { first, oldest },
                    None => no_beginning(directory, &reader, first).into(),
                })
            }
        }
    }

    /// At the first of them that is in order.
    fn at_one_of(
        reader: &Reader,
        candidates: impl Iterator<Item = Found>,
        depth: Depth,
    ) -> Result<Option<Self>, PastError> {
        let wanted = Wanted { depth, ..recovery::wanted(reader, None)? };
        for found in candidates {
            let Loaded { whole, header, .. } = match snapshot::load(&found.path, &wanted) {
                Ok(loaded) => loaded,
                Err(error) => {
                    tracing::warn!(%error, "a snapshot is passed over");
                    continue;
                }
            };
            // Who compares digests reads the journal as one that must be right in all of it.
            let records = match depth {
                Depth::Digests => reader.records_from(header.sequence + 1)?,
                Depth::Core | Depth::Market | Depth::Views => {
                    reader.records_near(header.sequence + 1)?
                }
            };
            return Ok(Some(Self {
                records,
                playback: whole.playback,
                events: Vec::new(),
                is_over: false,
                begun_after: header.sequence,
            }));
        }
        Ok(None)
    }

    pub(crate) fn of(reader: &Reader, limits: ViewLimits) -> Result<Self, ReadError> {
        Ok(Self {
            records: reader.records_from(0)?,
            playback: Playback::new(reader.identity(), limits),
            events: Vec::new(),
            is_over: false,
            begun_after: 0,
        })
    }

    /// From here on no more than that is moved on.
    #[must_use]
    pub fn only(mut self, depth: Depth) -> Self {
        self.playback.set_depth(depth);
        self
    }

    /// The last command that came out of a snapshot; 0: everything was played.
    pub fn begun_after(&self) -> u64 {
        self.begun_after
    }

    pub fn player(&self) -> &Player {
        self.playback.player()
    }

    /// The journal behind what was played, and the state there. Nothing was asked for that ended
    /// before the last record that was read.
    pub(crate) fn into_parts(self) -> (Records, Playback) {
        (self.records, self.playback)
    }

    /// Ready to go on beyond the point that was asked for: nothing behind it is lost.
    pub(crate) fn again(mut self, reader: &Reader) -> Result<Self, ReadError> {
        self.records = reader.records_from(self.player().at().sequence.0 + 1)?;
        self.is_over = false;
        Ok(self)
    }

    /// What the last command led to.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub fn compared(&self) -> Compared {
        self.playback.compared()
    }

    /// Plays the next command that is not beyond `until`. None: there is none, for good.
    pub fn step(&mut self, until: Until) -> Result<Option<Played>, PastError> {
        if self.is_over {
            return Ok(None);
        }
        let Self { records, playback, events, is_over, .. } = self;
        while let Some(record) = records.next()? {
            let Kind::Command(_) = record.kind else {
                playback.record(&record, |_, _| {})?;
                continue;
            };
            if is_beyond(until, record.sequence, record.time_ns) {
                break;
            }
            events.clear();
            let stamp = Stamp { sequence: Sequence(record.sequence), time_ns: record.time_ns };
            let effect = if record.voided { Effect::Void } else { Effect::Decided };
            let played = playback.record(&record, |_, event| events.push(*event))?;
            let command = *played.expect("a record of a command is one");
            return Ok(Some(Played { stamp, command, effect }));
        }
        *is_over = true;
        Ok(None)
    }

    /// Plays the next command. None: there is none yet; asked again later, it goes on from there.
    pub fn follow(&mut self) -> Result<Option<Played>, PastError> {
        let played = self.step(Until::End);
        self.is_over = false;
        played
    }

    /// Plays everything up to `until`; `progress` gets each sequence passed.
    pub fn play(&mut self, until: Until, mut progress: impl FnMut(u64)) -> Result<(), PastError> {
        self.playback.part();
        let mut played = self.step(until);
        while let Ok(Some(Played { stamp, .. })) = played {
            progress(stamp.sequence.0);
            played = self.step(until);
        }
        let gathered = self.playback.gather();
        played?;
        gathered?;
        let last = self.player().at().sequence.0;
        match until {
            Until::Sequence(asked) if asked > last => Err(PastError::NotReached { last, asked }),
            Until::Sequence(_) | Until::Time(_) | Until::End => Ok(()),
        }
    }
}

/// Each snapshot is looked at once more, to be told.
fn no_beginning(directory: &Path, reader: &Reader, first: u64) -> NoBeginning {
    let Candidates { found, passed_over, .. } = recovery::candidates(directory, reader);
    let wanted = recovery::wanted(reader, None);
    let loaded = found.iter().rev().filter_map(|found| {
        let wanted = wanted.as_ref().ok()?;
        snapshot::load(&found.path, wanted).err()
    });
    let passed_over = passed_over.into_iter().chain(loaded);
    NoBeginning { first, passed_over: passed_over.map(|error| error.to_string()).collect() }
}

fn is_beyond(until: Until, sequence: u64, time_ns: u64) -> bool {
    match until {
        Until::End => false,
        Until::Sequence(last) => sequence > last,
        Until::Time(last_ns) => time_ns > last_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_sequence_or_a_time() {
        for (text, point) in [
            ("0", Ok(Until::Sequence(0))),
            ("195525", Ok(Until::Sequence(195_525))),
            ("34201445573540ns", Ok(Until::Time(34_201_445_573_540))),
            ("1763692200000000000", Ok(Until::Time(1_763_692_200_000_000_000))),
            ("1970-01-01T00:00:01Z", Ok(Until::Time(1_000_000_000))),
            ("yesterday", Err(BadPoint)),
            ("-1", Err(BadPoint)),
            ("ns", Err(BadPoint)),
        ] {
            assert_eq!(text.parse(), point, "{text}");
        }
    }
}
