//! The follower: a second replay of a running journal, from its files, on a thread of its own with
//! the lowest priority. It writes the snapshots, so that nobody on the road pauses for one, and
//! compares its digests with every checkpoint. It reads up to what is durable, never writes to the
//! journal, and must not know the rings: how far the disk has come is asked of a function.

mod pace;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use engine::projection::ViewLimits;
use journal::{Damage, ReadError, Reader, Records, Running, Storage};
use thiserror::Error;

use self::pace::Rests;
use crate::playback::PlaybackError;
use crate::priority;
use crate::recovery::{Source, candidates, play, wanted};
use crate::retention;
use crate::snapshot::{self, SnapshotError, Whole};

/// A snapshot every so many commands: they bound what a start replays.
pub const SNAPSHOT_COMMANDS_DEFAULT: u64 = 250_000;
/// So many snapshot intervals behind, and it is said that it cannot keep up.
pub const BEHIND_INTERVALS_MAX: u64 = 4;
/// And only one in so many snapshots is written until it does.
const INTERVALS_BEHIND: u64 = 8;
/// Between two looks at how far the disk has come, when there was nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Records between two looks at the time and at whether to end.
const RECORDS_AT_ONCE: u32 = 512;
/// Of a journal that is being pruned.
const OPENINGS_MAX: u32 = 8;

pub struct Settings {
    pub directory: PathBuf,
    /// 0: it compares digests and writes no snapshot.
    pub snapshot_commands: u64,
    pub limits: ViewLimits,
    pub storage: Storage,
    /// The last command that is on the disk.
    pub durable: Box<dyn Fn() -> u64 + Send>,
    /// A sync or rename has failed: what the disk says cannot be trusted any more.
    pub on_disk_failure: Box<dyn Fn(&str) + Send>,
}

/// What it has come to, for metrics and health.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// The last command it has replayed.
    pub sequence: u64,
    /// Commands that are durable and not yet replayed.
    pub lag: u64,
    /// More than `BEHIND_INTERVALS_MAX` snapshots are due.
    pub is_behind: bool,
    pub snapshots: u64,
    /// Of the last snapshot; 0: it has written none.
    pub snapshot_sequence: u64,
    /// How long that took, milliseconds.
    pub snapshot_ms: u64,
    /// Checkpoints that agreed.
    pub checkpoints: u64,
    /// Why it has ended: replay is not what the journal says, with the range of sequences, or the
    /// journal cannot be read.
    pub alarm: Option<String>,
    /// Why the last snapshot was not written.
    pub snapshot_failure: Option<String>,
}

#[derive(Debug, Error)]
enum FollowError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the follower disagrees with the journal: {0}")]
    Playback(#[from] PlaybackError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

#[derive(Default)]
struct Shared {
    ends: AtomicBool,
    sequence: AtomicU64,
    durable: AtomicU64,
    interval: AtomicU64,
    snapshots: AtomicU64,
    snapshot_sequence: AtomicU64,
    snapshot_ms: AtomicU64,
    checkpoints: AtomicU64,
    alarm: OnceLock<String>,
    snapshot_failure: std::sync::Mutex<Option<String>>,
}

/// Reads the figures as long as anybody wants to.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

pub struct Follower {
    shared: Arc<Shared>,
    /// Some until it is ended.
    thread: Option<Running<()>>,
}

impl Follower {
    pub fn start(settings: Settings) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.interval.store(settings.snapshot_commands, Ordering::Relaxed);
        let theirs = Arc::clone(&shared);
        let storage = settings.storage.clone();
        let thread = storage.spawn("follower", move || {
            let rests = Rests::new();
            let mut run = Run { settings, shared: theirs, rests, attempted: 0, proven: [0; 2] };
            if let Err(error) = run.run() {
                let alarm = error.to_string();
                tracing::error!(%alarm, "the follower has ended");
                run.shared.alarm.get_or_init(|| alarm);
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.shared))
    }
}

impl Drop for Follower {
    /// A snapshot that is being written is left unwritten.
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().unwrap_or_else(|_| tracing::error!("the follower panicked"));
        }
    }
}

impl Watch {
    pub fn figures(&self) -> Figures {
        let shared = &*self.0;
        let sequence = shared.sequence.load(Ordering::Relaxed);
        let lag = shared.durable.load(Ordering::Relaxed).saturating_sub(sequence);
        let interval = shared.interval.load(Ordering::Relaxed);
        let failure = shared.snapshot_failure.lock();
        Figures {
            sequence,
            lag,
            is_behind: interval > 0 && lag > BEHIND_INTERVALS_MAX.saturating_mul(interval),
            snapshots: shared.snapshots.load(Ordering::Relaxed),
            snapshot_sequence: shared.snapshot_sequence.load(Ordering::Relaxed),
            snapshot_ms: shared.snapshot_ms.load(Ordering::Relaxed),
            checkpoints: shared.checkpoints.load(Ordering::Relaxed),
            alarm: shared.alarm.get().cloned(),
            snapshot_failure: failure.unwrap_or_else(std::sync::PoisonError::into_inner).clone(),
        }
    }
}

struct Run {
    settings: Settings,
    shared: Arc<Shared>,
    rests: Rests,
    /// The last command after which a snapshot was there, or was tried.
    attempted: u64,
    /// The last two snapshots that were loaded or written here, the older first; 0: there is none.
    proven: [u64; 2],
}

/// Where it goes on from.
struct Opened {
    identity: [u8; 16],
    records: Records,
    whole: Whole,
}

impl Run {
    /// A journal may be pruned at any moment, beyond where this one is too: then it begins again,
    /// at a snapshot.
    fn run(&mut self) -> Result<(), FollowError> {
        priority::lower();
        snapshot::clear(&self.settings.storage, &self.settings.directory)?;
        let mut left = OPENINGS_MAX;
        loop {
            let before = self.shared.sequence.load(Ordering::Relaxed);
            match self.open().and_then(|opened| self.go_on(opened)) {
                Err(error) if left > 0 && is_of_pruning(&error) => {
                    tracing::warn!(%error, "the follower begins again");
                    let moved = self.shared.sequence.load(Ordering::Relaxed) > before;
                    left = if moved { OPENINGS_MAX } else { left - 1 };
                }
                ended => return ended,
            }
        }
    }

    fn open(&mut self) -> Result<Opened, FollowError> {
        let reader = Reader::open(&self.settings.directory)?;
        let whole = self.begin(&reader)?;
        let records = reader.records_from(whole.player().at().sequence.0 + 1)?;
        Ok(Opened { identity: reader.identity(), records, whole })
    }

    fn go_on(&mut self, opened: Opened) -> Result<(), FollowError> {
        let Opened { identity, mut records, mut whole } = opened;
        let mut at = whole.player().at().sequence.0;
        while !self.ends() {
            let durable = self.look();
            let stop = self.next_snapshot(at).map_or(durable, |due| due.min(durable));
            let before = std::mem::replace(&mut at, self.follow(&mut records, &mut whole, stop)?);
            if self.ends() {
                break;
            }
            if self.is_due(at) {
                self.write(identity, &whole);
            } else if at >= durable || at == before {
                self.settings.storage.rest(|| thread::park_timeout(LOOK_EVERY));
            }
        }
        Ok(())
    }

    /// At the newest snapshot, or else at the beginning.
    fn begin(&mut self, reader: &Reader) -> Result<Whole, FollowError> {
        let Settings { directory, limits, .. } = &self.settings;
        let limits = *limits;
        let wanted = wanted(reader, Some(limits))?;
        for found in candidates(directory, reader).found.into_iter().rev() {
            match snapshot::load(&found.path, &wanted) {
                Ok(loaded) => {
                    self.shared.snapshot_sequence.store(found.sequence, Ordering::Relaxed);
                    self.attempted = found.sequence;
                    self.proven = [0, found.sequence];
                    return Ok(loaded.whole);
                }
                Err(error) => tracing::warn!(%error, "the follower passes over a snapshot"),
            }
        }
        let first = reader.first_sequence();
        if first > 1 {
            return Err(ReadError::Pruned { asked: 1, first }.into());
        }
        let whole = Source::genesis(reader.identity(), limits).finish()?;
        Ok(whole.expect("a beginning is there at once").0)
    }

    /// Replays up to the command `stop`. How far it has come.
    fn follow(
        &mut self,
        records: &mut Records,
        whole: &mut Whole,
        stop: u64,
    ) -> Result<u64, FollowError> {
        let mut at = whole.player().at().sequence.0;
        let mut left = RECORDS_AT_ONCE;
        while at < stop {
            let Some(record) = records.next()? else { break };
            play(whole, &record)?;
            at = whole.player().at().sequence.0;
            left -= 1;
            if left == 0 {
                left = RECORDS_AT_ONCE;
                self.tell(at, whole);
                if self.ends() {
                    break;
                }
                self.rest_if_near(at);
            }
        }
        self.tell(at, whole);
        Ok(at)
    }

    fn tell(&self, at: u64, whole: &Whole) {
        self.shared.sequence.store(at, Ordering::Relaxed);
        let compared = whole.playback.compared().checkpoints;
        self.shared.checkpoints.store(compared, Ordering::Relaxed);
    }

    /// It gives way to the road as long as it is not behind by a whole snapshot.
    fn rest_if_near(&mut self, at: u64) {
        let lag = self.look().saturating_sub(at);
        if lag < self.settings.snapshot_commands {
            self.rests.rest(&self.settings.storage);
        }
    }

    fn look(&self) -> u64 {
        let durable = (self.settings.durable)();
        self.shared.durable.store(durable, Ordering::Relaxed);
        durable
    }

    fn ends(&self) -> bool {
        self.shared.ends.load(Ordering::Acquire)
    }

    /// None: there is none to be written.
    fn next_snapshot(&self, at: u64) -> Option<u64> {
        let interval = self.settings.snapshot_commands;
        (interval > 0).then(|| (at / interval + 1).saturating_mul(interval))
    }

    /// One that cannot keep up writes few, or it would never come up to a process that is started
    /// again and again.
    fn is_due(&self, at: u64) -> bool {
        let interval = self.settings.snapshot_commands;
        if interval == 0 || at <= self.attempted || !at.is_multiple_of(interval) {
            return false;
        }
        let lag = self.look().saturating_sub(at);
        lag < interval.saturating_mul(BEHIND_INTERVALS_MAX)
            || at.is_multiple_of(interval.saturating_mul(INTERVALS_BEHIND))
    }

    /// One attempt a sequence: the next interval brings the next one.
    fn write(&mut self, identity: [u8; 16], whole: &Whole) {
        let started = Instant::now();
        let Self { settings, shared, rests, attempted, proven } = self;
        let sequence = whole.player().at().sequence.0;
        let mut pace = || {
            rests.rest(&settings.storage);
            match shared.ends.load(Ordering::Acquire) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let Settings { storage, directory, snapshot_commands, .. } = &*settings;
        let written = snapshot::write(storage, directory, identity, whole, &mut pace);
        *attempted = sequence;
        let failure = match written {
            Ok(None) => return,
            Ok(Some(path)) => {
                let ms = started.elapsed().as_millis() as u64;
                shared.snapshots.fetch_add(1, Ordering::Relaxed);
                shared.snapshot_ms.store(ms, Ordering::Relaxed);
                shared.snapshot_sequence.store(sequence, Ordering::Relaxed);
                tracing::info!(sequence, ms, path = %path.display(), "snapshot");
                *proven = [proven[1], sequence];
                retention::thin(storage, directory, *snapshot_commands, proven[0]).err()
            }
            Err(error) => Some(error),
        };
        let failure = failure.map(|error| {
            tracing::error!(%error, "a snapshot was not written, or one between two not removed");
            if is_of_the_device(&error) {
                (settings.on_disk_failure)(&error.to_string());
            }
            error.to_string()
        });
        *shared.snapshot_failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            failure;
    }
}

/// A segment, or where it was begun at, is not there any more.
fn is_of_pruning(error: &FollowError) -> bool {
    match error {
        FollowError::Read(ReadError::Io { source, .. }) => {
            source.kind() == std::io::ErrorKind::NotFound
        }
        FollowError::Read(
            ReadError::Pruned { .. }
            | ReadError::Missing { .. }
            | ReadError::NotAJournal { .. }
            | ReadError::Corrupt { reason: Damage::SuccessorMissing, .. },
        ) => true,
        FollowError::Read(
            ReadError::Header { .. }
            | ReadError::Name { .. }
            | ReadError::Foreign { .. }
            | ReadError::LinkSequence { .. }
            | ReadError::LinkChain { .. }
            | ReadError::Corrupt { .. },
        )
        | FollowError::Playback(_)
        | FollowError::Snapshot(_) => false,
    }
}

/// After a failed sync the page cache lies; a full disk or a refused name is no such thing.
fn is_of_the_device(error: &SnapshotError) -> bool {
    match error {
        SnapshotError::Storage(error) => {
            error.operation.starts_with("sync") || error.operation == "rename"
        }
        SnapshotError::Damaged { .. } => true,
        SnapshotError::Io { .. }
        | SnapshotError::Foreign { .. }
        | SnapshotError::Renamed { .. }
        | SnapshotError::History { .. }
        | SnapshotError::Format { .. }
        | SnapshotError::Rules { .. }
        | SnapshotError::Load { .. }
        | SnapshotError::State { .. }
        | SnapshotError::Quarantined { .. } => false,
    }
}
