//! A journal put together from files of two directories, read before anything is moved: what is
//! lost in one may be whole in the other. It must not choose between files. In: paths. Out: a
//! reader over them, as if they lay in one directory.

use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::ReadError;
use crate::header::SegmentHeader;
use crate::reader::Reader;
use crate::storage::{Storage, StorageError};

/// Files that bear the names of a journal's, unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// In the order of their first sequences.
    pub segments: Vec<PathBuf>,
    /// With a temporary name.
    pub ready: Vec<PathBuf>,
}

impl Files {
    /// Of a directory that need not exist.
    pub fn of(directory: &Path) -> Result<Files, ReadError> {
        match directory.exists() {
            true => directory::files(directory),
            false => Ok(Files::default()),
        }
    }
}

/// The journal of `directory` if it had exactly these segments, in this order.
pub fn assemble(directory: &Path, segments: &[PathBuf]) -> Result<Reader, ReadError> {
    Reader::of_segments(directory, directory::read_row(segments)?)
}

/// Says that nothing has begun behind the sealed segment `last`, which is otherwise taken for a
/// loss: what comes next is there under its temporary name, still to be made. Its path.
pub fn end_behind(
    storage: &Storage,
    directory: &Path,
    last: &SegmentHeader,
) -> Result<PathBuf, StorageError> {
    let path = directory::ready_path(directory, last.epoch + 1);
    let file = storage.create(&path)?;
    storage.sync_file_all(&file, &path)?;
    storage.sync_directory(directory)?;
    Ok(path)
}
