//! A disk that fails: nothing is acknowledged after it, nothing acknowledged before it is lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use journal::{AppendError, Faults, OpenError, Operation, Options, Reader, Writer};

use crate::support::*;

/// Fails the `nth` operation (from 1) that `selects`, and every later one of its kind.
struct FailFrom {
    nth: u64,
    errno: i32,
    seen: AtomicU64,
    selects: Selects,
}

type Selects = fn(&Operation<'_>) -> bool;

impl Faults for FailFrom {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        if !(self.selects)(operation) {
            return Ok(());
        }
        match self.seen.fetch_add(1, Ordering::SeqCst) + 1 >= self.nth {
            true => Err(io::Error::from_raw_os_error(self.errno)),
            false => Ok(()),
        }
    }
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn failing(nth: u64, errno: i32, selects: Selects) -> Options {
    let mut options = options();
    options.seams.faults = Some(Arc::new(FailFrom { nth, errno, seen: 0.into(), selects }));
    options
}

fn is_sync_range(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::SyncRange { .. })
}

fn is_allocate(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::Allocate { .. })
}

fn is_rename(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::Rename { .. })
}

/// Appends until the journal says that it has failed; returns how many it took.
fn append_until_failure(directory: &Path, options: &Options) -> (u64, u64, String) {
    let (mut writer, opened, _) = open(directory, options).unwrap();
    let positions = writer.positions();
    let mut appended = opened.last_sequence;
    let message = loop {
        let command = command(appended + 1);
        match writer.append(command.kind, 1, appended + 1, command.time_ns, &command.payload) {
            Ok(()) => appended += 1,
            Err(AppendError::Failed(failure)) => break failure.message,
            Err(error) => panic!("{error}"),
        }
        if appended % 50 == 0 && positions.wait_durable(appended).is_err() {
            break positions.failed().unwrap().message.clone();
        }
    };
    assert!(positions.has_failed());
    let durable = positions.durable();
    drop(writer);
    assert_eq!(positions.durable(), durable, "nothing becomes durable after a failure");
    (appended, durable, message)
}

#[test]
fn the_first_failed_sync_rename_or_reservation_ends_the_journal_with_its_reason() {
    let cases: [(&str, u64, i32, Selects, &str); 5] = [
        ("first sync", 1, EIO, is_sync_range, "sync range"),
        ("fourth sync", 4, EIO, is_sync_range, "sync range"),
        ("second segment reserved", 2, ENOSPC, is_allocate, "allocate"),
        ("fifth segment reserved", 5, ENOSPC, is_allocate, "allocate"),
        ("third segment named", 3, EIO, is_rename, "rename"),
    ];
    for (case, nth, errno, selects, operation) in cases {
        let directory = tempfile::tempdir().unwrap();
        let options_failing = failing(nth, errno, selects);
        let (appended, durable, message) = append_until_failure(directory.path(), &options_failing);
        assert!(message.starts_with(operation), "{case}: {message}");
        let (_, _, found) = open(directory.path(), &options()).unwrap();
        assert!(found.len() as u64 >= durable, "{case}");
        assert_eq!(found, commands(appended), "{case}: the same boot still has every store");
    }
}

#[test]
fn a_disk_that_fails_while_opening_is_an_error_and_the_next_start_is_as_good() {
    let directory = tempfile::tempdir().unwrap();
    crashed(directory.path(), &options(), 700);
    for nth in 1..40 {
        let copied = tempfile::tempdir().unwrap();
        copy(directory.path(), copied.path());
        let failing = rebooted(&failing(nth, EIO, |_| true));
        match open(copied.path(), &failing) {
            Ok((writer, _, found)) => {
                assert_eq!(found, commands(700));
                drop(writer);
            }
            Err(OpenError::Storage(error)) => assert_eq!(error.source.raw_os_error(), Some(EIO)),
            Err(error) => panic!("operation {nth}: {error}"),
        }
        for _ in 0..2 {
            let (_, opened, found) = open(copied.path(), &rebooted(&options())).unwrap();
            assert_eq!((found, opened.cut), (commands(700), None), "operation {nth}");
        }
    }
}

/// Once armed, lets the syncer do some more operations and holds it before the next one.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    operations_left: Option<u64>,
    held: bool,
    released: bool,
}

impl Gate {
    fn arm(&self, operations: u64) {
        self.state.lock().unwrap().operations_left = Some(operations);
    }

    fn holds(&self) -> bool {
        self.state.lock().unwrap().held
    }

    fn release(&self) {
        self.state.lock().unwrap().released = true;
        self.changed.notify_all();
    }
}

impl Faults for Gate {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        if std::thread::current().name() != Some("journal-syncer") {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap();
        match &mut state.operations_left {
            None => return Ok(()),
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                return Ok(());
            }
        }
        state.held = true;
        while !state.released {
            state = self.changed.wait(state).unwrap();
        }
        Err(io::Error::other(format!("the process dies before {operation:?}")))
    }
}

/// A process that is killed while its syncer hangs in any one operation: what the writer has
/// stored meanwhile, also in a segment that has no name yet, is there after the restart.
#[test]
fn a_kill_at_any_step_of_rolling_loses_nothing_that_was_journaled() {
    let mut found_unnamed = 0;
    for operations in 0..16 {
        let directory = tempfile::tempdir().unwrap();
        let gate = Arc::new(Gate::default());
        let mut gated = options();
        gated.seams.faults = Some(Arc::clone(&gate) as Arc<dyn Faults>);
        let (mut writer, _, _) = open(directory.path(), &gated).unwrap();
        let positions = writer.positions();
        let mut count = 0;
        let mut append_next = |writer: &mut Writer| {
            count += 1;
            append(writer, &command(count));
            count
        };
        // Almost one segment, then over its end with the syncer about to hang.
        while append_next(&mut writer) < 110 {}
        positions.wait_durable(110).unwrap();
        gate.arm(operations);
        while append_next(&mut writer) < 160 {}
        while !gate.holds() {
            let last = append_next(&mut writer);
            while positions.durable() < last && !gate.holds() {
                std::thread::yield_now();
            }
        }
        let killed = tempfile::tempdir().unwrap();
        copy(directory.path(), killed.path());
        gate.release();
        drop(writer);
        found_unnamed += u64::from(segments(killed.path()).len() == 1);

        let reader = Reader::open_in_boot(killed.path(), BOOT).unwrap();
        let report = journal::verify_reader(&reader, |_| {}).unwrap();
        assert_eq!((report.commands, report.torn), (count, None), "{operations} before");
        for _ in 0..2 {
            let (_, opened, found) = open(killed.path(), &options()).unwrap();
            assert_eq!((found, opened.cut), (commands(count), None), "{operations} before");
        }
        closed(killed.path(), &options(), count + 100);
        let report = journal::verify(killed.path(), |_| {}).unwrap();
        assert_eq!((report.commands, report.closed_cleanly), (count + 100, true));
    }
    assert!(found_unnamed > 3, "the writer was ahead of the names {found_unnamed} times");
}

/// A machine that dies while a segment is sealed and the next one gets its link leaves any sectors
/// of the two writes. What was synced behind them is there, whatever half of them is.
#[test]
fn half_a_seal_and_half_a_header_cost_nothing_that_lies_behind_them() {
    let (mut seals, mut headers) = (0, 0);
    let small = Options { segment_bytes: 8192, ..options() };
    for shift in 0..WIDE / 32 {
        let wide: Vec<Command> = (1..=12).map(|sequence| wide(sequence, shift * 32)).collect();
        let before = left_unsealed(&small, &wide);
        let after = tempfile::tempdir().unwrap();
        copy(before.path(), after.path());
        drop(open(after.path(), &small).unwrap());
        let [first, next] = <[PathBuf; 2]>::try_from(segments(after.path())).unwrap();
        for (name, changed, halves) in [
            (first.file_name().unwrap().to_str().unwrap(), &first, &mut seals),
            ("0000000002.next", &next, &mut headers),
        ] {
            let was = std::fs::read(before.path().join(name)).unwrap();
            for mixed in mixtures(&was, &std::fs::read(changed).unwrap()) {
                *halves += 1;
                let torn = tempfile::tempdir().unwrap();
                copy(before.path(), torn.path());
                std::fs::write(torn.path().join(name), &mixed).unwrap();
                for case in [&rebooted(&small), &small] {
                    let (_, opened, found) = open(torn.path(), case).unwrap();
                    assert_eq!((&found, opened.cut), (&wide, None), "{name} {shift}");
                }
            }
        }
    }
    assert_eq!(headers, 2 * WIDE / 32, "two halves of a header each");
    assert!(seals >= 4, "{seals} halves of a seal");
}

const WIDE: usize = 480;

/// A segment of two pages holds eight of these; the first one moves the others.
fn wide(sequence: u64, shift: usize) -> Command {
    let bytes = if sequence == 1 { shift } else { WIDE - 40 };
    Command { payload: vec![sequence as u8; bytes], ..command(sequence) }
}

/// A journal whose writer has gone on in a segment without a name, the one before not yet sealed.
fn left_unsealed(options: &Options, commands: &[Command]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let mut gated = options.clone();
    gated.seams.faults = Some(Arc::clone(&gate) as Arc<dyn Faults>);
    let (mut writer, _, _) = open(directory.path(), &gated).unwrap();
    let (first, others) = commands.split_at(4);
    first.iter().for_each(|command| append(&mut writer, command));
    writer.positions().wait_durable(4).unwrap();
    gate.arm(0);
    others.iter().for_each(|command| append(&mut writer, command));
    while !gate.holds() {
        std::thread::yield_now();
    }
    let left = tempfile::tempdir().unwrap();
    copy(directory.path(), left.path());
    gate.release();
    left
}

/// What lies between two versions of a file: some of the sectors that differ are those of the new.
fn mixtures(was: &[u8], is: &[u8]) -> Vec<Vec<u8>> {
    let sector = |at: usize| at * 512..(at + 1) * 512;
    let differ = |&at: &usize| was[sector(at)] != is[sector(at)];
    let changed: Vec<usize> = (0..was.len() / 512).filter(differ).collect();
    let masks = 1..(1_u32 << changed.len()) - 1;
    masks
        .map(|mask| {
            let mut mixed = was.to_vec();
            for (bit, &at) in changed.iter().enumerate() {
                if mask >> bit & 1 == 1 {
                    mixed[sector(at)].copy_from_slice(&is[sector(at)]);
                }
            }
            mixed
        })
        .collect()
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, b"not a directory").unwrap();
    assert!(matches!(open(&file.join("journal"), &options()), Err(OpenError::Read(_))));
}

struct PanicOnSync;

impl Faults for PanicOnSync {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        assert!(!is_sync_range(operation), "the syncer has a bug");
        Ok(())
    }
}

#[test]
fn a_panic_in_a_thread_of_the_journal_is_its_failure_and_the_notice_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let noticed = Arc::new(AtomicU64::new(0));
    let mut options = options();
    options.seams.faults = Some(Arc::new(PanicOnSync));
    let counter = Arc::clone(&noticed);
    options.notify = Some(Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let (mut writer, _, _) = open(directory.path(), &options).unwrap();
    append(&mut writer, &command(1));
    let failure = writer.positions().wait_durable(1).unwrap_err();
    assert_eq!(failure.message, "journal-syncer panicked: the syncer has a bug");
    assert!(matches!(writer.append(1, 1, 2, 0, &[]), Err(AppendError::Failed(_))));
    assert!(writer.close([0; 32], [0; 32]).is_err());
    assert_eq!(noticed.load(Ordering::SeqCst), 1);
    assert_eq!(open(directory.path(), &self::options()).unwrap().2, commands(1));
}

/// A disk whose room is what the test says.
struct Room(AtomicU64);

impl Faults for Room {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        match operation {
            Operation::Allocate { bytes, .. } if *bytes > self.0.load(Ordering::SeqCst) => {
                Err(io::Error::from_raw_os_error(ENOSPC))
            }
            _ => Ok(()),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_disk_that_is_nearly_full_is_told_while_there_is_room_and_that_it_has_room_again() {
    let directory = tempfile::tempdir().unwrap();
    let room = Arc::new(Room(AtomicU64::new(u64::MAX)));
    let mut options = options();
    options.seams.faults = Some(Arc::clone(&room) as Arc<dyn Faults>);
    let (mut writer, _, _) = open(directory.path(), &options).unwrap();
    append(&mut writer, &command(1));
    drop(writer);

    room.0.store(0, Ordering::SeqCst);
    let (mut writer, _, found) = open(directory.path(), &options).unwrap();
    assert_eq!(found, commands(1), "a full disk does not refuse the start");
    let positions = writer.positions();
    let wait_until = |nearly_full: bool| {
        while positions.is_nearly_full() != nearly_full {
            std::thread::yield_now();
        }
    };
    wait_until(true);
    append(&mut writer, &command(2));
    assert_eq!(positions.wait_durable(2), Ok(()), "what makes the book smaller goes on");

    room.0.store(u64::MAX, Ordering::SeqCst);
    wait_until(false);
    for sequence in 3..=500 {
        append(&mut writer, &command(sequence));
    }
    assert_eq!(positions.wait_durable(500), Ok(()));
    assert!(segments(directory.path()).len() > 2);

    room.0.store(0, Ordering::SeqCst);
    let mut last = 500;
    let failure = loop {
        last += 1;
        let next = command(last);
        if let Err(error) = writer.append(next.kind, 1, last, next.time_ns, &next.payload) {
            break error.to_string();
        }
    };
    assert!(failure.contains("allocate"), "only when no room is left at all: {failure}");
}
