//! A simulated disk below the fault seam: it knows which bytes and names have been synced. The
//! machine dies before some operation; what it leaves has the names of the last synced directories
//! or later, and of each unsynced sector the old or the new version.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use journal::{Faults, Operation, Positions, Turn};

use crate::turns::Turns;

const SECTOR: usize = 512;
const PAGE: u64 = 4096;

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 11
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

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

/// Contents by path below the directory that is simulated.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What a machine leaves.
pub(crate) struct Dead {
    pub(crate) durable: u64,
    pub(crate) files: Files,
}

/// What is on the platters, beside what the operating system shows.
pub(crate) struct Disk {
    root: PathBuf,
    state: Mutex<State>,
    turns: Turns,
}

/// A file for ever: the number of an inode is given again once its file is gone.
type Id = u64;

struct State {
    random: Random,
    operations_left: u64,
    ids: HashMap<u64, Id>,
    ids_given: Id,
    /// Contents as last synced.
    synced: BTreeMap<Id, Vec<u8>>,
    /// Contents of files that have lost their name since the last sync of their directory.
    nameless: BTreeMap<Id, Vec<u8>>,
    /// Names as of the last sync of their directory, and what has been done to them since.
    names: BTreeMap<PathBuf, Id>,
    changes: Vec<Change>,
    /// Contents read before a sync that has not returned yet.
    syncing: HashMap<ThreadId, Reading>,
    readings: u64,
    /// The reading that each page was last synced of: an older one never replaces it.
    read_at: HashMap<(Id, u64), u64>,
    /// Paths that are being created and were not there.
    creating: Vec<PathBuf>,
    positions: Option<Arc<Positions>>,
    dead: Option<Dead>,
}

/// Pages from an offset on, and the number of the reading.
struct Reading {
    id: Id,
    from: u64,
    content: Vec<u8>,
    number: u64,
}

enum Change {
    Named(PathBuf, Id),
    Unnamed(PathBuf),
    /// One step: a file system with a journal never leaves half of it.
    Renamed {
        from: PathBuf,
        to: PathBuf,
        id: Id,
    },
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, Id>) {
        match self {
            Change::Named(path, id) => drop(names.insert(path.clone(), *id)),
            Change::Unnamed(path) => drop(names.remove(path)),
            Change::Renamed { from, to, id } => {
                names.remove(from);
                names.insert(to.clone(), *id);
            }
        }
    }

    fn is_in(&self, directory: &Path) -> bool {
        match self {
            Change::Named(path, _) | Change::Unnamed(path) | Change::Renamed { to: path, .. } => {
                path.parent() == Some(directory)
            }
        }
    }
}

/// A directory in memory where there is one: what a real disk would keep is of no interest.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn place(files: &Files, root: &Path) {
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Every file at `root` and one directory deeper.
fn paths(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { paths(&path) } else { vec![path] }).collect()
}

impl Disk {
    /// Everything below `root` is on the platters. The caller is the machine's first thread.
    pub(crate) fn new(root: &Path, mut random: Random, operations_left: u64) -> Arc<Disk> {
        let turns = Turns::new(Random(random.next()));
        let mut state = State {
            random,
            operations_left,
            ids: HashMap::new(),
            ids_given: 0,
            synced: BTreeMap::new(),
            nameless: BTreeMap::new(),
            names: BTreeMap::new(),
            changes: Vec::new(),
            syncing: HashMap::new(),
            readings: 0,
            read_at: HashMap::new(),
            creating: Vec::new(),
            positions: None,
            dead: None,
        };
        for path in paths(root) {
            let id = state.id(&path).unwrap();
            state.synced.insert(id, fs::read(&path).unwrap());
            state.names.insert(path, id);
        }
        Arc::new(Disk { root: root.to_owned(), state: Mutex::new(state), turns })
    }

    /// Whose durable sequence stands when the machine dies.
    pub(crate) fn watch(&self, positions: Arc<Positions>) {
        self.state.lock().unwrap().positions = Some(positions);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state.lock().unwrap().dead.is_some()
    }

    pub(crate) fn dead(&self) -> Option<Dead> {
        self.state.lock().unwrap().dead.take()
    }
}

impl State {
    /// None: there is no such file.
    fn id(&mut self, path: &Path) -> Option<Id> {
        let inode = fs::metadata(path).ok()?.ino();
        let State { ids, ids_given, .. } = self;
        Some(*ids.entry(inode).or_insert_with(|| {
            *ids_given += 1;
            *ids_given
        }))
    }

    fn die(&mut self, root: &Path) {
        let mut names = self.names.clone();
        let survive = self.random.below(self.changes.len() as u64 + 1) as usize;
        for change in &self.changes[..survive] {
            change.apply(&mut names);
        }
        let mut now = self.nameless.clone();
        for path in paths(root) {
            if let (Some(id), Ok(bytes)) = (self.id(&path), fs::read(&path)) {
                now.insert(id, bytes);
            }
        }
        let empty = Vec::new();
        let mut files = BTreeMap::new();
        for (path, id) in names {
            let synced = self.synced.get(&id).unwrap_or(&empty);
            let now = now.get(&id).unwrap_or(synced);
            let path = path.strip_prefix(root).unwrap().to_owned();
            // Each file has chance of its own: how long another one is moves nothing.
            let mixed = Random(self.random.next()).mix(synced, now);
            files.insert(path, mixed);
        }
        // Whose seam this disk is.
        let durable = self.positions.take().map_or(0, |positions| positions.durable());
        self.dead = Some(Dead { durable, files });
    }

    fn read(&mut self, id: Id, from: u64, content: Vec<u8>) {
        self.readings += 1;
        let reading = Reading { id, from, content, number: self.readings };
        self.syncing.insert(thread::current().id(), reading);
    }

    /// What this thread has read is on the platters, page by page.
    fn bring_down(&mut self) {
        let Some(reading) = self.syncing.remove(&thread::current().id()) else { return };
        let Reading { id, from, content, number } = reading;
        let synced = self.synced.entry(id).or_default();
        synced.resize(synced.len().max(from as usize + content.len()), 0);
        for (page, content) in (from / PAGE..).zip(content.chunks(PAGE as usize)) {
            let read_at = self.read_at.entry((id, page)).or_default();
            if *read_at < number {
                *read_at = number;
                let at = (page * PAGE) as usize;
                synced[at..at + content.len()].copy_from_slice(content);
            }
        }
    }

    fn keep_nameless(&mut self, path: &Path) {
        if let (Some(id), Ok(bytes)) = (self.id(path), fs::read(path)) {
            self.nameless.insert(id, bytes);
        }
    }
}

fn is_preparer() -> bool {
    thread::current().name() == Some("journal-preparer")
}

impl Faults for Disk {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        self.turns.give();
        let mut state = self.state.lock().unwrap();
        if state.dead.is_some() {
            return Err(io::Error::other("the machine is dead"));
        }
        // The machine dies where the syncer or the start is: durable stands still meanwhile.
        if !is_preparer() {
            if state.operations_left == 0 {
                state.die(&self.root);
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
                let id = state.id(path).unwrap();
                state.read(id, from, content);
            }
            Operation::Rename { to, .. } => state.keep_nameless(to),
            Operation::Remove { path } => {
                state.keep_nameless(path);
                state.changes.push(Change::Unnamed(path.to_owned()));
            }
            Operation::SyncFile { path } => {
                // What is there before the call is what the call is sure to bring down.
                // One that is renamed meanwhile is not brought down for sure.
                let (Ok(content), Some(id)) = (fs::read(path), state.id(path)) else {
                    return Ok(());
                };
                let same_length = state.synced.get(&id).map(Vec::len) == Some(content.len());
                if is_preparer() || !same_length {
                    state.synced.entry(id).or_default().truncate(content.len());
                    state.read(id, 0, content);
                    state.bring_down();
                } else {
                    state.read(id, 0, content);
                }
            }
            Operation::Create { path } => {
                if !path.exists() {
                    state.creating.push(path.to_owned());
                }
            }
            Operation::Allocate { .. }
            | Operation::Write { .. }
            | Operation::SyncDirectory { .. }
            | Operation::Shorten { .. }
            | Operation::Map { .. } => {}
        }
        Ok(())
    }

    fn after(&self, operation: &Operation<'_>) {
        // Others append meanwhile, and the machine may die.
        if let Operation::SyncRange { .. } | Operation::SyncFile { .. } = operation {
            self.turns.give();
        }
        let mut state = self.state.lock().unwrap();
        match *operation {
            Operation::Create { path } => {
                let Ok(metadata) = fs::metadata(path) else { return };
                if let Some(at) = state.creating.iter().position(|created| created == path) {
                    state.creating.swap_remove(at);
                    state.ids.remove(&metadata.ino());
                }
                if let Some(id) = state.id(path) {
                    state.changes.push(Change::Named(path.to_owned(), id));
                }
            }
            Operation::Rename { from, to } => {
                if let Some(id) = state.id(to) {
                    let (from, to) = (from.to_owned(), to.to_owned());
                    state.changes.push(Change::Renamed { from, to, id });
                }
            }
            Operation::SyncRange { .. } | Operation::SyncFile { .. } => state.bring_down(),
            Operation::SyncDirectory { path } => {
                let State { changes, names, .. } = &mut *state;
                changes.retain(|change| {
                    let is_in = change.is_in(path);
                    if is_in {
                        change.apply(names);
                    }
                    !is_in
                });
            }
            Operation::Allocate { .. }
            | Operation::Write { .. }
            | Operation::Shorten { .. }
            | Operation::Remove { .. }
            | Operation::Map { .. } => {}
        }
    }

    fn turn(&self, turn: Turn) {
        self.turns.turn(turn);
    }

    fn rest(&self) -> bool {
        self.turns.give();
        true
    }
}
