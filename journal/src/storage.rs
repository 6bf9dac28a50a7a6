//! Every disk operation that can fail, behind one seam through which tests inject failures.
//! It must not know records. In: an operation and its arguments. Out: success, or a
//! `StorageError` that names operation and file. The append path never comes here.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, FallocateFlags};

use crate::segment::Mapping;
use crate::turns::Turn;

/// Bytes written at once when a file is filled with zeros.
const FILL_BYTES: usize = 1 << 20;
const FILL_SYNC_BYTES: u64 = 16 << 20;

/// One operation on the disk, as a fault seam sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    Create {
        path: &'a Path,
    },
    Allocate {
        path: &'a Path,
        bytes: u64,
    },
    Write {
        path: &'a Path,
        offset: u64,
        bytes: u64,
    },
    /// `msync` of a mapped range.
    SyncRange {
        path: &'a Path,
        offset: u64,
        bytes: u64,
    },
    /// `fdatasync` or `fsync` of a whole file.
    SyncFile {
        path: &'a Path,
    },
    SyncDirectory {
        path: &'a Path,
    },
    Rename {
        from: &'a Path,
        to: &'a Path,
    },
    Shorten {
        path: &'a Path,
        bytes: u64,
    },
    Remove {
        path: &'a Path,
    },
    Map {
        path: &'a Path,
    },
}

impl Operation<'_> {
    fn name(&self) -> &'static str {
        match self {
            Operation::Create { .. } => "create",
            Operation::Allocate { .. } => "allocate",
            Operation::Write { .. } => "write",
            Operation::SyncRange { .. } => "sync range",
            Operation::SyncFile { .. } => "sync file",
            Operation::SyncDirectory { .. } => "sync directory",
            Operation::Rename { .. } => "rename",
            Operation::Shorten { .. } => "shorten",
            Operation::Remove { .. } => "remove",
            Operation::Map { .. } => "map",
        }
    }

    fn path(&self) -> &Path {
        match self {
            Operation::Create { path }
            | Operation::Allocate { path, .. }
            | Operation::Write { path, .. }
            | Operation::SyncRange { path, .. }
            | Operation::SyncFile { path }
            | Operation::SyncDirectory { path }
            | Operation::Shorten { path, .. }
            | Operation::Remove { path }
            | Operation::Map { path }
            | Operation::Rename { from: path, .. } => path,
        }
    }
}

/// Lets a test fail or watch disk operations. Called on background threads and while opening.
pub trait Faults: Send + Sync {
    /// An error here is returned in place of doing `operation`.
    fn before(&self, operation: &Operation<'_>) -> io::Result<()>;
    /// `operation` has succeeded.
    fn after(&self, _operation: &Operation<'_>) {}
    /// The room that is left on the disk; `None`: what the operating system says.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
    /// A thread of ours starts, ends or waits for the end of another.
    fn turn(&self, _turn: Turn) {}
    /// A thread of ours would rest, or wait until another has come further; true: it has done so
    /// in the seam's own way.
    fn rest(&self) -> bool {
        false
    }
}

/// A disk operation failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {source}", path.display())]
pub struct StorageError {
    pub operation: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

/// The disk as everything that writes beside or in a journal sees it.
#[derive(Clone, Default)]
pub struct Storage {
    faults: Option<Arc<dyn Faults>>,
}

impl Storage {
    pub fn new(faults: Option<Arc<dyn Faults>>) -> Storage {
        Storage { faults }
    }

    pub(crate) fn faults(&self) -> Option<&Arc<dyn Faults>> {
        self.faults.as_ref()
    }

    fn run<T>(
        &self,
        operation: Operation<'_>,
        act: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StorageError> {
        let result = match &self.faults {
            None => act(),
            Some(faults) => faults.before(&operation).and_then(|()| act()).inspect(|_| {
                faults.after(&operation);
            }),
        };
        result.map_err(|source| StorageError {
            operation: operation.name(),
            path: operation.path().to_owned(),
            source,
        })
    }

    /// A new file for reading and writing; one that is there already is emptied.
    pub fn create(&self, path: &Path) -> Result<File, StorageError> {
        self.run(Operation::Create { path }, || {
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
        })
    }

    pub(crate) fn open(&self, path: &Path) -> Result<File, StorageError> {
        OpenOptions::new().read(true).write(true).open(path).map_err(|source| StorageError {
            operation: "open",
            path: path.to_owned(),
            source,
        })
    }

    /// Reserves `bytes` on the disk; a full one is an error here and never a signal later.
    pub(crate) fn allocate(
        &self,
        file: &File,
        path: &Path,
        bytes: u64,
    ) -> Result<(), StorageError> {
        self.run(Operation::Allocate { path, bytes }, || {
            Ok(rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes)?)
        })
    }

    pub fn write(
        &self,
        file: &File,
        path: &Path,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let operation = Operation::Write { path, offset, bytes: bytes.len() as u64 };
        self.run(operation, || file.write_all_at(bytes, offset))
    }

    /// Zeros from `from` to `to`, brought to the device every `FILL_SYNC_BYTES`, so that no sync
    /// of another file waits for all of it. `between` runs after each block and may end it.
    pub(crate) fn fill(
        &self,
        file: &File,
        path: &Path,
        (from, to): (u64, u64),
        mut between: impl FnMut() -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StorageError> {
        let zeros = vec![0; FILL_BYTES.min((to - from) as usize)];
        let mut at = from;
        while at < to {
            let bytes = zeros.len().min((to - at) as usize);
            self.write(file, path, at, &zeros[..bytes])?;
            at += bytes as u64;
            if (at - from).is_multiple_of(FILL_SYNC_BYTES) {
                self.sync_file(file, path)?;
            }
            if between().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(crate) fn sync_range(
        &self,
        mapping: &Mapping,
        path: &Path,
        from: u64,
        to: u64,
    ) -> Result<(), StorageError> {
        let operation = Operation::SyncRange { path, offset: from, bytes: to - from };
        self.run(operation, || mapping.sync(from, to))
    }

    pub(crate) fn sync_file(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        self.run(Operation::SyncFile { path }, || file.sync_data())
    }

    /// Data and everything about the file, its length included.
    pub fn sync_file_all(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        self.run(Operation::SyncFile { path }, || file.sync_all())
    }

    pub fn sync_directory(&self, path: &Path) -> Result<(), StorageError> {
        self.run(Operation::SyncDirectory { path }, || File::open(path)?.sync_all())
    }

    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        self.run(Operation::Rename { from, to }, || fs::rename(from, to))
    }

    pub(crate) fn shorten(&self, file: &File, path: &Path, bytes: u64) -> Result<(), StorageError> {
        self.run(Operation::Shorten { path, bytes }, || file.set_len(bytes))
    }

    pub fn remove(&self, path: &Path) -> Result<(), StorageError> {
        self.run(Operation::Remove { path }, || fs::remove_file(path))
    }

    pub(crate) fn map<T>(
        &self,
        path: &Path,
        act: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StorageError> {
        self.run(Operation::Map { path }, act)
    }

    /// Room that is left for files in `directory`.
    pub(crate) fn free_bytes(&self, directory: &Path) -> Result<u64, StorageError> {
        if let Some(bytes) = self.faults.as_ref().and_then(|faults| faults.free_bytes()) {
            return Ok(bytes);
        }
        match rustix::fs::statvfs(directory) {
            // A file system that counts no blocks does not know its room.
            Ok(disk) if disk.f_blocks == 0 => Ok(u64::MAX),
            Ok(disk) => Ok(disk.f_bavail.saturating_mul(disk.f_frsize)),
            Err(errno) => Err(StorageError {
                operation: "read the room on the disk of",
                path: directory.to_owned(),
                source: errno.into(),
            }),
        }
    }

    /// Forgets clean cached pages, so that what is read next comes from the device: after a
    /// failed sync the cache holds what the disk does not. Dirty pages stay.
    pub fn forget_cached(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        rustix::fs::fadvise(file, 0, None, Advice::DontNeed).map_err(|errno| StorageError {
            operation: "forget cached pages",
            path: path.to_owned(),
            source: errno.into(),
        })
    }
}
