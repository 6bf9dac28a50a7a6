//! From a directory to an exchange that can go on: the journal is opened for writing and every
//! command that no snapshot holds is decided again. Digests on the way must agree. An empty journal
//! is begun with its genesis and instruments; one of older rules is moved on to those of this
//! build; other differences of configuration are only named.

mod beginning;
mod plan;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::projection::ViewLimits;
use engine::record;
use engine::runtime::Parts;
use engine::{Views, Witness};
use journal::{AppendError, Journal, OpenError, Opened, Reader, RecordView, Writer};
use orison_core::command::{Actor, Genesis, InstrumentFields, InstrumentSpec};
use orison_core::instrument::{Bounds, Step};
use orison_core::{Command, Exchange, Instrument, Price, Quantity, RULES_VERSION, Sequence, Stamp};
use thiserror::Error;

use crate::changes::{Changes, Seen};
use crate::playback::{Compared, PlaybackError};
use crate::player::{self, Player};
use crate::snapshot::{SnapshotError, Whole};
use crate::verify::{REMEDY_PANIC, is_finding, remedy};
pub use beginning::{Beginning, NoBeginning};
pub(crate) use beginning::{Candidates, Source, candidates, wanted};
pub use plan::{Plan, plan};

/// Between two calls of the progress callback.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(300);
/// Records between two looks at the clock.
const PROGRESS_RECORDS: u64 = 4096;

#[derive(Debug, Error)]
pub enum RecoverError {
    #[error(transparent)]
    Open(#[from] OpenError<PlaybackError>),
    #[error("the journal was replaced while it was opened")]
    Replaced,
    #[error(transparent)]
    Snapshot(SnapshotError),
    #[error(
        "{}: holds commands up to sequence {sequence}, the journal ends with {last}: \
         commands are missing", path.display()
    )]
    Ahead { path: PathBuf, sequence: u64, last: u64 },
    #[error(transparent)]
    NoBeginning(#[from] NoBeginning),
    #[error("beginning the journal: {0}")]
    Begin(#[from] AppendError),
    #[error("beginning the journal: {what} was refused: {reason}")]
    Refused { what: String, reason: orison_core::Reason },
}

impl RecoverError {
    /// The journal is damaged, or not what replay makes of it; false: it was not judged.
    pub fn is_finding(&self) -> bool {
        match self {
            Self::Open(OpenError::Read(error)) => is_finding(error),
            Self::Open(OpenError::Visit { .. }) | Self::Ahead { .. } | Self::NoBeginning(_) => true,
            Self::Open(_)
            | Self::Replaced
            | Self::Snapshot(_)
            | Self::Begin(_)
            | Self::Refused { .. } => false,
        }
    }

    /// What an operator can do about it, if that can be said.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Open(OpenError::Read(error)) => remedy(error),
            Self::Open(OpenError::Visit { source: PlaybackError::Panic(_), .. }) => {
                Some(REMEDY_PANIC)
            }
            Self::Open(_)
            | Self::Replaced
            | Self::Snapshot(_)
            | Self::Ahead { .. }
            | Self::NoBeginning(_)
            | Self::Begin(_)
            | Self::Refused { .. } => None,
        }
    }

    /// It may be the snapshot's fault that what lies behind it cannot be replayed.
    fn is_behind_a_snapshot(&self) -> bool {
        match self {
            Self::Open(OpenError::Visit { source, .. }) => match source {
                PlaybackError::Panic(_)
                | PlaybackError::Beginning { .. }
                | PlaybackError::Time { .. }
                | PlaybackError::Differs { .. } => true,
                PlaybackError::Decode { .. }
                | PlaybackError::Entry { .. }
                | PlaybackError::Snapshot(_) => false,
            },
            Self::Open(_)
            | Self::Replaced
            | Self::Snapshot(_)
            | Self::Ahead { .. }
            | Self::NoBeginning(_)
            | Self::Begin(_)
            | Self::Refused { .. } => false,
        }
    }

    /// Ok: all that is wrong is the snapshot that was begun with.
    fn of_a_snapshot(self) -> Result<SnapshotError, Self> {
        match self {
            Self::Snapshot(error)
            | Self::Open(OpenError::Visit { source: PlaybackError::Snapshot(error), .. }) => {
                Ok(error)
            }
            other => Err(other),
        }
    }
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub records: u64,
    pub sequence: u64,
    pub records_per_second: f64,
    /// At the longest; the last segment may be nearly empty.
    pub left: Duration,
}

/// An exchange as it was, and the journal to go on with.
pub struct Recovered {
    pub exchange: Exchange,
    pub views: Views,
    pub witness: Witness,
    pub writer: Writer,
    pub opened: Opened,
    /// What was administered, the latest of it.
    pub changes: Changes,
    /// Stamp of the last command that was found; None: the journal was empty.
    pub last_time_ns: Option<u64>,
    /// Replayed, the quarantined ones included; those before came out of a snapshot.
    pub commands: u64,
    pub beginning: Beginning,
    /// Snapshots that could not be used, and why.
    pub passed_over: Vec<String>,
    pub compared: Compared,
    pub seconds: f64,
}

impl Recovered {
    /// Which snapshots were looked at and what came of it, a line each.
    pub fn found(&self) -> Vec<String> {
        beginning::found(&self.passed_over, &self.beginning)
    }

    /// What `engine::Runtime` starts with.
    pub fn into_parts(self) -> Parts {
        let Self { exchange, views, witness, writer, .. } = self;
        Parts { exchange, views, witness, writer }
    }
}

/// Opens or creates the journal in `directory` and replays what its newest valid snapshot lacks,
/// or else the one before it, or everything. Its segments say the rules of this build from here
/// on. `progress` is called at most a few times a second.
pub fn recover(
    directory: &Path,
    options: &journal::Options,
    limits: ViewLimits,
    mut progress: impl FnMut(Progress),
) -> Result<Recovered, RecoverError> {
    let started = Instant::now();
    let options = journal::Options { rules_version: RULES_VERSION, ..options.clone() };
    let reader = Reader::open(directory).ok();
    let candidates = reader.as_ref().map(|reader| beginning::candidates(directory, reader));
    let Candidates { found: mut candidates, ahead, passed_over, .. } =
        candidates.unwrap_or_default();
    candidates.extend(ahead);
    let mut passed_over: Vec<_> = passed_over.iter().map(ToString::to_string).collect();
    loop {
        let candidate = candidates.pop();
        let first = reader.as_ref().map_or(1, Reader::first_sequence);
        if candidate.is_none() && first > 1 {
            return Err(NoBeginning { first, passed_over }.into());
        }
        let source = match (&reader, &candidate) {
            (Some(reader), Some(found)) => {
                let wanted = beginning::wanted(reader, Some(limits)).map_err(OpenError::Read)?;
                Source::snapshot(found.path.clone(), wanted)
            }
            (Some(reader), None) => Source::genesis(reader.identity(), limits),
            (None, _) => Source::Nothing,
        };
        let visit_from = candidate.as_ref().map_or(0, |found| found.sequence + 1);
        let options = journal::Options { visit_from, ..options.clone() };
        let pace = Pace::new(reader.as_ref().map_or(0, bytes_of), &mut progress);
        match attempt(directory, &options, (source, limits), pace) {
            Ok(recovered) => {
                let seconds = started.elapsed().as_secs_f64();
                return Ok(Recovered { passed_over, seconds, ..recovered });
            }
            Err(error) => {
                let error = match (error.of_a_snapshot(), candidate) {
                    (Ok(error), _) => error.to_string(),
                    (Err(error), Some(found)) if error.is_behind_a_snapshot() => {
                        format!("{}: {error}", found.path.display())
                    }
                    (Err(error), _) => return Err(error),
                };
                tracing::warn!(%error, "a snapshot is passed over");
                passed_over.push(error);
            }
        }
    }
}

/// One way to begin.
fn attempt(
    directory: &Path,
    options: &journal::Options,
    (mut source, limits): (Source, ViewLimits),
    mut pace: Pace<impl FnMut(Progress)>,
) -> Result<Recovered, RecoverError> {
    let is_known = !matches!(source, Source::Nothing);
    let mut has_parted = false;
    let (writer, opened) = Journal::open(directory, options, |record: RecordView<'_>| {
        pace.record(&record);
        match source.whole()? {
            Some(whole) => {
                if !std::mem::replace(&mut has_parted, true) {
                    whole.playback.part();
                }
                play(whole, &record)
            }
            None => Err(PlaybackError::Beginning { first: record.sequence }),
        }
    })?;
    if is_known && opened.created {
        return Err(RecoverError::Replaced);
    }
    if !is_known {
        source = Source::genesis(opened.identity, limits);
    }
    let state = source.finish().map_err(RecoverError::Snapshot)?;
    let (Whole { mut playback, changes }, beginning) = state.expect("a source was given");
    let sequence = opened.last_sequence;
    playback.gather().map_err(|source| OpenError::Visit { sequence, source })?;
    if let Beginning::Snapshot { path, sequence, .. } = &beginning
        && *sequence > opened.last_sequence
    {
        let (path, sequence, last) = (path.clone(), *sequence, opened.last_sequence);
        return Err(RecoverError::Ahead { path, sequence, last });
    }
    let compared = playback.compared();
    let Player { exchange, views, witness, .. } = playback.into_player();
    let Stamp { sequence: Sequence(last), time_ns } = exchange.applied();
    Ok(Recovered {
        exchange,
        views,
        witness,
        writer,
        opened,
        changes,
        last_time_ns: (last > 0).then_some(time_ns),
        commands: last - beginning.sequence(),
        beginning,
        passed_over: Vec::new(),
        compared,
        seconds: 0.0,
    })
}

pub(crate) fn play(whole: &mut Whole, record: &RecordView<'_>) -> Result<(), PlaybackError> {
    let Whole { playback, changes } = whole;
    let stamp = Stamp { sequence: Sequence(record.sequence), time_ns: record.time_ns };
    let mut seen = Seen::default();
    let command = playback.record(record, |index, event| {
        seen.on_event(index, event);
        changes.on_event(stamp, event);
    })?;
    if let Some(command) = command {
        changes.on_command(stamp, command, &seen);
    }
    Ok(())
}

/// Begins an empty journal: the genesis at sequence 1, then the instruments. A beginning that a
/// crash cut short is gone on with. Of a journal in which anything else has happened nothing
/// changes: what of the configuration does not hold in it is named instead.
pub fn genesis(
    recovered: &mut Recovered,
    genesis: &Genesis,
    instruments: &[InstrumentSpec],
    time_ns: u64,
) -> Result<Vec<String>, RecoverError> {
    let applied = recovered.exchange.applied();
    let time_ns = time_ns.max(applied.time_ns);
    if applied.sequence.0 == 0 {
        recovered.begin(time_ns, "the genesis", &Command::Genesis(*genesis))?;
    } else if !is_beginning(&recovered.exchange, instruments) {
        return Ok(differences(&recovered.exchange, genesis, instruments));
    }
    let begun = recovered.exchange.instruments().len();
    for spec in instruments.iter().skip(begun) {
        let what = format!("instrument {}", spec.symbol);
        recovered.begin(time_ns, &what, &Command::Instrument(*spec))?;
    }
    Ok(Vec::new())
}

/// Whether nothing has happened but the first commands of this very beginning.
fn is_beginning(exchange: &Exchange, instruments: &[InstrumentSpec]) -> bool {
    let begun = exchange.instruments();
    let same = begun.iter().zip(instruments).all(|(known, spec)| known.symbol == spec.symbol);
    exchange.applied().sequence.0 == 1 + begun.len() as u64
        && begun.len() < instruments.len()
        && same
}

/// Moves a journal of older rules on to those of this build, its limits as they are. Some: the
/// rules it had.
pub fn upgrade(recovered: &mut Recovered, time_ns: u64) -> Result<Option<u32>, RecoverError> {
    let Some(&known) = recovered.exchange.genesis() else { return Ok(None) };
    if known.rules_version >= RULES_VERSION {
        return Ok(None);
    }
    let time_ns = time_ns.max(recovered.exchange.applied().time_ns);
    let genesis = Genesis { rules_version: RULES_VERSION, actor: upgrade_actor(), ..known };
    recovered.begin(time_ns, "the change of rules", &Command::Genesis(genesis))?;
    Ok(Some(known.rules_version))
}

/// Who moves a journal on to newer rules.
pub fn upgrade_actor() -> Actor {
    Actor::new("orison").expect("a short word is a name")
}

impl Recovered {
    fn begin(&mut self, time_ns: u64, what: &str, command: &Command) -> Result<(), RecoverError> {
        match self.enter(time_ns, command)? {
            None => Ok(()),
            Some(reason) => Err(RecoverError::Refused { what: what.to_owned(), reason }),
        }
    }

    /// Journals and applies one command. Some: it was refused.
    fn enter(
        &mut self,
        time_ns: u64,
        command: &Command,
    ) -> Result<Option<orison_core::Reason>, AppendError> {
        let Self { exchange, views, witness, writer, changes, .. } = self;
        let stamp = player::next_stamp(exchange, time_ns);
        let encoded = record::encode(command);
        let (kind, version) = (encoded.kind, encoded.version);
        writer.append(kind, version, stamp.sequence.0, time_ns, encoded.payload())?;
        let mut seen = Seen::default();
        player::advance((exchange, views, witness), stamp, command, |index, event| {
            seen.on_event(index, event);
            changes.on_event(stamp, event);
        });
        changes.on_command(stamp, command, &seen);
        Ok(seen.refused())
    }
}

/// What is configured and not so in the journal, one line each.
fn differences(
    exchange: &Exchange,
    genesis: &Genesis,
    instruments: &[InstrumentSpec],
) -> Vec<String> {
    let known = exchange.genesis().unwrap_or(genesis);
    let higher = known.limits().into_iter().zip(genesis.limits());
    let mut found: Vec<String> = higher
        .filter(|((_, journaled), (_, configured))| configured > journaled)
        .map(|((name, journaled), (_, configured))| {
            format!("limit {name} is {journaled}, configured is {configured}")
        })
        .collect();
    for spec in instruments {
        match exchange.instrument(&spec.symbol) {
            None => found.push(format!("instrument {} is not in the journal", spec.symbol)),
            Some(known) => {
                let none = Bounds::none(known.id);
                let bounds = exchange.bounds(known.id).unwrap_or(&none);
                differences_of(known, bounds, spec, &mut found);
            }
        }
    }
    found
}

fn differences_of(
    known: &Instrument,
    bounds: &Bounds,
    spec: &InstrumentSpec,
    found: &mut Vec<String>,
) {
    use InstrumentFields as F;
    let step = |step: Step| step.to_decimal().to_string();
    let price = |price: Price| known.price_decimal(price).to_string();
    let quantity = |quantity: Quantity| known.quantity_decimal(quantity).to_string();
    let (ours, theirs) = (spec, bounds);
    for (field, name, configured, journaled) in [
        (F::PRICE_STEP, "price_step", step(ours.price_step), step(known.price_step)),
        (F::QUANTITY_STEP, "quantity_step", step(ours.quantity_step), step(known.quantity_step)),
        (F::MAKER_FEE, "maker_fee_ppm", text(ours.maker_fee_ppm), text(known.maker_fee_ppm)),
        (F::TAKER_FEE, "taker_fee_ppm", text(ours.taker_fee_ppm), text(known.taker_fee_ppm)),
        (F::BAND_LOW, "band_low", price(ours.band_low), price(theirs.band_low)),
        (F::BAND_HIGH, "band_high", price(ours.band_high), price(theirs.band_high)),
        (
            F::REFERENCE_PRICE,
            "reference_price",
            price(ours.reference_price),
            price(theirs.reference_price),
        ),
        (
            F::EXECUTION_RANGE,
            "execution_range_ppm",
            text(ours.execution_range_ppm),
            text(theirs.execution_range_ppm),
        ),
        (
            F::INTERRUPTION,
            "interruption_ns",
            text(ours.interruption_ns),
            text(theirs.interruption_ns),
        ),
        (
            F::MAX_QUANTITY,
            "max_quantity",
            quantity(ours.max_quantity),
            quantity(theirs.max_quantity),
        ),
        // In the smallest units of the quote asset.
        (
            F::MIN_NOTIONAL,
            "min_notional",
            text(ours.min_notional),
            text(theirs.min_notional.units()),
        ),
    ] {
        if spec.fields.has(field) && configured != journaled {
            let symbol = known.symbol;
            found.push(format!("{symbol}: {name} is {journaled}, configured is {configured}"));
        }
    }
}

fn text(number: impl ToString) -> String {
    number.to_string()
}

/// Room for records in all segments: what there may be to read at most.
fn bytes_of(reader: &Reader) -> u64 {
    reader.headers().map(|header| header.segment_bytes).sum()
}

/// Calls the progress callback now and then.
struct Pace<F> {
    progress: F,
    started: Instant,
    told: Instant,
    records: u64,
    bytes: u64,
    bytes_total: u64,
}

impl<F: FnMut(Progress)> Pace<F> {
    fn new(bytes_total: u64, progress: F) -> Self {
        let now = Instant::now();
        Self { progress, started: now, told: now, records: 0, bytes: 0, bytes_total }
    }

    fn record(&mut self, record: &RecordView<'_>) {
        self.records += 1;
        self.bytes += record.bytes.len() as u64;
        if !self.records.is_multiple_of(PROGRESS_RECORDS) || self.told.elapsed() < PROGRESS_INTERVAL
        {
            return;
        }
        self.told = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64();
        let left = self.bytes_total.saturating_sub(self.bytes) as f64;
        (self.progress)(Progress {
            records: self.records,
            sequence: record.sequence,
            records_per_second: self.records as f64 / seconds,
            left: Duration::from_secs_f64(seconds * left / self.bytes as f64),
        });
    }
}
