//! The simulated disk below everything that writes a journal: records, segments, snapshots by hand
//! and by the follower, pruning, archives. The machine dies at any operation, starts with what is
//! left, and each time two plain recoveries find everything durable and the very state of an
//! uninterrupted run. `ORISON_SIMULATED_CRASHES` makes it longer; a failure prints its seed.
#![allow(clippy::unwrap_used, reason = "all of this is test code")]

#[path = "../../journal/tests/it/disk.rs"]
mod disk;
#[path = "../../journal/tests/it/turns.rs"]
mod turns;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use engine::record;
use engine::witness::state_digest;
use journal::{CHECKPOINT_COMMANDS, Durability, Faults, Options, Storage, Writer};
use orison_core::command::{AccountRef, Genesis, InstrumentFields, InstrumentSpec, Order};
use orison_core::text::Text;
use orison_core::{Command, InstrumentId, Price, Quantity, Sequence, Side, Stamp};
use replay::follower::{Follower, Settings};
use replay::retention::{self, Keep, RetentionError};
use replay::verify::SMALL_VIEWS;
use replay::{Player, Recovered, recover, snapshot};

use disk::{Dead, Disk, Files, Random, place, scratch};

const CRASHES_DEFAULT: u64 = 60;
/// A row of crashes of one journal.
const CRASHES_OF_A_LIFE: u64 = 5;
/// Operations among which a machine dies, counted from its start.
const OPERATIONS: u64 = 160;
/// Every so many lives one that is old enough for segments to be pruned.
const OLD_LIFE_EVERY: u64 = 12;
/// They wait for one another's disks most of the time.
const WORKERS: u64 = 8;
/// Below the checkpoint interval that pruning leaves alone.
const OLD: u64 = CHECKPOINT_COMMANDS - 60;
const SEGMENT_BYTES: u64 = 8192;
const LIMITS: Genesis =
    Genesis { orders_max: 256, closed_ids_max: 256, accounts_max: 16, ..Genesis::DEFAULT };

#[derive(Clone, PartialEq, Eq, Debug)]
struct Digests {
    state: [u8; 32],
    events: [u8; 32],
}

/// The command at a sequence, in every life. An old one has slept long.
fn command(sequence: u64) -> Command {
    match sequence {
        1 => Command::Genesis(LIMITS),
        2 => Command::Instrument(InstrumentSpec {
            symbol: Text::new("X").unwrap(),
            base: Text::new("B").unwrap(),
            quote: Text::new("Q").unwrap(),
            fields: InstrumentFields::BASE.with(InstrumentFields::QUOTE),
            ..InstrumentSpec::EMPTY
        }),
        5_000..OLD => Command::Clock,
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

fn append(writer: &mut Writer, sequence: u64) -> Result<(), journal::AppendError> {
    let encoded = record::encode(&command(sequence));
    let time_ns = sequence * 1_000;
    writer.append(encoded.kind, encoded.version, sequence, time_ns, encoded.payload())
}

/// What an uninterrupted run has after each command, as far as somebody has asked.
fn expected(sequence: u64) -> Digests {
    static RUN: OnceLock<Mutex<(Player, Vec<Digests>)>> = OnceLock::new();
    let begin = || Mutex::new((Player::new([0; 16], SMALL_VIEWS), Vec::new()));
    let mut run = RUN.get_or_init(begin).lock().unwrap();
    let (player, digests) = &mut *run;
    while digests.len() as u64 <= sequence {
        let at = digests.len() as u64;
        if at > 0 {
            let stamp = Stamp { sequence: Sequence(at), time_ns: at * 1_000 };
            player.apply(stamp, &command(at), |_, _| {});
        }
        digests.push(match at {
            5_001..OLD => digests[5_000].clone(),
            _ => digests_of(player),
        });
    }
    digests[sequence as usize].clone()
}

fn digests_of(player: &Player) -> Digests {
    let events = player.witness.digests().events;
    Digests { state: state_digest(&player.exchange), events }
}

/// One journal through its crashes.
struct Life {
    files: Files,
    /// At least these commands must be there.
    durable: u64,
    /// No others than these may be.
    appended: u64,
}

impl Life {
    fn young() -> Self {
        Self { files: Files::new(), durable: 0, appended: 0 }
    }

    /// A journal that can be pruned, with two snapshots near its end.
    fn old() -> Self {
        static FILES: OnceLock<Files> = OnceLock::new();
        let files = FILES.get_or_init(|| {
            let home = scratch();
            let data = home.path().join("data");
            let mut options = Options { segment_bytes: 1 << 19, ..options(0) };
            let disk = Disk::new(home.path(), Random(0), u64::MAX);
            options.seams.faults = Some(disk as Arc<dyn Faults>);
            let recovered = recover(&data, &options, SMALL_VIEWS, |_| {}).unwrap();
            let mut writer = recovered.writer;
            (1..=OLD).for_each(|sequence| append(&mut writer, sequence).unwrap());
            writer.positions().wait_durable(OLD).unwrap();
            drop(writer);
            for at in [OLD - 20, OLD - 10] {
                let storage = Storage::default();
                snapshot::take(&storage, &data, SMALL_VIEWS, Some(at), |_| {}).unwrap();
            }
            let paths = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
            let named = paths.filter(|path| path.extension().is_some());
            let named = named.map(|path| {
                let below = path.strip_prefix(home.path()).unwrap().to_owned();
                (below, std::fs::read(&path).unwrap())
            });
            named.collect()
        });
        Self { files: files.clone(), durable: OLD, appended: OLD }
    }

    /// A boot of the machine on what the last one left, until it dies.
    fn live_and_die(&mut self, boot: u8, random: &mut Random) {
        let home = Home::of(&self.files);
        let operations = random.below(OPERATIONS);
        let disk = Disk::new(home.path(), Random(random.next()), operations);
        let mut options = options(boot);
        options.seams.faults = Some(Arc::clone(&disk) as Arc<dyn Faults>);
        if random.below(3) == 0 {
            options.durability = Durability::Journaled;
            options.sync_interval = Duration::from_micros(500);
        }
        match recover(&home.data, &options, SMALL_VIEWS, |_| {}) {
            Err(error) => assert!(disk.is_dead(), "the start was refused: {error}"),
            Ok(recovered) => {
                self.found(&recovered);
                self.appended = recovered.opened.last_sequence;
                self.go_on(recovered, &home, &disk, random);
            }
        }
        let Dead { durable, files } = disk.dead().expect("it ran until the machine died");
        self.durable = self.durable.max(durable);
        self.files = files;
    }

    fn go_on(&mut self, recovered: Recovered, home: &Home, disk: &Arc<Disk>, random: &mut Random) {
        let mut writer = recovered.writer;
        let positions = writer.positions();
        disk.watch(Arc::clone(&positions));
        let storage = Storage::new(Some(Arc::clone(disk) as Arc<dyn Faults>));
        let theirs = Arc::clone(&positions);
        let follower = (random.below(4) == 0 && recovered.opened.last_sequence > 0).then(|| {
            Follower::start(Settings {
                directory: home.data.clone(),
                snapshot_commands: 24,
                limits: SMALL_VIEWS,
                storage: storage.clone(),
                durable: Box::new(move || theirs.durable()),
                on_disk_failure: Box::new(|_| {}),
            })
            .unwrap()
        });
        while !disk.is_dead() {
            match random.below(20) {
                0..12 => {
                    for _ in 0..=random.below(12) {
                        if append(&mut writer, self.appended + 1).is_err() {
                            break;
                        }
                        self.appended += 1;
                    }
                }
                // Nobody else may be writing a snapshot.
                12..14 if follower.is_none() && self.appended > 2 => {
                    let taken = snapshot::take(&storage, &home.data, SMALL_VIEWS, None, |_| {});
                    match taken {
                        Ok(_) if !disk.is_dead() => self.durable = self.appended,
                        Ok(_) => {}
                        Err(error) => assert!(disk.is_dead(), "no snapshot: {error}"),
                    }
                }
                14 => prune(&storage, home, disk),
                // An error: the machine has died.
                _ => drop(positions.wait_durable(self.appended)),
            }
        }
        if let Some(follower) = follower {
            let alarm = follower.watch().figures().alarm;
            let is_of_the_disk = |alarm: &String| alarm.contains("the machine is dead");
            assert!(alarm.as_ref().is_none_or(is_of_the_disk), "the follower: {alarm:?}");
        }
    }

    fn found(&self, recovered: &Recovered) -> u64 {
        let last = recovered.opened.last_sequence;
        let (durable, appended) = (self.durable, self.appended);
        assert!(last >= durable, "lost: durable was {durable}, found {last}");
        assert!(last <= appended, "more than was ever entered: {appended}, found {last}");
        let events = recovered.witness.digests().events;
        let found = Digests { state: state_digest(&recovered.exchange), events };
        assert_eq!(found, expected(last), "sequence {last}");
        last
    }

    /// Two starts on what the machine has left; what was pruned comes back from the archive.
    fn recovers_twice(&self, boot: u8) {
        let home = Home::of(&self.files);
        let first = recover(&home.data, &options(boot), SMALL_VIEWS, |_| {});
        let first = first.unwrap_or_else(|error| panic!("the start was refused: {error}"));
        let last = self.found(&first);
        drop(first);
        let second = recover(&home.data, &options(boot), SMALL_VIEWS, |_| {}).unwrap();
        assert_eq!((self.found(&second), &second.opened.cut), (last, &None), "second start");
        drop(second);
        if last == 0 {
            return;
        }
        let storage = Storage::default();
        retention::archive(&storage, &home.data, &home.archive).unwrap();
        if journal::Reader::open(&home.data).unwrap().first_sequence() > 1 {
            retention::restore(&storage, &home.data, &home.archive).unwrap();
            assert_eq!(journal::Reader::open(&home.data).unwrap().first_sequence(), 1);
        }
    }
}

/// Everything goes to the archive first.
fn prune(storage: &Storage, home: &Home, disk: &Disk) {
    if let Err(error) = retention::archive(storage, &home.data, &home.archive) {
        return assert!(disk.is_dead(), "no archive: {error}");
    }
    let keep = Keep { snapshots: retention::SNAPSHOTS_MIN, from: None };
    let plan = match retention::plan(&home.data, keep) {
        Ok(plan) => plan,
        Err(RetentionError::NotEnough { .. }) => return,
        Err(error) => return assert!(disk.is_dead(), "no plan: {error}"),
    };
    if let Err(error) = retention::prune(storage, &home.data, &plan) {
        return assert!(disk.is_dead(), "not pruned: {error}");
    }
    PRUNED.fetch_add(plan.segments.len() as u64, Ordering::Relaxed);
}

/// Segments removed, so that a run which prunes nothing is seen.
static PRUNED: AtomicU64 = AtomicU64::new(0);

struct Home {
    folder: tempfile::TempDir,
    data: PathBuf,
    archive: PathBuf,
}

impl Home {
    fn of(files: &Files) -> Self {
        let folder = scratch();
        place(files, folder.path());
        let [data, archive] = ["data", "archive"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(&data).unwrap();
        std::fs::create_dir_all(&archive).unwrap();
        Self { folder, data, archive }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn options(boot: u8) -> Options {
    let mut options = Options { segment_bytes: SEGMENT_BYTES, ..Options::default() };
    options.seams.identity = Some([0; 16]);
    options.seams.boot_id = Some([boot; 16]);
    options
}

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().unwrap())
}

/// Prints the line that repeats a life that has failed.
struct Reproduce(u64);

impl Drop for Reproduce {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "again with: ORISON_SEED={} ORISON_SIMULATED_CRASHES={CRASHES_OF_A_LIFE} \
                 cargo test -p replay --test simulation",
                self.0
            );
        }
    }
}

/// A hash of what each of its machines left.
fn life(seed: u64) -> Vec<u64> {
    let _reproduce = Reproduce(seed);
    let mut random = Random(seed);
    let mut life = match seed % OLD_LIFE_EVERY {
        0 => Life::old(),
        _ => Life::young(),
    };
    let boots = 1..=CRASHES_OF_A_LIFE as u8;
    boots
        .map(|boot| {
            life.live_and_die(boot, &mut random);
            life.recovers_twice(100 + boot);
            let mut hasher = DefaultHasher::new();
            for (path, bytes) in &life.files {
                path.hash(&mut hasher);
                // A view's table has a hidden seed, a new one in each process.
                if !path.to_string_lossy().contains("snapshot-") {
                    bytes.hash(&mut hasher);
                }
            }
            hasher.finish()
        })
        .collect()
}

#[test]
fn a_seed_gives_the_same_life_to_the_byte() {
    for seed in 0..6 {
        assert_eq!(life(seed), life(seed), "seed {seed}");
    }
}

#[test]
fn after_any_crash_two_starts_find_all_that_was_durable_and_the_state_it_makes() {
    let crashes = number("ORISON_SIMULATED_CRASHES").unwrap_or(CRASHES_DEFAULT);
    let first = number("ORISON_SEED").unwrap_or(0);
    let end = first + crashes.div_ceil(CRASHES_OF_A_LIFE);
    let next = AtomicU64::new(first);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    drop(life(seed));
                }
            });
        }
    });
    let lives = end - first;
    println!(
        "{} crashes, two recoveries after each, {} segments pruned",
        lives * CRASHES_OF_A_LIFE,
        PRUNED.load(Ordering::Relaxed)
    );
    if lives >= CRASHES_DEFAULT / CRASHES_OF_A_LIFE {
        assert!(PRUNED.load(Ordering::Relaxed) > 0, "segments are pruned on the way");
    }
}
