//! A snapshot in a file: it comes back as it was, and nothing else does.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::projection::ViewLimits;
use engine::snapshot::Gaps;
use engine::witness::state_digest;
use journal::{Faults, Operation, Storage};
use orison_core::command::{AccountRef, Genesis, InstrumentFields, InstrumentSpec, Order};
use orison_core::text::Text;
use orison_core::{Command, InstrumentId, Price, Quantity, Sequence, Side, Stamp};

use super::frame::{HEAD_BYTES, Head, Kind};
use super::*;
use crate::playback::Bookmark;
use crate::player::Depth;

const IDENTITY: [u8; 16] = [7; 16];
const LIMITS: Genesis = Genesis { orders_max: 64, closed_ids_max: 64, ..Genesis::DEFAULT };

/// Two accounts that trade with each other now and then.
fn a_state(commands: u64) -> Whole {
    let mut player = Player::new(IDENTITY, ViewLimits::DEFAULT);
    let spec = InstrumentSpec {
        symbol: Text::new("X").unwrap(),
        base: Text::new("B").unwrap(),
        quote: Text::new("Q").unwrap(),
        fields: InstrumentFields::BASE.with(InstrumentFields::QUOTE),
        ..InstrumentSpec::EMPTY
    };
    let order = |number: u64| {
        let (name, side) =
            if number.is_multiple_of(2) { ("ann", Side::Buy) } else { ("bob", Side::Sell) };
        let price = Price(100 + (number * 7 % 11) as i64);
        let account = AccountRef::Name(Text::new(name).unwrap());
        Command::Place(Order::limit(
            account,
            InstrumentId(1),
            side,
            price,
            Quantity(number % 5 + 1),
        ))
    };
    let beginning = [Command::Genesis(LIMITS), Command::Instrument(spec)];
    for (sequence, command) in (1..=commands).zip(beginning.into_iter().chain((0..).map(order))) {
        let stamp = Stamp { sequence: Sequence(sequence), time_ns: sequence * 1_000 };
        player.apply(stamp, &command, |_, _| {});
    }
    let playback = Playback::resume(player, Bookmark::default());
    Whole { playback, changes: Changes::default() }
}

fn written(directory: &Path, whole: &Whole) -> PathBuf {
    let mut pace = || ControlFlow::Continue(());
    write(&Storage::default(), directory, IDENTITY, whole, &mut pace).unwrap().unwrap()
}

fn wanted() -> Wanted {
    let limits = Some(ViewLimits::DEFAULT);
    let (gaps, depth) = (Gaps::Refused, Depth::Digests);
    Wanted { identity: IDENTITY, limits, gaps, voids: Vec::new(), depth }
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let whole = a_state(40);
    let path = written(folder.path(), &whole);
    assert_eq!(path, path_of(folder.path(), 40));
    assert_eq!(list(folder.path()).unwrap(), [Found { sequence: 40, path: path.clone() }]);
    let loaded = load(&path, &wanted()).unwrap();
    assert_eq!((loaded.header.sequence, loaded.header.time_ns), (40, 40_000));
    assert_eq!(header(&path).unwrap(), loaded.header);
    let (before, after) = (whole.player(), loaded.whole.player());
    assert_eq!(state_digest(&after.exchange), state_digest(&before.exchange));
    assert_eq!(after.witness.digests(), before.witness.digests());
    let again = tempfile::tempdir().unwrap();
    let again = written(again.path(), &loaded.whole);
    assert!(fs::read(again).unwrap() == fs::read(&path).unwrap(), "byte for byte");
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &a_state(12));
    let bytes = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    for (offset, &byte) in (0..).zip(&bytes) {
        let flipped = byte ^ 1 << (offset % 8);
        file.write_all_at(&[flipped], offset).unwrap();
        let found = check(&path);
        assert!(
            matches!(found, Err(SnapshotError::Damaged { .. } | SnapshotError::Format { .. })),
            "byte {offset}: {found:?}"
        );
        if offset % 997 == 0 {
            assert!(load(&path, &wanted()).is_err(), "byte {offset}");
        }
        file.write_all_at(&[byte], offset).unwrap();
    }
    check(&path).unwrap();
    file.write_all_at(&[0], bytes.len() as u64).unwrap();
    assert!(check(&path).is_err(), "one byte more");
    for length in (0..bytes.len() as u64).rev() {
        file.set_len(length).unwrap();
        let found = check(&path);
        assert!(matches!(found, Err(SnapshotError::Damaged { .. })), "{length} bytes: {found:?}");
    }
    println!("{0} flips and {0} cuts of a snapshot", bytes.len());
}

/// What is not read may be damaged; what is read is what was written, or the file is refused.
#[test]
fn a_part_of_a_damaged_snapshot_is_what_was_written_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = a_state(40);
    let path = written(folder.path(), &whole);
    let state = state_digest(&whole.player().exchange);
    let bytes = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let length = bytes.len() as u64;
    for depth in [Depth::Core, Depth::Market, Depth::Views] {
        let wanted = Wanted { depth, ..wanted() };
        let same = |loaded: &Loaded| {
            let (before, after) = (whole.player(), loaded.whole.player());
            let day = |player: &Player| player.views.statistics.day(InstrumentId(1));
            assert_eq!(state_digest(&after.exchange), state);
            assert!(depth == Depth::Core || day(after) == day(before));
        };
        same(&load(&path, &wanted).unwrap());
        let (mut harmless, mut refused) = (0, 0);
        // All of both ends, where the heads are close together, and some of what lies between.
        let ends = |at: &u64| *at < 500 || *at + 500 > length || at.is_multiple_of(499);
        for at in (0..length).filter(ends) {
            let byte = bytes[at as usize];
            file.write_all_at(&[byte ^ 1 << (at % 8)], at).unwrap();
            match load(&path, &wanted) {
                Ok(loaded) => {
                    same(&loaded);
                    harmless += 1;
                }
                Err(_) => refused += 1,
            }
            file.write_all_at(&[byte], at).unwrap();
        }
        assert!(harmless > 0, "{depth:?}: something is not read");
        assert!(refused > 100, "{depth:?}: {refused} refused, {harmless} harmless");
    }
}

/// Kind, section and content of each block before the hashes.
fn blocks(bytes: &[u8]) -> Vec<(Kind, String, std::ops::Range<usize>)> {
    let (mut found, mut at, mut section) = (Vec::new(), 0, String::new());
    loop {
        let head = &bytes[at..at + HEAD_BYTES];
        let head = frame::read::<Head, _>(head, |head| Head::from(head)).unwrap();
        let content = at + HEAD_BYTES..at + HEAD_BYTES + head.length as usize;
        at = content.end;
        let kind = Kind::from_number(head.kind).unwrap();
        match kind {
            Kind::Header | Kind::Content => {}
            Kind::Section => {
                let name = &bytes[content.clone()][..frame::NAME_BYTES];
                section = String::from_utf8(name.to_vec()).unwrap();
                section.truncate(section.trim_end_matches('\0').len());
            }
            Kind::Hashes | Kind::Footer => return found,
        }
        found.push((kind, section.clone(), content));
    }
}

/// Its checksum says that nothing happened to it, the hashes know better.
#[test]
fn a_block_that_was_changed_with_its_checksum_is_refused_by_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &a_state(40));
    let bytes = fs::read(&path).unwrap();
    for (number, (kind, section, content)) in (0..).zip(blocks(&bytes)) {
        let mut changed = bytes.clone();
        changed[(content.start + content.end) / 2] ^= 1;
        let head = frame::bytes(&Head::of(kind, number, &changed[content.clone()]));
        changed[content.start - HEAD_BYTES..content.start].copy_from_slice(&head);
        fs::write(&path, changed).unwrap();
        let name = format!("{kind:?} {number} of {section}");
        assert!(check(&path).is_err(), "{name}");
        for depth in [Depth::Core, Depth::Market, Depth::Views, Depth::Digests] {
            let is_read = kind != Kind::Content || depth.needs()(&section);
            let loaded = load(&path, &Wanted { depth, ..wanted() });
            assert_eq!(loaded.is_err(), is_read, "{name}, {depth:?}");
        }
    }
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &a_state(20));
    let error = |wanted: &Wanted| load(&path, wanted).err().map(|error| error.to_string());
    let told = |what: &str| Some(format!("{}: {what}", path.display()));
    let other = ViewLimits { trades_max: 1, ..ViewLimits::DEFAULT };
    for (wanted, expected) in [
        (wanted(), None),
        (Wanted { identity: [8; 16], ..wanted() }, told("belongs to another journal")),
        (Wanted { limits: Some(other), ..wanted() }, told("views were kept with other limits")),
        (Wanted { limits: None, ..wanted() }, None),
        (
            Wanted { voids: vec![5, 21], ..wanted() },
            told("counts command 5, which has been quarantined since"),
        ),
        (Wanted { voids: vec![21], ..wanted() }, None),
    ] {
        assert_eq!(error(&wanted), expected, "{wanted:?}");
    }
}

/// Fails the operation with that number, and counts all.
#[derive(Default)]
struct Nth {
    fails_at: Option<usize>,
    seen: AtomicUsize,
}

impl Faults for Nth {
    fn before(&self, _: &Operation<'_>) -> std::io::Result<()> {
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        match self.fails_at == Some(number) {
            true => Err(std::io::Error::from_raw_os_error(5)),
            false => Ok(()),
        }
    }
}

#[test]
fn whatever_fails_on_the_way_leaves_no_file_of_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let whole = a_state(12);
    let run = |fails_at| {
        let faults = Arc::new(Nth { fails_at, seen: AtomicUsize::new(0) });
        let storage = Storage::new(Some(faults.clone()));
        let mut pace = || ControlFlow::Continue(());
        let result = write(&storage, folder.path(), IDENTITY, &whole, &mut pace);
        (result, faults.seen.load(Ordering::Relaxed))
    };
    let (_, operations) = run(None);
    assert!(operations > 20, "a block each, and what makes it last");
    fs::remove_file(path_of(folder.path(), 12)).unwrap();
    for number in 0..operations {
        let (result, _) = run(Some(number));
        assert!(matches!(result, Err(SnapshotError::Storage(_))), "operation {number}");
        // The last one is the sync of the directory: the name is there, and its file is whole.
        let is_last = number + 1 == operations;
        assert_eq!(list(folder.path()).unwrap().len(), usize::from(is_last), "{number}");
    }
    check(&path_of(folder.path(), 12)).unwrap();
}

#[test]
fn a_snapshot_that_is_broken_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut blocks = 0;
    let mut pace = || {
        blocks += 1;
        if blocks == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let written = write(&Storage::default(), folder.path(), IDENTITY, &a_state(12), &mut pace);
    assert!(matches!(written, Ok(None)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
