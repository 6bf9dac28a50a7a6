//! A simulated disk: the machine dies before some operation; names are those of the last synced
//! directory or later, each unsynced sector is old or new. Then it starts, may die again while it
//! starts, and in the end everything durable is there, nothing else than a prefix, and no start
//! was refused. A failure prints the seed that repeats it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use journal::{Durability, Faults, Operation, Options, Positions};

use crate::support::*;

const SECTOR: usize = 512;
const PAGE: u64 = 4096;
/// Seeds of a plain run; `JOURNAL_SEEDS=FIRST..END` names others.
const SEEDS: std::ops::Range<u64> = 0..20;
/// Operations among which a machine dies, counted from its start.
const OPERATIONS: u64 = 60;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 11
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What is on the platters, beside what the operating system shows.
struct Disk {
    directory: PathBuf,
    state: Mutex<State>,
}

struct State {
    random: Random,
    operations_left: u64,
    /// Contents as last synced, by inode.
    synced: BTreeMap<u64, Vec<u8>>,
    /// Contents of files that have lost their name since the last sync of the directory.
    nameless: BTreeMap<u64, Vec<u8>>,
    /// Names as of the last sync of the directory, and what has been done to them since.
    names: BTreeMap<PathBuf, u64>,
    changes: Vec<Change>,
    /// Contents read before a sync that has not returned yet.
    syncing: Option<(u64, u64, Vec<u8>)>,
    positions: Option<Arc<Positions>>,
    dead: Option<Dead>,
}

enum Change {
    Named(PathBuf, u64),
    Unnamed(PathBuf),
    /// One step: a file system with a journal never leaves half of it.
    Renamed {
        from: PathBuf,
        to: PathBuf,
        number: u64,
    },
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Change::Named(path, number) => drop(names.insert(path.clone(), *number)),
            Change::Unnamed(path) => drop(names.remove(path)),
            Change::Renamed { from, to, number } => {
                names.remove(from);
                names.insert(to.clone(), *number);
            }
        }
    }
}

/// What a machine leaves.
struct Dead {
    durable: u64,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.ino())
}

impl Disk {
    /// Everything in `directory` is on the platters.
    fn new(directory: &Path, random: Random, operations_left: u64) -> Arc<Disk> {
        let mut state = State {
            random,
            operations_left,
            synced: BTreeMap::new(),
            nameless: BTreeMap::new(),
            names: BTreeMap::new(),
            changes: Vec::new(),
            syncing: None,
            positions: None,
            dead: None,
        };
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let number = inode(&path).unwrap();
            state.synced.insert(number, fs::read(&path).unwrap());
            state.names.insert(path, number);
        }
        Arc::new(Disk { directory: directory.to_owned(), state: Mutex::new(state) })
    }
}

impl State {
    fn die(&mut self, directory: &Path) {
        let mut names = self.names.clone();
        let survive = self.random.below(self.changes.len() as u64 + 1) as usize;
        for change in &self.changes[..survive] {
            change.apply(&mut names);
        }
        let mut now: BTreeMap<u64, Vec<u8>> = self.nameless.clone();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if let (Some(number), Ok(bytes)) = (inode(&path), fs::read(&path)) {
                now.insert(number, bytes);
            }
        }
        let empty = Vec::new();
        let mut files = BTreeMap::new();
        for (path, number) in names {
            let synced = self.synced.get(&number).unwrap_or(&empty);
            let now = now.get(&number).unwrap_or(synced);
            files.insert(path, self.random.mix(synced, now));
        }
        let durable = self.positions.as_ref().map_or(0, |positions| positions.durable());
        self.dead = Some(Dead { durable, files });
    }

    fn name(&mut self, path: &Path) {
        if let Some(number) = inode(path) {
            self.changes.push(Change::Named(path.to_owned(), number));
        }
    }

    fn keep_nameless(&mut self, path: &Path) {
        if let (Some(number), Ok(bytes)) = (inode(path), fs::read(path)) {
            self.nameless.insert(number, bytes);
        }
    }
}

impl Random {
    /// Of each sector the old or the new version; of the length too.
    fn mix(&mut self, old: &[u8], new: &[u8]) -> Vec<u8> {
        let bytes = if self.below(2) == 0 { old.len() } else { new.len() };
        let mut mixed = vec![0; bytes];
        let taste = self.below(4); // Almost nothing, half, or almost all has arrived.
        for (index, sector) in mixed.chunks_mut(SECTOR).enumerate() {
            let arrived = self.below(20) < [1, 10, 19, 20][taste as usize];
            let source = if arrived { new } else { old };
            let from = source.len().min(index * SECTOR);
            let to = source.len().min(from + sector.len());
            sector[..to - from].copy_from_slice(&source[from..to]);
        }
        mixed
    }
}

impl Faults for Disk {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        let on_preparer = std::thread::current().name() == Some("journal-preparer");
        let mut state = self.state.lock().unwrap();
        if state.dead.is_some() {
            return Err(io::Error::other("the machine is dead"));
        }
        // The machine dies where the syncer or the start is: durable stands still meanwhile.
        if !on_preparer {
            if state.operations_left == 0 {
                state.die(&self.directory);
                return Err(io::Error::other("the machine is dead"));
            }
            state.operations_left -= 1;
        }
        match *operation {
            Operation::SyncRange { path, offset, bytes } => {
                let from = offset / PAGE * PAGE;
                let to = (offset + bytes).next_multiple_of(PAGE);
                let mut content = vec![0; (to - from) as usize];
                File::open(path)?.read_exact_at(&mut content, from)?;
                state.syncing = Some((inode(path).unwrap(), from, content));
            }
            Operation::Rename { to, .. } => state.keep_nameless(to),
            Operation::Remove { path } => {
                state.keep_nameless(path);
                state.changes.push(Change::Unnamed(path.to_owned()));
            }
            Operation::SyncFile { path } => {
                // What is there before the call is what the call is sure to bring down.
                let content = fs::read(path)?;
                let number = inode(path).unwrap();
                let same_length = state.synced.get(&number).map(Vec::len) == Some(content.len());
                if on_preparer || !same_length {
                    state.synced.insert(number, content);
                } else {
                    state.syncing = Some((number, 0, content));
                }
            }
            Operation::Create { .. }
            | Operation::Allocate { .. }
            | Operation::Write { .. }
            | Operation::SyncDirectory { .. }
            | Operation::Shorten { .. }
            | Operation::Map { .. } => {}
        }
        Ok(())
    }

    fn after(&self, operation: &Operation<'_>) {
        let mut state = self.state.lock().unwrap();
        match *operation {
            Operation::Create { path } => state.name(path),
            Operation::Rename { from, to } => {
                if let Some(number) = inode(to) {
                    let (from, to) = (from.to_owned(), to.to_owned());
                    state.changes.push(Change::Renamed { from, to, number });
                }
            }
            Operation::SyncRange { .. } | Operation::SyncFile { .. } => {
                if std::thread::current().name() != Some("journal-preparer")
                    && let Some((number, from, content)) = state.syncing.take()
                {
                    let synced = state.synced.entry(number).or_default();
                    let to = from as usize + content.len();
                    synced.resize(synced.len().max(to), 0);
                    synced[from as usize..to].copy_from_slice(&content);
                }
            }
            Operation::SyncDirectory { .. } => {
                for change in std::mem::take(&mut state.changes) {
                    change.apply(&mut state.names);
                }
            }
            Operation::Allocate { .. }
            | Operation::Write { .. }
            | Operation::Shorten { .. }
            | Operation::Remove { .. }
            | Operation::Map { .. } => {}
        }
    }
}

/// A boot of the machine on what the last one left: opens, appends, and dies on the way.
/// Returns what it leaves and how many commands were appended at most.
fn live_and_die(
    files: &BTreeMap<PathBuf, Vec<u8>>,
    boot: u8,
    seed: &str,
    random: &mut Random,
    (durable, appended): (u64, u64),
) -> (Dead, u64) {
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        fs::write(directory.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    let dies_after = random.below(OPERATIONS);
    let disk = Disk::new(directory.path(), Random(random.next()), dies_after);
    let mut options = Options { segment_bytes: 8192, ..options() };
    options.seams.boot_id = Some([boot; 16]);
    options.seams.faults = Some(Arc::clone(&disk) as Arc<dyn Faults>);
    if random.below(3) == 0 {
        options.durability = Durability::Journaled;
        options.sync_interval = std::time::Duration::from_micros(500);
    }
    let mut most = appended;
    match open(directory.path(), &options) {
        Err(journal::OpenError::Storage(_)) => {}
        Err(error) => panic!("seed {seed}: the start was refused: {error}"),
        Ok((mut writer, opened, found)) => {
            check(&found, durable, appended, seed);
            disk.state.lock().unwrap().positions = Some(writer.positions());
            let mut last = opened.last_sequence;
            loop {
                let next = command(last + 1);
                let parts: &[&[u8]] = &[&next.payload];
                if writer.append_parts(next.kind, 1, last + 1, next.time_ns, parts).is_err() {
                    break;
                }
                last += 1;
                let burst = random.below(12) != 0;
                if !burst && writer.positions().wait_durable(last).is_err() {
                    break;
                }
            }
            // A shorter tail may have been found before; what is appended now replaces it.
            most = last;
        }
    }
    let dead = disk.state.lock().unwrap().dead.take().expect("it ran until the machine died");
    let durable = dead.durable.max(durable);
    (Dead { durable, ..dead }, most.max(durable))
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("JOURNAL_SEEDS") else { return SEEDS };
    let (first, end) = named.split_once("..").expect("JOURNAL_SEEDS is FIRST..END");
    first.parse().unwrap()..end.parse().unwrap()
}

/// The command that runs a seed again; only the timing of the threads is the machine's.
fn repeat(seed: u64) -> String {
    format!("JOURNAL_SEEDS={seed}..{} cargo test -p journal power_cuts", seed + 1)
}

fn check(found: &[Command], durable: u64, appended: u64, seed: &str) {
    let last = found.len() as u64;
    assert!(last >= durable, "seed {seed}: durable {durable}, found {last}");
    assert!(last <= appended, "seed {seed}: appended {appended}, found {last}");
    assert_eq!(found, commands(last), "seed {seed}");
}

#[test]
fn after_any_row_of_power_cuts_everything_durable_is_there_and_nothing_is_refused() {
    for seed in seeds() {
        let mut random = Random(seed);
        let mut files = BTreeMap::new();
        let (mut durable, mut appended) = (0, 0);
        for boot in 1..=5_u8 {
            let label = format!("{seed} boot {boot}: {}", repeat(seed));
            let (dead, most) = live_and_die(&files, boot, &label, &mut random, (durable, appended));
            (files, durable, appended) = (dead.files, dead.durable, most.max(appended));
        }
        let directory = tempfile::tempdir().unwrap();
        for (path, bytes) in &files {
            fs::write(directory.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
        let mut last_options = Options { segment_bytes: 8192, ..options() };
        last_options.seams.boot_id = Some([99; 16]);
        let (_, _, found) = open(directory.path(), &last_options).unwrap();
        check(&found, durable, appended, &format!("{seed} last boot: {}", repeat(seed)));
        let (_, opened, again) = open(directory.path(), &last_options).unwrap();
        assert_eq!((again, opened.cut), (found, None), "seed {seed} second start");
    }
}
