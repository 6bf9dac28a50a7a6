//! A snapshot on its way to the disk: under a temporary name until every byte of it is on the
//! device and has been read back, so that a file with the right name is a whole one. Its writer is
//! asked after each block whether to go on.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use engine::snapshot::{self, Content, Sections};
use engine::witness::state_digest;
use journal::{Storage, StorageError};
use orison_core::snapshot::Output;

use super::aside::{CHANGES_VERSION, PLAYBACK_VERSION};
use super::frame::{self, BLOCK_BYTES_MAX, Footer, HEAD_BYTES, Head, Header, Kind, NAME_BYTES};
use super::{SnapshotError, Whole, path_of, read, sequence_of};
use crate::Player;

const TEMPORARY_SUFFIX: &str = "tmp";

/// Asked after each block; `Break` leaves the snapshot unwritten.
pub type Pace<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// Writes a snapshot of `whole` into a journal's directory. The journal must be durable up to
/// there. None: `pace` broke off.
pub fn write(
    storage: &Storage,
    directory: &Path,
    identity: [u8; 16],
    whole: &Whole,
    pace: Pace<'_>,
) -> Result<Option<PathBuf>, SnapshotError> {
    let Player { exchange, .. } = whole.player();
    let rules_version = exchange.genesis().map_or(0, |genesis| genesis.rules_version);
    let header = Header::new(identity, whole.player().at(), rules_version);
    let path = path_of(directory, header.sequence);
    let temporary = path.with_extension(TEMPORARY_SUFFIX);
    let is_whole = fill(storage, &temporary, &header, whole, pace)
        .inspect_err(|_| _ = std::fs::remove_file(&temporary))?;
    if !is_whole {
        storage.remove(&temporary)?;
        return Ok(None);
    }
    // From the device: a snapshot that cannot be read is none.
    read::check(&temporary)?;
    storage.rename(&temporary, &path)?;
    storage.sync_directory(directory)?;
    Ok(Some(path))
}

/// Removes what a process that died has left unfinished; nobody else may be writing a snapshot.
pub fn clear(storage: &Storage, directory: &Path) -> Result<(), SnapshotError> {
    let error = |source| {
        let path = directory.to_owned();
        SnapshotError::Io { operation: "list", path, source }
    };
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let is_unfinished = path.extension().is_some_and(|known| known == TEMPORARY_SUFFIX)
            && sequence_of_path(&path.with_extension("orison")).is_some();
        if is_unfinished {
            storage.remove(&path)?;
        }
    }
    Ok(())
}

fn sequence_of_path(path: &Path) -> Option<u64> {
    sequence_of(path.file_name()?.to_str()?)
}

/// Whether it is all there and synced.
fn fill(
    storage: &Storage,
    path: &Path,
    header: &Header,
    whole: &Whole,
    pace: Pace<'_>,
) -> Result<bool, StorageError> {
    let file = storage.create(path)?;
    let mut blocks = Blocks {
        storage,
        file: &file,
        path,
        written: 0,
        number: 0,
        hashes: Vec::new(),
        pace,
        end: None,
    };
    blocks.put(Kind::Header, &frame::bytes(header));
    let Player { exchange, views, witness, .. } = whole.player();
    snapshot::store((exchange, views, witness), &mut blocks);
    blocks.section("changes", CHANGES_VERSION, &whole.changes);
    blocks.section("playback", PLAYBACK_VERSION, &whole.playback.bookmark());
    let hashes = std::mem::take(&mut blocks.hashes);
    hashes.chunks(BLOCK_BYTES_MAX).for_each(|part| blocks.put(Kind::Hashes, part));
    let footer = Footer {
        sequence: header.sequence,
        length: blocks.written,
        hash: *blake3::hash(&hashes).as_bytes(),
        state: state_digest(exchange),
        events: witness.digests().events,
    };
    blocks.put(Kind::Footer, &frame::bytes(&footer));
    match blocks.end {
        Some(End::Failed(error)) => return Err(error),
        Some(End::Stopped) => return Ok(false),
        None => {}
    }
    storage.sync_file_all(&file, path)?;
    storage.forget_cached(&file, path)?;
    Ok(true)
}

/// Why nothing more is written.
enum End {
    Failed(StorageError),
    Stopped,
}

struct Blocks<'a> {
    storage: &'a Storage,
    file: &'a File,
    path: &'a Path,
    written: u64,
    number: u32,
    /// Of each block.
    hashes: Vec<u8>,
    pace: Pace<'a>,
    end: Option<End>,
}

impl Blocks<'_> {
    fn put(&mut self, kind: Kind, content: &[u8]) {
        if self.end.is_some() {
            return;
        }
        let mut block = frame::bytes(&Head::of(kind, self.number, content));
        assert!(block.len() == HEAD_BYTES, "a head is as long as it says");
        block.extend_from_slice(content);
        self.hashes.extend_from_slice(blake3::hash(&block).as_bytes());
        if let Err(error) = self.storage.write(self.file, self.path, self.written, &block) {
            self.end = Some(End::Failed(error));
            return;
        }
        self.written += block.len() as u64;
        self.number += 1;
        if (self.pace)().is_break() {
            self.end = Some(End::Stopped);
        }
    }
}

impl Sections for Blocks<'_> {
    fn section(&mut self, name: &'static str, version: u32, content: &dyn Content) {
        let mut field = [0; NAME_BYTES];
        field[..name.len()].copy_from_slice(name.as_bytes());
        self.put(
            Kind::Section,
            &frame::bytes(&frame::Section { name: field, version, reserved: 0 }),
        );
        let mut block = Vec::with_capacity(2 * BLOCK_BYTES_MAX);
        let mut take = |piece: &[u8]| {
            block.extend_from_slice(piece);
            let whole = block.len() / BLOCK_BYTES_MAX * BLOCK_BYTES_MAX;
            for full in block[..whole].chunks(BLOCK_BYTES_MAX) {
                self.put(Kind::Content, full);
            }
            block.drain(..whole);
        };
        let mut output = Output::new(&mut take);
        content.store(&mut output);
        output.finish();
        if !block.is_empty() {
            self.put(Kind::Content, &block);
        }
    }
}
