//! Journals with snapshots: recovery from the newest that is in order, retention, archives, the
//! follower. In a process of its own, as the tests of recovery are.
#![allow(clippy::unwrap_used, reason = "all of this is test code")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use engine::projection::ViewLimits;
use engine::record;
use engine::witness::state_digest;
use journal::{CHECKPOINT_COMMANDS, Checkpoint, Journal, Storage, Writer};
use orison_core::command::{AccountRef, Genesis, InstrumentFields, InstrumentSpec, Order};
use orison_core::text::Text;
use orison_core::{AccountName, Command, InstrumentId, Price, Quantity, Side, Symbol};
use replay::ask::{self, Question};
use replay::follower::{self, Follower};
use replay::past::{Past, Until};
use replay::player::Depth;
use replay::recovery::Beginning;
use replay::retention::{self, ArchiveError, End, Keep, RetentionError};
use replay::verify::SMALL_VIEWS;
use replay::{RecoverError, Recovered, recover, snapshot};

const LIMITS: Genesis = Genesis { orders_max: 256, closed_ids_max: 256, ..Genesis::DEFAULT };

fn options() -> journal::Options {
    journal::Options { segment_bytes: 1 << 16, ..journal::Options::default() }
}

/// More than two intervals of checkpoints: what the last one needs is never pruned.
const MANY: u64 = 2 * CHECKPOINT_COMMANDS + 5_000;

/// Orders of two accounts that rest and trade; later only now and then.
fn command(sequence: u64) -> Command {
    match sequence {
        1_000.. if !sequence.is_multiple_of(64) => Command::Clock,
        1 => Command::Genesis(LIMITS),
        2 => Command::Instrument(InstrumentSpec {
            symbol: Text::new("X").unwrap(),
            base: Text::new("B").unwrap(),
            quote: Text::new("Q").unwrap(),
            fields: InstrumentFields::BASE.with(InstrumentFields::QUOTE),
            ..InstrumentSpec::EMPTY
        }),
        _ => {
            let is_buy = (sequence * sequence / 3).is_multiple_of(2);
            let (name, side) = if is_buy { ("ann", Side::Buy) } else { ("bob", Side::Sell) };
            let price = Price(100 + (sequence * 7 % 11) as i64);
            let account = AccountRef::Name(Text::new(name).unwrap());
            let quantity = Quantity(sequence % 5 + 1);
            Command::Place(Order::limit(account, InstrumentId(1), side, price, quantity))
        }
    }
}

fn append(writer: &mut Writer, sequence: u64, command: &Command) {
    append_at(writer, sequence, sequence * 1_000, command);
}

fn append_at(writer: &mut Writer, sequence: u64, time_ns: u64, command: &Command) {
    let encoded = record::encode(command);
    writer.append(encoded.kind, encoded.version, sequence, time_ns, encoded.payload()).unwrap();
}

/// Commands after those that are there, up to `last`.
fn fill(directory: &Path, last: u64) {
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (mut writer, opened) = Journal::open(directory, &options(), visit).unwrap();
    (opened.last_sequence + 1..=last).for_each(|n| append(&mut writer, n, &command(n)));
}

fn take(directory: &Path, at: u64) -> PathBuf {
    snapshot::take(&Storage::default(), directory, ViewLimits::DEFAULT, Some(at), |_| {}).unwrap()
}

fn start(directory: &Path) -> Result<Recovered, RecoverError> {
    recover(directory, &options(), ViewLimits::DEFAULT, |_| {})
}

fn flip(path: &Path) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let at = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
}

fn begun(recovered: &Recovered) -> (u64, u64) {
    (recovered.beginning.sequence(), recovered.commands)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Where a journal is begun with, what is said of its other snapshots, and the last command that
/// a question about its end is answered with.
fn begins(directory: &Path) -> (u64, Vec<String>, u64) {
    let mut past = Past::near(directory, SMALL_VIEWS, Until::End, Depth::Digests).unwrap();
    past.play(Until::End, |_| {}).unwrap();
    let last = past.player().at().sequence.0;
    let recovered = start(directory).unwrap();
    (recovered.beginning.sequence(), recovered.passed_over, last)
}

#[test]
fn a_snapshot_of_a_copy_that_went_its_own_way_is_passed_over() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(one.path(), 400);
    take(one.path(), 300);
    copy(one.path(), other.path());
    fill(one.path(), 900);
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (mut writer, _) = Journal::open(other.path(), &options(), visit).unwrap();
    (401..=900).for_each(|n| append_at(&mut writer, n, n * 1_000 + 1, &command(n)));
    drop(writer);
    let foreign = take(one.path(), 700);
    fs::copy(&foreign, other.path().join(foreign.file_name().unwrap())).unwrap();
    assert_eq!(begins(one.path()), (700, vec![], 900));
    let (sequence, passed_over, last) = begins(other.path());
    assert_eq!((sequence, last), (300, 900));
    assert!(passed_over[0].contains("sequence 700 was another command"), "{passed_over:?}");
    let keep = Keep { snapshots: 2, from: None };
    let error = retention::plan(other.path(), keep).unwrap_err().to_string();
    assert_eq!(error, "1 valid snapshots, 2 are needed before anything is removed");
}

#[test]
fn a_snapshot_under_another_name_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 900);
    let [first, second] = [200, 400].map(|at| take(folder.path(), at));
    for (file, named) in [(&first, 300), (&second, 100), (&first, 800), (&second, 850)] {
        fs::copy(file, snapshot::path_of(folder.path(), named)).unwrap();
    }
    let (sequence, passed_over, last) = begins(folder.path());
    assert_eq!((sequence, passed_over.len(), last), (400, 4, 900));
    assert!(passed_over[0].contains("holds sequence 400, which is not"), "{passed_over:?}");
    let plan = retention::plan(folder.path(), Keep { snapshots: 2, from: None }).unwrap();
    let kept: Vec<_> = plan.kept.iter().map(|found| found.sequence).collect();
    assert_eq!((kept, plan.passed_over.len()), (vec![200, 400], 4));
}

#[test]
fn a_snapshot_beyond_the_journal_answers_nothing_and_a_start_says_what_is_missing() {
    let [whole, short] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(whole.path(), 600);
    copy(whole.path(), short.path());
    fill(whole.path(), 900);
    let newer = take(whole.path(), 800);
    fs::copy(&newer, short.path().join(newer.file_name().unwrap())).unwrap();
    let mut past = Past::near(short.path(), SMALL_VIEWS, Until::End, Depth::Core).unwrap();
    past.play(Until::End, |_| {}).unwrap();
    assert_eq!(past.player().at().sequence.0, 600);
    let error = start(short.path()).err().unwrap().to_string();
    assert!(error.contains("up to sequence 800, the journal ends with 600"), "{error}");
}

#[test]
fn recovery_begins_at_the_newest_snapshot_that_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 900);
    let whole = start(folder.path()).unwrap();
    assert_eq!((&whole.beginning, whole.commands), (&Beginning::Genesis, 900));
    let (state, digests) = (state_digest(&whole.exchange), whole.witness.digests());
    drop(whole);
    let (older, newer) = (take(folder.path(), 300), take(folder.path(), 700));
    let cases: [(&[&Path], u64); 3] = [(&[], 700), (&[&newer], 300), (&[&older], 0)];
    for (damaged, sequence) in cases {
        damaged.iter().for_each(|path| flip(path));
        // The second start is as good as the first.
        for _ in 0..2 {
            let recovered = start(folder.path()).unwrap();
            assert_eq!(begun(&recovered), (sequence, 900 - sequence));
            assert_eq!(state_digest(&recovered.exchange), state);
            assert_eq!(recovered.witness.digests(), digests);
            assert_eq!(recovered.views.at(), recovered.exchange.applied());
            let passed_over = [700, 300].into_iter().filter(|&at| at > sequence).count();
            assert_eq!(recovered.passed_over.len(), passed_over, "{:?}", recovered.passed_over);
            assert_eq!(recovered.found().len(), passed_over + usize::from(sequence > 0));
        }
    }
}

/// Commands of a journal with a given identity; `shift` makes it another history at the same times.
fn history(directory: &Path, last: u64, shift: u64) {
    let mut options = options();
    options.seams.identity = Some([7; 16]);
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let (mut writer, _) = Journal::open(directory, &options, visit).unwrap();
    for n in 1..=last {
        append_at(&mut writer, n, n * 1_000, &command(if n < 3 { n } else { n + shift }));
    }
}

#[test]
fn a_snapshot_that_loads_and_leads_elsewhere_is_passed_over_for_the_one_before() {
    let [ours, theirs] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    history(ours.path(), 900, 0);
    history(theirs.path(), 300, 1);
    let whole = start(ours.path()).unwrap();
    let state = state_digest(&whole.exchange);
    whole.writer.close(state, whole.witness.digests().events).unwrap();
    let foreign = take(theirs.path(), 300);
    let copy = snapshot::path_of(ours.path(), 300);
    fs::copy(&foreign, &copy).unwrap();
    let older = take(ours.path(), 200);
    let told = format!(
        "{}: the visitor refused sequence 900: between sequences 1 and 900: event \
                        digest replayed",
        copy.display()
    );
    for sequence in [200, 0] {
        for _ in 0..2 {
            let recovered = start(ours.path()).unwrap();
            assert_eq!(begun(&recovered), (sequence, 900 - sequence));
            assert_eq!(state_digest(&recovered.exchange), state);
            let [why] = &recovered.passed_over[..] else { panic!("{:?}", recovered.passed_over) };
            assert!(why.starts_with(&told), "{why}");
        }
        if sequence > 0 {
            fs::remove_file(&older).unwrap();
        }
    }
}

#[test]
fn a_snapshot_at_the_very_end_leaves_nothing_to_replay() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 50);
    let path = take(folder.path(), 50);
    assert_eq!(begun(&start(folder.path()).unwrap()), (50, 0));
    flip(&path);
    assert_eq!(begun(&start(folder.path()).unwrap()), (0, 50));
}

#[test]
fn a_snapshot_beyond_the_end_of_the_journal_stops_the_start() {
    let (long, short) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(long.path(), 20);
    for entry in fs::read_dir(long.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), short.path().join(entry.file_name())).unwrap();
    }
    fill(long.path(), 60);
    let path = take(long.path(), 60);
    let copy = short.path().join(path.file_name().unwrap());
    fs::copy(&path, &copy).unwrap();
    let error = start(short.path()).err().unwrap();
    assert!(error.is_finding());
    let told = format!(
        "{}: holds commands up to sequence 60, the journal ends with 20: commands are missing",
        copy.display()
    );
    assert_eq!(error.to_string(), told);
}

#[test]
fn a_command_that_is_quarantined_later_takes_its_snapshots_with_it() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 60);
    take(folder.path(), 20);
    take(folder.path(), 50);
    journal::quarantine(folder.path(), 30).unwrap();
    let recovered = start(folder.path()).unwrap();
    assert_eq!(begun(&recovered), (20, 40));
    assert!(
        recovered.passed_over[0].ends_with("counts command 30, which has been quarantined since")
    );
}

#[test]
fn the_past_is_played_from_the_nearest_snapshot_and_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 500);
    let digest = |past: &Past| {
        let player = past.player();
        (state_digest(&player.exchange), player.witness.digests())
    };
    let played = |mut past: Past, until| {
        past.play(until, |_| {}).unwrap();
        past
    };
    take(folder.path(), 100);
    take(folder.path(), 400);
    for (until, begun_after) in [
        (Until::Sequence(99), 0),
        (Until::Sequence(100), 100),
        (Until::Sequence(399), 100),
        (Until::Time(400_000), 400),
        (Until::Time(399_999), 100),
        (Until::End, 400),
    ] {
        let near =
            played(Past::near(folder.path(), SMALL_VIEWS, until, Depth::Digests).unwrap(), until);
        assert_eq!(near.begun_after(), begun_after, "{until:?}");
        let whole = played(Past::open(folder.path(), SMALL_VIEWS).unwrap(), until);
        assert_eq!(digest(&near), digest(&whole), "{until:?}");
    }
}

/// From a snapshot only what a question needs is loaded and moved on.
#[test]
fn a_question_is_answered_as_by_a_replay_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 950);
    for at in [100, 400, 900] {
        take(folder.path(), at);
    }
    let symbol = Symbol::new("X").unwrap();
    let ann = AccountName::new("ann").unwrap();
    let questions = [
        Question::Book(symbol),
        Question::Statistics(None),
        Question::Statistics(Some(symbol)),
        Question::Balances(None),
        Question::Balances(Some(ann)),
        Question::Account(ann),
    ];
    for at in [90, 100, 399, 400, 777, 900, 950] {
        let until = Until::Sequence(at);
        let mut whole = Past::open(folder.path(), SMALL_VIEWS).unwrap();
        whole.play(until, |_| {}).unwrap();
        for question in questions {
            let past = ask::at(folder.path(), until, question.depth(), |_| {}).unwrap();
            assert_eq!(
                past.begun_after(),
                [0, 100, 400, 900].into_iter().rfind(|&s| s <= at).unwrap()
            );
            let answer = |past: &Past| {
                let mut out = Vec::new();
                ask::answer(past.player(), &question, &mut out).unwrap();
                String::from_utf8(out).unwrap()
            };
            assert_eq!(answer(&past), answer(&whole), "{question:?} at {at}");
        }
    }
}

#[test]
fn pruning_keeps_what_the_older_of_two_snapshots_needs_and_archives_bring_the_rest_back() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = folder.path();
    fill(directory, MANY);
    let before = replay::verify::verify(directory, |_| {}).unwrap();
    let keep = Keep { snapshots: 2, from: None };
    let refused = |keep| retention::plan(directory, keep).err();
    assert!(matches!(refused(keep), Some(RetentionError::NotEnough { valid: 0, needed: 2 })));
    let oldest = take(directory, 70_000);
    take(directory, 100_000);
    let newest = take(directory, MANY - 500);
    let too_few = Keep { snapshots: 1, from: None };
    assert!(matches!(refused(too_few), Some(RetentionError::TooFew { asked: 1 })));
    flip(&newest);
    let plan = retention::plan(directory, keep).unwrap();
    assert_eq!(
        (plan.needed_from, plan.passed_over.len()),
        (70_001, 1),
        "a damaged one does not count"
    );
    flip(&newest);
    for (from, needed_from, kept) in [(80_000, 70_001, 3), (100_001, 100_001, 2), (9, 9, 3)] {
        let plan = retention::plan(directory, Keep { from: Some(from), ..keep }).unwrap();
        let why = "what stays can be looked at from a snapshot before it";
        assert_eq!((plan.needed_from, plan.kept.len()), (needed_from, kept), "{from}: {why}");
    }
    let plan = retention::plan(directory, keep).unwrap();
    assert_eq!((plan.needed_from, &plan.snapshots), (100_001, &vec![oldest.clone()]));
    assert!(plan.segments.len() > 1 && oldest.exists(), "nothing is touched by a plan");
    assert!(plan.stay.iter().all(|path| path > plan.segments.last().unwrap()), "{plan:?}");
    let all = journal::Files::of(directory).unwrap().segments.len();
    assert_eq!(plan.stay.len() + plan.segments.len(), all);

    let archived = retention::archive(&Storage::default(), directory, away.path()).unwrap();
    assert!(archived.len() > plan.segments.len());
    assert!(
        retention::archive(&Storage::default(), directory, away.path()).unwrap().is_empty(),
        "all is there"
    );
    retention::prune(&Storage::default(), directory, &plan).unwrap();
    assert!(!oldest.exists() && plan.segments.iter().all(|path| !path.exists()));
    let pruned = replay::verify::verify(directory, |_| {}).unwrap();
    assert_eq!(pruned.begun_after, 100_000);
    assert_eq!((pruned.state, pruned.events), (before.state, before.events));
    assert_eq!(begun(&start(directory).unwrap()), (MANY - 500, 500));

    let restored = retention::restore(&Storage::default(), directory, away.path()).unwrap();
    assert_eq!(restored.copied.len(), plan.segments.len());
    let again = replay::verify::verify(directory, |_| {}).unwrap();
    assert_eq!((again.begun_after, again.state), (0, before.state));
}

#[test]
fn a_damaged_archive_is_not_restored_and_without_snapshots_a_pruned_journal_does_not_start() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = folder.path();
    fill(directory, MANY);
    let snapshots = [take(directory, 90_000), take(directory, 110_000)];
    retention::archive(&Storage::default(), directory, away.path()).unwrap();
    let plan = retention::plan(directory, Keep { snapshots: 2, from: None }).unwrap();
    retention::prune(&Storage::default(), directory, &plan).unwrap();
    flip(&away.path().join(plan.segments[0].file_name().unwrap()));
    assert!(retention::restore(&Storage::default(), directory, away.path()).is_err());
    assert!(plan.segments.iter().all(|path| !path.exists()), "what was copied is gone again");
    snapshots.iter().for_each(|path| flip(path));
    let error = start(directory).err().unwrap().to_string();
    assert!(error.contains("no snapshot is in order"), "{error}");
    for path in &snapshots {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(&format!("{name}: block ")), "{error}");
    }
    let verified = replay::verify::verify(directory, |_| {}).err().unwrap();
    assert!(verified.is_finding());
    let near = Past::near(directory, SMALL_VIEWS, Until::End, Depth::Digests).err().unwrap();
    for told in [verified.to_string(), near.to_string()] {
        let bad = snapshots.iter().all(|path| told.contains(path.to_str().unwrap()));
        assert!(bad && told.contains("orison-replay restore DIRECTORY ARCHIVE"), "{told}");
    }
}

type Tree = Vec<(PathBuf, blake3::Hash)>;

/// Every file and what is in it.
fn tree(directory: &Path) -> Tree {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut tree: Tree =
        entries.map(|path| (path.clone(), blake3::hash(&fs::read(path).unwrap()))).collect();
    tree.sort_by(|left, right| left.0.cmp(&right.0));
    tree
}

#[test]
fn a_restore_fills_holes_and_replaces_what_is_damaged_wherever_they_are() {
    type Harm = fn(&[PathBuf]);
    let (lost, cut): (Harm, Harm) = (
        |of| of.iter().for_each(|path| fs::remove_file(path).unwrap()),
        |of| of.iter().for_each(|path| File::create(path).map(drop).unwrap()),
    );
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = folder.path();
    fill(directory, MANY);
    let storage = Storage::default();
    retention::archive(&storage, directory, away.path()).unwrap();
    let before = tree(directory);
    let segments: Vec<_> = journal::Files::of(directory).unwrap().segments;
    for (harm, at, damaged) in [
        (lost, 0..1, 0),
        (lost, 2..3, 0),
        (lost, 1..4, 0),
        (cut, 1..2, 1),
        (cut, 0..1, 1),
        (|of: &[PathBuf]| of.iter().for_each(|path| flip(path)), 3..5, 2),
    ] {
        harm(&segments[at.clone()]);
        assert!(journal::verify(directory, |_| {}).is_err() || at.start == 0, "{at:?}");
        let restored = retention::restore(&storage, directory, away.path()).unwrap();
        assert_eq!((restored.copied.len(), restored.aside.len()), (at.len(), damaged), "{at:?}");
        assert_eq!((restored.last_sequence, restored.end), (MANY, End::Own));
        restored.aside.iter().for_each(|path| fs::remove_file(path).unwrap());
        assert_eq!(tree(directory), before, "{at:?}");
    }
    let again = retention::restore(&storage, directory, away.path());
    assert!(matches!(again, Err(ArchiveError::NothingMissing { .. })));

    // What cannot become whole stays as it is.
    flip(&segments[1]);
    fs::remove_file(&segments[3]).unwrap();
    flip(&away.path().join(segments[3].file_name().unwrap()));
    let broken = tree(directory);
    let error = retention::restore(&storage, directory, away.path()).unwrap_err().to_string();
    assert!(error.contains(away.path().to_str().unwrap()), "it names the bad file: {error}");
    assert_eq!(tree(directory), broken);
}

#[test]
fn a_damaged_newest_segment_and_a_foreign_archive_change_nothing() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = folder.path();
    fill(directory, 3_000);
    let foreign = tempfile::tempdir().unwrap();
    fill(foreign.path(), 3_000);
    let storage = Storage::default();
    retention::archive(&storage, directory, away.path()).unwrap();
    retention::archive(&storage, foreign.path(), &foreign.path().join("away")).unwrap();
    let segments: Vec<_> = journal::Files::of(directory).unwrap().segments;
    fs::remove_file(&segments[1]).unwrap();
    let before = tree(directory);
    assert!(retention::restore(&storage, directory, &foreign.path().join("away")).is_err());
    assert_eq!(tree(directory), before);

    File::create(segments.last().unwrap()).unwrap();
    let before = tree(directory);
    let error = retention::restore(&storage, directory, away.path()).unwrap_err().to_string();
    assert!(error.contains("newest segment, which is never replaced"), "{error}");
    assert_eq!(tree(directory), before, "only the journal itself had it");
}

#[test]
fn a_damaged_newest_segment_is_not_replaced_until_it_is_given_up() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = folder.path();
    let storage = Storage::default();
    fill(directory, 1_000);
    let unsealed = away.path().join("unsealed");
    fs::create_dir(&unsealed).unwrap();
    for path in journal::Files::of(directory).unwrap().segments {
        fs::copy(&path, unsealed.join(path.file_name().unwrap())).unwrap();
    }
    fill(directory, 3_000);
    let archive = away.path().join("sealed");
    let archived = retention::archive(&storage, directory, &archive).unwrap();
    let files = journal::Files::of(directory).unwrap();
    for path in files.segments[archived.len()..].iter().chain(&files.ready) {
        fs::remove_file(path).unwrap();
    }
    let newest = &files.segments[archived.len() - 1];
    flip(newest);
    let before = tree(directory);
    for from in [&unsealed, &archive] {
        let error = retention::restore(&storage, directory, from).unwrap_err().to_string();
        assert!(error.contains("newest segment, which is never replaced"), "{error}");
        assert_eq!(tree(directory), before);
    }
    fs::rename(newest, away.path().join("given up")).unwrap();
    let restored = retention::restore(&storage, directory, &archive).unwrap();
    assert_eq!((restored.copied.len(), restored.end), (1, End::Archived));
    fill(directory, 3_000);
    assert_eq!(begun(&start(directory).unwrap()), (0, 3_000));
}

#[test]
fn an_archive_alone_becomes_a_journal_that_is_gone_on_with() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(folder.path(), 5_000);
    let storage = Storage::default();
    let archived = retention::archive(&storage, folder.path(), away.path()).unwrap();
    let directory = &away.path().join("new");
    let restored = retention::restore(&storage, directory, away.path()).unwrap();
    assert_eq!((restored.copied.len(), restored.end), (archived.len(), End::Archived));
    let verified = replay::verify::verify(directory, |_| {}).unwrap();
    assert_eq!(verified.journal.last_sequence, restored.last_sequence);
    assert!((1_000..5_000).contains(&restored.last_sequence), "the last segment was not sealed");
    fill(directory, 5_000);
    let whole = |path| replay::verify::verify(path, |_| {}).unwrap();
    assert_eq!(whole(directory).state, whole(folder.path()).state);
}

fn following(directory: &Path, snapshot_commands: u64, durable: u64) -> Follower {
    following_to(directory, snapshot_commands, move || durable)
}

fn following_to(
    directory: &Path,
    snapshot_commands: u64,
    durable: impl Fn() -> u64 + Send + 'static,
) -> Follower {
    Follower::start(follower::Settings {
        directory: directory.to_owned(),
        snapshot_commands,
        limits: ViewLimits::DEFAULT,
        storage: Storage::default(),
        durable: Box::new(durable),
        on_disk_failure: Box::new(|reason| panic!("{reason}")),
    })
    .unwrap()
}

fn until(follower: &Follower, is_there: impl Fn(&follower::Figures) -> bool) -> follower::Figures {
    let started = Instant::now();
    loop {
        let figures = follower.watch().figures();
        if is_there(&figures) {
            return figures;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{figures:?}");
        std::thread::yield_now();
    }
}

fn sequences(directory: &Path) -> Vec<u64> {
    snapshot::list(directory).unwrap().iter().map(|found| found.sequence).collect()
}

#[test]
fn a_follower_removes_what_lies_between_only_once_two_newer_ones_are_in_order() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1_400);
    for at in [300, 450, 600] {
        take(folder.path(), at);
    }
    let broken = take(folder.path(), 900);
    flip(&broken);
    let figures = |durable| {
        let follower = following(folder.path(), 300, durable);
        until(&follower, |figures| figures.sequence == durable)
    };
    // It goes on from 600, writes 900 anew, and that makes two.
    assert_eq!(figures(1_100).snapshots, 1);
    assert_eq!(sequences(folder.path()), [450, 600, 900], "one was taken by hand");
    flip(&broken);
    assert_eq!(begun(&start(folder.path()).unwrap()), (600, 800), "the one before is there");
    flip(&broken);
    assert_eq!(figures(1_400).snapshots, 1);
    assert_eq!(sequences(folder.path()), [450, 900, 1_200]);
}

/// From four intervals behind on.
#[test]
fn a_follower_that_is_behind_writes_one_snapshot_in_eight_intervals() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 10_000);
    let follower = following(folder.path(), 300, 10_000);
    let figures = until(&follower, |figures| figures.sequence == 10_000);
    drop(follower);
    let written = [2_400, 4_800, 7_200, 9_000, 9_300, 9_600, 9_900];
    assert_eq!(figures.snapshots, written.len() as u64);
    assert_eq!(sequences(folder.path()), written[5..], "two are kept");
}

#[test]
fn the_follower_writes_a_snapshot_each_interval_and_stays_below_what_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1_000);
    let unfinished = snapshot::path_of(folder.path(), 77).with_extension("tmp");
    fs::write(&unfinished, b"half of it").unwrap();
    let follower = following(folder.path(), 300, 950);
    let figures = until(&follower, |figures| figures.sequence == 950);
    assert_eq!((figures.snapshots, figures.snapshot_sequence, figures.lag), (3, 900, 0));
    assert_eq!((figures.alarm, figures.snapshot_failure), (None, None));
    assert!(!unfinished.exists(), "what nobody goes on with is gone");
    drop(follower);
    assert_eq!(sequences(folder.path()), [600, 900], "two are kept");
    assert_eq!(begun(&start(folder.path()).unwrap()), (900, 100));
    let again = following(folder.path(), 300, 1_000);
    let figures = until(&again, |figures| figures.sequence == 1_000);
    assert_eq!((figures.snapshots, figures.snapshot_sequence), (0, 900), "it went on from there");
}

#[test]
fn a_follower_beyond_which_the_journal_is_pruned_begins_again_at_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    fill(directory, MANY);
    let durable = Arc::new(AtomicU64::new(1_000));
    let theirs = Arc::clone(&durable);
    let follower = following_to(directory, 0, move || theirs.load(Ordering::Relaxed));
    until(&follower, |figures| figures.sequence == 1_000);
    for at in [MANY - 2_000, MANY - 1_000] {
        take(directory, at);
    }
    let plan = retention::plan(directory, Keep { snapshots: 2, from: None }).unwrap();
    assert!(plan.needed_from > 1_000 && plan.segments.len() > 1, "{plan:?}");
    retention::prune(&Storage::default(), directory, &plan).unwrap();
    durable.store(MANY, Ordering::Relaxed);
    let figures = until(&follower, |figures| figures.sequence == MANY || figures.alarm.is_some());
    assert_eq!((figures.sequence, figures.alarm), (MANY, None));
}

#[test]
fn a_follower_leaves_the_snapshot_that_a_pruned_journal_begins_at() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    let last = MANY / 1_000 * 1_000;
    fill(directory, MANY);
    for at in [last - 5_000, last - 4_000] {
        take(directory, at);
    }
    let plan = retention::plan(directory, Keep { snapshots: 2, from: None }).unwrap();
    retention::prune(&Storage::default(), directory, &plan).unwrap();
    assert!(!plan.segments.is_empty());
    let follower = following(directory, 1_000, last - 500);
    until(&follower, |figures| figures.sequence == last - 500);
    assert_eq!(sequences(directory), [last - 5_000, last - 2_000, last - 1_000]);
    let past = ask::at(directory, Until::Sequence(last - 4_500), Depth::Core, |_| {}).unwrap();
    assert_eq!(past.begun_after(), last - 5_000);
}

#[test]
fn a_checkpoint_that_replay_does_not_agree_with_is_an_alarm_with_its_range() {
    let folder = tempfile::tempdir().unwrap();
    let visit = |_: journal::RecordView<'_>| Ok::<(), String>(());
    let options = journal::Options { segment_bytes: 1 << 23, ..options() };
    let (mut writer, _) = Journal::open(folder.path(), &options, visit).unwrap();
    append(&mut writer, 1, &command(1));
    (2..=CHECKPOINT_COMMANDS).for_each(|sequence| append(&mut writer, sequence, &Command::Clock));
    let mark = loop {
        match writer.next_mark() {
            Some(mark) => break mark,
            None => std::thread::yield_now(),
        }
    };
    let (about, chain) = (mark.about, mark.chain);
    let merkle_root = mark.merkle_root.unwrap();
    let wrong = Checkpoint { about, state: [0; 16], events: [1; 32], chain, merkle_root };
    writer.append_checkpoint(&wrong).unwrap();
    append(&mut writer, CHECKPOINT_COMMANDS + 1, &Command::Clock);
    let follower = following(folder.path(), 0, CHECKPOINT_COMMANDS + 1);
    let alarm = until(&follower, |figures| figures.alarm.is_some()).alarm.unwrap();
    let told =
        "the follower disagrees with the journal: between sequences 1 and 65536: event digest";
    assert!(alarm.starts_with(told), "{alarm}");
}
